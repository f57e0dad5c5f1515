"""Company figures as files told them: one row a figure, with the day from which it was known."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Float, ForeignKey, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class FundamentalValue(Base):
    """Evidence: one figure of one company for one period.

    The instrument is not stored: it is who held `symbol` on `symbol_on` (or has the ISIN), and later files may tell.
    """

    __tablename__ = "fundamental_values"

    file_id: Mapped[int] = mapped_column(ForeignKey("import_files.id", ondelete="CASCADE"), primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True)
    field: Mapped[str] = mapped_column(primary_key=True)
    symbol: Mapped[str]
    isin: Mapped[str | None]
    symbol_on: Mapped[date]  # the day whose symbols the file uses
    period_end: Mapped[date]  # last day of the period, or the day a snapshot was taken
    period_kind: Mapped[str]  # ANNUAL, QUARTER, SNAPSHOT
    value: Mapped[float] = mapped_column(Float(53))
    unit: Mapped[str]  # RUPEES, SHARES, PERCENT, RATIO, YEAR
    source: Mapped[str]
    source_rank: Mapped[int] = mapped_column(SmallInteger)  # the larger counts
    known_at: Mapped[date]
    known_at_basis: Mapped[str]  # FILE: the file says so; LAG: period end and the limit for reporting


class AnnouncedHoliday(Base):
    """Evidence: a holiday as the exchange's site lists it. Compared with the calendar, never replacing it."""

    __tablename__ = "announced_holidays"

    file_id: Mapped[int] = mapped_column(ForeignKey("import_files.id", ondelete="CASCADE"), primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True)  # ordinal of the entry: the file is not made of lines
    segment: Mapped[str]
    date: Mapped[date]
    description: Mapped[str]
