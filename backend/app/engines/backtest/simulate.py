"""Decisions, a market and rules in; the account after the last bar and all that happened to it out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import numpy as np

from app.engines.backtest import loop
from app.engines.backtest.account import Account
from app.engines.backtest.context import Context
from app.engines.backtest.core import DECISIONS, EVENTS, FILLS, REJECTIONS, Log, Market, Orders, Rules
from app.engines.backtest.event import EventRun, capacity
from app.engines.backtest.orders import Records
from app.engines.backtest.state import new_account, new_log, new_orders
from app.engines.backtest.stretches import Stretches, plain, stretched
from app.engines.backtest.trades import TRADE, Traded, fold_trades, traded_of
from app.engines.bars import Bars
from app.engines.strategies.base import EventStrategy

LOG_ROWS = 1024  # to begin with; doubled whenever the loop asks for more


@dataclass(frozen=True, eq=False)
class Outcome:
    """The account after the last bar, everything that happened to it, and its curves over all bars."""

    account: Account
    orders: Orders
    curves: loop.Curves | Stretches
    written: Log | None = None  # None: the log of the stretches, written where somebody asks for it

    @cached_property
    def log(self) -> Log:
        return self.curves.log() if isinstance(self.curves, Stretches) else cast(Log, self.written)

    @property
    def fills(self) -> Records:
        return self.log.fills[: self.log.used[FILLS]]

    @property
    def events(self) -> Records:
        return self.log.events[: self.log.used[EVENTS]]

    @cached_property
    def trades(self) -> Records:
        """The trades that the log folds to, TRADE, in order of entry."""
        account, fills = self.account, self.fills
        trades = np.zeros(int((fills["closing"] == 0).sum()), TRADE)
        slots = account.quantity.size
        count = fold_trades(fills, self.events, account.mark, account.instruments, account.products, slots, trades)
        return trades[:count]

    @cached_property
    def traded(self) -> Traded:
        """What measures read of the trades."""
        return self.curves.traded() if isinstance(self.curves, Stretches) else traded_of(self.trades, self.fills)


def simulate(market: Market, decisions: loop.Decisions, rules: Rules, *, capital: float, start: int = 0) -> Outcome:
    """Go over all bars from `start`: in stretches where that is the same, else by the loop.

    The loop is given a larger log whenever it is full.
    """
    bars, instruments = market.close.shape
    slots = decisions.books.size * instruments
    account, orders = new_account(capital, decisions.books.size, instruments), new_orders(4 * slots)
    if plain(market, decisions, rules):
        stretches = stretched(market, decisions, rules, account, start)
        if stretches is not None:
            return Outcome(account, orders, stretches)
    asked = decisions.entries.size
    if decisions.targets.size:
        asked += int(np.count_nonzero(decisions.targets[decisions.rebalances]))
    log = new_log(LOG_ROWS + 2 * asked, instruments)
    curves = loop.new_curves(bars, start)
    at = start
    while True:
        at = loop.run_bars(at, bars, market, decisions, account, orders, rules, log, curves, False)
        if at >= bars:
            return Outcome(account, orders, curves, log)
        log = larger(log, 24 * slots)


def play(
    bars: Bars, market: Market, decisions: loop.Decisions, rules: Rules,
    asked: Sequence[tuple[int, EventStrategy[Any], Any]], names: Sequence[str], *, capital: float,
) -> Outcome:  # fmt: skip
    """Run event strategies, each as (book, strategy, parameters), beside the vectorised ones of `decisions`."""
    count, instruments = market.close.shape
    books = decisions.books.size
    curves = loop.new_curves(count, bars.start)
    rows = capacity(books, instruments)
    run = EventRun(
        bars, market, decisions, rules, new_account(capital, books, instruments), new_orders(rows),
        new_log(LOG_ROWS, instruments), curves, lambda log: larger(log, LOG_ROWS + 16 * books * instruments), names,
    )  # fmt: skip
    contexts = [(strategy, Context(run, book, params)) for book, strategy, params in asked]
    if len(contexts) == 1 and contexts[0][0].kind == "compiled":
        from app.engines.backtest.compiled_event import play as play_compiled

        play_compiled(run, cast(Any, contexts[0][0]), contexts[0][1], bars.start)
    else:
        run.play(contexts, bars.start)
    return Outcome(run.account, run.orders, curves, run.log)


def larger(log: Log, more_rows: int) -> Log:
    """The same log with room for twice as many rows of each kind, or for `more_rows` more."""

    def grown(rows: Any, used: int) -> Any:
        more = np.empty((len(rows) + max(len(rows), more_rows), *rows.shape[1:]), rows.dtype)
        more[:used] = rows[:used]
        return more

    kinds = {"fills": FILLS, "components": FILLS, "rejections": REJECTIONS, "events": EVENTS, "decisions": DECISIONS}
    return log._replace(**{name: grown(getattr(log, name), log.used[kind]) for name, kind in kinds.items()})
