"""Corporate actions: what sources list, and the factor that came out for an instrument and an ex-date."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import Float, ForeignKey, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, CreatedAt


class CorporateAction(Base):
    """Evidence: one line of a source."""

    __tablename__ = "corporate_actions"
    __table_args__ = (Index("ix_corporate_actions_symbol_ex_date", "symbol", "ex_date"),)

    file_id: Mapped[int] = mapped_column(ForeignKey("import_files.id", ondelete="CASCADE"), primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True)
    part: Mapped[int] = mapped_column(primary_key=True)  # a purpose text can name two actions
    symbol: Mapped[str | None]
    company_name: Mapped[str | None]
    ex_date: Mapped[date]
    kind: Mapped[str]  # SPLIT, BONUS, CONSOLIDATION, RIGHTS, DEMERGER, DIVIDEND, UNKNOWN
    factor: Mapped[float | None] = mapped_column(Float(53))  # new shares for an old one; null where none follows
    amount: Mapped[float | None] = mapped_column(Float(53))  # rupees a share: a dividend, or what rights ask for
    purpose: Mapped[str] = mapped_column(Text)
    source: Mapped[str]


class AdjustmentFactor(Base):
    """Derived: what one ex-date multiplies the share count by, with how it is known."""

    __tablename__ = "adjustment_factors"

    instrument_id: Mapped[int] = mapped_column(ForeignKey("instruments.id", ondelete="CASCADE"), primary_key=True)
    ex_date: Mapped[date] = mapped_column(primary_key=True)
    factor: Mapped[float] = mapped_column(Float(53))
    tier: Mapped[str]  # LISTED, INFERRED, ACCEPTED (a person decided)
    purpose: Mapped[str] = mapped_column(Text)
    known_at: Mapped[date]
    evidence: Mapped[dict[str, Any]] = mapped_column(JSONB)


class UnexplainedJump(Base):
    """Derived: a move no listed action explains and an ordinary day hardly gives. Runs that meet it say so."""

    __tablename__ = "unexplained_jumps"

    instrument_id: Mapped[int] = mapped_column(ForeignKey("instruments.id", ondelete="CASCADE"), primary_key=True)
    session: Mapped[date] = mapped_column(primary_key=True)
    symbol: Mapped[str]
    previous_close: Mapped[float] = mapped_column(Float(53))
    open: Mapped[float] = mapped_column(Float(53))
    close: Mapped[float] = mapped_column(Float(53))
    ratio: Mapped[float] = mapped_column(Float(53))  # close / previous close
    proposed_factor: Mapped[float | None] = mapped_column(Float(53))  # what a person may accept; null: none follows
    evidence: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    recorded_at: Mapped[CreatedAt]
