"""Splits and bonuses that no list names, inferred from what a session shows. Pure.

A fall to a small fraction is not enough: a demerger, a special dividend or a crash can give one too. An action is
inferred only where a second, independent piece of evidence agrees: the company's ISIN changed around the day, the
exchange restated an older 52-week level or the count of shares changed by the same factor, the
shares traded went up as the price went down, the rupees traded that day were as before (no news), a list names a split
or bonus on the day with another ratio, or the fall is so deep and so exact that no price band and no other event
gives it. A wrong factor is worse than a move left unexplained, so what is doubtful is left.

Factors below 3/2 are inferred only where a restated figure names them: ordinary moves, rights issues and demergers come
too near.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median
from typing import Any

from app.services.importing import restatements
from app.services.importing.restatements import Told

COMMON = (2.0, 3.0, 4.0, 5.0, 10.0, 20.0, 50.0, 100.0)
RARE = (1.5, 2.5, 6.0, 8.0)  # demergers and special dividends come as near: half the tolerance
CONSOLIDATIONS = (0.5, 0.2, 0.1, 0.05, 0.02, 0.01)
BEFORE, AFTER = 20, 10  # sessions of which volumes are compared
SPAN = timedelta(days=45)  # of bars asked for on either side
_LEAST_BEFORE = 8
_PAUSE = timedelta(days=10)
_LEAST_PREVIOUS, _LEAST_CLOSE = 5.0, 2.0  # rupees: below, a tick is too large a part of the price
_MARKET_QUIET = 0.03
_ISIN_WINDOW = timedelta(days=500)
_VOLUME = "ratio and volume"
_HIT = 0.012  # log: an open that hits 3/2; so near, and traded more after it, only bonuses of 1:2 were met since 2011
_AT_OPEN, _BAND = (
    0.105,
    0.19,
)  # log: what an action known for certain may leave at the open, and a band of 20 % by the close


@dataclass(frozen=True, slots=True)
class Session:
    """A session of an instrument as the exchange published it; prices in rupees, volume in shares."""

    date: date
    series: str
    open: float
    high: float
    low: float
    close: float
    prev_close: float | None
    volume: int

    @property
    def turnover(self) -> float:
        """Rupees traded, by the close."""
        return self.close * self.volume


@dataclass(frozen=True, slots=True)
class IsinSeen:
    """First and last day on which a symbol was seen with an ISIN; `dated_last` counts files that are of their day only.

    Those are the exchange's price files and the brokers' masters; a list may be older than the day it was met.
    """

    isin: str
    first: date
    dated_last: date | None


@dataclass(frozen=True, slots=True)
class Inferred:
    """A factor with its evidence. `known_at` is the session by whose evening the evidence existed."""

    instrument: int
    ex_date: date
    symbol: str
    factor: float
    known_at: date
    rules: tuple[str, ...]
    evidence: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Move:
    """A large move with the sessions around it, in order; `market` is the median log move at the open that day."""

    instrument: int
    symbol: str
    ex: Session
    before: tuple[Session, ...]
    after: tuple[Session, ...]
    market: float | None = None
    isins: tuple[IsinSeen, ...] = ()
    named: str | None = None  # what a list says happened around the day, with a factor that the prices contradict
    told: tuple[Told, ...] = ()  # what restated figures say of it
    others: tuple[date, ...] = ()  # sessions of the instrument's other unexplained moves and of its listed factors


@dataclass(frozen=True, slots=True)
class _Fit:
    factor: float
    at_open: float  # log residual, the market's move taken out
    at_close: float
    tight: float  # what tolerances are multiplied by

    def within(self, at_open: float, at_close: float, tight: float | None = None) -> bool:
        by = self.tight if tight is None else tight
        return abs(self.at_open) <= at_open * by and abs(self.at_close) <= at_close * by


def infer(move: Move) -> Inferred | None:
    """The action a move is, where the evidence suffices; None where it does not."""
    if not _comparable(move) or any(one.unchanged for one in move.told):
        return None
    fit, stated = nearest(move), _stated(move)
    found = [] if fit is None else _verdicts(move, fit)
    if stated is not None:
        if fit is not None and fit.factor != stated.factor and _known_at(move, fit, found) is not None:
            return None  # the day says one factor and the restated figures another
        fit = stated
        told = sorted({(restatements.RULES[one.kind], max(move.ex.date, one.known_at)) for one in move.told})
        found = [*_verdicts(move, fit), *dict(reversed(told)).items()]  # of each kind the earliest
    if fit is None:
        return None
    known_at = _known_at(move, fit, found)
    if known_at is None:
        return None
    evidence = facts(move) | {"rules": [name for name, _ in found]}
    return Inferred(
        move.instrument, move.ex.date, move.symbol, fit.factor, known_at, tuple(name for name, _ in found), evidence
    )


def facts(move: Move) -> dict[str, Any]:
    """What there is to see about a move, as JSON; its ratios without the market's move."""
    change = isin_change(move)
    shifts = _shifts(move)
    market = move.market or 0.0
    previous = move.ex.prev_close or math.nan
    at_open, at_close = math.log(previous / move.ex.open) + market, math.log(previous / move.ex.close) + market
    return {
        "previous_close_over_open": round(math.exp(at_open), 4),
        "previous_close_over_close": round(math.exp(at_close), 4),
        "ratios_without_the_market": move.market is not None,
        "market_move_at_open": None if move.market is None else round(math.expm1(move.market), 4),
        "turnover_over_median": _rounded(turnover_ratio(move)) if move.before else None,
        "isin": None
        if change is None
        else {"old": change[0].isin, "new": change[1].isin, "last_old": _iso(change[0].dated_last),
              "first_new": change[1].first.isoformat()},
        "volume_ratio": {str(count): round(math.exp(shift), 3) for count, shift in shifts.items()},
        "restated": [
            {
                "kind": one.kind,
                "factor": round(one.factor, 6),
                "sure": one.firm,
                "between": [one.after.isoformat(), one.known_at.isoformat()],
            }
            for one in move.told
        ],
        "series": [move.before[-1].series if move.before else None, move.ex.series],
        "listed_as": move.named,
    }  # fmt: skip


