"""Membership, the survivorship meter and identity on the wire."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, Field


class IndexMemberOut(BaseModel):
    """A member as it was on the day asked for."""

    symbol: str = Field(description="The symbol of that day")
    name: str | None
    isin: str | None = Field(description="The ISIN of that day; the nearest known one where isin_seen is false")
    isin_seen: bool = Field(description="Whether a file up to that day carried this ISIN")
    effective_from: date
    effective_to: date | None = Field(description="The last day included; null while a member")
    basis: str = Field(description="HISTORY: a dated record of changes. LIST: lists, the day of a change is not exact")
    source: str | None = Field(description="The file that says so")
    entered_after: date | None = Field(description="Not a member yet on this day by evidence; null where exact")
    left_since: date | None = Field(description="Still a member on this day by evidence; null where exact")
    instrument: str = Field(description="Key of the instrument")
    symbol_today: str
    has_prices: bool = Field(description="Whether it has a bar in the ten stored sessions up to that day (21 days)")
    uncertain: str | None = Field(description="Why its symbol cannot be that of the day; null where it is")
    first_session: date | None
    last_session: date | None


class IndexMembersOut(BaseModel):
    """The members of an index on a day, and how far to trust the list."""

    index: str
    name: str
    asof: date
    members_of: date | None = Field(
        description="The day the members are known of: another than asof where nothing is known of asof"
    )
    point_in_time: bool
    reason: str = Field(description="Why it is point in time, or why not")
    basis: str | None
    evidence_until: date | None = Field(description="The newest evidence about this index")
    count: int
    expected_count: int | None = Field(description="The size in the index's name")
    missing: int = Field(description="Members that no evidence names")
    missing_from: date | None
    missing_to: date | None
    uncertain: int = Field(description="Members under a symbol that is on file from a later day only")
    notes: list[str]
    sources: dict[str, int] = Field(description="Members by the file that names them")
    members: list[IndexMemberOut]


class NoLongerTraded(BaseModel):
    """A member of the period that has stopped trading since."""

    symbol: str = Field(description="Its last symbol")
    instrument: str
    last_session: date
    member_days: int


class WithoutPrices(BaseModel):
    """A member of the period and the sessions of its membership that no price is stored of."""

    symbol: str = Field(description="Its last symbol")
    instrument: str
    member_days: int


class TodaysList(BaseModel):
    """The newest known list."""

    asof: date | None
    members: int


class MissedByToday(BaseModel):
    """What the newest list, applied to the whole period, would have left out."""

    member_days: int
    share: float | None = Field(description="Of all member-days, a fraction")
    instruments: int


class SurvivorshipOut(BaseModel):
    """What a universe covers over a period. A member-day is one member on one session of the exchange calendar."""

    index: str
    start: date
    end: date
    counted_to: date = Field(description="The last stored session where that lies before the end")
    sessions: int
    sessions_without_prices: int
    instruments: int
    member_days: int
    member_days_with_prices: int
    covered: float | None = Field(description="Share of member-days with a price, a fraction")
    without_prices: list[WithoutPrices] = Field(description="Members with days without a price, most days first")
    missing_member_days: int = Field(description="Member-days that no evidence names, by the size of the index")
    uncertain_member_days: int = Field(description="Days on which a member may have left, or another entered, already")
    point_in_time: bool
    today: TodaysList
    missed_by_today: MissedByToday
    no_longer_traded: list[NoLongerTraded]
    unresolved: str | None = Field(description="Members named by evidence that no stored price answers to")
    notes: list[str]


class DatedValue(BaseModel):
    """A name, symbol or ISIN with the days it held; the last day is included, null while it holds."""

    value: str
    valid_from: date
    valid_to: date | None


class SeriesRun(BaseModel):
    """Sessions in one series on end."""

    series: str
    first_session: date
    last_session: date
    sessions: int


class InstrumentOut(BaseModel):
    """One security through all its names."""

    symbol: str
    asof: date | None
    instrument: str
    symbol_today: str
    name: str | None
    isin: str | None
    sector: str | None
    type: str
    listed_on: date | None
    first_session: date | None
    last_session: date | None
    trading: bool
    status: str
    former_keys: list[str]
    symbols: list[DatedValue]
    names: list[DatedValue]
    isins: list[DatedValue]
    series: list[SeriesRun]
    other_holders: list[DatedValue] = Field(description="Other securities that had the symbol, by their last one")
