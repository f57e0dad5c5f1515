"""The money-weighted return: the one yearly rate at which all that was put in becomes all that came out."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import date
from typing import Final

import numpy as np

_DAYS: Final = 365.0
_LOWEST, _HIGHEST = math.log(1e-6), math.log(1e6)  # of 1 + rate
_STEPS: Final = 400
_MOST_HALVINGS: Final = 200


class NoRate(ValueError):
    """There is no such rate, or more than one."""


def xirr(flows: Sequence[tuple[date, float]]) -> float:
    """The yearly rate at which the flows are worth nothing together; actual days over 365.

    Parameters
    ----------
    flows : (day, rupees) as the investor sees them: paid in negative, received or still there at the end positive

    Raises
    ------
    NoRate : the days' flows have all one sign; no rate from −99.9999 % on fits; or several do.

    Source: the convention of spreadsheets' XIRR. Here the whole range is searched, so that a flow of changing sign that
    has several rates is told and not answered with whichever is met first.
    """
    by_day: dict[date, float] = {}
    for day, amount in flows:
        by_day[day] = by_day.get(day, 0.0) + amount
    known = sorted((day, amount) for day, amount in by_day.items() if amount != 0.0)
    if not any(amount > 0 for _, amount in known) or not any(amount < 0 for _, amount in known):
        raise NoRate("money has to go in and to come out, or to be there at the end, on different days")
    years = np.array([(day - known[0][0]).days / _DAYS for day, _ in known])
    amounts = np.array([amount for _, amount in known])

    def worth(growth: float) -> float:
        """The value today at a rate whose log(1 + rate) is `growth`, scaled so that no power overflows."""
        return float((amounts * np.exp(-growth * (years - (years[-1] if growth < 0 else 0.0)))).sum())

    grid = [_LOWEST + (_HIGHEST - _LOWEST) * n / _STEPS for n in range(_STEPS + 1)]
    roots: list[float] = []
    before, at = worth(grid[0]), grid[0]
    for growth in grid[1:]:
        now = worth(growth)
        if now == 0.0:
            roots.append(growth)
        elif before != 0.0 and (before < 0.0) != (now < 0.0):
            roots.append(_root(worth, at, growth))
        before, at = now, growth
    if not roots:
        raise NoRate("no yearly rate makes what was paid in worth what came out")
    if len(roots) > 1:
        told = " and ".join(f"{math.expm1(one):.2%}" for one in roots[:3])
        raise NoRate(f"several rates fit: {told}")
    return math.expm1(roots[0])


def _root(worth: Callable[[float], float], low: float, high: float) -> float:
    """Where a function that changes its sign between two points is nothing, by halving."""
    positive = worth(low) > 0.0
    for _ in range(_MOST_HALVINGS):
        middle = (low + high) / 2.0
        if middle in (low, high):
            break
        if (worth(middle) > 0.0) == positive:
            low = middle
        else:
            high = middle
    return (low + high) / 2.0
