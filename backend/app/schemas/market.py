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
    type: Literal["EQUITY", "ETF", "SME", "REIT", "INVIT", "OTHER", "INDEX"]
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
