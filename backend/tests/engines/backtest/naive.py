"""The obvious twin of the engine: dictionaries and plain loops, one rule after another, no thought for speed.

It shares no code with the engine. Shares are whole; everything a rule says about time is done bar by bar.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass
class Order:
    book: int
    column: int
    buy: bool
    quantity: float | None  # None: as many as the budget pays for
    budget: float
    rank: float
    decided: int
    why: str


@dataclass
class Naive:
    """What happened, in the order it did."""

    fills: list[tuple[Any, ...]] = field(default_factory=list)  # bar, book, column, side, quantity, price, cost, why
    rejections: list[tuple[Any, ...]] = field(default_factory=list)  # bar, book, column, side, reason, granted
    events: list[tuple[Any, ...]] = field(default_factory=list)  # bar, book, column, kind, before, after, amount
    equity: list[float] = field(default_factory=list)
    cash: list[float] = field(default_factory=list)
    holdings: list[dict[tuple[int, int], float]] = field(default_factory=list)


def whole(quantity: float) -> float:
    return float(round(quantity)) if abs(quantity - round(quantity)) < 1e-6 else float(math.floor(quantity))


def naive_run(
    open_: np.ndarray,
    close: np.ndarray,
    factor: np.ndarray,
    member: np.ndarray,
    signals: list[tuple[np.ndarray, np.ndarray, np.ndarray | None]],
    *,
    capital: float,
    rate: float = 0.0,
    slippage: float = 0.0,
    max_positions: int | None = None,
    allocation: list[float] | None = None,
    dividends: np.ndarray | None = None,
    start: int = 0,
) -> Naive:
    bars, columns = close.shape
    share = allocation or [1.0 / len(signals)] * len(signals)
    out = Naive()
    cash = capital
    held: dict[tuple[int, int], float] = {}
    last: dict[int, float] = {}  # last close of a column, in today's denomination
    resting: list[Order] = []
    for t in range(start, bars):
        # 1. ex-dates
        step = factor[t] / factor[t - 1] if t > 0 else np.ones(columns)
        for book, n in sorted(held):
            shares = held[book, n]
            paid = 0.0 if dividends is None or math.isnan(dividends[t, n]) else dividends[t, n]
            if paid > 0.0:
                cash += shares * paid
                out.events.append((t, book, n, "DIVIDEND", shares, shares, shares * paid))
            if step[n] != 1.0:
                exact = shares * step[n]
                left = whole(exact)
                rest = exact - left if exact - left > 1e-6 else 0.0
                price = open_[t, n] if not math.isnan(open_[t, n]) else last[n] / step[n]
                cash += rest * price
                held[book, n] = left
                out.events.append((t, book, n, "SHARES", shares, left, rest * price))
                if left == 0.0:
                    del held[book, n]
        for n in range(columns):
            if n in last:
                last[n] /= step[n]
        for order in resting:
            if order.quantity is not None:
                order.quantity = whole(order.quantity * step[order.column])
        # 2. the open: sales, then purchases
        waiting = []
        for order in [o for o in resting if not o.buy]:
            n, shares = order.column, held.get((order.book, order.column), 0.0)
            price = open_[t, n] * (1.0 - slippage)
            if shares == 0.0:
                out.rejections.append((t, order.book, n, "SELL", "NOTHING_HELD", 0.0))
            elif math.isnan(price):
                waiting.append(order)
            else:
                cost = rate * (shares * price)
                cash += shares * price - cost
                del held[order.book, n]
                out.fills.append((t, order.book, n, "SELL", shares, price, cost, order.why))
        entries = [o for o in resting if o.buy]
        entries.sort(key=lambda o: (math.isnan(o.rank), 0.0 if math.isnan(o.rank) else -o.rank, o.column, o.book))
        for order in entries:
            n = order.column
            price = open_[t, n] * (1.0 + slippage)
            if math.isnan(price):
                out.rejections.append((t, order.book, n, "BUY", "NO_BAR", 0.0))
                continue
            wanted = order.quantity
            if wanted is None:
                wanted = float(math.floor(order.budget / (price * (1.0 + rate))))
            fits = float(math.floor(cash / (price * (1.0 + rate))))
            while fits > 0 and fits * price + rate * (fits * price) > cash:
                fits -= 1.0
            if wanted < 1.0:
                pays = order.quantity is None and order.budget >= price
                out.rejections.append((t, order.book, n, "BUY", "CHARGES" if pays else "BELOW_ONE_SHARE", 0.0))
            elif max_positions is not None and len(held) >= max_positions:
                out.rejections.append((t, order.book, n, "BUY", "MAX_POSITIONS", 0.0))
            elif fits < 1.0:
                out.rejections.append((t, order.book, n, "BUY", "INSUFFICIENT_CASH", 0.0))
            else:
                shares = min(wanted, fits)
                if shares < wanted:
                    out.rejections.append((t, order.book, n, "BUY", "INSUFFICIENT_CASH", shares))
                cost = rate * (shares * price)
                cash -= shares * price + cost
                held[order.book, n] = shares
                out.fills.append((t, order.book, n, "BUY", shares, price, cost, order.why))
        resting = waiting
        # 3. the close
        for n in range(columns):
            if not math.isnan(close[t, n]):
                last[n] = close[t, n]
        value = 0.0
        for key in sorted(held):
            value += held[key] * last[key[1]]
        equity = cash + value
        out.equity.append(equity)
        out.cash.append(cash)
        out.holdings.append(dict(held))
        # 4. decisions
        if t == bars - 1:
            break
        slots = member[t].sum()
        selling = {(o.book, o.column) for o in resting}
        for book, (entry, leave, rank) in enumerate(signals):
            for n in range(columns):
                if (book, n) in held:
                    if (leave[t, n] or not member[t, n]) and (book, n) not in selling:
                        why = "SIGNAL" if leave[t, n] else "LEFT_UNIVERSE"
                        resting.append(Order(book, n, False, held[book, n], math.nan, math.nan, t, why))
                elif entry[t, n] and member[t, n]:
                    budget = share[book] * equity / slots
                    score = math.nan if rank is None else rank[t, n]
                    resting.append(Order(book, n, True, None, budget, score, t, "SIGNAL"))
    return out
