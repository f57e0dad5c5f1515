"""Highest and lowest values of a moving window (Donchian channels). NaN and `gap` as in `averages`."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import ArrayLike

from app.engines.indicators.columns import (
    B2,
    BLOCK,
    F1,
    F2,
    at_least,
    cut,
    gap_of,
    load_block,
    pack,
    panel,
    store_block,
    unpack,
)


def highest(x: ArrayLike, window: int, *, gap: B2 | None = None) -> F2:
    """Highest value of the last `window` traded bars, this one included.

    A breakout compares a bar with the window *before* it: shift the result by one traded bar, or the bar is compared
    with itself and never breaks out.

    Parameters, result and errors as `averages.sma`.
    """
    values = panel(x)
    return _extreme(values, gap_of(gap, values.shape), at_least("window", window, 1), 1.0)


def lowest(x: ArrayLike, window: int, *, gap: B2 | None = None) -> F2:
    """Lowest value of the last `window` traded bars, this one included; otherwise as `highest`."""
    values = panel(x)
    return _extreme(values, gap_of(gap, values.shape), at_least("window", window, 1), -1.0)


@njit(cache=True, nogil=True)
def _extreme_dense(x: F1, window: int, sign: float, out: F1) -> None:
    # `best` is the place of the window's extreme; it is looked for again only when it has left the window.
    best = -1
    for i in range(x.shape[0]):
        oldest = i + 1 - window
        if best < max(oldest, 0):
            best = max(oldest, 0)
            for k in range(best + 1, i + 1):
                if sign * x[k] >= sign * x[best]:
                    best = k
        elif sign * x[i] >= sign * x[best]:
            best = i
        out[i] = x[best] if oldest >= 0 else np.nan


@njit(cache=True, nogil=True)
def highest_dense(x: F1, window: int, out: F1) -> None:
    """Highest of the last `window` values of a segment without NaN."""
    _extreme_dense(x, window, 1.0, out)


@njit(cache=True, nogil=True)
def lowest_dense(x: F1, window: int, out: F1) -> None:
    """Lowest of the last `window` values of a segment without NaN."""
    _extreme_dense(x, window, -1.0, out)


@njit(cache=True, nogil=True)
def _extreme(x: F2, gap: B2, window: int, sign: float) -> F2:
    bars, columns = x.shape
    out = np.empty((bars, columns))
    rows, dense, result = np.empty((BLOCK, bars)), np.empty(bars), np.empty(bars)
    at, starts = np.empty(bars, np.int64), np.empty(bars + 1, np.int64)
    for n0 in range(0, columns, BLOCK):
        width = min(BLOCK, columns - n0)
        load_block(x, n0, width, rows)
        for j in range(width):
            count = pack(rows[j], at, dense)
            for s in range(cut(gap, n0 + j, at, count, starts)):
                i, k = starts[s], starts[s + 1]
                _extreme_dense(dense[i:k], window, sign, result[i:k])
            unpack(result, at, count, rows[j])
        store_block(rows, n0, width, out)
    return out
