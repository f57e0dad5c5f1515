"""Who is who: chains of symbols that are one security, worked out from stored evidence alone. Pure.

The rows of a symbol fall into runs: stretches without a long pause, cut also at every listed date of a symbol change.
Runs of one symbol are one segment unless something says that the symbol was given to another company in between.
Segments of different symbols are joined by dated symbol changes, by undated ones where the rows fit, and by an ISIN
that goes on under another symbol. A chain's key is a hash of its earliest (symbol, first session), so it depends on no
order of import.
"""

from __future__ import annotations

import hashlib
import itertools
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import polars as pl

from app.services.importing.resolver import LIST_TOLERANCE, Change

PAUSE = timedelta(days=30)  # a longer one ends a run
_UNDATED_GAP = timedelta(days=30)  # between two names, where a list gives no date


@dataclass(frozen=True, slots=True)
class IsinSeen:
    """An ISIN with the first and last day it was seen."""

    isin: str
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of trading of one symbol."""

    symbol: str
    first: date
    last: date
    isins: tuple[IsinSeen, ...] = ()  # by first day
    last_series: str = "EQ"


@dataclass(slots=True, eq=False)
class Segment:
    """Runs of one symbol that are one security."""

    runs: list[Run]

    @property
    def symbol(self) -> str:
        return self.runs[0].symbol

    @property
    def first(self) -> date:
        return self.runs[0].first

    @property
    def last(self) -> date:
        return self.runs[-1].last

    @property
    def isins(self) -> list[IsinSeen]:
        return [seen for run in self.runs for seen in run.isins]


@dataclass(slots=True)
class Chain:
    """One security through its names, oldest first."""

    segments: list[Segment] = field(default_factory=list)

    @property
    def key(self) -> str:
        """16 hex digits; a pure function of the earliest symbol and session."""
        first = self.segments[0]
        return instrument_key(first.symbol, first.first)


def instrument_key(symbol: str, first_session: date) -> str:
    """First 16 hex digits of SHA-256 of `symbol|first session`."""
    return hashlib.sha256(f"{symbol}|{first_session.isoformat()}".encode()).hexdigest()[:16]


def cuts_of(changes: Iterable[Change]) -> dict[str, list[date]]:
    """The days at which a symbol's runs are cut: those of its listed changes."""
    cuts: dict[str, set[date]] = defaultdict(set)
    for old, new, on in changes:
        if on is not None:
            cuts[old].add(on)
            cuts[new].add(on)
    return {symbol: sorted(days) for symbol, days in cuts.items()}


def runs_of(rows: pl.DataFrame) -> tuple[list[Run], pl.DataFrame]:
    """Runs, and the rows with the position of their run, from grouped rows.

    `rows` has symbol, series, isin, cut (how many of the symbol's cuts are passed), first and last day of the group.
    """
    ordered = rows.sort("symbol", "first", "last", "series", "isin")
    until = pl.col("last").cum_max().over("symbol").shift()
    ordered = ordered.with_columns(
        (
            (pl.col("symbol") != pl.col("symbol").shift())
            | (pl.col("first") - until > PAUSE)
            | (pl.col("cut") != pl.col("cut").shift())
        )
        .fill_null(True)
        .cum_sum()
        .cast(pl.Int32)
        .alias("run")
        - 1
    )
    seen: dict[int, list[IsinSeen]] = defaultdict(list)
    isins = (
        ordered.filter(pl.col("isin").is_not_null())
        .group_by("run", "isin")
        .agg(pl.col("first").min(), pl.col("last").max())
        .sort("run", "first", "isin")
    )
    for run, isin, first, last in isins.rows():
        seen[run].append(IsinSeen(isin, first, last))
    stretches = ordered.group_by("run", maintain_order=True).agg(
        pl.col("symbol").first(),
        pl.col("first").min(),
        pl.col("last").max(),
        pl.col("series").sort_by("last", "series").last(),
    )
    runs = [Run(symbol, first, last, tuple(seen[run]), series) for run, symbol, first, last, series in stretches.rows()]
    return runs, ordered


