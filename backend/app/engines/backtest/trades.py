"""Trades, entry to exit, folded from what happened to the account: a position is what its fills add up to."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from app.engines.backtest.orders import Records, Row

F1 = NDArray[np.float64]
I1 = NDArray[np.int64]

TRADE = np.dtype(
    [
        ("book", np.int64),
        ("column", np.int64),
        ("product", np.int64),
        ("side", np.int64),  # 1 long, -1 short
        ("flags", np.int64),  # bits of Flag, of all its fills
        ("entry_bar", np.int64),
        ("exit_bar", np.int64),  # -1 while open
        ("entry_intent", np.uint64),
        ("exit_intent", np.uint64),  # 0 while open, and where the exchange settled the last fraction
        ("exit_why", np.int64),  # Why, or SETTLED
        ("quantity", np.float64),  # shares entered with
        ("entry_price", np.float64),  # average, rupees a share as traded then
        ("exit_quantity", np.float64),  # shares left with: another number after a split
        ("exit_price", np.float64),  # average, rupees a share as traded then; NaN while open
        ("left", np.float64),  # shares still held, below zero when short
        ("bought", np.float64),  # rupees
        ("sold", np.float64),  # rupees
        ("income", np.float64),  # rupees: dividends, and fractions of shares paid out
        ("costs", np.float64),  # rupees
        ("pnl", np.float64),  # rupees, net of costs; open trades at their mark
    ]
)


class Traded(NamedTuple):
    """What measures read of the trades of a run, in order of entry, shape [trades]; and of its fills."""

    column: I1
    side: I1
    entry_bar: I1
    exit_bar: I1  # -1 while open
    entry_price: F1  # rupees as traded then, as the exit's
    exit_price: F1  # NaN while open
    pnl: F1  # rupees, net of costs; open trades at their mark
    bought: float  # rupees of all purchases
    sold: float


def traded_of(trades: Records, fills: Records) -> Traded:
    """The same of a log: TRADE and FILL."""
    value = fills["quantity"] * fills["price"]
    bought, sold = (float(value[fills["side"] == side].sum()) for side in (1, -1))
    column, side, entry_bar, exit_bar, entry_price, exit_price, pnl = (
        np.ascontiguousarray(trades[name]) for name in Traded._fields[:-2]
    )
    return Traded(column, side, entry_bar, exit_bar, entry_price, exit_price, pnl, bought, sold)


OPEN, SETTLED = -1, -2  # exit_why of a trade still open; of one whose last fraction of a share was paid out in cash
NO_INTENT: Row = np.uint64(0)


@njit(cache=True, nogil=True)
def _close(trade: Row, bar: int, intent: int, why: int) -> None:
    trade["exit_bar"] = bar
    trade["exit_intent"] = intent
    trade["exit_why"] = why


@njit(cache=True, nogil=True)
def fold_trades(
    fills: Records, events: Records, mark: F1, instruments: int, products: int, slots: int, trades: Records
) -> int:
    """Write the trades of a log to `trades`, in order of entry; how many they are.

    `fills` and `events` are merged by their sequence; `mark` [slots] values what is still held. `trades` must have
    room for one trade a fill.
    """
    current = np.full(slots, -1, np.int64)
    count = e = 0
    for f in range(fills.size + 1):
        while e < events.size and (f == fills.size or events[e]["sequence"] < fills[f]["sequence"]):
            event = events[e]
            slot = (event["book"] * instruments + event["column"]) * products + event["product"]
            trade = trades[current[slot]]
            trade["income"] += event["amount"]
            trade["left"] = event["after"]
            if event["after"] == 0.0:
                trade["exit_price"] = event["price"]
                _close(trade, event["bar"], NO_INTENT, SETTLED)
                current[slot] = -1
            e += 1
        if f == fills.size:
            break
        fill = fills[f]
        slot = (fill["book"] * instruments + fill["column"]) * products + fill["product"]
        value = fill["quantity"] * fill["price"]
        if not fill["closing"]:
            if current[slot] < 0:
                current[slot] = count
                trade = trades[count]
                count += 1
                trade["book"] = fill["book"]
                trade["column"] = fill["column"]
                trade["product"] = fill["product"]
                trade["side"] = fill["side"]
                trade["flags"] = 0
                trade["entry_bar"] = fill["bar"]
                trade["entry_intent"] = fill["intent"]
                _close(trade, -1, NO_INTENT, OPEN)
                trade["quantity"] = trade["exit_quantity"] = trade["left"] = 0.0
                trade["bought"] = trade["sold"] = trade["income"] = trade["costs"] = 0.0
                trade["exit_price"] = np.nan
            trade = trades[current[slot]]
            trade["quantity"] += fill["quantity"]
            trade["left"] += fill["side"] * fill["quantity"]
            if fill["side"] > 0:
                trade["bought"] += value
            else:
                trade["sold"] += value
            # a single fill keeps its price to the last bit; value / quantity would round
            alone = trade["quantity"] == fill["quantity"]
            entered = trade["bought"] if fill["side"] > 0 else trade["sold"]
            trade["entry_price"] = fill["price"] if alone else entered / trade["quantity"]
        else:
            trade = trades[current[slot]]
            trade["exit_quantity"] += fill["quantity"]
            trade["left"] += fill["side"] * fill["quantity"]
            if fill["side"] > 0:
                trade["bought"] += value
            else:
                trade["sold"] += value
            alone = trade["exit_quantity"] == fill["quantity"]
            left_with = trade["bought"] if fill["side"] > 0 else trade["sold"]
            trade["exit_price"] = fill["price"] if alone else left_with / trade["exit_quantity"]
            if abs(trade["left"]) < 1e-9:
                _close(trade, fill["bar"], fill["intent"], fill["why"])
                current[slot] = -1
        trade["costs"] += fill["cost"]
        trade["flags"] |= fill["flags"]
    for i in range(count):
        trade = trades[i]
        slot = (trade["book"] * instruments + trade["column"]) * products + trade["product"]
        unrealised = trade["left"] * mark[slot] if trade["exit_bar"] < 0 else 0.0
        trade["pnl"] = trade["sold"] + unrealised - trade["bought"] + trade["income"] - trade["costs"]
    return count
