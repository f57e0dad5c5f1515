"""The newest value of every indicator, for all instruments, in one pass over their bars.

The arithmetic is that of `engines.indicators`, step by step, so that a value here equals the last one of the
indicator there to the last bit (a test holds them together). Nothing but the newest value is stored: a screen over the
whole history of a market then costs one reading of its prices.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from app.engines.indicators.averages import sma_dense
from app.engines.indicators.columns import load_block
from app.engines.indicators.momentum import rsi_of, stochastic_dense
from app.engines.indicators.trend import directional
from app.engines.indicators.volatility import std_dense, true_range
from app.engines.screener.restate import price_now, restate, shares_now
from app.engines.screener.rows import ROWS, Last

F1 = NDArray[np.float64]
F2 = NDArray[np.float64]
B1 = NDArray[np.bool_]
I1 = NDArray[np.int64]
B2 = NDArray[np.bool_]


__all__ = ["BLOCK", "ROWS", "Last", "newest", "newest_packed", "newest_rows"]

# Plain numbers for the kernels, which do not know enumerations' arithmetic.
_PREVIOUS_CLOSE, _EMA_20, _EMA_50, _RSI, _ATR, _MACD, _MACD_SIGNAL, _ADX = range(8)
_STOCH_K, _STOCH_D, _MEAN_20, _STD_20, _CLOSE_5, _CLOSE_21, _HIGHEST_CLOSE_20 = range(8, 15)
_VOLUME_PERCENTILE, _VOLUME_MEAN_20, _HIGHEST_HIGH_252, _LOWEST_LOW_252 = range(15, 19)

BLOCK = 8  # columns read at a time: one cache line of each field
_SEEDED = 50  # bars after which every recursion runs
_YEAR = 252  # bars of the longest window
_RECENT = 20  # bars handed to the windowed indicators: the longest of them


@njit(cache=True, nogil=True, error_model="numpy")
def recursions(high: F1, low: F1, close: F1, out: F1) -> None:
    """EMA 20 and 50, RSI 14, ATR 14, MACD 12/26/9 and ADX 14 at the end of a segment, side by side.

    One loop: the recursions wait for nobody but themselves, so the processor works on all of them at once. The first
    loop seeds them, each at its own bar; the second has no more cases.
    """
    count = close.shape[0]
    weight_20, weight_50, weight_12, weight_26, weight_9 = 2.0 / 21.0, 2.0 / 51.0, 2.0 / 13.0, 2.0 / 27.0, 2.0 / 10.0
    keep, weight = 13.0 / 14.0, 1.0 / 14.0
    ema_20 = ema_50 = fast = slow = signal = 0.0
    gain = loss = atr = up_sum = down_sum = dx_sum = adx = 0.0
    moved = False
    for i in range(min(_SEEDED, count)):
        x = close[i]
        if i < 20:
            ema_20 += x
            if i == 19:
                ema_20 /= 20
        else:
            ema_20 = (x - ema_20) * weight_20 + ema_20
        if i < 50:
            ema_50 += x
            if i == 49:
                ema_50 /= 50
        else:
            ema_50 = (x - ema_50) * weight_50 + ema_50
        if i < 26:
            slow += x
            if i >= 14:  # the fast average starts late, so that both begin at bar 25
                fast += x
            if i == 25:
                fast /= 12
                slow /= 26
        else:
            fast = (x - fast) * weight_12 + fast
            slow = (x - slow) * weight_26 + slow
        if i >= 25:
            line = fast - slow
            if i < 34:
                signal += line
                if i == 33:
                    signal /= 9
            else:
                signal = (line - signal) * weight_9 + signal
        if i == 0:
            continue
        change = x - close[i - 1]
        reach = true_range(high[i], low[i], close[i - 1])
        plus, minus = directional(high[i], low[i], high[i - 1], low[i - 1])
        if i <= 14:
            gain += max(change, 0.0)
            loss += max(-change, 0.0)
            atr += reach
            if i == 14:
                gain *= weight
                loss *= weight
                atr *= weight
        else:
            gain = gain * keep + max(change, 0.0) * weight
            loss = loss * keep + max(-change, 0.0) * weight
            atr = atr * keep + reach * weight
        if i < 14:
            up_sum += plus
            down_sum += minus
            continue
        up_sum = up_sum * keep + plus
        down_sum = down_sum * keep + minus
        if up_sum + down_sum > 0.0:
            moved = True
            dx = 100.0 * (abs(up_sum - down_sum) / (up_sum + down_sum))
            if i < 28:
                dx_sum += dx
            else:
                adx = adx * keep + dx * weight
        if i == 27:
            adx = dx_sum * weight
    for i in range(_SEEDED, count):
        x, before = close[i], close[i - 1]
        ema_20 = (x - ema_20) * weight_20 + ema_20
        ema_50 = (x - ema_50) * weight_50 + ema_50
        fast = (x - fast) * weight_12 + fast
        slow = (x - slow) * weight_26 + slow
        signal = (fast - slow - signal) * weight_9 + signal
        change = x - before
        gain = gain * keep + max(change, 0.0) * weight
        loss = loss * keep + max(-change, 0.0) * weight
        atr = atr * keep + true_range(high[i], low[i], before) * weight
        plus, minus = directional(high[i], low[i], high[i - 1], low[i - 1])
        up_sum = up_sum * keep + plus
        down_sum = down_sum * keep + minus
        both = up_sum + down_sum
        if both > 0.0:
            moved = True
            adx = adx * keep + 100.0 * (abs(up_sum - down_sum) / both) * weight
    if count >= 20:
        out[_EMA_20] = ema_20
    if count >= 50:
        out[_EMA_50] = ema_50
    if count >= 26:
        out[_MACD] = fast - slow
    if count >= 34:
        out[_MACD_SIGNAL] = signal
    if count >= 15:
        out[_RSI] = rsi_of(gain, loss)
        out[_ATR] = atr
    if count >= 28 and moved:
        out[_ADX] = adx


@njit(cache=True, nogil=True, error_model="numpy")
def windows(high: F1, low: F1, close: F1, volume: F1, scratch: F2, out: F1) -> None:
    """What depends on the newest bars of a segment alone. `scratch` has eight rows of at least 21 values."""
    count = close.shape[0]
    if count >= 6:
        out[_CLOSE_5] = close[count - 6]
    if count >= 22:
        out[_CLOSE_21] = close[count - 22]
    recent = min(_RECENT, count)
    hi, lo, cl = high[count - recent :], low[count - recent :], close[count - recent :]
    mean, deviation = scratch[0, :recent], scratch[1, :recent]
    sma_dense(cl, 20, scratch[2], scratch[3], mean)
    std_dense(cl, 20, mean, deviation)
    out[_MEAN_20] = mean[recent - 1]
    out[_STD_20] = deviation[recent - 1]
    k_line, d_line = scratch[0, :recent], scratch[1, :recent]
    stochastic_dense(hi, lo, cl, 14, 3, 3, scratch[5:8], k_line, d_line)
    out[_STOCH_K] = k_line[recent - 1]
    out[_STOCH_D] = d_line[recent - 1]
    if count >= 21:
        highest = close[count - 21]
        for i in range(count - 20, count - 1):
            highest = max(highest, close[i])
        out[_HIGHEST_CLOSE_20] = highest
        sma_dense(volume[count - 21 : count - 1], 20, scratch[2], scratch[3], scratch[0, :20])
        out[_VOLUME_MEAN_20] = scratch[0, 19]
    if count >= _YEAR:
        top, bottom = high[count - 1], low[count - 1]
        lower = equal = 0
        today = volume[count - 1]
        for i in range(count - _YEAR, count - 1):
            top = max(top, high[i])
            bottom = min(bottom, low[i])
            lower += volume[i] < today
            equal += volume[i] == today
        out[_HIGHEST_HIGH_252] = top
        out[_LOWEST_LOW_252] = bottom
        out[_VOLUME_PERCENTILE] = 100.0 * ((lower + 0.5 * equal) / 251.0)


@njit(cache=True, nogil=True, error_model="numpy")
def unbroken(high: F1, low: F1, close: F1, volume: F1, factor: F1, gap: B1, hi: F1, lo: F1, cl: F1, vol: F1) -> int:
    """Write the newest unbroken segment of raw bars to `hi`, `lo`, `cl` and `vol`, in shares of the newest bar and
    without holes.

    Returns its length. Where no bar is missing only the newest `_YEAR` volumes are written: no other is asked for.
    """
    bars: int = close.shape[0]
    whole = alike = 0
    for t in range(1, bars):
        # what is finite less itself is zero: three calls of `isfinite` would take as long as all that follows
        rest = (high[t] - high[t]) + (low[t] - low[t]) + (close[t] - close[t])
        whole += (1 if rest == 0.0 else 0) & (0 if gap[t] else 1)
        alike += 1 if factor[t] == factor[t - 1] else 0
    now = factor[bars - 1]
    if whole == bars - 1 and np.isfinite(high[0]) and np.isfinite(low[0]) and np.isfinite(close[0]):
        recent = max(bars - _YEAR, 0)
        if alike < bars - 1:
            restate(high, factor, now, 1, hi)
            restate(low, factor, now, 1, lo)
            restate(close, factor, now, 1, cl)
            restate(volume[recent:], factor[recent:], now, -1, vol[recent:])
            return bars
        for t in range(bars):  # a loop each: the compiler proves of few arrays only that they do not overlap
            hi[t] = high[t]
        for t in range(bars):
            lo[t] = low[t]
        for t in range(bars):
            cl[t] = close[t]
        for t in range(recent, bars):
            vol[t] = volume[t]
        return bars
    count = 0
    pending = False
    for t in range(bars):
        pending = pending or gap[t]
        if not (np.isfinite(high[t]) and np.isfinite(low[t]) and np.isfinite(close[t])):
            continue
        if pending:
            count = 0
            pending = False
        if factor[t] == now:
            hi[count], lo[count], cl[count], vol[count] = high[t], low[t], close[t], volume[t]
        else:
            hi[count], lo[count] = price_now(high[t], factor[t], now), price_now(low[t], factor[t], now)
            cl[count], vol[count] = price_now(close[t], factor[t], now), shares_now(volume[t], factor[t], now)
        count += 1
    return count


@njit(cache=True, nogil=True, error_model="numpy")
def previous_close(high: F1, low: F1, close: F1, factor: F1) -> float:
    """Raw close of the last traded bar before the newest, in shares as they are now."""
    newest_bar = close.shape[0] - 1
    for t in range(newest_bar - 1, -1, -1):
        if np.isfinite(high[t]) and np.isfinite(low[t]) and np.isfinite(close[t]):
            return price_now(close[t], factor[t], factor[newest_bar])
    return np.nan


@njit(cache=True, nogil=True, error_model="numpy")
def newest(high: F2, low: F2, close: F2, volume: F2, factor: F2, gap: B2, first: int, last: int, out: F2) -> None:
    """Fill `out[:, first:last]` with the `Last` values of those columns at the last bar of the panel.

    high, low, close, volume, factor, gap : [T, N], T at least 1, prices and volume raw
    out : [rows of `Last`, N]; a column that does not trade at the last bar becomes NaN
    """
    bars = close.shape[0]
    hi, lo, cl = np.empty((BLOCK, bars)), np.empty((BLOCK, bars)), np.empty((BLOCK, bars))
    vol, fac, gaps = np.empty((BLOCK, bars)), np.empty((BLOCK, bars)), np.empty((BLOCK, bars), np.bool_)
    room = np.empty((4, bars))
    scratch, column = np.empty((8, _RECENT + 2)), np.empty(out.shape[0])
    for n0 in range(first, last, BLOCK):
        width = min(BLOCK, last - n0)
        load_block(high, n0, width, hi)
        load_block(low, n0, width, lo)
        load_block(close, n0, width, cl)
        load_block(volume, n0, width, vol)
        load_block(factor, n0, width, fac)
        for t in range(bars):
            for j in range(width):
                gaps[j, t] = gap[t, n0 + j]
        for j in range(width):
            column[:] = np.nan
            if np.isfinite(hi[j, bars - 1]) and np.isfinite(lo[j, bars - 1]) and np.isfinite(cl[j, bars - 1]):
                before = previous_close(hi[j], lo[j], cl[j], fac[j])
                i = unbroken(hi[j], lo[j], cl[j], vol[j], fac[j], gaps[j], room[0], room[1], room[2], room[3])
                recursions(room[0, :i], room[1, :i], room[2, :i], column)
                windows(room[0, :i], room[1, :i], room[2, :i], room[3, :i], scratch, column)
                if i >= 2:
                    column[_PREVIOUS_CLOSE] = before
            out[:, n0 + j] = column


@njit(cache=True, nogil=True, error_model="numpy")
def newest_rows(high: F2, low: F2, close: F2, volume: F2, factor: F2, gap: B2, first: int, last: int, out: F2) -> None:
    """As `newest` for arrays [N, T], each instrument's bars in one piece, as the panel keeps them: nothing is gathered.

    `out` is [rows of `Last`, N] all the same.
    """
    bars = close.shape[1]
    hi, lo, cl, vol = np.empty(bars), np.empty(bars), np.empty(bars), np.empty(bars)
    scratch, column = np.empty((8, _RECENT + 2)), np.empty(out.shape[0])
    for n in range(first, last):
        column[:] = np.nan
        if np.isfinite(high[n, bars - 1]) and np.isfinite(low[n, bars - 1]) and np.isfinite(close[n, bars - 1]):
            before = previous_close(high[n], low[n], close[n], factor[n])
            i = unbroken(high[n], low[n], close[n], volume[n], factor[n], gap[n], hi, lo, cl, vol)
            recursions(hi[:i], lo[:i], cl[:i], column)
            windows(hi[:i], lo[:i], cl[:i], vol[:i], scratch, column)
            if i >= 2:
                column[_PREVIOUS_CLOSE] = before
        out[:, n] = column


@njit(cache=True, nogil=True, error_model="numpy")
def newest_packed(
    high: F1, low: F1, close: F1, volume: F1, factor: F1, first: I1, newest: I1, begin: int, end: int, out: F2
) -> None:
    """As `newest` for packed rows: of each of the instruments begin … end - 1 the rows first … newest are one segment.

    high, low, close, volume, factor : [R]; first, newest : [N]; out : [rows of `Last`, N]
    """
    size = 1
    for n in range(begin, end):
        size = max(size, newest[n] + 1 - first[n])
    hi, lo, cl, vol = np.empty(size), np.empty(size), np.empty(size), np.empty(size)
    no_gap = np.zeros(size, np.bool_)
    scratch, column = np.empty((8, _RECENT + 2)), np.empty(out.shape[0])
    for n in range(begin, end):
        a, b = first[n], newest[n] + 1
        column[:] = np.nan
        if np.isfinite(high[b - 1]) and np.isfinite(low[b - 1]) and np.isfinite(close[b - 1]):
            before = previous_close(high[a:b], low[a:b], close[a:b], factor[a:b])
            i = unbroken(
                high[a:b], low[a:b], close[a:b], volume[a:b], factor[a:b], no_gap[: b - a], hi, lo, cl, vol
            )  # fmt: skip
            recursions(hi[:i], lo[:i], cl[:i], column)
            windows(hi[:i], lo[:i], cl[:i], vol[:i], scratch, column)
            if i >= 2:
                column[_PREVIOUS_CLOSE] = before
        out[:, n] = column
