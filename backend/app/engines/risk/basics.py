"""What every measure shares: its kind of answer, how missing and noisy numbers are taken, returns of an equity.

Conventions, the same everywhere:

- Returns are simple, E[t] / E[t-1] - 1. Day 0 has none, and no zero stands in for it. NaN returns are skipped, never
  taken as zero; what judges a whole record (`app.engines.risk.report`) refuses one with too many of them.
- The first equity point is the close of the first measured bar. The opening capital is only the first peak of the
  drawdown and the base of the total return.
- Standard deviations divide by n - 1; the downside deviation divides by all periods; skewness and kurtosis are those
  of the population, the kurtosis not in excess. Where another is common, `ddof` chooses.
- Means are annualised by × A, deviations by × sqrt(A), growth by compounding; A = 252 for daily bars whatever the
  calendar counted. Intraday curves are taken at session closes first (`session_closes`).
- Quantiles are linear between neighbours (R's type 7, NumPy's default). Losses are told as positive numbers by the
  value at risk and its kin, and as fractions below zero by drawdowns.
- A deviation below 1e-12 is float noise and counts as zero.
- What is undefined is None with a reason; no measure is ever infinite or NaN.

Risk-free rates and targets are given per period: (1 + R) ** (1 / A) - 1 of an annual rate R (`per_period`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

F1 = NDArray[np.float64]
I1 = NDArray[np.int64]

NOISE = 1e-12
TOO_SHORT = "fewer than two returns"
NO_RETURN = "no return"
NO_BAR = "no bar was measured"
NO_TRADE = "no closed trade"
STILL = "returns do not vary"


class Measure(NamedTuple):
    """A value, or None and why."""

    value: float | None
    reason: str | None = None


def gathered(measures: Mapping[str, Measure]) -> tuple[dict[str, float | int | None], dict[str, str]]:
    """Values by name and the reason of each None; a number beyond a float's range is None, too."""
    values: dict[str, float | int | None] = {}
    reasons: dict[str, str] = {}
    for name, (value, reason) in measures.items():
        beyond = value is not None and not math.isfinite(value)
        values[name] = None if beyond else value
        if beyond or reason is not None:
            reasons[name] = "beyond the range of numbers" if beyond else str(reason)
    return values, reasons


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


def calendar_closes(sessions: NDArray[np.datetime64], unit: Literal["M", "Y"]) -> I1:
    """Index of the last bar of each calendar month or year, the last one of an unfinished one too."""
    spans = sessions.astype(f"datetime64[{unit}]")
    return np.flatnonzero(np.append(spans[1:] != spans[:-1], True))


def clean(returns: F1) -> F1:
    """The returns without NaN."""
    missing = np.isnan(returns)
    return returns[~missing] if missing.any() else returns


def paired(first: F1, second: F1) -> tuple[F1, F1]:
    """Both series where neither is NaN; ValueError if they have not one length."""
    if first.shape != second.shape:
        raise ValueError(f"two series of one length are compared, got {first.size} and {second.size}")
    known = ~(np.isnan(first) | np.isnan(second))
    return first[known], second[known]


def product(first: F1, second: F1) -> float:
    """Sum of the products. Not by BLAS, which adds in an order that depends on its threads."""
    return float(np.sum(first * second))


def mean(values: F1 | I1) -> float:
    """What `np.mean` says, without its preparations: a report asks some fifty times."""
    return float(np.add.reduce(values)) / values.size


def deviation(values: F1, ddof: int = 1) -> float:
    """Standard deviation without NaN, as `np.std`; 0.0 where it is float noise. Needs more values than `ddof`."""
    away = values - mean(values)
    found = math.sqrt(float(np.add.reduce(away * away)) / (values.size - ddof))
    return found if found >= NOISE else 0.0


def quantile(ascending: F1, share: float) -> float:
    """What `np.quantile` says of sorted values: linear between neighbours, from the nearer of the two."""
    place = (ascending.size - 1) * share
    below = math.floor(place)
    low, high = float(ascending[below]), float(ascending[min(below + 1, ascending.size - 1)])
    part = place - below
    return low + (high - low) * part if part < 0.5 else high - (high - low) * (1.0 - part)
