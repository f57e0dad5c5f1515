"""Daily index values: lines in, one merged series out.

Of several lines about one index and day the one with a close and the greatest (source rank, content hash of its file)
counts. That order knows nothing of when a file came in. The others stay, and lend what the winner lacks: volume,
turnover, P/E, P/B, dividend yield.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from app.repositories.bulk import copy_in

if TYPE_CHECKING:
    import polars as pl

WEEKLY_RANK = 10  # of files with one close a week: kept and compared, but no part of a daily series
_LENT = ("volume", "turnover", "pe", "pb", "dividend_yield")
_LENDING = ", ".join(
    f"(array_agg(v.{name} ORDER BY v.source_rank DESC, f.sha256 DESC) FILTER (WHERE v.{name} IS NOT NULL))[1] AS {name}"
    for name in _LENT
)
_FIRST = "(array_agg({} ORDER BY v.source_rank DESC, f.sha256 DESC) FILTER (WHERE v.close IS NOT NULL))[1] AS {}"
_PRICED = ", ".join(
    _FIRST.format(f"{table}.{column}", name)
    for table, column, name in (
        *(("v", name, name) for name in ("open", "high", "low", "close", "source_rank", "line")),
        ("f", "name", "file_name"),
    )
)
_MERGED = (
    f"SELECT v.date, {_PRICED}, {_LENDING} FROM index_values v JOIN import_files f ON f.id = v.file_id "
    "WHERE v.index_id = :index AND v.source_rank <> :weekly AND v.date BETWEEN :start AND :end "
    "GROUP BY v.date ORDER BY v.date"
)


def add_values(connection: Connection, file_id: int, frame: pl.DataFrame) -> None:
    """Append a file's lines; columns as in the table but `file_id`."""
    import polars as pl

    copy_in(connection, "index_values", frame.with_columns(pl.lit(file_id, pl.Int32).alias("file_id")))


def merged_series(
    session: Session | Connection, index_id: str, start: date | None = None, end: date | None = None
) -> Sequence[Mapping[str, Any]]:
    """One row a day, ascending: date, open, high, low, close, volume, turnover, pe, pb, dividend_yield, and the
    provenance of the prices (source_rank, file_name, line). Null is unknown; days with a valuation alone have no close.
    Weekly closes are left out: a series that goes from daily to weekly would be read as daily.
    """
    bounds = {
        "weekly": WEEKLY_RANK,
        "index": index_id,
        "start": start or date(1900, 1, 1),
        "end": end or date(2200, 1, 1),
    }
    return [dict(row._mapping) for row in session.execute(text(_MERGED), bounds)]


def index_closes(
    session: Session | Connection, index_id: str, start: date | None = None, end: date | None = None
) -> list[tuple[date, float]]:
    """(day, close in index points) of each day with a close, ascending, both ends included; for benchmarks."""
    rows = merged_series(session, index_id, start, end)
    return [(row["date"], row["close"]) for row in rows if row["close"] is not None]


def recent_closes(session: Session | Connection, end: date, days: int = 60) -> dict[str, list[tuple[date, float]]]:
    """Of every index the (day, close) of the last calendar days up to `end`, ascending; those without are left out."""
    rows = session.execute(
        text(
            "SELECT DISTINCT ON (v.index_id, v.date) v.index_id, v.date, v.close FROM index_values v "
            "JOIN import_files f ON f.id = v.file_id WHERE v.close IS NOT NULL AND v.source_rank <> :weekly "
            "AND v.date BETWEEN :start AND :end ORDER BY v.index_id, v.date, v.source_rank DESC, f.sha256 DESC"
        ),
        {"weekly": WEEKLY_RANK, "start": end - timedelta(days=days), "end": end},
    )
    found: dict[str, list[tuple[date, float]]] = {}
    for row in rows:
        found.setdefault(row.index_id, []).append((row.date, row.close))
    return found


def has_series(session: Session | Connection, index_id: str) -> bool:
    """Whether there is any value of the index."""
    query = text("SELECT EXISTS (SELECT FROM index_values WHERE index_id = :index AND source_rank <> :weekly)")
    found: bool = session.execute(query, {"index": index_id, "weekly": WEEKLY_RANK}).scalar_one()
    return found


def coverage(session: Session | Connection) -> list[dict[str, Any]]:
    """Each index with a series: id, name, days with a close, first and last of them."""
    rows = session.execute(
        text(
            "SELECT v.index_id, i.name, count(DISTINCT v.date) AS days, min(v.date) AS first, max(v.date) AS last "
            "FROM index_values v JOIN indices i ON i.id = v.index_id WHERE v.close IS NOT NULL "
            "AND v.source_rank <> :weekly GROUP BY v.index_id, i.name ORDER BY v.index_id"
        ),
        {"weekly": WEEKLY_RANK},
    )
    return [dict(row._mapping) for row in rows]


def all_closes(connection: Connection) -> Sequence[Any]:
    """Every line with a close: index_id, date, close, source_rank, line, sha256, file_name."""
    return connection.execute(
        text(
            "SELECT v.index_id, v.date, v.close, v.source_rank, v.line, f.sha256, f.name AS file_name, f.id AS file_id "
            "FROM index_values v JOIN import_files f ON f.id = v.file_id WHERE v.close IS NOT NULL "
            "ORDER BY v.index_id, v.date, v.source_rank DESC, f.sha256 DESC, v.line"
        )
    ).all()
