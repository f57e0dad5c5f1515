"""A server killed in the middle of a job: nothing acknowledged is lost, no half file stays, the job goes on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, create_engine, text

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


@contextmanager
def database(home: Path) -> Iterator[Engine]:
    with EmbeddedPostgres(home).acquire() as lease:
        engine = create_engine(lease.url("smarttrader"))
        yield engine
        engine.dispose()


def stored(home: Path) -> str:
    """A digest of everything stored and derived."""
    with database(home) as engine, engine.connect() as connection:
        return content_hash(connection)


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


# what was kept, once for each time it was kept
KEEPING = """
CREATE TABLE kept (number int, at timestamptz DEFAULT clock_timestamp());
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN INSERT INTO public.kept (number) VALUES (NEW.number); RETURN NULL; END $$;
CREATE TRIGGER note AFTER INSERT ON walk_forward_parts FOR EACH ROW EXECUTE FUNCTION note();
"""


def test_a_server_killed_in_a_walk_forward_goes_on_with_it_and_works_no_part_out_twice(
    tmp_path: Path, market: Path
) -> None:
    home, url = tmp_path / "home", "/api/portfolio/strategies/walk-forwards"
    asked = {
        "run": {
            "strategy_ids": ["sma_cross"], "universe": "SAMPLE5", "start_date": "2023-01-02", "end_date": "2024-12-31"
        },
        "grid": {"fast": [3, 5], "slow": [10, 15]}, "train": 60, "test": 5,
    }  # fmt: skip

    def kept(engine: Engine) -> list[int]:
        with engine.connect() as connection:
            return list(connection.execute(text("SELECT number FROM kept ORDER BY at")).scalars())

    with serving(home, tmp_path, ("data", "import", str(market))) as served, database(home) as engine:
        with engine.begin() as connection:
            connection.execute(text(KEEPING))
        answer = httpx.post(served.url + url, json=asked, timeout=60, trust_env=False)
        assert answer.status_code == 202, answer.text
        job_id, walk = answer.json()["job"]["id"], answer.json()["walk_forward_id"]
        until = time.monotonic() + PATIENCE_SECONDS
        while len(kept(engine)) < 20 and time.monotonic() < until:
            time.sleep(0.02)
        served.process.kill()
        assert served.process.wait() != 0
        before = kept(engine)
        assert len(before) >= 20
    with serving(home, tmp_path) as served:
        done = wait_for(served, job_id, 2.0)
        assert done["state"] == "SUCCEEDED", done
        found = httpx.get(f"{served.url}{url}/{walk}", timeout=60, trust_env=False).json()
        verified = httpx.post(f"{served.url}{url}/{walk}/verify", timeout=120, trust_env=False).json()
    windows = len(found["windows"])
    with database(home) as engine:
        after = kept(engine)
        with engine.connect() as connection:
            counted, left = (
                connection.scalar(text(f"SELECT count(*) FROM {table}")) for table in ("trials", "walk_forward_parts")
            )
    # a window: its training, its test at three levels of costs, all points on its test; and all points over all tests
    assert len(before) < len(after) == 5 * windows + 1
    assert sorted(after) == list(range(5 * windows + 1))
    assert counted == 5 * windows + 4 and left == 0  # four points and a test a window, four over all tests
    assert verified["outcome"] == "identical", verified
