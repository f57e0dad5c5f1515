"""The deviation of daily returns over the last sessions, compiled."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

F2 = NDArray[np.float64]
I1 = NDArray[np.int64]
I2 = NDArray[np.int64]


@njit(cache=True, nogil=True)
def deviations(daily: F2, gaps: I2, rows: I1, window: int, least: int) -> F2:
    """Sample deviation of the last `window` sessions' returns at each row, [R, N]; NaN with fewer than `least`, or 0.

    `gaps` counts the gaps so far: returns before the last of them do not count. Added up oldest first, one stock apart
    from the others, so that no figure depends on which other columns there are.
    """
    instruments = daily.shape[1]
    out = np.full((rows.size, instruments), np.nan)
    total, squares, count = np.empty(instruments), np.empty(instruments), np.empty(instruments)
    for i in range(rows.size):
        t = rows[i]
        total[:] = 0.0
        squares[:] = 0.0
        count[:] = 0.0
        for s in range(t + 1 - window, t + 1):
            for n in range(instruments):
                if not np.isnan(daily[s, n]) and gaps[s, n] == gaps[t, n]:
                    total[n] += daily[s, n]
                    count[n] += 1.0
        for n in range(instruments):
            total[n] = total[n] / max(count[n], 1.0)
        for s in range(t + 1 - window, t + 1):
            for n in range(instruments):
                if not np.isnan(daily[s, n]) and gaps[s, n] == gaps[t, n]:
                    off = daily[s, n] - total[n]
                    squares[n] += off * off
        for n in range(instruments):
            if count[n] >= max(least, 2) and squares[n] > 0.0:
                out[i, n] = np.sqrt(squares[n] / (count[n] - 1.0))
    return out
