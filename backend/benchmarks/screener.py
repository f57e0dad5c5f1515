"""The screener over a whole market and its whole history, against a TA-Lib loop doing the same work in the same run.

    python benchmarks/screener.py [--instruments 2500] [--sessions 4000] [--rounds 5] [--threads 2]

Interleaved rounds (ours on one thread, ours on several, TA-Lib), medians, the first call of each left out. TA-Lib is
given every column contiguous beforehand, which flatters it; both keep only the newest values. The last lines time one
query of the table: a mask, a sort, the first page.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import time
from collections.abc import Callable

import numpy as np

from app.engines.bars import Bars, Prices
from app.engines.screener import Table, query
from app.engines.screener.snapshot import snapshot


def market(sessions: int, instruments: int) -> Bars:
    random = np.random.default_rng(1)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.02, (sessions, instruments)), axis=0))
    high = close * (1 + np.abs(random.normal(0, 0.01, close.shape)))
    low = close * (1 - np.abs(random.normal(0, 0.01, close.shape)))
    return Bars(
        sessions=np.datetime64("2010-01-01") + np.arange(sessions),
        keys=tuple(f"{n:05d}" for n in range(instruments)),
        symbols=tuple(f"S{n:05d}" for n in range(instruments)),
        raw=Prices(low, high, low, close),
        raw_volume=np.floor(random.lognormal(12, 1, close.shape)),
        factor=np.ones(close.shape),
        gap=np.zeros(close.shape, dtype=np.bool_),
        member=np.ones(close.shape, dtype=np.bool_),
    )


def talib_loop(fields: list[np.ndarray]) -> np.ndarray:
    """The same indicators, column by column; `fields` are high, low, close, volume as [N, T]."""
    import talib

    rows = []
    for high, low, close, volume in zip(*fields, strict=True):
        macd, signal, _ = talib.MACD(close, 12, 26, 9)
        upper, middle, lower = talib.BBANDS(close, 20, 2, 2)
        k, d = talib.STOCH(high, low, close, 14, 3, 0, 3, 0)
        series = [
            talib.EMA(close, 20),
            talib.EMA(close, 50),
            talib.RSI(close, 14),
            talib.ATR(high, low, close, 14),
            macd,
            signal,
            talib.ADX(high, low, close, 14),
            k,
            d,
            upper,
            middle,
            lower,
            talib.ROC(close, 5),
            talib.ROC(close, 21),
            talib.MAX(close, 20),
            talib.SMA(volume, 20),
            talib.MAX(high, 252),
            talib.MIN(low, 252),
        ]
        rows.append([one[-1] for one in series])
    return np.array(rows)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--instruments", type=int, default=2500)
    arguments.add_argument("--sessions", type=int, default=4000)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--threads", type=int, default=2)
    given = arguments.parse_args()

    bars = market(given.sessions, given.instruments)
    turnover = np.zeros(given.instruments)
    rival = [np.ascontiguousarray(field.T) for field in (bars.raw.high, bars.raw.low, bars.raw.close, bars.raw_volume)]
    ours = "ours, 1 thread"
    work: dict[str, Callable[[], object]] = {
        ours: lambda: snapshot(bars, turnover),
        f"ours, {given.threads} threads": lambda: snapshot(bars, turnover, threads=given.threads),
        "TA-Lib loop": lambda: talib_loop(rival),
    }
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    ready = snapshot(bars, turnover)
    print(f"first call {time.perf_counter() - started:.2f} s (compiled or from the cache)")
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - base) / 1024
    agree(ready.columns, talib_loop(rival))
    took: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(given.rounds):
        for name, call in work.items():
            started = time.perf_counter()
            call()
            took[name].append(time.perf_counter() - started)
    print(f"{given.instruments} instruments x {given.sessions} sessions, median of {given.rounds} rounds")
    rival_seconds = statistics.median(took["TA-Lib loop"])
    for name, seconds in took.items():
        middle = statistics.median(seconds)
        print(f"  {name:<16} {middle * 1e3:8.1f} ms   TA-Lib / this = {rival_seconds / middle:5.2f}")
    print(f"  memory above the panel at the first call: {grown:.0f} MB")

    table = Table(ready.symbols, ready.columns)
    members = np.arange(given.instruments) % 5 == 0
    query(table, members=members, sort_by="rsi_14", order="desc")
    repeats = 1000
    started = time.perf_counter()
    for _ in range(repeats):
        query(table, members=members, between={"atr_pct": (1.0, 6.0)}, sort_by="rsi_14", order="desc")
    print(f"  one query (mask, range, sort, first 50): {(time.perf_counter() - started) / repeats * 1e6:.0f} us")


def agree(columns: object, theirs: np.ndarray) -> None:
    """Stop when the two did not compute the same."""
    names = ("ema_20", "ema_50", "rsi_14", None, "macd", "macd_signal", "adx", "stoch_k", "stoch_d")
    for n, name in enumerate((*names, "bb_upper", "bb_middle", "bb_lower", "trend_7d", "trend_30d")):
        if name is not None:
            np.testing.assert_allclose(columns[name], theirs[:, n], rtol=1e-7, atol=1e-7)  # type: ignore[index]


if __name__ == "__main__":
    main()
