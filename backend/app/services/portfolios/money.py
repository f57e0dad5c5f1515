"""Rupees as they go over the wire: decimal strings, rounded once, at the end."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

_PAISA = Decimal("0.01")
_PRICE = Decimal("0.0001")


def rupees(amount: Decimal) -> Decimal:
    """To the paisa, half up."""
    return amount.quantize(_PAISA, ROUND_HALF_UP)


def money(amount: Decimal | None) -> str | None:
    """A sum: two digits; None stays unknown."""
    return None if amount is None else f"{rupees(amount):f}"


def price(amount: Decimal) -> str:
    """A price of the ledger: two digits, up to four where it has them."""
    rounded = amount.quantize(_PRICE, ROUND_HALF_UP)
    short = rounded.quantize(_PAISA)
    return f"{short if short == rounded else rounded.normalize():f}"


def percent(part: Decimal | None, whole: Decimal | None) -> float | None:
    """Percent; None where either is unknown or the whole is nothing."""
    if part is None or whole is None or whole == 0:
        return None
    return float(part / whole * 100)
