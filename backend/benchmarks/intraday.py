"""Intraday bars and index series: import, memory, bytes on disk, and reading.

    python benchmarks/intraday.py FOLDER [FOLDER ...]

Imports the folders into a database of its own (durability off, as in the tests) and prints what it measured.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

from sqlalchemy import create_engine

from app.embedded_postgres import EmbeddedPostgres
from app.repositories import index_series, intraday
from app.schema import upgrade
from app.services.importing.run import import_paths
from app.services.intraday.reading import read_bars
from app.services.intraday.store import IntradayStore

RUNS = 9


def main() -> None:
    """Measure and print."""
    folders = [Path(argument) for argument in sys.argv[1:]]
    if not folders:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as home, EmbeddedPostgres(Path(home)).acquire() as lease:
        engine = create_engine(lease.url("postgres"))
        upgrade(engine)
        store = IntradayStore(Path(home) / "intraday")
        began = time.perf_counter()
        summary = import_paths(
            engine, folders, progress=lambda _f, _m: None, cancelled=lambda: False, intraday_store=store
        )
        took = time.perf_counter() - began
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        size = sum(path.stat().st_size for path in store.directory.rglob("*.parquet"))
        print(f"import: {summary.loaded} files, {summary.rows:,} rows, {took:.1f} s, peak {peak:.0f} MB")
        with engine.connect() as connection:
            rows = intraday.slices(connection)
            bars = sum(row.rows for row in rows)
            print(f"on disk: {len(rows)} files, {bars:,} bars, {size / 1024:.0f} kB, {size / bars:.1f} bytes a bar")
            wanted = sorted({(row.symbol, row.timeframe) for row in rows})
            for symbol, timeframe in [*wanted, *sorted({(symbol, "1h") for symbol, _ in wanted})]:
                times = []
                for _ in range(RUNS):
                    began = time.perf_counter()
                    count = read_bars(store, connection, symbol, timeframe, None, None).frame.height  # type: ignore[arg-type]
                    times.append(time.perf_counter() - began)
                print(f"read {symbol} {timeframe}: {count:,} bars, median {sorted(times)[RUNS // 2] * 1000:.1f} ms")
            began = time.perf_counter()
            closes = index_series.index_closes(connection, "NIFTY50")
            print(f"index_closes NIFTY50: {len(closes):,} days, {(time.perf_counter() - began) * 1000:.1f} ms")
        engine.dispose()


if __name__ == "__main__":
    main()
