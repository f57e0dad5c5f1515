"""The indicators bar by bar: small states that take one bar and give one value.

Each does the arithmetic of its vectorised form in the same order, so that feeding a series bar by bar gives the same
bits (a property test holds them together). `push` takes a bar and returns the value at it; a bar that did not trade
(NaN) yields NaN and is skipped; `restart` forgets everything, as a True in `gap` does.
"""

from __future__ import annotations

import math
from collections import deque
from typing import NamedTuple

from app.engines.indicators.columns import at_least

NAN = math.nan


class MacdValue(NamedTuple):
    """MACD at one bar."""

    line: float
    signal: float
    histogram: float


class StochasticValue(NamedTuple):
    """Stochastic at one bar, 0 to 100."""

    k: float
    d: float


class BollingerValue(NamedTuple):
    """Bollinger bands at one bar."""

    upper: float
    middle: float
    lower: float


class Sma:
    """Simple moving average; see `averages.sma`."""

    def __init__(self, window: int) -> None:
        self.window = at_least("window", window, 1)
        self.restart()

    def restart(self) -> None:
        """Forget all bars."""
        self._sums: deque[tuple[float, float]] = deque([(0.0, 0.0)], maxlen=self.window + 1)

    def push(self, x: float) -> float:
        """The mean of the last `window` bars, NaN before there are so many."""
        if not math.isfinite(x):
            return NAN
        total, lost = self._sums[-1]
        s = total + x
        part = s - total
        self._sums.append((s, lost + ((total - (s - part)) + (x - part))))
        if len(self._sums) <= self.window:
            return NAN
        (older, older_lost), (newer, newer_lost) = self._sums[0], self._sums[-1]
        difference = newer - older
        part = difference - newer
        low = ((newer - (difference - part)) - (older + part)) + (newer_lost - older_lost)
        high = difference + low
        part = high - difference
        low = (difference - (high - part)) + (low - part)
        size = float(self.window)
        quotient = high / size
        split = 134217729.0 * quotient
        upper = split - (split - quotient)
        product = quotient * size
        remainder = (high - product) - ((upper * size - product) + (quotient - upper) * size) + low
        return quotient + remainder / size


class Ema:
    """Exponential moving average; see `averages.ema`. `first` is the bar of its first value."""

    def __init__(self, window: int, first: int | None = None) -> None:
        self.window = at_least("window", window, 1)
        self._first = self.window - 1 if first is None else first
        self._weight = 2.0 / (window + 1.0)
        self.restart()

    def restart(self) -> None:
        """Forget all bars."""
        self._count, self._value = 0, 0.0

    def push(self, x: float) -> float:
        """The average, NaN before bar `first`."""
        if not math.isfinite(x):
            return NAN
        i = self._count
        self._count += 1
        if i > self._first:
            self._value = (x - self._value) * self._weight + self._value
            return self._value
        if i > self._first - self.window:
            self._value += x
        if i < self._first:
            return NAN
        self._value /= self.window
        return self._value


class Macd:
    """MACD; see `averages.macd`."""

    def __init__(self, fast: int = 12, slow: int = 26, signal: int = 9) -> None:
        if slow <= fast:
            raise ValueError(f"the fast window ({fast}) must be shorter than the slow one ({slow})")
        self._fast, self._slow, self._signal = Ema(fast, slow - 1), Ema(slow), Ema(signal)

    def restart(self) -> None:
        """Forget all bars."""
        for part in (self._fast, self._slow, self._signal):
            part.restart()

    def push(self, x: float) -> MacdValue:
        """Line, signal and histogram, each NaN during its warm-up."""
        line = self._fast.push(x) - self._slow.push(x)
        signal = self._signal.push(line)
        return MacdValue(line, signal, line - signal)


class Rsi:
    """Wilder's relative strength index; see `momentum.rsi`."""

    def __init__(self, window: int = 14) -> None:
        self.window = at_least("window", window, 1)
        self._keep, self._weight = (window - 1.0) / window, 1.0 / window
        self.restart()

    def restart(self) -> None:
        """Forget all bars."""
        self._count, self._before, self._gain, self._loss = 0, NAN, 0.0, 0.0

    def push(self, x: float) -> float:
        """0 to 100; NaN during warm-up and while nothing has moved."""
        if not math.isfinite(x):
            return NAN
        i, before = self._count, self._before
        self._count, self._before = i + 1, x
        if i == 0:
            return NAN
        up, down = max(x - before, 0.0), max(before - x, 0.0)
        if i <= self.window:
            self._gain += up
            self._loss += down
            if i < self.window:
                return NAN
            self._gain *= self._weight
            self._loss *= self._weight
        else:
            self._gain = self._gain * self._keep + up * self._weight
            self._loss = self._loss * self._keep + down * self._weight
        moved = self._gain + self._loss
        return 100.0 * (self._gain / moved) if moved > 0.0 else NAN


