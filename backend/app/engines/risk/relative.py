"""A series of returns beside a benchmark's, date by date; a date that either lacks counts in neither, if not told."""

from __future__ import annotations

import math

import numpy as np

from app.engines.risk.basics import F1, NO_RETURN, TOO_SHORT, Measure, clean, deviation, paired, product
from app.engines.risk.returns import cagr

_STILL = "the benchmark's returns do not vary"
_TOGETHER = "the returns do not differ from the benchmark's"


def beta(returns: F1, benchmark: F1, risk_free: F1 | float = 0.0) -> Measure:
    """Covariance with the benchmark over its variance, of excess returns."""
    ours, theirs = paired(returns - risk_free, benchmark - risk_free)
    if ours.size < 2:
        return Measure(None, TOO_SHORT)
    if deviation(theirs) == 0.0:
        return Measure(None, _STILL)
    moves = theirs - np.mean(theirs)
    return Measure(product(moves, ours - np.mean(ours)) / product(moves, moves))


def correlation(returns: F1, benchmark: F1) -> Measure:
    """Pearson's correlation with the benchmark."""
    ours, theirs = paired(returns, benchmark)
    if ours.size < 2:
        return Measure(None, TOO_SHORT)
    if deviation(theirs) == 0.0 or deviation(ours) == 0.0:
        return Measure(None, "one of the two does not vary")
    ours, theirs = ours - np.mean(ours), theirs - np.mean(theirs)
    return Measure(product(ours, theirs) / math.sqrt(product(ours, ours) * product(theirs, theirs)))


def alpha(returns: F1, benchmark: F1, periods: int, risk_free: F1 | float = 0.0) -> Measure:
    """Mean excess return that beta does not explain, compounded to a year: (1 + α) ** A - 1.

    Regression texts give α × A. Source: Jensen (1968), Journal of Finance 23(2), per period.
    """
    slope = beta(returns, benchmark, risk_free)
    if slope.value is None:
        return slope
    ours, theirs = paired(returns - risk_free, benchmark - risk_free)
    a_period = float(np.mean(ours)) - slope.value * float(np.mean(theirs))
    if a_period <= -1.0:
        return Measure(None, "a loss of everything a period does not compound")
    try:
        return Measure((1.0 + a_period) ** periods - 1.0)
    except OverflowError:
        return Measure(None, "too few returns to speak of a year")


def jensen_alpha(returns: F1, benchmark: F1, periods: int, risk_free_annual: float = 0.0) -> Measure:
    """Annual growth less what beta gives of the benchmark's: R - f - β (B - f), each compounded to a year.

    Source: Jensen (1968); Bacon (2008), "Practical Portfolio Performance".
    """
    slope = beta(returns, benchmark)
    ours, theirs = (cagr(series, periods) for series in paired(returns, benchmark))
    if slope.value is None or ours.value is None or theirs.value is None:
        return Measure(None, slope.reason or ours.reason or theirs.reason)
    return Measure(ours.value - risk_free_annual - slope.value * (theirs.value - risk_free_annual))


def tracking_error(returns: F1, benchmark: F1, periods: int) -> Measure:
    """Sample deviation of the differences × sqrt(A)."""
    ours, theirs = paired(returns, benchmark)
    if ours.size < 2:
        return Measure(None, TOO_SHORT)
    return Measure(deviation(ours - theirs) * math.sqrt(periods))


def information_ratio(returns: F1, benchmark: F1, periods: int) -> Measure:
    """Annual growth less the benchmark's annual growth, over the tracking error.

    Source: Grinold & Kahn (2000), "Active Portfolio Management"; the premium geometric as in PerformanceAnalytics.
    """
    error = tracking_error(returns, benchmark, periods)
    ours, theirs = (cagr(series, periods) for series in paired(returns, benchmark))
    if error.value is None or ours.value is None or theirs.value is None:
        return Measure(None, error.reason or ours.reason or theirs.reason)
    return Measure((ours.value - theirs.value) / error.value) if error.value > 0.0 else Measure(None, _TOGETHER)


def excess_sharpe(returns: F1, benchmark: F1 | float) -> Measure:
    """Mean difference over its sample deviation, per period: the arithmetic information ratio, not annualised."""
    differences = clean(returns - benchmark)
    if differences.size < 2:
        return Measure(None, TOO_SHORT)
    spread = deviation(differences)
    return Measure(float(np.mean(differences)) / spread) if spread > 0.0 else Measure(None, _TOGETHER)


def specific_risk(returns: F1, benchmark: F1, periods: int) -> Measure:
    """Deviation of what beta does not explain × sqrt(A), of the population. Source: Bacon (2008)."""
    slope = beta(returns, benchmark)
    if slope.value is None:
        return slope
    ours, theirs = paired(returns, benchmark)
    return Measure(deviation(ours - slope.value * theirs, 0) * math.sqrt(periods))


def m_squared(returns: F1, benchmark: F1, periods: int, risk_free_annual: float = 0.0) -> Measure:
    """Annual growth at the benchmark's risk: (R - f) σb / σ + f. Source: Modigliani & Modigliani (1997), JPM 23(2)."""
    ours, theirs = paired(returns, benchmark)
    growth = cagr(ours, periods)
    if growth.value is None:
        return growth
    if ours.size < 2:
        return Measure(None, TOO_SHORT)
    if deviation(ours) == 0.0:
        return Measure(None, "returns do not vary")
    return Measure((growth.value - risk_free_annual) * deviation(theirs) / deviation(ours) + risk_free_annual)


def capture(returns: F1, benchmark: F1, periods: int) -> Measure:
    """Annual growth over the benchmark's annual growth, each of its whole record: no date has to be in both."""
    return _captured(returns, benchmark, periods)


def up_capture(returns: F1, benchmark: F1, periods: int) -> Measure:
    """`capture` over the periods in which the benchmark gained."""
    ours, theirs = paired(returns, benchmark)
    return _captured(ours[theirs > 0.0], theirs[theirs > 0.0], periods)


def down_capture(returns: F1, benchmark: F1, periods: int) -> Measure:
    """`capture` over the periods in which the benchmark lost."""
    ours, theirs = paired(returns, benchmark)
    return _captured(ours[theirs < 0.0], theirs[theirs < 0.0], periods)


def _captured(ours: F1, theirs: F1, periods: int) -> Measure:
    if ours.size == 0:
        return Measure(None, NO_RETURN)
    first, second = cagr(ours, periods), cagr(theirs, periods)
    if first.value is None or second.value is None:
        return Measure(None, first.reason or second.reason)
    if abs(second.value) < 1e-12:
        return Measure(None, "the benchmark did not move")
    return Measure(first.value / second.value)
