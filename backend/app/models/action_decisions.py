"""What a person decided about a move or a factor, and the dated dividends of an instrument."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, DateTime, Float, ForeignKey, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, CreatedAt, OwnerId


class ActionDecision(Base):
    """A decision, kept for good: undoing one marks it, and the next is a row of its own.

    It speaks of an instrument's key and a session, so that it stands whatever is imported or worked out again.
    """

    __tablename__ = "action_decisions"
    __table_args__ = (
        CheckConstraint("decision IN ('ACCEPT', 'CORRECT', 'DISMISS')", name="decision"),
        CheckConstraint("(decision = 'DISMISS') = (factor IS NULL)", name="factor"),
        CheckConstraint(
            "kind IN ('SPLIT', 'BONUS', 'BONUS+SPLIT', 'CONSOLIDATION', 'RIGHTS', 'DEMERGER', 'OTHER')", name="kind"
        ),
        Index(
            "uq_action_decisions_standing",
            "instrument_key",
            "session",
            unique=True,
            postgresql_where=text("undone_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    instrument_key: Mapped[str]  # as it was on the day of the decision; aliases lead on
    symbol: Mapped[str]  # on the session, for people
    session: Mapped[date]
    decision: Mapped[str]
    factor: Mapped[float | None] = mapped_column(Float(53))  # new shares for an old one
    kind: Mapped[str | None]  # what the action is; null where the person did not say
    reason: Mapped[str | None] = mapped_column(Text)
    previous: Mapped[dict[str, Any]] = mapped_column(JSONB)  # the factor and the move that it replaced
    owner_id: Mapped[OwnerId]
    decided_at: Mapped[CreatedAt]
    undone_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Dividend(Base):
    """Derived: rupees for each share held into an ex-date, as of that date, from the best source that says so."""

    __tablename__ = "dividends"

    instrument_id: Mapped[int] = mapped_column(ForeignKey("instruments.id", ondelete="CASCADE"), primary_key=True)
    ex_date: Mapped[date] = mapped_column(primary_key=True)
    amount: Mapped[float | None] = mapped_column(Float(53))  # null where no source gives rupees
    source: Mapped[str]
    disagrees: Mapped[bool]  # whether another source gives another amount
    evidence: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)  # every source: amount, purpose, file, line
