"""A day's charges as the contract note has them, to the paisa; decimal throughout.

Order of work and rounding: brokerage by order, two decimals; transaction tax and stamp duty by scrip with what was
bought and sold the same day apart from what is delivered, the tax to the whole rupee, fifty paise up; then each line of
the note to two decimals, and the total is the sum of the lines. The estimate of a single order is the same unrounded.
Parts of a day are fractions until they are rounded: a third of a value, taken three times, is the value.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import Final, Literal

from app.engines.costs.plans import Plan
from app.engines.costs.rates import Levy, Product, Rate, rate_on

Side = Literal["buy", "sell"]
Asset = Literal["share", "equity_etf", "other_etf"]

PAISA: Final = Decimal("0.01")
RUPEE: Final = Decimal(1)
_SIDES: Final[tuple[Side, Side]] = ("buy", "sell")
LINES: Final = ("brokerage", "stt", "exchange", "ipft", "sebi", "gst", "stamp")
EQUITY_ETF_SOLD: Final = Decimal("0.00001")
_ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Order:
    """An executed order: whole quantity, average price in rupees (premium for options), what it was in.

    `product` is DELIVERY or INTRADAY for shares as the broker tags it; a note nets what was bought and sold on one day
    whatever the tag.
    """

    side: Side
    quantity: Decimal
    price: Decimal
    product: Product
    symbol: str = ""
    asset: Asset = "share"

    def __post_init__(self) -> None:
        for name, value in (("quantity", self.quantity), ("price", self.price)):
            if not (value.is_finite() and value > 0):
                raise ValueError(f"{name}: expected a number above 0, not {value}")
        if self.side not in ("buy", "sell"):
            raise ValueError(f"side: expected buy or sell, not {self.side!r}")

    @property
    def value(self) -> Decimal:
        """Rupees traded."""
        return self.quantity * self.price


@dataclass(slots=True)
class Note:
    """Charges in rupees by line; `depository` is billed outside the note. `unverified` names the doubtful rows used."""

    day: date
    plan: str
    lines: dict[str, Decimal]
    depository: Decimal = _ZERO
    depository_gst: Decimal = _ZERO
    unverified: list[str] = field(default_factory=list)

    @property
    def total(self) -> Decimal:
        """The note's charges: the sum of its lines."""
        return sum(self.lines.values(), _ZERO)

    @property
    def total_with_depository(self) -> Decimal:
        """All that the day cost."""
        return self.total + self.depository + self.depository_gst


@dataclass(frozen=True, slots=True)
class _Part:
    """Part of a scrip's day that is charged alike: `taxed` is the value at the day's average price."""

    product: Product
    side: Side
    asset: Asset
    value: Fraction
    taxed: Fraction


class _Rows:
    """Looks rows up and remembers those that nobody verified."""

    def __init__(self, day: date) -> None:
        self.day = day
        self.unverified: dict[str, None] = {}

    def get(self, levy: Levy, product: Product) -> Rate:
        row = rate_on(levy, product, self.day)
        if not row.verified:
            self.unverified[row.label] = None
        return row


def contract_note(orders: Sequence[Order], day: date, plan: Plan) -> Note:
    """The note of one day: shares bought and sold that day are intraday up to the smaller quantity, scrip by scrip.

    Raises
    ------
    ValueError : no order, or a day before the table of rates.
    """
    if not orders:
        raise ValueError("orders: expected one at least")
    rows = _Rows(day)
    parts: list[_Part] = []
    brokerage = stt = _ZERO
    for scrip in _by_scrip(orders):
        own = list(_netted(scrip))
        parts += own
        stt += _tax(own, rows)
        brokerage += sum((_round(charge, PAISA) for charge in _brokerages(scrip, day, plan, rows)), _ZERO)
    note = _lines(parts, brokerage, stt, rows, plan.name)
    sold = [scrip for scrip in _by_scrip(orders) if _delivered_out(scrip) > 0]
    sales = sum(1 for scrip in sold for order in scrip if order.side == "sell")
    _add_depository(note, plan, rows, len(sold), sales)
    return note


