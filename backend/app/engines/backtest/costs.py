"""What a fill costs: one function of the fill, in named components that add up.

The tables by date, product and broker plan fill the same shape: a rate set in, a row of components out.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

F1 = NDArray[np.float64]

COMPONENTS = ("flat",)  # names of the columns of a fill's cost row


class Costs(NamedTuple):
    """Rates in force."""

    flat: float  # fraction of the traded value, each side


@njit(cache=True, nogil=True, forceinline=True)
def charge(costs: Costs, bar: int, product: int, side: int, quantity: float, price: float, row: F1) -> float:
    """Rupees charged on a fill; its components, in the order of COMPONENTS, are written to `row`.

    The flat plan charges both sides and all products alike, on every date.
    """
    total = costs.flat * (quantity * price)
    row[0] = total
    return total


@njit(cache=True, nogil=True, forceinline=True)
def affordable(costs: Costs, bar: int, product: int, budget: float, price: float) -> float:
    """Whole shares that `budget` rupees buy at `price`, charges included: floor(budget / (price × (1 + rate)))."""
    shares: float = np.floor(budget / (price * (1.0 + costs.flat)))
    return max(0.0, shares)
