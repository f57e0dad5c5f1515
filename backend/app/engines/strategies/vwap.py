"""Volume-weighted average price of a session, and how far the price is from it, compiled."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

F2 = NDArray[np.float64]
B2 = NDArray[np.bool_]
I1 = NDArray[np.int64]


@njit(cache=True, nogil=True)
def vwap_scores(typical: F2, close: F2, open_: F2, volume: F2, gap: B2, first: I1) -> tuple[F2, F2, F2]:
    """VWAP, score and opening price of the session so far, each [T, N].

    The score is the close less VWAP, over the population deviation of that difference since the session's first bar.
    All are NaN at a bar without volume, and from a gap inside the session to its end; the score is NaN where the
    difference has not varied, too. `first` is the index of the first bar of each bar's session, shape [T].
    """
    bars, instruments = close.shape
    vwap, score = np.full((bars, instruments), np.nan), np.full((bars, instruments), np.nan)
    begun = np.full((bars, instruments), np.nan)
    for n in range(instruments):
        value = shares = mean = squares = count = 0.0
        opened, broken, session = np.nan, False, -1
        for t in range(bars):
            if first[t] != session:
                session = first[t]
                value = shares = mean = squares = count = 0.0
                opened, broken = np.nan, False
            elif gap[t, n]:
                broken = True
            if broken or not volume[t, n] > 0.0 or np.isnan(typical[t, n]):
                continue
            if count == 0.0:
                opened = open_[t, n]
            value += typical[t, n] * volume[t, n]
            shares += volume[t, n]
            average = value / shares
            difference = close[t, n] - average
            count += 1.0
            step = difference - mean
            mean += step / count
            squares += step * (difference - mean)
            deviation = np.sqrt(squares / count)
            vwap[t, n], begun[t, n] = average, opened
            if deviation > 1e-9 * average:  # less than that is rounding
                score[t, n] = difference / deviation
    return vwap, score, begun
