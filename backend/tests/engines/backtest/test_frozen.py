"""Holdings that nobody can sell: counted beside the equity, their exits refused once and by name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engines.backtest import Fate, RunResult, run
from app.engines.backtest.orders import EVENT, FILL
from app.engines.backtest.tear_sheet import short_values
from app.engines.bars import Bars
from app.engines.policy import Policy
from app.engines.strategies import Signals
from tests.engines.backtest.cases import NAN, Given, bars_of, fills_of, on, refusals_of, run_given, spec_of
from tests.engines.backtest.test_event import Asked

WIDE = Policy(cash_reserve_percent=0, max_equity_exposure_percent=100, max_strategy_allocation_percent=100)


def stopping(days: int = 8, last: int = 3) -> Bars:
    """A trades at 10, 10, 12 up to day `last` and then never again; B at 20 on all days."""
    open_, close = np.full((days, 2), 20.0), np.full((days, 2), 20.0)
    open_[:, 0], close[:, 0] = 10.0, 10.0
    open_[2:, 0] = close[2:, 0] = 12.0
    open_[last:, 0] = close[last:, 0] = NAN
    return bars_of(open_, close)


def frozen_of(result: RunResult) -> list[dict[str, Any]]:
    rows = result.frozen_holdings
    return [dict(zip(rows, row, strict=True)) for row in zip(*rows.values(), strict=True)]


def asked(bars: Bars, answer: Signals, *, fates: Any = None, **fields: Any) -> RunResult:
    """A run of one book with this answer."""
    strategy = Given("given_0", answer.entry, answer.exit)
    strategy.answer = answer
    return run(spec_of(["given_0"], **fields), bars, {"given_0": strategy}, fates=fates)


def test_a_holding_without_a_trade_for_a_week_is_frozen_and_its_exit_refused_once() -> None:
    # 1000 for two members: 50 of A at 10 on day 2; its last close is 12, so it is worth 600 of 500 + 600 = 1100
    bars = stopping()
    result = run_given(bars, (on((8, 2), (0, 0)), on((8, 2), (2, 0))), initial_capital=1000)
    assert fills_of(result) == [(2, "A", "BUY", 50, 10)]
    assert refusals_of(result) == [(4, "A", "SELL", "NO_TRADE_SINCE", 0)]
    rows = {name: values[0] for name, values in result.rejections.items()}
    assert (rows["decided_at"], rows["at"], rows["until"]) == ("2024-01-03", "2024-01-04", "2024-01-08")
    assert rows["wanted"] == 50 and rows["sequence"] == 1  # the purchase was 0
    m = result.metrics
    assert (m["frozen_value"], m["frozen_positions"], m["final_equity"]) == (600.0, 1, 1100.0)
    assert m["frozen_share"] == 600 / 1100 and m["final_equity_without_frozen"] == 500.0
    assert frozen_of(result) == [
        {
            "book": "given_0", "symbol": "A", "key": "A", "quantity": 50.0, "last_price": 12.0,
            "last_traded": "2024-01-03", "value": 600.0, "reason": "NO_TRADE_SINCE", "since": "2024-01-03",
            "exit_refused_at": "2024-01-04",
        }
    ]  # fmt: skip
    assert result.warnings[0] == (
        "FROZEN: 600.00 rupees of the final equity (54.55 % of it) are 1 holding that could not be sold, at the last "
        "price each had: A 600.00 (NO TRADE SINCE 2024-01-03). If those were worth nothing, the final equity would be "
        "500.00 rupees."
    )
    assert not any("is still held at the end" in line for line in result.warnings)
    assert "1 order refused: NO_TRADE_SINCE." in result.warnings
    assert any("FROZEN: it stays at its last price" in line for line in result.assumptions)


def test_a_stock_that_missed_less_than_a_week_is_no_frozen_one() -> None:
    bars = stopping(days=7)  # four sessions without a trade
    result = run_given(bars, (on((7, 2), (0, 0)), on((7, 2), (2, 0))), initial_capital=1000)
    assert frozen_of(result) == [] and refusals_of(result) == []
    m = result.metrics
    assert (m["frozen_value"], m["frozen_share"], m["frozen_positions"]) == (0.0, 0.0, 0)
    assert m["final_equity_without_frozen"] == m["final_equity"] == 1100.0
    assert any("A last traded on 2024-01-03 and is still held at the end" in line for line in result.warnings)


@pytest.mark.parametrize(
    ("fate", "told"),
    [
        (Fate("QUARANTINED", "2024-01-04"), "A 600.00 (last price of 2024-01-03, QUARANTINED from 2024-01-04)"),
        (
            Fate("DELISTED", "2024-01-05"),
            "A 600.00 (last traded 2024-01-03, DELISTED: not in the exchange's list of 2024-01-05)",
        ),
    ],
)
def test_with_a_fate_on_file_one_missed_session_is_enough_and_the_reason_is_its_name(fate: Fate, told: str) -> None:
    # closed from day 4 on: it is no member then, the exit is decided at that close and has no bar on day 5
    whole = np.array([[10.0, 20], [10, 20], [12, 20], [5, 20], [5, 20]])
    bars = bars_of(whole, whole).closed_from({0: 3})
    nothing = on((5, 2))
    result = asked(bars, Signals(on((5, 2), (0, 0)), nothing), fates={"A": fate, "Z": fate}, initial_capital=1000)
    assert refusals_of(result) == [(5, "A", "SELL", fate.reason, 0)]
    assert result.rejections["decided_at"] == ["2024-01-04"] and result.rejections["until"] == ["2024-01-05"]
    assert [(row["reason"], row["since"]) for row in frozen_of(result)] == [(fate.reason, fate.since)]
    assert told in result.warnings[0]
    assert f"1 order refused: {fate.reason}." in result.warnings


def test_a_stock_that_trades_again_is_not_frozen_whatever_was_on_file() -> None:
    bars = bars_of([[10.0], [10], [NAN], [9]], [[10.0], [10], [NAN], [9]])
    result = asked(
        bars, Signals(on((4, 1), (0, 0)), on((4, 1))), fates={"A": Fate("DELISTED", "2024-01-03")}, initial_capital=100
    )
    assert frozen_of(result) == [] and result.equity.tolist() == [100, 100, 100, 90]


def test_a_time_exit_that_falls_due_without_a_bar_is_refused_too() -> None:
    # bought on day 2, held three bars at most: it falls due at the open of day 5, which A has not
    result = asked(stopping(days=9), Signals(on((9, 2), (0, 0)), on((9, 2)), hold=3), initial_capital=1000)
    assert refusals_of(result) == [(5, "A", "SELL", "NO_TRADE_SINCE", 0)]
    assert result.rejections["wanted"] == [50] and int(result.rejections["intent"][0], 16) != 0


def test_an_exit_at_a_limit_that_was_at_rest_when_trade_ended_is_refused_from_the_next_bar_on() -> None:
    def leave(context: Any) -> None:
        if context.t == 0:
            context.buy(0, quantity=10)
        if context.t == 1:
            context.exit(0, limit=15.0)

    result = run(spec_of(["given"], initial_capital=1000), stopping(), {"given": Asked(leave)})
    # decided on day 2 and not reached on day 3: a limit like any other; from day 4 on nobody is there
    assert refusals_of(result) == [(4, "A", "SELL", "NO_TRADE_SINCE", 0)]
    assert result.rejections["decided_at"] == ["2024-01-02"]


def test_nothing_is_gained_from_a_short_position_that_cannot_be_bought_back() -> None:
    # sold short at 10, 50 shares, last seen at 12: −600 of the equity; it might be worth nothing, nobody counts on that
    none = on((8, 2))
    answer = Signals(none, none, short=Signals(on((8, 2), (0, 0)), none))
    result = asked(stopping(), answer, initial_capital=1000)
    assert result.metrics["final_equity"] == 900.0
    assert result.metrics["frozen_value"] == 600.0 and result.metrics["final_equity_without_frozen"] == 900.0
    assert [(row["quantity"], row["value"]) for row in frozen_of(result)] == [(-50.0, -600.0)]
    assert frozen_of(result)[0]["exit_refused_at"] is None


def test_the_largest_ten_are_named_and_the_others_counted() -> None:
    count = 12
    open_ = np.full((8, count + 1), 10.0)
    open_[3:, :count] = NAN
    open_[2, :count] = 10.0 + np.arange(count)
    keys = [f"K{n:02d}" for n in range(count)] + ["Z"]
    bars = bars_of(open_, open_, keys=keys)
    entry = on((8, count + 1), *((0, n) for n in range(count)))
    result = run_given(bars, (entry, on((8, count + 1))), initial_capital=13_000)
    assert [row["symbol"] for row in frozen_of(result)] == [f"K{n:02d}" for n in reversed(range(count))]
    assert result.warnings[0].count("NO TRADE SINCE") == 10 and "; and 2 more. If those" in result.warnings[0]
    assert "K11 2100.00" in result.warnings[0]  # 1000 at 10: 100 shares, the dearest last close is 21


def test_a_flatten_that_finds_no_bar_is_said_once_and_leaves_later_entries_alone() -> None:
    # A: 50 bought at 10 on day 2, 9.50 on day 3 (−25 of 1000, beyond the daily stop), and never traded again. The day
    # after is cautious; B, decided on day 5, is bought on day 6 and nobody ends it
    open_ = np.full((8, 2), 20.0)
    open_[:, 0] = 10.0
    close = open_.copy()
    close[2, 0] = 9.5
    open_[3:, 0] = close[3:, 0] = NAN
    entry = on((8, 2), (0, 0), (4, 1))
    policy = replace(WIDE, on_breach="flatten")
    result = run_given(bars_of(open_, close), (entry, on((8, 2))), policy=policy, initial_capital=1000)
    flattened = [row for row in zip(*(result.decisions[n] for n in ("at", "outcome", "symbol", "granted")), strict=True)
                 if row[1] == "FLATTEN"]  # fmt: skip
    assert flattened == [("2024-01-04", "FLATTEN", "A", 0.0)]
    assert (4, "A", "SELL", "NO_BAR", 0) in refusals_of(result)
    assert [fill[:3] for fill in fills_of(result)] == [(2, "A", "BUY"), (6, "B", "BUY")]
    assert result.trades["open"] == [True, True]


def test_long_and_short_at_once_both_count_towards_the_gross_exposure() -> None:
    # 1000, two members, 500 each, bought and sold short at the open of day 2: 50 of A long, 25 of B short.
    # closes: day 1 nothing; day 2 A 10, B 20: 500 and −500 of 1000; day 3 A 12, B 16: 600 and −400 of 1200
    bars = bars_of([[10.0, 20], [10, 20], [12, 16]], [[10.0, 20], [10, 20], [12, 16]])
    none = on((3, 2))
    result = asked(bars, Signals(on((3, 2), (0, 0)), none, short=Signals(on((3, 2), (0, 1)), none)),
                   initial_capital=1000)  # fmt: skip
    assert result.equity.tolist() == [1000, 1000, 1200]
    assert result.metrics["gross_exposure"] == pytest.approx((0 + 1000 / 1000 + 1000 / 1200) / 3)
    assert result.metrics["net_exposure"] == pytest.approx((0 + 0 + 200 / 1200) / 3)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000))
def test_what_is_held_short_adds_up_to_the_holdings_of_a_run_that_is_only_short(seed: int) -> None:
    random = np.random.default_rng(seed)
    shape = (40, 3)
    close = np.round(100 * np.exp(np.cumsum(random.normal(0, 0.03, shape), axis=0)), 2)
    factor = np.cumprod(np.where(random.random(shape) < 0.05, 2.0, 1.0), axis=0)
    factor /= factor[0]
    holes = random.random(shape) < 0.1
    prices = np.where(holes, NAN, close / factor)
    bars = bars_of(prices, prices, factor=factor)
    none = np.zeros(shape, bool)
    short = Signals(random.random(shape) < 0.2, random.random(shape) < 0.2)
    result = asked(bars, Signals(none, none, short=short), initial_capital=100_000)
    fills, events = np.zeros(len(result.fills["filled_at"]), FILL), np.zeros(len(result.events["at"]), EVENT)
    at = {str(day): t for t, day in enumerate(bars.sessions)}
    column = {key: n for n, key in enumerate(bars.keys)}
    for name, values in (
        ("sequence", result.fills["sequence"]), ("bar", [at[day] for day in result.fills["filled_at"]]),
        ("column", [column[key] for key in result.fills["key"]]),
        ("side", [1 if side == "BUY" else -1 for side in result.fills["side"]]),
        ("closing", [int(side == "BUY") for side in result.fills["side"]]),
        ("quantity", result.fills["quantity"]), ("reference", result.fills["reference_price"]),
    ):  # fmt: skip
        fills[name] = values
    for name, values in (
        ("sequence", result.events["sequence"]), ("bar", [at[day] for day in result.events["at"]]),
        ("column", [column[key] for key in result.events["key"]]), ("before", result.events["quantity_before"]),
        ("after", result.events["quantity_after"]),
    ):  # fmt: skip
        events[name] = values
    np.testing.assert_allclose(short_values(bars, fills, events), result.holdings, rtol=0, atol=1e-6)
