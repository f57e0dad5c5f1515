"""Which trials a record is judged by: all of them count, and those of a like record tell how far a Sharpe spreads."""

from __future__ import annotations

import math
import statistics
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engines.evidence.significance import expected_max_sharpe
from app.engines.evidence.trials import Group, Record, Trials, alike, trials_for, trials_of

TEN_YEARS = Record(date(2015, 1, 1), date(2024, 12, 31), 2480)
HALF_A_YEAR = Record(date(2024, 7, 1), date(2024, 12, 31), 124)


@pytest.mark.parametrize(
    ("other", "like"),
    [
        (TEN_YEARS, True),
        (HALF_A_YEAR, False),
        (Record(date(2015, 1, 1), date(2022, 12, 31), 1984), True),  # 0.8 of the returns and of the days
        (Record(date(2015, 1, 1), date(2021, 12, 31), 1736), False),  # 0.7
        (Record(date(2005, 1, 1), date(2014, 12, 31), 2480), False),  # as long, of other years
        (Record(date(2017, 1, 1), date(2026, 12, 31), 2480), True),  # as long, 8 of its 10 years shared
        (Record(date(2018, 1, 1), date(2027, 12, 31), 2480), False),  # 7 of 10
        (Record(date(2015, 1, 1), date(2024, 12, 31), 520), False),  # the same days, a return a week
        (Record(date(2015, 1, 1), date(2024, 12, 31), 1860), True),  # three quarters of the returns, to the last one
        (Record(date(2015, 1, 1), date(2024, 12, 31), 1859), False),
    ],
)
def test_records_are_alike_in_length_and_in_days(other: Record, like: bool) -> None:
    assert alike(TEN_YEARS, other) is like
    assert alike(other, TEN_YEARS) is like


def test_short_and_long_runs_by_hand() -> None:
    """Three of about ten years: 0.05, 0.06 and 0.07 a session; variance 0.0001. Two of half a year: 0.30 and -0.20.

    All five together would have a mean of 0.056 and a variance of
    (0.006² + 0.004² + 0.014² + 0.244² + 0.256²) / 4 = 0.125320 / 4 = 0.03133: three hundred times as much.
    """
    groups = [
        Group(TEN_YEARS, 2, 2, 0.06, 2 * 0.01**2),  # 0.05 and 0.07
        Group(Record(date(2016, 1, 1), date(2024, 12, 31), 2232), 1, 1, 0.06, 0.0),
        Group(HALF_A_YEAR, 3, 2, 0.05, 2 * 0.25**2),  # 0.30 and -0.20, and one that bought nothing
        Group(None, 4, 1, 0.9, 0.0),  # a Sharpe of before, and three that failed
    ]
    assert statistics.variance([0.05, 0.06, 0.07, 0.30, -0.20]) == pytest.approx(0.03133)
    long = trials_for(groups, TEN_YEARS)
    assert (long.number, long.compared, long.unknown) == (10, 3, 1)
    assert long.variance == pytest.approx(0.0001)
    # of ten trials: sqrt(0.0001) × 1.57459830134575 a session, 0.25 a year; mixed it was 0.2787 a session, 4.42 a year
    assert expected_max_sharpe(long.number, long.variance).value == pytest.approx(0.01 * 1.57459830134575)
    short = trials_for(groups, HALF_A_YEAR)
    assert (short.number, short.compared, short.unknown) == (10, 2, 1)
    assert short.variance == pytest.approx(0.125)  # (0.25² + 0.25²) / 1
    assert trials_for(groups, Record(date(2000, 1, 1), date(2004, 12, 31), 1240)) == Trials(10, None, 0, 1)
    assert trials_for(groups, None) == Trials(10, None, 0, 1)


def test_luck_alone_spreads_like_records_by_a_third_more_at_most() -> None:
    """Sharpe ratios of 4,000 records of normal returns without merit: variance 1/T, whatever T is."""
    draw = np.random.default_rng(7)
    for size in (93, 124):
        returns = draw.normal(0.0, 0.01, (4000, size))
        ratios = returns.mean(axis=1) / returns.std(axis=1, ddof=1)
        assert ratios.var() * size == pytest.approx(1.0, abs=0.08)
    assert 93 / 124 == 0.75


@given(
    st.lists(st.lists(st.floats(-3.0, 3.0), max_size=12), min_size=1, max_size=6),
    st.integers(0, 3),
)
def test_like_groups_put_together_are_the_sample_of_all(samples: list[list[float]], failed: int) -> None:
    groups = []
    for at, sample in enumerate(samples):
        mean = statistics.fmean(sample) if sample else 0.0
        squares = sum((value - mean) ** 2 for value in sample)
        record = TEN_YEARS._replace(returns=2480 - at)
        groups.append(Group(record, len(sample) + failed, len(sample), mean, squares))
    together = [value for sample in samples for value in sample]
    found = trials_for(groups, TEN_YEARS)
    assert found.number == len(together) + failed * len(samples) and found.compared == len(together)
    if len(together) < 2:
        assert found.variance is None
    else:
        assert found.variance == pytest.approx(statistics.variance(together), rel=1e-9, abs=1e-12)
    alone = trials_of(found.number, [*together, math.nan])
    assert (alone.number, alone.compared, alone.unknown) == (found.number, found.compared, 0)
    assert alone.variance == (None if found.variance is None else pytest.approx(found.variance, rel=1e-9, abs=1e-12))
