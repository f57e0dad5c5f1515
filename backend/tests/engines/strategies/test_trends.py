"""Trend rules on closes typed by hand."""

from __future__ import annotations

import numpy as np
import pytest

from app.engines.strategies.registry import registry
from tests.engines.strategies.test_new_highs import asked, bars_with, decided


def test_momentum_of_the_window_and_a_close_above_the_filter_are_both_asked_for():
    # three bars back, average of two. bar 3: 11 over 10, but below 11.5; bar 4: 12 over 11, above 11.5: bought;
    # bar 5: 9 under 12; bar 6: 12 over 11, above 10.5: bought; bar 7: 12 and 12, average 12: neither
    close = [10.0, 11, 12, 11, 12, 9, 12, 12]
    found = asked("tsmom_150", {"lookback": 3, "filter": 2}, bars_with(close, close, close))
    assert np.flatnonzero(found.entry[:, 0]).tolist() == [4, 6]
    assert np.flatnonzero(found.exit[:, 0]).tolist() == [3, 5]
    assert found.rank is not None and found.rank[4, 0] == pytest.approx(1 / 11)
    assert registry()["tsmom_150"].params().filter == 150


def test_a_close_above_the_upper_band_is_bought_and_one_below_the_average_sold():
    # window 4, width 1. bar 4: mean 11, deviation sqrt((1 + 1 + 1 + 9) / 4) = 1.73: 14 above 12.73; bar 5: mean 11.75,
    # deviation 1.79: 13 within; bar 6: mean (10 + 14 + 13 + 11) / 4 = 12: 11 below. Bar 3: on the band, which is flat
    close = [10.0, 10, 10, 10, 14, 13, 11]
    assert decided("trend_envelope", {"window": 4, "width": 1.0}, bars_with(close, close, close)) == ([4], [6])


def test_a_rise_of_more_than_its_ranges_is_bought_with_a_stop_below_the_highest_close():
    # true ranges 2 2 1 3 0 6 from bar 1; averages of two after Wilder: 2 at bar 2, 1.5, 2.25, 1.125.
    # bar 3: 1 / 2; bar 4: 3 / 1.5 = 2: bought; bar 6: -6 / 1.125 = -5.3: sold
    close = [100.0, 102, 100, 101, 104, 104, 98]
    params = {"window": 2, "entry": 1.5, "exit": 1.5, "trail": 3.0}
    found = asked("atr_breakout", params, bars_with(close, close, close))
    assert np.flatnonzero(found.entry[:, 0]).tolist() == [4] and np.flatnonzero(found.exit[:, 0]).tolist() == [6]
    assert found.rank is not None and found.rank[4, 0] == 2.0
    assert found.trail is not None and found.trail[4, 0] == pytest.approx(4.5 / 104) and np.isnan(found.trail[5, 0])
    assert decided("atr_breakout", params | {"entry": 2.0}, bars_with(close, close, close))[0] == []  # not more
    assert asked("atr_breakout", params | {"trail": 0.0}, bars_with(close, close, close)).trail is None


def test_a_trailing_stop_that_would_lie_at_nothing_is_no_entry():
    close = [10.0, 12, 10, 11, 14]  # 20 ranges of 1.5 are 30, more than 14
    params = {"window": 2, "entry": 1.5}
    assert decided("atr_breakout", params | {"trail": 20.0}, bars_with(close, close, close))[0] == []
    assert decided("atr_breakout", params | {"trail": 9.0}, bars_with(close, close, close))[0] == [4]  # 13.5


def test_a_range_of_nothing_measures_no_burst():
    close = [10.0, 10, 10, 10, 12]
    assert decided("atr_breakout", {"window": 2}, bars_with(close, close, close)) == ([], [])


def test_the_ribbon_is_bought_in_order_and_sold_when_the_fastest_is_below_the_third():
    # windows 2 3 4 5. bar 4: all 10, no order; bar 5: 10.5 10.33 10.25 10.2; bar 8: 12.5 12.33 12 11.6;
    # bar 9: 11 11.67 11.75: below the third; bar 10: 9.5 10.33 11
    close = [10.0, 10, 10, 10, 10, 11, 12, 13, 12, 10, 9]
    params = {"first": 2, "second": 3, "third": 4, "fourth": 5}
    assert decided("ma_ribbon", params, bars_with(close, close, close)) == ([5, 6, 7, 8], [9, 10])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"second": 10}, r"params\.second: expected a window longer than the one before \(10\), got 10"),
        ({"third": 20}, r"params\.third: expected a window longer than the one before \(20\), got 20"),
        ({"fourth": 40}, r"params\.fourth: expected a window longer than the one before \(50\), got 40"),
    ],
)
def test_the_windows_of_a_ribbon_rise(values, message):
    with pytest.raises(ValueError, match=message):
        registry()["ma_ribbon"].params(values)


def test_the_crossover_of_50_and_200_is_the_simple_one_with_these_windows():
    # flat at 100 for 200 bars: equal averages, no side. A fall for 60 bars puts the fast one below; the rise that
    # follows takes it above once
    close = [100.0] * 200 + [100 - t / 2 for t in range(1, 61)] + [70 + t for t in range(1, 121)]
    entry, leave = decided("sma_cross", {"fast": 50, "slow": 200}, bars_with(close, close, close))
    fast, slow = (np.convolve(close, np.ones(n) / n, "valid")[-len(close) + 199 :] for n in (50, 200))
    side = np.sign(np.round(fast - slow, 9))
    crossed = [t + 199 for t in range(1, len(side)) if side[t] > 0 > side[t - 1]]
    assert entry == crossed and len(entry) == 1 and leave == []
