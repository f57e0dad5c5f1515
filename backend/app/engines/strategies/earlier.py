"""A series some traded bars ago, with no missing history in between."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.engines.bars import Bars

F2 = NDArray[np.float64]


def bars_ago(bars: Bars, x: F2, back: int) -> F2:
    """The value of `x` at the bar `back` traded bars before each bar, [T, N].

    NaN where the instrument does not trade at the bar, has not traded so often before, or where history is missing
    between the two. ValueError where `back` is below 1: the bar itself is none ago, and a later one is not known.
    """
    if back < 1:
        raise ValueError(f"back: expected 1 or more bars, got {back}")
    traded = bars.traded
    order = np.argsort(~traded, axis=0, kind="stable")  # rows in which it traded, oldest first, then the others
    place = np.cumsum(traded, axis=0) - 1 - back
    at = np.take_along_axis(order, np.maximum(place, 0), axis=0)
    gaps = np.cumsum(bars.gap, axis=0)
    known = traded & (place >= 0) & (np.take_along_axis(gaps, at, axis=0) == gaps)
    return np.where(known, np.take_along_axis(x, at, axis=0), np.nan)
