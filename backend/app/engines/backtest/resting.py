"""Orders at rest, and the order in which entries are served."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.engines.backtest.orders import Records, Row
from app.engines.kernels import kernel

B1 = NDArray[np.bool_]
I1 = NDArray[np.int64]


class Orders(NamedTuple):
    """Orders at rest: the first `size` rows."""

    rows: Records  # ORDER
    size: I1  # shape [1]
    gone: B1  # shape as rows: room to work in, which orders of this bar are done with
    queue: I1  # shape as rows: room to work in, entries in the order they are served


@kernel(forceinline=True)
def _before(a: Row, b: Row) -> bool:
    """Whether entry `a` is served before `b`: rank, then instrument key, then book; else as they came."""
    if a["rank"] != b["rank"] and not (np.isnan(a["rank"]) and np.isnan(b["rank"])):
        return bool(np.isnan(b["rank"]) or a["rank"] > b["rank"])
    if a["column"] != b["column"]:
        return bool(a["column"] < b["column"])
    return bool(a["book"] < b["book"])


@kernel(forceinline=True)
def enqueue(rows: Records, waiting: I1, count: int, i: int) -> int:
    """Put order i in its place among those that are to be served; how many they are."""
    k = count
    while k > 0 and _before(rows[i], rows[waiting[k - 1]]):
        waiting[k] = waiting[k - 1]
        k -= 1
    waiting[k] = i
    return count + 1


@kernel(forceinline=True)
def keep(orders: Orders, gone: B1) -> None:
    """Drop the orders that are done with; the others stay in their order."""
    kept = 0
    for k in range(gone.size):
        if not gone[k]:
            if kept != k:
                orders.rows[kept] = orders.rows[k]
            kept += 1
    orders.size[0] = kept
