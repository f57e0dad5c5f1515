"""A run taken apart over HTTP: every figure agrees with the run's own."""

from __future__ import annotations

import math
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.database import Market
from app.exceptions import DataNotFoundError
from app.services.run_analysis import analysed
from app.services.sample_market import SampleSummary
from tests.test_backtest_api import URL, question

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def run(shared_sample: TestClient, sample_data: SampleSummary) -> dict[str, Any]:
    answer: dict[str, Any] = shared_sample.post(URL, json=question(sample_data)).json()
    return answer


@pytest.fixture(scope="module")
def analysis(shared_sample: TestClient, run: dict[str, Any]) -> dict[str, Any]:
    response = shared_sample.get(f"/api/portfolio/strategies/runs/{run['run_id']}/analysis")
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def test_the_parts_agree_with_the_run(run: dict[str, Any], analysis: dict[str, Any]) -> None:
    chart = run["daily_chart"]
    assert analysis["days"] == [point["date"] for point in chart]
    whole = chart[-1]["equity"] / chart[0]["equity"]
    for spans in (analysis["months"], analysis["years"]):
        assert math.prod(1.0 + span["value"] for span in spans) == pytest.approx(whole)
    assert analysis["drawdowns"][0]["depth"] == pytest.approx(run["metrics"]["max_drawdown"])
    assert analysis["drawdowns"][0]["trough"] == run["drawdown_sessions"]["trough"]
    assert analysis["positions"][-1] == sum(trade["open"] for trade in run["trades"])
    assert sum(analysis["return_bins"]["counts"]) == len(chart) - 1
    assert sum(analysis["trade_bins"]["counts"]) == run["metrics"]["trades"]


def test_intervals_hold_the_figures_and_the_cone_begins_where_the_run_does(
    run: dict[str, Any], analysis: dict[str, Any]
) -> None:
    luck = analysis["luck"]
    for name, interval in luck["intervals"].items():
        assert interval["low"] < interval["high"], name
    for name in ("cagr", "sharpe", "volatility"):
        assert luck["intervals"][name]["low"] <= run["metrics"][name] <= luck["intervals"][name]["high"], name
    first = run["daily_chart"][0]["equity"]
    assert [path[0] for path in luck["cone"]["equity"]] == pytest.approx([first] * 5)
    assert len(luck["cone"]["equity"][0]) == len(analysis["days"])


def test_a_run_of_one_market_is_not_taken_apart_in_the_other(
    shared_sample: TestClient, run: dict[str, Any], analysis: dict[str, Any]
) -> None:
    platform = shared_sample.app.state.platform  # type: ignore[attr-defined]
    with platform.database.transaction(Market.REAL) as session:
        assert platform.analysis.of(session, run["run_id"]) == analysis
    platform.database.migrate(Market.SAMPLE)
    with platform.database.transaction(Market.SAMPLE) as session, pytest.raises(DataNotFoundError):
        platform.analysis.of(session, run["run_id"])


def test_positions_through_time_count_entries_and_exits_of_intraday_bars_by_their_day() -> None:
    times = [f"2024-01-0{day}T{hour}:00:00" for day in (1, 2, 3) for hour in ("10", "15")]
    trades = {
        "open": [False, False, True],
        "entry_at": [times[0], times[2], times[3]],
        "exit_at": [times[1], times[4], None],
        "pnl": [10.0, -5.0, 1.0],
        "entry_price": [100.0, 50.0, 10.0],
        "quantity": [1.0, 2.0, 1.0],
    }
    found = analysed(
        {
            "run_id": "r",
            "sessions": times,
            "equity": [100.0, 101.0, 102.0, 103.0, 104.0, 105.0],
            "spec": {"initial_capital": 100.0},
            "metrics": {"periods_per_year": 252},
            "trades": trades,
        }
    )
    assert found["days"] == ["2024-01-01", "2024-01-02", "2024-01-03"]
    # day 1: in and out; day 2: two opened; day 3: one of them left
    assert found["positions"] == [0, 2, 1]
    assert found["luck"] == "2 returns: too few to draw from, 60 are needed"
    # 10 / 100 and -5 / 100; the open trade is in no bin
    assert sum(found["trade_bins"]["counts"]) == 2


def test_the_turnover_of_a_month_is_its_smaller_side_over_its_mean_equity() -> None:
    none: dict[str, Any] = {name: [] for name in ("open", "entry_at", "exit_at", "pnl", "entry_price", "quantity")}
    fills = {
        "filled_at": ["2024-01-30", "2024-01-31", "2024-02-01", "2024-02-01"],
        "side": ["BUY", "SELL", "BUY", "SELL"],
        "price": [100.0, 110.0, 50.0, 20.0],
        "quantity": [10.0, 5.0, 4.0, 30.0],
    }
    found = analysed(
        {
            "run_id": "r",
            "sessions": ["2024-01-30", "2024-01-31", "2024-02-01", "2024-03-01"],
            "equity": [2000.0, 3000.0, 4000.0, 4000.0],
            "spec": {"initial_capital": 2000.0},
            "metrics": {"periods_per_year": 252},
            "trades": none,
            "fills": fills,
        }
    )
    # January: 1,000 bought, 550 sold, 550 / 2,500; February: 200 bought, 600 sold, 200 / 4,000; March: nothing
    assert [list(month.values()) for month in found["turnover"]] == [
        [2024, 1, 1000.0, 550.0, 0.22],
        [2024, 2, 200.0, 600.0, 0.05],
        [2024, 3, 0.0, 0.0, 0.0],
    ]


def test_an_account_that_was_lost_has_no_returns_and_says_so() -> None:
    none: dict[str, Any] = {name: [] for name in ("open", "entry_at", "exit_at", "pnl", "entry_price", "quantity")}
    found = analysed(
        {
            "run_id": "r",
            "sessions": ["2024-01-01", "2024-01-02"],
            "equity": [100.0, 0.0],
            "spec": {"initial_capital": 100.0},
            "metrics": {"periods_per_year": 252},
            "trades": none,
        }
    )
    assert found["reason"] == found["luck"] == "equity reached zero"
    assert found["months"] == found["drawdowns"] == []


def test_a_run_that_is_not_there_cannot_be_taken_apart(shared_sample: TestClient) -> None:
    response = shared_sample.get(f"/api/portfolio/strategies/runs/{'0' * 64}/analysis")
    assert response.status_code == 404 and response.json()["error"]["code"] == "DATA_NOT_FOUND"


def test_a_fall_that_would_be_written_as_nothing_is_none_of_the_deepest() -> None:
    none: dict[str, Any] = {name: [] for name in ("open", "entry_at", "exit_at", "pnl", "entry_price", "quantity")}
    found = analysed(
        {
            "run_id": "r",
            "sessions": ["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05", "2024-01-08"],
            # falls of 0.004 %, 0.006 % and 5 %, of which the last is not made up for
            "equity": [100_000.0, 99_996.0, 100_000.0, 99_994.0, 100_000.0, 95_000.0],
            "spec": {"initial_capital": 100_000.0},
            "metrics": {"periods_per_year": 252},
            "trades": none,
        }
    )
    assert [round(fall["depth"], 5) for fall in found["drawdowns"]] == [-0.05, -0.00006]
