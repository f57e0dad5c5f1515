"""Is the Sharpe real? Its standard error, the probability behind it, and what a search alone would have found.

Conventions, the same everywhere:

- Sharpe ratios are per period, as the length of the record is in periods: an annual one is divided by sqrt(A) first.
- Skewness and kurtosis are population moments (they divide by T), the kurtosis not in excess: 3 of a normal one.
- The number of trials counts every specification that was evaluated, failures and discarded ones included. Variants
  of one idea are correlated, so that counting each is the cautious side: the effective number is smaller.
- The variance across trials is that of the comparable ones, see `app.engines.evidence.trials`.
- A probability is never a corrected Sharpe: 0.93 says that the true Sharpe lies above the bar with a chance of 93 %.
- What is undefined is None with a reason.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.engines.risk.basics import NOISE, TOO_SHORT, Measure

F1 = NDArray[np.float64]

CONFIDENCE: Final = 0.95
_EULER: Final = 0.5772156649015329
_NORMAL: Final = NormalDist()


def _spread(sharpe: float, skewness: float, kurtosis: float) -> float:
    """Variance of the Sharpe × (T - 1): 1 + SR² / 2 of normal returns."""
    return 1.0 - skewness * sharpe + (kurtosis - 1.0) / 4.0 * sharpe * sharpe


NO_SPREAD = "with these moments the Sharpe has no standard error"  # two values only, at the one ratio that cancels


def standard_error(sharpe: float, periods: int, skewness: float, kurtosis: float) -> Measure:
    """Standard error of a Sharpe per period over `periods` independent returns, normal or not.

    Source: Mertens (2002), "Comments on variance of the IID estimator in Lo (2002)"; Bailey & López de Prado (2012),
    "The Sharpe Ratio Efficient Frontier", Journal of Risk 15(2).
    """
    if periods < 2:
        return Measure(None, TOO_SHORT)
    spread = _spread(sharpe, skewness, kurtosis)
    if spread < NOISE:
        return Measure(None, NO_SPREAD)
    return Measure(math.sqrt(spread / (periods - 1)))


def probabilistic_sharpe(
    sharpe: float, periods: int, skewness: float, kurtosis: float, benchmark: float = 0.0
) -> Measure:
    """Probability that the true Sharpe lies above `benchmark`; both per period.

    Source: Bailey & López de Prado (2012), "The Sharpe Ratio Efficient Frontier", Journal of Risk 15(2).
    """
    error = standard_error(sharpe, periods, skewness, kurtosis)
    if error.value is None:
        return error
    return Measure(_NORMAL.cdf((sharpe - benchmark) / error.value))


def min_track_record(
    sharpe: float, skewness: float, kurtosis: float, benchmark: float = 0.0, confidence: float = CONFIDENCE
) -> Measure:
    """Periods after which the probabilistic Sharpe would reach `confidence`, the Sharpe staying what it is.

    Over the periods of a year it is in years. Source: as `probabilistic_sharpe`.
    """
    ahead = sharpe - benchmark
    if ahead < NOISE:
        return Measure(None, "the Sharpe is not above the one it is measured against: no record is long enough")
    spread = _spread(sharpe, skewness, kurtosis)
    if spread < NOISE:
        return Measure(None, NO_SPREAD)
    needed = _NORMAL.inv_cdf(confidence) / ahead
    return Measure(1.0 + spread * needed * needed)


def expected_max_sharpe(trials: int, variance: float | None = 1.0) -> Measure:
    """The best Sharpe that luck alone gives in `trials` independent trials whose true Sharpe is zero.

    `variance` is that of the trials' Sharpe ratios (in its unit: per period in, per period out), None where it is not
    known; a single trial needs none, for its expected Sharpe is zero. ValueError for no trial at all.

    Source: Bailey & López de Prado (2014), "The Deflated Sharpe Ratio", Journal of Portfolio Management 40(5).
    """
    if trials < 1:
        raise ValueError(f"trials: expected 1 or more, got {trials}")
    if trials == 1:
        return Measure(0.0)
    if variance is None:
        few = f"of {trials} trials fewer than two have a Sharpe of a record like this one"
        return Measure(None, f"{few}, so how far they spread is not known")
    # quantiles at 1 - p, taken at p and turned round: exact for any number of trials
    first, second = -_NORMAL.inv_cdf(1.0 / trials), -_NORMAL.inv_cdf(1.0 / (trials * math.e))
    return Measure(math.sqrt(variance) * ((1.0 - _EULER) * first + _EULER * second))


def deflated_sharpe(
    sharpe: float, periods: int, skewness: float, kurtosis: float, trials: int, variance: float | None
) -> Measure:
    """Probability that the true Sharpe lies above the best that luck alone gives in `trials`; all per period.

    Equals the probabilistic Sharpe at one trial. Source: as `expected_max_sharpe`.
    """
    luck = expected_max_sharpe(trials, variance)
    if luck.value is None:
        return luck
    return probabilistic_sharpe(sharpe, periods, skewness, kurtosis, luck.value)


def min_backtest_length(trials: int, target: float = 1.0) -> float:
    """Years of data below which `trials` of no merit are expected to show an annual Sharpe of `target`.

    Source: Bailey, Borwein, López de Prado & Zhu (2014), "Pseudo-Mathematics and Financial Charlatanism", Notices of
    the AMS 61(5).
    """
    if not target > 0.0:
        raise ValueError(f"target: expected a Sharpe above 0, got {target}")
    luck = expected_max_sharpe(trials).value
    assert luck is not None  # the variance is given
    return (luck / target) ** 2


def autocorrelation_factor(periods: int, correlations: F1) -> Measure:
    """η(q): the Sharpe of `periods` together over that of one, sqrt(q) where returns are not autocorrelated.

    Parameters
    ----------
    periods : q, at least 1
    correlations : shape [q - 1] or longer, autocorrelations of the returns at lags 1, 2, …

    Source: Lo (2002), "The Statistics of Sharpe Ratios", Financial Analysts Journal 58(4).
    """
    if periods < 1 or correlations.size < periods - 1:
        raise ValueError(f"correlations: expected those of {periods - 1} lags, got {correlations.size}")
    lags = np.arange(1, periods)
    variance = periods + 2.0 * float(np.sum((periods - lags) * correlations[: periods - 1]))
    if variance < NOISE:
        return Measure(None, "with these autocorrelations the sum of the returns does not vary")
    return Measure(periods / math.sqrt(variance))
