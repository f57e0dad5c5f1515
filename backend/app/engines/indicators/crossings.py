"""When one series crosses another."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import ArrayLike

from app.engines.indicators.columns import B2, F2, panels, read_only


def crosses(a: ArrayLike, b: ArrayLike, traded: B2) -> tuple[B2, B2]:
    """Where `a` crosses above `b`, and where below, each [T, N].

    Above: it is above now and was below at the previous bar in which the instrument traded; equality is no side, and
    a value that is unknown (NaN) now or then is no cross.

    Raises
    ------
    ValueError : the shapes differ.
    """
    first, second = panels(a=a, b=b)
    if traded.shape != first.shape:
        raise ValueError(f"traded has shape {traded.shape}, the series {first.shape}")
    above, below = _crosses(first, second, read_only(traded))
    return above, below


@njit(cache=True, nogil=True)
def _crosses(a: F2, b: F2, traded: B2) -> tuple[B2, B2]:
    bars, columns = a.shape
    above, below = np.empty((bars, columns), np.bool_), np.empty((bars, columns), np.bool_)
    before = np.full(columns, np.nan)
    for t in range(bars):
        for n in range(columns):
            difference = a[t, n] - b[t, n]  # for finite doubles its sign is that of the order
            above[t, n] = difference > 0.0 and before[n] < 0.0
            below[t, n] = difference < 0.0 and before[n] > 0.0
            if traded[t, n]:
                before[n] = difference
    return above, below
