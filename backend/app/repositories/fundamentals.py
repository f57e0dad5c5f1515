"""Company figures and what is known of securities by date, read back whole."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import polars as pl
from sqlalchemy import Connection, text

from app.repositories.bulk import copy_out


def figures(connection: Connection) -> pl.DataFrame:
    """Every stored figure with its file's digest, in a fixed order."""
    return copy_out(
        connection,
        "SELECT v.symbol, v.isin, v.symbol_on, v.field, v.period_end, v.period_kind, v.value, v.unit, v.source, "
        "v.source_rank, v.known_at, v.known_at_basis, f.sha256, v.line FROM fundamental_values v "
        "JOIN import_files f ON f.id = v.file_id "
        "ORDER BY v.field, v.symbol, v.period_end, v.known_at, v.source_rank, f.sha256, v.line",
        {
            "symbol": pl.String(),
            "isin": pl.String(),
            "symbol_on": pl.Date(),
            "field": pl.String(),
            "period_end": pl.Date(),
            "period_kind": pl.String(),
            "value": pl.Float64(),
            "unit": pl.String(),
            "source": pl.String(),
            "source_rank": pl.Int16(),
            "known_at": pl.Date(),
            "known_at_basis": pl.String(),
            "sha256": pl.String(),
            "line": pl.Int32(),
        },
    )


def version(connection: Connection) -> tuple[int, int, int]:
    """Versions of the figures, of who is who and of what became of shares; they change when an answer can."""
    rows = connection.execute(
        text("SELECT scope, version FROM data_versions WHERE scope IN ('fundamentals', 'identity', 'actions')")
    )
    known = {row.scope: row.version for row in rows}
    return known.get("fundamentals", 0), known.get("identity", 0), known.get("actions", 0)


def share_changes(connection: Connection) -> list[tuple[int, date, float | None]]:
    """Instrument, ex-date and the shares that one became, None where nobody knows: all but demergers, in order."""
    rows = connection.execute(
        text(
            "SELECT instrument_id, ex_date AS day, CASE WHEN tier = 'ACCEPTED' AND evidence->>'kind' = 'OTHER' "
            "THEN NULL ELSE factor END AS factor FROM adjustment_factors "
            "WHERE NOT (tier = 'ACCEPTED' AND coalesce(evidence->>'kind', '') = 'DEMERGER') "
            "UNION ALL SELECT instrument_id, session, NULL FROM unexplained_jumps ORDER BY 1, 2"
        )
    )
    return [(row.instrument_id, row.day, row.factor) for row in rows]


def flags(connection: Connection, symbols: list[str], on: date | None) -> list[Any]:
    """Bands and marks of surveillance of symbols, up to a day where one is given; newest first."""
    return list(
        connection.execute(
            text(
                "SELECT date, symbol, series, flag, detail, band_pct, lower_limit, upper_limit, source "
                "FROM security_flags WHERE symbol = ANY(:symbols) AND (CAST(:day AS date) IS NULL OR date <= :day) "
                "ORDER BY date DESC, symbol, flag"
            ),
            {"symbols": symbols, "day": on},
        )
    )


def dated_listings(connection: Connection, symbols: Sequence[str] | None = None) -> list[Any]:
    """Lines of symbol masters and site answers about ordinary shares: symbol, series, name, ISIN, day; oldest first."""
    return list(
        connection.execute(
            text(
                "SELECT DISTINCT symbol, series, name, isin, as_of, listed_on FROM security_listings "
                "WHERE series IN ('EQ', 'BE', 'BZ', 'SM', 'ST', 'SZ') AND isin IS NOT NULL "
                "AND (CAST(:symbols AS text[]) IS NULL OR symbol = ANY(:symbols)) ORDER BY as_of, symbol, isin, name"
            ),
            {"symbols": None if symbols is None else list(symbols)},
        )
    )
