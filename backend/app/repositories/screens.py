"""The ledger of screens."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.models import LOCAL_OWNER_ID, ScreenTrial


class ScreenRepository:
    """Reads and adds to the ledger; never commits."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def tried(self, digest: str, expression: str) -> int:
        """Note that an expression's past was looked at; how many distinct ones there are now."""
        statement = insert(ScreenTrial).values(digest=digest, owner_id=LOCAL_OWNER_ID, expression=expression)
        self._session.execute(
            statement.on_conflict_do_update(
                index_elements=["digest", "owner_id"],
                set_={"times": ScreenTrial.times + 1, "last_tried_at": func.clock_timestamp()},
            )
        )
        count = select(func.count()).select_from(ScreenTrial).where(ScreenTrial.owner_id == LOCAL_OWNER_ID)
        return self._session.scalar(count) or 0
