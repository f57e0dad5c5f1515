"""One instrument, all in or all out at the open: from one order to the next in one step.

Where nothing but market orders can move the account, nothing happens between them: a flat stretch is cash, a held one
cash and shares times the close. `plain` says where that is; there `stretched` gives the bytes of `loop.run_bars` (a
property holds them side by side), and answers None where a missing price would have made the core wait. The points of
a sweep are made by the same loop (`app.engines.sweeps.shared`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.engines.backtest import loop
from app.engines.backtest.account import NOTE, SESSION, Account
from app.engines.backtest.charges import charge
from app.engines.backtest.fills import (
    BUY,
    CNC,
    FILLS,
    MARKET,
    PARTIAL,
    SAME,
    SELL,
    SEQUENCE,
    Log,
    Market,
    Rules,
    refuse,
)
from app.engines.backtest.orders import Word, intent_id
from app.engines.backtest.state import new_log
from app.engines.backtest.trades import Traded
from app.engines.kernels import kernel
from app.engines.risk.basics import Measure
from app.engines.risk.exposure import Exposures

F1 = NDArray[np.float64]
B1 = NDArray[np.bool_]
I1 = NDArray[np.int64]

LEAF: Final = 128  # values that NumPy adds up by eight running sums; more are halved first
CHUNK: Final = 1024  # bars worked on at a time
DEPTH: Final = 128  # of halvings at rest: two for each bit of a length
BELOW_ONE_SHARE, INSUFFICIENT_CASH, CHARGES = 3, 4, 21  # Refusal
SIGNAL = 0  # Why


class Terms(NamedTuple):
    """What an order is worth and what it costs."""

    capital: float
    fee: float  # fraction of the value, each side
    slippage: float  # fraction of the price, against us
    fractional: bool  # whether shares divide
    allocation: float  # of the equity that an entry is sized by
    value: float  # rupees an entry; NaN: the allocation over the slots
    quantity: float  # shares an entry; NaN: by rupees


class Tried(NamedTuple):
    """Entries that were tried and exits, in turn; an exit follows each entry that was filled. Shape [2 · entries]."""

    decided: I1  # bar; it fills at the next one
    budget: F1  # rupees; NaN where it was sized in shares, and of an exit
    wanted: F1  # shares
    done: F1  # shares; 0 = refused
    reference: F1  # rupees: the open
    price: F1  # rupees
    cash: F1  # rupees after it


def room(entries: int) -> Tried:
    """Room for what becomes of so many entries."""
    floats = [np.empty(2 * entries) for _ in range(6)]
    return Tried(np.empty(2 * entries, np.int64), *floats)


@kernel(error_model="numpy", forceinline=True)
def _buys(rupees: float, price: float, terms: Terms) -> float:
    shares = max(0.0, rupees / (price * (1.0 + terms.fee)))
    return float(shares if terms.fractional else np.floor(shares))


@kernel(error_model="numpy", forceinline=True)
def affordable(size: float, cash: float, price: float, terms: Terms) -> float:
    """Shares up to `size` that the cash pays for, charges included: `fills.open_position` to the last bit."""
    shares = min(size, _buys(cash, price, terms))
    smallest = SAME if terms.fractional else 1.0
    # rounding makes about every third guess dear: taken back without a branch, which nobody could foretell
    fewer = shares * (1.0 - 1e-12) - 1e-12 if terms.fractional else shares - 1.0
    dear = shares * price + terms.fee * (shares * price) > cash
    shares = fewer if dear & (shares >= smallest) else shares
    while shares >= smallest:
        if shares * price + terms.fee * (shares * price) <= cash:
            return shares
        shares = shares * (1.0 - 1e-12) - 1e-12 if terms.fractional else shares - 1.0
    return 0.0


@kernel(error_model="numpy")
def trade(slots: F1, enter: I1, enter_at: F1, leave: I1, leave_at: F1, terms: Terms, tried: Tried) -> int:
    """Go from order to order; how many there were, -1 where one found no price.

    Parameters
    ----------
    slots : shape [T], parts the equity is divided into
    enter : ascending bars at whose close an entry is asked for; one while something is held is none
    leave : ascending bars at whose close an exit is asked for; the last bar is in neither: it never fills
    enter_at, leave_at : the open after each, rupees
    tried : written
    """
    cash, used, i, k = terms.capital, 0, 0, 0
    smallest = SAME if terms.fractional else 1.0
    while i < enter.size:
        t, reference = enter[i], enter_at[i]
        i += 1
        if np.isnan(reference):
            return -1
        price = reference * (1.0 + terms.slippage)
        size, rupees = terms.quantity, np.nan
        if np.isnan(size):
            rupees = terms.value
            if np.isnan(rupees):
                rupees = terms.allocation * cash / slots[t]
            size = _buys(rupees, price, terms)
        shares = affordable(size, cash, price, terms) if size >= smallest else 0.0
        if shares > 0.0:
            cash -= shares * price + terms.fee * (shares * price)
        tried.budget[used] = rupees
        tried.decided[used], tried.wanted[used], tried.done[used] = t, size, shares
        tried.reference[used], tried.price[used], tried.cash[used] = reference, price, cash
        used += 1
        if shares == 0.0:
            continue
        while k < leave.size and leave[k] <= t:
            k += 1
        if k == leave.size:
            return used
        t, reference = leave[k], leave_at[k]
        if np.isnan(reference):
            return -1
        price = reference * (1.0 - terms.slippage)
        cash += shares * price - terms.fee * (shares * price)
        tried.budget[used] = np.nan
        tried.decided[used], tried.wanted[used], tried.done[used] = t, shares, shares
        tried.reference[used], tried.price[used], tried.cash[used] = reference, price, cash
        used += 1
        while i < enter.size and enter[i] <= t:
            i += 1
    return used


@kernel(error_model="numpy")
def curve(close: F1, start: int, tried: Tried, used: int, capital: float, equity: F1) -> None:
    """Write the equity at each close from bar `start` on, shape [T - start]."""
    cash, shares, t = capital, 0.0, start
    for k in range(used + 1):
        after = tried.decided[k] + 1 if k < used else close.size
        points, prices = equity[t - start : after - start], close[t:after]
        if shares == 0.0:
            for i in range(points.size):
                points[i] = cash
        else:
            for i in range(points.size):
                points[i] = cash + shares * prices[i]
        t = after
        if k < used and tried.done[k] > 0.0:
            cash = tried.cash[k]
            shares = 0.0 if shares > 0.0 else tried.done[k]


@kernel(error_model="numpy")
def _curve_at_work(
    close: F1, start: int, tried: Tried, used: int, capital: float, equity: F1, sizes: I1, sums: F1, part: F1
) -> tuple[float, int]:
    """`curve`, and of the holdings over equity their sum as NumPy adds it up; bars with a holding that is not zero.

    NumPy halves until 128 values are left. Some bars at a time are written, divided and added up, so that a million go
    through memory once. `sizes` and `sums` [DEPTH] and `part` [CHUNK] are room to work in.
    """
    sizes[0] = close.size - start
    waiting, known, held, t = 1, 0, 0, start
    cash, shares, k = capital, 0.0, 0
    change = tried.decided[0] + 1 if used > 0 else close.size
    first = end = start  # of the bars in `part`
    while waiting > 0:
        waiting -= 1
        count = sizes[waiting]
        if count < 0:  # both halves are known
            known -= 1
            sums[known - 1] += sums[known]
            continue
        if count <= CHUNK and t == end:
            first, end, done = t, t + count, t
            while done < end:
                while change <= done:
                    if tried.done[k] > 0.0:
                        cash = tried.cash[k]
                        shares = 0.0 if shares > 0.0 else tried.done[k]
                    k += 1
                    change = tried.decided[k] + 1 if k < used else close.size
                after = min(end, change)
                points, values = equity[done - start : after - start], part[done - first : after - first]
                if shares == 0.0:
                    for i in range(points.size):
                        points[i] = cash
                        values[i] = 0.0
                else:
                    prices = close[done:after]
                    for i in range(points.size):
                        values[i] = shares * prices[i]
                        points[i] = cash + values[i]
                done = after
            points, values = equity[first - start : end - start], part[:count]
            for i in range(points.size):
                held += 1 if values[i] != 0.0 else 0
            for i in range(points.size):
                values[i] /= points[i]
        if count > LEAF:
            half = count // 2
            half -= half % 8
            sizes[waiting], sizes[waiting + 1], sizes[waiting + 2] = -1, count - half, half
            waiting += 3
            continue
        sums[known] = _leaf(part[t - first : t - first + count])
        known += 1
        t += count
    return sums[0], held


def _room() -> tuple[I1, F1, F1]:
    return np.empty(DEPTH, np.int64), np.empty(DEPTH), np.empty(CHUNK)


@kernel(error_model="numpy", forceinline=True)
def _leaf(values: F1) -> float:
    """The sum of up to 128 values in NumPy's order."""
    count = values.size
    if count < 8:
        total = 0.0
        for i in range(count):
            total += values[i]
        return total
    a, b, c, d = values[0], values[1], values[2], values[3]
    e, f, g, h = values[4], values[5], values[6], values[7]
    whole = count - count % 8
    for i in range(8, whole, 8):
        a += values[i]
        b += values[i + 1]
        c += values[i + 2]
        d += values[i + 3]
        e += values[i + 4]
        f += values[i + 5]
        g += values[i + 6]
        h += values[i + 7]
    total = ((a + b) + (c + d)) + ((e + f) + (g + h))
    for i in range(whole, count):
        total += values[i]
    return float(total)


