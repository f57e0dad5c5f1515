"""The exchange's rules as dated facts, each with its source; `verified` False: general knowledge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time
from typing import Final, Literal, TypeVar

FIRST: Final = date(2000, 1, 1)


@dataclass(frozen=True, slots=True)
class TickRule:
    """Tick sizes in rupees of shares: `ticks[i]` below or at the i-th of `edges`, the last one above them all.

    `inclusive` tells whether a price at an edge belongs below it, edge by edge.
    """

    since: date
    edges: tuple[float, ...]
    inclusive: tuple[bool, ...]
    ticks: tuple[float, ...]
    source: str
    verified: bool = True


# Fund units follow no circular: brokers' masters of 2021 to 2024 say 0.01 of all but a few, and daily files since 2010
# show their highs off every coarser grid, whatever the price.
FUND_TICK: Final = 0.01

TICKS: Final = (
    TickRule(FIRST, (), (), (0.05,), "Mint on the circular of 24 May 2024"),
    TickRule(
        date(2024, 6, 10), (250.0,), (False,), (0.01, 0.05),
        "Circular of 24 May 2024; the day shows in the daily files",
    ),
    TickRule(
        date(2025, 4, 15),
        (250.0, 1_000.0, 5_000.0, 10_000.0, 20_000.0),
        (False, True, True, True, True),
        (0.01, 0.05, 0.10, 0.50, 1.00, 5.00),
        "FYERS notice of 17 March 2025; the day shows in the daily files",
    ),
)  # fmt: skip

BAND_PERCENTS: Final = (2.0, 5.0, 10.0, 20.0)  # fixed bands of securities without derivatives; Upstox article
TRADE_FOR_TRADE: Final = ("BE", "BZ", "ST", "SZ")  # series in which every trade is delivered; exchange circulars

BREAKER_PERCENTS: Final = (10.0, 15.0, 20.0)
INDEX_TICK: Final = 0.05


@dataclass(frozen=True, slots=True)
class Breaker:
    """What a move of the Nifty or the Sensex does before a time of day; None = for the rest of the day."""

    percent: float
    before: time
    halt_minutes: int | None
    pre_open_minutes: int


_ONE, _TWO, _HALF, _END = time(13, 0), time(14, 0), time(14, 30), time(23, 59)
BREAKERS: Final = (  # NSE and BSE pages on circuit breakers
    Breaker(10.0, _ONE, 45, 15),
    Breaker(10.0, _TWO, 15, 15),
    Breaker(10.0, _HALF, 15, 15),
    Breaker(10.0, _END, 0, 0),
    Breaker(15.0, _ONE, 105, 15),
    Breaker(15.0, _TWO, 45, 15),
    Breaker(15.0, _END, None, 0),
    Breaker(20.0, _END, None, 0),
)


@dataclass(frozen=True, slots=True)
class Settlement:
    """Sessions from the trade to the shares and the money."""

    since: date
    sessions: int
    source: str
    verified: bool


SETTLEMENT: Final = (
    Settlement(FIRST, 2, "T+2; from 25 February 2022 shares moved to T+1 in groups that are not on file", False),
    Settlement(date(2023, 1, 27), 1, "Complete on that day; Business Standard", True),
)


@dataclass(frozen=True, slots=True)
class SquareOff:
    """When a broker closes intraday positions in the cash market, exchange local time."""

    since: date
    broker: str
    at: time
    source: str
    verified: bool


_EARLIER: Final = "Before the closing auction of shares with derivatives; the minute is general knowledge"
SQUARE_OFFS: Final = (
    SquareOff(FIRST, "default", time(15, 15), "The earliest of the brokers on file", True),
    SquareOff(date(2026, 8, 3), "default", time(15, 10), _EARLIER, False),
    SquareOff(FIRST, "zerodha", time(15, 20), "Zerodha article on square-off", True),
    SquareOff(date(2026, 8, 3), "zerodha", time(15, 10), _EARLIER, False),
    SquareOff(FIRST, "fyers", time(15, 15), "FYERS square-off article: 15:15 to 15:30", True),
    SquareOff(date(2026, 8, 3), "fyers", time(15, 10), _EARLIER, False),
)

SLIDES_SINCE: Final = date(2024, 11, 18)  # the other side of an operating range moves too; FYERS notice
OPERATING_RANGE_PERCENT: Final = 10.0
FLEX_PERCENT: Final = 5.0


@dataclass(frozen=True, slots=True)
class Lot:
    """Contract lot of an index by the first expiry it holds for; stocks' lots are not on file."""

    underlying: str
    since: date
    lot: int
    source: str
    verified: bool = True


