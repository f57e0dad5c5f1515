"""What files from after a move say of it: levels that the exchange restated, and counts of shares. Pure.

Both are independent of the prices of the day. The exchange divides its 52-week highs and lows by splits, bonuses and
rights, and not by demergers or dividends; the factor of a rights issue is no simple fraction to the last paisa, which a
divided level has to be. A company's count of shares grows by the factor of a split or a
bonus and stays where a part of it is demerged. Either also says that there was no action where nothing changed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

WEEK_52, SHARES = "WEEK_52", "SHARES"
RULES = {WEEK_52: "ratio and a 52-week level restated by the exchange", SHARES: "ratio and the count of shares"}
_LISTING = timedelta(days=15)  # bonus shares are counted some days after the ex-date
_UNCHANGED = 0.02  # log
_COMMON = (1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 20.0, 50.0, 100.0)
SMALL = (1.2, 1.25, 4 / 3)  # bonuses of 1:5, 1:4 and 1:3, which a price band may hide
_MORE = (1.4, 1.6, 5 / 3, 1.75, 7 / 3, 3.5, 7.5, *(1 / factor for factor in (2, 5, 10, 20, 50, 100)))


@dataclass(frozen=True, slots=True)
class Restated:
    """New shares for an old one between two days, as a pair of figures has it.

    `after` is the day the old figure is of, `until` that of the new one, which existed by its evening. With `firm` not
    set the old figure may be of any day from `after` on: a file of yearly figures does not say when it was read.
    """

    kind: str  # WEEK_52, SHARES
    after: date
    until: date
    ratio: float
    exact: float  # how far, as a share, the ratio may lie from a fraction
    firm: bool = True


@dataclass(frozen=True, slots=True)
class Told:
    """What a pair of figures says of one move: the factor, 1.0 where nothing changed; the day it existed."""

    kind: str
    known_at: date
    factor: float
    after: date
    firm: bool = True

    @property
    def unchanged(self) -> bool:
        """Whether it says that there was no split and no bonus."""
        return self.factor == 1.0


def tell(one: Restated, session: date, others: Sequence[date], factors: Sequence[tuple[date, float]]) -> Told | None:
    """What a pair of figures says of the move of a session; None where it says nothing certain.

    Parameters
    ----------
    others : sessions of all other moves of the instrument that no list explains. One between the two days leaves open
        which of them the figures speak of.
    factors : (ex-date, factor) that lists name, whose part in the change is known.
    """
    wait = _LISTING if one.kind == SHARES else timedelta(0)
    if not one.after < session <= one.until or one.ratio <= 0:
        return None
    if any(one.after < day <= one.until for day in others if day != session):
        return None
    inside = [(day, factor) for day, factor in factors if one.after < day <= one.until and day != session]
    if any(day > one.until - wait or (day < session and not one.firm) for day, _ in inside):
        return None
    implied = one.ratio / math.prod(factor for _, factor in inside)
    if abs(math.log(implied)) <= _UNCHANGED:
        surely = one.firm and session <= one.until - wait
        return Told(one.kind, one.until, 1.0, one.after) if surely else None
    known = (*_COMMON, *SMALL, *_MORE) if one.firm else (*_COMMON, *SMALL)
    nearest = min(known, key=lambda factor: abs(math.log(implied / factor)))
    if abs(math.log(implied / nearest)) > one.exact:
        return None
    return Told(one.kind, one.until, nearest, one.after, one.firm)


def agreed(told: Sequence[Told]) -> float | None:
    """The one factor that all that is told agrees on; None where nothing is told or two contradict each other."""
    factors = {one.factor for one in told}
    return factors.pop() if len(factors) == 1 else None
