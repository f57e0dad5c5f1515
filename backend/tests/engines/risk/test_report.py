"""The tear sheet of a run and of a series: every name is there, with a value or a reason."""

from __future__ import annotations

import math

import numpy as np
import pytest

from app.engines.risk import relative
from app.engines.risk import returns as r
from app.engines.risk.exposure import exposures_of
from app.engines.risk.report import ClosedTrades, run_report, series_report

from .golden import array

NONE = ClosedTrades(np.empty(0), np.empty(0, np.int64), np.empty(0), np.empty(0))
DAYS = np.arange("2024-01-01", "2024-01-06", dtype="datetime64[D]")


def report(equity, holdings=None, benchmark="No index was chosen.", shorts=None, **changed):
    values = array(*equity)
    held = values if holdings is None else array(*holdings)
    words = {"capital": 100, "periods": 252, "bought": 0, "sold": 0, "closed": NONE, "open_trades": 0} | changed
    at_work = exposures_of(held, values, shorts)
    return run_report(DAYS[: len(equity)], values, at_work, closes=np.arange(len(equity)), benchmark=benchmark, **words)


def test_every_value_that_is_missing_has_its_reason_and_no_other_has():
    for equity in ((100, 101, 99, 104, 103), (100, 50, 0), (100,), (100, 100, 100)):
        found = report(equity)
        names = {name for name, value in found.values.items() if value is None}
        assert names == set(found.reasons) - {f"max_drawdown_{which}" for which in ("peak", "trough", "recovery")}
        assert all(math.isfinite(value) for value in found.values.values() if value is not None)


def test_equity_at_zero_is_said_and_not_divided_by():
    found = report((100, 50, 0))
    for name in ("sharpe", "cagr", "calmar", "var_95", "best_day", "beta", "gross_exposure", "omega", "skewness"):
        assert found.reasons[name] == "equity reached zero"
    assert found.values["max_drawdown"] == -1.0 and found.values["total_return"] == -1.0


def test_without_an_index_its_measures_say_why():
    found = report((100, 101, 99))
    for name in ("beta", "alpha", "tracking_error", "information_ratio", "correlation", "up_capture", "down_capture"):
        assert found.values[name] is None and found.reasons[name] == "No index was chosen."


def test_an_index_is_compared_return_by_return():
    equity, index = (100, 101, 99, 104, 103), array(50, 51, 50, 51, 52)
    found = report(equity, benchmark=index)
    ours, theirs = (array(*values)[1:] / array(*values)[:-1] - 1.0 for values in (equity, index))
    assert found.values["beta"] == relative.beta(ours, theirs).value
    assert found.values["information_ratio"] == relative.information_ratio(ours, theirs, 252).value


def test_long_and_short_at_once_count_with_their_sizes():
    # 60 long and 50 short are 10 net and 110 gross; 40 long and 50 short are −10 net and 90 gross
    found = report((100, 101, 99), holdings=(0, 10, -10), shorts=array(0, -50, -50))
    assert found.values["gross_exposure"] == pytest.approx((0 + 110 / 101 + 90 / 99) / 3)
    assert found.values["net_exposure"] == pytest.approx((0 + 10 / 101 - 10 / 99) / 3)


def test_what_could_not_be_sold_stands_beside_the_final_equity():
    found = report((100, 101, 80), holdings=(0, 10, 10), frozen=array(30, -10)).values
    assert (found["frozen_value"], found["frozen_positions"], found["frozen_share"]) == (40.0, 2, 0.5)
    assert found["final_equity_without_frozen"] == 50.0  # 80 less the 30 that are long
    lost = report((100, 50, -5), holdings=(0, 10, 10), frozen=array(30))
    assert lost.values["frozen_share"] is None and "at or below zero" in lost.reasons["frozen_share"]


def test_monthly_bars_have_no_best_day():
    months = np.array(["2024-01-31", "2024-02-29", "2024-03-28"], "datetime64[D]")
    found = series_report(months, array(100, 110, 99), periods=12, benchmark="none")
    assert found.values["best_day"] is None and "fewer than 252" in found.reasons["best_day"]
    assert (found.values["best_month"], found.values["worst_month"]) == pytest.approx((0.1, -0.1))


