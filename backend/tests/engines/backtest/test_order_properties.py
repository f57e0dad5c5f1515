"""What holds for every run with stops, targets, limits, triggers, shorts, caps and charges, whatever the bars."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engines.backtest import CostSpec, RunResult, core, loop, run
from app.engines.backtest.arrays import decisions_of, market_of, rules_of
from app.engines.backtest.core import FILLS
from app.engines.backtest.exchange import Exchange
from app.engines.backtest.simulate import simulate
from app.engines.backtest.state import new_account, new_log, new_orders
from app.engines.bars import Bars
from app.engines.strategies import Signals
from tests.engines.backtest.cases import Given, permuted, spec_of
from tests.engines.backtest.test_event import market

PROPERTY = settings(deadline=None, max_examples=60)
NAN = np.nan


def side(random: np.random.Generator, bars: Bars, way: float) -> Signals:
    """Random entries of one side, each with some of the levels a strategy can give, where they make sense."""
    shape, close = bars.shape, bars.close

    def some(share: float, values: Any) -> np.ndarray:
        return np.where(random.random(shape) < share, values, NAN)

    return Signals(
        random.random(shape) < 0.3,
        random.random(shape) < 0.1,
        rank=some(0.5, np.round(random.random(shape), 1)),
        stop=some(0.6, close * (1.0 - way * random.uniform(0.01, 0.08, shape))),
        target=some(0.6, close * (1.0 + way * random.uniform(0.01, 0.08, shape))),
        trail=some(0.3, random.uniform(0.03, 0.1, shape)),
        limit=some(0.2, close * (1.0 - way * random.uniform(0.0, 0.03, shape))),
        trigger=some(0.2, close * (1.0 + way * random.uniform(0.0, 0.03, shape))),
        valid=int(random.integers(1, 4)),
        hold=int(random.integers(2, 9)) if random.random() < 0.5 else None,
    )


@st.composite
def questions(draw: st.DrawFn) -> dict[str, Any]:
    seed, columns = draw(st.integers(0, 2**31)), draw(st.integers(1, 3))
    bars = market(seed, 40, columns, holes=draw(st.booleans()), splits=draw(st.booleans()))
    random = np.random.default_rng(seed + 7)
    answer = side(random, bars, 1.0)
    short = draw(st.booleans())
    if short:
        answer = replace(answer, short=side(random, bars, -1.0))
    banded = draw(st.booleans()) and not short
    exchange = None
    if banded:
        before = np.vstack([bars.raw.close[:1], bars.raw.close[:-1]])
        anchor = before * np.vstack([np.ones((1, columns)), bars.factor[:-1] / bars.factor[1:]])
        row = np.ones((1, columns))
        exchange = replace(
            Exchange.none(columns, np.ones(40, bool)), version="random", tick=0.05 * row, lower=anchor * 0.95,
            upper=anchor * 1.05, delivered=random.random(bars.shape) < 0.1,
        )  # fmt: skip
    return {
        "bars": bars,
        "answer": answer,
        "exchange": exchange,
        "spec": {
            "costs": draw(st.sampled_from([CostSpec(), CostSpec("bps", 20), CostSpec("zerodha"), CostSpec("fyers")])),
            "slippage_bps": draw(st.sampled_from([0.0, 15.0])),
            "volume_cap": draw(st.sampled_from([None, 1e-5])),
            "unfilled": draw(st.sampled_from(["cancel", "carry"])),
            "settle_next_session": draw(st.booleans()),
            "max_positions": draw(st.sampled_from([None, 1])),
            "initial_capital": draw(st.sampled_from([2_000.0, 100_000.0])),
            "market_rules": "none" if exchange is None else "random",
        },
    }


def run_of(question: dict[str, Any], bars: Bars | None = None) -> RunResult:
    strategy = Given("given_0", [[False]], [[False]])
    strategy.answer = question["answer"]
    spec = spec_of(["given_0"], **question["spec"])
    return run(spec, bars or question["bars"], {"given_0": strategy}, exchange=question["exchange"])


@PROPERTY
@given(questions())
def test_what_every_run_keeps(question):
    result, bars = run_of(question), question["bars"]
    assert result.equity == pytest.approx(result.cash + result.exposure * result.equity, rel=1e-9)
    if question["answer"].short is None:
        assert (result.cash >= 0.0).all()
    t = {str(label): i for i, label in enumerate(np.datetime_as_string(bars.sessions))}
    fills = result.fills
    column = {symbol: n for n, symbol in enumerate(bars.symbols)}
    for at, decided, symbol, reference, price, cost, kind, which in zip(
        *(fills[k] for k in ("filled_at", "decided_at", "symbol", "reference_price", "price", "cost", "kind", "side")),
        strict=True,
    ):  # fmt: skip
        row, n = t[at], column[symbol]
        assert t[decided] < row
        high, low = bars.raw.high[row, n], bars.raw.low[row, n]
        assert low * (1 - 1e-9) <= reference <= high * (1 + 1e-9)
        against = price - reference if which == "BUY" else reference - price
        tick = 0.0 if question["exchange"] is None else 0.05
        exchange = question["exchange"]
        if exchange is not None and low >= exchange.lower[row, n] and high <= exchange.upper[row, n]:
            assert exchange.lower[row, n] * (1 - 1e-9) <= price <= exchange.upper[row, n] * (1 + 1e-9)
        elif kind != "LIMIT":
            assert against >= -1e-9 - tick
        assert cost >= 0.0
    parts = np.array([fills[name] for name in fills if name.startswith("cost_")])
    if parts.size:
        assert parts.sum(axis=0) == pytest.approx(fills["cost"], abs=1e-9)
    held = sum(p for p in result.trades["pnl"] if p is not None)
    assert result.equity[-1] - question["spec"]["initial_capital"] == pytest.approx(held, abs=1e-6)
    twin = result.naive_twin
    total = twin["final_equity"] + sum(cause["difference"] for cause in twin["causes"])
    assert round(total, 2) == pytest.approx(round(result.equity[-1], 2), abs=0.011)


@PROPERTY
@given(questions(), st.integers(1, 39))
def test_a_run_saved_at_any_bar_goes_on_to_the_same_bytes(question, cut):
    bars, columns = question["bars"], question["bars"].shape[1]
    spec = spec_of(["given_0"], **question["spec"])
    market_, rules = market_of(bars, None, question["exchange"]), rules_of(spec, bars, question["exchange"])
    decisions = decisions_of(spec, bars, [question["answer"]])
    capital = question["spec"]["initial_capital"]
    whole = simulate(market_, decisions, rules, capital=capital)
    account, orders, log = new_account(capital, 1, columns), new_orders(12 * columns), new_log(4096, columns)
    curves = loop.new_curves(40)
    assert loop.run_bars(0, cut, market_, decisions, account, orders, rules, log, curves, False) == cut
    saved = [[np.copy(x) if isinstance(x, np.ndarray) else x for x in part] for part in (account, orders, log)]
    account, orders, log = core.Account(*saved[0]), core.Orders(*saved[1]), core.Log(*saved[2])
    assert loop.run_bars(cut, 40, market_, decisions, account, orders, rules, log, curves, False) == 40
    count = whole.log.used[FILLS]
    assert log.used.tolist() == whole.log.used.tolist()
    assert log.fills[:count].tobytes() == whole.log.fills[:count].tobytes()
    assert log.components[:count].tobytes() == whole.log.components[:count].tobytes()
    assert curves.equity.tobytes() == whole.curves.equity.tobytes()


@PROPERTY
@given(questions(), st.randoms())
def test_the_order_of_the_symbols_changes_nothing(question, random):
    order = list(range(question["bars"].shape[1]))
    random.shuffle(order)
    exchange = question["exchange"]
    turned = question | {"exchange": None if exchange is None else exchange.columns(order)}
    # a strategy is asked about columns in the order of their keys, however they stood: its answer is the same
    assert run_of(turned, permuted(question["bars"], order)).digest == run_of(question).digest
