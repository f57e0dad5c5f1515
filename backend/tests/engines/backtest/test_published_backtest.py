"""The published long and short run on GOOG: 10/20 crossover, always in the market, whole shares, at the next open."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from app.engines.backtest import CostSpec, RunResult, Sizing, run
from app.engines.bars import Bars
from app.engines.risk import trades as of_trades
from app.engines.risk.drawdowns import max_drawdown
from app.engines.risk.returns import total_return
from app.engines.strategies import Signals
from app.engines.strategies.registry import registry
from tests.engines.backtest.cases import Given, spec_of
from tests.engines.backtest.test_event import Asked
from tests.engines.backtest.test_golden_trades import golden_bars

CASH, RATE = 10_000.0, 0.002
ALL = 1.0 - sys.float_info.epsilon  # the package's word for all of the cash

# numbers of the file that are no figures of ours, and why
NOT_OURS = {
    "exposure_pct": "counts the entry bar as held; ours counts closes with a position",
    "return_ann_pct": "compounds over calendar years of its own count",
    "volatility_ann_pct": "a compounded volatility",
    "cagr_pct": "by calendar days",
    "sharpe": "geometric return over the compounded volatility",
    "sortino": "annual geometric return on top",
    "calmar": "annual return by calendar days on top",
    "avg_drawdown_pct": "of the equity at every price, over falls that end at the peak's own height",
    "max_drawdown_days": "calendar days",
    "avg_drawdown_days": "calendar days",
    "best_trade_pct": "percent of the spread-adjusted entry price",
    "worst_trade_pct": "percent of the spread-adjusted entry price",
    "avg_trade_pct": "a geometric mean of percents",
    "profit_factor": "of percents, not of money",
    "buy_hold_pct": "of the asset",
    "expectancy_pct": "of percents, not of money",
}


class Flip(NamedTuple):
    """One leg: side 1 or -1, shares, price paid, bar of the fill."""

    side: int
    shares: int
    price: float
    bar: int


def crossings(bars: Bars) -> Iterator[tuple[int, int]]:
    """Bars at whose close the averages have crossed, and the side of what follows."""
    strategy = registry()["sma_cross"]
    found = strategy.signals(bars, strategy.params({"fast": 10, "slow": 20}))
    for t in range(bars.shape[0] - 1):
        if found.entry[t, 0] or found.exit[t, 0]:
            yield t, 1 if found.entry[t, 0] else -1


def legs(bars: Bars, *, commission: float, spread: float) -> tuple[list[Flip], float, float]:
    """The legs by the package's own sizing, final equity and commissions: a plain twin of its cash.

    Each leg takes all the cash the one before left, at the open, with a commission or a spread on top; a spread
    makes the entry dearer and the exit not.
    """
    cash, paid, done = CASH, 0.0, []
    for t, side in crossings(bars):
        open_ = float(bars.raw.open[t + 1, 0])
        if done:
            last = done[-1]
            cash += last.side * last.shares * (open_ - last.price) - commission * last.shares * open_
            paid += commission * last.shares * open_
        price = open_ * (1.0 + side * spread)
        shares = math.floor(cash * ALL / (price * (1.0 + commission)))
        cash -= commission * shares * price
        paid += commission * shares * price
        done.append(Flip(side, shares, price, t + 1))
    last = done[-1]
    return done, cash + last.side * last.shares * (float(bars.raw.close[-1, 0]) - last.price), paid


def replayed(bars: Bars, flips: list[Flip]) -> RunResult:
    """Our run of the same orders, decided at the close before each."""
    at = {flip.bar - 1: flip for flip in flips}

    def ask(context: Any) -> None:
        flip = at.get(context.t)
        if flip is not None:
            context.exit()
            (context.buy if flip.side > 0 else context.sell_short)(quantity=float(flip.shares))

    spec = spec_of(
        ["given"], start=date(2000, 1, 1), end=date(2030, 1, 1), initial_capital=CASH, costs=CostSpec("bps", RATE * 1e4)
    )
    return run(spec, bars, {"given": Asked(ask)})


def reversing(evidence: Path, sizing: Sizing) -> RunResult:
    """Our run of the crossovers as signals of both sides, sized by us."""
    bars = golden_bars(evidence, "GOOG")
    strategy = registry()["sma_cross"]
    found = strategy.signals(bars, strategy.params({"fast": 10, "slow": 20}))
    assert isinstance(found, Signals)
    given = Given("given", [[False]], [[False]])
    given.answer = Signals(found.entry, found.exit, short=Signals(found.exit, found.entry))
    spec = spec_of(
        ["given"], sizing=sizing, initial_capital=CASH, costs=CostSpec("bps", RATE * 1e4), start=date(1990, 1, 1),
        end=date(2100, 1, 1),
    )  # fmt: skip
    return run(spec, bars, {"given": given})


@pytest.fixture(scope="module")
def golden(evidence: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((evidence / "golden" / "published_backtest.json").read_text())
    return found


def test_our_run_with_a_commission_gives_the_published_equity(evidence: Path, golden: dict[str, Any]):
    bars = golden_bars(evidence, "GOOG")
    flips, final, paid = legs(bars, commission=RATE, spread=0.0)
    result = replayed(bars, flips)
    expected = dict(golden["commission_0_002_each_side"])
    assert result.equity[-1] == pytest.approx(expected.pop("equity_final"), abs=0.5e-5)
    assert result.equity[-1] == pytest.approx(final, rel=1e-12)
    assert 100.0 * result.metrics["total_return"] == pytest.approx(expected.pop("return_pct"), abs=0.5e-5)
    assert result.metrics["trades"] == expected.pop("trades") and result.metrics["open_trades"] == 1
    assert 100.0 * result.metrics["win_rate"] == pytest.approx(expected.pop("win_rate_pct"), abs=0.5e-5)
    assert 100.0 * result.metrics["max_drawdown"] == pytest.approx(expected.pop("max_drawdown_pct"), abs=0.5e-5)
    assert sum(result.fills["cost"]) == pytest.approx(paid, rel=1e-12)
    last = flips[-1]  # their sum is of closed trades: it leaves out the entry of the open one
    closed_costs = sum(result.fills["cost"]) - RATE * last.shares * last.price
    assert closed_costs == pytest.approx(expected.pop("commissions"), abs=0.5e-5)
    assert expected == {}
    closed = golden["commission_0_002_and_last_trade_closed"]
    # it sells what is left at the open of the last bar, which no decision of ours could: told from our result
    leave, end = bars.raw.open[-1, 0], bars.raw.close[-1, 0]
    sold = result.equity[-1] + last.shares * (leave - end) - RATE * last.shares * leave
    assert sold == pytest.approx(closed["equity_final"], abs=0.5e-5)
    assert 100.0 * (sold / CASH - 1.0) == pytest.approx(closed["return_pct"], abs=0.5e-5)
    assert len(flips) == closed["trades"] and set(closed) == {"equity_final", "return_pct", "trades"}


def test_our_figures_of_the_published_curve_are_those_printed(evidence: Path, golden: dict[str, Any]):
    # its cost is a spread on the entry alone, which no plan of ours has: the curve is the twin's, the figures are ours
    bars = golden_bars(evidence, "GOOG")
    flips, final, _ = legs(bars, commission=0.0, spread=RATE)
    close, cash, equity = bars.raw.close[:, 0], CASH, np.full(bars.shape[0], CASH)
    pnl = []
    for i, flip in enumerate(flips):
        end = flips[i + 1].bar if i + 1 < len(flips) else len(close)
        equity[flip.bar : end] = cash + flip.side * flip.shares * (close[flip.bar : end] - flip.price)
        if i + 1 < len(flips):
            pnl.append(flip.side * flip.shares * (float(bars.raw.open[end, 0]) - flip.price))
            cash += pnl[-1]
    profits = np.array(pnl)
    ours = {
        "equity_final": final,
        "equity_peak": float(equity.max()),
        "return_pct": 100.0 * (total_return(equity, CASH).value or 0.0),
        "max_drawdown_pct": 100.0 * (max_drawdown(equity, CASH).value or 0.0),
        "trades": profits.size,
        "win_rate_pct": 100.0 * (of_trades.win_rate(profits).value or 0.0),
        "sqn": of_trades.system_quality(profits).value,
    }
    assert equity[-1] == pytest.approx(final, rel=1e-12)
    for group, digits in (("published", 2), ("reproduced_0_6_6_spread", 5)):
        assert set(golden[group]) <= set(ours) | set(NOT_OURS)
        for name in set(ours) & set(golden[group]):
            assert ours[name] == pytest.approx(golden[group][name], abs=0.5000001 * 10**-digits), (group, name)
    assert set(golden) == {"source", "published", "reproduced_0_6_6_spread", "commission_0_002_each_side",
                           "commission_0_002_and_last_trade_closed", "differences"}  # fmt: skip


def test_sized_at_all_the_cash_of_the_open_our_signals_give_the_published_equity(
    evidence: Path, golden: dict[str, Any]
):
    # an entry worth more than the account is cut down to the cash that is there at the open, after the close of what it
    # reverses: the package's own sizing
    result = reversing(evidence, Sizing("value", 1e9))
    assert result.equity[-1] == pytest.approx(golden["commission_0_002_each_side"]["equity_final"], abs=0.5e-5)
    assert result.metrics["trades"] == golden["published"]["trades"]


def test_the_default_sizing_differs_by_what_the_price_moves_from_the_decision_to_the_open_alone(
    evidence: Path, golden: dict[str, Any]
):
    # Ours: an entry may spend the equity at the close it was decided at, and not more than the cash at the open. A
    # reversal has both: worth less at the close than at the open, it leaves the difference idle. Every quantity and
    # every rupee follows from that sentence.
    result = reversing(evidence, Sizing())
    equity_on = dict(zip((str(day) for day in result.sessions), result.equity.tolist(), strict=True))
    columns = (result.fills[name] for name in ("decided_at", "side", "quantity", "price", "cost"))
    cash, idle, held = CASH, 0, 0.0
    for decided, side, quantity, price, cost in zip(*columns, strict=True):
        way = 1.0 if side == "BUY" else -1.0
        if held * way < 0.0:  # closing
            assert quantity == abs(held)
        else:
            decided_for, there = (math.floor(money / (price * (1.0 + RATE))) for money in (equity_on[decided], cash))
            assert quantity == min(decided_for, there)
            idle += decided_for < there
        assert cost == pytest.approx(quantity * price * RATE, abs=1e-9)
        held += way * quantity
        cash -= way * quantity * price + cost
    final = cash + held * golden_bars(evidence, "GOOG").close[-1, 0]
    assert result.equity[-1] == pytest.approx(final, abs=1e-6) and final == pytest.approx(55_919.1425, abs=1e-6)
    assert idle > 0 and result.metrics["trades"] == golden["published"]["trades"]
