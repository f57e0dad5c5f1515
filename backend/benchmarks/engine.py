"""Our engine beside a minimal loop that marks the practical limit, in one process, interleaved.

    python benchmarks/engine.py [--quick]

The limit is a plain compiled loop over the same bars: one book, fixed shares or rupees an entry, no ranks, members,
ex-dates, refusals or log. Signals are given to both. "engine" is the compiled loop with its core, "run" is everything
from prices to the result: signals, trades, metrics, columns. Ratios are what counts; times belong to the machine.
"""

from __future__ import annotations

import argparse
import gc
import time
from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
from numba import njit

from app.engines.backtest import CostSpec, RunSpec, Sizing, UniverseSpec, book_of, run
from app.engines.backtest.arrays import decisions_of, market_of, rules_of
from app.engines.backtest.runner import simulate, trades_of
from app.engines.backtest.warm import warm_up
from app.engines.bars import Bars
from app.engines.strategies import registry

FEE = 0.001


@njit(cache=True)
def limit_single(open_: Any, close: Any, entry: Any, leave: Any, cash: float, shares: float, equity: Any) -> Any:
    """One column, fixed shares; trades closed and final equity."""
    held, wish, trades = 0.0, 0, 0
    for t in range(close.size):
        if wish == 1:
            cash -= shares * open_[t] * (1.0 + FEE)
            held = shares
        elif wish == 2:
            cash += held * open_[t] * (1.0 - FEE)
            held = 0.0
            trades += 1
        wish = 0
        equity[t] = cash + held * close[t]
        if held == 0.0:
            if entry[t]:
                wish = 1
        elif leave[t]:
            wish = 2
    return trades, equity[-1]


@njit(cache=True)
def limit_panel(open_: Any, close: Any, entry: Any, leave: Any, cash: float, rupees: float, equity: Any) -> Any:
    """N columns sharing cash, fixed rupees an entry, in column order; trades closed and final equity."""
    bars, columns = close.shape
    held, trades = np.zeros(columns), 0
    for t in range(bars):
        value = 0.0
        if t > 0:
            for n in range(columns):
                if held[n] > 0.0 and leave[t - 1, n]:
                    cash += held[n] * open_[t, n] * (1.0 - FEE)
                    held[n] = -1.0
                    trades += 1
            for n in range(columns):
                if held[n] == 0.0 and entry[t - 1, n]:
                    shares = np.floor(min(rupees, cash) / (open_[t, n] * (1.0 + FEE)))
                    if shares >= 1.0:
                        cash -= shares * open_[t, n] * (1.0 + FEE)
                        held[n] = shares
        for n in range(columns):
            if held[n] < 0.0:
                held[n] = 0.0
            value += held[n] * close[t, n]
        equity[t] = cash + value
    return trades, equity[-1]


def panel(bars: int, columns: int, volatility: float, step: str) -> Bars:
    """A seeded driftless random walk of `columns` symbols."""
    draw = np.random.default_rng(20260101)
    moves = draw.normal(0.0, volatility, (bars, columns)) - volatility**2 / 2
    close = draw.uniform(50.0, 3000.0, columns) * np.exp(np.cumsum(moves, axis=0))
    open_ = np.vstack([close[:1], close[:-1]]) * np.exp(draw.normal(0.0, 0.2 * volatility, close.shape))
    high, low = np.maximum(open_, close), np.minimum(open_, close)
    sessions = np.datetime64("2010-01-01", "D" if step == "1d" else "s") + np.arange(bars) * (1 if step == "1d" else 60)
    ohlcv = {f"S{n:04d}": (open_[:, n], high[:, n], low[:, n], close[:, n], close[:, n]) for n in range(columns)}
    return Bars.from_ohlcv(sessions, ohlcv, timeframe=step)


def measure(name: str, work: dict[str, Callable[[], tuple[int, float]]], rounds: int) -> None:
    """Interleaved rounds; medians and ratios to the first entry."""
    taken: dict[str, list[float]] = {key: [] for key in work}
    answers = {key: call() for key, call in work.items()}
    for _ in range(rounds):
        for key, call in work.items():
            gc.collect()
            began = time.perf_counter()
            call()
            taken[key].append(time.perf_counter() - began)
    medians = {key: float(np.median(values)) for key, values in taken.items()}
    base = medians[next(iter(work))]
    print(f"\n{name}")
    for key, median in medians.items():
        trades, final = answers[key]
        print(f"  {key:34s} {median * 1e3:9.2f} ms  {median / base:6.2f}x  trades {trades}  final {final:.2f}")


def workload(name: str, bars: Bars, sizing: Sizing, rounds: int) -> None:
    strategies = registry()
    spec = RunSpec(
        books=(book_of(strategies["sma_cross"], {"fast": 20, "slow": 50}),),
        universe=UniverseSpec(symbols=bars.symbols),
        start=date(1990, 1, 1),
        end=date(2200, 1, 1),
        data_root="benchmark",
        timeframe=bars.timeframe,
        initial_capital=10_000_000.0,
        sizing=sizing,
        costs=CostSpec("bps", FEE * 1e4),
    )
    strategy = strategies["sma_cross"]
    signals = strategy.signals(bars, strategy.params({"fast": 20, "slow": 50}))
    open_, close, equity = bars.raw.open, bars.raw.close, np.empty(bars.shape[0])
    amount = sizing.value or 0.0

    def limit() -> tuple[int, float]:
        if bars.shape[1] == 1:
            arrays = (open_[:, 0], close[:, 0], signals.entry[:, 0], signals.exit[:, 0])
            return limit_single(*(np.ascontiguousarray(a) for a in arrays), spec.initial_capital, amount, equity)
        return limit_panel(open_, close, signals.entry, signals.exit, spec.initial_capital, amount, equity)

    def engine() -> tuple[int, float]:
        market, decisions = market_of(bars, None), decisions_of(spec, bars, [signals])
        outcome = simulate(market, decisions, rules_of(spec), capital=spec.initial_capital)
        trades = trades_of(outcome, outcome.log.fills[: outcome.log.used[0]], outcome.log.events[:0])
        return int((trades["exit_bar"] >= 0).sum()), float(outcome.curves.equity[-1])

    def whole() -> tuple[int, float]:
        metrics = run(spec, bars, strategies).metrics
        return int(metrics["trades"] or 0), float(metrics["final_equity"] or 0.0)

    measure(
        name,
        {"limit, signals given": limit, "engine, signals given, full log": engine, "run, from prices": whole},
        rounds,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a tenth of the bars")
    part = 10 if parser.parse_args().quick else 1
    print(f"kernels ready after {warm_up():.2f} s")
    workload(
        "one symbol, one-minute bars, 10 shares", panel(1_000_000 // part, 1, 0.001, "1m"), Sizing("quantity", 10), 7
    )
    workload("90 symbols x 2,700 days", panel(2_700 // part, 90, 0.02, "1d"), Sizing("value", 111_111.0), 11)
    workload("500 symbols x 2,500 days", panel(2_500 // part, 500, 0.02, "1d"), Sizing("value", 20_000.0), 7)


if __name__ == "__main__":
    main()
