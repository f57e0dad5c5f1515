"""Sweeps over HTTP: every point is the run of it, counted once; killed sweeps go on, cancelled ones leave nothing."""

from __future__ import annotations

import csv
import io
import time
import uuid
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pyarrow import parquet

from app.database import Market
from app.models import Job
from app.repositories.strategies import RunRepository
from app.repositories.sweeps import SweepRepository
from app.services.backtests.question import BacktestQuestion
from app.services.platform import Platform
from app.services.sample_market import SampleSummary
from app.services.sweeps.question import SweepQuestion
from app.services.sweeps.tables import EveryPoint

pytestmark = pytest.mark.integration

URL = "/api/portfolio/strategies/sweeps"
MARCH = {"start_date": "2024-03-01", "end_date": "2024-03-29"}
MAY = {"start_date": "2024-05-01", "end_date": "2024-05-31"}


def asked(sample: SampleSummary, **changes: Any) -> dict[str, Any]:
    run = {
        "strategy_ids": ["sma_cross"],
        "universe": sample.indices[0],
        "start_date": "2024-03-01",
        "end_date": "2024-12-31",
    } | changes.pop("run", {})
    return {"run": run, "grid": {"fast": [3, 5, 8], "slow": {"start": 5, "stop": 20, "step": 5}}} | changes


def finished(client: TestClient, sweep_id: str) -> dict[str, Any]:
    for _ in range(1200):
        sweep: dict[str, Any] = client.get(f"{URL}/{sweep_id}").json()
        if sweep["state"] in ("FINISHED", "FAILED", "INTERRUPTED"):
            return sweep
        time.sleep(0.1)
    raise AssertionError(f"the sweep is still {sweep['state']}")


def made(client: TestClient, body: dict[str, Any]) -> dict[str, Any]:
    response = client.post(URL, json=body)
    assert response.status_code in (200, 202), response.text
    return finished(client, response.json()["sweep"]["sweep_id"])


def trials(client: TestClient, strategy: str = "sma_cross") -> int:
    platform = client.app.state.platform  # type: ignore[attr-defined]
    with platform.database.transaction(Market.REAL) as session:
        return sum(group.number for group in RunRepository(session).trials([strategy]).get(strategy, []))


def test_each_point_is_the_run_of_it_and_opening_it_is_no_new_trial(
    sample_client: TestClient, sample_data: SampleSummary
) -> None:
    before = trials(sample_client)
    sweep = made(sample_client, asked(sample_data, run={"costs": "zerodha"}))
    assert sweep["state"] == "FINISHED" and sweep["done"] == sweep["points"] == 10
    # 5/5 and 8/5 are no crossing
    assert sweep["refused"] == 2
    assert sweep["skipped"][0] == {
        "params": {"fast": 5, "slow": 5}, "reason": "params.fast: expected a window shorter than slow (5), got 5"
    }  # fmt: skip
    assert trials(sample_client) == before + 10
    page = sample_client.get(f"{URL}/{sweep['sweep_id']}/points?sort_by=total_return&limit=3").json()
    assert page["meta"]["total"] == 10
    returns = [point["metrics"]["total_return"] for point in page["data"]]
    assert returns == sorted(returns, reverse=True)
    for point in page["data"]:
        run = sample_client.post(f"{URL}/{sweep['sweep_id']}/points/{point['number']}/run")
        assert run.status_code == 200, run.text
        assert run.json()["spec"]["books"][0]["params"] == point["params"]
        assert {name: run.json()["metrics"][name] for name in point["metrics"]} == point["metrics"]
    assert trials(sample_client) == before + 10


def test_the_same_question_is_the_same_sweep_and_is_not_worked_out_again(
    sample_client: TestClient, sample_data: SampleSummary
) -> None:
    first = made(sample_client, asked(sample_data))
    again = sample_client.post(URL, json=asked(sample_data, grid={"slow": [5, 10, 15, 20], "fast": [8, 5, 3, 3]}))
    assert again.status_code == 200 and again.json()["job"] is None
    assert again.json()["sweep"]["sweep_id"] == first["sweep_id"]
    assert sample_client.get(URL).json()["meta"]["total"] == 1


