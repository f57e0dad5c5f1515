"""Decisions about symbols that are one security, or two; never commits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, text

from app.repositories.closes import COUNTS_MOST


def standing(connection: Connection, decision: str | None = None) -> list[Any]:
    """Decisions that were not undone, all or of one kind, oldest first."""
    return list(
        connection.execute(
            text(
                "SELECT id, old_symbol, new_symbol, session, decision, reason, decided_at FROM identity_decisions "
                "WHERE undone_at IS NULL AND (CAST(:decision AS text) IS NULL OR decision = :decision) ORDER BY id"
            ),
            {"decision": decision},
        )
    )


def add(connection: Connection, old: str, new: str, session: date, decision: str, reason: str | None) -> int:
    """Store a decision; its id."""
    found: int = connection.execute(
        text(
            "INSERT INTO identity_decisions (old_symbol, new_symbol, session, decision, reason) "
            "VALUES (:old, :new, :session, :decision, :reason) RETURNING id"
        ),
        {"old": old, "new": new, "session": session, "decision": decision, "reason": reason},
    ).scalar_one()
    return found


def mark_undone(connection: Connection, identifier: int) -> Any | None:
    """Undo a decision: its row; None where there is none that stands."""
    return connection.execute(
        text(
            "UPDATE identity_decisions SET undone_at = now() WHERE id = :id AND undone_at IS NULL "
            "RETURNING id, old_symbol, new_symbol, session, decision, reason, decided_at"
        ),
        {"id": identifier},
    ).one_or_none()


def spans(connection: Connection, symbol: str) -> list[Any]:
    """The first and last day of a symbol's rows; none where it has none."""
    query = text("SELECT min(date) AS first, max(date) AS last FROM historical_prices WHERE symbol = :symbol")
    return [row for row in connection.execute(query, {"symbol": symbol}) if row.first is not None]


def bars_at(connection: Connection, ends: Sequence[tuple[str, date]]) -> list[Any]:
    """The bars of symbols on days: symbol, date, close, prev_close, open; of several series the one all trade."""
    return list(
        connection.execute(
            text(
                "SELECT DISTINCT ON (p.symbol, p.date) p.symbol, p.date, p.close, p.prev_close, p.open "
                "FROM unnest(CAST(:symbols AS text[]), CAST(:days AS date[])) AS w(symbol, day) "
                "JOIN historical_prices p ON p.symbol = w.symbol AND p.date = w.day AND p.superseded_at IS NULL "
                f"ORDER BY p.symbol, p.date, {COUNTS_MOST}"
            ),
            {"symbols": [symbol for symbol, _ in ends], "days": [day for _, day in ends]},
        )
    )
