"""Moving averages: simple, exponential, and MACD made of them.

Conventions of TA-Lib (domain: see each docstring). A bar without a price (NaN) yields NaN and is skipped: a window is
the last `window` bars that traded. A True in `gap` says that history is missing just before that bar, and every window
starts anew there.
"""

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
    panel,
    store_block,
    unpack,
)

STRETCH = 2048  # bars whose running sums fit into the first cache


class Macd(NamedTuple):
    """Each [T, N], in the unit of the price."""

    line: F2
    signal: F2
    histogram: F2


def sma(x: ArrayLike, window: int, *, gap: B2 | None = None) -> F2:
    """Simple moving average: the mean of the last `window` traded bars, this one included.

    The sum is carried in twice the precision and the mean rounded once, so that it depends on the bars of the window
    alone: the average of a constant is that constant, and cutting off older history does not change the last bit.

    Parameters
    ----------
    x : shape [T, N]; NaN (or infinite) where the bar did not trade
    window : bars, at least 1
    gap : shape [T, N] or None; windows restart before a True

    Returns
    -------
    shape [T, N]; NaN at a bar that did not trade and before `window` traded bars of the segment.

    Raises
    ------
    ValueError : `window` is below 1, or the shapes do not fit.
    """
    values = panel(x)
    return _sma(values, gap_of(gap, values.shape), at_least("window", window, 1))


def ema(x: ArrayLike, window: int, *, gap: B2 | None = None) -> F2:
    """Exponential moving average with α = 2 / (window + 1), seeded with the mean of the first `window` traded bars.

    A recursion remembers its start: cutting off older history changes the value, by a factor of
    (1 − α)^bars of the difference. Parameters, result and errors as `sma`.

    Source: TA-Lib `EMA`, classic compatibility.
    """
    values = panel(x)
    return _ema(values, gap_of(gap, values.shape), at_least("window", window, 1))


def macd(close: ArrayLike, fast: int = 12, slow: int = 26, signal: int = 9, *, gap: B2 | None = None) -> Macd:
    """MACD: the fast EMA less the slow one, an EMA of that as signal, and their difference.

    Both averages begin at bar `slow` − 1: the fast one is seeded with the `fast` bars before, as TA-Lib does, not at
    its own first possible bar. The line exists from bar `slow` − 1 on, signal and histogram from `slow` + `signal` − 2
    (TA-Lib shows all three from there).

    Raises
    ------
    ValueError : a window is below 1, or `fast` is not below `slow`.
    """
    values = panel(close, "close")
    at_least("fast", fast, 1)
    at_least("signal", signal, 1)
    if slow <= fast:
        raise ValueError(f"the fast window ({fast}) must be shorter than the slow one ({slow})")
    line, signal_line, histogram = _macd(values, gap_of(gap, values.shape), fast, slow, signal)
    return Macd(line, signal_line, histogram)


@njit(cache=True, nogil=True, error_model="numpy")
def sma_dense(x: F1, window: int, total: F1, lost: F1, out: F1) -> None:
    """Moving mean of a segment without NaN.

    `total` and `lost` (room for the count and one more at most) hold the running sum before each bar of a stretch and
    of the window before it: the sum as float64 has it and what rounding took from it, together the sum exactly
    (Knuth's two-sum), for numbers as far apart as prices and volumes are. The mean of a window is their difference
    divided by `window`, with one step of refinement by the remainder (Dekker's product). Stretches stay in the cache.
    """
    count = x.shape[0]
    total[0] = 0.0
    lost[0] = 0.0
    for i in range(min(window - 1, count)):
        out[i] = np.nan
    stretch = max(STRETCH, 4 * window)
    kept = 0  # bars before this stretch whose sums are still there
    for begin in range(0, count, stretch):
        end = min(begin + stretch, count)
        running_sums(x[begin:end], total[kept:], lost[kept:])
        known = kept + end - begin
        if known >= window:
            means(window, total, lost, known, out[end - 1 - (known - window) : end])
        kept, dropped = min(window - 1, known), known - min(window - 1, known)
        for i in range(kept + 1):
            total[i] = total[dropped + i]
            lost[i] = lost[dropped + i]


@njit(cache=True, nogil=True, error_model="numpy")
def running_sums(x: F1, total: F1, lost: F1) -> None:
    """Go on from the sum and the rest before `x`, `total[0]` and `lost[0]`, and write those after each of its bars."""
    sum_, rest = total[0], lost[0]
    for i in range(x.size):
        s = sum_ + x[i]
        part = s - sum_
        rest += (sum_ - (s - part)) + (x[i] - part)
        sum_ = s
        total[i + 1] = s
        lost[i + 1] = rest


