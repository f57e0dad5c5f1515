"""An event strategy beside a bare Python callback, in one process, interleaved: 100,000 one-minute bars.

    python benchmarks/events.py [--quick]

At a cross of the averages of 20 and 50 bars it buys ten shares with a stop half a percent below the close and a target
one percent above. The floor is a callback a bar with a broker of local variables: no account, members, ticks or log.
"play" is the engine under the strategy, "run" everything from prices to the result, its naive twin included.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from engine import FEE, measure, panel

from app.engines.backtest import BookSpec, CostSpec, RunSpec, Sizing, UniverseSpec, run
from app.engines.backtest.arrays import decisions_of, market_of, rules_of
from app.engines.backtest.runner import play, trades_of
from app.engines.backtest.warm import warm_up
from app.engines.strategies import Params, Signals, registry
from app.engines.strategies.base import EventStrategy

SHARES, STOP, TARGET, CAPITAL = 10.0, 0.995, 1.01, 1_000_000.0


@dataclass(frozen=True)
class NoParams(Params):
    """None."""


class Brackets(EventStrategy[NoParams]):
    """Buys where it is told to, with a bracket."""

    id = "brackets"
    display_name = description = hypothesis = when_it_loses = citation = regime = "for measuring"
    params_type = NoParams
    source_hash = "0" * 64  # type: ignore[assignment]  # no source to hash

    def __init__(self, entries: list[bool], closes: list[float]) -> None:
        self.entries, self.closes = entries, closes

    def warm_up(self, params: NoParams) -> int:
        return 0

    def on_bar(self, context: Any) -> None:
        t = context.t
        if self.entries[t] and not context.positions[0]:
            close = self.closes[t]
            context.buy(quantity=SHARES, stop=close * STOP, target=close * TARGET)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a fifth of the bars")
    bars = panel(20_000 if parser.parse_args().quick else 100_000, 1, 0.001, "1m")
    warm_up()
    sma = registry()["sma_cross"]
    signals = sma.signals(bars, sma.params({"fast": 20, "slow": 50}))
    assert isinstance(signals, Signals)
    entries, closes = signals.entry[:, 0].tolist(), bars.close[:, 0].tolist()
    columns = [values[:, 0].tolist() for values in (bars.raw.open, bars.raw.high, bars.raw.low, bars.raw.close)]
    strategy = Brackets(entries, closes)
    spec = RunSpec(
        books=(BookSpec("brackets", "0" * 64),), universe=UniverseSpec(symbols=bars.symbols), start=date(1990, 1, 1),
        end=date(2200, 1, 1), data_root="benchmark", timeframe="1m", initial_capital=CAPITAL,
        sizing=Sizing("quantity", SHARES), costs=CostSpec("bps", FEE * 1e4),
    )  # fmt: skip
    nothing = np.zeros(bars.shape, np.bool_)
    market, decisions = market_of(bars, None), decisions_of(spec, bars, [Signals(nothing, nothing)])

    def floor() -> tuple[int, float]:
        cash, held, stop, target, trades = CAPITAL, 0.0, 0.0, 0.0, 0
        order: tuple[float, float] | None = None

        def on_bar(t: int, close: float) -> tuple[float, float] | None:
            return (close * STOP, close * TARGET) if entries[t] and not held else None

        last = len(closes) - 1
        for t, (open_, high, low, close) in enumerate(zip(*columns, strict=True)):
            if order is not None:
                (stop, target), order, held = order, None, SHARES
                cash -= SHARES * open_ * (1 + FEE)
            if held:
                price = open_ if open_ <= stop else stop if low <= stop else 0.0
                if not price:
                    price = open_ if open_ >= target else target if high >= target else 0.0
                if price:
                    cash, held, trades = cash + held * price * (1 - FEE), 0.0, trades + 1
            if t < last:
                order = on_bar(t, close)
        return trades, cash + held * closes[-1]

    def played() -> tuple[int, float]:
        outcome = play(
            bars, market, decisions, rules_of(spec), [(0, strategy, NoParams())], ["brackets"], capital=CAPITAL
        )
        trades = trades_of(outcome, outcome.log.fills[: outcome.log.used[0]], outcome.log.events[:0])
        return int((trades["exit_bar"] >= 0).sum()), float(outcome.curves.equity[-1])

    def whole() -> tuple[int, float]:
        metrics = run(spec, bars, {"brackets": strategy}).metrics
        return int(metrics["trades"] or 0), float(metrics["final_equity"] or 0.0)

    measure(f"{bars.shape[0]:,} bars, a callback each", {"floor": floor, "play": played, "run": whole}, 5)


if __name__ == "__main__":
    main()
