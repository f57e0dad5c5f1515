"""Rights issues: the factor that follows from their terms, used where a source's own factor says the same. Pure.

Who holds `old` shares may buy `new` more at `price`. A share that closed at C before the ex-date is then worth
(old · C + new · price) / (old + new), the theoretical ex-rights price, and the factor is C over that. A rights factor
is never inferred: the terms are the exchange's, and the list has to give the same factor.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from app.services.importing.adjustments import BAND, LOOK_AHEAD, Bar

_SAME = 0.0025  # lists give three decimals, by closes of other exchanges too


@dataclass(frozen=True, slots=True)
class ListedRights:
    """One listed issue: `new` shares for `old` held at `price` rupees, and the factor of the list itself."""

    instrument: int
    ex_date: date
    new: int
    old: int
    price: float
    factor: float
    source: str
    purpose: str
    sha256: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class RightsFactor:
    """An accepted factor, on the session whose previous close it was worked out from."""

    listed: ListedRights
    ex_date: date
    factor: float
    ratio: float  # previous close / open


@dataclass(slots=True)
class JudgedRights:
    """What came of listed rights; those left have the session and the reason."""

    accepted: list[RightsFactor] = field(default_factory=list)
    left: list[tuple[ListedRights, date, str]] = field(default_factory=list)


def theoretical(close: float, new: int, old: int, price: float) -> float:
    """The factor of an issue after a close, both in rupees; 1 where the price asked is not below the close."""
    return close * (new + old) / (old * close + new * price) if price < close else 1.0


def judge_rights(
    listed: Iterable[ListedRights], bars: Mapping[int, Sequence[Bar]], taken: set[tuple[int, date]]
) -> JudgedRights:
    """Judge listed rights by their terms, the lists' factors and the prices.

    Parameters
    ----------
    bars : of an instrument, in order of date.
    taken : instruments and sessions that have a factor of a split or bonus.
    """
    result = JudgedRights()
    seen: set[tuple[int, date]] = set()
    for one in sorted(listed, key=lambda one: (one.instrument, one.ex_date, one.sha256, one.line)):
        bar = next(
            (bar for bar in bars.get(one.instrument, ()) if one.ex_date <= bar.date <= one.ex_date + LOOK_AHEAD), None
        )
        if bar is None or not bar.prev_close or bar.open <= 0 or (one.instrument, bar.date) in seen:
            continue
        seen.add((one.instrument, bar.date))
        factor, ratio = theoretical(bar.prev_close, one.new, one.old, one.price), bar.prev_close / bar.open
        reason = None
        if (one.instrument, bar.date) in taken:
            reason = "a split or bonus has the same ex-date"
        elif abs(factor / one.factor - 1) > _SAME:
            reason = (
                f"{one.new} for {one.old} at {one.price:g} after a close of {bar.prev_close:g} gives {factor:.5f}, "
                f"the list {one.factor:.5f}"
            )
        elif abs(math.log(ratio / factor)) > BAND:
            reason = f"previous close over open was {ratio:.4f}, expected within 20 % of {factor:.4f}"
        if reason is None:
            result.accepted.append(RightsFactor(one, bar.date, factor, ratio))
        else:
            result.left.append((one, bar.date, reason))
    return result