def statement(orders: Sequence[Order], day: date, plan: Plan) -> Note:
    """A calculator's answer: every order charged as its product says, all at one day's rates, summed into one note.

    A delivery bought and sold is two days' business; nothing is netted. Raises as `contract_note`.
    """
    if not orders:
        raise ValueError("orders: expected one at least")
    rows = _Rows(day)
    parts = [_Part(o.product, o.side, o.asset, Fraction(o.value), Fraction(o.value)) for o in orders]
    cash = [part for part in parts if part.product is not Product.INTRADAY]
    stt = _tax(cash, rows)
    for scrip in _by_scrip([order for order in orders if order.product is Product.INTRADAY]):
        stt += _tax(_netted(scrip), rows)  # the day's average price counts
    brokerage = _ZERO
    for order in orders:
        row = plan.brokerage_on(order.product, day)
        _mark(row.verified, f"brokerage of {plan.name} on {order.product}: {row.source}", rows)
        brokerage += _round(row.on(order.value), PAISA)
    note = _lines(parts, brokerage, stt, rows, plan.name)
    sold = [o for o in orders if o.product is Product.DELIVERY and o.side == "sell"]
    _add_depository(note, plan, rows, len({o.symbol for o in sold}), len(sold))
    return note


def estimate(order: Order, day: date, plan: Plan) -> Note:
    """One order's charges before any rounding, as order tickets show them; the tax is on its own value."""
    rows = _Rows(day)
    part = _Part(order.product, order.side, order.asset, Fraction(order.value), Fraction(order.value))
    brokerage = plan.brokerage_on(order.product, day).on(order.value)
    return _lines([part], brokerage, _decimal(_raw_tax([part], rows)), rows, plan.name, step=None)


def allot(total: Decimal, weights: Sequence[Decimal], step: Decimal = PAISA) -> list[Decimal]:
    """A line's shares by weight, rounded; the last one takes what is left, so that they add up to the line exactly.

    No share is more than what is left before it: many small ones, all rounded up, would leave the last one below zero.

    Raises
    ------
    ValueError : no weight, or weights that add up to nothing while there is something to allot.
    """
    whole = sum(weights, _ZERO)
    if not weights or (whole <= 0 and total != 0):
        raise ValueError("weights: expected a sum above 0")
    if whole <= 0:
        return [_ZERO] * len(weights)
    shares: list[Decimal] = []
    left = total
    for weight in weights[:-1]:
        shares.append(min(_round(Fraction(total) * Fraction(weight) / Fraction(whole), step), left))
        left -= shares[-1]
    return [*shares, left]


def _round(value: Decimal | Fraction, step: Decimal) -> Decimal:
    """To the nearest step, halves up; exact."""
    return floor(Fraction(value) / Fraction(step) + Fraction(1, 2)) * step


