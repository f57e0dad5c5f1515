"""Intraday strategies on sessions typed by hand: which bar decides, at which stop and target, and when it is over."""

from __future__ import annotations

import numpy as np
import pytest

from app.engines.backtest import Sizing
from app.engines.bars import Bars
from app.engines.strategies import NotEnoughData
from app.engines.strategies.registry import registry
from tests.engines.strategies.panels import NAN, intraday_walk, panel_of
from tests.engines.strategies.sessions import DAY, NEXT, Row, asked, entries, fills, ran, session, typed

# ---- opening range


def test_the_first_bar_decides_the_direction_and_the_other_end_of_it_is_the_stop():
    up = asked("opening_range", typed(session((100, 103, 99, 102))))
    assert entries(up) == [0] and entries(up.short) == []
    assert up.stop is not None and up.target is not None
    assert (up.stop[0, 0], up.target[0, 0]) == (99.0, 132.0)  # 102 + 10 · 3
    down = asked("opening_range", typed(session((100, 101, 97, 98))))
    assert entries(down) == [] and entries(down.short) == [0]
    assert down.short is not None and down.short.stop is not None and down.short.target is not None
    assert (down.short.stop[0, 0], down.short.target[0, 0]) == (101.0, 68.0)
    assert asked("opening_range", typed(session((100, 101, 97, 98))), short=0).short is None
    none = asked("opening_range", typed(session((100, 101, 99, 100.05))))  # 0.05 % is no move
    assert entries(none) == [] == entries(none.short)


def test_a_range_of_several_bars_needs_each_of_them():
    rows = session((100, 101, 99, 100.5), (100.5, 102, 98, 99), (99, 103, 99, 101))
    found = asked("opening_range", typed(rows), minutes=15)
    assert entries(found) == [2] and found.stop is not None and found.stop[2, 0] == 98.0
    rows[1] = (NAN,) * 4
    assert entries(asked("opening_range", typed(rows), minutes=15)) == []
    gap = np.zeros((75, 1), bool)
    gap[1] = True
    rows[1] = (100.5, 102, 98, 99)
    assert entries(asked("opening_range", typed(rows, gap=gap), minutes=15)) == []


def test_a_session_whose_opening_is_missing_has_no_range():
    bars = typed(session((100, 103, 99, 102)))
    late = Bars.from_ohlcv(bars.sessions[1:], {"A": ([100.0] * 74,) * 5}, timeframe="5m")
    assert entries(asked("opening_range", late)) == []


def test_an_opening_range_is_held_to_the_target_the_stop_or_a_quarter_past_three():
    held = ran("opening_range", typed(session((100, 103, 99, 102), (101.5, 104, 101, 103))))
    assert fills(held) == [("30T09:20", "BUY", 101.5, "SIGNAL"), ("30T15:15", "SELL", 103.0, "SIGNAL")]
    stopped = ran("opening_range", typed(session((100, 103, 99, 102), (101.5, 104, 101, 103), (103, 103, 98, 98))))
    assert fills(stopped)[1] == ("30T09:25", "SELL", 99.0, "STOP")
    rises = session((100, 103, 99, 102), (101.5, 104, 101, 103), (103, 112, 99.5, 110))
    assert fills(ran("opening_range", typed(rises), target=3.0))[1] == ("30T09:25", "SELL", 111.0, "TARGET")
    short = ran("opening_range", typed(session((100, 101, 97, 98), (98.5, 99, 96, 96))))
    assert fills(short) == [("30T09:20", "SELL", 98.5, "SIGNAL"), ("30T15:15", "BUY", 96.0, "SIGNAL")]


