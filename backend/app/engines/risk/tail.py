"""The worst returns: value at risk, expected shortfall, tail ratio. Losses are positive numbers, per period."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Final

import numpy as np

from app.engines.risk.basics import F1, NO_RETURN, NOISE, TOO_SHORT, Measure, clean, deviation, mean, quantile
from app.engines.risk.moments import kurtosis, skewness

_NORMAL: Final = NormalDist()


def _checked(confidence: float) -> float:
    if not 0.5 < confidence < 1.0:
        raise ValueError(f"confidence: expected between 0.5 and 1, such as 0.95, got {confidence}")
    return confidence


def value_at_risk(returns: F1, confidence: float = 0.95) -> Measure:
    """Historical: the loss not exceeded in `confidence` of the periods, -quantile(r, 1 - c), linear between neighbours.

    Negative where even that quantile is a gain. Source: Jorion (2006), "Value at Risk".
    """
    known = np.sort(clean(returns))
    if known.size == 0:
        return Measure(None, NO_RETURN)
    return Measure(-quantile(known, 1.0 - _checked(confidence)))


def expected_shortfall(returns: F1, confidence: float = 0.95) -> Measure:
    """Historical: mean loss of the periods at or beyond the historical value at risk (CVaR).

    At least one period always is. Source: Rockafellar & Uryasev (2000), "Optimization of conditional value-at-risk",
    Journal of Risk 2(3); Acerbi & Tasche (2002).
    """
    known = np.sort(clean(returns))
    if known.size == 0:
        return Measure(None, NO_RETURN)
    # the quantile lies between two neighbours of the sorted returns: those up to the lower one are at or beyond it,
    # and any equal to the quantile itself, whatever the last bit of its interpolation
    place = (known.size - 1) * (1.0 - _checked(confidence))
    count = math.floor(place + 1e-9) + 1
    count = max(count, int(np.searchsorted(known, quantile(known, 1.0 - confidence), side="right")))
    return Measure(-mean(known[:count]))


def _moments(returns: F1, ddof: int) -> tuple[float, float] | None:
    known = clean(returns)
    return (mean(known), deviation(known, ddof)) if known.size > 1 else None


def value_at_risk_normal(returns: F1, confidence: float = 0.95, *, ddof: int = 1) -> Measure:
    """Parametric: -(m + z s) with the normal quantile z at 1 - c. R's PerformanceAnalytics takes ddof 0.

    Source: J.P. Morgan/Reuters (1996), "RiskMetrics Technical Document".
    """
    found = _moments(returns, ddof)
    if found is None:
        return Measure(None, TOO_SHORT)
    return Measure(-(found[0] + _NORMAL.inv_cdf(1.0 - _checked(confidence)) * found[1]))


def expected_shortfall_normal(returns: F1, confidence: float = 0.95, *, ddof: int = 1) -> Measure:
    """Parametric: -m + s φ(z) / (1 - c). Source: Acerbi & Tasche (2002), Journal of Banking & Finance 26(7)."""
    found = _moments(returns, ddof)
    if found is None:
        return Measure(None, TOO_SHORT)
    beyond = 1.0 - _checked(confidence)
    return Measure(-found[0] + found[1] * _NORMAL.pdf(_NORMAL.inv_cdf(beyond)) / beyond)


def value_at_risk_cornish_fisher(returns: F1, confidence: float = 0.95) -> Measure:
    """Modified: as parametric, the quantile bent by the population's skewness and kurtosis, deviation of ddof 0.

    Undefined where the bent quantiles no longer rise with the normal ones, as with a large skewness or kurtosis: the
    expansion then may tell a smaller loss at 99 % than at 95 %. Source: Zangari (1996), RiskMetrics Monitor; Favre &
    Galeano (2002), Journal of Alternative Investments 5(2); domain: Maillard (2012).
    """
    found, skew, kurt = _moments(returns, 0), skewness(returns), kurtosis(returns)
    if found is None or skew.value is None or kurt.value is None:
        return Measure(None, skew.reason or TOO_SHORT)
    s, k = skew.value, kurt.value - 3.0
    # dz'/dz = a z² + b z + c must not fall below zero between the quantile asked and the middle
    a, b, c = k / 8.0 - s * s / 6.0, s / 3.0, 1.0 - k / 8.0 + 5.0 * s * s / 36.0
    z = _NORMAL.inv_cdf(1.0 - _checked(confidence))
    turn = -b / (2.0 * a) if a != 0.0 else 0.0
    if any(a * x * x + b * x + c < 0.0 for x in (0.0, z, turn) if z <= x <= 0.0):
        return Measure(None, "skewness and kurtosis are too large for this expansion")
    bent = z + (z**2 - 1.0) * s / 6.0 + (z**3 - 3.0 * z) * k / 24.0 - (2.0 * z**3 - 5.0 * z) * s**2 / 36.0
    return Measure(-(found[0] + bent * found[1]))


def value_at_risk_of_position(value: float, deviation_a_day: float, quantile: float, days: int = 1) -> float:
    """Rupees at risk of a position over `days`: value × σ × z × sqrt(days), the mean left out and days independent.

    Source: Hull, "Options, Futures, and Other Derivatives", chapter on value at risk.
    """
    return value * deviation_a_day * quantile * math.sqrt(days)


def tail_ratio(returns: F1) -> Measure:
    """95th percentile over the size of the 5th: above 1 where the best are larger than the worst."""
    known = np.sort(clean(returns))
    if known.size == 0:
        return Measure(None, NO_RETURN)
    high, low = quantile(known, 0.95), quantile(known, 0.05)
    if low >= -NOISE:
        return Measure(None, "the worst twentieth of the returns is no loss")
    return Measure(abs(high) / abs(low))
