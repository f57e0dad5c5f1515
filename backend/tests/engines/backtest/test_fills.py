"""Bars typed by hand, and the fills they must give. Day 1 is 2024-01-01; prices and cash in rupees."""

from __future__ import annotations

import numpy as np
import pytest

from app.engines.backtest import CostSpec
from tests.engines.backtest.cases import NAN, bars_of, fills_of, on, refusals_of, run_given


def test_an_order_decided_at_a_close_fills_at_the_next_open():
    # 1000 rupees, open of day 2 is 30: floor(1000 / 30) = 33; sold at the open of day 4
    bars = bars_of([[10], [30], [35], [40]], [[11], [33], [36], [41]])
    result = run_given(bars, (on((4, 1), (0, 0)), on((4, 1), (2, 0))), initial_capital=1000)
    assert fills_of(result) == [(2, "A", "BUY", 33, 30), (4, "A", "SELL", 33, 40)]
    assert result.fills["decided_at"] == ["2024-01-01", "2024-01-03"]
    assert result.equity.tolist() == [1000, 10 + 33 * 33, 10 + 33 * 36, 10 + 33 * 40]


def test_costs_are_paid_on_both_sides_and_leave_room_in_the_size():
    # 1 %: floor(1000 / (10 × 1.01)) = floor(99.0099) = 99; 990 + 9.90 paid, 1980 − 19.80 received
    bars = bars_of([[10], [10], [20]], [[10], [15], [20]])
    result = run_given(bars, (on((3, 1), (0, 0)), on((3, 1), (1, 0))), initial_capital=1000, bps=100)
    assert fills_of(result) == [(2, "A", "BUY", 99, 10), (3, "A", "SELL", 99, 20)]
    assert result.fills["cost"] == pytest.approx([9.9, 19.8]) == result.fills["cost_flat"]
    assert result.trades["pnl"] == pytest.approx([99 * 10 - 29.7])
    assert result.equity[-1] == pytest.approx(1000 + 99 * 10 - 29.7)


def test_slippage_is_against_us_on_both_sides():
    # 1 %: bought at 101 (floor(1000 / 101) = 9), sold at 198
    bars = bars_of([[100], [100], [200]], [[100], [100], [200]])
    result = run_given(bars, (on((3, 1), (0, 0)), on((3, 1), (1, 0))), initial_capital=1000, slippage_bps=100)
    assert fills_of(result) == [(2, "A", "BUY", 9, 101), (3, "A", "SELL", 9, 198)]
    assert result.fills["reference_price"] == [100, 200]


def test_a_signal_at_the_last_bar_gives_no_trade_and_an_open_position_stays_open():
    bars = bars_of([[10], [10], [10]], [[10], [10], [12]])
    result = run_given(bars, (on((3, 1), (0, 0), (2, 0)), on((3, 1), (2, 0))), initial_capital=100)
    assert fills_of(result) == [(2, "A", "BUY", 10, 10)]
    assert (result.trades["open"], result.trades["exit_at"], result.trades["exit_price"]) == ([True], [None], [None])
    assert result.trades["pnl"] == [20]
    assert (result.metrics["trades"], result.metrics["open_trades"]) == (0, 1)


def test_both_signals_at_once_sell_what_is_held_and_buy_what_is_not():
    bars = bars_of([[10]] * 5, [[10]] * 5)
    both = np.ones((5, 1), bool)
    result = run_given(bars, (both, both), initial_capital=100)
    assert [(day, side) for day, _, side, _, _ in fills_of(result)] == [
        (2, "BUY"),
        (3, "SELL"),
        (4, "BUY"),
        (5, "SELL"),
    ]


def test_warm_up_bars_give_no_order_and_are_not_measured():
    bars = bars_of([[10]] * 4, [[10], [10], [10], [11]], start=2)
    result = run_given(bars, (on((4, 1), (0, 0), (1, 0), (2, 0)), on((4, 1))), initial_capital=100)
    assert fills_of(result) == [(4, "A", "BUY", 10, 10)]
    assert result.equity.tolist() == [100, 110]


def test_an_entry_gets_equity_divided_by_the_members_of_that_day():
    # three members at the decision: 900 / 3 = 300 for B, 12 shares at 25
    bars = bars_of([[10, 25, 10, 10]] * 3, [[10, 25, 10, 10]] * 3, member=[[1, 1, 1, 0]] * 3)
    result = run_given(bars, (on((3, 4), (0, 1)), on((3, 4))), initial_capital=900)
    assert fills_of(result) == [(2, "B", "BUY", 12, 25)]


