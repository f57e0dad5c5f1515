"""The engine's methods: beside skfolio on the same returns, by hand, by the conditions of an optimum, inside limits.

HRP is that of PyPortfolioOpt 1.6.0 (single linkage) on `made.waves()`; skfolio puts the leaves in another order.
Solvers stop at about 1e-5 of a weight.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skfolio import RiskMeasure
from skfolio.moments import LedoitWolf
from skfolio.optimization import MeanRisk, RiskBudgeting
from skfolio.prior import EmpiricalPrior
from sklearn.covariance import ledoit_wolf

from app.engines.portfolio.allocate import (
    METHODS,
    Infeasible,
    allocate,
    risk_parity,
    shrunk_covariance,
)
from app.engines.portfolio.limits import Limits, Region, region
from app.engines.portfolio.spread import contributions
from app.engines.portfolio.walk import walk_forward

from .made import random_returns, waves

SYMBOLS, SECTORS = list("ABCDEF"), ["x", "x", "y", "y", "y", "z"]
EQUAL = np.full(6, 1 / 6)


def within(today: np.ndarray = EQUAL, **limits: object) -> Region:
    return region(Limits(**limits), SYMBOLS, SECTORS, today)  # type: ignore[arg-type]


@given(st.integers(0, 10_000))
@settings(deadline=None, max_examples=20)
def test_the_shrinkage_is_scikit_learns(seed: int):
    returns = random_returns(seed, 90, 5)
    matrix, share = shrunk_covariance(returns)
    theirs, shrinkage = ledoit_wolf(returns)
    assert share == pytest.approx(shrinkage, rel=1e-9)
    assert matrix == pytest.approx(theirs, rel=1e-9)


@pytest.mark.parametrize("limits", [{}, {"most_each": 0.22, "most_sector": {"x": 0.3}}, {"most_each": 0.4}], ids=str)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_minimum_variance_is_skfolios(seed: int, limits: dict[str, Any]):
    returns = random_returns(seed, 300, 6)
    sectors = {name: [place] for name, place in zip(SYMBOLS, SECTORS, strict=True)}
    model = MeanRisk(
        risk_measure=RiskMeasure.VARIANCE,
        prior_estimator=EmpiricalPrior(covariance_estimator=LedoitWolf()),
        max_weights=limits.get("most_each", 1.0),
        groups=sectors,
        linear_constraints=[f"{place} <= {most}" for place, most in limits.get("most_sector", {}).items()] or None,
        solver_params={"tol_gap_abs": 1e-12, "tol_gap_rel": 1e-12},
    )
    theirs = model.fit(pd.DataFrame(returns, columns=SYMBOLS)).weights_
    assert allocate("minimum_variance", returns, within(**limits)) == pytest.approx(theirs, abs=2e-5)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_risk_parity_is_skfolios(seed: int):
    returns = random_returns(seed, 300, 6)
    prior = EmpiricalPrior(covariance_estimator=LedoitWolf())
    theirs = RiskBudgeting(risk_measure=RiskMeasure.VARIANCE, prior_estimator=prior).fit(returns).weights_
    assert allocate("risk_parity", returns, within()) == pytest.approx(theirs, abs=2e-5)


def test_hierarchical_risk_parity_is_that_of_another_package():
    expected = [0.34999262, 0.15084397, 0.14690661, 0.13390291, 0.07356742, 0.14478647]
    assert allocate("hierarchical_risk_parity", waves(), within()) == pytest.approx(expected, abs=2e-5)


def test_minimum_variance_of_two_independent_shares_is_by_inverse_variance():
    # deviations 2 and 1 alternating without correlation: variances 4 to 1, weights 1/5 and 4/5; hardly shrunk
    one, other = np.tile([0.02, 0.02, -0.02, -0.02], 5000), np.tile([0.01, -0.01, 0.01, -0.01], 5000)
    found = allocate("minimum_variance", np.column_stack([one, other]), region(Limits(), "AB", "xx", np.full(2, 0.5)))
    assert found == pytest.approx([0.2, 0.8], abs=1e-3)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000))
def test_no_small_step_lowers_the_variance(seed: int):
    returns = random_returns(seed, 150, 6)
    matrix = shrunk_covariance(returns)[0]
    weights = allocate("minimum_variance", returns, within())
    pull = matrix @ weights
    held = weights > 1e-5
    assert pull[held] == pytest.approx(np.full(held.sum(), pull[held].mean()), rel=1e-4)
    assert (pull[~held] >= pull[held].mean() * (1.0 - 1e-4)).all()


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000))
def test_risk_parity_splits_the_risk_evenly(seed: int):
    returns = random_returns(seed, 150, 6)
    split = contributions(risk_parity(returns, within()), shrunk_covariance(returns)[0])
    assert split is not None
    assert split.share == pytest.approx(np.full(6, 1 / 6), abs=1e-6)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10_000), st.sampled_from(sorted(METHODS)))
def test_every_method_keeps_to_every_limit(seed: int, method: str):
    today = np.random.default_rng(seed).dirichlet(np.full(6, 4.0))
    most = max(0.35, float(today.max()) + 0.01)
    limits = Limits(most_each=most, most_any_sector=0.8, turnover=0.25, keep=(2,))
    weights = allocate(method, random_returns(seed, 150, 6), region(limits, SYMBOLS, SECTORS, today))
    assert weights.sum() == pytest.approx(1.0, abs=1e-7)
    assert (weights >= 0.0).all()
    assert weights.max() <= most + 1e-7
    assert np.abs(weights - today).sum() / 2 <= 0.25 + 1e-6
    assert weights[2] >= today[2] - 1e-7
    for sector in "xyz":
        in_sector = sum(weights[n] for n in range(6) if SECTORS[n] == sector)
        held = sum(today[n] for n in range(6) if SECTORS[n] == sector)
        assert in_sector <= max(0.8, held) + 1e-6


def test_colliding_limits_are_named_and_others_are_not():
    today = np.array([0.5, 0.1, 0.1, 0.1, 0.1, 0.1])
    tight = within(today, most_each=0.3, keep=(0,), most_any_sector=0.9)
    with pytest.raises(Infeasible) as raised:
        allocate("minimum_variance", waves(), tight)
    assert set(raised.value.limits) == {"each holding at most 30%", "keep A at 50%"}


def test_a_cap_too_small_for_so_few_shares_is_named():
    for method in METHODS:
        with pytest.raises(Infeasible) as raised:
            allocate(method, waves(), within(most_each=0.1))
        assert raised.value.limits == ("each holding at most 10%",)


def test_a_turnover_too_small_for_the_other_limits_is_named_with_them():
    today = np.array([0.9, 0.1, 0.0, 0.0, 0.0, 0.0])
    with pytest.raises(Infeasible) as raised:
        allocate("risk_parity", waves(), within(today, most_each=0.3, turnover=0.2))
    assert set(raised.value.limits) == {"each holding at most 30%", "turnover at most 20%"}


def test_no_turnover_at_all_leaves_todays_weights():
    today = np.array([0.3, 0.2, 0.2, 0.1, 0.1, 0.1])
    assert allocate("minimum_variance", waves(), within(today, turnover=0.0)) == pytest.approx(today, abs=1e-6)


def test_limits_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match=r"max_weight: expected a share from 0 to 1, got 1\.5"):
        within(most_each=1.5)
    with pytest.raises(ValueError, match="nothing of Banks is held; sectors are x, y, z"):
        within(most_sector={"Banks": 0.2})


def test_a_share_that_stands_still_is_refused():
    returns = waves()
    returns[:, 2] = 0.0
    with pytest.raises(ValueError, match="does not move"):
        allocate("risk_parity", returns, within())


def test_a_walk_by_hand():
    # look back 1, every 2: half and half at first. Session 1: +10 %, 0: 5 %; weights drift to .55/1.05, .5/1.05.
    # Session 2: 0, +10 %: 0.1 × .5/1.05. Then back to half and half: equal again after session 2, so nothing is moved.
    returns = np.array([[0.0, 0.0], [0.1, 0.0], [0.0, 0.1], [0.02, 0.04]])
    found = walk_forward(returns, lambda _, __: np.array([0.5, 0.5]), lookback=1, every=2, cost=0.01)
    assert found.returns == pytest.approx([0.05, 0.05 / 1.05, 0.03])
    assert found.turnover == pytest.approx(0.0)
    assert found.rebalances == 2


def test_a_walk_pays_for_what_it_moves_and_sees_the_past_alone():
    seen: list[np.ndarray] = []
    plan = iter([np.array([1.0, 0.0]), np.array([0.0, 1.0])])

    def weigh(past: np.ndarray, _: np.ndarray) -> np.ndarray:
        seen.append(past.copy())
        return next(plan)

    returns = np.array([[0.01, 0.02], [0.03, 0.04], [0.05, 0.06]])
    found = walk_forward(returns, weigh, lookback=1, every=1, cost=0.001)
    # all sold and all bought: 2 rupees moved for each of the portfolio
    assert found.returns == pytest.approx([0.03, (1 - 0.002) * 1.06 - 1])
    assert found.turnover == pytest.approx(1.0)
    assert [past.tolist() for past in seen] == [[[0.01, 0.02]], [[0.03, 0.04]]]
