"""What a policy makes of one order, case by case: an account of one lakh with nothing held, unless a case says more."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engines.policy import Policy
from app.engines.policy.decide import (
    AccountView,
    BookView,
    Clock,
    Decision,
    OrderView,
    Outcome,
    Rule,
    State,
    decide,
    exposure_cap,
    stop_used,
)
from app.engines.policy.policy import NO_POLICY

LAKH = 100_000.0
WIDE = Policy(
    cash_reserve_percent=0,
    max_equity_exposure_percent=100,
    max_strategy_allocation_percent=100,
    daily_stop_loss_percent=-2,
)
RESERVE = replace(WIDE, cash_reserve_percent=20)
EXPOSED = replace(WIDE, max_equity_exposure_percent=80, max_strategy_allocation_percent=80)
QUARTER = replace(WIDE, max_strategy_allocation_percent=25)
ORDER = OrderView(False, 100.0, 100.0, 100.0, 1.0, 0.0, 0.0, math.nan)
ACCOUNT = AccountView(LAKH, LAKH, 0.0, 0.0)
BOOK = BookView(0.0, 0.0, 1.0)
CLOCK = Clock(False, State.NORMAL, LAKH, 0.0)


def ask(policy: Policy, **of: Any) -> Decision:
    """Ask with these values in the order, account, book or clock that has a field of their name."""
    parts = [ORDER, ACCOUNT, BOOK, CLOCK]
    for name, value in of.items():
        prefix, _, field = name.partition("_")
        i = ["order", "account", "book", "clock"].index(prefix)
        parts[i] = parts[i]._replace(**{field: value})
    order, account, book, clock = parts
    return decide(order, account, book, policy.terms(), clock)


@pytest.mark.parametrize(
    ("policy", "given_", "outcome", "rule", "quantity"),
    [
        # the account is wide open: everything passes
        (WIDE, {}, "ALLOW", "NONE", 100),
        (WIDE, {"order_quantity": 1000.0}, "ALLOW", "NONE", 1000),
        # cash reserve: 20 % of one lakh stay
        (RESERVE, {"order_quantity": 1000.0}, "TRIM", "CASH_RESERVE", 800),
        (RESERVE, {"order_quantity": 800.0}, "ALLOW", "NONE", 800),
        (RESERVE, {"account_cash": 20_000.0}, "REJECT", "CASH_RESERVE", 0),
        (RESERVE, {"account_cash": 20_150.0}, "TRIM", "CASH_RESERVE", 1),
        (RESERVE, {"order_quantity": 800.0, "order_unit": 100.1}, "TRIM", "CASH_RESERVE", 799),
        # two orders that each fit alone: the first one's 45,000 are under way
        (RESERVE, {"order_quantity": 450.0}, "ALLOW", "NONE", 450),
        (RESERVE, {"order_quantity": 450.0, "account_pending": 45_000.0}, "TRIM", "CASH_RESERVE",
         350),
        # exposure, gross, with what is under way
        (EXPOSED,
         {"order_quantity": 500.0, "account_gross": 50_000.0}, "TRIM", "EXPOSURE", 300),
        (EXPOSED,
         {"order_quantity": 500.0, "account_gross": 50_000.0, "account_pending": 20_000.0}, "TRIM", "EXPOSURE", 100),
        (EXPOSED,
         {"account_gross": 80_000.0}, "REJECT", "EXPOSURE", 0),
        # states
        (EXPOSED,
         {"order_quantity": 1000.0, "clock_state": State.CAUTIOUS}, "TRIM", "EXPOSURE", 400),
        (EXPOSED,
         {"order_quantity": 1000.0, "clock_state": State.DEFENSIVE}, "TRIM", "EXPOSURE", 100),
        (WIDE, {"clock_state": State.HALTED}, "REJECT", "HALTED", 0),
        # one strategy, and what its correlation leaves of that
        (QUARTER, {"order_quantity": 300.0}, "TRIM", "STRATEGY", 250),
        (QUARTER, {"order_quantity": 300.0, "book_share": 0.5}, "TRIM", "STRATEGY", 125),
        (QUARTER, {"book_gross": 20_000.0, "book_pending": 5_000.0},
         "REJECT", "STRATEGY", 0),
        # one instrument, one sector
        (replace(WIDE, max_position_percent=5), {}, "TRIM", "INSTRUMENT", 50),
        (replace(WIDE, max_position_percent=5), {"order_instrument": 5_000.0}, "REJECT", "INSTRUMENT", 0),
        (replace(WIDE, max_sector_percent=20), {"order_sector": 15_000.0}, "TRIM", "SECTOR", 50),
        # liquidity: an unknown turnover is not guessed
        (replace(WIDE, max_turnover_percent=1), {"order_turnover": 500_000.0}, "TRIM", "LIQUIDITY", 50),
        (replace(WIDE, max_turnover_percent=1), {}, "REJECT", "LIQUIDITY", 0),
        # the rule that had the last word is the tightest one, whole shares rounded down
        (replace(WIDE, max_position_percent=9, max_sector_percent=7.77), {}, "TRIM", "SECTOR", 77),
        (replace(WIDE, max_position_percent=7, max_sector_percent=9), {}, "TRIM", "INSTRUMENT", 70),
        (replace(WIDE, max_position_percent=9), {"order_lot": 25.0}, "TRIM", "INSTRUMENT", 75),
        (replace(WIDE, max_position_percent=2), {"order_lot": 25.0}, "REJECT", "INSTRUMENT", 0),
        (replace(WIDE, max_position_percent=7.505), {"order_lot": 0.0}, "TRIM", "INSTRUMENT", 75.05),
        # the daily stop: exactly at it, just short of it, a gain
        (WIDE, {"account_equity": 98_000.0}, "REJECT", "DAILY_STOP", 0),
        (WIDE, {"account_equity": 98_000.001}, "REJECT", "DAILY_STOP_NEAR", 0),
        (WIDE, {"account_equity": 98_400.0}, "REJECT", "DAILY_STOP_NEAR", 0),  # 80 % of it
        (WIDE, {"account_equity": 98_401.0}, "ALLOW", "NONE", 100),
        (WIDE, {"account_equity": 101_000.0, "clock_latched": True}, "REJECT", "DAILY_STOP", 0),  # recovered: it stays
        # money paid in at noon is no profit, money taken out no loss
        (WIDE, {"account_equity": 108_000.0, "clock_flows": 10_000.0}, "REJECT", "DAILY_STOP", 0),
        (WIDE, {"account_equity": 90_000.0, "clock_flows": -10_000.0}, "ALLOW", "NONE", 100),
        # what cannot be known is refused
        (WIDE, {"account_equity": 0.0, "clock_base": 0.0}, "REJECT", "EXPOSURE", 0),
        (WIDE, {"order_price": math.nan}, "REJECT", "EXPOSURE", 0),
        # exits are never held up
        (WIDE, {"order_closing": True, "clock_latched": True, "clock_state": State.HALTED}, "ALLOW", "NONE", 100),
    ],
)  # fmt: skip
def test_a_case(policy, given_, outcome, rule, quantity):
    decision = ask(policy, **given_)
    assert Outcome(decision.outcome).name == outcome
    assert Rule(decision.rule).name == rule
    assert decision.quantity == pytest.approx(quantity, rel=1e-12)


def test_without_a_policy_everything_passes():
    assert decide(ORDER, ACCOUNT, BOOK, NO_POLICY, CLOCK).quantity == 100.0


def test_an_open_loss_alone_reaches_the_stop():
    """Equity counts what is not realised: nothing was sold here."""
    assert stop_used(97_000.0, CLOCK, WIDE.terms()) == pytest.approx(1.5)


def test_exposure_by_state():
    terms = Policy().terms()
    assert [exposure_cap(state, terms) for state in State] == [0.8, 0.4, 0.1, 0.0]
    narrow = Policy(max_equity_exposure_percent=30, max_strategy_allocation_percent=30).terms()
    assert [exposure_cap(state, narrow) for state in State] == [0.3, 0.2, 0.1, 0.0]  # half, but 20 % at least
    least = Policy(max_equity_exposure_percent=5, max_strategy_allocation_percent=5).terms()
    assert [exposure_cap(state, least) for state in State] == [0.05, 0.05, 0.05, 0.0]  # never more than NORMAL


def test_compiled_and_plain_say_the_same():
    order = ORDER._replace(quantity=1000.0)
    terms = Policy(max_position_percent=7, max_sector_percent=6).terms()
    assert decide(order, ACCOUNT, BOOK, terms, CLOCK) == decide.py_func(order, ACCOUNT, BOOK, terms, CLOCK)


amounts = st.floats(0, 1e7, allow_nan=False)


@settings(deadline=None)
@given(
    st.floats(1, 1e6), st.floats(0.05, 1e5), st.floats(0, 0.02), amounts, amounts, amounts, amounts, amounts, amounts,
    st.sampled_from(list(State)), st.floats(0, 1), st.floats(0, 1),
)  # fmt: skip
def test_what_is_granted_keeps_every_rule(
    quantity, price, charge, equity, cash, gross, of_book, of_instrument, pending, state, share, loss
):
    policy = Policy(max_position_percent=10, max_sector_percent=15)
    terms = policy.terms()
    order = OrderView(False, float(int(quantity)), price, price * (1 + charge), 1.0, of_instrument, of_instrument, 1e9)
    account = AccountView(equity, cash, gross, pending)
    clock = Clock(False, int(state), equity * (1 + loss * 0.03), 0.0)
    granted = decide(order, account, BookView(of_book, 0.0, share), terms, clock)
    assert 0.0 <= granted.quantity <= order.quantity and granted.quantity == int(granted.quantity)
    if granted.quantity > 0.0:
        value, slack = granted.quantity * price, 1e-6 * max(equity, 1.0)
        assert state != State.HALTED
        assert cash - pending - granted.quantity * order.unit >= 0.2 * equity - slack
        assert gross + pending + value <= exposure_cap(int(state), terms) * equity + slack
        assert of_book + value <= 0.25 * share * equity + slack
        assert of_instrument + value <= 0.10 * equity + slack
        assert equity > clock.base * (1 - 0.016) - slack  # 80 % of the daily stop
        again = decide(order._replace(quantity=granted.quantity), account, BookView(of_book, 0.0, share), terms, clock)
        assert again.outcome == Outcome.ALLOW
