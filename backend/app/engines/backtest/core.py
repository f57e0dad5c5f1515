"""The matching core: one bar, all instruments, all books. State and orders in, new state, fills and refusals out.

`advance` is the only place where an order becomes a fill; backtest, replay and paper call it bar by bar. It changes the
account, the resting orders and the log in place (they are arrays), reads nothing else, and depends on no clock.

Within one bar:
1. ex-dates, before the open: dividends on the shares held into it, then quantity × step and price levels ÷ step.
   Shares are whole: what is left over of one is paid out at the open (at the last mark ÷ step where there is no open).
   The cost of the holding stays with the shares that remain. Resting orders follow.
2. the open. Exits first, so that their cash pays for entries at the same open: market exits, then stops, targets and
   limits that the open has gone through, at the open. Then entries at the market and those whose price the open has
   gone through, by rank (higher first, NaN last), then instrument key, then book. A market entry whose instrument has
   no bar is refused: it was for that open. An exit rests until the instrument trades again: it is never given up.
3. inside the bar, pessimistically: entries whose price came, paid from the cash that was there after the open; then
   stops, live in the entry's own bar too; then targets, live from the next bar on. Where a bar holds both, the stop
   came first and the fill is flagged ambiguous. Of two entries of which one cancels the other, both reached in one bar,
   the one nearer the open was filled and the other one is its stop.
4. the close: orders for the close, intraday positions where the session's rules end them here.
5. the mark: holdings at the close, or at the last one seen. Trailing stops move, for the next bar. With the session's
   last bar comes its contract note.

A policy looks at the account at the open and at the close, and is asked for every entry; see `guardrails`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.engines.backtest.account import (
    ENDING,
    FLAT,
    GUARD,
    GUARDED,
    INSIDE,
    LATCH,
    NEAR,
    NOTE,
    SESSION,
    TOLD,
    TRAILING,
    TRIGGERED,
    UNSETTLED,
    Account,
    release,
    slot_of,
    whole_shares,
)
from app.engines.backtest.at_market import all_at_market, match_market
from app.engines.backtest.charges import settle_day
from app.engines.backtest.fills import (
    AMBIGUOUS,
    AT_CLOSE,
    AT_OPEN,
    BUY,
    BY_POLICY,
    DECISIONS,
    EVENTS,
    FILLS,
    INSIDE_BAR,
    LIMIT,
    MARKET,
    MIS,
    NO_BAR,
    NOTHING_HELD,
    REJECTIONS,
    SAME,
    SELL,
    SEQUENCE,
    STOP_LIMIT,
    STOP_ORDER,
    Log,
    Market,
    Rules,
    at,
    close_position,
    guard_intent,
    open_position,
    refuse,
    refuse_order,
)
from app.engines.backtest.guardrails import flattened, open_session, watch, withdrawn
from app.engines.backtest.orders import Row
from app.engines.backtest.resting import Orders, enqueue, keep
from app.engines.kernels import kernel

__all__ = [
    "BUY",
    "DECISIONS",
    "EVENTS",
    "FILLS",
    "REJECTIONS",
    "SELL",
    "Account",
    "Log",
    "Market",
    "Orders",
    "Rules",
    "advance",
]

F1 = NDArray[np.float64]
B1 = NDArray[np.bool_]
I1 = NDArray[np.int64]

NOT_AFTER_DECISION, EXPIRED, ONE_CANCELS_OTHER = 1, 11, 12
STOP, TARGET, TRAIL, TIME, SQUARE_OFF, POLICY = 2, 3, 4, 5, 6, 8  # Why
DIVIDEND, SHARES = 1, 2
AT_THE_CLOSE = 2  # of Market.square


@kernel(forceinline=True)
def _log_event(
    log: Log, bar: int, account: Account, slot: int, kind: int, before: float, after: float, price: float, amount: float
) -> None:
    row = log.events[log.used[EVENTS]]
    row["sequence"] = log.used[SEQUENCE]
    row["bar"] = bar
    row["product"] = slot % account.products
    row["column"] = account.column[slot]
    row["book"] = account.book[slot]
    row["kind"] = kind
    row["before"] = before
    row["after"] = after
    row["price"] = price
    row["amount"] = amount
    log.used[EVENTS] += 1
    log.used[SEQUENCE] += 1


@kernel()
def _ex_dates(t: int, row: int, market: Market, account: Account, orders: Orders, fractional: bool, log: Log) -> None:
    i = 0
    while i < account.held_count[0]:
        slot = account.held[i]
        column = account.column[slot]
        quantity = account.quantity[slot]
        dividend = at(market.dividend, row, column)
        if dividend > 0.0:
            account.cash[0] += quantity * dividend
            _log_event(log, t, account, slot, DIVIDEND, quantity, quantity, dividend, quantity * dividend)
        step = at(market.step, row, column)
        if step != 1.0:
            account.mark[slot] /= step
            account.stop[slot] /= step
            account.target[slot] /= step
            account.best[slot] /= step
            exact = quantity * step
            shares = exact if fractional else whole_shares(exact)
            fraction = exact - shares
            if abs(fraction) < NEAR or fraction * quantity < 0.0:
                fraction = 0.0
            open_ = market.open[row, column]
            price = account.mark[slot] if np.isnan(open_) else open_
            account.cash[0] += fraction * price
            account.quantity[slot] = shares
            _log_event(log, t, account, slot, SHARES, quantity, shares, price, fraction * price)
            if shares == 0.0:
                release(account, slot)
                continue
        i += 1
    for k in range(orders.size[0]):
        order = orders.rows[k]
        step = at(market.step, row, order["column"])
        if step != 1.0:
            order["quantity"] = (
                order["quantity"] * step if fractional else whole_shares(order["quantity"] * step)
            )  # NaN stays NaN
            order["limit"] /= step
            order["trigger"] /= step
            order["stop"] /= step
            order["target"] /= step
            order["best"] /= step


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
def _match(t: int, row: int, market: Market, account: Account, orders: Orders, rules: Rules, log: Log) -> None:
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


@kernel(forceinline=True)
def mark_to_close(close: F1, account: Account) -> float:
    """Value of the holdings at the close, rupees, summed in slot order; without a close the last mark stands."""
    value = 0.0
    for i in range(account.held_count[0]):
        slot = account.held[i]
        price = close[account.column[slot]]
        if not np.isnan(price):
            account.mark[slot] = price
        value += account.quantity[slot] * account.mark[slot]
    return value


@kernel(forceinline=True)
def mark(t: int, row: int, market: Market, account: Account, orders: Orders, rules: Rules, log: Log) -> float:
    """Value the account at the close, and let the policy look at it; the value of its holdings, rupees."""
    value = mark_to_close(market.close[row], account)
    if rules.policy.active:
        watch(t, market.close[row], account, rules, log)
        if account.watch[LATCH] > 0.0:
            _withdraw(t, orders, account, rules, log)
    return value


@kernel()
def _withdraw(t: int, orders: Orders, account: Account, rules: Rules, log: Log) -> None:
    """The daily stop is reached: entries that rest in the market are taken back. What protects positions stays."""
    gone = orders.gone[: orders.size[0]]
    gone[:] = False
    for k in range(gone.size):
        order = orders.rows[k]
        if not order["closing"] and order["kind"] != MARKET and order["kind"] != AT_CLOSE:
            withdrawn(t, order, account, rules, log)
            refuse_order(log, t, order, BY_POLICY, order["quantity"], 0.0)
            gone[k] = True
    keep(orders, gone)


@kernel()
def _flatten(t: int, row: int, market: Market, account: Account, rules: Rules, log: Log) -> None:
    """End positions at this open, as the policy asks on a breach; what nobody takes is tried again at the next.

    One without a bar waits for its next, which is written down once; it keeps no other from being bought.
    """
    i, waiting = 0, 0
    while i < account.held_count[0]:
        slot = account.held[i]
        if not account.guard[slot] & ENDING:
            i += 1
            continue
        held = account.quantity[slot]
        side = SELL if held > 0.0 else BUY
        price = market.open[row, account.column[slot]]
        intent = guard_intent(market, row, account, slot, side, POLICY, rules)
        if np.isnan(price):
            if not account.guard[slot] & TOLD:
                account.guard[slot] |= TOLD
                column, product = account.column[slot], slot % account.products
                refuse(log, t, intent, account.book[slot], column, product, side, NO_BAR, t - 1, abs(held), 0.0)
                flattened(t, slot, side, intent, abs(held), 0.0, price, account, rules, log)
            waiting += 1
            i += 1
            continue
        done = close_position(
            t, row, market, account, slot, abs(held), price, np.nan, intent, MARKET, POLICY, t - 1, 0, rules, log
        )
        flattened(t, slot, side, intent, abs(held), done, price, account, rules, log)
        if account.quantity[slot] != 0.0:
            waiting += 1
            i += 1
    if waiting == 0:
        account.watch[FLAT] = 0.0


@kernel()
def _trail(close: F1, account: Account) -> None:
    """Move trailing stops by this close, for the next bar; never away from the price."""
    for i in range(account.held_count[0]):
        slot = account.held[i]
        price = close[account.column[slot]]
        if np.isnan(account.trail[slot]) or np.isnan(price):
            continue
        way = 1.0 if account.quantity[slot] > 0.0 else -1.0
        if (price - account.best[slot]) * way > 0.0:
            account.best[slot] = price
        level = account.best[slot] * (1.0 - way * account.trail[slot])
        if not (level - account.stop[slot]) * way <= 0.0:
            account.stop[slot] = level
            account.guard[slot] |= TRAILING


@kernel(forceinline=True)
def new_session(session: int, account: Account, rules: Rules, log: Log, t: int) -> None:
    """What a new session changes before its first bar: yesterday's sales are settled, the daily stop is lifted."""
    if rules.policy.active:
        open_session(t, account, rules, log)
    account.clock[SESSION] = session
    account.locked[UNSETTLED] = 0.0