def _shifts(move: Move) -> dict[int, float]:
    return {count: shift for count in (5, AFTER) if (shift := volume_shift(move, count)) is not None}


def _stated(move: Move) -> _Fit | None:
    """The factor that restated figures agree on, where the day's prices allow it.

    Where they do not, the figures speak of another day too, one without a price on file, and say nothing of this one.
    """
    factor, ex = restatements.agreed(move.told), move.ex
    if factor is None or factor == 1.0 or ex.prev_close is None:
        return None
    market = move.market or 0.0
    fit = _Fit(
        factor,
        math.log(ex.prev_close / ex.open / factor) + market,
        math.log(ex.prev_close / ex.close / factor) + market,
        0.5 if factor not in COMMON else 1.0,
    )
    if factor in restatements.SMALL:  # a bad day comes near: the open has to hit it, exactly where no figure is sure
        sure = any(one.firm for one in move.told) or _calm(move)
        return fit if fit.within(0.06 if sure else 0.01, 0.12, tight=1.0) else None
    return fit if fit.within(_AT_OPEN, _BAND, tight=1.0) else None


def _calm(move: Move) -> bool:
    """Whether no more rupees than usual were traded, within ten percent of price."""
    turnover = turnover_ratio(move)
    return turnover is not None and turnover <= 1.5 and move.ex.high <= move.ex.low * 1.105


def moved_to_trade_for_trade(move: Move) -> bool:
    """Whether the share left the ordinary series on the very day, as one does whose business was demerged."""
    return bool(move.before) and move.before[-1].series == "EQ" and move.ex.series != "EQ"


def _known_at(move: Move, fit: _Fit, found: Sequence[tuple[str, date]]) -> date | None:
    """The first day by whose evening the rules that held sufficed; None where they do not.

    Rights issues and small demergers come near 3/2: for it, two kinds of second evidence are asked for, where no
    restated figure tells of it; volumes alone do where the open hits it.
    """
    first: dict[str, date] = {}
    for name, day in found:
        kind = name.partition(" over ")[0]
        first[kind] = min(day, first.get(kind, day))
    days = sorted(first.values())
    least = 2 if fit.factor == 1.5 and move.named is None else 1
    told = [first[name] for name in restatements.RULES.values() if name in first]
    if least == 2 and _VOLUME in first and abs(fit.at_open) <= _HIT:
        told.append(first[_VOLUME])
    return min([*days[least - 1 : least], *told], default=None)


def _comparable(move: Move) -> bool:
    """Whether the day follows a history of its own without a pause: no listing, no resumption, no missing rows."""
    ex, before = move.ex, move.before
    if len(before) < _LEAST_BEFORE or ex.prev_close is None or min(ex.open, ex.close) < _LEAST_CLOSE:
        return False
    return (
        ex.prev_close >= _LEAST_PREVIOUS
        and ex.date - before[-1].date <= _PAUSE
        and math.isclose(ex.prev_close, before[-1].close, rel_tol=0.01)
        and ex.volume > 0
    )


