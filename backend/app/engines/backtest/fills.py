"""How one order becomes one fill: the price, the size, the money, and the line in the log.

Nothing here knows when in the bar it happens; the core does. Each refusal has a name and is written down.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.engines.backtest.account import (
    BLOCKED,
    INSIDE,
    NOTE,
    SESSION,
    TRAILING,
    TRIGGERED,
    UNSETTLED,
    Account,
    hold,
    release,
    slot_of,
    under_guard,
)
from app.engines.backtest.charges import Costs, affordable, charge
from app.engines.backtest.guardrails import permitted
from app.engines.backtest.orders import Records, Row, Word, intent_id
from app.engines.kernels import kernel
from app.engines.policy.policy import Terms

F1 = NDArray[np.float64]
F2 = NDArray[np.float64]
B1 = NDArray[np.bool_]
B2 = NDArray[np.bool_]
I1 = NDArray[np.int64]
U1 = NDArray[np.uint64]

# IntEnum members as plain ints: they are compiled in as constants
BUY, SELL = 1, -1
CNC, MIS, FUT = 0, 1, 2
MARKET, LIMIT, STOP_ORDER, STOP_LIMIT, AT_CLOSE = 0, 1, 2, 3, 4
NO_BAR, BELOW_ONE_SHARE, INSUFFICIENT_CASH, MAX_POSITIONS, NOTHING_HELD = 2, 3, 4, 5, 6
STOP_THROUGH, LOCKED_UPPER, LOCKED_LOWER, VOLUME_CAP = 7, 8, 9, 10
TRADE_FOR_TRADE, AFTER_SQUARE_OFF, SHORT_NOT_PERMITTED, OPPOSITE_HELD, BY_POLICY = 13, 14, 15, 16, 17
BEYOND_CHARGES = 21
AMBIGUOUS, PARTIAL, INSIDE_BAR = 1, 2, 4
AT_OPEN = 1  # of Market.square
FILLS, REJECTIONS, EVENTS, SEQUENCE, DECISIONS = 0, 1, 2, 3, 4  # cells of Log.used
SAME = 1e-9  # relative: a price this near a level is at it; a tick is a thousand times as much


class Market(NamedTuple):
    """The bars of a run, raw, and the exchange's rules for them.

    Arrays "of T or 1 rows" have one row, read for every bar, where nothing in them changes.
    """

    open: F2  # shape [T, N]; NaN where the instrument did not trade, as in the other prices
    high: F2  # shape [T, N]
    low: F2  # shape [T, N]
    close: F2  # shape [T, N]
    volume: F2  # shape [T, N], shares
    step: F2  # [T or 1, N], shares after this ex-date for each one before; 1 on other days
    dividend: F2  # [T or 1, N], rupees for each share held into this bar; 0 on other days
    ex_date: B1  # shape [T], whether any step or dividend is set
    member: B2  # shape [T, N]
    seconds: I1  # shape [T], time of the bar since 1970: goes into the intent ids
    session: I1  # shape [T], number of the bar's session
    last: B1  # shape [T], whether it is its session's last bar
    square: NDArray[np.int8]  # shape [T]: 1 = intraday positions end at this open, 2 = at this close, 0 = neither
    tick: F2  # [T or 1, N], rupees; 0 = prices are not rounded
    lower: F2  # [T or 1, N], lower price band; NaN = unknown or none
    upper: F2  # [T or 1, N], upper price band; NaN = unknown or none
    lot: F2  # [T or 1, N], shares that quantities are multiples of
    spread: F2  # [T or 1, N], half the spread, a fraction
    delivered: B2  # [T or 1, N], whether every trade must be delivered (trade-for-trade)
    keys: U1  # shape [N], hash of the instrument key


class Rules(NamedTuple):
    """What the plan, the spec and the account ask of a fill."""

    costs: Costs
    slippage: float  # fraction of the price, against us
    impact: float  # fraction of the price at an order as large as the bar's volume; grows with the square root
    volume_cap: float  # share of a bar's volume that we trade at most; 0 = no cap
    carry: bool  # whether what the cap leaves of an entry stays in the market
    max_positions: int  # of the account; 0 = no limit
    short_delivery: bool  # whether delivery may be sold short (foreign bars)
    settle_next_session: bool  # whether the money of a delivery sale is there only in the next session
    fractional: bool  # whether shares divide
    cushion: float  # rupees a fill that the contract note may round up to
    books: U1  # shape [B], hash of the book's name
    policy: Terms
    sectors: I1  # shape [N], number of each instrument's sector; read under a sector limit
    turnover: F2  # [T or 1, N], rupees, median of the 20 sessions before; read under a liquidity limit


class Log(NamedTuple):
    """What happened: the first used[FILLS], … used[DECISIONS] rows of each; used[SEQUENCE] numbers them all."""

    fills: Records  # FILL
    components: F2  # shape [fills, len(COMPONENTS)], rupees
    rejections: Records  # REJECTION
    events: Records  # EVENT
    decisions: Records  # DECISION, of the policy
    used: I1  # shape [5]
    traded: F1  # shape [N], shares we traded in this bar, for the cap


@kernel(forceinline=True)
def at(rows: NDArray[np.generic], row: int, column: int) -> float:
    """The value of an array of T or 1 rows."""
    value: float = rows[row if rows.shape[0] > 1 else 0, column]
    return value


@kernel()
def refuse(
    log: Log, t: int, intent: Word, book: int, column: int, product: int, side: int, reason: int, decided: int,
    wanted: float, granted: float,
) -> None:  # fmt: skip
    row = log.rejections[log.used[REJECTIONS]]
    row["sequence"] = log.used[SEQUENCE]
    row["intent"] = intent
    row["bar"] = t
    row["book"] = book
    row["column"] = column
    row["product"] = product
    row["side"] = side
    row["reason"] = reason
    row["decided"] = decided
    row["wanted"] = wanted
    row["granted"] = granted
    log.used[REJECTIONS] += 1
    log.used[SEQUENCE] += 1


@kernel(forceinline=True)
def refuse_order(log: Log, t: int, order: Row, reason: int, wanted: float, granted: float) -> None:
    refuse(
        log, t, order["intent"], order["book"], order["column"], order["product"], order["side"], reason,
        order["decided"], wanted, granted,
    )  # fmt: skip


@kernel(forceinline=True)
def _band(market: Market, row: int, column: int, side: int) -> float:
    """The price band on the side a price is slipped to; NaN where it is unknown, or the bar itself went beyond it."""
    band = at(market.upper if side == BUY else market.lower, row, column)
    if np.isnan(band):
        return band  # without a look at the bar: memory that nothing else has asked for is slow
    if side == BUY:
        beyond = market.high[row, column] > band * (1.0 + SAME)
    else:
        beyond = market.low[row, column] < band * (1.0 - SAME)
    return np.nan if beyond else band


@kernel(forceinline=True)
def _locked(market: Market, row: int, column: int, side: int) -> int:
    """The reason why nobody took the other side in this bar; 0 = somebody did, or the band is unknown."""
    band = _band(market, row, column, side)
    if np.isnan(band):
        return 0
    if side == BUY:
        return LOCKED_UPPER if market.low[row, column] >= band * (1.0 - SAME) else 0
    return LOCKED_LOWER if market.high[row, column] <= band * (1.0 + SAME) else 0


@kernel(forceinline=True)
def _price(
    market: Market, row: int, column: int, side: int, quantity: float, reference: float, limit: float, rules: Rules
) -> float:
    """What is paid: slippage against us, to the tick against us, inside the band, never beyond the order's limit."""
    rate = rules.slippage + at(market.spread, row, column)
    if rules.impact > 0.0 and market.volume[row, column] > 0.0 and quantity > 0.0:
        rate += rules.impact * np.sqrt(quantity / market.volume[row, column])
    price = reference * (1.0 + side * rate)
    tick = at(market.tick, row, column)
    if tick > 0.0:
        ticks = np.ceil(price / tick - SAME) if side == BUY else np.floor(price / tick + SAME)
        price = np.rint(ticks * tick * 100.0) / 100.0  # every tick is a multiple of a paisa
    band = _band(market, row, column, side)
    if (price - band) * side > 0.0:
        price = band
    if not np.isnan(limit):
        price = min(price, limit) if side == BUY else max(price, limit)
    return price


