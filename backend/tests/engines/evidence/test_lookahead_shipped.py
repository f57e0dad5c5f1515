"""No shipped strategy is accused, and a plain leak is found at its bar."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from app.engines.bars import Bars
from app.engines.evidence.lookahead import LEAK, prove
from app.engines.strategies import Signals, registry
from tests.engines.backtest.cases import Given, NoParams

DEFAULTS: dict[str, dict[str, Any]] = {name: {} for name in registry()}
OTHERS = {"sma_cross": {"fast": 3, "slow": 8}, "rsi2": {"trend": 30, "exit": 3}, "donchian": {"entry": 5, "exit": 3}}


@pytest.mark.parametrize(("name", "params"), [*DEFAULTS.items(), *OTHERS.items()])
def test_no_shipped_strategy_is_accused(name, params):
    strategy = registry()[name]
    proof = prove(strategy, strategy.params(params))
    assert proof.passed, proof.sentence
    assert proof.tested["truncations"] > strategy.warm_up(strategy.params(params))


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
