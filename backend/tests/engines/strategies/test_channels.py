"""Channel and band rules on bars typed by hand."""

from __future__ import annotations

from typing import Any

import numpy as np

from app.engines.bars import Bars
from app.engines.strategies.registry import registry

NAN = np.nan


def signals(name: str, params: dict[str, Any], high: Any, low: Any, close: Any) -> tuple[list[int], list[int]]:
    columns = [np.array(x, float) for x in (close, high, low, close, [1000.0] * len(close))]
    bars = Bars.from_ohlcv(np.datetime64("2024-01-01") + np.arange(len(close)), {"A": tuple(columns)})  # type: ignore[dict-item]
    strategy = registry()[name]
    answer = strategy.signals(bars, strategy.params(params))
    return np.flatnonzero(answer.entry[:, 0]).tolist(), np.flatnonzero(answer.exit[:, 0]).tolist()


def test_a_channel_is_that_of_the_bars_before_and_is_broken_by_closes_strictly():
    high = [10, 11, 11.5, 12, 14, 13, 12, 11]
    low = [9, 9, 9.5, 10, 12, 11, 9, 8.5]
    close = [9.5, 10.5, 11, 11.5, 13, 12, 9.5, 8.8]
    # highs before bar 3: 11 and 11.5, and 11.5 equals it: no break; before bar 4: 11.5 and 12, and 13 is above.
    # lows before bar 6: 12 and 11, 9.5 is below; before bar 7: 11 and 9, 8.8 is below; before bar 5: 10 and 12
    assert signals("donchian", {"entry": 2, "exit": 2}, high, low, close) == ([4], [6, 7])


def test_a_bar_without_trade_is_passed_over():
    high, low, close = [10, 11, NAN, 13], [9, 9, NAN, 12], [9.5, 10.5, NAN, 12.5]
    assert signals("donchian", {"entry": 2, "exit": 2}, high, low, close) == ([3], [])


def test_a_close_below_the_band_buys_and_one_above_the_average_sells():
    # window 4, width 1: at bar 4 mean (10 + 10 + 10 + 6) / 4 = 9, deviation sqrt(3) = 1.732: 6 < 7.268.
    # bar 5: mean (10 + 10 + 6 + 8) / 4 = 8.5: 8 is neither; bar 6: mean (10 + 6 + 8 + 9) / 4 = 8.25: 9 is above
    close = [10, 10, 10, 10, 6, 8, 9]
    params = {"window": 4, "width": 1.0}
    assert signals("bollinger_reversion", params, close, close, close) == ([4], [6])


def test_a_macd_cross_is_strict_on_both_sides():
    # a flat series has a MACD and a signal of zero: it never crosses; then it rises
    close = [100.0] * 30 + [100.0 + n for n in range(1, 11)] + [110.0 - 2 * n for n in range(1, 15)]
    entry, leave = signals("macd_cross", {"fast": 3, "slow": 6, "signal": 3}, close, close, close)
    assert entry == []  # from equality a rise is no cross
    assert len(leave) == 1 and leave[0] > 39


def test_the_turns_of_the_supertrend_trade():
    # window 2, multiplier 1. true ranges from bar 1: 2 2 3 5 7 5; averages from bar 2: 2 2.5 3.75 5.375 5.1875.
    # bar 2: 12 ± 2, the close is not below 12: up, which nobody saw turn. bar 3: 15 ± 2.5 -> 14, 12.5; 15 > 14.
    # bar 4: 11.5 ± 3.75 -> 15.25 (15 was above 14), 12.5; 10 < 12.5: down. bar 5: 15.5 ± 5.375 -> 15.25 stays; 17: up.
    # bar 6: 13 ± 5.1875 -> 18.1875 (17 was above), 10.125 stays; 13: up still
    high = [11, 12, 13, 16, 13, 17, 14]
    low = [9, 10, 11, 14, 10, 14, 12]
    close = [10, 11, 13, 15, 10, 17, 13]
    entry, leave = signals("supertrend", {"window": 2, "multiplier": 1.0}, high, low, close)
    assert (entry, leave) == ([5], [4])
