"""Policies in runs: hand-made bars and what the policy must decide on them; capital one lakh, no costs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.engines.backtest import CostSpec, RunResult, Sizing, loop, run
from app.engines.backtest.arrays import decisions_of, market_of, rules_of
from app.engines.backtest.core import DECISIONS, FILLS
from app.engines.backtest.simulate import simulate
from app.engines.backtest.spec import sectors_version
from app.engines.backtest.state import new_account, new_log, new_orders
from app.engines.policy import Policy
from app.engines.strategies import Signals
from tests.engines.backtest.cases import Given, bars_of, run_given, spec_of

WIDE = Policy(cash_reserve_percent=0, max_equity_exposure_percent=100, max_strategy_allocation_percent=100)
LAKH = 100_000.0


def marks(count: int, *at: int) -> np.ndarray:
    out = np.zeros((count, 1), bool)
    out[list(at)] = True
    return out


def held(prices: list[tuple[float, float]], policy: Policy | None, entries=(0,), exits=(), **fields: Any) -> RunResult:
    """One symbol; each bar (open, close); all-in unless the policy says less."""
    o, c = np.array([[p[0]] for p in prices]), np.array([[p[1]] for p in prices])
    bars = bars_of(o, c)
    book = (marks(len(prices), *entries), marks(len(prices), *exits))
    return run_given(bars, book, policy=policy, initial_capital=LAKH, **fields)


def decided(result: RunResult, *names: str) -> list[tuple[Any, ...]]:
    rows = result.decisions
    return list(zip(*(rows[name] for name in ("at", "outcome", "rule", *names)), strict=True))


DAY = [f"2024-01-{day:02d}" for day in range(1, 32)]


def test_a_run_without_a_policy_is_unconstrained():
    result = held([(100, 100)] * 3, None)
    assert set(result.state) == {"UNCONSTRAINED"} and result.decisions["at"] == []
    assert "No risk policy applies: the run is unconstrained." in result.assumptions


def test_the_reserve_and_the_strategy_limit_cut_an_entry_and_are_written_down():
    result = held([(100, 100)] * 3, Policy())
    assert result.trades["quantity"] == [250.0]
    assert decided(result, "wanted", "granted", "limit", "equity") == [
        (DAY[1], "TRIM", "STRATEGY", 1000.0, 250.0, 25_000.0, LAKH)
    ]
    assert result.rejections["reason"] == ["POLICY"] and result.rejections["granted"] == [250.0]
    assert result.state == ["NORMAL"] * 3
    assert any(said.startswith("The policy cut down 1 order: STRATEGY") for said in result.warnings)


def test_an_order_that_passes_is_written_down_too():
    result = held([(100, 100)] * 3, WIDE)
    assert decided(result, "wanted", "granted") == [(DAY[1], "ALLOW", "NONE", 1000.0, 1000.0)]


def test_what_became_of_the_refused_part_is_that_of_the_run_without_a_policy():
    result = held([(100, 100), (100, 100), (110, 110), (120, 120)], Policy(), exits=(2,))
    assert result.decisions["would_have_made"] == [pytest.approx(0.75 * 1000 * 20)]
    assert result.naive_twin == {
        "final_equity": 120_000.0,
        "causes": [{"cause": "policy", "difference": -15_000.0}],
    }


def test_what_became_of_refused_shares_is_counted_by_the_share_when_the_accounts_have_grown_apart():
    # 250 of 1,000 shares make 20 each: the account has 1.05 lakh and wants 1,050 at 100, of which a quarter is 262; the
    # unconstrained one has 1.2 lakh by then and buys 1,200. Each share makes 10.
    prices = [(100, 100), (100, 100), (110, 120), (120, 120), (100, 110)]
    result = held(prices, Policy(), entries=(0, 3), exits=(2,))
    assert list(zip(result.decisions["wanted"], result.decisions["granted"], strict=True)) == [(1000, 250), (1050, 262)]
    assert result.decisions["would_have_made"] == [pytest.approx(750 * 20), pytest.approx(788 * 10)]


def test_charges_are_paid_from_what_the_reserve_leaves():
    policy = replace(WIDE, cash_reserve_percent=20)
    result = held([(100, 100)] * 3, policy, costs=CostSpec("bps", 10))
    assert result.trades["quantity"] == [799.0]  # 800 × 100.1 would touch the reserve
    assert result.cash[-1] >= 0.2 * LAKH


@pytest.mark.parametrize(("settled", "quantity"), [(False, 800.0), (True, 0.0)])
def test_money_of_a_sale_that_is_not_settled_is_no_reserve_to_spend_from(settled, quantity):
    """A is sold at the open of bar 3 and B bought there: the reserve is 20 % of the equity, in money free to use."""
    prices = np.full((5, 2), 100.0)
    entry, leave = np.zeros((5, 2), bool), np.zeros((5, 2), bool)
    entry[0, 0] = leave[2, 0] = entry[2, 1] = True
    result = run_given(
        bars_of(prices, prices), (entry, leave), policy=replace(WIDE, cash_reserve_percent=20), initial_capital=LAKH,
        sizing=Sizing("value", LAKH), settle_next_session=settled,
    )  # fmt: skip
    rows = [row for row in decided(result, "symbol", "granted") if row[3] == "B"]
    # T+1: free are the 20,000 that were kept; none of it may be spent. At once: 1,00,000 less the reserve
    assert rows == [(DAY[3], "REJECT" if settled else "TRIM", "CASH_RESERVE", "B", quantity)]


LOSS = [(100, 100), (100, 100), (98, 98), (98, 98), (98, 98)]


def test_the_daily_stop_at_the_open_refuses_entries_of_that_session_and_makes_the_next_cautious():
    """The first falls by exactly two percent of the equity at the open of bar 2, where the second would be bought."""
    o = np.array([[100, 10], [100, 10], [98, 10], [98, 10], [98, 10]], float)
    entry = np.zeros((5, 2), bool)
    entry[0, 0] = entry[1, 1] = entry[2, 1] = True
    bars = bars_of(o, o)
    result = run_given(bars, (entry, np.zeros((5, 2), bool)), policy=replace(WIDE, cash_reserve_percent=0),
                       initial_capital=LAKH, sizing=Sizing("value", LAKH))  # fmt: skip
    # the first entry took all the cash, so that the second is refused by the policy before the cash is asked
    assert decided(result, "symbol") == [
        (DAY[1], "ALLOW", "NONE", "A"),
        (DAY[2], "NOTICE", "DAILY_STOP", None),
        (DAY[2], "REJECT", "DAILY_STOP", "B"),
        (DAY[3], "NOTICE", "STATE", None),
        (DAY[3], "NOTICE", "EXPOSURE", None),  # 100 % is beyond what CAUTIOUS allows; nothing is sold for it
        (DAY[3], "REJECT", "STRATEGY", "B"),  # all of it is the one strategy's
        (DAY[4], "NOTICE", "STATE", None),
    ]
    assert result.state == ["NORMAL", "NORMAL", "NORMAL", "CAUTIOUS", "NORMAL"]
    assert "The daily stop was reached in 1 session; when it was seen, the loss was up to 1.00 times the limit." in (
        result.warnings
    )


@pytest.mark.parametrize(("close", "reached"), [(98.0, True), (98.0001, False)])
def test_the_limit_itself_is_reached_and_a_paisa_less_is_not(close, reached):
    result = held([(100, 100), (100, 100), (100, close), (close, close)], WIDE)
    rules = [rule for _, _, rule in decided(result)]
    assert ("DAILY_STOP" in rules) == reached
    assert "DAILY_STOP_NEAR" in rules or reached


def test_a_holiday_does_not_lift_the_stop_a_new_session_does():
    """Bars a week apart are consecutive sessions: the base of the second is the close of the first."""
    result = held([(100, 100), (100, 100), (97, 97), (97, 97)], WIDE)
    at = [(when, rule) for when, _, rule in decided(result) if rule == "DAILY_STOP"]
    assert at == [(DAY[2], "DAILY_STOP")]  # bar 3 lost nothing against the close of bar 2


def test_flatten_ends_positions_at_the_open_that_shows_the_breach():
    result = held([(100, 100), (100, 100), (97, 97), (97, 97)], replace(WIDE, on_breach="flatten"))
    assert result.trades["exit_at"] == [DAY[2]] and result.trades["exit_price"] == [97.0]
    assert result.trades["exit_reason"] == ["POLICY"]
    assert (DAY[2], "FLATTEN", "DAILY_STOP") in decided(result)


def test_a_breach_seen_at_the_close_is_flattened_at_the_next_open():
    result = held([(100, 100), (100, 100), (100, 97), (99, 99)], replace(WIDE, on_breach="flatten"))
    assert result.trades["exit_at"] == [DAY[3]] and result.trades["exit_price"] == [99.0]


def test_what_was_lost_beyond_the_stop_by_the_time_it_was_flattened_is_told():
    """1,000 shares at 100; the stop is 2,000. The close shows a loss of 3,000, the open that ends it one of 6,000."""
    result = held([(100, 100), (100, 100), (100, 97), (94, 94)], replace(WIDE, on_breach="flatten"))
    told = [said for said in result.warnings if said.startswith("A daily stop is no guarantee")]
    assert told == [
        "A daily stop is no guarantee: when positions had been ended by it, up to 4000.00 rupees (4.00% of the equity) "
        "more than the limit was lost."
    ]
    exact = held([(100, 100), (100, 100), (98, 98), (98, 98)], replace(WIDE, on_breach="flatten"))
    assert exact.trades["exit_price"] == [98.0]
    assert not any(said.startswith("A daily stop is no guarantee") for said in exact.warnings)


def test_a_position_nobody_buys_is_flattened_when_it_trades_again():
    o = np.array([[100], [100], [100], [np.nan], [95]], float)
    c = np.array([[100], [100], [97], [np.nan], [95]], float)
    result = run_given(
        bars_of(o, c), (marks(5, 0), marks(5)), policy=replace(WIDE, on_breach="flatten"), initial_capital=LAKH
    )
    assert result.trades["exit_at"] == [DAY[4]]


def test_resting_entries_are_withdrawn_when_the_stop_is_reached_and_guards_stay():
    o = np.array([[100, 50], [100, 50], [97, 50], [97, 39], [97, 39]], float)
    answer = Signals(
        entry=np.array([[1, 1], *[[0, 0]] * 4], bool), exit=np.zeros((5, 2), bool),
        limit=np.array([[np.nan, 40.0], *[[np.nan] * 2] * 4]), stop=np.array([[95.0, np.nan], *[[np.nan] * 2] * 4]),
        valid=10,
    )  # fmt: skip
    strategy = Given("given_0", answer.entry, answer.exit)
    strategy.answer = answer
    bars = bars_of(o, np.array([[100, 50], [100, 50], [97, 50], [94, 39], [94, 39]], float))
    spec = spec_of(["given_0"], policy=WIDE, initial_capital=LAKH, sizing=Sizing("value", 90_000.0))
    result = run(spec, bars, {"given_0": strategy})
    assert (DAY[2], "REJECT", "DAILY_STOP") in decided(result)
    assert "B" not in result.fills["symbol"]  # 39 is below its limit, but it was withdrawn before
    assert result.trades["exit_reason"] == ["STOP"]


def test_drawdowns_turn_the_state_and_a_new_high_restores_it():
    policy = replace(WIDE, daily_stop_loss_percent=-50, allocation_sensitivity="HIGH")
    closes = [100, 100, 95, 96, 90, 94, 101, 101]
    result = held([(c, c) for c in closes], policy)
    assert result.state == ["NORMAL", "NORMAL", "NORMAL", "CAUTIOUS", "CAUTIOUS", "DEFENSIVE", "DEFENSIVE", "NORMAL"]


def test_a_halt_takes_no_entry_ever_after():
    policy = replace(WIDE, daily_stop_loss_percent=-50, max_drawdown_percent=10)
    closes = [100, 100, 89, 120, 120, 120]
    result = held([(c, c) for c in closes], policy, entries=(0, 4), exits=(2,))
    assert result.state[2:] == ["HALTED"] * 4
    assert result.trades["quantity"] == [1000.0]
    assert (DAY[5], "REJECT", "HALTED") in decided(result)
    assert any(said.startswith(f"HALTED on {DAY[2]}") for said in result.warnings)


def test_a_price_that_carries_the_exposure_beyond_its_cap_is_noticed_and_nothing_is_sold():
    policy = replace(WIDE, max_equity_exposure_percent=50, max_strategy_allocation_percent=50)
    result = held([(100, 100), (100, 100), (150, 150), (150, 150)], policy)
    assert decided(result) == [(DAY[1], "TRIM", "STRATEGY"), (DAY[2], "NOTICE", "EXPOSURE")]
    assert result.trades["open"] == [True]


def test_sectors_share_one_limit_and_the_unknown_are_one_sector():
    o = np.full((3, 4), 100.0)
    entry = np.zeros((3, 4), bool)
    entry[0] = True
    sectors = {"A": "Banks", "B": "Banks"}
    policy = replace(WIDE, max_sector_percent=20)
    given_ = {"given_0": Given("given_0", entry, np.zeros((3, 4), bool))}
    spec = spec_of(["given_0"], policy=policy, initial_capital=LAKH, sizing=Sizing("value", 15_000.0),
                   sectors=sectors_version(sectors))  # fmt: skip
    result = run(spec, bars_of(o, o), given_, sectors=sectors)
    assert dict(zip(result.trades["symbol"], result.trades["quantity"], strict=True)) == {
        "A": 150.0, "B": 50.0, "C": 150.0, "D": 50.0,
    }  # fmt: skip


def test_liquidity_by_the_twenty_sessions_before():
    prices = [(100, 100)] * 23
    policy = replace(WIDE, max_turnover_percent=10)
    early = held(prices, policy, entries=(18,))
    assert decided(early, "granted") == [(DAY[19], "REJECT", "LIQUIDITY", 0.0)]  # nineteen sessions are on file
    late = held(prices, policy, entries=(19,))
    assert decided(late, "granted") == [(DAY[20], "TRIM", "LIQUIDITY", 100.0)]  # a tenth of 1,000 shares a session


def test_books_that_move_together_hold_less():
    random = np.random.default_rng(5)
    steps = np.cumprod(1 + 0.01 * random.normal(size=140))[:, None] * 100.0
    bars = bars_of(steps, steps)
    entry = marks(140, 0, 100)
    exit_ = marks(140, 90)
    fields: dict[str, Any] = {"initial_capital": LAKH, "allocations": [0.5, 0.5]}
    policy = replace(
        WIDE, max_strategy_allocation_percent=40, daily_stop_loss_percent=-90, allocation_sensitivity="LOW"
    )
    result = run_given(bars, (entry, exit_), (entry, exit_), policy=policy, **fields)
    rows = [row for row in decided(result, "granted") if row[1] in ("TRIM", "REJECT", "ALLOW")]
    assert [row[2] for row in rows] == ["STRATEGY"] * 4
    assert rows[2][1:] == ("REJECT", "STRATEGY", 0.0) or rows[2][3] < 0.1 * rows[0][3]
    without = replace(policy, correlation_penalty="NONE")
    free = run_given(bars, (entry, exit_), (entry, exit_), policy=without, **fields)
    granted = [row[3] for row in decided(free, "granted") if row[1] == "TRIM"]
    assert granted[2] > 0.5 * granted[0]


@st.composite
def markets(draw: st.DrawFn) -> tuple[Any, np.ndarray, np.ndarray, Policy]:
    bars, columns = 40, draw(st.integers(1, 4))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    close = 100 * np.cumprod(1 + random.normal(0, 0.03, (bars, columns)), axis=0)
    open_ = close * (1 + random.normal(0, 0.01, close.shape))
    entry, exit_ = random.random(close.shape) < 0.3, random.random(close.shape) < 0.1
    policy = Policy(
        cash_reserve_percent=draw(st.sampled_from([0, 20, 50])),
        max_equity_exposure_percent=draw(st.sampled_from([60, 80, 100])),
        max_strategy_allocation_percent=draw(st.sampled_from([25, 60])),
        daily_stop_loss_percent=draw(st.sampled_from([-1, -2, -5])),
        allocation_sensitivity=draw(st.sampled_from(["LOW", "HIGH"])),
        max_position_percent=draw(st.sampled_from([None, 10])),
        max_drawdown_percent=draw(st.sampled_from([None, 10, 25])),
        on_breach=draw(st.sampled_from(["block", "flatten"])),
    )
    return bars_of(np.round(open_, 2), np.round(close, 2)), entry, exit_, policy


PROPERTY = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@PROPERTY
@given(markets())
def test_every_entry_keeps_the_policy_at_its_fill(market):
    bars, entry, exit_, policy = market
    result = run_given(bars, (entry, exit_), (exit_, entry), policy=policy, initial_capital=1e6, bps=10)
    rows = result.decisions
    for outcome, granted, price, equity, cash, gross, book_gross, used in zip(
        *(rows[name] for name in ("outcome", "granted", "price", "equity", "cash", "gross", "book_gross", "stop_used")),
        strict=True,
    ):
        if outcome in ("ALLOW", "TRIM"):
            value, slack = granted * price, 1e-6 * equity
            assert used < 0.8
            assert cash - value * 1.001 >= policy.cash_reserve_percent / 100 * equity - slack
            assert gross + value <= policy.max_equity_exposure_percent / 100 * equity + slack
            assert book_gross + value <= policy.max_strategy_allocation_percent / 100 * equity + slack
    assert result.cash == pytest.approx(result.equity - result.exposure * result.equity, abs=1e-6)
    naive = result.naive_twin
    assert round(naive["final_equity"] + sum(c["difference"] for c in naive["causes"]), 2) == pytest.approx(
        round(float(result.equity[-1]), 2), abs=0.011
    )


@PROPERTY
@given(markets(), st.integers(1, 39))
def test_a_run_under_a_policy_saved_at_any_bar_goes_on_to_the_same_bytes(market, cut):
    bars, entry, exit_, policy = market
    spec = spec_of(["given_0", "given_1"], policy=policy, initial_capital=1e6, costs=CostSpec("bps", 10.0))
    core_market, rules = market_of(bars, None), rules_of(spec, bars)
    decisions = decisions_of(spec, bars, [Signals(entry, exit_), Signals(exit_, entry)])
    whole = simulate(core_market, decisions, rules, capital=1e6)
    columns = bars.shape[1]
    account, orders, log = new_account(1e6, 2, columns), new_orders(12 * columns), new_log(4096, columns)
    curves = loop.new_curves(40)
    assert loop.run_bars(0, cut, core_market, decisions, account, orders, rules, log, curves, False) == cut
    parts = [[np.copy(x) if isinstance(x, np.ndarray) else x for x in part] for part in (account, orders, log)]
    account, orders, log = (type(kind)(*part) for kind, part in zip((account, orders, log), parts, strict=True))
    assert loop.run_bars(cut, 40, core_market, decisions, account, orders, rules, log, curves, False) == 40
    assert log.used.tolist() == whole.log.used.tolist()
    for name, count in (("fills", FILLS), ("decisions", DECISIONS)):
        used = whole.log.used[count]
        assert getattr(log, name)[:used].tobytes() == getattr(whole.log, name)[:used].tobytes()
    assert curves.equity.tobytes() == whole.curves.equity.tobytes()
    assert curves.state.tobytes() == whole.curves.state.tobytes()
