"""The tree of an expression: immutable nodes, one canonical text.

Two trees are equal when they say the same; where in a text a node stood (`at`) does not count. Make nodes that have a
normal form by `negative`, `conjunction` and `disjunction`, so that a tree and its text stay one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from typing import Literal, TypeAlias

from app.engines.screener.language.errors import Span

ArithmeticOp = Literal["+", "-", "*", "/"]
CompareOp = Literal["<", "<=", ">", ">=", "==", "!="]

_NOWHERE: Span = (0, 0)


class _HashedOnce:
    """A node whose hash is worked out once: every step of an evaluation looks its node up, and all below it with it."""

    __slots__ = ("_hash",)


def _hash_once(node: _HashedOnce) -> int:
    try:
        return node._hash  # type: ignore[attr-defined, no-any-return]
    except AttributeError:
        parts = (getattr(node, one.name) for one in fields(node) if one.compare)  # type: ignore[arg-type]
        found = hash((type(node).__name__, *parts))
        object.__setattr__(node, "_hash", found)
        return found


@dataclass(frozen=True, slots=True)
class Number(_HashedOnce):
    """A constant."""

    __hash__ = _hash_once

    value: float
    at: Span = field(default=_NOWHERE, compare=False, repr=False)
    percent: bool = field(default=False, compare=False, repr=False)  # written with the sign of a hundredth


@dataclass(frozen=True, slots=True)
class Text(_HashedOnce):
    """A constant text."""

    __hash__ = _hash_once

    value: str
    at: Span = field(default=_NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Name(_HashedOnce):
    """A field."""

    __hash__ = _hash_once

    name: str
    at: Span = field(default=_NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Call(_HashedOnce):
    """A function of some arguments."""

    __hash__ = _hash_once

    name: str
    arguments: tuple[Node, ...]
    at: Span = field(default=_NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Shift(_HashedOnce):
    """The value `bars` traded bars ago."""

    __hash__ = _hash_once

    of: Node
    bars: int
    at: Span = field(default=_NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Negative(_HashedOnce):
    """The value with the other sign; never of a number, see `negative`."""

    __hash__ = _hash_once

    of: Node
    at: Span = field(default=_NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Arithmetic(_HashedOnce):
    """Two values added, subtracted, multiplied or divided."""

    __hash__ = _hash_once

    op: ArithmeticOp
    left: Node
    right: Node
    at: Span = field(default=_NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Compare(_HashedOnce):
    """A chain of comparisons, each between neighbours: 20 < rsi(14) < 30."""

    __hash__ = _hash_once

    operands: tuple[Node, ...]
    ops: tuple[CompareOp, ...]
    at: Span = field(default=_NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Among(_HashedOnce):
    """Whether a value is one of some constants."""

    __hash__ = _hash_once

    of: Node
    items: tuple[Number | Text, ...]
    at: Span = field(default=_NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Not(_HashedOnce):
    """The other way round."""

    __hash__ = _hash_once

    of: Node
    at: Span = field(default=_NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class All(_HashedOnce):
    """All conditions hold; two or more, none of them `All` itself."""

    __hash__ = _hash_once

    parts: tuple[Node, ...]
    at: Span = field(default=_NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Some(_HashedOnce):
    """At least one condition holds; two or more, none of them `Some` itself."""

    __hash__ = _hash_once

    parts: tuple[Node, ...]
    at: Span = field(default=_NOWHERE, compare=False, repr=False)


Node: TypeAlias = Number | Text | Name | Call | Shift | Negative | Arithmetic | Compare | Among | Not | All | Some


def negative(of: Node, at: Span = _NOWHERE) -> Node:
    """The other sign; of a number the number itself."""
    if isinstance(of, Number):
        return Number(0.0 - of.value if of.value else 0.0, at, of.percent)
    return Negative(of, at)


def conjunction(parts: Iterable[Node], at: Span = _NOWHERE) -> Node:
    """`All` of the parts, those of an `All` among them taken out of it; a single part is itself."""
    flat = tuple(one for part in parts for one in (part.parts if isinstance(part, All) else (part,)))
    return flat[0] if len(flat) == 1 else All(flat, at)


def disjunction(parts: Iterable[Node], at: Span = _NOWHERE) -> Node:
    """`Some` of the parts, those of a `Some` among them taken out of it; a single part is itself."""
    flat = tuple(one for part in parts for one in (part.parts if isinstance(part, Some) else (part,)))
    return flat[0] if len(flat) == 1 else Some(flat, at)


def children(node: Node) -> tuple[Node, ...]:
    """The nodes right below."""
    match node:
        case Call(arguments=parts) | Compare(operands=parts) | All(parts=parts) | Some(parts=parts):
            return parts
        case Shift(of=of) | Negative(of=of) | Not(of=of):
            return (of,)
        case Among(of=of, items=items):
            return (of, *items)
        case Arithmetic(left=left, right=right):
            return (left, right)
        case _:
            return ()


def walk(node: Node) -> Iterator[Node]:
    """The node and all below it, each before its children."""
    waiting = [node]
    while waiting:
        one = waiting.pop()
        yield one
        waiting.extend(reversed(children(one)))


def formatted(node: Node) -> str:
    """The canonical text: parsing it gives the tree back."""
    return _written(node)[0]


def digest(node: Node) -> str:
    """SHA-256 of the canonical text."""
    return hashlib.sha256(formatted(node).encode()).hexdigest()


# How tightly a text holds together; what is looser than its place asks for stands in brackets.
_OR, _AND, _NOT, _COMPARE, _SUM, _PRODUCT, _SIGN, _POSTFIX, _ATOM = range(1, 10)
_PRECEDENCE = {"+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT}


def _written(node: Node) -> tuple[str, int]:
    match node:
        case Number(value=value):
            return number_text(value), _SIGN if value < 0.0 else _ATOM
        case Text(value=value):
            return text_text(value), _ATOM
        case Name(name=name):
            return name, _ATOM
        case Call(name="index", arguments=(Text(value=value),)):
            return f"in index({text_text(value)})", _NOT
        case Call(name=name, arguments=arguments):
            return f"{name}({', '.join(map(formatted, arguments))})", _ATOM
        case Shift(of=of, bars=bars):
            return f"{_held(of, _POSTFIX)}[{bars}]", _POSTFIX
        case Negative(of=of):
            return f"-{_held(of, _SIGN)}", _SIGN
        case Arithmetic(op=op, left=left, right=right):
            tight = _PRECEDENCE[op]
            return f"{_held(left, tight)} {op} {_held(right, tight + 1)}", tight
        case Compare(operands=operands, ops=ops):
            rest = "".join(f" {op} {_held(one, _SUM)}" for op, one in zip(ops, operands[1:], strict=True))
            return f"{_held(operands[0], _SUM)}{rest}", _COMPARE
        case Among(of=of, items=items):
            return f"{_held(of, _SUM)} in ({', '.join(map(formatted, items))})", _COMPARE
        case Not(of=of):
            return f"not {_held(of, _NOT)}", _NOT
        case All(parts=parts):
            return " and ".join(_held(part, _AND + 1) for part in parts), _AND
        case Some(parts=parts):
            return " or ".join(_held(part, _OR + 1) for part in parts), _OR


def _held(node: Node, tight: int) -> str:
    text, held = _written(node)
    return text if held >= tight else f"({text})"


def number_text(value: float) -> str:
    """The shortest text of a number that reads back as it."""
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


def text_text(value: str) -> str:
    """A text in quotes."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'
