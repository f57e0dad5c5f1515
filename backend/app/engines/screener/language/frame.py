"""What expressions are computed on: traded bars packed into rows, each instrument's in one piece, oldest first.

An instrument that did not trade in a session has no row there: a window of n is the last n bars that traded. Where
history is missing a new segment begins. Values stand as they were published; what looks back over a corporate action
takes them in shares of the bar that looks, see `Rows.stretches`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from app.engines.bars import Bars
from app.engines.screener.language.kinds import FALSE, TRUE, UNKNOWN

F1 = NDArray[np.float64]
I1 = NDArray[np.int64]
I4 = NDArray[np.int32]
U1 = NDArray[np.uint8]
B1 = NDArray[np.bool_]
D1 = NDArray[np.datetime64]


UNCLASSIFIED: Final = "Unclassified"  # the sector of a share that no list gives one: no sector that it shares


def to_flags(numbers: F1) -> U1:
    """A number as a condition: true above zero, unknown where it is NaN."""
    return np.where(np.isnan(numbers), UNKNOWN, np.where(numbers > 0.0, TRUE, FALSE)).astype(np.uint8)


class Texts(NamedTuple):
    """Texts by row: `codes` [R] are places in `values`, -1 where unknown."""

    codes: I4
    values: Sequence[str]


class Stretches(NamedTuple):
    """Rows whose windows reach over a corporate action, with all that those see: worked out in shares of their own bar.

    Attributes
    ----------
    first, at, end : [K]: of action k the rows first … end - 1 are seen by the rows at … end - 1
    segments : [K + 1]: where each begins when they stand one after the other, and their length together
    """

    first: I1
    at: I1
    end: I1
    segments: I1


class Source(Protocol):
    """Where the values of rows come from, in the order of the rows."""

    def number(self, name: str) -> F1:
        """A stored number, [R], as known on the day of each row: prices in rupees of the bar; NaN where unknown."""

    def text(self, name: str) -> Texts:
        """A stored text."""

    def members(self, index: str) -> U1:
        """Whether each row's instrument belonged to the index that day, [R], as conditions are held."""

    def at(self, rows: I1) -> Source:
        """The values of some of the rows."""


@dataclass(frozen=True, eq=False)
class Rows:
    """R rows of N instruments over T sessions.

    Attributes
    ----------
    sessions : [T], ascending
    keys : N instrument keys, ascending
    columns, days : [R], the instrument and the session of each row
    segments : [S + 1]: the first row of each unbroken stretch, and R
    factor : [R], forward-anchored adjustment factor
    universe : [R], the stocks that are compared with each other
    source : the values
    """

    sessions: D1
    keys: tuple[str, ...]
    columns: I4
    days: I4
    segments: I1
    factor: F1
    universe: B1
    source: Source

    def __len__(self) -> int:
        return len(self.days)

    @cached_property
    def actions(self) -> I1:
        """Rows whose factor is another than that of the row before in their segment."""
        changed: I1 = np.flatnonzero(self.factor[1:] != self.factor[:-1]) + 1
        inside: I1 = changed[self.segment_starts[changed] != changed]
        return inside

    def stretches(self, reach: int | None, wanted: I1 | None = None) -> Stretches | None:
        """What windows of `reach` bars (None: all of the segment) see over corporate actions; None where nothing.

        With `wanted`, rows in ascending order of which a segment has one at most, only what the windows of those see.
        """
        at = self.actions
        if not len(at) or reach == 1:
            return None
        first, segment = self.segment_starts[at].astype(np.int64), np.searchsorted(self.segments, at, side="right")
        end = np.minimum(self.segments[segment], np.append(at[1:], len(self)))
        if wanted is not None:
            last = np.append(wanted, len(self))[np.searchsorted(wanted, at)] + 1
            held = last <= end
            first, at, end = first[held], at[held], last[held]
        if reach is not None:
            end = np.minimum(end, at + (reach - 1))
            first = np.maximum(first, at - (reach - 1))
        return Stretches(first, at, end, np.concatenate([[0], np.cumsum(end - first)]).astype(np.int64))

    @cached_property
    def by_day(self) -> tuple[I1, I1]:
        """Row numbers by session, and where each session begins among them, [T + 1]."""
        from app.engines.screener.language.kernels import by_day

        order, first = np.empty(len(self), np.int64), np.empty(len(self.sessions) + 1, np.int64)
        by_day(self.days, len(self.sessions), order, first)
        return order, first

    def at(self, day: int) -> I1:
        """The rows of one session."""
        order, first = self.by_day
        return order[first[day] : first[day + 1]]

    @cached_property
    def segment_starts(self) -> I4:
        """The first row of each row's segment, [R]."""
        lengths = np.diff(self.segments)
        return np.repeat(self.segments[:-1], lengths).astype(np.int32)

    def back_from(self, rows: I1, bars: int | None) -> tuple[Rows, I1]:
        """Of each of some rows (one an instrument) the last `bars` rows of its segment up to it, None for all of them.

        Answers the smaller frame, and where the given rows stand in it.
        """
        first = self.segment_starts[rows].astype(np.int64)
        if bars is not None:
            first = np.maximum(first, rows - (bars - 1))
        lengths = rows - first + 1
        ends = np.cumsum(lengths)
        taken = np.arange(int(ends[-1]) if len(ends) else 0) + np.repeat(first - (ends - lengths), lengths)
        segments = np.concatenate([[0], ends]).astype(np.int64)
        return self.taken(taken, segments), ends - 1

    def taken(self, rows: I1, segments: I1) -> Rows:
        """Some of the rows, in the order given, cut into segments anew."""
        return Rows(
            self.sessions,
            self.keys,
            self.columns[rows],
            self.days[rows],
            segments,
            self.factor[rows],
            self.universe[rows],
            self.source.at(rows),
        )

    def with_universe(self, universe: B1) -> Rows:
        """The same rows, compared among others."""
        return self.over(universe, self.source)

    def over(self, universe: B1, source: Source) -> Rows:
        """The same rows, compared among others, with more or less beside their prices; what was worked out is kept."""
        other = Rows(
            self.sessions,
            self.keys,
            self.columns,
            self.days,
            self.segments,
            self.factor,
            universe,
            source,
        )
        for name in ("actions", "by_day", "segment_starts"):
            other.__dict__[name] = getattr(self, name)
        return other


