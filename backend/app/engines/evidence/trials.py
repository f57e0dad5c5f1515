"""What was tried, and how far the Sharpe ratios of it spread, for one record.

Luck alone spreads the Sharpe of a record of T returns by about 1/T a period: that of six months twenty times as much
as that of ten years, and records of other years saw another market. The variance that deflates a Sharpe is that of
trials on one sample (Bailey & López de Prado (2014), "The Deflated Sharpe Ratio", Journal of Portfolio Management
40(5)). So it is taken over comparable trials alone: those whose record is like the one that is judged. Two are alike
where the shorter has at least LIKE of the returns of the longer, and the days that they share are at least LIKE of the
days of the longer; luck alone then spreads them by amounts that differ by a third at most. The number of trials counts
every one of them, whatever its record: each was a chance to be lucky.

A trial of which it is not known what its record was cannot be compared: it counts, and its Sharpe is left out.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import date
from typing import Final, NamedTuple

LIKE: Final = 0.75


class Record(NamedTuple):
    """What a Sharpe rests on: first and last day, and returns, one a period."""

    first: date
    last: date
    returns: int


class Group(NamedTuple):
    """Trials of one record; `record` None = it is not known.

    `number` of them, `known` of them with a Sharpe; of these the `mean`, and `squares`, the sum of the squared
    deviations from it, per period; both 0 where none has one.
    """

    record: Record | None
    number: int
    known: int
    mean: float
    squares: float


class Trials(NamedTuple):
    """What was tried, as one record is to be judged by it.

    Attributes
    ----------
    number : specifications evaluated
    variance : sample variance of the Sharpe ratios per period of the comparable ones; None of fewer than two
    compared : comparable trials that have a Sharpe
    unknown : trials with a Sharpe whose record is not known
    """

    number: int
    variance: float | None
    compared: int = 0
    unknown: int = 0


def alike(one: Record, other: Record) -> bool:
    """Whether the Sharpe ratios of two records can be compared; symmetric."""
    short, long = sorted((one.returns, other.returns))
    shared = (min(one.last, other.last) - max(one.first, other.first)).days + 1
    days = max((record.last - record.first).days + 1 for record in (one, other))
    return short >= LIKE * long and shared >= LIKE * days


def trials_for(groups: Iterable[Group], record: Record | None) -> Trials:
    """The trials in groups, as `record` is judged by them; None = it has no Sharpe, and nothing is like it."""
    number = compared = unknown = 0
    mean = squares = 0.0
    for group in groups:
        number += group.number
        if group.record is None:
            unknown += group.known
        elif record is not None and group.known and alike(group.record, record):
            # Chan, Golub & LeVeque (1979): two samples put together
            both, apart = compared + group.known, group.mean - mean
            squares += group.squares + apart * apart * compared * group.known / both
            mean += apart * group.known / both
            compared = both
    variance = squares / (compared - 1) if compared > 1 else None
    return Trials(number, variance, compared, unknown)


def trials_of(number: int, sharpes: Iterable[float]) -> Trials:
    """The trials of one search over one record; `sharpes` per period, NaN of those without."""
    known = [value for value in sharpes if not math.isnan(value)]
    count = len(known)
    mean = math.fsum(known) / count if count else 0.0
    squares = math.fsum((value - mean) ** 2 for value in known)
    return Trials(number, squares / (count - 1) if count > 1 else None, count)
