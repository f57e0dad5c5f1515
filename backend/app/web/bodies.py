"""Why the text of a request's body cannot be read, and where: what the reader of JSON itself says too little of."""

from __future__ import annotations

import re
import sys

# a text that has no end goes to that of the body: to look for its end from each quote in it takes for ever
_TEXT = r'"(?:[^"\\]|\\.)*+"?'
_NESTING = re.compile(rf"{_TEXT}|[\[{{]|[\]}}]", re.DOTALL)
_NUMBERS = re.compile(rf"{_TEXT}|[\d.eE+]+", re.DOTALL)


def unreadable(body: bytes, error: ValueError | RecursionError) -> str | None:
    """What is wrong with a body whose reader ended in this error, to follow `body: `; None: not known.

    Bytes and characters are counted from 0, as the reader of JSON counts them.
    """
    if isinstance(error, UnicodeDecodeError):
        name = error.encoding.upper()
        return f"is no {name} text: byte 0x{error.object[error.start]:02x} at byte {error.start:,} ({error.reason})"
    if isinstance(error, RecursionError):
        depth, at = _deepest(_text(body))
        return f"is nested too deep: {depth:,} lists and objects lie in one another at character {at:,}"
    if long := _longest_number(_text(body)):
        digits, at = long
        most = sys.get_int_max_str_digits()
        return f"holds a number of {digits:,} digits at character {at:,}; at most {most:,} are read"
    return None


def _text(body: bytes) -> str:
    return body.decode("utf-8", "replace")


def _deepest(text: str) -> tuple[int, int]:
    """How many lists and objects are open where most are, and where the last of them begins."""
    depth = deepest = at = 0
    for found in _NESTING.finditer(text):
        if found[0] in "[{":
            depth += 1
            if depth > deepest:
                deepest, at = depth, found.start()
        elif found[0] in "]}":
            depth -= 1
    return deepest, at


def _longest_number(text: str) -> tuple[int, int] | None:
    """Digits of the first whole number that is longer than Python reads, and where it begins."""
    most = sys.get_int_max_str_digits()
    for found in _NUMBERS.finditer(text):
        if len(found[0]) > most and found[0].isdigit():  # a fraction may have as many digits as it likes
            return len(found[0]), found.start()
    return None
