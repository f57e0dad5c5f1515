"""What a person decided about two symbols: that they are one security, or two."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, DateTime, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, CreatedAt, OwnerId


class IdentityDecision(Base):
    """A decision, kept for good: undoing one marks it, and the next is a row of its own."""

    __tablename__ = "identity_decisions"
    __table_args__ = (
        CheckConstraint("decision IN ('JOIN', 'SEPARATE')", name="decision"),
        CheckConstraint("old_symbol <> new_symbol", name="two_symbols"),
        Index(
            "uq_identity_decisions_standing",
            "old_symbol",
            "new_symbol",
            unique=True,
            postgresql_where=text("undone_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    old_symbol: Mapped[str]
    new_symbol: Mapped[str]
    session: Mapped[date]  # the first one under the new symbol
    decision: Mapped[str]
    reason: Mapped[str | None] = mapped_column(Text)
    owner_id: Mapped[OwnerId]
    decided_at: Mapped[CreatedAt]
    undone_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
