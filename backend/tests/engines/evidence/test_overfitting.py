"""PBO against two other implementations, an obvious twin, hand-worked halves and its own laws."""

from __future__ import annotations

import json
import math
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from app.engines.evidence.overfitting import probability_of_overfitting


def test_every_golden_matrix_gives_the_figures_two_implementations_agree_on(evidence: Path):
    golden = json.loads((evidence / "golden" / "significance.json").read_text())["pbo"]["cases"]
    for name, case in golden.items():
        matrix, _, blocks = name.rpartition("_S")
        returns = np.loadtxt(evidence / "golden" / "data" / f"pbo_{matrix}.csv", delimiter=",")
        ours = probability_of_overfitting(returns, int(blocks))
        expected = {
            "pbo": ours.probability,
            "second_impl": ours.probability,
            "n_combinations": ours.combinations,
            "mean_logit": ours.mean_logit,
            "prob_oos_loss": ours.loss,
            "degradation_slope": ours.slope,
            "degradation_intercept": ours.intercept,
        }
        assert case.pop("logits_equal") is True  # of the two implementations, not of ours
        assert set(case) == set(expected), name
        for key, value in expected.items():
            assert value == pytest.approx(case[key], rel=1e-9, abs=1e-12), (name, key)


def test_every_golden_matrix_is_read(evidence: Path):
    files = {path.stem.removeprefix("pbo_") for path in (evidence / "golden" / "data").glob("pbo_*.csv")}
    cases = json.loads((evidence / "golden" / "significance.json").read_text())["pbo"]["cases"]
    # one matrix has no expected values of its own
    assert files - {name.rpartition("_S")[0] for name in cases} == {"decay_485x15"}


def twin(returns: np.ndarray, blocks: int) -> list[float]:
    """The logits, said as the paper says them."""
    length = len(returns) // blocks
    parts = np.split(returns[len(returns) - blocks * length :], blocks)
    logits = []
    for chosen in combinations(range(blocks), blocks // 2):
        first = np.concatenate([parts[i] for i in chosen])
        second = np.concatenate([parts[i] for i in range(blocks) if i not in chosen])
        inside = first.mean(axis=0) / first.std(axis=0, ddof=1)
        outside = second.mean(axis=0) / second.std(axis=0, ddof=1)
        best = outside[np.argmax(inside)]
        rank = sum(outside < best) + (sum(outside == best) + 1) / 2
        share = rank / (returns.shape[1] + 1)
        logits.append(math.log(share / (1 - share)))
    return logits


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000), st.integers(16, 60), st.integers(2, 7), st.sampled_from([2, 4, 6, 8]))
def test_the_logits_are_those_of_the_obvious_way(seed, size, count, blocks):
    returns = np.random.default_rng(seed).normal(0.001, 0.01, (size, count))
    assert list(probability_of_overfitting(returns, blocks).logits) == pytest.approx(twin(returns, blocks), abs=1e-9)


def test_two_halves_worked_by_hand():
    # blocks of two periods: A earns first and loses then, B the other way round; whoever is chosen is last of two:
    # rank 1 of N + 1 = 3, logit ln((1/3) / (2/3)) = -ln 2, twice
    returns = np.array([[0.02, -0.01], [0.01, -0.02], [-0.02, 0.01], [-0.01, 0.02]])
    ours = probability_of_overfitting(returns, 2)
    assert list(ours.logits) == pytest.approx([-math.log(2.0)] * 2)
    assert (ours.probability, ours.loss, ours.combinations) == (1.0, 1.0, 2)


def test_twins_share_their_rank():
    # three equal configurations: whichever is chosen has the rank (0 + (3 + 1) / 2) / 4 = 1/2, logit 0
    column = np.random.default_rng(1).normal(0.0, 0.01, (40, 1))
    ours = probability_of_overfitting(np.repeat(column, 3, axis=1), 8)
    assert set(ours.logits) == {0.0} and ours.probability == 1.0


def test_a_configuration_that_does_nothing_has_the_ratio_zero():
    returns = np.zeros((32, 2))
    returns[:, 1] = np.tile([0.01, -0.02], 16)
    ours = probability_of_overfitting(returns, 8)
    assert ours.probability == 0.0 and ours.loss == 0.0  # the idle one is best in every half, and out of it
    assert ours.slope is None and ours.reason is not None and "the same in every half" in ours.reason


def test_the_first_rows_that_fill_no_block_are_dropped():
    returns = np.random.default_rng(2).normal(0.0, 0.01, (45, 4))
    assert probability_of_overfitting(returns, 8).logits.tolist() == pytest.approx(
        probability_of_overfitting(returns[5:], 8).logits.tolist()
    )


def test_what_cannot_be_judged_is_said():
    assert probability_of_overfitting(np.zeros((40, 1)), 8).reason == "fewer than two configurations"
    assert "fewer than two periods" in str(probability_of_overfitting(np.zeros((1, 3)), 2).reason)
    with pytest.raises(ValueError, match="even number from 2 to 20, got 7"):
        probability_of_overfitting(np.zeros((40, 3)), 7)
    with pytest.raises(ValueError, match="configuration 2 in period 5"):
        returns = np.zeros((40, 3))
        returns[5, 2] = np.nan
        probability_of_overfitting(returns, 8)
    with pytest.raises(ValueError, match="1 dimensions"):
        probability_of_overfitting(np.zeros(40), 8)


@settings(deadline=None, max_examples=40)
@given(arrays(np.float64, (24, 4), elements=st.floats(-0.05, 0.05)), st.permutations(range(4)), st.floats(0.5, 20.0))
def test_neither_the_order_of_configurations_nor_the_unit_matters(returns, order, factor):
    returns = returns + np.random.default_rng(0).normal(0.0, 0.01, returns.shape)  # no ties: they are told by order
    ours = probability_of_overfitting(returns, 8)
    assert probability_of_overfitting(returns[:, list(order)], 8).probability == ours.probability
    assert probability_of_overfitting(returns * factor, 8).mean_logit == pytest.approx(ours.mean_logit)
