"""Expressions of one shape: the same text but for the constants that something is compared with.

Who moves a threshold asks the same question with another number. The text is then not read and checked again: the
checked tree of its shape is taken, with the new numbers in it. A shape is only kept where those numbers are, character
by character, the constants in its tree that conditions joined by and, or, not compare with; what they are decides
neither names nor types there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Final, NamedTuple

from app.engines.screener.language.grammar import DIGITS, UNITS
from app.engines.screener.language.reads import Reads
from app.engines.screener.language.tree import All, Compare, Node, Not, Number, Some

if TYPE_CHECKING:
    from app.engines.screener.language.kinds import Kind

_LONGEST: Final = 2_000  # characters; a longer text is read each time
_LARGEST: Final = 1e15  # above it a constant is left to the grammar, which has a limit
_CONSTANT: Final = re.compile(
    r""""(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|"""  # what stands in quotes is passed over
    r"(?:[<>=]=?|!=|<>)\s*(?P<sign>-?)\s*"
    r"(?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?P<unit>\s*(?:%|crores?\b|cr\b|lakhs?\b|lacs?\b|l\b|k\b))?)"
    r"(?=\s*(?:and\b|or\b|\)|\Z))",
    re.IGNORECASE | re.ASCII,
)


class Shape(NamedTuple):
    """A checked tree, its kind, and what it reads whatever its constants are."""

    tree: Node
    kind: Kind
    reads: Reads


def cut(text: str) -> tuple[str, list[Number]] | None:
    """A text without the constants that something is compared with, and those, where they stood; None if too long."""
    if len(text) > _LONGEST:
        return None
    parts, found, end = [], [], 0
    for match in _CONSTANT.finditer(text):
        if match["number"] is None:
            continue
        value = _value(match["number"], match["unit"])
        if not value < _LARGEST:
            continue
        start = match.start("sign") if match["sign"] else match.start("number")
        parts.append(text[end:start])
        after = match.end("number")
        percent = match["number"].endswith("%")
        end = after - 1 if percent else after  # the sign is of the shape: some fields take none
        found.append(Number(0.0 - value if match["sign"] and value else value, (start, after), percent))
    return "\0".join([*parts, text[end:]]), found


def constants(tree: Node) -> Iterator[Number]:
    """The constants that conditions joined by and, or, not compare with, in order."""
    match tree:
        case All(parts=parts) | Some(parts=parts):
            for part in parts:
                yield from constants(part)
        case Not(of=of):
            yield from constants(of)
        case Compare(operands=operands):
            yield from (one for one in operands[1:] if isinstance(one, Number))
        case _:
            pass


def holds_for(tree: Node, numbers: list[Number]) -> bool:
    """Whether the constants cut out of a text are those of its tree, each at its place."""
    return [(one, one.at) for one in constants(tree)] == [(one, one.at) for one in numbers]


def with_constants(tree: Node, numbers: Iterator[Number]) -> Node:
    """The tree with other constants, taken in order."""
    match tree:
        case All(parts=parts):
            return All(tuple([with_constants(part, numbers) for part in parts]), tree.at)
        case Some(parts=parts):
            return Some(tuple([with_constants(part, numbers) for part in parts]), tree.at)
        case Not(of=of):
            return Not(with_constants(of, numbers), tree.at)
        case Compare(operands=(first, *rest)):
            others = [next(numbers) if isinstance(one, Number) else one for one in rest]
            return Compare((first, *others), tree.ops, tree.at)
        case _:
            return tree


def _value(written: str, unit: str | None) -> float:
    digits = DIGITS.match(written)
    assert digits is not None
    letter = (unit or "").strip()[:1].lower()
    return float(Decimal(digits[0]) * Decimal(UNITS[letter]) if letter else Decimal(digits[0]))
