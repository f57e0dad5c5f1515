"""Every short way through the engine gives the bytes of the long one: quiet bars, bars of market orders, checkpoints.

The long way is the core's own, bar by bar: an account that says that a position is under guard, though none is, takes
it at every bar.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engines.backtest import CostSpec, Sizing, event, loop, result, run
from app.engines.backtest.account import GUARDED, SESSION, UNSETTLED
from app.engines.backtest.arrays import decisions_of, market_of, rules_of
from app.engines.backtest.core import DECISIONS, EVENTS, FILLS, REJECTIONS
from app.engines.backtest.exchange import Exchange
from app.engines.backtest.orders import Product, Refusal
from app.engines.backtest.simulate import Outcome, simulate
from app.engines.backtest.state import new_account, new_log, new_orders
from app.engines.backtest.stretches import Stretches, plain
from app.engines.bars import Bars
from app.engines.policy import Policy
from app.engines.strategies import Signals
from app.engines.strategies.base import Weights
from tests.engines.backtest.cases import run_given, spec_of
from tests.engines.backtest.test_event import Asked, market

BARS = 60
PROPERTY = settings(deadline=None, max_examples=120)


def signals(random: np.random.Generator, bars: Bars) -> Signals:
    """Random entries at the market, some with a rank, in half of the strategies some with levels to leave at."""

    def some(share: float, values: Any) -> np.ndarray:
        return np.where(random.random(bars.shape) < share, values, np.nan)

    often, levels = random.choice([0.02, 0.3]), 0.3 * (random.random() < 0.5)
    return Signals(
        random.random(bars.shape) < often,
        random.random(bars.shape) < often / 2,
        rank=some(0.5, np.round(random.random(bars.shape), 1)),
        stop=some(levels, bars.close * 0.99),
        target=some(levels, bars.close * 1.03),
        trail=some(levels, 0.02),
        hold=4 if random.random() < levels else None,
    )


def weights(random: np.random.Generator, bars: Bars) -> Weights:
    """Random targets on a tenth of the bars."""
    target = random.random(bars.shape) * (random.random(bars.shape) < 0.6) / bars.shape[1]
    target[random.random(len(target)) > 0.1] = np.nan
    return Weights(target, rank=np.round(random.random(bars.shape), 1))


@st.composite
def questions(draw: st.DrawFn) -> dict[str, Any]:
    seed, columns = draw(st.integers(0, 2**31)), draw(st.integers(1, 4))
    bars = market(seed, BARS, columns, holes=draw(st.booleans()), splits=draw(st.booleans()))
    random = np.random.default_rng(seed + 7)
    bars = replace(bars, member=random.random(bars.shape) < draw(st.sampled_from([1.0, 0.9])))
    kinds = draw(st.lists(st.sampled_from(["signals", "short", "weights"]), min_size=1, max_size=3))
    banded = draw(st.booleans()) and "short" not in kinds
    answers = [weights(random, bars) if kind == "weights" else signals(random, bars) for kind in kinds]
    for i, kind in enumerate(kinds):
        if kind == "short":
            answers[i] = replace(answers[i], short=signals(random, bars))
    exchange, row = None, np.ones((1, columns))
    if banded:
        before = np.vstack([bars.raw.close[:1], bars.raw.close[:-1]])
        exchange = replace(
            Exchange.none(columns, np.ones(BARS, bool)), version="random", tick=0.05 * row, lower=before * 0.95,
            upper=before * 1.05, delivered=random.random(bars.shape) < 0.1,
        )  # fmt: skip
    policy = Policy(max_equity_exposure_percent=60.0, daily_stop_loss_percent=-2.0)
    sizes = [Sizing(), Sizing("quantity", 5), Sizing("value", 3_000.0)]
    spec = {
        "costs": draw(st.sampled_from([CostSpec(), CostSpec("bps", 20), CostSpec("zerodha"), CostSpec("fyers")])),
        "slippage_bps": draw(st.sampled_from([0.0, 15.0])),
        "impact_bps": draw(st.sampled_from([0.0, 50.0])),
        "volume_cap": draw(st.sampled_from([None, 1e-5])),
        "unfilled": draw(st.sampled_from(["cancel", "carry"])),
        "settle_next_session": draw(st.booleans()),
        "max_positions": draw(st.sampled_from([None, 2])),
        "sizing": draw(st.sampled_from(sizes)),
        "policy": draw(st.sampled_from([None, policy])),
        "initial_capital": draw(st.sampled_from([2_000.0, 100_000.0])),
        "market_rules": "none" if exchange is None else "random",
    }
    product = draw(st.sampled_from([Product.CNC, Product.CNC, Product.MIS]))
    return {"bars": bars, "answers": answers, "exchange": exchange, "spec": spec, "product": product}


@st.composite
def plain_questions(draw: st.DrawFn) -> dict[str, Any]:
    """One instrument, orders at the market, nothing but money to limit them: what is done in stretches."""
    seed, splits = draw(st.integers(0, 2**31)), draw(st.sampled_from([False, False, False, True]))
    bars = market(seed, BARS, 1, holes=draw(st.sampled_from([False, False, True])), splits=splits)
    random = np.random.default_rng(seed + 7)
    often = draw(st.sampled_from([0.03, 0.3, 0.9]))
    answer = Signals(
        random.random(bars.shape) < often,
        random.random(bars.shape) < draw(st.sampled_from([0.0, 0.1, 0.5])),
        rank=random.random(bars.shape) if draw(st.booleans()) else None,
        stop=np.full(bars.shape, np.nan) if draw(st.sampled_from([False, False, False, True])) else None,
        hold=draw(st.sampled_from([None, None, None, 3])),
        valid=draw(st.sampled_from([1, 5])),
    )
    sizes = [Sizing(), Sizing("quantity", 5), Sizing("value", 3_000.0)]
    about_one = float(bars.raw.open[np.isfinite(bars.raw.open)][-1]) * draw(st.sampled_from([1.0, 1.001, 1.02]))
    sizes += [Sizing("value", 60.0), Sizing("value", about_one), Sizing("equity_per_position")]
    costs = draw(st.sampled_from([CostSpec(), CostSpec("bps", 20), CostSpec("bps", 300), CostSpec("zerodha")]))
    spec = {
        "costs": costs,
        "slippage_bps": draw(st.sampled_from([0.0, 15.0])),
        "settle_next_session": draw(st.sampled_from([False, False, False, True])),
        "max_positions": draw(st.sampled_from([1, 3])),
        "sizing": draw(st.sampled_from(sizes)),
        "fractional": draw(st.booleans()) and costs.plan != "zerodha",
        "initial_capital": draw(st.sampled_from([90.0, 2_000.0, 100_000.0, 1e7])),
        "market_rules": "none",
    }
    bars = replace(bars, start=draw(st.sampled_from([0, 0, 7, BARS - 1])))
    return {"bars": bars, "answers": [answer], "exchange": None, "spec": spec, "product": Product.CNC}


def outcome_of(question: dict[str, Any], long_way: bool) -> tuple[Outcome, bool]:
    """What becomes of a question, and whether all of it is plain."""
    bars, answers = question["bars"], question["answers"]
    spec = spec_of([f"book_{i}" for i in range(len(answers))], **question["spec"])
    decisions = decisions_of(spec, bars, answers, [question["product"]] * len(answers))
    rules, at_market = rules_of(spec, bars, question["exchange"]), market_of(bars, None, question["exchange"])
    if not long_way:
        outcome = simulate(at_market, decisions, rules, capital=spec.initial_capital, start=bars.start)
        return outcome, plain(at_market, decisions, rules)
    account, orders = new_account(spec.initial_capital, 1, 1), new_orders(8)
    log, curves = new_log(8192, 1), loop.new_curves(BARS, bars.start)
    account.clock[GUARDED] += 1
    loop.run_bars(bars.start, BARS, at_market, decisions, account, orders, rules, log, curves, False)
    account.clock[GUARDED] -= 1
    return Outcome(account, orders, curves, log), False


def bytes_of(outcome: Outcome, start: int) -> dict[str, bytes]:
    """All that a result can be made of."""
    kept = {f"account.{k}": v for k, v in outcome.account._asdict().items() if isinstance(v, np.ndarray)}
    used = outcome.log.used
    rows = {"fills": FILLS, "components": FILLS, "rejections": REJECTIONS, "events": EVENTS, "decisions": DECISIONS}
    kept |= {f"log.{name}": getattr(outcome.log, name)[: used[count]] for name, count in rows.items()}
    kept |= {f"curves.{name}": getattr(outcome.curves, name) for name in ("equity", "cash", "holdings", "state")}
    kept |= {"log.used": used, "orders": outcome.orders.rows[: outcome.orders.size[0]], "trades": outcome.trades}
    kept |= {f"traded.{name}": np.asarray(values) for name, values in outcome.traded._asdict().items()}
    kept |= {f"exposures.{i}": np.array(m.value) for i, m in enumerate(outcome.curves.exposures(start, None))}
    return {name: np.ascontiguousarray(values).tobytes() for name, values in kept.items()}


@PROPERTY
@given(plain_questions())
def test_held_and_flat_stretches_are_those_of_the_core(question):
    short, is_plain = outcome_of(question, False)
    long, _ = outcome_of(question, True)
    if short.account.clock[SESSION] != long.account.clock[SESSION]:  # quiet bars, as below
        short.account.clock[SESSION], short.account.locked[UNSETTLED] = long.account.clock[SESSION], 0.0
    spec, answer, bars = question["spec"], question["answers"][0], question["bars"]
    # where something else than money can limit an order the core does it
    kept_out = spec["costs"].plan == "zerodha" or spec["settle_next_session"] or answer.stop is not None or answer.hold
    assert is_plain == (not kept_out and not bars.ex_date.any())
    assert not isinstance(short.curves, Stretches) or is_plain
    assert isinstance(short.curves, Stretches) or not is_plain or np.isnan(bars.raw.close).any()
    got, expected = bytes_of(short, bars.start), bytes_of(long, bars.start)
    assert [name for name in expected if got[name] != expected[name]] == []


def test_a_share_that_its_charges_alone_keep_away_is_named_as_by_the_core():
    bars = market(3, BARS, 1)
    whole = float(bars.raw.open[6, 0])  # pays for one share at the open after the signal, and not for the charges on it
    given = Signals(np.arange(BARS)[:, None] == 5, np.zeros(bars.shape, bool))
    spec = {"costs": CostSpec("bps", 20), "sizing": Sizing("value", whole), "initial_capital": 10_000.0}
    question = {"bars": bars, "answers": [given], "exchange": None, "spec": spec, "product": Product.CNC}
    short, long = outcome_of(question, False)[0], outcome_of(question, True)[0]
    assert isinstance(short.curves, Stretches)
    assert [Refusal(row["reason"]) for row in long.log.rejections[:1]] == [Refusal.CHARGES]
    assert bytes_of(short, 0)["log.rejections"] == bytes_of(long, 0)["log.rejections"]


@pytest.mark.parametrize("bars", [1, 7, 8, 9, 127, 128, 129, 1023, 1025, 2047, 20_001])
def test_the_mean_exposure_of_stretches_is_numpys_to_the_last_bit(bars):
    prices = market(bars, bars, 1)
    draw = np.random.default_rng(bars)
    answer = Signals(draw.random(prices.shape) < 0.1, draw.random(prices.shape) < 0.05)
    question = {"bars": prices, "answers": [answer], "exchange": None, "spec": {}, "product": Product.CNC}
    curves = outcome_of(question, False)[0].curves
    assert isinstance(curves, Stretches)
    assert curves.exposures(0, None).net.value == float(np.mean(curves.holdings / curves.equity))
    assert curves.exposures(0, None).time_in_market.value == np.count_nonzero(curves.holdings) / bars


def walked(question: dict[str, Any], long_way: bool) -> dict[str, bytes]:
    """The bytes of all that a run leaves: the log, the curves, the account and what rests."""
    bars, exchange, answers = question["bars"], question["exchange"], question["answers"]
    spec = spec_of([f"book_{i}" for i in range(len(answers))], **question["spec"])
    books, columns = len(answers), bars.shape[1]
    account, orders = new_account(spec.initial_capital, books, columns), new_orders(8 * books * columns)
    log, curves = new_log(8192, columns), loop.new_curves(BARS)
    account.clock[GUARDED] += long_way
    decisions = decisions_of(spec, bars, answers, [question["product"]] * books)
    rules, at_market = rules_of(spec, bars, exchange), market_of(bars, None, exchange)
    assert loop.run_bars(0, BARS, at_market, decisions, account, orders, rules, log, curves, False) == BARS
    account.clock[GUARDED] -= long_way
    if account.clock[SESSION] != at_market.session[-1]:  # quiet bars: the clock, and what it frees, wait for the next
        account.clock[SESSION], account.locked[UNSETTLED] = at_market.session[-1], 0.0
    kept = {f"account.{k}": v for k, v in account._asdict().items() if isinstance(v, np.ndarray)}
    rows = {"fills": FILLS, "components": FILLS, "rejections": REJECTIONS, "events": EVENTS, "decisions": DECISIONS}
    kept |= {f"log.{name}": getattr(log, name)[: log.used[count]] for name, count in rows.items()}
    kept |= {f"curves.{name}": values for name, values in curves._asdict().items()}
    kept |= {"log.used": log.used, "orders": orders.rows[: orders.size[0]]}
    return {name: np.ascontiguousarray(values).tobytes() for name, values in kept.items()}


@PROPERTY
@given(questions())
def test_quiet_bars_and_bars_of_market_orders_are_those_of_the_core(question):
    short, long = walked(question, False), walked(question, True)
    assert [name for name in long if short[name] != long[name]] == []


@pytest.mark.parametrize("ahead", [1, 3, 4096])
def test_how_far_the_core_runs_ahead_of_an_event_strategy_changes_nothing(monkeypatch, ahead):
    bars = market(11, 300, 2, holes=True, splits=True)
    draw = np.random.default_rng(12)
    buys, limits = draw.random(bars.shape) < 0.04, draw.random(bars.shape) < 0.3

    def asked(context: Any) -> None:
        t = context.t
        for n in range(2):
            if buys[t, n] and not context.positions[n] and not np.isnan(bars.close[t, n]):
                limit = bars.close[t, n] * 0.99 if limits[t, n] else None
                context.buy(
                    n, quantity=3, limit=limit, valid=4, stop=bars.close[t, n] * 0.93, target=bars.close[t, n] * 1.05
                )
        if t % 50 == 49:
            context.cancel()

    spec = spec_of(["given"], costs=CostSpec("zerodha"))
    usual = run(spec, bars, {"given": Asked(asked)})
    assert len(usual.trades["symbol"]) > 5
    for name in ("FIRST_AHEAD", "LEAST_AHEAD", "MOST_AHEAD"):
        monkeypatch.setattr(event, name, ahead)
    assert run(spec, bars, {"given": Asked(asked)}).digest == usual.digest


def test_long_curves_are_written_as_bytes_and_read_back_to_the_last_bit(monkeypatch):
    bars = market(5, BARS, 1)
    entry = np.zeros(bars.shape, bool)
    entry[[3, 30]] = True
    written = json.loads(run_given(bars, (entry, np.roll(entry, 9, axis=0))).to_canonical())
    assert written["equity"] == result.decoded(written)["equity"]  # short: as lists, as every run before
    monkeypatch.setattr(result, "LONG", 10)
    packed = json.loads(run_given(bars, (entry, np.roll(entry, 9, axis=0))).to_canonical())
    assert packed["equity"]["dtype"] == "<f8" and packed["state"] == {"repeated": "UNCONSTRAINED", "count": BARS}
    read = result.decoded(packed)
    assert [at[:10] for at in read.pop("sessions")] == written.pop("sessions")
    assert read == {name: value for name, value in written.items() if name != "sessions"}
