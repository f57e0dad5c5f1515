"""A policy is checked when it is written down, in the words of its owner."""

from __future__ import annotations

import math
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engines.policy import PENALTIES, SENSITIVITIES, Policy
from app.engines.policy.decide import AccountView, BookView, Clock, OrderView, Rule, State, decide


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"daily_stop_loss_percent": 2}, "daily_stop_loss_percent: expected a loss, written as a negative number"),
        ({"daily_stop_loss_percent": 0}, "daily_stop_loss_percent: expected a loss"),
        ({"daily_stop_loss_percent": -101}, "daily_stop_loss_percent: expected a percentage from -100"),
        ({"daily_stop_loss_percent": math.nan}, "daily_stop_loss_percent"),
        ({"cash_reserve_percent": 101}, "cash_reserve_percent: expected a percentage from 0 to 100, got 101"),
        ({"cash_reserve_percent": True}, "cash_reserve_percent"),
        ({"max_equity_exposure_percent": -1}, "max_equity_exposure_percent"),
        ({"max_strategy_allocation_percent": "25"}, "max_strategy_allocation_percent"),
        ({"max_equity_exposure_percent": 20}, "max_strategy_allocation_percent: one strategy may hold 25 % and all"),
        ({"allocation_sensitivity": "medium"}, "allocation_sensitivity: expected one of LOW, MEDIUM, HIGH"),
        ({"correlation_penalty": "SOME"}, "correlation_penalty: expected one of NONE, LOW, MODERATE, HIGH"),
        ({"on_breach": "panic"}, "on_breach: expected one of block, flatten"),
        ({"max_position_percent": 0}, "max_position_percent: expected more than 0"),
        ({"max_drawdown_percent": 100.5}, "max_drawdown_percent: expected a percentage from 0 to 100"),
    ],
)
def test_what_cannot_be_kept_is_refused_by_its_field(change, message):
    with pytest.raises(ValueError, match=message):
        Policy(**change)


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ({}, []),
        # what stays in cash, and what may be invested
        ({"cash_reserve_percent": 30, "max_equity_exposure_percent": 90},
         ["A cash reserve of 30 % leaves 70 % to invest: tighter than the exposure of 90 %."]),
        ({"cash_reserve_percent": 10, "max_equity_exposure_percent": 60},
         ["An exposure of 60 % leaves 40 % in cash: tighter than the reserve of 10 %."]),
        ({"cash_reserve_percent": 80, "max_equity_exposure_percent": 20, "max_strategy_allocation_percent": 20},
         ["An exposure of 20 % is not lowered any further while the state is CAUTIOUS."]),
        ({"cash_reserve_percent": 90, "max_equity_exposure_percent": 10, "max_strategy_allocation_percent": 10},
         ["An exposure of 10 % is not lowered any further while the state is CAUTIOUS.",
          "An exposure of 10 % is not lowered any further while the state is DEFENSIVE."]),
        ({"cash_reserve_percent": 100},
         ["A cash reserve of 100 % leaves 0 % to invest: tighter than the exposure of 80 %.",
          "Nothing may be bought: every entry is refused."]),
        ({"max_strategy_allocation_percent": 0}, ["Nothing may be bought: every entry is refused."]),
        # one strategy, one sector, one instrument beside what is invested at all
        ({"max_position_percent": 90},
         ["At most 80 % is invested, so that the 90 % for one instrument never bind."]),
        ({"max_sector_percent": 81},
         ["At most 80 % is invested, so that the 81 % for one sector never bind."]),
        ({"cash_reserve_percent": 80, "max_strategy_allocation_percent": 25},
         ["A cash reserve of 80 % leaves 20 % to invest: tighter than the exposure of 80 %.",
          "At most 20 % is invested, so that the 25 % for one strategy never bind."]),
        # beside each other
        ({"max_sector_percent": 20, "max_position_percent": 21},
         ["One sector may hold 20 %, so that the 21 % for one instrument never bind."]),
        ({"max_sector_percent": 20, "max_position_percent": 20}, []),
        ({"max_position_percent": 26},
         ["One strategy may hold 25 %, so that the 26 % for one instrument bind only where several strategies hold "
          "it."]),
        ({"max_position_percent": 25}, []),
        ({"max_sector_percent": 40},
         ["One strategy may hold 25 %, so that the 40 % for one sector bind only where several strategies hold it."]),
        ({"max_sector_percent": 40, "max_position_percent": 30},
         ["One strategy may hold 25 %, so that the 40 % for one sector bind only where several strategies hold it.",
          "One strategy may hold 25 %, so that the 30 % for one instrument bind only where several strategies hold "
          "it."]),
        # losses
        ({"max_drawdown_percent": 15},
         ["At a drawdown of 15 % all entries end: DEFENSIVE, from 20% on, is not reached."]),
        ({"max_drawdown_percent": 10},
         ["At a drawdown of 10 % all entries end: CAUTIOUS, from 10% on, is not reached.",
          "At a drawdown of 10 % all entries end: DEFENSIVE, from 20% on, is not reached."]),
        ({"max_drawdown_percent": 30, "daily_stop_loss_percent": -30},
         ["A session that loses 30 % has reached the drawdown limit of 30 % by then: all entries end, and not for the "
          "session alone."]),
        ({"max_drawdown_percent": 30, "daily_stop_loss_percent": -29.9}, []),
    ],
)  # fmt: skip
def test_of_rules_that_overlap_the_tighter_one_is_named(rules, said):
    assert Policy(**rules).notes() == said


