"""Risk policies on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field, field_validator

from app.schemas.common import StrictWire


class PolicyRequest(StrictWire):
    """Risk rules; percentages in percent of the account's equity."""

    name: str = Field(min_length=1, max_length=200)
    cash_reserve_percent: float = Field(default=20, ge=0, le=100, description="Stays in cash after every entry")
    max_equity_exposure_percent: float = Field(
        default=80, ge=0, le=100, description="Gross value of all positions at most"
    )
    daily_stop_loss_percent: float = Field(
        default=-2, ge=-100, description="Below 0: at such a loss entries end for the session"
    )
    max_strategy_allocation_percent: float = Field(default=25, ge=0, le=100, description="In one strategy at most")
    allocation_sensitivity: Literal["LOW", "MEDIUM", "HIGH"] = Field(
        default="MEDIUM", description="Drawdowns that turn CAUTIOUS and DEFENSIVE: 15/25, 10/20 or 5/10 percent"
    )
    correlation_penalty: Literal["NONE", "LOW", "MODERATE", "HIGH"] = Field(
        default="MODERATE", description="How much less a strategy may hold that moves with the others"
    )
    max_position_percent: float | None = Field(default=None, gt=0, le=100, description="In one instrument at most")
    max_sector_percent: float | None = Field(default=None, gt=0, le=100, description="In one sector at most")
    max_turnover_percent: float | None = Field(
        default=None, gt=0, le=100, description="One entry, of the median turnover of the 20 sessions before"
    )
    max_drawdown_percent: float | None = Field(
        default=None, gt=0, le=100, description="From such a drawdown on no entry, until a person says so"
    )
    on_breach: Literal["block", "flatten"] = Field(
        default="block", description="At the daily stop or the drawdown limit: block entries, or end positions as well"
    )

    @field_validator("daily_stop_loss_percent")
    @classmethod
    def _a_loss(cls, value: float) -> float:
        if value >= 0:
            raise ValueError(f"a loss is written as a negative number, such as -2 for two percent; got {value:g}")
        return value


class PolicyOut(BaseModel):
    """A policy as it was written down, and which of overlapping rules is the tighter one."""

    id: int
    name: str
    cash_reserve_percent: float
    max_equity_exposure_percent: float
    daily_stop_loss_percent: float
    max_strategy_allocation_percent: float
    allocation_sensitivity: Literal["LOW", "MEDIUM", "HIGH"]
    correlation_penalty: Literal["NONE", "LOW", "MODERATE", "HIGH"]
    max_position_percent: float | None
    max_sector_percent: float | None
    max_turnover_percent: float | None
    max_drawdown_percent: float | None
    on_breach: Literal["block", "flatten"]
    notes: list[str] = Field(description="Where rules overlap, which one binds")
    created_at: datetime
