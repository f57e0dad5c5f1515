"""Portfolios of stocks, and the policies that bound portfolios of strategies."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, Integer, Numeric, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, CreatedAt, OwnerId


class UserPortfolio(Base):
    """A portfolio of stocks. `deleted_at` hides it; the row goes 30 days later."""

    __tablename__ = "user_portfolios"
    __table_args__ = (
        Index(
            "uq_user_portfolios_name",
            "owner_id",
            text("lower(name)"),
            unique=True,
            postgresql_where=text("deleted_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    description: Mapped[str | None]
    client: Mapped[str | None] = mapped_column(index=True)  # whose it is, where a desk keeps those of many
    version: Mapped[int] = mapped_column(Integer, server_default=text("1"))  # counts changes: a stale one is refused
    dismissed: Mapped[list[str]] = mapped_column(
        ARRAY(Text), server_default=text("'{}'")
    )  # actions that are not its own
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]
    deleted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    owner_id: Mapped[OwnerId]


class PortfolioTransaction(Base):
    """A line of a portfolio's ledger; `engines/ledger/entries.py` tells what the kinds mean."""

    __tablename__ = "portfolio_transactions"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('OPENING', 'BUY', 'SELL', 'RIGHTS', 'SPLIT', 'BONUS', 'DEMERGER', 'MERGER', 'DIVIDEND', "
            "'CHARGES', 'DEPOSIT', 'WITHDRAWAL')",
            name="kind",
        ),
        CheckConstraint("quantity >= 0", name="quantity"),
        CheckConstraint("price >= 0 AND charges >= 0 AND stt >= 0 AND amount >= 0", name="money"),
        Index("ix_portfolio_transactions_portfolio_id_session", "portfolio_id", "session"),
        Index(
            "uq_portfolio_transactions_external_id",
            "portfolio_id",
            "external_id",
            unique=True,
            postgresql_where=text("external_id IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    portfolio_id: Mapped[int] = mapped_column(ForeignKey("user_portfolios.id", ondelete="CASCADE"))
    kind: Mapped[str]
    session: Mapped[date]
    instrument_key: Mapped[str | None]  # as it was when it was entered; aliases lead on
    symbol: Mapped[str | None]  # as it was written, for people
    account: Mapped[str] = mapped_column(server_default="")
    quantity: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    price: Mapped[Decimal] = mapped_column(Numeric(20, 8), server_default=text("0"))
    charges: Mapped[Decimal] = mapped_column(Numeric(18, 4), server_default=text("0"))
    stt: Mapped[Decimal] = mapped_column(Numeric(18, 4), server_default=text("0"))
    amount: Mapped[Decimal] = mapped_column(Numeric(18, 4), server_default=text("0"))
    ratio_new: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    ratio_old: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    target_key: Mapped[str | None]
    target_symbol: Mapped[str | None]
    cost_percent: Mapped[Decimal] = mapped_column(Numeric(9, 4), server_default=text("0"))
    acquired: Mapped[date | None]  # of an opening lot, where known
    note: Mapped[str | None] = mapped_column(Text)
    source: Mapped[str] = mapped_column(server_default="manual")  # manual, position, action, or the layout of a file
    external_id: Mapped[str | None]  # what the source knows it by: the same one comes in once
    created_at: Mapped[CreatedAt]


class PortfolioPosition(Base):
    """A holding of a portfolio: derived, written anew with every change of its ledger; goes with its portfolio."""

    __tablename__ = "portfolio_positions"
    __table_args__ = (CheckConstraint("entry_price >= 0", name="entry_price_not_negative"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    portfolio_id: Mapped[int] = mapped_column(ForeignKey("user_portfolios.id", ondelete="CASCADE"), index=True)
    symbol: Mapped[str]
    quantity: Mapped[int] = mapped_column(Integer)
    entry_price: Mapped[Decimal] = mapped_column(Numeric(18, 4))  # average, rounded; `invested` is exact
    instrument_key: Mapped[str | None]
    invested: Mapped[Decimal | None] = mapped_column(Numeric(28, 8))


class PortfolioPolicy(Base):
    """Risk rules; percentages in percent, the daily stop negative."""

    __tablename__ = "portfolio_policies"
    __table_args__ = (
        CheckConstraint("cash_reserve_percent BETWEEN 0 AND 100", name="cash_reserve_percent"),
        CheckConstraint("max_equity_exposure_percent BETWEEN 0 AND 100", name="max_equity_exposure_percent"),
        CheckConstraint("daily_stop_loss_percent < 0", name="daily_stop_loss_percent"),
        CheckConstraint("max_strategy_allocation_percent BETWEEN 0 AND 100", name="max_strategy_allocation_percent"),
        CheckConstraint("max_position_percent > 0 AND max_position_percent <= 100", name="max_position_percent"),
        CheckConstraint("max_sector_percent > 0 AND max_sector_percent <= 100", name="max_sector_percent"),
        CheckConstraint("max_turnover_percent > 0 AND max_turnover_percent <= 100", name="max_turnover_percent"),
        CheckConstraint("max_drawdown_percent > 0 AND max_drawdown_percent <= 100", name="max_drawdown_percent"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    cash_reserve_percent: Mapped[Decimal] = mapped_column(Numeric(9, 4), server_default="20")
    max_equity_exposure_percent: Mapped[Decimal] = mapped_column(Numeric(9, 4), server_default="80")
    daily_stop_loss_percent: Mapped[Decimal] = mapped_column(Numeric(9, 4), server_default="-2")
    max_strategy_allocation_percent: Mapped[Decimal] = mapped_column(Numeric(9, 4), server_default="25")
    allocation_sensitivity: Mapped[str] = mapped_column(server_default="MEDIUM")
    correlation_penalty: Mapped[str] = mapped_column(server_default="MODERATE")
    max_position_percent: Mapped[Decimal | None] = mapped_column(Numeric(9, 4))
    max_sector_percent: Mapped[Decimal | None] = mapped_column(Numeric(9, 4))
    max_turnover_percent: Mapped[Decimal | None] = mapped_column(Numeric(9, 4))
    max_drawdown_percent: Mapped[Decimal | None] = mapped_column(Numeric(9, 4))
    on_breach: Mapped[str] = mapped_column(server_default="block")
    created_at: Mapped[CreatedAt]
    owner_id: Mapped[OwnerId]
