"""A monthly rebalance to target weights beside a minimal loop, interleaved: the 50 strongest of 500 over 2,500 days.

    python benchmarks/rebalance.py [--quick]

Weights are given to both: 12-1 momentum at each 21st close, equal parts. The floor trades fractions of shares in
column order, with the same rate of charges; it has no ranks, refusals or log. The engine trades whole shares, so that
the final figures differ by less than what a share costs in each position.
"""

from __future__ import annotations

import argparse
from datetime import date
from typing import Any

import numpy as np
from engine import FEE, measure, panel
from numba import njit

from app.engines.backtest import BookSpec, CostSpec, RunSpec, UniverseSpec
from app.engines.backtest.arrays import decisions_of, market_of, rules_of
from app.engines.backtest.runner import simulate
from app.engines.backtest.warm import warm_up
from app.engines.strategies.base import Weights

CAPITAL = 10_000_000.0


@njit(cache=True)
def limit_rebalance(open_: Any, close: Any, targets: Any, at: Any, cash: float, equity: Any) -> Any:
    """Sell what is too much at the next open, then buy what is missing; fills and final equity."""
    bars, columns = close.shape
    held, fills, due = np.zeros(columns), 0, -1
    for t in range(bars):
        if due >= 0:
            total = cash
            for n in range(columns):
                total += held[n] * close[t - 1, n]
            for side in range(2):
                for n in range(columns):
                    change = targets[due, n] * total / close[t - 1, n] - held[n]
                    if (change < 0.0) == (side == 0) and change != 0.0:
                        price = open_[t, n] * (1.0 + (FEE if side else -FEE))
                        if side:
                            change = min(change, cash / price)
                        cash -= change * price
                        held[n] += change
                        fills += 1
            due = -1
        value = 0.0
        for n in range(columns):
            value += held[n] * close[t, n]
        equity[t] = cash + value
        if at[t]:
            due = t
    return fills, equity[-1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="100 symbols, 750 days")
    count, columns = (750, 100) if parser.parse_args().quick else (2500, 500)
    bars = panel(count, columns, 0.02, "1d")
    warm_up()
    at = np.zeros(count, np.bool_)
    at[252:-1:21] = True
    targets = np.full(bars.shape, np.nan)
    for t in np.flatnonzero(at).tolist():
        strongest = np.argsort(-bars.close[t - 21] / bars.close[t - 252])[: columns // 10]
        targets[t] = 0.0
        targets[t, strongest] = 10.0 / columns
    spec = RunSpec(
        books=(BookSpec("given", "0" * 64),), universe=UniverseSpec(symbols=bars.symbols), start=date(1990, 1, 1),
        end=date(2200, 1, 1), data_root="benchmark", initial_capital=CAPITAL, costs=CostSpec("bps", FEE * 1e4),
    )  # fmt: skip
    plain, equity = np.nan_to_num(targets), np.empty(count)

    def limit() -> tuple[int, float]:
        fills, final = limit_rebalance(bars.raw.open, bars.raw.close, plain, at, CAPITAL, equity)
        return int(fills), float(final)

    def engine() -> tuple[int, float]:
        market, decisions = market_of(bars, None), decisions_of(spec, bars, [Weights(targets)])
        outcome = simulate(market, decisions, rules_of(spec), capital=CAPITAL)
        return int(outcome.log.used[0]), float(outcome.curves.equity[-1])

    measure(f"{columns} symbols x {count} days, monthly", {"limit": limit, "engine, full log": engine}, 7)


if __name__ == "__main__":
    main()