LIMITS = st.one_of(st.none(), st.sampled_from([5.0, 10.0, 20.0, 25.0, 40.0, 60.0, 80.0, 100.0]))


@given(
    st.sampled_from([0.0, 20.0, 50.0, 90.0]), st.sampled_from([30.0, 80.0, 100.0]), st.sampled_from([10.0, 25.0, 30.0]),
    LIMITS, LIMITS, st.lists(st.tuples(st.floats(1, 5_000), st.integers(0, 2)), max_size=30),
)  # fmt: skip
def test_a_limit_that_is_said_never_to_bind_never_has_the_last_word(
    reserve, exposure, strategy, position, sector, asks
):
    """One strategy buys at 100; three instruments, the first two in one sector. Without charges: what is tight is."""
    policy = Policy(
        cash_reserve_percent=reserve, max_equity_exposure_percent=exposure, max_strategy_allocation_percent=strategy,
        max_position_percent=position, max_sector_percent=sector, daily_stop_loss_percent=-100,
    )  # fmt: skip
    rules = {"one instrument": Rule.INSTRUMENT, "one sector": Rule.SECTOR, "one strategy": Rule.STRATEGY}
    silent = {rule for said in policy.notes() for words, rule in rules.items()
              if f"for {words} never bind" in said or f"for {words} bind only" in said}  # fmt: skip
    equity = cash = 1e6
    held = [0.0, 0.0, 0.0]
    for quantity, which in asks:
        of_sector = held[0] + held[1] if which < 2 else held[2]
        order = OrderView(False, float(int(quantity)), 100.0, 100.0, 1.0, held[which], of_sector, np.nan)
        decision = decide(
            order, AccountView(equity, cash, sum(held), 0.0), BookView(sum(held), 0.0, 1.0), policy.terms(),
            Clock(False, State.NORMAL, equity, 0.0),
        )  # fmt: skip
        assert decision.rule not in silent
        held[which] += decision.quantity * 100.0
        cash -= decision.quantity * 100.0


def test_the_words_are_the_numbers_of_the_tables():
    assert dict(PENALTIES) == {"NONE": 0.0, "LOW": 0.5, "MODERATE": 1.0, "HIGH": 2.0}
    assert dict(SENSITIVITIES) == {"LOW": (0.15, 0.25), "MEDIUM": (0.10, 0.20), "HIGH": (0.05, 0.10)}
    terms = Policy(correlation_penalty="HIGH", allocation_sensitivity="HIGH").terms()
    assert (terms.penalty, terms.cautious, terms.defensive) == (2.0, 0.05, 0.10)
    assert (terms.reserve, terms.exposure, terms.day_stop, terms.strategy) == (0.2, 0.8, -0.02, 0.25)
    assert (
        math.isinf(terms.name) and math.isinf(terms.sector) and math.isinf(terms.liquidity) and math.isinf(terms.halt)
    )


def test_a_policy_survives_its_values():
    policy = Policy(max_sector_percent=25.0, on_breach="flatten")
    assert Policy.from_dict(policy.to_dict()) == policy
    assert set(policy.to_dict()) == {field.name for field in fields(Policy)}
    with pytest.raises(ValueError, match="policy: expected exactly the fields"):
        Policy.from_dict({"cash_reserve_percent": 20})
