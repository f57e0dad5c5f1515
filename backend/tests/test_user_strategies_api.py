"""Strategies of one's own over HTTP: listed, run, versioned, verified; never accepted as code."""

from __future__ import annotations

import contextlib
import time
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
from fastapi.testclient import TestClient

from app.database import Market
from app.models import StrategyVersion, Trial
from app.services.platform import Platform
from app.services.sample_market import SampleSummary
from tests.services.user_files import ON_BAR, SIGNALS, event, line_of, on_bar_after, signals_after, vectorised, write

pytestmark = pytest.mark.integration

STRATEGIES = "/api/portfolio/strategies"


@pytest.fixture
def folder(sample_client: TestClient) -> Path:
    """The strategies folder of the application's home."""
    found: Path = platform_of(sample_client).settings.home / "strategies"
    return found


def platform_of(client: TestClient) -> Platform:
    platform: Platform = client.app.state.platform  # type: ignore[attr-defined]
    return platform


def ask(client: TestClient, sample: SampleSummary, *names: str, **changes: Any) -> Any:
    question = {
        "strategy_ids": list(names),
        "universe": sample.indices[0],
        "start_date": "2024-03-01",
        "end_date": "2024-12-31",
    }
    answer = client.post(f"{STRATEGIES}/backtest?wait=120", json=question | changes)
    if answer.status_code == 202:  # the kernels are being compiled
        platform_of(client).jobs.wait(uuid.UUID(answer.json()["job"]["id"]), 600.0)
        answer = client.post(f"{STRATEGIES}/backtest?wait=120", json=question | changes)
    return answer


def cards(client: TestClient) -> dict[str, dict[str, Any]]:
    return {card["strategy_id"]: card for card in client.get(f"{STRATEGIES}/available").json()}


def versions(client: TestClient, strategy_id: str) -> list[StrategyVersion]:
    with platform_of(client).database.transaction(Market.REAL) as session:
        found = session.query(StrategyVersion).filter_by(strategy_id=strategy_id).order_by(StrategyVersion.number).all()
        session.expunge_all()
        return found


def test_a_file_is_listed_run_edited_and_told_apart(
    sample_client: TestClient, sample_data: SampleSummary, folder: Path
) -> None:
    text = vectorised("mine")
    path = write(folder, "mine.py", text)
    card = cards(sample_client)["mine"]
    assert (card["origin"], card["kind"], card["version"], card["proof"]) == ("own", "vectorised", 1, None)
    assert cards(sample_client)["sma_cross"]["origin"] == "shipped"
    run = ask(sample_client, sample_data, "mine")
    assert run.status_code == 200, run.text
    run_id = run.json()["run_id"]
    assert run.json()["trades_count"] > 0 and run.json()["proofs"][0]["proof"]["outcome"] == "passed"
    assert cards(sample_client)["mine"]["proof"]["outcome"] == "passed"
    verify = f"{STRATEGIES}/runs/{run_id}/verify"
    assert sample_client.post(verify).json()["outcome"] == "identical"

    path.write_text(text.replace("param(3", "param(4").replace("of a test", "of another test"))
    told = sample_client.post(verify).json()
    assert (told["outcome"], told["changed"]) == ("inputs_changed", ["strategy mine"])
    card = cards(sample_client)["mine"]
    assert (card["version"], card["display_name"], card["proof"]) == (2, "of another test", None)
    assert ask(sample_client, sample_data, "mine", params={"mine": {"window": 3}}).json()["run_id"] != run_id
    kept = versions(sample_client, "mine")
    assert [version.source for version in kept] == [text, path.read_text()]
    assert kept[1].proof is not None and len(kept[1].proof) == 1

    path.write_text(text)
    assert sample_client.post(verify).json()["outcome"] == "identical"
    path.unlink()
    told = sample_client.post(verify).json()
    assert (told["outcome"], told["changed"]) == ("inputs_changed", ["strategy mine"])
    assert "mine" not in cards(sample_client)
    gone = ask(sample_client, sample_data, "mine")
    assert gone.status_code == 404 and "There is no strategy mine" in gone.json()["error"]["message"]
    with platform_of(sample_client).database.transaction(Market.REAL) as session:
        # the same parameters twice, but the second time of an edited file: two trials
        assert session.query(Trial).filter_by(strategy_id="mine").count() == 2