@kernel(forceinline=True)
def _room(market: Market, row: int, column: int, rules: Rules, log: Log) -> float:
    """Shares the cap still allows in this bar."""
    if rules.volume_cap <= 0.0:
        return np.inf
    volume = market.volume[row, column]
    if np.isnan(volume):
        return 0.0
    return float(max(0.0, np.floor(rules.volume_cap * volume) - log.traded[column]))


@kernel(forceinline=True)
def _in_lots(quantity: float, lot: float) -> float:
    if lot == 1.0:
        return float(np.floor(quantity))
    return float(np.floor(quantity / lot + SAME) * lot)


@kernel(forceinline=True)
def _buys(market: Market, row: int, column: int, product: int, budget: float, price: float, rules: Rules) -> float:
    """Shares that rupees pay for, charges included."""
    if rules.fractional:
        return float(max(0.0, budget / (price * (1.0 + rules.costs.flat))))
    shares: float = affordable(rules.costs, market.session[row], column, product, budget, price)
    return shares


@kernel(forceinline=True)
def free_cash(account: Account, rules: Rules, log: Log) -> float:
    """Rupees an entry may use: without what is blocked, unsettled, or came from an exit inside this bar."""
    locked = account.locked[UNSETTLED] + account.locked[BLOCKED] + account.locked[INSIDE]
    cushion = rules.cushion * (log.used[FILLS] - account.clock[NOTE] + 1)
    return float(account.cash[0] - locked - cushion)


