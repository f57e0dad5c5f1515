"""Markets and inputs as they should not be: each has an outcome; what cannot be is refused by its place."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from app.engines.backtest import Sizing, run
from app.engines.bars import Bars, Prices
from app.engines.strategies.base import Weights
from tests.engines.backtest.cases import NAN, Given, bars_of, fills_of, on, refusals_of, run_given, spec_of


def with_volume(bars: Bars, *rows: float) -> Bars:
    return replace(bars, raw_volume=np.array(rows, float)[:, None])


def bought_at(bars: Bars, *cells: int, sold: tuple[int, ...] = (), **fields: Any) -> Any:
    shape = bars.shape
    book = (on(shape, *((t, 0) for t in cells)), on(shape, *((t, 0) for t in sold)))
    return run_given(bars, book, initial_capital=1000.0, sizing=Sizing("quantity", 5), **fields)


def test_nobody_trades_in_a_bar_without_volume():
    flat = bars_of([[100]] * 5, [[100]] * 5)
    result = bought_at(with_volume(flat, 10, 0, 10, 10, 10), 0)
    assert fills_of(result) == []
    assert refusals_of(result) == [(2, "A", "BUY", "NO_BAR", 0.0)]
    # an exit waits for the next bar in which somebody trades; at what price nobody traded is no mark either
    prices = [[100], [100], [100], [50], [110]]
    result = bought_at(with_volume(bars_of(prices, prices), 10, 10, 10, 0, 10), 0, sold=(2,))
    assert fills_of(result) == [(2, "A", "BUY", 5, 100), (5, "A", "SELL", 5, 110)]
    assert result.equity.tolist() == [1000, 1000, 1000, 1000, 1050]


def test_volumes_that_are_never_there_are_unknown_and_forbid_nothing():
    bars = with_volume(bars_of([[100]] * 3, [[100]] * 3), 0, 0, 0)
    assert fills_of(bought_at(bars, 0)) == [(2, "A", "BUY", 5, 100)]
    # but no share of an unknown volume can be taken
    assert refusals_of(bought_at(bars, 0, volume_cap=0.1)) == [(2, "A", "BUY", "VOLUME_CAP", 0.0)]


def test_a_suspended_stock_keeps_its_last_price_and_its_split_is_done_before_it_trades_again():
    # suspended on days 3 and 4; shares became two on day 4; sold when it comes back at 55
    prices = [[100], [100], [NAN], [NAN], [55], [55]]
    bars = bars_of(prices, prices, factor=[[1], [1], [1], [2], [2], [2]])
    result = bought_at(bars, 0, sold=(1,))
    assert fills_of(result) == [(2, "A", "BUY", 5, 100), (5, "A", "SELL", 10, 55)]
    assert result.equity.tolist() == [1000, 1000, 1000, 1000, 1050, 1050]
    assert any("Held over bars in which they did not trade" in said for said in result.warnings)


def test_a_stock_listed_mid_way_is_not_bought_before_its_first_bar():
    prices = [[NAN], [NAN], [100], [100]]
    bars = bars_of(prices, prices)
    result = bought_at(bars, 0, 2)
    assert refusals_of(result) == [(2, "A", "BUY", "NO_BAR", 0.0)]
    assert fills_of(result) == [(4, "A", "BUY", 5, 100)]
    assert result.coverage == {"member_days": 4, "traded": 2}


def test_one_price_of_a_bar_missing_fills_nothing_that_needs_it():
    # no open on day 2: the entry for that open is refused, the close still is a mark
    bars = bars_of([[100], [NAN], [100], [NAN]], [[100], [101], [102], [103]])
    assert refusals_of(bought_at(bars, 0)) == [(2, "A", "BUY", "NO_BAR", 0.0)]
    result = bought_at(bars, 1)
    assert fills_of(result) == [(3, "A", "BUY", 5, 100)] and result.equity.tolist() == [1000, 1000, 1010, 1015]


def test_delisted_while_held_it_stays_at_its_last_price_and_is_named():
    prices = [[100], [100], [90], [NAN], [NAN]]
    result = bought_at(bars_of(prices, prices), 0, sold=(2,))
    assert result.trades["open"] == [True] and result.equity[-1] == 950
    assert any("A last traded on 2024-01-03 and is still held at the end" in said for said in result.warnings)


def changed(field: str, value: float) -> Bars:
    bars = bars_of([[100, 100]] * 3, [[100, 100]] * 3)
    if field in Prices._fields:
        prices = bars.raw._asdict()[field].copy()
        prices[1, 1] = value
        return replace(bars, raw=bars.raw._replace(**{field: prices}))
    array = getattr(bars, field).copy()
    array[1, 1] = value
    return replace(bars, **{field: array})


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("open", 0.0, r"bars: open of B on 2024-01-02 is 0.0, expected a finite price above 0"),
        ("high", np.inf, r"bars: high of B on 2024-01-02 is inf, expected a finite price above 0"),
        ("low", -1.0, r"bars: low of B on 2024-01-02 is -1.0, expected a finite price above 0"),
        ("raw_volume", -5.0, r"bars: volume of B on 2024-01-02 is -5.0, expected 0 shares or more"),
        ("factor", 0.0, r"bars: factor of B on 2024-01-02 is 0.0, expected a finite number above 0"),
        ("factor", NAN, r"bars: factor of B on 2024-01-02 is nan, expected a finite number above 0"),
    ],
)
def test_what_cannot_be_is_refused_by_its_place(field, value, told):
    bars = changed(field, value)
    none = np.zeros(bars.shape, bool)
    with pytest.raises(ValueError, match=told):
        run_given(bars, (none, none))


def test_a_dividend_below_nothing_is_refused():
    bars = bars_of([[100]] * 3, [[100]] * 3)
    none = np.zeros(bars.shape, bool)
    with pytest.raises(ValueError, match=r"bars: dividend of A on 2024-01-03 is -1.0, expected 0 rupees or more"):
        run_given(bars, (none, none), dividends=np.array([[0.0], [0.0], [-1.0]]))


def test_prices_too_small_to_count_the_shares_they_buy_are_refused():
    # 1000 rupees at 1e-12 are 1e15 shares: one more or less is soon the same number, and counting would never end
    prices = [[1e-13]] * 4
    with pytest.raises(ValueError, match=r"bars: open of A on .* is 1e-13, expected 1e-12 or more"):
        bought_at(bars_of(prices, prices), 0)
    assert bought_at(bars_of(prices, prices), 0, fractional=True).equity.size == 4


class Targets(Given):
    """Given weights instead of signals."""

    def __init__(self, target: Any) -> None:
        super().__init__("given", np.zeros(1), np.zeros(1))
        self.answer = Weights(np.asarray(target, float))  # type: ignore[assignment]


@pytest.mark.parametrize("weight", [np.inf, -np.inf, 1e308])
def test_a_weight_that_buys_no_number_of_shares_is_refused_by_its_place(weight):
    flat = bars_of([[100]] * 3, [[100]] * 3)
    with pytest.raises(ValueError, match=r"strategy given: target of A on 2024-01-02 is .*expected a fraction of"):
        run(spec_of(["given"]), flat, {"given": Targets([[NAN], [weight], [NAN]])})


def test_a_fill_of_more_than_a_tenth_of_the_bars_volume_is_told_by_the_largest():
    flat = bars_of([[100]] * 5, [[100]] * 5)
    # five shares: of 50 they are a tenth, of 40 more than that, of 2 two and a half times all there was
    assert not any("volume, the largest" in said for said in bought_at(with_volume(flat, 9, 50, 9, 50, 9), 0).warnings)
    result = bought_at(with_volume(flat, 9, 40, 9, 2, 9), 0, sold=(2,))
    told = [said for said in result.warnings if "volume, the largest" in said]
    assert len(told) == 1 and told[0].startswith("2 fills took") and "2.5 times of it (A at 2024-01-04)" in told[0]
    assert not any("volume, the largest" in said for said in bought_at(flat, 0, volume_cap=0.5).warnings)
    unknown = bought_at(with_volume(flat, 0, 0, 0, 0, 0), 0)
    assert not any("volume, the largest" in said for said in unknown.warnings)