class Roc:
    """Rate of change as a fraction; see `momentum.roc`."""

    def __init__(self, window: int) -> None:
        self.window = at_least("window", window, 1)
        self.restart()

    def restart(self) -> None:
        """Forget all bars."""
        self._bars: deque[float] = deque(maxlen=self.window + 1)

    def push(self, x: float) -> float:
        """x / x[-window] - 1; NaN before there are so many, and where the older value is zero."""
        if not math.isfinite(x):
            return NAN
        self._bars.append(x)
        if len(self._bars) <= self.window or self._bars[0] == 0.0:
            return NAN
        return x / self._bars[0] - 1.0


class _Extreme:
    """The largest value of sign · x among the last `window` bars: candidates in falling order, the newest of equals."""

    def __init__(self, window: int, sign: float) -> None:
        self.window, self._sign = at_least("window", window, 1), sign
        self.restart()

    def restart(self) -> None:
        """Forget all bars."""
        self._count = 0
        self._best: deque[tuple[int, float]] = deque()

    def push(self, x: float) -> float:
        """The extreme, NaN before `window` bars."""
        if not math.isfinite(x):
            return NAN
        i, best = self._count, self._best
        self._count += 1
        while best and self._sign * x >= self._sign * best[-1][1]:
            best.pop()
        best.append((i, x))
        if best[0][0] <= i - self.window:
            best.popleft()
        return best[0][1] if self._count >= self.window else NAN


class Highest(_Extreme):
    """Highest of the last `window` bars; see `extremes.highest`."""

    def __init__(self, window: int) -> None:
        super().__init__(window, 1.0)


class Lowest(_Extreme):
    """Lowest of the last `window` bars; see `extremes.lowest`."""

    def __init__(self, window: int) -> None:
        super().__init__(window, -1.0)


class Stochastic:
    """Slow stochastic; see `momentum.stochastic`."""

    def __init__(self, k: int = 14, k_smooth: int = 3, d: int = 3) -> None:
        self._high, self._low = Highest(k), Lowest(k)
        self._raw_window, self._k_window = at_least("k_smooth", k_smooth, 1), at_least("d", d, 1)
        self.restart()

    def restart(self) -> None:
        """Forget all bars."""
        self._high.restart()
        self._low.restart()
        self._raw: deque[float] = deque(maxlen=self._raw_window)
        self._k: deque[float] = deque(maxlen=self._k_window)

    def push(self, high: float, low: float, close: float) -> StochasticValue:
        """%K and %D, each NaN during its warm-up and where a range of its windows is zero."""
        if not (math.isfinite(high) and math.isfinite(low) and math.isfinite(close)):
            return StochasticValue(NAN, NAN)
        top, bottom = self._high.push(high), self._low.push(low)
        if math.isnan(top):
            return StochasticValue(NAN, NAN)
        spread = top - bottom
        self._raw.append(100.0 * ((close - bottom) / spread) if spread > 0.0 else NAN)
        if len(self._raw) < self._raw_window:
            return StochasticValue(NAN, NAN)
        self._k.append(_mean(self._raw))
        return StochasticValue(self._k[-1], _mean(self._k) if len(self._k) == self._k_window else NAN)


class Atr:
    """Wilder's average true range; see `volatility.atr`."""

    def __init__(self, window: int = 14) -> None:
        self.window = at_least("window", window, 1)
        self._keep, self._weight = (window - 1.0) / window, 1.0 / window
        self.restart()

    def restart(self) -> None:
        """Forget all bars."""
        self._count, self._before, self._value = 0, NAN, 0.0

    def push(self, high: float, low: float, close: float) -> float:
        """In the unit of the price; NaN during warm-up."""
        if not (math.isfinite(high) and math.isfinite(low) and math.isfinite(close)):
            return NAN
        i, before = self._count, self._before
        self._count, self._before = i + 1, close
        if i == 0:
            return NAN
        reach = max(high - low, abs(high - before), abs(low - before))
        if i > self.window:
            self._value = self._value * self._keep + reach * self._weight
            return self._value
        self._value += reach
        if i < self.window:
            return NAN
        self._value *= self._weight
        return self._value


