"""What a run may trade: an index or symbols, turned into instruments of the panel with their spans of membership."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches

import numpy as np
from sqlalchemy.orm import Session

from app.engines.bars import Bars
from app.exceptions import DataNotFoundError, ValidationError
from app.repositories.indices import IndexRepository
from app.services.index_names import canonical
from app.services.panel import Panel

_NEAR, _NEAR_ENOUGH = 5, 0.6  # names offered for one that is unknown, and how like it they must be
_LONGEST = 60

Spans = dict[str, list[tuple[date, date | None]]]


@dataclass(frozen=True)
class Universe:
    """Instrument keys, ascending, and when each belongs; `spans` None means throughout."""

    index: str | None
    symbols: tuple[str, ...]
    keys: tuple[str, ...]
    spans: Spans | None
    missing: tuple[int, ...]  # instruments that were members but have no bar in the panel


def index_id(name: str) -> str:
    """The id of an index by any of its names: `Nifty 50` is NIFTY50, BANKNIFTY is NIFTYBANK; see `index_names`."""
    return canonical(name)


def known_id(session: Session, name: str, field: str = "index") -> str:
    """The id of a stored index by any of its names; `field` is where the name was given.

    Raises
    ------
    DataNotFoundError : there is none; the message names the nearest ids and the details every known one.
    ValidationError : no text that a name could be; an empty one.
    """
    if not name.isprintable():
        raise ValidationError(f"{field}: there is no index {name[:_LONGEST]!a}", field)
    if not name.strip():
        raise ValidationError(f"{field}: the name is empty; give the id of an index, such as NIFTY50", field)
    repository = IndexRepository(session)
    wanted = index_id(name)
    if repository.exists(wanted):
        return wanted
    known = [one.id for one in repository.all()]
    near = get_close_matches(wanted, known, n=_NEAR, cutoff=_NEAR_ENOUGH)
    told = f"; did you mean {', '.join(near)}?" if near else ""
    raise DataNotFoundError(
        f"There is no index {name.strip()[:_LONGEST]}{told}",
        "index",
        wanted[:_LONGEST],
        details={"known": known, "near": near},
    )


def resolve(
    session: Session, panel: Panel, universe: str | Sequence[str], start: date, end: date, *, asof_members: bool
) -> Universe:
    """Turn a request's universe into instruments.

    Raises
    ------
    DataNotFoundError : no such index, or it has no known member in the period.
    ValidationError : a symbol that no instrument ever had; all of them are named.
    """
    if isinstance(universe, str):
        return _of_index(session, panel, known_id(session, universe, "universe"), start, end, asof_members)
    return _of_symbols(panel, universe, end)


def _of_index(session: Session, panel: Panel, index: str, start: date, end: date, asof_members: bool) -> Universe:
    repository = IndexRepository(session)
    first, last = (start, end) if asof_members else (date.max, date.max)
    members = repository.member_spans(index, first, last)
    by_id = {info.id: info.key for info in panel.instruments.values()}
    held = set(panel.keys)
    spans: Spans = {}
    missing = []
    for instrument_id, intervals in members.items():
        key = by_id.get(instrument_id)
        if key is None or key not in held:
            missing.append(instrument_id)
        else:
            spans[key] = list(intervals)
    if not spans:
        raise DataNotFoundError(f"{index} has no known member with prices between {start} and {end}", "index", index)
    return Universe(index, (), tuple(sorted(spans)), spans if asof_members else None, tuple(sorted(missing)))


def _of_symbols(panel: Panel, symbols: Sequence[str], on: date) -> Universe:
    found: dict[str, str] = {}
    unknown = []
    for symbol in dict.fromkeys(text.strip().upper() for text in symbols):
        key = find_instrument(panel, symbol, on)
        if key is None:
            unknown.append(symbol)
        elif key in found:
            raise ValidationError(f"{symbol} and {found[key]} are one company; name it once", "universe")
        else:
            found[key] = symbol
    if unknown:
        told = ", ".join(symbol or "an empty name" for symbol in unknown)
        raise ValidationError(f"Unknown symbols: {told}", "universe", details={"unknown": unknown})
    return Universe(None, tuple(sorted(found.values())), tuple(sorted(found)), None, ())


def without_quarantined(panel: Panel, bars: Bars, more: Mapping[str, date]) -> tuple[Bars, dict[int, date]]:
    """Bars with nothing to trade in an instrument from a move on that nothing explains and nobody decided on.

    `more` names further instruments, by key, and the day each is closed from. Also answers which columns are closed
    and from when; a move before the slice closes the whole of it.
    """
    closed: dict[int, date] = {}
    until: date = bars.sessions[-1].astype("datetime64[D]").astype(object) if len(bars.sessions) else date.min
    for n, key in enumerate(bars.keys):
        days = [day for day in (panel.instruments[key].quarantined_from(until), more.get(key)) if day is not None]
        if days:
            closed[n] = min(days)
    first = {n: int(np.searchsorted(bars.sessions, np.datetime64(day, "D"))) for n, day in closed.items()}
    return bars.closed_from(first), closed


def find_instrument(panel: Panel, symbol: str, on: date | None = None) -> str | None:
    """The key of the instrument that had a symbol on a day; else the one that had it last; None when none ever did."""
    candidates = panel.holders(symbol)
    if not candidates:
        return None
    if on is not None:
        for valid_from, valid_to, key in candidates:
            if valid_from <= on and (valid_to is None or on <= valid_to):
                return key
    return candidates[-1][2]
