"""Value at risk three ways: by hand, by the formulae, by integration."""

from __future__ import annotations

import math
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest

from app.engines.portfolio import tails
from app.engines.risk import moments, tail

from ..risk.golden import column
from .made import random_returns


def test_returns_at_todays_pace_by_hand():
    # mean square (1 + 4 + 1) / 3 = 2; then (2 + 1) / 2 = 1.5, (1.5 + 4) / 2 = 2.75, (2.75 + 1) / 2 = 1.875
    found = tails.at_todays_pace(np.array([0.01, -0.02, 0.01]), decay=0.5)
    expected = [0.01 * math.sqrt(1.875 / 2), -0.02 * math.sqrt(1.875 / 1.5), 0.01 * math.sqrt(1.875 / 2.75)]
    assert found == pytest.approx(expected)


def test_after_a_storm_the_filtered_loss_is_larger_than_the_plain_one():
    calm, storm = np.tile([0.002, -0.002, 0.001, -0.001], 50), np.tile([0.03, -0.03], 10)
    returns = np.concatenate([calm, storm])
    plain, paced = tail.value_at_risk(returns).value, tails.value_at_risk_filtered(returns).value
    assert plain is not None
    assert paced is not None
    assert paced > plain


def test_scaled_returns_have_scaled_losses():
    returns = random_returns(8, 400, 1)[:, 0]
    for measure in (
        tails.value_at_risk_filtered,
        tails.expected_shortfall_filtered,
        tails.expected_shortfall_cornish_fisher,
    ):
        one, three = measure(returns, 0.95).value, measure(3.0 * returns, 0.95).value
        assert one is not None
        assert three == pytest.approx(3.0 * one, rel=1e-9)


def test_the_bent_shortfall_is_the_mean_of_the_edgeworth_density_beyond_its_quantile(evidence: Path):
    returns = column(evidence / "golden" / "data" / "monthly_bacon.csv", "portfolio")
    skew, kurt = moments.skewness(returns).value, moments.kurtosis(returns).value
    at_risk = tail.value_at_risk_cornish_fisher(returns, 0.95).value
    assert skew is not None
    assert kurt is not None
    assert at_risk is not None
    mean, spread = returns.mean(), returns.std()
    x = np.linspace(-12.0, -(at_risk + mean) / spread, 400_001)
    bend = (
        1.0
        + skew / 6.0 * (x**3 - 3.0 * x)
        + (kurt - 3.0) / 24.0 * (x**4 - 6.0 * x**2 + 3.0)
        + skew**2 / 72.0 * (x**6 - 15.0 * x**4 + 45.0 * x**2 - 15.0)
    )
    values = x * np.exp(-x * x / 2.0) / math.sqrt(2.0 * math.pi) * bend
    integral = float(np.sum((values[1:] + values[:-1]) / 2.0) * (x[1] - x[0]))
    assert tails.expected_shortfall_cornish_fisher(returns, 0.95).value == pytest.approx(
        -mean - spread * integral / 0.05, rel=1e-7
    )


def test_of_an_almost_normal_record_all_three_are_the_normal_loss():
    returns = np.array([NormalDist().inv_cdf((i + 0.5) / 20_000) for i in range(20_000)]) * 0.01
    np.random.default_rng(1).shuffle(returns)
    normal = 0.01 * NormalDist().inv_cdf(0.95)
    assert tail.value_at_risk(returns).value == pytest.approx(normal, rel=1e-3)
    assert tail.value_at_risk_cornish_fisher(returns).value == pytest.approx(normal, rel=1e-3)
    shortfall = 0.01 * NormalDist().pdf(NormalDist().inv_cdf(0.95)) / 0.05
    assert tails.expected_shortfall_cornish_fisher(returns).value == pytest.approx(shortfall, rel=1e-3)


def test_what_stands_still_has_no_pace():
    assert tails.value_at_risk_filtered(np.zeros(100)).reason == "returns do not vary"
    assert tails.expected_shortfall_filtered(np.array([0.1])).reason == "fewer than two returns"