def kept(client: TestClient, sample: SampleSummary) -> tuple[Platform, str]:
    """A sweep of two points that is known and that nobody works on."""
    platform: Platform = client.app.state.platform  # type: ignore[attr-defined]
    run = BacktestQuestion(
        strategy_ids=("sma_cross",), params={}, universe=sample.indices[0], start=date(2024, 3, 1),
        end=date(2024, 12, 31),
    )  # fmt: skip
    return platform, platform.sweeps.keep(Market.REAL, SweepQuestion(run, {"fast": [3, 5]}))


def dies_after(kept: int) -> Any:
    """What keeps so many stretches, and is killed then."""
    from app.services.sweeps import working

    keep, left = working.SweepWork._keep, kept

    def dies(self: Any, *arguments: Any) -> None:
        nonlocal left
        if not left:
            raise MemoryError("killed")
        left -= 1
        keep(self, *arguments)

    return dies


def test_a_sweep_that_was_killed_goes_on_without_working_out_or_counting_anything_twice(
    sample_client: TestClient, sample_data: SampleSummary, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.engines.sweeps.evaluate import Evaluator
    from app.services.sweeps import working

    monkeypatch.setattr("app.engines.sweeps.stretches.CHUNK", 3)
    worked: list[int] = []
    plain, keep = Evaluator.chunk, working.SweepWork._keep

    def counted(self: Evaluator, first: int, after: int, **more: Any) -> Any:
        worked.extend(range(first, after))
        return plain(self, first, after, **more)

    before = trials(sample_client)
    monkeypatch.setattr(Evaluator, "chunk", counted)
    monkeypatch.setattr(working.SweepWork, "_keep", dies_after(2))
    sweep = made(sample_client, asked(sample_data))
    assert sweep["state"] == "INTERRUPTED" and sweep["done"] in (6, 4)
    assert trials(sample_client) == before + sweep["done"]
    partial = sample_client.get(f"{URL}/{sweep['sweep_id']}/points").json()["meta"]["total"]
    assert partial == sweep["done"]  # what is there can be looked at
    monkeypatch.setattr(working.SweepWork, "_keep", keep)
    already = {point["number"] for point in sample_client.get(f"{URL}/{sweep['sweep_id']}/points").json()["data"]}
    worked.clear()
    response = sample_client.post(f"{URL}/{sweep['sweep_id']}/resume")
    assert response.status_code == 202
    done = finished(sample_client, sweep["sweep_id"])
    assert done["state"] == "FINISHED" and done["done"] == 10
    assert sorted(worked) == sorted(set(range(10)) - already)
    assert trials(sample_client) == before + 10
    points = sample_client.get(f"{URL}/{sweep['sweep_id']}/points?sort_by=number&sort_order=asc").json()["data"]
    monkeypatch.undo()
    sample_client.app.state.platform.sweeps.reading.forget(Market.REAL, sweep["sweep_id"])  # type: ignore[attr-defined]
    other = made(sample_client, asked(sample_data, run={"seed": 1}))
    whole = sample_client.get(f"{URL}/{other['sweep_id']}/points?sort_by=number&sort_order=asc").json()["data"]
    assert whole == points  # as if it had never been killed


def test_a_point_is_opened_as_a_run_of_what_it_was_worked_out_from_or_on_todays_data_when_asked_for(
    sample_client: TestClient, sample_data: SampleSummary
) -> None:
    symbol, day = sample_data.split
    sweep = made(sample_client, asked(sample_data, universes=[[symbol]], run={"market": "none"}))
    url = f"{URL}/{sweep['sweep_id']}/points/3/run"
    same = sample_client.post(url)
    assert same.status_code == 200, same.text
    decision = {"symbol": symbol, "session": day.isoformat(), "decision": "CORRECT", "factor": 4.0}
    corrected = sample_client.post("/api/data/actions/decisions", json=decision)
    assert corrected.status_code == 201, corrected.text
    refused = sample_client.post(url)
    assert refused.status_code == 409
    assert refused.json()["error"]["details"]["changed"] == ["corporate_actions"]
    assert "from other inputs than there are today (corporate actions)" in refused.json()["error"]["message"]
    other = sample_client.post(f"{url}?today=true")
    assert other.status_code == 200 and other.json()["run_id"] != same.json()["run_id"]
    assert other.json()["spec"]["adjustment"] != same.json()["spec"]["adjustment"]
    assert sample_client.post(f"/api/data/actions/decisions/{corrected.json()['id']}/undo").status_code == 200
    assert sample_client.post(url).json()["run_id"] == same.json()["run_id"]


def test_a_point_of_another_engine_says_so(
    sample_client: TestClient, sample_data: SampleSummary, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = made(sample_client, asked(sample_data))
    monkeypatch.setattr("app.services.backtests.changes.engine_version", lambda: "of tomorrow")
    refused = sample_client.post(f"{URL}/{sweep['sweep_id']}/points/0/run")
    assert refused.status_code == 409 and refused.json()["error"]["details"]["changed"] == ["engine_version"]


def test_a_cancelled_sweep_leaves_nothing_but_what_was_counted(
    sample_client: TestClient, sample_data: SampleSummary, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.engines.sweeps.evaluate import Evaluator

    monkeypatch.setattr("app.engines.sweeps.stretches.CHUNK", 1)
    plain = Evaluator.chunk

    def slow(self: Evaluator, first: int, after: int, **more: Any) -> Any:
        time.sleep(0.3)
        return plain(self, first, after, **more)

    monkeypatch.setattr(Evaluator, "chunk", slow)
    body = asked(sample_data, grid={"fast": list(range(2, 12)), "slow": [15, 20, 25]})
    sweep_id = sample_client.post(URL, json=body).json()["sweep"]["sweep_id"]
    for _ in range(200):
        if sample_client.get(f"{URL}/{sweep_id}").json()["done"]:
            break
        time.sleep(0.05)
    assert sample_client.post(f"{URL}/{sweep_id}/cancel").status_code == 202
    for _ in range(200):
        if sample_client.get(f"{URL}/{sweep_id}").status_code == 404:
            break
        time.sleep(0.05)
    assert sample_client.get(f"{URL}/{sweep_id}").status_code == 404
    assert sample_client.get(URL).json()["meta"]["total"] == 0
    platform = sample_client.app.state.platform  # type: ignore[attr-defined]
    with platform.database.transaction(Market.REAL) as session:
        assert SweepRepository(session).done([sweep_id]) == {}
    jobs = sample_client.get("/api/jobs?kind=sweep").json()["data"]
    assert [job["state"] for job in jobs] == ["CANCELLED"]


def test_a_sweep_cancelled_by_its_job_while_that_waits_is_gone(
    sample_client: TestClient, sample_data: SampleSummary
) -> None:
    platform = sample_client.app.state.platform  # type: ignore[attr-defined]
    done = made(sample_client, asked(sample_data))
    body = asked(sample_data, run={"seed": 5})
    question = SweepQuestion(
        BacktestQuestion(
            strategy_ids=("sma_cross",), params={}, universe=body["run"]["universe"], start=date(2024, 3, 1),
            end=date(2024, 12, 31), seed=5,
        ), body["grid"],
    )  # fmt: skip
    sweep_id = platform.sweeps.keep(Market.REAL, question)
    with platform.database.transaction(Market.REAL) as session:
        # in the table alone: no worker is told of it, as when all of them are busy
        waiting = Job(id=uuid.uuid4(), kind="sweep", market="real", arguments={"sweep_id": sweep_id})
        finished_one = Job(id=uuid.uuid4(), kind="sweep", market="real", arguments={"sweep_id": done["sweep_id"]})
        session.add_all([waiting, finished_one])
        session.flush()
        SweepRepository(session).set_job(sweep_id, waiting.id)
        ids = waiting.id, finished_one.id
    assert sample_client.get(f"{URL}/{sweep_id}").json()["state"] == "QUEUED"
    for job in ids:
        assert sample_client.post(f"/api/jobs/{job}/cancel").json()["state"] == "CANCELLED"
    assert sample_client.get(f"{URL}/{sweep_id}").status_code == 404
    assert sample_client.get(f"{URL}/{done['sweep_id']}").json()["state"] == "FINISHED"  # what is finished stays


def test_a_sweep_that_somebody_goes_on_with_while_it_is_cancelled_is_not_taken_from_them(
    sample_client: TestClient, sample_data: SampleSummary, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, sweep_id = kept(sample_client, sample_data)
    working = SweepRepository.working

    def then_somebody_goes_on(self: SweepRepository, asked: str) -> bool:
        monkeypatch.setattr(SweepRepository, "working", working)
        found = working(self, asked)
        assert sample_client.post(f"{URL}/{sweep_id}/resume").status_code == 202
        return found

    monkeypatch.setattr(SweepRepository, "working", then_somebody_goes_on)
    refused = sample_client.post(f"{URL}/{sweep_id}/cancel")
    assert refused.status_code == 409 and "meanwhile" in refused.json()["error"]["message"]
    assert finished(sample_client, sweep_id)["state"] == "FINISHED"


def test_a_sweep_is_there_before_a_worker_can_take_its_job(
    sample_client: TestClient, sample_data: SampleSummary, monkeypatch: pytest.MonkeyPatch
) -> None:
    # a worker that took the job before the sweep was committed ended it with "Sweep … does not exist"
    platform = sample_client.app.state.platform  # type: ignore[attr-defined]
    submit, seen = platform.jobs.submit, []

    def watched(kind: str, market: Market, arguments: dict[str, Any], **more: Any) -> Job:
        with platform.database.transaction(Market.REAL) as session:
            seen.append(SweepRepository(session).get(arguments["sweep_id"]) is not None)
        return submit(kind, market, arguments, **more)

    monkeypatch.setattr(platform.jobs, "submit", watched)
    assert made(sample_client, asked(sample_data, grid={"fast": [4, 6]}))["state"] == "FINISHED"
    assert seen == [True]


def test_every_universe_is_searched_in_every_period_and_at_random_where_asked(
    sample_client: TestClient, sample_data: SampleSummary
) -> None:
    symbol, _ = sample_data.split
    sweep = made(
        sample_client,
        asked(
            sample_data,
            run={"market": "none"},
            universes=[sample_data.indices[0], [symbol]],
            periods=[
                {"start_date": "2024-03-01", "end_date": "2024-07-31"},
                {"start_date": "2024-08-01", "end_date": "2024-12-31"},
            ],
            random={"draws": 5, "seed": 3},
            grid={"fast": [2, 3, 4], "slow": [10, 12, 14]},
        ),
    )
    assert sweep["points"] == 20 and len(sweep["bases"]) == 4
    assert [base["universe"] for base in sweep["bases"]] == [sample_data.indices[0].replace(" ", "")] * 2 + [symbol] * 2
    rows = sample_client.get(f"{URL}/{sweep['sweep_id']}/points?base=3&sort_by=fast&sort_order=asc").json()
    assert rows["meta"]["total"] == 5 and {row["base"] for row in rows["data"]} == {3}
    assert [row["params"]["fast"] for row in rows["data"]] == sorted(row["params"]["fast"] for row in rows["data"])
    # also through the way without an account, of one stock without rules, a point is the run of it
    number = rows["data"][0]["number"]
    run = sample_client.post(f"{URL}/{sweep['sweep_id']}/points/{number}/run").json()
    for name, value in rows["data"][0]["metrics"].items():
        assert value == (None if run["metrics"][name] is None else pytest.approx(run["metrics"][name], rel=1e-8)), name


def test_heat_map_landscape_and_doubt_follow_from_the_points(
    sample_client: TestClient, sample_data: SampleSummary
) -> None:
    sweep = made(sample_client, asked(sample_data))
    url = f"{URL}/{sweep['sweep_id']}"
    points = sample_client.get(f"{url}/points?sort_by=number&sort_order=asc").json()["data"]
    refused = sample_client.get(f"{url}/points?sort_by=speed").json()["error"]
    assert refused["details"]["field"] == "sort_by"
    assert refused["message"].startswith("sort_by: expected one of number, fast, slow, total_return, cagr, ")
    heat = sample_client.get(f"{url}/heatmap?x=slow&y=fast&metric=total_return").json()
    assert heat["x"]["values"] == [5, 10, 15, 20] and heat["y"]["values"] == [3, 5, 8]
    for point in points:
        row, column = (
            heat["y"]["values"].index(point["params"]["fast"]),
            heat["x"]["values"].index(point["params"]["slow"]),
        )
        assert heat["median"][row][column] == point["metrics"]["total_return"]
        assert heat["points"][row][column] == 1
    assert heat["median"][1][0] is None and heat["points"][1][0] == 0  # 5/5 is no point
    seen = sample_client.get(f"{url}/landscape?metric=total_return&point=0").json()
    values = [point["metrics"]["total_return"] for point in points]
    assert seen["peak"]["value"] == max(values) and seen["peak"]["percentile"] == 1.0
    assert seen["chosen"]["number"] == 0
    assert seen["chosen"]["percentile"] == sum(v <= values[0] for v in values) / len(values)
    # the neighbours of 3/5 among the points: itself, 3/10 and 5/10
    near = [{"fast": 3, "slow": 5}, {"fast": 3, "slow": 10}, {"fast": 5, "slow": 10}]
    around = sorted(p["metrics"]["total_return"] for p in points if p["params"] in near)
    assert seen["chosen"]["around"] == around[1]
    assert sum(seen["bins"]["counts"]) == 10
    doubt = sample_client.get(f"{url}/overfitting").json()
    (base,) = doubt["bases"]
    assert base["configurations"] == 10 and 0.0 <= base["pbo"]["probability"] <= 1.0
    assert 0.0 < base["spa"]["consistent"] <= 1.0
    best = max(points, key=lambda point: point["metrics"]["sharpe"])
    assert base["best"]["number"] == best["number"]
    assert base["best"]["significance"]["sharpe"] == pytest.approx(best["metrics"]["sharpe"])
    assert base["best"]["significance"]["trials"] == trials(sample_client)


def test_stretches_none_of_whose_points_keep_their_returns_leave_the_doubt_to_the_others(
    sample_client: TestClient, sample_data: SampleSummary, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of more points than a thousand stretches: here ten, each alone, of which 0, 4 and 8 keep their returns."""
    monkeypatch.setattr("app.engines.sweeps.evaluate.MOST_CURVES", 3)
    monkeypatch.setattr("app.engines.sweeps.stretches.CELLS", 1)
    sweep = made(sample_client, asked(sample_data))
    assert (sweep["state"], sweep["done"]) == ("FINISHED", 10)
    doubt = sample_client.get(f"{URL}/{sweep['sweep_id']}/overfitting").json()
    (base,) = doubt["bases"]
    assert doubt["kept_every"] == 4 and base["configurations"] == 3
    assert base["best"]["number"] in (0, 4, 8)


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"grid": {}}, 422, "grid"),
        ({"grid": {"fast": []}}, 422, "grid.fast"),
        ({"grid": {"quick": [3]}}, 422, "grid.quick"),
        ({"grid": {"fast": [1000]}}, 422, "grid.fast"),
        ({"grid": {"fast": ["a"]}}, 422, None),
        ({"grid": {"fast": {"start": 2, "stop": 1, "step": 1}}}, 422, "grid.fast"),
        ({"grid": {"fast": [30], "slow": [20]}}, 422, "grid"),
        ({"grid": {"fast": [3]}, "run": {"params": {"sma_cross": {"fast": 4}}}}, 422, "grid.fast"),
        ({"grid": {"fast": [3]}, "run": {"params": {"sma_cross": {"quick": 4}}}}, 422, "params.quick"),
        ({"random": {"draws": 13}}, 422, "random"),
        ({"run": {"strategy_ids": ["nothing"]}}, 404, None),
        ({"run": {"strategy_ids": ["sma_cross", "rsi2"]}}, 422, "strategy_ids"),
        ({"universes": ["NO_INDEX"]}, 404, None),
        ({"universes": [[]]}, 422, "universes.0"),
        ({"universes": [["NO_SYMBOL"]]}, 422, "universes.0"),
        ({"run": {"universe": []}}, 422, "run.universe"),
        ({"grid": {"fast": {"start": 2, "stop": 3, "step": 5e-324}}}, 422, "grid.fast"),
        ({"grid": {"fast": [True]}}, 422, "grid.fast.0"),
        ({"periods": [{"start_date": "2024-05-01", "end_date": "2024-04-01"}]}, 422, "periods.0.end_date"),
        # an end that lies ahead, and a period that is there twice
        ({"run": {"end_date": "2099-12-31"}}, 422, "end_date"),
        ({"periods": [MARCH, {"start_date": "2024-04-01", "end_date": "2099-12-31"}]}, 422, "periods.1.end_date"),
        ({"periods": [MARCH, MAY, MARCH]}, 422, "periods.2"),
    ],
)
def test_a_bad_question_is_refused_by_its_field_and_leaves_nothing(
    shared_sample: TestClient, sample_data: SampleSummary, changes: dict[str, Any], status: int, field: str | None
) -> None:
    response = shared_sample.post(URL, json=asked(sample_data, **changes))
    assert response.status_code == status, response.text
    if field is not None:
        assert response.json()["error"]["details"]["field"] == field
    assert shared_sample.get(URL).json()["meta"]["total"] == 0


def test_a_universe_that_is_there_twice_is_named_by_its_place(
    shared_sample: TestClient, sample_data: SampleSummary
) -> None:
    index = sample_data.indices[0]
    body = asked(sample_data, universes=[index, index.lower()], periods=[MARCH, MAY])
    error = shared_sample.post(URL, json=body).json()["error"]
    assert error["message"] == "universes.1: it is universes.0 again; expected each once"
    assert error["details"]["field"] == "universes.1"


def test_a_million_points_are_refused_in_words(shared_sample: TestClient, sample_data: SampleSummary) -> None:
    grid = {
        "trend": {"start": 2, "stop": 500, "step": 1}, "exit": {"start": 2, "stop": 100, "step": 1},
        "threshold": {"start": 1, "stop": 50, "step": 1},
    }  # fmt: skip
    response = shared_sample.post(URL, json=asked(sample_data, run={"strategy_ids": ["rsi2"]}, grid=grid))
    assert response.status_code == 422
    # 499 × 99 × 50
    assert "expected at most 1,000,000 points, got 2,470,050" in response.json()["error"]["message"]


def test_what_is_not_there_is_said(shared_sample: TestClient) -> None:
    for path in ("", "/points", "/landscape", "/overfitting", "/heatmap?x=fast&y=slow"):
        response = shared_sample.get(f"{URL}/{'0' * 64}{path}")
        assert response.status_code == 404 and response.json()["error"]["code"] == "DATA_NOT_FOUND"
    for path in ("/resume", "/cancel"):
        assert shared_sample.post(f"{URL}/{'0' * 64}{path}").status_code == 404


def test_every_point_is_exported_as_the_command_writes_it(
    sample_client: TestClient, sample_data: SampleSummary
) -> None:
    sweep = made(sample_client, asked(sample_data))
    url = f"{URL}/{sweep['sweep_id']}"
    answer = sample_client.get(f"{url}/export")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == f'attachment; filename="sweep-{sweep["sweep_id"][:10]}.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    points = sample_client.get(f"{url}/points?sort_by=number&sort_order=asc").json()["data"]
    assert [int(row["number"]) for row in rows] == [point["number"] for point in points]
    for row, point in zip(rows, points, strict=True):
        assert (int(row["param_fast"]), int(row["param_slow"])) == (point["params"]["fast"], point["params"]["slow"])
        assert row["universe"] == sweep["bases"][0]["universe"]
        assert float(row["total_return"]) == point["metrics"]["total_return"]
    platform = sample_client.app.state.platform  # type: ignore[attr-defined]
    with platform.database.transaction(Market.REAL) as session:
        found = platform.sweeps.reading.found(Market.REAL, session, sweep["sweep_id"])
    assert EveryPoint.of(found, Market.REAL).written(Path("points.csv")) == answer.content
    assert set(EveryPoint.of(found, Market.SAMPLE).table()["market"].to_pylist()) == {"SAMPLE"}
    assert sweep["bases"][0]["data_root"] == found.spec["bases"][0]["data_root"]
    table = parquet.read_table(io.BytesIO(sample_client.get(f"{url}/export?format=parquet").content))
    assert table.num_rows == len(points) and table.schema.metadata[b"sweep_id"].decode() == sweep["sweep_id"]
    assert sample_client.get(f"{URL}/{'0' * 64}/export").status_code == 404
    assert sample_client.get(f"{url}/export?format=xlsx").status_code == 422
