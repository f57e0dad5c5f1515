"""What a portfolio must keep to, as linear rows that each have words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

F1 = NDArray[np.float64]
F2 = NDArray[np.float64]


@dataclass(frozen=True)
class Limits:
    """Fractions of the portfolio; None = no such limit.

    Attributes
    ----------
    most_each : of any one holding
    most_sector : of any one sector, by name; `most_any_sector` of those not named
    turnover : of the portfolio that may be bought (as much is sold)
    keep : columns whose weight may not fall below today's
    """

    most_each: float | None = None
    most_any_sector: float | None = None
    most_sector: Mapping[str, float] = field(default_factory=dict)
    turnover: float | None = None
    keep: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class Region:
    """The weights allowed: matrix x <= limits and equal x = right.

    x are the N weights, and the N purchases where the turnover is limited. `words` has an entry for each row: "" where
    it is not the user's (nothing short, nothing bought below zero).
    """

    matrix: F2
    limits: F1
    equal: F2
    right: F1
    words: tuple[str, ...]

    @property
    def soft(self) -> NDArray[np.bool_]:
        """The rows that are the user's."""
        return np.array([bool(word) for word in self.words])


def region(limits: Limits, symbols: Sequence[str], sectors: Sequence[str], today: F1) -> Region:
    """The region of N holdings with their sectors and today's weights, which sum to 1; these may lie outside.

    Raises
    ------
    ValueError : a limit is no fraction, or a sector is not held.
    """
    n = len(symbols)
    for name, value in (("max_weight", limits.most_each), ("max_sector", limits.most_any_sector),
                        ("turnover", limits.turnover), *limits.most_sector.items()):  # fmt: skip
        if value is not None and not 0.0 <= value <= 1.0:
            raise ValueError(f"{name}: expected a share from 0 to 1, got {value:g}")
    unknown = sorted(set(limits.most_sector) - set(sectors))
    if unknown:
        raise ValueError(
            f"max_sector: nothing of {', '.join(unknown)} is held; sectors are {', '.join(sorted(set(sectors)))}"
        )
    width = n if limits.turnover is None else 2 * n
    rows: list[tuple[F1, float, str]] = []

    def row(places: Mapping[int, float], most: float, word: str = "") -> None:
        values = np.zeros(width)
        for place, value in places.items():
            values[place] = value
        rows.append((values, most, word))

    for i in range(n):
        row({i: -1.0}, 0.0)
        if limits.most_each is not None:
            row({i: 1.0}, limits.most_each, f"each holding at most {_percent(limits.most_each)}")
    for i in limits.keep:
        row({i: -1.0}, -float(today[i]), f"keep {symbols[i]} at {_percent(float(today[i]))}")
    for sector in sorted(set(sectors)):
        most = limits.most_sector.get(sector, limits.most_any_sector)
        if most is not None:
            members = {i: 1.0 for i in range(n) if sectors[i] == sector}
            row(members, most, f"{sector} at most {_percent(most)}")
    if limits.turnover is not None:
        for i in range(n):
            row({n + i: -1.0}, 0.0)
            row({i: 1.0, n + i: -1.0}, float(today[i]))
        row({n + i: 1.0 for i in range(n)}, limits.turnover, f"turnover at most {_percent(limits.turnover)}")
    budget = np.zeros((1, width))
    budget[0, :n] = 1.0
    return Region(
        np.array([values for values, _, _ in rows]),
        np.array([most for _, most, _ in rows]),
        budget,
        np.ones(1),
        tuple(word for _, _, word in rows),
    )


def _percent(share: float) -> str:
    return f"{100.0 * share:.4g}%"
