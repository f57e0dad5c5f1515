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
    GUARDED,
    LATCH,
    NOTE,
    SESSION,
    TOLD,
    TRAILING,
    UNSETTLED,
    Account,
)
from app.engines.backtest.at_market import all_at_market, match_market
from app.engines.backtest.charges import settle_day
from app.engines.backtest.ex_dates import ex_dates
from app.engines.backtest.fills import (
    AT_CLOSE,
    BUY,
    BY_POLICY,
    DECISIONS,
    EVENTS,
    FILLS,
    MARKET,
    NO_BAR,
    REJECTIONS,
    SELL,
    Log,
    Market,
    Rules,
    close_position,
    guard_intent,
    refuse,
    refuse_order,
)
from app.engines.backtest.guardrails import flattened, open_session, watch, withdrawn
from app.engines.backtest.matching import at_close, match
from app.engines.backtest.resting import Orders, keep
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

POLICY = 8  # Why


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
        ex_dates(t, row, market, account, orders, rules.fractional, log)
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
        match(t, row, market, account, orders, rules, log)
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
