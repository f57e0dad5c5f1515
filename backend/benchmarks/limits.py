"""Minimal loops: the practical limit of a machine for each workload, not engines.

Long only, decided at a close and filled at the next open, charges a fixed part of the value; no ranks, members,
ex-dates, refusals, ticks or notes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

FEE = 0.001


@njit(cache=True)
def single(open_: Any, close: Any, entry: Any, leave: Any, cash: float, shares: float, equity: Any, log: Any) -> Any:
    """One column, fixed shares, with its curve and a log of trades; trades closed and final equity."""
    held, wish, trades, paid, entered = 0.0, 0, 0, 0.0, 0
    for t in range(close.size):
        if wish == 1:
            paid = shares * open_[t] * (1.0 + FEE)
            cash -= paid
            held, entered = shares, t
        elif wish == 2:
            got = held * open_[t] * (1.0 - FEE)
            cash += got
            log[trades, 0], log[trades, 1], log[trades, 2] = entered, t, got - paid
            held = 0.0
            trades += 1
        wish = 0
        equity[t] = cash + held * close[t]
        if held == 0.0:
            if entry[t]:
                wish = 1
        elif leave[t]:
            wish = 2
    return trades, equity[-1]


@njit(cache=True)
def single_of_prices(open_: Any, close: Any, fast: int, slow: int, cash: float, shares: float, equity: Any) -> Any:
    """The same with the crossing of two running averages in the loop."""
    held, wish, trades, above, below = 0.0, 0, 0, False, False
    sum_fast = sum_slow = 0.0
    for t in range(close.size):
        if wish == 1:
            cash -= shares * open_[t] * (1.0 + FEE)
            held = shares
        elif wish == 2:
            cash += held * open_[t] * (1.0 - FEE)
            held = 0.0
            trades += 1
        wish = 0
        price = close[t]
        equity[t] = cash + held * price
        sum_fast += price
        sum_slow += price
        if t >= fast:
            sum_fast -= close[t - fast]
        if t >= slow:
            sum_slow -= close[t - slow]
        if t >= slow - 1:
            difference = sum_fast / fast - sum_slow / slow
            if held == 0.0:
                if difference > 0.0 and below:
                    wish = 1
            elif difference < 0.0 and above:
                wish = 2
            above, below = difference > 0.0, difference < 0.0
    return trades, equity[-1]


@njit(cache=True)
def panel(open_: Any, close: Any, entry: Any, leave: Any, cash: float, rupees: float, equity: Any) -> Any:
    """N columns sharing cash, fixed rupees an entry, in column order; trades closed and final equity."""
    bars, columns = close.shape
    held, trades = np.zeros(columns), 0
    for t in range(bars):
        value = 0.0
        if t > 0:
            for n in range(columns):
                if held[n] > 0.0 and leave[t - 1, n]:
                    cash += held[n] * open_[t, n] * (1.0 - FEE)
                    held[n] = -1.0
                    trades += 1
            for n in range(columns):
                if held[n] == 0.0 and entry[t - 1, n]:
                    shares = np.floor(min(rupees, cash) / (open_[t, n] * (1.0 + FEE)))
                    if shares >= 1.0:
                        cash -= shares * open_[t, n] * (1.0 + FEE)
                        held[n] = shares
        for n in range(columns):
            if held[n] < 0.0:
                held[n] = 0.0
            value += held[n] * close[t, n]
        equity[t] = cash + value
    return trades, equity[-1]


@njit(cache=True)
def rebalance(open_: Any, close: Any, targets: Any, at: Any, cash: float, equity: Any) -> Any:
    """At the open after a decision sell what is too much, then buy what is missing, in whole shares sized at the close.

    Fills and final equity.
    """
    bars, columns = close.shape
    held, fills, due, total = np.zeros(columns), 0, -1, cash
    for t in range(bars):
        if due >= 0:
            for side in range(2):
                for n in range(columns):
                    if np.isnan(open_[t, n]):
                        continue
                    change = np.floor(targets[due, n] * total / close[due, n] + 1e-6) - held[n]
                    if (change > 0.0) != (side == 1) or change == 0.0:
                        continue
                    if side:
                        change = min(change, np.floor(cash / (open_[t, n] * (1.0 + FEE))))
                    cash -= change * open_[t, n] * (1.0 + (FEE if side else -FEE))
                    held[n] += change
                    fills += 1
        total = cash
        for n in range(columns):
            total += held[n] * close[t, n]
        equity[t] = total
        due = t if at[t] else -1
    return fills, equity[-1]


def brackets(
    columns: list[list[float]], entries: list[bool], cash: float, shares: float, stop: float, target: float
) -> Any:
    """A bare callback a bar with a broker of local variables, in Python; trades closed and final equity."""

    class Strategy:
        __slots__ = ("held", "wish")

        def on_bar(self, t: int, close: float) -> None:
            if self.held == 0.0 and entries[t]:
                self.wish = (close * stop, close * target)

    asked, trades, low_level, high_level = Strategy(), 0, 0.0, 0.0
    asked.held, asked.wish = 0.0, None
    on_bar, last = asked.on_bar, len(entries) - 1
    for t, (open_, high, low, close) in enumerate(zip(*columns, strict=True)):
        if asked.wish is not None:
            low_level, high_level = asked.wish
            asked.wish, asked.held = None, shares
            cash -= shares * open_ * (1.0 + FEE)
        if asked.held:
            price = open_ if open_ <= low_level else low_level if low <= low_level else 0.0
            if not price:
                price = open_ if open_ >= high_level else high_level if high >= high_level else 0.0
            if price:
                cash += asked.held * price * (1.0 - FEE)
                asked.held = 0.0
                trades += 1
        if t < last:
            on_bar(t, close)
    return trades, cash + asked.held * columns[3][-1]
