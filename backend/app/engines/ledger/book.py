"""The fold: entries in, lots, realised gains, income, charges and cash out.

A day is taken at once. Corporate actions come first, then shares that came in, then trades. Shares bought and sold on
one day in one account are set against each other at the day's average prices before any older lot is touched, as the
exchange nets them and the tax law has it; what remains is delivered, from the oldest lot on.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import groupby
from operator import attrgetter
from typing import Final, NamedTuple

from app.engines.ledger.entries import ACTIONS, TRADES, ZERO, Entry, Kind, LedgerError, check
from app.engines.ledger.lots import GRANDFATHERED, Lot, scaled, share, totals


class Realised(NamedTuple):
    """A part of a lot that was sold; or of a day's trade, where `intraday`.

    `cost` and `proceeds` are before charges. The base fields are those of the lot.
    """

    instrument: str
    account: str
    quantity: int
    acquired: date | None
    sold: date
    cost: Decimal
    proceeds: Decimal
    charges: Decimal  # of both sides, without the transaction tax
    buy_charges: Decimal  # of them, those of the purchase
    stt: Decimal  # of both sides
    intraday: bool
    origin: Kind
    base_instrument: str | None = None
    base_units: Decimal | None = None
    base_session: date | None = None

    @property
    def gain(self) -> Decimal:
        """Rupees before charges."""
        return self.proceeds - self.cost


class Payment(NamedTuple):
    """Money that came in (positive) or went out on a day, after `charges`; `instrument` where it belongs to one."""

    session: date
    kind: Kind
    instrument: str | None
    amount: Decimal
    charges: Decimal = ZERO  # of a trade, both kinds


class Step(NamedTuple):
    """What is held of an instrument, all accounts together, from the end of a day on."""

    session: date
    instrument: str
    quantity: int
    cost: Decimal


class Opening(NamedTuple):
    """Shares a ledger began with; bought on that very day where `acquired` is `session`."""

    session: date
    instrument: str
    quantity: int
    cost: Decimal
    acquired: date | None


class Transfer(NamedTuple):
    """Cost that went from one share to another without money: a demerger or a merger."""

    session: date
    source: str
    target: str
    cost: Decimal


@dataclass(slots=True)
class Ledger:
    """What the entries add up to.

    Attributes
    ----------
    lots : open lots, by account and instrument, oldest first
    realised : what was sold, in order
    payments : cash by day: purchases, sales, dividends, charges, deposits, withdrawals
    steps : holdings from each day on which they changed
    transfers : cost that demergers and mergers moved
    openings : shares that came in without money, and what they had cost
    notes : sentences on what could not be carried out in full
    """

    lots: list[Lot] = field(default_factory=list)
    realised: list[Realised] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    transfers: list[Transfer] = field(default_factory=list)
    openings: list[Opening] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def cash(self) -> Decimal:
        """Rupees left of what was paid in; below zero where purchases were never funded by a deposit."""
        return sum((one.amount for one in self.payments), ZERO)


Key = tuple[str, str]
_SESSION: Final = attrgetter("session")
_IN: Final = frozenset({Kind.OPENING, Kind.RIGHTS})
_RECEIVED: Final = frozenset({Kind.DIVIDEND, Kind.DEPOSIT})


class _Book:
    """The state while entries go by."""

    def __init__(self) -> None:
        self.lots: dict[Key, list[Lot]] = {}
        self._accounts: dict[str, list[Key]] = {}  # where an instrument was ever held
        self.out = Ledger()

    def accounts_of(self, instrument: str) -> list[Key]:
        return [key for key in self._accounts.get(instrument, ()) if self.lots[key]]

    def step(self, session: date, instrument: str) -> None:
        """Write down what is held of an instrument."""
        quantity, cost = 0, ZERO
        for key in self._accounts.get(instrument, ()):
            for lot in self.lots[key]:
                quantity += lot.quantity
                cost += lot.cost
        self.out.steps.append(Step(session, instrument, quantity, cost))

    def add(self, lot: Lot) -> None:
        key = (lot.account, lot.instrument)
        lots = self.lots.get(key)
        if lots is None:
            lots = self.lots[key] = []
            insort(self._accounts.setdefault(lot.instrument, []), key)
        if not lots or lots[-1].order <= lot.order:
            lots.append(lot)
        else:
            insort(lots, lot, key=attrgetter("order"))

    def pay(self, entry: Entry, amount: Decimal) -> None:
        if amount:
            charges = entry.charges + entry.stt
            self.out.payments.append(Payment(entry.session, entry.kind, entry.instrument, amount, charges))


def fold(entries: Iterable[Entry]) -> Ledger:
    """What a ledger adds up to; the order in which the entries come does not matter.

    Raises
    ------
    LedgerError : an entry that cannot be, or a sale of more than is held on its day.
    """
    book = _Book()
    sell, dividend = Kind.SELL, Kind.DIVIDEND
    for session, day in groupby(sorted(entries, key=attrgetter("place")), key=_SESSION):
        touched: set[str] = set()
        trades: dict[Key, tuple[list[Entry], list[Entry]]] = {}
        for entry in day:
            check(entry)
            kind, instrument = entry.kind, entry.instrument
            if instrument is not None and kind is not dividend:
                touched.add(instrument)
            if kind in TRADES:
                assert instrument is not None
                key = entry.account, instrument
                sides = trades.get(key)
                if sides is None:
                    sides = trades[key] = ([], [])
                sides[kind is sell].append(entry)
            elif kind in ACTIONS:
                _ACT[kind](book, entry)
                if entry.target is not None:
                    touched.add(entry.target)
            else:
                _book_other(book, entry)
        for key in sorted(trades):
            _trade(book, key, *trades[key])
        for held in sorted(touched):
            book.step(session, held)
    book.out.lots = [lot for key in sorted(book.lots) for lot in book.lots[key]]
    return book.out


def _book_other(book: _Book, entry: Entry) -> None:
    """Shares that come in without a trade, and money."""
    if entry.kind in _IN:
        assert entry.instrument is not None
        cost = entry.price * entry.quantity
        acquired = entry.acquired if entry.kind is Kind.OPENING else entry.session
        book.add(
            Lot.bought(
                entry.instrument,
                entry.account,
                entry.quantity,
                cost,
                entry.charges,
                entry.stt,
                acquired=acquired,
                opened=entry.session,
                origin=entry.kind,
                entry_id=entry.id,
            )
        )
        if entry.kind is Kind.RIGHTS:
            book.pay(entry, -(cost + entry.charges + entry.stt))
        else:
            book.out.openings.append(Opening(entry.session, entry.instrument, entry.quantity, cost, acquired))
    elif entry.kind in _RECEIVED:
        book.pay(entry, entry.amount)
    else:
        book.pay(entry, -entry.amount)


@dataclass(slots=True)
class _Side:
    """One side of a day's trades: shares, rupees, charges, transaction tax."""

    quantity: int
    value: Decimal
    charges: Decimal
    stt: Decimal

    @classmethod
    def of(cls, entries: list[Entry]) -> _Side:
        if len(entries) == 1:
            (one,) = entries
            return cls(one.quantity, one.price * one.quantity, one.charges, one.stt)
        return cls(
            sum(entry.quantity for entry in entries),
            sum((entry.price * entry.quantity for entry in entries), ZERO),
            sum((entry.charges for entry in entries), ZERO),
            sum((entry.stt for entry in entries), ZERO),
        )

    def take(self, quantity: int) -> _Side:
        """Cut a part off, at the average of the side."""
        whole = self.quantity
        if quantity == whole:
            part = _Side(whole, self.value, self.charges, self.stt)
            self.quantity, self.value, self.charges, self.stt = 0, ZERO, ZERO, ZERO
            return part
        part = _Side(
            quantity,
            share(self.value, quantity, whole),
            share(self.charges, quantity, whole),
            share(self.stt, quantity, whole),
        )
        self.quantity -= part.quantity
        self.value -= part.value
        self.charges -= part.charges
        self.stt -= part.stt
        return part


