"""Search, sectors, bars and the state of the exchange on the wire."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, Field


class SearchHit(BaseModel):
    """A stock or an index that a search found; `matched` is the old name it was found by, if any."""

    symbol: str
    name: str | None
    sector: str | None
    type: Literal["EQUITY", "ETF", "SME", "REIT", "INVIT", "RIGHTS", "OTHER", "INDEX"]
    isin: str | None
    matched: str | None = None


class SectorCount(BaseModel):
    """A sector and how many stocks of the latest session are in it."""

    name: str
    count: int


class SectorList(BaseModel):
    """All sectors."""

    sectors: list[SectorCount]


class BarAction(BaseModel):
    """A corporate action inside the shown history."""

    ex_date: date
    kind: str = Field(
        description="SPLIT, BONUS, CONSOLIDATION, several joined by +; SPLIT_OR_BONUS where nothing tells which; "
        "DIVIDEND; RIGHTS, DEMERGER; what a person chose; UNKNOWN"
    )
    factor: float | None = Field(
        description="Shares after the action for one before it; null where prices are not adjusted for it in this way"
    )
    amount: float | None = Field(description="Rupees a share of that day, of a dividend; null where no source says")
    purpose: str
    tier: Literal["LISTED", "INFERRED", "ACCEPTED"]


class BarColumns(BaseModel):
    """Bars as columns: `t[i]`, `o[i]`, … belong together. `factor[i]` scales a raw price of that bar to this view.

    Null is unknown: old index values are closes alone, and most sources of indices have no volume.
    """

    symbol: str
    name: str | None
    sector: str | None
    isin: str | None
    timeframe: Literal["1d", "1h", "30m", "15m", "5m", "1m"]
    adjust: Literal["price", "total", "none"]
    t: list[date] | list[datetime] = Field(description="Days; of intraday bars the open, in India's time")
    o: list[float | None]
    h: list[float | None]
    l: list[float | None]  # noqa: E741 - the field's name on the wire
    c: list[float]
    v: list[float | None]
    factor: list[float]
    actions: list[BarAction]
    jumps: list[date] = Field(description="Sessions with a move that no listed action explains")
    former_symbols: list[str]
    snapshot: str = Field(description="Root of the prices as the exchange published them; decisions do not change it")
    adjustments: str | None = Field(
        description="Hash of the factors, quarantined moves and dividends beside the prices; a decision changes it"
    )


class MarketStatus(BaseModel):
    """What the exchange is doing now, by the calendar."""

    is_open: bool
    phase: Literal["pre_open", "open", "closing_auction", "post_close", "closed"]
    next_change: datetime | None
    session: date | None
    message: str


class ShareAbove(BaseModel):
    """How many stocks of those that can be told of."""

    holds: int
    known: int


class Breadth(BaseModel):
    """How many stocks did what."""

    advances: int
    declines: int
    unchanged: int
    new_highs: int = Field(description="Stocks whose high is above every high of the 251 sessions before")
    new_lows: int = Field(description="Stocks whose low is below every low of the 251 sessions before")
    above_sma_20: ShareAbove
    above_sma_50: ShareAbove
    above_sma_200: ShareAbove


class SectorMove(BaseModel):
    """A sector: medians of its stocks in percent, and where it stands against the universe."""

    name: str
    stocks: int
    change_pct: float | None
    trend_7d: float | None = Field(description="Over 5 sessions")
    trend_30d: float | None = Field(description="Over 21 sessions")
    return_3m: float | None = Field(description="Over 63 sessions")
    advances: int
    declines: int
    turnover: float = Field(description="Rupees")
    strength: float | None = Field(description="return_3m less the universe's, in points")
    momentum: float | None = Field(description="trend_30d less the universe's, in points")
    phase: Literal["leading", "weakening", "lagging", "improving"] | None


class IndexMove(BaseModel):
    """An index at its last close up to the day."""

    id: str
    name: str
    date: date
    close: float
    change_pct: float | None
    trend_7d: float | None = Field(description="Over 5 of its closes")
    trend_30d: float | None = Field(description="Over 21 of its closes")


class ActiveStock(BaseModel):
    """A stock among those traded most."""

    symbol: str
    name: str | None
    close: float | None
    change_pct: float | None
    turnover: float | None = Field(description="Rupees")
    volume_ratio: float | None = Field(description="Volume over the mean of the previous 20 sessions")


class BreadthDays(BaseModel):
    """Breadth by session."""

    t: list[date]
    stocks: list[int]
    advances: list[int]
    declines: list[int]
    new_highs: list[int]
    new_lows: list[int]
    above_sma_20: list[int]
    above_sma_20_known: list[int]
    above_sma_50: list[int]
    above_sma_50_known: list[int]
    above_sma_200: list[int]
    above_sma_200_known: list[int]


class MarketOverviewOut(BaseModel):
    """The market at a session."""

    asof: date
    snapshot: str
    index: str
    point_in_time: bool
    note: str
    stocks: int
    breadth: Breadth
    sectors: list[SectorMove]
    indices: list[IndexMove]
    active: list[ActiveStock]
    days: BreadthDays
