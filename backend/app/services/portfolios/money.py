"""Rupees as they go over the wire: decimal strings, rounded once, at the end."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

_PAISA = Decimal("0.01")
_PRICE = Decimal("0.0001")
_KEPT = Decimal("0.00000001")


def rupees(amount: Decimal) -> Decimal:
    """To the paisa, half up."""
    return amount.quantize(_PAISA, ROUND_HALF_UP)


def money(amount: Decimal | None) -> str | None:
    """A sum: two digits; None stays unknown."""
    return None if amount is None else f"{rupees(amount):f}"


def price(amount: Decimal) -> str:
    """A price of the ledger: two digits, up to four where it has them."""
    return _short(amount.quantize(_PRICE, ROUND_HALF_UP))


def kept(amount: Decimal) -> str:
    """A number of a ledger's line, all of it: two digits, and as many more as it has."""
    return _short(amount.quantize(_KEPT))


def _short(amount: Decimal) -> str:
    short = amount.quantize(_PAISA)
    return f"{short if short == amount else amount.normalize():f}"


def percent(part: Decimal | None, whole: Decimal | None) -> float | None:
    """Percent; None where either is unknown or the whole is nothing."""
    if part is None or whole is None or whole == 0:
        return None
    return float(part / whole * 100)
