"""The ledger: lots by hand through trades and corporate actions, and what must hold of any ledger."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engines.ledger import Entry, Kind, Ledger, LedgerError, fold, positions

D = Decimal


def day(n: int) -> date:
    return date(2023, 1, 1) + timedelta(days=n)


class Lines:
    """Entries typed one after another."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def __call__(self, kind: str, on: date, share: str | None = "OLD", **values: Any) -> Lines:
        fields = {name: D(str(value)) if name in MONEY else value for name, value in values.items()}
        self.entries.append(Entry(len(self.entries) + 1, Kind(kind), on, share, **fields))
        return self

    def fold(self, until: date = date.max) -> Ledger:
        return fold(entry for entry in self.entries if entry.session <= until)


MONEY = {"price", "charges", "stt", "amount", "cost_percent"}


def test_a_ledger_across_a_split_a_bonus_a_demerger_and_a_rename_is_right_to_the_paisa_on_every_day() -> None:
    # OLD is one company whatever it is called: its key stays, so the rename on day 40 is no entry at all.
    lines = (
        Lines()
        ("BUY", day(0), quantity=10, price=1000, charges="7.37", stt=10)
        ("BUY", day(10), quantity=7, price="1111.10", charges="5.05", stt=8)
        ("SPLIT", day(20), new=5, old=1)  # 10 → 50, 7 → 35
        ("BONUS", day(30), new=1, old=2)  # 85 held: 42 more, half a share cut off
        ("SELL", day(40), quantity=60, price="260.55", charges="3.20", stt=16)  # the new name's first day
        ("DEMERGER", day(50), new=1, old=3, target="NEW", cost_percent="4.68")
        ("SELL", day(60), "NEW", quantity=20, price="91.40")
    )  # fmt: skip
    held = {n: positions(lines.fold(day(n))) for n in (0, 9, 10, 20, 30, 40, 50, 60)}

    def told(n: int, share: str = "OLD") -> tuple[int, Decimal, Decimal]:
        one = held[n][share]
        return one.quantity, one.cost.quantize(D("0.01")), one.realised.quantize(D("0.01"))

    assert told(0) == told(9) == (10, D("10000.00"), D(0))
    assert told(10) == (17, D("17777.70"), D(0))  # 10000 + 7 × 1111.10
    assert told(20) == (85, D("17777.70"), D(0))
    assert told(30) == (127, D("17777.70"), D(0))
    # 60 out of the oldest: 50 that cost 10000 and 10 of the 35 that cost 7777.70, 2222.20;
    # 60 × 260.55 = 15633.00, gain 15633.00 − 12222.20 = 3410.80; left 25 at 5555.50 and 42 at nothing
    assert told(40) == (67, D("5555.50"), D("3410.80"))
    # 67 // 3 = 22 of NEW: 25 // 3 = 8 from the old lot and 14 from the bonus; 4.68 % of 5555.50 = 259.9974 goes with
    # the 8; 5555.50 − 259.9974 = 5295.5026 stays
    assert told(50) == (67, D("5295.50"), D("3410.80"))
    assert told(50, "NEW") == (22, D("260.00"), D(0))
    # 20 × 91.40 = 1828.00 against the 8 that cost 259.9974 and 12 bonus ones
    assert told(60, "NEW") == (2, D("0.00"), D("1568.00"))
    assert held[60]["OLD"].charges + held[60]["NEW"].charges == D("49.62")  # 7.37 + 10 + 5.05 + 8 + 3.20 + 16
    # P&L on each day = value + cash − nothing paid in; at a price of 250 on day 40: 67 × 250 − 5555.50 = 11194.50
    ledger = lines.fold(day(40))
    assert ledger.cash() == -(D("10000") + D("7777.70")) + D("15633.00") - D("49.62")
    assert 67 * 250 + ledger.cash() == D("11194.50") + D("3410.80") - D("49.62")
    assert lines.fold().notes == [
        "BONUS of 2023-01-31: 1/2 of a share was cut off; enter what was paid for it",
        "DEMERGER of 2023-02-20: 1/3 of a share was cut off; enter what was paid for it",
    ]
    child = [lot for lot in lines.fold(day(50)).lots if lot.instrument == "NEW"]
    assert [(lot.acquired, lot.quantity) for lot in child] == [(day(10), 8), (day(30), 14)]  # the holding period stays