class Held:
    """Values that are at hand: numbers and texts by name, members by index."""

    def __init__(
        self,
        numbers: Mapping[str, F1],
        texts: Mapping[str, Texts] | None = None,
        members: Mapping[str, U1] | None = None,
    ) -> None:
        self._numbers, self._texts, self._members = numbers, texts or {}, members or {}

    def number(self, name: str) -> F1:
        """See `Source`."""
        return self._numbers[name]

    def text(self, name: str) -> Texts:
        """See `Source`."""
        return self._texts[name]

    def members(self, index: str) -> U1:
        """See `Source`."""
        return self._members[index]

    def at(self, rows: I1) -> Source:
        """See `Source`."""
        return Taken(self, rows)


def rows_of_bars(
    bars: Bars,
    numbers: Mapping[str, NDArray[np.float64]] | None = None,
    texts: Mapping[str, Sequence[str | None]] | None = None,
    members: Mapping[str, NDArray[np.float64]] | None = None,
) -> Rows:
    """The bars of a panel as rows.

    Parameters
    ----------
    bars : T sessions, N instruments; their universe is the stocks that are compared with each other
    numbers : name → [T, N], as known on each day
    texts : name → N texts, one an instrument
    members : index → [T, N], above zero where it is a member, NaN where that is not known
    """
    traded = ~np.isnan(bars.raw.close)
    columns, days = np.nonzero(traded.T)

    def taken(values: NDArray[Any]) -> NDArray[Any]:
        return values[days, columns]

    # a gap at a bar that did not trade counts for the next one that did
    missing = np.cumsum(bars.gap, axis=0)
    since = taken(missing)
    first = np.ones(len(days), dtype=np.bool_)
    first[1:] = (columns[1:] != columns[:-1]) | (since[1:] != since[:-1])
    held = {name: taken(values) for name, values in {**bars.raw._asdict(), "volume": bars.raw_volume}.items()}
    held |= {name: taken(values) for name, values in (numbers or {}).items()}
    coded = {}
    for name, values in (texts or {}).items():
        known = sorted({value for value in values if value is not None})
        codes = np.array([-1 if value is None else known.index(value) for value in values], np.int32)
        coded[name] = Texts(codes[columns], known)
    return Rows(
        bars.sessions,
        bars.keys,
        columns.astype(np.int32),
        days.astype(np.int32),
        np.append(np.flatnonzero(first), len(days)).astype(np.int64),
        taken(bars.factor),
        taken(bars.member),
        Held(held, coded, {index: to_flags(taken(values)) for index, values in (members or {}).items()}),
    )


class Taken:
    """The values of some rows, gathered when they are asked for."""

    def __init__(self, source: Source, rows: I1) -> None:
        self._source, self._rows = source, rows
        self._numbers: dict[str, F1] = {}

    def number(self, name: str) -> F1:
        """See `Source`."""
        found = self._numbers.get(name)
        if found is None:
            found = self._numbers[name] = self._source.number(name)[self._rows]
        return found

    def text(self, name: str) -> Texts:
        """See `Source`."""
        whole = self._source.text(name)
        return Texts(whole.codes[self._rows], whole.values)

    def members(self, index: str) -> U1:
        """See `Source`."""
        return self._source.members(index)[self._rows]

    def at(self, rows: I1) -> Source:
        """See `Source`."""
        return Taken(self._source, self._rows[rows])
