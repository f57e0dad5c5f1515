"""Which sessions and holdings are judged together."""

from __future__ import annotations

import numpy as np
import pytest

from app.engines.portfolio.window import TooLittleHistory, of_portfolio, required_sessions, usable_window

nan = np.nan


def days(count: int) -> np.ndarray:
    return np.datetime64("2024-01-01") + np.arange(count)


def window(close: list[list[float]], lookback: int, gaps: tuple[tuple[int, int], ...] = ()):
    prices = np.array(close, float)
    gap = np.zeros(prices.shape, bool)
    for t, n in gaps:
        gap[t, n] = True
    return usable_window(days(len(prices)), prices, gap, lookback)


def test_half_of_the_lookback_is_needed_and_sixty_sessions_at_least():
    assert [required_sessions(n) for n in (20, 60, 100, 252, 756)] == [20, 60, 60, 126, 378]


def test_a_session_without_a_trade_leaves_the_holding_at_its_last_price():
    # 10, 11, (11), 12.1, 12.1, 12.1: +10 %, 0, +10 %, 0, 0; the other falls by a half and doubles
    found = window([[10, 8], [11, 4], [nan, 8], [12.1, 8], [12.1, 8], [12.1, 8]], 5)
    assert found.returns == pytest.approx(np.array([[0.1, -0.5], [0.0, 1.0], [0.1, 0.0], [0, 0], [0, 0]]))
    assert found.idle.tolist() == [1, 0]
    assert found.kept == (0, 1)
    assert found.first == 0
    assert found.sessions[0] == np.datetime64("2024-01-02")


def test_a_holding_that_is_too_young_is_left_out_and_the_window_is_not_cut_to_it():
    close = [[10.0, nan]] * 60 + [[10.0, 5.0]] * 40
    found = window(close, 99)
    assert found.kept == (0,)
    assert found.left_out == {1: "39 sessions, needs 60"}
    assert found.returns.shape == (99, 1)


def test_the_window_is_that_of_the_youngest_holding_kept():
    close = [[10.0, nan]] * 30 + [[10.0, 5.0]] * 70
    found = window(close, 99)
    assert found.kept == (0, 1)
    assert found.returns.shape == (69, 2)
    assert found.first == 30
    assert found.sessions[0] == days(100)[31]


def test_nothing_before_a_gap_is_used():
    close = [[10.0 + t, 5.0] for t in range(100)]
    found = window(close, 99, gaps=((25, 0),))
    assert found.returns.shape == (74, 2)  # from the bar with the gap on: 75 prices
    assert found.returns[0, 0] == pytest.approx(36.0 / 35.0 - 1.0)


def test_a_holding_that_hardly_trades_is_left_out():
    close = [[10.0, 5.0 if t % 2 == 0 else nan] for t in range(101)]
    assert window(close, 100).left_out == {1: "traded in 50 of 100 sessions only"}


def test_too_little_history_says_how_much_there_is_and_how_much_it_takes():
    with pytest.raises(TooLittleHistory) as raised:
        window([[10.0, 11.0]] * 21, 252)
    assert (raised.value.required, raised.value.available) == (126, 20)


def test_the_portfolio_earns_the_weighted_returns():
    returns = np.array([[0.1, -0.1], [0.02, 0.04]])
    assert of_portfolio(returns, np.array([0.25, 0.75])) == pytest.approx([-0.05, 0.035])