def test_the_oldest_lot_goes_first_and_charges_go_with_their_shares() -> None:
    # 12 bought at 100 (6 charges), 8 at 120 (4 charges); sell 15 at 130 for 9: all 12 and 3 of the 8
    ledger = (
        Lines()("BUY", day(0), quantity=12, price=100, charges=6)("BUY", day(1), quantity=8, price=120, charges=4)(
            "SELL", day(2), quantity=15, price=130, charges=9
        )
    ).fold()
    first, second = ledger.realised
    assert (first.quantity, first.cost, first.proceeds, first.charges) == (12, 1200, 1560, D("13.2"))  # 6 + 9 × 12/15
    assert (second.quantity, second.cost, second.proceeds, second.charges) == (3, 360, 390, D("3.3"))  # 4 × 3/8 + 1.8
    assert [(lot.quantity, lot.cost, lot.charges) for lot in ledger.lots] == [(5, 600, D("2.5"))]


def test_a_days_purchase_and_sale_are_netted_before_an_old_lot_is_touched() -> None:
    # held 10 at 50; on one day buy 6 at 100, sell 4 at 110 and 4 at 112: 6 of 8 are intraday at 111 on average,
    # gain 66; the other 2, sold at 111, come from the old lot: gain 122
    ledger = (
        Lines()("BUY", day(0), quantity=10, price=50)("SELL", day(5), quantity=4, price=110)(
            "BUY", day(5), quantity=6, price=100
        )("SELL", day(5), quantity=4, price=112)
    ).fold()
    assert [(one.intraday, one.quantity, one.gain) for one in ledger.realised] == [(True, 6, 66), (False, 2, 122)]
    assert [(lot.quantity, lot.cost) for lot in ledger.lots] == [(8, 400)]


def test_lots_of_one_account_are_not_sold_from_another() -> None:
    lines = Lines()("BUY", day(0), quantity=5, price=10, account="Z")("BUY", day(1), quantity=5, price=20, account="F")
    assert lines("SELL", day(2), quantity=5, price=30, account="F").fold().realised[0].gain == 50
    with pytest.raises(LedgerError, match="1 shares sold on 2023-01-04 in F, 0 held"):
        lines("SELL", day(3), quantity=1, price=30, account="F").fold()


def test_a_sale_of_more_than_is_held_on_its_day_is_refused_whatever_comes_later() -> None:
    lines = Lines()("BUY", day(0), quantity=5, price=10)("SELL", day(1), quantity=6, price=10)
    with pytest.raises(LedgerError) as caught:
        lines("BUY", day(2), quantity=100, price=10).fold()
    assert caught.value.field == "quantity"
    assert caught.value.facts == {"held": 5, "sold": 6, "session": "2023-01-02"}


def test_a_consolidation_cuts_a_holding_once_and_keeps_its_cost() -> None:
    # 7 + 8 = 15 shares, 10 into 1: one share; the first lot alone would have none, its cost goes on
    ledger = (
        Lines()("BUY", day(0), quantity=7, price=10)("BUY", day(1), quantity=8, price=10)(
            "SPLIT", day(2), new=1, old=10
        )
    ).fold()
    assert [(lot.quantity, lot.cost) for lot in ledger.lots] == [(1, 150)]
    assert ledger.notes == ["SPLIT of 2023-01-03: 5/10 of a share was cut off; enter what was paid for it"]


def test_a_merger_keeps_cost_and_days() -> None:
    ledger = Lines()("BUY", day(0), quantity=100, price=42)("MERGER", day(9), new=42, old=25, target="BANK").fold()
    assert [(lot.instrument, lot.quantity, lot.cost, lot.acquired) for lot in ledger.lots] == [
        ("BANK", 168, 4200, day(0))
    ]
    assert "OLD" not in positions(ledger)


