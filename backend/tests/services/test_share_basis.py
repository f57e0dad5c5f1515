"""Earnings a share and counts of shares in the shares of a day: worked by hand, and against a search through all."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.services.fundamentals import Figures, _columns, _figures
from app.services.screens.figures import FigureSteps
from app.services.share_basis import ShareChanges

SCHEMA = {
    "instrument_id": pl.Int64, "field": pl.String, "period_kind": pl.String, "period_end": pl.Date, "value": pl.Float64,
    "unit": pl.String, "source": pl.String, "source_rank": pl.Int16, "known_at": pl.Date, "known_at_basis": pl.String,
    "symbol": pl.String, "symbol_on": pl.Date, "sha256": pl.String, "line": pl.Int32,
}  # fmt: skip
Change = tuple[int, date, float | None]
MARCH, MADE = date(2021, 3, 31), date(2022, 6, 15)  # the end of a fiscal year, and the day a vendor's table was made


def told(field: str, value: float, source: str, period: date, known: date, of: date, instrument: int = 1) -> dict:  # type: ignore[type-arg]
    """A figure of a file of the day `of`."""
    return {
        "instrument_id": instrument, "field": field, "period_kind": "ANNUAL" if field == "eps" else "SNAPSHOT",
        "period_end": period, "value": value, "unit": "", "source": source, "source_rank": 1, "known_at": known,
        "known_at_basis": "LAG", "symbol": "A", "symbol_on": of, "sha256": f"{source}{of}", "line": 1,
    }  # fmt: skip


def table(figures: Sequence[dict], changes: Sequence[Change]) -> Figures:  # type: ignore[type-arg]
    return _figures((0, 0, 0), pl.DataFrame(figures, schema=SCHEMA), ShareChanges(changes))


def on(of: Figures, field: str, day: date, instrument: int = 1) -> float:
    """The figure on a day, which one day's table and the steps of all days say alike; NaN where unknown."""
    kind = "ANNUAL" if field == "eps" else "SNAPSHOT"
    found = of.asof(day, [instrument]).filter(
        (pl.col("field").cast(pl.String) == field) & (pl.col("period_kind").cast(pl.String) == kind)
    )
    one = math.nan if not found.height or found["value"][0] is None else float(found["value"][0])
    steps = FigureSteps(of)
    days = np.array([(day - date(1970, 1, 1)).days], np.int64)
    values = (steps.account if kind == "ANNUAL" else steps.snapshot)(field, np.array([instrument], np.int64), days)
    np.testing.assert_array_equal(values, [one])
    return one


EPS = told("eps", 4.0, "YAHOO_DERIVED", MARCH, date(2021, 5, 30), MADE)


def test_what_a_vendor_restated_later_is_taken_back_before_the_split() -> None:
    """A table of June 2022 says 4; five for one of January 2022 made that of 20. At 300 before, 60 after: P/E 15."""
    of = table([EPS], [(1, date(2022, 1, 10), 5.0)])
    assert on(of, "eps", date(2021, 12, 1)) == 20.0 and 300.0 / 20.0 == 15.0
    assert on(of, "eps", date(2022, 1, 9)) == 20.0
    assert on(of, "eps", date(2022, 1, 10)) == 4.0 and 60.0 / 4.0 == 15.0  # from the ex-date on, that day included


def test_a_figure_older_than_a_split_is_turned_into_the_shares_after_it() -> None:
    of = table([EPS], [(1, date(2022, 9, 1), 10.0)])
    assert on(of, "eps", date(2022, 8, 31)) == 4.0
    assert on(of, "eps", date(2022, 9, 1)) == 0.4


def test_a_bonus_counts_as_a_split_and_two_changes_multiply() -> None:
    """Bonus 1:2 (1.5) in August 2021 and 2:1 in January 2022, both in the table: 4 · 3 = 12, then 4 · 2 = 8, then 4."""
    of = table([EPS], [(1, date(2022, 1, 10), 2.0), (1, date(2021, 8, 2), 1.5)])
    assert [on(of, "eps", date(2021, month, 1)) for month in (7, 9)] == [12.0, 8.0]
    assert on(of, "eps", date(2022, 2, 1)) == 4.0
    # one before the table and one after it
    of = table([EPS], [(1, date(2022, 1, 10), 2.0), (1, date(2022, 8, 2), 1.6)])
    assert [on(of, "eps", one) for one in (date(2022, 1, 1), MADE, date(2022, 8, 2))] == [8.0, 4.0, 2.5]


def test_shares_put_together_raise_what_is_earned_by_each() -> None:
    of = table([EPS], [(1, date(2022, 9, 1), 0.1)])
    assert on(of, "eps", date(2022, 9, 1)) == 40.0


