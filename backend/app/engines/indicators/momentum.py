"""Momentum: RSI, rate of change, stochastic. NaN and `gap` as in `averages`."""

from __future__ import annotations

from typing import NamedTuple

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
    pack3,
    panel,
    panels,
    store_block,
    unpack,
)
from app.engines.indicators.extremes import highest_dense, lowest_dense


class Stochastic(NamedTuple):
    """Each [T, N], 0 to 100."""

    k: F2
    d: F2


def rsi(close: ArrayLike, window: int = 14, *, gap: B2 | None = None) -> F2:
    """Relative strength index after Wilder, 0 to 100.

    The first average gain and loss are plain means of the first `window` changes, so the first value stands at the
    bar after `window` others; then (previous · (window − 1) + new) / window.

    Parameters
    ----------
    close : shape [T, N]; NaN where the bar did not trade
    window : changes, at least 1
    gap : shape [T, N] or None; the averages restart before a True

    Returns
    -------
    shape [T, N]; NaN during warm-up, at a bar that did not trade, and while the price has not moved at all (0 / 0;
    TA-Lib says 0 there, which reads as "oversold"). Being a recursion, it depends on where history starts.

    Raises
    ------
    ValueError : `window` is below 1, or the shapes do not fit.

    Source: Wilder (1978), "New Concepts in Technical Trading Systems"; TA-Lib `RSI`.
    """
    values = panel(close, "close")
    return _rsi(values, gap_of(gap, values.shape), at_least("window", window, 1))


def roc(x: ArrayLike, window: int, *, gap: B2 | None = None) -> F2:
    """Rate of change over `window` traded bars, as a fraction: x[t] / x[t − window] − 1.

    NaN before `window` + 1 traded bars of the segment, and where the older value is zero.
    """
    values = panel(x)
    return _roc(values, gap_of(gap, values.shape), at_least("window", window, 1))


def stochastic(
    high: ArrayLike,
    low: ArrayLike,
    close: ArrayLike,
    k: int = 14,
    k_smooth: int = 3,
    d: int = 3,
    *,
    gap: B2 | None = None,
) -> Stochastic:
    """Slow stochastic: where the close lies in the range of the last `k` bars, 0 to 100.

    %K is the mean of `k_smooth` raw values, %D the mean of `d` values of %K. A bar counts as traded when high, low and
    close are all known. A window whose range is zero has no raw value, and neither have the means over it
    (TA-Lib says 0 there). %K exists `d` − 1 bars before %D; TA-Lib shows both from the later one on.

    Raises
    ------
    ValueError : a window is below 1, or the shapes do not fit.
    """
    hi, lo, cl = panels(high=high, low=low, close=close)
    for name, window in (("k", k), ("k_smooth", k_smooth), ("d", d)):
        at_least(name, window, 1)
    k_line, d_line = _stochastic(hi, lo, cl, gap_of(gap, cl.shape), k, k_smooth, d)
    return Stochastic(k_line, d_line)


@njit(cache=True, nogil=True, error_model="numpy")
def rsi_dense(x: F1, window: int, out: F1) -> None:
    """RSI of a segment without NaN."""
    count = x.shape[0]
    keep, weight = (window - 1.0) / window, 1.0 / window
    for i in range(min(window, count)):
        out[i] = np.nan
    if count <= window:
        return
    gain = loss = 0.0
    for i in range(1, window + 1):
        change = x[i] - x[i - 1]
        gain += max(change, 0.0)
        loss += max(-change, 0.0)
    gain *= weight
    loss *= weight
    out[window] = rsi_of(gain, loss)
    for i in range(window + 1, count):
        change = x[i] - x[i - 1]
        gain = gain * keep + max(change, 0.0) * weight
        loss = loss * keep + max(-change, 0.0) * weight
        out[i] = rsi_of(gain, loss)


