"""NR7 on bars typed by hand, and beside a plain loop over random bars."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engines.backtest import CostSpec, RunResult, RunSpec, Sizing, UniverseSpec, book_of, run
from app.engines.bars import Bars
from app.engines.strategies.registry import registry
from tests.engines.strategies.panels import NAN, panel_of, sessions_of

Row = tuple[float, float, float, float]
DAYS = sessions_of("2024-01-01", "2024-06-30")  # 1 January is a Monday
# six wide ranges, then one of 1: bar 6, from 99.5 to 100.5
NARROW: list[Row] = [*[(100.0, 102.0, 98.0, 100.0)] * 6, (100.0, 100.5, 99.5, 100.0)]
WIDE: Row = (100.0, 103.0, 97.0, 100.0)


def typed(rows: list[Row], **fields: Any) -> Bars:
    table = np.array(rows, float)
    return panel_of(DAYS[: len(rows)], ("A",), tuple(table[:, i : i + 1] for i in range(4)), **fields)


def ran(bars: Bars, **params: Any) -> RunResult:
    spec = RunSpec(
        books=(book_of(registry()["nr7_breakout"], params),),
        universe=UniverseSpec(index="HAND MADE"),
        start=date(2024, 1, 1),
        end=date(2024, 12, 31),
        data_root="hand made",
        sizing=Sizing("quantity", 10),
        costs=CostSpec("none"),
    )
    return run(spec, bars, registry())


def fills(bars: Bars, **params: Any) -> list[tuple[Any, ...]]:
    """(bar, side, price, reason) of each fill."""
    found = ran(bars, **params).fills
    at = {str(day): t for t, day in enumerate(bars.sessions)}
    columns = (found[name] for name in ("filled_at", "side", "price", "reason"))
    return [(at[day], *rest) for day, *rest in zip(*columns, strict=True)]


def test_the_bar_after_the_narrowest_of_seven_is_bought_one_tick_above_it():
    # stop order at 100.55; closes at 102, in profit, so that it is sold at the next open
    rows = [*NARROW, (100.0, 102.5, 99.8, 102.0), (102.4, 103.0, 102.0, 102.5)]
    assert fills(typed(rows)) == [(7, "BUY", 100.55, "SIGNAL"), (8, "SELL", 102.4, "SIGNAL")]
    gap = [*NARROW, (101.0, 102.5, 100.9, 102.0), (102.4, 103.0, 102.0, 102.5)]
    assert fills(typed(gap))[0] == (7, "BUY", 101.0, "SIGNAL")  # the open has gone through
    assert fills(typed(rows), tick=0.5)[0] == (7, "BUY", 101.0, "SIGNAL")


def test_the_order_is_for_the_next_bar_alone():
    rows = [*NARROW, (100.0, 100.5, 98.0, 100.0), (100.0, 105.0, 99.8, 104.0), WIDE]
    assert fills(typed(rows)) == []  # bar 7 touches the high, not the tick above it


def test_a_tie_is_not_narrower_and_rounding_makes_no_difference():
    after = [(100.0, 102.5, 99.8, 102.0), WIDE]
    # 100.3 - 99.9 and 100.5 - 100.1 are both 0.4 and differ in their last binary digit
    equal: list[Row] = [*[(100.0, 102.0, 98.0, 100.0)] * 5, (100.0, 100.3, 99.9, 100.0), (100.2, 100.5, 100.1, 100.2)]
    assert 100.5 - 100.1 != 100.3 - 99.9
    assert fills(typed([*equal, *after])) == []
    assert fills(typed([*NARROW[1:], *after])) == []  # six bars are not seven


def test_the_stop_is_at_the_low_and_comes_first_inside_the_entry_s_bar():
    rows = [*NARROW, (100.0, 101.0, 99.0, 100.9), WIDE]  # up to 100.55, and down through 99.5
    result = ran(typed(rows))
    assert fills(typed(rows)) == [(7, "BUY", 100.55, "SIGNAL"), (7, "SELL", 99.5, "STOP")]
    assert result.trades["ambiguous"] == [True]
    later = [*NARROW, (100.0, 101.0, 99.8, 100.2), (99.0, 99.2, 98.0, 99.0)]
    assert fills(typed(later))[1] == (8, "SELL", 99.0, "STOP")  # gapped through


def test_without_profit_it_is_sold_at_the_open_after_three_days():
    rows = [*NARROW, (100.0, 101.0, 99.8, 100.2), *[(100.2, 103.0, 99.6, 100.4)] * 2, (100.3, 103.0, 99.6, 100.4)]
    assert fills(typed(rows)) == [(7, "BUY", 100.55, "SIGNAL"), (10, "SELL", 100.3, "TIME")]
    assert fills(typed(rows), days=1)[1] == (8, "SELL", 100.2, "TIME")


def test_a_close_at_the_entry_price_is_no_profit():
    rows = [*NARROW, (100.0, 101.0, 99.8, 100.55), (100.2, 103.0, 99.6, 100.6), (101.0, 104.0, 99.6, 101.0)]
    assert fills(typed(rows))[1] == (9, "SELL", 101.0, "SIGNAL")  # after the close of bar 8, 100.60


def test_the_short_side_is_a_proxy_and_one_side_cancels_the_other():
    falls = [*NARROW, (100.0, 100.2, 98.0, 98.5), (98.0, 99.0, 97.0, 98.0)]
    assert fills(typed(falls)) == []
    assert fills(typed(falls), short=1) == [(7, "SELL", 99.45, "SIGNAL"), (8, "BUY", 98.0, "SIGNAL")]
    result = ran(typed(falls), short=1)
    assert set(result.fills["product"]) == {"FUT"} and any(line.startswith("PROXY: ") for line in result.assumptions)
    assert result.rejections["reason"] == ["ONE_CANCELS_OTHER"]
    # both sides in one bar: the buy is nearer the open, and the sell's price is its stop
    both = [*NARROW, (100.1, 101.0, 99.0, 100.9), WIDE]
    assert fills(typed(both), short=1) == [(7, "BUY", 100.55, "SIGNAL"), (7, "SELL", 99.45, "STOP")]


def test_a_bar_without_trade_or_missing_history_among_the_seven_is_no_entry():
    after = [(100.0, 102.5, 99.8, 102.0), WIDE]
    hole = [*NARROW, *after]
    hole[3] = (NAN,) * 4
    assert fills(typed(hole)) == []
    for at, entered in ((6, False), (1, False), (0, True)):  # before the first of them it does not matter
        gap = np.zeros((9, 1), bool)
        gap[at] = True
        assert bool(fills(typed([*NARROW, *after], gap=gap))) == entered


def test_a_split_between_the_order_and_its_bar_changes_nothing():
    factor = np.ones((9, 1))
    factor[7:] = 2.0
    rows = [*NARROW, (50.0, 51.25, 49.9, 51.0), (51.2, 51.5, 51.0, 51.2)]
    assert fills(typed(rows, factor=factor)) == [(7, "BUY", 50.275, "SIGNAL"), (8, "SELL", 51.2, "SIGNAL")]


# ---- a plain loop, as the rules are written


def naive(bars: Bars, *, days: int = 3, tick: float = 0.05, short: bool = False) -> list[tuple[Any, ...]]:
    """(bar, side, price, reason) of each fill, one instrument."""
    open_, high, low, close = (field[:, 0].tolist() for field in bars.raw)
    found: list[tuple[Any, ...]] = []
    way, entry, stop, begun, leave = 0, 0.0, 0.0, 0, False  # way 1 long, -1 short, 0 flat
    names = {1: "BUY", -1: "SELL"}

    def out(t: int, price: float, why: str) -> None:
        nonlocal way
        found.append((t, names[-way], price, why))
        way = 0

    orders: list[tuple[int, float, float]] = []  # way, trigger, stop
    for t in range(len(close)):
        if way:  # the open
            if leave:
                out(t, open_[t], "SIGNAL")
            elif (open_[t] - stop) * way <= 1e-9:
                out(t, open_[t], "STOP")
            elif t >= begun + days:
                out(t, open_[t], "TIME")
        reached = [o for o in orders if ((high[t] if o[0] > 0 else low[t]) - o[1]) * o[0] >= -1e-9]
        reached.sort(key=lambda o: abs(o[1] - open_[t]) if (open_[t] - o[1]) * o[0] < -1e-9 else -1.0)
        if reached:
            way, trigger, stop = reached[0]
            through = (open_[t] - trigger) * way >= -1e-9
            entry, begun = open_[t] if through else trigger, t
            found.append((t, names[way], entry, "SIGNAL"))
            if len(reached) == 2 and not through:
                out(t, reached[1][1], "STOP")
        if way and ((low[t] if way > 0 else high[t]) - stop) * way <= 1e-9:
            out(t, stop, "STOP")
        leave = bool(way) and (close[t] - entry) * way > 1e-7
        orders = []
        widths = [high[k] - low[k] for k in range(t - 6, t + 1)] if t >= 6 else []
        if widths and not way and all(widths[6] < w - 1e-7 for w in widths[:6]) and t + 1 < len(close):
            orders.append((1, high[t] + tick, low[t]))
            if short:
                orders.append((-1, low[t] - tick, high[t]))
    return found


@settings(deadline=None, max_examples=150)
@given(
    st.lists(st.tuples(*[st.integers(0, 40)] * 4), min_size=8, max_size=60), st.integers(1, 4), st.booleans(),
    st.sampled_from([0.05, 0.1, 0.5]),
)  # fmt: skip
def test_the_fills_are_those_of_a_plain_loop(cells, days, short, tick):
    # small whole numbers of twenty paise, so that ties, gaps and double touches are frequent
    rows = []
    level = 100.0
    for o, up, down, c in cells:
        open_ = level + (o - 20) / 20
        close = level + (c - 20) / 20
        rows.append((open_, max(open_, close) + up / 40, min(open_, close) - down / 40, close))
        level = max(close, 50.0)
    rows = [tuple(round(x, 4) for x in row) for row in rows]
    bars = typed(rows)
    expected = naive(bars, days=days, tick=tick, short=short)
    assert fills(bars, days=days, tick=tick, short=int(short)) == [
        (t, s, pytest.approx(p), w) for t, s, p, w in expected
    ]