def test_entries_are_served_by_rank_then_key_and_what_does_not_fit_is_cut_down_or_refused():
    # C is bought for 1000 / 2 and doubles: equity 500 + 1000, four members on day 2 -> 375 an entry, 37 shares.
    # C leaves the universe and is sold on day 3, at 10: 1000 of cash serve D (highest rank), B, and E (no rank) in part
    open_ = [[10, 10, 10, 10, 10]] * 4
    close = [[10, 10, 10, 10, 10], [10, 10, 20, 10, 10], [10, 10, 20, 10, 10], [10, 10, 20, 10, 10]]
    member = [[1, 0, 1, 0, 0], [1, 1, 0, 1, 1], [1, 1, 0, 1, 1], [1, 1, 0, 1, 1]]
    rank = np.full((4, 5), np.nan)
    rank[1, 1], rank[1, 3] = 1.0, 2.0
    entry = on((4, 5), (0, 2), (1, 1), (1, 3), (1, 4))
    bars = bars_of(open_, close, member=member)
    result = run_given(bars, (entry, on((4, 5)), rank), initial_capital=1000)
    assert fills_of(result) == [
        (2, "C", "BUY", 50, 10),
        (3, "C", "SELL", 50, 10),
        (3, "D", "BUY", 37, 10),
        (3, "B", "BUY", 37, 10),
        (3, "E", "BUY", 26, 10),
    ]
    assert refusals_of(result) == [(3, "E", "BUY", "INSUFFICIENT_CASH", 26)]
    assert result.rejections["wanted"] == [37]


def test_a_purchase_is_refused_where_not_one_share_is_left_to_buy():
    # three members, 900 rupees, 300 an entry; at the open prices have doubled: A 15 × 20, B 15 × 20, C one at 301
    bars = bars_of([[10, 10, 10]] + [[20, 20, 301]] * 2, [[10, 10, 10]] * 3)
    result = run_given(bars, (on((3, 3), (0, 0), (0, 1), (0, 2)), on((3, 3))), initial_capital=900)
    assert fills_of(result) == [(2, "A", "BUY", 15, 20), (2, "B", "BUY", 15, 20)]
    assert refusals_of(result) == [(2, "C", "BUY", "BELOW_ONE_SHARE", 0)]


@pytest.mark.parametrize(
    ("costs", "price", "reason"),
    [
        (CostSpec("bps", 10.0), 300.0, "CHARGES"),  # 300 pay for the share, and 0.30 are asked besides
        (CostSpec("bps", 10.0), 299.7, "EXIT"),  # 299.70 and 0.2997 are 299.9997
        (CostSpec("bps", 10.0), 300.5, "BELOW_ONE_SHARE"),
        (CostSpec("custom", flat=20.0), 290.0, "CHARGES"),  # 20 an order, and the levies
        (CostSpec("custom", flat=20.0), 301.0, "BELOW_ONE_SHARE"),
    ],
)
def test_where_the_charges_alone_are_beyond_the_budget_the_refusal_says_so(costs, price, reason):
    """Three members, 900 rupees, so that an entry has 300."""
    bars = bars_of([[10, 10, 10]] + [[10, 10, price]] * 2, [[10, 10, 10]] * 3)
    result = run_given(bars, (on((3, 3), (0, 2)), on((3, 3))), initial_capital=900, costs=costs)
    if reason == "EXIT":
        assert fills_of(result) == [(2, "C", "BUY", 1, price)]
    else:
        assert refusals_of(result) == [(2, "C", "BUY", reason, 0)]


def test_a_fixed_quantity_beyond_the_cash_is_cut_down_then_refused():
    from app.engines.backtest import Sizing

    bars = bars_of([[10, 10]] * 3, [[10, 10]] * 3)
    entry = on((3, 2), (0, 0), (0, 1))
    result = run_given(bars, (entry, on((3, 2))), initial_capital=75, sizing=Sizing("quantity", 8))
    assert fills_of(result) == [(2, "A", "BUY", 7, 10)]
    assert refusals_of(result) == [(2, "A", "BUY", "INSUFFICIENT_CASH", 7), (2, "B", "BUY", "INSUFFICIENT_CASH", 0)]


