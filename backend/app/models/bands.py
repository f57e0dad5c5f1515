"""What the exchange and brokers say of a security on a day: masters, bands, flags, 52-week levels, deals, moves."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import BigInteger, Float, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class SecurityListing(Base):
    """Evidence: a security as a broker's symbol master or the exchange's site lists it on a day."""

    __tablename__ = "security_listings"

    file_id: Mapped[int] = mapped_column(ForeignKey("import_files.id", ondelete="CASCADE"), primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str]  # FYERS, NSE_SITE
    as_of: Mapped[dt.date]
    token: Mapped[str | None]
    symbol: Mapped[str] = mapped_column(index=True)
    series: Mapped[str | None]
    name: Mapped[str | None]
    type_code: Mapped[int | None]  # the source's own
    lot: Mapped[int | None]  # shares
    tick: Mapped[float | None] = mapped_column(Float(53))  # rupees
    isin: Mapped[str | None]
    listed_on: Mapped[dt.date | None]


class SecurityFlag(Base):
    """Evidence: a band reached, a band in force, or a mark of surveillance, of one security on one day."""

    __tablename__ = "security_flags"
    __table_args__ = (Index("ix_security_flags_symbol_date", "symbol", "date"),)

    file_id: Mapped[int] = mapped_column(ForeignKey("import_files.id", ondelete="CASCADE"), primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True)
    flag: Mapped[str] = mapped_column(primary_key=True)  # BAND_HIT_UP, BAND_HIT_DOWN, BAND, SURVEILLANCE, DERIVATIVES
    date: Mapped[dt.date]
    symbol: Mapped[str]
    series: Mapped[str | None]
    detail: Mapped[str | None]
    band_pct: Mapped[float | None] = mapped_column(Float(53))
    lower_limit: Mapped[float | None] = mapped_column(Float(53))  # rupees
    upper_limit: Mapped[float | None] = mapped_column(Float(53))
    source: Mapped[str]


class Week52Level(Base):
    """Evidence: the exchange's own 52-week high and low of a security on a day."""

    __tablename__ = "week_52_levels"

    file_id: Mapped[int] = mapped_column(ForeignKey("import_files.id", ondelete="CASCADE"), primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True)
    date: Mapped[dt.date]
    symbol: Mapped[str]
    series: Mapped[str]
    high: Mapped[float | None] = mapped_column(Float(53))  # rupees
    high_on: Mapped[dt.date | None]
    low: Mapped[float | None] = mapped_column(Float(53))
    low_on: Mapped[dt.date | None]
    adjusted: Mapped[bool]  # for splits, bonuses and rights


class LargeDeal(Base):
    """Evidence: a bulk or block deal, or the short sales of a security on a day."""

    __tablename__ = "large_deals"
    __table_args__ = (Index("ix_large_deals_symbol_date", "symbol", "date"),)

    file_id: Mapped[int] = mapped_column(ForeignKey("import_files.id", ondelete="CASCADE"), primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True)
    date: Mapped[dt.date]
    symbol: Mapped[str]
    kind: Mapped[str]  # BULK, BLOCK, SHORT
    client: Mapped[str | None]
    side: Mapped[str | None]  # BUY, SELL
    quantity: Mapped[int] = mapped_column(BigInteger)  # shares
    price: Mapped[float | None] = mapped_column(Float(53))  # rupees


class SeriesMove(Base):
    """Evidence: a security moved from one series to another (EQ to BE: trade for trade)."""

    __tablename__ = "series_moves"

    file_id: Mapped[int] = mapped_column(ForeignKey("import_files.id", ondelete="CASCADE"), primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True)
    symbol: Mapped[str] = mapped_column(index=True)
    name: Mapped[str | None]
    from_series: Mapped[str]
    to_series: Mapped[str]
    effective_on: Mapped[dt.date]
    remarks: Mapped[str | None]
