"""A server killed in the middle of an import: nothing acknowledged is lost, no half file stays, the job goes on."""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import create_engine

from app.embedded_postgres import EmbeddedPostgres
from app.repositories.prices import content_hash
from app.services.sample_market import generate
from tests.serving import Served, serving

pytestmark = pytest.mark.integration

PATIENCE_SECONDS = 120.0


@pytest.fixture
def market(tmp_path: Path) -> Path:
    """Two years: large enough to be killed in the middle of."""
    folder = tmp_path / "files" / "market"
    generate(folder, start=date(2023, 1, 1), end=date(2024, 12, 31), stocks=10)
    return folder


def job(served: Served, job_id: str) -> dict[str, Any]:
    answer: dict[str, Any] = httpx.get(f"{served.url}/api/jobs/{job_id}", timeout=30, trust_env=False).json()
    return answer


def wait_for(served: Served, job_id: str, progress: float) -> dict[str, Any]:
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        state = job(served, job_id)
        if state["state"] not in {"QUEUED", "RUNNING"} or state["progress"] >= progress:
            return state
        time.sleep(0.05)
    raise AssertionError(f"the job did not get to {progress}: {state}")


def stored(home: Path) -> str:
    """A digest of everything stored and derived."""
    with EmbeddedPostgres(home).acquire() as lease:
        engine = create_engine(lease.url("smarttrader"))
        with engine.connect() as connection:
            digest = content_hash(connection)
        engine.dispose()
    return digest


def test_a_server_killed_in_an_import_goes_on_with_it_and_ends_with_the_same_content(
    tmp_path: Path, market: Path
) -> None:
    home = tmp_path / "home"
    with serving(home, tmp_path) as served:
        answer = httpx.post(f"{served.url}/api/data/import", json={"path": str(market)}, timeout=30, trust_env=False)
        assert answer.status_code == 202, answer.text
        job_id = answer.json()["job"]["id"]
        killed_at = wait_for(served, job_id, 0.2)
        assert killed_at["state"] == "RUNNING"
        served.process.kill()
        served.process.wait()
    with serving(home, tmp_path) as served:
        done = wait_for(served, job_id, 2.0)
        assert done["state"] == "SUCCEEDED", done
        assert done["result"]["already_known"] > 0  # what was acknowledged before is not done again
        files = httpx.get(f"{served.url}/api/data/status", timeout=30, trust_env=False).json()["files"]
    untouched = tmp_path / "untouched"
    with serving(untouched, tmp_path, ("data", "import", str(market))) as other:
        assert httpx.get(f"{other.url}/api/data/status", timeout=30, trust_env=False).json()["files"] == files
    assert stored(home) == stored(untouched)
