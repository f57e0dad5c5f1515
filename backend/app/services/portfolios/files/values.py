"""Cells as values, the way Indian brokers write them: lakh commas, days before months."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from app.services.portfolios.files.reading import Cell

_GROUPED = re.compile(r"\d{1,3}(?:,\d{2,3})*,\d{3}(?:\.\d*)?")
_PLAIN = re.compile(r"\d+(?:\.\d*)?|\.\d+|\d+(?:\.\d+)?[eE][+-]?\d+")
_DAYS = ("%d-%m-%Y", "%d/%m/%Y", "%d.%m.%Y", "%d-%b-%Y", "%d %b %Y", "%d %B %Y", "%d-%B-%Y", "%d-%m-%y", "%d/%m/%y",
         "%d-%b-%y", "%Y-%m-%d", "%Y/%m/%d")  # fmt: skip
_MONTHS_FIRST = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.]\d{2,4}")


class CellError(ValueError):
    """A cell that is not what its column holds."""


def number(cell: Cell) -> Decimal:
    """A number: `1,23,456.50`, `₹ 99`, `(12)` for a negative one. Raises CellError."""
    if isinstance(cell, int | float):
        value = Decimal(repr(cell))
        if not value.is_finite():
            raise CellError(f"{cell} is no number")
        return value
    if isinstance(cell, date):
        raise CellError(f"{cell} is a date, not a number")
    text = cell.replace("₹", "").replace("Rs.", "").replace("INR", "").replace("−", "-").strip()
    negative = text.startswith("-") or (text.startswith("(") and text.endswith(")"))
    text = text.strip("()+-").strip()
    if not (_PLAIN.fullmatch(text) or _GROUPED.fullmatch(text)):
        raise CellError(f"{cell[:40]!a} is no number; expected one such as 1,23,456.50")
    try:
        value = Decimal(text.replace(",", ""))
    except InvalidOperation as error:
        raise CellError(f"{cell[:40]!a} is no number") from error
    return -value if negative else value


def shares(cell: Cell) -> int:
    """A whole number of shares, zero or more. Raises CellError."""
    value = number(cell)
    if value != value.to_integral_value():
        raise CellError(f"{cell} is no whole number of shares")
    if value < 0:
        raise CellError(f"{cell} shares: below zero")
    return int(value)


def day(cell: Cell) -> date:
    """A day, with or without a time after it; days stand before months. Raises CellError."""
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    if isinstance(cell, int | float):
        raise CellError(f"{cell} is no date; expected one such as 31-03-2024")
    text = cell.strip().strip("'")
    for candidate in (text, text.split("T")[0], text.split(" ")[0], " ".join(text.split(" ")[:3])):
        for form in _DAYS:
            try:
                found = datetime.strptime(candidate, form).date()
            except ValueError:
                continue
            if 1990 <= found.year <= 2199:
                return found
    looks = _MONTHS_FIRST.match(text)
    if looks and int(looks[2]) > 12 >= int(looks[1]):
        raise CellError(f"{text[:40]!a} has the month first; expected day, month, year")
    raise CellError(f"{text[:40]!a} is no date; expected day, month, year, such as 31-03-2024")


def side(cell: Cell) -> str:
    """BUY or SELL. Raises CellError."""
    found = _SIDES.get(str(cell).strip().upper())
    if found is None:
        raise CellError(f"{str(cell)[:40]!a} is neither a purchase nor a sale; expected buy or sell")
    return found


_SIDES = {
    **dict.fromkeys(("BUY", "B", "1", "1.0", "BOUGHT", "PURCHASE"), "BUY"),
    **dict.fromkeys(("SELL", "S", "-1", "-1.0", "SOLD", "SALE"), "SELL"),
}
