"""Adjusted prices against independent ones, and the time a new day takes.

Run: SMARTTRADER_HOME=… python benchmarks/adjusted_prices.py FOLDER
FOLDER holds the reference files: a vendor's splits of fifty companies, entry prices and rebalance prices of a screen
(adjusted for later splits), daily closes of one company, and fills of a published trade history (these adjusted for
dividends too, so that an older fill lies a little below). Every stored factor is worked out again without the vendor's
list before it is compared with it, so that the comparison is independent. Each disagreement is printed with what the
stored rows say about it, "unexplained" where they say nothing.
"""

from __future__ import annotations

import csv
import json
import math
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from app.commands.shared import open_platform
from app.database import Market
from app.repositories import closes as closes_repository
from app.repositories import evidence, instruments
from app.services.importing import independent
from app.services.importing.corporate import worked_out
from app.services.importing.lookup import Lookup
from app.services.importing.other_closes import Point, read_closes

DIVIDENDS = 0.25  # what five years of dividends may take off an older price
SLACK = 0.02
NEAR = timedelta(days=7)
FIRST = date(2010, 6, 10)  # the first day with stored prices
VENDOR = "actions_yahoo"
VENDOR_READ = date(2026, 7, 2)  # the last day of the screen
Factors = Mapping[int, Sequence[Mapping[str, Any]]]


def main(folder: Path) -> None:
    """Print the comparisons and the times."""
    with open_platform() as platform, platform.database.engine(Market.REAL).connect() as connection:
        lookup = Lookup(instruments.symbol_spans(connection), evidence.company_symbols(connection))
        stored = independent.grouped(
            dict(row._mapping) for row in connection.execute(text("SELECT * FROM adjustment_factors ORDER BY ex_date"))
        )
        began = time.perf_counter()
        connection.execute(text("DELETE FROM corporate_actions WHERE source = :vendor"), {"vendor": VENDOR})
        without = independent.grouped(worked_out(connection, lookup, None, ()).factors)
        print(f"all factors from nothing, without the vendor's list: {time.perf_counter() - began:.2f} s")
        connection.rollback()
        splits(connection, lookup, folder / "corporate_actions/yahoo_dividends_splits_nifty50_2002_2026.csv", without)
        _alone(connection, stored, without)
        screen = folder / "golden/quarterly_screen_2024_2026"
        closes(connection, "entry prices of the screen", entries(screen))
        closes(connection, "rebalance prices", read_closes(screen / "universe_rebalance_prices.json.gz"))
        closes(connection, "closes of the screen, daily", read_closes(screen / "prices_history.json.gz"))
        daily = folder / "golden/indicators/GODREJPROP_daily_with_indicators.csv.gz"
        closes(connection, "GODREJPROP, daily", read_closes(daily))
        for path in sorted((folder / "golden/rs_supertrend_2021_2026").glob("*trade_history.csv")):
            fills(connection, path, stored)
        last: date = connection.execute(text("SELECT max(date) FROM historical_prices")).scalar_one()
        began = time.perf_counter()
        worked_out(connection, None, (last, last + timedelta(days=11)), ())
        print(f"factors and moves after one new day: {time.perf_counter() - began:.2f} s")
        connection.rollback()


def splits(connection: Connection, lookup: Lookup, path: Path, ours: Factors) -> None:
    """The vendor's splits and ours without its list, company by company."""
    print("\nSplits of the vendor against ours, worked out without its list")
    counts: Counter[str] = Counter()
    companies: dict[str, list[tuple[date, float]]] = defaultdict(list)
    with path.open(newline="") as file:
        for line in csv.DictReader(file):
            listed = companies[line["name"]]
            if float(line["Stock Splits"]) and line["Date"][:10] >= str(FIRST):
                listed.append((date.fromisoformat(line["Date"][:10]), float(line["Stock Splits"])))
    for name, theirs in sorted(companies.items()):
        instrument = lookup.by_name(name, date(2026, 7, 1))
        if instrument is None:
            counts["company not found"] += 1
            print(f"  {name}: no instrument of this name")
            continue
        own = [row for row in ours.get(instrument, []) if row["ex_date"] >= FIRST]
        matched: set[date] = set()
        for day, factor in theirs:
            near = [row for row in own if abs(row["ex_date"] - day) <= NEAR]
            row = min(near, key=lambda one: abs(one["ex_date"] - day), default=None)
            if row is None:
                counts["ours missing"] += 1
                print(f"  {day} {name}: ours missing, theirs {factor:g}; {_move(connection, instrument, day, factor)}")
                continue
            matched.add(row["ex_date"])
            if math.isclose(row["factor"], factor, rel_tol=0.001):
                counts[f"equal, {row['tier']}"] += 1
            else:
                counts["differs"] += 1
                told = _move(connection, instrument, row["ex_date"], factor, row["factor"])
                print(f"  {day} {name}: ours {row['factor']:g} ({row['purpose']}), theirs {factor:g}; {told}")
        for row in own:
            if row["ex_date"] not in matched:
                counts["theirs missing"] += 1
                told = _move(connection, instrument, row["ex_date"], 1.0, row["factor"])
                print(f"  {row['ex_date']} {name}: ours {row['factor']:g} ({row['purpose']}), theirs missing; {told}")
    _print(counts)


