"""Portfolios of stocks, and the policies that bound portfolios of strategies."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Integer, Numeric
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, CreatedAt, OwnerId


class UserPortfolio(Base):
    """A portfolio of stocks. `deleted_at` hides it; the row goes 30 days later."""

    __tablename__ = "user_portfolios"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    description: Mapped[str | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]
    deleted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    owner_id: Mapped[OwnerId]


class PortfolioPosition(Base):
    """A holding of a portfolio; goes with its portfolio."""

    __tablename__ = "portfolio_positions"
    __table_args__ = (CheckConstraint("entry_price >= 0", name="entry_price_not_negative"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    portfolio_id: Mapped[int] = mapped_column(ForeignKey("user_portfolios.id", ondelete="CASCADE"), index=True)
    symbol: Mapped[str]
    quantity: Mapped[int] = mapped_column(Integer)
    entry_price: Mapped[Decimal] = mapped_column(Numeric(18, 4))


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
