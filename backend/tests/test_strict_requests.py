"""What a request of the engine has to be: numbers are numbers, and what is wrong is told by the field it stands in."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.schemas.portfolios import PositionIn
from app.services.sample_market import SampleSummary
from tests.test_backtest_api import URL as BACKTEST
from tests.test_backtest_api import error_of, question

pytestmark = pytest.mark.integration

SWEEPS = "/api/portfolio/strategies/sweeps"
WALKS = "/api/portfolio/strategies/walk-forwards"
POLICIES = "/api/portfolio/strategies/policy"
HUGE = 10**400  # no float holds it


def refused(client: TestClient, url: str, body: dict[str, Any]) -> tuple[str, str]:
    """The field that is named and the whole sentence; the text is written as other programs would write it."""
    sent = client.post(url, content=json.dumps(body), headers={"Content-Type": "application/json"})
    assert sent.status_code == 422, sent.text
    error = error_of(sent)
    assert error["code"] == "VALIDATION_ERROR"
    return error["details"]["field"], error["message"]


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        # what only looks like a number, a yes or a text
        ({"initial_capital": True}, "initial_capital", "valid number"),
        ({"initial_capital": "1e6"}, "initial_capital", "valid number"),
        ({"initial_capital": "1000000"}, "initial_capital", "valid number"),
        ({"slippage_bps": "5"}, "slippage_bps", "valid number"),
        ({"max_positions": "3"}, "max_positions", "valid integer"),
        ({"max_positions": True}, "max_positions", "valid integer"),
        ({"max_positions": 2.5}, "max_positions", "valid integer"),
        ({"seed": "7"}, "seed", "valid integer"),
        ({"asof_members": "yes"}, "asof_members", "valid boolean"),
        ({"strict_actions": 1}, "strict_actions", "valid boolean"),
        ({"settle_next_session": "on"}, "settle_next_session", "valid boolean"),
        ({"strategy_ids": "sma_cross"}, "strategy_ids", "valid list"),
        ({"strategy_ids": [5]}, "strategy_ids.0", "valid string"),
        ({"params": {"sma_cross": {"fast": True, "slow": 20}}}, "params.fast", "a whole number"),
        ({"params": {"sma_cross": {"fast": "5", "slow": 20}}}, "params.fast", "a whole number"),
        ({"params": {"sma_cross": {"fast": 1e308, "slow": 20}}}, "params.fast", "a whole number"),
        ({"allocations": {"sma_cross": "1"}}, "allocations.sma_cross", "valid number"),
        # beyond every range
        ({"initial_capital": 1e308}, "initial_capital", "less than or equal to 1"),
        ({"initial_capital": HUGE}, "initial_capital", ""),
        ({"initial_capital": float("inf")}, "initial_capital", "finite"),
        ({"initial_capital": float("nan")}, "initial_capital", "finite"),
        ({"sizing": "quantity", "sizing_value": 1e308}, "sizing_value", "less than or equal to 1"),
        ({"seed": -1}, "seed", "greater than or equal to 0"),
        ({"seed": 2**32}, "seed", "less than or equal to"),
        ({"policy_id": 0}, "policy_id", "greater than or equal to 1"),
        ({"policy_id": 2**31}, "policy_id", "less than or equal to"),
        ({"policy_id": 10**30}, "policy_id", "less than or equal to"),
        ({"policy_id": "1"}, "policy_id", "valid integer"),
        # the costs are told in the shape they were meant to have
        ({"costs": {"bps": 1e308}}, "costs.bps", "less than or equal to 1000"),
        ({"costs": {"bps": -1}}, "costs.bps", "greater than or equal to 0"),
        ({"costs": {"bps": "10"}}, "costs.bps", "valid number"),
        ({"costs": {"bps": True}}, "costs.bps", "valid number"),
        ({"costs": {"bps": 10, "flat": 20}}, "costs.flat", "Extra inputs"),
        ({"costs": {}}, "costs.bps", "Field required"),
        ({"costs": {"plan": "custom", "flat": 1e308}}, "costs.flat", "less than or equal to 100000"),
        ({"costs": {"plan": "custom", "fraction": 0.2}}, "costs.fraction", "less than or equal to 0.1"),
        ({"costs": {"plan": "zerodha"}}, "costs.plan", "'custom'"),
        ({"costs": "groww"}, "costs", "'none', 'zerodha' or 'fyers'"),
        ({"costs": 10}, "costs", 'expected a plan (none, zerodha, fyers), a rate such as {"bps": 10}'),
        ({"costs": None}, "costs", "expected a plan"),
        ({"costs": [10]}, "costs", "expected a plan"),
        # the universe
        ({"universe": 5}, "universe", "expected the id of an index, or a list of symbols"),
        ({"universe": None}, "universe", "expected the id of an index"),
        ({"universe": {"index": "NIFTY50"}}, "universe", "expected the id of an index"),
        ({"universe": ["AAA", 5]}, "universe.1", "valid string"),
        ({"universe": []}, "universe", "give 1 to 5000 symbols"),
        # days
        ({"start_date": "2024-12-31", "end_date": "2024-03-01"}, "end_date",
         "2024-03-01 lies before start_date, 2024-12-31"),
        ({"start_date": "2024-02-30"}, "start_date", "'2024-02-30' is not a date; write it as 2024-07-01"),
        ({"end_date": 20241231}, "end_date", "is not a date"),
        # what the engine itself refuses is named as it was asked
        ({"sizing": "value"}, "sizing_value", "sizing_value: expected a number above 0"),
        ({"sizing": "quantity", "sizing_value": 1.5}, "sizing_value", "whole for shares"),
        ({"allocations": {"sma_cross": 2}}, "allocations", "allocations: expected a fraction above 0 and up to 1"),
        ({"strategy_ids": ["rsi2"]}, "params", "params: sma_cross is no strategy of the run"),
        ({"cash_rates": [{"start": "2024-02-01", "percent": 6}, {"start": "2024-01-01", "percent": 5}]}, "cash_rates",
         "expected each day once, ascending, got ['2024-02-01', '2024-01-01']"),
        ({"cash_rates": [{"start": "2024-01-01", "percent": "6"}]}, "cash_rates.0.percent", "valid number"),
    ],
)  # fmt: skip
def test_a_backtest_that_cannot_be_meant_names_its_field(
    shared_sample: TestClient, sample_data: SampleSummary, change: dict[str, Any], field: str, words: str
) -> None:
    named, message = refused(shared_sample, BACKTEST, question(sample_data, **change))
    assert named == field and words in message
    assert "Value error" not in message and "(" not in named


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"grid": {"fast": ["5", "6"]}}, "grid.fast.0", "valid number"),
        ({"grid": {"fast": [True, 6]}}, "grid.fast.0", "valid number"),
        ({"grid": {"fast": "5,6"}}, "grid.fast", "expected a list of values, or start, stop and step"),
        ({"grid": {"fast": {"start": 5, "stop": 9}}}, "grid.fast.step", "Field required"),
        ({"grid": {"fast": {"start": 5, "stop": 1e999, "step": 1}}}, "grid.fast.stop", "finite"),
        ({"universes": [5]}, "universes.0", "expected the id of an index, or a list of symbols"),
        ({"periods": [{"start_date": "2024-06-01", "end_date": "2024-03-01"}]}, "periods.0.end_date",
         "2024-03-01 lies before start_date, 2024-06-01"),
        ({"periods": [{"start_date": 0, "end_date": "2024-03-01"}]}, "periods.0.start_date", "is not a date"),
        ({"random": {"draws": "5"}}, "random.draws", "valid integer"),
    ],
)  # fmt: skip
def test_a_sweep_that_cannot_be_meant_names_its_field(
    shared_sample: TestClient, sample_data: SampleSummary, change: dict[str, Any], field: str, words: str
) -> None:
    body = {"run": question(sample_data, params={"sma_cross": {"slow": 20}}), "grid": {"fast": [5, 6]}} | change
    named, message = refused(shared_sample, SWEEPS, body)
    assert named == field and words in message


def test_a_walk_forward_takes_no_text_for_a_number(shared_sample: TestClient, sample_data: SampleSummary) -> None:
    run = question(sample_data, params={"sma_cross": {"slow": 20}})
    body = {"run": run, "grid": {"fast": [5, 6]}, "train": "100"}
    assert refused(shared_sample, WALKS, body)[0] == "train"
    nested = {"run": run | {"costs": {"bps": "10"}}, "grid": {"fast": [5, 6]}}
    assert refused(shared_sample, WALKS, nested)[0] == "run.costs.bps"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"cash_reserve_percent": "20"}, "cash_reserve_percent"),
        ({"cash_reserve_percent": True}, "cash_reserve_percent"),
        ({"daily_stop_loss_percent": "-2"}, "daily_stop_loss_percent"),
        ({"max_drawdown_percent": 1e308}, "max_drawdown_percent"),
        ({"daily_stop_loss_percent": float("nan")}, "daily_stop_loss_percent"),
        ({"name": 5}, "name"),
    ],
)
def test_a_policy_takes_no_text_for_a_number(shared_sample: TestClient, values: dict[str, Any], field: str) -> None:
    assert refused(shared_sample, POLICIES, {"name": "Strictly", **values})[0] == field


def test_whole_numbers_are_numbers_and_a_leap_day_is_a_day(
    shared_sample: TestClient, sample_data: SampleSummary
) -> None:
    """What is written 1000000 and 1000000.0 is one capital, and so one run."""
    bodies = [
        question(sample_data, initial_capital=capital, start_date="2024-02-29", costs={"bps": bps})
        for capital, bps in ((1_000_000, 10), (1_000_000.0, 10.0))
    ]
    runs = [shared_sample.post(BACKTEST, json=body) for body in bodies]
    assert [run.status_code for run in runs] == [200, 200]
    assert runs[0].json()["run_id"] == runs[1].json()["run_id"]


@pytest.mark.parametrize(
    ("url", "body", "field"),
    [
        ("/api/screener/screens", {"name": 5, "question": {}}, "name"),
        ("/api/screener/screens", {"name": "a", "question": {"q": True}}, "question.q"),
        ("/api/screener/screens", {"name": "a", "question": {"columns": "close"}}, "question.columns"),
        ("/api/screener/strategies", {"name": "a", "q": "close > 1", "hold": "5"}, "hold"),
        ("/api/screener/strategies", {"name": "a", "q": "close > 1", "stop": True}, "stop"),
        ("/api/portfolio/stocks", {"name": "a", "positions": [{"symbol": "AAA", "quantity": True}]},
         "positions.0.quantity"),
        ("/api/portfolio/stocks", {"name": "a", "positions": [{"symbol": "AAA", "quantity": "5"}]},
         "positions.0.quantity"),
        ("/api/portfolio/stocks", {"name": "a", "positions": [{"symbol": "AAA", "quantity": 5, "entry_price": True}]},
         "positions.0.entry_price"),
        ("/api/portfolio/stocks", {"name": "a", "positions": [{"symbol": "AAA", "quantity": 5, "entry_price": "x"}]},
         "positions.0.entry_price"),
        ("/api/portfolio/stocks", {"name": "a", "positions": [
            {"symbol": "AAA", "quantity": 5, "entry_price": 1, "entry_date": 20240101}]}, "positions.0.entry_date"),
        ("/api/data/import", {"path": 5}, "path"),
    ],
)  # fmt: skip
def test_what_is_kept_takes_no_text_for_a_number(
    shared_sample: TestClient, url: str, body: dict[str, Any], field: str
) -> None:
    assert refused(shared_sample, url, body)[0] == field


@pytest.mark.parametrize(
    ("path", "change", "field"),
    [
        ("analyze", {"lookback_days": "252"}, "lookback_days"),
        ("analyze", {"asof": 0}, "asof"),
        ("stress", {"paths": 2000.5}, "paths"),
        ("stress", {"seed": True}, "seed"),
        ("stress", {"circuit": {"band": "0.2"}}, "circuit.band"),
        ("rebalance", {"cash": True}, "cash"),
        ("rebalance", {"cash": "a lakh"}, "cash"),
        ("rebalance", {"weights": {"AAA": "0.5"}}, "weights.AAA"),
    ],
)
def test_a_question_of_risk_takes_no_text_for_a_number(
    shared_sample: TestClient, path: str, change: dict[str, Any], field: str
) -> None:
    assert refused(shared_sample, f"/api/portfolio/stocks/1/{path}", change)[0] == field


def test_rupees_may_be_written_as_digits_that_no_float_keeps() -> None:
    position = PositionIn(symbol="AAA", quantity=3, entry_price="33333333333.33333333")  # type: ignore[arg-type]
    assert position.entry_price == Decimal("33333333333.33333333")
