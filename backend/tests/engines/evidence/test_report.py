"""The figures beside one Sharpe: in step with one another, and a reason wherever one is missing."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engines.evidence.report import significance_report
from app.engines.evidence.trials import Trials
from app.engines.risk.returns import sharpe

RETURNS = np.array([0.02, -0.01, 0.015, -0.005, 0.01, 0.0, -0.02, 0.03, 0.005, -0.008] * 20)


def test_every_figure_of_a_record_that_has_them_all():
    report = significance_report(RETURNS, Trials(10, 0.0016), periods=252)
    values = report.values
    assert report.reasons == {}
    assert values["sharpe"] == sharpe(RETURNS, 252).value
    assert (values["trials"], values["sessions"], values["trial_sharpe_variance"]) == (10, 200, 0.0016)
    # 0.04 a session × 1.57459830134575 for ten trials × sqrt(252)
    assert values["expected_max_sharpe"] == pytest.approx(0.04 * 1.57459830134575 * math.sqrt(252))
    assert 0.0 < values["deflated_sharpe"] < values["probabilistic_sharpe"] < 1.0
    assert values["min_track_record_sessions"] == math.ceil(values["min_track_record_years"] * 252)


def test_one_trial_has_nothing_to_deflate_and_says_so():
    report = significance_report(RETURNS, Trials(1, None), periods=252)
    assert report.values["deflated_sharpe"] == report.values["probabilistic_sharpe"] is not None
    assert (report.values["expected_max_sharpe"], report.values["trial_sharpe_variance"]) == (0.0, None)
    assert "one trial" in report.reasons["deflated_sharpe"]
    assert "fewer than two" in report.reasons["trial_sharpe_variance"]


def test_trials_that_are_left_out_are_told_beside_the_spread_of_the_others():
    some = significance_report(RETURNS, Trials(10, 0.0016, 6, 3), periods=252)
    assert (some.values["trials"], some.values["trials_compared"], some.values["trials_unknown"]) == (10, 6, 3)
    assert some.reasons == {"trial_sharpe_variance": "3 trials whose record is not known are left out"}
    none = significance_report(RETURNS, Trials(10, None, 1, 9), periods=252)
    assert none.values["deflated_sharpe"] is none.values["trial_sharpe_variance"] is None
    assert none.reasons["trial_sharpe_variance"] == (
        "fewer than two trials have a Sharpe of a record like this one; 9 trials whose record is not known are left out"
    )


def test_trials_that_all_failed_leave_the_deflated_sharpe_unknown():
    report = significance_report(RETURNS, Trials(3, None), periods=252)
    assert report.values["deflated_sharpe"] is report.values["expected_max_sharpe"] is None
    assert report.values["probabilistic_sharpe"] is not None
    assert "of 3 trials" in report.reasons["deflated_sharpe"] and "expected_max_sharpe" in report.reasons


def test_a_loss_needs_no_track_record():
    report = significance_report(-RETURNS, Trials(1, None), periods=252)
    assert report.values["min_track_record_sessions"] is report.values["min_track_record_years"] is None
    assert "not above" in report.reasons["min_track_record_sessions"]
    assert report.values["probabilistic_sharpe"] < 0.5


@pytest.mark.parametrize(
    ("returns", "undefined", "reason"),
    [
        (np.empty(0), "equity reached zero", "equity reached zero"),
        (np.zeros(50), None, "do not vary"),
        (np.array([0.01]), None, "fewer than two"),
        (np.empty(0), None, "fewer than two"),
    ],
)
def test_without_a_sharpe_there_is_no_twin_and_the_reason_is_told(returns, undefined, reason):
    report = significance_report(returns, Trials(4, 0.001), periods=252, undefined=undefined)
    for name in (
        *("sharpe", "probabilistic_sharpe", "deflated_sharpe", "min_track_record_sessions"),
        *("min_track_record_years", "skewness", "kurtosis"),
    ):
        assert report.values[name] is None
        assert report.reasons[name]
    assert reason in report.reasons["sharpe"] and reason in report.reasons["deflated_sharpe"]
    assert report.values["trials"] == 4 and report.values["expected_max_sharpe"] is not None


@given(st.floats(0.1, 10.0))
def test_the_size_of_the_bets_changes_nothing(size):
    ours = significance_report(RETURNS * size, Trials(10, 0.0016), periods=252).values
    assert ours == pytest.approx(significance_report(RETURNS, Trials(10, 0.0016), periods=252).values)


@given(st.lists(st.floats(-0.2, 0.2), max_size=60), st.integers(1, 50), st.none() | st.floats(0.0, 0.1))
def test_each_figure_is_a_finite_number_or_has_a_reason(returns, count, variance):
    report = significance_report(np.array(returns, float), Trials(count, variance), periods=252)
    for name, figure in report.values.items():
        assert (name in report.reasons) if figure is None else math.isfinite(figure)
    deflated, probabilistic = report.values["deflated_sharpe"], report.values["probabilistic_sharpe"]
    assert deflated is None or deflated <= probabilistic
