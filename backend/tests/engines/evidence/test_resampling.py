"""Drawing sessions again: blocks, seeds, and the interval of a Sharpe against an independent one."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engines.evidence.drawing import walked
from app.engines.evidence.resampling import block_length, stationary_draws


def drawn(sessions: int, block: float, resamples: int, seed: int = 0, at_once: int | None = None) -> np.ndarray:
    return np.concatenate(list(stationary_draws(sessions, block, resamples, seed=seed, at_once=at_once)))


@settings(deadline=None)
@given(
    sessions=st.integers(1, 60),
    block=st.floats(1.0, 20.0),
    resamples=st.integers(1, 30),
    seed=st.integers(0, 2**32 - 1),
    at_once=st.integers(1, 40),
)
def test_draws_stay_inside_and_do_not_depend_on_how_many_are_made_at_once(sessions, block, resamples, seed, at_once):
    found = drawn(sessions, block, resamples, seed)
    assert found.shape == (resamples, sessions)
    assert found.min() >= 0 and found.max() < sessions
    np.testing.assert_array_equal(found, drawn(sessions, block, resamples, seed, at_once))


@settings(deadline=None)
@given(sessions=st.integers(1, 60), block=st.floats(1.0, 20.0), seed=st.integers(0, 2**32 - 1))
def test_a_draw_begins_a_block_by_chance_and_goes_on_with_the_next_session_elsewhere(sessions, block, seed):
    """The draws as Politis & Romano tell of them, one session after the other, from the same random numbers."""
    found = drawn(sessions, block, 3, seed)
    for i, row in enumerate(found.tolist()):
        stream = np.random.default_rng([seed, i])
        starts, fresh = stream.integers(0, sessions, sessions).tolist(), stream.random(sessions).tolist()
        told = [starts[0]]
        for start, chance in zip(starts[1:], fresh[1:], strict=True):
            told.append(start if chance < 1.0 / block else (told[-1] + 1) % sessions)
        assert row == told


@settings(deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 80))
def test_draws_that_are_followed_are_products_and_falls_from_the_highest_before(seed, sessions):
    source = np.random.default_rng(seed)
    returns, rows = source.normal(0.0, 0.03, sessions), source.integers(0, sessions, (4, sessions))
    paths = np.empty(rows.shape, np.float32)
    found = walked(returns, rows, paths)
    growth = np.cumprod(1.0 + returns[rows], axis=1)
    peak = np.maximum(np.maximum.accumulate(growth, axis=1), 1.0)
    # the same operations in the same order: the same bits
    np.testing.assert_array_equal(found.drawn, returns[rows])
    np.testing.assert_array_equal(found.ends, growth[:, -1])
    np.testing.assert_array_equal(found.deepest, (growth / peak).min(axis=1) - 1.0)
    np.testing.assert_array_equal(paths, growth.astype(np.float32))


def test_blocks_are_as_long_as_asked_on_average():
    # a block ends with probability 1/8 after each session: 1/8 of the steps are jumps, less the 1/500 that land next
    found = drawn(500, 8.0, 400)
    jumps = (np.diff(found, axis=1) % 500 != 1).mean()
    assert jumps == pytest.approx((1 / 8) * (499 / 500), abs=0.003)


def test_a_block_of_one_draws_every_session_equally_often():
    counts = np.bincount(drawn(20, 1.0, 5000).ravel(), minlength=20)
    # 5000 of each expected; a binomial of 100,000 draws at 1/20 deviates by 69: five of them
    assert np.abs(counts - 5000).max() < 345


@pytest.mark.parametrize(("sessions", "block"), [(0, 1.0), (10, 0.5)])
def test_nothing_to_draw_from_is_an_error(sessions, block):
    with pytest.raises(ValueError, match="expected a session and a block of 1 or more"):
        drawn(sessions, block, 1)


def test_noise_wants_no_blocks_and_persistence_wants_long_ones():
    noise = np.random.default_rng(1).normal(size=2000)
    persistent = np.empty(2000)
    persistent[0] = noise[0]
    for t in range(1, 2000):
        persistent[t] = 0.7 * persistent[t - 1] + noise[t]
    assert block_length(noise) < 4.0
    # AR(1) of 0.7: with the true autocovariances the papers' b is (2a / (1 - a²))^(2/3) × T^(1/3) =
    # (1.4 / 0.51)^(2/3) × 12.6 = 24.7; estimated from 2000 values, within a half
    assert block_length(persistent) == pytest.approx((1.4 / 0.51) ** (2 / 3) * 2000 ** (1 / 3), rel=0.5)


def test_a_series_that_does_not_vary_or_is_short_has_blocks_of_one_or_none():
    assert block_length(np.full(100, 0.01)) == 1.0
    assert block_length(np.array([0.01, -0.01])) >= 1.0
    with pytest.raises(ValueError, match="two or more"):
        block_length(np.array([0.01]))


@settings(deadline=None)
@given(st.lists(st.floats(-0.2, 0.2), min_size=2, max_size=200))
def test_a_block_is_never_below_one_nor_above_a_third_of_the_record(returns):
    found = block_length(np.array(returns))
    assert 1.0 <= found <= max(1.0, math.ceil(min(3.0 * math.sqrt(len(returns)), len(returns) / 3.0)))


@pytest.mark.parametrize("case", ["mild_240x10_col3", "edge_240x10_col3"])
def test_the_interval_of_a_sharpe_equals_the_independent_one(evidence: Path, case: str):
    golden = json.loads((evidence / "golden" / "significance.json").read_text())["bootstrap_ci_sharpe"]["cases"][case]
    matrix = np.loadtxt(evidence / "golden" / "data" / f"pbo_{case.rsplit('_', 1)[0]}.csv", delimiter=",")
    returns = matrix[:, 2]
    sharpes = []
    for rows in stationary_draws(returns.size, 10.0, 5000, seed=7, at_once=500):
        sample = returns[rows]
        sharpes.append(sample.mean(axis=1) / sample.std(axis=1, ddof=1) * math.sqrt(252))
    low, high = np.quantile(np.concatenate(sharpes), [0.025, 0.975])
    assert returns.mean() / returns.std(ddof=1) * math.sqrt(252) == pytest.approx(golden["sharpe_ann"], abs=1e-9)
    assert low == pytest.approx(golden["ci95_low_mean"], abs=0.15)  # the tolerance that the golden file states
    assert high == pytest.approx(golden["ci95_high_mean"], abs=0.15)
