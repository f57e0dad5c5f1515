"""The screener on the wire."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, Field

from app.schemas.common import PageMeta


class ScreenerRow(BaseModel):
    """A stock at one session. What has no data is null, never a neutral number."""

    symbol: str
    name: str | None
    sector: str
    close: float | None = Field(description="Rupees")
    open: float | None
    high: float | None
    low: float | None
    prev_close: float | None = Field(description="Rupees, adjusted for an action of the day")
    change_pct: float | None = Field(description="Percent, against prev_close")
    volume: float | None = Field(description="Shares")
    turnover: float | None = Field(description="Rupees")
    ema_20: float | None
    ema_50: float | None
    rsi_14: float | None
    atr_pct: float | None
    macd: float | None
    macd_signal: float | None
    adx: float | None
    stoch_k: float | None
    stoch_d: float | None
    bb_upper: float | None
    bb_middle: float | None
    bb_lower: float | None
    trend_7d: float | None = Field(description="Percent over 5 sessions")
    trend_30d: float | None = Field(description="Percent over 21 sessions")
    is_20d_breakout: bool | None
    vol_percentile: float | None
    intraday_score: float | None
    swing_score: float | None
    market_cap: float | None
    pe_ratio: float | None
    roe: float | None
    eps: float | None
    revenue: float | None
    net_income: float | None
    debt_to_equity: float | None
    period: str | None


class QuarantinedStock(BaseModel):
    """A stock that is left out: a move of its price is explained by nothing, and nobody has decided on it."""

    symbol: str
    since: date


class ScreenerMeta(PageMeta):
    """What was asked and as of when."""

    applied_filter: str
    asof: date
    point_in_time: bool
    point_in_time_note: str | None
    snapshot: str
    milliseconds: float
    sectors: dict[str, int] = Field(description="Stocks by sector in the universe, before the sector filter")
    quarantined: list[QuarantinedStock] = Field(description="Stocks of the universe left out of the screen, and why")


class ScreenerPage(BaseModel):
    """A page of stocks."""

    data: list[ScreenerRow]
    meta: ScreenerMeta


class IndexOut(BaseModel):
    """An index and how many members it has."""

    id: str
    name: str
    description: str | None
    count: int


class IndexListOut(BaseModel):
    """All indices with known members."""

    indices: list[IndexOut]
    default: str
    asof: date | None


class FieldCard(BaseModel):
    """What a field means."""

    name: str
    label: str
    unit: str
    formula: str
    source: str
    window: int = Field(description="Sessions of history it takes")
    available: bool
    description: str


class FieldList(BaseModel):
    """All field cards."""

    fields: list[FieldCard]
