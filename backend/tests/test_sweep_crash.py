"""Sweeps whose process is killed, again and again, at any moment: each point is kept once, and counted once.

SMARTTRADER_KILLS sets how many deaths each has to go through; a few of them are enough to be told of a mistake here.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from sqlalchemy import Engine, text

from app.services.sample_market import generate
from tests.serving import COMMAND, Served, command, serving
from tests.test_crash import database

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows"),
]

KILLS = int(os.environ.get("SMARTTRADER_KILLS", "2"))
URL = "/api/portfolio/strategies/sweeps"
PATIENCE_SECONDS = 600.0
# what was kept, once for each time it was kept
KEEPING = """
CREATE TABLE kept (first int, count int);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN INSERT INTO public.kept VALUES (NEW.first, NEW.count); RETURN NULL; END $$;
CREATE TRIGGER note AFTER INSERT ON sweep_chunks FOR EACH ROW EXECUTE FUNCTION note();
"""


@pytest.fixture
def market(tmp_path: Path) -> Path:
    folder = tmp_path / "files" / "market"
    generate(folder, start=date(2023, 1, 1), end=date(2024, 12, 31), stocks=10)
    return folder


def ask(served: Served, method: str, path: str, **body: Any) -> httpx.Response:
    return httpx.request(method, served.url + path, timeout=60, trust_env=False, **body)


def working(server: int) -> list[psutil.Process]:
    """The processes that work for a server; those of its database belong to nobody."""
    found = []
    for child in psutil.Process(server).children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if "postgres" not in child.name():
                found.append(child)
    return found


def checked(engine: Engine, points: int) -> None:
    """Every point was kept by exactly one stretch and has exactly one entry in the ledger."""
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT first, count FROM kept")).all()
        worked = Counter(number for first, count in rows for number in range(first, first + count))
        assert worked == Counter(range(points))
        trials = connection.execute(text("SELECT run_id FROM trials")).scalars().all()
        assert Counter(place.partition("#")[2] for place in trials) == Counter(str(n) for n in range(points))


@pytest.mark.parametrize(
    ("strategy", "grid"),
    [
        ("ema_cross", {"fast": {"start": 2, "stop": 41, "step": 1}, "slow": {"start": 50, "stop": 129, "step": 1}}),
        ("nr7_breakout", {"days": [2, 3, 4, 5, 6, 7, 8, 9], "short": [0, 1]}),  # asked bar by bar: in processes
    ],
)
def test_a_sweep_killed_again_and_again_works_out_and_counts_each_point_once(
    tmp_path: Path, market: Path, strategy: str, grid: dict[str, Any]
) -> None:
    home, moments, before = tmp_path / "home", random.Random(3), [("data", "import", str(market))]
    run = {
        "strategy_ids": [strategy], "universe": "SAMPLE5", "start_date": "2023-03-01", "end_date": "2024-12-31",
    }  # fmt: skip
    sweep_id, points = "", 0
    for death in range(KILLS):
        with serving(home, tmp_path, *before) as served, database(home) as engine:
            before = []
            if not death:
                with engine.begin() as connection:
                    connection.execute(text(KEEPING))
                answer = ask(served, "POST", URL, json={"run": run, "grid": grid})
                assert answer.status_code == 202, answer.text
                sweep_id, points = answer.json()["sweep"]["sweep_id"], answer.json()["sweep"]["points"]
            elif ask(served, "GET", f"{URL}/{sweep_id}").json()["state"] == "INTERRUPTED":
                # its server died three times: it is gone on with when somebody says so
                assert ask(served, "POST", f"{URL}/{sweep_id}/resume").status_code in (200, 202)
            time.sleep(moments.uniform(0.0, 3.0))
            mine = working(served.process.pid)
            served.process.send_signal(signal.SIGKILL)
            served.process.wait()
            _, alive = psutil.wait_procs(mine, timeout=20)
            assert alive == []  # whoever worked for it ends with it
    with serving(home, tmp_path) as served, database(home) as engine:
        until = time.monotonic() + PATIENCE_SECONDS
        while (found := ask(served, "GET", f"{URL}/{sweep_id}").json())["state"] != "FINISHED":
            assert time.monotonic() < until, (found["state"], found["done"], found["points"])
            if found["state"] == "INTERRUPTED":
                assert ask(served, "POST", f"{URL}/{sweep_id}/resume").status_code in (200, 202)
            time.sleep(0.2)
        assert found["done"] == points
        checked(engine, points)
        rows = ask(served, "GET", f"{URL}/{sweep_id}/points?limit=500&sort_by=number&sort_order=asc").json()["data"]
        assert [row["number"] for row in rows] == list(range(len(rows)))
        # as if it had never been killed
        for row in (rows[0], rows[-1]):
            alone = ask(served, "POST", f"{URL}/{sweep_id}/points/{row['number']}/run").json()
            assert {name: alone["metrics"][name] for name in row["metrics"]} == row["metrics"]


def test_a_sweep_on_a_cluster_goes_through_the_death_of_workers_and_of_its_own_process(
    tmp_path: Path, market: Path
) -> None:
    """What the command began on two workers, any of the three killed at any moment, `--resume` ends."""
    from distributed import LocalCluster

    home, moments = tmp_path / "home", random.Random(5)
    kept = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    environment = kept | {"SMARTTRADER_HOME": str(home)}
    assert command(environment, "data", "import", str(market)).returncode == 0
    asked = ["sweep", "ema_cross", "--grid", "fast=2:41:1", "--grid", "slow=50:129:1", "--universe", "SAMPLE5",
             "--from", "2023-03-01"]  # fmt: skip
    with database(home) as engine:
        with engine.begin() as connection:
            connection.execute(text(KEEPING))
        with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
            where = ["--scheduler", cluster.scheduler_address, "--json"]
            for death in range(KILLS):
                cluster.scale(2)  # where one did not come back
                cluster.wait_for_workers(2, timeout=60)
                process = subprocess.Popen(
                    [COMMAND, *asked, *where], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
                )
                time.sleep(moments.uniform(2.0, 9.0))
                if death % 2 == 0:
                    victim = moments.choice(list(cluster.workers.values()))
                    os.kill(victim.pid, signal.SIGKILL)  # its nanny starts another one
                    time.sleep(moments.uniform(0.0, 2.0))
                process.kill()
                process.wait()
            done = command(environment, *asked, *where)
            assert done.returncode == 0, done.stderr
        checked(engine, 3200)
        with engine.connect() as connection:
            assert connection.scalar(text("SELECT count(*) FROM sweeps WHERE finished_at IS NOT NULL")) == 1
