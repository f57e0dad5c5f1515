"""Skewness and kurtosis: of the population, and as an unbiased sample estimates them."""

from __future__ import annotations

import math

import numpy as np

from app.engines.risk.basics import F1, STILL, TOO_SHORT, Measure, clean, deviation, mean


def _standardised(returns: F1) -> F1 | str:
    """Returns without NaN, less their mean, over their population deviation; or why there are none."""
    known = clean(returns)
    if known.size < 2:
        return TOO_SHORT
    spread = deviation(known, 0)
    return (known - mean(known)) / spread if spread > 0.0 else STILL


def skewness(returns: F1) -> Measure:
    """Third standardised moment of the population; 0 of a symmetric distribution. NaN returns are skipped."""
    found = _standardised(returns)
    return Measure(None, found) if isinstance(found, str) else Measure(mean(found * found * found))


def kurtosis(returns: F1) -> Measure:
    """Fourth standardised moment of the population, not in excess; 3 of a normal one. NaN returns are skipped."""
    found = _standardised(returns)
    if isinstance(found, str):
        return Measure(None, found)
    squares = found * found
    return Measure(mean(squares * squares))


def sample_skewness(returns: F1) -> Measure:
    """Skewness corrected for the bias of a sample (G1), as pandas gives it. Source: Joanes & Gill (1998)."""
    measure, count = skewness(returns), int(np.count_nonzero(~np.isnan(returns)))
    if measure.value is None:
        return measure
    if count < 3:
        return Measure(None, "fewer than three returns")
    return Measure(measure.value * math.sqrt(count * (count - 1)) / (count - 2))


def sample_excess_kurtosis(returns: F1) -> Measure:
    """Kurtosis in excess of 3, corrected for the bias of a sample (G2), as pandas gives it.

    Source: Joanes & Gill (1998), "Comparing measures of sample skewness and kurtosis", The Statistician 47(1).
    """
    measure, count = kurtosis(returns), int(np.count_nonzero(~np.isnan(returns)))
    if measure.value is None:
        return measure
    if count < 4:
        return Measure(None, "fewer than four returns")
    scale = (count - 1) / ((count - 2) * (count - 3))
    return Measure(scale * ((count + 1) * (measure.value - 3.0) + 6.0))