@kernel()
def _write(market: Market, book: Word, tried: Tried, used: int, rules: Rules, log: Log) -> None:
    """The log of what was tried, as `fills._write` and `fills.refuse` would have written it."""
    held = 0.0
    for k in range(used):
        t, shares = tried.decided[k], tried.done[k]
        side = SELL if held > 0.0 else BUY
        intent = intent_id(book, market.keys[0], market.seconds[t], side, MARKET, 0)
        flags = 0
        if shares < tried.wanted[k] or shares == 0.0:
            smallest, reason = SAME if rules.fractional else 1.0, INSUFFICIENT_CASH
            if tried.wanted[k] < smallest:
                reason = CHARGES if tried.budget[k] >= tried.price[k] * smallest else BELOW_ONE_SHARE
            refuse(log, t + 1, intent, 0, 0, CNC, side, reason, t, tried.wanted[k], shares)
            flags = PARTIAL
        if shares == 0.0:
            continue
        i = log.used[FILLS]
        fill = log.fills[i]
        fill["sequence"] = log.used[SEQUENCE]
        fill["intent"] = intent
        fill["bar"] = t + 1
        fill["book"] = fill["column"] = 0
        fill["product"] = CNC
        fill["side"] = side
        fill["kind"] = MARKET
        fill["why"] = SIGNAL
        fill["decided"] = t
        fill["quantity"] = shares
        fill["reference"] = tried.reference[k]
        fill["price"] = tried.price[k]
        fill["cost"] = charge(rules.costs, 0, 0, CNC, side, shares, tried.price[k], log.components[i])
        fill["cash"] = tried.cash[k]
        fill["closing"] = 1 if side == SELL else 0
        fill["flags"] = flags
        log.used[FILLS] += 1
        log.used[SEQUENCE] += 1
        held = 0.0 if side == SELL else shares


