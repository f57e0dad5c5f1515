"""The two methods skfolio solves: the least shortfall and the largest ratio there are, or how to get them."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engines.portfolio.allocate import Infeasible, shrunk_covariance
from app.engines.portfolio.limits import Limits, region
from app.engines.portfolio.spread import diversification_ratio
from app.services.portfolios import solvers
from app.services.portfolios.solvers import METHODS, weigh
from tests.engines.portfolio.made import random_returns, waves
from tests.engines.portfolio.test_allocate import SECTORS, SYMBOLS, within


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 10_000))
def test_no_other_weights_have_a_smaller_shortfall(seed: int):
    returns = random_returns(seed, 200, 4)
    box = region(Limits(most_each=0.6), "ABCD", "xxyy", np.full(4, 0.25))
    best = shortfall(returns, weigh("minimum_cvar", returns, box))
    stream = np.random.default_rng(seed)
    for _ in range(40):
        tried = stream.dirichlet(np.ones(4))
        if tried.max() <= 0.6:
            assert shortfall(returns, tried) >= best - 1e-7


def shortfall(returns: np.ndarray, weights: np.ndarray) -> float:
    # of 200 sessions the worst ten weigh alike, the eleventh not at all: Rockafellar & Uryasev's is their mean
    return float(-np.sort(returns @ weights)[:10].mean())


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 10_000))
def test_no_other_weights_are_more_diverse(seed: int):
    returns = random_returns(seed, 200, 4)
    matrix = shrunk_covariance(returns)[0]
    box = region(Limits(most_each=0.6), "ABCD", "xxyy", np.full(4, 0.25))
    best = ratio(weigh("maximum_diversification", returns, box), matrix)
    stream = np.random.default_rng(seed)
    for _ in range(40):
        tried = stream.dirichlet(np.ones(4))
        if tried.max() <= 0.6:
            assert ratio(tried, matrix) <= best + 1e-6


def ratio(weights: np.ndarray, matrix: np.ndarray) -> float:
    found = diversification_ratio(weights, matrix)
    assert found is not None
    return found


def test_two_independent_shares_are_most_diverse_by_inverse_deviation():
    # deviations 2 and 1 without correlation: the ratio (2 w + v) / sqrt(4 w² + v²) is largest where 2 w = v, at 1/3
    one, other = np.tile([0.02, 0.02, -0.02, -0.02], 5000), np.tile([0.01, -0.01, 0.01, -0.01], 5000)
    free = region(Limits(), "AB", "xx", np.full(2, 0.5))
    found = weigh("maximum_diversification", np.column_stack([one, other]), free)
    assert found == pytest.approx([1 / 3, 2 / 3], abs=1e-3)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10_000), st.sampled_from(sorted(METHODS)))
def test_every_method_keeps_to_every_limit(seed: int, method: str):
    today = np.random.default_rng(seed).dirichlet(np.full(6, 4.0))
    most = max(0.35, float(today.max()) + 0.01)
    limits = Limits(most_each=most, most_any_sector=0.8, turnover=0.25, keep=(2,))
    weights = weigh(method, random_returns(seed, 150, 6), region(limits, SYMBOLS, SECTORS, today))
    assert weights.sum() == pytest.approx(1.0, abs=1e-7)
    assert (weights >= 0.0).all()
    assert weights.max() <= most + 1e-6
    assert np.abs(weights - today).sum() / 2 <= 0.25 + 2e-6
    assert weights[2] >= today[2] - 1e-6
    for sector in "xyz":
        in_sector = sum(weights[n] for n in range(6) if SECTORS[n] == sector)
        held = sum(today[n] for n in range(6) if SECTORS[n] == sector)
        assert in_sector <= max(0.8, held) + 1e-6


@pytest.mark.parametrize("method", METHODS)
def test_colliding_limits_are_named_whatever_the_method(method: str):
    with pytest.raises(Infeasible) as raised:
        weigh(method, waves(), within(most_each=0.1))
    assert raised.value.limits == ("each holding at most 10%",)


@pytest.mark.parametrize("method", METHODS)
def test_no_turnover_leaves_todays_weights_and_the_same_question_gives_the_same_bytes(method: str):
    today = np.array([0.3, 0.2, 0.2, 0.1, 0.1, 0.1])
    first, again = (weigh(method, waves(), within(today, turnover=0.0)) for _ in range(2))
    assert first == pytest.approx(today, abs=1e-5)
    assert first.tobytes() == again.tobytes()


def test_without_skfolio_the_three_work_and_the_others_name_the_command(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(solvers, "installed", lambda: False)
    for method in METHODS:
        if method in solvers.OWN:
            assert weigh(method, waves(), within()).sum() == pytest.approx(1.0)
        else:
            with pytest.raises(ValueError, match="python -m pip install skfolio=="):
                weigh(method, waves(), within())


def test_the_command_names_the_version_of_the_extra():
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())["project"]
    assert project["optional-dependencies"]["optimise"] == [solvers.PACKAGE]
