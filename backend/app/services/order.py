"""The order in which people look for names."""

from __future__ import annotations

import re
from typing import Final

_PARTS: Final = re.compile(r"(\d{1,4000})")  # Python reads no number of more than 4,300 digits


def by_name(name: str) -> tuple[tuple[int, int, str], ...]:
    """A key to sort names by: capitals count as small letters, and digits as the number they make.

    "50-day" stands before "252-day", NIFTY20 before NIFTY 100, and numbers before letters.
    """
    parts = (part.strip() for part in _PARTS.split(name))
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part.casefold()) for part in parts if part)
