"""Strategies that are screens: signals by hand, weights by hand, and no look-ahead."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app.engines.bars import Bars
from app.engines.evidence.lookahead import LEAK, prove
from app.engines.ports import ByDay, Ports
from app.engines.screener.cards import CARDS
from app.engines.screener.language import ExpressionError
from app.engines.strategies.base import NotEnoughData, Signals, Weights
from app.engines.strategies.screened import (
    BY_SESSION,
    IN_BARS,
    NOT_BY_DAY,
    ScreenParams,
    ScreenStrategy,
    port_of,
    readable,
)
from app.services.screens.marks import MARKS
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
        {"entry": "roe > 5 and eps > eps[20]", "leave": "roe < 0", "rank_by": "roe - pe_ratio"},
        {"entry": "turnover > sma(turnover, 10) and delivery / volume > 0.4", "leave": "trades < trades[1]"},
        {"entry": "rank(debt_to_equity) <= 3", "rank_by": "-beta_1y", "rebalance": "monthly"},
        {"entry": "close / close[20] > index_close / index_close[20] and bars_listed > 60"},
        {"entry": 'in index("NIFTYIT") or count(in index("NIFTY50"), 5) == 5', "leave": 'not in index("NIFTYIT")'},
        {"entry": "price_band < 10 or under_surveillance[2]", "leave": "hit_lower_band", "rank_by": "price_band"},
    ],
    ids=str,
)
def test_a_screen_does_not_look_ahead(changes: dict[str, str]) -> None:
    strategy = type("Made", (Above,), changes)()
    proof = prove(strategy, strategy.params({"names": 3}))
    assert proof.passed, proof.sentence


def test_a_screen_that_reads_more_than_bars_is_refused_by_name() -> None:
    for text, named in (
        ('sector in ("Energy")', "sector cannot be read by a strategy: only the latest known sector is on file"),
        ("pe_ratio < sector_median(pe_ratio)", "sector cannot be read"),
        ('contains(name, "bank") and close > 5', "name cannot be read by a strategy: only the latest known name"),
        (
            'symbol == "TCS" or series == "EQ"',
            "series cannot be read.*; symbol cannot be read by a strategy: who names",
        ),
    ):
        with pytest.raises(ValueError, match=named):
            readable(text)
    with pytest.raises(ExpressionError):
        readable("close >")
    assert readable("RSI(14)<30").text == "rsi(close, 14) < 30"


def test_of_every_stored_field_a_strategy_sees_its_day_or_is_told_why_it_does_not() -> None:
    stored = {name for name, card in CARDS.items() if card.expression is None}
    assert {name for name in stored - IN_BARS if port_of(name) is None} == NOT_BY_DAY.keys()
    assert MARKS.keys() < BY_SESSION


def test_members_of_an_index_are_read_as_known_at_each_close() -> None:
    class Members(Above):
        entry = 'in index("NIFTYIT") and close > 10'
        leave = 'not in index("NIFTYIT")'

    bars = daily(sessions_of("2024-01-01", "2024-01-05"), {"A": [11, 12, 13, 14, 15], "B": [10, 11, 12, 13, 14]})
    told = np.array([[NAN, NAN], [1, 0], [1, 0], [0, 1], [0, 1]])  # of the first day no list is on file
    strategy = Members()
    assert strategy.reads() == ("members.NIFTYIT",)
    with_ports = replace(bars, ports=Ports({"members.NIFTYIT": ByDay(bars.decided_at, told)}))
    answer = strategy.signals(with_ports, strategy.params())
    assert isinstance(answer, Signals)
    assert answer.entry[:, 0].tolist() == [False, True, True, False, False]
    assert answer.entry[:, 1].tolist() == [False, False, False, True, True]
    assert answer.exit[:, 0].tolist() == [False, False, False, True, True]  # what is not known sells nothing


def test_company_figures_and_turnover_are_read_as_known_at_each_close() -> None:
    class Profitable(Above):
        entry = "roe > 15 and turnover > 5cr"

    bars = daily(sessions_of("2024-01-01", "2024-01-05"), {"A": [10, 11, 12, 13, 14], "B": [10, 10, 10, 10, 10]})
    roe = np.array([[NAN, 20], [NAN, 20], [16, 20], [16, 14], [15, 14]])  # A's is published on the third day
    turnover = 1e7 * np.array([[9, 6], [9, 5], [9, 6], [4, 6], [9, 6]])
    ports = {"fundamentals.roe": ByDay(bars.decided_at, roe), "stored.turnover": ByDay(bars.decided_at, turnover)}
    strategy = Profitable()
    assert strategy.reads() == ("fundamentals.roe", "stored.turnover")
    with_ports = replace(bars, ports=Ports(ports))
    strategy.require(with_ports, strategy.params())
    answer = strategy.signals(with_ports, strategy.params())
    assert isinstance(answer, Signals)
    assert answer.entry[:, 0].tolist() == [False, False, True, False, False]
    assert answer.entry[:, 1].tolist() == [True, False, True, False, False]
    with pytest.raises(NotEnoughData, match=r"reads fundamentals\.roe, stored\.turnover, and there is no such thing"):
        strategy.require(bars, strategy.params())


def test_a_number_by_day_is_cut_where_it_was_not_known_yet() -> None:
    days = np.array(["2024-01-01T18:00:00", "2024-01-02T18:00:00", "2024-01-04T18:00:00"], "datetime64[s]")
    port = ByDay(days, np.array([[1.0, 2.0], [NAN, 3.0], [4.0, 5.0]]))
    asked = np.array(["2023-12-31T23:00:00", "2024-01-02T17:59:59", "2024-01-02T18:00:00", "2024-01-03T09:15:00"])
    instants = asked.astype("datetime64[s]")
    np.testing.assert_array_equal(port.at(instants), [[NAN, NAN], [1, 2], [NAN, 3], [NAN, 3]])
    np.testing.assert_array_equal(port.columns([1]).at(instants)[:, 0], [NAN, 2, 3, 3])
    assert port.up_to(instants[1]).value.tolist() == [[1.0, 2.0]] and port.up_to(instants[0]).value.shape == (0, 2)


@pytest.mark.parametrize(
    "port",
    [
        "stored.turnover",
        "stored.delivery",
        "stored.bars_listed",
        "stored.price_band",
        "stored.has_derivatives",
        "fundamentals.roe",
        "members.NIFTYIT",
    ],
)
def test_tomorrows_number_is_found_out(port: str) -> None:
    class Tomorrow(Above):
        def signals(self, bars: Bars, params: ScreenParams) -> Signals:
            told = bars.ports[port].at(np.append(bars.decided_at[1:], bars.decided_at[-1:] + 86_400))
            entry = told > np.nan_to_num(told).mean()
            return Signals(entry, ~entry)

    proof = prove(Tomorrow(), Tomorrow().params())
    assert proof.outcome == LEAK and proof.tested["ports"] == [port]


def test_signals_equal_those_of_the_screen_on_a_random_market() -> None:
    bars = walk(7, "2023-01-02", "2023-12-29")
    answer = Above().signals(bars, Above().params())
    assert isinstance(answer, Signals)
    close = bars.close
    average = np.full_like(close, np.nan)
    average[2:] = (close[2:] + close[1:-1] + close[:-2]) / 3.0
    clear = np.abs(close - average) > 1e-9  # a sum in another order may round the other way on a tie
    assert (answer.entry == (close > average))[clear].all()
