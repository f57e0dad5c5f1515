"""Performance of a portfolio on the wire. Returns are fractions, money is decimal strings."""

from __future__ import annotations

from datetime import date as Day

from pydantic import BaseModel, ConfigDict, Field


class StockGain(BaseModel):
    """A share's part in the gain; the parts add up to the whole."""

    symbol: str
    company_name: str | None
    sector: str | None
    start_value: str
    end_value: str
    gain: str
    realised: str = Field(description="Of sales in the period, before charges")
    unrealised: str = Field(description="Change of what is not realised")
    income: str
    charges: str
    share_of_gain: float | None


class SectorGain(BaseModel):
    """A sector's part."""

    sector: str
    gain: str
    share_of_gain: float | None


class PeriodReturn(BaseModel):
    """A calendar month or year."""

    model_config = ConfigDict(populate_by_name=True)

    year: int
    month: int | None
    return_: float = Field(alias="return", description="Time-weighted")
    gain: str


class PerformanceReport(BaseModel):
    """What a portfolio earned from one day to another. gain = unrealised + realised + income − charges."""

    id: int
    name: str
    start: Day
    end: Day
    sessions: int
    funded: bool = Field(description="Deposits and withdrawals are entered, so that cash counts")
    start_value: str
    end_value: str
    put_in: str
    taken_out: str
    gain: str
    realised: str
    unrealised: str
    income: str
    charges: str
    time_weighted: float
    time_weighted_yearly: float | None = Field(description="Null for less than a year")
    money_weighted: float | None = Field(description="XIRR, a year")
    money_weighted_reason: str | None
    benchmark: str
    benchmark_return: float | None
    same_money: str | None = Field(description="What the same flows in the benchmark would be worth")
    stocks: list[StockGain]
    sectors: list[SectorGain]
    months: list[PeriodReturn]
    years: list[PeriodReturn]
    dates: list[Day]
    values: list[float]
    money_in: list[float] = Field(description="Start value and what was put in since, less what was taken out")
    returns: list[float] = Field(description="Time-weighted, since the start")
    benchmark_returns: list[float | None] | None
    explained: dict[str, str]
    notes: list[str]
