"""Event strategies: the same core, the same fills as the same rule given as signals."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import typeof

from app.engines.backtest import CostSpec, RunResult, Sizing, run
from app.engines.backtest.simulate import larger
from app.engines.backtest.state import new_log
from app.engines.bars import Bars
from app.engines.strategies import Signals
from app.engines.strategies.base import EventStrategy
from tests.engines.backtest.cases import Given, NoParams, spec_of

NAN = np.nan


class Asked(EventStrategy[NoParams]):
    """A function of a test, asked after each bar."""

    display_name = description = hypothesis = when_it_loses = citation = regime = "given by a test"
    params_type = NoParams
    source_hash = "0" * 64  # type: ignore[assignment]  # no source to hash
    id = "given"

    def __init__(self, asked: Any) -> None:
        self.asked = asked

    def warm_up(self, params: NoParams) -> int:
        return 0

    def on_bar(self, context: Any) -> None:
        self.asked(context)


def market(seed: int, bars: int, columns: int, *, holes: bool = False, splits: bool = False) -> Bars:
    random = np.random.default_rng(seed)
    close = np.round(100 * np.exp(np.cumsum(random.normal(0, 0.03, (bars, columns)), axis=0)), 2)
    open_ = np.round(np.vstack([close[:1], close[:-1]]) * np.exp(random.normal(0, 0.01, close.shape)), 2)
    high = np.round(np.maximum(open_, close) * (1 + np.abs(random.normal(0, 0.01, close.shape))), 2)
    low = np.round(np.minimum(open_, close) * (1 - np.abs(random.normal(0, 0.01, close.shape))), 2)
    factor = np.ones(close.shape)
    if splits:
        factor = np.cumprod(np.where(random.random(close.shape) < 0.05, 2.0, 1.0), axis=0)
        factor /= factor[0]
    prices = [array / factor for array in (open_, high, low, close)]
    if holes:
        hole = random.random(close.shape) < 0.1
        for array in prices:
            array[hole] = NAN
    days = np.datetime64("2024-01-01") + np.arange(bars)
    columns_of = {"ABCD"[n]: (*(p[:, n] for p in prices), np.full(bars, 1e6)) for n in range(columns)}
    return Bars.from_ohlcv(days, columns_of, factor=factor)


def both(bars: Bars, signals: Signals, asked: Any, **fields: Any) -> tuple[RunResult, RunResult]:
    spec = spec_of(["given"], **fields)
    vectorised = Given("given", [[False]], [[False]])
    vectorised.answer = signals
    return run(spec, bars, {"given": vectorised}), run(spec, bars, {"given": Asked(asked)})


def same(one: RunResult, other: RunResult) -> None:
    for name in ("trades", "fills", "rejections", "events"):
        mine, theirs = getattr(one, name), getattr(other, name)
        drop = {"intent", "entry_intent", "exit_intent"}
        assert {k: v for k, v in mine.items() if k not in drop} == {k: v for k, v in theirs.items() if k not in drop}
    assert one.equity.tobytes() == other.equity.tobytes()
    assert one.cash.tobytes() == other.cash.tobytes()


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 2**31), columns=st.integers(1, 3), holes=st.booleans(), splits=st.booleans(),
    bps=st.sampled_from([0.0, 10.0]), capital=st.sampled_from([3_000.0, 1e6]), often=st.sampled_from([0.05, 0.5]),
)  # fmt: skip
def test_the_same_rule_gives_the_same_fills_as_signals_and_as_orders(seed, columns, holes, splits, bps, capital, often):
    bars = market(seed, 40, columns, holes=holes, splits=splits)
    random = np.random.default_rng(seed + 1)
    entry, leave = random.random(bars.shape) < often, random.random(bars.shape) < 0.1
    stop = np.where(random.random(bars.shape) < 0.5, bars.close * 0.95, NAN)
    target = np.where(random.random(bars.shape) < 0.5, bars.close * 1.04, NAN)
    trail = np.where(random.random(bars.shape) < 0.3, 0.08, NAN)

    def asked(context: Any) -> None:
        for n in range(columns):
            if context.positions[n] and leave[context.t, n]:
                context.exit(n)
        for n in range(columns):
            if not context.positions[n] and entry[context.t, n]:
                t = context.t
                context.buy(n, stop=stop[t, n], target=target[t, n], trail=trail[t, n])

    signals = Signals(entry, leave, stop=stop, target=target, trail=trail)
    same(*both(bars, signals, asked, costs=CostSpec("bps", bps), initial_capital=capital))


def fills(result: RunResult) -> list[tuple[Any, ...]]:
    columns = (result.fills[name] for name in ("filled_at", "side", "quantity", "price", "reason"))
    return [(int(at[-2:]), *rest) for at, *rest in zip(*columns, strict=True)]


def typed(rows: Any) -> Bars:
    table = np.array(rows, float)
    days = np.datetime64("2024-01-01") + np.arange(len(table))
    return Bars.from_ohlcv(days, {"A": (*table.T, np.full(len(table), 1e6))})


def played(rows: Any, asked: Any, product: str = "CNC", **fields: Any) -> RunResult:
    fields = {"initial_capital": 10_000.0, "sizing": Sizing("quantity", 1)} | fields
    return run(spec_of(["given"], product=product, **fields), typed(rows), {"given": Asked(asked)})


FLAT = (100, 101, 99, 100)


def test_a_position_is_added_to_and_its_stop_raised():
    def asked(context: Any) -> None:
        if context.t in (0, 1):
            context.buy(stop=90.0 + 5 * context.t)

    result = played([FLAT, FLAT, FLAT, (99, 100, 94, 96), FLAT], asked)
    assert fills(result) == [(2, "BUY", 1, 100, "SIGNAL"), (3, "BUY", 1, 100, "SIGNAL"), (4, "SELL", 2, 95, "STOP")]


def test_a_stop_is_moved_while_the_position_is_held():
    def asked(context: Any) -> None:
        if context.t == 0:
            context.buy()
        elif context.t == 3:
            context.protect(stop=98.0)

    result = played([FLAT] * 4 + [(100, 101, 97, 99), FLAT], asked)
    assert fills(result) == [(2, "BUY", 1, 100, "SIGNAL"), (5, "SELL", 1, 98, "STOP")]


def test_what_a_strategy_sees_is_what_was_at_that_close():
    seen: list[Any] = []

    def asked(context: Any) -> None:
        if context.t == 1:
            context.buy(stop=95.0, valid=None)
        seen.append((context.t, context.positions[0], round(context.equity, 2), context.price(), context.resting()))

    played([FLAT, FLAT, (100, 102, 99, 102), (102, 104, 101, 104), (104, 104, 94, 96), FLAT], asked)
    assert seen == [
        (0, 0, 10_000, 100, 0),
        (1, 0, 10_000, 100, 1),
        (2, 1, 10_002, 102, 0),
        (3, 1, 10_004, 104, 0),
        (4, 0, 9_995, 96, 0),
        (5, 0, 9_995, 100, 0),
    ]


def test_orders_at_the_close_and_the_open_make_an_overnight_trade():
    def asked(context: Any) -> None:
        if context.positions[0]:
            context.exit()
        else:
            context.buy(at="close")

    result = played([FLAT, (100, 103, 99, 102), (105, 106, 104, 105), FLAT], asked)
    bought_again = (4, "BUY", 1, 100, "SIGNAL")
    assert fills(result) == [(2, "BUY", 1, 102, "SIGNAL"), (3, "SELL", 1, 105, "SIGNAL"), bought_again]


def test_resting_orders_are_taken_back_and_cancel_each_other():
    def asked(context: Any) -> None:
        if context.t == 0:
            context.buy(limit=97.0, valid=None)
        elif context.t == 2:
            context.cancel(0)
            context.buy(trigger=103.0, valid=None, oco=1)
            context.buy(limit=98.0, valid=None, oco=1)

    result = played([FLAT, FLAT, FLAT, (98, 99, 96, 97), (104, 105, 103, 104), FLAT], asked)
    assert fills(result) == [(4, "BUY", 1, 98, "SIGNAL")]
    assert result.rejections["reason"] == ["ONE_CANCELS_OTHER"]


def test_a_strategy_that_fails_says_where():
    def asked(context: Any) -> None:
        if context.t == 2:
            raise KeyError("momentum")

    with pytest.raises(ValueError, match=r"strategy given stopped at 2024-01-03: KeyError: 'momentum'"):
        played([FLAT] * 4, asked)


@pytest.mark.parametrize(
    ("order", "named"),
    [
        ({"stop": -1.0}, "stop: expected a number above 0"),
        ({"quantity": 0.0}, "quantity: expected a number above 0"),
        ({"quantity": math.nan}, "quantity: expected a number above 0, got nan"),  # not: all that the money pays for
        ({"budget": math.nan}, "budget: expected a number above 0, got nan"),
        ({"limit": math.nan}, "limit: expected a number above 0, got nan"),  # not: at the market
        ({"trigger": math.nan}, "trigger: expected a number above 0, got nan"),
        ({"n": 5}, "n: expected a column from 0 to 0"),
        ({"at": "noon"}, "at: expected open or close"),
        ({"limit": 99.0, "valid": 0}, "valid: expected 1 or more bars"),
    ],
)
def test_an_order_that_cannot_be_is_refused_by_name(order, named):
    with pytest.raises(ValueError, match=named):
        played([FLAT] * 3, lambda context: context.buy(**order))


def test_weights_are_rebalanced_to():
    bars = market(3, 10, 2)

    def asked(context: Any) -> None:
        if context.t in (0, 5):
            context.rebalance({0: 0.5} if context.t == 5 else {0: 0.3, 1: 0.6})

    result = run(spec_of(["given"]), bars, {"given": Asked(asked)})
    assert result.fills["symbol"][:2] == ["A", "B"]
    assert result.trades["open"] == [True, False]
    assert result.exposure[1] == pytest.approx(0.9, abs=0.05)
    assert result.exposure[-1] == pytest.approx(0.5, abs=0.1)


def test_a_strategy_sees_all_instruments_gaps_factors_and_its_share_of_the_account():
    bars = market(5, 6, 2, splits=True)
    bars.gap[2, 1] = True
    seen: list[Any] = []

    def asked(context: Any) -> None:
        seen.append((context.panel(3, "high"), context.gaps(2), context.factor(1), context.book_equity))

    never = np.zeros(bars.shape, bool)
    other = Given("other", never, never)
    spec = spec_of(["given", "other"], allocations=[0.25, 0.5], initial_capital=8_000.0)
    run(spec, bars, {"given": Asked(asked), "other": other})
    for t, (high, gaps, factor, equity) in enumerate(seen):
        assert (high == bars.high[max(0, t - 2) : t + 1]).all() and (gaps == bars.gap[max(0, t - 1) : t + 1]).all()
        assert factor == bars.factor[t, 1] and equity == 2_000.0
    assert len(seen) == 6 and any(gaps.any() for _, gaps, _, _ in seen)


def test_a_short_position_stays_until_it_is_covered():
    # nothing told the loop which shorts to cover, and it read beyond the end of an array for it
    bars = market(7, 300, 3)

    def asked(context: Any) -> None:
        if context.t == 0:
            context.sell_short(2, quantity=10)
        if context.t == 250:
            context.exit(2)

    result = run(spec_of(["given"], product="FUT"), bars, {"given": Asked(asked)})
    columns = zip(result.fills["side"], result.fills["filled_at"], strict=True)
    assert list(columns) == [("SELL", str(bars.sessions[1])), ("BUY", str(bars.sessions[251]))]


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2**31), st.sampled_from([1, 2, None]), st.booleans())
def test_many_buy_stops_at_once_are_those_given_one_after_the_other(seed, valid, splits):
    bars = market(seed, 60, 3, splits=splits)

    def levels(context: Any) -> tuple[Any, Any]:
        closes = np.array([context.price(n) for n in (0, 0, 1, 2)])  # two of one instrument, otherwise alike
        return closes * 1.01, np.where(closes > 100.0, closes * 0.95, NAN)

    def each(context: Any) -> None:
        if context.t % 7 == 3:
            for n, trigger, stop in zip((0, 0, 1, 2), *levels(context), strict=True):
                context.buy(n, quantity=5.0, trigger=trigger, stop=stop, valid=valid)

    def at_once(context: Any) -> None:
        if context.t % 7 == 3:
            trigger, stop = levels(context)
            context.buy_stops(
                np.array([0, 0, 1, 2]), quantity=np.full(4, 5.0), trigger=trigger, stop=stop, valid=valid
            )  # fmt: skip

    spec = spec_of(["given"])
    assert run(spec, bars, {"given": Asked(each)}).canonical == run(spec, bars, {"given": Asked(at_once)}).canonical


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"trigger": np.array([-1.0])}, "trigger"),
        ({"trigger": np.array([NAN])}, "trigger"),
        ({"stop": np.array([np.inf])}, "stop"),
        ({"valid": 0}, "valid"),
        ({"columns": np.array([7])}, "n: expected a column"),
    ],
)
def test_buy_stops_that_cannot_be_are_refused_by_name(change, named):
    order = {
        "columns": np.array([0]), "quantity": np.array([1.0]), "trigger": np.array([101.0]), "stop": np.array([NAN])
    } | change  # fmt: skip
    asked = Asked(lambda context: context.buy_stops(**order))
    with pytest.raises(ValueError, match=named):
        run(spec_of(["given"]), market(1, 20, 1), {"given": asked})


def test_a_larger_log_has_the_types_the_core_was_compiled_for():
    log = new_log(4, 2)
    assert typeof(larger(log, 10)) == typeof(log)


@pytest.mark.parametrize("weight", [math.nan, math.inf, -math.inf])
def test_a_weight_that_is_no_number_is_refused_by_name(weight):
    def asked(context: Any) -> None:
        context.rebalance({0: weight})

    with pytest.raises(ValueError, match=r"weights: expected a number for .*, got"):
        played([FLAT] * 4, asked)


@pytest.mark.parametrize("weight", [1e7, -1e300])
def test_a_weight_beyond_what_can_be_counted_is_refused_by_name_as_one_of_an_array_is(weight):
    def asked(context: Any) -> None:
        context.rebalance({0: weight})

    with pytest.raises(
        ValueError, match=r"weights: expected a fraction of the equity, 1e\+06 times of it at most, for"
    ):
        played([FLAT] * 4, asked)


def test_an_exit_of_an_unknown_size_is_refused_by_name():
    def asked(context: Any) -> None:
        if context.t == 0:
            context.buy(quantity=2.0)
        elif context.t == 2:
            context.exit(quantity=math.nan)

    with pytest.raises(ValueError, match="quantity: expected a number above 0, got nan"):
        played([FLAT] * 4, asked)
