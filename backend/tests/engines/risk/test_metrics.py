"""Measures against published numbers, other packages, and numbers worked out by hand."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engines.risk import metrics as m
from app.engines.risk.report import ClosedTrades, run_report

PERIODS = {"daily": 252, "weekly": 52, "monthly": 12}


def array(*values: float | None) -> np.ndarray:
    return np.array([np.nan if v is None else v for v in values], float)


def equity_of(returns: np.ndarray) -> np.ndarray:
    return np.cumprod(1.0 + returns[~np.isnan(returns)])


def empyrical(case: dict[str, Any], series: dict[str, list[float | None]]) -> float | None:
    """Our value for a case of the empyrical suite; None where the case is of no measure we have."""
    returns = array(*series[case["series"]])
    periods = PERIODS[case.get("period", "daily")]
    free = case.get("risk_free", 0.0)
    free = array(*series[free]) if isinstance(free, str) else free
    target = case.get("required", 0.0)
    match case["metric"]:
        case "max_drawdown":
            return m.max_drawdown(equity_of(returns), 1.0).value
        case "annual_return" | "cagr":
            return m.cagr(returns, periods).value
        case "annual_volatility":
            return m.volatility(returns, periods).value
        case "sharpe":
            return m.sharpe(returns, periods, free).value
        case "sortino":
            return m.sortino(returns, periods, target).value
        case "downside_risk":
            return m.downside_deviation(returns, periods, target).value
        case "calmar":
            return m.calmar(returns, equity_of(returns), 1.0, periods).value
        case "cum_returns_final":
            return m.cumulative_return(returns).value
    return None


def test_the_expected_values_of_the_empyrical_suite(evidence: Path):
    golden = json.loads((evidence / "golden" / "metrics_empyrical.json").read_text())
    checked: dict[str, int] = {}
    for case in golden["cases"]:
        ours = empyrical(case, golden["series"]) if case["metric"] != "alpha_beta" else None
        if ours is None:
            continue
        digits = case.get("decimals", 8)
        tolerance = 0.5 * 10**-digits if digits < 8 else 1e-9 * max(1.0, abs(case["expected"]))
        if case["metric"] == "max_drawdown":
            tolerance = 1e-7  # printed with seven digits
        assert ours == pytest.approx(case["expected"], rel=0, abs=tolerance), case
        checked[case["metric"]] = checked.get(case["metric"], 0) + 1
    assert checked["max_drawdown"] == 4 and checked["sharpe"] == 3 and checked["sortino"] == 4
    assert set(checked) >= {"annual_return", "annual_volatility", "downside_risk", "calmar", "cum_returns_final"}


def test_the_figures_of_bacons_book(evidence: Path):
    with (evidence / "golden" / "data" / "monthly_bacon.csv").open(newline="") as file:
        returns = array(*(float(row["portfolio"]) for row in csv.DictReader(file)))
    cases = json.loads((evidence / "golden" / "metrics_bacon.json").read_text())["cases"]
    expected = {case["metric"]: case["computed"] for case in cases if "computed" in case}
    equity = equity_of(returns)
    ours = {
        "downside_deviation": m.downside_deviation(returns, 1, 0.005),
        "sortino_not_annualised": m.sortino(returns, 1, 0.005),
        "annual_return_geometric": m.cagr(returns, 12),
        "annual_volatility_ddof1": m.volatility(returns, 12),
        "sharpe_annual_arithmetic_numerator": m.sharpe(returns, 12),
        "calmar": m.calmar(returns, equity, 1.0, 12),
    }
    for name, measure in ours.items():
        assert measure.value == pytest.approx(expected[name], rel=1e-9), name
    assert m.max_drawdown(equity, 1.0).value == pytest.approx(-expected["max_drawdown"], rel=1e-9)


def test_the_small_published_examples(evidence: Path):
    golden = json.loads((evidence / "golden" / "var_textbook.json").read_text())["small_published"]
    sharpe, sortino, monthly, drawdown = golden
    assert m.sharpe(array(*sharpe["data"]), 1, sharpe["benchmark"]).value == pytest.approx(sharpe["expected"], abs=5e-7)
    assert m.sortino(array(*sortino["data"]), 1).value == pytest.approx(sortino["expected"], abs=5e-7)
    ours = m.sharpe(array(*monthly["data"]), monthly["periods_per_year"], monthly["risk_free_per_period"]).value
    assert ours == pytest.approx(monthly["expected"], abs=monthly["tolerance"])
    equity = array(*drawdown["equity"])
    deepest = m.deepest_drawdown(equity, equity[0])
    assert deepest == (pytest.approx(100 / 130 - 1), 5, 6, 8)  # 130 at index 5, 100 at 6, 140 at 8
    assert equity[deepest.peak] - equity[deepest.trough] == max(drawdown["expected_drawdowns"])


@pytest.mark.parametrize("curve", ["goog_donchian_20_10", "goog_rsi2"])
def test_two_full_curves_as_four_packages_measure_them(evidence: Path, curve: str):
    golden = json.loads((evidence / "golden" / "metrics_pipeline.json").read_text())["curves"][curve]
    with (evidence / "golden" / "trades" / f"{curve}_equity.csv").open(newline="") as file:
        equity = array(*(float(row["equity"]) for row in csv.DictReader(file)))
    returns = m.returns_of(equity)
    assert returns.size == golden["n_returns"]
    ours = {
        "cagr": m.cagr(returns, 252),
        "annual_volatility": m.volatility(returns, 252),
        "sharpe": m.sharpe(returns, 252),
        "sortino": m.sortino(returns, 252),
        "calmar": m.calmar(returns, equity, 100_000.0, 252),
        "max_drawdown": m.max_drawdown(equity, 100_000.0),
        "downside_risk": m.downside_deviation(returns, 252),
    }
    for name, measure in ours.items():
        assert measure.value == pytest.approx(golden["empyrical"][name], rel=1e-9), name
    assert m.total_return(equity, 100_000.0).value == pytest.approx(golden["total_return"], rel=1e-9)
    assert m.sharpe(returns, 252).value == pytest.approx(golden["quantstats"]["sharpe"], rel=1e-9)
    assert m.sharpe(returns, 252).value == pytest.approx(golden["ffn"]["daily_sharpe"], rel=1e-9)


def test_a_loss_in_the_first_bar_counts_from_the_opening_capital():
    assert m.deepest_drawdown(array(90, 95, 99), 100) == (pytest.approx(-0.1), -1, 0, None)
    assert m.deepest_drawdown(array(90, 95, 100), 100).recovery == 2


def test_a_curve_that_never_falls_has_no_drawdown():
    assert m.deepest_drawdown(array(100, 100, 110), 100) == (0.0, None, None, None)
    assert m.calmar(array(0.0, 0.1), array(100, 100, 110), 100, 252).reason == "equity never fell below its peak"


def test_undefined_is_none_with_a_reason():
    flat, one = array(0.01, 0.01, 0.01), array(0.01)
    assert m.sharpe(flat, 252) == (None, "returns do not vary")
    assert m.sharpe(one, 252) == (None, "fewer than two returns")
    assert m.volatility(flat, 252).value == 0.0  # 1e-17 of float noise is no volatility
    assert m.sortino(flat, 252) == (None, "no return below the target")
    assert m.cagr(array(), 252) == (None, "no return")
    assert m.cagr(array(-1.5), 252).value is None
    assert m.win_rate(array()) == m.profit_factor(array()) == m.expectancy(array()) == (None, "no closed trade")
    assert m.profit_factor(array(5, 0)) == (None, "no losing trade")


def test_nan_returns_are_skipped_and_not_taken_as_zero():
    assert m.sharpe(array(None, 0.01, None, -0.02, 0.03), 252) == m.sharpe(array(0.01, -0.02, 0.03), 252)
    assert m.sharpe(array(0, 0.01, 0, -0.02, 0.03), 252) != m.sharpe(array(0.01, -0.02, 0.03), 252)


def test_trades_by_hand():
    # two wins of 30 and 10, one loss of 20, one of nothing: 2 of 4; 40 / 20; 20 / 4
    pnl = array(30, 10, -20, 0)
    assert (m.win_rate(pnl).value, m.profit_factor(pnl).value, m.expectancy(pnl).value) == (0.5, 2.0, 5.0)
    assert m.average_holding(np.array([1, 2, 6])).value == 3.0


def test_exposure_and_turnover_by_hand():
    # held at two of four closes; half and all of the equity in stock there
    holdings, equity = array(0, 50, 100, 0), array(100, 100, 100, 100)
    assert m.time_in_market(holdings).value == 0.5
    assert m.mean_gross_exposure(holdings, equity).value == 0.375
    # 300 bought, 200 sold, 100 of equity on average, over 126 of 252 days: 2 × 2
    assert m.turnover(300, 200, equity, 126, 252).value == 4.0


def test_intraday_curves_are_measured_at_session_closes():
    times = np.array(["2024-01-01T09:15", "2024-01-01T15:15", "2024-01-02T09:15", "2024-01-02T15:15"], "datetime64[s]")
    assert m.session_closes(times).tolist() == [1, 3]
    assert m.session_closes(times[::2].astype("datetime64[D]")).tolist() == [0, 1]


def test_a_rate_a_period_compounds_to_the_rate_a_year():
    assert (1 + m.per_period(0.07, 252)) ** 252 == pytest.approx(1.07, rel=1e-12)


def test_equity_at_zero_is_said_and_not_divided_by():
    with pytest.raises(ValueError, match="above zero"):
        m.returns_of(array(100, 0, 100))
    days = np.arange("2024-01-01", "2024-01-04", dtype="datetime64[D]")
    none = ClosedTrades(np.empty(0), np.empty(0, np.int64))
    report = run_report(
        days,
        array(100, 50, 0),
        array(100, 50, 0),
        capital=100,
        periods=252,
        bought=0,
        sold=0,
        closed=none,
        open_trades=0,
    )
    assert report.reasons["sharpe"] == report.reasons["cagr"] == "equity reached zero"
    assert report.values["max_drawdown"] == -1.0


def test_growth_beyond_any_number_is_none_with_a_reason():
    assert m.cagr(array(1e6), 252) == (None, "too few returns to speak of a year")


curves = st.lists(st.floats(1.0, 1e6), min_size=1, max_size=40).map(np.array)


@settings(deadline=None)
@given(curves, st.floats(1.0, 1e6))
def test_the_drawdown_agrees_with_the_obvious_one(equity, capital):
    obvious = min(equity[t] / max(capital, *equity[: t + 1]) - 1.0 for t in range(len(equity)))
    deepest = m.deepest_drawdown(equity, capital)
    assert deepest.depth == pytest.approx(obvious, abs=1e-15)
    if deepest.trough is not None:
        height = capital if deepest.peak == -1 else equity[deepest.peak]
        assert equity[deepest.trough] / height - 1.0 == deepest.depth
        assert deepest.recovery is None or equity[deepest.recovery] >= height


@settings(deadline=None)
@given(curves.filter(lambda e: len(e) > 2))
def test_growth_compounds_to_the_last_point(equity):
    returns = m.returns_of(equity)
    growth = m.cagr(returns, 60).value
    assert growth is not None
    assert growth == pytest.approx((equity[-1] / equity[0]) ** (60 / len(returns)) - 1.0, rel=1e-9, abs=1e-9)
