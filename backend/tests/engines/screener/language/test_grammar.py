"""Text to tree and back, and what is said of a text that is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engines.screener.language import ExpressionError, formatted, parse
from app.engines.screener.language.tree import (
    All,
    Among,
    Arithmetic,
    Call,
    Compare,
    Name,
    Node,
    Not,
    Number,
    Shift,
    Some,
    Text,
    digest,
)
from tests.engines.screener.language.words import trees

close = Name("close")


@given(trees)
def test_the_text_of_any_tree_reads_back_as_the_tree(tree: Node) -> None:
    assert parse(formatted(tree)) == tree


@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda raw: raw.decode("latin-1")))
def test_any_text_is_a_tree_or_an_error_with_a_place_in_it(text: str) -> None:
    try:
        parse(text)
    except ExpressionError as error:
        lines = text.split("\n")
        assert 1 <= error.line <= len(lines)
        assert 1 <= error.column <= len(lines[error.line - 1]) + 1
        assert error.length >= 1 and error.message


@given(
    st.lists(st.sampled_from(["close", "(", ")", "and", "not", "in", "<", "5", "[", "]", ",", "-", '"a"']), max_size=14)
)
def test_any_row_of_words_is_a_tree_or_an_error(words: list[str]) -> None:
    text = " ".join(words)
    try:
        tree = parse(text)
    except ExpressionError:
        return
    assert parse(formatted(tree)) == tree


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("close > 5cr", Compare((close, Number(5e7)), (">",))),
        ("close > 2 lakh", Compare((close, Number(2e5)), (">",))),
        ("close > 2l", Compare((close, Number(2e5)), (">",))),
        ("close > 1.5 Crore", Compare((close, Number(1.5e7)), (">",))),
        ("close > 2%", Compare((close, Number(0.02)), (">",))),
        ("close > 10k", Compare((close, Number(1e4)), (">",))),
        ("CLOSE = 1e3", Compare((close, Number(1000.0)), ("==",))),
        ("close <> .5", Compare((close, Number(0.5)), ("!=",))),
        ("1 < close <= 3", Compare((Number(1.0), close, Number(3.0)), ("<", "<="))),
        ("close[5]", Shift(close, 5)),
        ("-close[5]", parse("-(close[5])")),
        ("a + b * c", Arithmetic("+", Name("a"), Arithmetic("*", Name("b"), Name("c")))),
        ("a - b - c", Arithmetic("-", Arithmetic("-", Name("a"), Name("b")), Name("c"))),
        ("a and b or c", Some((All((Name("a"), Name("b"))), Name("c")))),
        ("a and (b and c)", All((Name("a"), Name("b"), Name("c")))),
        ("not a and b", All((Not(Name("a")), Name("b")))),
        ("not a > b", Not(Compare((Name("a"), Name("b")), (">",)))),
        ("x in (1, -2,)", Among(Name("x"), (Number(1.0), Number(-2.0)))),
        ("x not in ('a')", Not(Among(Name("x"), (Text("a"),)))),
        ('in INDEX("NIFTY50")', Call("index", (Text("NIFTY50"),))),
        ('not in index("X")', Not(Call("index", (Text("X"),)))),
        ("android > inside", Compare((Name("android"), Name("inside")), (">",))),
    ],
)
def test_what_is_written_means(text: str, tree: Node) -> None:
    assert parse(text) == tree


def test_one_meaning_has_one_text_and_one_hash() -> None:
    first, second = parse("Close>SMA( close,200 )  AND (rsi(14)<30)"), parse("close > sma(close, 200) and rsi(14) < 30")
    assert formatted(first) == formatted(second) == "close > sma(close, 200) and rsi(14) < 30"
    assert digest(first) == digest(second)
    assert digest(first) != digest(parse("close > sma(close, 200) and rsi(14) < 31"))


@pytest.mark.parametrize(
    ("text", "line", "column", "length", "said"),
    [
        ("close > ", 1, 8, 1, "ends too early"),
        ("(close > 5", 1, 1, 1, "not closed: ) is missing"),
        ("sma(close, 20", 1, 4, 1, "not closed: ) is missing"),
        ("close[5 > 3", 1, 9, 1, "expected"),
        ("close > 5)", 1, 10, 1, "closes nothing"),
        ("close > 5\nand clos ! 3", 2, 10, 1, "write not"),
        ("close ≥ 5", 1, 7, 1, "write >="),
        ("close[-1] > 3", 1, 7, 2, "Bars ahead are not known"),
        ("close[volume] > 3", 1, 7, 6, "must be a constant"),
        ("close[1.5] > 3", 1, 7, 3, "whole number"),
        ('sector == "IT', 1, 11, 3, "quote is missing"),
        ("and close", 1, 1, 3, "something is missing before it"),
        ("close close", 1, 7, 5, "cannot stand here"),
        ("in sma(3)", 1, 4, 6, "After in comes index"),
        ("close > 1e999", 1, 9, 5, "too large"),
        ("", 1, 1, 1, "empty"),
    ],
)
def test_an_error_says_where_and_what(text: str, line: int, column: int, length: int, said: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    error = caught.value
    assert (error.line, error.column, error.length) == (line, column, length)
    assert said in error.message


@pytest.mark.parametrize(
    "text",
    [
        "+".join(["1"] * 10_000),
        " and ".join(["a > 1"] * 10_000),
        "not " * 5_000 + "a",
        "(" * 5_000 + "1" + ")" * 5_000,
        "a" + "[1]" * 1_000,
        "-" * 500 + "a",
        "a" + " - 1" * 400,
    ],
    ids=["sum", "and", "not", "brackets", "shifts", "signs", "differences"],
)
def test_what_is_too_large_is_refused_with_a_place_and_no_recursion(text: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert any(word in caught.value.message for word in ("more than", "at most"))
    assert caught.value.column >= 1


def test_what_could_follow_is_named() -> None:
    with pytest.raises(ExpressionError) as caught:
        parse("close >")
    assert caught.value.expected == ("a field or a function", "a number", "a text in quotes")
