"""Breakouts to new highs on bars typed by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engines.bars import Bars
from app.engines.strategies import NotEnoughData, Signals
from app.engines.strategies.boxes import box_breaks
from app.engines.strategies.earlier import bars_ago
from app.engines.strategies.registry import registry
from tests.engines.strategies.panels import NAN, panel_of


def bars_with(high: Any, low: Any, close: Any, *, volume: Any = 1000.0, **fields: Any) -> Bars:
    """Daily bars of one instrument; each opens at its close."""
    prices = tuple(np.array(x, float)[:, None] for x in (close, high, low, close))
    days = np.datetime64("2024-01-01") + np.arange(len(close))
    shares = np.array(volume, float)[:, None] if isinstance(volume, list) else volume
    masks = {name: np.array(values)[:, None] for name, values in fields.items()}
    return panel_of(days, ("A",), prices, volume=shares, **masks)


def asked(name: str, params: dict[str, Any], bars: Bars) -> Signals:
    strategy = registry()[name]
    answer = strategy.signals(bars, strategy.params(params))
    assert isinstance(answer, Signals)
    return answer


def decided(name: str, params: dict[str, Any], bars: Bars) -> tuple[list[int], list[int]]:
    answer = asked(name, params, bars)
    return np.flatnonzero(answer.entry[:, 0]).tolist(), np.flatnonzero(answer.exit[:, 0]).tolist()


# ---- some bars ago


def test_bars_ago_counts_those_that_traded_and_stops_at_missing_history():
    close = [1.0, 2.0, NAN, 4.0, 5.0, 6.0]
    bars = bars_with(close, close, close, gap=[False, False, False, False, True, False])
    found = [bars_ago(bars, bars.close, back)[:, 0].tolist() for back in (1, 2)]
    # bar 3 looks over the bar without trade; bar 4 has nothing before it, bar 5 only bar 4
    np.testing.assert_equal(found, [[NAN, 1, NAN, 2, NAN, 5], [NAN, NAN, NAN, 1, NAN, NAN]])
    with pytest.raises(ValueError, match="back: expected 1 or more bars, got 0"):
        bars_ago(bars, bars.close, 0)


# ---- volatility contraction

# ranges of two bars each: 110 / 100 - 1 = 10 %, 108 / 102 - 1 = 5.9 %, 107 / 105 - 1 = 1.9 %; bar 6 closes above 107
HIGH = [110.0, 109, 108, 107, 107, 106.5, 108.5, 107.5, 107]
LOW = [101.0, 100, 102, 103, 105, 105, 106, 104.5, 104]
CLOSE = [105.0, 104, 105, 105, 106, 106, 108, 107, 104]
CONTRACTION = {"window": 2, "tight": 0.1, "trend": 2, "exit": 2}


def test_the_close_that_leaves_the_narrowest_of_three_narrowing_ranges_is_bought():
    # bar 8: 104 is below the lows of bars 6 and 7, 106 and 104.5; at bar 7 those of 5 and 6 are 105 and 106, 107 above
    assert decided("volatility_contraction", CONTRACTION, bars_with(HIGH, LOW, CLOSE)) == ([6], [8])


@pytest.mark.parametrize(
    ("change", "params"),
    [
        ({"high": (2, 112.0), "low": (2, 100.0)}, {}),  # 112 / 100: the second range is wider than the first
        ({}, {"tight": 0.019}),  # 107 / 105 - 1 = 0.01905
        ({"close": (6, 107.0)}, {}),  # at the high of the last range, not above
        ({"close": (5, 111.0), "high": (5, 111.0)}, {}),  # below the average of (111 + 108) / 2, and a wider range
    ],
)
def test_without_one_of_its_conditions_a_contraction_is_not_bought(change, params):
    fields = {"high": [*HIGH], "low": [*LOW], "close": [*CLOSE]}
    for name, (t, value) in change.items():
        fields[name][t] = value
    assert decided("volatility_contraction", CONTRACTION | params, bars_with(**fields))[0] == []


def test_ranges_do_not_reach_over_missing_history():
    gap = [t == 3 for t in range(9)]
    assert decided("volatility_contraction", CONTRACTION, bars_with(HIGH, LOW, CLOSE, gap=gap))[0] == []


# ---- Darvas box

# Two bars must hold an edge. Top 12 (bar 1), held by bars 2 and 3; bottom 9 (bar 2), held by 3 and 4: the box is
# finished at bar 4. Bar 5 reaches above it and closes inside; bar 6 closes at 12.3. The next top is 12.6, its bottom
# 11.8 (bar 7), held by 8 and 9; bar 10 closes below that.
BOX_HIGH = [10.0, 12, 11, 11.5, 11, 12.2, 12.6, 12.4, 12.5, 12.3, 12]
BOX_LOW = [9.5, 10, 9, 9.5, 9.2, 10, 12, 11.8, 12, 11.9, 11.6]
BOX_CLOSE = [10.0, 11, 10, 10, 10, 11.9, 12.3, 12, 12.2, 12, 11.7]
BOX = {"confirm": 2, "high": 2}


def test_a_close_above_a_finished_box_buys_and_one_below_the_last_finished_box_sells():
    assert decided("darvas_box", BOX, bars_with(BOX_HIGH, BOX_LOW, BOX_CLOSE)) == ([6], [10])


def test_a_box_that_is_not_finished_has_no_bottom_to_fall_through():
    low, close = [*BOX_LOW], [*BOX_CLOSE]
    low[9] = close[9] = 11.7  # one bar earlier: 11.7 is the new bottom, and the last finished box ends at 9
    assert decided("darvas_box", BOX, bars_with(BOX_HIGH, low, close)) == ([6], [])


def test_a_break_below_an_earlier_high_is_not_bought():
    high = [*BOX_HIGH]
    high[5] = 12.3  # the close of bar 6 equals it
    assert decided("darvas_box", BOX, bars_with(high, BOX_LOW, BOX_CLOSE))[0] == []


def test_a_box_does_not_reach_over_missing_history():
    gap = [t == 4 for t in range(11)]
    assert decided("darvas_box", BOX, bars_with(BOX_HIGH, BOX_LOW, BOX_CLOSE, gap=gap))[0] == []


def naive_boxes(high: Any, low: Any, close: Any, confirm: int) -> tuple[list[int], list[int]]:
    """The same, each bar worked out anew from the first bar after the last break."""
    above, below = [], []
    start, box, floor = 0, None, None
    for t in range(len(close)):
        if floor is not None and close[t] < floor:
            below.append(t)
            start, box, floor = t, None, None
        elif box is not None and close[t] > box:
            above.append(t)
            start, box = t, None
        top = start + int(np.argmax(high[start : t + 1]))
        if box is None and t - top >= confirm:
            bottom = top + 1 + int(np.argmin(low[top + 1 : t + 1]))
            if t - bottom >= confirm:
                box, floor = high[top], low[bottom]
    return above, below


@settings(deadline=None, max_examples=300)
@given(
    st.lists(st.tuples(st.integers(-3, 3), st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=60),
    st.integers(1, 3),
)
def test_the_boxes_are_those_of_the_obvious_search(steps, confirm):
    moves, up, down = (np.array(x, float) for x in zip(*steps, strict=True))
    close = 300.0 + np.cumsum(moves)
    panel = [x[:, None] for x in (close + up, close - down, close)]
    found = box_breaks(*panel, np.zeros((len(close), 1), np.bool_), confirm)
    assert tuple(np.flatnonzero(x[:, 0]).tolist() for x in found) == naive_boxes(
        close + up, close - down, close, confirm
    )


# ---- volume spike


def test_a_new_high_on_twice_the_usual_volume_is_bought():
    high, close = [10.0, 10, 10, 11, 10.5], [9.0, 9, 9, 10.8, 10]
    params = {"window": 3, "average": 2, "spike": 2.0, "exit": 2}
    # bar 3: 10.8 above 10; 200 over (100 + 100) / 2; bar 4: 10 below (10.8 + 10) / 2
    found = asked("volume_spike_high", params, bars_with(high, close, close, volume=[100, 100, 100, 200, 50]))
    assert np.flatnonzero(found.entry[:, 0]).tolist() == [3] and np.flatnonzero(found.exit[:, 0]).tolist() == [4]
    assert found.rank is not None and found.rank[3, 0] == 2.0
    less = bars_with(high, close, close, volume=[100, 100, 100, 199, 50])
    assert decided("volume_spike_high", params, less)[0] == []
    idle = bars_with(high, close, close, volume=[100, 0, 0, 200, 50])  # nothing is usual
    assert decided("volume_spike_high", params, idle)[0] == []
    # two for one on bar 3: 400 of the new shares are 200 of the old
    split = {"factor": [1.0, 1, 1, 2, 2], "volume": [100, 100, 100, 400, 100]}
    halved = [[*x[:3], x[3] / 2, x[4] / 2] for x in (high, close, close)]
    assert decided("volume_spike_high", params, bars_with(*halved, **split))[0] == [3]


def test_without_any_volume_a_volume_spike_is_refused():
    strategy = registry()["volume_spike_high"]
    bars = bars_with(HIGH, LOW, CLOSE, volume=0.0)
    with pytest.raises(NotEnoughData, match="volume: volume_spike_high needs it, and none of the bars has any"):
        strategy.require(bars, strategy.params())


# ---- 252-day high


def test_a_new_high_of_the_window_is_bought_and_held_while_the_price_stays_near_it():
    high, close = [100.0] * 20 + [102, 90, 90], [99.0] * 20 + [101, 87, 86.6]
    params = {"window": 20, "drop": 0.15}  # 0.85 · 102 = 86.7
    assert decided("high_252", params, bars_with(high, close, close)) == ([20], [22])
    close[20] = 100.0  # at the high, not above
    assert decided("high_252", params, bars_with(high, close, close)) == ([], [22])
    assert registry()["high_252"].params().window == 252