def test_shares_of_before_february_2018_remember_what_they_were_then() -> None:
    # 10 bought in 2016, split 2:1 in 2017: 20 on the day; split 5:1 in 2019: 100 now, half of which are sold
    ledger = (
        Lines()("BUY", date(2016, 5, 2), quantity=10, price=100)("SPLIT", date(2017, 5, 2), new=2, old=1)(
            "SPLIT", date(2019, 5, 2), new=5, old=1
        )("SELL", date(2020, 5, 4), quantity=50, price=60)
    ).fold()
    assert ledger.realised[0].base_units == 10 and ledger.lots[0].base_units == 10
    assert ledger.lots[0].base_session == date(2018, 1, 31)
    later = Lines()("OPENING", day(0), quantity=10, price=100, acquired=date(2016, 5, 2)).fold()
    assert (later.lots[0].base_units, later.lots[0].base_session) == (10, day(0))  # counted as on the day it came in


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ({"kind": "BUY", "quantity": 0, "price": 1}, "quantity"),
        ({"kind": "BUY", "quantity": -5, "price": 1}, "quantity"),
        ({"kind": "BUY", "quantity": 5, "price": -1}, "price"),
        ({"kind": "BUY", "quantity": 5, "price": "NaN"}, "price"),
        ({"kind": "SELL", "quantity": 1_000_000, "price": 100_000_000}, "price"),
        ({"kind": "DIVIDEND"}, "amount"),
        ({"kind": "SPLIT", "new": 2, "old": 2}, "ratio"),
        ({"kind": "BONUS", "new": 1}, "ratio"),
        ({"kind": "DEMERGER", "new": 1, "old": 1}, "target"),
        ({"kind": "DEMERGER", "new": 1, "old": 1, "target": "X", "cost_percent": 100}, "cost_percent"),
        ({"kind": "OPENING", "quantity": 1, "price": 1, "acquired": day(5)}, "acquired"),
    ],
)
def test_an_entry_that_cannot_be_names_its_field(line: dict[str, Any], field: str) -> None:
    kind = line.pop("kind")
    with pytest.raises(LedgerError) as caught:
        Lines()(kind, day(0), **line).fold()
    assert caught.value.field == field


# ---- what must hold of any ledger

PRICES = st.decimals(1, 5000, places=2)
TRADES = st.lists(st.tuples(st.booleans(), st.integers(1, 50), PRICES), min_size=1, max_size=8)


@st.composite
def ledgers(draw: st.DrawFn) -> list[Entry]:
    """Purchases, sales of at most what is held, and actions, over some days."""
    held, out = 0, []
    for n in range(draw(st.integers(1, 12))):
        on = day(draw(st.integers(0, 2)) + 3 * n)
        kind = draw(st.sampled_from(["BUY", "BUY", "SELL", "SPLIT", "BONUS"]))
        if kind == "BUY" or not held:
            quantity = draw(st.integers(1, 500))
            out.append(
                Entry(
                    n + 1,
                    Kind.BUY,
                    on,
                    "A",
                    quantity=quantity,
                    price=draw(PRICES),
                    charges=draw(st.decimals(0, 9, places=2)),
                )
            )
            held += quantity
        elif kind == "SELL":
            quantity = draw(st.integers(1, held))
            out.append(Entry(n + 1, Kind.SELL, on, "A", quantity=quantity, price=draw(PRICES)))
            held -= quantity
        else:
            new, old = draw(st.sampled_from([(2, 1), (5, 1), (3, 2), (1, 1), (1, 3)]))
            if kind == "SPLIT" and new <= old:
                new, old = 10, 1
            out.append(Entry(n + 1, Kind(kind), on, "A", new=new, old=old))
            held = held * new // old + (held if kind == "BONUS" else 0)
    return out


def summary(ledger: Ledger) -> tuple[Any, ...]:
    """Shares, cost, gains, charges and cash, to a millionth of a paisa."""
    one = positions(ledger)["A"]
    figures = (one.cost, one.realised, one.charges, ledger.cash())
    return one.quantity, *(figure.quantize(D("0.00000001")) for figure in figures)