def test_one_percent_of_the_equity_lies_between_close_and_stop():
    # 10,000 of a million, over 102 - 99 = 3 a share: 340,000 rupees at the close, 3,349 shares at 101.50; all of the
    # equity would be 9,852
    bars = typed(session((100, 103, 99, 102), (101.5, 104, 101, 103)))
    assert ran("opening_range", bars, Sizing()).trades["quantity"] == [3349.0]
    assert ran("opening_range", bars, Sizing(), risk=0).trades["quantity"] == [9852.0]
    near = typed(session((100, 102.1, 101.9, 102), (101.5, 104, 101, 103)))
    assert ran("opening_range", near, Sizing(), short=0).trades["quantity"] == []  # it opens through its stop
    near = typed(session((101.95, 102.1, 101.9, 102.05), (102, 104, 102, 103)))
    assert ran("opening_range", near, Sizing()).trades["quantity"] == [9803.0]  # no leverage


def test_since_there_is_a_closing_auction_it_is_flat_five_minutes_before_it():
    day = "2026-12-01"
    held = ran("opening_range", typed(session((100, 103, 99, 102), (101.5, 104, 101, 103)), dates=(day,)))
    assert fills(held)[1][0] == "01T15:10"


def test_relative_volume_asks_for_fourteen_sessions_and_puts_the_busiest_first():
    days = [str(np.datetime64("2024-03-04") + n) for n in range(21) if np.is_busday(np.datetime64("2024-03-04") + n)]
    days.remove("2024-03-08")  # a holiday
    days = [*days[:14], "2024-04-02"]
    rows = [session((100, 103, 99, 102), bars=3)] * 15
    volume = [1000.0] * 42 + [3000.0] * 3
    bars = typed(*rows, volume=volume, dates=tuple(days))
    last = 14 * 3
    found = asked("opening_range", bars, relative_volume=3.0)
    assert entries(found) == [last] and found.rank is not None and found.rank[last, 0] == 3.0
    assert entries(asked("opening_range", bars, relative_volume=3.1)) == []
    volume[0] = 0.0  # one opening without volume: the average is not known
    assert entries(asked("opening_range", typed(*rows, volume=volume, dates=tuple(days)), relative_volume=1.0)) == []
    assert len(entries(asked("opening_range", bars))) == 15  # without that question volume does not matter


# ---- gap fade

CALM = session((100, 100, 100, 100))


def test_a_gap_of_two_percent_is_bought_for_the_close_before_and_stopped_as_far_below():
    bars = typed(CALM, session((98, 98.5, 97.5, 98.2)))
    found = asked("gap_fade", bars)
    assert entries(found) == [75]
    assert found.stop is not None and found.target is not None
    assert (found.stop[75, 0], found.target[75, 0]) == (96.0, 100.0)
    after = session((98, 98.5, 97.5, 98.2), (98.3, 99, 98, 99), (99, 100.5, 99, 100))
    assert fills(ran("gap_fade", typed(CALM, after))) == [
        ("31T09:20", "BUY", 98.3, "SIGNAL"), ("31T09:25", "SELL", 100.0, "TARGET")
    ]  # fmt: skip
    assert fills(ran("gap_fade", bars))[1] == ("31T15:10", "SELL", 98.2, "SIGNAL")  # on every date
    assert fills(ran("gap_fade", typed(CALM, session((98, 98.5, 97.5, 98.2), (98, 98, 95.9, 96)))))[1] == (
        "31T09:20", "SELL", 96.0, "STOP"
    )  # fmt: skip


@pytest.mark.parametrize(
    "first",
    [
        (99.0, 99.5, 98.5, 99.2),  # exactly 1 %
        (97.0, 97.5, 96.5, 97.2),  # exactly 3 %
        (98.0, 98.5, 95.5, 95.9),  # below the stop by 09:20
        (98.0, 100.5, 97.5, 100.0),  # back already
        (102.0, 102.5, 101.5, 102.2),  # up
    ],
)
def test_other_gaps_are_left_alone(first):
    assert entries(asked("gap_fade", typed(CALM, session(first)))) == []


