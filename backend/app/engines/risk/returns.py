"""Growth, and reward for risk, of a series of returns."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.engines.risk.basics import (
    F1,
    NO_BAR,
    NO_RETURN,
    NOISE,
    STILL,
    TOO_SHORT,
    Measure,
    calendar_closes,
    clean,
    deviation,
    mean,
    product,
    returns_of,
)
from app.engines.risk.moments import kurtosis, skewness


def total_return(equity: F1, capital: float) -> Measure:
    """Last equity over the opening capital, minus 1."""
    if equity.size == 0:
        return Measure(None, NO_BAR)
    return Measure(float(equity[-1]) / capital - 1.0)


def cumulative_return(returns: F1) -> Measure:
    """All returns compounded."""
    known = clean(returns)
    if known.size == 0:
        return Measure(None, NO_RETURN)
    return Measure(float(np.prod(1.0 + known)) - 1.0)


def cagr(returns: F1, periods: int) -> Measure:
    """Growth a year: (product of 1 + r) ** (A / T) - 1, by periods and not by calendar days.

    A return that is NaN is not in the product, but its period has passed and counts in T.
    """
    known = clean(returns)
    if known.size == 0:
        return Measure(None, NO_RETURN)
    growth = float(np.prod(1.0 + known))
    if growth < 0.0:
        return Measure(None, "equity fell below zero")
    try:
        return Measure(growth ** (periods / returns.size) - 1.0)
    except OverflowError:
        return Measure(None, "too few returns to speak of a year")


def mean_return(returns: F1, periods: int) -> Measure:
    """Arithmetic mean × A."""
    known = clean(returns)
    return Measure(mean(known) * periods) if known.size else Measure(None, NO_RETURN)


def volatility(returns: F1, periods: int) -> Measure:
    """Sample standard deviation × sqrt(A)."""
    known = clean(returns)
    if known.size < 2:
        return Measure(None, TOO_SHORT)
    return Measure(deviation(known) * math.sqrt(periods))


def sharpe(returns: F1, periods: int, risk_free: F1 | float = 0.0) -> Measure:
    """Mean excess return over its sample deviation, × sqrt(A). Arithmetic mean.

    Source: Sharpe (1994), "The Sharpe Ratio", Journal of Portfolio Management 21(1).
    """
    excess = clean(returns - risk_free)
    if excess.size < 2:
        return Measure(None, TOO_SHORT)
    spread = deviation(excess)
    if spread == 0.0:
        return Measure(None, STILL)
    return Measure(mean(excess) / spread * math.sqrt(periods))


def adjusted_sharpe(returns: F1, periods: int, risk_free: F1 | float = 0.0) -> Measure:
    """SR × (1 + S / 6 × SR - (K - 3) / 24 × SR²): the annual arithmetic Sharpe less what a bad tail should cost.

    S and K are the population's skewness and kurtosis of the returns. PerformanceAnalytics' documentation takes the
    geometric return for the Sharpe in it. Source: Pezier & White (2006), ICMA Centre Discussion Paper 2006-10.
    """
    ratio, skew, kurt = sharpe(returns, periods, risk_free), skewness(returns), kurtosis(returns)
    if ratio.value is None or skew.value is None or kurt.value is None:
        return Measure(None, ratio.reason or skew.reason)
    s = ratio.value
    return Measure(s * (1.0 + skew.value / 6.0 * s - (kurt.value - 3.0) / 24.0 * s * s))


def downside_deviation(returns: F1, periods: int, target: F1 | float = 0.0) -> Measure:
    """Root mean square of the shortfalls below `target` over all periods, × sqrt(A)."""
    excess = clean(returns - target)
    if excess.size == 0:
        return Measure(None, NO_RETURN)
    return Measure(_root_mean_square(np.minimum(excess, 0.0)) * math.sqrt(periods))


def upside_deviation(returns: F1, periods: int, target: F1 | float = 0.0) -> Measure:
    """Root mean square of the gains above `target` over all periods, × sqrt(A)."""
    return downside_deviation(-returns, periods, -target)


def downside_potential(returns: F1, target: F1 | float = 0.0) -> Measure:
    """Mean shortfall below `target` over all periods, a positive number."""
    excess = clean(returns - target)
    return Measure(-mean(np.minimum(excess, 0.0))) if excess.size else Measure(None, NO_RETURN)


def upside_potential(returns: F1, target: F1 | float = 0.0) -> Measure:
    """Mean gain above `target` over all periods."""
    return downside_potential(-returns, -target)


def downside_frequency(returns: F1, target: F1 | float = 0.0) -> Measure:
    """Share of the periods below `target`."""
    excess = clean(returns - target)
    return Measure(float(np.count_nonzero(excess < 0.0)) / excess.size) if excess.size else Measure(None, NO_RETURN)


def _root_mean_square(values: F1) -> float:
    return math.sqrt(mean(values * values))


def sortino(returns: F1, periods: int, target: F1 | float = 0.0) -> Measure:
    """Mean excess over `target` by the downside deviation, annualised.

    Source: Sortino & Price (1994), "Performance Measurement in a Downside Risk Framework", Journal of Investing 3(3).
    """
    excess = clean(returns - target)
    if excess.size < 2:
        return Measure(None, TOO_SHORT)
    below = _root_mean_square(np.minimum(excess, 0.0))
    if below < NOISE:
        return Measure(None, "no return below the target")
    return Measure(mean(excess) / below * math.sqrt(periods))


def omega(returns: F1, threshold: F1 | float = 0.0) -> Measure:
    """Σ max(r - L, 0) / Σ max(L - r, 0); L per period. At L = 0 the profit factor of the periods.

    Source: Keating & Shadwick (2002), "A Universal Performance Measure", Journal of Performance Measurement 6(3);
    at zero Bernardo & Ledoit (2000), "Gain, Loss, and Asset Pricing", Journal of Political Economy 108(1).
    """
    excess = clean(returns - threshold)
    if excess.size == 0:
        return Measure(None, NO_RETURN)
    lost = -float(np.sum(np.minimum(excess, 0.0)))
    if lost < NOISE:
        return Measure(None, "no return below the threshold")
    return Measure(float(np.sum(np.maximum(excess, 0.0))) / lost)


def omega_sharpe(returns: F1, threshold: F1 | float = 0.0) -> Measure:
    """Mean excess over the mean shortfall: Omega - 1."""
    measure = omega(returns, threshold)
    return measure if measure.value is None else Measure(measure.value - 1.0)


def stability(returns: F1) -> Measure:
    """R² of the logarithm of the compounded return on time: 1 where equity grows by one rate."""
    known = clean(returns)
    if known.size < 2:
        return Measure(None, TOO_SHORT)
    if (known <= -1.0).any():
        return Measure(None, "equity reached zero")
    growth = np.cumsum(np.log1p(known))
    time = np.arange(growth.size, dtype=np.float64)
    growth, time = growth - mean(growth), time - mean(time)
    spread = product(growth, growth)
    if math.sqrt(spread / growth.size) < NOISE:
        return Measure(None, "equity does not vary")
    return Measure(product(growth, time) ** 2 / (spread * product(time, time)))


def winning_periods(returns: F1) -> Measure:
    """Periods with a gain, of those with a gain or a loss."""
    moved = clean(returns)
    moved = moved[moved != 0.0]
    if moved.size == 0:
        return Measure(None, "no return other than zero")
    return Measure(float(np.count_nonzero(moved > 0.0)) / moved.size)


def best(returns: F1) -> Measure:
    """The highest return of a period."""
    known = clean(returns)
    return Measure(float(np.max(known))) if known.size else Measure(None, NO_RETURN)


def worst(returns: F1) -> Measure:
    """The lowest return of a period."""
    known = clean(returns)
    return Measure(float(np.min(known))) if known.size else Measure(None, NO_RETURN)


class Span(NamedTuple):
    """A calendar month or year of a record: index of its last close, its return, and whether it is surely whole."""

    last: int
    value: float
    whole: bool


def calendar_returns(sessions: NDArray[np.datetime64], equity: F1, unit: Literal["M", "Y"]) -> list[Span]:
    """The return of each calendar month ("M") or year ("Y"), from the last close before it to its own last close.

    The first one begins at the first point, for day 0 has no return; it and the last one may be parts. None where there
    are fewer than two points; ValueError where equity is not above zero.
    """
    if equity.size < 2:
        return []
    closes = calendar_closes(sessions, unit)
    ends = np.concatenate([[0], closes])
    values = returns_of(equity[ends])
    return [
        Span(int(end), float(value), 0 < at < closes.size - 1)
        for at, (end, value) in enumerate(zip(closes, values, strict=True))
        if end > 0  # else it is the first point alone, which has no return
    ]


def monthly_returns(sessions: NDArray[np.datetime64], equity: F1) -> F1:
    """The values of `calendar_returns` by month."""
    if equity.size < 2:
        return np.empty(0)
    closes = calendar_closes(sessions, "M")
    return returns_of(equity[np.concatenate([[0], closes])])[closes > 0]


def rolling(measure: Callable[..., Measure], window: int, *series: F1) -> F1:
    """A measure of every `window` consecutive values, stamped at the last of them.

    `measure` is called with the slice of each series. NaN where the window does not lie wholly inside the data, where
    it holds a NaN, or where the measure is undefined. Shape as the first series.
    """
    if window < 1:
        raise ValueError(f"window: expected 1 or more, got {window}")
    size = series[0].size
    found = np.full(size, np.nan)
    for last in range(window - 1, size):
        parts = [values[last - window + 1 : last + 1] for values in series]
        if not any(np.isnan(part).any() for part in parts):
            value = measure(*parts).value
            found[last] = np.nan if value is None else value
    return found
