"""Trend strength: ADX. NaN and `gap` as in `averages`."""

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
    pack3,
    panels,
    store_block,
    unpack,
)


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