@settings(deadline=None)
@given(ledgers(), st.randoms(use_true_random=False))
def test_the_order_in_which_entries_come_does_not_matter(entries: list[Entry], random: Any) -> None:
    shuffled = list(entries)
    random.shuffle(shuffled)
    assert fold(shuffled) == fold(entries)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), st.integers(1, 50), PRICES), min_size=1, max_size=8), st.permutations(range(8))
)
def test_the_order_of_one_days_trades_does_not_matter(
    trades: list[tuple[bool, int, Decimal]], order: list[int]
) -> None:
    def told(sequence: list[int]) -> tuple[Any, ...]:
        entries = [Entry(0, Kind.OPENING, day(0), "A", quantity=1000, price=D(77), acquired=day(0))]
        for place, n in enumerate(sequence):
            sells, quantity, price = trades[n]
            kind = Kind.SELL if sells else Kind.BUY
            entries.append(Entry(place + 1, kind, day(1), "A", quantity=quantity, price=price))
        return summary(fold(entries))

    there = [n for n in order if n < len(trades)]
    assert told(there) == told(sorted(there))


@settings(deadline=None)
@given(ledgers(), st.data())
def test_splitting_a_purchase_in_two_changes_nothing(entries: list[Entry], data: st.DataObject) -> None:
    buys = [n for n, entry in enumerate(entries) if entry.kind is Kind.BUY and entry.quantity > 1]
    if not buys:
        return
    n = data.draw(st.sampled_from(buys))
    whole = entries[n]
    part = data.draw(st.integers(1, whole.quantity - 1))
    halves = [
        Entry(whole.id, Kind.BUY, whole.session, "A", quantity=part, price=whole.price, charges=whole.charges),
        Entry(1000, Kind.BUY, whole.session, "A", quantity=whole.quantity - part, price=whole.price),
    ]
    assert summary(fold([*entries[:n], *halves, *entries[n + 1 :]])) == summary(fold(entries))


@settings(deadline=None)
@given(ledgers(), st.integers(2, 9))
def test_paying_so_many_times_as_much_scales_every_rupee(entries: list[Entry], times: int) -> None:
    scaled = [
        Entry(
            one.id, one.kind, one.session, "A", quantity=one.quantity, price=one.price * times,
            charges=one.charges * times, new=one.new, old=one.old,
        )
        for one in entries
    ]  # fmt: skip
    quantity, *figures = summary(fold(entries))
    quantity_scaled, *figures_scaled = summary(fold(scaled))
    assert quantity_scaled == quantity
    assert all(abs(b - a * times) < D("0.000001") for a, b in zip(figures, figures_scaled, strict=True))


@settings(deadline=None)
@given(ledgers())
def test_what_was_paid_is_what_was_received_plus_what_is_left_at_cost(entries: list[Entry]) -> None:
    ledger = fold(entries)
    one = positions(ledger)["A"]
    assert ledger.cash() + one.cost == pytest.approx(one.realised - one.charges, abs=D("0.0000001"))
    bought = sum(entry.price * entry.quantity for entry in entries if entry.kind is Kind.BUY)
    assert one.cost + sum(sale.cost for sale in ledger.realised) == pytest.approx(bought, abs=D("0.0000001"))
    assert all(lot.quantity > 0 for lot in ledger.lots)


@settings(deadline=None)
@given(st.lists(st.integers(1, 300), min_size=1, max_size=6), st.sampled_from([(2, 1), (3, 2), (1, 10), (5, 7)]))
def test_shares_are_conserved_across_actions_whatever_the_lots(lots: list[int], ratio: tuple[int, int]) -> None:
    new, old = ratio
    buys = [Entry(n, Kind.BUY, day(n), "A", quantity=q, price=D(10)) for n, q in enumerate(lots)]
    held = sum(lots)
    after = {
        kind: positions(fold([*buys, Entry(99, kind, day(50), "A", new=new, old=old, target=target)]))
        for kind, target in ((Kind.SPLIT, None), (Kind.BONUS, None), (Kind.DEMERGER, "B"), (Kind.MERGER, "B"))
    }
    made = held * new // old

    def quantity(kind: Kind, share: str) -> int:
        return after[kind][share].quantity if share in after[kind] else 0

    assert quantity(Kind.SPLIT, "A") == quantity(Kind.MERGER, "B") == quantity(Kind.DEMERGER, "B") == made
    assert quantity(Kind.BONUS, "A") == held + made
    assert quantity(Kind.DEMERGER, "A") == held and quantity(Kind.MERGER, "A") == 0
