"""Small panels for strategies: sessions of the exchange, closes typed by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np

from app.engines import calendar
from app.engines.bars import Bars, Prices

NAN = np.nan


def sessions_of(first: str, last: str) -> np.ndarray:
    """The sessions of the exchange from a day to another."""
    days = calendar.sessions(date.fromisoformat(first), date.fromisoformat(last))
    return np.array(days, "datetime64[D]")


def daily(sessions: np.ndarray, closes: dict[str, Any], **fields: Any) -> Bars:
    """Daily bars of these closes, by symbol; open, high and low are the close."""
    panel = np.column_stack([np.asarray(closes[name], float) for name in closes])
    return panel_of(sessions, tuple(closes), (panel, panel, panel, panel), **fields)


def panel_of(
    sessions: np.ndarray, names: tuple[str, ...], prices: tuple[np.ndarray, ...], *, volume: Any = 1e6,
    gap: Any = None, member: Any = None, factor: Any = None, start: int = 0, timeframe: str = "1d",
) -> Bars:  # fmt: skip
    """Bars of [T, N] opens, highs, lows and closes; a field that is left out is the harmless one."""
    shape = prices[0].shape
    return Bars(
        sessions=sessions,
        keys=tuple(f"K{n:03d}" for n in range(shape[1])),
        symbols=names,
        raw=Prices(*prices),
        raw_volume=np.where(np.isnan(prices[3]), NAN, volume),
        factor=np.ones(shape) if factor is None else factor,
        gap=np.zeros(shape, np.bool_) if gap is None else gap,
        member=np.ones(shape, np.bool_) if member is None else member,
        start=start,
        timeframe=timeframe,
    )


def walk(seed: int, first: str, last: str, columns: int = 6, *, volatility: float = 0.02) -> Bars:
    """A random market of daily bars between two days."""
    random = np.random.default_rng(seed)
    days = sessions_of(first, last)
    close = 100.0 * np.exp(np.cumsum(random.normal(0.0, volatility, (len(days), columns)), axis=0))
    before = np.vstack([close[:1], close[:-1]])
    open_ = before * np.exp(random.normal(0.0, volatility / 3, close.shape))
    reach = 1.0 + np.abs(random.normal(0.0, volatility / 3, (2, *close.shape)))
    prices = open_, np.maximum(open_, close) * reach[0], np.minimum(open_, close) / reach[1], close
    names = tuple(f"S{n:02d}" for n in range(columns))
    return panel_of(days, names, tuple(np.round(p, 2) for p in prices))


def five_minutes(*days: str, bars: int = 75) -> np.ndarray:
    """The beginnings of the first five-minute bars of these days, from 09:15 on."""
    times = [np.datetime64(f"{day}T09:15", "s") + 300 * np.arange(bars) for day in days]
    return np.concatenate(times)


def intraday_walk(seed: int, days: int, columns: int = 6, *, volatility: float = 0.002) -> Bars:
    """A random market of five-minute bars, with gaps overnight."""
    random = np.random.default_rng(seed)
    sessions = five_minutes(*(str(day) for day in sessions_of("2024-01-01", "2024-12-31")[:days]))
    steps = random.normal(0.0, volatility, (len(sessions), columns))
    over_night = np.zeros_like(steps)
    over_night[75::75] = random.normal(0.0, 0.015, (days - 1, columns))
    close = 500.0 * np.exp(np.cumsum(steps + over_night, axis=0))
    open_ = close / np.exp(steps)
    reach = 1.0 + np.abs(random.normal(0.0, volatility / 3, (2, *close.shape)))
    prices = open_, np.maximum(open_, close) * reach[0], np.minimum(open_, close) / reach[1], close
    volume = np.round(np.exp(random.normal(9.0, 0.7, close.shape)))
    names = tuple(f"S{n:02d}" for n in range(columns))
    return panel_of(sessions, names, tuple(np.round(p, 2) for p in prices), volume=volume, timeframe="5m")
