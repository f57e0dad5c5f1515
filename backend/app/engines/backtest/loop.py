"""The compiled loop of a vectorised strategy: decide at each close, give orders, let the core take the next bar.

It holds no rule of filling of its own. It can stop before any bar and be called again: all it needs is in its
arguments, and what it returns is the bar it stopped at.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.engines.backtest.account import GUARDED, LEVEL, NOTE, SESSION, Account, slot_of, whole_shares
from app.engines.backtest.core import Orders, bar_of_session, mark, needed_rows, new_session, settle
from app.engines.backtest.fills import (
    AT_CLOSE,
    BUY,
    DECISIONS,
    EVENTS,
    FILLS,
    LIMIT,
    MARKET,
    REJECTIONS,
    SELL,
    SEQUENCE,
    STOP_LIMIT,
    STOP_ORDER,
    Log,
    Market,
    Rules,
)
from app.engines.backtest.guardrails import NOTICES, SCALINGS, scaled
from app.engines.backtest.matching import at_close
from app.engines.backtest.orders import intent_id
from app.engines.kernels import kernel
from app.engines.risk.exposure import Exposures, exposures_of

F1 = NDArray[np.float64]
F2 = NDArray[np.float64]
F3 = NDArray[np.float64]
B1 = NDArray[np.bool_]
B2 = NDArray[np.bool_]
B3 = NDArray[np.bool_]
I1 = NDArray[np.int64]
I2 = NDArray[np.int64]
U1 = NDArray[np.uint64]

SIGNAL, LEFT_UNIVERSE, REBALANCE = 0, 1, 7
RANK, STOP, TARGET, TRAIL, LIMIT_AT, TRIGGER_AT = 0, 1, 2, 3, 4, 5  # columns of Decisions.details


class Decisions(NamedTuple):
    """What the strategies said, and how much they may spend."""

    entries: I1  # ascending ((bar · N + column) · B + book) · 2 + (1 if short) of each entry that may be taken
    details: F2  # shape [entries, 6]: rank, stop, target, trail, limit, trigger, in raw rupees of the bar; NaN = none
    levels: bool  # whether any entry has more than a rank
    exits: B3  # shape [B, T, N], of long positions; [B, 0, 0]: none
    covers: B3  # shape [B, T, N], of short positions; [B, 0, 0]: none
    valid: I2  # shape [B, 2], bars a limit or stop entry stays in the market, long and short
    hold: I2  # shape [B, 2], bars a position is held at most; 0 = without end
    risk: F2  # shape [B, 2], fraction of the book's equity between an entry's close and its stop at most; 0 = no limit
    targets: F3  # shape [B or 0, T, N], fraction of the book's equity to hold after a rebalance; NaN = 0
    target_ranks: F3  # shape [B or 0, T or 1, N]; one row, read for every bar, where there are none
    rebalances: B2  # shape [B, T]
    product: I1  # shape [B]
    books: U1  # shape [B], hash of the book's name
    allocation: F1  # shape [B], fractions of the account
    slots: F1  # shape [T], positions the equity is divided by
    value: float  # rupees an entry instead of a slot; NaN: by slots
    quantity: float  # shares an entry; NaN: by rupees
    this_close: bool  # orders fill at the close they are decided at: the declared exception


class Curves(NamedTuple):
    """The account at each close, shape [T]."""

    equity: F1
    cash: F1
    holdings: F1
    state: I1  # of the policy: `policy.decide.State`; 0 where none applies

    def exposures(self, start: int, shorts: F1 | None) -> Exposures:
        """How much of the account was at work from bar `start` on; `shorts` [T] as in `exposures_of`."""
        return exposures_of(self.holdings[start:], self.equity[start:], None if shorts is None else shorts[start:])


def new_curves(bars: int, start: int = 0) -> Curves:
    """Curves of an account that begins at bar `start`: NaN before it, and room to write in from there on."""
    curves = Curves(np.empty(bars), np.empty(bars), np.empty(bars), np.zeros(bars, np.int64))
    for curve in curves[:3]:
        curve[:start] = np.nan
    return curves


@kernel(forceinline=True)
def give_order(
    orders: Orders, market: Market, books: U1, t: int, book: int, column: int, product: int, side: int, kind: int,
    why: int, closing: int, quantity: float, budget: float, rank: float, eligible: int, sequence: int,
) -> int:  # fmt: skip
    """Add an order without price levels to those at rest; its row."""
    i = orders.size[0]
    row = orders.rows[i]
    row["intent"] = intent_id(books[book], market.keys[column], market.seconds[t], side, kind, sequence)
    row["book"] = book
    row["column"] = column
    row["product"] = product
    row["side"] = side
    row["kind"] = kind
    row["why"] = why
    row["closing"] = closing
    row["quantity"] = quantity
    row["budget"] = budget
    row["rank"] = rank
    row["decided"] = t
    row["eligible"] = eligible
    row["limit"] = row["trigger"] = row["stop"] = row["target"] = row["trail"] = np.nan
    row["best"] = market.close[t, column]
    row["hold"] = 0
    row["expires"] = -1
    row["oco"] = 0
    orders.size[0] += 1
    return int(i)


@kernel(forceinline=True)
def _resting(orders: Orders, count: int, book: int, column: int, closing: int, side: int) -> bool:
    """Whether such an order is among the first `count` at rest."""
    for i in range(count):
        order = orders.rows[i]
        if (
            order["column"] == column and order["book"] == book
            and order["closing"] == closing and order["side"] == side
        ):  # fmt: skip
            return True
    return False


@kernel(forceinline=True)
def _kind(decisions: Decisions, limit: float, trigger: float) -> int:
    if np.isnan(limit) and np.isnan(trigger):
        return AT_CLOSE if decisions.this_close else MARKET
    if np.isnan(trigger):
        return LIMIT
    return STOP_ORDER if np.isnan(limit) else STOP_LIMIT


@kernel()
def _rebalance(
    t: int, book: int, weights: F1, total: float, market: Market, decisions: Decisions, account: Account,
    orders: Orders, fractional: bool,
) -> None:  # fmt: skip
    """Orders from what a book holds to target weights [N] of `total` rupees, sized at this close."""
    product, kind = decisions.product[book], AT_CLOSE if decisions.this_close else MARKET
    eligible = t if decisions.this_close else t + 1
    ranked, member = decisions.target_ranks.shape[1] > 1, market.member[t]
    before = orders.size[0]  # what is given here is of other columns
    for column in range(weights.size):
        weight = weights[column]
        slot = slot_of(account, book, column, product)
        held = account.quantity[slot]
        if held == 0.0 and (weight == 0.0 or np.isnan(weight)):
            continue
        if np.isnan(weight) or not member[column]:
            weight = 0.0
            if held == 0.0:
                continue
        price = market.close[t, column]
        if np.isnan(price):
            if weight != 0.0 or held == 0.0:
                continue  # not to be sized: no price today
            price = account.mark[slot]
        wanted = weight * total / price
        if not fractional:
            wanted = whole_shares(wanted)
        change = wanted - held
        if held != 0.0 and change * held < 0.0:
            side = SELL if held > 0.0 else BUY
            if not _resting(orders, before, book, column, 1, side):
                less = min(abs(change), abs(held))
                give_order(
                    orders, market, decisions.books, t, book, column, product, side, kind, REBALANCE, 1, less, np.nan,
                    np.nan, eligible, 0,
                )  # fmt: skip
            change = wanted if wanted * held < 0.0 else 0.0
        if change != 0.0 and wanted != 0.0:
            side = BUY if change > 0.0 else SELL
            give_order(
                orders, market, decisions.books, t, book, column, product, side, kind, REBALANCE, 0, abs(change),
                np.nan, decisions.target_ranks[book, t if ranked else 0, column], eligible, 1,
            )  # fmt: skip


@kernel(arrays=True)
def _rebalance_under_policy(
    t: int, equity: float, market: Market, decisions: Decisions, account: Account, orders: Orders, rules: Rules,
    log: Log,
) -> None:  # fmt: skip
    """`_rebalance` for all books whose turn it is, their targets cut down together to what the policy leaves."""
    books, columns = decisions.books.size, market.close.shape[1]
    asked, targets = np.zeros(books, np.bool_), np.zeros((books, columns))
    for book in range(books):
        asked[book] = decisions.rebalances[book, t]
        total = decisions.allocation[book] * equity
        for column in range(columns):
            if asked[book] and market.member[t, column] and not np.isnan(decisions.targets[book, t, column]):
                targets[book, column] = decisions.targets[book, t, column] * total
    scaled(t, equity, decisions.this_close, asked, targets, market, account, orders, rules, log)
    for book in range(books):
        if asked[book]:
            _rebalance(t, book, targets[book], 1.0, market, decisions, account, orders, rules.fractional)


@kernel(forceinline=True)
def _enter(
    t: int, code: int, first: int, equity: float, market: Market, decisions: Decisions, account: Account, orders: Orders
) -> None:
    columns, books = market.close.shape[1], decisions.books.size
    short = code % 2
    side = SELL if short else BUY
    book = code // 2 % books
    column = code // 2 // books % columns
    product = decisions.product[book]
    held = account.quantity[slot_of(account, book, column, product)] * side
    if held > 0.0 or (held < 0.0 and not _resting(orders, orders.size[0], book, column, 1, side)):
        return
    if _resting(orders, orders.size[0], book, column, 0, side):
        return
    budget = decisions.value
    if np.isnan(budget) and np.isnan(decisions.quantity):
        budget = decisions.allocation[book] * equity / decisions.slots[t]
    detail = decisions.details[first]
    close, risk = market.close[t, column], decisions.risk[book, short]
    away = abs(close - detail[STOP])
    if risk > 0.0 and away > 0.0:
        budget = min(budget, risk * decisions.allocation[book] * equity * close / away)
    kind = _kind(decisions, detail[LIMIT_AT], detail[TRIGGER_AT])
    eligible = t if decisions.this_close and kind == AT_CLOSE else t + 1
    i = give_order(
        orders, market, decisions.books, t, book, column, product, side, kind, SIGNAL, 0, decisions.quantity, budget,
        detail[RANK], eligible, 0,
    )  # fmt: skip
    order = orders.rows[i]
    order["limit"], order["trigger"] = detail[LIMIT_AT], detail[TRIGGER_AT]
    order["stop"], order["target"], order["trail"] = detail[STOP], detail[TARGET], detail[TRAIL]
    order["hold"] = decisions.hold[book, short]
    if kind != MARKET and kind != AT_CLOSE:
        order["expires"] = t + decisions.valid[book, short]
        if not np.isnan(detail[TRIGGER_AT]):
            for near in (first - 1, first + 1):  # the other side of the same cell, if it waits for a trigger too
                same = 0 <= near < decisions.entries.size and decisions.entries[near] // 2 == code // 2
                if same and not np.isnan(decisions.details[near, TRIGGER_AT]):
                    order["oco"] = code // 2 + 1


@kernel(forceinline=True)
def _decide(
    t: int, first: int, equity: float, market: Market, decisions: Decisions, account: Account, orders: Orders,
    rules: Rules, log: Log,
) -> int:  # fmt: skip
    """Give the orders decided at the close of bar t; the first entry of a later bar."""
    columns, books = market.close.shape[1], decisions.books.size
    kind, eligible = (AT_CLOSE, t) if decisions.this_close else (MARKET, t + 1)
    for i in range(account.held_count[0]):
        slot = account.held[i]
        column, book = account.column[slot], account.book[slot]
        long_ = account.quantity[slot] > 0.0
        sides = decisions.exits if long_ else decisions.covers
        signal = sides.shape[1] > 0 and sides[book, t, column]
        side = SELL if long_ else BUY
        if (signal or not market.member[t, column]) and not _resting(orders, orders.size[0], book, column, 1, side):
            why = SIGNAL if signal else LEFT_UNIVERSE
            give_order(
                orders, market, decisions.books, t, book, column, decisions.product[book], side, kind, why, 1,
                abs(account.quantity[slot]), np.nan, np.nan, eligible, 0,
            )  # fmt: skip
    after = (t + 1) * columns * books * 2
    while first < decisions.entries.size and decisions.entries[first] < after:
        _enter(t, decisions.entries[first], first, equity, market, decisions, account, orders)
        first += 1
    for book in range(books):
        if decisions.rebalances[book, t]:
            if rules.policy.active:
                _rebalance_under_policy(t, equity, market, decisions, account, orders, rules, log)
                break
            weights, total = decisions.targets[book, t], decisions.allocation[book] * equity
            _rebalance(t, book, weights, total, market, decisions, account, orders, rules.fractional)
    return first


@kernel(forceinline=True)
def _drift(
    t: int, end: int, close: F2, ex_date: B1, member: B2, exits: B3, covers: B3, rebalances: B2, held: I1,
    held_count: int, quantity: F1, mark: F1, book: I1, column: I1, cash: float, equity: F1, cashes: F1, holdings: F1,
) -> int:  # fmt: skip
    """Mark the bars from t at whose open nothing can fill and at whose close no holding is to be sold.

    The first bar, up to `end`, that is not such a one; it is left alone. It does what the core does with a bar without
    orders, on plain arrays: most bars are of this kind, and handing over an account costs more than marking it.
    """
    books = rebalances.shape[0]
    while t < end and not ex_date[t]:
        value = 0.0
        for b in range(books):
            if rebalances[b, t]:
                return t
        for i in range(held_count):
            slot = held[i]
            sides = exits if quantity[slot] > 0.0 else covers
            leave = sides.shape[1] > 0 and sides[book[slot], t, column[slot]]
            if leave or not member[t, column[slot]]:
                return t
        for i in range(held_count):
            slot = held[i]
            price = close[t, column[slot]]
            if not np.isnan(price):
                mark[slot] = price
            value += quantity[slot] * mark[slot]
        equity[t] = cash + value
        cashes[t] = cash
        holdings[t] = value
        t += 1
    return t


@kernel()
def run_bars(
    begin: int, end: int, market: Market, decisions: Decisions, account: Account, orders: Orders, rules: Rules,
    log: Log, curves: Curves, pause: bool,
) -> int:  # fmt: skip
    """Take the account from bar `begin` up to, not including, `end`; the first bar not done.

    It stops early, before a bar whose worst case the log has no room for; give it a larger log and call again. With
    `pause` it also stops after a bar that changed the log or the resting orders: between such bars only prices change.
    A decision at the last bar of the slice could never fill at a later bar and is not taken.
    """
    bars, columns = market.close.shape
    cells = columns * decisions.books.size * 2
    first = np.searchsorted(decisions.entries, begin * cells)
    session_ends = -1  # the last bar of the session of the account's clock; -1 = not looked up
    t, known, resting = begin, log.used[SEQUENCE], orders.size[0]
    noticed = NOTICES + SCALINGS * decisions.books.size
    while t < end:
        if pause and (log.used[SEQUENCE] != known or orders.size[0] != resting):
            break
        idle = orders.size[0] == 0 and account.clock[GUARDED] == 0 and account.clock[NOTE] == log.used[FILLS]
        if idle and not rules.policy.active:
            quiet = min(end, decisions.entries[first] // cells if first < decisions.entries.size else bars)
            t = _drift(
                t, quiet, market.close, market.ex_date, market.member, decisions.exits, decisions.covers,
                decisions.rebalances, account.held, account.held_count[0], account.quantity, account.mark, account.book,
                account.column, account.cash[0], curves.equity, curves.cash, curves.holdings,
            )  # fmt: skip
            if t == end:
                break
        needed = needed_rows(account, orders)
        if decisions.this_close:
            needed += 4 * cells
        if (
            log.used[FILLS] + needed > log.fills.size
            or log.used[REJECTIONS] + needed > log.rejections.size
            or log.used[EVENTS] + needed > log.events.size
            or (rules.policy.active and log.used[DECISIONS] + needed + noticed > log.decisions.size)
        ):
            return t
        if t > session_ends:
            if market.session[t] != account.clock[SESSION]:
                new_session(market.session[t], account, rules, log, t)
            session_ends = t
            while session_ends < bars - 1 and not market.last[session_ends]:
                session_ends += 1
        curves.holdings[t] = bar_of_session(t, t, market, account, orders, rules, log)
        curves.cash[t] = account.cash[0]
        curves.equity[t] = account.cash[0] + curves.holdings[t]
        if t + 1 < bars or decisions.this_close:
            first = _decide(t, first, curves.equity[t], market, decisions, account, orders, rules, log)
            if decisions.this_close and orders.size[0] > 0:
                at_close(t, t, market, account, orders, rules, log)
                settle(t, market, account, rules, log)
                curves.holdings[t] = mark(t, t, market, account, orders, rules, log)
                curves.cash[t] = account.cash[0]
                curves.equity[t] = account.cash[0] + curves.holdings[t]
        if rules.policy.active:
            curves.state[t] = np.int64(account.watch[LEVEL])
        t += 1
    return t
