"""Adjusted prices against independent ones: fills of a published trade history, and the time a new day takes.

Run: SMARTTRADER_HOME=… python benchmarks/adjusted_prices.py TRADES.csv
TRADES.csv has Ticker (SYMBOL.NS), Date and Price, in prices adjusted for later splits and bonuses (and dividends, so
that an older fill lies a little below). Compared with the day's range, divided by the factors after the day.
"""

from __future__ import annotations

import csv
import math
import sys
import time
from collections import Counter, defaultdict
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import Connection, text

from app.commands.shared import open_platform
from app.database import Market
from app.repositories import evidence, instruments
from app.services.importing.corporate import worked_out
from app.services.importing.lookup import Lookup

DIVIDENDS = 0.25  # what five years of dividends may take off an older price
SLACK = 0.02


def main(path: Path) -> None:
    """Print the comparison and the times."""
    with open_platform() as platform, platform.database.engine(Market.REAL).connect() as connection:
        _compare(connection, path)
        last: date = connection.execute(text("SELECT max(date) FROM historical_prices")).scalar_one()
        began = time.perf_counter()
        worked_out(connection, None, (last, last + timedelta(days=11)), ())
        print(f"factors and moves after one new day: {time.perf_counter() - began:.2f} s")
        lookup = Lookup(instruments.symbol_spans(connection), evidence.company_symbols(connection))
        began = time.perf_counter()
        worked_out(connection, lookup, None, ())
        print(f"all of them from nothing: {time.perf_counter() - began:.2f} s")
        connection.rollback()


def _compare(connection: Connection, path: Path) -> None:
    factors = defaultdict(list)
    for row in connection.execute(text("SELECT instrument_id, ex_date, factor, tier FROM adjustment_factors")):
        factors[row.instrument_id].append(row)
    counts: Counter[str] = Counter()
    with path.open(newline="") as file:
        for line in csv.DictReader(file):
            day, symbol, price = (
                date.fromisoformat(line["Date"][:10]), line["Ticker"].removesuffix(".NS"), float(line["Price"]),
            )  # fmt: skip
            bar = connection.execute(
                text(
                    "SELECT p.instrument_id, p.low, p.high FROM historical_prices p JOIN instruments i "
                    "ON i.id = p.instrument_id WHERE i.symbol = :symbol AND p.date = :day AND p.superseded_at IS NULL "
                    "AND p.symbol IN (SELECT symbol FROM instrument_symbols s WHERE s.instrument_id = i.id)"
                ),
                {"symbol": symbol, "day": day},
            ).first()
            if bar is None:
                counts["no bar stored"] += 1
                continue
            later = [row for row in factors[bar.instrument_id] if row.ex_date > day]
            factor = math.prod(row.factor for row in later)
            tiers = "+".join(sorted({row.tier for row in later})) or "none"
            low, high = bar.low / factor * (1 - DIVIDENDS), bar.high / factor * (1 + SLACK)
            agrees = low <= price <= high
            counts[f"{'agree' if agrees else 'DISAGREE'}, later factors {tiers}"] += 1
            if not agrees:
                print(f"{day} {symbol}: {price:g}, here {bar.low / factor:.2f} to {bar.high / factor:.2f} "
                      f"(factor {factor:g}, {tiers}); raw over theirs {bar.high / price:.2f}")  # fmt: skip
    for name, count in sorted(counts.items()):
        print(f"{count:>6,} {name}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