def _trade(book: _Book, key: Key, buys: list[Entry], sells: list[Entry]) -> None:
    account, instrument = key
    for entry in buys:
        book.pay(entry, -(entry.price * entry.quantity + entry.charges + entry.stt))
    for entry in sells:
        book.pay(entry, entry.price * entry.quantity - entry.charges - entry.stt)
    bought, sold = _Side.of(buys) if buys else None, _Side.of(sells) if sells else None
    session = (buys or sells)[0].session
    if bought is not None and sold is not None:
        netted = min(bought.quantity, sold.quantity)
        here, there = bought.take(netted), sold.take(netted)
        book.out.realised.append(
            Realised(
                instrument,
                account,
                netted,
                session,
                session,
                here.value,
                there.value,
                here.charges + there.charges,
                here.charges,
                here.stt + there.stt,
                True,
                Kind.BUY,
            )
        )
    if bought is not None and bought.quantity:
        book.add(
            Lot.bought(
                instrument,
                account,
                bought.quantity,
                bought.value,
                bought.charges,
                bought.stt,
                acquired=session,
                opened=session,
                origin=Kind.BUY,
                entry_id=min([entry.id for entry in buys]),
            )
        )
    if sold is not None and sold.quantity:
        _deliver(book, key, sold, sells[-1])


