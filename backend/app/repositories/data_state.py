"""What the data is at this moment, in one question: which market is shown, and whether anything stored has changed."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from app.models.base import LOCAL_OWNER_ID

_STATE: Final = (
    "SELECT (SELECT string_agg(scope || ' ' || version, ',' ORDER BY scope) FROM data_versions), "
    "(SELECT adjustments_hash FROM data_snapshots ORDER BY last_seen_at DESC, id DESC LIMIT 1), "
    "(SELECT value FROM app_settings WHERE owner_id = %s AND name = 'market')"
)


class DataState(NamedTuple):
    """Of one database the versions of all of its parts, as text; the adjustments seen last; the market chosen in it."""

    versions: str | None
    adjustments: str | None
    market: str | None


def data_state(connection: Any) -> DataState:
    """Ask a DBAPI connection; below SQLAlchemy, whose way there takes longer than the question."""
    with connection.cursor() as cursor:
        cursor.execute(_STATE, (LOCAL_OWNER_ID,))
        return DataState(*cursor.fetchone())
