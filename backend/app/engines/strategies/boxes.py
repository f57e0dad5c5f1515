"""Darvas boxes, compiled: a top that holds for some bars, then a bottom that does."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

F2 = NDArray[np.float64]
B2 = NDArray[np.bool_]


@njit(cache=True, nogil=True)
def box_breaks(high: F2, low: F2, close: F2, gap: B2, confirm: int) -> tuple[B2, B2]:
    """Closes above the top of a finished box, and closes below the bottom of the last finished one, each [T, N].

    A top is a high that none of the `confirm` bars after it exceeds; the bottom is the lowest low since, once none of
    the `confirm` bars after that is below it; the bar that finishes the box cannot break it. A higher high before then
    is a new top to be tried. A close above the top begins to look for the next box and leaves the bottom in place; a
    close below the bottom begins anew without one. So does missing history. Bars without a trade are passed over.
    """
    bars, instruments = close.shape
    above, below = np.zeros((bars, instruments), np.bool_), np.zeros((bars, instruments), np.bool_)
    for n in range(instruments):
        top = bottom = floor = np.nan
        top_held = bottom_held = 0  # bars since, in which it was not passed
        finished = False
        for t in range(bars):
            if gap[t, n]:
                top, floor, finished = np.nan, np.nan, False
            if np.isnan(close[t, n]) or np.isnan(high[t, n]) or np.isnan(low[t, n]):
                continue
            if close[t, n] < floor:
                below[t, n] = True
                top, floor, finished = np.nan, np.nan, False
            elif finished and close[t, n] > top:
                above[t, n] = True
                top, finished = np.nan, False
            if finished:
                continue
            if np.isnan(top) or high[t, n] > top:
                top, bottom, top_held = high[t, n], np.inf, 0
                continue
            top_held += 1
            if low[t, n] < bottom:
                bottom, bottom_held = low[t, n], 0
            else:
                bottom_held += 1
            if top_held >= confirm and bottom_held >= confirm:
                floor, finished = bottom, True
    return above, below