def nearest(move: Move) -> _Fit | None:
    """The fraction nearest to the move at open and close together."""
    ex = move.ex
    if ex.prev_close is None or min(ex.prev_close, ex.open, ex.close) <= 0:
        return None
    market = move.market or 0.0
    at_open, at_close = math.log(ex.prev_close / ex.open) + market, math.log(ex.prev_close / ex.close) + market
    fits = [
        _Fit(factor, at_open - math.log(factor), at_close - math.log(factor), 0.5 if factor in RARE else 1.0)
        for factor in (*COMMON, *RARE, *CONSOLIDATIONS)
    ]
    best = min(fits, key=lambda fit: fit.at_open**2 + fit.at_close**2)
    return best if min(abs(best.at_open), abs(best.at_close)) <= 0.10 else None


def isin_change(move: Move) -> tuple[IsinSeen, IsinSeen] | None:
    """Old and new ISIN of the same issuer where the change falls into a window that holds the day and no other move."""
    for old in move.isins:
        for new in move.isins:
            last = old.dated_last
            if old.isin == new.isin or old.isin[:7] != new.isin[:7] or last is None:
                continue
            if not last < move.ex.date <= new.first or new.first - last > _ISIN_WINDOW:
                continue
            if not any(last < day <= new.first for day in move.others):
                return old, new
    return None


def volume_shift(move: Move, count: int) -> float | None:
    """Log of the median volume of `count` sessions after the day over that before; None while they are not there."""
    before = [session.volume for session in move.before[-BEFORE:] if session.volume > 0]
    after = [session.volume for session in move.after[:count]]
    if len(before) < _LEAST_BEFORE or len(after) < count or median(after) <= 0:
        return None
    return math.log(median(after) / median(before))


def turnover_ratio(move: Move) -> float | None:
    """Rupees traded on the day over the median before."""
    before = median(session.turnover for session in move.before[-BEFORE:])
    return move.ex.turnover / before if before > 0 else None


def _verdicts(move: Move, fit: _Fit) -> list[tuple[str, date]]:
    """(rule, day by whose evening it held) of every rule that holds."""
    ex, found = move.ex, []
    change, shifts = isin_change(move), _shifts(move)
    if change is not None:
        # where the last session had the old one and this one has the new, the day is certain: any band is allowed
        exact = change[0].dated_last == move.before[-1].date and change[1].first == ex.date
        if fit.within(0.10, 0.15) or (exact and fit.within(_AT_OPEN, _BAND)):
            found.append(("ratio and dated ISIN change", max(ex.date, change[1].first)))
    if fit.factor < 1:
        return found  # a consolidation's volumes prove nothing: shares that rise are traded more
    quiet = move.market is None or abs(move.market) <= _MARKET_QUIET
    if not quiet:
        return found
    if move.named is not None and fit.within(0.05, 0.08, tight=1.0):
        found.append(("ratio and an action listed with another ratio", ex.date))
    if ex.series != move.before[-1].series:
        return found  # moved to trade-for-trade on the day, as demerged shares are
    size = math.log(fit.factor)
    if fit.within(0.04, 0.06) and _calm(move):
        found.append(("ratio and a day without news", ex.date))
    if fit.factor >= 5 and ex.series == "EQ" and fit.within(0.05, 0.07):
        found.append(("exact ratio beyond any band", ex.date))
    for count, least in ((5, 0.6), (AFTER, 0.4)):
        shift = shifts.get(count)
        if shift is None:
            continue
        share = shift / size
        enough = share >= least and (fit.factor >= 4 or share <= 2.5)
        deep = fit.factor >= 5 and (abs(fit.at_open) <= 0.05 and abs(fit.at_close) <= 0.19)
        thin = fit.factor >= 5 and (abs(fit.at_close) <= 0.05 and abs(fit.at_open) <= 0.25)
        if enough and (fit.within(0.07, 0.10) or deep or thin):
            found.append((f"{_VOLUME} over {count} sessions", move.after[count - 1].date))
    return found


def infer_all(moves: Sequence[Move]) -> list[Inferred]:
    """What can be inferred of moves, by instrument and day."""
    found = [one for one in map(infer, moves) if one is not None]
    return sorted(found, key=lambda one: (one.instrument, one.ex_date))


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
