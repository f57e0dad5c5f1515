"""Returns of money and of time, worked by hand, and parts of a gain that add up."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engines.ledger import Entry, Kind, fold
from app.engines.performance import NoRate, holdings, same_money, sources, time_weighted, xirr

D = Decimal


def test_the_published_example_of_xirr() -> None:
    # the example of the spreadsheet function's own documentation: 37.3362535 %
    flows = [
        (date(2008, 1, 1), -10000.0), (date(2008, 3, 1), 2750.0), (date(2008, 10, 30), 4250.0),
        (date(2009, 2, 15), 3250.0), (date(2009, 4, 1), 2750.0),
    ]  # fmt: skip
    assert xirr(flows) == pytest.approx(0.373362535, abs=2e-9)


def test_a_year_of_one_deposit_is_its_plain_return() -> None:
    assert xirr([(date(2023, 1, 1), -100.0), (date(2024, 1, 1), 121.0)]) == pytest.approx(0.21, rel=1e-12)
    assert xirr([(date(2023, 1, 1), -100.0), (date(2024, 1, 1), 1.0)]) == pytest.approx(-0.99, rel=1e-12)


def test_where_no_rate_or_several_fit_it_is_told() -> None:
    with pytest.raises(NoRate, match="money has to go in"):
        xirr([(date(2023, 1, 1), -100.0)])
    with pytest.raises(NoRate, match="different days"):
        xirr([(date(2023, 1, 1), -100.0), (date(2023, 1, 1), 120.0)])
    # −100, +230 a year later, −132 two years later: (1 + r) is 1.1 or 1.2
    with pytest.raises(NoRate, match=r"several rates fit: 10\.00% and 20\.00%"):
        xirr([(date(2021, 1, 1), -100.0), (date(2022, 1, 1), 230.0), (date(2023, 1, 1), -132.0)])


@given(
    st.floats(-0.9, 5.0),
    st.lists(st.tuples(st.integers(0, 3000), st.floats(1.0, 1e6)), min_size=1, max_size=8),
)
def test_the_rate_that_grew_the_deposits_is_found(rate: float, deposits: list[tuple[int, float]]) -> None:
    end = 3365
    worth = sum(amount * (1 + rate) ** ((end - day) / 365) for day, amount in deposits)
    flows = [(date(2015, 1, 1) + timedelta(days=day), -amount) for day, amount in deposits]
    found = xirr([*flows, (date(2015, 1, 1) + timedelta(days=end), worth)])
    assert found == pytest.approx(rate, rel=1e-6, abs=1e-9)


def test_money_put_in_does_not_move_the_time_weighted_return() -> None:
    # 100 becomes 110; 90 is put in and the 200 become 190; 50 is taken out of what had become 209
    value = np.array([100.0, 110.0, 190.0, 159.0])
    flow = np.array([100.0, 0.0, 90.0, -50.0])
    assert time_weighted(value, flow).tolist() == pytest.approx([0.0, 0.1, -0.05, 0.1])
    assert np.isnan(time_weighted(np.zeros(2), np.zeros(2))).all()


def test_the_same_money_in_an_index_buys_it_at_each_days_level() -> None:
    # 100 at 50 are 2, 90 at 60 are 1.5, 50 out at 100 are 0.5: 3 at 100
    assert same_money(np.array([100.0, 90.0, -50.0]), np.array([50.0, 60.0, 100.0])) == pytest.approx(300.0)
    assert np.isnan(same_money(np.array([100.0, 0.0]), np.array([np.nan, 60.0])))


SESSIONS = np.arange("2023-01-02", "2023-01-12", dtype="datetime64[D]")


def day(n: int) -> date:
    return date(2023, 1, 2) + timedelta(days=n)


def test_a_ledger_becomes_quantities_prices_and_flows_by_session() -> None:
    close = np.array([100.0, 102, np.nan, 104, 21, 22, 22, 23, 24, 25])
    ledger = fold(
        [
            Entry(1, Kind.BUY, day(0), "A", quantity=10, price=D(99), charges=D(2)),
            Entry(2, Kind.SPLIT, day(4), "A", new=5, old=1),
            Entry(3, Kind.SELL, day(6), "A", quantity=20, price=D(22), charges=D(1)),
            Entry(4, Kind.DIVIDEND, day(7), "A", amount=D(15)),
        ]
    )
    held = holdings(ledger, SESSIONS, {"A": close})
    assert held.quantity[:, 0].tolist() == [10] * 4 + [50, 50] + [30] * 4
    assert held.value.tolist() == [1000, 1020, 1020, 1040, 1050, 1100, 660, 690, 720, 750]
    assert held.flow.tolist() == [992, 0, 0, 0, 0, 0, -439, -15, 0, 0]
    assert not held.funded and held.cash.tolist() == [0.0] * 10


def test_with_deposits_cash_counts_and_purchases_are_no_flow() -> None:
    ledger = fold(
        [
            Entry(1, Kind.DEPOSIT, day(0), amount=D(1000)),
            Entry(2, Kind.BUY, day(1), "A", quantity=5, price=D(100)),
            Entry(3, Kind.WITHDRAWAL, day(3), amount=D(200)),
        ]
    )
    held = holdings(ledger, SESSIONS, {"A": np.full(10, 110.0)})
    assert held.funded and held.flow[:4].tolist() == [1000, 0, 0, -200]
    assert held.value[:4].tolist() == [1000, 1050, 1050, 850]


def test_a_share_without_a_price_yet_stands_at_its_cost_and_is_counted() -> None:
    ledger = fold(
        [
            Entry(1, Kind.BUY, day(0), "A", quantity=10, price=D(100)),
            Entry(2, Kind.DEMERGER, day(2), "A", new=1, old=1, target="B", cost_percent=D(10)),
        ]
    )
    b = np.array([np.nan] * 5 + [12.0] * 5)
    held = holdings(ledger, SESSIONS, {"A": np.full(10, 100.0), "B": b})
    assert held.instruments == ("A", "B") and held.at_cost.tolist() == [0, 3]
    assert held.price[2:6, 1].tolist() == [10, 10, 10, 12]


PRICES = st.decimals(1, 999, places=2)


@given(st.lists(st.tuples(st.sampled_from("ABC"), st.integers(1, 99), PRICES), min_size=1, max_size=10), st.data())
def test_the_parts_of_a_gain_add_up_to_the_last_digit(
    trades: list[tuple[str, int, Decimal]], data: st.DataObject
) -> None:
    entries, held = [], dict.fromkeys("ABC", 0)
    for n, (share, quantity, price) in enumerate(trades):
        sells = held[share] and data.draw(st.booleans())
        quantity = min(quantity, held[share]) if sells else quantity
        held[share] += -quantity if sells else quantity
        kind = Kind.SELL if sells else Kind.BUY
        entries.append(
            Entry(
                n,
                kind,
                day(n),
                share,
                quantity=quantity,
                price=price,
                charges=D("1.23"),
                stt=D(data.draw(st.integers(0, 3))),
            )
        )
    entries.append(Entry(90, Kind.DIVIDEND, day(20), "A", amount=D("7.77")))
    entries.append(Entry(91, Kind.CHARGES, day(21), amount=D("3.33")))
    entries.append(Entry(92, Kind.DEMERGER, day(22), "A", new=1, old=1, target="B", cost_percent=D("4.68")))
    ledger = fold(entries)
    last = {one.instrument: D(one.quantity) for one in ledger.steps}
    end = {key: quantity * D("55.55") for key, quantity in last.items()}
    parts = sources(ledger, {}, end, {}, date.min, date.max)
    whole = sum(end.values()) + ledger.cash()
    assert sum(one.gain for one in parts) == pytest.approx(whole, abs=D("1e-15"))
    for one in parts:
        assert one.gain == pytest.approx(one.unrealised + one.realised + one.income - one.charges, abs=D("1e-15"))
    assert sum(one.realised for one in parts) == sum(sale.gain for sale in ledger.realised)
    charges = sum(entry.charges + entry.stt for entry in entries) + D("3.33")
    assert sum(one.charges for one in parts) == charges
