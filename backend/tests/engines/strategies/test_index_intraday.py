"""The intraday rules of the index family on sessions typed by hand."""

from __future__ import annotations

import numpy as np
import pytest

from app.engines.strategies import NotEnoughData
from app.engines.strategies.registry import registry
from tests.engines.strategies.panels import NAN, intraday_walk
from tests.engines.strategies.sessions import asked, entries, fills, ran, session, typed

NAMES = ("vwap_reversion_index", "opening_range_volume")
CALM = [(100.0,) * 4] * 6  # half an hour


# ---- back to VWAP


def test_a_close_a_third_of_a_percent_below_vwap_is_bought_until_it_is_back():
    # bar 6: VWAP (600 + 99.6) / 7 = 99.943, the close 0.34 % below; bar 7: typical (99.95 + 99.7 + 99.95) / 3 = 99.867,
    # VWAP 99.933, the close above: sold at the open of bar 8
    rows = session(*CALM, (99.6,) * 4, (99.7, 99.95, 99.7, 99.95), (100.1,) * 4, at=100.0)
    assert fills(ran("vwap_reversion_index", typed(rows), short=0)) == [
        ("30T09:50", "BUY", 99.7, "SIGNAL"), ("30T09:55", "SELL", 100.1, "SIGNAL")
    ]  # fmt: skip


def test_a_close_above_vwap_is_sold_short_the_same_way():
    rows = session(*CALM, (100.4,) * 4, (100.3, 100.3, 100.05, 100.05), (99.9,) * 4, at=100.0)
    found = asked("vwap_reversion_index", typed(rows))
    assert entries(found) == [] and entries(found.short) == [6]
    assert asked("vwap_reversion_index", typed(rows), short=0).short is None
    assert fills(ran("vwap_reversion_index", typed(rows)))[:2] == [
        ("30T09:50", "SELL", 100.3, "SIGNAL"), ("30T09:55", "BUY", 99.9, "SIGNAL")
    ]  # fmt: skip


def test_near_vwap_too_far_from_it_too_early_and_too_late_nothing_is_bought():
    def bought(*first: tuple[float, ...], **params: float) -> list[int]:
        return entries(asked("vwap_reversion_index", typed(session(*first, at=100.0)), **params))  # type: ignore[arg-type]

    assert bought(*CALM, (99.7,) * 4) == []  # VWAP 99.957, 0.257 % below
    assert bought(*CALM, (99.3,) * 4) == []  # VWAP 99.9, 0.6006 % below: past the stop
    assert bought(*CALM[:4], (99.6,) * 4) == []  # ends 25 minutes after the open; VWAP 99.92, 0.32 % below
    assert bought(*CALM[:4], (99.6,) * 4, begin=25) == [4]
    assert bought(*CALM, (99.6,) * 4, end=34) == []  # ends 35 minutes after it


def test_a_fall_beyond_the_stop_is_left_and_so_is_everything_at_ten_past_three():
    # bar 7: VWAP (699.6 + 99) / 8 = 99.825, 0.83 % below: left at the open of bar 8, 98.9
    falls = session(*CALM, (99.6,) * 4, (99.0,) * 4, (98.9,) * 4, at=98.9)
    assert fills(ran("vwap_reversion_index", typed(falls), short=0, end=35))[1] == ("30T09:55", "SELL", 98.9, "SIGNAL")
    # at 99.6 for the rest of the day VWAP comes down to 99.632 and stays above
    stays = session(*CALM, (99.6,) * 4, at=99.6)
    assert fills(ran("vwap_reversion_index", typed(stays), end=35))[1] == ("30T15:10", "SELL", 99.6, "SIGNAL")


# ---- the opening range

OPENING = [(100.0, 101.0, 99.5, 100.0), (100.0, 100.5, 99.0, 100.0), (100.0, 100.5, 99.5, 100.0)]  # 99 to 101
UP, DOWN, INSIDE = (100.0, 101.6, 100.0, 101.5), (100.0, 100.0, 98.4, 98.5), (100.0, 100.5, 99.5, 100.5)


