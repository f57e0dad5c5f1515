"""One index through time, ready to be asked: who belonged on a day under which name, and how sure that is. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.services.importing.membership import HISTORY, size_of

_DAY = timedelta(days=1)
_NEVER = date.max
NEAR_SESSIONS = 10  # a member has prices where it has a bar in so many stored sessions up to the day
NEAR_DAYS = 21  # and in so many days
D1 = NDArray[np.datetime64]

Dated = list[tuple[date, date | None, str]]


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of membership as stored; see `repositories.indices.detailed_spans`."""

    instrument: int
    first: date
    last: date | None
    basis: str
    after: date | None
    since: date | None
    source: str | None
    key: str
    current_symbol: str
    first_session: date | None
    last_session: date | None
    priced: tuple[tuple[date, date], ...] = ()  # days with a bar shortly before them, see `priced_days`

    def has(self, day: date) -> bool:
        """Whether the day lies inside."""
        return self.first <= day and (self.last is None or day <= self.last)

    def may_have_left(self, day: date) -> bool:
        """Whether it is counted on a day on which it may have left already."""
        return self.since is not None and self.since < day and self.has(day)

    def may_have_entered(self, day: date) -> bool:
        """Whether it is not counted yet on a day on which it may have been a member already."""
        return self.after is not None and self.after < day < self.first


@dataclass(frozen=True, slots=True)
class Names:
    """Dated symbols, company names and ISINs of instruments, oldest first."""

    symbols: Mapping[int, Dated]
    names: Mapping[int, Dated]
    isins: Mapping[int, Dated]


class IndexBook:
    """The members of one index at any date. Building it takes milliseconds, a question microseconds.

    Parameters
    ----------
    stretches : all that is stored, in any order.
    names : of every instrument among them.
    evidence_days : days of lists; with the dates of the stretches they say how far the evidence goes.
    """

    def __init__(
        self, index: str, name: str, stretches: Iterable[Stretch], names: Names, evidence_days: Sequence[date] = ()
    ) -> None:
        self.index = index
        self.name = name
        self.size = size_of(index)
        self.stretches = sorted(stretches, key=lambda one: (one.first, one.instrument))
        known = [*evidence_days]
        known += [one.first for one in self.stretches]
        known += [one.last for one in self.stretches if one.last is not None and one.basis == HISTORY]
        self.first = min((one.first for one in self.stretches), default=None)
        self.evidence_until = max(known, default=None)
        self._rows: list[dict[str, Any]] = []
        lows: list[int] = []
        highs: list[int] = []
        for one in self.stretches:
            for low, high, row in _rows_of(one, names):
                self._rows.append(row)
                lows.append(low.toordinal())
                highs.append(high.toordinal())
        order = sorted(range(len(self._rows)), key=lambda n: (self._rows[n]["symbol"], lows[n]))
        self._rows = [self._rows[n] for n in order]
        self._low = np.array([lows[n] for n in order], dtype=np.int64)
        self._high = np.array([highs[n] for n in order], dtype=np.int64)
        self._unsure = [one for one in self.stretches if one.after is not None or one.since is not None]
        self._counts = _counts(self.stretches)
        self._changes = [day for day, _ in self._counts]

    def rows(self, day: date) -> list[dict[str, Any]]:
        """The members of a day, by symbol; shared, so not to be changed."""
        number = day.toordinal()
        found = np.flatnonzero((self._low <= number) & (number <= self._high)).tolist()
        return [self._rows[n] for n in found]

    def count(self, day: date) -> int:
        """How many belong on a day."""
        place = bisect_right(self._changes, day) - 1
        return self._counts[place][1] if place >= 0 else 0

    def gap(self, day: date) -> tuple[int, date, date | None] | None:
        """(members missing to the size in the index's name, first day, last day) of the lack around a day, or None.

        The number is that of the day; the days are those of the whole stretch with too few. A last day of None is open.
        """
        place = bisect_right(self._changes, day) - 1
        if self.size is None or place < 0 or self._counts[place][1] >= self.size:
            return None
        low = high = place
        while low > 0 and self._counts[low - 1][1] < self.size:
            low -= 1
        while high + 1 < len(self._counts) and self._counts[high + 1][1] < self.size:
            high += 1
        last = self._counts[high + 1][0] - _DAY if high + 1 < len(self._counts) else None
        return self.size - self._counts[place][1], self._counts[low][0], last

    def gaps(self, start: date, end: date) -> list[tuple[int, date, date]]:
        """(members missing at most, first day, last day) of each lack that touches a period, cut to it."""
        found: list[tuple[int, date, date]] = []
        if self.size is None:
            return found
        for n, (day, count) in enumerate(self._counts):
            last = self._counts[n + 1][0] - _DAY if n + 1 < len(self._counts) else _NEVER
            if count >= self.size or last < start or day > end:
                continue
            first, last = max(day, start), min(last, end)
            if found and found[-1][2] + _DAY == first:
                found[-1] = (max(found[-1][0], self.size - count), found[-1][1], last)
            else:
                found.append((self.size - count, first, last))
        return found

    def unsure(self, day: date) -> tuple[int, int]:
        """(members that may have left already, others that may have entered already) on a day."""
        return (
            sum(one.may_have_left(day) for one in self._unsure),
            sum(one.may_have_entered(day) for one in self._unsure),
        )

    def between(self, day: date) -> tuple[date, date] | None:
        """The two pieces of evidence between which the changes around a day lie, or None when there are none."""
        edges = [(one.since, one.last + _DAY) for one in self._unsure if one.may_have_left(day) and one.last]
        edges += [(one.after, one.first) for one in self._unsure if one.may_have_entered(day)]
        pairs = [(low, high) for low, high in edges if low is not None]
        return (min(low for low, _ in pairs), max(high for _, high in pairs)) if pairs else None

    def doubts(self, start: date, end: date) -> list[tuple[date, date, int]]:
        """(evidence before, evidence after, members it is about) of each time without evidence that touches a period.

        In such a time it is not known on which day members came and left: somebody counted may have left already,
        somebody not counted may have come. Times that overlap are one.
        """
        edges = []
        for one in self._unsure:
            if one.since is not None and one.last is not None and max(start, one.since + _DAY) <= min(end, one.last):
                edges.append((one.since, one.last + _DAY, one.instrument))
            if one.after is not None and max(start, one.after + _DAY) <= min(end, one.first - _DAY):
                edges.append((one.after, one.first, one.instrument))
        found: list[tuple[date, date, set[int]]] = []
        for low, high, instrument in sorted(edges):
            if found and low < found[-1][1]:
                found[-1] = (found[-1][0], max(found[-1][1], high), found[-1][2] | {instrument})
            else:
                found.append((low, high, {instrument}))
        return [(low, high, len(about)) for low, high, about in found]

    @property
    def today(self) -> set[int]:
        """Instruments of the newest known list."""
        return {one.instrument for one in self.stretches if one.last is None}


