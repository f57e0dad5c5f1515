"""Expressions of one shape: another constant gives what reading the whole text gives."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engines.screener.language import Expression, ExpressionError, Vocabulary, compiled
from app.engines.screener.language.shapes import cut
from app.engines.screener.language.tree import Number
from tests.engines.screener.language.words import vocabulary

_constants = st.one_of(
    st.integers(-999, 10**7).map(str),
    st.decimals(0, 10**6, places=3).map(str),
    st.builds(
        lambda n, unit: f"{n}{unit}", st.integers(0, 99), st.sampled_from(["%", "cr", " crore", "L", " k", "e3"])
    ),
)
_operators = st.sampled_from(["<", " <= ", ">", " >= ", "==", " != ", " <> ", " = "])
_lefts = st.sampled_from(["close", "sma(close, 20)", "close - open", "roe", "-close", "rank(roe)", "close[5]"])
_others = st.sampled_from(
    ['sector == "Pharma"', 'contains(name, "> 5 and")', "count((close > 5), 10) > 1", "3 < 5 < close", "up_day"]
)
_parts = st.lists(st.tuples(_lefts, _operators) | _others, min_size=1, max_size=4)
_shapes = st.tuples(_parts, st.sampled_from([" and ", " or ", ") and ("]), st.booleans())


def written(parts: list[tuple[str, str] | str], word: str, negated: bool, numbers: list[str]) -> str:
    values = iter(numbers)
    inner = word.join(one if isinstance(one, str) else f"{one[0]}{one[1]}{next(values)}" for one in parts)
    whole = f"({inner})" if ")" in word else inner
    return f"not ({whole})" if negated else whole


def outcome(text: str, words: Vocabulary) -> Expression | tuple[str, dict[str, object]]:
    try:
        return compiled(text, words, "flag")
    except ExpressionError as error:
        return error.message, error.details()


@given(_shapes, st.lists(st.lists(_constants, min_size=4, max_size=4), min_size=2, max_size=3))
def test_another_constant_gives_the_expression_that_reading_it_anew_gives(
    shape: tuple[list[tuple[str, str] | str], str, bool], numbers: list[list[str]]
) -> None:
    words = vocabulary()
    for some in numbers:
        text = written(*shape, some)
        fresh = vocabulary()
        known, anew = outcome(text, words), outcome(text, fresh)
        assert known == anew
        if isinstance(known, Expression) and isinstance(anew, Expression):
            assert words.reads(known.tree) == fresh.reads(anew.tree)
            assert words.kind(known.tree) == fresh.kind(anew.tree)


def test_a_threshold_that_moves_is_not_read_again() -> None:
    words = vocabulary()
    first = compiled("close > 100 and roe >= 12.5%", words, "flag")
    assert len(words.shapes) == 1
    second = compiled("close > 250 and roe >= -3%", words, "flag")
    assert len(words.shapes) == 1
    assert (first.text, second.text) == ("close > 100 and roe >= 0.125", "close > 250 and roe >= -0.03")
    compiled("close > 250 and roe >= -3", words, "flag")
    assert len(words.shapes) == 2  # a field in percent takes no hundredths


def test_constants_in_quotes_and_in_windows_stay_where_they_are() -> None:
    # of four numbers one is compared with at the end of a condition
    assert cut('contains(name, "> 5 and") and sma(close, 20) > 7') == (
        'contains(name, "> 5 and") and sma(close, 20) > \0',
        [Number(7.0)],
    )


@pytest.mark.parametrize(
    "text",
    [
        "count((close > 5), 10) > 1 and 3 < 5 < close",  # the cut constants are 5 and 1, those of the tree 1 and 5
        "close > (5)",
        "5 < close",
        "close in (5, 6)",
    ],
)
def test_a_text_whose_constants_stand_elsewhere_is_read_each_time(text: str) -> None:
    words = vocabulary()
    compiled(text, words, "flag")
    assert not words.shapes


def test_a_mistake_in_a_known_shape_is_told_with_its_place() -> None:
    words = vocabulary()
    compiled("close > 5 and roe > 3", words, "flag")
    for text in ("close > 5 and roa > 33", "close > 555 and roa > 3"):
        with pytest.raises(ExpressionError) as wrong:
            compiled(text, words, "flag")
        assert wrong.value.column == text.index("roa") + 1
    with pytest.raises(ExpressionError):
        compiled("close > \0 and roe > 3", words, "flag")
