"""What the exchange's rules are for the bars of a run, as the core reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

F2 = NDArray[np.float64]
B1 = NDArray[np.bool_]
B2 = NDArray[np.bool_]
I1 = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Exchange:
    """Arrays of T rows, or of one row for every bar, by N instruments.

    Attributes
    ----------
    version : of the tables of rules; goes into the spec
    tick : rupees; 0 = prices are not rounded
    lower, upper : price bands, rupees; NaN = none or unknown
    lot : shares that quantities are multiples of
    spread : half the spread as a fraction of the price
    delivered : whether every trade must be delivered (trade-for-trade)
    square : shape [T]; 1 = intraday positions end at this bar's open, 2 = at its close, 0 = neither
    assets : shape [N], what is charged for: 0 share, 1 equity fund unit, 2 other fund unit
    words : what is known, inferred and unknown, in sentences for the reader of a run
    """

    version: str
    tick: F2
    lower: F2
    upper: F2
    lot: F2
    spread: F2
    delivered: B2
    square: NDArray[np.int8]
    assets: I1
    words: list[str] = field(default_factory=list)

    @classmethod
    def none(cls, instruments: int, last: B1) -> Exchange:
        """No rules: whole shares, and intraday positions end with the last bar of a session (`last`, shape [T])."""
        row = (1, instruments)
        unknown = np.full(row, np.nan)
        return cls(
            "none", np.zeros(row), unknown, unknown, np.ones(row), np.zeros(row), np.zeros(row, np.bool_),
            2 * last.view(np.int8), np.zeros(instruments, np.int64),
        )  # fmt: skip

    def columns(self, order: Sequence[int]) -> Exchange:
        """The same with the instruments in this order."""
        names = ("tick", "lower", "upper", "lot", "spread", "delivered")
        return replace(self, **{n: getattr(self, n)[:, order] for n in names}, assets=self.assets[list(order)])