@kernel(forceinline=True)
def settle(row: int, market: Market, account: Account, rules: Rules, log: Log) -> None:
    """The contract note of the session: fills bear their part of it, the account what it is more than the estimates."""
    first, last = account.clock[NOTE], log.used[FILLS]
    if last > first:
        if rules.costs.itemised:
            account.cash[0] -= settle_day(rules.costs, market.session[row], log.fills, first, last, log.components)
        account.clock[NOTE] = last


@kernel(forceinline=True)
def advance(t: int, row: int, market: Market, account: Account, orders: Orders, rules: Rules, log: Log) -> float:
    """Take the account through bar t, the market's row `row`; the value of its holdings at the close, rupees.

    The log must have room: see `needed_rows`.
    """
    if market.session[row] != account.clock[SESSION]:
        new_session(market.session[row], account, rules, log, t)
    return bar_of_session(t, row, market, account, orders, rules, log)


@kernel(forceinline=True)
def bar_of_session(t: int, row: int, market: Market, account: Account, orders: Orders, rules: Rules, log: Log) -> float:
    """`advance` within the session that the account's clock shows."""
    if market.ex_date[row]:
        _ex_dates(t, row, market, account, orders, rules.fractional, log)
    busy = orders.size[0] > 0 or account.clock[GUARDED] > 0
    if busy or rules.policy.active:
        log.traded[:] = 0.0
    if rules.policy.active:
        watch(t, market.open[row], account, rules, log)
        if account.watch[LATCH] > 0.0:
            _withdraw(t, orders, account, rules, log)
        if account.watch[FLAT] > 0.0:
            _flatten(t, row, market, account, rules, log)
    if busy and account.clock[GUARDED] == 0 and all_at_market(t, orders, rules):
        match_market(t, row, market, account, orders, rules, log)
    elif busy:
        _match(t, row, market, account, orders, rules, log)
        at_close(t, row, market, account, orders, rules, log)
    if account.clock[GUARDED] > 0:
        _trail(market.close[row], account)
    if not rules.costs.itemised or market.last[row]:
        settle(row, market, account, rules, log)
    return mark(t, row, market, account, orders, rules, log)


@kernel(forceinline=True)
def needed_rows(account: Account, orders: Orders) -> int:
    """Rows of each kind that one bar can add to the log at most."""
    return int(4 * orders.size[0] + 4 * account.held_count[0] + 4)
