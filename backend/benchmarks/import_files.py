"""How long an import takes: many small files, days of the whole market, long Parquet files from cold, and all again.

Run from `backend`: `python benchmarks/import_files.py [--url postgresql+psycopg://…]` with the evidence folder beside
the repository (or `SMARTTRADER_EVIDENCE`). Without `--url` an embedded server in a temporary folder is used. The
database is one of its own and is dropped at the end.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import make_url

from app.embedded_postgres import EmbeddedPostgres
from app.schema import upgrade
from app.services.importing.run import import_paths
from app.services.importing.summary import ImportSummary
from app.services.sample_market import generate

EVIDENCE = Path(os.environ.get("SMARTTRADER_EVIDENCE") or Path(__file__).resolve().parents[3] / "shared")


@contextmanager
def database(url: str) -> Iterator[Engine]:
    """A migrated database of its own on a server, dropped at the end."""
    name = f"benchmark_{uuid.uuid4().hex[:8]}"
    admin = create_engine(make_url(url).set(database="postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine = create_engine(make_url(url).set(database=name))
    try:
        upgrade(engine)
        yield engine
    finally:
        engine.dispose()
        with admin.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        admin.dispose()


def measured(engine: Engine, label: str, *paths: Path) -> ImportSummary:
    """Import paths and print wall time, the client's own CPU time, steps and the peak of memory so far."""
    load = os.getloadavg()[0]
    wall, cpu = time.perf_counter(), time.process_time()
    summary = import_paths(engine, paths, progress=lambda _f, _m: None, cancelled=lambda: False)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    steps = ", ".join(f"{step} {seconds:.2f}" for step, seconds in summary.seconds_by_step.items())
    each = 1000 * summary.seconds_by_step["files"] / max(summary.loaded + summary.already_known, 1)
    print(
        f"{label:<36} {wall:7.2f} s wall {cpu:6.2f} s own cpu {summary.rows:>10,} rows {each:8.1f} ms a file  "
        f"peak {peak:5.0f} MB  load {load:.1f}  ({steps})",
        flush=True,
    )
    return summary


def run(url: str) -> None:
    """All measurements on one server."""
    many_small_files(url)
    data = EVIDENCE / "data"
    with database(url) as engine:
        measured(engine, "a month of whole days, cold", data / "bhavcopy/legacy_cm/2020")
    with database(url) as engine:
        measured(engine, "lists, masters, actions", data / "constituents", data / "masters", data / "corporate_actions")
        measured(engine, "2.3 million Parquet rows, cold", data / "daily")
        legacy = data / "bhavcopy/legacy_cm/2024"
        measured(engine, "a day of the whole market", legacy / "cm03JUL2024bhav.csv.zip")
        measured(engine, "one more day's file", legacy / "cm04JUL2024bhav.csv.zip")
        measured(engine, "all of it again", data / "constituents", data / "masters", data / "daily")


def many_small_files(url: str) -> None:
    """The sample market: a file a day of sixty rows each."""
    with tempfile.TemporaryDirectory() as folder, database(url) as engine:
        began = time.perf_counter()
        made = generate(Path(folder))
        print(f"{made.files} small files written in {time.perf_counter() - began:.2f} s")
        measured(engine, "many small files", Path(folder))
        measured(engine, "many small files again", Path(folder))


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", help="a server on which databases may be made")
    url: str | None = parser.parse_args().url
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}")
    if url is not None:
        run(url)
        return
    with tempfile.TemporaryDirectory() as home, EmbeddedPostgres(Path(home)).acquire() as lease:
        run(lease.url("postgres"))


if __name__ == "__main__":
    main()
