"""What could be sold before the year ends to pay less: gains within the exemption, losses to set off, days to wait."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from app.engines.ledger import GRANDFATHERED, Lot
from app.engines.tax.gains import FairValue, GainKind, grandfathered
from app.engines.tax.rules import CESS_PERCENT, long_from, rate_on, year_of
from app.engines.tax.years import TaxYear

_SOON = 90  # days until a lot turns long-term that are worth telling


@dataclass(frozen=True, slots=True)
class OpenGain:
    """What selling an open lot at a price would give; rupees."""

    lot: Lot
    kind: GainKind
    price: Decimal
    gain: Decimal
    long_on: date | None


@dataclass(frozen=True, slots=True)
class Hint:
    """Something to think about, with its figures.

    `saves` is rupees of tax with surcharge and cess: in a later year for USE_EXEMPTION, in this one else.
    """

    kind: str  # USE_EXEMPTION, SET_OFF_LOSS, WAIT
    instrument: str
    account: str
    quantity: int
    gain: Decimal
    saves: Decimal
    on: date | None = None


def open_gains(lots: Iterable[Lot], prices: Mapping[str, Decimal], day: date, fair_value: FairValue) -> list[OpenGain]:
    """Open lots at today's prices; lots without a price or a day are left out."""
    out = []
    for lot in lots:
        price = prices.get(lot.instrument)
        if price is None or lot.acquired is None:
            continue
        proceeds, cost = price * lot.quantity, lot.cost + lot.charges
        long_on = long_from(lot.acquired)
        kind = GainKind.LONG if day >= long_on else GainKind.SHORT
        if kind is GainKind.LONG and lot.acquired <= GRANDFATHERED and lot.base_units is not None:
            assert lot.base_instrument is not None and lot.base_session is not None
            each = fair_value(lot.base_instrument, lot.base_session)
            if each is not None:
                cost = grandfathered(cost, each * lot.base_units, proceeds)
        out.append(OpenGain(lot, kind, price, proceeds - cost, None if kind is GainKind.LONG else long_on))
    return out


def hints(open_lots: Iterable[OpenGain], year: TaxYear, day: date) -> list[Hint]:
    """What the rest of the financial year of `day` allows; the largest saving first.

    Shares leave first in, first out: a lot is only spoken of when those before it are taken along, so that every hint
    counts the older lots of its share and account as sold with it.
    """
    if year.year != year_of(day):
        raise ValueError(f"hints for {day} need the year {year_of(day)}, not {year.year}")
    rate = rate_on(day)
    with_cess = (1 + year.surcharge_percent / 100) * (1 + CESS_PERCENT / 100)
    free = year.exemption - year.exemption_used
    short_left = sum((one.amount for one in year.taxed if one.kind is GainKind.SHORT), Decimal(0))
    long_left = sum((one.amount for one in year.taxed if one.kind is GainKind.LONG), Decimal(0))
    out: list[Hint] = []
    for (account, instrument), lots in _by_share(open_lots).items():
        longs = [one for one in lots if one.kind is GainKind.LONG]
        gain = sum((one.gain for one in longs), Decimal(0))
        quantity = sum(one.lot.quantity for one in longs)
        if gain > 0 and free > 0:
            part = min(Decimal(1), free / gain)
            shares = int(quantity * part)
            if shares:
                used = gain * shares / quantity
                saves = used * rate.long_percent / 100 * with_cess
                out.append(Hint("USE_EXEMPTION", instrument, account, shares, used, saves))
        loss = -sum((one.gain for one in lots), Decimal(0))
        if loss > 0:
            short_loss = -sum((one.gain for one in lots if one.kind is GainKind.SHORT), Decimal(0))
            against_short = max(Decimal(0), min(loss, short_loss, short_left))
            against_long = max(Decimal(0), min(loss - against_short, long_left))
            saves = (against_short * rate.short_percent + against_long * rate.long_percent) / 100 * with_cess
            if saves > 0:
                shares = sum(one.lot.quantity for one in lots)
                out.append(Hint("SET_OFF_LOSS", instrument, account, shares, -loss, saves))
        for one in lots:
            if one.long_on is not None and one.gain > 0 and (one.long_on - day).days <= _SOON:
                saves = one.gain * (rate.short_percent - rate.long_percent) / 100 * with_cess
                out.append(Hint("WAIT", instrument, account, one.lot.quantity, one.gain, saves, one.long_on))
    return sorted(out, key=lambda hint: (-hint.saves, hint.instrument, hint.account, hint.kind))


def _by_share(open_lots: Iterable[OpenGain]) -> dict[tuple[str, str], list[OpenGain]]:
    out: dict[tuple[str, str], list[OpenGain]] = {}
    for one in open_lots:
        out.setdefault((one.lot.account, one.lot.instrument), []).append(one)
    return out
