"""Volatility: average true range, rolling standard deviation, Bollinger bands. NaN and `gap` as in `averages`."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import ArrayLike

from app.engines.indicators.averages import sma_dense
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
    pack3,
    panel,
    panels,
    store_block,
    unpack,
)


class Bollinger(NamedTuple):
    """Each [T, N], in the unit of the price."""

    upper: F2
    middle: F2
    lower: F2


def atr(high: ArrayLike, low: ArrayLike, close: ArrayLike, window: int = 14, *, gap: B2 | None = None) -> F2:
    """Average true range after Wilder, in the unit of the price.

    The true range needs the previous traded close, so that of the first bar of a segment does not count: the first
    average is the plain mean of bars 1 … `window`, then (previous · (window − 1) + new) / window.

    Parameters
    ----------
    high, low, close : shape [T, N]; a bar counts as traded when all three are known
    window : bars, at least 1
    gap : shape [T, N] or None; the average restarts before a True

    Returns
    -------
    shape [T, N]; NaN during warm-up and at a bar that did not trade. A recursion: it depends on where history starts.

    Raises
    ------
    ValueError : `window` is below 1, or the shapes do not fit.

    Source: Wilder (1978), "New Concepts in Technical Trading Systems"; TA-Lib `ATR`.
    """
    hi, lo, cl = panels(high=high, low=low, close=close)
    return _atr(hi, lo, cl, gap_of(gap, cl.shape), at_least("window", window, 1))


def rolling_std(x: ArrayLike, window: int, *, gap: B2 | None = None) -> F2:
    """Population standard deviation (ddof 0) of the last `window` traded bars.

    Each window is measured from its own mean, so that the deviation of a constant is exactly zero and older history
    has no say. Parameters, result and errors as `averages.sma`.
    """
    values = panel(x)
    return _mean_and_std(values, gap_of(gap, values.shape), at_least("window", window, 1))[1]


def bollinger(close: ArrayLike, window: int = 20, width: float = 2.0, *, gap: B2 | None = None) -> Bollinger:
    """Bollinger bands: the simple average, and `width` population standard deviations above and below it.

    Raises
    ------
    ValueError : `window` is below 1, `width` is not above zero, or the shapes do not fit.
    """
    values = panel(close, "close")
    if not width > 0.0:
        raise ValueError(f"width must be above zero, got {width}")
    mask = gap_of(gap, values.shape)
    middle, deviation = _mean_and_std(values, mask, at_least("window", window, 1))
    return Bollinger(middle + width * deviation, middle, middle - width * deviation)


@njit(cache=True, nogil=True)
def true_range(high: float, low: float, previous_close: float) -> float:
    """The bar's range, reaching to the previous close where that lies outside."""
    return max(high - low, abs(high - previous_close), abs(low - previous_close))


@njit(cache=True, nogil=True, error_model="numpy")
def atr_dense(high: F1, low: F1, close: F1, window: int, out: F1) -> None:
    """ATR of a segment without NaN."""
    count = close.shape[0]
    for i in range(min(window, count)):
        out[i] = np.nan
    if count <= window:
        return
    seed = 0.0
    for i in range(1, window + 1):
        seed += true_range(high[i], low[i], close[i - 1])
    keep, weight = (window - 1.0) / window, 1.0 / window
    value = seed * weight
    out[window] = value
    for i in range(window + 1, count):
        value = value * keep + true_range(high[i], low[i], close[i - 1]) * weight
        out[i] = value


@njit(cache=True, nogil=True, error_model="numpy")
def std_dense(x: F1, window: int, mean: F1, out: F1) -> None:
    """Population deviation of each window of a segment without NaN; `mean` is its moving mean."""
    count = x.shape[0]
    for i in range(min(window - 1, count)):
        out[i] = np.nan
    if count < window:
        return
    squares, centre = out[window - 1 :], mean[window - 1 :]
    for i in range(count + 1 - window):
        squares[i] = 0.0
    for k in range(window):  # the k-th bar of every window at once, oldest first: a fixed order that vectorises
        part = x[k:]
        for i in range(count + 1 - window):
            distance = part[i] - centre[i]
            squares[i] += distance * distance
    for i in range(count + 1 - window):
        squares[i] = np.sqrt(squares[i] / window)


@njit(cache=True, nogil=True)
def _atr(high: F2, low: F2, close: F2, gap: B2, window: int) -> F2:
    bars, columns = close.shape
    out = np.empty((bars, columns))
    rows_h, rows_l, rows_c = np.empty((BLOCK, bars)), np.empty((BLOCK, bars)), np.empty((BLOCK, bars))
    hi, lo, cl, result = np.empty(bars), np.empty(bars), np.empty(bars), np.empty(bars)
    at, starts = np.empty(bars, np.int64), np.empty(bars + 1, np.int64)
    for n0 in range(0, columns, BLOCK):
        width = min(BLOCK, columns - n0)
        load_block(high, n0, width, rows_h)
        load_block(low, n0, width, rows_l)
        load_block(close, n0, width, rows_c)
        for j in range(width):
            count = pack3(rows_h[j], rows_l[j], rows_c[j], at, hi, lo, cl)
            for s in range(cut(gap, n0 + j, at, count, starts)):
                i, k = starts[s], starts[s + 1]
                atr_dense(hi[i:k], lo[i:k], cl[i:k], window, result[i:k])
            unpack(result, at, count, rows_c[j])
        store_block(rows_c, n0, width, out)
    return out


@njit(cache=True, nogil=True)
def _mean_and_std(x: F2, gap: B2, window: int) -> tuple[F2, F2]:
    bars, columns = x.shape
    mean, deviation = np.empty(x.shape), np.empty(x.shape)
    rows_a, rows_b = np.empty((BLOCK, bars)), np.empty((BLOCK, bars))
    dense, a, b = np.empty(bars), np.empty(bars), np.empty(bars)
    total, lost = np.empty(bars + 1), np.empty(bars + 1)
    at, starts = np.empty(bars, np.int64), np.empty(bars + 1, np.int64)
    for n0 in range(0, columns, BLOCK):
        width = min(BLOCK, columns - n0)
        load_block(x, n0, width, rows_a)
        for j in range(width):
            count = pack(rows_a[j], at, dense)
            for s in range(cut(gap, n0 + j, at, count, starts)):
                i, k = starts[s], starts[s + 1]
                sma_dense(dense[i:k], window, total, lost, a[i:k])
                std_dense(dense[i:k], window, a[i:k], b[i:k])
            unpack(a, at, count, rows_a[j])
            unpack(b, at, count, rows_b[j])
        store_block(rows_a, n0, width, mean)
        store_block(rows_b, n0, width, deviation)
    return mean, deviation
