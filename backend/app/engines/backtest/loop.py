"""The compiled loop of a vectorised strategy: decide at each close, give orders, let the core take the next bar.

It holds no rule of filling of its own. It can stop before any bar and be called again: all it needs is in its
arguments, and what it returns is the bar it stopped at.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from app.engines.backtest.core import (
    BUY,
    EVENTS,
    FILLS,
    REJECTIONS,
    SELL,
    Account,
    Bar,
    Log,
    Orders,
    Rules,
    advance,
    slot_of,
)
from app.engines.backtest.orders import intent_id

F1 = NDArray[np.float64]
F2 = NDArray[np.float64]
B1 = NDArray[np.bool_]
B2 = NDArray[np.bool_]
B3 = NDArray[np.bool_]
I1 = NDArray[np.int64]
U1 = NDArray[np.uint64]

MARKET, CNC, SIGNAL, LEFT_UNIVERSE = 0, 0, 0, 1


class Market(NamedTuple):
    """The bars of the run, raw."""

    open: F2  # shape [T, N]
    close: F2  # shape [T, N]
    step: F2  # shape [T, N]; one row of ones, read for every bar, where there is no ex-date at all
    dividend: F2  # shape [T, N] or one row of zeros, likewise
    ex_date: B1  # shape [T]
    member: B2  # shape [T, N]
    seconds: I1  # shape [T], time of the bar since 1970: goes into the intent ids
    keys: U1  # shape [N], hash of the instrument key


class Decisions(NamedTuple):
    """What the strategies said, and how much they may spend."""

    entries: I1  # ascending (bar · N + column) · B + book of each entry that may be taken
    ranks: F1  # of the same length; NaN = none given
    exits: B3  # shape [B, T, N]
    books: U1  # shape [B], hash of the book's name
    allocation: F1  # shape [B], fractions of the account
    slots: F1  # shape [T], positions the equity is divided by
    value: float  # rupees an entry instead of a slot; NaN: by slots
    quantity: float  # shares an entry; NaN: by rupees


class Curves(NamedTuple):
    """The account at each close, shape [T]."""

    equity: F1
    cash: F1
    holdings: F1


@njit(cache=True, nogil=True, forceinline=True)
def _give(
    orders: Orders, market: Market, decisions: Decisions, t: int, book: int, column: int, side: int, why: int,
    quantity: float, budget: float, rank: float,
) -> None:  # fmt: skip
    row = orders.rows[orders.size[0]]
    row["intent"] = intent_id(decisions.books[book], market.keys[column], market.seconds[t], side, MARKET, 0)
    row["book"] = book
    row["column"] = column
    row["product"] = CNC
    row["side"] = side
    row["kind"] = MARKET
    row["why"] = why
    row["quantity"] = quantity
    row["budget"] = budget
    row["rank"] = rank
    row["decided"] = t
    row["eligible"] = t + 1
    orders.size[0] += 1


@njit(cache=True, nogil=True, forceinline=True)
def _resting(orders: Orders, book: int, column: int) -> bool:
    for i in range(orders.size[0]):  # noqa: SIM110  # a generator compiles to slower code
        if orders.rows[i]["column"] == column and orders.rows[i]["book"] == book:
            return True
    return False


@njit(cache=True, nogil=True, forceinline=True)
def _decide(
    t: int, first: int, equity: float, market: Market, decisions: Decisions, account: Account, orders: Orders
) -> int:
    """Give the orders decided at the close of bar t; the first entry of a later bar."""
    columns, books = market.close.shape[1], decisions.books.size
    for i in range(account.held_count[0]):
        slot = account.held[i]
        column, book = account.column[slot], account.book[slot]
        signal = decisions.exits[book, t, column]
        if (signal or not market.member[t, column]) and not _resting(orders, book, column):
            why = SIGNAL if signal else LEFT_UNIVERSE
            _give(orders, market, decisions, t, book, column, SELL, why, account.quantity[slot], np.nan, np.nan)
    after = (t + 1) * columns * books
    while first < decisions.entries.size and decisions.entries[first] < after:
        book = decisions.entries[first] % books
        column = decisions.entries[first] // books % columns
        if account.quantity[slot_of(account, book, column, CNC)] == 0.0:
            budget = decisions.value
            if np.isnan(budget):
                budget = decisions.allocation[book] * equity / decisions.slots[t]
            quantity, rank = decisions.quantity, decisions.ranks[first]
            _give(orders, market, decisions, t, book, column, BUY, SIGNAL, quantity, budget, rank)
        first += 1
    return first


@njit(cache=True, nogil=True)
def _drift(
    t: int, end: int, close: F2, ex_date: B1, member: B2, exits: B3, held: I1, held_count: int, quantity: F1,
    mark: F1, book: I1, column: I1, cash: float, equity: F1, cashes: F1, holdings: F1,
) -> int:  # fmt: skip
    """Mark the bars from t at whose open nothing can fill and at whose close no holding is to be sold.

    The first bar, up to `end`, that is not such a one; it is left alone. It does what the core does with a bar without
    orders, on plain arrays: most bars are of this kind, and handing over an account costs more than marking it.
    """
    while t < end and not ex_date[t]:
        value = 0.0
        for i in range(held_count):
            slot = held[i]
            if exits[book[slot], t, column[slot]] or not member[t, column[slot]]:
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


@njit(cache=True, nogil=True)
def run_bars(
    begin: int, end: int, market: Market, decisions: Decisions, account: Account, orders: Orders, rules: Rules,
    log: Log, curves: Curves,
) -> int:  # fmt: skip
    """Take the account from bar `begin` up to, not including, `end`; the first bar not done.

    It stops early, before a bar whose worst case the log has no room for; give it a larger log and call again.
    A decision at the last bar of the slice could never fill and is not taken.
    """
    bars, columns = market.close.shape
    row = columns * decisions.books.size
    steps, dividends = market.step.shape[0] > 1, market.dividend.shape[0] > 1
    first = np.searchsorted(decisions.entries, begin * row)
    t = begin
    while t < end:
        at_rest = orders.size[0]
        if at_rest == 0:
            quiet = min(end, decisions.entries[first] // row if first < decisions.entries.size else bars)
            t = _drift(
                t, quiet, market.close, market.ex_date, market.member, decisions.exits, account.held,
                account.held_count[0], account.quantity, account.mark, account.book, account.column, account.cash[0],
                curves.equity, curves.cash, curves.holdings,
            )  # fmt: skip
            if t == end:
                break
        if (
            log.used[FILLS] + at_rest >= log.fills.size
            or log.used[REJECTIONS] + at_rest > log.rejections.size
            or log.used[EVENTS] + 2 * account.held_count[0] > log.events.size
        ):
            return t
        step, dividend = market.step[t if steps else 0], market.dividend[t if dividends else 0]
        bar = Bar(t, market.open[t], market.close[t], step, dividend, market.ex_date[t])
        curves.holdings[t] = advance(bar, account, orders, rules, log)
        curves.cash[t] = account.cash[0]
        curves.equity[t] = account.cash[0] + curves.holdings[t]
        if t + 1 < bars:
            first = _decide(t, first, curves.equity[t], market, decisions, account, orders)
        t += 1
    return t