class Adx:
    """Wilder's directional index; see `trend.adx`."""

    def __init__(self, window: int = 14) -> None:
        self.window = at_least("window", window, 2)
        self._keep, self._weight = (window - 1.0) / window, 1.0 / window
        self.restart()

    def restart(self) -> None:
        """Forget all bars."""
        self._count, self._high, self._low = 0, NAN, NAN
        self._up = self._down = self._dx = self._value = 0.0
        self._known = False

    def push(self, high: float, low: float, close: float) -> float:
        """0 to 100; NaN during warm-up and while nothing has moved. The close only says whether the bar traded."""
        if not (math.isfinite(high) and math.isfinite(low) and math.isfinite(close)):
            return NAN
        i, window = self._count, self.window
        up, down = high - self._high, self._low - low
        self._count, self._high, self._low = i + 1, high, low
        if i == 0:
            return NAN
        plus = up if up > 0.0 and up > down else 0.0
        minus = down if down > 0.0 and down > up else 0.0
        if i < window:
            self._up += plus
            self._down += minus
            return NAN
        self._up = self._up * self._keep + plus
        self._down = self._down * self._keep + minus
        moved = self._up + self._down
        if moved > 0.0:
            self._known = True
            dx = 100.0 * (abs(self._up - self._down) / moved)
            if i < 2 * window:
                self._dx += dx
            else:
                self._value = self._value * self._keep + dx * self._weight
        if i == 2 * window - 1:
            self._value = self._dx * self._weight
        return self._value if i >= 2 * window - 1 and self._known else NAN


class SuperTrendValue(NamedTuple):
    """SuperTrend at one bar: the line in the unit of the price, the trend 1 up or -1 down."""

    line: float
    trend: float


class SuperTrend:
    """The band that only moves towards the price; see `trend.supertrend`."""

    def __init__(self, window: int = 10, multiplier: float = 3.0) -> None:
        if not multiplier > 0.0:
            raise ValueError(f"multiplier must be above zero, got {multiplier}")
        self._atr, self._multiplier = Atr(window), multiplier
        self.window = self._atr.window
        self.restart()

    def restart(self) -> None:
        """Forget all bars."""
        self._atr.restart()
        self._before, self._upper, self._lower, self._trend = NAN, NAN, NAN, NAN

    def push(self, high: float, low: float, close: float) -> SuperTrendValue:
        """The band in force after this bar and the trend; NaN during warm-up."""
        average = self._atr.push(high, low, close)
        if not (math.isfinite(high) and math.isfinite(low) and math.isfinite(close)):
            return SuperTrendValue(NAN, NAN)
        before, self._before = self._before, close
        if not math.isfinite(average):
            return SuperTrendValue(NAN, NAN)
        middle, reach = (high + low) / 2.0, self._multiplier * average
        over, under = middle + reach, middle - reach
        if math.isnan(self._trend):
            self._upper, self._lower = over, under
            self._trend = 1.0 if close >= middle else -1.0
        if over < self._upper or before > self._upper:
            self._upper = over
        if under > self._lower or before < self._lower:
            self._lower = under
        if close > self._upper:
            self._trend = 1.0
        elif close < self._lower:
            self._trend = -1.0
        return SuperTrendValue(self._lower if self._trend > 0.0 else self._upper, self._trend)


class RollingStd:
    """Population standard deviation; see `volatility.rolling_std`."""

    def __init__(self, window: int) -> None:
        self._mean = Sma(window)
        self.window = window
        self.restart()

    def restart(self) -> None:
        """Forget all bars."""
        self._mean.restart()
        self._bars: deque[float] = deque(maxlen=self.window)

    def push(self, x: float) -> float:
        """The deviation of the last `window` bars from their own mean."""
        return self.mean_and_std(x)[1]

    def mean_and_std(self, x: float) -> tuple[float, float]:
        """The mean and the deviation."""
        mean = self._mean.push(x)
        if not math.isfinite(x):
            return NAN, NAN
        self._bars.append(x)
        if len(self._bars) < self.window:
            return NAN, NAN
        squares = 0.0
        for bar in self._bars:
            distance = bar - mean
            squares += distance * distance
        return mean, math.sqrt(squares / self.window)


class Bollinger:
    """Bollinger bands; see `volatility.bollinger`."""

    def __init__(self, window: int = 20, width: float = 2.0) -> None:
        if not width > 0.0:
            raise ValueError(f"width must be above zero, got {width}")
        self._std, self._width = RollingStd(window), width

    def restart(self) -> None:
        """Forget all bars."""
        self._std.restart()

    def push(self, x: float) -> BollingerValue:
        """The three bands, NaN during warm-up."""
        mean, deviation = self._std.mean_and_std(x)
        return BollingerValue(mean + self._width * deviation, mean, mean - self._width * deviation)


def _mean(values: deque[float]) -> float:
    # in order, oldest first, as the vectorised form sums a window
    total = 0.0
    for value in values:
        total += value
    return total / len(values)
