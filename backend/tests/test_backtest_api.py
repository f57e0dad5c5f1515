"""Backtests over HTTP: one question is one run, its bytes never change, and bad questions are answered clearly."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from app.database import Market
from app.engines.backtest import RunSpec
from app.engines.bars import Bars
from app.engines.strategies.registry import registry
from app.exceptions import InsufficientDataError
from app.repositories.strategies import RunRepository
from app.services.backtests.service import BacktestService, require
from app.services.backtests.shown import TABLES
from app.services.sample_market import SampleSummary

pytestmark = pytest.mark.integration

URL = "/api/portfolio/strategies/backtest"


def question(sample: SampleSummary, **changes: Any) -> dict[str, Any]:
    return {
        "strategy_ids": ["sma_cross"],
        "params": {"sma_cross": {"fast": 5, "slow": 20}},
        "universe": sample.indices[0],
        "start_date": "2024-03-01",
        "end_date": "2024-12-31",
        "initial_capital": 1_000_000,
        "costs": {"bps": 10},
    } | changes


def error_of(response: Response) -> dict[str, Any]:
    error: dict[str, Any] = response.json()["error"]
    return error


def number_of_jobs(client: TestClient) -> int:
    total: int = client.get("/api/jobs").json()["meta"]["total"]
    return total


def test_a_run_answers_its_curve_trades_metrics_and_assumptions(
    shared_sample: TestClient, sample_data: SampleSummary
) -> None:
    response = shared_sample.post(URL, json=question(sample_data))
    assert response.status_code == 200, response.text
    run = response.json()
    assert len(run["run_id"]) == 64
    assert run["trades_count"] == len(run["trades"]) > 0
    chart = run["daily_chart"]
    assert chart[0]["date"] >= "2024-03-01" and chart[-1]["date"] == sample_data.end.isoformat()
    assert run["metrics"]["final_equity"] == chart[-1]["equity"]
    assert run["metrics"]["total_return"] == pytest.approx(chart[-1]["equity"] / 1_000_000 - 1.0)
    assert run["metrics"]["max_drawdown"] == pytest.approx(min(point["drawdown"] for point in chart))
    for name in ("cagr", "volatility", "sharpe", "sortino", "calmar", "win_rate", "profit_factor", "exposure"):
        assert name in run["metrics"], name
    assert any("next bar" in line for line in run["assumptions"])
    assert run["point_in_time"] is True


def test_profit_of_the_trades_is_the_change_of_the_account(
    shared_sample: TestClient, sample_data: SampleSummary
) -> None:
    run = shared_sample.post(URL, json=question(sample_data)).json()
    gained = sum(trade["pnl"] for trade in run["trades"])
    assert gained == pytest.approx(run["metrics"]["final_equity"] - 1_000_000)


def test_the_same_question_gives_the_same_bytes_and_is_not_computed_again(
    shared_sample: TestClient, sample_data: SampleSummary
) -> None:
    before = number_of_jobs(shared_sample)
    first = shared_sample.post(URL, json=question(sample_data, seed=11))
    second = shared_sample.post(URL, json=question(sample_data, seed=11))
    assert first.content == second.content
    assert number_of_jobs(shared_sample) == before + 1
    stored = shared_sample.get(f"/api/portfolio/strategies/runs/{first.json()['run_id']}")
    assert stored.content == first.content


def test_the_defaults_written_out_are_the_same_run(shared_sample: TestClient, sample_data: SampleSummary) -> None:
    short = question(sample_data)
    long = question(sample_data, slippage_bps=0.0, seed=0, asof_members=True, initial_capital=1_000_000.0)
    assert shared_sample.post(URL, json=short).json()["run_id"] == shared_sample.post(URL, json=long).json()["run_id"]


def test_any_other_input_is_another_run(shared_sample: TestClient, sample_data: SampleSummary) -> None:
    changes: list[dict[str, Any]] = [
        {},
        {"params": {"sma_cross": {"fast": 6, "slow": 20}}},
        {"start_date": "2024-03-04"},
        {"end_date": "2024-12-27"},
        {"initial_capital": 1_000_001},
        {"costs": {"bps": 11}},
        {"costs": "none"},
        {"slippage_bps": 1},
        {"max_positions": 3},
        {"asof_members": False},
        {"seed": 7},
        {"universe": [sample_data.split[0]]},
        {"strategy_ids": ["rsi2"], "params": {}},
    ]
    answers = [shared_sample.post(URL, json=question(sample_data, **change)) for change in changes]
    assert [answer.status_code for answer in answers] == [200] * len(changes)
    assert len({answer.json()["run_id"] for answer in answers}) == len(changes)


def test_a_listed_split_is_no_crash_in_the_trades(shared_sample: TestClient, sample_data: SampleSummary) -> None:
    symbol, ex_date = sample_data.split
    run = shared_sample.post(
        URL,
        json=question(
            sample_data,
            universe=[symbol],
            strategy_ids=["sma_cross"],
            params={"sma_cross": {"fast": 2, "slow": 3}},
            start_date="2024-01-15",
        ),
    ).json()
    for trade in run["trades"]:
        if trade["entry_at"] < ex_date.isoformat() <= (trade["exit_at"] or "9999"):
            assert trade["exit_quantity"] is None or trade["exit_quantity"] >= 4.9 * trade["quantity"]
    worst = min(point["daily_return"] or 0.0 for point in run["daily_chart"])
    assert worst > -0.25


def test_columns_hold_what_the_rows_hold(shared_sample: TestClient, sample_data: SampleSummary) -> None:
    rows = shared_sample.post(URL, json=question(sample_data)).json()
    accept = {"Accept": "application/vnd.smarttrader.columns+json"}
    response = shared_sample.post(URL, json=question(sample_data), headers=accept)
    assert response.headers["content-type"].startswith("application/vnd.smarttrader.columns+json")
    columns = response.json()
    assert len(rows["daily_chart"]) > 100 and len(rows["trades"]) > 5
    for name in TABLES:
        table = rows[name]
        assert columns[name] == ({field: [row[field] for row in table] for field in table[0]} if table else {}), name
    assert {n: v for n, v in columns.items() if n not in TABLES} == {n: v for n, v in rows.items() if n not in TABLES}


def test_without_waiting_the_answer_is_a_job(shared_sample: TestClient, sample_data: SampleSummary) -> None:
    response = shared_sample.post(URL, params={"wait": 0}, json=question(sample_data, seed=99))
    assert response.status_code in {200, 202}
    if response.status_code == 202:
        job = response.json()["job"]
        assert response.headers["location"] == f"/api/jobs/{job['id']}"


def test_a_stored_run_verifies_as_identical(shared_sample: TestClient, sample_data: SampleSummary) -> None:
    run_id = shared_sample.post(URL, json=question(sample_data)).json()["run_id"]
    answer = shared_sample.post(f"/api/portfolio/strategies/runs/{run_id}/verify")
    assert (answer.json()["outcome"], answer.json()["changed"]) == ("identical", [])


def test_runs_are_listed_newest_first_and_by_strategy(sample_client: TestClient, sample_data: SampleSummary) -> None:
    for strategy in ("sma_cross", "rsi2"):
        sample_client.post(URL, json=question(sample_data, strategy_ids=[strategy], params={}))
    runs = sample_client.get("/api/portfolio/strategies/runs").json()
    assert [run["strategy_ids"] for run in runs["data"]] == [["rsi2"], ["sma_cross"]]
    only = sample_client.get("/api/portfolio/strategies/runs", params={"strategy_id": "rsi2"}).json()
    assert only["meta"]["total"] == 1


@pytest.mark.parametrize(
    ("change", "status", "code", "word"),
    [
        ({"strategy_ids": ["nope"], "params": {}}, 404, "DATA_NOT_FOUND", "nope"),
        ({"universe": "NIFTY9999"}, 404, "DATA_NOT_FOUND", "NIFTY9999"),
        ({"universe": ["NOSUCH"]}, 422, "VALIDATION_ERROR", "NOSUCH"),
        ({"universe": []}, 422, "VALIDATION_ERROR", "universe"),
        ({"params": {"sma_cross": {"fast": 50, "slow": 20}}}, 422, "VALIDATION_ERROR", "fast"),
        ({"params": {"sma_cross": {"speed": 1}}}, 422, "VALIDATION_ERROR", "speed"),
        ({"params": {"other": {}}}, 422, "VALIDATION_ERROR", "other"),
        ({"end_date": "2024-01-01"}, 422, "VALIDATION_ERROR", "end_date"),
        ({"start_date": "2031-01-01", "end_date": "2031-12-31"}, 400, "INSUFFICIENT_DATA", "2031"),
        ({"end_date": "2099-12-31"}, 422, "VALIDATION_ERROR", "end_date: 2099-12-31 lies ahead"),
        ({"initial_capital": 0}, 422, "VALIDATION_ERROR", "initial_capital"),
        ({"initial_capital": "lots"}, 422, "VALIDATION_ERROR", "initial_capital"),
        ({"costs": {"bps": -1}}, 422, "VALIDATION_ERROR", "costs"),
        ({"costs": "a broker"}, 422, "VALIDATION_ERROR", "costs"),
        ({"timeframe": "2m"}, 422, "VALIDATION_ERROR", "timeframe"),
        ({"timeframe": "5m"}, 400, "INSUFFICIENT_DATA", "There are no 5m bars of"),
        ({"product": "NRML"}, 422, "VALIDATION_ERROR", "product"),
        ({"leverage": 3}, 422, "VALIDATION_ERROR", "leverage"),
        ({"strategy_ids": ["sma_cross", "sma_cross"]}, 422, "VALIDATION_ERROR", "twice"),
    ],
)
def test_a_question_that_cannot_be_run_is_refused_by_name(
    shared_sample: TestClient, sample_data: SampleSummary, change: dict[str, Any], status: int, code: str, word: str
) -> None:
    before = number_of_jobs(shared_sample)
    response = shared_sample.post(URL, json=question(sample_data, **change))
    assert (response.status_code, error_of(response)["code"]) == (status, code), response.text
    assert word in response.text
    assert number_of_jobs(shared_sample) == before


def test_an_unknown_run_is_not_found(shared_sample: TestClient) -> None:
    for path in ("/api/portfolio/strategies/runs/abc",):
        assert shared_sample.get(path).status_code == 404
        assert shared_sample.post(f"{path}/verify").status_code == 404


def test_strategies_tell_what_they_are_and_what_they_take(shared_sample: TestClient) -> None:
    strategies = {row["strategy_id"]: row for row in shared_sample.get("/api/portfolio/strategies/available").json()}
    assert {"sma_cross", "rsi2"} <= set(strategies)
    sma = strategies["sma_cross"]
    assert {"fast", "slow"} == set(sma["parameters"]["properties"])
    assert sma["lifecycle_status"] == "RESEARCH"
    assert set(strategies) == set(registry())
    for name, row in strategies.items():
        strategy = registry()[name]
        told = (
            "display_name",
            "description",
            "timeframe",
            "regime",
            "hypothesis",
            "when_it_loses",
            "citation",
            "product",
        )
        assert {field: row[field] for field in told} == {field: getattr(strategy, field) for field in told}
        assert row["regime_notes"] == strategy.when_it_loses and row["universes"] == [strategy.universe]
        assert row["parameters"] == strategy.params_schema() and row["source_hash"] == strategy.source_hash
        assert row["version"] == 1 and row["updated_at"]


def test_bars_that_a_strategy_is_not_made_for_are_refused_before_anything_runs(
    shared_sample: TestClient, sample_data: SampleSummary
) -> None:
    before = number_of_jobs(shared_sample)
    response = shared_sample.post(URL, json=question(sample_data, strategy_ids=["gap_fade"], params={}))
    assert response.status_code == 422
    assert error_of(response)["message"] == "timeframe: gap_fade needs intraday bars, got 1d"
    assert error_of(response)["details"]["field"] == "timeframe"
    assert number_of_jobs(shared_sample) == before


def test_without_volume_a_strategy_that_needs_it_answers_insufficient_data() -> None:
    times = np.datetime64("2024-01-30T09:15", "s") + 300 * np.arange(75)
    bars = Bars.from_ohlcv(times, {"NIFTY 50": ([100.0] * 75,) * 4 + ([0.0] * 75,)}, timeframe="5m")
    with pytest.raises(InsufficientDataError, match="volume: vwap_reversion needs it, and none of the bars has any"):
        require(registry()["vwap_reversion"], {}, bars)


def test_a_run_brings_the_look_ahead_proof_of_its_strategy(
    shared_sample: TestClient, sample_data: SampleSummary
) -> None:
    asked = question(sample_data, params={"sma_cross": {"fast": 20, "slow": 50}})
    run = shared_sample.post(URL, json=asked).json()
    [row] = run["proofs"]
    assert row["strategy_id"] == "sma_cross" and row["proof"]["outcome"] == "passed"
    assert row["proof"]["params"] == {"fast": 20, "slow": 50} and row["proof"]["findings"] == []
    assert not any("LOOK-AHEAD" in line for line in run["warnings"])
    strategies = {row["strategy_id"]: row for row in shared_sample.get("/api/portfolio/strategies/available").json()}
    assert strategies["sma_cross"]["proof"] == row["proof"]  # these are the defaults


def test_a_strategy_that_fails_its_proof_says_so_on_the_run(
    shared_sample: TestClient, sample_data: SampleSummary, monkeypatch: pytest.MonkeyPatch
) -> None:
    sma = registry()["sma_cross"]
    honest = type(sma).signals

    def ahead(self: Any, bars: Any, params: Any) -> Any:
        signals = honest(self, bars, params)
        return replace(signals, entry=np.vstack([signals.entry[1:], signals.entry[-1:]]))  # one bar too early

    monkeypatch.setattr(type(sma), "signals", ahead)
    run = shared_sample.post(URL, json=question(sample_data, params={"sma_cross": {"fast": 7, "slow": 31}})).json()
    [found] = [line for line in run["warnings"] if line.startswith("LOOK-AHEAD: sma_cross: ")]
    first = run["proofs"][0]["proof"]["findings"][0]
    assert first["field"] == "entry" and first["session"] in found and first["symbol"] in found
    assert run == shared_sample.get(f"/api/portfolio/strategies/runs/{run['run_id']}").json()


def test_missing_sessions_and_a_late_start_are_said_on_the_run(
    shared_sample: TestClient, sample_data: SampleSummary
) -> None:
    run = shared_sample.post(URL, json=question(sample_data, start_date="2023-12-01")).json()
    [missing] = [line for line in run["warnings"] if "sessions of the exchange" in line]
    assert missing.startswith("20 of ")  # December 2023 had twenty sessions
    assert "2023-12-01" in missing
    assert any("indicators need" in line for line in run["warnings"])
    whole = shared_sample.post(URL, json=question(sample_data)).json()
    assert not any("sessions of the exchange" in line for line in whole["warnings"])


def test_an_index_the_universe_and_cash_stand_beside_the_curve(
    shared_sample: TestClient, sample_data: SampleSummary
) -> None:
    run = shared_sample.post(URL, json=question(sample_data, cash_rates=[{"start": "2000-01-01", "percent": 6}])).json()
    beside = {row["kind"]: row for row in run["benchmarks"]}
    assert set(beside) == {"index", "universe", "cash"}
    for name in ("universe", "cash"):
        assert len(beside[name]["equity"]) == len(run["daily_chart"])
        assert beside[name]["equity"][0] == run["spec"]["initial_capital"]
    assert beside["cash"]["metrics"]["cagr"] == pytest.approx(0.06)
    index = beside["index"]
    assert (index["equity"] is None) == run["spec"]["benchmark"].endswith("@none")
    refused = shared_sample.post(URL, json=question(sample_data, benchmark="NO SUCH INDEX"))
    assert refused.status_code == 404 and "NO SUCH INDEX" in refused.json()["error"]["message"]
    without = shared_sample.post(URL, json=question(sample_data, benchmark="none")).json()
    assert without["spec"]["benchmark"] is None
    assert without["benchmarks"][0]["words"] == "No index was chosen."


@pytest.mark.parametrize("universe", ["\u0000", "NIFTY\ud800"])
def test_text_that_cannot_be_stored_is_refused_not_a_failure(shared_sample: TestClient, universe: str) -> None:
    body = '{"strategy_ids": ["sma_cross"], "universe": %s, "start_date": "2024-03-01", "end_date": "2024-12-31"}'
    response = shared_sample.post(
        URL, content=body % json.dumps(universe), headers={"Content-Type": "application/json"}
    )
    assert (response.status_code, error_of(response)["code"]) == (422, "VALIDATION_ERROR")


def test_half_of_a_surrogate_pair_in_what_an_error_quotes_is_an_error_of_the_request(
    shared_sample: TestClient, sample_data: SampleSummary
) -> None:
    for wrong in ({"strategy_ids": ["\ud800"]}, {"universe": ["\ud800"]}):
        body = json.dumps(question(sample_data, **wrong))
        response = shared_sample.post(URL, content=body, headers={"Content-Type": "application/json"})
        assert response.status_code in (404, 422) and "error" in response.json()


def test_a_nul_in_the_address_is_refused(shared_sample: TestClient) -> None:
    assert shared_sample.get("/api/screener/?index=%00").status_code == 422


@pytest.mark.parametrize(
    "wrong", [0, "0", 1704067200, "2024-01-01T00:00:00", "01-03-2024", "2024-3-1", True, "1700-01-01"]
)
def test_only_an_iso_date_is_a_date(shared_sample: TestClient, sample_data: SampleSummary, wrong: Any) -> None:
    response = shared_sample.post(URL, json=question(sample_data, start_date=wrong))
    error = error_of(response)
    assert response.status_code == 422 and error["details"]["field"] == "start_date"
    assert "is not a date; write it as 2024-07-01" in error["message"]


def test_a_body_that_is_no_json_is_told_where_it_breaks(shared_sample: TestClient) -> None:
    broken = '{"strategy_ids": ["sma_cross"'
    response = shared_sample.post(URL, content=broken, headers={"Content-Type": "application/json"})
    error = error_of(response)
    assert response.status_code == 422 and error["details"]["field"] == "body"
    assert error["message"].startswith("body: is no JSON: ") and f"at character {len(broken)}" in error["message"]
    empty = shared_sample.post(URL, content="{,}", headers={"Content-Type": "application/json"})
    assert error_of(empty)["message"].endswith("at character 1")


def test_a_key_of_a_question_answered_at_once_is_kept_for_it(
    shared_sample: TestClient, sample_data: SampleSummary
) -> None:
    known = question(sample_data, seed=41)
    assert shared_sample.post(URL, json=known).status_code == 200
    key = {"Idempotency-Key": "answered-at-once"}
    jobs = number_of_jobs(shared_sample)
    assert shared_sample.post(URL, json=known, headers=key).status_code == 200  # stored: no job
    other = shared_sample.post(URL, json=known | {"seed": 42}, headers=key)
    assert other.status_code == 409 and error_of(other)["code"] == "CONFLICT"
    assert number_of_jobs(shared_sample) == jobs
    assert shared_sample.post(URL, json=known, headers=key).status_code == 200


def test_who_waits_for_a_job_is_told_why_it_failed_by_its_own_code_and_status(
    shared_sample: TestClient, sample_data: SampleSummary, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = shared_sample.post(URL, json=question(sample_data)).json()["run_id"]

    def short(*_: Any) -> None:
        raise InsufficientDataError("120 sessions are needed and 90 are there", 120, 90)

    monkeypatch.setattr(BacktestService, "verify", short)
    answer = shared_sample.post(f"/api/portfolio/strategies/runs/{run_id}/verify")
    assert answer.status_code == 400
    told = error_of(answer)
    assert (told["code"], told["message"]) == ("INSUFFICIENT_DATA", "120 sessions are needed and 90 are there")
    assert (told["details"]["required"], told["details"]["available"]) == (120, 90)
    assert shared_sample.get(f"/api/jobs/{told['details']['job_id']}").json()["error"]["code"] == "INSUFFICIENT_DATA"


@pytest.mark.parametrize("empty", ["", "  "])
def test_an_empty_name_is_refused_by_its_field(
    shared_sample: TestClient, sample_data: SampleSummary, empty: str
) -> None:
    error = error_of(shared_sample.post(URL, json=question(sample_data, universe=empty)))
    assert (error["code"], error["details"]["field"]) == ("VALIDATION_ERROR", "universe")
    assert error["message"] == "universe: the name is empty; give the id of an index, such as NIFTY50"

    error = error_of(shared_sample.post(URL, json=question(sample_data, benchmark=empty)))
    assert (error["code"], error["details"]["field"]) == ("VALIDATION_ERROR", "benchmark")
    assert error["message"].startswith("benchmark: the name is empty")

    error = error_of(shared_sample.get("/api/screener/", params={"index": empty}))
    assert (error["code"], error["details"]["field"]) == ("VALIDATION_ERROR", "index")
    assert error["message"].startswith("index: the name is empty")

    error = error_of(shared_sample.post(URL, json=question(sample_data, universe=[sample_data.illiquid, empty])))
    assert (error["details"]["field"], error["message"]) == ("universe", "Unknown symbols: an empty name")


def test_a_run_of_another_engine_or_of_other_data_is_no_trial_and_has_to_be_asked_for_again(
    shared_sample: TestClient, sample_data: SampleSummary
) -> None:
    """A job may wait while the product is brought up to date, or data come in."""
    platform = shared_sample.app.state.platform  # type: ignore[attr-defined]
    stored = shared_sample.post(URL, json=question(sample_data)).json()

    def trials() -> int:
        with platform.database.transaction(Market.REAL) as session:
            return sum(group.number for group in RunRepository(session).trials(["sma_cross"])["sma_cross"])

    spec, before = replace(RunSpec.from_dict(stored["spec"]), seed=77), trials()
    book = spec.books[0]
    for old, changed, told in (
        (replace(spec, engine_version="0" * 12), "engine_version", "It was asked of engine 000000000000, and this is "),
        (replace(spec, data_root="0" * 64), "data", "The data changed since it was asked for (data): "),
        (replace(spec, end=date(2031, 12, 31), start=date(2031, 1, 1)), "data", "The data changed since it was asked"),
        (
            replace(spec, books=(replace(book, source_hash="0" * 64),)),
            "strategy sma_cross",
            "The source of sma_cross changed since it was asked for: ",
        ),
    ):
        more = {"a_field": "of an engine before"} if changed == "engine_version" else {}
        job = platform.jobs.submit("backtest", Market.REAL, {"spec": old.to_dict() | more})
        ended = platform.jobs.wait(job.id, 60.0)
        assert (ended.state, ended.error["code"], ended.error["status"]) == ("FAILED", "CONFLICT", 409)
        assert ended.error["message"].startswith(told) and ended.error["message"].endswith(": ask for it again")
        assert ended.error["details"] == {"changed": [changed]}
    assert trials() == before


def test_strategies_and_universes_are_listed_by_name_with_numbers_as_numbers(shared_sample: TestClient) -> None:
    names = [row["display_name"] for row in shared_sample.get("/api/portfolio/strategies/available").json()]
    assert names[0].startswith("12-1 momentum") and names.index("252-day high") < names.index("ATR breakout")
    letters = [name for name in names if name[0].isalpha()]
    assert letters == sorted(letters, key=str.casefold) and len(letters) > 20
    indices = [row["id"] for row in shared_sample.get("/api/screener/indices").json()["indices"]]
    sizes = [int(name.removeprefix("SAMPLE")) for name in indices if name.startswith("SAMPLE")]
    assert sizes == sorted(sizes)
