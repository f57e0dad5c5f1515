"""How orders meet the prices of a bar: at its open, inside it, at its close. The rules are told in `core`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.engines.backtest.account import GUARD, GUARDED, INSIDE, TRAILING, TRIGGERED, Account, slot_of
from app.engines.backtest.fills import (
    AMBIGUOUS,
    AT_CLOSE,
    AT_OPEN,
    BUY,
    INSIDE_BAR,
    LIMIT,
    MARKET,
    MIS,
    NOTHING_HELD,
    SAME,
    SELL,
    STOP_LIMIT,
    STOP_ORDER,
    Log,
    Market,
    Rules,
    close_position,
    guard_intent,
    open_position,
    refuse_order,
)
from app.engines.backtest.orders import Row
from app.engines.backtest.resting import Orders, enqueue, keep
from app.engines.kernels import kernel

B1 = NDArray[np.bool_]

NOT_AFTER_DECISION, EXPIRED, ONE_CANCELS_OTHER = 1, 11, 12
STOP, TARGET, TRAIL, TIME, SQUARE_OFF = 2, 3, 4, 5, 6  # Why
AT_THE_CLOSE = 2  # of Market.square


@kernel()
def _through(order: Row, price: float) -> bool:
    """Whether a price of the market has come to what a resting order waits for; a stop-limit is changed by it."""
    side = order["side"]
    if order["kind"] == MARKET:
        return True
    if order["kind"] == AT_CLOSE or np.isnan(price):
        return False
    if order["kind"] != LIMIT:
        if (price - order["trigger"]) * side < -SAME * price:
            return False
        if order["kind"] == STOP_ORDER:
            return True
        order["kind"] = LIMIT  # a stop-limit whose trigger has come is a limit order
    return bool((price - order["limit"]) * side <= SAME * price)


@kernel()
def _inside_price(order: Row, high: float, low: float) -> float:
    """Where inside a bar, after an open that did not reach it, a resting order is filled; NaN = not in this bar."""
    side = order["side"]
    worse, better = (high, low) if side == BUY else (low, high)  # for a buyer high prices are the worse ones
    if order["kind"] == LIMIT:
        return order["limit"] if (better - order["limit"]) * side <= SAME * low else np.nan
    if order["kind"] == STOP_ORDER or order["kind"] == STOP_LIMIT:
        if (worse - order["trigger"]) * side < -SAME * low:
            return np.nan
        if order["kind"] == STOP_ORDER:
            return float(order["trigger"])
        order["kind"] = LIMIT
        # at a limit not short of its trigger it is filled there and then; else the rest of the bar is not known
        return float(order["trigger"]) if (order["limit"] - order["trigger"]) * side >= 0.0 else np.nan
    return np.nan


@kernel()
def _cancel_group(t: int, orders: Orders, gone: B1, group: int, log: Log) -> None:
    if group == 0:
        return
    for k in range(gone.size):
        if not gone[k] and orders.rows[k]["oco"] == group:
            refuse_order(log, t, orders.rows[k], ONE_CANCELS_OTHER, orders.rows[k]["quantity"], 0.0)
            gone[k] = True


@kernel()
def _exit_by_order(
    t: int, row: int, market: Market, account: Account, orders: Orders, k: int, reference: float, flags: int, gone: B1,
    rules: Rules, log: Log,
) -> None:  # fmt: skip
    order = orders.rows[k]
    slot = slot_of(account, order["book"], order["column"], order["product"])
    held, wanted = account.quantity[slot], order["quantity"]
    if held * order["side"] >= 0.0:  # nothing, or the other side of it
        refuse_order(log, t, order, NOTHING_HELD, wanted, 0.0)
        gone[k] = True
        return
    if np.isnan(reference):
        return
    if np.isnan(wanted):
        wanted = abs(held)
    if abs(held) < wanted:
        refuse_order(log, t, order, NOTHING_HELD, wanted, abs(held))
        wanted = abs(held)
    limit = order["limit"] if order["kind"] == LIMIT else np.nan
    done = close_position(
        t, row, market, account, slot, wanted, reference, limit, order["intent"], order["kind"], order["why"],
        order["decided"], flags, rules, log,
    )  # fmt: skip
    if done == wanted:
        gone[k] = True
        _cancel_group(t, orders, gone, order["oco"], log)
    else:
        order["quantity"] = wanted - done


@kernel()
def _exit_by_guard(
    t: int, row: int, market: Market, account: Account, slot: int, reference: float, why: int, flags: int, rules: Rules,
    log: Log,
) -> None:  # fmt: skip
    held = account.quantity[slot]
    side = SELL if held > 0.0 else BUY
    if why == STOP and account.guard[slot] & TRAILING:
        why = TRAIL
    intent = guard_intent(market, row, account, slot, side, why, rules)
    kind = LIMIT if why == TARGET else MARKET if why in (TIME, SQUARE_OFF) else STOP_ORDER
    limit = account.target[slot] if why == TARGET else np.nan
    close_position(
        t, row, market, account, slot, abs(held), reference, limit, intent, kind, why, account.decided[slot], flags,
        rules, log,
    )  # fmt: skip


@kernel()
def _guards_at_open(t: int, row: int, market: Market, account: Account, rules: Rules, log: Log) -> None:
    i = 0
    while i < account.held_count[0]:
        slot = account.held[i]
        if account.guard[slot] & GUARD:
            price = market.open[row, account.column[slot]]
            way = 1.0 if account.quantity[slot] > 0.0 else -1.0
            why = 0
            if np.isnan(price):
                why = 0
            elif (price - account.stop[slot]) * way <= SAME * price:
                why = STOP
            elif (price - account.target[slot]) * way >= -SAME * price:
                why = TARGET
            elif 0 <= account.until[slot] <= t:
                why = TIME
            elif slot % account.products == MIS and market.square[row] == AT_OPEN:
                why = SQUARE_OFF
            if why:
                _exit_by_guard(t, row, market, account, slot, price, why, 0, rules, log)
                if account.quantity[slot] == 0.0:
                    continue
        i += 1


@kernel()
def _guards_inside(t: int, row: int, market: Market, account: Account, rules: Rules, log: Log) -> None:
    i = 0
    while i < account.held_count[0]:
        slot = account.held[i]
        if account.guard[slot] & GUARD:
            column = account.column[slot]
            high, low = market.high[row, column], market.low[row, column]
            long_ = account.quantity[slot] > 0.0
            way = 1.0 if long_ else -1.0
            against, with_us = (low, high) if long_ else (high, low)
            stop, target = account.stop[slot], account.target[slot]
            fresh = account.entered[slot] == t
            stopped = (against - stop) * way <= SAME * low
            reached = not fresh and (with_us - target) * way >= -SAME * low
            if stopped:
                doubtful = reached or (fresh and account.guard[slot] & TRIGGERED)
                flags = INSIDE_BAR | (AMBIGUOUS if doubtful else 0)
                open_ = market.open[row, column]
                # a stop that the open had gone through was not to be had (locked, delivered): what came later is worse
                price = stop if (open_ - stop) * way > 0.0 or fresh else against
                _exit_by_guard(t, row, market, account, slot, price, STOP, flags, rules, log)
            elif reached:
                _exit_by_guard(t, row, market, account, slot, target, TARGET, INSIDE_BAR, rules, log)
            if account.quantity[slot] == 0.0:
                continue
        i += 1


@kernel()
def _sibling(orders: Orders, gone: B1, k: int, t: int, high: float, low: float) -> int:
    """Another entry of the same group that this bar reaches too; -1 = none."""
    order = orders.rows[k]
    if order["oco"] == 0:
        return -1
    for j in range(gone.size):
        other = orders.rows[j]
        if j == k or gone[j] or other["oco"] != order["oco"] or other["eligible"] > t or other["kind"] == STOP_LIMIT:
            continue
        if not np.isnan(_inside_price(other, high, low)):
            return j
    return -1


@kernel()
def _enter_inside(
    t: int, row: int, market: Market, account: Account, orders: Orders, gone: B1, k: int, rules: Rules, log: Log
) -> None:
    order = orders.rows[k]
    column = order["column"]
    high, low, open_ = market.high[row, column], market.low[row, column], market.open[row, column]
    price = _inside_price(order, high, low)
    if np.isnan(price):
        return
    other = _sibling(orders, gone, k, t, high, low)
    if other >= 0 and abs(orders.rows[other]["trigger"] - open_) < abs(order["trigger"] - open_):
        return  # its own turn comes: it is nearer the open
    slot = slot_of(account, order["book"], column, order["product"])
    before = account.quantity[slot]
    opposite = orders.rows[other]["side"] != order["side"] if other >= 0 else False
    loss = orders.rows[other]["trigger"] if other >= 0 else np.nan
    flags = INSIDE_BAR | (AMBIGUOUS if opposite else 0)
    rest = open_position(t, row, market, account, order, price, flags, rules, log)
    gone[k] = rest == 0.0
    order["quantity"] = rest if rest > 0.0 else order["quantity"]
    if account.quantity[slot] != before:
        _cancel_group(t, orders, gone, order["oco"], log)
        if opposite and before == 0.0:
            _exit_by_guard(t, row, market, account, slot, loss, STOP, flags, rules, log)


@kernel(forceinline=True)
def match(t: int, row: int, market: Market, account: Account, orders: Orders, rules: Rules, log: Log) -> None:
    """The open, and what happens inside the bar, where there are orders or guarded positions."""
    rows, count = orders.rows, orders.size[0]
    gone, queue = orders.gone[:count], orders.queue
    gone[:] = False
    for k in range(count):
        order = rows[k]
        if order["eligible"] <= order["decided"]:
            refuse_order(log, t, order, NOT_AFTER_DECISION, order["quantity"], 0.0)
            gone[k] = True
        elif 0 <= order["expires"] < t:
            refuse_order(log, t, order, EXPIRED, order["quantity"], 0.0)
            gone[k] = True
    for k in range(count):
        order = rows[k]
        if not gone[k] and order["closing"] and order["eligible"] <= t:
            price = market.open[row, order["column"]]
            if _through(order, price):
                _exit_by_order(t, row, market, account, orders, k, price, 0, gone, rules, log)
    if account.clock[GUARDED] > 0:
        _guards_at_open(t, row, market, account, rules, log)
    waiting = 0
    for k in range(count):
        order = rows[k]
        entry = not gone[k] and not order["closing"] and order["eligible"] <= t
        if entry and _through(order, market.open[row, order["column"]]):
            waiting = enqueue(rows, queue, waiting, k)
    for i in range(waiting):
        k = queue[i]
        if not gone[k]:
            order = rows[k]
            slot = slot_of(account, order["book"], order["column"], order["product"])
            before = account.quantity[slot]
            price = market.open[row, order["column"]]
            rest = open_position(t, row, market, account, order, price, 0, rules, log)
            gone[k] = rest == 0.0
            order["quantity"] = rest if rest > 0.0 else order["quantity"]
            if account.quantity[slot] != before:
                _cancel_group(t, orders, gone, order["oco"], log)
    waiting = 0
    for k in range(count):
        order = rows[k]
        resting = order["kind"] != MARKET and order["kind"] != AT_CLOSE
        if not gone[k] and resting and not order["closing"] and order["eligible"] <= t:
            waiting = enqueue(rows, queue, waiting, k)
    for i in range(2 * waiting):  # twice: of two that exclude each other the nearer may stand second
        k = queue[i % waiting]
        if not gone[k] and not np.isnan(market.open[row, rows[k]["column"]]):
            _enter_inside(t, row, market, account, orders, gone, k, rules, log)
    for limits in range(2):  # stops, then, after the guards, limits
        for k in range(count):
            order = rows[k]
            if gone[k] or not order["closing"] or order["eligible"] > t or order["kind"] == MARKET:
                continue
            if order["kind"] == AT_CLOSE or (order["kind"] == LIMIT) != (limits == 1):
                continue
            column = order["column"]
            slot = slot_of(account, order["book"], column, order["product"])
            if limits and account.entered[slot] == t:
                continue
            high, low = market.high[row, column], market.low[row, column]
            price = _inside_price(order, high, low)
            if not np.isnan(price):
                doubtful = not limits and _sibling(orders, gone, k, t, high, low) >= 0
                flags = INSIDE_BAR | (AMBIGUOUS if doubtful else 0)
                _exit_by_order(t, row, market, account, orders, k, price, flags, gone, rules, log)
        if limits == 0 and account.clock[GUARDED] > 0:
            _guards_inside(t, row, market, account, rules, log)
    keep(orders, gone)


@kernel(forceinline=True)
def at_close(t: int, row: int, market: Market, account: Account, orders: Orders, rules: Rules, log: Log) -> None:
    """Orders for the close, exits first; then intraday positions that end here."""
    account.locked[INSIDE] = 0.0
    rows, count = orders.rows, orders.size[0]
    gone, queue, waiting = orders.gone[:count], orders.queue, 0
    gone[:] = False
    for k in range(count):
        order = rows[k]
        if order["kind"] == AT_CLOSE and order["eligible"] <= t:
            if order["closing"]:
                price = market.close[row, order["column"]]
                _exit_by_order(t, row, market, account, orders, k, price, 0, gone, rules, log)
            else:
                waiting = enqueue(rows, queue, waiting, k)
    if market.square[row] == AT_THE_CLOSE and account.clock[GUARDED] > 0:
        i = 0
        while i < account.held_count[0]:
            slot = account.held[i]
            if slot % account.products == MIS:
                price = market.close[row, account.column[slot]]
                _exit_by_guard(t, row, market, account, slot, price, SQUARE_OFF, 0, rules, log)
                if account.quantity[slot] == 0.0:
                    continue
            i += 1
    for i in range(waiting):
        order = rows[queue[i]]
        rest = open_position(t, row, market, account, order, market.close[row, order["column"]], 0, rules, log)
        gone[queue[i]] = rest == 0.0
        order["quantity"] = rest if rest > 0.0 else order["quantity"]
    keep(orders, gone)
