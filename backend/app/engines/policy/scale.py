"""`scale_targets`: what a policy makes of target weights, before any order. Pure, compiled or called from Python alike.

`decide` is asked order by order: of many that compete, those served last would get nothing. So the targets of all books
that rebalance at one close are cut down together first, and `decide` has the last word when they are filled.

- Limits in the order of `decide`: instrument, sector, strategy with its correlation penalty, exposure by state, cash.
  Liquidity is a limit of one order and stays with `decide`.
- Each limit leaves a room: its share of the equity less what stays, which is what other books hold and what cannot be
  sized. Where more is wanted in an instrument, a sector, a book, the account, all of it is multiplied by one factor:
  the ratios inside it stay as they were, and the next limit sees what this one left.
- Long and short count by their size: a short sale blocks cash of its own value beside what it brings in.
- An account that is HALTED is left alone: its entries are refused one by one, and what is to be sold is sold as wanted.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.engines.kernels import kernel
from app.engines.policy.decide import (
    CASH_RESERVE,
    EXPOSURE,
    HALTED,
    INSTRUMENT,
    SAME,
    SECTOR,
    STRATEGY,
    exposure_cap,
)
from app.engines.policy.policy import Terms

F1 = NDArray[np.float64]
F2 = NDArray[np.float64]
F3 = NDArray[np.float64]
I1 = NDArray[np.int64]

STAGES: Final = (INSTRUMENT, SECTOR, STRATEGY, EXPOSURE, CASH_RESERVE)  # rules, in the order they are applied
BEFORE, AFTER, ROOM = 0, 1, 2  # what `told` holds of each


@kernel(forceinline=True)
def _group(stage: int, b: int, n: int, sectors: I1) -> int:
    """The number of what shares the room of a limit: an instrument, a sector, a book, or the account."""
    if stage == INSTRUMENT:
        return n
    if stage == SECTOR:
        return int(sectors[n])
    return b if stage == STRATEGY else 0


@kernel(arrays=True)
def scale_targets(
    targets: F2, stays: F2, sectors: I1, shares: F1, equity: float, state: int, policy: Terms, told: F3
) -> None:
    """Cut target values down to what a policy leaves, in place.

    Parameters
    ----------
    targets : shape [B, N], rupees that each book wants to hold, short below zero; read and changed where `stays` is NaN
    stays : shape [B, N], rupees that are held whatever the target says, 0 or more; NaN = the target decides
    sectors : shape [N], number of each instrument's sector, from 0 to below N; read under a sector limit
    shares : shape [B], of each book's limit that its correlation with the others leaves
    equity, state : of the account, rupees and `State`
    told : shape [len(STAGES), B, 3], written: the size of a book's targets before and after each stage, and the rupees
        that its limit leaves, to one instrument or sector, to the book, or to all books; zeros where there is no limit

    Without equity, HALTED, or without a policy nothing is changed.
    """
    books, instruments = targets.shape
    told[:] = 0.0
    if not policy.active or state == HALTED or not equity > 0.0:
        return
    wanted, taken = np.empty(max(books, instruments)), np.empty(max(books, instruments))
    for i in range(len(STAGES)):
        stage = STAGES[i]
        if stage == INSTRUMENT:
            limit = policy.name
        elif stage == SECTOR:
            limit = policy.sector
        elif stage == STRATEGY:
            limit = policy.strategy
        elif stage == EXPOSURE:
            limit = exposure_cap(state, policy)
        else:
            limit = 1.0 - policy.reserve
        if np.isinf(limit):
            continue
        wanted[:] = 0.0
        taken[:] = 0.0
        for b in range(books):
            for n in range(instruments):
                group = _group(stage, b, n, sectors)
                if np.isnan(stays[b, n]):
                    wanted[group] += abs(targets[b, n])
                else:
                    taken[group] += stays[b, n]
        for b in range(books):
            most = limit * equity * (shares[b] if stage == STRATEGY else 1.0)
            of_many = stage in (INSTRUMENT, SECTOR)
            told[i, b, ROOM] = most if of_many else max(0.0, most - taken[_group(stage, b, 0, sectors)])
            for n in range(instruments):
                if not np.isnan(stays[b, n]):
                    continue
                group = _group(stage, b, n, sectors)
                told[i, b, BEFORE] += abs(targets[b, n])
                room = max(0.0, most - taken[group])
                if wanted[group] > room * (1.0 + SAME):
                    targets[b, n] *= room / wanted[group]
                told[i, b, AFTER] += abs(targets[b, n])
