"""Slow, obvious twins of the indicators: one column as a list of traded bars, every window cut out afresh.

`each_column` applies a twin to a panel by the common rules: bars that did not trade are dropped, a gap cuts the column.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np

NAN = math.nan


def each_column(twin: Callable[..., list[float]], *fields: np.ndarray, gap: np.ndarray | None = None) -> np.ndarray:
    """The twin of one dense segment, applied to a panel with holes and gaps."""
    bars, columns = fields[0].shape
    out = np.full((bars, columns), NAN)
    for n in range(columns):
        segment: list[int] = []
        segments = [segment]
        pending = False
        for t in range(bars):
            pending = pending or (gap is not None and bool(gap[t, n]))
            if not all(math.isfinite(field[t, n]) for field in fields):
                continue
            if pending:
                segment = []
                segments.append(segment)
                pending = False
            segment.append(t)
        for times in segments:
            values = twin(*([float(field[t, n]) for t in times] for field in fields))
            for t, value in zip(times, values, strict=True):
                out[t, n] = value
    return out


def sma(x: list[float], window: int) -> list[float]:
    """Exact rational mean of each window, rounded once."""
    return [
        NAN if i + 1 < window else float(sum(map(Fraction, x[i + 1 - window : i + 1]), Fraction(0)) / window)
        for i in range(len(x))
    ]


def ema(x: list[float], window: int) -> list[float]:
    out = [NAN] * len(x)
    for i in range(window - 1, len(x)):
        alpha = 2 / (window + 1)
        out[i] = math.fsum(x[:window]) / window if i == window - 1 else alpha * x[i] + (1 - alpha) * out[i - 1]
    return out


def macd_line(x: list[float], fast: int, slow: int) -> list[float]:
    late = slow - fast  # the fast average begins `late` bars after its first possible one
    quick = [NAN] * late + ema(x[late:], fast)
    return [a - b for a, b in zip(quick[: len(x)], ema(x, slow), strict=True)]


def macd_signal(x: list[float], fast: int, slow: int, signal: int) -> list[float]:
    line = macd_line(x, fast, slow)
    return ([NAN] * (slow - 1) + ema(line[slow - 1 :], signal))[: len(x)]


def wilder(x: list[float], window: int) -> list[float]:
    """Wilder's average of x[1:], aligned with x: first value at bar `window`."""
    out = [NAN] * len(x)
    for i in range(window, len(x)):
        seed = math.fsum(x[1 : window + 1]) / window
        out[i] = seed if i == window else (out[i - 1] * (window - 1) + x[i]) / window
    return out


def rsi(x: list[float], window: int) -> list[float]:
    change = [NAN] + [b - a for a, b in itertools.pairwise(x)]
    gains = wilder([max(c, 0.0) for c in change], window)
    losses = wilder([max(-c, 0.0) for c in change], window)
    return [100 * g / (g + m) if g + m > 0 else NAN for g, m in zip(gains, losses, strict=True)][: len(x)]


def roc(x: list[float], window: int) -> list[float]:
    return [x[i] / x[i - window] - 1 if i >= window else NAN for i in range(len(x))]


def highest(x: list[float], window: int) -> list[float]:
    return [max(x[i + 1 - window : i + 1]) if i + 1 >= window else NAN for i in range(len(x))]


def lowest(x: list[float], window: int) -> list[float]:
    return [min(x[i + 1 - window : i + 1]) if i + 1 >= window else NAN for i in range(len(x))]


def stochastic_k(high: list[float], low: list[float], close: list[float], k: int, k_smooth: int) -> list[float]:
    top, bottom = highest(high, k), lowest(low, k)
    raw = [100 * (c - b) / (t - b) if t > b else NAN for c, t, b in zip(close, top, bottom, strict=True)]
    return [sum(raw[i + 1 - k_smooth : i + 1]) / k_smooth if i + 1 >= k_smooth else NAN for i in range(len(raw))]


def stochastic_d(high: list[float], low: list[float], close: list[float], k: int, k_smooth: int, d: int) -> list[float]:
    line = stochastic_k(high, low, close, k, k_smooth)
    return [sum(line[i + 1 - d : i + 1]) / d if i + 1 >= d else NAN for i in range(len(line))]


def true_range(high: list[float], low: list[float], close: list[float]) -> list[float]:
    return [NAN] * min(1, len(high)) + [
        max(high[i], close[i - 1]) - min(low[i], close[i - 1]) for i in range(1, len(high))
    ]


def atr(high: list[float], low: list[float], close: list[float], window: int) -> list[float]:
    return wilder(true_range(high, low, close), window)


def rolling_std(x: list[float], window: int) -> list[float]:
    out = [NAN] * len(x)
    for i in range(window - 1, len(x)):
        part = [Fraction(v) for v in x[i + 1 - window : i + 1]]
        mean = sum(part, Fraction(0)) / window
        out[i] = math.sqrt(sum(((v - mean) ** 2 for v in part), Fraction(0)) / window)
    return out


def adx(high: list[float], low: list[float], close: list[float], window: int) -> list[float]:
    """Wilder sums as lists: smoothed sum = previous − previous / window + new, seeded with window − 1 bars."""
    bars = len(high)
    up = [NAN] + [high[i] - high[i - 1] for i in range(1, bars)]
    down = [NAN] + [low[i - 1] - low[i] for i in range(1, bars)]
    plus = [u if u > max(d, 0) else 0.0 for u, d in zip(up, down, strict=True)]
    minus = [d if d > max(u, 0) else 0.0 for u, d in zip(up, down, strict=True)]

    def smoothed(x: list[float]) -> list[float]:
        out = [NAN] * bars
        for i in range(window, bars):
            previous = math.fsum(x[1:window]) if i == window else out[i - 1]
            out[i] = previous - previous / window + x[i]
        return out

    a, b = smoothed(plus), smoothed(minus)
    dx = [abs(p - m) / (p + m) * 100 if p + m > 0 else NAN for p, m in zip(a, b, strict=True)]
    out = [NAN] * bars
    for i in range(2 * window - 1, bars):
        first = [v for v in dx[window : 2 * window] if not math.isnan(v)]
        if i == 2 * window - 1:
            out[i] = sum(first) / window if first else NAN
        else:
            out[i] = out[i - 1] if math.isnan(dx[i]) else (out[i - 1] * (window - 1) + dx[i]) / window
    return out


def bollinger(x: list[float], window: int, width: float) -> list[float]:
    return [m + width * s for m, s in zip(sma(x, window), rolling_std(x, window), strict=True)]


def supertrend(high: list[float], low: list[float], close: list[float], window: int, multiplier: float) -> list[float]:
    """The line, band by band as the rule is written down."""
    middle = [(h + x) / 2 for h, x in zip(high, low, strict=True)]
    reach = [multiplier * a for a in atr(high, low, close, window)]
    out = [NAN] * len(close)
    upper, lower, up = math.inf, -math.inf, True
    for i in range(window, len(close)):
        rises, falls = (close[i - 1] > upper, close[i - 1] < lower) if i > window else (True, True)
        upper = middle[i] + reach[i] if rises else min(middle[i] + reach[i], upper)
        lower = middle[i] - reach[i] if falls else max(middle[i] - reach[i], lower)
        first = close[i] >= middle[i]
        up = close[i] > upper or ((first if i == window else up) and not close[i] < lower)
        out[i] = lower if up else upper
    return out
