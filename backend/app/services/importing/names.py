"""What a chain is called and what it is: dated symbols, names and ISINs, type, sector. Pure."""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

from app.services.importing.identity import Chain

_DAY = timedelta(days=1)
_TYPE_OF_SERIES = {
    "EQ": "EQUITY", "BE": "EQUITY", "BZ": "EQUITY", "T0": "EQUITY", "SM": "SME", "ST": "SME", "SZ": "SME",
    "RR": "REIT", "IV": "INVIT", "ID": "INVIT",
}  # fmt: skip
RIGHTS: Final = "RIGHTS"
_RIGHTS_SYMBOL: Final = re.compile(r".+-RE\d*")  # KEEPLN-RE, AJOONI-RE1
_SHARE_CODE, _RIGHTS_CODE = "01", "20"  # 8th and 9th of an ISIN: its type of security


@dataclass(frozen=True, slots=True)
class Listing:
    """A line of a master list."""

    symbol: str
    name: str | None
    instrument_type: str
    isin: str | None
    listed_on: date | None
    as_of: date | None


@dataclass(slots=True)
class Masters:
    """Evidence about names, by symbol."""

    listings: dict[str, list[Listing]] = field(default_factory=lambda: defaultdict(list))  # newest list first
    renames: dict[str, list[tuple[date, str, str]]] = field(default_factory=lambda: defaultdict(list))  # oldest first
    company_names: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))  # newest list last
    sectors: dict[str, str] = field(default_factory=dict)
    dated_isins: dict[str, list[tuple[date, str]]] = field(default_factory=lambda: defaultdict(list))  # oldest first


@dataclass(slots=True)
class Described:
    """A chain's row of `instruments` and its dated names."""

    row: dict[str, Any]
    symbols: list[tuple[date, date | None, str]]
    names: list[tuple[date, date | None, str]]
    isins: list[tuple[date, date | None, str]]


def describe(chain: Chain, masters: Masters, reused_after: Mapping[int, date]) -> Described:
    """Everything about a chain that is stored.

    `reused_after` gives, by position of a segment's id, the day another security took its symbol.
    """
    segments = chain.segments
    last = segments[-1]
    symbols: list[tuple[date, date | None, str]] = []
    for before, after in zip(segments, [*segments[1:], None], strict=True):
        until = after.first - _DAY if after is not None else reused_after.get(id(before))
        symbols.append((before.first, until, before.symbol))
    isins = _isin_spans(chain, masters, reused_after)
    listing = _listing_of(chain, masters, isins)
    names = _name_spans(chain, masters, listing)
    sector = next((masters.sectors[one.symbol] for one in reversed(segments) if one.symbol in masters.sectors), None)
    current = next(iter(reversed(isins)), None)
    return Described(
        row={
            "key": chain.key,
            "symbol": last.symbol,
            "name": names[-1][2] if names else None,
            "sector": sector if id(last) not in reused_after else None,
            "isin": current[2] if current else (listing.isin if listing else None),
            "instrument_type": (
                RIGHTS
                if is_entitlement(last.symbol, [isin for _, _, isin in isins])
                else _instrument_type(last.runs[-1].last_series, listing)
            ),
            "first_session": segments[0].first,
            "last_session": last.last,
            "listed_on": listing.listed_on if listing else None,
        },
        symbols=symbols,
        names=names,
        isins=isins,
    )


def is_entitlement(symbol: str, isins: Sequence[str]) -> bool:
    """Whether a security is a rights entitlement: traded for days in a share's series, and no share.

    The ISIN decides; where no file gives one, the exchange's symbol for it does.
    """
    code = isins[-1][7:9] if isins else None
    return code == _RIGHTS_CODE or (code != _SHARE_CODE and _RIGHTS_SYMBOL.fullmatch(symbol) is not None)


def _instrument_type(series: str, listing: Listing | None) -> str:
    """By the last series it traded in; a list knows which of the normal series are funds."""
    by_series = _TYPE_OF_SERIES.get(series, "OTHER")
    if by_series == "EQUITY" and listing is not None and listing.instrument_type in {"ETF", "INVIT", "REIT"}:
        return listing.instrument_type
    return by_series


