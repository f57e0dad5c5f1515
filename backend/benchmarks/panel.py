"""Panel: time to open, cost of one new day against the whole year, bytes on disk, and the hashes beside the tree.

    SMARTTRADER_HOME=/path/with/data python benchmarks/panel.py

Reads the database of that home. The new day is measured on a copy of its latest year in a temporary folder, so that
nothing of the home changes.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from app.database import Market
from app.repositories.panel import PanelRepository
from app.repositories.prices import merged_days, merged_year
from app.repositories.snapshots import SnapshotRepository
from app.services.coverage import holes, year_coverage
from app.services.panel import PanelService
from app.services.panel.build import column_roots, update_chunk, write_chunk, year_columns
from app.services.panel.chunk import open_chunk
from app.services.platform import Platform
from app.settings import get_settings


def timed(work: Callable[[], Any], repeats: int = 5) -> float:
    """Median seconds of a few runs."""
    taken = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def main() -> None:
    """Measure and print as JSON."""
    platform = Platform(get_settings())
    try:
        platform.prepare()
        database, home = platform.database, platform.settings.home
        panel = platform.panels.refresh(Market.REAL)
        chunk = max(panel.chunks, key=lambda one: one.values.size)
        with database.transaction(Market.REAL) as session:
            repository = PanelRepository(session)
            keys = {one.id: one.key for one in repository.instruments()}
            days = repository.day_versions()[chunk.year]
        last = max(days)
        engine = database.engine(Market.REAL)
        with engine.connect() as connection:
            read_year = timed(lambda: merged_year(connection, chunk.year), 3)
            frame = merged_year(connection, chunk.year)
        values, sessions, held = year_columns(frame, keys)
        versions = iter(range(1, 1_000_000))
        with tempfile.TemporaryDirectory() as folder:
            write = timed(lambda: write_chunk(Path(folder), chunk.year, next(versions), frame, keys))
            stem = write_chunk(Path(folder), chunk.year, next(versions), frame, keys)
            same = open_chunk(Path(folder), stem).root == chunk.root
            began = days | {last: 0}  # as it stood before the last day's file came in
            stem = update_chunk(Path(folder), chunk.year, next(versions), began, None, lambda _: frame, keys)
            before = open_chunk(Path(folder), str(stem))

            def read(changed: Sequence[date] | None) -> pl.DataFrame:
                with engine.connect() as connection:
                    return merged_days(connection, changed or ())

            one_day = timed(lambda: update_chunk(Path(folder), chunk.year, next(versions), days, before, read, keys))
            read_day = timed(lambda: read([last]))
        with database.transaction(Market.REAL) as session:
            repository = SnapshotRepository(session)
            adjustments = timed(repository.adjustments_hash)
            membership = timed(repository.membership_hash)
        print(
            json.dumps(
                {
                    "years": len(panel.chunks),
                    "sessions": len(panel.sessions),
                    "instruments": len(panel.keys),
                    "open_ms": 1e3 * timed(lambda: PanelService(database, home).current(Market.REAL)),
                    "root_of_an_open_panel_ms": 1e3 * timed(lambda: type(panel)(panel.chunks, {}, "").root),
                    "new_day": {
                        "year": chunk.year,
                        "year_shape": list(values.shape),
                        "read_year_ms": 1e3 * read_year,
                        "hash_year_ms": 1e3 * timed(lambda: column_roots(values, sessions, held)),
                        "columns_hash_and_write_ms": 1e3 * write,
                        "same_root_as_stored": same,
                        "read_changed_day_ms": 1e3 * read_day,
                        "update_by_changed_day_ms": 1e3 * one_day,
                    },
                    "adjustments_hash_ms": 1e3 * adjustments,
                    "membership_hash_ms": 1e3 * membership,
                    "coverage_of_a_year_ms": 1e3 * timed(lambda: year_coverage(panel, chunk.year)),
                    "holes_of_all_ms": 1e3 * timed(lambda: holes(panel), 3),
                    "panel_bytes": platform.panels.size_bytes(Market.REAL),
                },
                indent=2,
            )
        )
    finally:
        platform.close()


if __name__ == "__main__":
    main()
