"""Prices as the exchange published them, one row a file's line: raw stays raw."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, DateTime, Float, Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, CreatedAt


class HistoricalPrice(Base):
    """One line of a price file. Where several tell of one (date, symbol, series), `superseded_at` marks the losers.

    `file_id`, `line` and `instrument_id` carry no foreign key: they are written by one bulk loader in the same
    transaction as what they refer to, and checking two of them for each of millions of rows would triple its time.
    """

    __tablename__ = "historical_prices"
    __table_args__ = (
        Index("idx_historical_symbol_date", "symbol", text("date DESC")),
        Index("idx_historical_sector", "sector"),
        Index(
            "uq_historical_prices_current",
            "date",
            "symbol",
            "series",
            unique=True,
            postgresql_where=text("superseded_at IS NULL"),
        ),
        Index("idx_historical_superseded", "date", postgresql_where=text("superseded_at IS NOT NULL")),
    )

    file_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    line: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    date: Mapped[date]
    symbol: Mapped[str]
    series: Mapped[str]
    instrument_id: Mapped[int]
    sector: Mapped[str | None]  # as known when the row was loaded; no input of any figure
    open: Mapped[float] = mapped_column(Float(53))  # rupees, unadjusted
    high: Mapped[float] = mapped_column(Float(53))
    low: Mapped[float] = mapped_column(Float(53))
    close: Mapped[float] = mapped_column(Float(53))
    last: Mapped[float | None] = mapped_column(Float(53))
    prev_close: Mapped[float | None] = mapped_column(Float(53))
    volume: Mapped[int] = mapped_column(BigInteger)  # shares
    turnover: Mapped[float | None] = mapped_column(Float(53))  # rupees
    trades: Mapped[int | None]
    delivery: Mapped[int | None] = mapped_column(BigInteger)  # shares delivered
    isin: Mapped[str | None]
    source_rank: Mapped[int] = mapped_column(SmallInteger)  # services/importing/merge.py
    recorded_at: Mapped[CreatedAt]
    superseded_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class PriceDay(Base):
    """A counter that moves with every change of a day's prices, so that a year is not read again for one day."""

    __tablename__ = "price_days"

    day: Mapped[date] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger)
