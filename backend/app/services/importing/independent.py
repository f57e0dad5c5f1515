"""Our adjusted closes against another source's: how many agree, and what the stored rows say about each that does not.

The other source is a file of closes adjusted for all later splits, bonuses and rights, and not for
dividends.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection

from app.repositories import actions, closes
from app.services.importing.other_closes import Point

AGREES, EXACT = 0.01, 0.001  # as a share of the price
LARGEST = 50
_HOLE = timedelta(days=7)
_SLACK = 0.03  # log: two ratios that are one


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Days of one symbol on which the other close is one ratio of ours, and why, as far as the stored rows tell."""

    symbol: str
    first: date
    last: date
    days: int
    ratio: float
    why: str
    explained: bool
    large: bool = False  # whether it is one of the fifty largest companies


@dataclass(slots=True)
class Comparison:
    """What came of a file. `largest` are agreeing and compared closes of the fifty largest companies."""

    file: str
    closes: int
    compared: int = 0
    agree: int = 0
    exact: int = 0
    adjusted: int = 0  # of those that agree, how many lie before a factor
    without_bar: int = 0
    largest: tuple[int, int] = (0, 0)
    disagreements: list[Disagreement] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Compared:
    """A close of theirs beside ours: `ratio` is theirs over ours, `why` what the day itself tells of a difference."""

    instrument: int
    day: date
    ratio: float
    why: str | None

    @property
    def agrees(self) -> bool:
        return abs(self.ratio - 1) <= AGREES


def compare(connection: Connection, name: str, points: Sequence[Point], read_on: date | None = None) -> Comparison:
    """Hold closes against the stored ones over the factors after each day. Writes nothing.

    Parameters
    ----------
    read_on : the day the other source was read, whose factors its prices know; that of its last close where None.
    """
    result = Comparison(name, len(points))
    read_on = read_on or max((day for _, day, _ in points), default=date.max)
    bars = closes.bars_of(connection, [(symbol, day) for symbol, day, _ in points])
    factors = grouped(actions.stored_factors(connection))
    jumps = grouped(dict(row._mapping) for row in closes.moves(connection))
    large = set(closes.largest(connection, LARGEST))
    found: dict[str, list[Compared]] = defaultdict(list)
    for symbol, day, price in sorted(points):
        bar = bars.get((symbol, day))
        if bar is None:
            result.without_bar += 1
            continue
        later = [row for row in factors.get(bar.instrument, ()) if day < row["ex_date"] <= read_on]
        shares = math.prod(row["factor"] for row in later)
        one = Compared(bar.instrument, day, price * shares / bar.close, _of_the_day(bar, price * shares))
        found[symbol].append(one)
        result.compared += 1
        result.agree += one.agrees
        result.exact += abs(one.ratio - 1) <= EXACT
        result.adjusted += one.agrees and bool(later)
    result.largest = (
        sum(one.agrees for symbol in large for one in found.get(symbol, ())),
        sum(len(found.get(symbol, ())) for symbol in large),
    )
    for symbol, own in sorted(found.items()):
        runs: dict[tuple[float, str], list[date]] = defaultdict(list)
        for n, one in enumerate(own):
            if not one.agrees:
                rows = factors.get(one.instrument, ()), jumps.get(one.instrument, ())
                runs[(round(one.ratio, 2), one.why or _why(connection, own, n, *rows, read_on))].append(one.day)
        result.disagreements += [
            Disagreement(
                symbol, min(days), max(days), len(days), ratio, why, not why.startswith("unexplained"), symbol in large
            )
            for (ratio, why), days in sorted(runs.items())
        ]
    return result


def _of_the_day(bar: closes.Bar, price: float) -> str | None:
    """What the day and the one before say about another's close, in rupees of that day."""
    if bar.before is not None and abs(price / bar.before - 1) <= EXACT:
        return "theirs repeats the close of the session before"
    if bar.low * 0.999 <= price <= bar.high * 1.001:
        return "another price of the day: theirs lies in our range"
    return None


