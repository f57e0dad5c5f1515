"""The policy at work in the core: it looks at the account at each open and close, scales targets, is asked for entries.

On bars it is an approximation, which runs say: between the open and the close of a bar nothing is seen. What was
decided, with the numbers it was decided by, is written to the log.

- At a session's first bar the daily stop is lifted, the equity of the last close becomes its base, and the state is
  set: by the drawdown from the highest close of a session (a new high restores NORMAL), CAUTIOUS at least after a
  session that reached the daily stop.
- At the open and at the close of each bar the loss of the session and the drawdown are looked at. A daily stop that is
  reached holds until the session ends; entries at rest are withdrawn, and positions ended at the next open if the
  policy says so. An exposure that prices carried beyond its cap is noticed; nothing is sold for it.
- At the close at which books rebalance their target weights are cut down together to what the policy leaves, in the
  state that the session of their orders will begin in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from app.engines.backtest.account import (
    BASE,
    BEYOND,
    BY_DRAWDOWN,
    COMMON,
    ENDING,
    FIRST_EVENT,
    FIRST_FILL,
    FLAT,
    LATCH,
    LEVEL,
    NEXT,
    NOW,
    PEAK,
    SAID,
    SESSION,
    SESSIONS,
    Account,
)
from app.engines.backtest.charges import charge
from app.engines.backtest.orders import Row, Word
from app.engines.kernels import kernel
from app.engines.policy.correlation import WINDOW, shares_kept
from app.engines.policy.decide import (
    ALLOW,
    BLOCK_AT,
    CAUTIOUS,
    DAILY_STOP,
    DAILY_STOP_NEAR,
    DAILY_STOP_WARNING,
    DEFENSIVE,
    EXPOSURE,
    FLATTEN,
    HALT,
    HALTED,
    NO_RULE,
    NORMAL,
    NOTICE,
    REJECT,
    SAME,
    SCALE,
    STATE_CHANGE,
    TRIM,
    WARN_AT,
    AccountView,
    BookView,
    Clock,
    OrderView,
    decide,
    exposure_cap,
    stop_used,
)
from app.engines.policy.scale import AFTER, BEFORE, ROOM, STAGES, scale_targets

if TYPE_CHECKING:
    from app.engines.backtest.fills import Log, Market, Rules
    from app.engines.backtest.resting import Orders

B1 = NDArray[np.bool_]
F1 = NDArray[np.float64]
F2 = NDArray[np.float64]

NOTICES: Final = 8  # rows about the account itself that one bar can add to the decisions at most
SCALINGS: Final = len(STAGES)  # rows about its targets that a book that rebalances can add
AT_CLOSE_KIND = 4  # Kind.CLOSE
REBALANCE = 7  # Why
FILLS, EVENTS, SEQUENCE, DECISIONS = 0, 2, 3, 4  # cells of Log.used
NOBODY: Word = np.uint64(0)


@kernel(forceinline=True)
def _value(prices: F1, account: Account, slot: int) -> float:
    """Rupees a holding is worth at these prices, by its last mark where there is none; below zero when short."""
    price = prices[account.column[slot]]
    return float(account.quantity[slot] * (account.mark[slot] if np.isnan(price) else price))


@kernel(forceinline=True)
def _clock(account: Account) -> Clock:
    return Clock(account.watch[LATCH] > 0.0, int(account.watch[LEVEL]), account.watch[BASE], 0.0)


@kernel()
def _record(
    t: int, intent: Word, book: int, column: int, product: int, side: int, outcome: int, rule: int, wanted: float,
    granted: float, price: float, equity: float, cash: float, gross: float, book_gross: float, limit: float,
    account: Account, rules: Rules, log: Log,
) -> None:  # fmt: skip
    row = log.decisions[log.used[DECISIONS]]
    row["sequence"] = log.used[SEQUENCE]
    row["intent"] = intent
    row["bar"] = t
    row["book"] = book
    row["column"] = column
    row["product"] = product
    row["side"] = side
    row["outcome"] = outcome
    row["rule"] = rule
    row["state"] = int(account.watch[LEVEL])
    row["wanted"] = wanted
    row["granted"] = granted
    row["price"] = price
    row["equity"] = equity
    row["cash"] = cash
    row["gross"] = gross
    row["book_gross"] = book_gross
    row["limit"] = limit
    row["stop_used"] = stop_used(equity, _clock(account), rules.policy)
    log.used[DECISIONS] += 1
    log.used[SEQUENCE] += 1


@kernel()
def _notice(
    t: int, rule: int, equity: float, gross: float, limit: float, account: Account, rules: Rules, log: Log
) -> None:
    nan = np.nan
    _record(
        t, NOBODY, -1, -1, 0, 0, NOTICE, rule, nan, nan, nan, equity, account.cash[0], gross, nan, limit, account,
        rules, log,
    )  # fmt: skip


@kernel()
def permitted(
    t: int, row: int, market: Market, account: Account, order: Row, size: float, price: float, cash: float,
    rules: Rules, log: Log,
) -> float:  # fmt: skip
    """Shares of an entry that the policy grants, written down; `size` and `price` as it would be filled."""
    prices = market.close[row] if order["kind"] == AT_CLOSE_KIND else market.open[row]
    column, book, product, side = order["column"], order["book"], order["product"], order["side"]
    equity, gross, of_book, of_instrument, of_sector = account.cash[0], 0.0, 0.0, 0.0, 0.0
    by_sector = not np.isinf(rules.policy.sector)
    for i in range(account.held_count[0]):
        slot = account.held[i]
        value = _value(prices, account, slot)
        equity += value
        value = abs(value)
        gross += value
        if account.book[slot] == book:
            of_book += value
        if account.column[slot] == column:
            of_instrument += value
        if by_sector and rules.sectors[account.column[slot]] == rules.sectors[column]:
            of_sector += value
    lot = 0.0 if rules.fractional else market.lot[row if market.lot.shape[0] > 1 else 0, column]
    turnover = rules.turnover[row if rules.turnover.shape[0] > 1 else 0, column]
    scratch = log.components[log.used[FILLS]]
    clock = _clock(account)
    of_account = AccountView(equity, cash, gross, 0.0)
    view = BookView(of_book, 0.0, account.book_share[book])
    quantity, rule, limit = size, NO_RULE, np.nan
    while True:  # fewer shares bear more charges each: ask again until all that is left passes
        fee = charge(rules.costs, market.session[row], column, product, side, quantity, price, scratch)
        asked = OrderView(False, quantity, price, price + fee / quantity, lot, of_instrument, of_sector, turnover)
        decision = decide(asked, of_account, view, rules.policy, clock)
        if decision.outcome == ALLOW:
            break
        quantity, rule, limit = decision.quantity, decision.rule, decision.limit
        if decision.outcome == REJECT:
            break
    outcome = ALLOW if rule == NO_RULE else TRIM if quantity > 0.0 else REJECT
    _record(
        t, order["intent"], book, column, product, side, outcome, rule, size, quantity, price, equity, cash, gross,
        of_book, limit, account, rules, log,
    )  # fmt: skip
    return float(quantity)


@kernel()
def withdrawn(t: int, order: Row, account: Account, rules: Rules, log: Log) -> None:
    """Write down that an entry at rest was taken back because the daily stop was reached."""
    nan = np.nan
    _record(
        t, order["intent"], order["book"], order["column"], order["product"], order["side"], REJECT, DAILY_STOP,
        order["quantity"], 0.0, nan, account.watch[NOW], account.cash[0], nan, nan, 0.0, account, rules, log,
    )  # fmt: skip


@kernel()
def flattened(
    t: int, slot: int, side: int, intent: Word, wanted: float, done: float, price: float, account: Account,
    rules: Rules, log: Log,
) -> None:  # fmt: skip
    """Write down that a position was ended, or how much of it."""
    nan = np.nan
    rule = HALT if account.watch[LEVEL] == HALTED else DAILY_STOP
    _record(
        t, intent, account.book[slot], account.column[slot], slot % account.products, side, FLATTEN, rule, wanted, done,
        price, account.watch[NOW], account.cash[0], nan, nan, nan, account, rules, log,
    )  # fmt: skip


@kernel(arrays=True)
def scaled(
    t: int, equity: float, this_close: bool, asked: B1, targets: F2, market: Market, account: Account, orders: Orders,
    rules: Rules, log: Log,
) -> None:  # fmt: skip
    """Cut the targets of books that rebalance at this close down to what the policy leaves, in place, written down.

    `asked` [B] are those books, `targets` [B, N] rupees, short below zero. What the other books hold stays, with what
    they asked for at this close to rebalance; so does what has no price, or no target that is a number. Where the daily
    stop refuses all entries that these targets could become, nothing is changed.
    """
    memory, books = account.watch, targets.shape[0]
    other_session = market.last[t] and not this_close
    if memory[LATCH] > 0.0 and not other_session:
        return
    state = _next_level(account, rules) if other_session else int(memory[LEVEL])
    close = market.close[t]
    stays, gross, of_book = np.zeros(targets.shape), 0.0, np.zeros(books)
    for i in range(account.held_count[0]):
        slot = account.held[i]
        value = _value(close, account, slot)
        stays[account.book[slot], account.column[slot]] += value
        of_book[account.book[slot]] += abs(value)
        gross += abs(value)
    for i in range(orders.size[0]):
        order = orders.rows[i]
        price = close[order["column"]]
        if order["why"] == REBALANCE and order["decided"] == t and not np.isnan(price):
            stays[order["book"], order["column"]] += order["side"] * order["quantity"] * price
    for b in range(books):
        for n in range(targets.shape[1]):
            sized = asked[b] and not np.isnan(close[n]) and np.isfinite(targets[b, n])
            stays[b, n] = np.nan if sized else abs(stays[b, n])
    told = np.empty((len(STAGES), books, 3))
    scale_targets(targets, stays, rules.sectors, account.book_share, equity, state, rules.policy, told)
    for b in range(books):
        for i in range(len(STAGES)):
            before, after = told[i, b, BEFORE], told[i, b, AFTER]
            if after < before:
                _record(
                    t, NOBODY, b, -1, 0, 0, SCALE, STAGES[i], before, after, np.nan, equity, account.cash[0], gross,
                    of_book[b], told[i, b, ROOM], account, rules, log,
                )  # fmt: skip
                log.decisions[log.used[DECISIONS] - 1]["state"] = state  # of the orders, not of this bar


@kernel()
def _end_all(account: Account) -> None:
    """Have what is held now ended at its next open; what is bought later is not meant."""
    for i in range(account.held_count[0]):
        account.guard[account.held[i]] |= ENDING
        account.watch[FLAT] = 1.0


@kernel()
def watch(t: int, prices: F1, account: Account, rules: Rules, log: Log) -> None:
    """Look at the account at these prices: the session's loss, the drawdown, the exposure."""
    memory, policy = account.watch, rules.policy
    equity, gross = account.cash[0], 0.0
    for i in range(account.held_count[0]):
        value = _value(prices, account, account.held[i])
        equity += value
        gross += abs(value)
    memory[NOW] = equity
    used = stop_used(equity, _clock(account), policy)
    stop = policy.day_stop * memory[BASE]
    if used >= 1.0:
        if memory[LATCH] == 0.0:
            memory[LATCH] = memory[NEXT] = 1.0
            if policy.flatten:
                _end_all(account)
            _notice(t, DAILY_STOP, equity, gross, stop, account, rules, log)
    elif used >= BLOCK_AT and memory[SAID] < 2.0:
        memory[SAID] = 2.0
        _notice(t, DAILY_STOP_NEAR, equity, gross, stop, account, rules, log)
    elif used >= WARN_AT and memory[SAID] < 1.0:
        memory[SAID] = 1.0
        _notice(t, DAILY_STOP_WARNING, equity, gross, stop, account, rules, log)
    if memory[BY_DRAWDOWN] != HALTED and equity <= memory[PEAK] * (1.0 - policy.halt + SAME):
        memory[BY_DRAWDOWN] = memory[LEVEL] = HALTED
        if policy.flatten:
            _end_all(account)
        _notice(t, HALT, equity, gross, memory[PEAK] * (1.0 - policy.halt), account, rules, log)
    cap = exposure_cap(int(memory[LEVEL]), policy) * equity
    beyond = gross > cap * (1.0 + SAME) and gross > 0.0
    if beyond and memory[BEYOND] == 0.0:
        _notice(t, EXPOSURE, equity, gross, cap, account, rules, log)
    memory[BEYOND] = 1.0 if beyond else 0.0


