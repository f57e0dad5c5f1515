"""White's and Hansen's tests against another implementation, and by what they must answer."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from app.engines.evidence.reality_check import _long_run_variance, reality_check


def test_every_golden_matrix_within_the_tolerance_of_another_implementation(evidence: Path):
    golden = json.loads((evidence / "golden" / "significance.json").read_text())["multiple_models"]["cases"]
    for name, case in golden.items():
        returns = np.loadtxt(evidence / "golden" / "data" / f"pbo_{name}.csv", delimiter=",")
        ours = reality_check(returns, block=10.0, resamples=5000, seed=1)
        # theirs does not studentise the maximum, and lets p be zero: hence a tolerance, and White's is the nearest
        for key, value in {
            "rc_u": ours.reality_check, "spa_c": ours.consistent, "spa_l": ours.lower, "spa_u": ours.upper,
        }.items():  # fmt: skip
            expected = case.pop(key)
            assert value == pytest.approx(expected["mean"], abs=max(0.02, 4 * expected["sd"])), (name, key)
            assert value is not None and value > 0.0
        assert case == {}, name


def test_noise_alone_is_refused_as_often_as_it_says():
    # under the null p is about uniform: of 200 records of noise near a tenth lie below 0.1
    draws = np.random.default_rng(7).normal(0.0, 0.01, (200, 120, 5))
    small = [reality_check(d, block=1.0, resamples=199, seed=i) for i, d in enumerate(draws)]
    shares = {
        name: np.mean([getattr(p, name) <= 0.1 for p in small]) for name in ("reality_check", "consistent", "upper")
    }
    assert all(0.04 <= share <= 0.17 for share in shares.values()), shares


def test_one_that_is_far_ahead_is_found_among_noise():
    returns = np.random.default_rng(3).normal(0.0, 0.01, (300, 20))
    returns[:, 13] += 0.006
    ours = reality_check(returns, resamples=999)
    assert ours.best == 13
    assert ours.reality_check == ours.consistent == 1.0 / 1000.0  # (1 + 0) / (1 + 999), never zero


def test_a_hopeless_noisy_loser_hides_a_winner_from_white_and_not_from_hansen():
    generator = np.random.default_rng(5)
    good = generator.normal(0.0012, 0.005, (400, 1))
    losers = generator.normal(-0.01, 0.08, (400, 20))
    ours = reality_check(np.hstack([good, losers]), block=1.0, resamples=999)
    assert ours.consistent is not None and ours.reality_check is not None
    assert ours.consistent < 0.01 < 0.2 < ours.reality_check


def test_the_bounds_lie_on_either_side():
    returns = np.random.default_rng(11).normal(0.0003, 0.01, (200, 8))
    returns[:, 3] -= 0.004
    ours = reality_check(returns, block=5.0)
    assert ours.lower is not None and ours.consistent is not None and ours.upper is not None
    assert ours.lower <= ours.consistent <= ours.upper


def test_a_benchmark_is_taken_off_each_period():
    generator = np.random.default_rng(2)
    returns, benchmark = generator.normal(0.0, 0.01, (100, 3)), generator.normal(0.001, 0.01, 100)
    assert reality_check(returns, benchmark, block=2.0) == reality_check(returns - benchmark[:, None], block=2.0)


def test_the_variance_of_a_mean_of_independent_returns_is_theirs():
    moves = np.random.default_rng(1).normal(0.0, 1.0, (5000, 1))
    moves -= moves.mean()
    assert math.sqrt(_long_run_variance(moves, 1.0)[0]) == pytest.approx(moves.std(), rel=1e-12)
    # and with blocks of ten, of a series that repeats each value ten times, about ten times as large
    repeated = np.repeat(moves[:500], 10, axis=0)
    repeated -= repeated.mean()
    assert 4.0 < _long_run_variance(repeated, 20.0)[0] / repeated.var() < 10.0


def test_what_cannot_be_tested_is_said():
    assert reality_check(np.zeros((5, 2))).reason == "fewer than ten periods"
    assert "no configuration varies" in str(reality_check(np.full((50, 2), 0.01)).reason)
    with pytest.raises(ValueError, match="configuration 1 or its benchmark in period 4"):
        returns = np.zeros((50, 2))
        returns[4, 1] = np.nan
        reality_check(returns)
    with pytest.raises(ValueError, match="expected 50 periods"):
        reality_check(np.zeros((50, 2)), np.zeros(49))


def test_configurations_that_do_not_vary_are_left_out():
    returns = np.random.default_rng(4).normal(0.0, 0.01, (60, 3))
    idle = np.insert(returns, 1, 0.0, axis=1)
    with_idle, without = reality_check(idle, block=3.0), reality_check(returns, block=3.0)
    assert with_idle[:4] == without[:4]
    assert with_idle.best == {0: 0, 1: 2, 2: 3}[without.best or 0]
