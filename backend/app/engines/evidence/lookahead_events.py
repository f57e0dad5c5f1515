"""The decisions of an event strategy: the orders it gives at each bar, in words, one text a bar and instrument.

The strategy runs in the core, on an account of a million rupees without charges, so that it sees the fills it would
see; what it asks for is written down whether or not the core accepts it.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.engines.backtest.arrays import decisions_of, market_of, rules_of
from app.engines.backtest.context import Context
from app.engines.backtest.event import EventRun, capacity
from app.engines.backtest.loop import new_curves
from app.engines.backtest.orders import Product
from app.engines.backtest.simulate import LOG_ROWS, larger
from app.engines.backtest.spec import BookSpec, RunSpec, UniverseSpec
from app.engines.backtest.state import new_account, new_log, new_orders
from app.engines.bars import Bars
from app.engines.strategies.base import EventStrategy, Params

F1 = NDArray[np.float64]
I1 = NDArray[np.int64]

CAPITAL: Final = 1_000_000.0


class _Written(EventRun):
    """A run that keeps the words of every order."""

    words: Any  # [T, N], text

    def _write(self, t: int, n: int | None, *said: Any) -> None:
        columns = range(self.bars.shape[1]) if n is None else (n,)
        text = " ".join(str(part) for part in said) + ";"
        for column in columns:
            if 0 <= column < self.bars.shape[1]:
                self.words[t, column] += text

    def enter(self, book: int, n: int, side: int, t: int, **order: Any) -> None:
        self._write(t, n, "buy" if side > 0 else "sell short", *_terms(order))
        super().enter(book, n, side, t, **order)

    def enter_each(
        self, book: int, columns: I1, t: int, quantity: F1, trigger: F1, stop: F1, valid: int | None
    ) -> None:  # fmt: skip
        for n, *values in zip(columns.tolist(), quantity.tolist(), trigger.tolist(), stop.tolist(), strict=True):
            order = dict(zip(("quantity", "trigger", "stop"), values, strict=True))
            self._write(t, n, "buy", *_terms({**order, "valid": valid}))
        super().enter_each(book, columns, t, quantity, trigger, stop, valid)

    def leave(self, book: int, n: int, t: int, **order: Any) -> None:
        self._write(t, n, "exit", *_terms(order))
        super().leave(book, n, t, **order)

    def protect(self, book: int, n: int, t: int, stop: float, target: float, trail: float) -> None:
        self._write(t, n, "protect", *_terms({"stop": stop, "target": target, "trail": trail}))
        super().protect(book, n, t, stop, target, trail)

    def cancel(self, book: int, n: int | None, t: int) -> None:
        self._write(t, n, "cancel")
        super().cancel(book, n, t)

    def rebalance(self, book: int, t: int, weights: dict[int, float]) -> None:
        for n in range(self.bars.shape[1]):
            self._write(t, n, "hold", repr(float(weights.get(n, 0.0))))
        super().rebalance(book, t, weights)


def orders_of(strategy: EventStrategy[Any], params: Params, bars: Bars) -> dict[str, Any]:
    """`{"orders": …}`, object of shape [T, N]: what the strategy asked for at each bar, "" = nothing.

    Whatever the strategy or the core raises goes through.
    """
    count, instruments = bars.shape
    words = np.full(bars.shape, "", object)
    if bars.start >= count:
        return {"orders": words}
    first, last = (bars.sessions[i].astype("datetime64[D]").item() for i in (0, -1))
    spec = RunSpec(
        books=(BookSpec(strategy.id, "look-ahead proof"),),
        universe=UniverseSpec(index="look-ahead proof"),
        start=first,
        end=last,
        data_root="look-ahead proof",
        timeframe=bars.timeframe,
        initial_capital=CAPITAL,
    )
    curves = new_curves(count, bars.start)
    run = _Written(
        bars,
        market_of(bars, None),
        decisions_of(spec, bars, [strategy.signals(bars, params)], [Product[strategy.product_of(params)]]),
        rules_of(spec),
        new_account(CAPITAL, 1, instruments),
        new_orders(capacity(1, instruments)),
        new_log(LOG_ROWS, instruments),
        curves,
        lambda log: larger(log, LOG_ROWS),
        spec.book_names,
    )
    run.words = words
    run.play([(strategy, Context(run, 0, params))], bars.start)
    return {"orders": words}


def _terms(order: dict[str, Any]) -> list[str]:
    given = {name: value for name, value in order.items() if value is not None and value == value}
    plain = {name: value.item() if isinstance(value, np.generic) else value for name, value in given.items()}
    return [f"{name}={value!r}" for name, value in sorted(plain.items())]
