"""How far inference can be trusted: the listed actions hidden, what it finds by itself, on whatever is imported."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection

from app.repositories import actions, instruments
from app.services.importing.adjustments import unexplained
from app.services.importing.corporate import LISTED, infer_moves, large_moves, small_moves
from app.services.importing.inference import Inferred
from app.services.importing.listed_actions import RIGHTS

SINCE = date(2011, 1, 1)
_NEAR = timedelta(days=10)
Place = tuple[int, date]


@dataclass(frozen=True, slots=True)
class Case:
    """An action or an inferred day of the test; `listed` and `inferred` are new shares for an old one."""

    symbol: str
    ex_date: date
    listed: float | None
    inferred: float | None
    known_at: date | None
    rules: tuple[str, ...]


@dataclass(slots=True)
class BlindTest:
    """What came of it. `quarantined` moves are large and stay unexplained; `unseen` ones are no large move at all."""

    since: date
    known: int
    right: int = 0
    wrong: list[Case] = field(default_factory=list)
    quarantined: list[Case] = field(default_factory=list)
    unseen: list[Case] = field(default_factory=list)
    taken: list[Case] = field(default_factory=list)  # no list names them, inside the years the exchange's list covers
    beyond: list[Case] = field(default_factory=list)  # no list names them, outside those years
    rules: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Verification:
    """The blind test, and what is stored."""

    blind: BlindTest
    large_moves: int
    sessions: int
    listed_from: date | None
    listed_to: date | None
    tiers: dict[str, dict[str, int]]  # year → tier → factors; QUARANTINED are moves

    def to_dict(self) -> dict[str, Any]:
        """All of it, for JSON."""
        return asdict(self)


def compare(
    listed: Mapping[Place, float],
    inferred: Sequence[Inferred],
    moves: set[Place],
    symbols: Mapping[int, str],
    covered: tuple[date, date] | None,
    since: date = SINCE,
) -> BlindTest:
    """Hold what was inferred without lists against the lists. Pure.

    Parameters
    ----------
    listed : accepted factors by instrument and ex-date.
    moves : days with a large move that nothing explains while lists are hidden.
    covered : first and last day of the exchange's own list; None without one.
    """
    by_place = {(one.instrument, one.ex_date): one for one in inferred}
    known = {place: factor for place, factor in listed.items() if place[1] >= since}
    result = BlindTest(since, len(known), rules=dict(Counter(rule for one in inferred for rule in one.rules)))
    for place, factor in sorted(known.items(), key=lambda item: (item[0][1], item[0][0])):
        one = by_place.get(place)
        case = _case(symbols[place[0]], place[1], factor, one)
        if one is not None and math.isclose(one.factor, factor, rel_tol=0.01):
            result.right += 1
        elif one is not None:
            result.wrong.append(case)
        elif place in moves:
            result.quarantined.append(case)
        else:
            result.unseen.append(case)
    for place, one in sorted(by_place.items(), key=lambda item: (item[0][1], item[0][0])):
        if place in listed:
            continue
        near = [
            factor for (instrument, day), factor in listed.items()
            if instrument == place[0] and abs(day - place[1]) <= _NEAR
        ]  # fmt: skip
        case = _case(one.symbol, place[1], near[0] if near else None, one)
        if near:
            result.wrong.append(case)
        elif covered is not None and covered[0] <= place[1] <= covered[1]:
            result.taken.append(case)
        else:
            result.beyond.append(case)
    return result


def _case(symbol: str, day: date, listed: float | None, one: Inferred | None) -> Case:
    if one is None:
        return Case(symbol, day, listed, None, None, ())
    return Case(symbol, day, listed, one.factor, one.known_at, one.rules)


def verify(connection: Connection, since: date = SINCE) -> Verification:
    """Run the blind test on what is stored and count factors and moves by tier and year. Writes nothing."""
    stored = actions.stored_factors(connection)
    given: dict[Place, float] = {}  # rights are never inferred, and their list is not hidden
    listed: dict[Place, float] = {}
    for row in stored:
        if row["tier"] == LISTED:
            known = given if row["evidence"].get("kind") == RIGHTS else listed
            known[(row["instrument_id"], row["ex_date"])] = float(row["factor"])
    large, previous = large_moves(connection, None, ())
    open_ = unexplained(large, previous, given)
    gaps = small_moves(connection, None, ())
    inferred, _ = infer_moves(connection, open_, given, gaps=gaps, other=actions.without_factor(connection))
    days = actions.exchange_list_days(connection)
    symbols = {row.id: row.symbol for row in instruments.all_instruments(connection)}
    places = {(one.instrument, one.session) for one in open_}
    blind = compare(listed, inferred, places, symbols, days, since)
    tiers: dict[str, Counter[str]] = {}
    for row in stored:
        tiers.setdefault(str(row["ex_date"].year), Counter())[row["tier"]] += 1
    for day in actions.quarantined_days(connection):
        tiers.setdefault(str(day.year), Counter())["QUARANTINED"] += 1
    return Verification(
        blind,
        len(large),
        actions.sessions_compared(connection),
        days[0] if days else None,
        days[1] if days else None,
        {year: dict(counts) for year, counts in sorted(tiers.items())},
    )
