"""What was sold as gains the tax law knows: short-term, long-term, speculation, or unknown."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from app.engines.ledger import GRANDFATHERED, ZERO, Realised
from app.engines.tax.rules import RATES, long_from, rate_on

FairValue = Callable[[str, date], Decimal | None]
"""The highest price of 31 January 2018 of a share, in shares as they were counted on a later day."""


class GainKind(enum.StrEnum):
    """How a gain is taxed."""

    SHORT = "SHORT"
    LONG = "LONG"
    SPECULATIVE = "SPECULATIVE"
    UNKNOWN = "UNKNOWN"  # the day of the purchase is not known


@dataclass(frozen=True, slots=True)
class Gain:
    """One sale of a part of a lot, as the law sees it; rupees.

    Attributes
    ----------
    cost_used : what was paid with its charges, or the grandfathered cost
    expenses : of the sale; of speculation also the transaction tax of both sides
    gain : proceeds − cost_used − expenses
    rate_percent : of the day of the sale; None where it is not known here
    fair_value : of the shares on 31 January 2018, where it was looked at
    note : what a person should know of this line
    """

    sale: Realised
    kind: GainKind
    cost_used: Decimal
    expenses: Decimal
    gain: Decimal
    rate_percent: Decimal | None
    fair_value: Decimal | None = None
    note: str | None = None


def gains(realised: Iterable[Realised], fair_value: FairValue) -> list[Gain]:
    """Every sale as a gain, in order."""
    return [_gain(one, fair_value) for one in realised]


def grandfathered(cost: Decimal, fair_value: Decimal, proceeds: Decimal) -> Decimal:
    """The cost of shares of before February 2018: never one that makes a loss, or a larger one."""
    return max(cost, min(fair_value, proceeds))


def _gain(sale: Realised, fair_value: FairValue) -> Gain:
    selling = sale.charges - sale.buy_charges
    if sale.intraday:
        expenses = sale.charges + sale.stt
        return Gain(sale, GainKind.SPECULATIVE, sale.cost, expenses, sale.gain - expenses, None)
    cost = sale.cost + sale.buy_charges
    gain = sale.proceeds - cost - selling
    if sale.acquired is None:
        unknown = "the day of the purchase is not known: enter it, and the gain is sorted"
        return Gain(sale, GainKind.UNKNOWN, cost, selling, gain, None, note=unknown)
    if sale.sold < RATES[0].since:
        unknown = f"no rates are known before {RATES[0].since}"
        return Gain(sale, GainKind.UNKNOWN, cost, selling, gain, None, note=unknown)
    rate = rate_on(sale.sold)
    if sale.sold < long_from(sale.acquired):
        return Gain(sale, GainKind.SHORT, cost, selling, gain, rate.short_percent)
    value: Decimal | None = None
    note: str | None = None
    if sale.acquired <= GRANDFATHERED and rate.long_percent > 0:
        value, note = _fair_value(sale, fair_value)
        if value is not None:
            cost = grandfathered(cost, value, sale.proceeds)
            gain = sale.proceeds - cost - selling
    return Gain(sale, GainKind.LONG, cost, selling, gain, rate.long_percent, value, note)


def _fair_value(sale: Realised, fair_value: FairValue) -> tuple[Decimal | None, str | None]:
    if sale.base_units is None or sale.base_instrument is None or sale.base_session is None:
        return None, "what the shares were on 31 January 2018 is not known: what was paid is the cost"
    each = fair_value(sale.base_instrument, sale.base_session)
    if each is None:
        return None, "no price of 31 January 2018 is on file: what was paid is the cost"
    return each * sale.base_units, None


def total(of: Iterable[Gain]) -> Decimal:
    """The sum of some gains."""
    return sum((one.gain for one in of), ZERO)
