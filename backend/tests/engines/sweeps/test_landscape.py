"""Heat maps, plateaus and the doubt about a best point, by hand and against the golden probability of overfitting."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from app.engines.sweeps.doubt import doubt
from app.engines.sweeps.landscape import heat, plateau, share_below

NAN = np.nan


def test_a_cell_is_the_median_over_the_other_parameters() -> None:
    # x 0: 1, 3, 2 → 2; x 1: 4, 8 → 6, and one without a value; x 2: none
    x = np.array([0, 0, 0, 1, 1, 1])
    found = heat(x, np.zeros(6, np.int64), (1, 3), np.array([1.0, 3.0, 2.0, 4.0, NAN, 8.0]))
    np.testing.assert_array_equal(found.median, [[2.0, 6.0, NAN]])
    np.testing.assert_array_equal(found.points, [[3, 2, 0]])
    np.testing.assert_array_equal(found.best, [[1, 5, -1]])
    tied = heat(np.zeros(3, np.int64), np.zeros(3, np.int64), (1, 1), np.array([2.0, 3.0, 3.0]))
    assert tied.best[0, 0] == 1


def test_a_peak_that_stands_alone_is_worth_less_than_a_plateau() -> None:
    """On a line 0 0 9 0 0 5 5 5: around the 9 lie 0, 9, 0 (median 0), around the middle 5 only fives."""
    values = np.array([0.0, 0.0, 9.0, 0.0, 0.0, 5.0, 5.0, 5.0])
    found = plateau({"w": np.arange(8)}, {"w": tuple(range(8))}, values)
    # at the ends two values: (0 + 0) / 2, (5 + 5) / 2
    assert found.tolist() == [0.0, 0.0, 0.0, 0.0, 0.0, 5.0, 5.0, 5.0]


def test_neighbours_that_are_no_points_or_have_no_value_are_left_out() -> None:
    # a square of which only three corners are points: 1 at (0, 0), 5 at (0, 1), undefined at (1, 1)
    places = {"a": np.array([0, 0, 1]), "b": np.array([0, 1, 1])}
    found = plateau(places, {"a": (1, 2), "b": (1, 2)}, np.array([1.0, 5.0, NAN]))
    assert found[:2].tolist() == [3.0, 3.0] and np.isnan(found[2])


def test_neighbours_are_of_one_step_in_every_parameter() -> None:
    # of a 3 × 3 square the middle has all nine around it, a corner four; 0..8 row by row
    a, b = np.divmod(np.arange(9), 3)
    found = plateau({"a": a, "b": b}, {"a": (1, 2, 3), "b": (1, 2, 3)}, np.arange(9.0))
    assert found[4] == 4.0 and found[0] == 2.0  # of 0, 1, 3, 4
    with pytest.raises(ValueError, match="6 parameters has 729 points"):
        plateau({str(i): a for i in range(6)}, {str(i): (1, 2, 3) for i in range(6)}, np.arange(9.0))


def test_the_share_of_points_that_are_no_better() -> None:
    assert share_below(np.array([1.0, 2.0, 2.0, 3.0, NAN]), 2.0) == 0.75


def test_overfitting_of_a_sweep_is_the_golden_one(evidence: Path) -> None:
    cases = json.loads((evidence / "golden" / "significance.json").read_text())["pbo"]["cases"]
    assert len(cases) > 5
    for name, case in cases.items():
        matrix, blocks = name.rsplit("_S", 1)
        returns = np.loadtxt(evidence / "golden" / "data" / f"pbo_{matrix}.csv", delimiter=",")
        found = doubt(returns.T, list(range(returns.shape[1])), returns.shape[1], blocks=int(blocks))
        assert found["pbo"]["probability"] == pytest.approx(case["pbo"], rel=1e-9), name
        assert found["pbo"]["combinations"] == case["n_combinations"]


def test_points_without_returns_are_left_out_and_counted() -> None:
    draw = np.random.default_rng(1).normal(0.0, 0.01, (4, 100))
    draw[2] = NAN
    found = doubt(draw, [10, 12, 14, 16], 8)
    assert (found["configurations"], found["left_out"], found["points"]) == (3, 1, 8)
    assert found["spa"]["best"] in (10, 12, 16)
    assert doubt(draw[:1], [10], 1)["reason"] == "fewer than two points with returns"
    assert doubt(draw[:2, :20], [10, 12], 2)["reason"] == "fewer than 32 returns"
