"""The catalogue of intraday bars: which Parquet file is in use for a symbol, timeframe and year."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

_COLUMNS = "symbol, timeframe, year, content_hash, rows, days, first_at, last_at"
_PUT = text(
    f"INSERT INTO intraday_slices ({_COLUMNS}) VALUES (:symbol, :timeframe, :year, :content_hash, :rows, :days, "
    ":first_at, :last_at) ON CONFLICT (symbol, timeframe, year) DO UPDATE SET content_hash = excluded.content_hash, "
    "rows = excluded.rows, days = excluded.days, first_at = excluded.first_at, last_at = excluded.last_at, "
    "recorded_at = now()"
)


class SliceRow(NamedTuple):
    """A slice: the content hash names its file; `rows` and `days` count the bars that count."""

    symbol: str
    timeframe: str
    year: int
    content_hash: str
    rows: int
    days: int
    first_at: datetime
    last_at: datetime


def slices(
    session: Session | Connection, symbol: str | None = None, years: tuple[int, int] | None = None
) -> list[SliceRow]:
    """Slices of a symbol, or all, between two years, both included; by symbol, timeframe, year."""
    first, last = years or (0, 9999)
    found = session.execute(
        text(
            f"SELECT {_COLUMNS} FROM intraday_slices WHERE (CAST(:symbol AS text) IS NULL OR symbol = :symbol) "
            "AND year BETWEEN :first AND :last ORDER BY symbol, timeframe, year"
        ),
        {"symbol": symbol, "first": first, "last": last},
    )
    return [SliceRow(*row) for row in found]


def version(session: Session | Connection) -> str:
    """What is in use, in one value: another one after any slice changed."""
    return str(
        session.execute(
            text(
                "SELECT md5(coalesce(string_agg(content_hash, ',' ORDER BY symbol, timeframe, year), '')) "
                "FROM intraday_slices"
            )
        ).scalar_one()
    )


def put_slice(connection: Connection, row: Mapping[str, Any]) -> None:
    """Swap a slice in."""
    connection.execute(_PUT, dict(row))


def add_source(connection: Connection, file_id: int, symbol: str, timeframe: str, year: int, rows: int) -> None:
    """Note that a file gave bars to a slice."""
    connection.execute(
        text(
            "INSERT INTO intraday_sources (file_id, symbol, timeframe, year, rows) "
            "VALUES (:file_id, :symbol, :timeframe, :year, :rows)"
        ),
        {"file_id": file_id, "symbol": symbol, "timeframe": timeframe, "year": year, "rows": rows},
    )


def source_files(session: Session | Connection, symbol: str) -> Sequence[Any]:
    """Files that gave bars of a symbol: timeframe, year, rows, name, sha256, id; in a fixed order."""
    return session.execute(
        text(
            "SELECT s.timeframe, s.year, s.rows, f.name, f.sha256, f.id FROM intraday_sources s "
            "JOIN import_files f ON f.id = s.file_id WHERE s.symbol = :symbol ORDER BY s.timeframe, s.year, f.sha256"
        ),
        {"symbol": symbol},
    ).all()
