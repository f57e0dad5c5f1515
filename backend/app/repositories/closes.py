"""Stored days beside another source's prices of them: the bar, and what the rows say about a difference."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Connection, text


class Bar(NamedTuple):
    """A stored day: prices as traded, rupees; `before` is the close the file has of the session before."""

    instrument: int
    low: float
    high: float
    close: float
    before: float | None


# of several rows of a day: the series that is traded by all, not windows for blocks
COUNTS_MOST = "array_position(ARRAY['EQ', 'BE', 'BZ']::text[], series) NULLS LAST, source_rank DESC, series"


def bars_of(connection: Connection, wanted: Sequence[tuple[str, date]]) -> dict[tuple[str, date], Bar]:
    """The bars of (symbol of today, day), under whatever name they were traded; without those not stored."""
    rows = connection.execute(
        text(
            "WITH wanted AS MATERIALIZED (SELECT DISTINCT w.symbol, w.day, i.id, s.symbol AS was "
            "FROM unnest(CAST(:symbols AS text[]), CAST(:days AS date[])) AS w(symbol, day) "
            "JOIN instruments i ON i.symbol = w.symbol JOIN instrument_symbols s ON s.instrument_id = i.id) "
            "SELECT w.symbol, w.day, p.* FROM wanted w CROSS JOIN LATERAL ("
            "SELECT instrument_id, low, high, close, prev_close FROM historical_prices "
            "WHERE symbol = w.was AND date = w.day "
            f"AND instrument_id = w.id AND superseded_at IS NULL ORDER BY {COUNTS_MOST} LIMIT 1) p"
        ),
        {"symbols": [one[0] for one in wanted], "days": [one[1] for one in wanted]},
    )
    return {(row.symbol, row.day): Bar(row.instrument_id, row.low, row.high, row.close, row.prev_close) for row in rows}


# the gaps at the open between sessions of an instrument from a day on: date, before (the session before) and ratio
_GAPS = (
    "SELECT date, lag(date) OVER w AS before, open / nullif(lag(close) OVER w, 0) AS ratio FROM ("
    "SELECT DISTINCT ON (date) date, open, close FROM historical_prices WHERE instrument_id = :id "
    "AND symbol IN (SELECT symbol FROM instrument_symbols WHERE instrument_id = :id) "
    f"AND date >= :since AND superseded_at IS NULL AND open > 0 ORDER BY date, {COUNTS_MOST}) d "
    "WINDOW w AS (ORDER BY date)"
)


def gaps(connection: Connection, instrument: int, after: date, until: date) -> list[Any]:
    """The gaps at the open of the sessions after a day and up to another: date, before and ratio."""
    query = text(f"SELECT * FROM ({_GAPS}) g WHERE ratio > 0 AND date > :since AND date <= :until ORDER BY date")
    return list(connection.execute(query, {"id": instrument, "since": after, "until": until}))


def gap_like(connection: Connection, instrument: int, since: date, ratio: float, known: Sequence[date]) -> Any | None:
    """The gap between two sessions that is nearest to a ratio: date, before (the session before) and ratio."""
    return connection.execute(
        text(
            f"SELECT * FROM ({_GAPS}) g WHERE "
            "abs(ln(ratio / :ratio)) < CASE WHEN date - before > 7 THEN 0.2 ELSE 0.1 END AND date <> ALL(:known) "
            "AND abs(ln(ratio)) > 0.1 "
            "ORDER BY abs(ln(ratio / :ratio)) LIMIT 1"
        ),
        {"id": instrument, "since": since, "ratio": ratio, "known": list(known)},
    ).first()


def last_session(connection: Connection, instrument: int) -> date | None:
    """The last day with a stored price."""
    found: date | None = connection.execute(
        text("SELECT last_session FROM instruments WHERE id = :id"), {"id": instrument}
    ).scalar()
    return found


def moves(connection: Connection) -> list[Any]:
    """Every unexplained move: instrument_id, session, ratio, proposed_factor; by session."""
    query = "SELECT instrument_id, session, ratio, proposed_factor FROM unexplained_jumps ORDER BY session"
    return list(connection.execute(text(query)))


def largest(connection: Connection, count: int) -> list[str]:
    """The symbols of the largest companies by the newest market value on file."""
    rows = connection.execute(
        text(
            "SELECT i.symbol FROM instruments i JOIN instrument_symbols n ON n.instrument_id = i.id "
            "JOIN fundamental_values f ON f.symbol = n.symbol AND f.field = 'market_cap' AND f.known_at_basis = 'FILE' "
            "AND f.period_end BETWEEN n.valid_from AND coalesce(n.valid_to, '9999-12-31') "
            "AND f.source = 'NSE_MCAP' AND f.period_end = (SELECT max(period_end) FROM fundamental_values "
            "WHERE field = 'market_cap' AND source = 'NSE_MCAP') "
            "GROUP BY i.symbol ORDER BY max(f.value) DESC, i.symbol LIMIT :count"
        ),
        {"count": count},
    )
    return [row.symbol for row in rows]
