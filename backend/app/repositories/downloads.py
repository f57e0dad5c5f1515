"""The ledger of what was asked of the exchange's archives; never commits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.models import Download, HistoricalPrice


class DownloadRepository:
    """Rows of `downloads`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def between(self, start: date, end: date) -> dict[tuple[str, date], Download]:
        """What was asked for the days from `start` to `end`, by report and day."""
        rows = self._session.scalars(select(Download).where(Download.day.between(start, end)))
        return {(row.report, row.day): row for row in rows}

    def note(self, values: dict[str, Any]) -> None:
        """Write how asking for one report of one day went; the newest answer counts, attempts add up."""
        statement = insert(Download).values(attempts=1, **values)
        new = {name: statement.excluded[name] for name in values if name not in {"report", "day"}}
        self._session.execute(
            statement.on_conflict_do_update(
                index_elements=["report", "day"], set_={**new, "attempts": Download.attempts + 1}
            )
        )

    def counts(self) -> dict[str, int]:
        """How many downloads there are of each state."""
        query = select(Download.state, func.count().label("number")).group_by(Download.state)
        return {row.state: row.number for row in self._session.execute(query)}

    def recent(self, limit: int) -> Sequence[Download]:
        """The last ones asked for, newest first."""
        query = select(Download).order_by(Download.asked_at.desc(), Download.report, Download.day).limit(limit)
        return self._session.scalars(query).all()

    def last_asked(self) -> datetime | None:
        """When the archives were last asked for anything."""
        return self._session.scalar(select(func.max(Download.asked_at)))

    def last_price_day(self) -> date | None:
        """The newest day with stored prices."""
        return self._session.scalar(select(func.max(HistoricalPrice.date)))