def _deliver(book: _Book, key: Key, sold: _Side, entry: Entry) -> None:
    """Shares out of the oldest lots."""
    account, instrument = key
    lots = book.lots.get(key, [])
    held = sum([lot.quantity for lot in lots])
    if held < sold.quantity:
        where = f" in {account}" if account else ""
        raise LedgerError(
            f"quantity: {sold.quantity} shares sold on {entry.session}{where}, {held} held",
            entry,
            "quantity",
            {"held": held, "sold": sold.quantity, "session": entry.session.isoformat()},
        )
    gone = 0
    for lot in lots:
        whole = lot.quantity <= sold.quantity
        part = lot if whole else lot.take(sold.quantity)
        last = part.quantity == sold.quantity
        got = sold if last else sold.take(part.quantity)
        gone += whole
        book.out.realised.append(
            Realised(
                instrument,
                account,
                part.quantity,
                part.acquired,
                entry.session,
                part.cost,
                got.value,
                part.charges + got.charges,
                part.charges,
                part.stt + got.stt,
                False,
                part.origin,
                part.base_instrument,
                part.base_units,
                part.base_session,
            )
        )
        if last:
            break
    del lots[:gone]


def _rebased(lot: Lot, session: date, new: int, old: int) -> None:
    """Count the shares of 31 January 2018 anew while that day is still to come."""
    if lot.base_units is not None and session <= GRANDFATHERED:
        lot.base_units = lot.base_units * new / old


def _held(book: _Book, entry: Entry) -> list[tuple[Key, list[Lot]]]:
    """The holdings an action speaks of; a note where there is none."""
    assert entry.instrument is not None
    found = [(key, book.lots[key]) for key in book.accounts_of(entry.instrument) if entry.account in ("", key[0])]
    if not found:
        book.out.notes.append(f"{entry.kind} of {entry.session}: nothing was held")
    return found


def _note_fraction(book: _Book, entry: Entry, shares: int, new: int, old: int) -> None:
    rest = shares * new % old
    if rest:
        book.out.notes.append(
            f"{entry.kind} of {entry.session}: {rest}/{old} of a share was cut off; enter what was paid for it"
        )