@dataclass(frozen=True, eq=False)
class Stretches:
    """What `stretched` gives: the curves of a run, as `loop.Curves`, and its log, made where somebody asks for them.

    `filled` are the places of the fills among the first `used` of `tried`; those of purchases and sales in turn.
    """

    equity: F1
    market: Market
    rules: Rules
    book: Word
    start: int
    terms: Terms
    tried: Tried
    used: int
    filled: I1
    at_work: Exposures

    def exposures(self, start: int, shorts: F1 | None) -> Exposures:
        """Of the bars from the first measured one on; nothing is held short."""
        return self.at_work

    def _each(self, first: float, values: F1) -> F1:
        """The value of each bar, NaN before the first measured one: `first`, and from each fill on one of `values`."""
        found = np.empty(self.equity.size)
        found[: self.start] = np.nan
        bars = self.tried.decided[self.filled] + 1
        lengths = np.diff(bars, prepend=self.start, append=self.equity.size)
        found[self.start :] = np.repeat(np.concatenate([[first], values]), lengths)
        return found

    @cached_property
    def cash(self) -> F1:
        return self._each(self.terms.capital, self.tried.cash[self.filled])

    @cached_property
    def holdings(self) -> F1:
        shares = self.tried.done[self.filled]
        shares[1::2] = 0.0  # purchases and sales in turn
        found = self._each(0.0, shares)
        held = found > 0.0
        found[held] *= self.market.close[held, 0]
        return found

    @cached_property
    def state(self) -> I1:
        return np.zeros(self.equity.size, np.int64)

    def log(self) -> Log:
        """As the core writes it."""
        done, wanted = self.tried.done[: self.used], self.tried.wanted[: self.used]
        log = new_log(self.filled.size, 1, rejections=int(((done < wanted) | (done == 0.0)).sum()))
        _write(self.market, self.book, self.tried, self.used, self.rules, log)
        return log

    def traded(self) -> Traded:
        """What `trades.fold_trades` makes of that log, as measures read it."""
        entries, exits = self.filled[::2], self.filled[1::2]
        count, closed = entries.size, exits.size
        shares, entry_price = self.tried.done[entries], self.tried.price[entries]
        bought, sold = shares * entry_price, np.zeros(count)
        sold[:closed] = self.tried.done[exits] * self.tried.price[exits]
        unrealised, costs = np.zeros(count), self.terms.fee * bought
        unrealised[closed:] = shares[closed:] * self.market.close[-1, 0]
        costs[:closed] += self.terms.fee * sold[:closed]
        exit_bar, exit_price = np.full(count, -1), np.full(count, np.nan)
        exit_bar[:closed], exit_price[:closed] = self.tried.decided[exits] + 1, self.tried.price[exits]
        return Traded(
            column=np.zeros(count, np.int64), side=np.ones(count, np.int64), entry_bar=self.tried.decided[entries] + 1,
            exit_bar=exit_bar, entry_price=entry_price, exit_price=exit_price,
            pnl=sold + unrealised - bought + 0.0 - costs, bought=float(bought.sum()), sold=float(sold[:closed].sum()),
        )  # fmt: skip


