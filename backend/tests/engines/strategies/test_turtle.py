"""The Turtle system on bars typed by hand, and its memory of breakouts beside a plain recalculation."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engines.backtest import CostSpec, RunResult, RunSpec, UniverseSpec, book_of, run
from app.engines.bars import Bars
from app.engines.strategies.registry import registry
from app.engines.strategies.turtle_state import Windows, follow, nothing_seen
from tests.engines.strategies.panels import NAN, panel_of, sessions_of
from tests.engines.strategies.plain_turtle import PlainTurtle

Row = tuple[float, float, float, float]
DAYS = sessions_of("2023-01-02", "2024-12-31")
SHORT = {"entry": 5, "exit": 3, "long_entry": 10, "long_exit": 5, "window": 2, "risk": 0.001}
# twelve bars from 99 to 101: N is 2, the channel ends at 101, and a unit is 0.1 % of 100,000 over 2: 50 shares
QUIET: list[Row] = [(100.0, 101.0, 99.0, 100.0)] * 12


def typed(rows: list[Row], **fields: Any) -> Bars:
    table = np.array(rows, float)
    return panel_of(DAYS[: len(rows)], ("A",), tuple(table[:, i : i + 1] for i in range(4)), **fields)


def ran(bars: Bars, **params: Any) -> RunResult:
    spec = RunSpec(
        books=(book_of(registry()["turtle"], SHORT | params),),
        universe=UniverseSpec(index="HAND MADE"),
        start=date(2023, 1, 1),
        end=date(2025, 1, 1),
        data_root="hand made",
        initial_capital=100_000.0,
        costs=CostSpec("none"),
    )
    return run(spec, bars, registry())


def fills(bars: Bars, **params: Any) -> list[tuple[Any, ...]]:
    """(bar, side, quantity, price, reason) of each fill."""
    found = ran(bars, **params).fills
    at = {str(day): t for t, day in enumerate(bars.sessions)}
    columns = (found[name] for name in ("filled_at", "side", "quantity", "price", "reason"))
    return [(at[day], *rest) for day, *rest in zip(*columns, strict=True)]


RISE: list[Row] = [
    (100.5, 101.5, 100.2, 101.4),  # 12: through 101.05; the second unit waits at 102.05, half an N higher
    (101.5, 102.6, 101.3, 102.5),  # 13: there it is; the third and fourth wait at 103.05 and 104.05
    (103.5, 104.2, 103.2, 104.0),  # 14: the open is beyond 103.05; 104.05 is reached later
    (104.0, 104.1, 103.0, 103.5),  # 15: nothing; the low of three bars is 101.3
    (103.0, 103.2, 101.0, 101.5),  # 16: through 101.25, a tick below it
]
RISE_FILLS = [
    (12, "BUY", 50, 101.05, "SIGNAL"), (13, "BUY", 50, 102.05, "SIGNAL"), (14, "BUY", 50, 103.5, "SIGNAL"),
    (14, "BUY", 50, 104.05, "SIGNAL"), (16, "SELL", 200, 101.25, "STOP"),
]  # fmt: skip
AFTER: Row = (101.5, 101.6, 101.4, 101.5)


def test_a_breakout_is_bought_added_to_and_left_at_the_low_of_the_exit_channel():
    assert fills(typed([*QUIET, *RISE, AFTER])) == RISE_FILLS


def test_orders_that_did_not_fill_are_no_refusals_and_rest_for_one_bar():
    assert ran(typed([*QUIET, *RISE, AFTER])).rejections["reason"] == []
    # the channel of five bars has come down to 100 by bar 18: the order above 101 does not rest any more
    lower: list[Row] = [(99.9, 100.0, 99.5, 99.8)] * 5
    found = fills(typed([*QUIET, *lower, (99.8, 100.2, 99.6, 100.1), QUIET[0]]), units=1)
    assert [row[:2] + row[3:4] for row in found[:1]] == [(17, "BUY", 100.05)]


def test_no_more_units_than_allowed_and_none_where_the_price_does_not_rise():
    assert [row[0] for row in fills(typed([*QUIET, *RISE, AFTER]), units=2)] == [12, 13, 16]
    assert [row[0] for row in fills(typed([*QUIET, *RISE, AFTER]), step=5.0)] == [12, 16]


def test_an_open_beyond_the_breakout_fills_there():
    rows = [*QUIET, (101.5, 101.9, 101.4, 101.8), AFTER]
    assert fills(typed(rows))[0] == (12, "BUY", 50, 101.5, "SIGNAL")
    far = [*QUIET, (102.3, 102.4, 102.2, 102.3), AFTER]  # beyond the second unit's 102.05, too
    assert fills(typed(far))[:2] == [(12, "BUY", 50, 102.3, "SIGNAL")] * 2


def test_a_touch_of_the_high_is_no_breakout():
    assert fills(typed([*QUIET, (100.0, 101.0, 99.0, 100.5), QUIET[0]])) == []
    assert fills(typed([*QUIET, (100.0, 101.04, 99.0, 100.5), QUIET[0]])) == []


def test_the_stop_lies_two_n_below_the_latest_entry_and_rises_with_it():
    # with a stop of half an N, 1 below: 100.05, above the channel's 98.95, and 101.05 after the second unit
    first = [*QUIET, (100.5, 101.5, 100.2, 101.4), (101.4, 101.5, 100.0, 100.1), QUIET[0]]
    assert fills(typed(first), stop=0.5) == [(12, "BUY", 50, 101.05, "SIGNAL"), (13, "SELL", 50, 100.05, "STOP")]
    second = [*QUIET, *RISE[:2], (102.4, 102.5, 101.0, 101.1), QUIET[0]]
    assert fills(typed(second), stop=0.5)[2] == (14, "SELL", 100, 101.05, "STOP")
    same = [*QUIET, (100.5, 101.5, 100.0, 101.4), QUIET[0]]  # in the entry's own bar
    assert fills(typed(same), stop=0.5)[1] == (12, "SELL", 50, 100.05, "STOP")
    assert ran(typed(same), stop=0.5).trades["ambiguous"] == [True]


# After RISE: the breakout at bar 12 began at 101 and left the channel's low of 101.3 with a profit: it has won. Six
# quiet bars, then a breakout of five bars (102.5) that is not one of ten (104.2), then one that is.
WON = [*QUIET, *RISE, *[(102.0, 102.5, 101.5, 102.0)] * 6]
SKIPPED: Row = (102.0, 103.5, 101.9, 103.0)
LONG: Row = (103.0, 104.9, 102.8, 104.8)


def test_after_a_breakout_that_won_the_next_is_skipped_and_the_long_one_taken():
    # Ten highs before bar 24, of bars 14 to 23: 104.2. N is 2 up to bar 11; true ranges of 1.5, 1.3, 1.7, 1.1, 2.5, six
    # of 1, and 1.6 make it 1.30725 at bar 23. Equity is 100,000 less 282.50 lost on RISE: 99.7175 / 1.30725 = 76
    # shares. Another unit would wait at 104.9036.
    assert fills(typed([*WON, SKIPPED, LONG, QUIET[0]]))[5] == (24, "BUY", 76, 104.25, "SIGNAL")
    assert fills(typed([*WON, SKIPPED, (102.0, 104.2, 101.9, 103.0)])) == RISE_FILLS


def test_a_breakout_that_was_skipped_counts_as_one_that_lost():
    # bar 23 breaks 102.5 and is skipped; its bar 24 falls below the low of three, 101.5, under 102.5: it has lost. The
    # next breakout of five bars is taken again: the highest of bars 21 to 25 is 103.5
    lost: Row = (102.0, 102.2, 101.0, 101.2)
    rows = [*WON, SKIPPED, lost, (101.2, 102.0, 101.1, 101.5), (102.0, 103.9, 101.9, 103.8), AFTER]
    assert [row[:2] + row[3:4] for row in fills(typed(rows))[5:6]] == [(26, "BUY", 103.55)]


def test_the_breakout_before_counts_on_either_side_and_whether_or_not_it_was_bought():
    # Down through 99 at bar 12, and at bar 17 up to the high of three bars, 97.5: a profit. At bar 18 five highs of
    # 98.5 are broken, and skipped.
    falls: list[Row] = [(99.0, 99.2, 96.0, 96.5), *[(96.5, 97.5, 96.2, 96.8)] * 4]
    won = [*QUIET, *falls, (97.0, 98.5, 96.8, 98.4), (98.4, 98.9, 98.0, 98.2), (98.2, 98.8, 98.1, 98.3)]
    assert fills(typed(won)) == []
    # Down through 99 at bar 12 once more; the high of three bars is 101 then, where it would be left with a loss: the
    # breakout above 101 at bar 13 is bought. N is 1.6, the mean of 2 and 1.2: 62 shares.
    lost = [*QUIET, (99.0, 99.5, 98.8, 98.9), (98.9, 104.0, 98.9, 103.9), (103.8, 103.9, 103.5, 103.8)]
    assert fills(typed(lost), units=1) == [(13, "BUY", 62, 101.05, "SIGNAL")]
    # Higher highs after a deep fall: no longer ago than three bars the high was below 99, and the breakout of five bars
    # waits for one of ten
    assert fills(typed([*QUIET, *falls, (97.0, 97.6, 96.8, 97.4)])) == []


def test_a_long_breakout_is_left_at_the_longer_channel():
    rows = [*WON, SKIPPED, LONG, (104.8, 105.0, 103.5, 104.0), (104.0, 104.2, 102.7, 103.0), AFTER]
    # bought at bar 24 as a breakout of ten bars; before bar 27 the low of three bars is 102.7, that of five 101.5: it
    # opens at 101.5, and is left a tick below, at 101.45
    found = [row[:2] + row[3:] for row in fills(typed(rows), units=1, stop=10.0)]
    assert found[2:] == [(24, "BUY", 104.25, "SIGNAL"), (27, "SELL", 101.45, "STOP")]


def test_a_unit_is_of_the_strategy_s_own_equity_and_of_whole_shares():
    rows = [*QUIET, (100.5, 101.5, 100.2, 101.4), AFTER]
    assert fills(typed(rows), risk=0.00039)[0][2] == 19  # 39 rupees over 2
    assert fills(typed(rows), risk=0.0001)[0][2] == 5


def test_a_split_changes_neither_levels_nor_units():
    factor = np.ones((18, 1))
    factor[13:] = 2.0
    rows = [*QUIET, *[tuple(x / (2.0 if t > 12 else 1.0) for x in row) for t, row in enumerate([*RISE, AFTER], 12)]]
    found = fills(typed(rows, factor=factor))  # type: ignore[arg-type]  # rows of four
    # as RISE_FILLS, in shares and rupees of the day; a tick is one of today's rupees
    assert [(t, side, quantity) for t, side, quantity, *_ in found] == [
        (12, "BUY", 50), (13, "BUY", 100), (14, "BUY", 100), (14, "BUY", 100), (16, "SELL", 400),
    ]  # fmt: skip
    assert [round(price, 3) for *_, price, _ in found] == [101.05, 51.025, 51.75, 52.025, 50.6]


# ---- the memory of breakouts


class Memory:
    """Channels, N and the last breakout from all bars so far, as the rules are written."""

    def __init__(self, windows: Windows) -> None:
        self.w = windows
        self.bars: list[Row] = []
        self.running: tuple[int, float, float] | None = None  # side, entry, N
        self.won = False

    def channel(self, window: int, side: int) -> float:
        if len(self.bars) < window:
            return NAN
        last = self.bars[-window:]
        return max(bar[1] for bar in last) if side > 0 else min(bar[2] for bar in last)

    def n(self) -> float:
        pairs = list(zip(self.bars, self.bars[1:], strict=False))
        ranges = [max(now[1] - now[2], abs(now[1] - old[3]), abs(now[2] - old[3])) for old, now in pairs]
        if len(ranges) < self.w.average:
            return NAN
        value = sum(ranges[: self.w.average]) / self.w.average
        for true_range in ranges[self.w.average :]:
            value = (value * (self.w.average - 1) + true_range) / self.w.average
        return value

    def take(self, bar: Row, gap: bool) -> None:
        if gap:
            self.bars, self.running, self.won = [], None, False
        if np.isnan(bar[3]):
            return
        open_, high, low, _ = bar
        ended = 0
        if self.running is not None:
            side, entry, n = self.running
            worst = low if side > 0 else high
            leave = self.channel(self.w.exit, -side)
            if (worst - entry) * side <= -self.w.stop * n:
                self.won, ended = False, side
            elif (worst - leave) * side < 0.0:
                price = min(open_, leave) if side > 0 else max(open_, leave)
                self.won, ended = (price - entry) * side > 0.0, side
            if ended:
                self.running = None
        if self.running is None and not np.isnan(self.n()):
            up, down = self.channel(self.w.entry, 1), self.channel(self.w.entry, -1)
            sides = [s for s, broke in ((1, high > up), (-1, low < down)) if broke and s != ended]
            if len(sides) == 2:
                sides = [1 if up - open_ <= open_ - down else -1]
            for side in sides:
                entry = max(open_, up) if side > 0 else min(open_, down)
                self.running = (side, entry, self.n())
                worst = low if side > 0 else high
                if (worst - entry) * side <= -self.w.stop * self.n():
                    self.running, self.won = None, False
        self.bars.append(bar)


@st.composite
def markets(draw: st.DrawFn) -> tuple[list[Row], list[bool]]:
    cells = draw(st.lists(st.tuples(*[st.integers(0, 30)] * 4, st.integers(0, 19)), min_size=5, max_size=70))
    rows: list[Row] = []
    gaps: list[bool] = []
    level = 100.0
    for o, up, down, c, event in cells:
        open_, close = level + (o - 15) / 10, level + (c - 15) / 5
        row = (open_, max(open_, close) + up / 20, min(open_, close) - down / 20, close)
        rows.append((NAN,) * 4 if event == 0 else row)
        gaps.append(event == 1)
        level = max(close, 60.0)
    return rows, gaps


@settings(deadline=None, max_examples=200)
@given(markets(), st.sampled_from([0.5, 1.0, 2.0]))
def test_what_is_known_of_breakouts_is_what_a_plain_recalculation_knows(market, stop):
    rows, gaps = market
    windows = Windows(3, 4, 2, 8, 3, stop)
    known, memory = nothing_seen(1, windows), Memory(windows)
    for row, gap in zip(rows, gaps, strict=True):
        follow(known, windows, *(np.array([[x]]) for x in row), np.array([[gap]]))
        memory.take(row, gap)
        side, begun, risk = memory.running or (0, NAN, NAN)
        assert (int(known.side[0]), bool(known.won[0])) == (side, memory.won)
        if side:
            assert (known.begun[0], known.risk[0]) == pytest.approx((begun, risk))
        expected = [memory.channel(w, s) for w, s in ((4, 1), (8, 1), (2, 1), (4, -1), (2, -1), (3, -1))]
        assert [float(x[0]) for x in known[1:7]] == pytest.approx(expected, nan_ok=True)
        assert known.average[0] == pytest.approx(memory.n(), nan_ok=True)


@settings(deadline=None, max_examples=60)
@given(markets())
def test_a_position_begins_where_the_rules_say_and_nowhere_else(market):
    rows, gaps = market
    rows = [row if not np.isnan(row[0]) else (100.0,) * 4 for row in rows]
    bars = typed(rows, gap=np.array(gaps)[:, None])
    params = {"entry": 5, "exit": 2, "long_entry": 10, "long_exit": 3, "window": 3, "stop": 1.0, "units": 1}
    found: dict[int, list[tuple[Any, ...]]] = {}
    for t, side, quantity, price, why in fills(bars, **params):
        found.setdefault(t, []).append((side, quantity, price, why))
    memory = Memory(Windows(3, 5, 2, 10, 3, 1.0))
    held = False
    for t, (row, gap) in enumerate(zip(rows, gaps, strict=True)):
        n = memory.n()
        side, begun, _ = memory.running or (0, NAN, NAN)
        lost = side < 0 and memory.channel(2, 1) >= begun  # on the way up it would be left without a profit
        trigger = memory.channel(5 if lost or (not side and not memory.won) else 10, 1) + 0.05
        expected = t > 0 and not held and n > 0.0 and row[1] >= trigger - 1e-9
        buys = [fill for fill in found.get(t, []) if fill[0] == "BUY"]
        assert bool(buys) == bool(expected), (t, trigger)
        for _, _, price, _ in buys:
            assert price == pytest.approx(max(row[0], trigger))
        held = (held or bool(buys)) and not any(fill[0] == "SELL" for fill in found.get(t, []))
        memory.take(row, gap)


@settings(deadline=None, max_examples=25)
@given(
    st.integers(0, 2**31),
    st.integers(1, 6),
    st.sampled_from([0.5, 2.0]),
    st.integers(1, 4),
    st.booleans(),
    st.sampled_from([20_000.0, 1e7]),
)
def test_all_instruments_at_once_give_the_orders_of_one_after_the_other(seed, columns, stop, units, splits, capital):
    draw = np.random.default_rng(seed)
    shape = (160, columns)
    close = np.round(100 * np.exp(np.cumsum(draw.normal(0, 0.03, shape), axis=0)), 2)
    open_ = np.round(np.vstack([close[:1], close[:-1]]) * np.exp(draw.normal(0, 0.01, shape)), 2)
    prices = [open_, np.maximum(open_, close) * 1.01, np.minimum(open_, close) * 0.99, close]
    factor = np.cumprod(np.where(draw.random(shape) < 0.02 * splits, 2.0, 1.0), axis=0)
    holes, member, gap = draw.random(shape) < 0.05, draw.random(shape) < 0.95, draw.random(shape) < 0.01
    prices = [np.where(holes, NAN, values / factor) for values in prices]
    symbols = tuple("ABCDEF"[:columns])
    bars = panel_of(DAYS[:160], symbols, tuple(prices), factor=factor, member=member, gap=gap)
    params = SHORT | {"stop": stop, "units": units, "risk": 0.01}
    found = []
    for strategy in (registry()["turtle"], PlainTurtle()):
        spec = RunSpec(
            books=(book_of(registry()["turtle"], params),),
            universe=UniverseSpec(index="HAND MADE"),
            start=date(2023, 1, 1),
            end=date(2025, 1, 1),
            data_root="hand made",
            initial_capital=capital,
            costs=CostSpec("bps", 10.0),
        )
        found.append(run(spec, bars, {"turtle": strategy}).canonical)
    assert found[0] == found[1]
