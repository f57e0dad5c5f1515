"""Breadth counts new highs and lows as the fields of the same name hold: beyond all of the 251 sessions before."""

from __future__ import annotations

import numpy as np
import pytest

from app.engines.bars import Bars, Prices
from app.engines.screener.cards import card_fields
from app.engines.screener.language import Vocabulary, compiled
from app.engines.screener.language.evaluate import Evaluator, matches
from app.engines.screener.language.frame import rows_of_bars
from app.services.screens.overview import EVENTS

WORDS = Vocabulary(card_fields())


@pytest.mark.parametrize(
    ("high", "low", "held"),
    [
        (12.0, 10.0, (False, False)),  # meets both ends of the year, passes neither
        (12.01, 10.0, (True, False)),
        (12.0, 9.99, (False, True)),
    ],
)
def test_a_high_or_low_that_was_there_before_is_no_new_one(high: float, low: float, held: tuple[bool, bool]) -> None:
    """251 sessions between 10 and 12, then one more."""
    shape = (252, 1)
    highs, lows = np.full(shape, 12.0), np.full(shape, 10.0)
    highs[-1], lows[-1] = high, low
    middle = np.full(shape, 11.0)
    bars = Bars(
        np.arange("2024-01-01", "2024-09-09", dtype="datetime64[D]"),
        ("A",),
        ("A",),
        Prices(middle, highs, lows, middle),
        np.ones(shape),
        np.ones(shape),
        np.zeros(shape, np.bool_),
        np.ones(shape, np.bool_),
    )
    rows = rows_of_bars(bars)

    def last(text: str) -> bool:
        return bool(matches(Evaluator(rows, WORDS).condition(compiled(text, WORDS).tree))[-1])

    assert (last(EVENTS["new_highs"]), last(EVENTS["new_lows"])) == held
    assert (last("new_52w_high"), last("new_52w_low")) == held
