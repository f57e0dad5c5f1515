"""What a point gives is what a run of it alone gives; the short ways are held against the engine."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engines.backtest import CostSpec, run
from app.engines.bars import Prices
from app.engines.indicators import sma
from app.engines.risk.basics import session_closes
from app.engines.strategies.base import Signals
from app.engines.strategies.registry import registry
from app.engines.sweeps import evaluate, shared
from app.engines.sweeps.evaluate import METRICS, Evaluator, Inputs
from app.engines.sweeps.spec import SweepSpec

from .market import bars_of, sweep_of, walk

COSTS = st.sampled_from([CostSpec("none"), CostSpec("bps", 10.0), CostSpec("bps", 250.0)])


def alone(spec: SweepSpec, inputs: Inputs, strategy: Any, number: int) -> tuple[list[float | None], np.ndarray]:
    """A point as a run of its own, on the bars it would be given."""
    one = evaluate.Points(spec, strategy).run_spec(number)
    before = strategy.warm_up(strategy.params(one.books[0].params))
    result = run(one, inputs.with_warm_up(before).bars, {strategy.id: strategy})
    return [result.metrics[name] for name in METRICS], result.equity[session_closes(result.sessions)]


def same(found: np.ndarray, expected: list[float | None], capital: float) -> None:
    for name, value, other in zip(METRICS, found.tolist(), expected, strict=True):
        if other is None:
            assert np.isnan(value), f"{name}: {value}, the engine leaves it undefined"
        else:
            scale = capital if name == "final_equity" else 1.0
            assert value == pytest.approx(other, rel=1e-8, abs=1e-10 * scale), name


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 10_000), bars=st.integers(30, 220), start=st.integers(0, 25), costs=COSTS,
    slippage=st.sampled_from([0.0, 5.0]), capital=st.sampled_from([50.0, 1_000.0, 1e6]), fractional=st.booleans(),
    flat=st.booleans(),
)  # fmt: skip
def test_a_point_of_one_stock_is_the_run_of_the_engine(
    seed: int, bars: int, start: int, costs: CostSpec, slippage: float, capital: float, fractional: bool, flat: bool
) -> None:
    close = walk(bars, seed)
    if flat:
        close[bars // 3 : bars // 2] = close[bars // 3]  # averages that are equal are on no side
    found = bars_of(close, start=start)
    spec = sweep_of(
        found, "sma_cross", {"fast": [2, 3, 7], "slow": [3, 8, 20]}, costs=costs, slippage_bps=slippage,
        initial_capital=capital, fractional=fractional,
    )  # fmt: skip
    inputs, strategy = Inputs(found), registry()["sma_cross"]
    evaluator = Evaluator(spec, strategy, [inputs])
    assert evaluator._bases[0].simple and evaluator._bases[0].shares
    chunk = evaluator.chunk(0, len(evaluator.points))
    assert not chunk.failures and chunk.kept == list(range(len(evaluator.points)))
    for number in range(len(evaluator.points)):
        expected, equity = alone(spec, inputs, strategy, number)
        same(chunk.values[number], expected, capital)
        np.testing.assert_allclose(chunk.returns[number], equity[1:] / equity[:-1] - 1.0, rtol=1e-9, atol=1e-12)
        if not fractional:  # whole shares leave nothing to rounding
            assert chunk.values[number][METRICS.index("final_equity")] == expected[METRICS.index("final_equity")]


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10_000), name=st.sampled_from(["rsi2", "ema_cross", "bollinger_reversion"]))
def test_points_of_other_plain_rules_are_the_runs_of_the_engine(seed: int, name: str) -> None:
    grids: dict[str, dict[str, object]] = {
        "rsi2": {"threshold": [10.0, 30.0], "exit": [3, 5], "trend": [20]},
        "ema_cross": {"fast": [3, 5], "slow": [8, 13]},
        "bollinger_reversion": {"window": [5, 10], "width": [1.0, 1.5]},
    }
    found = bars_of(walk(400, seed), start=200)
    spec = sweep_of(found, name, grids[name])
    inputs, strategy = Inputs(found), registry()[name]
    evaluator = Evaluator(spec, strategy, [inputs])
    assert evaluator._bases[0].simple
    chunk = evaluator.chunk(0, len(evaluator.points))
    for number in range(len(evaluator.points)):
        same(chunk.values[number], alone(spec, inputs, strategy, number)[0], 1e6)


@pytest.mark.parametrize(
    ("name", "symbols", "grid"),
    [
        ("sma_cross", 3, {"fast": [3, 5], "slow": [10]}),
        ("supertrend", 2, {"window": [5, 10]}),
        ("nr7_breakout", 1, {"days": [2, 3]}),
        ("momentum_12_1", 3, {"names": [1, 2]}),
    ],
)
def test_points_of_several_stocks_and_of_other_orders_go_through_the_engine(
    name: str, symbols: int, grid: dict[str, object]
) -> None:
    found, strategy = bars_of(walk(400, 5), start=280, symbols=symbols), registry()[name]
    spec = sweep_of(found, name, grid)
    evaluator = Evaluator(spec, strategy, [Inputs(found)])
    chunk = evaluator.chunk(0, len(evaluator.points))
    assert not chunk.failures
    for number in range(len(evaluator.points)):
        expected, _ = alone(spec, Inputs(found), strategy, number)
        assert [None if np.isnan(v) else v for v in chunk.values[number].tolist()] == expected


def test_a_hand_worked_sweep_of_two_points() -> None:
    """Capital 1,000, no costs, whole shares. Closes 10 10 10 12 14 16 11 8 8 8, opens as written.

    fast 2, slow 3: SMA2 crosses above SMA3 at bar 3 (11 > 10.67; at bar 2 both are 10, which is no side: no cross).
    So nothing is ever bought by the strict rule: below first. With closes 12 11 10 12 14 16 11 8 8 8:
    SMA2 - SMA3: bar 2: 10.5 - 11 < 0; bar 3: 11 - 11 = 0, no side; bar 4: 13 - 12 > 0 but bar 3 was no side: no cross.
    fast 2, slow 4: bar 3: 11 - 11.25 < 0; bar 4: 13 - 11.75 > 0: bought at the open of bar 5 (15): 66 shares, 990.
    bar 6: 13.5 - 13.25 > 0; bar 7: 9.5 - 12.25 < 0: sold at the open of bar 8 (9): 594 + 10 = 604.
    """
    close = [12.0, 11.0, 10.0, 12.0, 14.0, 16.0, 11.0, 8.0, 8.0, 8.0]
    open_ = [12.0, 11.0, 10.0, 12.0, 14.0, 15.0, 15.0, 10.0, 9.0, 8.0]
    found = bars_of(close, open_)
    spec = sweep_of(
        found, "sma_cross", {"fast": [2], "slow": [3, 4]}, costs=CostSpec("none"), initial_capital=1_000.0
    )  # fmt: skip
    chunk = Evaluator(spec, registry()["sma_cross"], [Inputs(found)]).chunk(0, 2)
    value = {name: chunk.values[:, i].tolist() for i, name in enumerate(METRICS)}
    assert value["trades"] == [0.0, 1.0]
    assert value["final_equity"] == [1_000.0, 604.0]
    assert value["total_return"] == pytest.approx([0.0, -0.396])
    # held at the closes of bars 5, 6 and 7; equity there 66 × 16 + 10 = 1066, 736, 538; the trough is 538 of 1066
    assert value["exposure"] == pytest.approx([0.0, 0.3])
    assert value["max_drawdown"] == pytest.approx([0.0, 538.0 / 1066.0 - 1.0])
    assert value["win_rate"][1] == 0.0 and value["profit_factor"][1] == 0.0
    assert np.isnan(value["win_rate"][0]) and np.isnan(value["sharpe"][0])  # nothing was traded, nothing varies


def test_a_point_that_raises_has_failed_and_says_why_and_the_others_have_not() -> None:
    class Fragile(type(registry()["rsi2"])):  # type: ignore[misc]  # a shipped class with one value it cannot stand
        def signals(self, bars: Any, params: Any) -> Signals:
            if params.exit == 4:
                raise ZeroDivisionError("no exit")
            answer: Signals = super().signals(bars, params)
            return answer

    found = bars_of(walk(300, 1), start=200)
    spec = sweep_of(found, "rsi2", {"exit": [3, 4, 5]})
    strategy = Fragile()
    strategy.__dict__["source_hash"] = registry()["rsi2"].source_hash
    chunk = Evaluator(spec, strategy, [Inputs(found)]).chunk(0, 3)
    assert chunk.failures == {1: "ZeroDivisionError: no exit"}
    assert np.isnan(chunk.values[1]).all() and np.isnan(chunk.returns[1]).all()
    assert not np.isnan(chunk.values[[0, 2], -1]).any()


def test_the_way_that_shares_is_taken_only_where_it_is_the_same() -> None:
    """A second stock, a gap, an ex-date, a policy or a cap make it another account."""
    found = bars_of(walk(100, 3), start=30)
    grid: dict[str, object] = {"fast": [3], "slow": [10]}

    def base(bars: Any = found, **changes: Any) -> evaluate._Base:
        spec = sweep_of(bars, "sma_cross", grid, **changes)
        return Evaluator(spec, registry()["sma_cross"], [Inputs(bars)])._bases[0]

    assert base().simple and base().shares
    assert (
        base().simple
        and not Evaluator(sweep_of(found, "ema_cross", grid), registry()["ema_cross"], [Inputs(found)])._bases[0].shares
    )  # an exponential average does not forget
    assert not base(bars_of(walk(100, 3), start=30, symbols=2)).simple
    assert not base(volume_cap=0.1).simple
    assert not base(costs=CostSpec("zerodha")).simple
    assert not base(fill_at="this_close").simple
    hole = walk(100, 3)
    hole[50] = np.nan
    assert not base(bars_of(hole, walk(100, 3), start=30)).simple


@settings(deadline=None, max_examples=300)
@given(data=st.data(), bars=st.integers(1, 12), never=st.booleans())
def test_plain_bars_are_those_in_which_the_engine_has_nothing_to_look_after(
    data: st.DataObject, bars: int, never: bool
) -> None:
    found = bars_of(walk(bars, 3))
    columns = {name: values.copy() for name, values in found.raw._asdict().items()}
    columns |= {"volume": found.raw_volume.copy(), "factor": found.factor.copy()}
    columns |= {"gap": found.gap.copy(), "member": found.member.copy()}
    if never:
        columns["volume"][:] = 0.0
    odd = st.sampled_from([np.nan, np.inf, -np.inf, -1.0, 0.0, 2.0])
    for _ in range(data.draw(st.integers(0, 2))):
        column = columns[data.draw(st.sampled_from(sorted(columns)))]
        value = data.draw(st.booleans() if column.dtype == np.bool_ else odd)
        column[data.draw(st.integers(0, bars - 1))] = value
    odd_bars = replace(
        found, raw=Prices(*(columns[name] for name in Prices._fields)), raw_volume=columns["volume"],
        factor=columns["factor"], gap=columns["gap"], member=columns["member"],
    )  # fmt: skip
    expected = (
        odd_bars.impossible is None and odd_bars.dealt is odd_bars.raw and not odd_bars.ex_date.any()
        and not np.isnan(odd_bars.raw.open).any() and not np.isnan(odd_bars.raw.close).any()
        and not odd_bars.gap.any() and bool(odd_bars.member.all())
    )  # fmt: skip
    assert bool(shared.plain(*(column[:, 0].copy() for column in columns.values()))) == expected


@settings(deadline=None, max_examples=80)
@given(
    seed=st.integers(0, 10_000), bars=st.integers(1, 400), first=st.integers(0, 399),
    shares=st.sampled_from([0.5, 3.0]), before=st.sampled_from([0.2, 1.0, 4.0]),
    deepest=st.sampled_from([0.0, -0.05, -0.6]),
)  # fmt: skip
def test_the_fall_of_a_held_stretch_is_that_of_its_closes_one_by_one(
    seed: int, bars: int, first: int, shares: float, before: float, deepest: float
) -> None:
    close = walk(bars, seed)
    first = min(first, bars - 1)
    peak, deep = before * shares * close[first], deepest
    expected_peak, expected = peak, deep
    for price in close[first:]:
        expected_peak = max(expected_peak, shares * price)
        expected = min(expected, shares * price / expected_peak - 1.0)
    found = shared.fallen(close, shared.sums_of(close).extremes, first, bars, shares, peak, deep)
    assert found[0] == expected_peak
    assert found[1] == pytest.approx(expected, rel=1e-13, abs=1e-15)


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 10_000),
    bars=st.integers(1, 5_000),
    windows=st.sets(st.integers(1, 3_000), min_size=1, max_size=4),
)
def test_averages_that_share_their_sums_are_the_indicator_to_the_last_bit(
    seed: int, bars: int, windows: set[int]
) -> None:
    close, wanted = walk(bars, seed), np.array(sorted(windows))
    rows = np.empty((wanted.size, bars))
    shared.averages_of(close, wanted, rows)
    for row, window in zip(rows, wanted.tolist(), strict=True):
        np.testing.assert_array_equal(row, sma(close[:, None], window)[:, 0])
