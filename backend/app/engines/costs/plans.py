"""What brokers charge, by date: brokerage an order, and what the depository takes when shares leave the account."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from app.engines.costs.rates import FIRST, Product

_FRACTION: Final = Decimal("0.0003")
_TWENTY: Final = Decimal(20)


@dataclass(frozen=True, slots=True)
class Brokerage:
    """Per executed order: `fraction` of its value, at most `cap`; `flat` rupees whatever its value."""

    since: date
    fraction: Decimal = Decimal(0)
    cap: Decimal | None = None
    flat: Decimal = Decimal(0)
    source: str = ""
    verified: bool = True

    def on(self, value: Decimal) -> Decimal:
        """Rupees for an order of this value, not rounded; nothing for an order of no value."""
        if value == 0:
            return Decimal(0)
        charged = self.flat + self.fraction * value
        return charged if self.cap is None else min(self.cap, charged)


@dataclass(frozen=True, slots=True)
class Depository:
    """Rupees before tax for shares delivered out: each share and day, or each sale."""

    since: date
    rupees: Decimal
    each_sale: bool = False
    source: str = ""
    verified: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """A broker's price list; rows of each product in order of date."""

    name: str
    brokerage: dict[Product, tuple[Brokerage, ...]]
    depository: tuple[Depository, ...] = ()

    def brokerage_on(self, product: Product, day: date) -> Brokerage:
        """The brokerage in force."""
        return [row for row in self.brokerage[product] if row.since <= day][-1]

    def depository_on(self, day: date) -> Depository | None:
        """The depository charge in force, None where the plan has none."""
        rows = [row for row in self.depository if row.since <= day]
        return rows[-1] if rows else None


def _capped(since: date, source: str, verified: bool = True) -> Brokerage:
    return Brokerage(since, fraction=_FRACTION, cap=_TWENTY, source=source, verified=verified)


_OLD: Final = "Today's rate; earlier lists were not found"
_ZERODHA: Final = Plan(
    "zerodha",
    {
        Product.DELIVERY: (Brokerage(FIRST, source="Zerodha support, brokerage"),),
        Product.INTRADAY: (_capped(FIRST, _OLD, False), _capped(date(2019, 1, 1), "Zerodha support, brokerage")),
        Product.FUTURES: (_capped(FIRST, _OLD, False), _capped(date(2019, 1, 1), "Zerodha price lists")),
        Product.OPTIONS: (
            Brokerage(FIRST, flat=_TWENTY, source=_OLD, verified=False),
            Brokerage(date(2019, 1, 1), flat=_TWENTY, source="Zerodha price lists"),
        ),
    },
    (
        Depository(
            FIRST,
            Decimal("13.5"),
            source="Zerodha support; another of its pages says 13, neither is dated",
            verified=False,
        ),
    ),
)
_FYERS: Final = Plan(
    "fyers",
    {
        Product.DELIVERY: (
            Brokerage(FIRST, source="FYERS, brokerage until September 2024"),
            Brokerage(date(2024, 10, 1), fraction=Decimal("0.003"), cap=_TWENTY, source="FYERS, brokerage"),
        ),
        Product.INTRADAY: (_capped(FIRST, "FYERS, charges"),),
        Product.FUTURES: (_capped(FIRST, "FYERS, charges"),),
        Product.OPTIONS: (Brokerage(FIRST, flat=_TWENTY, source="FYERS, charges"),),
    },
    (
        Depository(FIRST, Decimal("15.5"), source="FYERS charges list, 10 + 5.50"),
        Depository(date(2024, 10, 1), Decimal("3.5"), each_sale=True, source="FYERS depository article, 2024"),
        Depository(date(2025, 6, 1), Decimal("12.5"), source="FYERS depository article, June 2025"),
    ),
)
_LEVIES_ONLY: Final = Plan("none", {product: (Brokerage(FIRST, source="no broker"),) for product in Product})

PLANS: Final[dict[str, Plan]] = {plan.name: plan for plan in (_ZERODHA, _FYERS, _LEVIES_ONLY)}


def custom(
    *,
    fraction: Decimal = Decimal(0),
    cap: Decimal | None = None,
    flat: Decimal = Decimal(0),
    depository: Decimal = Decimal(0),
) -> Plan:
    """A plan of one's own, the same for every product and date; amounts in rupees, none below zero.

    Raises
    ------
    ValueError : an amount is negative or no number.
    """
    for name, value in (("fraction", fraction), ("cap", cap), ("flat", flat), ("depository", depository)):
        if value is not None and not (value.is_finite() and value >= 0):
            raise ValueError(f"{name}: expected an amount of 0 or more, not {value}")
    row = Brokerage(FIRST, fraction, cap, flat, "your own plan")
    out = (Depository(FIRST, depository, source="your own plan"),) if depository else ()
    return Plan("custom", dict.fromkeys(Product, (row,)), out)
