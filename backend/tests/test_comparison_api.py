"""Runs side by side over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.services.comparisons import differing
from app.services.sample_market import SampleSummary
from tests.test_backtest_api import URL, question

pytestmark = pytest.mark.integration

COMPARE = "/api/portfolio/strategies/runs/compare"


def test_inputs_that_differ_are_named_by_their_place_and_the_rest_is_left_out() -> None:
    shared = {"seed": 0, "benchmarks": []}
    first = shared | {"books": [{"strategy_id": "a", "params": {"fast": 5}}], "costs": {"plan": "none"}}
    second = shared | {"books": [{"strategy_id": "a", "params": {"fast": 8}}], "costs": {"plan": "bps", "bps": 1}}
    assert differing([first, second]) == [
        {"input": "books.1.params.fast", "values": [5, 8]},
        {"input": "costs.bps", "values": [None, 1]},
        {"input": "costs.plan", "values": ["none", "bps"]},
    ]


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
    assert "seed" not in inputs
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
