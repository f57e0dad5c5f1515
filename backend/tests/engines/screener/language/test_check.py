"""Names, types, defaults, and what is said where they do not fit."""

from __future__ import annotations

import pytest

from app.engines.screener.language import (
    FUNCTIONS,
    ExpressionError,
    FieldSpec,
    Kind,
    Vocabulary,
    compiled,
    formatted,
)  # fmt: skip
from app.engines.screener.language.reads import reach
from tests.engines.screener.language.words import vocabulary

WORDS = vocabulary()


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("rsi(14) < 30", "rsi(close, 14) < 30"),
        ("rsi() < 30", "rsi(close, 14) < 30"),
        ("rsi(volume) < 30", "rsi(volume, 14) < 30"),
        ("mean(close, 5) > 1", "sma(close, 5) > 1"),
        ("bb_upper(20, 2) > 1", "bb_upper(close, 20, 2) > 1"),
        ("macd() > 0", "macd(close, 12, 26) > 0"),
        ("change(close) > 0", "change(close, 1) > 0"),
        ('"pharma" == sector', 'sector in ("Pharma")'),
        ('sector != "Pharma"', 'not sector in ("Pharma")'),
        ('in index("nifty 50")', 'in index("NIFTY50")'),
    ],
)
def test_defaults_and_spellings_become_one(text: str, canonical: str) -> None:
    found = compiled(text, WORDS, "flag")
    assert found.text == canonical
    assert compiled(canonical, WORDS) == found


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("close", Kind("number", 1)),
        ("close / open", Kind("number", 0)),
        ("close * volume", Kind("number", 0)),
        ("1 / close", Kind("number", -1)),
        ("close + 5", Kind("number", 1)),
        ("close + roe", Kind("number", 1)),
        ("2 * 3", Kind("number", None)),
        ("atr(14)", Kind("number", 1)),
        ("ema_20", Kind("number", 1)),
        ("if(close > 1, 1, 0)", Kind("number", 0)),
        ("sector", Kind("text")),
        ("up_day", Kind("flag")),
    ],
)
def test_a_value_has_a_type_and_a_dimension(text: str, kind: Kind) -> None:
    assert compiled(text, WORDS).kind == kind


@pytest.mark.parametrize(
    ("text", "column", "length", "said", "near"),
    [
        ("close > 1 and cloze > 3", 15, 5, "There is no field cloze", ("close",)),
        ("sam(close, 20) > 1", 1, 3, "There is no function sam", ("sum", "sma")),
        ("close", 1, 5, "This is a price; expected a condition", ()),
        ("close > volume", 1, 14, "A price and a count of shares", ()),
        ("sma(close) > 3", 1, 10, "sma needs n", ()),
        ("sma(close, 0) > 3", 12, 1, "whole number from 1 to 2,520; got 0", ()),
        ("sma(close, 2.5) > 3", 12, 3, "whole number", ()),
        ("sma(close, volume) > 3", 12, 6, "must be a constant", ()),
        ("median(close, 900) > 3", 15, 3, "to 504", ()),
        ("sma(close, 2, 3) > 2", 1, 16, "takes at most 2 arguments, got 3", ()),
        ('sector == "Farma"', 11, 7, "No stock has the sector 'Farma'", ("Pharma",)),
        ('sector in ("IT")', 12, 4, "No stock has the sector 'IT'", ("Information Technology",)),
        ("rsi > 30", 1, 3, "rsi is a function", ()),
        ("close(5) > 30", 1, 8, "close is a field and takes no arguments", ("close",)),
        ('close > "x"', 9, 3, "cannot be compared", ()),
        ('sector > "x"', 1, 12, "compared by ==, != and in", ()),
        ("log(close) > 1", 5, 5, "must be a plain number; got a price", ()),
        ("close and up_day", 1, 5, "expected a condition", ()),
        ("up_day > 1", 10, 1, "cannot be compared", ()),
        ("up_day == up_day", 1, 16, "Conditions are not compared", ()),
        ("5 > 3", 1, 5, "always the same", ()),
        ("5[3] > close", 1, 1, "no history", ()),
        ("rank(5) < 1", 6, 1, "must not be a constant", ()),
        ("crosses_above(1, 2)", 1, 19, "Constants do not cross", ()),
        ("macd(26, 12) > 0", 1, 12, "must be shorter", ()),
        ("-sector > 1", 2, 6, "expected a number", ()),
        ('close in ("a")', 11, 3, "is no value of close", ()),
        ('in index("NIFTI50")', 10, 9, "There is no index", ("NIFTY50",)),
        ("in index(close)", 10, 5, "must be a text in quotes", ()),
        ('contains(close, "a")', 10, 5, "must be a text", ()),
    ],
)
def test_a_misuse_is_shown_where_it_stands(
    text: str, column: int, length: int, said: str, near: tuple[str, ...]
) -> None:
    with pytest.raises(ExpressionError) as caught:
        compiled(text, WORDS, "flag")
    error = caught.value
    assert said in error.message
    assert (error.line, error.column, error.length) == (1, column, length)
    assert error.near[: len(near)] == near


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=lambda one: one.name)
def test_the_example_of_every_function_is_right(function: object) -> None:
    names = {"change_pct": "turnover", "pe_ratio": "roe", "symbol": "name"}
    example: str = function.example  # type: ignore[attr-defined]
    for missing, present in names.items():
        example = example.replace(missing, present)
    found = compiled(example, WORDS, "flag")
    assert function.name in found.text  # type: ignore[attr-defined]
    assert compiled(formatted(found.tree), WORDS) == found


