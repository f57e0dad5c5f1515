"""A security that goes on under another symbol, where no list names the change. Pure.

A scheme that changes the capital ends one ISIN, and with it the symbol; weeks later the new shares are listed under
another symbol and the next ISIN. The issuer's part of the ISIN stays: `INE663A` of `INE663A01017` is country, kind of
issuer (E, a company) and issuer; `01` are its ordinary shares, then follow a serial number and a check digit. Partly
paid shares and those with other voting rights begin with `IN9`, preference shares and rights are other types than `01`,
funds are `INF`.

Two chains are taken for one security where all of it holds: both are ordinary shares of one company, which has no third
chain and never two at once; the serial number has gone up; and the exchange gives the last close of the old symbol as
the previous close of the new one, whose first open lies within a day's widest band of it. What lacks but the last is
told.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from app.services.importing.identity import Chain

LONGEST: Final = timedelta(days=400)  # between the last day of the one and the first of the other
WIDEST_BAND: Final = 0.20
_PAISA: Final = 0.005


@dataclass(frozen=True, slots=True)
class Close:
    """A bar at either end: its close, and of the first one what the exchange gave as previous close, and the open."""

    close: float
    previous: float | None
    open: float


@dataclass(frozen=True, slots=True)
class Succession:
    """Two chains of one company's ordinary shares, one after the other."""

    old: Chain
    new: Chain
    old_isin: str
    new_isin: str

    @property
    def old_end(self) -> tuple[str, date]:
        """Symbol and last day of the old one."""
        last = self.old.segments[-1]
        return last.symbol, last.last

    @property
    def new_begin(self) -> tuple[str, date]:
        """Symbol and first day of the new one."""
        first = self.new.segments[0]
        return first.symbol, first.first

    @property
    def symbols(self) -> tuple[str, str]:
        """The two symbols."""
        return self.old_end[0], self.new_begin[0]


@dataclass(frozen=True, slots=True)
class Judged:
    """A succession and why it is joined, or why not."""

    pair: Succession
    joined: bool
    why: str


def ordinary_issuer(isin: str) -> str | None:
    """The issuer of a company's ordinary shares; None for whatever else has an ISIN."""
    return isin[:7] if isin.startswith("INE") and len(isin) == 12 and isin[7:9] == "01" else None


def successions(chains: Sequence[Chain]) -> list[Succession]:
    """Chains that may be one security, by symbols. A company with a third chain, or two at once, is left out."""
    of_issuer: dict[str, list[tuple[Chain, str, str]]] = defaultdict(list)
    for chain in chains:
        isins = [seen.isin for segment in chain.segments for seen in segment.isins]
        issuers = {ordinary_issuer(isin) for isin in isins}
        for issuer in issuers - {None}:
            assert issuer is not None
            # one with an ISIN of anything else besides is no plain case; it still counts as another of the company
            own = [isin for isin in isins if ordinary_issuer(isin) == issuer]
            of_issuer[issuer].append((chain, own[0], own[-1]))
    found = []
    for issuer in sorted(of_issuer):
        group = sorted(of_issuer[issuer], key=lambda one: (one[0].segments[0].first, one[0].key))
        if len(group) != 2:
            continue
        (old, _, old_isin), (new, new_isin, _) = group
        last, first = old.segments[-1].last, new.segments[0].first
        if timedelta(0) < first - last <= LONGEST and old_isin[9:11] < new_isin[9:11]:
            found.append(Succession(old, new, old_isin, new_isin))
    return sorted(found, key=lambda pair: pair.symbols)


def judged(
    pairs: Sequence[Succession],
    ends: Mapping[tuple[str, date], Close],
    separate: Collection[tuple[str, str]] = (),
) -> list[Judged]:
    """What becomes of each; `ends` are the bars at both ends by symbol and day, `separate` what a person told apart."""
    return [Judged(pair, *_judge(pair, ends, separate)) for pair in pairs]


def _judge(
    pair: Succession, ends: Mapping[tuple[str, date], Close], separate: Collection[tuple[str, str]]
) -> tuple[bool, str]:
    if pair.symbols in separate:
        return False, "a person said that they are two"
    last, first = ends.get(pair.old_end), ends.get(pair.new_begin)
    if last is None or first is None or first.previous is None:
        return False, "no previous close is known of its first day"
    if abs(first.previous - last.close) > _PAISA:
        return False, f"its first previous close is {first.previous:.2f}, not the last close {last.close:.2f}"
    if not 1 - WIDEST_BAND <= first.open / last.close <= 1 + WIDEST_BAND:
        return False, f"it opened at {first.open:.2f} after {last.close:.2f}, which nothing explains"
    return True, f"the exchange gives its last close, {last.close:.2f}, as the previous close, and it opened near that"


def with_joins(chains: Sequence[Chain], found: Sequence[Judged]) -> list[Chain]:
    """The chains, the joined ones as one each, by key."""
    after: dict[int, Chain] = {}
    gone: set[int] = set()
    for one in found:  # one follower and one predecessor each, where a company went by two issuers' codes
        if one.joined and id(one.pair.old) not in after and id(one.pair.new) not in gone:
            after[id(one.pair.old)] = one.pair.new
            gone.add(id(one.pair.new))
    whole = []
    for chain in chains:
        if id(chain) in gone:
            continue
        segments, last = list(chain.segments), chain
        while (following := after.get(id(last))) is not None:
            segments += following.segments
            last = following
        whole.append(Chain(segments))
    return sorted(whole, key=lambda chain: chain.key)


def shared_issuers(isins: Sequence[tuple[int, str]]) -> set[int]:
    """Instruments, of (instrument, ISIN), whose company's ordinary shares another instrument is, too."""
    holders: dict[str, set[int]] = defaultdict(set)
    for instrument, isin in isins:
        issuer = ordinary_issuer(isin)
        if issuer is not None:
            holders[issuer].add(instrument)
    return set(itertools.chain.from_iterable(group for group in holders.values() if len(group) > 1))
