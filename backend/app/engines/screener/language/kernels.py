"""Windows over packed rows: every stretch of known values of an unbroken history is worked through on its own.

The arithmetic of an indicator is that of `engines.indicators`, whose functions for dense segments are called here, so
that `rsi(14)` in a screen is the RSI of a strategy to the last bit.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from app.engines.indicators.averages import ema_dense, macd_dense, sma_dense
from app.engines.indicators.extremes import highest_dense, lowest_dense
from app.engines.indicators.momentum import rsi_dense, stochastic_dense
from app.engines.indicators.trend import adx_dense, supertrend_dense
from app.engines.indicators.volatility import atr_dense, std_dense, true_range

F1 = NDArray[np.float64]
I1 = NDArray[np.int64]
I4 = NDArray[np.int32]
B1 = NDArray[np.bool_]

SMA, EMA, RSI, HIGHEST, LOWEST, STD, COUNT, MEDIAN, OWN_PERCENTILE, SINCE, LAG, SUM = range(12)
ATR, ADX, STOCH_K, STOCH_D, SUPERTREND, SUPERTREND_UP, TRUE_RANGE = range(7)
CORR, BETA = range(2)
RANK, PERCENTILE, ZSCORE, SECTOR_MEDIAN = range(4)

_FEW: Final = 2  # values below which nothing can be said of a spread


@njit(cache=True, nogil=True)
def longest(segments: I1) -> int:
    """Rows of the longest segment."""
    most = 0
    for s in range(segments.shape[0] - 1):
        most = max(most, segments[s + 1] - segments[s])
    return most


@njit(cache=True, nogil=True)
def median_dense(x: F1, window: int, out: F1) -> None:
    """Median of the last `window` values: they are kept in order, one in and one out a bar."""
    count = x.shape[0]
    held = np.empty(window)
    for i in range(count):
        size = min(i, window)
        if i >= window:  # the oldest leaves
            old, k = x[i - window], 0
            while held[k] != old:
                k += 1
            for m in range(k, window - 1):
                held[m] = held[m + 1]
            size = window - 1
        k = size
        while k > 0 and held[k - 1] > x[i]:
            held[k] = held[k - 1]
            k -= 1
        held[k] = x[i]
        out[i] = (held[(window - 1) // 2] + held[window // 2]) / 2.0 if i >= window - 1 else np.nan


@njit(cache=True, nogil=True)
def own_percentile_dense(x: F1, window: int, out: F1) -> None:
    """Rank of each value among the last `window`, 0 to 100, equals counting half."""
    for i in range(x.shape[0]):
        if i < window - 1:
            out[i] = np.nan
            continue
        lower = equal = 0
        for k in range(i + 1 - window, i):
            lower += x[k] < x[i]
            equal += x[k] == x[i]
        out[i] = 100.0 * ((lower + 0.5 * equal) / (window - 1.0))


@njit(cache=True, nogil=True)
def rolling(op: int, x: F1, segments: I1, window: int, out: F1) -> None:
    """A function of one series. x, out : [R], NaN where unknown; segments : [S + 1] first rows, and R."""
    size = longest(segments)
    total, lost = np.empty(size + 1), np.empty(size + 1)
    middle = np.empty(size)
    for s in range(segments.shape[0] - 1):
        i, end = segments[s], segments[s + 1]
        while i < end:
            if np.isnan(x[i]):
                out[i] = np.nan
                i += 1
                continue
            k = i + 1
            while k < end and not np.isnan(x[k]):
                k += 1
            a, b = x[i:k], out[i:k]
            if op == SMA:
                sma_dense(a, window, total, lost, b)
            elif op == SUM:
                sma_dense(a, window, total, lost, b)
                for n in range(k - i):
                    b[n] *= window
            elif op == EMA:
                ema_dense(a, window, window - 1, b)
            elif op == RSI:
                rsi_dense(a, window, b)
            elif op == HIGHEST:
                highest_dense(a, window, b)
            elif op == LOWEST:
                lowest_dense(a, window, b)
            elif op == STD:
                sma_dense(a, window, total, lost, middle)
                std_dense(a, window, middle[: k - i], b)
            elif op == COUNT:
                held = 0.0
                for n in range(k - i):
                    held += a[n]
                    if n >= window:
                        held -= a[n - window]
                    b[n] = held if n >= window - 1 else np.nan
            elif op == MEDIAN:
                median_dense(a, window, b)
            elif op == OWN_PERCENTILE:
                own_percentile_dense(a, window, b)
            elif op == SINCE:
                since = np.nan
                for n in range(k - i):
                    since = 0.0 if a[n] > 0.0 else since + 1.0
                    b[n] = since
            i = k


@njit(cache=True, nogil=True)
def lagged(x: F1, segments: I1, bars: int, out: F1) -> None:
    """The value `bars` rows before within the segment; NaN where there is none."""
    for s in range(segments.shape[0] - 1):
        first, end = segments[s], segments[s + 1]
        split = min(first + bars, end)
        for i in range(first, split):
            out[i] = np.nan
        for i in range(split, end):
            out[i] = x[i - bars]


@njit(cache=True, nogil=True)
def macd_rows(x: F1, segments: I1, fast: int, slow: int, signal: int, line: F1, signal_line: F1) -> None:
    """MACD and its signal."""
    histogram = np.empty(longest(segments))
    for s in range(segments.shape[0] - 1):
        i, end = segments[s], segments[s + 1]
        while i < end:
            if np.isnan(x[i]):
                line[i] = signal_line[i] = np.nan
                i += 1
                continue
            k = i + 1
            while k < end and not np.isnan(x[k]):
                k += 1
            macd_dense(x[i:k], fast, slow, signal, line[i:k], signal_line[i:k], histogram[: k - i])
            i = k


@njit(cache=True, nogil=True)
def of_bars(
    op: int, high: F1, low: F1, close: F1, segments: I1, window: int, smooth: int, d: int, multiplier: float, out: F1
) -> None:
    """A function of high, low and close."""
    size = longest(segments)
    scratch, other = np.empty((3, size)), np.empty(size)
    for s in range(segments.shape[0] - 1):
        i, end = segments[s], segments[s + 1]
        while i < end:
            if np.isnan(high[i]) or np.isnan(low[i]) or np.isnan(close[i]):
                out[i] = np.nan
                i += 1
                continue
            k = i + 1
            while k < end and not (np.isnan(high[k]) or np.isnan(low[k]) or np.isnan(close[k])):
                k += 1
            hi, lo, cl, b, c = high[i:k], low[i:k], close[i:k], out[i:k], other[: k - i]
            if op == ATR:
                atr_dense(hi, lo, cl, window, b)
            elif op == ADX:
                adx_dense(hi, lo, window, b)
            elif op == STOCH_K:
                stochastic_dense(hi, lo, cl, window, smooth, d, scratch, b, c)
            elif op == STOCH_D:
                stochastic_dense(hi, lo, cl, window, smooth, d, scratch, c, b)
            elif op == SUPERTREND:
                supertrend_dense(hi, lo, cl, window, multiplier, b, c)
            elif op == SUPERTREND_UP:
                supertrend_dense(hi, lo, cl, window, multiplier, c, b)
            elif op == TRUE_RANGE:
                b[0] = np.nan
                for n in range(1, k - i):
                    b[n] = true_range(hi[n], lo[n], cl[n - 1])
            i = k


@njit(cache=True, nogil=True)
def paired(op: int, x: F1, y: F1, segments: I1, window: int, out: F1) -> None:
    """Correlation of two series, or the slope of the first on the second; NaN where one does not vary."""
    for s in range(segments.shape[0] - 1):
        i, end = segments[s], segments[s + 1]
        while i < end:
            if np.isnan(x[i]) or np.isnan(y[i]):
                out[i] = np.nan
                i += 1
                continue
            k = i + 1
            while k < end and not (np.isnan(x[k]) or np.isnan(y[k])):
                k += 1
            for n in range(i, k):
                if n - i < window - 1:
                    out[n] = np.nan
                    continue
                mean_x = mean_y = 0.0
                for m in range(n + 1 - window, n + 1):
                    mean_x += x[m]
                    mean_y += y[m]
                mean_x /= window
                mean_y /= window
                xx = yy = xy = 0.0
                x_varies = y_varies = False  # equal values may lie beside their rounded mean
                for m in range(n + 1 - window, n + 1):
                    a, b = x[m] - mean_x, y[m] - mean_y
                    xx += a * a
                    yy += b * b
                    xy += a * b
                    x_varies |= x[m] != x[n]
                    y_varies |= y[m] != y[n]
                if not y_varies or yy <= 0.0 or (op == CORR and (not x_varies or xx <= 0.0)):
                    out[n] = np.nan
                elif op == CORR:
                    out[n] = min(max(xy / np.sqrt(xx * yy), -1.0), 1.0)
                else:
                    out[n] = xy / yy
            i = k


@njit(cache=True, nogil=True)
def by_day(days: I4, count: int, order: I1, first: I1) -> None:
    """Rows in order of their day, within a day as they stand; `first` [days + 1] is where each day begins."""
    first[:] = 0
    for i in range(days.shape[0]):
        first[days[i] + 1] += 1
    for t in range(count):
        first[t + 1] += first[t]
    place = first[:-1].copy()
    for i in range(days.shape[0]):
        order[place[days[i]]] = i
        place[days[i]] += 1


@njit(cache=True, nogil=True)
def across(op: int, x: F1, universe: B1, sectors: I4, order: I1, first: I1, out: F1) -> None:
    """A function of the day's stocks. Only known values of `universe` take part; all others get NaN."""
    out[:] = np.nan
    for t in range(first.shape[0] - 1):
        rows = order[first[t] : first[t + 1]]
        size = 0
        for i in rows:
            size += universe[i] and not np.isnan(x[i])
        if size == 0:
            continue
        who, values = np.empty(size, np.int64), np.empty(size)
        k = 0
        for i in rows:
            if universe[i] and not np.isnan(x[i]):
                who[k], values[k] = i, x[i]
                k += 1
        if op == ZSCORE:
            if size < _FEW:
                continue
            mean = 0.0
            for value in values:
                mean += value
            mean /= size
            spread, varies = 0.0, False
            for value in values:
                spread += (value - mean) * (value - mean)
                varies |= value != values[0]  # equal values may lie beside their rounded mean
            spread = np.sqrt(spread / size)
            if varies and spread > 0.0:
                for k in range(size):
                    out[who[k]] = (values[k] - mean) / spread
            continue
        if op == SECTOR_MEDIAN:
            groups = np.empty(size, np.int64)
            for k in range(size):
                groups[k] = sectors[who[k]]
            sorted_rows = np.argsort(groups, kind="mergesort")
            a = 0
            while a < size:
                b = a + 1
                while b < size and groups[sorted_rows[b]] == groups[sorted_rows[a]]:
                    b += 1
                if groups[sorted_rows[a]] >= 0:
                    part = np.sort(values[sorted_rows[a:b]])
                    middle = (part[(b - a - 1) // 2] + part[(b - a) // 2]) / 2.0
                    for k in range(a, b):
                        out[who[sorted_rows[k]]] = middle
                a = b
            continue
        ascending = np.argsort(values)
        a = 0
        while a < size:
            b = a + 1
            while b < size and values[ascending[b]] == values[ascending[a]]:
                b += 1
            if op == RANK:
                place = float(size - b + 1)
            elif size < _FEW:
                place = np.nan
            else:
                place = 100.0 * ((a + 0.5 * (b - a - 1)) / (size - 1.0))
            for k in range(a, b):
                out[who[ascending[k]]] = place
            a = b
