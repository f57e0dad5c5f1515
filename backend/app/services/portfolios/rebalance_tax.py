"""What the sales of a rebalance cost in tax, and what waiting would save: the ledger folded with them and without.

Each sale is entered, in thought, on the day of the question at the last close; lots leave first in, first out as they
would. Waiting is judged share by share: the same sale on the first day on which all lots it takes are long-term, the
price the same, everything else sold today. Nothing is stored.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from app.engines import tax
from app.engines.ledger import ZERO, Entry, Kind, Ledger, LedgerError, fold
from app.engines.tax.gains import FairValue
from app.services.portfolios.money import money

_FIRST_ID = 2_000_000_000  # after every stored line of the same day
NOTICE = (
    "Tax is estimated by the rules of the tax report, from this portfolio's sales alone, at the last closes, without a "
    "surcharge. Waiting assumes the same price on that day. Estimate, not advice."
)


@dataclass(frozen=True, slots=True)
class Sale:
    """Shares that a rebalance sells; charges without the transaction tax."""

    key: str
    symbol: str
    quantity: int
    price: Decimal
    charges: Decimal
    stt: Decimal


def sales_tax(entries: Sequence[Entry], sales: Sequence[Sale], day: date, fair_value: FairValue) -> dict[str, Any]:
    """Tax of the sales together, and of each what its gains are and what waiting saves."""
    now = fold(entries)
    before = _owed(now, fair_value, day)
    try:
        sold = fold([*entries, *_entries(now, sales, {}, day)])
    except LedgerError as error:
        return {"reason": f"the ledger does not take the sales: {error.message}"}
    after = _owed(sold, fair_value, day)
    ours = tax.gains([one for one in sold.realised if one.sold == day], fair_value)
    already = tax.gains([one for one in now.realised if one.sold == day], fair_value)
    rows = []
    for sale in sales:
        mine = [one for one in ours if one.sale.instrument == sale.key]
        rest = [one for one in already if one.sale.instrument == sale.key]
        by_kind = {
            kind: _sum(mine, kind) - _sum(rest, kind)
            for kind in (tax.GainKind.SHORT, tax.GainKind.LONG, tax.GainKind.UNKNOWN)
        }
        rows.append(
            {
                "symbol": sale.symbol,
                "short_term_gain": money(by_kind[tax.GainKind.SHORT]),
                "long_term_gain": money(by_kind[tax.GainKind.LONG]),
                "gain_of_unknown_age": money(by_kind[tax.GainKind.UNKNOWN]),
                "wait": _wait(entries, now, sales, sale, mine, day, after, fair_value),
            }
        )
    return {
        "reason": None,
        "year": tax.label(tax.year_of(day)),
        "cost": money(after - before),
        "sales": rows,
        "notice": NOTICE,
    }


def _wait(
    entries: Sequence[Entry],
    now: Ledger,
    sales: Sequence[Sale],
    sale: Sale,
    gains: Sequence[tax.Gain],
    day: date,
    owed: Decimal,
    fair_value: FairValue,
) -> dict[str, Any] | None:
    """The day on which the whole sale is long-term and what is saved until then; None where nothing is."""
    young = [one.sale.acquired for one in gains if one.kind is tax.GainKind.SHORT and one.sale.acquired is not None]
    if not young:
        return None
    until = tax.long_from(max(young))
    later = fold([*entries, *_entries(now, sales, {sale.key: until}, day)])
    saves = owed - _owed(later, fair_value, until)
    if saves <= 0:
        return None
    return {"until": until.isoformat(), "days": (until - day).days, "saves": money(saves)}


def _owed(ledger: Ledger, fair_value: FairValue, until: date) -> Decimal:
    """Tax with the cess of all years up to that of a day."""
    found = tax.years(tax.gains(ledger.realised, fair_value), tax.year_of(until))
    return sum((one.total for one in found), ZERO)


def _sum(gains: Sequence[tax.Gain], kind: tax.GainKind) -> Decimal:
    return sum((one.gain for one in gains if one.kind is kind), ZERO)


def _entries(now: Ledger, sales: Sequence[Sale], on: Mapping[str, date], day: date) -> list[Entry]:
    """The sales as lines of the ledger: from the accounts that hold the shares, the one with the oldest lot first."""
    held: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for lot in sorted(now.lots, key=lambda one: (one.acquired or one.opened, one.entry_id)):
        held[lot.instrument][lot.account] += lot.quantity
    out: list[Entry] = []
    for sale in sales:
        left = sale.quantity
        for account, quantity in held[sale.key].items():
            part = min(left, quantity)
            if part <= 0:
                continue
            share = Decimal(part) / sale.quantity
            out.append(
                Entry(
                    id=_FIRST_ID + len(out),
                    kind=Kind.SELL,
                    session=on.get(sale.key, day),
                    instrument=sale.key,
                    account=account,
                    quantity=part,
                    price=sale.price,
                    charges=sale.charges * share,
                    stt=sale.stt * share,
                )
            )
            left -= part
    return out
