"""Compiled event strategies on the core: the stretches between events are asked without Python in between.

As for the uncompiled form (`event`), the core runs ahead until something happens to the account, and goes back to the
bar at which the strategy gives an order. Here a compiled loop asks the strategy for the bars of that stretch one after
the other, and stops at the first that gives an order; it is then carried out by the calls of the uncompiled form.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from app.engines.backtest.account import Account, slot_of
from app.engines.backtest.context import Context
from app.engines.backtest.event import EventRun
from app.engines.strategies.compiled import (
    ASKED,
    BUY,
    CANCEL,
    LEAVE,
    ORDERS_A_BAR,
    PROTECT,
    SELL_SHORT,
    CompiledStrategy,
    View,
)

F1 = NDArray[np.float64]
F2 = NDArray[np.float64]
B2 = NDArray[np.bool_]
I1 = NDArray[np.int64]

_QUANTITY, _COST = (Account._fields.index(name) for name in ("quantity", "cost"))  # as they are saved


@lru_cache(maxsize=64)
def _loop_of(decide: Callable[..., None]) -> Any:
    """The loop over bars with a strategy's function in it."""
    one = njit(nogil=True, boundscheck=True)(decide)

    @njit(nogil=True)
    def loop(
        begin: int, end: int, at: I1, open_: F2, high: F2, low: F2, close: F2, volume: F2, gap: B2, member: B2,
        factor: F2, position: F1, entry_price: F1, resting: I1, cash: F1, equity: F1, share: float, state: F2,
        asked: Any, count: I1, params: Any,
    ) -> int:  # fmt: skip
        for t in range(begin, end):
            at[0] = t
            rows = t + 1
            view = View(
                t, open_[:rows], high[:rows], low[:rows], close[:rows], volume[:rows], gap[:rows], member[t], factor[t],
                position, entry_price, resting, cash[t], equity[t], share * equity[t], state, asked, count,
            )  # fmt: skip
            one(view, params)
            if count[0] > 0:
                return t + 1
        return end

    return loop


@lru_cache(maxsize=64)
def _params_type(names: tuple[str, ...]) -> Any:
    return namedtuple("Params", names)


class Asker:
    """A compiled strategy in a run: its function, and the arrays it sees."""

    def __init__(self, strategy: CompiledStrategy[Any], context: Context) -> None:
        run = context._run
        self.run, self.context = run, context
        values = strategy.values(context.params)
        self._loop = _loop_of(type(strategy).decide)
        self._params = _params_type(tuple(values))(**values)
        columns = run.bars.shape[1]
        arrays = (*(run.fields[name] for name in ("open", "high", "low", "close", "volume")), run.bars.gap)
        self._bars = [np.require(array, None, ["C", "W"]) for array in (*arrays, run.bars.member, run.bars.factor)]
        self._position, self._entry, self._resting = np.zeros(columns), np.zeros(columns), np.zeros(columns, np.int64)
        self._state = np.zeros((columns, strategy.memory))
        self._asked, self._count = np.zeros(ORDERS_A_BAR * columns, ASKED), np.zeros(1, np.int64)
        self._at = np.zeros(1, np.int64)
        product = int(run.decisions.product[context._book])
        first = slot_of(run.account, context._book, 0, product)
        self._slots = slice(first, first + columns * run.account.products, run.account.products)

    @property
    def bar(self) -> int:
        """The bar that was asked last."""
        return int(self._at[0])

    def ask(self, begin: int, end: int) -> int:
        """Ask from bar `begin` up to `end`, or the first that gives an order, and give it; the bar after."""
        self._see(begin)
        run = self.run
        share = float(run.decisions.allocation[self.context._book])
        seen = (self._position, self._entry, self._resting, run.curves.cash, run.curves.equity, share)
        mine = (self._state, self._asked, self._count, self._params)
        after = int(self._loop(begin, end, self._at, *self._bars, *seen, *mine))
        if self._count[0]:
            self.context.t = after - 1
            rows = self._asked[: self._count[0]].copy()
            self._count[0] = 0
            for row in rows:
                self._give(row)
        return after

    def _see(self, t: int) -> None:
        """Positions and orders after bar t: those of the last bar done, or else of those before it."""
        run = self.run
        if t == run._done - 1 or run._saved is None:
            quantity, cost, orders = run.account.quantity, run.account.cost, run.orders.rows[: run.orders.size[0]]
        else:
            account, orders, _ = run._saved
            quantity, cost = account[_QUANTITY], account[_COST]
        self._position[:] = quantity[self._slots]
        held = self._position != 0.0
        self._entry[:] = np.nan
        # the factor changes with the quantity, at ex-dates, which are events: it is one for the whole stretch
        self._entry[held] = cost[self._slots][held] / np.abs(self._position[held]) * run.bars.factor[t, held]
        mine = orders["column"][orders["book"] == self.context._book]
        self._resting[:] = np.bincount(mine, minlength=self._resting.size)

    def _give(self, row: Any) -> None:
        context, n, what = self.context, int(row["n"]), int(row["what"])
        given = {name: float(row[name]) for name in ("stop", "target", "trail", "rank")}
        # a compiled strategy has no other word for none
        quantity, budget, limit, trigger = (
            None if np.isnan(row[name]) else float(row[name]) for name in ("quantity", "budget", "limit", "trigger")
        )
        valid = None if row["valid"] == 0 else int(row["valid"])
        at, oco = "close" if row["at_close"] else "open", int(row["oco"])
        if what in (BUY, SELL_SHORT):
            enter = context.buy if what == BUY else context.sell_short
            enter(
                n, quantity=quantity, budget=budget, limit=limit, trigger=trigger, valid=valid, hold=int(row["hold"]),
                at=at, oco=oco, **given,
            )  # fmt: skip
        elif what == LEAVE:
            context.exit(n, quantity=quantity, limit=limit, trigger=trigger, valid=valid, at=at, oco=oco)
        elif what == PROTECT:
            context.protect(n, stop=given["stop"], target=given["target"], trail=given["trail"])
        elif what == CANCEL:
            context.cancel(None if n < 0 else n)


def ask(strategy: CompiledStrategy[Any], context: Context) -> None:
    """Ask for the one bar that the context stands at."""
    asker = context.state.get("asker")
    if asker is None:
        asker = context.state["asker"] = Asker(strategy, context)
    asker.ask(context.t, context.t + 1)


def play(run: EventRun, strategy: CompiledStrategy[Any], context: Context, start: int) -> None:
    """Ask a strategy that has the account's events for itself after every bar from `start` on: see `EventRun.play`."""
    count = len(run.bars.sessions)
    run._done = t = start
    context.t = start
    strategy.start(context)
    asker = Asker(strategy, context)
    while t < count:
        if run._done <= t:
            run._save()
            run._run_on(count)
        last = run._done - 1
        if t == last:
            run._saved = None
        try:
            # nothing but prices changes before the last bar done: only there does the strategy see another account
            t = asker.ask(t, last if t < last else last + 1)
        except Exception as error:
            context.t = asker.bar
            raise run._stopped(context, error) from error