def _at(spans: Dated, day: date) -> tuple[str | None, bool]:
    """The value of a day, else the nearest; whether it is that of the day."""
    if not spans:
        return None, False
    place = bisect_right(spans, day, key=lambda span: span[0]) - 1
    if place < 0:
        return spans[0][2], False
    last = spans[place][1]
    return spans[place][2], last is None or day <= last


def _rows_of(one: Stretch, names: Names) -> Iterable[tuple[date, date, dict[str, Any]]]:
    """(first day, last day, row) of the parts of a stretch in which nothing about the instrument changes."""
    tables = [table.get(one.instrument, []) for table in (names.symbols, names.names, names.isins)]
    end = one.last or _NEVER
    cuts = {one.first}
    cuts |= {first for spans in tables for first, _, _ in spans}
    cuts |= {last + _DAY for spans in tables for _, last, _ in spans if last is not None}
    cuts |= {first for first, _ in one.priced}
    cuts |= {last + _DAY for _, last in one.priced if last != _NEVER}
    starts = sorted(cut for cut in cuts if one.first <= cut <= end)
    for start, following in zip(starts, [*starts[1:], None], strict=True):
        symbol, _ = _at(tables[0], start)
        name, _ = _at(tables[1], start)
        isin, seen = _at(tables[2], start)
        traded = any(first <= start <= last for first, last in one.priced)
        yield (
            start,
            end if following is None else following - _DAY,
            {
                "symbol": symbol or one.current_symbol,
                "name": name,
                "isin": isin,
                "isin_seen": seen,
                "uncertain": _uncertain(symbol or one.current_symbol, tables[0], start),
                "effective_from": one.first,
                "effective_to": one.last,
                "basis": one.basis,
                "source": one.source,
                "entered_after": one.after,
                "left_since": one.since,
                "instrument": one.key,
                "symbol_today": one.current_symbol,
                "has_prices": traded,
                "first_session": one.first_session,
                "last_session": one.last_session,
            },
        )


def _uncertain(symbol: str, spans: Dated, day: date) -> str | None:
    """Why a member's symbol cannot be that of the day, or None: nothing tells what it was before its first symbol."""
    if not spans or day >= spans[0][0]:
        return None
    return (
        f"{symbol} is its symbol from {spans[0][0]} on, the first day it is on file: on the day asked for it had "
        "another symbol or was not listed yet."
    )


def priced_days(days: D1, traded: NDArray[np.bool_]) -> tuple[tuple[date, date], ...]:
    """The days, in stretches of (first, last), on which an instrument has prices: those with a bar near before them.

    A bar counts on its own session and for the nine stored sessions after it, but no longer than 21 days, so that a
    hole in the data does not stretch it. What has a bar in the last ten stored sessions has prices on every day
    after, too: nothing there is to be had of anybody.

    Parameters
    ----------
    days : stored sessions, ascending, [T].
    traded : whether the instrument has a close in each, [T].
    """
    bars = np.flatnonzero(traded)
    if not len(bars):
        return ()
    after = bars + NEAR_SESSIONS
    stops = np.minimum(days[np.minimum(after, len(days) - 1)] - 1, days[bars] + NEAR_DAYS)
    breaks = np.flatnonzero(days[bars[1:]] > stops[:-1] + 1)
    firsts = days[bars[np.concatenate([[0], breaks + 1])]].astype(object).tolist()
    lasts = stops[np.concatenate([breaks, [len(bars) - 1]])].astype(object).tolist()
    if after[-1] >= len(days):
        lasts[-1] = _NEVER
    return tuple(zip(firsts, lasts, strict=True))


def _counts(stretches: Iterable[Stretch]) -> list[tuple[date, int]]:
    """How many members from which day on; each stretch of an instrument counts once."""
    steps: dict[date, int] = defaultdict(int)
    for one in stretches:
        steps[one.first] += 1
        if one.last is not None:
            steps[one.last + _DAY] -= 1
    found: list[tuple[date, int]] = []
    count = 0
    for day in sorted(steps):
        count += steps[day]
        if steps[day]:
            found.append((day, count))
    return found
