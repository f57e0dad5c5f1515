"""Trend: ADX, SuperTrend. NaN and `gap` as in `averages`."""

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
    pack3,
    panels,
    store_block,
    unpack,
)
from app.engines.indicators.volatility import atr_dense


class SuperTrend(NamedTuple):
    """Each [T, N]: the line, in the unit of the price, and the trend, 1.0 up or -1.0 down; NaN where not known."""

    line: F2
    trend: F2


def adx(high: ArrayLike, low: ArrayLike, close: ArrayLike, window: int = 14, *, gap: B2 | None = None) -> F2:
    """Average directional index after Wilder, 0 to 100.

    Two ways of seeding are in use, up to a point apart in the first values and equal after some 200 bars; this is
    TA-Lib's: the running sums start with `window` − 1 bars, the first index is the mean of `window` directional
    indices and stands at the 2 · `window`-th bar of the segment. A bar without a directional index (nothing moved)
    leaves the average as it is; NaN as long as there was none at all.

    Parameters
    ----------
    high, low, close : shape [T, N]; a bar counts as traded when all three are known
    window : bars, at least 2
    gap : shape [T, N] or None; everything restarts before a True

    Raises
    ------
    ValueError : `window` is below 2, or the shapes do not fit.

    Source: Wilder (1978), "New Concepts in Technical Trading Systems"; TA-Lib `ADX`.
    """
    hi, lo, cl = panels(high=high, low=low, close=close)
    return _adx(hi, lo, cl, gap_of(gap, cl.shape), at_least("window", window, 2))


def supertrend(
    high: ArrayLike, low: ArrayLike, close: ArrayLike, window: int = 10, multiplier: float = 3.0, *,
    gap: B2 | None = None,
) -> SuperTrend:  # fmt: skip
    """SuperTrend: a band under the price in an uptrend, over it in a downtrend, that only moves towards the price.

    The basic bands lie `multiplier` average true ranges (Wilder, as `volatility.atr`) above and below the middle of the
    bar. The upper one takes a new value where that is lower, or where the previous close was above it; the lower one is
    its mirror. The trend turns up with a close above the upper band, down with one below the lower band; the line is
    the lower band in an uptrend and the upper one in a downtrend. At the first bar of the bands, `window` bars into the
    segment, the trend is taken to be up where the close is not below the middle of the bar: a guess until it first
    turns.

    Parameters
    ----------
    high, low, close : shape [T, N]; a bar counts as traded when all three are known
    window : bars, at least 1
    multiplier : above zero
    gap : shape [T, N] or None; everything restarts before a True

    Raises
    ------
    ValueError : `window` is below 1, `multiplier` is not above zero, or the shapes do not fit.

    Source: attributed to Olivier Seban; the first trend and the line as in Skender's Stock.Indicators.
    """
    hi, lo, cl = panels(high=high, low=low, close=close)
    if not multiplier > 0.0:
        raise ValueError(f"multiplier must be above zero, got {multiplier}")
    line, trend = _supertrend(hi, lo, cl, gap_of(gap, cl.shape), at_least("window", window, 1), float(multiplier))
    return SuperTrend(line, trend)


@njit(cache=True, nogil=True, error_model="numpy")
def adx_dense(high: F1, low: F1, window: int, out: F1) -> None:
    """ADX of a segment without NaN.

    Both directional indicators are sums over the same true range, which cancels in their ratio: no close is needed.
    """
    count = high.shape[0]
    keep, weight = (window - 1.0) / window, 1.0 / window
    up_sum = down_sum = dx_sum = value = 0.0
    known = False
    for i in range(min(2 * window - 1, count)):
        out[i] = np.nan
    for i in range(1, count):
        plus, minus = directional(high[i], low[i], high[i - 1], low[i - 1])
        if i < window:
            up_sum += plus
            down_sum += minus
            continue
        up_sum = up_sum * keep + plus
        down_sum = down_sum * keep + minus
        moved = up_sum + down_sum
        if moved > 0.0:
            known = True
            dx = 100.0 * (abs(up_sum - down_sum) / moved)
            if i < 2 * window:
                dx_sum += dx
            else:
                value = value * keep + dx * weight
        if i == 2 * window - 1:
            value = dx_sum * weight
        if i >= 2 * window - 1:
            out[i] = value if known else np.nan


@njit(cache=True, nogil=True)
def directional(high: float, low: float, previous_high: float, previous_low: float) -> tuple[float, float]:
    """How far the bar reaches above and below the one before; only the larger of the two counts."""
    up = high - previous_high
    down = previous_low - low
    return up if up > 0.0 and up > down else 0.0, down if down > 0.0 and down > up else 0.0


@njit(cache=True, nogil=True)
def _adx(high: F2, low: F2, close: F2, gap: B2, window: int) -> F2:
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
                adx_dense(hi[i:k], lo[i:k], window, result[i:k])
            unpack(result, at, count, rows_c[j])
        store_block(rows_c, n0, width, out)
    return out


@njit(cache=True, nogil=True, error_model="numpy")
def supertrend_dense(high: F1, low: F1, close: F1, window: int, multiplier: float, line: F1, trend: F1) -> None:
    """SuperTrend of a segment without NaN."""
    count = close.shape[0]
    atr_dense(high, low, close, window, line)
    upper = lower = up = 0.0
    for i in range(count):
        if i < window:
            trend[i] = np.nan
            continue
        middle, reach = (high[i] + low[i]) / 2.0, multiplier * line[i]
        over, under = middle + reach, middle - reach
        if i == window:
            upper, lower = over, under
            up = 1.0 if close[i] >= middle else -1.0
        if over < upper or close[i - 1] > upper:
            upper = over
        if under > lower or close[i - 1] < lower:
            lower = under
        if close[i] > upper:
            up = 1.0
        elif close[i] < lower:
            up = -1.0
        line[i] = lower if up > 0.0 else upper
        trend[i] = up


@njit(cache=True, nogil=True)
def _supertrend(high: F2, low: F2, close: F2, gap: B2, window: int, multiplier: float) -> tuple[F2, F2]:
    bars, columns = close.shape
    line, trend = np.empty((bars, columns)), np.empty((bars, columns))
    rows_h, rows_l, rows_c = np.empty((BLOCK, bars)), np.empty((BLOCK, bars)), np.empty((BLOCK, bars))
    hi, lo, cl, a, b = np.empty(bars), np.empty(bars), np.empty(bars), np.empty(bars), np.empty(bars)
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
                supertrend_dense(hi[i:k], lo[i:k], cl[i:k], window, multiplier, a[i:k], b[i:k])
            unpack(a, at, count, rows_c[j])
            unpack(b, at, count, rows_h[j])
        store_block(rows_c, n0, width, line)
        store_block(rows_h, n0, width, trend)
    return line, trend
