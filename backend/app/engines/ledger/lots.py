"""Lots: shares of one purchase, what they cost, and what is left of them after sales and corporate actions.

Every division keeps the rest where it was, so that quantity and cost are conserved to the last digit.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from app.engines.ledger.entries import ZERO, Kind

GRANDFATHERED: Final = date(2018, 1, 31)  # gains up to this day's highest price are not taxed; engines/tax


@dataclass(slots=True)
class Lot:
    """Shares that came in on one day in one account; a day's purchases are one lot at their average price.

    The day is what contract notes and depositories know: the order of purchases within it changes nothing.

    Attributes
    ----------
    quantity : shares left
    cost : rupees paid for them, before charges; zero for bonus shares
    charges, stt : rupees paid when they came in
    acquired : the day the holding period runs from; None where unknown
    opened : the day they entered the ledger
    origin : how they came in
    base_instrument, base_units, base_session : the shares these stand for on 31 January 2018, in shares as they were
        counted on `base_session`; None where acquired later or unknown
    """

    instrument: str
    account: str
    quantity: int
    cost: Decimal
    charges: Decimal
    stt: Decimal
    acquired: date | None
    opened: date
    origin: Kind
    entry_id: int
    base_instrument: str | None = None
    base_units: Decimal | None = None
    base_session: date | None = None

    @classmethod
    def bought(
        cls,
        instrument: str,
        account: str,
        quantity: int,
        cost: Decimal,
        charges: Decimal,
        stt: Decimal,
        *,
        acquired: date | None,
        opened: date,
        origin: Kind,
        entry_id: int,
    ) -> Lot:
        """A lot as it comes in."""
        lot = cls(instrument, account, quantity, cost, charges, stt, acquired, opened, origin, entry_id)
        if acquired is not None and acquired <= GRANDFATHERED:
            lot.base_instrument, lot.base_units = instrument, Decimal(quantity)
            lot.base_session = max(opened, GRANDFATHERED)
        return lot

    @property
    def order(self) -> tuple[date, date, int]:
        """First in, first out: by the day acquired, those of an unknown day first."""
        return self.acquired or date.min, self.opened, self.entry_id

    def take(self, quantity: int) -> Lot:
        """Cut a part off and answer it; the rest stays in this lot."""
        whole = self.quantity
        part = Lot(
            self.instrument,
            self.account,
            quantity,
            share(self.cost, quantity, whole),
            share(self.charges, quantity, whole),
            share(self.stt, quantity, whole),
            self.acquired,
            self.opened,
            self.origin,
            self.entry_id,
            self.base_instrument,
            None if self.base_units is None else share(self.base_units, quantity, whole),
            self.base_session,
        )
        self.quantity -= quantity
        self.cost -= part.cost
        self.charges -= part.charges
        self.stt -= part.stt
        if self.base_units is not None and part.base_units is not None:
            self.base_units -= part.base_units
        return part


def share(total: Decimal, part: int, whole: int) -> Decimal:
    """What falls to `part` of `whole`; all of it when that is everything, or nothing."""
    return total if part == whole or not total else total * part / whole


def scaled(lots: list[Lot], new: int, old: int) -> list[int]:
    """Whole shares of each lot after old become new, shape as `lots`; their sum is that of the whole holding.

    Fractions are cut off once for the holding, as a registrar does, and not once a lot.
    """
    before, given = 0, 0
    out = []
    for lot in lots:
        before += lot.quantity
        total = before * new // old
        out.append(total - given)
        given = total
    return out


def totals(lots: list[Lot]) -> tuple[int, Decimal]:
    """Shares and cost of some lots."""
    return sum([lot.quantity for lot in lots]), sum([lot.cost for lot in lots], ZERO)
