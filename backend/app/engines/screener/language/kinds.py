"""What a value of an expression is: a number with its dimension, a condition, or a text.

A number has a dimension, the power of the adjustment factor it carries: 1 for prices, -1 for shares, 0 for plain
numbers (ratios, points, rupees of turnover), and none for constants, which take that of what they meet.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from app.engines.screener.language.errors import Misuse
from app.engines.screener.language.tree import Node

ValueType = Literal["number", "flag", "text"]


class Kind(NamedTuple):
    """The type of a value, and the dimension of a number; None of a constant."""

    type: ValueType
    degree: int | None = 0

    @property
    def word(self) -> str:
        """In words."""
        if self.type == "flag":
            return "a condition"
        if self.type == "text":
            return "a text"
        return {1: "a price", -1: "a count of shares", 0: "a plain number", None: "a constant"}.get(
            self.degree, "a product of prices"
        )


class FieldSpec(NamedTuple):
    """A field as the language sees it: stored, or defined by an expression."""

    kind: Kind
    definition: str | None = None
    unit: str | None = None  # as its card has it


FALSE, UNKNOWN, TRUE = 0, 1, 2  # how conditions are held: `and` is the smaller, `or` the larger
FLAG, PLAIN, TEXT = Kind("flag"), Kind("number", 0), Kind("text")


def met(a: Kind, b: Kind, node: Node) -> int | None:
    """The dimension two numbers share where they are added or compared; Misuse where they have none."""
    if a.degree is None or b.degree is None:
        return b.degree if a.degree is None else a.degree
    if a.degree == b.degree or 0 in {a.degree, b.degree}:
        return a.degree or b.degree
    raise Misuse(
        f"{a.word.capitalize()} and {b.word} cannot be added or compared", node.at, expected=("two of one kind",)
    )
