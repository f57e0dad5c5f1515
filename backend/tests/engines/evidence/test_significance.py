"""The doubt about a Sharpe against published examples, a numerical oracle, hand-worked cases and its own laws."""

from __future__ import annotations

import json
import math
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engines.evidence import significance as s
from app.engines.risk.moments import kurtosis, skewness

ELSEWHERE = {
    "haircut_sharpe": "test_many_tests.py",
    "pbo": "test_overfitting.py",
    "multiple_models": "test_reality_check.py",
    "bootstrap_ci_sharpe": "test_intervals.py",
}


@pytest.fixture(scope="module")
def golden(evidence: Path) -> dict[str, Any]:
    cases: dict[str, Any] = json.loads((evidence / "golden" / "significance.json").read_text())
    return cases


def expected(case: dict[str, Any], name: str = "expected") -> Any:
    """The expected value, with half a unit of its last printed digit where it was rounded, 1e-9 relative if not."""
    if "decimals" in case:
        return pytest.approx(case[name], rel=0, abs=0.5 * 10 ** -case["decimals"])
    return pytest.approx(case[name], rel=1e-9)


def test_every_group_of_published_examples_is_checked_here_or_in_a_test_beside(golden: dict[str, Any]):
    checked = {
        *("psr", "sr_standard_error", "min_track_record", "expected_max_sharpe", "min_backtest_length"),
        *("deflated_sharpe", "lo_2002_eta", "autocorr_annualisation"),
    }
    assert set(golden) == checked | set(ELSEWHERE)
    for group, name in ELSEWHERE.items():
        assert f'"{group}"' in (Path(__file__).parent / name).read_text()


def test_published_probabilistic_sharpes(golden: dict[str, Any]):
    for case in golden["psr"]["cases"]:
        ours = s.probabilistic_sharpe(case["sr"], case["T"], case["skew"], case["kurt"], case["benchmark"])
        assert ours.value == expected(case), case


def test_published_standard_errors(golden: dict[str, Any]):
    for case in golden["sr_standard_error"]["cases"]:
        assert s.standard_error(case["sr"], case["T"], case["skew"], case["kurt"]).value == expected(case), case


def test_published_track_records(golden: dict[str, Any]):
    a_year = {"expected_years_monthly": 12, "expected_years_daily250": 250, "expected_periods": 1}
    for case in golden["min_track_record"]["cases"]:
        (name,) = a_year.keys() & case.keys()
        ours = s.min_track_record(case["sr"], case["skew"], case["kurt"], case["benchmark"], case.get("p", 0.95))
        assert ours.value is not None
        assert ours.value / a_year[name] == expected(case, name), case


def test_published_best_sharpes_of_luck(golden: dict[str, Any]):
    for case in golden["expected_max_sharpe"]["cases"]:
        assert s.expected_max_sharpe(case["N"]).value == expected(case), case


def test_published_backtest_lengths(golden: dict[str, Any]):
    for case in golden["min_backtest_length"]["cases"]:
        assert s.min_backtest_length(case["N"], case["target_is_sharpe"]) == expected(case, "expected_years"), case


def test_published_deflated_sharpes(golden: dict[str, Any]):
    # the paper's inputs are annual, of 250 days; ours are per day
    daily, variance = 2.5 / math.sqrt(250), 0.5 / 250
    for case in golden["deflated_sharpe"]["cases"]:
        ours = s.deflated_sharpe(daily, 1250, case["skew"], case["kurt"], case["N"], variance)
        assert ours.value == expected(case), case
        if "sr0_daily" in case:
            assert s.expected_max_sharpe(case["N"], variance).value == expected(case, "sr0_daily"), case


def ar1(correlation: float, periods: int) -> np.ndarray:
    return correlation ** np.arange(1.0, periods)


def test_los_factors(golden: dict[str, Any]):
    for case in golden["lo_2002_eta"]["cases"]:
        ours = s.autocorrelation_factor(case["q"], ar1(case["rho"], case["q"]))
        assert ours.value == pytest.approx(case["expected"], rel=0, abs=0.5e-4), case  # written with four decimals


