"""Dividends of a vendor that restates them for events no list names."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.importing.dividends import ListedDividend, dated, restated, vendor_ratios
from app.services.importing.rights import theoretical

SLACK = 1.5e-6


def told(paid: list[float], ratio: float) -> list[tuple[float, float]]:
    """As the vendor rounds them, to six decimals."""
    return [(round(amount * ratio, 6), SLACK) for amount in paid]


def test_one_ratio_that_makes_all_amounts_whole_is_the_vendors() -> None:
    # Tata Consumer 2010 to 2024 before its rights of 2024: 2, 2.15, 2.25, 2.5 rupees at 0.987723 each
    amounts = [*told([2.0, 2.15, 2.25, 2.5], 0.987723), (8.25, SLACK)]
    assert vendor_ratios(amounts) == [pytest.approx(0.987723, abs=1e-6)] * 4 + [1.0]


def test_odd_paise_are_paise_and_no_restatement() -> None:
    assert vendor_ratios([(2.61, SLACK), (2.17, SLACK), (12.33, SLACK)]) == [1.0, 1.0, 1.0]


def test_two_different_amounts_are_too_few_and_several_ratios_too_many() -> None:
    assert vendor_ratios(told([2.0, 2.0, 2.15], 0.987723)) == [None] * 3
    # 8, 10 and 12 at 0.99 are also 8.8, 11 and 13.2 at 0.9
    assert vendor_ratios(told([8.0, 10.0, 12.0], 0.990605)) == [None] * 3


@given(
    st.lists(st.integers(1, 2000), min_size=1, max_size=12),
    st.floats(0.80001, 0.9999),
    st.lists(st.integers(1, 2000), max_size=5),
)
def test_a_restated_amount_is_brought_back_to_what_was_paid_or_left(
    coins: list[int], ratio: float, later: list[int]
) -> None:
    paid = [0.05 * coin for coin in coins]
    amounts = [*told(paid, ratio), *((0.05 * coin, SLACK) for coin in later)]
    found = vendor_ratios(amounts)
    assert found[len(paid) :] == [1.0] * len(later)
    for true, (amount, _), one in zip(paid, amounts, found, strict=False):
        if one is not None and one != 1.0:
            assert round(amount / one / 0.05) * 0.05 == pytest.approx(true)


def line(day: date, amount: float) -> ListedDividend:
    return ListedDividend(1, day, amount, f"dividend {amount}", "actions_yahoo", "vendor.csv", day.year)


def test_what_was_taken_back_is_told_with_its_days() -> None:
    days = [date(year, 7, 1) for year in range(2015, 2020)]
    amounts = [1.975446, 2.123604, 2.222377, 2.469307, 8.25]
    rows = dated([line(day, amount) for day, amount in zip(days, amounts, strict=True)], {})
    assert [row["amount"] for row in rows] == [2.0, 2.15, 2.25, 2.5, 8.25]
    assert [row["evidence"][0]["as_listed"] for row in rows] == [[amount] for amount in amounts]
    ((instrument, ratio, until),) = restated(rows)
    assert (instrument, until) == (1, days[:4]) and ratio == pytest.approx(0.987723, abs=1e-6)


def test_before_the_first_price_factors_are_unknown_and_figures_stay() -> None:
    days = [date(year, 7, 1) for year in range(2015, 2019)]
    amounts = [1.975446, 2.123604, 2.222377, 2.469307]
    rows = dated([line(d, a) for d, a in zip(days, amounts, strict=True)], {}, {1: date(2030, 1, 1)})
    assert [row["amount"] for row in rows] == amounts
    assert restated(rows) == []


def test_reliance_paid_eleven_rupees_in_2017(evidence: Path) -> None:
    path = evidence / "data/corporate_actions/yahoo_dividends_splits_nifty50_2002_2026.csv"
    with path.open() as file:
        lines = [row for row in csv.DictReader(file) if row["name"].startswith("Reliance Industries")]
    paid = [line(date.fromisoformat(row["Date"][:10]), float(row["Dividends"])) for row in lines]
    listed = [one for one in paid if one.amount and one.ex_date.year >= 2011]
    # bonuses of 2017 and 2024, and 1 for 15 at 1,257 rupees in 2020 after a close of 1,479.25 on the NSE
    rights = theoretical(1479.25, 1, 15, 1257.0)
    factors = {1: [(date(2017, 9, 7), 2.0), (date(2020, 5, 13), rights), (date(2024, 10, 28), 2.0)]}
    amounts = {row["ex_date"].isoformat(): row["amount"] for row in dated(listed, factors)}
    assert amounts["2017-07-13"] == 11.0
    assert amounts["2019-08-02"] == 6.5 and amounts["2020-07-02"] == 6.5
    assert all(round(amount * 20, 6) % 1 == 0 for amount in amounts.values())
