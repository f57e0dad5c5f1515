"""Each indicator against its obvious twin, against TA-Lib, and by the properties all of them share."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engines import indicators as ind
from app.engines.indicators.averages import STRETCH
from tests.engines.indicators import naive
from tests.engines.indicators.panels import Panel, panels, walk

# name → (the indicator, its obvious twin, TA-Lib's), with the same parameters, on a panel
Of = Callable[[Panel], np.ndarray]
CASES: dict[str, tuple[Of, Of, Of]] = {
    "sma 5": (
        lambda p: ind.sma(p.close, 5, gap=p.gap),
        lambda p: naive.each_column(lambda c: naive.sma(c, 5), p.close, gap=p.gap),
        lambda p: by_column(lambda hi, lo, cl: talib.SMA(cl, 5), p),
    ),
    "ema 6": (
        lambda p: ind.ema(p.close, 6, gap=p.gap),
        lambda p: naive.each_column(lambda c: naive.ema(c, 6), p.close, gap=p.gap),
        lambda p: by_column(lambda hi, lo, cl: talib.EMA(cl, 6), p),
    ),
    "rsi 4": (
        lambda p: ind.rsi(p.close, 4, gap=p.gap),
        lambda p: naive.each_column(lambda c: naive.rsi(c, 4), p.close, gap=p.gap),
        lambda p: by_column(lambda hi, lo, cl: talib.RSI(cl, 4), p),
    ),
    "rsi 14": (
        lambda p: ind.rsi(p.close, gap=p.gap),
        lambda p: naive.each_column(lambda c: naive.rsi(c, 14), p.close, gap=p.gap),
        lambda p: by_column(lambda hi, lo, cl: talib.RSI(cl, 14), p),
    ),
    "roc 7": (
        lambda p: ind.roc(p.close, 7, gap=p.gap),
        lambda p: naive.each_column(lambda c: naive.roc(c, 7), p.close, gap=p.gap),
        lambda p: by_column(lambda hi, lo, cl: talib.ROCP(cl, 7), p),
    ),
    "macd line": (
        lambda p: ind.macd(p.close, 4, 9, 3, gap=p.gap).line,
        lambda p: naive.each_column(lambda c: naive.macd_line(c, 4, 9), p.close, gap=p.gap),
        lambda p: by_column(lambda hi, lo, cl: talib.MACD(cl, 4, 9, 3)[0], p),
    ),
    "macd signal": (
        lambda p: ind.macd(p.close, 4, 9, 3, gap=p.gap).signal,
        lambda p: naive.each_column(lambda c: naive.macd_signal(c, 4, 9, 3), p.close, gap=p.gap),
        lambda p: by_column(lambda hi, lo, cl: talib.MACD(cl, 4, 9, 3)[1], p),
    ),
    "stochastic k": (
        lambda p: ind.stochastic(p.high, p.low, p.close, 5, 3, 3, gap=p.gap).k,
        lambda p: naive.each_column(lambda hi, lo, cl: naive.stochastic_k(hi, lo, cl, 5, 3), *p[:3], gap=p.gap),
        lambda p: by_column(lambda hi, lo, cl: talib.STOCH(hi, lo, cl, 5, 3, 0, 3, 0)[0], p),
    ),
    "atr 6": (
        lambda p: ind.atr(p.high, p.low, p.close, 6, gap=p.gap),
        lambda p: naive.each_column(lambda hi, lo, cl: naive.atr(hi, lo, cl, 6), *p[:3], gap=p.gap),
        lambda p: by_column(lambda hi, lo, cl: talib.ATR(hi, lo, cl, 6), p),
    ),
    "adx 5": (
        lambda p: ind.adx(p.high, p.low, p.close, 5, gap=p.gap),
        lambda p: naive.each_column(lambda hi, lo, cl: naive.adx(hi, lo, cl, 5), *p[:3], gap=p.gap),
        lambda p: by_column(lambda hi, lo, cl: talib.ADX(hi, lo, cl, 5), p),
    ),
    "rolling std 8": (
        lambda p: ind.rolling_std(p.close, 8, gap=p.gap),
        lambda p: naive.each_column(lambda c: naive.rolling_std(c, 8), p.close, gap=p.gap),
        lambda p: by_column(lambda hi, lo, cl: talib.STDDEV(cl, 8), p),
    ),
    "bollinger upper": (
        lambda p: ind.bollinger(p.close, 8, 2.5, gap=p.gap).upper,
        lambda p: naive.each_column(lambda c: naive.bollinger(c, 8, 2.5), p.close, gap=p.gap),
        lambda p: by_column(lambda hi, lo, cl: talib.BBANDS(cl, 8, 2.5, 2.5)[0], p),
    ),
    "bollinger lower": (
        lambda p: ind.bollinger(p.close, 8, 2.5, gap=p.gap).lower,
        lambda p: naive.each_column(lambda c: naive.bollinger(c, 8, -2.5), p.close, gap=p.gap),
        lambda p: by_column(lambda hi, lo, cl: talib.BBANDS(cl, 8, 2.5, 2.5)[2], p),
    ),
    "stochastic d": (
        lambda p: ind.stochastic(p.high, p.low, p.close, 5, 3, 4, gap=p.gap).d,
        lambda p: naive.each_column(lambda hi, lo, cl: naive.stochastic_d(hi, lo, cl, 5, 3, 4), *p[:3], gap=p.gap),
        lambda p: by_column(lambda hi, lo, cl: talib.STOCH(hi, lo, cl, 5, 3, 0, 4, 0)[1], p),
    ),
    "highest 9": (
        lambda p: ind.highest(p.high, 9, gap=p.gap),
        lambda p: naive.each_column(lambda c: naive.highest(c, 9), p.high, gap=p.gap),
        lambda p: by_column(lambda hi, lo, cl: talib.MAX(hi, 9), p),
    ),
    "lowest 9": (
        lambda p: ind.lowest(p.low, 9, gap=p.gap),
        lambda p: naive.each_column(lambda c: naive.lowest(c, 9), p.low, gap=p.gap),
        lambda p: by_column(lambda hi, lo, cl: talib.MIN(lo, 9), p),
    ),
}
# the obvious twin of what TA-Lib has not
OTHERS: dict[str, tuple[Of, Of]] = {
    "supertrend 5": (
        lambda p: ind.supertrend(p.high, p.low, p.close, 5, 1.5, gap=p.gap).line,
        lambda p: naive.each_column(lambda hi, lo, cl: naive.supertrend(hi, lo, cl, 5, 1.5), *p[:3], gap=p.gap),
    ),
}
ALL: dict[str, tuple[Of, Of]] = {name: case[:2] for name, case in CASES.items()} | OTHERS


def by_column(oracle: Callable[..., np.ndarray], p: Panel) -> np.ndarray:
    columns = [[np.ascontiguousarray(field[:, n]) for field in p[:3]] for n in range(p.close.shape[1])]
    return np.column_stack([oracle(*fields) for fields in columns])


def same(a: np.ndarray, b: np.ndarray) -> bool:
    """Equal to the last bit, NaN where NaN."""
    return np.array_equal(a, b, equal_nan=True)


@pytest.mark.parametrize("name", ALL)
@settings(deadline=None, max_examples=40)
@given(panel=panels)
def test_an_indicator_agrees_with_its_obvious_twin(name: str, panel: Panel) -> None:
    indicator, twin = ALL[name]
    np.testing.assert_allclose(indicator(panel), twin(panel), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", CASES)
def test_an_indicator_equals_talib_after_its_warm_up(name: str) -> None:
    panel = walk(1500, 9, seed=7)
    ours, theirs = CASES[name][0](panel), CASES[name][2](panel)
    shown = ~np.isnan(theirs)
    assert shown.sum() > 1000 * 9
    np.testing.assert_allclose(ours[shown], theirs[shown], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", ALL)
@settings(deadline=None, max_examples=25)
@given(panel=panels, share=st.floats(0, 1))
def test_cutting_off_the_future_changes_nothing(name: str, panel: Panel, share: float) -> None:
    bars = int(share * len(panel.close))
    indicator = ALL[name][0]
    assert same(indicator(Panel(*(field[:bars] for field in panel))), indicator(panel)[:bars])


@pytest.mark.parametrize("name", ALL)
@settings(deadline=None, max_examples=25)
@given(panel=panels, share=st.floats(0, 1), holes=st.integers(1, 4))
def test_bars_that_did_not_trade_change_nothing_else(name: str, panel: Panel, share: float, holes: int) -> None:
    at = int(share * len(panel.close))
    wider = Panel(
        *(np.insert(field, [at] * holes, False if field.dtype == bool else np.nan, axis=0) for field in panel)
    )
    result = ALL[name][0](wider)
    assert np.isnan(result[at : at + holes]).all()
    assert same(np.delete(result, slice(at, at + holes), axis=0), ALL[name][0](panel))


@pytest.mark.parametrize("name", ALL)
@settings(deadline=None, max_examples=25)
@given(panel=panels, share=st.floats(0, 1))
def test_after_a_gap_an_indicator_knows_only_what_came_after(name: str, panel: Panel, share: float) -> None:
    at = int(share * max(len(panel.close) - 1, 0))
    gap = panel.gap.copy()
    gap[at : at + 1] = True
    indicator = ALL[name][0]
    assert same(indicator(panel._replace(gap=gap))[at:], indicator(Panel(*(field[at:] for field in panel))))


@pytest.mark.parametrize("name", ALL)
def test_a_column_does_not_depend_on_its_neighbours_or_on_memory_order(name: str) -> None:
    panel = walk(60, 19, seed=3, holes=0.1, gaps=0.05)
    indicator = ALL[name][0]
    whole = indicator(panel)
    for n in range(19):
        assert same(indicator(Panel(*(field[:, n : n + 1] for field in panel))), whole[:, n : n + 1])
    assert same(indicator(Panel(*(np.asfortranarray(field) for field in panel))), whole)


@given(price=st.floats(0.01, 1e6), window=st.integers(1, 250))
@settings(deadline=None)
def test_the_average_of_a_constant_is_that_constant(price: float, window: int) -> None:
    assert (ind.sma(np.full((400, 1), price), window)[window - 1 :] == price).all()


@given(panel=panels, window=st.integers(1, 20), dropped=st.integers(0, 30))
@settings(deadline=None)
def test_a_simple_average_does_not_depend_on_older_history(panel: Panel, window: int, dropped: int) -> None:
    recent = ind.sma(panel.close[dropped:], window)
    known = ~np.isnan(recent)
    assert same(recent[known], ind.sma(panel.close, window)[dropped:][known])


@pytest.mark.parametrize("window", [1, 2, 50, 700, 3000])
def test_a_simple_average_is_exact_across_the_stretches_it_is_worked_out_in(window: int) -> None:
    prices = np.random.default_rng(3).lognormal(3.0, 2.0, (2 * STRETCH + 4321, 1))
    found = ind.sma(prices, window)[:, 0]
    assert np.isnan(found[: window - 1]).all()
    for t in (window - 1, STRETCH - 1, STRETCH, STRETCH + window, 2 * STRETCH, 4 * window, len(prices) - 1):
        if window - 1 <= t < len(prices):
            exact = sum(map(Fraction, prices[t + 1 - window : t + 1, 0].tolist())) / window
            assert abs(Fraction(float(found[t])) - exact) <= Fraction(float(np.spacing(found[t])))
    beside = ind.sma(np.hstack([prices, prices]), window)  # in blocks of columns, the other way through the panel
    assert same(beside[:, 1], found)


def test_a_simple_average_is_exact_where_a_plain_running_sum_drifts() -> None:
    # A running float64 sum loses the small prices for good once it has held the large ones.
    prices = np.concatenate([np.full(50, 1e10), np.full(50, 0.1)])[:, None]
    assert (ind.sma(prices, 10)[59:] == 0.1).all()


def test_rsi_worked_by_hand() -> None:
    # Changes +1, −2, +3 with n = 2. Bar 2: gain 1/2, loss 2/2: 100 · 0.5/1.5. Bar 3: gain (0.5 + 3)/2, loss 1/2.
    close = np.array([[10.0], [11.0], [9.0], [12.0]])
    expected = [np.nan, np.nan, 100 / 3, 100 * 1.75 / 2.25]
    np.testing.assert_allclose(ind.rsi(close, 2)[:, 0], expected, rtol=1e-15)


def test_rsi_of_a_price_that_never_moved_is_unknown_not_oversold() -> None:
    assert np.isnan(ind.rsi(np.full((40, 1), 55.5), 14)).all()


def test_adx_of_a_price_that_never_moved_is_unknown() -> None:
    flat = np.full((60, 1), 55.5)
    assert np.isnan(ind.adx(flat, flat, flat, 14)).all()


def test_bands_of_a_constant_meet() -> None:
    bands = ind.bollinger(np.full((40, 1), 0.1), 7)
    assert all((band[6:] == 0.1).all() for band in bands)


def test_atr_worked_by_hand() -> None:
    # True ranges: bar 1 max(2, |12-9|, |10-9|) = 3; bar 2 max(1, |9-11|, |8-11|) = 3; bar 3 max(4, 3, 1) = 4.
    high, low, close = np.array([[10.0, 9, 9], [12, 10, 11], [9, 8, 8], [11, 7, 10]]).T[:, :, None]
    np.testing.assert_array_equal(ind.atr(high, low, close, 2)[:, 0], [np.nan, np.nan, 3.0, 3.5])


def test_supertrend_worked_by_hand() -> None:
    # window 1, so that the average is the bar's true range; multiplier 1; true ranges from bar 1: 2 2 3 6 8
    high, low, close = np.array([[11.0, 9, 10], [12, 10, 11], [13, 11, 13], [16, 14, 15], [14, 9, 9], [17, 13, 17]]).T[
        :, :, None
    ]
    result = ind.supertrend(high, low, close, 1, 1.0)
    # bar 1: middle 11, bands 13 and 9, the close is not below 11: up. bar 2: basic 14 and 10: 13 stays, 10 is higher.
    # bar 3: basic 18 and 12: 13 stays as 13 was not above it; 15 > 13. bar 4: 11.5 ± 6: 17.5, for 15 was above 13,
    # and 12 stays: 9 < 12 turns it down. bar 5: 15 ± 8: 17.5 stays; 7, for 9 was below 12; 17 is not above 17.5
    np.testing.assert_array_equal(result.line[:, 0], [np.nan, 9, 10, 12, 17.5, 17.5])
    np.testing.assert_array_equal(result.trend[:, 0], [np.nan, 1, 1, 1, -1, -1])


def test_a_stochastic_without_a_range_is_unknown() -> None:
    flat = np.full((40, 1), 55.5)
    assert np.isnan(ind.stochastic(flat, flat, flat).d).all()


def test_macd_shows_its_line_before_its_signal() -> None:
    result = ind.macd(walk(60, 1, seed=1).close, 12, 26, 9)
    first = [int(np.flatnonzero(~np.isnan(field[:, 0]))[0]) for field in result]
    assert first == [25, 33, 33]
    np.testing.assert_array_equal(result.histogram, result.line - result.signal)


def test_a_gap_at_a_bar_that_did_not_trade_counts_for_the_next_that_did() -> None:
    close = np.array([[1.0], [2.0], [np.nan], [4.0], [6.0]])
    gap = np.array([[False], [False], [True], [False], [False]])
    np.testing.assert_array_equal(ind.sma(close, 2, gap=gap)[:, 0], [np.nan, 1.5, np.nan, np.nan, 5.0])


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda x: ind.sma(x, 0), "window must be a whole number of at least 1, got 0"),
        (lambda x: ind.rsi(x, -3), "window must be a whole number of at least 1, got -3"),
        (lambda x: ind.macd(x, 26, 12), "must be shorter"),
        (lambda x: ind.adx(x, x, x, 1), "at least 2, got 1"),
        (lambda x: ind.bollinger(x, 2, 0.0), "width must be above zero"),
        (lambda x: ind.supertrend(x, x, x, 3, 0.0), "multiplier must be above zero"),
        (lambda x: ind.sma(x[:, 0], 3), "x must be a panel"),
        (lambda x: ind.ema(x, 3, gap=np.zeros((2, 2), bool)), "gap has shape"),
        (lambda x: ind.stochastic(x, x[1:], x), "one shape"),
    ],
)
def test_wrong_input_is_named(call: Callable[[np.ndarray], object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        call(np.ones((4, 2)))