def test_annual_sharpes_lowered_for_autocorrelation(golden: dict[str, Any]):
    # Harvey & Liu's adjustment of an annual 1.0 with a first-order correlation of 0.1 is η(q) over sqrt(q)
    for name, value in golden["autocorr_annualisation"]["expected"].items():
        q = int(name[1:] or 1)
        ours = s.autocorrelation_factor(q, ar1(0.1, q)).value
        assert ours is not None
        assert ours / math.sqrt(q) == pytest.approx(value, rel=0, abs=0.5e-3), name


def test_a_probability_worked_by_hand():
    # 101 normal returns, Sharpe 0.2: error sqrt((1 + 0.04 / 2) / 100) = 0.100995; 0.2 / 0.100995 = 1.98030
    assert s.standard_error(0.2, 101, 0.0, 3.0).value == pytest.approx(0.10099504938362077)
    assert s.probabilistic_sharpe(0.2, 101, 0.0, 3.0).value == pytest.approx(0.97616, abs=1e-5)
    # a negative skew takes confidence away: 1 + 0.2 + 0.02 = 1.22 instead of 1.02
    assert s.standard_error(0.2, 101, -1.0, 3.0).value == pytest.approx(math.sqrt(0.0122))


def test_a_track_record_worked_by_hand():
    # (1 + 0.02) × (1.644854 / 0.2)^2 = 68.9914, and one
    assert s.min_track_record(0.2, 0.0, 3.0).value == pytest.approx(69.9914, abs=1e-4)


@pytest.mark.parametrize("trials", [5, 10, 100, 1000])
def test_the_best_of_luck_is_near_the_exact_expectation(trials: int):
    # E[max] = ∫ x dΦ(x)^N, integrated numerically; the published formula is an approximation for many trials
    x = np.linspace(-10.0, 10.0, 40_001)
    at_most = np.array([NormalDist().cdf(value) for value in x]) ** trials
    exact = float(np.sum((x[1:] + x[:-1]) / 2.0 * np.diff(at_most)))
    assert s.expected_max_sharpe(trials).value == pytest.approx(exact, rel=0.03)


def test_the_factor_of_a_longer_record_worked_by_hand():
    # q 3, lags 0.5 and 0.25: 3 / sqrt(3 + 2 (2 × 0.5 + 1 × 0.25)) = 3 / sqrt(5.5)
    assert s.autocorrelation_factor(3, np.array([0.5, 0.25, 9.9])).value == pytest.approx(3.0 / math.sqrt(5.5))
    assert s.autocorrelation_factor(1, np.array([])).value == 1.0


def test_the_best_of_one_trial_is_what_it_is():
    assert s.expected_max_sharpe(1, None).value == 0.0
    assert s.deflated_sharpe(0.1, 500, -0.3, 5.0, 1, None) == s.probabilistic_sharpe(0.1, 500, -0.3, 5.0)


def test_what_is_undefined_is_none_with_its_reason():
    cases = [
        (skewness(np.array([0.01])), "fewer than two"),
        (kurtosis(np.full(9, 0.001)), "do not vary"),
        (s.standard_error(0.1, 1, 0.0, 3.0), "fewer than two"),
        (s.probabilistic_sharpe(0.1, 1, 0.0, 3.0), "fewer than two"),
        # two values at odds 4 to 1: skewness 1.5, kurtosis 3.25, and 1 - 1.5 × 4/3 + 0.5625 × 16/9 = 0
        (s.standard_error(4 / 3, 100, 1.5, 3.25), "no standard error"),
        (s.min_track_record(4 / 3, 1.5, 3.25), "no standard error"),
        (s.min_track_record(0.0, 0.0, 3.0), "not above"),
        (s.min_track_record(0.1, 0.0, 3.0, benchmark=0.2), "not above"),
        (s.expected_max_sharpe(7, None), "of 7 trials"),
        (s.deflated_sharpe(0.1, 500, 0.0, 3.0, 7, None), "of 7 trials"),
        (s.autocorrelation_factor(2, np.array([-1.0])), "does not vary"),
    ]
    for measure, reason in cases:
        assert measure.value is None
        assert measure.reason is not None and reason in measure.reason


def test_arguments_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match="trials: expected 1 or more, got 0"):
        s.expected_max_sharpe(0)
    with pytest.raises(ValueError, match="target"):
        s.min_backtest_length(10, 0.0)
    with pytest.raises(ValueError, match="of 11 lags, got 3"):
        s.autocorrelation_factor(12, np.zeros(3))