@kernel(forceinline=True)
def _write(
    t: int, row: int, market: Market, account: Account, slot: int, side: int, closing: int, quantity: float,
    reference: float, price: float, intent: Word, kind: int, why: int, decided: int, flags: int, rules: Rules, log: Log,
) -> None:  # fmt: skip
    """Change the account by a fill, and log it."""
    i = log.used[FILLS]
    column, product = account.column[slot], slot % account.products
    cost = charge(rules.costs, market.session[row], column, product, side, quantity, price, log.components[i])
    held = account.quantity[slot]
    if side == BUY:
        account.cash[0] -= quantity * price + cost
    else:
        account.cash[0] += quantity * price - cost
    if closing:
        freed = (quantity * price - cost) if side == SELL else -(quantity * price + cost)
        size = abs(held)
        if quantity == size:
            freed += account.margin[slot]
            release(account, slot)
        else:
            part = (size - quantity) / size
            freed += account.margin[slot] * (1.0 - part)
            account.locked[BLOCKED] -= account.margin[slot] * (1.0 - part)
            account.margin[slot] *= part
            account.cost[slot] *= part
            account.quantity[slot] = held + side * quantity
        if side == SELL and product == CNC and rules.settle_next_session:
            account.locked[UNSETTLED] += quantity * price - cost
        elif flags & INSIDE_BAR and freed > 0.0:
            account.locked[INSIDE] += freed
    else:
        if held == 0.0:
            hold(account, slot)
        account.quantity[slot] = held + side * quantity
        account.cost[slot] += quantity * price
        account.mark[slot] = reference
        account.entered[slot] = t
        account.decided[slot] = decided
        account.opened[slot] = account.clock[SESSION]
        if side == SELL:
            account.margin[slot] += 2.0 * quantity * price
            account.locked[BLOCKED] += 2.0 * quantity * price
    log.traded[column] += quantity
    fill = log.fills[i]
    fill["sequence"] = log.used[SEQUENCE]
    fill["intent"] = intent
    fill["bar"] = t
    fill["book"] = account.book[slot]
    fill["column"] = column
    fill["product"] = product
    fill["side"] = side
    fill["kind"] = kind
    fill["why"] = why
    fill["decided"] = decided
    fill["quantity"] = quantity
    fill["reference"] = reference
    fill["price"] = price
    fill["cost"] = cost
    fill["cash"] = account.cash[0]
    fill["closing"] = closing
    fill["flags"] = flags
    log.used[FILLS] += 1
    log.used[SEQUENCE] += 1


