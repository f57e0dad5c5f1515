"""Whoever cancels is told the truth: it is gone, leaves nothing and can be asked again, or it is too late."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from app.database import Market
from app.exceptions import ConflictError
from app.routers.jobs import job_answer
from app.services.platform import Platform
from app.services.sample_market import SampleSummary
from app.settings import Settings

pytestmark = pytest.mark.integration

STRATEGIES = "/api/portfolio/strategies"
TRIES = 12


def ended(client: TestClient, job_id: str) -> dict[str, Any]:
    for _ in range(1200):
        job: dict[str, Any] = client.get(f"/api/jobs/{job_id}").json()
        if job["state"] not in ("QUEUED", "RUNNING"):
            return job
        time.sleep(0.05)
    raise AssertionError(f"the job is still {job['state']}: {job['message']}")


def count(client: TestClient, query: str, **values: Any) -> int:
    platform = client.app.state.platform  # type: ignore[attr-defined]
    with platform.database.transaction(Market.REAL) as session:
        return int(session.scalar(text(query), values) or 0)


class Run:
    """A plain run."""

    def __init__(self, sample: SampleSummary, seed: int) -> None:
        self.body = {
            "strategy_ids": ["sma_cross"], "universe": sample.indices[0], "start_date": "2024-03-01",
            "end_date": "2024-12-31", "seed": seed,
        }  # fmt: skip
        self.run_id = ""

    def ask(self, client: TestClient) -> str | None:
        answer = client.post(f"{STRATEGIES}/backtest?wait=0", json=self.body)
        assert answer.status_code in (200, 202), answer.text
        return answer.json()["job"]["id"] if answer.status_code == 202 else None

    def there(self, client: TestClient) -> bool:
        return count(client, "SELECT count(*) FROM backtest_runs WHERE (spec->>'seed')::bigint = :seed",
                     seed=self.body["seed"]) == 1  # fmt: skip

    def left(self, client: TestClient) -> int:
        return int(self.there(client))


class Sweep:
    """A search of some stretches."""

    def __init__(self, sample: SampleSummary, seed: int) -> None:
        run = Run(sample, seed).body
        self.body = {"run": run, "grid": {"fast": [2, 3, 4, 5, 6, 7], "slow": [10, 15, 20]}}
        self.sweep_id = ""

    def ask(self, client: TestClient) -> str | None:
        answer = client.post(f"{STRATEGIES}/sweeps", json=self.body)
        assert answer.status_code in (200, 202), answer.text
        self.sweep_id = answer.json()["sweep"]["sweep_id"]
        return answer.json()["job"]["id"] if answer.status_code == 202 else None

    def there(self, client: TestClient) -> bool:
        found = client.get(f"{STRATEGIES}/sweeps/{self.sweep_id}")
        return found.status_code == 200 and found.json()["state"] == "FINISHED" and found.json()["done"] == 18

    def left(self, client: TestClient) -> int:
        return count(client, "SELECT (SELECT count(*) FROM sweeps WHERE sweep_id = :id) "
                     "+ (SELECT count(*) FROM sweep_chunks WHERE sweep_id = :id)", id=self.sweep_id)  # fmt: skip


class Walk:
    """A walk-forward."""

    def __init__(self, sample: SampleSummary, seed: int) -> None:
        self.body = {
            "run": Run(sample, seed).body, "grid": {"fast": [3, 5], "slow": [10, 15]}, "train": 60, "test": 40,
        }  # fmt: skip
        self.walk_id = ""

    def ask(self, client: TestClient) -> str | None:
        answer = client.post(f"{STRATEGIES}/walk-forwards", json=self.body)
        assert answer.status_code in (200, 202), answer.text
        self.walk_id = answer.json()["walk_forward_id"]
        return answer.json()["job"]["id"] if answer.status_code == 202 else None

    def there(self, client: TestClient) -> bool:
        return client.get(f"{STRATEGIES}/walk-forwards/{self.walk_id}").status_code == 200

    def left(self, client: TestClient) -> int:
        return count(client, "SELECT (SELECT count(*) FROM walk_forwards WHERE walk_forward_id = :id) "
                     "+ (SELECT count(*) FROM walk_forward_parts WHERE walk_forward_id = :id)",
                     id=self.walk_id)  # fmt: skip


@pytest.mark.parametrize("kind", [Run, Sweep, Walk])
def test_a_search_cancelled_at_any_moment_is_gone_and_can_be_asked_again_or_says_that_it_is_too_late(
    sample_client: TestClient, sample_data: SampleSummary, kind: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:

    monkeypatch.setattr("app.engines.sweeps.stretches.CHUNK", 2)
    moments, ends = random.Random(7), []
    began = time.perf_counter()
    assert ended(sample_client, kind(sample_data, TRIES).ask(sample_client))["state"] == "SUCCEEDED"
    longest = 1.2 * (time.perf_counter() - began)  # some cancels come while it waits or works, some when it has ended
    for seed in range(TRIES):
        question = kind(sample_data, seed)
        job_id = question.ask(sample_client)
        assert job_id is not None
        time.sleep(moments.uniform(0.0, longest) if seed else 0.0)
        answer = sample_client.post(f"/api/jobs/{job_id}/cancel")
        again = None
        if answer.status_code == 200 and moments.random() < 0.5:
            again = question.ask(sample_client)  # at once, while the first one still lets go
            assert again not in (None, job_id)
        job = ended(sample_client, job_id)
        ends.append(job["state"])
        if answer.status_code == 409:
            assert job["state"] == "SUCCEEDED" and "too late" in answer.json()["error"]["message"]
            assert question.there(sample_client)
            continue
        assert answer.status_code == 200 and job["state"] == "CANCELLED" and job["result"] is None
        if again is None:
            assert question.left(sample_client) == 0
            again = question.ask(sample_client)
            assert again not in (None, job_id)
        assert ended(sample_client, again)["state"] == "SUCCEEDED"
        assert question.there(sample_client)
    assert "CANCELLED" in ends


def test_an_import_cancelled_at_any_moment_keeps_whole_files_says_which_and_goes_on_when_asked_again(
    client: TestClient, tmp_path: Path, sample_data: SampleSummary
) -> None:
    folder = tmp_path / "files"
    shutil.copytree(sample_data.directory, folder)
    moments = random.Random(11)
    for _ in range(40):
        job_id = client.post("/api/data/import", json={"path": str(folder)}).json()["job"]["id"]
        time.sleep(moments.uniform(0.0, 1.0))
        answer = client.post(f"/api/jobs/{job_id}/cancel")
        job = ended(client, job_id)
        if answer.status_code == 409:
            assert job["state"] == "SUCCEEDED" and job["result"]["cancelled"] is False
            break
        assert job["state"] == "CANCELLED"
        if job["result"] is not None:  # it had begun
            assert job["result"]["cancelled"] is True
        # nothing half: every file that is known has its rows, and what is derived of them is up to date
        assert count(client, "SELECT count(*) FROM import_files f WHERE kind = 'udiff' AND rows <> "
                     "(SELECT count(*) FROM historical_prices p WHERE p.file_id = f.id)") == 0  # fmt: skip
    else:
        raise AssertionError("no import came to its end")
    again = ended(client, client.post("/api/data/import", json={"path": str(folder)}).json()["job"]["id"])
    assert again["state"] == "SUCCEEDED" and again["result"]["loaded"] == 0


def test_the_files_of_an_upload_go_with_its_job_however_that_ends(client: TestClient, tmp_path: Path) -> None:
    uploads = tmp_path / "home" / "uploads"
    files = [("files", (f"nse/{n}.csv", b"SYMBOL,SERIES\n" * 2000)) for n in range(20)]
    for delay in (0.0, 0.05, 0.3):
        job_id = client.post("/api/data/import", files=files).json()["job"]["id"]
        time.sleep(delay)
        client.post(f"/api/jobs/{job_id}/cancel")
        ended(client, job_id)
        assert list(uploads.iterdir()) == []


def test_a_sample_market_that_was_cancelled_is_none_and_can_be_asked_for_again(client: TestClient) -> None:
    """In the middle of its making; once it is loaded it is too late, for a part of it would be another market."""
    job_id = client.post("/api/data/sample").json()["job"]["id"]
    for _ in range(400):
        if client.get(f"/api/jobs/{job_id}").json()["progress"] > 0.0:
            break
        time.sleep(0.02)
    assert client.post(f"/api/jobs/{job_id}/cancel").status_code == 200
    assert ended(client, job_id)["state"] == "CANCELLED"
    shown = client.get("/api/data/market").json()
    assert shown["market"] == "real" and shown["sample_ready"] is False


def test_whoever_waits_for_a_job_that_somebody_cancels_is_told_so(settings: Settings) -> None:
    """A verification or a history of a screen: 202 would have them ask for ever."""
    platform = Platform(settings)
    try:
        job = platform.jobs.submit("screen_history", Market.REAL, {})  # nobody works: it stays queued
        assert job_answer(platform, job.id, 0.0).status_code == 202
        with platform.database.transaction(Market.REAL) as session:
            platform.jobs.cancel(session, job.id)
        with pytest.raises(ConflictError, match="was cancelled"):
            job_answer(platform, job.id, 0.0)
    finally:
        platform.close()
