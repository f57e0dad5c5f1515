"""Numbers, dates and units as people read them here: Indian groups, true minus signs, percent of fractions."""

from __future__ import annotations

import math
import re
from datetime import date, datetime
from typing import Final

MINUS: Final = "\N{MINUS SIGN}"
UNKNOWN: Final = "–"
_LAKH: Final = 1e5


def grouped(value: float, digits: int = 0) -> str:
    """Digits in Indian groups: 1642118 is 16,42,118. Zero has no sign."""
    whole, _, fraction = f"{abs(value):.{digits}f}".partition(".")
    head, tail = whole[:-3], whole[-3:]
    pairs: list[str] = []
    while head:
        pairs.insert(0, head[-2:])
        head = head[:-2]
    text = ",".join([*pairs, tail])
    negative = value < 0 and float(f"{whole}.{fraction or 0}") != 0.0
    return (MINUS if negative else "") + text + (f".{fraction}" if fraction else "")


def rupees(value: float | None, paise: bool | None = None) -> str:
    """₹707.29; from one lakh up without paise unless asked for."""
    if value is None:
        return UNKNOWN
    text = grouped(value, 2 if (abs(value) < _LAKH if paise is None else paise) else 0)
    return f"{MINUS}₹{text[1:]}" if text.startswith(MINUS) else f"₹{text}"


def signed_rupees(value: float) -> str:
    """With its sign, to the paisa."""
    text = rupees(value, paise=True)
    return text if value < 0 or round(value, 2) == 0.0 else f"+{text}"


def percent(fraction: float | None, digits: int = 1) -> str:
    """0.126 is 12.6%."""
    return UNKNOWN if fraction is None else f"{grouped(100.0 * fraction, digits)}%"


def signed_percent(fraction: float, digits: int = 1) -> str:
    """The same with its sign, without the percent sign; for tables of them."""
    text = grouped(100.0 * fraction, digits)
    return text if text.startswith(MINUS) or float(f"{100.0 * fraction:.{digits}f}") == 0.0 else f"+{text}"


def ratio(value: float | None, digits: int = 2) -> str:
    """A number with two digits."""
    return UNKNOWN if value is None or not math.isfinite(value) else grouped(value, digits)


def probability(value: float | None) -> str:
    """Two digits, and never certainty by rounding."""
    if value is not None and 0.99 < value < 1.0:
        return "> 0.99"
    return "< 0.01" if value is not None and 0.0 < value < 0.01 else ratio(value)


def count(value: float | None) -> str:
    """A whole number."""
    return UNKNOWN if value is None else grouped(value)


def blocks(length: float) -> str:
    """How sessions are drawn again: in blocks of an expected length, of 1 each for itself."""
    told = grouped(length, 1)
    alone = "one session at a time (they do not hang together)"
    return alone if told == "1.0" else f"in blocks of {told} sessions on average"


def plain(text: str) -> str:
    """A sentence with the engine's words in ordinary ones: "2 orders refused: LOCKED_UPPER" has "locked upper".

    Amounts get their sign and groups: "55357.24 rupees" is ₹55,357.24.
    """
    named = re.sub(r"\b[A-Z]+(?:_[A-Z]+)+\b", lambda found: found[0].replace("_", " ").lower(), text)
    return re.sub(r"(?<![\d.])(\d+(?:\.\d+)?) rupees\b", lambda found: rupees(float(found[1])), named)


def day(value: str | date | None) -> str:
    """20 Nov 2026, of an ISO date or time."""
    if value is None:
        return UNKNOWN
    found = value if isinstance(value, date) else datetime.fromisoformat(value).date()
    return f"{found.day} {found:%b %Y}"
