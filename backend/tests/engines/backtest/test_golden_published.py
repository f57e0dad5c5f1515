"""The published run of the averages of 10 and 20 days on GOOG, always in the market, long or short, 0.2 % a side."""

from __future__ import annotations

import json
import math
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from app.engines.backtest import CostSpec, RunResult, Sizing, run
from app.engines.strategies import Signals, registry
from tests.engines.backtest.cases import Given, spec_of
from tests.engines.backtest.test_golden_trades import golden_bars

FEE, CAPITAL = 0.002, 10_000.0


def published(evidence: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((evidence / "golden" / "published_backtest.json").read_text())
    return found


def reversing(evidence: Path, sizing: Sizing) -> RunResult:
    bars = golden_bars(evidence, "GOOG")
    strategy = registry()["sma_cross"]
    found = strategy.signals(bars, strategy.params({"fast": 10, "slow": 20}))
    assert isinstance(found, Signals)
    given = Given("given", [[False]], [[False]])
    given.answer = Signals(found.entry, found.exit, short=Signals(found.exit, found.entry))
    spec = spec_of(
        ["given"], sizing=sizing, initial_capital=CAPITAL, costs=CostSpec("bps", FEE * 1e4), start=date(1990, 1, 1),
        end=date(2100, 1, 1),
    )  # fmt: skip
    return run(spec, bars, {"given": given})


def test_with_all_the_cash_of_the_open_the_published_run_is_reproduced(evidence: Path):
    # That engine sizes a reversal after it has closed at the open: all the cash there is then, 0.2 % charged on each
    # side. An entry worth more than the account is cut down to the same cash.
    theirs = published(evidence)["commission_0_002_each_side"]
    result = reversing(evidence, Sizing("value", 1e9))
    assert result.metrics["trades"] == theirs["trades"] == published(evidence)["published"]["trades"]
    assert result.equity[-1] == pytest.approx(theirs["equity_final"], abs=1e-5)
    assert result.metrics["total_return"] == pytest.approx(theirs["return_pct"] / 100.0, abs=1e-7)
    assert result.metrics["win_rate"] == pytest.approx(theirs["win_rate_pct"] / 100.0, abs=1e-7)
    assert result.metrics["max_drawdown"] == pytest.approx(theirs["max_drawdown_pct"] / 100.0, abs=1e-7)
    # their commissions are those of closed trades: without the entry of the one that is open at the end
    assert sum(result.fills["cost"][:-1]) == pytest.approx(theirs["commissions"], abs=1e-5)


def test_the_last_trade_closed_at_the_last_open_gives_the_published_figure(evidence: Path):
    # that engine closes what is left in its last bar, at its open, 797.80; we mark it at its close, 806.19
    theirs = published(evidence)["commission_0_002_and_last_trade_closed"]
    result = reversing(evidence, Sizing("value", 1e9))
    bars, held = golden_bars(evidence, "GOOG"), result.trades["quantity"][-1]
    close, last = bars.close[-1, 0], bars.open[-1, 0]
    assert result.trades["open"][-1] and result.trades["side"][-1] == "LONG"
    assert (held, close, last) == (69.0, 806.19, 797.8)
    sold = result.equity[-1] - held * (close - last) - held * last * FEE
    assert sold == pytest.approx(theirs["equity_final"], abs=1e-5)


def test_the_default_sizing_differs_by_what_the_price_moves_from_the_decision_to_the_open_alone(evidence: Path):
    # Ours: an entry may spend the equity at the close it was decided at, and not more than the cash at the open. A
    # reversal has both: worth less at the close than at the open, it leaves the difference idle. Every quantity and
    # every rupee follows from that sentence.
    result = reversing(evidence, Sizing())
    equity_on = dict(zip((str(day) for day in result.sessions), result.equity.tolist(), strict=True))
    columns = (result.fills[name] for name in ("decided_at", "side", "quantity", "price", "cost"))
    cash, idle, held = CAPITAL, 0, 0.0
    for decided, side, quantity, price, cost in zip(*columns, strict=True):
        way = 1.0 if side == "BUY" else -1.0
        if held * way < 0.0:  # closing
            assert quantity == abs(held)
        else:
            decided_for, there = (math.floor(money / (price * (1.0 + FEE))) for money in (equity_on[decided], cash))
            assert quantity == min(decided_for, there)
            idle += decided_for < there
        assert cost == pytest.approx(quantity * price * FEE, abs=1e-9)
        held += way * quantity
        cash -= way * quantity * price + cost
    final = cash + held * golden_bars(evidence, "GOOG").close[-1, 0]
    assert result.equity[-1] == pytest.approx(final, abs=1e-6) and final == pytest.approx(55_919.1425, abs=1e-6)
    assert idle > 0 and result.metrics["trades"] == published(evidence)["published"]["trades"]
