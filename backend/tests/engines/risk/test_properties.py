"""What measures must obey whatever the returns: scaling, order, and the obvious twin."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engines.risk import basics, moments, relative, tail
from app.engines.risk import drawdowns as d
from app.engines.risk import returns as r
from app.engines.risk.excursions import excursions

curves = st.lists(st.floats(1.0, 1e6), min_size=1, max_size=40).map(np.array)
# moves that a double holds apart: no deviation is noise by accident
records = st.lists(st.integers(-500, 500), min_size=3, max_size=60).map(lambda v: np.array(v) / 10_000.0)
varied = records.filter(lambda v: np.ptp(v) > 0.0)
factors = st.floats(0.1, 3.0)


def same(first: basics.Measure, second: basics.Measure, times: float = 1.0) -> bool:
    """Whether both are the same number, or both undefined for the same reason."""
    if first.value is None or second.value is None:
        return first == second
    return bool(first.value == pytest.approx(second.value * times, rel=1e-7, abs=1e-11))


@given(curves, st.floats(1.0, 1e6))
def test_the_drawdown_agrees_with_the_obvious_one(equity, capital):
    obvious = min(equity[t] / max(capital, *equity[: t + 1]) - 1.0 for t in range(len(equity)))
    deepest = d.deepest_drawdown(equity, capital)
    assert deepest.depth == pytest.approx(obvious, abs=1e-15)
    assert d.max_drawdown(equity, capital).value == deepest.depth
    if deepest.trough is not None:
        height = capital if deepest.peak == -1 else equity[deepest.peak]
        assert equity[deepest.trough] / height - 1.0 == deepest.depth
        assert deepest.recovery is None or equity[deepest.recovery] >= height


@given(curves, st.floats(1.0, 1e6))
def test_falls_cover_every_point_below_the_peak_and_no_other(equity, capital):
    covered = np.zeros(equity.size, bool)
    found = d.episodes(equity, capital)
    for fall in found:
        covered[fall.peak + 1 : equity.size if fall.recovery is None else fall.recovery] = True
    assert (covered == (d.drawdowns(equity, capital) < 0.0)).all()
    assert min((fall.depth for fall in found), default=0.0) == d.max_drawdown(equity, capital).value


@given(curves, st.floats(1.0, 1e6), st.floats(0.01, 100.0))
def test_rupees_or_paise_give_the_same_drawdowns(equity, capital, factor):
    for measure in (d.max_drawdown, d.ulcer_index, d.pain_index):
        ours, scaled = measure(equity, capital).value, measure(equity * factor, capital * factor).value
        assert scaled == pytest.approx(ours, abs=1e-9)


# a fall to a millionth in one step leaves six digits fewer in 1 + r; to a thousandth, three
@settings(deadline=None)
@given(st.lists(st.floats(1e3, 1e6), min_size=3, max_size=40).map(np.array))
def test_growth_compounds_to_the_last_point(equity):
    returns = basics.returns_of(equity)
    growth = r.cagr(returns, 60).value
    assert growth is not None
    assert growth == pytest.approx((equity[-1] / equity[0]) ** (60 / len(returns)) - 1.0, rel=1e-9, abs=1e-9)


@given(varied, factors)
def test_ratios_do_not_know_leverage_and_deviations_scale_with_it(returns, factor):
    for measure in (r.sharpe, r.sortino):
        assert same(measure(returns * factor, 252), measure(returns, 252))
    for measure in (r.omega, moments.skewness, moments.kurtosis, tail.tail_ratio):
        assert same(measure(returns * factor), measure(returns))
    for measure in (r.volatility, r.downside_deviation, r.mean_return):
        assert same(measure(returns * factor, 252), measure(returns, 252), factor)
    for measure in (tail.value_at_risk, tail.expected_shortfall, tail.value_at_risk_normal):
        assert same(measure(returns * factor), measure(returns), factor)


@given(records, st.randoms(use_true_random=False))
def test_the_order_of_returns_does_not_matter_where_no_path_is_measured(returns, shuffle):
    order = list(range(returns.size))
    shuffle.shuffle(order)
    for measure in (r.omega, r.best, r.worst, r.winning_periods, tail.value_at_risk, tail.expected_shortfall,
                    tail.tail_ratio, moments.skewness, moments.kurtosis, r.cumulative_return):  # fmt: skip
        assert same(measure(returns[order]), measure(returns))
    for measure in (r.sharpe, r.sortino, r.volatility, r.cagr):
        assert same(measure(returns[order], 252), measure(returns, 252))


@given(records, st.floats(0.6, 0.99), st.floats(0.001, 0.0099))
def test_more_confidence_never_tells_a_smaller_loss(returns, confidence, more):
    for measure in (tail.value_at_risk, tail.expected_shortfall, tail.value_at_risk_normal):
        first, second = measure(returns, confidence).value, measure(returns, confidence + more).value
        assert first is not None and second is not None
        assert second >= first - 1e-15


@given(varied, st.floats(0.55, 0.98), st.floats(0.001, 0.0199))
def test_the_bent_quantile_rises_wherever_it_is_told(returns, confidence, more):
    first, second = (tail.value_at_risk_cornish_fisher(returns, c).value for c in (confidence, confidence + more))
    if first is not None and second is not None:
        assert second >= first - 1e-12
    if second is not None:
        assert first is not None  # nearer to the middle it is told, too


@given(records, st.floats(0.6, 0.99))
def test_the_mean_beyond_a_loss_is_at_least_that_loss(returns, confidence):
    at_risk, beyond = tail.value_at_risk(returns, confidence).value, tail.expected_shortfall(returns, confidence).value
    assert at_risk is not None and beyond is not None
    assert beyond >= at_risk - 1e-15
    parametric = tail.expected_shortfall_normal(returns, confidence).value
    at_risk = tail.value_at_risk_normal(returns, confidence).value
    assert parametric is not None and at_risk is not None and parametric >= at_risk


@given(records, st.floats(0.6, 0.99))
def test_the_mean_beyond_a_loss_is_that_of_the_returns_at_or_below_it(returns, confidence):
    quantile = np.quantile(returns, 1.0 - confidence)
    obvious = -returns[returns <= quantile + 1e-15].mean()
    assert tail.expected_shortfall(returns, confidence).value == pytest.approx(obvious, abs=1e-12)


@given(varied, factors)
def test_a_series_beside_itself_has_beta_one_and_nothing_else(returns, factor):
    assert relative.beta(returns, returns).value == pytest.approx(1.0)
    assert relative.alpha(returns, returns, 252).value == pytest.approx(0.0, abs=1e-12)
    assert relative.tracking_error(returns, returns, 252).value == 0.0
    assert relative.correlation(returns, returns).value == pytest.approx(1.0)
    assert relative.beta(returns * factor, returns).value == pytest.approx(factor)
    assert relative.m_squared(returns, returns, 12).value == pytest.approx(r.cagr(returns, 12).value)


@given(varied, st.data())
def test_correlation_is_at_most_one_and_beta_is_it_times_the_deviations(returns, data):
    other = data.draw(st.lists(st.integers(-500, 500), min_size=returns.size, max_size=returns.size))
    market = np.array(other) / 10_000.0 + np.arange(returns.size) / 10_000.0
    correlation, beta = relative.correlation(returns, market).value, relative.beta(returns, market).value
    if correlation is not None and beta is not None:
        assert abs(correlation) <= 1.0 + 1e-12
        assert beta == pytest.approx(correlation * returns.std() / market.std(), rel=1e-9, abs=1e-12)


@given(varied)
def test_nothing_is_infinite_or_nan(returns):
    equity = np.cumprod(1.0 + returns)
    measures = [
        *(measure(returns, 252) for measure in (r.cagr, r.sharpe, r.sortino, r.volatility, r.adjusted_sharpe)),
        *(measure(returns) for measure in (r.omega, r.stability, tail.tail_ratio, tail.value_at_risk_cornish_fisher)),
        *(measure(equity, 1.0) for measure in (d.max_drawdown, d.longest_drawdown, d.recovery_periods)),
        d.calmar(returns, equity, 1.0, 252),
        d.burke_ratio(returns, 252),
    ]
    for value, reason in measures:
        assert (value is None) == (reason is not None)
        assert value is None or np.isfinite(value)


@given(varied)
def test_shortfalls_and_gains_add_up(returns):
    up, down = r.upside_deviation(returns, 1).value, r.downside_deviation(returns, 1).value
    assert up is not None and down is not None
    assert up**2 + down**2 == pytest.approx(float(np.mean(returns**2)))
    gain, loss = r.upside_potential(returns).value, r.downside_potential(returns).value
    assert gain is not None and loss is not None
    assert gain - loss == pytest.approx(float(np.mean(returns)), abs=1e-15)


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=400).map(np.array), st.floats(0.001, 0.999))
def test_means_deviations_and_quantiles_are_those_of_numpy_to_the_last_bit(values, share):
    assert basics.mean(values) == float(np.mean(values))
    for ddof in (0, 1):
        theirs = float(np.std(values, ddof=ddof))
        assert basics.deviation(values, ddof) == (theirs if theirs >= basics.NOISE else 0.0)
    assert basics.quantile(np.sort(values), share) == float(np.quantile(values, share))


@given(curves, st.floats(1.0, 1e6))
def test_what_is_said_of_falls_is_what_its_episodes_add_up_to(equity, capital):
    falls = d.episodes(equity, capital)
    last = len(equity) - 1
    lengths = [(last if fall.recovery is None else fall.recovery) - max(fall.peak, 0) for fall in falls]
    assert d.longest_drawdown(equity, capital).value == max(lengths, default=0)
    mean = sum(fall.depth for fall in falls) / len(falls) if falls else None
    assert d.mean_drawdown(equity, capital).value == mean


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 3]), st.sampled_from([0.0, 0.1]), st.sampled_from([0.0, 0.05]))
def test_excursions_are_those_of_every_bar_looked_at_by_itself(seed, columns, holes, splits):
    draw, bars = np.random.default_rng(seed), 40
    low = 100.0 * np.exp(np.cumsum(draw.normal(0.0, 0.05, (bars, columns)), axis=0))
    high = low * (1.0 + draw.random(low.shape) * 0.05)
    missing = draw.random(low.shape) < holes  # a bar without a high has no low either
    high[missing] = low[missing] = draw.choice([np.nan, -np.nan])
    steps = np.where(draw.random(low.shape) < splits, 2.0, 1.0)
    steps[0] = 1.0
    factor = np.cumprod(steps, axis=0) * draw.choice([1.0, 0.7])
    count = int(draw.integers(0, 30))
    column, side = draw.integers(0, columns, count), draw.choice([1, -1], count)
    entry = np.sort(draw.integers(0, bars, count))
    leave = np.where(draw.random(count) < 0.2, -1, np.minimum(entry + draw.integers(0, 20, count), bars - 1))
    paid, got = draw.uniform(80.0, 120.0, count), np.where(leave < 0, np.nan, draw.uniform(80.0, 120.0, count))
    changes = np.flatnonzero((steps != 1.0).any(axis=1))
    adverse, favourable = excursions(column, side, entry, leave, paid, got, high, low, factor, changes)
    for i in range(count):
        n, base = column[i], paid[i] * factor[entry[i], column[i]]
        last = bars if leave[i] < 0 else leave[i]
        seen = [0.0]
        for t in range(entry[i], last):
            if not np.isnan(high[t, n]):
                seen += [side[i] * (v[t, n] * factor[t, n] / base - 1.0) for v in (high, low)]
        if leave[i] >= 0:
            seen.append(side[i] * (got[i] * factor[leave[i], n] / base - 1.0))
        assert (adverse[i], favourable[i]) == (min(seen), max(seen))