def _decimal(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / Decimal(value.denominator)


def _by_scrip(orders: Iterable[Order]) -> list[list[Order]]:
    """Orders of one scrip together; shares of both tags are one scrip, contracts are apart."""
    grouped: dict[tuple[str, str], list[Order]] = defaultdict(list)
    for order in orders:
        kind = "cash" if order.product in (Product.DELIVERY, Product.INTRADAY) else order.product.value
        grouped[kind, order.symbol].append(order)
    return list(grouped.values())


def _quantity(scrip: Sequence[Order], side: Side) -> Decimal:
    return sum((order.quantity for order in scrip if order.side == side), _ZERO)


def _delivered_out(scrip: Sequence[Order]) -> Decimal:
    if scrip[0].product not in (Product.DELIVERY, Product.INTRADAY):
        return _ZERO
    return max(_quantity(scrip, "sell") - _quantity(scrip, "buy"), _ZERO)


def _netted(scrip: Sequence[Order]) -> Iterable[_Part]:
    """A scrip's day in parts: both sides of what was netted, and what is delivered; contracts as they are."""
    first = scrip[0]
    values = {side: sum((Fraction(o.value) for o in scrip if o.side == side), Fraction(0)) for side in _SIDES}
    if first.product not in (Product.DELIVERY, Product.INTRADAY):
        for side in _SIDES:
            if values[side]:
                yield _Part(first.product, side, first.asset, values[side], values[side])
        return
    bought, sold = Fraction(_quantity(scrip, "buy")), Fraction(_quantity(scrip, "sell"))
    average = (values["buy"] + values["sell"]) / (bought + sold)
    both = min(bought, sold)
    for side, quantity in zip(_SIDES, (bought, sold), strict=True):
        if quantity == 0:
            continue
        price = values[side] / quantity
        if both:
            yield _Part(Product.INTRADAY, side, first.asset, both * price, both * average)
        if quantity > both:
            rest = quantity - both
            yield _Part(Product.DELIVERY, side, first.asset, rest * price, rest * average)


def _brokerages(scrip: Sequence[Order], day: date, plan: Plan, rows: _Rows) -> Iterable[Decimal]:
    """Each order's brokerage; the netted quantity is taken from the first orders of either side on."""
    netted = min(_quantity(scrip, "buy"), _quantity(scrip, "sell"))
    left = {"buy": netted, "sell": netted}
    for order in scrip:
        shares: tuple[tuple[Product, Decimal], ...] = ((order.product, order.quantity),)
        if order.product in (Product.DELIVERY, Product.INTRADAY):
            part = min(left[order.side], order.quantity)
            left[order.side] -= part
            shares = ((Product.INTRADAY, part), (Product.DELIVERY, order.quantity - part))
        charge = _ZERO
        for product, quantity in shares:
            if quantity:
                row = plan.brokerage_on(product, day)
                _mark(row.verified, f"brokerage of {plan.name} on {product}: {row.source}", rows)
                charge += row.on(quantity * order.price)
        yield charge


def _tax_rate(part: _Part, rows: _Rows) -> Decimal:
    if part.asset == "other_etf":
        return _ZERO
    if part.asset == "equity_etf" and part.product is Product.DELIVERY:
        return EQUITY_ETF_SOLD if part.side == "sell" else _ZERO
    row = rows.get(Levy.STT, part.product)
    return row.buy if part.side == "buy" else row.sell


def _raw_tax(parts: Iterable[_Part], rows: _Rows) -> Fraction:
    return sum((Fraction(_tax_rate(part, rows)) * part.taxed for part in parts), Fraction(0))


def _tax(parts: Iterable[_Part], rows: _Rows) -> Decimal:
    """Transaction tax to the whole rupee, product by product."""
    by_product: dict[Product, list[_Part]] = defaultdict(list)
    for part in parts:
        by_product[part.product].append(part)
    return sum((_round(_raw_tax(own, rows), RUPEE) for own in by_product.values()), _ZERO)


def _lines(
    parts: Sequence[_Part],
    brokerage: Decimal,
    stt: Decimal,
    rows: _Rows,
    plan: str,
    step: Decimal | None = PAISA,
) -> Note:
    sums = dict.fromkeys(("exchange", "ipft", "sebi", "stamp"), Fraction(0))
    for part in parts:
        for levy in (Levy.EXCHANGE, Levy.IPFT, Levy.SEBI, Levy.STAMP):
            if levy is Levy.STAMP and part.asset == "other_etf":
                continue  # a published note shows none on such units
            row = rows.get(levy, part.product)
            sums[levy.value] += Fraction(row.buy if part.side == "buy" else row.sell) * part.value
    rounded = {name: _decimal(value) if step is None else _round(value, step) for name, value in sums.items()}
    product = parts[0].product
    with_sebi = rows.get(Levy.GST_ON_SEBI, product).buy
    base = brokerage + rounded["exchange"] + with_sebi * rounded["sebi"]
    gst = rows.get(Levy.GST, product).buy * base
    lines = {
        "brokerage": brokerage,
        "stt": stt,
        "exchange": rounded["exchange"],
        "ipft": rounded["ipft"],
        "sebi": rounded["sebi"],
        "gst": gst if step is None else _round(gst, step),
        "stamp": rounded["stamp"],
    }
    return Note(rows.day, plan, lines, unverified=list(rows.unverified))


def _add_depository(note: Note, plan: Plan, rows: _Rows, scrips: int, sales: int) -> None:
    row = plan.depository_on(rows.day)
    if row is None or not scrips:
        return
    _mark(row.verified, f"depository charge of {plan.name}: {row.source}", rows)
    note.depository = row.rupees * (sales if row.each_sale else scrips)
    note.depository_gst = _round(note.depository * rows.get(Levy.GST, Product.DELIVERY).buy, PAISA)
    note.unverified = list(rows.unverified)


def _mark(verified: bool, label: str, rows: _Rows) -> None:
    if not verified:
        rows.unverified[label] = None
