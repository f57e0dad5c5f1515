"""What workloads are made of: lines to measure, seeded bars, a specification."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

import limits
import numpy as np

from app.engines.backtest import BookSpec, CostSpec, RunSpec, Sizing, UniverseSpec
from app.engines.bars import Bars

FEE = limits.FEE
NO_SOURCE = "0" * 64
Answered = tuple[int, float]  # trades closed (w4: fills; 0 = not counted), final equity


class Line(NamedTuple):
    """Something to measure; `exact`: its trades and final equity must be the limit's."""

    work: Callable[[], Answered]
    exact: bool = True


@dataclass
class Workload:
    """What is measured side by side: ours by name, the limit first, and the arrays that the peers get."""

    title: str
    lines: dict[str, Line]
    arrays: dict[str, Any]
    peers: tuple[str, ...]
    results: dict[str, Answered] = field(default_factory=dict)


def panel(bars: int, columns: int, volatility: float, step: str) -> Bars:
    """A seeded driftless random walk of `columns` symbols."""
    draw = np.random.default_rng(20260101)
    moves = draw.normal(0.0, volatility, (bars, columns)) - volatility**2 / 2
    close = draw.uniform(50.0, 3000.0, columns) * np.exp(np.cumsum(moves, axis=0))
    open_ = np.vstack([close[:1], close[:-1]]) * np.exp(draw.normal(0.0, 0.2 * volatility, close.shape))
    swing = np.abs(draw.normal(0.0, 0.4 * volatility, (2, *close.shape)))
    high, low = np.maximum(open_, close) * np.exp(swing[0]), np.minimum(open_, close) * np.exp(-swing[1])
    volume = draw.integers(1_000, 100_000, close.shape).astype(np.float64)
    sessions = np.datetime64("2010-01-01", "D" if step == "1d" else "s") + np.arange(bars) * (1 if step == "1d" else 60)
    ohlcv = {
        f"S{n:04d}": (open_[:, n], high[:, n], low[:, n], close[:, n], volume[:, n]) for n in range(columns)
    }  # fmt: skip
    return Bars.from_ohlcv(sessions, ohlcv, timeframe=step)


def spec_of(bars: Bars, capital: float, sizing: Sizing, book: BookSpec | None = None) -> RunSpec:
    return RunSpec(
        books=(book or BookSpec("given", NO_SOURCE),), universe=UniverseSpec(symbols=bars.symbols),
        start=date(1990, 1, 1), end=date(2200, 1, 1), data_root="benchmark", timeframe=bars.timeframe,
        initial_capital=capital, sizing=sizing, costs=CostSpec("bps", FEE * 1e4),
    )  # fmt: skip