@kernel(forceinline=True)
def _by_drawdown(account: Account, rules: Rules) -> int:
    """The state that the drawdown at the last mark asks for; a new high restores NORMAL."""
    memory, policy = account.watch, rules.policy
    equity, before = memory[NOW], int(memory[BY_DRAWDOWN])
    if before == HALTED:
        return HALTED
    if equity > memory[PEAK]:
        return NORMAL
    if equity <= memory[PEAK] * (1.0 - policy.defensive + SAME):
        return DEFENSIVE
    return max(before, CAUTIOUS) if equity <= memory[PEAK] * (1.0 - policy.cautious + SAME) else before


@kernel(forceinline=True)
def _next_level(account: Account, rules: Rules) -> int:
    """The state that a session that began now would begin in."""
    level = _by_drawdown(account, rules)
    return max(level, CAUTIOUS) if account.watch[NEXT] > 0.0 else level


@kernel()
def open_session(t: int, account: Account, rules: Rules, log: Log) -> None:
    """Before the first bar of a session: lift the daily stop, set the state, and see how alike the books have been."""
    memory = account.watch
    equity, level = memory[NOW], int(memory[LEVEL])
    if account.clock[SESSION] >= 0:
        _book_returns(account, rules, log)
    memory[LEVEL] = _next_level(account, rules)
    memory[BY_DRAWDOWN] = _by_drawdown(account, rules)
    if equity > memory[PEAK]:
        memory[PEAK] = equity
    memory[BASE] = equity
    memory[LATCH] = memory[NEXT] = memory[SAID] = 0.0
    if int(memory[LEVEL]) != level:
        _notice(t, STATE_CHANGE, equity, np.nan, np.nan, account, rules, log)