def test_a_count_of_shares_grows_with_a_split_after_the_day_it_was_told_for() -> None:
    """The exchange counts 500 on 29 October, five for one follows: 2,500, and the value at the close stays 50,000."""
    october = date(2021, 10, 29)
    count = told("shares_outstanding", 500.0, "NSE_MCAP", october, october, october)
    of = table([count], [(1, date(2021, 11, 15), 5.0), (1, date(2021, 10, 29), 2.0)])
    assert on(of, "shares_outstanding", october) == 500.0  # a split of the day of the file is in it
    assert on(of, "shares_outstanding", date(2021, 11, 12)) * 100.0 == 50_000.0
    assert on(of, "shares_outstanding", date(2021, 11, 15)) * 20.0 == 50_000.0


def test_another_stock_and_other_figures_are_left_alone() -> None:
    figures = [EPS, told("eps", 7.0, "YAHOO_DERIVED", MARCH, date(2021, 5, 30), MADE, instrument=2)]
    of = table([*figures, EPS | {"field": "revenue", "value": 9.0}], [(1, date(2022, 1, 10), 5.0)])
    assert on(of, "eps", date(2021, 12, 1), instrument=2) == 7.0
    revenue = of.asof(date(2021, 12, 1)).filter(pl.col("field").cast(pl.String) == "revenue")
    assert revenue["value"].to_list() == [9.0]


UNDATED = told("eps", 4.0, "SCREENER_ANNUAL", MARCH, date(2021, 5, 30), date(2021, 9, 30))


@pytest.mark.parametrize(
    ("split", "before", "after"),
    [
        (date(2021, 9, 30), 20.0, 4.0),  # in the table: it tells of that day
        (date(2021, 10, 1), math.nan, math.nan),  # may be in it or not
        (date(2022, 5, 30), math.nan, math.nan),
        (date(2022, 5, 31), 4.0, 0.8),  # the next year's results were due on 30 May, and the table has none
    ],
)
def test_a_table_without_a_day_is_of_some_day_before_the_next_years_results(
    split: date, before: float, after: float
) -> None:
    """Its newest year ended in March 2021, one company's half-year in September."""
    half_year = told("eps", 1.0, "SCREENER_ANNUAL", date(2021, 9, 30), date(2021, 11, 29), date(2021, 9, 30), 3)
    others = [UNDATED | {"instrument_id": n} for n in (2, 4)]
    of = table([UNDATED, half_year, *others], [(1, split, 5.0)])
    np.testing.assert_array_equal([on(of, "eps", split - timedelta(days=1)), on(of, "eps", split)], [before, after])
    assert on(of, "eps", split, instrument=2) == 4.0


def test_across_a_move_that_nothing_explains_nothing_is_converted_and_the_columns_say_so() -> None:
    of = table([EPS], [(1, date(2022, 1, 10), None)])
    assert math.isnan(on(of, "eps", date(2022, 1, 9)))
    assert on(of, "eps", date(2022, 1, 10)) == 4.0
    found = _columns(of, np.array([1], np.int64), date(2022, 1, 9))
    assert np.isnan(found.numbers["eps"][0]) and found.uncounted == 1 and found.lagged == 0
    assert "1 earnings a share or counts of shares are unknown" in found.note
    assert "unknown" not in _columns(of, np.array([1], np.int64), date(2022, 1, 10)).note


DAY = date(2020, 1, 1)
CHANGES = st.lists(
    st.tuples(st.integers(1, 3), st.integers(0, 30), st.sampled_from([0.5, 2.0, 4.0, 8.0, None])), max_size=12
)


@settings(deadline=None, max_examples=200)
@given(CHANGES, st.integers(1, 4), st.integers(0, 30), st.integers(0, 30), st.integers(0, 30), st.sampled_from([1, -1]))
def test_the_scale_equals_a_walk_through_all_changes(
    changes: list[tuple[int, int, float | None]], instrument: int, first: int, more: int, day: int, degree: int
) -> None:
    last = first + more // 5
    of = ShareChanges([(one, DAY + timedelta(days=at), factor) for one, at, factor in changes])
    days = [np.array([(DAY - date(1970, 1, 1)).days + one], np.int64) for one in (first, last, day)]
    found = of.scale(np.array([degree], np.int64), np.array([instrument], np.int64), *days)[0]
    ours = [(at, factor) for one, at, factor in changes if one == instrument]
    expected = 1.0  # powers of two: exact in any order
    for at, factor in ours:
        if factor is None:
            expected = math.nan if min(first, day) < at <= max(last, day) else expected
        elif first < at <= last:
            expected = math.nan
        elif day < at <= first:  # the file counts it, the day does not
            expected *= factor**degree
        elif last < at <= day:
            expected /= factor**degree
    np.testing.assert_array_equal(found, expected)
