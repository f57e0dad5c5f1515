"""The days on which prices are stored."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection, text

# One step down the index for each day, rather than a look at every row.
_DAYS = text(
    "WITH RECURSIVE days (day) AS ("
    "(SELECT date FROM historical_prices WHERE superseded_at IS NULL ORDER BY date LIMIT 1) "
    "UNION ALL SELECT (SELECT date FROM historical_prices WHERE superseded_at IS NULL AND date > days.day "
    "ORDER BY date LIMIT 1) FROM days WHERE days.day IS NOT NULL) "
    "SELECT day FROM days WHERE day IS NOT NULL ORDER BY day"
)


def price_days(connection: Connection) -> list[date]:
    """Every day of which a price is stored, ascending."""
    return [row.day for row in connection.execute(_DAYS)]