def chains(
    runs: Sequence[Run],
    changes: Iterable[Change],
    listings: Mapping[str, Sequence[date]] | None = None,
    listed_isins: Mapping[tuple[str, date], Collection[str]] | None = None,
) -> list[Chain]:
    """Chains of all runs, by key.

    Parameters
    ----------
    changes : (old, new, day or None), each once.
    listings : days of listing by symbol, from master lists.
    listed_isins : the ISINs that those lists give to a symbol listed on a day.
    """
    changes = sorted(set(changes), key=lambda change: (change[2] or date.max, change[0], change[1]))
    dated = [(old, new, on) for old, new, on in changes if on is not None]
    by_symbol: dict[str, list[Run]] = defaultdict(list)
    for run in sorted(runs, key=lambda run: (run.symbol, run.first)):
        by_symbol[run.symbol].append(run)
    book = _Book(by_symbol, dated, listings or {}, listed_isins or {})
    segments = {symbol: book.segments(symbol) for symbol in sorted(by_symbol)}
    links = _Links()
    _link_dated(links, segments, dated)
    _link_undated(links, segments, changes, {(old, new) for old, new, _ in dated})
    _link_isins(links, segments)
    found = []
    for symbol in sorted(segments):
        for segment in segments[symbol]:
            if not links.has_before(segment):
                chain = Chain([segment])
                while (following := links.after(chain.segments[-1])) is not None:
                    chain.segments.append(following)
                found.append(chain)
    return sorted(found, key=lambda chain: chain.key)


