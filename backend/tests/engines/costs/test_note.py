"""Charges against published calculator totals, contract notes and hand-worked days."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engines.costs import (
    FIRST,
    PLANS,
    RATES,
    Levy,
    Order,
    Product,
    allot,
    contract_note,
    custom,
    estimate,
    rate_on,
    statement,
)

D = Decimal
ZERODHA, FYERS, NONE = PLANS["zerodha"], PLANS["fyers"], PLANS["none"]


@pytest.fixture(scope="module")
def golden(evidence: Path) -> dict[str, Any]:
    return json.loads((evidence / "golden" / "costs.json").read_text(), parse_float=Decimal, parse_int=Decimal)


def order(side: str, quantity: object, price: object, product: Product = Product.DELIVERY, **more: Any) -> Order:
    return Order(side, D(str(quantity)), D(str(price)), product, **more)  # type: ignore[arg-type]


def test_calculator_totals_are_reproduced_to_the_paisa(golden: dict[str, Any]) -> None:
    for case in golden["calculator_totals"]["cases"]:
        product = Product(case["segment"].removeprefix("equity_"))
        orders = [order("buy", case["qty"], case["buy"], product), order("sell", case["qty"], case["sell"], product)]
        note = statement(orders, date(2026, 2, 2), ZERODHA)
        assert note.total == case["expected_total"], case["id"]
        for name, value in case["components_consistent_with_total"].items():
            assert abs(note.lines[name] - value) <= D("0.005"), (case["id"], name)


def test_the_calculator_of_2020_is_reproduced(golden: dict[str, Any]) -> None:
    case = golden["calculator_2020"]
    orders = [
        order("buy", case["qty"], case["buy"], Product.INTRADAY),
        order("sell", case["qty"], case["sell"], Product.INTRADAY),
    ]
    note = statement(orders, date(2020, 6, 15), ZERODHA)
    assert note.total == case["expected_total_charges"]
    assert case["qty"] * (case["sell"] - case["buy"]) - note.total == case["expected_net"]
    assert any("stamp" in row for row in note.unverified)


def test_transaction_tax_of_a_mixed_day_is_rounded_part_by_part(golden: dict[str, Any]) -> None:
    mixed = golden["stt_rounding"]["cases"][0]
    day = [
        order("buy", 500, 100, symbol="A"),
        order("sell", 500, 105, symbol="A"),
        order("buy", 200, 110, symbol="A"),
    ]
    note = contract_note(day, date(2023, 6, 1), ZERODHA)
    assert note.lines["stt"] == mixed["intraday_stt"] + mixed["delivery_stt"]
    small = golden["stt_small_intraday"]
    day = [
        order("buy", small["qty"], small["buy"], Product.INTRADAY),
        order("sell", small["qty"], small["sell"], Product.INTRADAY),
    ]
    assert contract_note(day, date(2023, 6, 1), ZERODHA).lines["stt"] == small["expected"]


def test_transaction_tax_is_rounded_to_the_rupee_halves_up(golden: dict[str, Any]) -> None:
    for case in golden["stt_rounding"]["cases"][1:]:
        sold = [order("sell", 1, case["raw"] * 1000)]  # 0.1 % of it is the raw figure
        assert contract_note(sold, date(2023, 6, 1), NONE).lines["stt"] == case["expected"], case["id"]


def test_an_option_squared_off_is_taxed_on_its_premium(golden: dict[str, Any]) -> None:
    case = golden["exercise_stt"]  # 100 lots of 75 at a premium of 100, 0.05 % in those years
    sold = [order("sell", 7500, 100, Product.OPTIONS)]
    assert contract_note(sold, date(2020, 6, 1), NONE).lines["stt"] == case["squareoff_stt"]


# where each key is tested; None: out of scope, as the file's README says
WHERE = {
    **dict.fromkeys(("calculator_totals", "stt_rounding", "stt_small_intraday", "calculator_2020"), __name__),
    **dict.fromkeys(("api_order_charges", "contract_note_etf_buy", "futures_stt_step", "ipft", "dp_charge"), __name__),
    "exercise_stt": __name__,  # the sale; the exercise itself is out of scope
    "gst_and_ipft": __name__,  # a finding: in the calculator's totals and the order samples above
    "contract_note_commodity_option": None,
}


def test_every_key_of_the_file_is_accounted_for(golden: dict[str, Any]) -> None:
    assert set(golden) == set(WHERE)


def test_order_estimates_are_not_rounded(golden: dict[str, Any]) -> None:
    sbin, infy = golden["api_order_charges"]["cases"]
    note = estimate(order("buy", sbin["qty"], sbin["price"]), date(2023, 6, 15), ZERODHA)
    assert note.lines["stt"] == sbin["stt"]
    assert note.lines["exchange"] + note.lines["ipft"] == sbin["exchange"]
    assert note.lines["sebi"] == sbin["sebi"]
    assert note.lines["gst"] == sbin["gst"]
    one_paisa = custom(flat=infy["brokerage"])
    note = estimate(order("buy", infy["qty"], infy["price"]), date(2022, 9, 1), one_paisa)
    assert note.lines["stt"] == infy["stt"]
    assert note.lines["exchange"] == infy["exchange"]
    assert note.lines["gst"] == infy["gst"]
    assert round(note.lines["stamp"], 2) == infy["stamp"]


def test_an_etf_that_bears_no_tax_costs_its_exchange_charge(golden: dict[str, Any]) -> None:
    case = golden["contract_note_etf_buy"]
    note = contract_note([order("buy", 2, "105.34", asset="other_etf")], date(2024, 11, 13), ZERODHA)
    assert note.lines["stt"] == case["stt"]
    assert note.lines["exchange"] == case["exchange"]
    assert case["obligation"] - note.total == case["net"]


def test_futures_tax_steps_and_the_fund_line(golden: dict[str, Any]) -> None:
    case = golden["futures_stt_step"]
    sold = [order("sell", 1, case["contract_value"], Product.FUTURES)]
    assert contract_note(sold, date(2026, 3, 31), NONE).lines["stt"] == case["stt_2024_10_to_2026_03"]
    assert contract_note(sold, date(2026, 4, 1), NONE).lines["stt"] == case["stt_from_2026_04"]
    fund = golden["ipft"]
    bought = [order("buy", 1, fund["turnover"])]
    assert contract_note(bought, date(2024, 11, 1), FYERS).lines["ipft"] == fund["expected"]


def test_depository_charges_count_scrips_or_sales(golden: dict[str, Any]) -> None:
    cases = golden["dp_charge"]["cases"]
    day = date(2026, 6, 1)
    once = contract_note([order("sell", 5, 100, symbol="A"), order("sell", 5, 101, symbol="A")], day, ZERODHA)
    assert once.depository == cases[0]["expected_ex_gst"]
    assert once.depository + once.depository_gst == cases[0]["incl_gst"]
    two = [order("sell", 5, 100, symbol="A"), order("sell", 5, 101, symbol="B")]
    note = contract_note(two, day, custom(depository=D(13)))
    assert (note.depository, note.depository + note.depository_gst) == (26, cases[1]["incl_gst"])
    woman = custom(depository=D("12.75"))
    note = contract_note([order("sell", 5, 100)], day, woman)
    assert note.depository == cases[2]["expected_ex_gst"]
    assert abs(note.depository + note.depository_gst - cases[2]["incl_gst"]) <= D("0.005")
    each = contract_note([*two, order("sell", 1, 99, symbol="A")], date(2024, 12, 2), FYERS)
    assert each.depository == D("10.5")
    intraday = [order("buy", 5, 100, symbol="A"), order("sell", 5, 101, symbol="A")]
    assert contract_note(intraday, day, ZERODHA).depository == 0


def test_a_delivery_tag_does_not_save_a_day_trade_from_intraday_rates() -> None:
    day = [order("buy", 500, 1000, symbol="A"), order("sell", 500, 1000, symbol="A")]
    note = contract_note(day, date(2026, 2, 2), ZERODHA)
    assert note.lines == {
        "brokerage": D("40.00"),
        "stt": D(125),
        "exchange": D("30.70"),
        "ipft": D("0.00"),
        "sebi": D("1.00"),
        "gst": D("12.91"),
        "stamp": D("15.00"),
    }


def test_the_cap_is_the_orders_and_an_order_can_be_netted_in_part() -> None:
    # 300 of the bought 500 are sold again: intraday brokerage on the first 300, delivery nothing
    day = [order("buy", 500, 100, symbol="A"), order("sell", 300, 100, symbol="A")]
    note = contract_note(day, date(2025, 6, 2), ZERODHA)
    assert note.lines["brokerage"] == D("18.00")  # 0.03 % of 30,000 on either side
    assert note.lines["stt"] == 8 + 20  # 7.5 rounds up; 0.1 % of 20,000
    assert note.lines["stamp"] == D("3.90")  # 0.003 % of 30,000 and 0.015 % of 20,000


def test_options_are_charged_on_the_premium() -> None:
    day = [order("buy", 75, 100, Product.OPTIONS), order("sell", 75, 120, Product.OPTIONS)]
    note = statement(day, date(2025, 6, 2), ZERODHA)
    assert note.lines["brokerage"] == 40
    assert note.lines["stt"] == 9  # 0.1 % of 9,000
    assert note.lines["exchange"] == D("5.78")  # 0.03503 % of 16,500 is 5.77995


def test_shares_of_a_line_add_up_to_it() -> None:
    assert allot(D(1), [D(1), D(1), D(1)]) == [D("0.33"), D("0.33"), D("0.34")]
    assert allot(D(0), [D(0), D(0)]) == [0, 0]
    with pytest.raises(ValueError, match="weights"):
        allot(D(1), [])


def test_no_share_falls_below_zero() -> None:
    # a quarter of two paise is half a paisa, three times rounded up
    assert allot(D("0.02"), [D(1)] * 4) == [D("0.01"), D("0.01"), D(0), D(0)]


def test_an_average_price_without_end_keeps_the_half_rupee() -> None:
    # six shares for 20,000: three at the average are 10,000, and 0.025 % of them 2.50, which rounds up
    day = [order("buy", 3, "3333.33"), order("sell", 2, "3333.33"), order("sell", 1, "3333.35")]
    assert contract_note(day, date(2025, 6, 2), NONE).lines["stt"] == 3


@pytest.mark.parametrize(
    ("bad", "word"),
    [({"quantity": 0}, "quantity"), ({"price": -1}, "price"), ({"price": "NaN"}, "price"), ({"side": "hold"}, "side")],
)
def test_an_order_that_cannot_be_is_refused(bad: dict[str, Any], word: str) -> None:
    values = {"side": "buy", "quantity": 1, "price": 1, **bad}
    with pytest.raises(ValueError, match=word):
        order(**values)


def test_a_day_before_the_table_and_an_empty_note_are_refused() -> None:
    with pytest.raises(ValueError, match="costs are known from"):
        contract_note([order("buy", 1, 1)], FIRST - timedelta(days=1), NONE)
    with pytest.raises(ValueError, match="orders"):
        contract_note([], FIRST, NONE)
    with pytest.raises(ValueError, match="flat"):
        custom(flat=D(-1))


def test_every_levy_and_product_has_a_row_from_the_first_day_and_a_source() -> None:
    for levy in Levy:
        for product in Product:
            assert rate_on(levy, product, FIRST).since == FIRST
    assert all(row.source for row in RATES)
    assert len({(row.levy, row.product, row.since) for row in RATES}) == len(RATES)


ORDERS = st.lists(
    st.builds(
        Order,
        st.sampled_from(["buy", "sell"]),
        st.integers(1, 10_000).map(Decimal),
        st.decimals("0.05", "90000", places=2),
        st.sampled_from(Product),
        st.sampled_from(["A", "B"]),
    ),
    min_size=1,
    max_size=6,
)
DAYS = st.dates(FIRST, date(2026, 12, 31))


@given(ORDERS, DAYS, st.sampled_from(list(PLANS.values())))
def test_no_line_is_negative_and_the_lines_are_the_total(orders: list[Order], day: date, plan: Any) -> None:
    note = contract_note(orders, day, plan)
    assert all(value >= 0 for value in note.lines.values())
    assert sum(note.lines.values()) == note.total
    assert all(value == value.quantize(D("0.01")) for value in note.lines.values())
    assert note.lines["stt"] == note.lines["stt"].to_integral_value()


@given(ORDERS, DAYS)
def test_the_order_of_scrips_does_not_matter(orders: list[Order], day: date) -> None:
    by_scrip = sorted(orders, key=lambda one: one.symbol)
    assert contract_note(orders, day, FYERS).lines == contract_note(by_scrip, day, FYERS).lines


@given(st.decimals("0", "100000", places=2), st.lists(st.integers(1, 10**9).map(Decimal), min_size=1, max_size=20))
def test_allotted_shares_always_add_up(total: Decimal, weights: list[Decimal]) -> None:
    assert sum(allot(total, weights)) == total
