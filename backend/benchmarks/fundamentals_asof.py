"""Time of company figures as of a day for the whole market, and of the screener's financial columns.

`python benchmarks/fundamentals_asof.py`, on the database of SMARTTRADER_HOME.
"""

from __future__ import annotations

import statistics
import time
from datetime import date

import numpy as np

from app.database import Market
from app.services.platform import Platform
from app.settings import get_settings


def main() -> None:
    """Measure and print."""
    platform = Platform(get_settings())
    try:
        platform.prepare()
        with platform.database.transaction(Market.REAL) as session:
            began = time.perf_counter()
            table = platform.fundamentals.table(Market.REAL, session)
            print(f"figures {table.frame.height:,}, read and sorted in {time.perf_counter() - began:.2f} s")
            for day in (date(2016, 6, 30), date(2024, 9, 30), date(2025, 12, 16), date(2026, 8, 21)):
                began = time.perf_counter()
                platform.fundamentals.asof(Market.REAL, session, day)
                cold = 1000 * (time.perf_counter() - began)
                took = []
                for _ in range(20):
                    began = time.perf_counter()
                    found = platform.fundamentals.asof(Market.REAL, session, day)
                    took.append(1000 * (time.perf_counter() - began))
                ids = np.array(sorted(found["instrument_id"].unique().to_list()), dtype=np.int64)
                began = time.perf_counter()
                columns = platform.fundamentals.columns(Market.REAL, session, ids, day)
                first = 1000 * (time.perf_counter() - began)
                counts = {name: int((~np.isnan(column)).sum()) for name, column in columns.numbers.items()}
                print(
                    f"{day}: {found.height:,} figures of {len(ids):,} instruments, as of in {cold:.1f} ms, then "
                    f"{statistics.median(took):.2f} ms (median of 20); columns once {first:.1f} ms; {counts}; "
                    f"{columns.note[:60]}"
                )
    finally:
        platform.close()


if __name__ == "__main__":
    main()