def _split(book: _Book, entry: Entry) -> None:
    for key, lots in _held(book, entry):
        shares, cost = totals(lots)
        _note_fraction(book, entry, shares, entry.new, entry.old)
        for lot, quantity in zip(lots, scaled(lots, entry.new, entry.old), strict=True):
            _rebased(lot, entry.session, entry.new, entry.old)
            lot.quantity = quantity
        assert totals(lots) == (shares * entry.new // entry.old, cost)
        _without_empty(book, entry, key)


def _without_empty(book: _Book, entry: Entry, key: Key) -> None:
    """Lots of which a consolidation left no whole share: their cost goes to the holding's next lot."""
    kept: list[Lot] = []
    orphaned = ZERO
    for lot in book.lots[key]:
        if lot.quantity:
            lot.cost += orphaned
            orphaned = ZERO
            kept.append(lot)
        else:
            orphaned += lot.cost
    if kept:
        kept[-1].cost += orphaned
    elif orphaned:
        book.out.notes.append(f"{entry.kind} of {entry.session}: no whole share is left of what cost {orphaned}")
    book.lots[key] = kept


def _bonus(book: _Book, entry: Entry) -> None:
    assert entry.instrument is not None
    for (account, _), lots in _held(book, entry):
        shares, cost = totals(lots)
        _note_fraction(book, entry, shares, entry.new, entry.old)
        more = shares * entry.new // entry.old
        if more:
            book.add(
                Lot.bought(
                    entry.instrument,
                    account,
                    more,
                    ZERO,
                    ZERO,
                    ZERO,
                    acquired=entry.session,
                    opened=entry.session,
                    origin=Kind.BONUS,
                    entry_id=entry.id,
                )
            )
        assert totals(book.lots[account, entry.instrument]) == (shares + more, cost)


def _demerger(book: _Book, entry: Entry) -> None:
    assert entry.target is not None
    for (account, _), lots in _held(book, entry):
        shares, cost = totals(lots)
        _note_fraction(book, entry, shares, entry.new, entry.old)
        given = []
        for lot, quantity in zip(lots, scaled(lots, entry.new, entry.old), strict=True):
            moved = lot.cost * entry.cost_percent / 100
            base = None if lot.base_units is None else lot.base_units * entry.cost_percent / 100
            if quantity:
                given.append(
                    Lot(
                        entry.target,
                        account,
                        quantity,
                        moved,
                        ZERO,
                        ZERO,
                        lot.acquired,
                        entry.session,
                        Kind.DEMERGER,
                        lot.entry_id,
                        lot.base_instrument,
                        base,
                        lot.base_session,
                    )
                )
                lot.cost -= moved
                if lot.base_units is not None and base is not None:
                    lot.base_units -= base
        assert totals(lots)[0] == shares
        assert totals(lots)[1] + totals(given)[1] == cost
        assert entry.instrument is not None
        book.out.transfers.append(Transfer(entry.session, entry.instrument, entry.target, totals(given)[1]))
        for one in given:
            book.add(one)


def _merger(book: _Book, entry: Entry) -> None:
    assert entry.target is not None
    for key, lots in _held(book, entry):
        shares, cost = totals(lots)
        _note_fraction(book, entry, shares, entry.new, entry.old)
        quantities = scaled(lots, entry.new, entry.old)
        book.lots[key] = []
        for lot, quantity in zip(lots, quantities, strict=True):
            lot.instrument, lot.quantity = entry.target, quantity
            _rebased(lot, entry.session, entry.new, entry.old)
        book.out.transfers.append(Transfer(entry.session, key[1], entry.target, cost))
        merged = key[0], entry.target
        had = totals(book.lots.get(merged, []))
        for lot in lots:
            book.add(lot)
        assert totals(book.lots[merged]) == (had[0] + shares * entry.new // entry.old, had[1] + cost)
        _without_empty(book, entry, merged)


_ACT = {Kind.SPLIT: _split, Kind.BONUS: _bonus, Kind.DEMERGER: _demerger, Kind.MERGER: _merger}