def plain(market: Market, decisions: loop.Decisions, rules: Rules) -> bool:
    """Whether nothing but market orders of one instrument can move the account, and nothing but money limits them.

    One book of delivery, signals without levels and times, no ex-date; no ticks, bands, spreads or lots; a flat charge
    or none; no policy, cap, impact or settlement; orders for the next open.
    """
    nothing = (
        (market.tick, 0.0), (market.lower, np.nan), (market.upper, np.nan), (market.lot, 1.0), (market.spread, 0.0),
        (market.delivered, False),
    )  # fmt: skip
    return bool(
        market.close.shape[1] == 1 and decisions.books.size == 1 and decisions.product[0] == CNC
        and not rules.policy.active and not rules.costs.itemised and rules.volume_cap == 0.0 and rules.impact == 0.0
        and rules.cushion == 0.0 and not rules.settle_next_session
        and not decisions.this_close and decisions.exits.shape[1] > 0 and decisions.covers.shape[1] == 0
        and decisions.targets.size == 0
        and not decisions.hold.any()
        and all(len(rows) == 1 and (rows[0, 0] == value or value != value != rows[0, 0] != rows[0, 0])
                for rows, value in nothing)
        and not market.ex_date.any() and market.member.all()
        and not decisions.levels
    )  # fmt: skip


def stretched(
    market: Market, decisions: loop.Decisions, rules: Rules, account: Account, start: int
) -> Stretches | None:
    """Take a new account through all bars from `start`; None where the core has to do it.

    The account is left as the core leaves it after the last bar.
    """
    terms = Terms(
        float(account.cash[0]), rules.costs.flat, rules.slippage, rules.fractional, float(decisions.allocation[0]),
        decisions.value, decisions.quantity,
    )  # fmt: skip
    close, tried = market.close[:, 0], room(decisions.entries.size)
    enter, leave = decisions.entries >> 1, np.flatnonzero(decisions.exits[0, :-1, 0])
    enter, open_ = enter[: np.searchsorted(enter, close.size - 1)], market.open[:, 0]
    used = trade(decisions.slots, enter, open_[enter + 1], leave, open_[leave + 1], terms, tried)
    if used < 0:
        return None
    equity = np.empty(close.size)
    equity[:start] = np.nan
    total, held = _curve_at_work(close, start, tried, used, terms.capital, equity[start:], *_room())
    if not np.isfinite(total):  # a holding had no price
        return None
    filled, bars = np.flatnonzero(tried.done[:used]), close.size - start
    _left(account, market, tried, filled)
    mean = Measure(total / bars)
    return Stretches(
        equity, market, rules, decisions.books[0], start, terms, tried, used, filled,
        Exposures(Measure(held / bars), mean, mean),
    )  # fmt: skip


def _left(account: Account, market: Market, tried: Tried, filled: I1) -> None:
    """Leave an account as the core would have after these fills and the last bar."""
    account.clock[SESSION], account.clock[NOTE] = market.session[-1], filled.size
    if filled.size == 0:
        return
    account.cash[0] = tried.cash[filled[-1]]
    bought = filled[(filled.size - 1) // 2 * 2]  # purchases and sales in turn
    decided, shares, price = tried.decided[bought], tried.done[bought], tried.price[bought]
    account.entered[0], account.decided[0] = decided + 1, decided
    account.opened[0] = market.session[decided + 1]
    if filled.size % 2 == 1:
        account.held[0], account.held_count[0] = 0, 1
        account.quantity[0], account.mark[0], account.cost[0] = shares, market.close[-1, 0], shares * price
