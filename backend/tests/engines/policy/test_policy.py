"""A policy is checked when it is written down, in the words of its owner."""

from __future__ import annotations

import math
from dataclasses import fields

import pytest

from app.engines.policy import PENALTIES, SENSITIVITIES, Policy


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


def test_the_tighter_of_two_rules_is_named():
    assert Policy().notes() == []
    [said] = Policy(cash_reserve_percent=30, max_equity_exposure_percent=90).notes()
    assert said.startswith("A cash reserve of 30 % leaves 70 % to invest")
    [said] = Policy(cash_reserve_percent=10, max_equity_exposure_percent=60).notes()
    assert said.startswith("An exposure of 60 % leaves 40 % in cash")
    assert any("CAUTIOUS" in said for said in Policy(max_drawdown_percent=8).notes())
    assert any("one instrument never bind" in said for said in Policy(max_position_percent=90).notes())


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