def _isin_spans(
    chain: Chain, masters: Masters, reused_after: Mapping[int, date]
) -> list[tuple[date, date | None, str]]:
    """ISINs in the order they were first seen, in prices or a dated list; each lasts until the next is seen."""
    first_seen: dict[str, date] = {}
    for segment in chain.segments:
        for seen in segment.isins:
            first_seen[seen.isin] = min(seen.first, first_seen.get(seen.isin, seen.first))
    for day, isin in _listed_isins(chain, masters, reused_after):
        first_seen[isin] = min(day, first_seen.get(isin, day))
    ordered = sorted((first, isin) for isin, first in first_seen.items())
    spans: list[tuple[date, date | None, str]] = []
    for position, (first, isin) in enumerate(ordered):
        following = ordered[position + 1][0] if position + 1 < len(ordered) else None
        if following == first:  # two on one day: only the last in order can be dated
            continue
        spans.append((first, following - _DAY if following else None, isin))
    return spans


def _listed_isins(chain: Chain, masters: Masters, reused_after: Mapping[int, date]) -> Iterator[tuple[date, str]]:
    """(day, ISIN) of dated lists that can be this security's: of its symbol's days, of its issuer, against no price."""
    seen = [one for segment in chain.segments for one in segment.isins]
    issuers = {one.isin[:7] for one in seen}
    held: dict[str, tuple[date, date]] = {}
    for one in seen:  # from the first to the last price with it, whatever runs the prices are grouped into
        first, last = held.get(one.isin, (one.first, one.last))
        held[one.isin] = min(first, one.first), max(last, one.last)
    for segment, after in itertools.zip_longest(chain.segments, chain.segments[1:]):
        until = after.first - _DAY if after is not None else reused_after.get(id(segment), date.max)
        for day, isin in masters.dated_isins.get(segment.symbol, ()):
            fits = segment.first <= day <= until and (not issuers or isin[:7] in issuers)
            if fits and not any(other != isin and first <= day <= last for other, (first, last) in held.items()):
                yield day, isin


def _listing_of(chain: Chain, masters: Masters, isins: Sequence[tuple[date, date | None, str]]) -> Listing | None:
    """The newest list's line about the chain's last symbol; of an earlier holder of that symbol it tells nothing."""
    last = chain.segments[-1]
    known = {isin for _, _, isin in isins}
    for listing in masters.listings.get(last.symbol, ()):
        if listing.listed_on is not None and listing.listed_on > last.last + _DAY:
            continue  # listed after this security was last seen: another one
        if listing.isin is not None and known and not any(isin[:7] == listing.isin[:7] for isin in known):
            continue
        return listing
    return None


def _name_spans(chain: Chain, masters: Masters, listing: Listing | None) -> list[tuple[date, date | None, str]]:
    first, last = chain.segments[0].first, chain.segments[-1].last
    current = listing.name if listing is not None and listing.name else None
    events: dict[date, tuple[str, str]] = {}
    for segment in chain.segments:
        for on, old, new in masters.renames.get(segment.symbol, ()):
            if first < on <= last:
                events[on] = (old, new)
    if current is None:
        for segment in reversed(chain.segments):
            known = masters.company_names.get(segment.symbol)
            if known:
                current = known[-1]
                break
    days = sorted(events)
    if not days:
        return [(first, None, current)] if current else []
    spans: list[tuple[date, date | None, str]] = [(first, days[0] - _DAY, events[days[0]][0])]
    for position, on in enumerate(days):
        following = days[position + 1] if position + 1 < len(days) else None
        name = events[on][1] if following is not None or current is None else current
        spans.append((on, following - _DAY if following else None, name))
    return spans


def reused(chains: Iterable[Chain]) -> dict[int, date]:
    """Last days of segments, by `id`, whose symbol a later segment of another chain took over."""
    by_symbol: dict[str, list[Any]] = defaultdict(list)
    for chain in chains:
        for segment in chain.segments:
            by_symbol[segment.symbol].append(segment)
    found = {}
    for segments in by_symbol.values():
        ordered = sorted(segments, key=lambda segment: segment.first)
        for before, _ in itertools.pairwise(ordered):
            found[id(before)] = before.last
    return found