def _alone(connection: Connection, stored: Factors, without: Factors) -> None:
    print("\nStored factors that no other source and no price gives: they rest on the vendor alone")
    symbols = {row.id: row.symbol for row in connection.execute(text("SELECT id, symbol FROM instruments"))}
    for instrument, rows in stored.items():
        others = {row["ex_date"] for row in without.get(instrument, [])}
        for row in rows:
            if row["ex_date"] not in others:
                print(f"  {row['ex_date']} {symbols[instrument]}: {row['factor']:g} ({row['tier']}, {row['purpose']})")


def _move(connection: Connection, instrument: int, day: date, theirs: float, ours: float | None = None) -> str:
    """What the prices of the day say: by how much the previous close exceeds the open, and whose factor is nearer."""
    row = connection.execute(
        text(
            "SELECT date, prev_close, open FROM historical_prices WHERE instrument_id = :id AND date >= :day "
            "AND superseded_at IS NULL ORDER BY date, source_rank DESC LIMIT 1"
        ),
        {"id": instrument, "day": day},
    ).first()
    before = connection.execute(
        text(
            "SELECT close FROM historical_prices WHERE instrument_id = :id AND date < :day AND superseded_at IS NULL "
            "ORDER BY date DESC, source_rank DESC LIMIT 1"
        ),
        {"id": instrument, "day": day},
    ).scalar()
    if row is None or not row.open or before is None:
        return "explained: our prices begin after it" if before is None else "unexplained: no price of the day"
    ratio = before / row.open
    if row.date - day > NEAR:
        return f"unexplained: the next stored session is {row.date}"
    candidates = {"ours": ours or 1.0, "theirs": theirs}
    nearest = min(candidates, key=lambda name: abs(math.log(ratio / candidates[name])))
    off = abs(math.log(ratio / candidates[nearest]))
    if off > 0.1:
        return f"unexplained: the close before is {ratio:.3f} of the open, near neither"
    return f"explained by prices: the close before is {ratio:.3f} of the open, so {nearest} is right"


def entries(folder: Path) -> list[Point]:
    """Symbol, day and price at which the screen entered."""
    found: dict[tuple[str, date], float] = {}
    for path in sorted(folder.glob("portfolio_20*.json")):
        for stock in json.loads(path.read_text())["stocks"]:
            if stock.get("entry_price"):
                found[(stock["ticker"], date.fromisoformat(stock["entry_date"]))] = float(stock["entry_price"])
    for trade in json.loads((folder / "trade_log.json").read_text()):
        found[(trade["ticker"], date.fromisoformat(trade["entry_date"]))] = float(trade["entry_price"])
    return [(symbol, day, price) for (symbol, day), price in sorted(found.items())]


def closes(connection: Connection, title: str, points: list[Point]) -> None:
    """Adjusted closes, ours and theirs; a run of days of one symbol with one ratio is one line."""
    found = independent.compare(connection, title, points, VENDOR_READ)
    print(f"\n{title}: {found.closes:,} closes, {found.without_bar:,} without a bar")
    print(f"{found.agree:>8,} agree within 1 %, {found.exact:,} within 0.1 %, {found.adjusted:,} before a factor")
    print(f"{found.largest[0]:>8,} of {found.largest[1]:,} of the fifty largest companies")
    for row in found.disagreements:
        print(f"  {row.symbol} {row.first} to {row.last}, {row.days} days: theirs is {row.ratio:g} of ours; {row.why}")


def fills(connection: Connection, path: Path, factors: Factors) -> None:
    """Fills (Ticker SYMBOL.NS, Date, Price) against the day's range over the later factors."""
    with path.open(newline="") as file:
        points = [
            (line["Ticker"].removesuffix(".NS"), date.fromisoformat(line["Date"][:10]), float(line["Price"]))
            for line in csv.DictReader(file)
        ]
    print(f"\n{path.name}: {len(points):,} fills")
    bars = closes_repository.bars_of(connection, [(symbol, day) for symbol, day, _ in points])
    jumps = independent.grouped(dict(row._mapping) for row in closes_repository.moves(connection))
    counts: Counter[str] = Counter()
    for symbol, day, price in points:
        bar = bars.get((symbol, day))
        if bar is None:
            counts["no bar stored"] += 1
            continue
        later = [row for row in factors.get(bar.instrument, []) if row["ex_date"] > day]
        factor = math.prod(row["factor"] for row in later)
        tiers = "+".join(sorted({row["tier"] for row in later})) or "none"
        agrees = bar.low / factor * (1 - DIVIDENDS) <= price <= bar.high / factor * (1 + SLACK)
        counts[f"{'agree' if agrees else 'DISAGREE'}, later factors {tiers}"] += 1
        if not agrees:
            moves = [row for row in jumps.get(bar.instrument, []) if row["session"] > day]
            ratio = price * factor / math.sqrt(bar.low * bar.high)
            one = independent.Compared(bar.instrument, day, ratio, None)
            why = independent.lacks(ratio, later, 0.2) or independent.explain(connection, one, later, moves, 0.2)
            print(f"  {day} {symbol}: {price:g}, here {bar.low / factor:.2f} to {bar.high / factor:.2f} "
                  f"(factor {factor:g}, {tiers}), theirs is {ratio:.2f} of ours; {why or 'unexplained'}")  # fmt: skip
    _print(counts)


def _print(counts: Counter[str]) -> None:
    for name, count in sorted(counts.items()):
        print(f"{count:>8,} {name}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