def test_an_exit_pays_for_an_entry_at_the_same_open():
    # all money is in A; its sale at 20 pays for B (slots 1 while only one is a member)
    member = [[1, 0], [0, 1], [0, 1]]
    bars = bars_of([[10, 10], [10, 10], [20, 10]], [[10, 10], [20, 10], [20, 10]], member=member)
    result = run_given(bars, (on((3, 2), (0, 0), (1, 1)), on((3, 2))), initial_capital=100)
    assert fills_of(result) == [(2, "A", "BUY", 10, 10), (3, "A", "SELL", 10, 20), (3, "B", "BUY", 20, 10)]
    assert result.trades["exit_reason"] == ["LEFT_UNIVERSE", None]


def test_only_members_are_bought():
    bars = bars_of([[10, 10]] * 3, [[10, 10]] * 3, member=[[1, 0]] * 3)
    result = run_given(bars, (np.ones((3, 2), bool), on((3, 2))), initial_capital=100)
    assert [symbol for _, symbol, *_ in fills_of(result)] == ["A"]


def test_open_positions_never_pass_their_limit():
    bars = bars_of([[10, 10, 10]] * 3, [[10, 10, 10]] * 3)
    entry = on((3, 3), (0, 0), (0, 1), (0, 2))
    result = run_given(bars, (entry, on((3, 3))), initial_capital=300, max_positions=2)
    assert [symbol for _, symbol, *_ in fills_of(result)] == ["A", "B"]
    assert refusals_of(result) == [(2, "C", "BUY", "MAX_POSITIONS", 0)]


def test_an_entry_without_a_bar_is_refused_and_an_exit_waits_for_one():
    # B has no bar on day 2 (entry refused); A none on days 4 and 5 (exit of day 3 fills on day 6, at that open)
    open_ = [[10, 10], [10, NAN], [10, 10], [NAN, 10], [NAN, 10], [7, 10]]
    close = [[10, 10], [10, NAN], [12, 10], [NAN, 10], [NAN, 10], [7, 10]]
    bars = bars_of(open_, close)
    result = run_given(bars, (on((6, 2), (0, 0), (0, 1)), on((6, 2), (2, 0), (3, 0))), initial_capital=200)
    assert fills_of(result) == [(2, "A", "BUY", 10, 10), (6, "A", "SELL", 10, 7)]
    assert refusals_of(result) == [(2, "B", "BUY", "NO_BAR", 0)]
    assert result.equity.tolist() == [200, 200, 220, 220, 220, 170]  # valued at its last close, 12, meanwhile
    assert any("A (2 bars)" in warning for warning in result.warnings)


def test_a_holding_that_never_trades_again_stays_open_and_is_named():
    open_, close = [[10], [10], [NAN], [NAN]], [[10], [9], [NAN], [NAN]]
    result = run_given(bars_of(open_, close), (on((4, 1), (0, 0)), on((4, 1), (1, 0))), initial_capital=100)
    assert result.trades["open"] == [True]
    assert result.equity.tolist() == [100, 90, 90, 90]
    assert any(w.startswith("A last traded on 2024-01-02 and is still held") for w in result.warnings)


def test_a_split_multiplies_the_holding_and_changes_no_value():
    # 10 shares at 100; 1:5 on day 3: 50 shares, raw prices a fifth
    bars = bars_of([[100], [100], [20], [20]], [[100], [100], [20], [22]], factor=[[1], [1], [5], [5]])
    result = run_given(bars, (on((4, 1), (0, 0)), on((4, 1), (2, 0))), initial_capital=1000)
    assert fills_of(result) == [(2, "A", "BUY", 10, 100), (4, "A", "SELL", 50, 20)]
    assert result.equity.tolist() == [1000, 1000, 1000, 1000]
    assert (result.trades["quantity"], result.trades["exit_quantity"], result.trades["pnl"]) == ([10], [50], [0])
    assert result.events["kind"] == ["SHARES"]


def test_the_fraction_of_a_share_is_paid_out_at_the_open_of_the_ex_date():
    # 7 shares, 3:2: 10.5 -> 10 shares and half a share at the open of 64 = 32 rupees
    bars = bars_of([[96], [96], [64], [66]], [[96], [96], [63], [66]], factor=[[1], [1], [1.5], [1.5]])
    result = run_given(bars, (on((4, 1), (0, 0)), on((4, 1), (2, 0))), initial_capital=672)
    assert fills_of(result) == [(2, "A", "BUY", 7, 96), (4, "A", "SELL", 10, 66)]
    assert result.trades["income"] == [32]
    assert result.trades["pnl"] == [660 + 32 - 672]
    assert result.equity.tolist() == [672, 672, 32 + 630, 32 + 660]


