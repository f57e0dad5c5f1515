"""Where a period's gain came from, share by share: the parts add up to the whole to the last digit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from app.engines.ledger import ZERO, Kind, Ledger


@dataclass(slots=True)
class Source:
    """A share over a period; rupees.

    gain = end − start + received − paid + moved, of which `realised` and `income` and `charges` are named, and the rest
    is the change of what is not realised.
    """

    instrument: str | None  # None: charges of no share
    start: Decimal = ZERO
    end: Decimal = ZERO
    paid: Decimal = ZERO  # purchases with their charges, and shares that came in at their value
    received: Decimal = ZERO  # sales after charges, dividends
    moved: Decimal = ZERO  # cost a demerger or a merger took along
    realised: Decimal = ZERO
    income: Decimal = ZERO
    charges: Decimal = ZERO

    @property
    def gain(self) -> Decimal:
        """Rupees earned."""
        return self.end - self.start + self.received - self.paid + self.moved

    @property
    def unrealised(self) -> Decimal:
        """The change of what is not realised."""
        return self.gain - self.realised - self.income + self.charges


def sources(
    ledger: Ledger,
    start: Mapping[str, Decimal],
    end: Mapping[str, Decimal],
    came_in: Mapping[str, Decimal],
    first: date,
    last: date,
) -> list[Source]:
    """Each share's part in the gain of a period, charges of none at the end.

    Parameters
    ----------
    start, end : value of each share before the first day and at the end of the last, rupees
    came_in : value of shares that came in without money within the period
    first, last : the days of the period, both included
    """
    out: dict[str | None, Source] = {}

    def of(instrument: str | None) -> Source:
        return out.setdefault(instrument, Source(instrument))

    for key, value in start.items():
        of(key).start += value
    for key, value in end.items():
        of(key).end += value
    for key, value in came_in.items():
        of(key).paid += value
    for payment in ledger.payments:
        if not first <= payment.session <= last or payment.kind in {Kind.DEPOSIT, Kind.WITHDRAWAL}:
            continue
        one = of(payment.instrument)
        if payment.amount > 0:
            one.received += payment.amount
        else:
            one.paid -= payment.amount
        if payment.kind is Kind.DIVIDEND:
            one.income += payment.amount
        elif payment.kind is Kind.CHARGES:
            one.charges -= payment.amount
        one.charges += payment.charges
    for transfer in ledger.transfers:
        if first <= transfer.session <= last:
            of(transfer.source).moved += transfer.cost
            of(transfer.target).moved -= transfer.cost
    for sale in ledger.realised:
        if first <= sale.sold <= last:
            of(sale.instrument).realised += sale.gain
    return [out[key] for key in sorted(out, key=lambda key: (key is None, key or ""))]
