"""Runs side by side: figures by hand, draws against the plain definitions, and laws of a difference."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engines.evidence import comparison
from app.engines.evidence.comparison import Curve, compare, shared

PERIODS = 252


def curve(returns: np.ndarray, start: str = "2020-01-01", capital: float = 100.0) -> Curve:
    days = np.datetime64(start, "D") + np.arange(len(returns) + 1)
    return Curve(days, capital * np.cumprod(np.append(1.0, 1.0 + returns)))


def noise(seed: int, sessions: int = 300, mean: float = 0.0005) -> np.ndarray:
    return np.random.default_rng(seed).normal(mean, 0.01, sessions)


def test_only_the_sessions_that_all_have_are_measured():
    first = Curve(np.array(["2024-01-01", "2024-01-02", "2024-01-04"], "datetime64[D]"), np.array([100.0, 110.0, 99.0]))
    second = Curve(np.array(["2024-01-02", "2024-01-03", "2024-01-04"], "datetime64[D]"), np.array([50.0, 60.0, 55.0]))
    days, equity = shared([first, second])
    assert [str(day) for day in days] == ["2024-01-02", "2024-01-04"]
    assert equity.tolist() == [[110.0, 99.0], [50.0, 55.0]]
    found = compare([first, second], periods=1)
    # one return each: 99/110 - 1 = -10 % and 55/50 - 1 = +10 %
    assert [m.value for m in found.values["cagr"]] == [pytest.approx(-0.1), pytest.approx(0.1)]
    assert found.differences["cagr"][0].value == pytest.approx(0.2)
    assert found.growth[1].tolist() == [1.0, pytest.approx(1.1)]
    assert found.drawdown[0].tolist() == [0.0, pytest.approx(-0.1)]


def test_a_short_record_has_differences_without_intervals_and_says_so():
    found = compare([curve(noise(1, 40)), curve(noise(2, 40))], periods=PERIODS)
    difference = found.differences["sharpe"][0]
    assert difference.value is not None and difference.low is None and difference.high is None
    assert found.block is None and "41 sessions in common" in str(found.reason) and difference.reason == found.reason


def test_a_run_does_not_differ_from_itself_by_luck_either():
    found = compare([curve(noise(1)), curve(noise(1), capital=7.0)], periods=PERIODS)
    for differences in found.differences.values():
        low, high = differences[0].low, differences[0].high
        assert differences[0].value == pytest.approx(0.0, abs=1e-12)
        assert low == pytest.approx(0.0, abs=1e-9) and high == pytest.approx(0.0, abs=1e-9)
    assert found.correlation == pytest.approx(np.ones((2, 2)))


def test_drawing_the_same_sessions_for_both_sees_a_small_edge_that_is_always_there():
    """An edge of one basis point a day on top of the same noise: far inside either run's own luck."""
    base = noise(3, 600)
    found = compare([curve(base), curve(base + 1e-4)], periods=PERIODS)
    difference = found.differences["cagr"][0]
    assert difference.low is not None and difference.low > 0.0
    apart = compare([curve(base), curve(noise(4, 600) + 1e-4)], periods=PERIODS).differences["cagr"][0]
    assert apart.low is not None and apart.high is not None and apart.low < 0.0 < apart.high


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000), st.integers(2, 4), st.integers(2, 80))
def test_drawn_figures_are_the_plain_ones_for_many_series_at_once(seed, runs, sessions):
    source = np.random.default_rng(seed)
    returns, rows = source.normal(0.0, 0.02, (runs, sessions)), source.integers(0, sessions, (3, sessions))
    found = comparison._drawn(returns, rows, PERIODS)
    for name, figure in comparison._figures(PERIODS).items():
        plain = [[figure(series[drawn]).value for series in returns] for drawn in rows]
        np.testing.assert_allclose(found[name], np.array(plain, float), rtol=1e-9, atol=1e-12, err_msg=name)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10_000))
def test_comparing_the_other_way_round_turns_every_interval_round(seed):
    a, b = curve(noise(seed, 80)), curve(noise(seed + 1, 80, 0.001))
    there = compare([a, b], periods=PERIODS, resamples=50)
    back = compare([b, a], periods=PERIODS, resamples=50)
    for name in there.differences:
        one, other = there.differences[name][0], back.differences[name][0]
        assert one.value == pytest.approx(-other.value)
        assert (one.low, one.high) == (pytest.approx(-other.high), pytest.approx(-other.low))


def test_the_same_seed_gives_the_same_intervals_and_another_one_others():
    curves = [curve(noise(5)), curve(noise(6))]
    first, again, other = (compare(curves, periods=PERIODS, seed=seed, resamples=300) for seed in (1, 1, 2))
    assert first.differences == again.differences
    assert first.differences != other.differences


def test_an_account_that_never_moved_has_no_sharpe_and_no_correlation():
    found = compare([curve(noise(7)), curve(np.zeros(300))], periods=PERIODS)
    assert found.differences["sharpe"][0] == (None, None, None, "returns do not vary")
    assert np.isnan(found.correlation[0, 1]) and np.isnan(found.correlation[1, 1])
    assert found.differences["volatility"][0].high is not None


@pytest.mark.parametrize(
    ("curves", "words"),
    [
        ([curve(noise(1))], "two or more"),
        ([curve(noise(1)), curve(noise(1), start="2030-01-01")], "two sessions or more that all of them have"),
        ([curve(noise(1)), curve(np.full(300, -1.0))], "zero or less"),
    ],
)
def test_what_cannot_be_compared_says_why(curves, words):
    with pytest.raises(ValueError, match=words):
        compare(curves, periods=PERIODS)
