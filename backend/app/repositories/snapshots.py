"""The history of snapshots, and the hashes of the inputs beside the prices."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.models import DataSnapshot

_ADJUSTMENTS = (
    "SELECT i.key, a.ex_date, a.factor, a.tier, a.known_at FROM adjustment_factors a "
    "JOIN instruments i ON i.id = a.instrument_id",
    "SELECT i.key, j.session, j.ratio FROM unexplained_jumps j JOIN instruments i ON i.id = j.instrument_id",
    "SELECT i.key, d.ex_date, d.amount FROM dividends d JOIN instruments i ON i.id = d.instrument_id",
)
_MEMBERSHIP = (
    "SELECT m.index_id, i.key, m.valid_from, m.valid_to, m.basis FROM index_members m "
    "JOIN instruments i ON i.id = m.instrument_id",
)


class SnapshotRepository:
    """Reads and adds to the history; never commits."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def adjustments_hash(self) -> str:
        """SHA-256 of the factors in use, the quarantined moves and the dividends, by instrument key."""
        return self._hash(_ADJUSTMENTS)

    def membership_hash(self) -> str:
        """SHA-256 of who was a member of which index when, by instrument key."""
        return self._hash(_MEMBERSHIP)

    def _hash(self, parts: Sequence[str]) -> str:
        digest = hashlib.sha256()
        for part in parts:
            query = text(f'SELECT CAST(t AS text) AS line FROM ({part}) t ORDER BY CAST(t AS text) COLLATE "C"')
            for row in self._session.execute(query):
                digest.update(f"{row.line}\n".encode())
            digest.update(b"--\n")
        return digest.hexdigest()

    def latest(self) -> DataSnapshot | None:
        """The state seen last."""
        query = select(DataSnapshot).order_by(DataSnapshot.last_seen_at.desc(), DataSnapshot.id.desc()).limit(1)
        return self._session.scalars(query).first()

    def adjustments(self) -> str | None:
        """The hash of the adjustments as they were seen last; None before anything was stored."""
        found = self.latest()
        return None if found is None else found.adjustments_hash

    def page(self, *, page: int, limit: int) -> tuple[Sequence[DataSnapshot], int]:
        """A page of the history, the state seen last first; how many there are."""
        query = select(DataSnapshot).order_by(DataSnapshot.last_seen_at.desc(), DataSnapshot.id.desc())
        rows = self._session.scalars(query.limit(limit).offset((page - 1) * limit)).all()
        return rows, self._session.scalar(select(func.count()).select_from(DataSnapshot)) or 0

    def see(self, values: dict[str, Any]) -> None:
        """Add a state, or note that a known one was seen again."""
        statement = insert(DataSnapshot).values(**values)
        self._session.execute(
            statement.on_conflict_do_update(
                index_elements=["root", "adjustments_hash", "membership_hash", "rules_version"],
                set_={"last_seen_at": func.clock_timestamp()},
            )
        )