LOTS: Final = (
    Lot("NIFTY50", date(2021, 1, 1), 50, "75 before some day of 2021, general knowledge", False),
    Lot("NIFTY50", date(2024, 5, 2), 25, "Zerodha bulletin 375282"),
    Lot("NIFTY50", date(2024, 11, 20), 75, "Business Standard, October 2024"),
    Lot("NIFTY50", date(2026, 1, 1), 65, "NDTV Profit, October 2025"),
    Lot("NIFTYBANK", date(2019, 1, 1), 25, "Mint, April 2023", False),
    Lot("NIFTYBANK", date(2023, 7, 1), 15, "Mint, April 2023"),
    Lot("NIFTYBANK", date(2024, 11, 20), 30, "Business Standard, October 2024"),
    Lot("NIFTYBANK", date(2025, 7, 1), 35, "Business Standard, March 2025"),
    Lot("NIFTYBANK", date(2026, 1, 1), 30, "Business Standard, 31 December 2025"),
)

_Dated = TypeVar("_Dated", TickRule, Settlement, SquareOff, Lot)
ProductName = Literal["CNC", "MIS", "FUT"]


def in_force(rows: Sequence[_Dated], day: date) -> _Dated:
    """The last row that began on or before a day. ValueError: none had."""
    found = [row for row in rows if row.since <= day]
    if not found:
        raise ValueError(f"no rule is known on {day}")
    return max(found, key=lambda row: row.since)


def index_lot(underlying: str, expiry: date) -> int | None:
    """Contract lot of an index for an expiry; None where it is not known, and for every stock."""
    rows = [row for row in LOTS if row.underlying == underlying and row.since <= expiry]
    return max(rows, key=lambda row: row.since).lot if rows else None


def settlement_sessions(day: date) -> int:
    """Sessions until shares and money of a trade arrive."""
    return in_force(SETTLEMENT, day).sessions


def square_off_time(broker: str, day: date) -> SquareOff:
    """When a broker closes intraday positions; a broker without a row has the default."""
    rows = [row for row in SQUARE_OFFS if row.broker == broker] or [
        row for row in SQUARE_OFFS if row.broker == "default"
    ]
    return in_force(rows, day)


def breaker_levels(previous_close: float) -> dict[float, float]:
    """Points an index may move before trading halts, by percent: to the nearest tick, halves up."""
    return {
        percent: round(int(previous_close * percent / 100.0 / INDEX_TICK + 0.5 + 1e-9) * INDEX_TICK, 2)
        for percent in BREAKER_PERCENTS
    }


def breaker_halt(percent: float, at: time) -> Breaker | None:
    """What a move that large does at a time of day; None below the first level."""
    reached = [level for level in BREAKER_PERCENTS if abs(percent) >= level]
    if not reached:
        return None
    return next(row for row in BREAKERS if row.percent == reached[-1] and at < row.before)


def operating_range(base: float, day: date, flexes: Sequence[Literal["up", "down"]] = ()) -> tuple[float, float]:
    """Range of a security with derivatives after it was flexed, rupees, before rounding to the tick."""
    low, high = 100.0 - OPERATING_RANGE_PERCENT, 100.0 + OPERATING_RANGE_PERCENT
    for way in flexes:
        by = FLEX_PERCENT if way == "up" else -FLEX_PERCENT
        if way == "up" or day >= SLIDES_SINCE:
            high += by
        if way == "down" or day >= SLIDES_SINCE:
            low += by
    return base * low / 100.0, base * high / 100.0


def may_short(product: ProductName, trade_for_trade: bool) -> bool:
    """Whether a product may be sold before it is bought: intraday where trades net, and futures; never delivery."""
    return product == "FUT" or (product == "MIS" and not trade_for_trade)