def _why(
    connection: Connection,
    own: Sequence[Compared],
    n: int,
    factors: Sequence[Mapping[str, Any]],
    jumps: Sequence[Mapping[str, Any]],
    read_on: date,
) -> str:
    """Why a close differs that no price of its day explains: `own` are the compared closes of its symbol, by day."""
    one = own[n]
    later = [row for row in factors if one.day < row["ex_date"] <= read_on]
    lacking = lacks(one.ratio, later)
    if lacking is not None:
        return lacking
    before = next((other for other in reversed(own[:n]) if _apart(other.ratio, one.ratio)), None)
    after = next((other for other in own[n + 1 :] if _apart(other.ratio, one.ratio)), None)
    if before is not None and after is not None and before.agrees and after.agrees:
        return f"theirs alone: it agrees on {before.day} and on {after.day}, so no action lies between"
    told = explain(connection, one, later, [row for row in jumps if row["session"] > one.day])
    if told is not None:
        return told
    if after is None:
        end = closes.last_session(connection, one.instrument)
        if end is not None and end < read_on:
            return f"our prices of it end first: on {end}, the vendor's in {read_on:%B %Y}"
        return "unexplained: theirs stands in this ratio up to its last close"
    last = own[own.index(after) - 1]
    listed = {row["ex_date"] for row in factors}
    return explain_step(connection, one.instrument, (last.day, after.day), last.ratio / after.ratio, listed)


def _apart(one: float, other: float) -> bool:
    return abs(math.log(one / other)) > AGREES


def lacks(ratio: float, later: Sequence[Mapping[str, Any]], slack: float = _SLACK) -> str | None:
    """Which of our later factors another's price that is `ratio` of ours lacks; None where none fits within `slack`."""
    row = min(later, key=lambda row: abs(math.log(ratio / row["factor"])), default=None)
    if row is None or abs(math.log(ratio / row["factor"])) > slack:
        return None
    return f"vendor lacks an action: ours has {row['factor']:g} on {row['ex_date']} ({row['tier']})"


def explain_step(
    connection: Connection, instrument: int, window: tuple[date, date], step: float, listed: set[date]
) -> str:
    """What our sessions after the first and up to the second day say about a step of theirs that ours does not take.

    It is ours where the widest gap at an open in that direction, of days without a factor, is as wide as the step.
    """
    after, until = window
    told = f"theirs steps by {step:.3f} between {after} and {until}"
    gaps = [gap for gap in closes.gaps(connection, instrument, after, until) if gap.date not in listed]
    widest = min(gaps, key=lambda gap: gap.ratio if step < 1 else 1 / gap.ratio, default=None)
    if widest is None:
        return f"unexplained: {told}, and ours has no session there"
    gap, wanted = math.log(widest.ratio), math.log(step)
    if abs(gap - wanted) > min(_SLACK, abs(wanted) / 2):
        return f"unexplained: {told}, and the widest gap of ours there is {widest.ratio:.3f} on {widest.date}"
    return (
        f"vendor alone adjusts: {told}; ours opened at {widest.ratio:.3f} of the close before on {widest.date}, "
        "for which no imported list names an action, such as a demerger"
    )


def explain(
    connection: Connection,
    one: Compared,
    later: Sequence[Mapping[str, Any]],
    jumps: Sequence[Mapping[str, Any]],
    slack: float = _SLACK,
) -> str | None:
    """What stored moves and gaps say about another's close; None where they say nothing."""
    instrument, ratio = one.instrument, one.ratio
    for jump in jumps:
        likely = (jump["ratio"], 1 / (jump["proposed_factor"] or math.inf))
        if any(move and abs(math.log(ratio / move)) <= 0.1 + slack for move in likely):
            return f"in quarantine here: the move of {jump['ratio']:.2f} on {jump['session']}"
    gap = closes.gap_like(connection, instrument, one.day, ratio, [row["ex_date"] for row in later])
    if gap is not None:
        if any(jump["session"] == gap.date for jump in jumps):
            return f"in quarantine here: the gap of {gap.ratio:.2f} on {gap.date}"
        if gap.date - gap.before > _HOLE:
            return (
                f"no sessions stored between {gap.before} and {gap.date}: the price went to {gap.ratio:.2f} of itself"
            )
        return f"ours missing: a gap of {gap.ratio:.2f} on {gap.date} that no other evidence supports"
    return None


def grouped(rows: Iterable[Mapping[str, Any]]) -> dict[int, list[Mapping[str, Any]]]:
    """Rows by their instrument_id, in their order."""
    found: dict[int, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        found[row["instrument_id"]].append(row)
    return found
