"""What the random expressions of the other tests consist of: all there is in the language, in each hundred of them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from app.engines.screener.language import parse
from app.engines.screener.language.functions import ALIASES, FUNCTIONS
from app.engines.screener.language.tree import (
    All,
    Among,
    Arithmetic,
    Call,
    Compare,
    Name,
    Negative,
    Node,
    Not,
    Number,
    Shift,
    Some,
    Text,
    walk,
)
from tests.engines.screener.language.writer import Words, Writer

WORDS = Words(
    ("turnover", "roe"),
    {"sector": ("IT", "Pharma"), "name": ("A", "O'Brien")},
    {"NIFTY50": "NIFTY50", "nifty 50": "NIFTY50"},
    ("up_day",),
)


def written(seed: int, count: int, depth: int) -> tuple[list[str], list[Node]]:
    """Texts, and all nodes of what they mean."""
    writer = Writer(seed, WORDS)
    both = [writer.written(depth) for _ in range(count)]
    return [one.text for one in both], [node for one in both for node in walk(parse(one.meant))]


def operators(nodes: list[Node]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, Arithmetic):
            yield node.op
        elif isinstance(node, Compare):
            yield from node.ops


@pytest.mark.parametrize("seed", [20260731, 1, 2, 3, 4])
def test_two_hundred_expressions_reach_every_function_and_operator(seed: int) -> None:
    _, nodes = written(seed, 200, 2)
    called = {node.name for node in nodes if isinstance(node, Call)}
    assert FUNCTIONS.keys() - called == set()
    assert set(operators(nodes)) == {"+", "-", "*", "/", "<", "<=", ">", ">=", "==", "!="}
    every = {All, Among, Arithmetic, Call, Compare, Name, Negative, Not, Number, Shift, Some, Text}
    assert {type(node) for node in nodes} == every
    assert any(isinstance(node, Compare) and len(node.ops) > 1 for node in nodes)
    among = [node for node in nodes if isinstance(node, Among)]
    assert {type(node.items[0]) for node in among} == {Number, Text}


@pytest.mark.parametrize("seed", [20260731, 1, 2, 3, 4])
def test_two_hundred_expressions_take_every_liberty_of_writing(seed: int) -> None:
    texts, _ = written(seed, 200, 2)
    whole = "\n".join(texts)
    for alias in ALIASES:
        assert f"{alias}(" in whole, alias
    for spelling in (
        r"\d%",
        r"\d ?cr",
        r"\d lakh",
        r"\dk\b",
        r"\dl\b",
        r"\de1\b",
        " AND ",
        " Or ",
        "NOT ",
        "<>",
        "not in",
    ):
        assert re.search(spelling, whole), spelling
    assert re.search(r"[^<>=!]=[^=]", whole)
    for left_out in ("rsi", "ema", "macd", "macd_signal", "atr", "adx", "bb_upper", "stoch_k", "stoch_d", "supertrend"):
        assert re.search(rf"\b{left_out}\((\d+)?\)", whole), left_out


def test_the_same_seed_writes_the_same() -> None:
    assert written(5, 20, 3)[0] == written(5, 20, 3)[0] != written(6, 20, 3)[0]
