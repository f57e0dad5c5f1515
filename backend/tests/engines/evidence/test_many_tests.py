"""Adjusted p-values against hand-worked ones and published haircuts; Student's distribution against closed forms."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engines.evidence import many_tests as t
from app.engines.evidence.distributions import student_size, student_tail


def test_the_published_haircut(evidence: Path):
    golden = json.loads((evidence / "golden" / "significance.json").read_text())["haircut_sharpe"]
    given_ = golden["inputs"]
    assert (given_["freq"], given_["annualised"], given_["autocorr_adjusted"]) == ("M", True, False)
    ours = t.haircut_sharpe(
        given_["sharpe"], given_["obs"], given_["tests"], periods=12,
        correlation=given_["RHO"], autocorrelation=given_["rho"],
    )  # fmt: skip
    assert set(ours.p_values) == set(golden["expected_adjusted_p"])
    for name, expected in golden["expected_adjusted_p"].items():
        assert ours.p_values[name] == pytest.approx(expected, abs=golden["tolerance"]), name
    assert ours.p_values["bonferroni"] == pytest.approx(0.465, abs=0.0005)  # needs no simulation


def test_p_values_adjusted_by_hand():
    # sorted 0.01 0.02 0.04: Holm 3×0.01, 2×0.02, max(0.04, 1×0.04); c(3) = 11/6: 0.01×3×c/1 = 0.055,
    # 0.02×3×c/2 = 0.055, 0.04×c = 0.07333, each at most what stands behind it
    p = np.array([0.04, 0.01, 0.02])
    assert list(t.bonferroni(p)) == pytest.approx([0.12, 0.03, 0.06])
    assert list(t.holm(p)) == pytest.approx([0.04, 0.03, 0.04])
    assert list(t.benjamini_hochberg_yekutieli(p)) == pytest.approx([0.22 / 3, 0.055, 0.055])


def test_students_distribution_where_it_has_a_closed_form():
    for size in (0.0, 0.1, 0.5, 1.0, 2.5, 10.0, 1e3):
        assert student_tail(size, 1) == pytest.approx(1.0 - 2.0 / math.pi * math.atan(size), rel=1e-9)
        assert student_tail(size, 2) == pytest.approx(1.0 - size / math.sqrt(2.0 + size * size), rel=1e-8)
    # printed tables: 5 % two-sided at 10 degrees is 2.2281, 1 % at 30 is 2.7500
    assert student_size(0.05, 10) == pytest.approx(2.2281, abs=5e-5)
    assert student_size(0.01, 30) == pytest.approx(2.7500, abs=5e-5)
    assert student_tail(1.959963984540054, 10_000_000) == pytest.approx(0.05, rel=1e-5)  # the normal one in the end


@given(st.floats(1e-12, 1.0), st.integers(1, 3000))
def test_the_size_of_a_probability_has_that_probability(p, freedom):
    assert student_tail(student_size(p, freedom), freedom) == pytest.approx(p, rel=1e-7)


p_values = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=30).map(np.array)


@given(p_values)
def test_adjusting_only_raises_and_keeps_the_order(p):
    for adjust in (t.bonferroni, t.holm, t.benjamini_hochberg_yekutieli):
        adjusted = adjust(p)
        assert ((adjusted >= p) & (adjusted <= 1.0)).all()
        order = np.argsort(p, kind="stable")
        assert (np.diff(adjusted[order]) >= 0.0).all()
    assert (t.holm(p) <= t.bonferroni(p)).all()


@given(p_values, st.randoms(use_true_random=False))
def test_the_order_of_the_tests_does_not_matter(p, shuffle):
    order = list(range(p.size))
    shuffle.shuffle(order)
    for adjust in (t.bonferroni, t.holm, t.benjamini_hochberg_yekutieli):
        assert list(adjust(p[order])) == list(adjust(p)[order])


@settings(deadline=None, max_examples=15)
@given(st.floats(0.3, 3.0), st.integers(24, 600), st.integers(2, 200), st.floats(0.0, 0.8))
def test_a_haircut_never_adds_and_more_tests_cut_more(sharpe, observations, tests, correlation):
    few = t.haircut_sharpe(sharpe, observations, tests, periods=12, correlation=correlation, simulations=50)
    many = t.haircut_sharpe(sharpe, observations, 2 * tests, periods=12, correlation=correlation, simulations=50)
    for name in few.p_values:
        assert few.single <= few.p_values[name] * (1.0 + 1e-12) <= 1.0 + 1e-12
        assert few.sharpes[name] <= sharpe * (1.0 + 1e-6) and few.haircuts[name] >= -1e-6
    assert many.p_values["bonferroni"] >= few.p_values["bonferroni"]


def test_the_same_seed_gives_the_same_haircut():
    first, again, other = (t.haircut_sharpe(0.8, 120, 20, periods=12, seed=seed) for seed in (3, 3, 4))
    assert first == again and first.seed == 3
    assert first.p_values["bonferroni"] == other.p_values["bonferroni"]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"sharpe": -0.1}, "sharpe: expected above 0"),
        ({"observations": 2}, "expected 3, 1 and 1 or more, got 2"),
        ({"correlation": 0.9}, "correlation: expected from 0 to 0.8"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(changed, message):
    arguments = {"sharpe": 1.0, "observations": 120, "tests": 10, "periods": 12} | changed
    with pytest.raises(ValueError, match=message):
        t.haircut_sharpe(**arguments)
    with pytest.raises(ValueError, match="numbers from 0 to 1"):
        t.holm(np.array([0.1, 1.1]))
