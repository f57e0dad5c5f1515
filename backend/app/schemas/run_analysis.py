"""A run taken apart, on the wire."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, Field


class MonthReturn(BaseModel):
    """A calendar month's return."""

    year: int
    month: int
    value: float
    whole: bool = Field(description="false at the ends of the record, where the month may be a part")


class YearReturn(BaseModel):
    """A calendar year's return."""

    year: int
    value: float
    whole: bool


class Fall(BaseModel):
    """A fall from a peak until the peak was seen again."""

    depth: float
    peak: date | None = Field(description="null: the opening capital")
    trough: date
    recovery: date | None = Field(description="null: not recovered at the end")
    sessions: int = Field(description="From the peak to the recovery, or to the end")


class Histogram(BaseModel):
    """Counts between edges; the outermost hold what lies beyond them, too."""

    edges: list[float]
    counts: list[int]


class LuckInterval(BaseModel):
    """Bounds of a figure when the run's sessions are drawn again."""

    low: float
    high: float


class Cone(BaseModel):
    """Where the equity could have stood at each session."""

    quantiles: list[float]
    equity: list[list[float]] = Field(description="By quantile, one value a session, rupees")


class LuckOut(BaseModel):
    """What the run's own returns give when whole sessions are drawn again in blocks, some of them more than once."""

    intervals: dict[str, LuckInterval] = Field(description="Of cagr, volatility, sharpe and max_drawdown")
    cone: Cone
    block: float = Field(description="Expected sessions in a block")
    resamples: int
    confidence: float
    seed: int


class MonthTurnover(BaseModel):
    """What was dealt in a month."""

    year: int
    month: int
    bought: float = Field(description="Rupees, before charges")
    sold: float
    share: float | None = Field(description="The smaller of the two over the month's mean equity")


class RunAnalysisOut(BaseModel):
    """What follows from a stored run's bytes; all at session closes."""

    run_id: str
    days: list[date]
    reason: str | None = Field(description="Why there are no returns")
    months: list[MonthReturn]
    years: list[YearReturn]
    drawdowns: list[Fall] = Field(description="The deepest, deepest first; none under half a basis point")
    rolling_sharpe: list[float | None] = Field(description="One a session, of the sessions before it, a year")
    rolling_sessions: int
    return_bins: Histogram = Field(description="Of the daily returns")
    trade_bins: Histogram = Field(description="Of closed trades: profit after costs over what was paid")
    positions: list[int] = Field(description="Trades open at each close")
    turnover: list[MonthTurnover]
    luck: LuckOut | str = Field(description="Intervals and a cone, or why there are none")
