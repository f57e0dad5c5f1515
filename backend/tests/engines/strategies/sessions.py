"""Sessions of five-minute bars typed by hand, what a strategy answers to them, and what a run fills."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np

from app.engines.backtest import CostSpec, RunResult, RunSpec, Sizing, UniverseSpec, book_of, run
from app.engines.bars import Bars
from app.engines.strategies import Signals
from app.engines.strategies.registry import registry
from tests.engines.strategies.panels import five_minutes, panel_of

DAY, NEXT = "2024-01-30", "2024-01-31"
Row = tuple[float, float, float, float]


def session(*first: Row, bars: int = 75, at: float | None = None) -> list[Row]:
    """A session that begins with these bars and stands still after them."""
    level = first[-1][3] if at is None else at
    return [*first, *[(level,) * 4] * (bars - len(first))]


def typed(*days: list[Row], volume: Any = 1000.0, dates: tuple[str, ...] = (DAY, NEXT), **fields: Any) -> Bars:
    table = np.array([row for day in days for row in day], float)
    prices = tuple(table[:, i : i + 1] for i in range(4))
    times = np.concatenate([five_minutes(d, bars=len(rows)) for d, rows in zip(dates, days, strict=False)])
    if isinstance(volume, list):
        volume = np.array(volume, float)[:, None]
    return panel_of(times, ("A",), prices, volume=volume, timeframe="5m", **fields)


def asked(name: str, bars: Bars, **params: Any) -> Signals:
    strategy = registry()[name]
    answer = strategy.signals(bars, strategy.params(params))
    assert isinstance(answer, Signals)
    return answer


def entries(signals: Signals | None) -> list[int]:
    assert signals is not None
    return np.flatnonzero(signals.entry[:, 0]).tolist()


def ran(name: str, bars: Bars, sizing: Sizing | None = None, **params: Any) -> RunResult:
    spec = RunSpec(
        books=(book_of(registry()[name], params),),
        universe=UniverseSpec(index="HAND MADE"),
        start=date(2024, 1, 1),
        end=date(2026, 12, 31),
        data_root="hand made",
        timeframe="5m",
        sizing=sizing or Sizing("quantity", 10),
        costs=CostSpec("none"),
    )
    return run(spec, bars, registry())


def fills(result: RunResult) -> list[tuple[Any, ...]]:
    columns = (result.fills[name] for name in ("filled_at", "side", "price", "reason"))
    return [(at[8:10] + at[10:16], *rest) for at, *rest in zip(*columns, strict=True)]
