"""Do the sources agree? Index closes against each other, and the last bar of each day against the day's close.

The findings are worked out from the whole of the data and replaced as a whole, so they depend on no order of import.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from typing import Any

import polars as pl
from sqlalchemy import Connection

from app.repositories import findings, index_series, intraday, prices
from app.services.importing.findings import Rule, Severity
from app.services.index_names import index_name, known_index
from app.services.intraday.store import IntradayStore

TOLERANCE = 0.005  # of the close: two sources further apart are reported
_DERIVED = (Rule.INDEX_SOURCES_DISAGREE.value, Rule.INTRADAY_DISAGREES.value)
Closes = dict[date, float]


def crosscheck(connection: Connection, store: IntradayStore | None) -> list[dict[str, Any]]:
    """Compare every source, replace the findings about it, and give them back: a row a pair of sources that differ.

    Without a store the bars are not looked at and only the findings about index closes are replaced.
    """
    rows, best = _between_series(connection)
    rules: tuple[str, ...] = _DERIVED[:1]
    if store is not None:
        rows += _against_bars(connection, store, best)
        rules = _DERIVED
    findings.replace_derived(connection, rules, rows)
    return rows


def _between_series(connection: Connection) -> tuple[list[dict[str, Any]], dict[str, Closes]]:
    """Findings about index closes, and the closes that count by index."""
    best: dict[str, Closes] = defaultdict(dict)
    winner: dict[tuple[str, date], Any] = {}
    apart: dict[tuple[str, str], list[tuple[float, Any, Any]]] = defaultdict(list)
    for row in index_series.all_closes(connection):
        key = (row.index_id, row.date)
        first = winner.setdefault(key, row)
        if first is row:
            best[row.index_id][row.date] = row.close
        elif abs(row.close / first.close - 1) > TOLERANCE:
            apart[row.index_id, row.sha256].append((abs(row.close / first.close - 1), row, first))
    rows = []
    for (index, sha256), differing in sorted(apart.items()):
        worst, row, first = max(differing, key=lambda item: (item[0], item[1].date))
        rows.append(
            {
                "sha256": sha256,
                "file_name": row.file_name,
                "file_id": row.file_id,
                "line": row.line,
                "rule": Rule.INDEX_SOURCES_DISAGREE.value,
                "severity": Severity.WARNING.value,
                "subject": index,
                "message": f"{row.file_name}: {index_name(index)}: {len(differing)} closes differ by more than "
                f"{TOLERANCE:.1%} from the better source; the furthest, {row.date}: {row.close:.2f} here, "
                f"{first.close:.2f} in {first.file_name} ({worst:.2%})",
                "action": "the better source counts; both are stored",
            }
        )
    return rows, best


def _against_bars(connection: Connection, store: IntradayStore, best: Mapping[str, Closes]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    by_symbol: dict[tuple[str, str], list[intraday.SliceRow]] = defaultdict(list)
    for piece in intraday.slices(connection):
        by_symbol[piece.symbol, piece.timeframe].append(piece)
    for (symbol, timeframe), pieces in sorted(by_symbol.items()):
        last = _last_bars(store, pieces)
        closes = best.get(symbol, {}) if known_index(symbol) else _stock_closes(connection, symbol, pieces)
        known = {row.sha256: row for row in intraday.source_files(connection, symbol)}
        apart: dict[str, list[tuple[float, date, float, int]]] = defaultdict(list)
        shared: dict[str, int] = defaultdict(int)
        for day, close, source, line in last.select("day", "close", "source", "line").iter_rows():
            official = closes.get(day)
            if official:
                shared[source] += 1
                if abs(close / official - 1) > TOLERANCE:
                    apart[source].append((abs(close / official - 1), day, close, line))
        for source, differing in sorted(apart.items()):
            worst, day, close, line = max(differing)
            other = _resembles(last.filter(pl.col("source") == source), symbol, best)
            hint = f"; the levels are those of {index_name(other)}" if other else ""
            rows.append(
                {
                    "sha256": source,
                    "file_name": known[source].name,
                    "file_id": known[source].id,
                    "line": line,
                    "rule": Rule.INTRADAY_DISAGREES.value,
                    "severity": Severity.WARNING.value,
                    "subject": f"{symbol} {timeframe}",
                    "message": f"{known[source].name}: {symbol}: on {len(differing)} of {shared[source]} days the last "
                    f"{timeframe} bar is more than {TOLERANCE:.1%} from the day's close; the furthest, {day}: "
                    f"{close:.2f} against {closes[day]:.2f} ({worst:.2%}){hint}",
                    "action": "both are stored; daily bars come from the daily files",
                }
            )
    return rows


def _last_bars(store: IntradayStore, pieces: list[intraday.SliceRow]) -> pl.DataFrame:
    """Of each day the last bar within trading hours: day, close, source, line."""
    frames = [store.read(row.symbol, row.timeframe, row.year, row.content_hash) for row in pieces]
    frame = pl.concat(frames).filter(pl.col("current") & ~pl.col("outside"))
    day = pl.col("at").dt.convert_time_zone("Asia/Kolkata").dt.date().alias("day")
    return frame.sort("at").group_by(day, maintain_order=True).agg(pl.col("close", "source", "line").last())


def _stock_closes(connection: Connection, symbol: str, pieces: list[intraday.SliceRow]) -> Closes:
    first, last = min(row.first_at for row in pieces), max(row.last_at for row in pieces)
    return prices.closes_of_symbol(connection, symbol, first.date(), last.date())


def _resembles(last: pl.DataFrame, symbol: str, best: Mapping[str, Closes]) -> str | None:
    """Another index whose closes these bars follow: the median distance is small there and large here."""
    found: list[tuple[float, str]] = []
    for index, closes in best.items():
        distances = [
            abs(close / closes[day] - 1) for day, close in last.select("day", "close").iter_rows() if day in closes
        ]
        if len(distances) >= 3:
            found.append((sorted(distances)[len(distances) // 2], index))
    closest = min(found, default=None)
    return closest[1] if closest and closest[0] <= TOLERANCE and closest[1] != symbol else None
