"""Sweeps of other data, another strategy or another engine than there are now, and what they are told as."""

from __future__ import annotations

import time
import uuid
from datetime import date
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.database import Market
from app.models import Job
from app.repositories.sweeps import SweepRepository, claim_of
from app.services.backtests.question import BacktestQuestion
from app.services.jobs.claims import held
from app.services.sample_market import SampleSummary
from app.services.sweeps.question import SweepQuestion
from tests.test_sweep_api import URL, asked, dies_after, finished, kept, made, trials

pytestmark = pytest.mark.integration


def test_a_sweep_whose_data_changed_while_it_waited_has_failed_and_is_asked_for_again(
    sample_client: TestClient, sample_data: SampleSummary, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it tried until then stays counted, once, whoever tries it again on other data."""
    from app.services.sweeps import working

    monkeypatch.setattr("app.engines.sweeps.stretches.CHUNK", 3)
    keep = working.SweepWork._keep

    symbol, day = sample_data.split
    body, before = asked(sample_data, universes=[[symbol]], run={"market": "none"}), trials(sample_client)
    monkeypatch.setattr(working.SweepWork, "_keep", dies_after(2))
    sweep = made(sample_client, body)
    assert sweep["state"] == "INTERRUPTED" and "the log has the cause" in sweep["reason"]
    assert 0 < sweep["done"] < 10 and trials(sample_client) == before + sweep["done"]
    monkeypatch.setattr(working.SweepWork, "_keep", keep)
    url = f"{URL}/{sweep['sweep_id']}"

    decision = {"symbol": symbol, "session": day.isoformat(), "decision": "CORRECT", "factor": 4.0}
    corrected = sample_client.post("/api/data/actions/decisions", json=decision)
    assert corrected.status_code == 201, corrected.text
    assert sample_client.post(f"{url}/resume").status_code == 202
    failed = finished(sample_client, sweep["sweep_id"])
    assert failed["state"] == "FAILED" and failed["done"] == sweep["done"]
    assert failed["reason"] == "The data changed since it was asked for (corporate actions): ask for it again"
    assert sample_client.get(URL).json()["data"][0]["state"] == "FAILED"
    assert sample_client.get(f"{url}/overfitting").json()["reason"] == "the sweep has failed"
    refused = sample_client.post(f"{url}/resume")
    assert refused.status_code == 409 and refused.json()["error"]["message"] == failed["reason"]
    assert refused.json()["error"]["details"]["changed"] == ["corporate_actions"]

    again = made(sample_client, body)
    assert again["sweep_id"] != sweep["sweep_id"]
    assert (again["state"], again["reason"], again["done"]) == ("FINISHED", None, 10)
    assert trials(sample_client) == before + 10

    assert sample_client.post(f"/api/data/actions/decisions/{corrected.json()['id']}/undo").status_code == 200
    back = made(sample_client, body)  # the data are again what it names
    assert back["sweep_id"] == sweep["sweep_id"] and (back["state"], back["done"]) == ("FINISHED", 10)
    assert trials(sample_client) == before + 10


def test_a_sweep_that_ends_while_its_state_is_asked_is_finished(
    sample_client: TestClient, sample_data: SampleSummary, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is at work on it any more, and it was not finished when it was read: it stood there as interrupted."""
    platform, sweep_id = kept(sample_client, sample_data)
    working = SweepRepository.working

    def then_it_ends(self: SweepRepository, asked: str) -> bool:
        monkeypatch.setattr(SweepRepository, "working", working)
        platform.sweeps.run_here(Market.REAL, sweep_id, lambda _fraction, _message: None)
        return False

    monkeypatch.setattr(SweepRepository, "working", then_it_ends)
    answer = sample_client.get(f"{URL}/{sweep_id}").json()
    assert (answer["state"], answer["done"]) == ("FINISHED", 2) and answer["finished_at"] is not None


def test_a_sweep_of_an_older_engine_that_cannot_be_read_any_more_has_failed(
    sample_client: TestClient, sample_data: SampleSummary
) -> None:
    platform, sweep_id = kept(sample_client, sample_data)
    with platform.database.transaction(Market.REAL) as session:
        sweep = SweepRepository(session).get(sweep_id)
        base = sweep.spec["bases"][0] | {"engine_version": "0" * 12, "a_field": "of an engine before"}
        sweep.spec = sweep.spec | {"bases": [base]}
    assert sample_client.post(f"{URL}/{sweep_id}/resume").status_code == 202
    failed = finished(sample_client, sweep_id)
    assert failed["state"] == "FAILED" and failed["reason"].startswith("It was asked of engine 000000000000")
    point = f"{URL}/{sweep_id}/points/0/run"
    refused = sample_client.post(point).json()["error"]
    assert refused["code"] == "CONFLICT" and refused["details"]["changed"] == ["engine_version"]
    refused = sample_client.post(f"{point}?today=true").json()["error"]
    assert refused["code"] == "CONFLICT" and "000000000000, which this one cannot read" in refused["message"]


def test_a_point_of_an_older_engine_or_strategy_is_run_as_far_as_it_can_be_read(
    sample_client: TestClient, sample_data: SampleSummary
) -> None:
    sweep = made(sample_client, asked(sample_data, grid={"fast": [3, 5]}))
    platform = sample_client.app.state.platform  # type: ignore[attr-defined]
    whole = sample_client.post(f"{URL}/{sweep['sweep_id']}/points/0/run").json()

    def run(change: dict[str, Any], without: str = "") -> Any:
        with platform.database.transaction(Market.REAL) as session:
            stored = SweepRepository(session).get(sweep["sweep_id"])
            kept = stored.spec
            base = {name: value for name, value in kept["bases"][0].items() if name != without} | change
            stored.spec = kept | {"bases": [base | {"engine_version": "0" * 12}]}
        platform.sweeps.reading.forget(Market.REAL, sweep["sweep_id"])
        answer = sample_client.post(f"{URL}/{sweep['sweep_id']}/points/0/run?today=true")
        with platform.database.transaction(Market.REAL) as session:
            SweepRepository(session).get(sweep["sweep_id"]).spec = kept
        return answer

    assert run({}, without="cash_rates").json()["run_id"] == whole["run_id"]  # an engine before there were any
    unread = run({"a_field": 1})
    assert (
        unread.status_code == 409 and "which this one cannot read: spec: expected" in unread.json()["error"]["message"]
    )
    book = whole["spec"]["books"][0]
    gone = run({"books": [book | {"params": book["params"] | {"gone": 5}}]})
    assert gone.status_code == 409
    assert gone.json()["error"]["message"].startswith("sma_cross does not take this point any more: ")


def test_a_sweep_of_another_engine_has_failed_and_can_be_taken_away(
    sample_client: TestClient, sample_data: SampleSummary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.services.backtests.changes.engine_version", lambda: "of tomorrow")
    failed = made(sample_client, asked(sample_data))
    assert failed["state"] == "FAILED" and failed["reason"].endswith("and this is of tomorrow: ask for it again")
    [job] = sample_client.get("/api/jobs?kind=sweep").json()["data"]
    assert job["state"] == "FAILED" and job["error"]["details"] == {"changed": ["engine_version"]}
    assert sample_client.post(f"{URL}/{failed['sweep_id']}/cancel").status_code == 202
    assert sample_client.get(f"{URL}/{failed['sweep_id']}").status_code == 404


def test_a_sweep_of_a_symbol_that_nothing_is_known_of_any_more_has_failed(
    sample_client: TestClient, sample_data: SampleSummary
) -> None:
    platform = sample_client.app.state.platform  # type: ignore[attr-defined]
    run = BacktestQuestion(
        strategy_ids=("sma_cross",), params={}, universe=(sample_data.split[0],), start=date(2024, 3, 1),
        end=date(2024, 12, 31),
    )  # fmt: skip
    sweep_id = platform.sweeps.keep(Market.REAL, SweepQuestion(run, {"fast": [3, 5]}))
    with platform.database.transaction(Market.REAL) as session:
        sweep = SweepRepository(session).get(sweep_id)
        base = sweep.spec["bases"][0]
        sweep.spec = sweep.spec | {"bases": [base | {"universe": base["universe"] | {"symbols": ["NOTTHERE"]}}]}
    assert sample_client.post(f"{URL}/{sweep_id}/resume").status_code == 202
    failed = finished(sample_client, sweep_id)
    told = "The data changed since it was asked for (Unknown symbols: NOTTHERE): ask for it again"
    assert (failed["state"], failed["reason"]) == ("FAILED", told)
    refused = sample_client.post(f"{URL}/{sweep_id}/points/0/run")
    assert refused.status_code == 409 and refused.json()["error"]["details"]["changed"] == ["data"]


@pytest.mark.parametrize("finishes", [False, True], ids=["at work", "finished"])
def test_a_job_that_is_cancelled_while_it_waits_for_a_terminal_leaves_the_sweep_to_it(
    sample_client: TestClient, sample_data: SampleSummary, finishes: bool
) -> None:
    platform, sweep_id = kept(sample_client, sample_data)
    with held(platform.database.engine(Market.REAL), claim_of(sweep_id)) as mine:
        assert mine
        job = platform.jobs.submit("sweep", Market.REAL, {"sweep_id": sweep_id})
        with platform.database.transaction(Market.REAL) as session:
            SweepRepository(session).set_job(sweep_id, job.id)
        until = time.monotonic() + 30
        while sample_client.get(f"/api/jobs/{job.id}").json()["message"] != "Another process is at work on it":
            assert time.monotonic() < until
            time.sleep(0.05)
        if finishes:
            with platform.database.transaction(Market.REAL) as session:
                SweepRepository(session).finish(sweep_id, [])
        assert sample_client.post(f"/api/jobs/{job.id}/cancel").status_code == 200
        assert platform.jobs.wait(job.id, 30.0).state == "CANCELLED"
        expected = "FINISHED" if finishes else "RUNNING"
        assert sample_client.get(f"{URL}/{sweep_id}").json()["state"] == expected


def test_what_a_cancelled_job_left_is_not_taken_from_the_job_that_goes_on_with_it(
    sample_client: TestClient, sample_data: SampleSummary
) -> None:
    """It was cancelled at work, asked for again, and its server stopped: at the next start its leftovers go."""
    platform, sweep_id = kept(sample_client, sample_data)
    cancelled, after = (
        Job(id=uuid.uuid4(), kind="sweep", market="real", arguments={"sweep_id": sweep_id}) for _ in range(2)
    )
    with platform.database.transaction(Market.REAL) as session:
        SweepRepository(session).set_job(sweep_id, after.id)
    for _ in range(2):
        platform.jobs.discard(cancelled)
        assert sample_client.get(f"{URL}/{sweep_id}").json()["job_id"] == str(after.id)
        with held(platform.database.engine(Market.REAL), claim_of(sweep_id)):  # by the other job
            platform.jobs.discard(cancelled)
    platform.jobs.discard(after)
    assert sample_client.get(f"{URL}/{sweep_id}").status_code == 404
