"""The nightly refresh of a market's indicators, against a TA-Lib loop (and polars-talib where installed) in one run.

    python benchmarks/indicators.py [--instruments 2500] [--sessions 2000] [--rounds 5] [--threads 2]

The newest RSI 14, ATR 14, MACD 12/26/9, Bollinger 20, EMA and ADX 14 of every instrument. Ours is the screener's fused
kernel, which works out EMA 20 and 50 in place of EMA 200 and a dozen other values of a screener row in the same pass.
Both are given every instrument's bars in one piece, as the panel keeps them. Interleaved rounds, medians, the first
call of each left out. The last block times the whole series of each indicator, function by function, as charts ask for
them.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from screener import market

from app.engines import indicators as ind
from app.engines.bars import Prices
from app.engines.screener.snapshot import _newest


def talib_newest(fields: list[np.ndarray]) -> np.ndarray:
    import talib

    rows = []
    for high, low, close in zip(*fields, strict=True):
        rows.append(
            (
                talib.RSI(close, 14)[-1],
                talib.ATR(high, low, close, 14)[-1],
                *(line[-1] for line in talib.MACD(close, 12, 26, 9)),
                *(line[-1] for line in talib.BBANDS(close, 20, 2, 2)),
                talib.EMA(close, 200)[-1],
                talib.ADX(high, low, close, 14)[-1],
            )
        )
    return np.array(rows)


def polars_talib(fields: list[np.ndarray]) -> dict[str, Callable[[], object]]:
    """The newest values alone, and every bar's with the newest taken of them; nothing where it is not installed."""
    try:
        import polars as pl
        import polars_talib as plta
    except ImportError:
        return {}
    count, bars = fields[0].shape
    names = ("high", "low", "close")
    frame = pl.DataFrame(
        {"key": np.repeat(np.arange(count), bars), **{n: f.ravel() for n, f in zip(names, fields, strict=True)}}
    )
    high, low, close = (pl.col(name) for name in names)
    wanted = {
        "rsi": plta.rsi(close, 14),
        "atr": plta.atr(high, low, close, 14),
        "macd": plta.macd(close, 12, 26, 9),
        "bands": plta.bbands(close, 20, 2.0, 2.0),
        "ema": plta.ema(close, 200),
        "adx": plta.adx(high, low, close, 14),
    }
    newest = [column.last().alias(name) for name, column in wanted.items()]
    every = [column.over("key").alias(name) for name, column in wanted.items()]
    return {
        "polars-talib": lambda: frame.group_by("key", maintain_order=True).agg(newest),
        "polars-talib, all bars": lambda: frame.with_columns(every).group_by("key", maintain_order=True).last(),
    }


def compare(work: dict[str, Callable[[], object]], rounds: int, against: str) -> None:
    took: dict[str, list[float]] = {name: [] for name in work}
    for call in work.values():
        call()
    for _ in range(rounds):
        for name, call in work.items():
            started = time.perf_counter()
            call()
            took[name].append(time.perf_counter() - started)
    rival = statistics.median(took[against])
    for name, seconds in took.items():
        middle = statistics.median(seconds)
        print(f"  {name:<22} {middle * 1e3:8.1f} ms   {against} / this = {rival / middle:5.2f}")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--instruments", type=int, default=2500)
    arguments.add_argument("--sessions", type=int, default=2000)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--threads", type=int, default=2)
    given = arguments.parse_args()
    import talib

    made = market(given.sessions, given.instruments)
    turned = [np.ascontiguousarray(field.T).T for field in (*made.raw, made.raw_volume, made.factor, made.gap)]
    bars = replace(made, raw=Prices(*turned[:4]), raw_volume=turned[4], factor=turned[5], gap=turned[6])
    raw, t = bars.raw, given.sessions - 1
    columns = [np.ascontiguousarray(field.T) for field in (raw.high, raw.low, raw.close)]
    ours, theirs = _newest(bars, t, 1), talib_newest(columns)
    for row, column in ((3, 0), (4, 1), (5, 2), (6, 3), (10, 6), (7, 9)):
        np.testing.assert_allclose(ours[row], theirs[:, column], rtol=1e-9, atol=1e-9)
    print(f"newest values, {given.instruments} instruments x {given.sessions} sessions, median of {given.rounds}")
    work: dict[str, Callable[[], object]] = {
        "ours, 1 thread": lambda: _newest(bars, t, 1),
        f"ours, {given.threads} threads": lambda: _newest(bars, t, given.threads),
        "TA-Lib loop": lambda: talib_newest(columns),
    }
    polars = polars_talib(columns)
    if not polars:
        print("  polars-talib is not installed: left out")
    work |= polars
    compare(work, given.rounds, "TA-Lib loop")

    raw = made.raw
    print("whole series [T, N], each function on its own, ours on one thread")
    series: dict[str, tuple[Callable[[], object], Callable[..., object]]] = {
        "RSI": (lambda: ind.rsi(raw.close), lambda h, lo, c: talib.RSI(c, 14)),
        "ATR": (lambda: ind.atr(raw.high, raw.low, raw.close), lambda h, lo, c: talib.ATR(h, lo, c, 14)),
        "MACD": (lambda: ind.macd(raw.close), lambda h, lo, c: talib.MACD(c)),
        "Bollinger": (lambda: ind.bollinger(raw.close), lambda h, lo, c: talib.BBANDS(c, 20, 2, 2)),
        "EMA 200": (lambda: ind.ema(raw.close, 200), lambda h, lo, c: talib.EMA(c, 200)),
        "ADX": (lambda: ind.adx(raw.high, raw.low, raw.close), lambda h, lo, c: talib.ADX(h, lo, c, 14)),
    }
    for name, (own, other) in series.items():

        def loop(other: Callable[..., object] = other) -> object:
            return [other(h, lo, c) for h, lo, c in zip(*columns, strict=True)]

        compare({name: own, "TA-Lib": loop}, max(given.rounds // 2, 1), "TA-Lib")
    print(f"memory peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