@pytest.mark.parametrize(
    ("text", "bars"),
    [
        ("close > 5", 1),
        ("close[5] > 5", 6),
        ("close > sma(close, 200)", 200),
        ("sma(close[5], 20) > 1", 25),
        ("roc(close, 20) > 1", 21),
        ("crosses_above(close, sma(close, 20))", 21),
        ("stoch_d(14, 3, 3) > 5", 18),
        ("up_day", 2),
        ("rsi(14) < 30", None),
        ("close > ema_20", None),
        ("sma(ema_20, 5) > 1", None),
    ],
)
def test_how_much_history_an_expression_needs_is_known(text: str, bars: int | None) -> None:
    assert reach(compiled(text, WORDS).tree, WORDS) == bars


@pytest.mark.parametrize(
    "text", ["log(-1) > 0", "sqrt(4) < 3", "log(0) + 1 > 0", "min(1, log(2)) > 0", "known(5)", "not (sqrt(2) > 1)"]
)
def test_constants_through_functions_are_constants(text: str) -> None:
    with pytest.raises(ExpressionError, match="constant"):
        compiled(text, WORDS, "flag")


def test_a_constant_through_a_function_may_be_compared_with() -> None:
    assert compiled("close > log(5)", WORDS, "flag").kind == Kind("flag")


@pytest.mark.parametrize(("text", "meant", "column"), [
    ("change_pct > 2%", "2", 14), ("1% < change_pct", "1", 1), ("change_pct >= -0.5%", "-0.5", 15),
    ("change_pct > 2 and change_pct < 12.5 %", "12.5", 33),
])  # fmt: skip
def test_a_hundredth_is_no_measure_of_a_field_in_percent(text: str, meant: str, column: int) -> None:
    words = Vocabulary({"change_pct": FieldSpec(Kind("number", 0), unit="percent")})
    compiled("change_pct > 3", words, "flag")  # a question of the same shape
    for _ in range(2):
        with pytest.raises(ExpressionError, match=f"change_pct is in percent: write {meant}$") as raised:
            compiled(text, words, "flag")
        assert raised.value.details()["column"] == column


def test_a_hundredth_is_one_of_a_fraction() -> None:
    words = Vocabulary({"roc_21": FieldSpec(Kind("number", 0), unit="fraction")})
    assert compiled("roc_21 > 2%", words, "flag").text == "roc_21 > 0.02"
