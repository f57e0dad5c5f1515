"""Positions: what the lots and the past of each instrument add up to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from app.engines.ledger.book import Ledger
from app.engines.ledger.entries import ZERO, Kind


@dataclass(slots=True)
class Position:
    """An instrument's open shares and its past, all accounts together; rupees.

    `cost` is of the open shares, before charges. `realised` is before charges too; `charges` are all that were ever
    paid on it, transaction tax included.
    """

    instrument: str
    quantity: int = 0
    cost: Decimal = ZERO
    lots: int = 0
    since: date | None = None  # the oldest open lot's day; None where unknown
    realised: Decimal = ZERO
    income: Decimal = ZERO
    charges: Decimal = ZERO

    @property
    def average(self) -> Decimal:
        """Rupees a share; zero where nothing is open."""
        return self.cost / self.quantity if self.quantity else ZERO


def positions(ledger: Ledger) -> dict[str, Position]:
    """Of every instrument the ledger ever held, by key."""
    out: dict[str, Position] = {}

    def of(instrument: str) -> Position:
        one = out.get(instrument)
        if one is None:
            one = out[instrument] = Position(instrument)
        return one

    for lot in ledger.lots:
        one = of(lot.instrument)
        one.since = lot.acquired if not one.lots else _older(one.since, lot.acquired)
        one.quantity += lot.quantity
        one.cost += lot.cost
        one.lots += 1
        one.charges += lot.charges + lot.stt
    for sale in ledger.realised:
        one = of(sale.instrument)
        one.realised += sale.gain
        one.charges += sale.charges + sale.stt
    dividend, charges = Kind.DIVIDEND, Kind.CHARGES
    for payment in ledger.payments:
        if payment.kind is dividend and payment.instrument is not None:
            of(payment.instrument).income += payment.amount
        elif payment.kind is charges and payment.instrument is not None:
            of(payment.instrument).charges -= payment.amount
    return out


def _older(a: date | None, b: date | None) -> date | None:
    """The earlier day; unknown where either is."""
    return None if a is None or b is None else min(a, b)
