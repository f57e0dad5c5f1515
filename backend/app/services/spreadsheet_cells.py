"""Cells of files that people open in spreadsheets."""

from __future__ import annotations

import re
from typing import Final, TypeVar

T = TypeVar("T")

_LEADS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
_NUMBER: Final = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?%?")


def safe_cell(value: T) -> T | str:
    """A text that a spreadsheet would run as a formula, with an apostrophe before it; all else as it is.

    Numbers stay numbers, also those written as text: −12.50 is one, −2+3 is not.
    """
    if not isinstance(value, str) or not value.startswith(_LEADS) or value == "-" or _NUMBER.fullmatch(value):
        return value
    return f"'{value}"