def test_an_event_strategy_runs_and_verifies(
    sample_client: TestClient, sample_data: SampleSummary, folder: Path
) -> None:
    write(folder, "mine.py", event("mine"))
    run = ask(sample_client, sample_data, "mine", "sma_cross").json()
    assert run["trades_count"] > 0 and {trade["book"] for trade in run["trades"]} >= {"mine"}
    assert cards(sample_client)["mine"]["kind"] == "event"
    assert sample_client.post(f"{STRATEGIES}/runs/{run['run_id']}/verify").json()["outcome"] == "identical"


def test_files_that_do_not_load_are_listed_beside_and_refused(
    sample_client: TestClient, sample_data: SampleSummary, folder: Path
) -> None:
    assert sample_client.get(f"{STRATEGIES}/load-errors").json() == []
    text = vectorised("mine", before="import nosuchmodule")
    write(folder, "mine.py", text)
    write(folder, "broken.py", "def f(:\n")
    errors = sample_client.get(f"{STRATEGIES}/load-errors").json()
    assert [(error["file"], error["line"]) for error in errors] == [
        ("broken.py", 1),
        ("mine.py", line_of(text, "nosuchmodule")),
    ]
    assert set(cards(sample_client)) & {"mine", "broken"} == set()
    refused = ask(sample_client, sample_data, "mine")
    assert refused.status_code == 422
    error = refused.json()["error"]
    assert error["code"] == "VALIDATION_ERROR" and "nosuchmodule" in error["message"]
    assert (error["details"]["file"], error["details"]["line"]) == ("mine.py", line_of(text, "nosuchmodule"))


def test_wrong_parameters_are_refused_by_their_field(
    sample_client: TestClient, sample_data: SampleSummary, folder: Path
) -> None:
    write(folder, "mine.py", vectorised("mine"))
    refused = ask(sample_client, sample_data, "mine", params={"mine": {"window": 1}})
    assert refused.status_code == 422 and refused.json()["error"]["details"]["field"] == "params.window"


@pytest.mark.parametrize(
    ("text", "reason", "told"),
    [
        (
            vectorised("mine", signals_after("1 / 0  # here")),
            "raised",
            "ZeroDivisionError: division by zero (mine.py, line",
        ),
        (event("mine", on_bar_after("1 / 0  # here")), "raised", "strategy mine stopped at 2024-03-"),
        (vectorised("mine", SIGNALS.replace("rises, falls)", "None, falls)")), "malformed", "entry must be an array"),
        (event("mine", ON_BAR.replace("context.buy", "__import__('os')._exit")), "crash", "ended the process"),
    ],
)
def test_a_run_that_stops_says_why_and_counts_as_a_trial(
    sample_client: TestClient, sample_data: SampleSummary, folder: Path, text: str, reason: str, told: str
) -> None:
    write(folder, "mine.py", text)
    answer = ask(sample_client, sample_data, "mine")
    assert answer.status_code == 500
    error = answer.json()["error"]
    assert error["code"] == "BACKTEST_ERROR" and told in error["message"]
    assert (error["details"]["reason"], error["details"]["strategy_id"]) == (reason, "mine")
    if "# here" in text:
        assert error["details"]["line"] == line_of(text, "# here")
    with platform_of(sample_client).database.transaction(Market.REAL) as session:
        assert [trial.outcome for trial in session.query(Trial).filter_by(strategy_id="mine")] == ["FAILED"]
    assert sample_client.get("/api/health").status_code == 200


def test_a_leaky_strategy_is_named_on_its_run(
    sample_client: TestClient, sample_data: SampleSummary, folder: Path
) -> None:
    write(folder, "mine.py", vectorised("mine", SIGNALS.replace("rises[1:] = ", "rises[:-1] = ")))
    run = ask(sample_client, sample_data, "mine").json()
    assert any(
        line.startswith("LOOK-AHEAD: mine: A decision depends on what was not known") for line in run["warnings"]
    )


