"""Indices: the evidence (dated lists, histories) and the membership worked out from it."""

from __future__ import annotations

from datetime import date

from sqlalchemy import ForeignKey, Index, SmallInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class MarketIndex(Base):
    """An index by its id without spaces: NIFTY50."""

    __tablename__ = "indices"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    description: Mapped[str | None]


class IndexList(Base):
    """Evidence: a list of an index's members on one day."""

    __tablename__ = "index_lists"
    __table_args__ = (UniqueConstraint("file_id", "index_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    index_id: Mapped[str] = mapped_column(ForeignKey("indices.id"), index=True)
    file_id: Mapped[int] = mapped_column(ForeignKey("import_files.id", ondelete="CASCADE"))
    in_force_on: Mapped[date | None]  # the earliest of the file's sightings; null where there is none
    date_basis: Mapped[str]  # where that date was read: content, folder, file name, unknown


class FileSighting(Base):
    """Evidence: a day that a file's name or folder gives to its content; the same content may be met in several."""

    __tablename__ = "file_sightings"

    file_id: Mapped[int] = mapped_column(ForeignKey("import_files.id", ondelete="CASCADE"), primary_key=True)
    seen_on: Mapped[date] = mapped_column(primary_key=True)
    date_basis: Mapped[str]


class IndexListEntry(Base):
    """Evidence: one line of such a list."""

    __tablename__ = "index_list_entries"

    list_id: Mapped[int] = mapped_column(ForeignKey("index_lists.id", ondelete="CASCADE"), primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True)
    symbol: Mapped[str | None]
    company_name: Mapped[str | None]
    sector: Mapped[str | None]
    isin: Mapped[str | None]


class IndexHistorySpan(Base):
    """Evidence: a stated interval of membership; `effective_to` is the last day included."""

    __tablename__ = "index_history_spans"

    file_id: Mapped[int] = mapped_column(ForeignKey("import_files.id", ondelete="CASCADE"), primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True)
    index_id: Mapped[str] = mapped_column(ForeignKey("indices.id"), primary_key=True)
    symbol: Mapped[str | None]
    company_name: Mapped[str | None]
    effective_from: Mapped[date]
    effective_to: Mapped[date | None]
    source: Mapped[str]
    source_rank: Mapped[int] = mapped_column(SmallInteger)


class IndexMember(Base):
    """Derived: who was a member when; `valid_to` is the last day included, null while a member."""

    __tablename__ = "index_members"
    __table_args__ = (Index("ix_index_members_instrument_id", "instrument_id"),)

    index_id: Mapped[str] = mapped_column(ForeignKey("indices.id"), primary_key=True)
    instrument_id: Mapped[int] = mapped_column(ForeignKey("instruments.id", ondelete="CASCADE"), primary_key=True)
    valid_from: Mapped[date] = mapped_column(primary_key=True)
    valid_to: Mapped[date | None]
    basis: Mapped[str]  # HISTORY (dated record) or LIST (between dated lists: the day of change is not known)
    source_file_id: Mapped[int | None] = mapped_column(ForeignKey("import_files.id"))  # that says so first
    entered_after: Mapped[date | None]  # where not exact: entered after this day, on valid_from at the latest
    left_since: Mapped[date | None]  # where not exact: left on or after this day, after valid_to at the latest


class IndexEvent(Base):
    """Evidence: a line of a record of changes; an inclusion counts from that day on, an exclusion to the day before."""

    __tablename__ = "index_events"

    file_id: Mapped[int] = mapped_column(ForeignKey("import_files.id", ondelete="CASCADE"), primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True)
    index_id: Mapped[str] = mapped_column(ForeignKey("indices.id"), primary_key=True)
    effective_on: Mapped[date]
    company_name: Mapped[str]
    change: Mapped[str]  # INCLUSION or EXCLUSION


class IndexEventCorrection(Base):
    """Evidence: at that event the symbol which the company's name leads to was not the right one."""

    __tablename__ = "index_event_corrections"

    file_id: Mapped[int] = mapped_column(ForeignKey("import_files.id", ondelete="CASCADE"), primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True)
    index_id: Mapped[str] = mapped_column(ForeignKey("indices.id"))
    effective_on: Mapped[date]
    symbol: Mapped[str]
    change: Mapped[str]
    correct_symbol: Mapped[str]