@njit(cache=True, nogil=True, error_model="numpy")
def rsi_of(gain: float, loss: float) -> float:
    """RSI of an average gain and loss; NaN when the price did not move."""
    moved = gain + loss
    return 100.0 * (gain / moved) if moved > 0.0 else np.nan


@njit(cache=True, nogil=True, error_model="numpy")
def roc_dense(x: F1, window: int, out: F1) -> None:
    """Rate of change of a segment without NaN."""
    for i in range(x.shape[0]):
        out[i] = x[i] / x[i - window] - 1.0 if i >= window and x[i - window] != 0.0 else np.nan


@njit(cache=True, nogil=True, error_model="numpy")
def mean_dense(x: F1, first: int, window: int, out: F1) -> None:
    """Mean of the last `window` values, each window summed afresh: a NaN spoils only the windows that hold it."""
    for i in range(x.shape[0]):
        if i < first:
            out[i] = np.nan
            continue
        total = 0.0
        for k in range(i + 1 - window, i + 1):
            total += x[k]
        out[i] = total / window


@njit(cache=True, nogil=True, error_model="numpy")
def stochastic_dense(
    high: F1, low: F1, close: F1, k: int, k_smooth: int, d: int, scratch: F2, k_line: F1, d_line: F1
) -> None:
    """Stochastic of a segment without NaN; `scratch` has three rows of at least its length."""
    count = close.shape[0]
    top, bottom, raw = scratch[0, :count], scratch[1, :count], scratch[2, :count]
    highest_dense(high, k, top)
    lowest_dense(low, k, bottom)
    for i in range(count):
        spread = top[i] - bottom[i]
        raw[i] = 100.0 * ((close[i] - bottom[i]) / spread) if spread > 0.0 else np.nan
    mean_dense(raw, k + k_smooth - 2, k_smooth, k_line)
    mean_dense(k_line, k + k_smooth + d - 3, d, d_line)


@njit(cache=True, nogil=True)
def _rsi(x: F2, gap: B2, window: int) -> F2:
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
                rsi_dense(dense[i:k], window, result[i:k])
            unpack(result, at, count, rows[j])
        store_block(rows, n0, width, out)
    return out


@njit(cache=True, nogil=True)
def _roc(x: F2, gap: B2, window: int) -> F2:
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
                roc_dense(dense[i:k], window, result[i:k])
            unpack(result, at, count, rows[j])
        store_block(rows, n0, width, out)
    return out


@njit(cache=True, nogil=True)
def _stochastic(high: F2, low: F2, close: F2, gap: B2, k: int, k_smooth: int, d: int) -> tuple[F2, F2]:
    bars, columns = close.shape
    k_line, d_line = np.empty(close.shape), np.empty(close.shape)
    rows_h, rows_l, rows_c = np.empty((BLOCK, bars)), np.empty((BLOCK, bars)), np.empty((BLOCK, bars))
    hi, lo, cl = np.empty(bars), np.empty(bars), np.empty(bars)
    a, b, scratch = np.empty(bars), np.empty(bars), np.empty((3, bars))
    at, starts = np.empty(bars, np.int64), np.empty(bars + 1, np.int64)
    for n0 in range(0, columns, BLOCK):
        width = min(BLOCK, columns - n0)
        load_block(high, n0, width, rows_h)
        load_block(low, n0, width, rows_l)
        load_block(close, n0, width, rows_c)
        for j in range(width):
            count = pack3(rows_h[j], rows_l[j], rows_c[j], at, hi, lo, cl)
            for s in range(cut(gap, n0 + j, at, count, starts)):
                i, m = starts[s], starts[s + 1]
                stochastic_dense(hi[i:m], lo[i:m], cl[i:m], k, k_smooth, d, scratch, a[i:m], b[i:m])
            unpack(a, at, count, rows_h[j])
            unpack(b, at, count, rows_l[j])
        store_block(rows_h, n0, width, k_line)
        store_block(rows_l, n0, width, d_line)
    return k_line, d_line
