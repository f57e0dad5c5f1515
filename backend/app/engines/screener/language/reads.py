"""What a checked tree reads: fields, indices, how many bars back, whether it compares stocks with each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from app.engines.screener.language.functions import FUNCTIONS
from app.engines.screener.language.grammar import MAX_DEPTH
from app.engines.screener.language.tree import Call, Name, Node, Number, Shift, Text, children, walk

if TYPE_CHECKING:
    from app.engines.screener.language.check import Vocabulary


class Reads(NamedTuple):
    """Stored fields, ids of indices, and whether stocks of a day are compared with each other."""

    fields: frozenset[str]
    indices: frozenset[str]
    across: bool


def reach(node: Node, vocabulary: Vocabulary) -> int | None:
    """Bars of an instrument that decide a checked tree at one of them, that one included; None: all of its history."""
    recursive = any(isinstance(one, Call) and FUNCTIONS[one.name].family == "all" for one in _deep(node, vocabulary))
    return None if recursive else window(node, vocabulary)


def own_reach(node: Shift | Call) -> int:
    """Bars that a function looks at itself, its own included; of a recursion those it takes to begin."""
    if isinstance(node, Shift):
        return 1 + node.bars
    function = FUNCTIONS[node.name]
    constants = zip(function.parameters, node.arguments, strict=True)
    windows = tuple(int(a.value) for p, a in constants if p.kind in {"n", "h"} and isinstance(a, Number))
    return 1 + function.reach(windows)


def window(node: Node, vocabulary: Vocabulary) -> int:
    """Bars of unbroken history after which a checked tree can first be known."""
    if isinstance(node, Name):
        definition = vocabulary.definition(node.name)
        return 1 if definition is None else window(definition, vocabulary)
    most = max((window(child, vocabulary) for child in children(node)), default=1)
    if isinstance(node, Shift) or (isinstance(node, Call) and FUNCTIONS[node.name].family in {"window", "all"}):
        return most + own_reach(node) - 1
    return most


def _deep(node: Node, vocabulary: Vocabulary) -> Iterator[Node]:
    """The node and all below it, through the definitions of fields."""
    for one in walk(node):
        yield one
        if isinstance(one, Name):
            definition = vocabulary.definition(one.name)
            if definition is not None:
                yield from _deep(definition, vocabulary)


def reads(tree: Node, vocabulary: Vocabulary) -> Reads:
    """What a checked tree reads; `Vocabulary.reads` remembers it."""
    fields: set[str] = set()
    indices: set[str] = set()
    across = False
    for one in _deep(tree, vocabulary):
        if isinstance(one, Name) and vocabulary.definition(one.name) is None:
            fields.add(one.name)
        elif isinstance(one, Call):
            function = FUNCTIONS[one.name]
            across = across or function.family == "cross"
            if one.name == "index" and isinstance(one.arguments[0], Text):
                indices.add(one.arguments[0].value)
            fields.update(function.reads)
    return Reads(frozenset(fields), frozenset(indices), across)


def crosses_section(tree: Node, vocabulary: Vocabulary) -> bool:
    """Whether a checked tree compares stocks of a day with each other."""
    return vocabulary.reads(tree).across


def mentioned(trees: Iterable[Node], vocabulary: Vocabulary) -> tuple[frozenset[str], frozenset[str]]:
    """Stored fields and indices that checked trees read."""
    found = [vocabulary.reads(tree) for tree in trees]
    fields: frozenset[str] = frozenset().union(*(one.fields for one in found))
    return fields, frozenset().union(*(one.indices for one in found))


assert MAX_DEPTH < 200  # the walks above recurse
