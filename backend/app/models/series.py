"""Daily values of indices as files give them, and the catalogue of the intraday bars that lie in Parquet files."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, DateTime, Float, ForeignKey, Index, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, CreatedAt


class IndexValue(Base):
    """One line of a file about one index on one day. Every line stays; which one counts is decided when it is read."""

    __tablename__ = "index_values"
    __table_args__ = (Index("ix_index_values_index_id_date", "index_id", "date"),)

    file_id: Mapped[int] = mapped_column(ForeignKey("import_files.id", ondelete="CASCADE"), primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True)
    index_id: Mapped[str] = mapped_column(ForeignKey("indices.id"), primary_key=True)
    date: Mapped[date]
    open: Mapped[float | None] = mapped_column(Float(53))  # index points; null where the file has none
    high: Mapped[float | None] = mapped_column(Float(53))
    low: Mapped[float | None] = mapped_column(Float(53))
    close: Mapped[float | None] = mapped_column(Float(53))
    volume: Mapped[int | None] = mapped_column(BigInteger)  # shares of the members
    turnover: Mapped[float | None] = mapped_column(Float(53))  # rupees
    pe: Mapped[float | None] = mapped_column(Float(53))
    pb: Mapped[float | None] = mapped_column(Float(53))
    dividend_yield: Mapped[float | None] = mapped_column(Float(53))  # percent
    source_rank: Mapped[int] = mapped_column(SmallInteger)  # the greatest of a day counts


class IntradaySlice(Base):
    """The Parquet file in use for one symbol, timeframe and year; changing this row is what swaps it in."""

    __tablename__ = "intraday_slices"

    symbol: Mapped[str] = mapped_column(primary_key=True)
    timeframe: Mapped[str] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    content_hash: Mapped[str]  # of the rows, which names the file
    rows: Mapped[int]
    days: Mapped[int]
    first_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    last_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    recorded_at: Mapped[CreatedAt]


class IntradaySource(Base):
    """Which imported file gave bars to which slice."""

    __tablename__ = "intraday_sources"

    file_id: Mapped[int] = mapped_column(ForeignKey("import_files.id", ondelete="CASCADE"), primary_key=True)
    symbol: Mapped[str] = mapped_column(primary_key=True)
    timeframe: Mapped[str] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    rows: Mapped[int]