def test_a_job_that_is_cancelled_ends_the_worker_of_its_strategy(
    sample_client: TestClient, sample_data: SampleSummary, folder: Path
) -> None:
    write(folder, "mine.py", event("mine", on_bar_after("while True: pass")))
    question = {
        "strategy_ids": ["mine"], "universe": sample_data.indices[0],
        "start_date": "2024-03-01", "end_date": "2024-12-31",
    }  # fmt: skip
    accepted = sample_client.post(f"{STRATEGIES}/backtest?wait=0", json=question)
    assert accepted.status_code == 202, accepted.text
    job = accepted.json()["job"]["id"]

    def spent() -> float:
        seconds = 0.0
        for process in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.Error):  # it ended meanwhile
                if "user_strategies.child" in " ".join(process.cmdline()):
                    seconds += process.cpu_times().user
        return seconds

    def at_it() -> bool:
        """Whether some worker computes; one that waits for work may stay."""
        before = spent()
        time.sleep(0.5)
        return spent() - before > 0.2

    until = time.monotonic() + 60.0
    while sample_client.get(f"/api/jobs/{job}").json()["state"] != "RUNNING" or not at_it():
        assert time.monotonic() < until
    sample_client.post(f"/api/jobs/{job}/cancel")
    assert platform_of(sample_client).jobs.wait(uuid.UUID(job), 20.0).state == "CANCELLED"  # the limit is 300 seconds
    until = time.monotonic() + 20.0
    while at_it():  # the job has ended; its process is being ended
        assert time.monotonic() < until
    with platform_of(sample_client).database.transaction(Market.REAL) as session:
        assert session.query(Trial).count() == 0  # nothing was evaluated


LOOPS = on_bar_after("while True: pass")


def test_strategies_that_loop_hold_no_place_of_the_others(
    sample_client: TestClient, sample_data: SampleSummary, folder: Path
) -> None:
    """Six loops of up to a hundred seconds: runs of shipped strategies, the list and new files go on beside them."""
    assert ask(sample_client, sample_data, "sma_cross").status_code == 200  # whatever has to be compiled is
    workers = platform_of(sample_client).catalogue.workers
    workers.limits = replace(workers.limits, run_seconds=100.0)
    names = [f"loop{n}" for n in range(6)]
    for name in names:
        write(folder, f"{name}.py", event(name, LOOPS))
    question = {"universe": sample_data.indices[0], "start_date": "2024-03-01", "end_date": "2024-12-31"}
    jobs = []
    for name in names:
        accepted = sample_client.post(f"{STRATEGIES}/backtest?wait=0", json=question | {"strategy_ids": [name]})
        assert accepted.status_code == 202, accepted.text
        jobs.append(accepted.json()["job"]["id"])

    def states() -> list[str]:
        return [sample_client.get(f"/api/jobs/{job}").json()["state"] for job in jobs]

    until = time.monotonic() + 60.0
    while states().count("RUNNING") < 2:
        assert time.monotonic() < until
        time.sleep(0.2)
    began = time.monotonic()
    shipped = ask(sample_client, sample_data, "donchian", seed=5)
    assert shipped.status_code == 200, shipped.text
    write(folder, "mine.py", vectorised("mine"))
    assert cards(sample_client)["mine"]["origin"] == "own"  # described by the worker that is kept for what is short
    wrong = ask(sample_client, sample_data, "mine", params={"mine": {"window": 1}})
    assert wrong.status_code == 422 and wrong.json()["error"]["details"]["field"] == "params.window"
    assert time.monotonic() - began < 90.0  # before the first loop was ended
    assert set(states()) == {"RUNNING", "QUEUED"} and states().count("RUNNING") == 2
    for job in reversed(jobs):
        sample_client.post(f"/api/jobs/{job}/cancel")
    ended = [platform_of(sample_client).jobs.wait(uuid.UUID(job), 30.0).state for job in jobs]
    assert ended == ["CANCELLED"] * 6
    assert ask(sample_client, sample_data, "mine").status_code == 200  # and the places are free again


