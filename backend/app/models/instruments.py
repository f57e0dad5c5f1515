"""Instruments: one row a company's share (or fund unit), whatever it was called over the years.

The dated names are derived from stored evidence (price rows, symbol changes, master lists) and recomputed after an
import; the serial id is an internal handle and enters no hash and no ranking, the content key does.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import Float, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class Instrument(Base):
    """A security through its whole life. `key` is a hash of the earliest known (symbol, first session) of its chain."""

    __tablename__ = "instruments"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)  # 16 hex digits
    symbol: Mapped[str] = mapped_column(index=True)  # the last one it had
    name: Mapped[str | None]
    sector: Mapped[str | None]
    isin: Mapped[str | None] = mapped_column(index=True)
    instrument_type: Mapped[str]  # EQUITY, ETF, SME, REIT, INVIT, RIGHTS (entitlements), OTHER
    first_session: Mapped[date | None]
    last_session: Mapped[date | None]
    listed_on: Mapped[date | None]


class InstrumentAlias(Base):
    """A key an instrument had before older history was loaded."""

    __tablename__ = "instrument_aliases"

    old_key: Mapped[str] = mapped_column(primary_key=True)
    instrument_id: Mapped[int] = mapped_column(ForeignKey("instruments.id", ondelete="CASCADE"), index=True)


class InstrumentSymbol(Base):
    """The symbol an instrument traded under, by date; `valid_to` is the last day included, null while in use."""

    __tablename__ = "instrument_symbols"
    __table_args__ = (Index("ix_instrument_symbols_symbol_valid_from", "symbol", "valid_from"),)

    instrument_id: Mapped[int] = mapped_column(ForeignKey("instruments.id", ondelete="CASCADE"), primary_key=True)
    valid_from: Mapped[date] = mapped_column(primary_key=True)
    valid_to: Mapped[date | None]
    symbol: Mapped[str]


class InstrumentName(Base):
    """The company's name, by date."""

    __tablename__ = "instrument_names"

    instrument_id: Mapped[int] = mapped_column(ForeignKey("instruments.id", ondelete="CASCADE"), primary_key=True)
    valid_from: Mapped[date] = mapped_column(primary_key=True)
    valid_to: Mapped[date | None]
    name: Mapped[str]


class InstrumentIsin(Base):
    """The ISIN, by date: a face-value split usually brings a new one."""

    __tablename__ = "instrument_isins"
    __table_args__ = (Index("ix_instrument_isins_isin", "isin"),)

    instrument_id: Mapped[int] = mapped_column(ForeignKey("instruments.id", ondelete="CASCADE"), primary_key=True)
    valid_from: Mapped[date] = mapped_column(primary_key=True)
    valid_to: Mapped[date | None]
    isin: Mapped[str]


class SymbolChange(Base):
    """Evidence: a line of an exchange list saying that one symbol became another."""

    __tablename__ = "symbol_changes"

    file_id: Mapped[int] = mapped_column(ForeignKey("import_files.id", ondelete="CASCADE"), primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True)
    old_symbol: Mapped[str] = mapped_column(index=True)
    new_symbol: Mapped[str]
    effective_on: Mapped[date | None]  # unknown in undated lists
    name: Mapped[str | None]


class NameChange(Base):
    """Evidence: a line of an exchange list saying that a company changed its name."""

    __tablename__ = "name_changes"

    file_id: Mapped[int] = mapped_column(ForeignKey("import_files.id", ondelete="CASCADE"), primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True)
    symbol: Mapped[str] = mapped_column(index=True)
    old_name: Mapped[str]
    new_name: Mapped[str]
    effective_on: Mapped[date | None]


class ListedSecurity(Base):
    """Evidence: a line of a master list (EQUITY_L, SME, ETF, REIT, InvIT, preference shares)."""

    __tablename__ = "listed_securities"

    file_id: Mapped[int] = mapped_column(ForeignKey("import_files.id", ondelete="CASCADE"), primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True)
    symbol: Mapped[str] = mapped_column(index=True)
    name: Mapped[str | None]
    series: Mapped[str | None]
    instrument_type: Mapped[str]
    isin: Mapped[str | None]
    listed_on: Mapped[date | None]
    face_value: Mapped[float | None] = mapped_column(Float)
    market_lot: Mapped[int | None]
    as_of: Mapped[date | None]  # the list's own date; null where it has none


class CompanySymbol(Base):
    """Evidence: a line of a list that maps spellings of a company's name to its symbol on the list's day."""

    __tablename__ = "company_symbols"

    file_id: Mapped[int] = mapped_column(ForeignKey("import_files.id", ondelete="CASCADE"), primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    symbol: Mapped[str]
    as_of: Mapped[date | None]