@dataclass(slots=True)
class _Book:
    """Runs by symbol and what the lists say about them."""

    runs: Mapping[str, Sequence[Run]]
    dated: Sequence[tuple[str, str, date]]
    listings: Mapping[str, Sequence[date]]
    listed_isins: Mapping[tuple[str, date], Collection[str]]
    leaving: dict[str, list[tuple[date, str]]] = field(default_factory=lambda: defaultdict(list))
    arriving: dict[str, list[tuple[date, str]]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        for old, new, on in self.dated:
            self.leaving[old].append((on, new))
            self.arriving[new].append((on, old))

    def segments(self, symbol: str) -> list[Segment]:
        found = [Segment([self.runs[symbol][0]])]
        for before, after in zip(self.runs[symbol], self.runs[symbol][1:], strict=False):
            if self._given_away(symbol, before, after):
                found.append(Segment([after]))
            else:
                found[-1].runs.append(after)
        return found

    def _given_away(self, symbol: str, before: Run, after: Run) -> bool:
        """Whether the symbol belongs to another security after the pause between two runs."""
        gap = after.first - before.last
        if gap <= LIST_TOLERANCE:
            return False  # goes on trading: a listed date is a few days off, or the line is wrong
        for on, new in self.leaving[symbol]:
            if (
                before.last <= on + LIST_TOLERANCE
                and after.first >= on - LIST_TOLERANCE
                and self._lives_on(new, before.last)
                # rows just before the change are the old name's own, unless the new one trades beside them
                and (after.first >= on or any(run.first <= after.last < run.last for run in self.runs.get(new, ())))
            ):
                return True
        for on, old in self.arriving[symbol]:
            if before.last < on <= after.first + LIST_TOLERANCE and any(
                run.first < on for run in self.runs.get(old, ())
            ):
                return True
        if gap <= PAUSE:
            return False
        listed = self.listings.get(symbol, ())
        if before.isins and after.isins:
            # a fund that another house took over has another issuer; its day of listing stays
            other = _issuer(before.isins[-1].isin) != _issuer(after.isins[0].isin)
            return other and not (listed and max(listed) <= before.last)
        return any(
            before.last + PAUSE < day <= after.first + LIST_TOLERANCE and not self._same_issuer(symbol, day, before)
            for day in listed
        )

    def _same_issuer(self, symbol: str, listed_on: date, before: Run) -> bool:
        """Whether what was listed on a day is what traded before: listed again, or moved here from another board."""
        isins = self.listed_isins.get((symbol, listed_on), ())
        return bool(before.isins) and any(_issuer(isin) == _issuer(before.isins[-1].isin) for isin in isins)

    def _lives_on(self, symbol: str, since: date) -> bool:
        """Whether rows exist after a day under a symbol or a later name of it."""
        seen: set[str] = set()
        open_ = [symbol]
        while open_:
            one = open_.pop()
            if one in seen:
                continue
            seen.add(one)
            if any(run.last > since for run in self.runs.get(one, ())):
                return True
            open_ += [new for _, new in self.leaving[one]]
        return False


def _issuer(isin: str) -> str:
    """Country, kind of issuer and issuer: what stays when a face value changes the rest of an ISIN."""
    return isin[:7]


class _Links:
    """Which segment follows which; each has one neighbour a side at most."""

    def __init__(self) -> None:
        self._after: dict[int, Segment] = {}
        self._before: dict[int, Segment] = {}

    def after(self, segment: Segment) -> Segment | None:
        return self._after.get(id(segment))

    def has_before(self, segment: Segment) -> bool:
        return id(segment) in self._before

    def join(self, old: Segment, new: Segment) -> None:
        if old is not new and old.last < new.first and self.after(old) is None and not self.has_before(new):
            self._after[id(old)] = new
            self._before[id(new)] = old


def _link_dated(
    links: _Links, segments: Mapping[str, Sequence[Segment]], dated: Sequence[tuple[str, str, date]]
) -> None:
    leaving: dict[str, list[tuple[date, str]]] = defaultdict(list)
    for old, new, on in dated:
        leaving[old].append((on, new))
    for old, new, on in dated:
        before = [one for one in segments.get(old, ()) if one.first <= on + LIST_TOLERANCE]
        earlier = [day for day, _ in leaving[old] if day < on - LIST_TOLERANCE]
        # rows before an earlier change of the same symbol belong to what left then
        before = [one for one in before if not earlier or one.last > max(earlier) + LIST_TOLERANCE]
        if not before:
            continue
        after = _first_after(segments, leaving, new, on, before[-1])
        if after is not None:
            links.join(before[-1], after)


def _first_after(
    segments: Mapping[str, Sequence[Segment]],
    leaving: Mapping[str, Sequence[tuple[date, str]]],
    symbol: str,
    on: date,
    before: Segment,
) -> Segment | None:
    """The first rows after a change, under the new name or, where it left no rows, under what that became."""
    seen: set[str] = set()
    while symbol not in seen:
        seen.add(symbol)
        until = min((day for day, _ in leaving.get(symbol, ()) if day >= on), default=date.max)
        for one in segments.get(symbol, ()):
            starts = one.first >= on - LIST_TOLERANCE and one.first > before.last
            if starts and (until == date.max or one.first <= until + LIST_TOLERANCE):
                return one
        following = next(((day, new) for day, new in leaving.get(symbol, ()) if day == until), None)
        if following is None:
            return None
        on, symbol = following
    return None


def _link_undated(
    links: _Links,
    segments: Mapping[str, Sequence[Segment]],
    changes: Sequence[Change],
    dated: set[tuple[str, str]],
) -> None:
    for old, new, on in changes:
        if on is not None or (old, new) in dated:
            continue
        pairs = [
            (after.first - before.last, before, after)
            for before in segments.get(old, ())
            for after in segments.get(new, ())
            if timedelta(0) < after.first - before.last <= _UNDATED_GAP
        ]
        if pairs:
            _, before, after = min(pairs, key=lambda pair: (pair[0], pair[1].first))
            links.join(before, after)


def _link_isins(links: _Links, segments: Mapping[str, Sequence[Segment]]) -> None:
    """The same ISIN under another symbol later is the same security."""
    uses: dict[str, list[Segment]] = defaultdict(list)
    for symbol in sorted(segments):
        for segment in segments[symbol]:
            for isin in sorted({seen.isin for seen in segment.isins}):
                uses[isin].append(segment)
    for isin in sorted(uses):
        users = sorted(uses[isin], key=lambda one: (one.first, one.symbol))
        for before, after in itertools.pairwise(users):
            if before.isins[-1].isin == isin == after.isins[0].isin:
                links.join(before, after)
