"""Adjustment factors and unexplained jumps, and the prices they are judged by."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import polars as pl
from sqlalchemy import Connection, text, true

from app.models.base import Base
from app.repositories.bulk import copy_in, copy_out

_EQUITY_SERIES = "('EQ', 'BE', 'BZ', 'SM', 'ST', 'SZ', 'RR', 'IV')"
BAR_SCHEMA: dict[str, pl.DataType] = {
    "instrument_id": pl.Int32(),
    "date": pl.Date(),
    "symbol": pl.String(),
    "series": pl.String(),
    "open": pl.Float64(),
    "close": pl.Float64(),
    "prev_close": pl.Float64(),
}


def bars_near(connection: Connection, wanted: pl.DataFrame, days: int) -> pl.DataFrame:
    """Rows that count of instruments within `days` of dates; `wanted` has symbol, instrument_id and on.

    The symbols are those the instruments had then, so that the index on (symbol, date) serves.
    """
    connection.execute(
        text("CREATE TEMP TABLE wanted_bars (symbol text, instrument_id integer, first date, last date) ON COMMIT DROP")
    )
    spans = wanted.select(
        "symbol",
        "instrument_id",
        pl.col("on").dt.offset_by(f"-{days}d").alias("first"),
        pl.col("on").dt.offset_by(f"{days}d").alias("last"),
    ).unique()
    copy_in(connection, "wanted_bars", spans)
    connection.execute(text("ANALYZE wanted_bars"))
    columns = ", ".join(f"p.{column}" for column in BAR_SCHEMA)
    found = copy_out(
        connection,
        f"SELECT DISTINCT {columns} FROM wanted_bars w JOIN historical_prices p ON p.symbol = w.symbol "
        "AND p.date BETWEEN w.first AND w.last AND p.instrument_id = w.instrument_id "
        f"WHERE p.superseded_at IS NULL AND p.series IN {_EQUITY_SERIES}",
        BAR_SCHEMA,
    )
    connection.execute(text("DROP TABLE wanted_bars"))
    return found


def jump_rows(
    connection: Connection, below: float, above: float, window: tuple[date, date] | None, symbols: Sequence[str]
) -> pl.DataFrame:
    """Rows that count whose close is far from the file's previous close, by ratio bounds.

    Of all days where `window` is None, else of those days and of the symbols at any time.
    """
    within, bounds = "", {}
    if window is not None:
        within = " AND (date BETWEEN %(first)s AND %(last)s OR symbol = ANY(%(symbols)s))"
        bounds = {"first": window[0], "last": window[1], "symbols": list(symbols)}
    return copy_out(
        connection,
        f"SELECT {', '.join(BAR_SCHEMA)} FROM historical_prices WHERE superseded_at IS NULL "
        f"AND series IN {_EQUITY_SERIES} AND prev_close > 0 "
        f"AND (close < prev_close * %(below)s OR close > prev_close * %(above)s){within}",
        BAR_SCHEMA,
        {"below": below, "above": above, **bounds},
    )


def previous_sessions(connection: Connection, rows: pl.DataFrame) -> pl.DataFrame:
    """For (symbol, instrument_id, date): the last earlier day on which the symbol traded, null where there is none."""
    connection.execute(
        text("CREATE TEMP TABLE wanted_days (symbol text, instrument_id integer, date date) ON COMMIT DROP")
    )
    copy_in(connection, "wanted_days", rows.select("symbol", "instrument_id", "date").unique())
    found = copy_out(
        connection,
        "SELECT w.symbol, w.instrument_id, w.date, (SELECT max(p.date) FROM historical_prices p "
        "WHERE p.symbol = w.symbol AND p.date < w.date AND p.instrument_id = w.instrument_id) AS previous FROM "
        "wanted_days w",
        {"symbol": pl.String(), "instrument_id": pl.Int32(), "date": pl.Date(), "previous": pl.Date()},
    )
    connection.execute(text("DROP TABLE wanted_days"))
    return found


def replace_factors(connection: Connection, rows: Sequence[dict[str, Any]]) -> bool:
    """Put the derived factors in place of what there is; whether anything changed."""
    table = Base.metadata.tables["adjustment_factors"]
    stored = {
        (row.instrument_id, row.ex_date, row.factor, row.tier, row.purpose)
        for row in connection.execute(table.select())
    }
    wanted = {(row["instrument_id"], row["ex_date"], row["factor"], row["tier"], row["purpose"]) for row in rows}
    connection.execute(table.delete())
    if rows:
        connection.execute(table.insert(), list(rows))
    return stored != wanted


def factors(connection: Connection) -> dict[tuple[int, date], float]:
    """Factor by instrument and ex-date."""
    rows = connection.execute(text("SELECT instrument_id, ex_date, factor FROM adjustment_factors"))
    return {(row.instrument_id, row.ex_date): row.factor for row in rows}


def replace_jumps(
    connection: Connection, rows: Sequence[dict[str, Any]], window: tuple[date, date] | None, symbols: Sequence[str]
) -> bool:
    """Put the unexplained jumps of all days, or of a window and some symbols, in place of what there is.

    Returns whether anything changed.
    """
    table = Base.metadata.tables["unexplained_jumps"]
    inside = true() if window is None else table.c.session.between(*window) | table.c.symbol.in_(symbols)
    stored = {(row.instrument_id, row.session, row.ratio) for row in connection.execute(table.select().where(inside))}
    wanted = {(row["instrument_id"], row["session"], row["ratio"]) for row in rows}
    if stored == wanted:
        return False
    connection.execute(table.delete().where(inside))
    if rows:
        connection.execute(table.insert(), list(rows))
    return True
