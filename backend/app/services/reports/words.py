"""Numbers, dates and units as people read them here: Indian groups, true minus signs, percent of fractions."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
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
    """A sentence of the engine as people read it; it is stored with its run in plain numbers and ISO dates.

    "2 orders refused: LOCKED_UPPER" has "locked upper", "55357.24 rupees" is ₹55,357.24, "2023-07-12" is 12 Jul 2023,
    "1642 orders" are 1,642, and "9.37 %" is written without its space. The pages do the same: `frontend/lib/told.ts`.
    """
    for pattern, written in _WRITTEN:
        text = pattern.sub(written, text)
    return text


def _moment(found: re.Match[str]) -> str:
    try:
        at = datetime.fromisoformat(found[0])
    except ValueError:
        return found[0]  # it only looks like one
    return f"{day(at.date())}, {at:%H:%M}" if "T" in found[0] else day(at.date())


_COUNTED: Final = "sessions?|bars?|orders?|fills?|prices?|members?|instruments?|rebalances?|holdings?|points?"
_WRITTEN: Final[tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...]] = (
    (re.compile(r"\b[A-Z]+(?:_[A-Z]+)+\b"), lambda found: found[0].replace("_", " ").lower()),
    (re.compile(r"(?<![\w/\\-])\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d)?)?(?![\w/\\-])"), _moment),
    (re.compile(r"(?<![\w.])(-?\d+(?:\.\d+)?) rupees\b"), lambda found: rupees(float(found[1]))),
    # a holding and its value: "HDFC 123456.70 (last traded …"
    (re.compile(r"(?<=[A-Z\d&-] )(-?\d+\.\d\d)(?= \()"), lambda found: rupees(float(found[1]))),
    (re.compile(r"(?<![\w.])\d(?:\.\d+)?e\+\d+\b"), lambda found: grouped(float(found[0]))),
    (re.compile(r"(?<![\w.,₹/\\-])\d{5,}(?![\w./\\-]*\w)"), lambda found: grouped(float(found[0]))),
    (re.compile(rf"\b\d{{4}}(?= (?:of [\d,]+ )?(?:{_COUNTED})\b)"), lambda found: grouped(float(found[0]))),
    (re.compile(r"(?<=\d) %"), lambda _: "%"),
)


def day(value: str | date | None) -> str:
    """20 Nov 2026, of an ISO date or time."""
    if value is None:
        return UNKNOWN
    found = value if isinstance(value, date) else datetime.fromisoformat(value).date()
    return f"{found.day} {found:%b %Y}"
