"""Factors and the regression on them."""

from __future__ import annotations

import numpy as np
import pytest

from app.engines.portfolio import factors

from .made import random_returns


def test_a_month_ends_at_its_last_session_and_an_unfinished_one_not_at_all():
    days = np.array(["2024-01-30", "2024-01-31", "2024-02-01", "2024-02-29", "2024-03-01"], "datetime64[D]")
    assert factors.month_ends(days).tolist() == [1, 3]


def test_long_short_by_hand():
    # 30 shares, 9 in each leg, ranked by their number at session 1: the top earn 1 %, the bottom lose 2 % from then on
    returns = np.zeros((4, 30))
    returns[2:, 21:], returns[2:, :9] = 0.01, -0.02
    returns[0] = 9.0  # before the ranking: nothing
    found = factors.long_short(returns, np.arange(30.0)[None, :], np.array([1]))
    assert np.isnan(found[:2]).all()
    assert found[2:] == pytest.approx([0.03, 0.03])


def test_a_ranking_looks_at_nothing_after_it():
    days = np.datetime64("2022-01-01") + np.arange(500)
    returns = random_returns(4, 500, 40)
    prices = np.cumprod(1.0 + returns, axis=0)
    ends = factors.month_ends(days)
    until = ends[ends < 400]
    for score, values in ((factors.momentum_scores, prices), (factors.quiet_scores, returns)):
        whole = score(values, ends)[: len(until)]
        assert score(values[:400], until) == pytest.approx(whole, nan_ok=True)


def test_momentum_leaves_the_last_month_out():
    prices = np.ones((300, 2))
    prices[300 - 20 :, 0] = 5.0  # a jump in the last month counts for nothing
    prices[100:, 1] = 2.0
    assert factors.momentum_scores(prices, np.array([299]))[0].tolist() == [0.0, 1.0]


def test_too_few_shares_make_no_factor():
    found = factors.long_short(np.zeros((5, 29)), np.arange(29.0)[None, :], np.array([0]))
    assert np.isnan(found).all()


def test_the_slopes_of_a_made_portfolio_are_found_and_lie_in_their_intervals():
    stream = np.random.default_rng(6)
    x = stream.standard_normal((500, 3)) * 0.01
    y = 0.9 * x[:, 0] - 0.4 * x[:, 1] + stream.standard_normal(500) * 0.002
    fit = factors.regress(y, x)
    assert fit is not None
    assert [one.value for one in fit.exposures] == pytest.approx([0.9, -0.4, 0.0], abs=0.03)
    assert all(one.low <= true <= one.high for one, true in zip(fit.exposures, (0.9, -0.4, 0.0), strict=True))
    assert 0.9 < fit.r_squared < 1.0
    # the slopes are those of plain least squares
    plain = np.linalg.lstsq(np.column_stack([np.ones(500), x]), y, rcond=None)[0]
    assert [one.value for one in fit.exposures] == pytest.approx(plain[1:].tolist(), rel=1e-9)


def test_unknown_sessions_are_left_out_and_too_few_are_not_judged():
    x = random_returns(2, 100, 2)
    y = x[:, 0].copy()
    y[:50] = np.nan
    fit = factors.regress(y, x)
    assert fit is not None
    assert fit.sessions == 50
    y[:75] = np.nan
    assert factors.regress(y, x) is None


def test_factors_that_are_the_same_cannot_be_told_apart():
    x = random_returns(2, 100, 1)
    assert factors.regress(x[:, 0], np.column_stack([x, x])) is None
