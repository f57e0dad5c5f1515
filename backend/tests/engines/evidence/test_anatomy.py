"""What a curve is made of: hand-worked months and falls, twins of the fast forms, and laws of the draws."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engines.evidence import anatomy
from app.engines.risk.returns import rolling, sharpe

DAYS = np.array(["2023-12-28", "2023-12-29", "2024-01-01", "2024-01-31", "2024-02-01", "2024-03-04"], "datetime64[D]")
EQUITY = np.array([100.0, 110.0, 121.0, 99.0, 198.0, 99.0])


def test_months_run_from_the_close_before_them():
    found = anatomy.months(DAYS, EQUITY)
    # Dec: 110/100 - 1, from the first close on; Jan: 99/110 - 1; Feb: 198/99 - 1; Mar: 99/198 - 1
    assert [(m.year, m.month, m.whole) for m in found] == [
        (2023, 12, False), (2024, 1, True), (2024, 2, True), (2024, 3, False),
    ]  # fmt: skip
    assert [m.value for m in found] == pytest.approx([0.1, -0.1, 1.0, -0.5])
    assert [(y.year, y.month, y.value) for y in anatomy.years(DAYS, EQUITY)] == [
        (2023, 0, pytest.approx(0.1)), (2024, 0, pytest.approx(-0.1)),
    ]  # fmt: skip


def test_a_first_close_that_ends_its_month_has_no_return():
    assert [m.month for m in anatomy.months(DAYS[1:], EQUITY[1:])] == [1, 2, 3]
    assert anatomy.months(DAYS[:1], EQUITY[:1]) == []


@settings(deadline=None)
@given(st.lists(st.floats(-0.2, 0.2), min_size=1, max_size=120), st.integers(0, 20_000))
def test_months_and_years_compound_to_the_whole(returns, start):
    equity = 100.0 * np.cumprod(np.append(1.0, 1.0 + np.array(returns)))
    days = np.datetime64(start, "D") + np.cumsum(np.arange(len(equity)) % 11 + 1)
    for spans in (anatomy.months(days, equity), anatomy.years(days, equity)):
        assert math.prod(1.0 + span.value for span in spans) == pytest.approx(equity[-1] / equity[0])


def test_the_worst_falls_come_deepest_first():
    equity = np.array([100.0, 90.0, 100.0, 120.0, 60.0, 130.0, 117.0])
    falls = anatomy.worst_falls(equity, 100.0)
    # 120 -> 60 is -50 %, 100 -> 90 and 130 -> 117 are -10 % each, in order of time; the last has not recovered
    assert [(fall.peak, fall.trough, fall.recovery) for fall in falls] == [(3, 4, 5), (0, 1, 2), (5, 6, None)]
    assert [fall.depth for fall in falls] == pytest.approx([-0.5, -0.1, -0.1])
    assert len(anatomy.worst_falls(equity, 100.0, most=1)) == 1


@settings(deadline=None)
@given(st.lists(st.floats(-0.1, 0.1), min_size=0, max_size=60), st.integers(2, 20))
def test_the_rolling_sharpe_is_that_of_each_window(returns, window):
    values = np.array(returns)
    plain = rolling(lambda part: sharpe(part, 252), window, values) if values.size else values
    np.testing.assert_allclose(anatomy.rolling_sharpe(values, window, 252), plain, rtol=1e-7, atol=1e-9)


@settings(deadline=None)
@given(st.lists(st.floats(-1e3, 1e3), min_size=0, max_size=400))
def test_bins_hold_every_value_once_and_zero_is_an_edge_where_it_is_inside(values):
    found = anatomy.bins(np.array([*values, np.nan]))
    assert found.counts.sum() == len(values)
    assert found.counts.size <= 60
    widths = np.diff(found.edges)
    assert (widths > 0.0).all()
    if values and found.edges[0] < 0.0 < found.edges[-1]:
        assert np.abs(found.edges).min() < 1e-9 * widths[0]


def test_luck_needs_a_record_that_varies():
    assert "too few to draw from" in str(anatomy.luck(np.full(59, 0.01), periods=252))
    assert anatomy.luck(np.full(300, 0.01), periods=252) == "returns do not vary"


def test_intervals_hold_the_figure_and_the_cone_its_end():
    returns = np.random.default_rng(3).normal(0.0006, 0.01, 750)
    found = anatomy.luck(returns, periods=252)
    assert not isinstance(found, str)
    ratio = sharpe(returns, 252).value
    assert ratio is not None and found.intervals["sharpe"].low < ratio < found.intervals["sharpe"].high
    # an annual Sharpe over 750 / 252 years has a standard error of about 1 / sqrt(2.976) = 0.58: 3.92 of them
    assert found.intervals["sharpe"].high - found.intervals["sharpe"].low == pytest.approx(3.92 * 0.58, rel=0.15)
    assert found.cone.shape == (5, 751)
    assert (found.cone[:, 0] == 1.0).all()
    assert (np.diff(found.cone, axis=0) >= 0.0).all()
    end = np.prod(1.0 + returns)
    assert found.cone[0, -1] < end < found.cone[4, -1]
    # the cone's end and the interval of the growth a year are quantiles of the same draws
    assert found.cone[2, -1] ** (252 / 750) - 1.0 == pytest.approx(end ** (252 / 750) - 1.0, abs=0.05)


def test_the_same_seed_draws_the_same_luck():
    returns = np.random.default_rng(4).normal(0.0, 0.01, 100)
    first, again, other = (anatomy.luck(returns, periods=252, seed=s, resamples=200) for s in (1, 1, 2))
    assert first.intervals == again.intervals != other.intervals
    np.testing.assert_array_equal(first.cone, again.cone)