def test_a_search_ends_when_its_points_take_all_their_time(
    sample_client: TestClient, sample_data: SampleSummary, folder: Path
) -> None:
    """Forty points of a loop: after three that were stopped at the limit the others are not tried."""
    write(folder, "mine.py", event("mine", LOOPS))
    workers = platform_of(sample_client).catalogue.workers
    workers.limits = replace(workers.limits, run_seconds=1.5)
    run = {"strategy_ids": ["mine"], "universe": sample_data.indices[0], "start_date": "2024-03-01",
           "end_date": "2024-12-31"}  # fmt: skip
    grid = {"window": {"start": 2, "stop": 41, "step": 1}}
    sweep = sample_client.post(f"{STRATEGIES}/sweeps", json={"run": run, "grid": grid}).json()
    job = platform_of(sample_client).jobs.wait(uuid.UUID(sweep["job"]["id"]), 60.0)
    assert job.state == "FAILED" and job.error is not None
    assert "points took longer than a strategy may (SMARTTRADER_STRATEGY_SECONDS)" in job.error["message"]
    walk = {"run": run, "grid": grid, "train": 60, "test": 20}
    asked = sample_client.post(f"{STRATEGIES}/walk-forwards", json=walk).json()
    job = platform_of(sample_client).jobs.wait(uuid.UUID(asked["job"]["id"]), 60.0)
    assert job.state == "FAILED" and job.error is not None and "points took longer" in job.error["message"]


def test_a_search_of_a_loop_is_cancelled_at_once(
    sample_client: TestClient, sample_data: SampleSummary, folder: Path
) -> None:
    write(folder, "mine.py", vectorised("mine", signals_after("while True: pass")))
    run = {"strategy_ids": ["mine"], "universe": sample_data.indices[0], "start_date": "2024-03-01",
           "end_date": "2024-12-31"}  # fmt: skip
    grid = {"window": {"start": 2, "stop": 41, "step": 1}}
    sweep = sample_client.post(f"{STRATEGIES}/sweeps", json={"run": run, "grid": grid}).json()
    job, sweep_id = sweep["job"]["id"], sweep["sweep"]["sweep_id"]
    until = time.monotonic() + 60.0
    while sample_client.get(f"/api/jobs/{job}").json()["state"] != "RUNNING":
        assert time.monotonic() < until
        time.sleep(0.2)
    time.sleep(2.0)
    assert sample_client.post(f"{STRATEGIES}/sweeps/{sweep_id}/cancel").status_code == 202
    assert platform_of(sample_client).jobs.wait(uuid.UUID(job), 20.0).state == "CANCELLED"  # the limit is 300 seconds
    assert sample_client.get(f"{STRATEGIES}/sweeps/{sweep_id}").status_code == 404
    with platform_of(sample_client).database.transaction(Market.REAL) as session:
        assert session.query(Trial).count() == 0  # none was evaluated


def test_a_point_of_a_sweep_by_a_source_that_was_edited_is_no_run_of_the_new_one_unless_asked_for(
    sample_client: TestClient, sample_data: SampleSummary, folder: Path
) -> None:
    text = vectorised("mine")
    write(folder, "mine.py", text)
    run = {
        "strategy_ids": ["mine"], "universe": sample_data.indices[0], "start_date": "2024-03-01",
        "end_date": "2024-12-31",
    }  # fmt: skip
    sweeps = f"{STRATEGIES}/sweeps"
    made = sample_client.post(sweeps, json={"run": run, "grid": {"window": [5, 8]}})
    assert made.status_code == 202, made.text
    sweep_id = made.json()["sweep"]["sweep_id"]
    job = platform_of(sample_client).jobs.wait(uuid.UUID(made.json()["job"]["id"]), 600.0)
    assert job.state == "SUCCEEDED", job.error
    write(folder, "mine.py", text.replace("bars.close[1:] > bars", "bars.close[1:] >= bars"))
    as_it_was = sample_client.post(f"{sweeps}/{sweep_id}/points/1/run?wait=120")  # its source is remembered
    assert as_it_was.status_code == 200, as_it_was.text
    first, *_ = versions(sample_client, "mine")
    assert as_it_was.json()["spec"]["books"][0]["source_hash"] == first.source_hash
    platform_of(sample_client).catalogue._described.clear()  # by a server that was started again it is not
    refused = sample_client.post(f"{sweeps}/{sweep_id}/points/1/run")
    assert refused.status_code == 409
    assert refused.json()["error"]["details"]["changed"] == ["strategy mine"]
    # nothing ran by the new source yet: it is made known by this
    done = sample_client.post(f"{sweeps}/{sweep_id}/points/1/run?today=true&wait=120")
    assert done.status_code == 200, done.text
    assert [version.number for version in versions(sample_client, "mine")] == [1, 2]
    assert done.json()["spec"]["books"][0]["source_hash"] == versions(sample_client, "mine")[1].source_hash
