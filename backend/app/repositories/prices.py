"""Stored prices: bulk in by COPY, whole years out as frames."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

import polars as pl
from sqlalchemy import Connection, text

from app.repositories.bulk import copy_in, copy_out

MERGED_SCHEMA: dict[str, pl.DataType] = {
    "date": pl.Date(),
    "instrument_id": pl.Int32(),
    "symbol": pl.String(),
    "series": pl.String(),
    "open": pl.Float64(),
    "high": pl.Float64(),
    "low": pl.Float64(),
    "close": pl.Float64(),
    "volume": pl.Int64(),
    "turnover": pl.Float64(),
    "trades": pl.Int64(),
    "delivery": pl.Int64(),
    "prev_close": pl.Float64(),
}
_CURRENT_SCHEMA: dict[str, pl.DataType] = {
    "file_id": pl.Int32(),
    "line": pl.Int32(),
    "date": pl.Date(),
    "symbol": pl.String(),
    "series": pl.String(),
    "open": pl.Float64(),
    "high": pl.Float64(),
    "low": pl.Float64(),
    "close": pl.Float64(),
    "volume": pl.Int64(),
    "source_rank": pl.Int16(),
}
_IDENTITY_SCHEMA: dict[str, pl.DataType] = {
    "symbol": pl.String(),
    "series": pl.String(),
    "isin": pl.String(),
    "instrument_id": pl.Int32(),
    "cut": pl.Int32(),
    "first": pl.Date(),
    "last": pl.Date(),
    "rows": pl.Int64(),
}


# Series in which a symbol stands for one security; bonds of one symbol have an ISIN a series.
ONE_ISIN_SERIES = ("EQ", "BE", "BZ", "SM", "ST", "SZ", "RR", "IV")


def add_prices(connection: Connection, frame: pl.DataFrame) -> None:
    """Append rows; columns as in the table."""
    copy_in(connection, "historical_prices", frame)


def current_rows(connection: Connection, first: date, last: date) -> pl.DataFrame:
    """Rows that count between two dates, both included, with what the merge rule looks at."""
    columns = ", ".join(_CURRENT_SCHEMA)
    return copy_out(
        connection,
        f"SELECT {columns} FROM historical_prices WHERE superseded_at IS NULL AND date BETWEEN %(first)s AND %(last)s",
        _CURRENT_SCHEMA,
        {"first": first, "last": last},
    )


def supersede(connection: Connection, rows: pl.DataFrame) -> None:
    """Mark rows (file_id, line) as no longer counting."""
    _mark(connection, rows, "now()")


def win_again(connection: Connection, rows: pl.DataFrame) -> None:
    """Let superseded rows (file_id, line) count again; nothing else may count for their keys."""
    _mark(connection, rows, "NULL")


def _mark(connection: Connection, rows: pl.DataFrame, superseded_at: str) -> None:
    if not rows.height:
        return
    connection.execute(text("CREATE TEMP TABLE marked (file_id integer, line integer) ON COMMIT DROP"))
    copy_in(connection, "marked", rows.select("file_id", "line"))
    connection.execute(text("ANALYZE marked"))
    connection.execute(
        text(
            f"UPDATE historical_prices p SET superseded_at = {superseded_at} FROM marked m "
            "WHERE p.file_id = m.file_id AND p.line = m.line"
        )
    )
    connection.execute(text("DROP TABLE marked"))


_RANKED_SCHEMA: dict[str, pl.DataType] = {
    "file_id": pl.Int32(),
    "line": pl.Int32(),
    "date": pl.Date(),
    "symbol": pl.String(),
    "series": pl.String(),
    "volume": pl.Int64(),
    "source_rank": pl.Int16(),
}


def days_of_file(connection: Connection, file_id: int, first: date, last: date) -> list[date]:
    """The days between two dates of which a file has rows."""
    rows = connection.execute(
        text("SELECT DISTINCT date FROM historical_prices WHERE file_id = :file AND date BETWEEN :first AND :last"),
        {"file": file_id, "first": first, "last": last},
    )
    return [row.date for row in rows]


def remove_rows(connection: Connection, file_id: int, first: date, last: date) -> pl.DataFrame:
    """Remove a file's rows between two dates; the superseded rows of other files whose winner went (file_id, line, key,
    volume, rank)."""
    parameters = {"file": file_id, "first": first, "last": last}
    connection.execute(text("CREATE TEMP TABLE removed_keys (date date, symbol text, series text) ON COMMIT DROP"))
    connection.execute(
        text(
            "WITH gone AS (DELETE FROM historical_prices WHERE file_id = :file AND date BETWEEN :first AND :last "
            "RETURNING date, symbol, series, superseded_at) "
            "INSERT INTO removed_keys SELECT date, symbol, series FROM gone WHERE superseded_at IS NULL"
        ),
        parameters,
    )
    connection.execute(text("ANALYZE removed_keys"))
    found = copy_out(
        connection,
        f"SELECT {', '.join('p.' + column for column in _RANKED_SCHEMA)} FROM historical_prices p "
        "JOIN removed_keys k ON k.date = p.date AND k.symbol = p.symbol AND k.series = p.series "
        "WHERE p.superseded_at IS NOT NULL AND p.date BETWEEN %(first)s AND %(last)s",
        _RANKED_SCHEMA,
        {"first": first, "last": last},
    )
    connection.execute(text("DROP TABLE removed_keys"))
    return found


def identity_rows(
    connection: Connection, cuts: Mapping[str, Sequence[date]], symbols: Sequence[str] | None = None
) -> pl.DataFrame:
    """What identity is worked out from: who traded when, under which series and ISIN; all symbols where none is given.

    Days are grouped by stretches of 28, so that no pause longer than that hides in a row, and never across a symbol's
    dates in `cuts`; `cut` counts those passed.
    """
    dates = sorted((symbol, sorted(days)) for symbol, days in cuts.items() if days)
    where = "" if symbols is None else "WHERE p.symbol = ANY(%(symbols)s)"
    connection.execute(text("SET LOCAL work_mem = '128MB'"))
    connection.execute(text("CREATE TEMP TABLE cut_days (symbol text PRIMARY KEY, days date[]) ON COMMIT DROP"))
    if dates:
        connection.execute(
            text("INSERT INTO cut_days VALUES (:symbol, :days)"),
            [{"symbol": symbol, "days": days} for symbol, days in dates],
        )
    connection.execute(text("ANALYZE cut_days"))
    found = copy_out(
        connection,
        f"SELECT p.symbol, p.series, CASE WHEN p.series IN {ONE_ISIN_SERIES} THEN p.isin END, p.instrument_id, "
        f"coalesce(width_bucket(p.date, c.days), 0), "
        "min(p.date), max(p.date), count(*) FROM historical_prices p LEFT JOIN cut_days c ON c.symbol = p.symbol "
        f"{where} GROUP BY 1, 2, 3, 4, 5, (p.date - DATE '1990-01-01') / 28",
        _IDENTITY_SCHEMA,
        None if symbols is None else {"symbols": list(symbols)},
    )
    connection.execute(text("DROP TABLE cut_days"))
    return found


def move_rows(connection: Connection, symbol: str, first: date, last: date, instrument_id: int) -> list[date]:
    """Give the rows of a symbol between two dates to an instrument; the days of which any moved."""
    rows = connection.execute(
        text(
            "WITH moved AS (UPDATE historical_prices SET instrument_id = :instrument "
            "WHERE symbol = :symbol AND date BETWEEN :first AND :last AND instrument_id <> :instrument RETURNING date) "
            "SELECT DISTINCT date FROM moved"
        ),
        {"symbol": symbol, "first": first, "last": last, "instrument": instrument_id},
    )
    return [row.date for row in rows]


def years(connection: Connection) -> list[int]:
    """Years that have prices."""
    bounds = connection.execute(text("SELECT min(date) AS first, max(date) AS last FROM historical_prices")).one()
    return [] if bounds.first is None else list(range(bounds.first.year, bounds.last.year + 1))


def merged_year(connection: Connection, year: int, symbols: Iterable[str] | None = None) -> pl.DataFrame:
    """The rows that count of one year, each field from the best source that has it.

    Turnover to the rupee, trades and delivery come from a superseded row of the same (date, symbol, series) where the
    winning row lacks them. Sorted by date, symbol, series; prices in rupees as traded, volume in shares.
    """
    chosen = None if symbols is None else sorted(symbols)
    # a quarter at a time: the year of a whole market would need several times its size at once
    within = "date BETWEEN %(first)s AND %(last)s" + ("" if chosen is None else " AND symbol = ANY(%(symbols)s)")
    quarters = [
        (date(year, month, 1), date(year, month + 2, 31 if month in (1, 10) else 30)) for month in (1, 4, 7, 10)
    ]
    return pl.concat(
        [_merged(connection, within, {"first": first, "last": last, "symbols": chosen}) for first, last in quarters]
    )


def merged_days(connection: Connection, days: Iterable[date]) -> pl.DataFrame:
    """The rows that count of some days, as `merged_year` gives those of a year."""
    return _merged(connection, "date = ANY(%(days)s)", {"days": sorted(days)})


def _merged(connection: Connection, within: str, parameters: Mapping[str, object]) -> pl.DataFrame:
    types = {**MERGED_SCHEMA, "source_rank": pl.Int16()}

    def rows(superseded: str, columns: Sequence[str]) -> pl.DataFrame:
        query = f"SELECT {', '.join(columns)} FROM historical_prices WHERE superseded_at {superseded} AND {within}"
        return copy_out(connection, query, {name: types[name] for name in columns}, parameters)

    winners = rows("IS NULL", list(types))
    lent = rows("IS NOT NULL", ("date", "symbol", "series", "turnover", "trades", "delivery", "source_rank"))
    return fill_from_losers(winners, lent).select(list(MERGED_SCHEMA)).sort("date", "symbol", "series")


# Sources whose turnover is exact to the rupee; services/importing/merge.py gives the ranks.
_EXACT = (40, 20)


def fill_from_losers(winners: pl.DataFrame, lent: pl.DataFrame) -> pl.DataFrame:
    """Fill what winning rows lack from superseded ones, best rank first; an exact turnover replaces a rounded one."""
    if not lent.height:
        return winners
    key = ["date", "symbol", "series"]
    ordered = lent.sort([*key, "source_rank", "turnover", "trades", "delivery"], descending=[False] * 3 + [True] * 4)
    best = ordered.group_by(key, maintain_order=True).agg(
        pl.col("turnover").drop_nulls().first().alias("turnover_any"),
        pl.col("turnover").filter(pl.col("source_rank").is_in(_EXACT)).drop_nulls().first().alias("turnover_exact"),
        pl.col("trades").drop_nulls().first().alias("trades_lent"),
        pl.col("delivery").drop_nulls().first().alias("delivery_lent"),
    )
    own_exact = pl.when(pl.col("source_rank").is_in(_EXACT)).then(pl.col("turnover"))
    return (
        winners.join(best, on=key, how="left")
        .with_columns(
            pl.coalesce(own_exact, "turnover_exact", "turnover", "turnover_any").alias("turnover"),
            pl.coalesce("trades", "trades_lent").alias("trades"),
            pl.coalesce("delivery", "delivery_lent").alias("delivery"),
        )
        .drop("turnover_any", "turnover_exact", "trades_lent", "delivery_lent")
    )


def content_hash(connection: Connection) -> str:
    """A digest of everything stored and derived that must not depend on how it came in; for tests and verification.

    Serial ids, instants and aliases are left out; an instrument stands by its key.
    """
    parts = (
        "SELECT p.date, p.symbol, p.series, i.key, p.open, p.high, p.low, p.close, p.last, p.prev_close, p.volume, "
        "p.turnover, p.trades, p.delivery, p.isin, p.source_rank, f.sha256, p.line, p.superseded_at IS NULL "
        "FROM historical_prices p JOIN import_files f ON f.id = p.file_id JOIN instruments i ON i.id = p.instrument_id",
        "SELECT key, symbol, name, sector, isin, instrument_type, first_session, last_session, listed_on FROM "
        "instruments",
        "SELECT i.key, s.symbol, s.valid_from, s.valid_to FROM instrument_symbols s JOIN instruments i ON i.id = "
        "s.instrument_id",
        "SELECT i.key, s.name, s.valid_from, s.valid_to FROM instrument_names s JOIN instruments i ON i.id = "
        "s.instrument_id",
        "SELECT i.key, s.isin, s.valid_from, s.valid_to FROM instrument_isins s JOIN instruments i ON i.id = "
        "s.instrument_id",
        "SELECT m.index_id, i.key, m.valid_from, m.valid_to, m.basis FROM index_members m JOIN instruments i ON "
        "i.id = m.instrument_id",
        "SELECT i.key, a.ex_date, a.factor, a.tier, a.purpose, a.known_at, a.evidence "
        "FROM adjustment_factors a JOIN instruments i ON i.id = a.instrument_id",
        "SELECT i.key, j.session, j.symbol, j.ratio FROM unexplained_jumps j JOIN instruments i ON i.id = "
        "j.instrument_id",
    )
    sums = " UNION ALL ".join(
        f"SELECT {n} AS n, coalesce(sum(hashtextextended(CAST(t AS text), 0)), 0) AS total, count(*) AS rows FROM "
        f"({part}) t"
        for n, part in enumerate(parts)
    )
    rows = connection.execute(text(f"SELECT n, total, rows FROM ({sums}) s ORDER BY n"))
    return "/".join(f"{row.rows}:{row.total}" for row in rows)


def closes_of_symbol(connection: Connection, symbol: str, first: date, last: date) -> dict[date, float]:
    """Closes in rupees, unadjusted, of the rows that count under a symbol's main series, by day."""
    rows = connection.execute(
        text(
            "SELECT date, close FROM historical_prices WHERE symbol = :symbol AND superseded_at IS NULL "
            "AND series IN ('EQ', 'BE', 'BZ') AND date BETWEEN :first AND :last ORDER BY date, series DESC"
        ),
        {"symbol": symbol, "first": first, "last": last},
    )
    return {row.date: row.close for row in rows}
