"""Concentration and contributions, by hand and by what they must obey."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engines.portfolio import spread
from app.engines.portfolio.table import covariance

from .made import random_returns

seeds = st.integers(0, 10_000)


def weights_of(seed: int, count: int) -> np.ndarray:
    raw = np.random.default_rng(seed).uniform(0.01, 1.0, count)
    return raw / raw.sum()


def test_concentration_by_hand():
    weights = np.array([0.5, 0.3, 0.2])
    assert spread.herfindahl(weights) == pytest.approx(0.25 + 0.09 + 0.04)
    assert spread.effective_number(weights) == pytest.approx(1 / 0.38)
    assert spread.top_share(weights, 1) == 0.5
    assert spread.top_share(weights, 2) == pytest.approx(0.8)
    assert spread.top_share(weights, 10) == pytest.approx(1.0)
    assert spread.effective_number(np.full(8, 0.125)) == pytest.approx(8.0)


def test_contributions_of_two_holdings_by_hand():
    # deviations 20 % and 10 %, correlation 0.5: covariance 0.01. Half and half:
    # variance = 0.25 × 0.04 + 0.25 × 0.01 + 2 × 0.25 × 0.01 = 0.0175; towards = (0.025, 0.01)
    # shares = (0.5 × 0.025, 0.5 × 0.01) / 0.0175 = (0.714286, 0.285714)
    split = spread.contributions(np.array([0.5, 0.5]), np.array([[0.04, 0.01], [0.01, 0.01]]))
    assert split is not None
    assert split.volatility == pytest.approx(math.sqrt(0.0175))
    assert split.share == pytest.approx([0.0125 / 0.0175, 0.005 / 0.0175])
    assert split.marginal == pytest.approx([0.025 / math.sqrt(0.0175), 0.01 / math.sqrt(0.0175)])


def test_two_equal_holdings_without_correlation_diversify_by_the_root_of_two():
    found = spread.diversification_ratio(np.array([0.5, 0.5]), np.diag([0.04, 0.04]))
    assert found == pytest.approx(math.sqrt(2.0))


@settings(deadline=None)
@given(seeds, st.integers(1, 12))
def test_contributions_sum_to_the_whole(seed: int, count: int):
    covariances, weights = covariance(random_returns(seed, 80, count).T), weights_of(seed, count)
    split = spread.contributions(weights, covariances)
    assert split is not None
    assert split.absolute.sum() == pytest.approx(split.volatility, rel=1e-12)
    assert split.share.sum() == pytest.approx(1.0, abs=1e-12)


@settings(deadline=None)
@given(seeds, st.floats(0.1, 50.0))
def test_scaling_the_returns_scales_the_risk_and_leaves_its_split(seed: int, factor: float):
    returns, weights = random_returns(seed, 80, 5), weights_of(seed, 5)
    one, other = (spread.contributions(weights, covariance((returns * k).T)) for k in (1.0, factor))
    assert one is not None
    assert other is not None
    assert other.volatility == pytest.approx(factor * one.volatility, rel=1e-9)
    assert other.share == pytest.approx(one.share, rel=1e-9)


@settings(deadline=None)
@given(seeds)
def test_a_marginal_contribution_is_the_slope_of_the_volatility(seed: int):
    covariances, weights = covariance(random_returns(seed, 80, 4).T), weights_of(seed, 4)
    split = spread.contributions(weights, covariances)
    assert split is not None
    step = np.array([1e-6, 0.0, 0.0, 0.0])
    slope = (math.sqrt((weights + step) @ covariances @ (weights + step)) - split.volatility) / 1e-6
    assert split.marginal[0] == pytest.approx(slope, rel=1e-4, abs=1e-9)


def test_a_holding_split_in_two_contributes_the_same_together():
    returns, weights = random_returns(3, 120, 3), np.array([0.5, 0.3, 0.2])
    whole = spread.contributions(weights, covariance(returns.T))
    twice = np.column_stack([returns, returns[:, 0]])
    parts = spread.contributions(np.array([0.2, 0.3, 0.2, 0.3]), covariance(twice.T))
    assert whole is not None
    assert parts is not None
    assert parts.volatility == pytest.approx(whole.volatility)
    assert parts.share[0] + parts.share[3] == pytest.approx(whole.share[0])


def test_the_parts_of_the_shortfall_by_hand():
    # four sessions, worst half: portfolio −3 % and −2 %; there A lost 4 % and 0, B 2 % and 4 %, half of each held
    returns = np.array([[-0.04, -0.02], [0.0, -0.04], [0.01, 0.01], [0.02, 0.02]])
    assert spread.tail_contributions(np.array([0.5, 0.5]), returns, 0.5) == pytest.approx([0.01 / 0.025, 0.015 / 0.025])


def test_a_portfolio_that_stands_still_has_no_split():
    assert spread.contributions(np.array([1.0]), np.zeros((1, 1))) is None
