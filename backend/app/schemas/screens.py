"""Saved screens, their events, why a stock is in one or not, and the watchlist, on the wire."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, Field

from app.schemas.common import Id, PageMeta, StrictWire

InstrumentType = Literal["EQUITY", "ETF", "SME", "REIT", "INVIT", "RIGHTS", "ALL"]
LONGEST = 100_000  # the language has a limit of its own, and says where it was passed


class ScreenQuestionIn(StrictWire):
    """What a saved screen asks, as the query parameters of `GET /api/screener/` have it."""

    q: str | None = Field(default=None, max_length=LONGEST)
    filter_type: str = Field(default="ALL", max_length=40)
    index: str = Field(default="ALL", max_length=60)
    instrument_type: InstrumentType = "EQUITY"
    sector: str | None = Field(default=None, max_length=100)
    columns: list[str] = Field(default=[], max_length=200, description="Fields or expressions; empty: the usual ones")
    sort_by: str = Field(default="turnover", max_length=500)
    sort_order: Literal["asc", "desc"] = "desc"


class ScreenIn(StrictWire):
    """A screen to be saved."""

    name: str = Field(max_length=200)
    question: ScreenQuestionIn


class ScreenChange(ScreenIn):
    """Its next version."""

    version: int = Field(ge=1, description="The version that was read; another one by now is a conflict")


class WatchIn(StrictWire):
    """Whether comings and goings become events."""

    watching: bool


class ScreenOut(BaseModel):
    """A saved screen."""

    id: int
    name: str
    version: int
    watching: bool
    question: ScreenQuestionIn
    digest: str | None = Field(description="SHA-256 of the canonical expression; null where nothing is asked")
    created_at: datetime
    updated_at: datetime


class ScreenVersionOut(BaseModel):
    """A version of a saved screen."""

    version: int
    name: str
    question: ScreenQuestionIn
    digest: str | None
    created_at: datetime


class ScreenEventOut(BaseModel):
    """A stock that came into a watched screen, or left it."""

    id: int
    screen_id: int
    screen: str
    version: int
    session: date
    symbol: str
    kind: Literal["ENTERED", "LEFT"]
    read_at: datetime | None


class ScreenEventMeta(PageMeta):
    """Where in the list a page lies, and how much nobody has read."""

    unread: int
    mail_to: str | None = Field(description="Where new events are mailed to; null where no mail server is set up")


class ScreenEventPage(BaseModel):
    """A page of events."""

    data: list[ScreenEventOut]
    meta: ScreenEventMeta


class EventsRead(StrictWire):
    """Events that were read; null: all of them."""

    ids: list[Id] | None = Field(default=None, max_length=10_000)


class ReadOut(BaseModel):
    """What became of it."""

    read: int
    unread: int


class TermOut(BaseModel):
    """A part of a condition at one stock: its value against the bound, where it is a comparison."""

    text: str
    outcome: Literal["holds", "fails", "unknown"]
    left: str | None
    value: float | None
    op: str | None
    right: str | None
    bound: float | None
    unit: Literal["rupees", "shares", "ratio"] | None
    gap: float | None = Field(
        description="How far it is from holding: the distance of both sides over the larger, of branches that of the "
        "nearest; null where it holds, is no comparison, or is not known"
    )
    branches: list[BranchOut] = Field(description="Of an `or` what of it could hold; empty where it is none")


class BranchOut(BaseModel):
    """A branch of an `or`: it holds where all of its terms do."""

    outcome: Literal["holds", "fails", "unknown"]
    gap: float | None = Field(description="That of its furthest term; null where it holds or that cannot be told")
    terms: list[TermOut]


class WhyOut(BaseModel):
    """Why a stock is in a screen or not."""

    symbol: str
    name: str | None
    asof: date
    point_in_time: bool = Field(description="Whether members and what the expression reads were known that day")
    note: str
    matches: bool
    outside: str | None = Field(
        description="Why it is not compared at all: no trade, no member, another type, held back"
    )
    terms: list[TermOut]


class TermCount(BaseModel):
    """What a term does to the universe."""

    text: str
    holds: int
    unknown: int
    alone_keeps_out: int = Field(description="Stocks for which all other terms hold")


class NearMiss(BaseModel):
    """A stock that failed one term."""

    symbol: str
    name: str | None
    gap: float | None = Field(description="Distance of both sides over the larger; null: no comparison")
    term: TermOut


class NearMisses(BaseModel):
    """The stocks a screen missed by one term, nearest first."""

    asof: date
    point_in_time: bool = Field(description="Whether members and what the expression reads were known that day")
    note: str
    universe: int
    terms: list[TermCount]
    missed_by_one: int
    nearest: list[NearMiss]


class HeldOut(BaseModel):
    """A saved screen and the sessions on which it held a stock."""

    id: int
    name: str
    sessions: list[date]
    unknown: int = Field(description="Sessions of which it is not known whether it held the stock")
    now: bool = Field(description="On the latest session")
    reason: str | None = Field(description="Why it cannot be told")


class StrategyWishIn(StrictWire):
    """What is to be made of a screen."""

    name: str = Field(min_length=1, max_length=100, description="Its id is made of it: small letters, digits and _")
    q: str | None = Field(default=None, max_length=LONGEST)
    filter_type: str = Field(default="ALL", max_length=40)
    index: str = Field(default="ALL", max_length=60, description="The universe; ALL: NIFTY500, else the widest index")
    leave: str = Field(default="", max_length=LONGEST, description="Sold once this holds; empty: once q does not")
    rank_by: str = Field(default="", max_length=LONGEST, description="A number, the greatest first")
    rebalance: Literal["daily", "weekly", "monthly"] = "daily"
    hold: int = Field(default=0, ge=0, le=2520, description="Sold after so many sessions; 0: never for that")
    stop: float = Field(default=0.0, ge=0.0, le=0.9, description="Fraction below the signal's close; 0: none")
    names: int = Field(default=0, ge=0, le=500, description="Of a weekly or monthly one how many are held; 0: all")
    hypothesis: str = Field(default="", max_length=1_000)


class MadeStrategy(BaseModel):
    """A strategy that was made from a screen: a file of the strategies folder."""

    strategy_id: str
    file: str
    expression: str
    digest: str
    universe: str
    trials: int = Field(description="Distinct screens tried until now, this one included")


class WatchlistIn(StrictWire):
    """What to put on the watchlist."""

    symbol: str = Field(min_length=1, max_length=40)
    instrument_type: str | None = Field(default=None, max_length=20)


class WatchlistOut(BaseModel):
    """A stock or an index with its last price."""

    symbol: str
    ltp: float | None = Field(description="Rupees, or points; the close of the latest session")
    change: float | None
    change_pct: float | None = Field(description="Percent, against the close before, adjusted for an action of the day")
    instrument_type: str
