"""Bars that end for an instrument: nothing is bought, nothing is sold, and what is held keeps its last price."""

from __future__ import annotations

import numpy as np

from app.engines.bars import Bars

from .backtest.cases import fills_of, run_given


def bars_of() -> Bars:
    days = np.datetime64("2024-01-01") + np.arange(6)
    fall = [10.0, 10.0, 12.0, 5.0, 5.0, 5.0]
    flat = [20.0] * 6
    return Bars.from_ohlcv(days, {"A": (fall, fall, fall, fall, [1] * 6), "B": (flat, flat, flat, flat, [1] * 6)})


def test_from_the_bar_on_there_is_nothing_to_trade_in_that_column_alone() -> None:
    bars = bars_of()
    closed = bars.closed_from({0: 3})
    assert np.isnan(closed.raw.close[3:, 0]).all() and np.isnan(closed.raw_volume[3:, 0]).all()
    np.testing.assert_array_equal(closed.raw.close[:3], bars.raw.close[:3])
    np.testing.assert_array_equal(closed.raw.close[:, 1], bars.raw.close[:, 1])
    np.testing.assert_array_equal(closed.member, [[1, 1]] * 3 + [[0, 1]] * 3)
    assert not np.isnan(bars.raw.close).any() and bars.closed_from({}) is bars


def test_what_is_held_keeps_its_last_price_and_no_order_fills() -> None:
    closed = bars_of().closed_from({0: 3})
    entry, leave = np.zeros((6, 2), np.bool_), np.zeros((6, 2), np.bool_)
    entry[0, 0] = entry[4, 0] = True
    leave[2, 0] = True  # decided before, for the open of the day that is closed
    result = run_given(closed, (entry, leave), initial_capital=1000.0)
    assert [fill[:3] for fill in fills_of(result)] == [(2, "A", "BUY")]
    held = result.trades["quantity"][0]
    assert result.trades["open"] == [True] and result.trades["exit_at"] == [None]
    np.testing.assert_allclose(result.equity[2:], 1000.0 + held * 2.0)  # bought at 10, last seen at 12
    assert any("last traded on 2024-01-03 and is still held" in line for line in result.warnings)
