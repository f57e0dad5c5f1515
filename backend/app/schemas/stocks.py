"""One stock through time on the wire."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, Field


class StockLine(BaseModel):
    """An expression on every bar; null where it is not known."""

    name: str
    label: str
    unit: str
    on_price: bool = Field(description="Whether it is a price that lies among the prices, to be drawn over the bars")
    values: list[float | None]


class StockLines(BaseModel):
    """Expressions by session."""

    symbol: str
    asof: date
    adjust: Literal["price", "total", "none"]
    t: list[date]
    lines: list[StockLine]


class StockDelivery(BaseModel):
    """Delivery by session."""

    symbol: str
    asof: date
    t: list[date]
    volume: list[float] = Field(description="Shares, as traded")
    delivered: list[float | None]
    delivery_pct: list[float | None]
    known_sessions: int
    note: str | None = Field(description="Why nothing is known")


class FigurePoint(BaseModel):
    """A figure of one period."""

    period_end: date
    value: float
    known_at: date
    stated: bool = Field(description="Whether a file says when it became known; else it is the reporting limit")
    revised: bool = Field(description="Whether another value was known before")
    source: str


class FigureSeries(BaseModel):
    """A figure through time, by period, oldest first."""

    field: str
    period_kind: Literal["ANNUAL", "QUARTER", "SNAPSHOT"]
    unit: str
    points: list[FigurePoint]


class StockFigures(BaseModel):
    """Company figures as they were known on a day."""

    symbol: str
    asof: date
    figures: list[FigureSeries]
    point_in_time: bool
    note: str | None


class StockEvent(BaseModel):
    """Something that happened, or was found in a file."""

    kind: Literal["ACTION", "MOVE", "ALERT", "FLAG", "FINDING", "NAME", "FIRST"]
    day: date | None
    text: str
    note: str | None
    screen: int | None = Field(description="The saved screen of an alert")


class StockEvents(BaseModel):
    """What happened, newest first; without a day last."""

    symbol: str
    asof: date
    events: list[StockEvent]
