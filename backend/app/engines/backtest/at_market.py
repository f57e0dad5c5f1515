"""The short way through a bar whose orders are all for its open, where nothing is under guard: most bars."""

from __future__ import annotations

import numpy as np

from app.engines.backtest.account import Account, slot_of
from app.engines.backtest.fills import (
    MARKET,
    MIS,
    NOTHING_HELD,
    Log,
    Market,
    Rules,
    close_position,
    open_position,
    refuse_order,
)
from app.engines.backtest.resting import Orders, enqueue, keep
from app.engines.kernels import inlined, kernel

_close_here, _open_here = inlined(close_position), inlined(open_position)


@kernel(forceinline=True)
def all_at_market(t: int, orders: Orders, rules: Rules) -> bool:
    """Whether every order at rest is one for this open, without a part to play in the rest of the bar.

    None can outlast the open but an exit that nobody takes. A stop is live in the bar of its entry, and an intraday
    position may end with it: the core sees to those.
    """
    if rules.carry and rules.volume_cap > 0.0:
        return False
    for k in range(orders.size[0]):
        order = orders.rows[k]
        if order["kind"] != MARKET or order["oco"] != 0 or order["expires"] >= 0:
            return False
        if order["eligible"] > t or order["eligible"] <= order["decided"] or order["product"] == MIS:
            return False
        if not (np.isnan(order["stop"]) and np.isnan(order["trail"])):
            return False
    return True


@kernel(forceinline=True)
def match_market(t: int, row: int, market: Market, account: Account, orders: Orders, rules: Rules, log: Log) -> None:
    """What the core's `_match` and `at_close` do; a test holds the two side by side."""
    rows, count, staying, waiting = orders.rows, orders.size[0], 0, 0
    gone, queue = orders.gone, orders.queue
    for k in range(count):
        order = rows[k]
        gone[k] = True
        if not order["closing"]:
            waiting = enqueue(rows, queue, waiting, k)
            continue
        slot = slot_of(account, order["book"], order["column"], order["product"])
        held, wanted = account.quantity[slot], order["quantity"]
        if held * order["side"] >= 0.0:
            refuse_order(log, t, order, NOTHING_HELD, wanted, 0.0)
            continue
        reference = market.open[row, order["column"]]
        if not np.isnan(reference):
            if np.isnan(wanted):
                wanted = abs(held)
            if abs(held) < wanted:
                refuse_order(log, t, order, NOTHING_HELD, wanted, abs(held))
                wanted = abs(held)
            done = _close_here(
                t, row, market, account, slot, wanted, reference, np.nan, order["intent"], MARKET, order["why"],
                order["decided"], 0, rules, log,
            )  # fmt: skip
            if done == wanted:
                continue
            order["quantity"] = wanted - done
        gone[k] = False
        staying += 1
    for i in range(waiting):
        order = rows[queue[i]]
        _open_here(t, row, market, account, order, market.open[row, order["column"]], 0, rules, log)
    if staying:
        keep(orders, gone[:count])
    else:
        orders.size[0] = 0
