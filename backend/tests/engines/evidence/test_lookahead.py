"""The look-ahead proof: what it says of strategies that are honest, broken, silent or random, and of shipped ones."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engines.backtest import run
from app.engines.bars import Bars
from app.engines.evidence.lookahead import (
    LEAK,
    MALFORMED,
    NO_DECISIONS,
    PASSED,
    RAISED,
    UNSTEADY,
    Proof,
    deciding,
    prove,
    prove_of,
    prove_on,
)
from app.engines.evidence.lookahead_panel import LISTED, SYMBOLS, market, perturbed
from app.engines.strategies import Signals, Weights
from app.engines.strategies.base import EventStrategy
from app.engines.strategies.registry import registry
from tests.engines.backtest.cases import NAN, Given, NoParams, spec_of
from tests.engines.evidence.museum import leaks as museum
from tests.engines.evidence.museum import markets as m
from tests.engines.evidence.museum.leaks import Exhibit, enter, later

ALL = sorted(registry())
SMALL = market(60)


def proof_of(signals: Any, bars: Bars = SMALL) -> Proof:
    """The proof of a function from bars to an answer."""
    kind = type("Asked", (Exhibit,), {"signals": lambda self, bars, params: signals(bars)})
    return prove_of(deciding(kind(), NoParams()), bars)


# ---- shipped strategies


@pytest.mark.parametrize("name", ALL)
def test_no_shipped_strategy_is_accused_at_its_defaults(name: str):
    strategy = registry()[name]
    proof = prove(strategy, strategy.params())
    assert proof.outcome == PASSED, proof.sentence
    assert proof.tested["truncations"] == proof.tested["bars"] >= 400
    assert sum(proof.tested["decisions"].values()) > 0


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("draw", range(3))
def test_no_shipped_strategy_is_accused_at_parameters_drawn_at_random(name: str, draw: int):
    strategy = registry()[name]
    random = np.random.default_rng([draw, *name.encode()])
    for _ in range(100):
        values = {}
        for field, about in strategy.params_schema()["properties"].items():
            if about["type"] == "integer":
                values[field] = int(random.integers(about["minimum"], min(about["maximum"], 60) + 1))
            elif about["type"] == "number":
                values[field] = float(random.uniform(about["minimum"], about["maximum"]))
        try:
            params = strategy.params(values)
        except ValueError:
            continue  # these do not go together
        proof = prove(strategy, params, seed=draw)
        assert proof.outcome in (PASSED, NO_DECISIONS), f"{values}: {proof.sentence}"
        return
    pytest.fail("no parameters that go together were drawn")


# ---- outcomes of their own


def test_a_strategy_that_stops_on_short_history_is_not_passed():
    def signals(bars: Bars) -> Signals:
        if bars.shape[0] < 10:
            raise IndexError("too short")
        return enter(bars.close > 0.0)

    proof = proof_of(signals)
    assert proof.outcome == RAISED and not proof.passed
    assert "on the first 1 bars: IndexError: too short" in proof.sentence


def test_a_leak_is_told_even_where_the_strategy_also_stops():
    def signals(bars: Bars) -> Signals:
        if bars.shape[0] < 10:
            raise IndexError("too short")
        return enter(later(bars.close, 1) > bars.close)

    proof = proof_of(signals)
    assert proof.outcome == LEAK and proof.findings[0].bar >= 9


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda bars: None, "signals answered NoneType, expected Signals or Weights"),
        (lambda bars: enter(np.zeros((3, 3), bool)), "entry is bool of shape (3, 3), expected bool of shape (60, 7)"),
        (lambda bars: enter(bars.close * 0.0), "entry is float64 of shape (60, 7), expected bool"),
        (lambda bars: Weights(np.zeros(60)), "target is float64 of shape (60,), expected float64 of shape (60, 7)"),
        (
            lambda bars: enter(bars.close > 0, short=enter(bars.close > 0, rank=bars.close > 0)),
            "short.rank is bool of shape",
        ),
    ],
)
def test_an_answer_of_the_wrong_shape_or_type_is_named(answer: Any, words: str):
    proof = proof_of(answer)
    assert proof.outcome == MALFORMED and words in proof.sentence


def test_randomness_without_a_seed_is_told_from_look_ahead():
    random = np.random.default_rng(1)
    proof = proof_of(lambda bars: enter(random.random(bars.shape) > 0.5))
    assert proof.outcome == UNSTEADY and not proof.findings


def test_a_strategy_that_decides_nothing_is_not_passed():
    proof = proof_of(lambda bars: enter(bars.close < 0.0, target=bars.close))
    assert proof.outcome == NO_DECISIONS
    assert proof.tested["decisions"] == {"entry": 0, "exit": 0}


def test_a_strategy_that_writes_into_its_bars_is_named():
    def signals(bars: Bars) -> Signals:
        bars.raw.close[-1] = 1.0
        return enter(bars.raw.open > 0.0)

    bars = replace(SMALL, raw=type(SMALL.raw)(*(prices.copy() for prices in SMALL.raw)))
    proof = proof_of(signals, bars)
    assert proof.outcome == MALFORMED and "wrote into the bars" in proof.sentence


def test_a_port_that_is_not_there_is_named():
    proof = proof_of(lambda bars: enter(bars.ports["weather"].at(bars.decided_at) > 0.0))
    assert proof.outcome == RAISED and "there is no data port 'weather'" in proof.sentence


def test_a_field_that_comes_and_goes_is_a_finding():
    def signals(bars: Bars) -> Signals:
        return enter(bars.close > 0.0, rank=bars.close if bars.shape[0] > 30 else None)

    found = proof_of(signals).findings[0]
    assert (found.field, found.symbol, found.then, found.hindsight, found.bar) == ("rank", None, "absent", "given", 0)


def test_a_scalar_that_depends_on_the_length_is_a_finding():
    found = proof_of(lambda bars: enter(bars.close > 0.0, hold=bars.shape[0])).findings[0]
    assert (found.field, found.bar, found.then, found.hindsight) == ("hold", 0, 1, 60)


def test_the_last_digit_counts():
    # a mean of all bars taken off and put back again: a rounding that depends on how many bars there are
    proof = proof_of(lambda bars: enter(bars.close > 0.0, rank=bars.close - bars.close[0] * (bars.shape[0] * 1e-16)))
    found = proof.findings[0]
    assert proof.outcome == LEAK and found.field == "rank"
    assert found.then == pytest.approx(found.hindsight, rel=1e-12) and found.then != found.hindsight


def test_the_report_says_on_what_it_was_tested_and_proves_nothing_in_the_absolute():
    proof = proof_of(lambda bars: enter(bars.ports["fundamentals.eps"].at(bars.decided_at) > 0.0))
    assert proof.outcome == PASSED and proof.tested["ports"] == ["fundamentals.eps"]
    told = proof.to_dict()
    assert set(told) == {"outcome", "sentence", "findings", "tested"}
    assert told["tested"]["bars"] == 60 and told["tested"]["truncations"] == 60 and told["tested"]["version"]
    assert "60 bars of 7 instruments" in told["sentence"] and "prove" not in told["sentence"].lower()


# ---- fills


def test_a_limit_at_the_close_of_its_own_bar_is_never_filled_in_that_bar():
    # bought at the low of the day it was decided on: the order lives from the next bar on, which opens at 9
    bars = m.two()
    entry = np.zeros(bars.shape, bool)
    entry[5, 0] = True  # A closes at 9, its lowest
    strategy = Given("given_0", entry, np.zeros(bars.shape, bool))
    strategy.answer = Signals(entry=entry, exit=strategy.answer.exit, limit=bars.close)
    result = run(spec_of(["given_0"]), bars, {"given_0": strategy})
    assert result.fills["decided_at"] == [str(bars.sessions[5])]
    assert result.fills["filled_at"] == [str(bars.sessions[6])]
    assert proof_of(lambda bars: enter(bars.close > 0.0, limit=bars.close)).outcome == PASSED


# ---- event strategies


class Breakout(EventStrategy[NoParams]):
    """Buys above the highest close of twenty bars, sells below the lowest; looks one bar ahead where told to."""

    id = "breakout"
    display_name = description = hypothesis = when_it_loses = citation = regime = "given by a test"
    params_type = NoParams

    def __init__(self, ahead: int = 0) -> None:
        self.ahead = ahead

    def warm_up(self, params: NoParams) -> int:
        return 20

    def on_bar(self, context: Any) -> None:
        for n in range(len(context.symbols)):
            past = context.history(20, n)[:-1]
            close = context._run.bars.close
            price = close[min(context.t + self.ahead, len(close) - 1), n]
            if not context.positions[n] and price > past.max():
                context.buy(n, stop=0.9 * price)
            elif context.positions[n] and price < past.min():
                context.exit(n)


def test_an_event_strategy_is_judged_by_its_orders():
    proof = prove(Breakout(), NoParams())
    assert proof.outcome == PASSED and proof.tested["decisions"]["orders"] > 10


def test_an_event_strategy_that_looks_ahead_is_caught_at_its_order():
    proof = prove(Breakout(ahead=1), NoParams())
    found = proof.findings[0]
    assert proof.outcome == LEAK and (found.field, found.probe) == ("orders", "truncation")
    assert found.hindsight != found.then and "orders of" in proof.sentence


def test_an_event_strategy_that_stops_is_not_passed():
    class Stops(Breakout):
        def on_bar(self, context: Any) -> None:
            raise KeyError("nothing")

    assert prove(Stops(), NoParams()).outcome == RAISED


# ---- on the bars of a run


def test_on_data_rebalances_are_cut_at_and_a_leak_is_named():
    bars = market(300, seed=4)
    proof = prove_on(museum.MonthEndByCalendar(), NoParams(), bars)
    assert proof.outcome == PASSED, proof.sentence
    assert proof.tested["rebalances"] == proof.tested["rebalances_tested"] > 10

    leak = prove_on(museum.MonthEndByNextBar(), NoParams(), bars)
    months = bars.sessions.astype("datetime64[M]")
    ends = np.flatnonzero(months[1:] != months[:-1])
    # the last session of the first month, but where nothing was traded
    assert leak.outcome == LEAK and leak.findings[0].probe == "data"
    assert (leak.findings[0].bar, leak.findings[0].field) == (ends[0], "target")
    assert leak.findings[0].cut == ends[0]


def test_on_data_a_part_of_the_rebalances_is_told_as_one():
    bars = market(300, seed=4)
    proof = prove_on(museum.MembersAsKnown(), NoParams(), bars, cells=300 * 7 * 10)
    assert proof.outcome == PASSED
    assert 0 < proof.tested["rebalances_tested"] < proof.tested["rebalances"]
    assert f"{proof.tested['rebalances_tested']} of {proof.tested['rebalances']} rebalances" in proof.sentence


def test_on_data_signals_are_cut_at_seeded_bars():
    proof = prove_on(museum.ShiftedByMinusOne(), NoParams(), market(300, seed=4))
    assert proof.outcome == LEAK and proof.findings[0].bar == proof.findings[0].cut
    assert prove_on(museum.TrailingWindow(), NoParams(), market(300, seed=4)).tested["truncations"] == 6


# ---- the generated market


@settings(deadline=None, max_examples=25)
@given(bars=st.integers(40, 300), seed=st.integers(0, 2**31), timeframe=st.sampled_from(["1d", "15m", "5m", "1h"]))
def test_the_market_has_what_it_is_for(bars: int, seed: int, timeframe: str):
    panel = market(bars, timeframe=timeframe, seed=seed)
    close, volume = panel.raw.close, panel.raw_volume
    assert panel.shape == (bars, 7) and panel.symbols[:-1] == SYMBOLS[:-1]
    assert np.isnan(close[: bars // 3, LISTED]).all() and not np.isnan(close[-1, LISTED])
    assert np.isnan(close[-1, SYMBOLS.index("DELISTED")])
    assert timeframe != "1d" or (panel.factor[-1] > panel.factor[0]).any()
    assert panel.gap.any() and panel.member.any() and not panel.member.all()
    assert (np.diff(close[:, SYMBOLS.index("FLAT")]) == 0.0).any()
    traded = ~np.isnan(close)
    low, high = panel.raw.low[traded], panel.raw.high[traded]
    assert (low <= np.minimum(panel.raw.open[traded], close[traded])).all() and (low > 0.0).all()
    assert (high >= np.maximum(panel.raw.open[traded], close[traded])).all()
    assert (np.isnan(volume) == np.isnan(close)).all()


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 2**31), cut=st.integers(0, 118), timeframe=st.sampled_from(["1d", "15m"]))
def test_another_future_has_the_same_past(seed: int, cut: int, timeframe: str):
    panel = market(120, timeframe=timeframe, seed=seed)
    other = perturbed(panel, cut, np.random.default_rng(seed))
    ours, theirs = panel.up_to(cut + 1), other.up_to(cut + 1)
    for name in ("sessions", "raw_volume", "factor", "gap", "member", "close", "open", "high", "low"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))
    assert ours.symbols == theirs.symbols
    daily = ("stored.turnover", "stored.index_close") if timeframe == "1d" else ()
    for port in ("members", "fundamentals.eps", *daily):
        np.testing.assert_array_equal(ours.ports[port].at(ours.decided_at), theirs.ports[port].at(ours.decided_at))
    if cut < 90:
        assert not np.array_equal(panel.close[cut + 1 :], other.close[cut + 1 :], equal_nan=True)


def test_ports_are_cut_with_the_bars_and_narrowed_with_their_columns():
    bars = market(80)
    table = bars.up_to(40).ports["members"]
    assert (table.known_at <= bars.decided_at[39]).all() and table.known_at.size < bars.ports["members"].known_at.size
    narrow = bars.columns([2, 0])
    np.testing.assert_array_equal(
        narrow.ports["members"].at(bars.decided_at), bars.ports["members"].at(bars.decided_at)[:, [2, 0]]
    )
    assert narrow.up_to(10).symbols == ("HOLES", "FORMER") and bars.up_to(79).symbols[0] == "TREND"


def test_figures_are_those_last_stated_of_the_latest_period_known():
    # period 1 known at bar 2, restated at bar 5; period 3 known at bar 4: from then on period 3 counts
    bars = m.figures((0, 1, 2, 8.0), (0, 1, 5, 30.0), (0, 3, 4, 9.0), (1, 1, 2, 7.0), (1, 1, 3, 6.0))
    found = bars.ports["fundamentals.eps"].at(bars.decided_at)
    np.testing.assert_array_equal(found[:, 0], [NAN, NAN, 8, 8, 9, 9, 9, 9])
    np.testing.assert_array_equal(found[:, 1], [NAN, NAN, 7, 6, 6, 6, 6, 6])


def test_a_daily_bar_is_out_after_its_day():
    bars = m.hours()
    assert bars.ports["daily"].rows(bars.decided_at).tolist() == [-1, -1, -1, 0, 0, 0]
    assert bars.up_to(3).ports["daily"].bars.shape[0] == 0 and bars.up_to(4).ports["daily"].bars.shape[0] == 1
