"""Tax on gains: kinds and rates by date, grandfathering, set-off, exemption and carry-forward, worked by hand."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engines.ledger import Entry, Kind, fold
from app.engines.tax import Gain, GainKind, TaxYear, gains, grandfathered, hints, long_from, loss_of, open_gains, years

D = Decimal


def no_value(instrument: str, session: date) -> None:
    return None


def trades(*lines: tuple[str, str, int, Any]) -> list[Gain]:
    """Gains of pairs of a purchase and a sale, each of a share of its own: (kind, day, quantity, price)."""
    pairs = [fold(entries(*lines[n : n + 2])).realised for n in range(0, len(lines), 2)]
    return gains([sale for pair in pairs for sale in pair], no_value)


def entries(*lines: tuple[str, str, int, Any]) -> list[Entry]:
    """Entries of one share."""
    return [
        Entry(n, Kind(kind), date.fromisoformat(on), "A", quantity=quantity, price=D(str(price)))
        for n, (kind, on, quantity, price) in enumerate(lines, 1)
    ]


def one_year(found: list[Gain], year: int) -> TaxYear:
    return next(one for one in years(found, year) if one.year == year)


@pytest.mark.parametrize(
    ("bought", "sold", "kind", "rate"),
    [
        ("2023-05-10", "2024-05-10", "SHORT", 15),  # twelve months are not more than twelve months
        ("2023-05-10", "2024-05-11", "LONG", 10),
        ("2023-05-10", "2024-07-22", "LONG", 10),
        ("2023-05-10", "2024-07-23", "LONG", "12.5"),
        ("2024-05-10", "2024-07-22", "SHORT", 15),
        ("2024-05-10", "2024-07-23", "SHORT", 20),
        ("2016-05-10", "2018-03-31", "LONG", 0),
        ("2016-05-10", "2018-04-01", "LONG", 10),
    ],
)
def test_kind_and_rate_go_by_the_days_of_purchase_and_sale(bought: str, sold: str, kind: str, rate: Any) -> None:
    (gain,) = trades(("BUY", bought, 10, 100), ("SELL", sold, 10, 130))
    assert (gain.kind, gain.rate_percent, gain.gain) == (kind, D(str(rate)), 300)


def test_twelve_months_of_a_leap_day_end_in_february() -> None:
    assert long_from(date(2024, 2, 29)) == date(2025, 3, 1)
    assert long_from(date(2023, 2, 28)) == date(2024, 2, 29)


def test_the_published_grandfathering_cases(evidence: Path) -> None:
    for case in json.loads((evidence / "golden" / "market_rules.json").read_text())["grandfathering"]["cases"]:
        lines = (("BUY", "2016-05-10", case["qty"], case["buy"]), ("SELL", "2020-05-10", case["qty"], case["sell"]))
        (gain,) = gains(fold(entries(*lines)).realised, lambda instrument, session, case=case: D(case["fmv"]))
        assert gain.gain == case["gain"]
        assert gain.cost_used == case["cost_used"] * case["qty"]


@pytest.mark.parametrize(
    ("paid", "value", "sold", "used"),
    [
        (200, 250, 300, 250),  # the higher of 200 and the lower of 250 and 300
        (200, 350, 300, 300),  # a gain is wiped out, no loss made
        (200, 150, 300, 200),
        (200, 250, 150, 200),  # a real loss stays what it is
        (200, 150, 100, 200),
    ],
)
def test_the_grandfathered_cost_makes_no_loss_and_no_gain_larger(paid: int, value: int, sold: int, used: int) -> None:
    assert grandfathered(D(paid), D(value), D(sold)) == used


def test_a_fair_value_is_of_the_shares_as_they_were_then() -> None:
    # 10 bought in 2016; 5:1 split in 2019; 50 sold at 90: 4500. Highest price then 400 a share: 4000, higher than 1000
    lines = [*entries(("BUY", "2016-05-10", 10, 100), ("SELL", "2020-05-11", 50, 90)),
             Entry(9, Kind.SPLIT, date(2019, 5, 10), "A", new=5, old=1)]  # fmt: skip
    (gain,) = gains(fold(lines).realised, lambda instrument, session: D(400) if session == date(2018, 1, 31) else None)
    assert (gain.cost_used, gain.gain, gain.fair_value) == (4000, 500, 4000)
    (without,) = gains(fold(lines).realised, no_value)
    assert (without.gain, without.note) == (3500, "no price of 31 January 2018 is on file: what was paid is the cost")


def test_the_transaction_tax_reduces_speculation_and_no_capital_gain() -> None:
    lines = [
        Entry(1, Kind.BUY, date(2024, 1, 5), "A", quantity=10, price=D(100), charges=D(5), stt=D(1)),
        Entry(2, Kind.SELL, date(2024, 6, 5), "A", quantity=10, price=D(120), charges=D(6), stt=D(2)),
        Entry(3, Kind.BUY, date(2024, 6, 6), "A", quantity=10, price=D(100), charges=D(5), stt=D(1)),
        Entry(4, Kind.SELL, date(2024, 6, 6), "A", quantity=10, price=D(120), charges=D(6), stt=D(2)),
    ]
    capital, speculation = gains(fold(lines).realised, no_value)
    assert (capital.kind, capital.cost_used, capital.expenses, capital.gain) == ("SHORT", 1005, 6, 189)
    assert (speculation.kind, speculation.gain, speculation.rate_percent) == ("SPECULATIVE", 186, None)


def test_a_bonus_share_costs_nothing_and_has_its_own_day() -> None:
    lines = [*entries(("BUY", "2023-01-10", 10, 100), ("SELL", "2024-06-10", 15, 80)),
             Entry(9, Kind.BONUS, date(2024, 1, 10), "A", new=1, old=1)]  # fmt: skip
    old, bonus = gains(fold(lines).realised, no_value)
    assert (old.kind, old.gain) == ("LONG", 10 * 80 - 1000)
    assert (bonus.kind, bonus.gain) == ("SHORT", 5 * 80)


def test_a_purchase_of_an_unknown_day_is_neither_short_nor_long() -> None:
    lines = [
        Entry(1, Kind.OPENING, date(2024, 1, 5), "A", quantity=10, price=D(100)),
        Entry(2, Kind.SELL, date(2024, 6, 5), "A", quantity=10, price=D(120)),
    ]
    (gain,) = gains(fold(lines).realised, no_value)
    assert gain.kind is GainKind.UNKNOWN and "not known" in (gain.note or "")
    assert one_year([gain], 2024).tax == 0 and one_year([gain], 2024).taxed == []


def test_a_year_with_both_rates_sets_losses_off_at_the_higher_one_and_exempts_it_first() -> None:
    found = trades(
        ("BUY", "2022-04-04", 1000, 100), ("SELL", "2024-06-03", 1000, 250),  # long at 10 %: 150000
        ("BUY", "2022-04-05", 1000, 100), ("SELL", "2024-09-02", 1000, 300),  # long at 12.5 %: 200000
        ("BUY", "2024-04-08", 1000, 100), ("SELL", "2024-06-10", 1000, 140),  # short at 15 %: 40000
        ("BUY", "2024-07-01", 1000, 100), ("SELL", "2024-09-09", 1000, 160),  # short at 20 %: 60000
        ("BUY", "2024-10-01", 1000, 100), ("SELL", "2024-11-04", 1000, 25),  # short loss: 75000
    )  # fmt: skip
    year = one_year(found, 2024)
    # 75000 against the 60000 at 20 %, then 15000 of the 40000 at 15 %: 25000 left at 15 %
    assert [(one.against, one.rate_percent, one.amount) for one in year.set_off] == [
        ("SHORT", 20, 60_000), ("SHORT", 15, 15_000),
    ]  # fmt: skip
    # exemption 125000 all at 12.5 %: 75000 left there, 150000 at 10 %
    left = {(one.kind.value, one.rate_percent): one.amount for one in year.taxed}
    assert left == {
        ("LONG", D("12.5")): 75_000,
        ("LONG", D(10)): 150_000,
        ("SHORT", D(20)): 0,
        ("SHORT", D(15)): 25_000,
    }
    assert year.tax == D(75_000) * D("0.125") + 15_000 + 3_750  # 9375 + 15000 + 3750 = 28125
    assert (year.tax, year.cess) == (28_125, 1_125)
    assert year.carried == []


def test_a_long_loss_waits_for_long_gains_and_the_exemption_comes_after_it() -> None:
    found = trades(
        ("BUY", "2019-04-01", 1000, 300), ("SELL", "2021-04-05", 1000, 200),  # long loss 100000 in 2021-22
        ("BUY", "2021-05-03", 1000, 100), ("SELL", "2021-06-01", 1000, 150),  # short gain 50000 in 2021-22
        ("BUY", "2021-05-04", 1000, 100), ("SELL", "2022-06-01", 1000, 350),  # long gain 250000 in 2022-23
    )  # fmt: skip
    first, second = years(found, 2022)
    assert first.set_off == [] and first.tax == 7_500  # 15 % of 50000
    assert [(one.kind.value, one.amount, one.until) for one in first.carried] == [("LONG", 100_000, 2029)]
    # 250000 − 100000 brought forward − 100000 exempt = 50000 at 10 %
    assert [(one.of_year, one.amount) for one in second.set_off] == [(2021, 100_000)]
    assert (second.exemption_used, second.tax, second.carried) == (100_000, 5_000, [])


def test_a_short_loss_takes_from_long_gains_what_short_gains_leave() -> None:
    found = trades(
        ("BUY", "2021-05-03", 1000, 300), ("SELL", "2021-06-01", 1000, 220),  # short loss 80000
        ("BUY", "2021-06-10", 1000, 100), ("SELL", "2021-07-01", 1000, 130),  # short gain 30000
        ("BUY", "2021-07-05", 1000, 100), ("SELL", "2022-08-01", 1000, 280),  # long gain 180000 the year after
    )  # fmt: skip
    first, second = years(found, 2022)
    assert [(one.kind.value, one.amount) for one in first.carried] == [("SHORT", 50_000)]
    assert [(one.loss.value, one.against.value, one.amount) for one in second.set_off] == [("SHORT", "LONG", 50_000)]
    assert second.tax == 3_000  # (180000 − 50000 − 100000) × 10 %


def test_losses_lapse_after_eight_years_and_those_of_speculation_after_four() -> None:
    found = trades(
        ("BUY", "2011-05-02", 10, 300), ("SELL", "2011-06-01", 10, 200),  # short loss 1000 in 2011-12
        ("BUY", "2011-07-01", 10, 300), ("SELL", "2011-07-01", 10, 250),  # speculation: loss 500
    )  # fmt: skip
    by_year = {one.year: one for one in years(found, 2021)}
    assert [(one.kind.value, one.amount) for one in by_year[2014].carried] == [("SHORT", 1000), ("SPECULATIVE", 500)]
    assert [(one.kind.value, one.year) for one in by_year[2015].lapsed] == [("SPECULATIVE", 2011)]  # the fourth year
    assert [one.kind.value for one in by_year[2018].carried] == ["SHORT"]
    assert [one.kind.value for one in by_year[2019].lapsed] == ["SHORT"] and by_year[2020].brought == []


def test_speculation_takes_no_capital_loss_and_gives_none() -> None:
    found = trades(
        ("BUY", "2021-05-03", 10, 300), ("SELL", "2021-06-01", 10, 200),  # short loss 1000
        ("BUY", "2021-06-10", 10, 100), ("SELL", "2021-06-10", 10, 150),  # speculation 500
    )  # fmt: skip
    year = one_year(found, 2021)
    assert year.set_off == [] and [one.kind.value for one in year.carried] == ["SHORT"]
    assert [(one.kind.value, one.amount, one.tax) for one in year.taxed] == [("SPECULATIVE", 500, None)]


def test_exempt_long_gains_of_before_april_2018_use_no_loss_and_their_losses_are_none() -> None:
    found = trades(
        ("BUY", "2015-05-04", 10, 100), ("SELL", "2017-05-02", 10, 900),  # long, exempt: 8000
        ("BUY", "2015-05-05", 10, 900), ("SELL", "2017-05-03", 10, 100),  # a long loss that counts for nothing
        ("BUY", "2017-05-08", 10, 300), ("SELL", "2017-06-01", 10, 200),  # short loss 1000
    )  # fmt: skip
    year = one_year(found, 2017)
    assert year.set_off == [] and year.tax == 0
    assert [(one.kind.value, one.amount) for one in year.carried] == [("SHORT", 1000)]


def test_hints_name_what_the_exemption_a_loss_and_a_wait_are_worth() -> None:
    day = date(2025, 2, 3)
    lots = fold(
        [
            Entry(1, Kind.BUY, date(2022, 4, 4), "LONG", quantity=1000, price=D(100)),
            Entry(2, Kind.BUY, date(2024, 10, 1), "LOSS", quantity=100, price=D(500)),
            Entry(3, Kind.BUY, date(2024, 3, 4), "SOON", quantity=100, price=D(100)),
        ]
    ).lots
    short_gain = trades(("BUY", "2024-08-01", 1000, 100), ("SELL", "2024-09-02", 1000, 120))  # 20000 at 20 %
    found = hints(
        open_gains(lots, {"LONG": D(300), "LOSS": D(400), "SOON": D(150)}, day, no_value),
        one_year(short_gain, 2024),
        day,
    )
    told = {(one.kind, one.instrument): one for one in found}
    # of 200000 gain on 1000 shares the exemption takes 125000: 625 shares; 125000 × 12.5 % × 1.04 = 16250
    use = told["USE_EXEMPTION", "LONG"]
    assert (use.quantity, use.gain, use.saves) == (625, 125_000, 16_250)
    # the loss of 10000 against a short gain at 20 %: 2000 × 1.04
    assert told["SET_OFF_LOSS", "LOSS"].saves == 2_080
    # 5000 at 12.5 % in place of 20 % from the 5th of March on: 5000 × 7.5 % × 1.04 = 390
    assert (told["WAIT", "SOON"].on, told["WAIT", "SOON"].saves) == (date(2025, 3, 5), 390)
    assert [one.saves for one in found] == sorted((one.saves for one in found), reverse=True)


MONEY = st.integers(1, 2000)
SALES = st.lists(st.tuples(st.integers(0, 2500), st.integers(0, 900), MONEY, MONEY), min_size=1, max_size=8)


@given(SALES)
def test_every_rupee_of_loss_is_set_off_carried_or_lapsed_once(sales: list[tuple[int, int, int, int]]) -> None:
    lines = []
    for n, (start, held, paid, got) in enumerate(sales):
        bought = date.fromordinal(date(2018, 4, 2).toordinal() + start)
        sold = date.fromordinal(bought.toordinal() + held)
        lines += [
            Entry(2 * n, Kind.BUY, bought, f"S{n}", quantity=10, price=D(paid)),
            Entry(2 * n + 1, Kind.SELL, sold, f"S{n}", quantity=10, price=D(got)),
        ]
    found = gains(fold(lines).realised, no_value)
    all_years = years(found, 2030)
    losses = -sum(one.gain for one in found if one.gain < 0)
    used = sum(one.amount for year in all_years for one in year.set_off)
    lapsed = sum(one.amount for year in all_years for one in year.lapsed)
    assert losses == used + lapsed + sum(one.amount for one in all_years[-1].carried)
    made = sum(one.gain for one in found if one.gain > 0)
    assert made == used + sum(one.left for year in all_years for one in year.taxed)
    assert all(0 <= one.exempt <= one.left for year in all_years for one in year.taxed)
    assert all(year.exemption_used <= year.exemption for year in all_years)


def test_a_loss_that_was_given_is_set_off_from_the_next_year_on_and_lapses() -> None:
    # 2024-25: a short gain of 300 at 20 %, 100 of it taken by what 2021-22 left over; nothing remains to be carried
    found = trades(("BUY", "2024-08-01", 10, 100), ("SELL", "2024-10-01", 10, 130))
    given = [loss_of(GainKind.SHORT, 2021, D(100))]
    every = years(found, 2024, earlier=given)
    assert [one.year for one in every] == [2022, 2023, 2024]
    assert [(one.of_year, one.amount) for one in every[-1].set_off] == [(2021, 100)]
    assert every[-1].tax == 40 and every[-1].carried == []
    # eight years: one of 2015-16 counts to 2023-24, and has lapsed by the sale
    old = years(found, 2024, earlier=[loss_of(GainKind.SHORT, 2015, D(100))])
    assert [one.year for one in old if one.lapsed] == [2023] and old[-1].tax == 60
    # a long-term loss takes nothing from a short-term gain
    assert years(found, 2024, earlier=[loss_of(GainKind.LONG, 2022, D(100))])[-1].tax == 60
    # nor does a loss of the year of the sale or of a later one count before it was made
    assert years(found, 2024, earlier=[loss_of(GainKind.SHORT, 2024, D(100))])[-1].tax == 60


def test_the_surcharge_is_of_the_tax_and_the_cess_of_both() -> None:
    # 300 at 20 % = 60; 15 % of it 9; 4 % of 69 = 2.76
    found = trades(("BUY", "2024-08-01", 10, 100), ("SELL", "2024-10-01", 10, 130))
    one = years(found, 2024, surcharge_percent=D(15))[-1]
    assert (one.tax, one.surcharge, one.cess, one.total) == (60, 9, D("2.76"), D("71.76"))


def test_a_sale_of_before_the_first_rates_is_told_without_a_tax() -> None:
    found = trades(("BUY", "2001-08-01", 10, 100), ("SELL", "2003-10-01", 10, 130))
    (one,) = years(found, 2003)
    assert (one.gains[0].kind, one.tax, one.exemption) == ("UNKNOWN", 0, 0)
