"""What a reader of a run must know of its data, in words: what is missing, closed or not listed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from app.engines import calendar
from app.engines.backtest.words import NAMED
from app.models import AdjustmentFactor

_DAY, _WHILE = timedelta(1), timedelta(10)  # in so many days there is a session


def missing(
    days: Sequence[date],
    start: date,
    end: date,
    without_prices: int,
    had_warm_up: int,
    warm_up: int,
    timeframe: str = "1d",
) -> tuple[str, ...]:
    """In words: sessions of the exchange that the data lacks, members without prices, warm-up that is short."""
    notes = []
    held = set(days)
    until = min(end, days[-1])  # by the data and not by today's date: tomorrow the same run has the same bytes
    lacking = [day for day in calendar.sessions(start, until) if day not in held]
    if lacking:
        widest = max(pairwise(days), key=lambda pair: pair[1] - pair[0], default=(days[0], days[0]))
        notes.append(
            f"{len(lacking)} of {len(held) + len(lacking)} sessions of the exchange between {start} and {until} are "
            f"not in the data, the first on {lacking[0]}; the widest hole is from {widest[0]} to {widest[1]}. "
            "Orders wait across a hole, and a year counts by the sessions that are there."
        )
    if calendar.sessions(days[-1] + _DAY, min(end, days[-1] + _WHILE)):
        notes.append(f"The data end on {days[-1]}, before the end that was asked for, {end}.")
    if without_prices:
        notes.append(f"{without_prices} members of the universe have no prices in the data and were never traded.")
    if had_warm_up < warm_up:
        unit = "sessions" if timeframe == "1d" else f"{timeframe} bars"
        notes.append(f"The data begin {had_warm_up} {unit} before the start; the indicators need {warm_up}.")
    return tuple(notes)


def company_figures(read: bool, dated: str) -> Iterator[str]:
    """In words: how the company figures that were read are dated."""
    if read:
        yield f"Company figures are those known at the end of each day. {dated}."


def known_for(beside: Iterable[tuple[str, int, date | None]], measured: int) -> Iterator[str]:
    """In words: of how many sessions the members and marks that were read are on file, where not of all."""
    for name, told, first in beside:
        if told < measured:
            since = "" if first is None else f", the first of them {first}"
            yield (
                f"{name.partition('.')[2]} is on file for {told} of {measured} sessions{since}; on the others it is "
                "unknown, and a condition that needs it does not match."
            )


def never_traded(symbols: Sequence[str]) -> Iterator[str]:
    """In words: what belongs to the universe and has no price at all in the measured period."""
    if symbols:
        more = f" and {len(symbols) - NAMED} more" if len(symbols) > NAMED else ""
        yield f"Without any price in this period, and never traded: {', '.join(sorted(symbols)[:NAMED])}{more}."


def in_quarantine(closed: Mapping[str, date], strict: bool) -> Iterator[str]:
    """In words: which instruments are closed to the run, and from when."""
    if not closed:
        return
    named = [f"{symbol} from {day}" for symbol, day in sorted(closed.items())[:NAMED]]
    more = f" and {len(closed) - NAMED} more" if len(closed) > NAMED else ""
    also = ", or by an action that only became known later" if strict else ""
    yield (
        f"QUARANTINED, not bought from that day on: {', '.join(named)}{more}. A move of the price is explained by no "
        f"corporate action on file{also}, and nobody has accepted or dismissed it; what is held over it is valued at "
        "its last price before, and paid no dividend: how many shares it became is not known."
    )


def inferred(used: Sequence[tuple[str, AdjustmentFactor]]) -> Iterator[str]:
    """In words: the factors of the slice that no source lists."""
    for tier, words in (("INFERRED", "inferred from prices and other evidence"), ("ACCEPTED", "decided by a person")):
        named = sorted(f"{symbol} {row.ex_date} ×{row.factor:g}" for symbol, row in used if row.tier == tier)
        if named:
            more = f" and {len(named) - NAMED} more" if len(named) > NAMED else ""
            yield f"{tier} corporate actions, {words}: {', '.join(named[:NAMED])}{more}."


def made_up(sample: bool) -> Iterator[str]:
    """In words: that the market is the generated one."""
    if sample:
        yield "SAMPLE: a generated market of fictional companies. Nothing in it happened; no result can be traded on."


def dismissed(decided: Sequence[tuple[str, date]]) -> Iterator[str]:
    """In words: actions and moves that a person dismissed, by symbol and session."""
    named = sorted(f"{symbol} {session}" for symbol, session in decided)
    if named:
        more = f" and {len(named) - NAMED} more" if len(named) > NAMED else ""
        yield (
            f"DISMISSED, decided by a person: {', '.join(named[:NAMED])}{more}. Prices are not adjusted there: a "
            "change of the price on that day counts as gain or loss of whoever held."
        )


def dividends_on_file(instruments: int, paying: int) -> Iterator[str]:
    """In words: for how many instruments of a slice a dividend in its period is on file; the others seem to pay none.

    Nothing outside of the period is looked at: what is filed later must not change what a run says.
    """
    if not paying:
        yield "No dividend of these instruments is on file in this period: none is paid to what is held."
    elif paying < instruments:
        yield (
            f"Dividends in this period are on file for {paying} of {instruments} instruments. The others are taken to "
            "pay none, which makes holding them look worse where they did."
        )


def unadjusted(listed: Sequence[tuple[str, Any]]) -> Iterator[str]:
    """In words: rights and demergers that a source names and prices are not adjusted for."""
    named = sorted(f"{symbol} {row.ex_date} ({row.purpose})" for symbol, row in listed)
    if named:
        more = f" and {len(named) - NAMED} more" if len(named) > NAMED else ""
        yield (
            f"NOT ADJUSTED, the exchange's own factor is not on file: {', '.join(named[:NAMED])}{more}. The fall "
            "of the price on that day counts as a loss of whoever held; set a factor to change that."
        )
