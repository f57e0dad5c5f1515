"""What a strategy may ask of a run: a size by its risk, a product by its parameters, bars it can work with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from app.engines.backtest import RunResult, Sizing, book_of, run
from app.engines.bars import Bars
from app.engines.strategies import NotEnoughData, Params, Signals, Strategy, param
from app.engines.strategies.base import ProductName
from tests.engines.backtest.cases import NAN, Given, bars_of, fills_of, on, spec_of

CAPITAL = 10_000.0
BARS = bars_of([[100.0], [100.0], [104.0], [104.0]], [[100.0], [100.0], [104.0], [104.0]])


def bought(stop: float, *, at: int = 0, short: bool = False, risk: float | None = 0.01, **fields: object) -> float:
    """Shares of an entry decided at the close of a bar, 100 in all of them, on 10,000 rupees."""
    entry, never = on(BARS.shape, (at, 0)), np.zeros(BARS.shape, bool)
    side = Signals(entry, never, stop=np.where(entry, stop, NAN), risk=risk)
    given = Given("given", [[False]], [[False]])
    given.answer = Signals(never, never, short=side) if short else side
    result = run(spec_of(["given"], initial_capital=CAPITAL, **fields), BARS, {"given": given})
    return fills_of(result)[0][3]


def test_an_entry_buys_no_more_than_loses_its_part_of_the_equity_at_the_stop():
    # 1 % of 10,000 is 100 rupees, over 5 a share: 20 shares, 2,000 rupees at the close of the decision
    assert bought(95.0) == 20
    assert bought(95.0, at=1) == 19  # what 2,000 rupees buy at an open of 104
    assert bought(105.0, short=True) == 20
    assert bought(95.0, risk=0.02) == 40


def test_a_near_stop_buys_no_more_than_the_sizing_allows():
    assert bought(99.9) == 100  # by its risk it would be 1,000
    assert bought(99.9, sizing=Sizing("value", 3_000.0)) == 30
    assert bought(95.0, sizing=Sizing("value", 1_000.0)) == 10


def test_without_a_stop_or_a_risk_the_sizing_alone_decides():
    assert bought(NAN) == 100 == bought(95.0, risk=None)
    assert bought(95.0, sizing=Sizing("quantity", 7)) == 7  # shares that are asked for are shares


@pytest.mark.parametrize("risk", [0.0, 1.5, -0.1, NAN, 1, True])
def test_a_risk_that_is_no_fraction_is_refused(risk):
    with pytest.raises(ValueError, match="strategy given: risk must be a fraction above 0 and up to 1"):
        bought(95.0, risk=risk)


@dataclass(frozen=True)
class ChoiceParams(Params):
    """Whether futures are traded."""

    futures: int = param(0, minimum=0, maximum=1, description="1: in futures", unit="0 or 1")


class Choice(Strategy[ChoiceParams]):
    """Buys at once; the product is a parameter."""

    id = "choice"
    display_name = description = hypothesis = when_it_loses = citation = regime = "for a test"
    params_type = ChoiceParams
    source_hash = "0" * 64  # type: ignore[assignment]  # no source to hash

    def product_of(self, params: ChoiceParams) -> ProductName:
        return "FUT" if params.futures else "CNC"

    def needs_volume(self, params: ChoiceParams) -> bool:
        return True

    def warm_up(self, params: ChoiceParams) -> int:
        return 0

    def signals(self, bars: Bars, params: ChoiceParams) -> Signals:
        return Signals(on(bars.shape, (0, 0)), np.zeros(bars.shape, bool))


def chosen(futures: int) -> RunResult:
    choice = Choice()
    spec = spec_of(["choice"], initial_capital=CAPITAL, books=(book_of(choice, {"futures": futures}),))
    return run(spec, BARS, {"choice": choice})


def test_a_parameter_can_choose_the_product_and_futures_are_labelled_proxy():
    cash, futures = chosen(0), chosen(1)
    assert (cash.fills["product"], futures.fills["product"]) == (["CNC"], ["FUT"])
    labels = [[line for line in result.assumptions if line.startswith("PROXY: ")] for result in (cash, futures)]
    assert labels[0] == [] and len(labels[1]) == 1 and labels[1][0].startswith("PROXY: choice trades futures")


def test_bars_without_volume_are_not_enough_for_a_strategy_that_needs_it():
    silent = Bars.from_ohlcv(BARS.sessions, {"A": (*(field[:, 0] for field in BARS.raw), [0.0] * 4)})
    with pytest.raises(NotEnoughData, match="volume: choice needs it, and none of the bars has any"):
        run(spec_of(["choice"]), silent, {"choice": Choice()})
    # one bar without any is one in which nothing traded, and no reason to refuse the others
    one = Bars.from_ohlcv(BARS.sessions, {"A": (*(field[:, 0] for field in BARS.raw), [1.0, 1.0, 1.0, 0.0])})
    assert len(run(spec_of(["choice"]), one, {"choice": Choice()}).fills["product"]) == 1


@pytest.mark.parametrize(
    ("needed", "timeframe", "refused"),
    [
        ("any", "1mo", False),
        ("daily", "1d", False),
        ("daily", "5m", True),
        ("daily", "1w", True),
        ("intraday", "5m", False),
        ("intraday", "1d", True),
        ("intraday", "1w", True),
    ],
)
def test_bars_of_another_timeframe_are_refused_by_name(monkeypatch, needed, timeframe, refused):
    monkeypatch.setattr(Choice, "bars", needed)
    bars = Bars.from_ohlcv(BARS.sessions, {"A": ([1.0] * 4,) * 5}, timeframe=timeframe)
    strategy = Choice()
    if refused:
        with pytest.raises(ValueError, match=f"timeframe: choice needs {needed} bars, got {timeframe}"):
            strategy.require(bars, strategy.params())
    else:
        strategy.require(bars, strategy.params())