def volumes(*, at: int, shares: float, bars: int = 75) -> list[float]:
    return [shares if t == at else 1000.0 for t in range(bars)]


def test_the_first_close_outside_the_range_on_one_and_a_half_times_the_volume_is_followed():
    up = typed(session(*OPENING, INSIDE, UP), volume=volumes(at=4, shares=1500))
    found = asked("opening_range_volume", up)
    assert entries(found) == [4] and entries(found.short) == []
    assert found.stop is not None and found.stop[4, 0] == 99.0
    down = asked("opening_range_volume", typed(session(*OPENING, DOWN), volume=volumes(at=3, shares=1500)))
    assert entries(down) == [] and entries(down.short) == [3]
    assert down.short is not None and down.short.stop is not None and down.short.stop[3, 0] == 101.0
    assert fills(ran("opening_range_volume", up)) == [
        ("30T09:40", "BUY", 101.5, "SIGNAL"), ("30T15:15", "SELL", 101.5, "SIGNAL")
    ]  # fmt: skip
    stopped = session(*OPENING, INSIDE, UP, UP, (100.0, 100.0, 98.0, 98.0))
    result = ran("opening_range_volume", typed(stopped, volume=volumes(at=4, shares=1500)))
    assert fills(result)[1] == ("30T09:45", "SELL", 99.0, "STOP")


def test_a_break_without_volume_ends_the_day_for_the_rule():
    rows = session(*OPENING, UP, INSIDE, UP)
    assert entries(asked("opening_range_volume", typed(rows, volume=volumes(at=3, shares=1499)))) == []
    assert entries(asked("opening_range_volume", typed(rows, volume=volumes(at=5, shares=9999)))) == []
    # the average is that of the session so far: (3 · 1000) / 3 at bar 3, whatever was dealt the day before
    two = typed(session(*OPENING), rows, volume=[5000.0] * 75 + volumes(at=3, shares=1500))
    assert entries(asked("opening_range_volume", two)) == [78]


def test_after_noon_after_a_gap_and_without_a_whole_opening_nothing_is_done():
    late = session(*OPENING, *[INSIDE] * 33, UP)  # bar 36 ends 185 minutes after the open
    volume = volumes(at=36, shares=5000)
    assert entries(asked("opening_range_volume", typed(late, volume=volume))) == []
    assert entries(asked("opening_range_volume", typed(late, volume=volume), end=185)) == [36]
    rows, volume = session(*OPENING, INSIDE, UP), volumes(at=4, shares=1500)
    gap = np.zeros((75, 1), bool)
    gap[4] = True
    assert entries(asked("opening_range_volume", typed(rows, volume=volume, gap=gap))) == []
    rows[1] = (NAN,) * 4
    assert entries(asked("opening_range_volume", typed(rows, volume=volume))) == []


# ---- both


@pytest.mark.parametrize("name", NAMES)
def test_bars_without_volume_and_daily_bars_are_refused(name):
    strategy = registry()[name]
    with pytest.raises(NotEnoughData, match=f"volume: {name} needs it, and none of the bars has any"):
        ran(name, typed(session(*OPENING, UP), volume=0.0))
    assert entries(strategy.signals(typed(session(*CALM, (99.6,) * 4), volume=0.0), strategy.params())) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_rule_of_a_session_trades_and_is_flat_each_evening(name):
    result = ran(name, intraday_walk(7, 12))
    assert result.metrics["trades"] > 5
    trades = zip(result.trades["entry_at"], result.trades["exit_at"], strict=True)
    assert all(entered[:10] == left[:10] and left[11:16] <= "15:15" for entered, left in trades)


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("vwap_reversion_index", {"entry": 0.01}, r"params\.entry: expected less than stop \(0\.006\), got 0\.01"),
        ("vwap_reversion_index", {"begin": 300}, r"params\.begin: expected less than end \(300\), got 300"),
        ("opening_range_volume", {"end": 15}, r"params\.minutes: expected less than end \(15\), got 15"),
    ],
)
def test_parameters_that_do_not_go_together_are_named(name, values, message):
    with pytest.raises(ValueError, match=message):
        registry()[name].params(values)