@njit(cache=True, nogil=True, error_model="numpy")
def means(window: int, total: F1, lost: F1, known: int, means: F1) -> None:
    """The means of the windows that end at the last bars of `known` ones, from the sums before each of them."""
    size = float(window)
    older_total, older_lost = total[: known + 1 - window], lost[: known + 1 - window]
    newer_total, newer_lost = total[window:], lost[window:]
    for i in range(known + 1 - window):
        difference = newer_total[i] - older_total[i]
        part = difference - newer_total[i]
        low = ((newer_total[i] - (difference - part)) - (older_total[i] + part)) + (newer_lost[i] - older_lost[i])
        high = difference + low
        part = high - difference
        low = (difference - (high - part)) + (low - part)
        quotient = high / size
        split = 134217729.0 * quotient
        upper = split - (split - quotient)
        product = quotient * size
        remainder = (high - product) - ((upper * size - product) + (quotient - upper) * size) + low
        means[i] = quotient + remainder / size


@njit(cache=True, nogil=True, error_model="numpy")
def ema_dense(x: F1, window: int, first: int, out: F1) -> None:
    """EMA of a segment without NaN, its first value at bar `first`, seeded with the `window` bars up to there."""
    count = x.shape[0]
    for i in range(min(first, count)):
        out[i] = np.nan
    if count <= first:
        return
    seed = 0.0
    for i in range(first + 1 - window, first + 1):
        seed += x[i]
    value = seed / window
    weight = 2.0 / (window + 1.0)
    out[first] = value
    for i in range(first + 1, count):
        value = (x[i] - value) * weight + value
        out[i] = value


@njit(cache=True, nogil=True, error_model="numpy")
def macd_dense(x: F1, fast: int, slow: int, signal: int, line: F1, signal_line: F1, histogram: F1) -> None:
    """MACD of a segment without NaN; `histogram` serves as scratch for the slow average."""
    count = x.shape[0]
    ema_dense(x, fast, slow - 1, line)
    ema_dense(x, slow, slow - 1, histogram)
    for i in range(count):
        line[i] -= histogram[i]
    ema_dense(line, signal, slow + signal - 2, signal_line)
    for i in range(count):
        histogram[i] = line[i] - signal_line[i]


@njit(cache=True, nogil=True)
def _sma(x: F2, gap: B2, window: int) -> F2:
    bars, columns = x.shape
    out = np.empty((bars, columns))
    if columns == 1 and np.isfinite(x).all() and not gap.any():
        room = min(bars, max(STRETCH, 4 * window) + window) + 1
        sma_dense(x.reshape(x.size), window, np.empty(room), np.empty(room), out.reshape(out.size))
        return out
    rows, dense, result = np.empty((min(BLOCK, columns), bars)), np.empty(bars), np.empty(bars)
    total, lost = np.empty(bars + 1), np.empty(bars + 1)
    at, starts = np.empty(bars, np.int64), np.empty(bars + 1, np.int64)
    for n0 in range(0, columns, BLOCK):
        width = min(BLOCK, columns - n0)
        load_block(x, n0, width, rows)
        for j in range(width):
            count = pack(rows[j], at, dense)
            for s in range(cut(gap, n0 + j, at, count, starts)):
                i, k = starts[s], starts[s + 1]
                sma_dense(dense[i:k], window, total, lost, result[i:k])
            unpack(result, at, count, rows[j])
        store_block(rows, n0, width, out)
    return out


@njit(cache=True, nogil=True)
def _ema(x: F2, gap: B2, window: int) -> F2:
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
                ema_dense(dense[i:k], window, window - 1, result[i:k])
            unpack(result, at, count, rows[j])
        store_block(rows, n0, width, out)
    return out


@njit(cache=True, nogil=True)
def _macd(x: F2, gap: B2, fast: int, slow: int, signal: int) -> tuple[F2, F2, F2]:
    bars, columns = x.shape
    line, signal_line, histogram = np.empty(x.shape), np.empty(x.shape), np.empty(x.shape)
    rows_a, rows_b, rows_c = np.empty((BLOCK, bars)), np.empty((BLOCK, bars)), np.empty((BLOCK, bars))
    dense, a, b, c = np.empty(bars), np.empty(bars), np.empty(bars), np.empty(bars)
    at, starts = np.empty(bars, np.int64), np.empty(bars + 1, np.int64)
    for n0 in range(0, columns, BLOCK):
        width = min(BLOCK, columns - n0)
        load_block(x, n0, width, rows_a)
        for j in range(width):
            count = pack(rows_a[j], at, dense)
            for s in range(cut(gap, n0 + j, at, count, starts)):
                i, k = starts[s], starts[s + 1]
                macd_dense(dense[i:k], fast, slow, signal, a[i:k], b[i:k], c[i:k])
            unpack(a, at, count, rows_a[j])
            unpack(b, at, count, rows_b[j])
            unpack(c, at, count, rows_c[j])
        store_block(rows_a, n0, width, line)
        store_block(rows_b, n0, width, signal_line)
        store_block(rows_c, n0, width, histogram)
    return line, signal_line, histogram
