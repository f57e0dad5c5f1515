"""The compiled charges against the decimal contract note."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engines.backtest.charges import (
    CNC,
    COMPONENTS,
    FUT,
    MIS,
    PRODUCTS,
    Costs,
    affordable,
    charge,
    compiled_costs,
    plan_of,
    settle_day,
    unverified_rows,
)
from app.engines.backtest.orders import FILL
from app.engines.backtest.spec import BookSpec, CostSpec, RunSpec, UniverseSpec
from app.engines.backtest.words import unverified
from app.engines.bars import Bars
from app.engines.costs import FIRST, LINES, PLANS, RATES, Order, Plan, contract_note, custom, estimate

D = Decimal
OWN = custom(fraction=D("0.00125"), cap=D("35.55"), flat=D("1.01"), depository=D("7.77"))
PLANNED: list[Plan] = [*PLANS.values(), OWN, custom(fraction=D("0.000333"))]
ASSETS = ("share", "equity_etf", "other_etf", "share")
CODES = np.array([0, 1, 2, 0])
BREAKS = sorted({row.since for row in RATES} | {date(2019, 1, 1), date(2025, 6, 1)})
DAYS = st.one_of(
    st.sampled_from(BREAKS),
    st.sampled_from([day - timedelta(days=1) for day in BREAKS[1:]]),
    st.dates(FIRST, date(2027, 1, 1)),
)


@dataclass(frozen=True)
class Deal:
    """One fill of a day."""

    intent: int
    column: int
    product: int
    side: int
    quantity: int
    paise: int


@st.composite
def days_of_fills(draw: st.DrawFn) -> list[Deal]:
    """Orders of a day, some filled in two or three pieces at one price, in any order."""
    deals: list[Deal] = []
    prices = st.one_of(st.integers(5, 500), st.integers(5, 9_000_000), st.just(10_000), st.just(100_000))
    quantities = st.one_of(st.integers(1, 20), st.integers(1, 100_000), st.sampled_from([500, 1000, 2000]))
    for intent in range(draw(st.integers(1, 7))):
        column, product = draw(st.integers(0, 3)), draw(st.sampled_from([CNC, CNC, MIS, FUT]))
        side, paise = draw(st.sampled_from([1, -1])), draw(prices)
        pieces = draw(st.lists(quantities, min_size=1, max_size=3))
        deals += [Deal(intent, column, product, side, quantity, paise) for quantity in pieces]
    return draw(st.permutations(deals))


def logged(deals: list[Deal], costs: Costs) -> tuple[Any, Any]:
    """The fills with their estimates, as the core writes them."""
    fills = np.zeros(len(deals) + 2, FILL)
    components = np.full((len(deals) + 2, len(COMPONENTS)), -1.0)
    fills["cost"] = -1.0
    for i, deal in enumerate(deals, 1):
        price = deal.paise / 100
        fills[i]["intent"], fills[i]["column"], fills[i]["product"] = deal.intent, deal.column, deal.product
        fills[i]["side"], fills[i]["quantity"], fills[i]["price"] = deal.side, deal.quantity, price
        fills[i]["cost"] = charge(
            costs, 0, deal.column, deal.product, deal.side, float(deal.quantity), price, components[i]
        )
    return fills, components


def orders_of(deals: list[Deal]) -> list[Order]:
    """The orders those fills executed, in the order of their first fills."""
    quantities: dict[int, int] = {}
    for deal in deals:
        quantities[deal.intent] = quantities.get(deal.intent, 0) + deal.quantity
    first = {deal.intent: deal for deal in reversed(deals)}
    return [
        Order(
            "buy" if first[intent].side > 0 else "sell",
            D(quantity),
            D(first[intent].paise) / 100,
            PRODUCTS[first[intent].product],
            f"S{first[intent].column}",
            ASSETS[first[intent].column],  # type: ignore[arg-type]
        )
        for intent, quantity in quantities.items()
    ]


@settings(deadline=None)
@given(days_of_fills(), DAYS, st.sampled_from(PLANNED))
def test_a_settled_day_is_the_contract_note_to_the_paisa(deals: list[Deal], day: date, plan: Plan) -> None:
    costs = compiled_costs(plan, 0.0, [day], CODES)
    fills, components = logged(deals, costs)
    estimated = fills["cost"][1:-1].sum()
    moved = settle_day(costs, 0, fills, 1, len(deals) + 1, components)
    note = contract_note(orders_of(deals), day, plan)
    paise = np.rint(components[1:-1] * 100).astype(int)
    assert (paise / 100 == components[1:-1]).all()
    for name, column in zip(COMPONENTS, paise.T, strict=True):
        expected = note.lines.get(
            name, {"depository": note.depository, "depository_gst": note.depository_gst}.get(name, D(0))
        )
        assert column.sum() == int(expected * 100), name
        assert (column >= 0).all(), name
    assert (np.rint(fills["cost"][1:-1] * 100).astype(int) == paise.sum(axis=1)).all()
    assert moved == pytest.approx(float(note.total_with_depository) - estimated, abs=1e-6)
    assert fills["cost"][0] == fills["cost"][-1] == -1.0
    assert (components[[0, -1]] == -1.0).all()


@settings(deadline=None)
@given(days_of_fills(), DAYS, st.sampled_from(PLANNED))
def test_an_estimate_is_the_decimal_one(deals: list[Deal], day: date, plan: Plan) -> None:
    costs = compiled_costs(plan, 0.0, [day], CODES)
    _, components = logged(deals[:1], costs)
    deal, row = deals[0], dict(zip(COMPONENTS, components[1].tolist(), strict=True))
    note = estimate(orders_of(deals[:1])[0], day, plan)
    for name in LINES:
        assert row[name] == pytest.approx(float(note.lines[name]), rel=1e-12, abs=1e-12), name
    demat = plan.depository_on(day)
    sold = demat is not None and deal.product == CNC and deal.side < 0
    assert row["depository"] == (float(demat.rupees) if demat is not None and sold else 0.0)
    assert (row["depository_gst"] > 0.0) == sold


def test_pieces_of_an_order_at_two_prices_are_charged_at_their_average() -> None:
    # one order of 66,667 rupees is charged 20.0001, capped at 20; sold for 120,000 the cap counts too
    day = date(2025, 6, 2)
    costs = compiled_costs("zerodha", 0.0, [day], CODES)
    deals = [Deal(1, 0, MIS, 1, 100, 33_333), Deal(1, 0, MIS, 1, 100, 33_334), Deal(2, 0, MIS, -1, 200, 60_000)]
    fills, components = logged(deals, costs)
    settle_day(costs, 0, fills, 1, 4, components)
    brokerage = components[1:-1, COMPONENTS.index("brokerage")]
    assert brokerage[0] + brokerage[1] == 20.0
    assert brokerage[2] == 20.0


def test_a_line_goes_to_the_fills_that_caused_it() -> None:
    day = date(2025, 7, 1)
    costs = compiled_costs("zerodha", 0.0, [day], CODES)
    # A is sold out of delivery, B bought: duty is B's, the depository's charge A's
    deals = [Deal(1, 0, CNC, -1, 100, 100_000), Deal(2, 3, CNC, 1, 100, 50_000)]
    fills, components = logged(deals, costs)
    settle_day(costs, 0, fills, 1, 3, components)
    row = {name: components[1:3, i].tolist() for i, name in enumerate(COMPONENTS)}
    assert row["stamp"] == [0.0, 7.5]
    assert row["depository"] == [13.5, 0.0]
    assert row["depository_gst"] == [2.43, 0.0]
    assert row["stt"] == [100.0, 50.0]
    assert row["exchange"] == [2.97, 1.49]  # 4.455 rounds up; the last fill takes the rest


def test_a_flat_charge_is_left_alone_and_an_empty_day_is_nothing() -> None:
    costs = compiled_costs("bps", 10.0, [date(2025, 6, 2)], CODES)
    fills, components = logged([Deal(1, 0, CNC, 1, 10, 10_000)], costs)
    assert fills[1]["cost"] == components[1, 0] == 1.0
    assert components[1, 1:].tolist() == [0.0] * 9
    before = fills.copy()
    assert settle_day(costs, 0, fills, 1, 2, components) == 0.0
    assert (fills == before).all()
    assert settle_day(compiled_costs("fyers", 0.0, [date(2025, 6, 2)], CODES), 0, fills, 1, 1, components) == 0.0


def test_a_turnover_beyond_the_integers_keeps_its_estimate() -> None:
    costs = compiled_costs("zerodha", 0.0, [date(2025, 6, 2)], CODES)
    fills, components = logged([Deal(1, 0, CNC, 1, 10**9, 10**7)], costs)
    before = fills.copy()
    assert settle_day(costs, 0, fills, 1, 2, components) == 0.0
    assert (fills == before).all()


@settings(deadline=None)
@given(
    st.floats(0.0, 1e9),
    st.floats(0.05, 1e5),
    DAYS,
    st.sampled_from(PLANNED),
    st.integers(0, 3),
    st.sampled_from([0, 1, 2]),
)
def test_the_budget_pays_for_what_is_affordable_and_not_for_one_share_more(
    budget: float, price: float, day: date, plan: Plan, column: int, product: int
) -> None:
    costs = compiled_costs(plan, 0.0, [day], CODES)
    row = np.empty(len(COMPONENTS))
    shares = affordable(costs, 0, column, product, budget, price)
    assert shares == int(shares) >= 0
    if shares:
        assert shares * price + charge(costs, 0, column, product, 1, shares, price, row) <= budget
    more = shares + 1
    assert more * price + charge(costs, 0, column, product, 1, more, price, row) > budget


def test_a_flat_charge_is_afforded_by_one_division() -> None:
    costs = compiled_costs("bps", 10.0, [], [])
    assert affordable(costs, 0, 0, CNC, 1e6, 99.95) == np.floor(1e6 / (99.95 * 1.001))
    assert affordable(costs, 0, 0, CNC, -5.0, 99.95) == 0.0


def test_rates_change_with_the_session() -> None:
    days = [date(2024, 9, 30), date(2024, 10, 1), date(2024, 10, 3)]
    costs = compiled_costs("fyers", 0.0, days, CODES)
    assert costs.regime.tolist() == [0, 1, 1]
    row = np.empty(len(COMPONENTS))
    for session, expected in enumerate([0.0, 20.0, 20.0]):
        charge(costs, session, 0, CNC, 1, 100.0, 1000.0, row)
        assert row[COMPONENTS.index("brokerage")] == expected


def test_what_nobody_verified_is_listed_once_with_its_source() -> None:
    rows = unverified_rows("zerodha", [date(2024, 5, 2), date(2024, 5, 3)], [CNC, MIS])
    assert any(row.startswith("exchange on delivery, intraday since 2024-04-01: A cut of 1 %") for row in rows)
    assert any(row.startswith("depository charge of zerodha on delivery") for row in rows)
    assert len(rows) == len(set(rows))
    assert unverified_rows("bps", [date(2024, 5, 2)], [CNC]) == []
    assert not any("depository" in row for row in unverified_rows("zerodha", [date(2024, 5, 2)], [MIS]))


def test_a_spec_names_its_plan() -> None:
    assert plan_of("none") is None
    assert plan_of("bps") is None
    assert plan_of("fyers") is PLANS["fyers"]
    own = plan_of("custom", fraction=0.0003, cap=20.0, depository=13.5)
    assert own is not None
    assert own.brokerage_on(PRODUCTS[0], FIRST).on(D(10_000)) == 3
    for name, numbers, word in [
        ("zerodha", {"cap": 5.0}, "costs.cap"),
        ("nobody", {}, "nobody"),
        ("custom", {"fraction": 0.00000012}, "costs.fraction"),
        ("custom", {"fraction": 0.2}, "costs.fraction"),
        ("custom", {"flat": 0.001}, "paisa"),
        ("custom", {"flat": -1.0}, "flat"),
    ]:
        with pytest.raises(ValueError, match=word):
            plan_of(name, **numbers)


def test_a_day_before_the_tables_and_two_plans_at_once_are_refused() -> None:
    with pytest.raises(ValueError, match="known from"):
        compiled_costs("zerodha", 0.0, [FIRST - timedelta(days=1)], CODES)
    with pytest.raises(ValueError, match=r"costs\.bps"):
        compiled_costs("zerodha", 5.0, [FIRST], CODES)


def test_a_run_lists_the_unverified_rates_it_used_and_a_flat_one_none() -> None:
    closes = [100.0, 101.0, 102.0, 103.0]
    sessions = np.arange("2019-03-04", "2019-03-08", dtype="datetime64[D]")
    bars = Bars.from_ohlcv(sessions, {"A": (closes, closes, closes, closes, [1e6] * 4)})
    values: dict[str, Any] = {"books": (BookSpec("s", "0" * 64),), "universe": UniverseSpec(symbols=("A",))}
    values |= {"start": date(2019, 3, 4), "end": date(2019, 3, 7), "data_root": "made up"}
    fills = np.zeros(2, FILL)
    fills["side"], fills["bar"] = [1, -1], [1, 2]
    zerodha = RunSpec(**values, costs=CostSpec("zerodha"))
    said = unverified(zerodha, bars, fills)[0]
    assert "stamp on delivery since 2008-06-01: Each state had its own" in said
    assert "intraday" not in said
    fills["bar"] = [1, 1]
    assert "stamp on delivery, intraday since" in unverified(zerodha, bars, fills)[0]
    assert unverified(zerodha, bars, fills[:0]) == []
    assert unverified(RunSpec(**values, costs=CostSpec("bps", 5.0)), bars, fills) == []