def test_a_waiting_exit_follows_a_split_on_a_day_without_trade():
    # exit decided on day 2; day 3 is the ex-date of 1:2 and nothing trades; day 4 sells 20, valued 100 -> 50 meanwhile
    bars = bars_of([[100], [100], [NAN], [55]], [[100], [100], [NAN], [55]], factor=[[1], [1], [2], [2]])
    result = run_given(bars, (on((4, 1), (0, 0)), on((4, 1), (1, 0))), initial_capital=1000)
    assert fills_of(result) == [(2, "A", "BUY", 10, 100), (4, "A", "SELL", 20, 55)]
    assert result.equity.tolist() == [1000, 1000, 1000, 1100]
    assert result.rejections["reason"] == []


def test_a_consolidation_that_leaves_no_whole_share_ends_the_trade():
    # 5 shares, ten become one: half a share, settled at the open of 990 -> 495; nothing is left for the exit to sell
    bars = bars_of([[100], [100], [990], [990]], [[100], [100], [990], [990]], factor=[[1], [1], [0.1], [0.1]])
    result = run_given(bars, (on((4, 1), (0, 0)), on((4, 1), (1, 0))), initial_capital=500)
    assert fills_of(result) == [(2, "A", "BUY", 5, 100)]
    assert refusals_of(result) == [(3, "A", "SELL", "NOTHING_HELD", 0)]
    assert result.trades["exit_reason"] == ["SETTLED_IN_CASH"]
    assert result.trades["pnl"] == [-5] and result.equity[-1] == 495


def test_a_dividend_is_cash_for_those_who_held_into_the_ex_date():
    # bought at the open of day 2 (its own ex-date: nothing), 2 rupees on day 3 for 10 shares
    bars = bars_of([[100], [100], [98]], [[100], [100], [98]])
    dividends = [[NAN], [5], [2]]
    result = run_given(
        bars, (on((3, 1), (0, 0)), on((3, 1))), initial_capital=1000, dividends=np.asarray(dividends, float)
    )
    assert result.equity.tolist() == [1000, 1000, 1000]
    assert result.trades["income"] == [20] and result.trades["pnl"] == [0]
    assert any(line.startswith("Dividends on file are paid in cash on the ex-date") for line in result.assumptions)


def test_two_books_share_the_cash_and_hold_the_same_stock_apart():
    # equal shares: 500 each; book 0 buys on day 2 and sells on day 4, book 1 buys on day 3
    bars = bars_of([[10]] * 4, [[10]] * 4)
    first, second = (on((4, 1), (0, 0)), on((4, 1), (2, 0))), (on((4, 1), (1, 0)), on((4, 1)))
    result = run_given(bars, first, second, initial_capital=1000)
    assert fills_of(result) == [(2, "A", "BUY", 50, 10), (3, "A", "BUY", 50, 10), (4, "A", "SELL", 50, 10)]
    assert result.fills["book"] == ["given_0", "given_1", "given_0"]
    assert result.trades["open"] == [False, True]


def test_allocations_divide_the_account():
    bars = bars_of([[10]] * 3, [[10]] * 3)
    book = (on((3, 1), (0, 0)), on((3, 1)))
    result = run_given(bars, book, book, initial_capital=1000, allocations=[0.7, 0.2])
    assert result.fills["quantity"] == [70, 20]


def test_an_intent_is_the_same_in_every_run_and_differs_for_every_order():
    bars = bars_of([[10, 10]] * 6, [[10, 10]] * 6)
    both = np.ones((6, 2), bool)
    whole, part = run_given(bars, (both, both)), run_given(bars.up_to(4), (both[:4], both[:4]))
    assert part.fills["intent"] == whole.fills["intent"][: len(part.fills["intent"])]
    assert len(set(whole.fills["intent"])) == len(whole.fills["intent"]) == 10
    assert all(len(intent) == 16 for intent in whole.fills["intent"])
    assert whole.trades["entry_intent"][0] == whole.fills["intent"][0]


def test_the_last_ulp_of_a_quotient_does_not_overdraw_the_account():
    # 826.7259 / (27.53 × 1.001) rounds up to exactly 30, but 30 shares and their charge cost 826.72590000000002
    bars = bars_of([[27.53]] * 3, [[27.53]] * 3)
    result = run_given(bars, (on((3, 1), (0, 0)), on((3, 1))), initial_capital=826.7259, bps=10)
    assert result.fills["quantity"] == [29]
    assert (result.cash >= 0.0).all()
