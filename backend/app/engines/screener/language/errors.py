"""What is wrong with an expression, and where."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any

Span = tuple[int, int]  # first character and the one after the last, from 0

_NEAR, _NEAR_ENOUGH = 3, 0.6


class ExpressionError(ValueError):
    """An expression that cannot be used.

    Attributes
    ----------
    message : one sentence
    line, column : of the first wrong character, from 1
    length : characters that are wrong, at least 1
    expected : what could stand there, in words
    near : names that were probably meant, the likeliest first
    """

    def __init__(
        self, message: str, text: str, at: Span, *, expected: Sequence[str] = (), near: Sequence[str] = ()
    ) -> None:
        start = min(at[0], len(text))
        before = text[:start]
        self.message = message
        self.line = before.count("\n") + 1
        self.column = start - (before.rfind("\n") + 1) + 1
        self.length = max(at[1] - at[0], 1)
        self.expected = tuple(expected)
        self.near = tuple(near)
        super().__init__(f"line {self.line}, column {self.column}: {message}")

    def details(self) -> dict[str, Any]:
        """The same as plain data."""
        return {
            "line": self.line,
            "column": self.column,
            "length": self.length,
            "expected": list(self.expected),
            "near": list(self.near),
        }


class Misuse(Exception):
    """What is wrong with a node, before the text it came from is at hand."""

    def __init__(self, message: str, at: Span, *, expected: Sequence[str] = (), near: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.message, self.at, self.expected, self.near = message, at, expected, near

    def within(self, text: str) -> ExpressionError:
        """The error of the expression `text`."""
        return ExpressionError(self.message, text, self.at, expected=self.expected, near=self.near)


def near_matches(word: str, known: Iterable[str]) -> tuple[str, ...]:
    """Known names like `word`: those it begins, then those spelt alike."""
    names = sorted(set(known))
    begun = [name for name in names if len(word) >= 3 and name.casefold().startswith(word.casefold())]
    by_fold = {name.casefold(): name for name in names}
    alike = [by_fold[one] for one in get_close_matches(word.casefold(), list(by_fold), n=_NEAR, cutoff=_NEAR_ENOUGH)]
    return tuple(dict.fromkeys([*begun, *alike]))[:_NEAR]


def meant(near: Sequence[str]) -> str:
    """How a message goes on after an unknown name."""
    return f"; did you mean {' or '.join(near)}?" if near else ""