@kernel()
def close_position(
    t: int, row: int, market: Market, account: Account, slot: int, wanted: float, reference: float, limit: float,
    intent: Word, kind: int, why: int, decided: int, flags: int, rules: Rules, log: Log,
) -> float:  # fmt: skip
    """Reduce a held position at a price of the market; the shares done, 0 where nobody took them.

    What the band, trade-for-trade or the cap keeps back is written down and stays held: an exit is never given up.
    """
    held = account.quantity[slot]
    column, product = account.column[slot], slot % account.products
    side = SELL if held > 0.0 else BUY
    if np.isnan(reference):
        return 0.0
    reason = _locked(market, row, column, side)
    if product == CNC and account.opened[slot] == account.clock[SESSION] and at(market.delivered, row, column):
        reason = TRADE_FOR_TRADE
    quantity = min(wanted, abs(held))
    if reason:
        refuse(log, t, intent, account.book[slot], column, product, side, reason, decided, quantity, 0.0)
        return 0.0
    room = _room(market, row, column, rules, log)
    if room < quantity:
        refuse(log, t, intent, account.book[slot], column, product, side, VOLUME_CAP, decided, quantity, room)
        quantity = room
        flags |= PARTIAL
    if not quantity > 0.0:
        return 0.0
    price = _price(market, row, column, side, quantity, reference, limit, rules)
    _write(
        t, row, market, account, slot, side, 1, quantity, reference, price, intent, kind, why, decided, flags, rules,
        log,
    )  # fmt: skip
    return float(quantity)


@kernel(forceinline=True)
def guard_intent(market: Market, row: int, account: Account, slot: int, side: int, why: int, rules: Rules) -> Word:
    """The id of an exit that no order asked for but the position's own guard."""
    book, column = account.book[slot], account.column[slot]
    return intent_id(rules.books[book], market.keys[column], market.seconds[row], side, STOP_ORDER, 64 + why)


@kernel(forceinline=True)
def _forbidden(t: int, row: int, market: Market, account: Account, order: Row, slot: int, reference: float,
               rules: Rules) -> int:  # fmt: skip
    """The reason why an entry may not be, whatever the money; 0 = it may."""
    side, product, column = order["side"], order["product"], order["column"]
    if np.isnan(reference):
        return NO_BAR
    if account.quantity[slot] * side < 0.0:
        return OPPOSITE_HELD
    if side == SELL and product == CNC and not rules.short_delivery:
        return SHORT_NOT_PERMITTED
    if product == MIS:
        if at(market.delivered, row, column):
            return TRADE_FOR_TRADE
        if market.square[row] == AT_OPEN:
            return AFTER_SQUARE_OFF
    reason = _locked(market, row, column, side)
    if reason:
        return reason
    stop = first_stop(order)
    if not np.isnan(stop) and (reference - stop) * side <= SAME * reference:
        return STOP_THROUGH
    return 0


@kernel(forceinline=True)
def first_stop(order: Row) -> float:
    """The stop that a position starts with: its own or the trailing one, whichever is nearer."""
    stop = order["stop"]
    if not np.isnan(order["trail"]):
        trailing = order["best"] * (1.0 - order["side"] * order["trail"])
        if np.isnan(stop) or (trailing - stop) * order["side"] > 0.0:
            stop = trailing
    return float(stop)


