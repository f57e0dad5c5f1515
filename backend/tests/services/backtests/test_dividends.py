"""Dividends of real stocks in runs: cash on the ex-date, in rupees of that day, and an input like any other."""

from __future__ import annotations

import math
from datetime import date

import pytest
from sqlalchemy import text

from app.database import Market
from app.repositories.files import bump_versions
from app.services.platform import Platform
from tests.services.backtests.asking import answered, asked, verified

ITC = ("sma_cross", ["ITC"], "2013-01-01", "2019-12-31")
FIELDS = {"params": {"fast": 20, "slow": 100}, "market": "none"}


def test_a_trade_earns_the_dividends_of_the_days_it_was_held_over(banks: Platform) -> None:
    spec, run = answered(banks, asked(*ITC, **FIELDS))
    panel = banks.panels.current(Market.REAL)
    info = panel.instruments[panel.holders("ITC")[0][2]]
    paid, known = 0.0, dict(info.dividends)
    for trade in run["trades"]:
        entry = date.fromisoformat(trade["entry_at"])
        # sold at the open of its exit day: a dividend with that ex-date is still the holder's
        exit_ = date.fromisoformat(trade["exit_at"]) if trade["exit_at"] else spec.end
        expected = 0.0
        for ex_date, amount in info.dividends:
            if entry < ex_date <= exit_:
                bonus = math.prod(factor for day, factor in info.factors if entry < day < ex_date)
                expected += math.floor(trade["quantity"] * bonus + 1e-9) * amount
        split = any(entry < day <= exit_ for day, _ in info.factors)
        if not split:  # a bonus also pays out a fraction of a share
            assert trade["income"] == pytest.approx(expected)
        paid += expected
    # as ITC paid it for 2013 and 2014, before its bonus of 2016 (vendor figures are two thirds of it): 5.25 and 6.00
    assert (known[date(2013, 5, 31)], known[date(2014, 6, 3)]) == (5.25, 6.0)
    assert paid > 10_000.0, "the run of seven years holds over dividends"
    assert any("Dividends on file are paid in cash on the ex-date" in line for line in run["assumptions"])
    assert any("not for dividends" in line for line in run["assumptions"])
    assert not any("taken to pay none" in line for line in run["warnings"])
    _, two = answered(banks, asked("sma_cross", ["ITC", "KOTAKBANK"], "2013-04-01", "2013-07-01", **FIELDS))
    told = "Dividends in this period are on file for 1 of 2 instruments. The others are taken to pay none"
    assert any(line.startswith(told) for line in two["warnings"])


def test_trades_and_dividends_together_are_the_change_of_the_account(banks: Platform) -> None:
    _, run = answered(banks, asked(*ITC, **FIELDS))
    gained = sum(trade["pnl"] for trade in run["trades"])
    assert gained == pytest.approx(run["metrics"]["final_equity"] - 1_000_000.0)


def test_a_dividend_that_changes_is_an_input_that_changed(banks: Platform) -> None:
    spec, _ = answered(banks, asked(*ITC, **FIELDS))
    later, _ = answered(banks, asked("sma_cross", ["ITC"], "2014-07-01", "2014-12-31", **FIELDS))
    assert verified(banks, spec.run_id)["outcome"] == "identical"
    change = text(
        "UPDATE dividends SET amount = amount + :more WHERE ex_date = '2014-06-03' AND instrument_id = "
        "(SELECT id FROM instruments WHERE symbol = 'ITC')"
    )
    try:
        with banks.database.engine(Market.REAL).begin() as connection:
            assert connection.execute(change, {"more": 1}).rowcount == 1
            bump_versions(connection, ["actions"])
        banks.panels.refresh(Market.REAL)
        found = verified(banks, spec.run_id)
        assert (found["outcome"], found["changed"]) == ("inputs_changed", ["dividends"])
        now, _ = answered(banks, asked(*ITC, **FIELDS))
        assert now.run_id != spec.run_id and now.data_root == spec.data_root
        # a run that begins later holds nothing then, though its warm-up of 100 sessions goes over the day
        assert verified(banks, later.run_id)["outcome"] == "identical"
    finally:
        with banks.database.engine(Market.REAL).begin() as connection:
            connection.execute(change, {"more": -1})
            bump_versions(connection, ["actions"])
        banks.panels.refresh(Market.REAL)
    assert verified(banks, spec.run_id)["outcome"] == "identical"
