"""A series at the bar before."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F2 = NDArray[np.float64]
B2 = NDArray[np.bool_]


def at_previous_bar(x: F2, traded: B2) -> F2:
    """The value at the previous bar in which the instrument traded, [T, N]; NaN where there was none.

    Bars without a trade are passed over, not values that are unknown: after a break in history the value of the
    previous bar is NaN, and stays so.
    """
    out = np.full_like(x, np.nan)
    if traded.all():
        out[1:] = x[:-1]
        return out
    rows = np.arange(x.shape[0])[:, None]
    last = np.maximum.accumulate(np.where(traded, rows, -1), axis=0)[:-1]
    out[1:] = np.where(last >= 0, np.take_along_axis(x, np.maximum(last, 0), axis=0), np.nan)
    return out
