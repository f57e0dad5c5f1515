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
    "high": pl.Float64(),
    "low": pl.Float64(),
    "close": pl.Float64(),
    "prev_close": pl.Float64(),
    "volume": pl.Int64(),
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
    connection: Connection,
    below: float,
    above: float,
    reach: float,
    window: tuple[date, date] | None,
    symbols: Sequence[str],
) -> pl.DataFrame:
    """Rows that count whose close is far from the file's previous close and that never came near it all day.

    An action shows at the open, and no trade of the day is near the old price: a price that fell or rose during the day
    was traded there. Rights entitlements know no price band and are left out. `below` and `above` bound the close as a
    ratio; `reach` is how near the nearest trade has to be, 0.15 for 15 %. Of all days where `window` is None, else of
    those days and of the symbols at any time.
    """
    within, bounds = "", {}
    if window is not None:
        within = " AND (date BETWEEN %(first)s AND %(last)s OR symbol = ANY(%(symbols)s))"
        bounds = {"first": window[0], "last": window[1], "symbols": list(symbols)}
    return copy_out(
        connection,
        f"SELECT {', '.join(BAR_SCHEMA)} FROM historical_prices WHERE superseded_at IS NULL "
        f"AND series IN {_EQUITY_SERIES} AND prev_close > 0 "
        "AND symbol !~ '-RE[0-9]*$' "
        "AND ((close < prev_close * %(below)s AND high < prev_close * (1 - %(reach)s)) "
        f"OR (close > prev_close * %(above)s AND low > prev_close * (1 + %(reach)s))){within}",
        BAR_SCHEMA,
        {"below": below, "above": above, "reach": reach, **bounds},
    )


def without_factor(connection: Connection) -> dict[str, list[tuple[date, str]]]:
    """(ex-date, purpose) of listed rights and demergers by symbol: their factor is the exchange's own, no fraction."""
    rows = connection.execute(
        text(
            "SELECT DISTINCT symbol, ex_date, purpose FROM corporate_actions "
            "WHERE kind IN ('RIGHTS', 'DEMERGER') AND symbol IS NOT NULL ORDER BY symbol, ex_date, purpose"
        )
    )
    found: dict[str, list[tuple[date, str]]] = {}
    for symbol, day, purpose in rows:
        found.setdefault(symbol, []).append((day, purpose))
    return found


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
    stored = {(row["instrument_id"], row["ex_date"]): row for row in stored_factors(connection)}
    wanted = {(row["instrument_id"], row["ex_date"]): row for row in rows}
    if stored == wanted:
        return False
    connection.execute(table.delete())
    if rows:
        connection.execute(table.insert(), list(rows))
    return True


def stored_factors(connection: Connection) -> list[dict[str, Any]]:
    """The rows of `adjustment_factors`, by instrument and ex-date."""
    table = Base.metadata.tables["adjustment_factors"]
    rows = connection.execute(table.select().order_by(table.c.instrument_id, table.c.ex_date))
    return [dict(row) for row in rows.mappings()]


def quarantined_days(connection: Connection) -> list[date]:
    """The session of every unexplained move."""
    return list(connection.execute(text("SELECT session FROM unexplained_jumps ORDER BY session")).scalars())


def with_jumps(connection: Connection, first: date, last: date) -> set[int]:
    """Instruments with an unexplained move between two days."""
    rows = connection.execute(
        text("SELECT DISTINCT instrument_id FROM unexplained_jumps WHERE session BETWEEN :first AND :last"),
        {"first": first, "last": last},
    )
    return set(rows.scalars())


def exchange_list_days(connection: Connection) -> tuple[date, date] | None:
    """First and last ex-date of the exchange's own list of purposes; None where none is stored."""
    query = "SELECT min(ex_date), max(ex_date) FROM corporate_actions WHERE source = 'actions_purpose'"
    first, last = connection.execute(text(query)).one()
    return None if first is None else (first, last)


def sessions_compared(connection: Connection) -> int:
    """How many instrument-days there are, one for each symbol and day of an equity series."""
    query = f"SELECT count(*) FROM historical_prices WHERE superseded_at IS NULL AND series IN {_EQUITY_SERIES}"
    found: int = connection.execute(text(query)).scalar_one()
    return found


def market_moves(connection: Connection, days: Sequence[date]) -> dict[date, float]:
    """By day, the median of log(open / previous close) of the stocks from A to D, which stand for the market.

    Days with fewer than 20 of them are left out.
    """
    rows = connection.execute(
        text(
            "SELECT date, percentile_cont(0.5) WITHIN GROUP (ORDER BY ln(open / prev_close)) AS move "
            "FROM historical_prices WHERE superseded_at IS NULL AND date = ANY(:days) AND symbol < 'E' "
            "AND series = 'EQ' AND open > 0 AND prev_close > 0 GROUP BY date HAVING count(*) >= 20"
        ),
        {"days": list(days)},
    )
    return {row.date: row.move for row in rows}


