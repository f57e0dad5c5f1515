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
import zlib
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta
from functools import partial
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
# stretches and deaths grow together, so that there is work left to be killed in
PERIODS = [(date(2023, 3, 1) + timedelta(days=day), date(2024, 12, 31)) for day in range(KILLS)]


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


def kept(engine: Engine) -> int:
    """Stretches that were kept so far."""
    with engine.connect() as connection:
        return int(connection.scalar(text("SELECT count(*) FROM kept")) or 0)


def unfinished(engine: Engine) -> bool:
    with engine.connect() as connection:
        return bool(connection.scalar(text("SELECT bool_and(finished_at IS NULL) FROM sweeps")))


def wait_for_more(engine: Engine, stretches: int, ended: Callable[[], bool]) -> None:
    """Until so many more stretches are kept, or there is nothing more to wait for."""
    before, until = kept(engine), time.monotonic() + PATIENCE_SECONDS
    while kept(engine) < before + stretches and not ended():
        assert time.monotonic() < until, kept(engine)
        time.sleep(0.02)


def content(engine: Engine) -> list[Any]:
    """Every bit of what a sweep gave and of its entries in the ledger, however it was cut into stretches."""
    with engine.connect() as connection:
        rows = connection.execute(text('SELECT "values", returns, failures FROM sweep_chunks ORDER BY first')).all()
        ledger = text("SELECT spec_hash, strategy_id, run_id, outcome, sharpe FROM trials ORDER BY 1, 2")
        return [
            *(b"".join(zlib.decompress(row[at]) for row in rows) for at in (0, 1)),
            {number: why for row in rows for number, why in row[2].items()},
            connection.execute(text("SELECT sweep_id, spec, points, overfitting FROM sweeps")).all(),
            connection.execute(ledger).all(),
        ]


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
    periods = [{"start_date": str(first), "end_date": str(last)} for first, last in PERIODS]
    body = {"run": run, "grid": grid, "periods": periods}
    sweep_id, points, struck = "", 0, 0
    for death in range(KILLS):
        with serving(home, tmp_path, *before) as served, database(home) as engine:
            before = []
            if not death:
                with engine.begin() as connection:
                    connection.execute(text(KEEPING))
                answer = ask(served, "POST", URL, json=body)
                assert answer.status_code == 202, answer.text
                sweep_id, points = answer.json()["sweep"]["sweep_id"], answer.json()["sweep"]["points"]
            wait_for_more(engine, moments.randint(0, 2), partial(gone_on, served, sweep_id))
            time.sleep(moments.uniform(0.0, 0.2))
            mine = working(served.process.pid)
            served.process.send_signal(signal.SIGKILL)
            served.process.wait()
            _, alive = psutil.wait_procs(mine, timeout=20)
            assert alive == []  # whoever worked for it ends with it
            struck += unfinished(engine)
    print(f"{strategy}: {struck} of {KILLS} deaths came while it was at work")
    assert struck >= (KILLS + 1) // 2
    with serving(home, tmp_path) as served, database(home) as engine:
        finished(served, sweep_id)
        checked(engine, points)
        mended = content(engine)
    untouched = tmp_path / "untouched"
    with serving(untouched, tmp_path, ("data", "import", str(market))) as served, database(untouched) as engine:
        assert ask(served, "POST", URL, json=body).json()["sweep"]["sweep_id"] == sweep_id
        finished(served, sweep_id)
        assert content(engine) == mended


def gone_on(served: Served, sweep_id: str) -> bool:
    """Whether it is finished; one whose server died three times is gone on with when somebody says so."""
    state = ask(served, "GET", f"{URL}/{sweep_id}").json()["state"]
    if state == "INTERRUPTED":
        assert ask(served, "POST", f"{URL}/{sweep_id}/resume").status_code in (200, 202)
    return bool(state == "FINISHED")


def finished(served: Served, sweep_id: str) -> None:
    """Once every point is worked out, whoever has to be asked to go on with it."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not gone_on(served, sweep_id):
        assert time.monotonic() < until, ask(served, "GET", f"{URL}/{sweep_id}").json()
        time.sleep(0.2)
    found = ask(served, "GET", f"{URL}/{sweep_id}").json()
    assert found["done"] == found["points"]


def test_a_sweep_on_a_cluster_goes_through_the_death_of_workers_and_of_its_own_process(
    tmp_path: Path, market: Path
) -> None:
    """What the command began on two workers, any of the three killed at any moment, `--resume` ends."""
    from distributed import LocalCluster

    home, moments = tmp_path / "home", random.Random(5)
    kept_environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    environment = kept_environment | {"SMARTTRADER_HOME": str(home)}
    assert command(environment, "data", "import", str(market)).returncode == 0
    asked = ["sweep", "ema_cross", "--grid", "fast=2:41:1", "--grid", "slow=50:129:1", "--universe", "SAMPLE5"]
    for first, last in PERIODS:
        asked += ["--period", f"{first}:{last}"]
    struck = 0
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
                wait_for_more(engine, moments.randint(0, 2), lambda: process.poll() is not None)  # noqa: B023
                time.sleep(moments.uniform(0.0, 0.2))
                if death % 2 == 0:
                    victim = moments.choice(list(cluster.workers.values()))
                    os.kill(victim.pid, signal.SIGKILL)  # its nanny starts another one
                    time.sleep(moments.uniform(0.0, 2.0))
                process.kill()
                process.wait()
                struck += unfinished(engine)
            print(f"{struck} of {KILLS} deaths came while it was at work")
            assert struck >= (KILLS + 1) // 2
            done = command(environment, *asked, *where)
            assert done.returncode == 0, done.stderr
        checked(engine, 3200 * len(PERIODS))
        mended = content(engine)
    # as a single machine that was never killed works it out
    alone = kept_environment | {"SMARTTRADER_HOME": str(tmp_path / "untouched")}
    assert command(alone, "data", "import", str(market)).returncode == 0
    assert command(alone, *asked, "--json").returncode == 0
    with database(tmp_path / "untouched") as engine:
        assert content(engine) == mended
