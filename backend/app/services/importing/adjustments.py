"""From listed splits and bonuses to factors, judged by the prices of the ex-date. Pure.

A factor is new shares for an old one; the price falls to 1/factor. The exchange's previous close is raw, so on the
ex-date previous close / open should be near the factor. "Near" is a day's band: 20 % either way. A factor is used when
the prices agree with it and agree with it better than with no action at all.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import combinations

BAND = math.log(1.20)  # widest move between a close and the next open that a listed factor may leave unexplained
# A factor this near to 1 cannot be told from an ordinary day; it is used unless the prices contradict it. The
# exchange's own texts are trusted further than collections.
PLAIN, PLAIN_OFFICIAL = 0.08, BAND
JUMP_BELOW, JUMP_ABOVE = 0.78, 1.25  # moves of close against previous close that no price band allows
JUMP_REACH = 0.15  # a day with a trade this near to the previous close is a fall or a rise, not an action
_ORDINARY = 0.10  # a move of open and close that needs no explanation
SUSPENSION = timedelta(days=10)  # after a longer pause a move is no jump
_CLUSTER = timedelta(days=6)  # sources differ by a session, and a weekend can lie between
_LOOK_BACK, LOOK_AHEAD = timedelta(days=5), timedelta(days=10)
_SOURCE_RANK = {
    "actions_purpose": 1,
    "actions_nse_bc": 1,
    "actions_multipliers": 2,
    "actions_splits": 3,
    "actions_yahoo": 4,
}
_FACTOR_KINDS = {"SPLIT", "BONUS", "CONSOLIDATION"}


@dataclass(frozen=True, slots=True)
class Listed:
    """One listed action of an instrument."""

    instrument: int
    ex_date: date
    kind: str
    factor: float | None
    source: str
    purpose: str
    sha256: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Bar:
    """A session of an instrument, raw; `prev_close` as the file has it."""

    date: date
    open: float
    close: float
    prev_close: float | None


@dataclass(frozen=True, slots=True)
class Factor:
    """An accepted factor, on the session whose prices show it."""

    instrument: int
    ex_date: date
    factor: float
    purpose: str
    sources: tuple[str, ...]
    listed_on: tuple[date, ...]
    ratio: float


@dataclass(slots=True)
class Rejected:
    """Listed actions that the prices contradict; `bar` is the session they were judged by."""

    instrument: int
    ex_date: date
    factors: tuple[float, ...]
    ratio: float
    first: Listed
    bar: Bar | None = None
    symbol: str = ""


@dataclass(slots=True)
class Judged:
    """What came of the listed actions."""

    accepted: list[Factor] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    disagreeing: list[tuple[Factor, tuple[Listed, ...]]] = field(default_factory=list)
    unchecked: int = 0  # events around which the instrument has no prices


def judge(listed: Iterable[Listed], bars: Mapping[int, Sequence[Bar]]) -> Judged:
    """Judge listed actions by prices; bars of an instrument in order of date."""
    result = Judged()
    by_instrument: dict[int, list[Listed]] = defaultdict(list)
    for action in listed:
        if action.kind in _FACTOR_KINDS and action.factor is not None:
            by_instrument[action.instrument].append(action)
    for instrument in sorted(by_instrument):
        taken: set[date] = set()
        for cluster in _clusters(by_instrument[instrument]):
            _judge_cluster(instrument, cluster, bars.get(instrument, ()), taken, result)
    return result


def _clusters(actions: Sequence[Listed]) -> list[list[Listed]]:
    """Actions whose dates lie so near together that they are one event."""
    ordered = sorted(
        actions, key=lambda one: (one.ex_date, _SOURCE_RANK[one.source], one.kind, one.factor or 0.0, one.line)
    )
    clusters: list[list[Listed]] = []
    for action in ordered:
        if clusters and action.ex_date - clusters[-1][0].ex_date <= _CLUSTER:
            clusters[-1].append(action)
        else:
            clusters.append([action])
    return clusters


@dataclass(frozen=True, slots=True)
class _Candidate:
    factor: float
    rank: int
    ex_date: date
    actions: tuple[Listed, ...]


def _candidates(cluster: Sequence[Listed]) -> list[_Candidate]:
    """What each source says by itself, best source first; then products of two that may each list half of the event."""
    by_source: dict[str, dict[tuple[str, float], Listed]] = defaultdict(dict)
    for action in cluster:
        assert action.factor is not None
        by_source[action.source].setdefault((action.kind, round(action.factor, 6)), action)
    single = []
    for source, parts in by_source.items():
        actions = tuple(parts[key] for key in sorted(parts))
        factor = math.prod(action.factor or 1.0 for action in actions)
        single.append(_Candidate(factor, _SOURCE_RANK[source], actions[0].ex_date, actions))
        if len(actions) > 1:  # one event listed twice with different figures
            single += [_Candidate(a.factor or 1.0, _SOURCE_RANK[source] + 4, a.ex_date, (a,)) for a in actions]
    single.sort(key=lambda one: (one.rank, one.ex_date, one.factor))
    distinct = {round(one.factor, 6): one for one in reversed(single)}
    double = [
        _Candidate(a.factor * b.factor, 10 + a.rank + b.rank, a.ex_date, (*a.actions, *b.actions))
        for a, b in combinations(sorted(distinct.values(), key=lambda one: (one.rank, one.factor)), 2)
    ]
    return single + sorted(double, key=lambda one: (one.rank, one.factor))


def _misfit(bar: Bar, factor: float) -> float | None:
    """|log| between the fall the factor asks for and the one seen; None without a previous close."""
    ratio = _ratio(bar)
    return None if ratio is None else abs(math.log(ratio / factor))


def _ratio(bar: Bar) -> float | None:
    if bar.prev_close is None or bar.prev_close <= 0 or bar.open <= 0:
        return None
    return bar.prev_close / bar.open


def _fits(bar: Bar, one: _Candidate) -> bool:
    misfit, none = _misfit(bar, one.factor), _misfit(bar, 1.0)
    if misfit is None or none is None or misfit > BAND:
        return False
    return misfit < none or abs(math.log(one.factor)) < (PLAIN_OFFICIAL if one.rank == 1 else PLAIN)


def _judge_cluster(
    instrument: int, cluster: Sequence[Listed], bars: Sequence[Bar], taken: set[date], result: Judged
) -> None:
    candidates = _candidates(cluster)
    near = [
        bar
        for bar in bars
        if cluster[0].ex_date - _LOOK_BACK <= bar.date <= cluster[-1].ex_date + LOOK_AHEAD and bar.date not in taken
    ]
    primary = {one.ex_date: next((bar for bar in near if bar.date >= one.ex_date), None) for one in candidates}
    checkable = [bar for bar in primary.values() if bar is not None and _ratio(bar) is not None]
    if not checkable:
        result.unchecked += 1
        return
    for one in candidates:
        bar = primary[one.ex_date]
        if bar is not None and _fits(bar, one):
            _accept(instrument, one, bar, cluster, taken, result)
            return
    for one in candidates:  # a listed date that is a session or two off
        moved = [bar for bar in near if abs(math.log(one.factor)) > BAND and _fits(bar, one)]
        if moved:
            bar = min(moved, key=lambda bar: (abs((bar.date - one.ex_date).days), bar.date))
            if abs((bar.date - one.ex_date).days) <= _LOOK_BACK.days:
                _accept(instrument, one, bar, cluster, taken, result)
                return
    ratio = _ratio(checkable[0])
    assert ratio is not None
    factors = tuple(sorted({one.factor for one in candidates if len(one.actions) == 1}))
    result.rejected.append(Rejected(instrument, checkable[0].date, factors, ratio, cluster[0], checkable[0]))


def _accept(
    instrument: int, one: _Candidate, bar: Bar, cluster: Sequence[Listed], taken: set[date], result: Judged
) -> None:
    taken.add(bar.date)
    ratio = _ratio(bar)
    assert ratio is not None
    factor = Factor(
        instrument=instrument,
        ex_date=bar.date,
        factor=one.factor,
        purpose=" + ".join(dict.fromkeys(action.purpose for action in one.actions)),
        sources=tuple(sorted({action.source for action in cluster})),
        listed_on=tuple(sorted({action.ex_date for action in cluster})),
        ratio=ratio,
    )
    result.accepted.append(factor)
    used = set(one.actions)
    totals: dict[str, float] = defaultdict(lambda: 1.0)
    seen: set[tuple[str, str, float]] = set()
    for action in cluster:
        mark = (action.source, action.kind, round(action.factor or 1.0, 6))
        if mark not in seen:
            seen.add(mark)
            totals[action.source] *= action.factor or 1.0
    others = tuple(
        action
        for action in cluster
        if action not in used and not math.isclose(totals[action.source], one.factor, rel_tol=0.01)
    )
    if others:
        result.disagreeing.append((factor, others))


def ordinary(one: Rejected) -> bool:
    """Whether the day of a contradicted listing moved so little that no such action can have happened on it."""
    if one.bar is None or not one.bar.prev_close:
        return True  # no prices to look at: nothing can be held against the day
    at_open, at_close = math.log(one.bar.prev_close / one.bar.open), math.log(one.bar.prev_close / one.bar.close)
    return max(abs(at_open), abs(at_close)) <= _ORDINARY and all(abs(math.log(f)) > BAND for f in one.factors)


@dataclass(frozen=True, slots=True)
class Jump:
    """A move that no factor explains."""

    instrument: int
    session: date
    symbol: str
    previous_close: float
    open: float
    close: float

    @property
    def ratio(self) -> float:
        """Close over previous close."""
        return self.close / self.previous_close


def unexplained(
    moves: Iterable[Jump], previous: Mapping[tuple[int, date], date | None], factors: Mapping[tuple[int, date], float]
) -> list[Jump]:
    """Of large moves, those no factor explains; listing days and resumptions after a pause are none.

    `previous` gives, by (instrument, session), the last day it traded before.
    """
    found = []
    for move in moves:
        before = previous.get((move.instrument, move.session))
        if before is None or move.session - before > SUSPENSION:
            continue
        adjusted = move.ratio * factors.get((move.instrument, move.session), 1.0)
        if not JUMP_BELOW <= adjusted <= JUMP_ABOVE:
            found.append(move)
    return sorted(found, key=lambda jump: (jump.instrument, jump.session))
