"""Compiled event strategies: one rule written three ways gives the same fills, and the same bytes."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engines.backtest import CostSpec, RunResult, book_of, run
from app.engines.bars import Bars
from app.engines.evidence.lookahead import prove
from app.engines.indicators import sma
from app.engines.strategies import Params, Signals, Strategy, param
from app.engines.strategies.base import EventStrategy
from app.engines.strategies.compiled import CompiledStrategy, View, buy, cancel, leave, protect, sell_short
from tests.engines.backtest.cases import bars_of, spec_of
from tests.engines.backtest.test_event import market, same

NAN = np.nan


@dataclass(frozen=True)
class Window(Params):
    """Of an average."""

    window: int = param(5, minimum=2, maximum=50, description="Window", unit="bars")
    stop: float = param(0.05, minimum=0.01, maximum=0.5, description="Stop", unit="fraction")


class Common:
    """What the three forms share; one identity, so that the whole result can be compared."""

    id = "given"
    display_name = description = hypothesis = when_it_loses = citation = regime = "given by a test"
    params_type = Window
    source_hash = "0" * 64

    def warm_up(self, params: Window) -> int:
        return 0


class AsSignals(Common, Strategy[Window]):  # type: ignore[misc]
    """Buys a close above its average of the last bars, with a stop and a target; sells one below."""

    def signals(self, bars: Bars, params: Window) -> Signals:
        average = sma(bars.close, params.window, gap=bars.gap)
        return Signals(
            bars.close > average, bars.close < average, stop=bars.close * (1.0 - params.stop), target=bars.close * 1.1
        )


class AsEvents(Common, EventStrategy[Window]):  # type: ignore[misc]
    """The same, bar by bar."""

    def on_bar(self, context: Any) -> None:
        p = context.params
        if context.t + 1 < p.window:
            return
        for n in range(len(context.symbols)):
            closes = context.history(p.window, n)
            average, now = closes.mean(), closes[-1]
            if context.positions[n] and now < average:
                context.exit(n)
        for n in range(len(context.symbols)):
            closes = context.history(p.window, n)
            average, now = closes.mean(), closes[-1]
            if not context.positions[n] and now > average and not context.resting(n):
                context.buy(n, stop=now * (1.0 - p.stop), target=now * 1.1)


class AsCompiled(Common, CompiledStrategy[Window]):  # type: ignore[misc]
    """The same, compiled."""

    @staticmethod
    def decide(view: View, params: Any) -> None:
        if view.t + 1 < params.window:
            return
        for n in range(view.close.shape[1]):
            if view.position[n] != 0.0 and view.close[-1, n] < view.close[-params.window :, n].mean():
                leave(view, n)
        for n in range(view.close.shape[1]):
            now = view.close[-1, n]
            if view.position[n] == 0.0 and view.resting[n] == 0 and now > view.close[-params.window :, n].mean():
                buy(view, n, stop=now * (1.0 - params.stop), target=now * 1.1)


def result_of(strategy: Any, bars: Bars, params: dict[str, Any] | None = None, **more: Any) -> RunResult:
    return run(spec_of([], **(more | {"books": (book_of(strategy, params),)})), bars, {"given": strategy})


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 2**31), columns=st.integers(1, 3), holes=st.booleans(), splits=st.booleans(),
    bps=st.sampled_from([0.0, 10.0]), capital=st.sampled_from([3_000.0, 1e6]), window=st.integers(2, 9),
    stop=st.sampled_from([0.01, 0.05]),
)  # fmt: skip
def test_one_rule_written_as_events_and_compiled_gives_the_same_bytes(
    seed, columns, holes, splits, bps, capital, window, stop
):
    bars = market(seed, 50, columns, holes=holes, splits=splits)
    given = {"window": window, "stop": stop}
    asked = {"costs": CostSpec("bps", bps), "initial_capital": capital}
    events, compiled = (result_of(form(), bars, given, **asked) for form in (AsEvents, AsCompiled))
    assert events.canonical == compiled.canonical


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 2**31), columns=st.integers(1, 3), window=st.integers(2, 9), capital=st.sampled_from([3e3, 1e6])
)
def test_the_same_rule_given_as_signals_gives_the_same_fills(seed, columns, window, capital):
    # of prices that an average of is exact: whole rupees, windows of them
    bars = market(seed, 50, columns)
    whole = replace(bars, raw=type(bars.raw)(*(np.maximum(1.0, np.round(prices)) for prices in bars.raw)))
    given = {"window": window}
    forms = [result_of(form(), whole, given, initial_capital=capital) for form in (AsSignals, AsEvents, AsCompiled)]
    same(forms[0], forms[2])
    assert forms[1].canonical == forms[2].canonical


class Busy(Common, EventStrategy[Window]):  # type: ignore[misc]
    """Every kind of order there is, and state of its own."""

    product = "FUT"

    def start(self, context: Any) -> None:
        context.state["count"] = np.zeros(len(context.symbols))

    def on_bar(self, context: Any) -> None:
        for n in range(len(context.symbols)):
            count, now = context.state["count"], context.price(n)
            if np.isnan(now):
                continue
            count[n] += 1
            step, held = count[n] % 7, context.positions[n]
            if step == 1 and not held:
                context.buy(n, limit=now * 0.99, stop=now * 0.9, valid=2, budget=context.equity / 10)
                context.buy(n, trigger=now * 1.01, stop=now * 0.9, trail=0.05, valid=2, oco=n + 1, quantity=3)
                context.sell_short(n, trigger=now * 0.98, target=now * 0.9, valid=2, oco=n + 1, rank=now)
            elif step == 3 and held:
                context.protect(n, stop=(context.entry_price(n) + now) / 2 * (0.95 if held > 0 else 1.05))
            elif step == 4 and held:
                context.exit(n, limit=now * (1.02 if held > 0 else 0.98), valid=2, quantity=abs(held))
            elif step == 5:
                context.cancel(n)
                context.buy(n, at="close", hold=3)
            elif step == 6 and context.resting(n) == 0 and held:
                context.exit(n, at="close")
        if context.t % 23 == 22:
            context.cancel()


class BusyCompiled(Common, CompiledStrategy[Window]):  # type: ignore[misc]
    """The same."""

    product = "FUT"
    memory = 1

    @staticmethod
    def decide(view: View, params: Any) -> None:
        for n in range(view.close.shape[1]):
            now = view.close[-1, n]
            if np.isnan(now):
                continue
            view.state[n, 0] += 1
            step, held = view.state[n, 0] % 7, view.position[n]
            if step == 1 and held == 0.0:
                buy(view, n, limit=now * 0.99, stop=now * 0.9, valid=2, budget=view.equity / 10)
                buy(view, n, trigger=now * 1.01, stop=now * 0.9, trail=0.05, valid=2, oco=n + 1, quantity=3.0)
                sell_short(view, n, trigger=now * 0.98, target=now * 0.9, valid=2, oco=n + 1, rank=now)
            elif step == 3 and held != 0.0:
                protect(view, n, stop=(view.entry_price[n] + now) / 2 * (0.95 if held > 0 else 1.05))
            elif step == 4 and held != 0.0:
                leave(view, n, limit=now * (1.02 if held > 0 else 0.98), valid=2, quantity=abs(held))
            elif step == 5:
                cancel(view, n)
                buy(view, n, at_close=True, hold=3)
            elif step == 6 and view.resting[n] == 0 and held != 0.0:
                leave(view, n, at_close=True)
        if view.t % 23 == 22:
            cancel(view)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 2**31), columns=st.integers(1, 3), holes=st.booleans(), splits=st.booleans())
def test_every_kind_of_order_and_state_mean_the_same_compiled(seed, columns, holes, splits):
    bars = market(seed, 60, columns, holes=holes, splits=splits)
    asked = {"costs": CostSpec("bps", 5.0), "market_rules": "none"}
    events, compiled = (result_of(form(), bars, **asked) for form in (Busy, BusyCompiled))
    assert events.canonical == compiled.canonical
    assert len(events.fills["side"]) > 0


def test_beside_another_strategy_the_compiled_form_gives_the_same_bytes():
    bars = market(3, 60, 2, splits=True)

    def both(first: Any) -> bytes:
        second = copy.copy(AsEvents())
        second.id = "other"
        spec = spec_of([], books=(book_of(first), book_of(second, {"window": 3})))
        return run(spec, bars, {"given": first, "other": second}).canonical

    assert both(AsEvents()) == both(AsCompiled())


class Reads(Common, CompiledStrategy[Window]):  # type: ignore[misc]
    """Reads beyond what there is."""

    @staticmethod
    def decide(view: View, params: Any) -> None:
        if view.t == 7 and view.close[view.t + 1, 0] > 0.0:
            buy(view, 0)


class Refused(Common, CompiledStrategy[Window]):  # type: ignore[misc]
    """Gives an order that cannot be."""

    @staticmethod
    def decide(view: View, params: Any) -> None:
        if view.t == 4:
            buy(view, 0, stop=-1.0)


class Wild(Common, CompiledStrategy[Window]):  # type: ignore[misc]
    """Gives more orders than there is room for."""

    @staticmethod
    def decide(view: View, params: Any) -> None:
        for _ in range(65):
            buy(view, 0)


@pytest.mark.parametrize(
    ("form", "bar", "told"),
    [
        (Reads, 7, "IndexError"),
        (Refused, 4, "stop: expected a number above 0, got -1.0"),
        (Wild, 0, "more orders at one bar than there is room for"),
    ],
)
def test_what_cannot_be_stops_the_run_at_its_bar(form: Any, bar: int, told: str):
    bars = bars_of([[100.0]] * 12, [[100.0]] * 12)
    with pytest.raises(ValueError, match=f"strategy given stopped at {bars.sessions[bar]}: .*{told}"):
        result_of(form(), bars)


def test_a_compiled_strategy_is_searched_for_look_ahead():
    strategy = AsCompiled()
    proof = prove(strategy, strategy.params())
    assert proof.outcome == "passed" and proof.tested["decisions"]["orders"] > 20
