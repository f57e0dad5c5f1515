"""Value at risk and expected shortfall, three ways: as it was, as its shape would have it, and at today's pace."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Final

import numpy as np

from app.engines.risk.basics import F1, STILL, TOO_SHORT, Measure, deviation
from app.engines.risk.moments import kurtosis, skewness
from app.engines.risk.tail import expected_shortfall, value_at_risk, value_at_risk_cornish_fisher

DECAY: Final = 0.94  # of the variance a session, the RiskMetrics value for daily returns
_NORMAL: Final = NormalDist()


def at_todays_pace(returns: F1, decay: float = DECAY) -> F1 | None:
    """Each return times today's expected deviation over the one expected for its session; None where nothing varies.

    The variance is an exponentially weighted mean of squares, its first value that of the whole record.

    Source: Hull & White (1998), "Incorporating volatility updating into the historical simulation method for value at
    risk", Journal of Risk 1(1); Barone-Adesi, Giannopoulos & Vosper (1999), filtered historical simulation.
    """
    if returns.size < 2 or deviation(returns) == 0.0:
        return None
    variance = float(np.mean(returns * returns))
    expected = np.empty(returns.size)
    for t, square in enumerate((returns * returns).tolist()):
        expected[t] = variance
        variance = decay * variance + (1.0 - decay) * square
    scaled: F1 = returns * np.sqrt(variance / expected)
    return scaled


def value_at_risk_filtered(returns: F1, confidence: float = 0.95) -> Measure:
    """The historical value at risk of the returns at today's pace."""
    scaled = at_todays_pace(returns)
    return Measure(None, _why(returns)) if scaled is None else value_at_risk(scaled, confidence)


def expected_shortfall_filtered(returns: F1, confidence: float = 0.95) -> Measure:
    """The historical expected shortfall of the returns at today's pace."""
    scaled = at_todays_pace(returns)
    return Measure(None, _why(returns)) if scaled is None else expected_shortfall(scaled, confidence)


def expected_shortfall_cornish_fisher(returns: F1, confidence: float = 0.95) -> Measure:
    """Mean loss beyond the modified value at risk, by the Edgeworth expansion at its bent quantile.

    Undefined where `value_at_risk_cornish_fisher` is, and where the expansion says less than that.

    Source: Boudt, Peterson & Croux (2008), "Estimation and decomposition of downside risk for portfolios with
    non-normal returns", Journal of Risk 11(2).
    """
    at_risk = value_at_risk_cornish_fisher(returns, confidence)
    skew, kurt = skewness(returns), kurtosis(returns)
    if at_risk.value is None or skew.value is None or kurt.value is None:
        return at_risk
    s, k = skew.value, kurt.value - 3.0
    mean, spread = float(np.mean(returns)), deviation(returns, 0)
    g = -(at_risk.value + mean) / spread
    density = math.exp(-g * g / 2.0) / math.sqrt(2.0 * math.pi)

    def power(degree: int) -> float:
        return _moment(degree, g, density)

    bent = (
        density
        + (power(4) - 6.0 * power(2) + 3.0 * density) * k / 24.0
        + (power(3) - 3.0 * power(1)) * s / 6.0
        + (power(6) - 15.0 * power(4) + 45.0 * power(2) - 15.0 * density) * s * s / 72.0
    )
    found = -mean + spread * bent / (1.0 - confidence)
    if found < at_risk.value:
        return Measure(None, "skewness and kurtosis are too large for this expansion")
    return Measure(found)


def _moment(degree: int, g: float, density: float) -> float:
    """The integrals I^q of Boudt, Peterson & Croux (2008), appendix A."""
    half = degree // 2
    if degree % 2 == 0:
        total = sum(_run(2, 2 * half) / _run(2, 2 * i) * g ** (2 * i) for i in range(1, half + 1)) * density
        return total + _run(2, 2 * half) * density
    total = sum(_run(1, 2 * half + 1) / _run(1, 2 * i + 1) * g ** (2 * i + 1) for i in range(half + 1)) * density
    return total - _run(1, 2 * half + 1) * _NORMAL.cdf(g)


def _run(first: int, last: int) -> float:
    """first × (first + 2) × … × last."""
    return float(math.prod(range(first, last + 1, 2)))


def _why(returns: F1) -> str:
    return TOO_SHORT if returns.size < 2 else STILL