def test_a_split_is_no_gap_and_a_day_without_trade_no_yesterday():
    factor = np.ones((150, 1))
    factor[75:] = 2.0
    assert entries(asked("gap_fade", typed(CALM, session((50, 50, 49.9, 50)), factor=factor))) == []
    assert entries(asked("gap_fade", typed(CALM, session((49, 49, 48.9, 49)), factor=factor))) == [75]
    nothing: list[Row] = [(NAN,) * 4] * 75
    dates = ("2024-01-29", DAY, NEXT)
    assert entries(asked("gap_fade", typed(CALM, nothing, session((98, 98.1, 98, 98)), dates=dates))) == []
    gap = np.zeros((150, 1), bool)
    gap[75] = True
    assert entries(asked("gap_fade", typed(CALM, session((98, 98.1, 98, 98)), gap=gap))) == []


@pytest.mark.parametrize(
    ("first", "entered"),
    [
        ((98.0, 98.0, 98.0, 98.0), False),  # the lower band of 2 %, which nobody buys at
        ((98.05, 98.05, 98.05, 98.05), False),  # as rounded to the tick
        ((98.0, 98.05, 98.0, 98.0), True),  # it opened
        ((97.5, 97.5, 97.5, 97.5), True),  # no band is there
    ],
)
def test_a_price_that_does_not_leave_a_band_is_taken_for_locked(first, entered):
    assert entries(asked("gap_fade", typed(CALM, session(first)))) == ([75] if entered else [])


def test_where_the_whole_market_gaps_nothing_is_bought():
    bars = typed(CALM, session((98, 98.1, 98, 98)))
    names = tuple(f"S{n}" for n in range(10))
    deep = [np.repeat(field, 10, axis=1) for field in bars.raw]
    for field in deep:
        field[75:, 1:] = 97.9  # the median gap is 2.1 %
    every = panel_of(bars.sessions, names, tuple(deep), timeframe="5m")
    assert entries(asked("gap_fade", every)) == []
    assert entries(asked("gap_fade", every, market=0.03)) == [75]
    few = every.columns(range(9))
    assert entries(asked("gap_fade", few)) == [75]  # of nine members the median is not asked


# ---- VWAP reversion


def naive_scores(bars: Bars) -> tuple[np.ndarray, np.ndarray]:
    """VWAP and z of one session of one instrument, each from all bars so far."""
    typical = ((bars.high + bars.low + bars.close) / 3.0)[:, 0]
    volume, close = bars.volume[:, 0], bars.close[:, 0]
    vwap, z = np.full(len(close), NAN), np.full(len(close), NAN)
    used: list[int] = []
    for t in range(len(close)):
        if not volume[t] > 0.0:
            continue
        used.append(t)
        vwap[t] = np.average(typical[used], weights=volume[used])
        deviation = np.std((close - vwap)[used])
        z[t] = (close[t] - vwap[t]) / deviation if deviation > 0.0 else NAN
    return vwap, z


def test_vwap_entries_and_exits_are_those_of_the_scores():
    for seed in range(30):
        random = np.random.default_rng(seed)
        close = 100 + np.cumsum(random.normal(0, 0.08, 75))
        rows = [(c, c + 0.1, c - 0.1, c) for c in close.tolist()]
        volume = np.where(random.random(75) < 0.1, 0.0, random.integers(1, 1000, 75)).tolist()
        bars = typed(rows, volume=volume)
        vwap, z = naive_scores(bars)
        found = asked("vwap_reversion", bars, entry=1.5)
        begun = bars.open[int(np.flatnonzero(bars.volume[:, 0] > 0.0)[0]), 0]
        with np.errstate(invalid="ignore"):
            small = np.abs(close / begun - 1.0) <= 0.015
            expected = [t for t in range(5, 72) if z[t] < -1.5 and z[t] >= -3.5 and small[t]]
            leave = (close >= vwap) | (z < -3.5)
        leave[70:] = True  # the bar that ends at 15:10 and those after it
        assert entries(found) == [t for t in expected if t < 70]
        assert found.exit[:, 0].tolist() == leave.tolist()


