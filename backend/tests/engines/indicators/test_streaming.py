"""Feeding an indicator bar by bar gives the bits of its vectorised form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engines import indicators as ind
from app.engines.indicators import streaming

# name → (state, from close alone, vectorised form of high, low, close, gap → panels)
CASES: dict[str, tuple[Callable[[], Any], bool, Callable[..., Any]]] = {
    "sma": (lambda: streaming.Sma(5), True, lambda h, lo, c, gap: ind.sma(c, 5, gap=gap)),
    "sma 1": (lambda: streaming.Sma(1), True, lambda h, lo, c, gap: ind.sma(c, 1, gap=gap)),
    "ema": (lambda: streaming.Ema(6), True, lambda h, lo, c, gap: ind.ema(c, 6, gap=gap)),
    "macd": (lambda: streaming.Macd(4, 9, 3), True, lambda h, lo, c, gap: ind.macd(c, 4, 9, 3, gap=gap)),
    "rsi": (lambda: streaming.Rsi(4), True, lambda h, lo, c, gap: ind.rsi(c, 4, gap=gap)),
    "roc": (lambda: streaming.Roc(3), True, lambda h, lo, c, gap: ind.roc(c, 3, gap=gap)),
    "highest": (lambda: streaming.Highest(5), True, lambda h, lo, c, gap: ind.highest(c, 5, gap=gap)),
    "lowest": (lambda: streaming.Lowest(5), True, lambda h, lo, c, gap: ind.lowest(c, 5, gap=gap)),
    "std": (lambda: streaming.RollingStd(6), True, lambda h, lo, c, gap: ind.rolling_std(c, 6, gap=gap)),
    "bollinger": (lambda: streaming.Bollinger(6, 1.5), True, lambda h, lo, c, gap: ind.bollinger(c, 6, 1.5, gap=gap)),
    "stochastic": (
        lambda: streaming.Stochastic(5, 3, 2),
        False,
        lambda h, lo, c, gap: ind.stochastic(h, lo, c, 5, 3, 2, gap=gap),
    ),
    "atr": (lambda: streaming.Atr(4), False, lambda h, lo, c, gap: ind.atr(h, lo, c, 4, gap=gap)),
    "adx": (lambda: streaming.Adx(4), False, lambda h, lo, c, gap: ind.adx(h, lo, c, 4, gap=gap)),
    "supertrend": (
        lambda: streaming.SuperTrend(3, 1.5),
        False,
        lambda h, lo, c, gap: ind.supertrend(h, lo, c, 3, 1.5, gap=gap),
    ),
}

prices = st.one_of(st.floats(0.05, 90_000.0), st.sampled_from([100.0, 100.05, float("nan")]))


@st.composite
def series(draw: st.DrawFn) -> tuple[np.ndarray, ...]:
    """High, low, close as [T, 1] with holes, and gaps. Equal prices and flat stretches are frequent."""
    count = draw(st.integers(1, 60))
    close = np.array(draw(st.lists(prices, min_size=count, max_size=count)))
    reach = np.array(draw(st.lists(st.sampled_from([0.0, 0.0, 0.5, 3.0]), min_size=count, max_size=count)))
    gap = np.array(draw(st.lists(st.sampled_from([False] * 19 + [True]), min_size=count, max_size=count)))
    return (close + reach)[:, None], (close - reach)[:, None], close[:, None], gap[:, None]


@pytest.mark.parametrize("name", CASES)
@given(bars=series())
@settings(deadline=None, max_examples=60)
def test_bar_by_bar_equals_the_whole_series_to_the_last_bit(name: str, bars: tuple[np.ndarray, ...]) -> None:
    make, close_alone, vectorised = CASES[name]
    high, low, close, gap = bars
    result = vectorised(high, low, close, gap)
    expected = np.hstack(result) if isinstance(result, tuple) else result
    state, got = make(), []
    for h, lo, c, restart in zip(*(field[:, 0].tolist() for field in bars), strict=True):
        if restart:
            state.restart()
        value = state.push(c) if close_alone else state.push(h, lo, c)
        got.append(value if isinstance(value, tuple) else (value,))
    np.testing.assert_array_equal(np.array(got), expected)


def test_every_indicator_has_a_form_that_takes_one_bar_at_a_time() -> None:
    forms = {name.casefold() for name in vars(streaming)}
    indicators = {name.replace("_", "") for name in ind.__all__ if name[0].islower()}
    assert indicators <= forms
    assert {name.partition(" ")[0].replace("std", "rollingstd") for name in CASES} == indicators


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: streaming.Sma(0), "window"),
        (lambda: streaming.Macd(9, 4), "shorter"),
        (lambda: streaming.Adx(1), "window"),
        (lambda: streaming.Bollinger(5, 0.0), "width"),
        (lambda: streaming.SuperTrend(10, 0.0), "multiplier"),
    ],
)
def test_wrong_windows_are_named(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