def test_a_hole_in_a_series_makes_no_return_up():
    days = np.arange("2020-01-01", "2020-03-01", dtype="datetime64[D]")
    equity = np.linspace(100, 160, days.size)
    equity[7] = np.nan
    found = series_report(days, equity, periods=252, benchmark="none")
    assert found.values["missing_returns"] == 2 and found.values["returns"] == days.size - 3
    returns = equity[1:] / equity[:-1] - 1.0
    assert found.values["sharpe"] == r.sharpe(returns, 252).value
    assert found.values["total_return"] == pytest.approx(0.6)


@pytest.mark.parametrize("hole", [[0], [20], [20, 21], [80], [0, 80]])
def test_growth_passes_over_a_hole_as_the_total_return_does(hole):
    """One percent a session, so that whatever is not known the growth a year is 1.01 ** 252 - 1, and the total
    (1 + growth) ** (sessions / 252) - 1: E_T / E_0 over the periods between the first and the last that are known."""
    equity = 100.0 * 1.01 ** np.arange(81)
    equity[hole] = np.nan
    found = series_report(np.datetime64("2024-01-01") + np.arange(81), equity, periods=252, benchmark="none").values
    passed = np.ptp(np.flatnonzero(~np.isnan(equity)))
    assert found["cagr"] == pytest.approx(1.01**252 - 1, rel=1e-12)
    assert found["total_return"] == pytest.approx(1.01**passed - 1, rel=1e-12)
    assert (1 + found["cagr"]) ** (passed / 252) == pytest.approx(1 + found["total_return"], rel=1e-12)


def test_a_fall_inside_a_hole_is_in_the_growth_and_in_the_drawdown():
    """100, unknown, 50, then 50 for 58 sessions: half is lost in 60 periods; Calmar is that growth over that fall."""
    equity = np.full(61, 50.0)
    equity[:2] = 100.0, np.nan
    found = series_report(np.datetime64("2024-01-01") + np.arange(61), equity, periods=252, benchmark="none").values
    assert found["total_return"] == -0.5 == found["max_drawdown"]
    assert found["cagr"] == pytest.approx(0.5 ** (252 / 60) - 1, rel=1e-12)
    assert found["calmar"] == pytest.approx(found["cagr"] / 0.5, rel=1e-12)
    assert found["worst_day"] == 0.0  # no session is known to have lost it


def test_a_series_with_many_holes_is_not_measured():
    equity = np.where(np.arange(40) % 5 == 2, np.nan, np.linspace(100, 160, 40))
    days = np.arange("2020-01-01", "2020-02-10", dtype="datetime64[D]")
    found = series_report(days, equity, periods=252, benchmark="none")
    assert found.values["sharpe"] is None and found.reasons["sharpe"] == "16 of 39 returns are missing"
    assert found.values["total_return"] == pytest.approx(0.6) and found.values["max_drawdown"] == 0.0


def test_equity_below_zero_has_no_drawdown():
    found = series_report(DAYS[:3], array(100, -5, 20), periods=252, benchmark="none")
    assert found.values["max_drawdown"] is None and found.reasons["max_drawdown"] == "equity is at or below zero"
    assert found.reasons["sharpe"] == "equity reached zero" and found.values["final_equity"] == 20.0
    with pytest.raises(ValueError, match="no value at all"):
        series_report(DAYS[:2], array(None, None), periods=252, benchmark="none")


def test_a_risk_free_rate_is_taken_off_every_period():
    equity, free = (100, 101, 99, 104, 103), 0.07
    found = series_report(DAYS, array(*equity), periods=252, risk_free=free, benchmark="none")
    returns = array(*equity)[1:] / array(*equity)[:-1] - 1.0
    a_day = 1.07 ** (1 / 252) - 1
    expected = (returns.mean() - a_day) / returns.std(ddof=1) * math.sqrt(252)
    assert found.values["sharpe"] == pytest.approx(expected)
