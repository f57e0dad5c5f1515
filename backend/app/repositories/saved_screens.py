"""Saved screens, their versions, and who came into them and left; never commits."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.models import LOCAL_OWNER_ID, SavedScreen, ScreenEvent, ScreenVersion

Way = Literal["mail", "push"]
_TOLD: Final = {"mail": ScreenEvent.mailed_at, "push": ScreenEvent.pushed_at}


def telling(way: Way) -> uuid.UUID:
    """What whoever tells events in a way claims (`jobs.try_claim`), in the database that holds them."""
    return uuid.uuid5(uuid.NAMESPACE_OID, f"telling by {way}")


class SavedScreenRepository:
    """Rows of `saved_screens` and `screen_versions`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def all(self, *, watching: bool | None = None) -> list[tuple[SavedScreen, ScreenVersion]]:
        """Every screen that is not deleted with its present version, by name."""
        query = (
            select(SavedScreen, ScreenVersion)
            .join(
                ScreenVersion,
                (ScreenVersion.screen_id == SavedScreen.id) & (ScreenVersion.number == SavedScreen.version),
            )
            .where(SavedScreen.owner_id == LOCAL_OWNER_ID, SavedScreen.deleted_at.is_(None))
            .order_by(func.lower(SavedScreen.name))
        )
        if watching is not None:
            query = query.where(SavedScreen.watching.is_(watching))
        return [(row[0], row[1]) for row in self._session.execute(query)]

    def get(self, screen_id: int, *, lock: bool = False) -> SavedScreen | None:
        """A screen, deleted or not."""
        return self._session.get(SavedScreen, screen_id, with_for_update=lock)

    def named(self, name: str) -> SavedScreen | None:
        """The screen of a name that is not deleted, whatever the case."""
        return self._session.scalar(
            select(SavedScreen).where(
                SavedScreen.owner_id == LOCAL_OWNER_ID,
                func.lower(SavedScreen.name) == name.lower(),
                SavedScreen.deleted_at.is_(None),
            )
        )

    def versions(self, screen_id: int) -> Sequence[ScreenVersion]:
        """Every version, newest first."""
        return self._session.scalars(
            select(ScreenVersion).where(ScreenVersion.screen_id == screen_id).order_by(ScreenVersion.number.desc())
        ).all()

    def version(self, screen: SavedScreen) -> ScreenVersion:
        """The present version."""
        return self._session.get_one(ScreenVersion, (screen.id, screen.version))

    def add(self, name: str) -> SavedScreen:
        """A new screen, still without a version."""
        screen = SavedScreen(name=name)
        self._session.add(screen)
        self._session.flush()
        self._session.refresh(screen)
        return screen

    def write(self, screen: SavedScreen, question: Mapping[str, Any], digest: str | None) -> ScreenVersion:
        """The question as the version that `screen` names."""
        version = ScreenVersion(
            screen_id=screen.id, number=screen.version, name=screen.name, question=dict(question), digest=digest
        )
        self._session.add(version)
        self._session.flush()
        self._session.refresh(version)
        return version


class ScreenEventRepository:
    """Rows of `screen_events`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, screen: SavedScreen, session: date, symbols: Mapping[str, str]) -> int:
        """Note who came and who left (symbol → ENTERED or LEFT); what is noted already stays. How many are new."""
        if not symbols:
            return 0
        rows = [
            {"screen_id": screen.id, "number": screen.version, "session": session, "symbol": symbol, "kind": kind}
            for symbol, kind in sorted(symbols.items())
        ]
        statement = insert(ScreenEvent).values(rows)
        added = self._session.execute(
            statement.on_conflict_do_nothing(index_elements=["screen_id", "session", "symbol"]).returning(
                ScreenEvent.id
            )
        )
        return len(added.all())

    def page(self, *, page: int, limit: int, unread: bool) -> tuple[list[tuple[ScreenEvent, str]], int]:
        """Events with the name of their screen, newest first, and how many there are; those of deleted ones not."""
        query = (
            select(ScreenEvent, SavedScreen.name)
            .join(SavedScreen, SavedScreen.id == ScreenEvent.screen_id)
            .where(SavedScreen.owner_id == LOCAL_OWNER_ID, SavedScreen.deleted_at.is_(None))
        )
        if unread:
            query = query.where(ScreenEvent.read_at.is_(None))
        total = self._session.scalar(select(func.count()).select_from(query.subquery())) or 0
        rows = self._session.execute(
            query.order_by(ScreenEvent.session.desc(), SavedScreen.name, ScreenEvent.kind, ScreenEvent.symbol)
            .offset((page - 1) * limit)
            .limit(limit)
        )
        return [(row[0], row[1]) for row in rows], total

    def untold(self, way: Way, oldest: timedelta) -> list[tuple[ScreenEvent, str]]:
        """Events not told in a way yet, with their screen's name, none much older than the newest.

        Who tells them holds the claim of the way (`telling`), so that nobody else does meanwhile.
        """
        mine = SavedScreen.owner_id == LOCAL_OWNER_ID, SavedScreen.deleted_at.is_(None)
        newest = self._session.scalar(select(func.max(ScreenEvent.session)))
        if newest is None:
            return []
        rows = self._session.execute(
            select(ScreenEvent, SavedScreen.name)
            .join(SavedScreen, SavedScreen.id == ScreenEvent.screen_id)
            .where(*mine, _TOLD[way].is_(None), ScreenEvent.session >= newest - oldest)
            .order_by(ScreenEvent.id)
        )
        return [(row[0], row[1]) for row in rows]

    def mark_told(self, way: Way, ids: Sequence[int]) -> None:
        """Note that events were told in a way."""
        told = {_TOLD[way].key: datetime.now(UTC)}
        self._session.execute(update(ScreenEvent).where(ScreenEvent.id.in_(ids)).values(told))

    def unread(self) -> int:
        """How many events nobody has read."""
        return self.page(page=1, limit=1, unread=True)[1]

    def read(self, ids: Sequence[int] | None) -> int:
        """Mark events as read, all of them for None; how many were not."""
        statement = update(ScreenEvent).where(ScreenEvent.read_at.is_(None))
        if ids is not None:
            statement = statement.where(ScreenEvent.id.in_(ids))
        changed = self._session.execute(statement.values(read_at=datetime.now(UTC)).returning(ScreenEvent.id))
        return len(changed.all())
