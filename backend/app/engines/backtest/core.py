"""The matching core: one bar, all instruments, all books. State and orders in, new state, fills and refusals out.

`advance` is the only place where an order becomes a fill; backtest, replay and paper call it bar by bar. It changes the
account, the resting orders and the log in place (they are arrays), reads nothing else, and depends on no clock.

Within one bar:
1. ex-dates, before the open: dividends on the shares held into it, then quantity × step and mark ÷ step. Shares are
   whole: what is left over of one is paid out at the open (at the last mark ÷ step where there is no open). The cost of
   the holding stays with the shares that remain. Quantities of resting orders follow.
2. market orders at the open, in the raw prices of the exchange, slippage against us. Sales first, so that their cash
   pays for purchases at the same open; purchases by rank (higher first, NaN last), then instrument key, then book.
   A purchase whose instrument has no bar is refused: it was for that open. A sale rests until the instrument trades
   again: an exit is never given up.
3. the mark: holdings at the close, or at the last one seen.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from app.engines.backtest.costs import Costs, affordable, charge
from app.engines.backtest.orders import Records, Row

F1 = NDArray[np.float64]
F2 = NDArray[np.float64]
I1 = NDArray[np.int64]

# IntEnum members as plain ints: they are compiled in as constants
BUY, SELL = 1, -1
NOT_AFTER_DECISION, NO_BAR, BELOW_ONE_SHARE, INSUFFICIENT_CASH, MAX_POSITIONS, NOTHING_HELD = 1, 2, 3, 4, 5, 6
DIVIDEND, SHARES = 1, 2
FILLS, REJECTIONS, EVENTS, SEQUENCE = 0, 1, 2, 3  # cells of Log.count
NEAR = 1e-6  # shares: 9.9999999 after a chain of factors is ten


class Account(NamedTuple):
    """Cash, and positions keyed by (book, instrument, product).

    The slot of a position is (book · instruments + column) · products + product. All of it is arrays, changed in
    place; copied, it is a checkpoint from which a run goes on to the same bytes.
    """

    instruments: int
    products: int
    book: I1  # shape [slots], of each slot: a look-up is cheaper than a division
    column: I1  # shape [slots]
    cash: F1  # shape [1], rupees
    quantity: F1  # shape [slots], whole shares
    cost: F1  # shape [slots], rupees paid for the shares held, before charges; average = cost / quantity
    mark: F1  # shape [slots], rupees: last raw close of a held instrument
    held: I1  # shape [slots]; the first held_count are the slots with shares, ascending: the order of every sum
    held_count: I1  # shape [1]


class Orders(NamedTuple):
    """Orders at rest: the first `size` rows."""

    rows: Records  # ORDER
    size: I1  # shape [1]


class Bar(NamedTuple):
    """One bar of all instruments, raw prices; NaN where an instrument did not trade."""

    t: int
    open: F1  # shape [N]
    close: F1  # shape [N]
    step: F1  # shape [N], shares after this ex-date for each one before; 1 on other days
    dividend: F1  # shape [N], rupees for each share held into this bar; 0 on other days
    ex_date: bool  # whether any step or dividend is set


class Rules(NamedTuple):
    """What the market and the plan ask of a fill."""

    costs: Costs
    slippage: float  # fraction of the price, against us
    max_positions: int  # of the account; 0 = no limit


class Log(NamedTuple):
    """What happened: the first used[FILLS], used[REJECTIONS], used[EVENTS] rows; used[SEQUENCE] numbers them all."""

    fills: Records  # FILL
    components: F2  # shape [fills, len(COMPONENTS)], rupees
    rejections: Records  # REJECTION
    events: Records  # EVENT
    used: I1  # shape [4]


@njit(cache=True, nogil=True, forceinline=True)
def slot_of(account: Account, book: int, column: int, product: int) -> int:
    return (book * account.instruments + column) * account.products + product


@njit(cache=True, nogil=True, forceinline=True)
def _hold(account: Account, slot: int) -> None:
    """Put a slot among the held ones, keeping them ascending."""
    i = account.held_count[0]
    while i > 0 and account.held[i - 1] > slot:
        account.held[i] = account.held[i - 1]
        i -= 1
    account.held[i] = slot
    account.held_count[0] += 1


@njit(cache=True, nogil=True, forceinline=True)
def _release(account: Account, slot: int) -> None:
    account.held_count[0] -= 1
    i = 0
    while account.held[i] != slot:
        i += 1
    while i < account.held_count[0]:
        account.held[i] = account.held[i + 1]
        i += 1
    account.quantity[slot] = 0.0
    account.cost[slot] = 0.0
    account.mark[slot] = 0.0


@njit(cache=True, nogil=True, forceinline=True)
def whole_shares(quantity: float) -> float:
    nearest: float = np.floor(quantity + 0.5)
    below: float = np.floor(quantity)
    return nearest if abs(quantity - nearest) < NEAR else below


@njit(cache=True, nogil=True, forceinline=True)
def _log_event(
    log: Log, bar: int, account: Account, slot: int, kind: int, before: float, after: float, price: float, amount: float
) -> None:
    i = log.used[EVENTS]
    row = log.events[i]
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


@njit(cache=True, nogil=True, forceinline=True)
def _ex_dates(bar: Bar, account: Account, orders: Orders, log: Log) -> None:
    i = 0
    while i < account.held_count[0]:
        slot = account.held[i]
        column = account.column[slot]
        quantity = account.quantity[slot]
        dividend = bar.dividend[column]
        if dividend > 0.0:
            account.cash[0] += quantity * dividend
            _log_event(log, bar.t, account, slot, DIVIDEND, quantity, quantity, dividend, quantity * dividend)
        step = bar.step[column]
        if step != 1.0:
            account.mark[slot] /= step
            exact = quantity * step
            shares = whole_shares(exact)
            fraction = max(0.0, exact - shares)
            if fraction < NEAR:
                fraction = 0.0
            price = account.mark[slot] if np.isnan(bar.open[column]) else bar.open[column]
            account.cash[0] += fraction * price
            account.quantity[slot] = shares
            _log_event(log, bar.t, account, slot, SHARES, quantity, shares, price, fraction * price)
            if shares == 0.0:
                _release(account, slot)
                continue
        i += 1
    for k in range(orders.size[0]):
        order = orders.rows[k]
        order["quantity"] = whole_shares(order["quantity"] * bar.step[order["column"]])  # NaN stays NaN


@njit(cache=True, nogil=True, forceinline=True)
def _reject(log: Log, bar: int, order: Row, reason: int, wanted: float, granted: float) -> None:
    row = log.rejections[log.used[REJECTIONS]]
    row["sequence"] = log.used[SEQUENCE]
    row["intent"] = order["intent"]
    row["bar"] = bar
    row["book"] = order["book"]
    row["column"] = order["column"]
    row["product"] = order["product"]
    row["side"] = order["side"]
    row["reason"] = reason
    row["decided"] = order["decided"]
    row["wanted"] = wanted
    row["granted"] = granted
    log.used[REJECTIONS] += 1
    log.used[SEQUENCE] += 1


@njit(cache=True, nogil=True, forceinline=True)
def _fill(
    bar: int, account: Account, order: Row, slot: int, quantity: float, reference: float, price: float,
    rules: Rules, log: Log,
) -> None:  # fmt: skip
    i = log.used[FILLS]
    side = order["side"]
    cost = charge(rules.costs, bar, order["product"], side, quantity, price, log.components[i])
    held = account.quantity[slot]
    if side == BUY:
        account.cash[0] -= quantity * price + cost
        if held == 0.0:
            _hold(account, slot)
        account.quantity[slot] = held + quantity
        account.cost[slot] += quantity * price
        account.mark[slot] = reference
    else:
        account.cash[0] += quantity * price - cost
        if quantity == held:
            _release(account, slot)
        else:
            account.cost[slot] *= (held - quantity) / held
            account.quantity[slot] = held - quantity
    row = log.fills[i]
    row["sequence"] = log.used[SEQUENCE]
    row["intent"] = order["intent"]
    row["bar"] = bar
    row["book"] = order["book"]
    row["column"] = order["column"]
    row["product"] = order["product"]
    row["side"] = side
    row["kind"] = order["kind"]
    row["why"] = order["why"]
    row["decided"] = order["decided"]
    row["quantity"] = quantity
    row["reference"] = reference
    row["price"] = price
    row["cost"] = cost
    row["cash"] = account.cash[0]
    log.used[FILLS] += 1
    log.used[SEQUENCE] += 1


@njit(cache=True, nogil=True, forceinline=True)
def _sell(bar: Bar, account: Account, order: Row, rules: Rules, log: Log) -> bool:
    """Whether the order is done with; if not, it rests."""
    reference = bar.open[order["column"]]
    slot = slot_of(account, order["book"], order["column"], order["product"])
    held = account.quantity[slot]
    wanted = order["quantity"]
    quantity = min(wanted, held)
    if held > 0.0 and np.isnan(reference):
        return False
    if not quantity > 0.0:
        _reject(log, bar.t, order, NOTHING_HELD, wanted, 0.0)
        return True
    if quantity < wanted:
        _reject(log, bar.t, order, NOTHING_HELD, wanted, quantity)
    _fill(bar.t, account, order, slot, quantity, reference, reference * (1.0 - rules.slippage), rules, log)
    return True


@njit(cache=True, nogil=True, forceinline=True)
def _buy(bar: Bar, account: Account, order: Row, rules: Rules, log: Log) -> None:
    """Fill, cut down or refuse: a purchase is for this open and never rests."""
    reference = bar.open[order["column"]]
    wanted = order["quantity"]
    if np.isnan(reference):
        _reject(log, bar.t, order, NO_BAR, wanted, 0.0)
        return
    price = reference * (1.0 + rules.slippage)
    product = order["product"]
    if np.isnan(wanted):
        wanted = affordable(rules.costs, bar.t, product, order["budget"], price)
    if wanted < 1.0:
        _reject(log, bar.t, order, BELOW_ONE_SHARE, wanted, 0.0)
        return
    slot = slot_of(account, order["book"], order["column"], product)
    if rules.max_positions > 0 and account.quantity[slot] == 0.0 and account.held_count[0] >= rules.max_positions:
        _reject(log, bar.t, order, MAX_POSITIONS, wanted, 0.0)
        return
    cash = account.cash[0]
    quantity = min(wanted, affordable(rules.costs, bar.t, product, cash, price))
    scratch = log.components[log.used[FILLS]]
    while quantity >= 1.0:  # the quotient is rounded: its last ulp must not buy a share that the cash does not cover
        if quantity * price + charge(rules.costs, bar.t, product, BUY, quantity, price, scratch) <= cash:
            break
        quantity -= 1.0
    if quantity < 1.0:
        _reject(log, bar.t, order, INSUFFICIENT_CASH, wanted, 0.0)
        return
    if quantity < wanted:
        _reject(log, bar.t, order, INSUFFICIENT_CASH, wanted, quantity)
    _fill(bar.t, account, order, slot, quantity, reference, price, rules, log)


@njit(cache=True, nogil=True, forceinline=True)
def _before(a: Row, b: Row) -> bool:
    """Whether purchase `a` is served before `b`: rank, then instrument key, then book; else as they came."""
    if a["rank"] != b["rank"] and not (np.isnan(a["rank"]) and np.isnan(b["rank"])):
        return bool(np.isnan(b["rank"]) or a["rank"] > b["rank"])
    if a["column"] != b["column"]:
        return bool(a["column"] < b["column"])
    return bool(a["book"] < b["book"])


@njit(cache=True, nogil=True, forceinline=True)
def _at_open(bar: Bar, account: Account, orders: Orders, rules: Rules, log: Log) -> None:
    rows, count = orders.rows, orders.size[0]
    buys = np.empty(count, np.int64)
    waiting = n_buys = 0
    for i in range(count):
        order = rows[i]
        if order["eligible"] <= order["decided"]:
            _reject(log, bar.t, order, NOT_AFTER_DECISION, order["quantity"], 0.0)
        elif order["eligible"] <= bar.t and order["side"] == BUY:
            k = n_buys
            while k > 0 and _before(order, rows[buys[k - 1]]):
                buys[k] = buys[k - 1]
                k -= 1
            buys[k] = i
            n_buys += 1
        elif order["eligible"] > bar.t or not _sell(bar, account, order, rules, log):
            buys[count - 1 - waiting] = i  # the two lists grow towards each other
            waiting += 1
    for k in range(n_buys):
        _buy(bar, account, rows[buys[k]], rules, log)
    for k in range(waiting):
        rows[k] = rows[buys[count - 1 - k]]
    orders.size[0] = waiting


@njit(cache=True, nogil=True, forceinline=True)
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


@njit(cache=True, nogil=True, forceinline=True)
def advance(bar: Bar, account: Account, orders: Orders, rules: Rules, log: Log) -> float:
    """Take the account through one bar; the value of its holdings at the close, rupees.

    The log must have room for a fill and a refusal of each resting order and two events of each held slot.
    """
    if bar.ex_date:
        _ex_dates(bar, account, orders, log)
    if orders.size[0] > 0:
        _at_open(bar, account, orders, rules, log)
    return mark_to_close(bar.close, account)
