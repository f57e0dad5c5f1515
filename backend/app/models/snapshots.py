"""The history of what was stored: every state of prices, adjustments and membership that was ever served."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, CreatedAt


class DataSnapshot(Base):
    """One state: the root over the prices, and beside it the hashes of the inputs that have versions of their own.

    A state that comes back is the same row, seen again. `changed_*` compare with the state seen before it.
    """

    __tablename__ = "data_snapshots"
    __table_args__ = (
        UniqueConstraint(
            "root", "adjustments_hash", "membership_hash", "rules_version", name="uq_data_snapshots_state"
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    root: Mapped[str]
    adjustments_hash: Mapped[str]  # factors, quarantined moves, dividends
    membership_hash: Mapped[str]
    rules_version: Mapped[str]  # of the program: its rules for merging and hashing
    year_roots: Mapped[dict[str, str]] = mapped_column(JSONB)  # by year
    changed_years: Mapped[list[int]] = mapped_column(JSONB)
    changed_instruments: Mapped[int | None]  # null where the leaves of the state before were not at hand
    changed_inputs: Mapped[list[Any]] = mapped_column(JSONB)  # of "prices", "adjustments", "membership", "rules"
    instruments: Mapped[int]
    first_session: Mapped[date | None]
    last_session: Mapped[date | None]
    first_seen_at: Mapped[CreatedAt]
    last_seen_at: Mapped[CreatedAt]
