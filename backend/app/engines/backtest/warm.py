"""Compile what a run needs, so that nobody's first backtest waits for the compiler."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np

from app.engines.backtest import BookSpec, CostSpec, RunSpec, UniverseSpec, book_of, run
from app.engines.bars import Bars
from app.engines.kernel_cache import remove_unused
from app.engines.strategies import Params
from app.engines.strategies.base import EventStrategy
from app.engines.strategies.registry import registry


def warm_up() -> float:
    """Run every strategy once over a few made-up bars; seconds it took.

    The compiled code stays on disk (`app.engines.kernel_cache`), so that a second call, in any process, only loads it.
    """
    began = time.perf_counter()
    strategies = registry()
    for timeframe in sorted({strategy.timeframe for strategy in strategies.values()}):
        bars = _bars(timeframe)
        books: list[BookSpec] = []
        for strategy in strategies.values():
            if strategy.timeframe == timeframe:
                schema = strategy.params_schema()["properties"]
                shortest = {name: field["minimum"] for name, field in schema.items() if field["type"] == "integer"}
                books.append(book_of(strategy, shortest))
        spec = RunSpec(
            books=tuple(books),
            universe=UniverseSpec(symbols=bars.symbols),
            start=date(2020, 1, 1),
            end=date(2020, 12, 31),
            data_root="warm-up",
            timeframe=timeframe,
            costs=CostSpec("bps", 10.0),
        )
        assert run(spec, bars, strategies).canonical  # with all that is worked out when it is asked for
        asked = replace(spec, books=(BookSpec(_Asked.id, _Asked.source_hash),))
        run(asked, bars, {_Asked.id: _Asked()})
    remove_unused()
    return time.perf_counter() - began


@dataclass(frozen=True)
class _NoParams(Params):
    """None."""


class _Asked(EventStrategy[_NoParams]):
    """Gives every kind of order once, so that what strategies asked bar by bar need is compiled, too."""

    id = "warm-up"
    display_name = description = hypothesis = when_it_loses = citation = regime = "compiles the engine"
    params_type = _NoParams
    source_hash = "0" * 64  # it stands in no run that is kept

    def warm_up(self, params: _NoParams) -> int:
        return 0

    def on_bar(self, context: Any) -> None:
        if context.t == 5:
            context.buy(quantity=2, stop=context.price() * 0.5, target=context.price() * 2.0)
        elif context.t == 10:
            context.protect(stop=context.price() * 0.6)
        elif context.t == 15:
            context.exit(quantity=1)
        elif context.t == 20:
            context.cancel()


def _bars(timeframe: str) -> Bars:
    count = 40
    t = np.arange(count)[:, None]
    close = 100.0 + t % 7 + t % np.array([5, 3])
    column = {f"WARM{n}": (close[:, n],) * 4 + (np.ones(count),) for n in range(2)}
    factor = np.ones((count, 2))
    factor[count // 2 :, 0] = 2.0  # an ex-date, too
    sessions = np.arange("2020-01-01", "2020-02-10", dtype="datetime64[D]")
    if timeframe != "1d":
        sessions = np.datetime64("2020-01-01T09:15:00") + np.arange(count) * np.timedelta64(300, "s")
    return Bars.from_ohlcv(sessions, column, factor=factor, timeframe=timeframe)
