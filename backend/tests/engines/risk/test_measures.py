"""Measures worked out by hand, and what each says where it is undefined."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engines.risk import basics, exposure, moments, relative, tail, trades
from app.engines.risk import drawdowns as d
from app.engines.risk import returns as r
from app.engines.risk.excursions import excursions

from .golden import array


def test_a_loss_in_the_first_bar_counts_from_the_opening_capital():
    assert d.deepest_drawdown(array(90, 95, 99), 100) == (pytest.approx(-0.1), -1, 0, None)
    assert d.deepest_drawdown(array(90, 95, 100), 100).recovery == 2
    assert d.max_drawdown(array(90, 95, 99), 100).value == pytest.approx(-0.1)


def test_a_curve_that_never_falls_has_no_drawdown():
    rising, returns = array(100, 100, 110), array(0.0, 0.1)
    assert d.deepest_drawdown(rising, 100) == (0.0, None, None, None)
    assert d.max_drawdown(rising, 100).value == d.ulcer_index(rising, 100).value == 0.0
    assert d.longest_drawdown(rising, 100).value == 0.0
    never = (None, "equity never fell below its peak")
    assert d.calmar(returns, rising, 100, 252) == d.martin_ratio(returns, rising, 100, 252) == never
    assert d.recovery_periods(rising, 100) == d.mean_drawdown(rising, 100) == d.burke_ratio(returns, 252) == never


def test_falls_by_hand():
    # peak 100 (0), 90 (1), 100 (2): 10 %, two periods; peak 120 (3), 60 (4), 90 (5), 120 (6): 50 %, three;
    # peak 120 (6), 114 (7): 5 %, not recovered
    equity = array(100, 90, 100, 120, 60, 90, 120, 114)
    assert [fall._replace(depth=round(fall.depth, 12)) for fall in d.episodes(equity, 100)] == [
        (-0.1, 0, 1, 2), (-0.5, 3, 4, 6), (-0.05, 6, 7, None),
    ]  # fmt: skip
    assert d.mean_drawdown(equity, 100).value == pytest.approx(-0.65 / 3)
    assert d.longest_drawdown(equity, 100).value == 3.0
    assert d.recovery_periods(equity, 100).value == 2.0  # from 60 back to 120
    # depths 0 .1 0 0 .5 .25 0 .05: squares .01 + .25 + .0625 + .0025 = .325 over 8
    assert d.ulcer_index(equity, 100).value == pytest.approx(math.sqrt(0.325 / 8))
    assert d.pain_index(equity, 100).value == pytest.approx(0.9 / 8)
    assert d.recovery_periods(equity[:6], 100).reason == "not recovered by the end of the run"
    assert d.longest_drawdown(array(90, 80, 95), 100).value == 2.0  # from the opening capital, to the end


def test_undefined_is_none_with_a_reason():
    flat, one, none = array(0.01, 0.01, 0.01), array(0.01), array()
    assert r.sharpe(flat, 252) == (None, "returns do not vary")
    assert r.sharpe(one, 252) == (None, "fewer than two returns")
    assert r.volatility(flat, 252).value == 0.0  # 1e-17 of float noise is no volatility
    assert r.sortino(flat, 252) == (None, "no return below the target")
    assert r.cagr(none, 252) == (None, "no return")
    assert r.cagr(array(-1.5), 252).value is None
    assert r.omega(flat) == (None, "no return below the threshold")
    assert r.stability(array(-1.0, 0.1)) == (None, "equity reached zero")
    assert r.stability(array(0.0, 0.0, 0.0)) == (None, "equity does not vary")
    assert r.winning_periods(array(0.0, 0.0)) == (None, "no return other than zero")
    assert r.adjusted_sharpe(flat, 252) == (None, "returns do not vary")
    assert tail.tail_ratio(flat) == (None, "the worst twentieth of the returns is no loss")
    assert tail.value_at_risk_normal(one).reason == tail.expected_shortfall_normal(one).reason == basics.TOO_SHORT
    assert moments.sample_skewness(array(0.1, 0.2)).reason == "fewer than three returns"
    assert moments.sample_excess_kurtosis(array(0.1, 0.2, 0.4)).reason == "fewer than four returns"
    nothing = (r.mean_return, r.volatility, r.downside_deviation, r.sortino, r.sharpe)
    assert all(measure(none, 252).value is None and measure(none, 252).reason for measure in nothing)
    for measure in (r.best, r.worst, r.omega, r.cumulative_return, r.downside_potential, r.downside_frequency,
                    r.stability, tail.value_at_risk, tail.expected_shortfall, tail.tail_ratio):  # fmt: skip
        assert measure(none).value is None and measure(none).reason
    for of_trades in (trades.win_rate, trades.profit_factor, trades.expectancy, trades.expectancy_ratio, trades.payoff,
                      trades.system_quality, trades.kelly, trades.mean_excursion):  # fmt: skip
        assert of_trades(none) == (None, "no closed trade")
    won = array(5, 0)
    for of_trades in (trades.profit_factor, trades.payoff, trades.kelly, trades.expectancy_ratio):
        assert of_trades(won) == (None, "no losing trade")
    assert trades.payoff(array(-5, 0)) == (None, "no winning trade")
    assert trades.system_quality(array(5, 5)) == (None, "profits do not vary")
    assert trades.system_quality(array(5)) == (None, "fewer than two closed trades")


def test_nan_returns_are_skipped_and_not_taken_as_zero():
    assert r.sharpe(array(None, 0.01, None, -0.02, 0.03), 252) == r.sharpe(array(0.01, -0.02, 0.03), 252)
    assert r.sharpe(array(0, 0.01, 0, -0.02, 0.03), 252) != r.sharpe(array(0.01, -0.02, 0.03), 252)


def test_moments_worked_by_hand():
    # mean 1, deviations -1 -1 -1 3, population variance 3: skewness (24 / 4) / 3^1.5, kurtosis (84 / 4) / 9
    returns = array(0.0, 0.0, None, 0.0, 4.0)
    assert moments.skewness(returns).value == pytest.approx(6.0 / 3.0**1.5)
    assert moments.kurtosis(returns).value == pytest.approx(21.0 / 9.0)
    # corrected: sqrt(4 × 3) / 2 times the skewness; 3 / (2 × 1) × (5 × (21/9 - 3) + 6) = 4
    assert moments.sample_skewness(returns).value == pytest.approx(2.0)
    assert moments.sample_excess_kurtosis(returns).value == pytest.approx(4.0)


def test_a_coin_has_kurtosis_one_not_minus_two():
    coin = np.array([0.01, -0.01] * 10)
    assert (moments.skewness(coin).value, moments.kurtosis(coin).value) == pytest.approx((0.0, 1.0))


def test_value_at_risk_by_hand():
    # twenty-one returns -10 % … +10 %: the 5 % quantile is the second worst, one of them lies beyond it
    returns = np.arange(-10, 11) / 100.0
    assert tail.value_at_risk(returns, 0.95).value == pytest.approx(0.09)
    assert tail.expected_shortfall(returns, 0.95).value == pytest.approx(0.095)
    # 99 %: at 0.2 of the way from the worst to the next; only the worst lies beyond it
    assert tail.value_at_risk(returns, 0.99).value == pytest.approx(0.098)
    assert tail.expected_shortfall(returns, 0.99).value == pytest.approx(0.1)
    # mean 0, population variance 2 × 385 / 21 / 10^4
    spread = math.sqrt(770 / 21) / 100
    assert tail.value_at_risk_normal(returns, 0.95, ddof=0).value == pytest.approx(1.6448536 * spread, rel=1e-7)
    assert tail.value_at_risk_normal(returns, 0.95).value == pytest.approx(1.6448536 * spread * math.sqrt(21 / 20))
    assert tail.tail_ratio(returns).value == pytest.approx(1.0)
    # a sure gain is a negative loss
    assert tail.value_at_risk(array(0.01, 0.02)).value == pytest.approx(-0.0105)


def test_the_bent_quantile_is_refused_where_it_turns_back():
    crash = np.append(np.full(60, 0.001), -0.5)
    ours = tail.value_at_risk_cornish_fisher(crash, 0.99)
    assert ours == (None, "skewness and kurtosis are too large for this expansion")
    with pytest.raises(ValueError, match="confidence: expected between"):
        tail.value_at_risk(crash, 0.05)


def test_beside_a_benchmark_by_hand():
    # twice the benchmark and a tenth of a percent: beta 2, alpha 0.001 a period
    market = array(0.01, -0.02, 0.03, 0.0)
    ours = 2.0 * market + 0.001
    assert relative.beta(ours, market).value == pytest.approx(2.0)
    assert relative.alpha(ours, market, 252).value == pytest.approx(1.001**252 - 1.0)
    assert relative.correlation(ours, market).value == pytest.approx(1.0)
    assert relative.specific_risk(ours, market, 252).value == pytest.approx(0.0, abs=1e-12)
    # differences are the market's own returns and 0.001: deviation sqrt(14/3 - 4/12 …) of 1 -2 3 0: mean .5, ss 13
    assert relative.tracking_error(ours, market, 1).value == pytest.approx(math.sqrt(13 / 3) / 100)
    gap = array(0.01, None, 0.03, 0.0)
    assert relative.beta(ours, gap) == relative.beta(ours[[0, 2, 3]], market[[0, 2, 3]])
    # in the period it lost 2 % we lost 3.9 %: (1 - .039) - 1 over (1 - .02) - 1
    assert relative.down_capture(ours, market, 1).value == pytest.approx(0.039 / 0.02)


def test_beside_a_benchmark_undefined():
    flat, moving = array(0.0, 0.0, 0.0), array(0.01, -0.01, 0.02)
    assert relative.beta(moving, flat) == relative.alpha(moving, flat, 252)
    assert relative.beta(moving, flat).reason == "the benchmark's returns do not vary"
    assert relative.information_ratio(moving, moving, 252).reason == "the returns do not differ from the benchmark's"
    assert relative.capture(moving, flat, 252).reason == "the benchmark did not move"
    assert relative.up_capture(moving, -np.abs(moving), 252).reason == "no return"
    assert relative.beta(moving[:1], moving[:1]).reason == "fewer than two returns"
    with pytest.raises(ValueError, match="of one length"):
        relative.beta(moving, moving[:2])


def test_trades_by_hand():
    # two wins of 30 and 10, one loss of 20, one of nothing: 2 of 4; 40 / 20; 20 / 4
    pnl = array(30, 10, -20, 0)
    assert (trades.win_rate(pnl).value, trades.profit_factor(pnl).value, trades.expectancy(pnl).value) == (0.5, 2.0, 5)
    assert trades.payoff(pnl).value == 1.0  # 20 over 20
    assert trades.expectancy_ratio(pnl).value == 0.25  # 5 for each 20 that are lost
    assert trades.kelly(pnl).value == 0.0  # 0.5 - 0.5 / 1
    # deviations 25 5 -25 -5, squares 1300, / 3; sqrt(4) × 5 over its root
    assert trades.system_quality(pnl).value == pytest.approx(10.0 / math.sqrt(1300 / 3))
    assert trades.average_holding(np.array([1, 2, 6])).value == 3.0


def test_excursions_by_hand():
    # a long from 100 at bar 1, out at 104 on bar 3: low 90 of bar 1 and high 110 of bar 2 count, bar 3's 200 does not
    high = np.array([[101.0], [102.0], [110.0], [200.0]])
    low = np.array([[99.0], [90.0], [95.0], [50.0]])
    ones = np.ones((4, 1))

    def of(side: int, entry: float, bars: tuple[int, int], leave: float, factor: np.ndarray = ones) -> tuple:
        whole = [np.array([value], np.int64) for value in (0, side, *bars)]
        changes = np.flatnonzero(factor[1:, 0] != factor[:-1, 0]) + 1
        adverse, favourable = excursions(*whole, array(entry), array(leave), high, low, factor, changes)
        return adverse[0], favourable[0]

    assert of(1, 100.0, (1, 3), 104.0) == pytest.approx((-0.1, 0.1))
    assert of(-1, 100.0, (1, 3), 104.0) == pytest.approx((-0.1, 0.1))  # mirrored: high 110 against us, low 90 for us
    assert of(1, 100.0, (1, 2), 120.0) == pytest.approx((-0.1, 0.2))  # the price of the exit counts
    assert of(1, 100.0, (2, 2), 97.0) == pytest.approx((-0.03, 0.0))  # in and out in one bar: only its two prices
    assert of(1, 100.0, (2, -1), np.nan) == pytest.approx((-0.5, 1.0))  # open: every bar to the end
    # two for one before bar 2: 110 there is 220 of before
    assert of(1, 100.0, (1, 3), 52.0, np.array([[1.0], [1.0], [2.0], [2.0]])) == pytest.approx((-0.1, 1.2))
    high[2] = low[2] = np.nan
    assert of(1, 100.0, (1, 3), 104.0) == pytest.approx((-0.1, 0.04))
    assert trades.mean_excursion(array(-0.1, None, -0.3)).value == pytest.approx(-0.2)


def test_excursions_of_what_is_entered_or_left_at_a_close():
    high = np.array([[101.0], [102.0], [110.0], [200.0]])
    low = np.array([[99.0], [90.0], [95.0], [50.0]])
    steady = np.ones((4, 1))
    split = np.array([[1.0], [1.0], [2.0], [2.0]])  # two for one before bar 2

    def of(bars: tuple[int, int], leave: float, late: bool, whole: bool, factor: np.ndarray = steady) -> tuple:
        trade = [np.array([value], np.int64) for value in (0, 1, *bars)]
        changes = np.flatnonzero(factor[1:, 0] != factor[:-1, 0]) + 1
        at = np.array([late]), np.array([whole])
        adverse, favourable = excursions(*trade, array(100.0), array(leave), high, low, factor, changes, *at)
        return adverse[0], favourable[0]

    # from the close of bar 1 to the open of bar 3: bar 2 alone, 95 to 110
    assert of((1, 3), 104.0, True, False) == pytest.approx((-0.05, 0.1))
    # to the close of bar 3: its 50 and 200 as well
    assert of((1, 3), 104.0, True, True) == pytest.approx((-0.5, 1.0))
    # within bar 2, from the open to the close: all of it; overnight: only the two prices
    assert of((2, 2), 97.0, False, True) == pytest.approx((-0.05, 0.1))
    assert of((1, 2), 97.0, True, False) == pytest.approx((-0.03, 0.0))
    # open since the close of the last bar: nothing happened yet
    assert of((3, -1), np.nan, True, False) == (0.0, 0.0)
    # 52 after the split is 104 of before; its bar's 95 and 110 are 190 and 220
    assert of((1, 2), 52.0, True, False, split) == pytest.approx((0.0, 0.04))
    assert of((1, 2), 52.0, True, True, split) == pytest.approx((0.0, 1.2))


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 30))
def test_excursions_of_many_trades_are_those_of_each_alone(seed: int, count: int):
    draw = np.random.default_rng(seed)
    low = draw.uniform(80.0, 120.0, (12, 3))
    high = low * draw.uniform(1.0, 1.1, low.shape)
    high[draw.random(high.shape) < 0.1] = np.nan
    factor = np.cumprod(np.where(draw.random(low.shape) < 0.1, 2.0, 1.0), axis=0)
    entry = np.sort(draw.integers(0, 12, count))
    leave = np.array([-1 if draw.random() < 0.2 else draw.integers(bar, 12) for bar in entry], np.int64)
    column, side = draw.integers(0, 3, count), draw.choice([-1, 1], count)
    paid, got = draw.uniform(80.0, 120.0, count), np.where(leave < 0, np.nan, draw.uniform(80.0, 120.0, count))
    changes = np.flatnonzero((factor[1:] != factor[:-1]).any(axis=1)) + 1
    adverse, favourable = excursions(column, side, entry, leave, paid, got, high, low, factor, changes)
    for i in range(count):
        bars, n = slice(entry[i], 12 if leave[i] < 0 else leave[i]), column[i]
        skipped = np.isnan(high[bars, n])  # a bar without a high has no low either
        prices = np.concatenate(
            [
                (high * factor)[bars, n][~skipped],
                (low * factor)[bars, n][~skipped],
                [got[i] * factor[leave[i], n]] if leave[i] >= 0 else [],
            ]
        )
        moves = side[i] * (prices / (paid[i] * factor[entry[i], n]) - 1.0)
        assert adverse[i] == pytest.approx(moves.min(initial=0.0), abs=1e-12)
        assert favourable[i] == pytest.approx(moves.max(initial=0.0), abs=1e-12)


def test_exposure_and_turnover_by_hand():
    # held at two of four closes; half and all of the equity in stock there
    holdings, equity = array(0, 50, 100, 0), array(100, 100, 100, 100)
    assert exposure.time_in_market(holdings).value == 0.5
    assert exposure.mean_gross_exposure(holdings, equity).value == 0.375
    assert exposure.mean_net_exposure(array(0, 50, -100, 0), equity).value == -0.125
    # 300 bought, 200 sold, 100 of equity on average, over 126 of 252 days: 2 × 2
    assert exposure.turnover(300, 200, equity, 126, 252).value == 4.0


def test_months_by_hand():
    days = np.array(["2024-01-30", "2024-01-31", "2024-02-01", "2024-02-29", "2024-03-04"], "datetime64[D]")
    # 100 to 110 within January, to 99 by the end of February, to 198 in the March begun
    months = r.monthly_returns(days, array(100, 110, 120, 99, 198))
    assert list(months) == pytest.approx([0.1, -0.1, 1.0])
    assert list(r.monthly_returns(days[1:], array(110, 120, 99, 198))) == pytest.approx([-0.1, 1.0])
    assert r.monthly_returns(days[:1], array(100)).size == 0
    assert (r.best(months).value, r.worst(months).value) == (pytest.approx(1.0), pytest.approx(-0.1))


def test_rolling_windows_lie_wholly_inside():
    values = array(1, 2, None, 4, 5, 6)
    ours = r.rolling(r.best, 2, values)
    assert list(np.isnan(ours)) == [True, False, True, True, False, False]
    assert list(ours[[1, 4, 5]]) == [2, 5, 6]
    two = r.rolling(relative.beta, 3, array(1, 2, 3, 5), array(1, 2, 3, 4))
    assert two[2] == pytest.approx(1.0) and np.isnan(two[:2]).all()
    with pytest.raises(ValueError, match="window"):
        r.rolling(r.best, 0, values)


def test_intraday_curves_are_measured_at_session_closes():
    times = np.array(["2024-01-01T09:15", "2024-01-01T15:15", "2024-01-02T09:15", "2024-01-02T15:15"], "datetime64[s]")
    assert basics.session_closes(times).tolist() == [1, 3]
    assert basics.session_closes(times[::2].astype("datetime64[D]")).tolist() == [0, 1]


def test_a_rate_a_period_compounds_to_the_rate_a_year():
    assert (1 + basics.per_period(0.07, 252)) ** 252 == pytest.approx(1.07, rel=1e-12)


def test_growth_beyond_any_number_is_none_with_a_reason():
    assert r.cagr(array(1e6), 252) == (None, "too few returns to speak of a year")
    assert basics.gathered({"x": basics.Measure(math.inf)}) == ({"x": None}, {"x": "beyond the range of numbers"})
    with pytest.raises(ValueError, match="above zero"):
        basics.returns_of(array(100, 0, 100))
