"""From weights to whole shares: what to sell and buy, paid for by what is sold."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

F1 = NDArray[np.float64]
I1 = NDArray[np.int64]


class Rebalance(NamedTuple):
    """`change` [N] in whole shares, below zero to sell; `cash` rupees left, charges paid."""

    change: I1
    charges: F1
    cash: float


def whole_shares(held: I1, prices: F1, weights: F1, cash: float, charges: Callable[[int, int], float]) -> Rebalance:
    """Trades that bring N holdings towards their weights without spending more than there is.

    Parameters
    ----------
    held : shape [N], shares
    prices : shape [N], rupees, above 0
    weights : shape [N], of the holdings and `cash` together; they sum to 1 at most
    charges : rupees for a trade (column, signed shares); what is bought is paid from cash and sales after charges

    What is sold is sold down to the weight, rounded to the nearest share; purchases are rounded down and, where the
    charges leave too little, cut where a share more would overshoot its weight the most.
    """
    total = float(np.sum(held * prices)) + cash
    target = weights * total / prices
    change = np.where(target < held, np.rint(target), np.floor(target + 1e-9)).astype(np.int64) - held
    paid = np.zeros(held.size)
    money = cash
    for n in np.flatnonzero(change < 0).tolist():
        paid[n] = charges(n, int(change[n]))
        money += -float(change[n]) * float(prices[n]) - paid[n]
    for n in np.flatnonzero(change > 0).tolist():
        paid[n] = charges(n, int(change[n]))
        money -= float(change[n]) * float(prices[n]) + paid[n]
    while money < 0.0 and (change > 0).any():
        buying = np.flatnonzero(change > 0)
        over = (held[buying] + change[buying]) * prices[buying] - weights[buying] * total
        n = int(buying[np.argmax(over + prices[buying] * 1e-9)])
        fewer = max(1, min(int(change[n]), int(-money // float(prices[n]))))
        money += fewer * float(prices[n]) + paid[n]
        change[n] -= fewer
        paid[n] = charges(n, int(change[n])) if change[n] else 0.0
        money -= paid[n]
    return Rebalance(change, paid, money)
