"""No shipped strategy is accused, and a plain leak is found at its bar."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest

from app.engines.backtest import RunSpec, UniverseSpec, book_of, run
from app.engines.bars import Bars
from app.engines.evidence.lookahead import LEAK, market_for, prove
from app.engines.strategies import Signals
from app.engines.strategies.registry import registry
from tests.engines.backtest.cases import Given, NoParams

DEFAULTS: dict[str, dict[str, Any]] = {name: {} for name in registry()}
OTHERS: dict[str, dict[str, Any]] = {
    "sma_cross": {"fast": 3, "slow": 8},
    "rsi2": {"trend": 30, "exit": 3},
    "donchian": {"entry": 5, "exit": 3},
    "opening_range": {"minutes": 15, "relative_volume": 0.5},
    "nr7_breakout": {"short": 1, "days": 1},
    "turtle": {"entry": 5, "exit": 2, "long_entry": 10, "long_exit": 5, "window": 3},
    "volatility_contraction": {"window": 4, "tight": 0.3, "trend": 20, "exit": 5},
    "darvas_box": {"confirm": 1, "high": 10},
    "atr_breakout": {"trail": 0.0},
    "vwap_reversion_index": {"short": 0, "begin": 5},
    "opening_range_volume": {"minutes": 5, "spike": 0.5, "end": 360},
    "pairs_distance": {"formation": 30, "trading": 10, "entry": 1.0},
}


@pytest.mark.parametrize(("name", "params"), [*DEFAULTS.items(), *OTHERS.items()])
def test_no_shipped_strategy_is_accused(name, params):
    strategy = registry()[name]
    proof = prove(strategy, strategy.params(params))
    assert proof.passed, proof.sentence
    assert proof.tested["truncations"] > strategy.warm_up(strategy.params(params))


@pytest.mark.parametrize(("name", "params"), [*DEFAULTS.items(), *OTHERS.items()])
def test_each_strategy_trades_in_the_market_that_it_is_searched_in(name, params):
    # a search of a strategy that never holds anything would miss what it does with a position
    strategy = registry()[name]
    bars = market_for(strategy, strategy.params(params), strategy.timeframe)
    spec = RunSpec(
        books=(book_of(strategy, params),),
        universe=UniverseSpec(index="GENERATED"),
        start=date(2000, 1, 1),
        end=date(2100, 1, 1),
        data_root="generated",
        timeframe=strategy.timeframe,
    )
    assert (run(spec, bars, registry()).metrics["trades"] or 0) >= 3


class Tomorrow(Given):
    """Buys when tomorrow's close is higher."""

    def __init__(self) -> None:
        super().__init__("tomorrow", [[False]], [[False]])

    def signals(self, bars: Bars, params: NoParams) -> Signals:
        close = bars.close
        rises = np.zeros(close.shape, bool)
        rises[:-1] = close[1:] > close[:-1]
        return Signals(rises, ~rises)


def test_a_look_at_tomorrow_is_found_at_the_first_bar_it_changes():
    proof = prove(Tomorrow(), NoParams())
    assert proof.outcome == LEAK
    first = proof.findings[0]
    # with nothing after it no bar is followed by a rise: the first rise that was seen is the first difference
    assert (first.field, first.then, first.hindsight, first.cut) == ("entry", False, True, first.bar)
    assert first.symbol is not None and first.sentence() in proof.sentence
