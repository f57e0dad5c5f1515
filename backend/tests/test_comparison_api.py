"""Runs side by side over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.services.comparisons import differing
from app.services.sample_market import SampleSummary
from app.services.user_strategies.errors import StrategyStopped
from tests.test_backtest_api import URL, question

pytestmark = pytest.mark.integration

COMPARE = "/api/portfolio/strategies/runs/compare"


def test_inputs_that_differ_are_named_by_their_place_and_the_rest_is_left_out() -> None:
    shared = {"seed": 0, "benchmarks": []}
    first = shared | {"books": [{"strategy_id": "a", "params": {"fast": 5}}], "costs": {"plan": "none"}}
    second = shared | {"books": [{"strategy_id": "a", "params": {"fast": 8}}], "costs": {"plan": "bps", "bps": 1}}
    assert differing([first, second]) == [
        {"input": "books.1.params.fast", "values": [5, 8], "changed": None},
        {"input": "costs.bps", "values": [None, 1], "changed": None},
        {"input": "costs.plan", "values": ["none", "bps"], "changed": None},
    ]


def spec(version: str, **changed: Any) -> dict[str, Any]:
    """A specification whose data are of a version."""
    books = [{"strategy_id": "a", "params": {"fast": 5}, "source_hash": "5" * 64}]
    hashes = {"data_root": f"3.{version}", "adjustment": f"forward_anchored@{version}+{version}"}
    named = {"market_rules": f"nse@1.{version}", "benchmark": f"NIFTY50@{version}"}
    return {"books": books, "universe": {"index": "NIFTY50"}, "engine_version": "1"} | hashes | named | changed


def test_hashes_that_follow_from_other_days_read_are_left_out() -> None:
    found = differing([spec("a"), spec("b")], [{"warm_up": 20, "reads": []}, {"warm_up": 50, "reads": []}])
    assert found == [{"input": "warm_up", "values": [20, 50], "changed": None}]
    found = differing([spec("a"), spec("b", universe={"index": "NIFTY200"})], [{"warm_up": 20, "reads": []}] * 2)
    assert [row["input"] for row in found] == ["universe.index"]


def test_data_that_changed_between_runs_that_read_the_same_are_told() -> None:
    beside = [{"warm_up": 20, "reads": []}] * 3
    found = {row["input"]: row for row in differing([spec("a"), spec("b", initial_capital=2), spec("a")], beside)}
    assert set(found) == {
        "data_root", "adjustment_version", "market_rules_version", "benchmark_version", "initial_capital",
    }  # fmt: skip
    assert found["data_root"]["values"] == ["3.a", "3.b", "3.a"]
    assert found["data_root"]["changed"] == "The prices or members on file changed between these runs."
    assert found["initial_capital"]["changed"] is None


def test_names_before_a_hash_are_inputs_of_their_own() -> None:
    other = spec("a", benchmark="NIFTY500@a", market_rules="none", adjustment="forward_anchored@strict-a+a")
    found = {row["input"]: row["values"] for row in differing([spec("a"), other])}
    assert found == {
        "adjustment": ["forward_anchored", "forward_anchored@strict"],
        "benchmark": ["NIFTY50", "NIFTY500"],
        "market_rules": ["nse", "none"],
    }


def test_the_code_of_a_strategy_and_the_engine_are_told_where_they_changed() -> None:
    edited = [{"strategy_id": "a", "params": {"fast": 5}, "source_hash": "6" * 64}]
    another = [{"strategy_id": "b", "params": {"days": 5}, "source_hash": "7" * 64}]
    found = differing([spec("a"), spec("a", books=edited, engine_version="2")])
    assert {row["input"]: row["changed"] for row in found} == {
        "books.1.source_hash": "The code of the strategy changed between these runs.",
        "engine_version": "SmartTrader itself changed between these runs.",
    }
    found = differing([spec("a"), spec("b", books=another)])  # what it read is not known: it may have been other bars
    assert {row["input"]: row["values"] for row in found} == {
        "books.1.params.days": [None, 5],
        "books.1.params.fast": [5, None],
        "books.1.strategy_id": ["a", "b"],
    }


def test_three_runs_are_laid_side_by_side(shared_sample: TestClient, sample_data: SampleSummary) -> None:
    bodies = [
        question(sample_data),
        question(sample_data, params={"sma_cross": {"fast": 8, "slow": 20}}),
        question(sample_data, start_date="2024-05-02", costs="none"),
    ]
    runs: list[dict[str, Any]] = [shared_sample.post(URL, json=body).json() for body in bodies]
    response = shared_sample.get(COMPARE, params={"run": [run["run_id"] for run in runs]})
    assert response.status_code == 200, response.text
    found = response.json()
    later = runs[2]["daily_chart"]
    assert (found["start_date"], found["end_date"]) == (later[0]["date"], later[-1]["date"])
    assert len(found["days"]) == len(later) == len(found["growth"][0])
    inputs = {row["input"]: row["values"] for row in found["inputs"]}
    assert inputs["books.1.params.fast"] == [5, 8, 5]
    assert inputs["start"] == ["2024-03-01", "2024-03-01", "2024-05-02"]
    # of what slow 20 needs before the start nothing differs; 2 May has other days before it
    assert set(inputs) == {"books.1.params.fast", "start", "costs.plan", "costs.bps"}
    # of the run that begins with the shared window, the figures are those of the run itself
    by_name = {row["name"]: row for row in found["measures"]}
    for name in ("cagr", "volatility", "sharpe"):
        assert by_name[name]["values"][2] == pytest.approx(runs[2]["metrics"][name]), name
    equity = [point["equity"] for point in later]
    assert found["growth"][2] == pytest.approx([value / equity[0] for value in equity])
    for difference in by_name["sharpe"]["differences"]:
        assert difference["low"] <= difference["value"] <= difference["high"]
    assert [row[i] for i, row in enumerate(found["correlation"])] == pytest.approx([1.0, 1.0, 1.0])
    assert found["method"]["resamples"] == 2000 and found["method"]["reason"] is None


def test_a_run_that_reads_more_days_differs_in_them_and_in_no_hash(
    shared_sample: TestClient, sample_data: SampleSummary
) -> None:
    bodies = [question(sample_data), question(sample_data, params={"sma_cross": {"fast": 5, "slow": 30}})]
    runs = [shared_sample.post(URL, json=body).json()["run_id"] for body in bodies]
    inputs = shared_sample.get(COMPARE, params={"run": runs}).json()["inputs"]
    assert [row["input"] for row in inputs] == ["books.1.params.slow", "warm_up"]
    before = inputs[1]["values"]
    assert before[1] - before[0] == 30 - 20


def test_what_cannot_be_compared_is_answered_clearly(shared_sample: TestClient, sample_data: SampleSummary) -> None:
    run_id = shared_sample.post(URL, json=question(sample_data)).json()["run_id"]
    for ids, status, code, words in (
        ([run_id], 422, "VALIDATION_ERROR", "two to 6"),
        ([run_id, run_id], 422, "VALIDATION_ERROR", "named twice"),
        ([run_id, "0" * 64], 404, "DATA_NOT_FOUND", "does not exist"),
        ([str(i) for i in range(7)], 422, "VALIDATION_ERROR", "7 are named"),
    ):
        response = shared_sample.get(COMPARE, params={"run": ids})
        error = response.json()["error"]
        assert (response.status_code, error["code"]) == (status, code) and words in error["message"], response.text
    assert shared_sample.get(COMPARE).status_code == 422


def test_runs_of_a_strategy_that_does_not_answer_any_more_are_compared(
    shared_sample: TestClient, sample_data: SampleSummary, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: Any) -> int:
        raise StrategyStopped("sma_cross took too long", reason="time", strategy_id="sma_cross")

    bodies = [question(sample_data), question(sample_data, params={"sma_cross": {"fast": 5, "slow": 30}})]
    runs = [shared_sample.post(URL, json=body).json()["run_id"] for body in bodies]
    monkeypatch.setattr("app.services.comparisons.warm_up_of", stopped)
    response = shared_sample.get(COMPARE, params={"run": runs})
    assert response.status_code == 200, response.text
    assert [row["input"] for row in response.json()["inputs"]] == ["books.1.params.slow"]