ratios = st.floats(-0.5, 0.5)
lengths = st.integers(20, 5000)
spreads = st.floats(1e-6, 0.05)
counts = st.integers(2, 100_000)


@st.composite
def moments(draw: st.DrawFn) -> tuple[float, float]:
    """A skewness and a kurtosis that some distribution has: kurtosis ≥ 1 + skewness², not at the edge."""
    skew = draw(st.floats(-3.0, 3.0))
    return skew, 1.0 + skew * skew + draw(st.floats(0.5, 30.0))


def value(measure: s.Measure) -> float:
    assert measure.value is not None, measure.reason
    return measure.value


@given(ratios, lengths, moments(), ratios)
def test_a_probability_lies_between_none_and_one_and_on_the_side_of_the_ratio(sr, length, shape, benchmark):
    ours = value(s.probabilistic_sharpe(sr, length, *shape, benchmark))
    distance = abs(sr - benchmark) / value(s.standard_error(sr, length, *shape))
    assert 0.0 <= ours <= 1.0
    if distance < 8.0:  # beyond it a double cannot tell from 0 or 1
        assert 0.0 < ours < 1.0
    if distance > 1e-6:
        assert (ours > 0.5) == (sr > benchmark)


@given(ratios, lengths, moments(), counts, spreads)
def test_deflating_never_adds_confidence(sr, length, shape, trials, variance):
    plain = value(s.probabilistic_sharpe(sr, length, *shape))
    assert value(s.deflated_sharpe(sr, length, *shape, trials, variance)) <= plain


@given(ratios, lengths, moments(), counts, st.integers(1, 100_000), spreads)
def test_more_trials_and_wider_ones_deflate_more(sr, length, shape, trials, more, variance):
    ours = value(s.deflated_sharpe(sr, length, *shape, trials, variance))
    assert value(s.deflated_sharpe(sr, length, *shape, trials + more, variance)) <= ours
    assert value(s.deflated_sharpe(sr, length, *shape, trials, 2.0 * variance)) <= ours
    best, best_of_more = value(s.expected_max_sharpe(trials)), value(s.expected_max_sharpe(trials + more))
    assert best < best_of_more


def test_more_trials_deflate_strictly_more_where_a_double_can_tell():
    deflated = [value(s.deflated_sharpe(0.08, 750, -0.5, 6.0, n, 0.001)) for n in (1, 2, 3, 10, 100, 10_000)]
    assert deflated == sorted(deflated, reverse=True) and len(set(deflated)) == len(deflated)


@given(st.floats(0.01, 0.5), st.floats(1.01, 3.0), st.floats(-3.0, 0.0), st.floats(0.5, 30.0))
def test_a_better_sharpe_needs_a_shorter_record(sr, times, skew, over):
    kurt = 1.0 + skew * skew + over
    assert value(s.min_track_record(sr * times, skew, kurt)) < value(s.min_track_record(sr, skew, kurt))


@given(st.floats(0.01, 0.5), moments(), st.floats(0.6, 0.999))
def test_after_the_record_that_is_needed_the_probability_is_reached(sr, shape, confidence):
    needed = math.ceil(value(s.min_track_record(sr, *shape, confidence=confidence)))
    if needed >= 3:
        assert value(s.probabilistic_sharpe(sr, needed, *shape)) >= confidence - 1e-12
        assert value(s.probabilistic_sharpe(sr, needed - 1, *shape)) < confidence + 1e-12


@given(st.integers(2, 400), st.floats(0.01, 0.9))
def test_trending_returns_annualise_to_less_and_reverting_ones_to_more(periods, correlation):
    trending = value(s.autocorrelation_factor(periods, ar1(correlation, periods)))
    reverting = value(s.autocorrelation_factor(periods, ar1(-correlation, periods)))
    assert trending < math.sqrt(periods) < reverting


@given(st.integers(1, 5000), st.floats(0.2, 4.0))
def test_a_backtest_of_the_least_length_is_expected_to_show_the_target(trials, target):
    years = s.min_backtest_length(trials, target)
    # the Sharpe of a year of nothing has variance 1 / years
    if years > 0.0:
        assert s.expected_max_sharpe(trials, 1.0 / years).value == pytest.approx(target)