@kernel(arrays=True)
def _book_returns(account: Account, rules: Rules, log: Log) -> None:
    """Add each book's return of the session that ended, and work out what their likeness leaves them."""
    books = account.book_share.size
    if books < 2 or rules.policy.penalty == 0.0:
        return
    gain, active = -account.book_value, account.book_value != 0.0
    for i in range(account.seen[FIRST_FILL], log.used[FILLS]):
        fill = log.fills[i]
        gain[fill["book"]] -= fill["side"] * fill["quantity"] * fill["price"] + fill["cost"]
        active[fill["book"]] = True
    for i in range(account.seen[FIRST_EVENT], log.used[EVENTS]):
        gain[log.events[i]["book"]] += log.events[i]["amount"]
    account.book_value[:] = 0.0
    for i in range(account.held_count[0]):
        slot = account.held[i]
        account.book_value[account.book[slot]] += account.quantity[slot] * account.mark[slot]
    row = account.book_returns[account.seen[SESSIONS] % WINDOW]
    for b in range(books):
        gain[b] += account.book_value[b]
        row[b] = gain[b] / account.watch[BASE] if active[b] and account.watch[BASE] > 0.0 else np.nan
    account.seen[SESSIONS] += 1
    account.seen[FIRST_FILL], account.seen[FIRST_EVENT] = log.used[FILLS], log.used[EVENTS]
    account.seen[COMMON] = shares_kept(account.book_returns, rules.policy.penalty, account.book_share)
