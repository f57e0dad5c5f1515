"""Performance measures of one return series, equity curve or list of trades.

Conventions, the same everywhere:

- Returns are simple, E[t] / E[t-1] - 1. Day 0 has none, and no zero stands in for it. NaN returns are skipped, never
  taken as zero.
- The first equity point is the close of the first measured bar. The opening capital is only the first peak of the
  drawdown and the base of the total return.
- Standard deviations divide by n - 1; the downside deviation divides by all periods.
- Means are annualised by × A, deviations by × sqrt(A), growth by compounding; A = 252 for daily bars whatever the
  calendar counted. Intraday curves are taken at session closes first (`session_closes`).
- A deviation below 1e-12 is float noise and counts as zero.
- What is undefined is None with a reason; no measure is ever infinite or NaN.

Risk-free rates and targets are given per period: (1 + R) ** (1 / A) - 1 of an annual rate R (`per_period`).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

F1 = NDArray[np.float64]
I1 = NDArray[np.int64]

NOISE = 1e-12


class Measure(NamedTuple):
    """A value, or None and why."""

    value: float | None
    reason: str | None = None


class Drawdown(NamedTuple):
    """The deepest fall from a peak, by index into the equity.

    `depth` is a fraction in [-1, 0]. `peak` is -1 where the opening capital was the peak, `recovery` None while the
    peak has not been seen again. All indices are None where equity never fell.
    """

    depth: float
    peak: int | None
    trough: int | None
    recovery: int | None


def per_period(annual: float, periods: int) -> float:
    """The rate a period that compounds to `annual` in a year of `periods`."""
    return math.expm1(math.log1p(annual) / periods)


def returns_of(equity: F1) -> F1:
    """Simple returns between consecutive points, one fewer than there are points; ValueError if one is not above 0."""
    if not (equity[:-1] > 0.0).all():
        raise ValueError("equity must be above zero to measure a return as a fraction of it")
    return equity[1:] / equity[:-1] - 1.0


def session_closes(sessions: NDArray[np.datetime64]) -> I1:
    """Index of the last bar of each session, for bars with a time of day; every bar of daily ones."""
    days = sessions.astype("datetime64[D]")
    return np.flatnonzero(np.append(days[1:] != days[:-1], True))


def _clean(returns: F1) -> F1:
    return returns[~np.isnan(returns)]


def _deviation(returns: F1, risk_free: F1 | float = 0.0) -> tuple[F1, float] | None:
    """Excess returns without NaN and their sample deviation (0.0 if it is noise); None below two of them."""
    excess = _clean(returns - risk_free)
    if excess.size < 2:
        return None
    deviation = float(np.std(excess, ddof=1))
    return excess, deviation if deviation >= NOISE else 0.0


TOO_SHORT = "fewer than two returns"


def total_return(equity: F1, capital: float) -> Measure:
    """Last equity over the opening capital, minus 1."""
    if equity.size == 0:
        return Measure(None, "no bar was measured")
    return Measure(float(equity[-1]) / capital - 1.0)


def cumulative_return(returns: F1) -> Measure:
    """All returns compounded."""
    clean = _clean(returns)
    if clean.size == 0:
        return Measure(None, "no return")
    return Measure(float(np.prod(1.0 + clean)) - 1.0)


def cagr(returns: F1, periods: int) -> Measure:
    """Growth a year: (product of 1 + r) ** (A / T) - 1, by periods and not by calendar days.

    A return that is NaN is not in the product, but its period has passed and counts in T.
    """
    clean = _clean(returns)
    if clean.size == 0:
        return Measure(None, "no return")
    growth = float(np.prod(1.0 + clean))
    if growth < 0.0:
        return Measure(None, "equity fell below zero")
    try:
        return Measure(growth ** (periods / returns.size) - 1.0)
    except OverflowError:
        return Measure(None, "too few returns to speak of a year")


def volatility(returns: F1, periods: int) -> Measure:
    """Sample standard deviation × sqrt(A)."""
    found = _deviation(returns)
    if found is None:
        return Measure(None, TOO_SHORT)
    return Measure(found[1] * math.sqrt(periods))


def sharpe(returns: F1, periods: int, risk_free: F1 | float = 0.0) -> Measure:
    """Mean excess return over its sample deviation, × sqrt(A). Arithmetic mean.

    Source: Sharpe (1994), "The Sharpe Ratio", Journal of Portfolio Management 21(1).
    """
    found = _deviation(returns, risk_free)
    if found is None:
        return Measure(None, TOO_SHORT)
    excess, deviation = found
    if deviation == 0.0:
        return Measure(None, "returns do not vary")
    return Measure(float(np.mean(excess)) / deviation * math.sqrt(periods))


def downside_deviation(returns: F1, periods: int, target: F1 | float = 0.0) -> Measure:
    """Root mean square of the shortfalls below `target` over all periods, × sqrt(A)."""
    excess = _clean(returns - target)
    if excess.size == 0:
        return Measure(None, "no return")
    return Measure(math.sqrt(float(np.mean(np.minimum(excess, 0.0) ** 2))) * math.sqrt(periods))


def sortino(returns: F1, periods: int, target: F1 | float = 0.0) -> Measure:
    """Mean excess over `target` by the downside deviation, annualised.

    Source: Sortino & Price (1994), "Performance Measurement in a Downside Risk Framework", Journal of Investing 3(3).
    """
    excess = _clean(returns - target)
    if excess.size < 2:
        return Measure(None, TOO_SHORT)
    below = math.sqrt(float(np.mean(np.minimum(excess, 0.0) ** 2)))
    if below < NOISE:
        return Measure(None, "no return below the target")
    return Measure(float(np.mean(excess)) / below * math.sqrt(periods))


def drawdowns(equity: F1, capital: float) -> F1:
    """Equity over its running peak, minus 1, at each point; the opening capital is the first peak."""
    return equity / np.maximum.accumulate(np.maximum(equity, capital)) - 1.0


def deepest_drawdown(equity: F1, capital: float) -> Drawdown:
    """The deepest drawdown with its peak, trough and recovery; the earliest of equals."""
    below = drawdowns(equity, capital)
    trough = int(np.argmin(below)) if below.size else 0
    if below.size == 0 or below[trough] >= 0.0:
        return Drawdown(0.0, None, None, None)
    at_peak = np.flatnonzero(below[:trough] == 0.0)
    peak = int(at_peak[-1]) if at_peak.size else -1
    height = capital if peak < 0 else equity[peak]
    back = np.flatnonzero(equity[trough:] >= height)
    return Drawdown(float(below[trough]), peak, trough, trough + int(back[0]) if back.size else None)


def max_drawdown(equity: F1, capital: float) -> Measure:
    """Deepest loss from the running peak, a fraction in [-1, 0].

    Source: Magdon-Ismail & Atiya (2004), "Maximum Drawdown", Risk 17(10).
    """
    if equity.size == 0:
        return Measure(None, "no bar was measured")
    return Measure(deepest_drawdown(equity, capital).depth)


def calmar(returns: F1, equity: F1, capital: float, periods: int) -> Measure:
    """CAGR over the depth of the deepest drawdown of the same window.

    Source: Young (1991), "Calmar Ratio: A Smoother Tool", Futures 20(1), there over 36 months.
    """
    growth, depth = cagr(returns, periods), max_drawdown(equity, capital)
    if growth.value is None:
        return growth
    if not depth.value or abs(depth.value) < NOISE:
        return Measure(None, "equity never fell below its peak")
    return Measure(growth.value / abs(depth.value))


def win_rate(pnl: F1) -> Measure:
    """Closed trades with a profit after costs, of all closed trades; a trade of exactly zero is no win."""
    if pnl.size == 0:
        return Measure(None, "no closed trade")
    return Measure(float(np.count_nonzero(pnl > 0.0)) / pnl.size)


def profit_factor(pnl: F1) -> Measure:
    """Rupees won over rupees lost, closed trades, after costs."""
    if pnl.size == 0:
        return Measure(None, "no closed trade")
    lost = -float(np.sum(pnl[pnl < 0.0]))
    if lost == 0.0:
        return Measure(None, "no losing trade")
    return Measure(float(np.sum(pnl[pnl > 0.0])) / lost)


def expectancy(pnl: F1) -> Measure:
    """Mean profit of a closed trade after costs, rupees."""
    if pnl.size == 0:
        return Measure(None, "no closed trade")
    return Measure(float(np.mean(pnl)))


def average_holding(held: I1) -> Measure:
    """Mean sessions from the entry fill to the exit fill, closed trades, each counted once."""
    if held.size == 0:
        return Measure(None, "no closed trade")
    return Measure(float(np.mean(held)))


def time_in_market(holdings: F1) -> Measure:
    """Share of the bars that closed with a position."""
    if holdings.size == 0:
        return Measure(None, "no bar was measured")
    return Measure(float(np.count_nonzero(holdings)) / holdings.size)


def mean_gross_exposure(holdings: F1, equity: F1) -> Measure:
    """Mean of the holdings' value over equity."""
    if holdings.size == 0:
        return Measure(None, "no bar was measured")
    return Measure(float(np.mean(np.abs(holdings) / equity)))


def turnover(bought: float, sold: float, equity: F1, returns: int, periods: int) -> Measure:
    """The smaller of all purchases and all sales over the average equity, a year: one-sided."""
    if returns == 0:
        return Measure(None, "no return")
    return Measure(min(bought, sold) / float(np.mean(equity)) * periods / returns)
