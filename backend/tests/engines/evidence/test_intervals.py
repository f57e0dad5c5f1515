"""Intervals by the block bootstrap: those of another implementation, of theory, and of circular blocks."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engines.evidence import intervals as b
from app.engines.evidence.resampling import block_length, circular_draws, stationary_draws, weights


def annual(resampled: np.ndarray) -> np.ndarray:
    return b.annual_sharpes(resampled, 252)


def test_every_golden_interval(evidence: Path):
    golden = json.loads((evidence / "golden" / "significance.json").read_text())["bootstrap_ci_sharpe"]
    for name, case in golden["cases"].items():
        matrix, _, column = name.rpartition("_col")
        returns = np.loadtxt(evidence / "golden" / "data" / f"pbo_{matrix}.csv", delimiter=",")[:, int(column) - 1]
        ours = b.interval(returns, annual, block=10.0, resamples=5000, seed=1)
        assert annual(returns[None])[0] == pytest.approx(case.pop("sharpe_ann"), rel=1e-9)
        assert ours.low == pytest.approx(case.pop("ci95_low_mean"), abs=0.15)
        assert ours.high == pytest.approx(case.pop("ci95_high_mean"), abs=0.15)
        assert set(case) == {"low_sd", "high_sd"}  # how far their seeds lie apart


@given(st.integers(1, 60), st.integers(1, 20), st.integers(0, 99))
def test_circular_blocks_run_on_and_lie_inside(size, block, seed):
    drawn = np.concatenate(list(circular_draws(size, block, 20, seed=seed, at_once=7)))
    assert drawn.shape == (20, size) and drawn.min() >= 0 and drawn.max() < size
    inside = np.arange(1, size) % block != 0
    assert ((np.diff(drawn, axis=1) % size)[:, inside] == 1 % size).all()
    assert (drawn == np.concatenate(list(circular_draws(size, block, 20, seed=seed)))).all()


def test_every_session_has_its_share_of_circular_blocks():
    (drawn,) = circular_draws(50, 7, 4000, seed=3)
    assert np.bincount(drawn.reshape(-1)) / 4000 == pytest.approx(1.0, abs=0.12)


@given(st.integers(1, 40), st.floats(1.0, 20.0))
def test_the_weights_of_a_draw_count_its_sessions(size, block):
    (drawn,) = stationary_draws(size, block, 9, seed=1)
    values = np.arange(size) ** 2.0
    assert (weights(drawn) @ values).tolist() == pytest.approx(values[drawn].sum(axis=1).tolist())


def test_an_interval_of_independent_returns_is_that_of_theory():
    # 2000 normal returns: the Sharpe of a period is known to about sqrt(1 / 2000) = 0.0224, 95 % within 1.96 of it
    returns = np.random.default_rng(6).normal(0.0, 0.01, 2000)
    ours = b.interval(returns, lambda r: b.annual_sharpes(r, 1), block=1.0, resamples=4000)
    assert ours.low is not None and ours.high is not None
    assert (ours.high - ours.low) / 2.0 == pytest.approx(1.96 / np.sqrt(2000), rel=0.06)


def test_trending_returns_have_a_wider_interval_in_blocks_than_one_by_one():
    returns = np.convolve(np.random.default_rng(8).normal(0.0, 0.01, 1010), np.ones(10) / 10, "valid")
    single, blocks = (b.interval(returns, annual, block=size, resamples=1000) for size in (1.0, 40.0))
    assert single.low is not None and blocks.low is not None and single.high is not None and blocks.high is not None
    assert blocks.high - blocks.low > 2.0 * (single.high - single.low)


def test_circular_intervals_are_near_stationary_ones_and_their_blocks_longer():
    returns = np.random.default_rng(9).normal(0.0005, 0.01, 600)
    returns[1:] += 0.4 * returns[:-1]
    stationary, circular = (b.interval(returns, annual, resamples=4000, scheme=s) for s in ("stationary", "circular"))
    assert stationary.low is not None and circular.low is not None
    assert stationary.high is not None and circular.high is not None
    assert circular.block == round(block_length(returns) * 1.5 ** (1 / 3))
    assert (circular.low, circular.high) == pytest.approx((stationary.low, stationary.high), abs=0.35)


def test_what_cannot_be_drawn_is_said():
    flat = b.interval(np.full(50, 0.01), annual)
    assert (flat.low, flat.high, flat.reason) == (None, None, "returns do not vary")
    assert b.interval(np.array([0.01]), annual).reason == "fewer than two returns"
    some = np.random.default_rng(0).normal(0.0, 0.01, 40)
    assert b.interval(some, lambda r: np.full(len(r), np.nan)).reason == "in most resamples it is undefined"
    with pytest.raises(ValueError, match="a block of 1 or more"):
        next(circular_draws(10, 0, 10, seed=0))


def test_missing_returns_are_left_out_of_the_draw():
    returns = np.random.default_rng(3).normal(0.0, 0.01, 60)
    holes = np.insert(returns, [5, 30], np.nan)
    assert b.interval(holes, annual, block=3.0) == b.interval(returns, annual, block=3.0)