def test_without_volume_there_is_no_vwap():
    rows = session((100, 100, 100, 100), *[(100 - n / 10,) * 4 for n in range(1, 20)])
    assert entries(asked("vwap_reversion", typed(rows, volume=0.0), entry=0.1)) == []
    assert entries(asked("vwap_reversion", typed(rows), entry=0.1)) != []
    gap = np.zeros((75, 1), bool)
    gap[2] = True
    assert entries(asked("vwap_reversion", typed(rows, gap=gap), entry=0.1)) == []
    with pytest.raises(NotEnoughData, match="volume: vwap_reversion needs it, and none of the bars has any"):
        ran("vwap_reversion", typed(rows, volume=0.0))


def test_a_fall_below_vwap_is_bought_at_the_next_open_and_sold_when_it_is_back():
    # Closes swing by 0.1 around 100 for half an hour, then fall to 99: VWAP of 8 bars 99.875, difference -0.875; those
    # before are 0, ±0.1 and less, so that z is about -2.6. Bar 7 ends at 09:55; the next one opens at 99.2. Bar 9
    # closes at 100, above VWAP; sold at 100.1, the open of bar 10.
    swing: list[Row] = [(100 + d, 100 + d, 100 + d, 100 + d) for d in (0, 0.1, -0.1, 0.1, -0.1, 0.1, -0.1)]
    rows = session(*swing, (99,) * 4, (99.2, 99.3, 99.2, 99.3), (99.3, 100, 99.3, 100), (100.1,) * 4)
    assert fills(ran("vwap_reversion", typed(rows))) == [
        ("30T09:55", "BUY", 99.2, "SIGNAL"), ("30T10:05", "SELL", 100.1, "SIGNAL")
    ]  # fmt: skip
    assert fills(ran("vwap_reversion", typed(rows), minutes=45)) == []  # too early


def test_the_position_is_left_at_ten_past_three_or_when_the_fall_goes_on():
    swing: list[Row] = [(100 + d,) * 4 for d in (0, 0.1, -0.1, 0.1, -0.1, 0.1, -0.1)]
    stays = session(*swing, (99,) * 4, (99.2,) * 4)
    assert fills(ran("vwap_reversion", typed(stays)))[1] == ("30T15:10", "SELL", 99.2, "SIGNAL")
    falls = session(*swing, (99,) * 4, (99,) * 4, (90,) * 4)
    _, z = naive_scores(typed(falls))
    assert z[8] > -3.5 and z[9] < -2.9
    assert fills(ran("vwap_reversion", typed(falls), stop=2.9))[1] == ("30T10:05", "SELL", 90.0, "SIGNAL")


def test_a_day_that_has_moved_too_far_is_left_alone():
    swing: list[Row] = [(100 + d,) * 4 for d in (0, 0.1, -0.1, 0.1, -0.1, 0.1, -0.1)]
    assert entries(asked("vwap_reversion", typed(session(*swing, (98.6,) * 4, at=100.0)))) == [7]
    assert entries(asked("vwap_reversion", typed(session(*swing, (98.4,) * 4, at=100.0)))) == []  # 1.6 %


# ---- all


@pytest.mark.parametrize("name", ["opening_range", "gap_fade", "vwap_reversion"])
def test_daily_bars_are_refused(name):
    strategy = registry()[name]
    bars = Bars.from_ohlcv(["2024-01-01"], {"A": ([1.0],) * 5})
    for ask in (strategy.require, strategy.signals):
        with pytest.raises(ValueError, match=f"timeframe: {name} needs intraday bars, got 1d"):
            ask(bars, strategy.params())


@pytest.mark.parametrize("name", ["opening_range", "gap_fade", "vwap_reversion"])
def test_an_intraday_strategy_trades_and_is_flat_each_evening(name):
    bars = intraday_walk(7, 12)
    result = ran(name, bars)
    assert result.metrics["trades"] > 5
    trades = zip(result.trades["entry_at"], result.trades["exit_at"], strict=True)
    assert all(entered[:10] == left[:10] and left[11:16] <= "15:15" for entered, left in trades)
    assert (result.exposure.reshape(-1, 75)[:, -2:] == 0.0).all()
