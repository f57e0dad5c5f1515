"""White's and Hansen's tests against another implementation, and by what they must answer."""

from __future__ import annotations

import json
import math
import random
import statistics
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engines.evidence.reality_check import _long_run_variance, reality_check
from app.engines.evidence.resampling import stationary_draws


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


def plain_p_values(
    returns: Sequence[Sequence[float]], draws: Sequence[Sequence[int]], omega: Sequence[float]
) -> dict[str, float]:
    """Hansen (2005), section 3, and White (2000), written down a number at a time.

    `returns` a row a period, against a benchmark of zero; `draws` the periods of each resample; `omega` the standard
    deviation of sqrt(n) × mean of each configuration.
    """
    n, root, configurations = len(returns), math.sqrt(len(returns)), range(len(omega))
    mean = [math.fsum(row[k] for row in returns) / n for k in configurations]
    clearly_bad = [root * mean[k] / omega[k] < -math.sqrt(2.0 * math.log(math.log(n))) for k in configurations]
    g = {
        "upper": mean,
        "consistent": [0.0 if clearly_bad[k] else mean[k] for k in configurations],
        "lower": [max(mean[k], 0.0) for k in configurations],
    }
    white = root * max(mean)
    hansen = max(0.0, *(root * mean[k] / omega[k] for k in configurations))
    large = dict.fromkeys(("reality_check", *g), 0)
    for draw in draws:
        drawn = [math.fsum(returns[t][k] for t in draw) / n for k in configurations]
        large["reality_check"] += max(root * (drawn[k] - mean[k]) for k in configurations) >= white
        for name, centre in g.items():
            largest = max(0.0, *(root * (drawn[k] - centre[k]) / omega[k] for k in configurations))
            large[name] += largest >= hansen
    return {name: (1 + count) / (1 + len(draws)) for name, count in large.items()}


def plain_draws(size: int, block: float, resamples: int, chance: random.Random) -> list[list[int]]:
    """Politis & Romano (1994): each period follows the one before, or begins anew with probability 1 / block."""
    found = []
    for _ in range(resamples):
        at, draw = chance.randrange(size), list[int]()
        for _ in range(size):
            draw.append(at)
            at = chance.randrange(size) if chance.random() < 1.0 / block else (at + 1) % size
        found.append(draw)
    return found


def means_of(column: Sequence[float], draws: Iterable[Sequence[int]]) -> list[float]:
    return [math.sqrt(len(column)) * statistics.fmean(column[t] for t in draw) for draw in draws]


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 10_000), periods=st.integers(10, 40), count=st.integers(1, 6),
    block=st.sampled_from([1.0, 2.5, 8.0]), edge=st.floats(-0.01, 0.01),
)  # fmt: skip
def test_on_the_same_draws_it_says_what_the_definitions_say_a_number_at_a_time(
    seed: int, periods: int, count: int, block: float, edge: float
) -> None:
    generator = np.random.default_rng(seed)
    returns = generator.normal(edge, 0.01, (periods, count)) * generator.uniform(0.3, 5.0, count)
    ours = reality_check(returns, block=block, resamples=60, seed=seed)
    omega = np.sqrt(_long_run_variance(returns - returns.mean(axis=0), block)).tolist()
    rows = np.concatenate(list(stationary_draws(periods, block, 60, seed=seed, at_once=7)))
    expected = plain_p_values(returns.tolist(), rows.tolist(), omega)
    assert {name: getattr(ours, name) for name in expected} == expected


def test_with_draws_and_variances_of_its_own_another_implementation_says_the_same() -> None:
    """Nothing of ours is used: the draws are Python's, the variances those of what was drawn.

    A little edge among four, one of them clearly bad, and neighbours that are alike: the four p-values lie far apart.
    """
    generator = np.random.default_rng(20)
    noise = generator.normal(0.0, 0.01, (120, 4))
    returns = (noise + 0.5 * np.roll(noise, 1, axis=0)) * [0.4, 1.0, 1.0, 4.0] + [0.0007, 0.0, -0.003, -0.012]
    block, resamples = 4.0, 3000
    draws = plain_draws(120, block, resamples, random.Random(1))
    columns = [returns[:, k].tolist() for k in range(4)]
    omega = [statistics.pstdev(means_of(column, draws)) for column in columns]
    closed = np.sqrt(_long_run_variance(returns - returns.mean(axis=0), block))
    assert omega == pytest.approx(closed, rel=0.05)  # of 3,000 draws: 1 / sqrt(6,000) is 1.3 %
    plain = plain_p_values(returns.tolist(), draws, omega)
    ours = reality_check(returns, block=block, resamples=resamples, seed=3)
    for name, value in plain.items():
        # two draws of 3,000 differ by sqrt(2 × 0.25 / 3000) = 0.013 at most, four of which are 0.05
        assert getattr(ours, name) == pytest.approx(value, abs=0.05), name
    ordered = sorted(plain.values())
    assert min(b - a for a, b in pairwise(ordered)) > 0.05
