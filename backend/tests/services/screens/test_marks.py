"""Bands and marks of rows: told where a file of the day tells, unknown everywhere else."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from app.engines.screener.language.frame import Texts
from app.repositories.market_rules import FlagRow
from app.services.screens.marks import MARKS, MarkTable

SESSIONS = np.array(["2025-12-15", "2025-12-16", "2025-12-17"], "datetime64[D]")


def row(day: int, symbol: str, flag: str, band: float | None = None) -> FlagRow:
    return FlagRow(date(2025, 12, day), symbol, flag, None, band, None, None)


TOLD = [
    row(16, "AAA", "BAND_HIT_UP"),
    row(16, "GONE", "BAND_HIT_DOWN"),  # a symbol without a bar: the list is of the day all the same
    row(16, "BBB", "SURVEILLANCE"),
    row(17, "AAA", "BAND", 5.0),
    row(17, "BBB", "BAND"),  # no band
    row(14, "AAA", "BAND_HIT_UP"),  # a Sunday
]
NAN = float("nan")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # rows: AAA on the 15th, 16th, 17th, then BBB
        ("hit_upper_band", [NAN, 1.0, NAN, NAN, 0.0, NAN]),
        ("hit_lower_band", [NAN, 0.0, NAN, NAN, 0.0, NAN]),
        ("has_derivatives", [NAN] * 6),
        ("under_surveillance", [NAN, NAN, NAN, NAN, 1.0, NAN]),
        ("price_band", [NAN, NAN, 5.0, NAN, NAN, NAN]),
    ],
)
def test_a_mark_is_known_on_the_days_of_a_file(name: str, expected: list[float]) -> None:
    days, symbols = (
        np.array([0, 1, 2, 0, 1, 2], np.int32),
        Texts(np.array([0, 0, 0, 1, 1, 1], np.int32), ["AAA", "BBB"]),
    )
    np.testing.assert_array_equal(MarkTable(TOLD, SESSIONS).number(name, days, symbols), expected)
    np.testing.assert_array_equal(MarkTable([], SESSIONS).number(name, days, symbols), [NAN] * 6)


def test_every_mark_has_a_card() -> None:
    from app.engines.screener.cards import CARDS

    assert MARKS.keys() <= CARDS.keys()
