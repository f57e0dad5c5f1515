"""How far normalised prices lie apart, compiled."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

F2 = NDArray[np.float64]


@njit(cache=True, nogil=True)
def squared_distances(prices: F2) -> F2:
    """Sums of squared differences between each two rows of prices, [N, W] to [N, N]; infinite to itself.

    Each sum is added up from the oldest bar on, so that it does not depend on which other rows there are.
    """
    count, bars = prices.shape
    out = np.full((count, count), np.inf)
    for i in range(count):
        for j in range(i + 1, count):
            total = 0.0
            for t in range(bars):
                apart = prices[i, t] - prices[j, t]
                total += apart * apart
            out[i, j] = out[j, i] = total
    return out
