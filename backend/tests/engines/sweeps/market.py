"""Bars and specifications for the tests of sweeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.engines.backtest import CostSpec, RunSpec, UniverseSpec, book_of
from app.engines.bars import Bars
from app.engines.strategies.registry import registry
from app.engines.sweeps.spec import SweepSpec, checked_grid, combinations


def bars_of(close: Sequence[float] | NDArray[Any], open_: Any = None, *, start: int = 0, symbols: int = 1) -> Bars:
    """Daily bars of one symbol, or of several that differ a little."""
    prices = np.asarray(close, np.float64)
    opens = np.concatenate([prices[:1], prices[:-1]]) if open_ is None else np.asarray(open_, np.float64)
    sessions = np.datetime64("2020-01-01", "D") + np.arange(prices.size)
    columns = {}
    for n in range(symbols):
        o, c = opens * (1.0 + 0.1 * n), np.roll(prices, n) * (1.0 + 0.1 * n)
        columns[f"S{n}"] = (o, np.maximum(o, c), np.minimum(o, c), c, np.full(prices.size, 1e6))
    return Bars.from_ohlcv(sessions, columns, start=start)


def walk(bars: int, seed: int, volatility: float = 0.02) -> NDArray[np.float64]:
    """A random walk of closes about 100, to the paisa."""
    draw = np.random.default_rng(seed)
    return np.round(100.0 * np.exp(np.cumsum(draw.normal(0.0, volatility, bars))), 2)


def base_of(bars: Bars, strategy: str, params: Mapping[str, Any], **changes: Any) -> RunSpec:
    """A run of a shipped strategy over all measured bars, no exchange behind it."""
    days = bars.sessions.astype("datetime64[D]").astype(object)
    values: dict[str, Any] = {"costs": CostSpec("bps", 10.0), "fractional": False} | changes
    return RunSpec(
        books=(book_of(registry()[strategy], params),),
        universe=UniverseSpec(symbols=bars.symbols),
        start=days[bars.start],
        end=date(2100, 1, 1),
        data_root="test",
        **values,
    )


def sweep_of(bars: Bars, strategy: str, grid: Mapping[str, object], **changes: Any) -> SweepSpec:
    """A sweep of one base."""
    draws, seed = changes.pop("draws", None), changes.pop("draw_seed", 0)
    checked = checked_grid(registry()[strategy], grid)
    first = combinations(registry()[strategy], checked, {}, draws, seed).taken[0]
    return SweepSpec((base_of(bars, strategy, first, **changes),), checked, draws, seed)
