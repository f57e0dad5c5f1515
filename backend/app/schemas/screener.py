"""The screener on the wire."""

from __future__ import annotations

from datetime import date
from typing import Literal

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
    values: dict[str, float | bool | str | None] | None = Field(
        default=None, description="The columns asked for, by their canonical text"
    )
    spark: list[float] | None = Field(
        default=None, description="Closes of an unbroken stretch, oldest first, adjusted so that the last is as traded"
    )


class QuarantinedStock(BaseModel):
    """A stock that is left out: a move of its price is explained by nothing, and nobody has decided on it."""

    symbol: str
    since: date


class ColumnCard(BaseModel):
    """A column: a field, or an expression under its canonical text."""

    name: str
    label: str
    unit: str


class ScreenerUniverse(BaseModel):
    """Who belongs to the universe that was asked for, and what became of them: members = the three others together."""

    members: int
    shown: int = Field(description="In the screen, before symbol, sector and expression filter it")
    held_back: int = Field(description="Left out in quarantine; named in `quarantined`")
    without_prices: int = Field(description="Members of the index without a price in the session")
    symbols_without_prices: list[str] = Field(description="Their symbols, of the session where they had one")


class ScreenerMeta(PageMeta):
    """What was asked and as of when."""

    applied_filter: str
    asof: date
    point_in_time: bool
    point_in_time_note: str | None
    snapshot: str = Field(description="Root of the prices as the exchange published them; decisions do not change it")
    adjustments: str | None = Field(
        description="Hash of the factors, quarantined moves and dividends beside the prices; a decision changes it"
    )
    universe: ScreenerUniverse
    milliseconds: float
    sectors: dict[str, int] = Field(description="Stocks by sector in the universe, before the sector filter")
    indices: dict[str, int] | None = Field(
        description="Matches by index on that day, before the sector filter; null unless facets are asked for"
    )
    quarantined: list[QuarantinedStock] = Field(description="Stocks of the universe left out of the screen, and why")
    expression: str | None = Field(description="Preset and expression as one, in canonical form")
    digest: str | None = Field(description="SHA-256 of the canonical form")
    unknown: int = Field(description="Stocks of the universe for which the expression cannot be told")
    columns: list[ColumnCard] = Field(description="The columns asked for, in order")


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
    expression: str | None = Field(description="Its definition in the language; null where it is stored")
    kind: Literal["number", "flag", "text"]
    group: str
    source: str
    window: int = Field(description="Sessions of unbroken history after which it is first known")
    whole_history: bool = Field(description="Whether all earlier bars have a part in it, fading")
    available: bool = Field(description="Whether anything is on file that it could be known from")
    history_from: date | None
    history_to: date | None
    description: str


class FieldList(BaseModel):
    """All field cards."""

    fields: list[FieldCard]


class ParameterCard(BaseModel):
    """A parameter of a function."""

    name: str
    type: str
    default: str | None
    required: bool


class FunctionCard(BaseModel):
    """What a function does."""

    name: str
    signature: str
    parameters: list[ParameterCard]
    answer: Literal["number", "condition"]
    family: Literal["window", "all", "row", "cross"] = Field(
        description="On a window of bars, on all bars so far, on this bar, across the stocks of the day"
    )
    description: str
    example: str
    aliases: list[str]


class FunctionList(BaseModel):
    """All functions of the language."""

    functions: list[FunctionCard]


class ExpressionFault(BaseModel):
    """What is wrong with an expression, and where; lines and columns count from 1."""

    message: str
    line: int
    column: int
    length: int
    expected: list[str]
    near: list[str]


class CheckedExpression(BaseModel):
    """Either the canonical form of an expression, or what is wrong with it."""

    expression: str | None
    digest: str | None
    error: ExpressionFault | None


class PresetCard(BaseModel):
    """A screen that comes with the product."""

    name: str
    label: str
    expression: str
    description: str
    sort_by: str
    sort_order: Literal["asc", "desc"]


class PresetList(BaseModel):
    """All presets."""

    presets: list[PresetCard]


class HistoryDays(BaseModel):
    """By session: the universe, how many matched, came and went, and of how many that is not known."""

    t: list[date]
    universe: list[int]
    matched: list[int]
    entered: list[int]
    left: list[int]
    unknown: list[int] = Field(description="Stocks of the universe of which it is not known whether they match")


class HistoryDay(BaseModel):
    """One session by name."""

    date: date
    matched: list[str]
    entered: list[str]
    left: list[str]
    unknown: int = Field(description="Stocks of which it is not known: they have neither come nor left")


class ForwardOut(BaseModel):
    """What followed the signals over a horizon; fractions, null with a reason where it cannot be told."""

    horizon: int = Field(description="Sessions from the signal to the sale")
    signals: int
    incomplete: int = Field(description="Signals without a return: not over yet, no bar in time, history missing")
    days: int = Field(description="Days with signals")
    block: int = Field(description="Sessions a block of the draws has")
    mean: float | None = Field(description="After charges")
    median: float | None
    hit_rate: float | None = Field(description="Share of signals above zero after charges")
    universe: float | None = Field(description="Mean of the universe on the same days, without charges")
    excess: float | None
    low: float | None = Field(description="Lower end of the 95 % interval of `excess`")
    high: float | None
    p_value: float | None = Field(description="Chance that a screen of no merit shows as much")
    p_adjusted: float | None = Field(description="The same for the best of all screens tried")
    reason: str | None


class ScreenHistory(BaseModel):
    """A screen through time."""

    expression: str
    digest: str
    index: str
    instrument_type: str
    start: date
    end: date
    snapshot: str
    notes: list[str] = Field(description="What was not known on the day as it is told now")
    days: HistoryDays
    latest: list[HistoryDay] = Field(description="The last sessions, newest first")
    forward: list[ForwardOut]
    trials: int = Field(description="Distinct expressions whose past was looked at, this one included")
    seed: int
    method: dict[str, str]
