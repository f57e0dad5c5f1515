"""A method judged where it could not look: weights from the past, earned in what came next, costs paid.

At each rebalance the weights come from the sessions before it alone; they drift with prices until the next one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

F1 = NDArray[np.float64]
F2 = NDArray[np.float64]


class Walk(NamedTuple):
    """Returns of each session out of sample [T - lookback], after costs; mean share bought at a rebalance after the
    first; and how many rebalances there were."""

    returns: F1
    turnover: float
    rebalances: int


def walk_forward(returns: F2, weigh: Callable[[F2, F1], F1], *, lookback: int, every: int, cost: float = 0.0) -> Walk:
    """Rebalance every so many sessions to `weigh(the last lookback returns, today's weights)`.

    Parameters
    ----------
    returns : shape [T, N], finite
    lookback : sessions an estimate is made from; T must be more
    cost : rupees for each rupee bought or sold; the first purchase costs nothing, for all methods begin with it
    """
    count, width = returns.shape
    if count <= lookback:
        raise ValueError(f"expected more than {lookback} sessions, got {count}")
    weights = np.full(width, 1.0 / width)
    out, bought = np.empty(count - lookback), []
    for t in range(lookback, count):
        paid = 0.0
        if (t - lookback) % every == 0:
            wanted = weigh(returns[t - lookback : t], weights)
            if t > lookback:
                moved = float(np.sum(np.abs(wanted - weights)))
                bought.append(0.5 * moved)
                paid = cost * moved
            weights = wanted
        gained = float(np.sum(weights * returns[t]))
        out[t - lookback] = (1.0 - paid) * (1.0 + gained) - 1.0
        weights = weights * (1.0 + returns[t]) / (1.0 + gained)
    return Walk(out, float(np.mean(bought)) if bought else 0.0, len(bought) + 1)
