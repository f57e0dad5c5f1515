"""Strategies that are screens: signals by hand, weights by hand, and no look-ahead."""

from __future__ import annotations

import numpy as np
import pytest

from app.engines.evidence.lookahead import prove
from app.engines.screener.language import ExpressionError
from app.engines.strategies.base import Signals, Weights
from app.engines.strategies.screened import ScreenStrategy, readable
from tests.engines.strategies.panels import NAN, daily, sessions_of, walk


class Above(ScreenStrategy):
    id = "above"
    display_name = "Above"
    description = "Above its average."
    hypothesis = "Trends go on."
    when_it_loses = "In ranges."
    citation = ""
    regime = "TREND"
    entry = "close > sma(close, 3)"


class Ranked(Above):
    id = "ranked"
    entry = "rank(roc(close, 2)) <= 3"
    rank_by = "roc(close, 2)"
    rebalance = "weekly"


def test_what_matches_is_bought_and_what_no_longer_does_is_sold() -> None:
    # averages of three: 11 (10 11 12), 11 (11 12 10), 11 (12 10 11), 12 (10 11 15), 11.33 (11 15 8)
    bars = daily(sessions_of("2024-01-01", "2024-01-09"), {"A": [10, 11, 12, 10, 11, 15, 8]})
    strategy = Above()
    answer = strategy.signals(bars, strategy.params())
    assert isinstance(answer, Signals)
    assert answer.entry[:, 0].tolist() == [False, False, True, False, False, True, False]
    assert answer.exit[:, 0].tolist() == [True, True, False, True, True, False, True]
    assert (answer.rank, answer.stop, answer.hold) == (None, None, None)
    assert strategy.warm_up(strategy.params()) == 3
    with_more = strategy.signals(bars, strategy.params({"stop": 0.1, "hold": 5}))
    assert isinstance(with_more, Signals) and with_more.stop is not None
    assert with_more.stop[2, 0] == pytest.approx(10.8) and with_more.hold == 5


def test_an_exit_of_its_own_is_read_instead() -> None:
    class Left(Above):
        leave = "close < 10"

    bars = daily(sessions_of("2024-01-01", "2024-01-09"), {"A": [10, 11, 12, 10, 11, 15, 8]})
    answer = Left().signals(bars, Left().params())
    assert isinstance(answer, Signals)
    assert np.flatnonzero(answer.exit[:, 0]).tolist() == [6]


def test_stocks_that_are_no_members_or_do_not_trade_are_not_bought() -> None:
    closes = {"A": [10, 11, 12, 13, 14], "B": [10, 11, 12, NAN, 14]}
    member = np.ones((5, 2), np.bool_)
    member[:, 0] = False
    bars = daily(sessions_of("2024-01-01", "2024-01-05"), closes, member=member)
    answer = Above().signals(bars, Above().params())
    assert isinstance(answer, Signals)
    assert not answer.entry[:, 0].any()
    assert answer.entry[:, 1].tolist() == [False, False, True, False, True]
    assert not answer.exit[3, 1]  # nothing is decided where nothing traded


def test_a_weekly_screen_holds_the_first_in_equal_parts() -> None:
    # 2024-01-05 is a Friday, 2024-01-08 the Monday on which the week's decision is taken
    closes = {"A": [10, 10, 11, 12], "B": [10, 10, 10, 13], "C": [10, 10, 9, 8], "D": [10, 10, 10, 11]}
    bars = daily(sessions_of("2024-01-03", "2024-01-08"), closes)
    answer = Ranked().signals(bars, Ranked().params({"names": 2}))
    assert isinstance(answer, Weights)
    # changes over two bars on Monday: A 1.2, B 1.3, C 0.8, D 1.1 of what they were; the first two of the first three
    assert answer.target[3].tolist() == [0.5, 0.5, 0.0, 0.0]
    assert np.isnan(answer.target[1:3]).all()
    every = Ranked().signals(bars, Ranked().params())
    assert isinstance(every, Weights)
    assert every.target[3].tolist() == [1 / 3, 1 / 3, 0.0, 1 / 3]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"entry": "rsi(close, 14) < 45 and percentile(roc(close, 5)) > 20", "leave": "rsi(close, 2) > 70"},
        {"entry": "close > sma(close, 20)", "rank_by": "roc(close, 10)", "rebalance": "monthly"},
        {"entry": "crosses_above(close, ema(close, 10)) or gap_pct > 1", "rebalance": "weekly"},
    ],
    ids=str,
)
def test_a_screen_does_not_look_ahead(changes: dict[str, str]) -> None:
    strategy = type("Made", (Above,), changes)()
    proof = prove(strategy, strategy.params({"names": 3}))
    assert proof.passed, proof.sentence


def test_a_screen_that_reads_more_than_bars_is_refused_by_name() -> None:
    for text, named in (
        ("roe > 15 and close > 5", "reads roe"),
        ('sector in ("Energy")', "reads sector"),
        ('in index("NIFTY50")', 'reads index("NIFTY50")'),
        ("turnover > 5cr", "reads turnover"),
    ):
        with pytest.raises(ValueError, match=named.replace("(", r"\(").replace(")", r"\)")):
            readable(text)
    with pytest.raises(ExpressionError):
        readable("close >")
    assert readable("RSI(14)<30").text == "rsi(close, 14) < 30"


def test_signals_equal_those_of_the_screen_on_a_random_market() -> None:
    bars = walk(7, "2023-01-02", "2023-12-29")
    answer = Above().signals(bars, Above().params())
    assert isinstance(answer, Signals)
    close = bars.close
    average = np.full_like(close, np.nan)
    average[2:] = (close[2:] + close[1:-1] + close[:-2]) / 3.0
    clear = np.abs(close - average) > 1e-9  # a sum in another order may round the other way on a tie
    assert (answer.entry == (close > average))[clear].all()
