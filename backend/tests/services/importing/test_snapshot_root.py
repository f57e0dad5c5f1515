"""The snapshot root: one content, one root, in whatever order, however often and however killed it came in."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, text
from sqlalchemy.orm import Session

from app.repositories import prices
from app.repositories.snapshots import SnapshotRepository
from app.services.importing.run import import_paths
from app.services.panel.build import column_roots, year_columns
from app.services.panel.tree import combined, year_node

from .samples import DELIVERY_HEADER, Quote, delivery, legacy, legacy_name, parquet, quote
from .test_import import DAYS, empty, market

pytestmark = pytest.mark.integration

State = tuple[str, str, str]


def run(engine: Engine, *paths: Path) -> None:
    import_paths(engine, paths, progress=lambda _f, _m: None, cancelled=lambda: False)


def state(engine: Engine) -> State:
    """Root, adjustments and membership as a panel built now would have them."""
    with engine.connect() as connection:
        keys = {row.id: row.key for row in connection.execute(text("SELECT id, key FROM instruments"))}
        nodes = []
        for year in prices.years(connection):
            values, sessions, held = year_columns(prices.merged_year(connection, year), keys)
            nodes.append((year, year_node(zip(held, column_roots(values, sessions, held), strict=True))))
        with Session(connection) as session:
            repository = SnapshotRepository(session)
            return combined(nodes), repository.adjustments_hash(), repository.membership_hash()


def hard_market(folder: Path) -> list[Path]:
    """A small market with two versions of one day, rounded turnovers, a rewritten file and a second series."""
    market(folder)
    rng = random.Random(7)
    day = DAYS[2]
    again: list[Quote] = [
        quote("AAA", 12.5, previous=11.0, volume=2000),  # more was traded: this row counts
        quote("SPLITTER", 101.0, previous=100.0, volume=500),  # less: the other one does
        quote("OLDNAME", 200.0),  # alike in all: only the content decides
        quote("AAA", 12.0, previous=11.0, series="BE"),
    ]
    (folder / f"second-{legacy_name(day)}").write_bytes(legacy(day, again, {"AAA": "INE111A01011"}))
    rewritten = delivery(DAYS[5], [quote("AAA", 15.0, previous=14.0), quote("NEWNAME", 201.0, volume=7)])
    header = DELIVERY_HEADER.replace(", ", ",")
    body = rewritten.decode().partition("\n")[2]
    (folder / "rewritten.csv").write_text(f"{header}\n{body}")
    collected = [(one, quote("AAA", 10.0 + n, volume=rng.randint(900, 1100))) for n, one in enumerate(DAYS)]
    parquet(folder / "collected.parquet", collected, source="P")
    parquet(folder / "older.parquet", [(date(2023, 12, 29), quote("OLDNAME", 199.0))], source="S")
    # figures from outside the day, which decide about a move of AAA that no list names
    (folder / "CM_52_wk_High_low_12022024.csv").write_text(
        '"Disclaimer - adjusted"\n"Effective for 12-Feb-2024"\n"SYMBOL","SERIES","Adjusted_52_Week_High",'
        '"52_Week_High_Date","Adjusted_52_Week_Low","52_Week_Low_DT"\n'
        f'"SPLITTER","EQ","101.00","{DAYS[2]:%d-%b-%Y}","50.00","{DAYS[5]:%d-%b-%Y}"\n'.upper().replace(
            "ADJUSTED_52_WEEK", "Adjusted_52_Week"
        )
    )
    return sorted(folder.iterdir())


class Killed(Exception):
    """The process ended here."""


@contextmanager
def killed_at(engine: Engine, commit: int) -> Iterator[None]:
    """End the import at its n-th commit, before it is made."""
    left = commit

    def count(_connection: object) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise Killed

    event.listen(engine, "commit", count)
    try:
        yield
    except Killed:
        pass
    finally:
        event.remove(engine, "commit", count)


@pytest.mark.parametrize("seed", range(6))
def test_any_order_twice_and_killed_anywhere_gives_one_root(engine: Engine, tmp_path: Path, seed: int) -> None:
    files = hard_market(tmp_path / "market")
    rng = random.Random(seed)
    run(engine, *files)
    expected = state(engine)
    for _ in range(2):
        order = rng.sample(files, len(files))
        empty(engine)
        for _ in range(rng.randint(1, 3)):
            with killed_at(engine, rng.randint(1, len(files) + 4)):
                run(engine, *order[: rng.randint(1, len(order))])
        cut = rng.randint(1, len(order) - 1)
        run(engine, *order[:cut])
        run(engine, *order[cut:])
        assert state(engine) == expected
        run(engine, *reversed(order))  # everything again
        assert state(engine) == expected


_CHILD = """
import os, signal, sys
from pathlib import Path
from sqlalchemy import create_engine, event
from app.services.importing.run import import_paths
engine, moment, left = create_engine(sys.argv[1]), sys.argv[2], int(sys.argv[3])
def die(*_arguments, **_more):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
event.listen(engine, moment, die)
import_paths(engine, [Path(one) for one in sys.argv[4:]], progress=lambda f, m: None, cancelled=lambda: False)
"""


def killed_process(database_url: str, moment: str, left: int, files: list[Path]) -> bool:
    """Import in a process of its own that ends at the n-th commit or statement; whether it got so far."""
    backend = Path(__file__).parents[3]
    child = subprocess.run(
        [sys.executable, "-c", _CHILD, database_url, moment, str(left), *map(str, files)],
        cwd=backend,
        env={**os.environ, "PYTHONPATH": str(backend)},
        check=False,
    )
    assert child.returncode in (0, -signal.SIGKILL)
    return child.returncode != 0


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")
@pytest.mark.parametrize("seed", range(4))
def test_a_process_killed_for_good_leaves_nothing_that_changes_the_root(
    engine: Engine, database_url: str, tmp_path: Path, seed: int
) -> None:
    """Killed before a commit, and in the middle of a transaction: while a file is stored, or while all is derived."""
    files = hard_market(tmp_path / "market")
    rng = random.Random(seed)
    run(engine, *files)
    expected = state(engine)
    empty(engine)
    moment = ("commit", "before_cursor_execute")[seed % 2]
    most = {"commit": len(files), "before_cursor_execute": 6 * len(files)}[moment]
    killed = 0
    for _ in range(2):  # each comes upon what the one before left behind
        order = rng.sample(files, len(files))
        killed += killed_process(database_url, moment, rng.randint(1, most), order)
    assert killed
    run(engine, *rng.sample(files, len(files)))
    assert state(engine) == expected


def test_the_two_real_versions_of_a_day_give_one_root_in_either_order(engine: Engine, evidence: Path) -> None:
    first, second = sorted((evidence / "data/bhavcopy/quirks/two_versions").iterdir())
    run(engine, first, second)
    expected = state(engine)
    empty(engine)
    run(engine, second)
    run(engine, first)
    assert state(engine) == expected
    empty(engine)
    run(engine, first)
    with killed_at(engine, 1):
        run(engine, second)
    run(engine, first, second)
    assert state(engine) == expected