@kernel()
def open_position(
    t: int, row: int, market: Market, account: Account, order: Row, reference: float, flags: int, rules: Rules, log: Log
) -> float:
    """Fill an entry, cut it down or refuse it; the shares that stay in the market (only with a cap that carries)."""
    column, product, side = order["column"], order["product"], order["side"]
    slot = slot_of(account, order["book"], column, product)
    wanted = order["quantity"]
    reason = _forbidden(t, row, market, account, order, slot, reference, rules)
    if reason:
        refuse_order(log, t, order, reason, wanted, 0.0)
        return 0.0
    limit = order["limit"] if order["kind"] == LIMIT or order["kind"] == STOP_LIMIT else np.nan
    size = wanted
    price = _price(market, row, column, side, 0.0 if np.isnan(size) else size, reference, limit, rules)
    if np.isnan(size):
        size = _buys(market, row, column, product, order["budget"], price, rules)
        if rules.impact > 0.0:  # the size moves the price, which can only make it smaller
            price = _price(market, row, column, side, size, reference, limit, rules)
            size = _buys(market, row, column, product, order["budget"], price, rules)
    lot = at(market.lot, row, column)
    smallest = SAME if rules.fractional else lot
    if not rules.fractional:
        size = _in_lots(size, lot)
    if size < smallest:
        pays = np.isnan(wanted) and order["budget"] >= price * smallest
        refuse_order(log, t, order, BEYOND_CHARGES if pays else BELOW_ONE_SHARE, size, 0.0)
        return 0.0
    if rules.max_positions > 0 and account.quantity[slot] == 0.0 and account.held_count[0] >= rules.max_positions:
        refuse_order(log, t, order, MAX_POSITIONS, size, 0.0)
        return 0.0
    if rules.policy.active:
        granted = permitted(t, row, market, account, order, size, price, free_cash(account, rules, log), rules, log)
        if granted < size:
            refuse_order(log, t, order, BY_POLICY, size, granted)
            flags |= PARTIAL
            size = granted
        if size < smallest:
            return 0.0
    cash = free_cash(account, rules, log)
    quantity = min(size, _buys(market, row, column, product, cash, price, rules))
    if not rules.fractional:
        quantity = _in_lots(quantity, lot)
    scratch = log.components[log.used[FILLS]]
    session = market.session[row]
    while (
        quantity >= smallest
    ):  # the quotient is rounded: its last ulp must not buy a share that the cash does not cover
        if quantity * price + charge(rules.costs, session, column, product, side, quantity, price, scratch) <= cash:
            break
        quantity = quantity * (1.0 - 1e-12) - 1e-12 if rules.fractional else quantity - lot
    if quantity < smallest:
        refuse_order(log, t, order, INSUFFICIENT_CASH, size, 0.0)
        return 0.0
    if quantity < size:
        refuse_order(log, t, order, INSUFFICIENT_CASH, size, quantity)
        flags |= PARTIAL
    room = _room(market, row, column, rules, log)
    rest = 0.0
    if room < quantity:
        room = room if rules.fractional else _in_lots(room, lot)
        refuse_order(log, t, order, VOLUME_CAP, quantity, room)
        rest = quantity - room if rules.carry else 0.0
        quantity = room
        flags |= PARTIAL
    if quantity > 0.0:
        _write(
            t, row, market, account, slot, side, 0, quantity, reference, price, order["intent"], order["kind"],
            order["why"], order["decided"], flags, rules, log,
        )  # fmt: skip
        _protect(t, account, order, slot, flags)
    return rest


@kernel(forceinline=True)
def _protect(t: int, account: Account, order: Row, slot: int, flags: int) -> None:
    """Give a position the levels of the order that opened or enlarged it; those of the latest order hold."""
    stop = first_stop(order)
    if not np.isnan(stop):
        account.stop[slot] = stop
    if not np.isnan(order["target"]):
        account.target[slot] = order["target"]
    if not np.isnan(order["trail"]):
        account.trail[slot] = order["trail"]
        account.best[slot] = order["best"]
        if stop != order["stop"]:
            account.guard[slot] |= TRAILING
    if order["hold"] > 0:
        account.until[slot] = t + order["hold"]
    if flags & INSIDE_BAR and order["kind"] != LIMIT:
        account.guard[slot] |= TRIGGERED
    else:
        account.guard[slot] &= ~TRIGGERED
    levels = not (np.isnan(account.stop[slot]) and np.isnan(account.target[slot]) and np.isnan(account.trail[slot]))
    if levels or account.until[slot] >= 0 or order["product"] == MIS:
        under_guard(account, slot)