def isins_near(connection: Connection, wanted: pl.DataFrame, days: int) -> pl.DataFrame:
    """ISINs seen within `days` of dates, of instruments that had several; `wanted` has symbol, instrument_id and on.

    One row an (instrument_id, on, isin): first day seen in prices, masters or index lists, and the last day seen in
    files that are of their day, which are prices and brokers' masters. Lists name an instrument as on their day.
    """
    connection.execute(
        text("CREATE TEMP TABLE wanted_isins (symbol text, instrument_id integer, seen_near date) ON COMMIT DROP")
    )
    copy_in(connection, "wanted_isins", wanted.select("symbol", "instrument_id", pl.col("on").alias("seen_near")))
    connection.execute(
        text(
            "DELETE FROM wanted_isins w WHERE (SELECT count(*) FROM instrument_isins i "
            "WHERE i.instrument_id = w.instrument_id) < 2"
        )
    )
    connection.execute(text("ANALYZE wanted_isins"))
    near = f"BETWEEN w.seen_near - {int(days)} AND w.seen_near + {int(days)}"
    named = (
        "JOIN instrument_symbols n ON n.instrument_id = w.instrument_id "
        "JOIN {table} l ON l.symbol = n.symbol {more}"
        "AND {day} BETWEEN n.valid_from AND coalesce(n.valid_to, '9999-12-31') "
    )
    found = copy_out(
        connection,
        "WITH seen AS ("
        "SELECT w.instrument_id, w.seen_near, p.isin, p.date AS day, true AS dated FROM wanted_isins w "
        "CROSS JOIN LATERAL (SELECT isin, date, instrument_id, series, superseded_at FROM historical_prices "
        f"WHERE symbol = w.symbol AND date {near} "
        "OFFSET 0) p WHERE p.instrument_id = w.instrument_id "
        f"AND p.superseded_at IS NULL AND p.isin IS NOT NULL AND p.series IN {_EQUITY_SERIES} "
        "UNION ALL SELECT w.instrument_id, w.seen_near, l.isin, l.as_of, false FROM wanted_isins w "
        + named.format(table="listed_securities", more="", day="l.as_of")
        + f"WHERE l.isin IS NOT NULL AND l.as_of {near} "
        "UNION ALL SELECT w.instrument_id, w.seen_near, l.isin, l.as_of, true FROM wanted_isins w "
        + named.format(table="security_listings", more="", day="l.as_of")
        + f"WHERE l.isin IS NOT NULL AND l.as_of {near} AND l.series IN {_EQUITY_SERIES} "
        "UNION ALL SELECT w.instrument_id, w.seen_near, l.isin, i.in_force_on, false FROM wanted_isins w "
        + named.format(table="index_list_entries", more="JOIN index_lists i ON i.id = l.list_id ", day="i.in_force_on")
        + f"WHERE l.isin IS NOT NULL AND i.in_force_on {near}) "
        "SELECT instrument_id, seen_near, isin, min(day), max(day) FILTER (WHERE dated) FROM seen "
        "GROUP BY instrument_id, seen_near, isin ORDER BY instrument_id, seen_near, isin",
        {
            "instrument_id": pl.Int32(),
            "seen_near": pl.Date(),
            "isin": pl.String(),
            "first": pl.Date(),
            "dated_last": pl.Date(),
        },
    )
    connection.execute(text("DROP TABLE wanted_isins"))
    return found


def replace_jumps(
    connection: Connection, rows: Sequence[dict[str, Any]], window: tuple[date, date] | None, symbols: Sequence[str]
) -> bool:
    """Put the unexplained jumps of all days, or of a window and some symbols, in place of what there is.

    Returns whether anything changed.
    """
    table = Base.metadata.tables["unexplained_jumps"]
    inside = true() if window is None else table.c.session.between(*window) | table.c.symbol.in_(symbols)
    names = ("ratio", "proposed_factor", "evidence")
    stored = {
        (row["instrument_id"], row["session"]): tuple(row[name] for name in names)
        for row in connection.execute(table.select().where(inside)).mappings()
    }
    wanted = {(row["instrument_id"], row["session"]): tuple(row[name] for name in names) for row in rows}
    if stored == wanted:
        return False
    connection.execute(table.delete().where(inside))
    if rows:
        connection.execute(table.insert(), list(rows))
    return True
