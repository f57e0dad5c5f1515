"""What is on file about one stock beside its prices: findings, and what watched screens noted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, text

from app.models.base import LOCAL_OWNER_ID


def findings_of(connection: Connection, symbols: Sequence[str]) -> list[Any]:
    """Findings about any of some symbols, alone or with a day (`ASTRAL 2019-09-16`)."""
    return list(
        connection.execute(
            text(
                "SELECT DISTINCT rule, severity, subject, message FROM findings "
                "WHERE split_part(subject, ' ', 1) = ANY(:symbols) ORDER BY subject, rule, message"
            ),
            {"symbols": list(symbols)},
        )
    )


def screen_events_of(connection: Connection, symbols: Sequence[str], until: date) -> list[Any]:
    """Comings and goings in watched screens up to a day: session, kind, id and name of the screen."""
    return list(
        connection.execute(
            text(
                "SELECT e.session, e.kind, s.id AS screen, s.name FROM screen_events e "
                "JOIN saved_screens s ON s.id = e.screen_id WHERE e.symbol = ANY(:symbols) AND e.session <= :until "
                "AND s.owner_id = :owner AND s.deleted_at IS NULL ORDER BY e.session, s.name"
            ),
            {"symbols": list(symbols), "until": until, "owner": LOCAL_OWNER_ID},
        )
    )
