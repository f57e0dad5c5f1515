"""The cards: each reads, has the unit it says, and the fields of the nightly snapshot equal their expressions."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from app.engines.evidence.lookahead_panel import market
from app.engines.screener import FIELDS
from app.engines.screener.cards import CARDS, CardFields
from app.engines.screener.cards.card import FLAG, PLAIN, Card
from app.engines.screener.language import Vocabulary, compiled
from app.engines.screener.language.evaluate import DayEvaluator, Evaluator, to_number
from app.engines.screener.language.frame import rows_of_bars
from app.engines.screener.language.reads import reach
from app.engines.screener.snapshot import snapshot

WORDS = Vocabulary(CardFields())
DEGREES = {"rupees": {0, 1}, "shares": {-1}}


@pytest.mark.parametrize("card", CARDS.values(), ids=lambda card: card.name)
def test_every_card_reads_and_has_the_dimension_of_its_unit(card: Card) -> None:
    found = compiled(card.name, WORDS)
    if card.unit in {"flag", "text"}:
        assert found.kind.type == card.unit
    else:
        assert found.kind.type == "number"
        assert found.kind.degree in DEGREES.get(card.unit, {0})
    assert card.label and card.description.endswith(".")
    assert reach(found.tree, WORDS) != 0


def test_the_fields_of_the_snapshot_equal_their_expressions() -> None:
    bars = market(400, seed=5)
    turnover = bars.raw.close * bars.raw_volume
    rows = rows_of_bars(bars, {"turnover": turnover})
    compared = 0
    for day in (30, 260, 330, 399):
        wanted = snapshot(bars, turnover, asof=day)
        evaluator = DayEvaluator(rows, day, WORDS)
        for name in FIELDS:
            tree = compiled(name, WORDS).tree
            is_flag = CARDS[name].unit == "flag"
            ours = to_number(evaluator.condition(tree)) if is_flag else evaluator.number(tree)
            theirs = wanted.columns[name][evaluator.columns]
            np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12, err_msg=f"{name} on {day}")
            compared += int(np.isfinite(theirs).sum())
    assert compared > 400


def test_every_field_of_the_snapshot_has_a_card_of_its_unit() -> None:
    for name, field in FIELDS.items():
        assert (CARDS[name].label, CARDS[name].unit) == (field.label, field.unit)


def test_a_field_of_fields_is_the_expression_written_out() -> None:
    bars = market(300, seed=2)
    rows = rows_of_bars(bars, {"turnover": bars.raw.close * bars.raw_volume})
    for short, long in (
        ("dist_52w_high < -20", "100 * (close / highest(high, 252) - 1) < -20"),
        ("averages_in_order", "close > sma(50) and sma(50) > sma(150) and sma(150) > sma(200)"),
        ("nr7", "high - low <= lowest(high - low, 7)"),
    ):
        a, b = (Evaluator(rows, WORDS).condition(compiled(text, WORDS, "flag").tree) for text in (short, long))
        np.testing.assert_array_equal(a, b, err_msg=short)


def test_a_field_twice_or_without_a_definition_is_refused() -> None:
    from app.engines.screener.cards import _by_name

    card = Card("a", "A", "ratio", None, "A.", "Price", PLAIN)
    with pytest.raises(ValueError, match="two fields called a"):
        _by_name(card, card)
    with pytest.raises(ValueError, match="not both"):
        _by_name(card._replace(expression="close"))
    with pytest.raises(ValueError, match="not both"):
        _by_name(Card("b", "B", "flag", None, "B.", "Price"))
    assert FLAG.type == "flag"


def test_the_sets_of_columns_of_the_page_name_fields_that_there_are() -> None:
    source = Path(__file__).parents[4] / "frontend" / "features" / "screener" / "columns.tsx"
    ids = " ".join(re.findall(r'ids: "([a-z0-9_ ]+)"\.split', source.read_text())).split()
    assert len(ids) > 40 and [name for name in ids if name != "spark" and name not in CARDS] == []
