"""The metrics of a run: what stands in them, that they follow from the run alone, and that trades and equity agree."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engines.backtest import CostSpec, RunResult, RunSpec, UniverseSpec, book_of, run
from app.engines.bars import Bars
from app.engines.risk import relative
from app.engines.risk import returns as r
from app.engines.strategies.registry import registry
from tests.engines.backtest.cases import bars_of, on, run_given

EXPECTED = {
    *("total_return", "cagr", "volatility", "sharpe", "sortino", "calmar", "max_drawdown", "win_rate"),
    *("profit_factor", "exposure", "turnover", "trades", "final_equity"),  # these the API promises
    *("omega", "ulcer_index", "martin_ratio", "var_95", "var_99", "cvar_95", "cvar_99", "tail_ratio", "skewness"),
    *("kurtosis", "information_ratio", "tracking_error", "beta", "alpha", "expectancy", "payoff", "sqn", "kelly"),
    *("mean_adverse_excursion", "mean_favourable_excursion", "average_holding", "gross_exposure", "net_exposure"),
    *("best_day", "worst_day", "best_month", "worst_month", "recovery_sessions", "longest_drawdown"),
}


def market(seed: int, count: int = 500, columns: int = 4) -> Bars:
    """Random walks in paise, with a split and holes."""
    random = np.random.default_rng(seed)
    close = np.round(100 * np.exp(np.cumsum(random.normal(0, 0.02, (count, columns)), axis=0)), 2)
    open_ = np.round(close * np.exp(random.normal(0, 0.005, close.shape)), 2)
    holes = random.random(close.shape) < 0.02
    open_[holes] = close[holes] = np.nan
    factor = np.ones(close.shape)
    factor[count // 2 :, 0] = 2.0
    open_[count // 2 :, 0] /= 2.0
    close[count // 2 :, 0] /= 2.0
    return bars_of(open_, close, factor=factor)


def crossing(bars: Bars, costs: CostSpec, **words: object) -> RunResult:
    index = np.nancumprod(1.0 + np.nan_to_num(np.diff(bars.close[:, 1], prepend=bars.close[0, 1]) / 1000.0))
    spec = RunSpec(
        books=(book_of(registry()["sma_cross"], {"fast": 5, "slow": 20}),),
        universe=UniverseSpec(index="HAND MADE"),
        start=date(2024, 1, 1),
        end=date(2034, 1, 1),
        data_root="hand made",
        costs=costs,
        **words,  # type: ignore[arg-type]
    )
    with_index = spec.benchmark is not None
    dividends = np.where(np.random.default_rng(1).random(bars.shape) < 0.01, 1.35, np.nan)
    return run(spec, bars, registry(), dividends=dividends, benchmark=index if with_index else None)


@pytest.mark.parametrize("costs", [CostSpec("none"), CostSpec("bps", 7.0), CostSpec("zerodha"), CostSpec("fyers")])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_profits_of_all_trades_are_the_change_of_equity_to_the_paisa(costs: CostSpec, seed: int):
    bars = market(seed)
    result = crossing(bars, costs)
    trades, fills = result.trades, result.fills
    assert result.metrics["trades"] > 20
    # profits are net of costs, and hold the income of dividends and of fractions paid out
    change = result.equity[-1] - result.spec.initial_capital
    assert sum(trades["pnl"]) == pytest.approx(change, rel=0, abs=0.001)  # a tenth of a paisa: sums of many floats
    assert sum(trades["income"]) > 0.0
    # and from the fills alone: sold less bought, what is left at the last close, income, less costs
    cash = sum((1 if side == "SELL" else -1) * q * p
               for side, q, p in zip(fills["side"], fills["quantity"], fills["price"], strict=True))  # fmt: skip
    held = result.equity[-1] - result.cash[-1]
    income, paid = sum(trades["income"]), sum(fills["cost"])
    assert cash + held + income - paid == pytest.approx(change, rel=0, abs=0.001)


def test_every_metric_has_a_value_or_a_reason_and_none_is_lacking():
    result = crossing(market(1), CostSpec("bps", 10.0))
    assert set(result.metrics) >= EXPECTED
    undefined = {name for name, value in result.metrics.items() if value is None}
    of_index = {"beta", "alpha", "correlation", "tracking_error", "information_ratio", "up_capture", "down_capture"}
    assert undefined == of_index | {"recovery_sessions"}
    assert {result.reasons[name] for name in of_index} == {"No index was chosen."}
    assert result.reasons["recovery_sessions"] == "not recovered by the end of the run"


def test_the_index_beside_the_run_is_what_it_is_measured_against():
    result = crossing(market(1), CostSpec("bps", 10.0), benchmark="NIFTY50@x")
    index = np.array(result.benchmarks[0]["equity"])
    returns, theirs = result.daily_return[1:], index[1:] / index[:-1] - 1.0
    assert result.metrics["beta"] == relative.beta(returns, theirs).value
    assert result.metrics["alpha"] == relative.alpha(returns, theirs, 252).value
    assert result.metrics["information_ratio"] == relative.information_ratio(returns, theirs, 252).value


def test_metrics_follow_from_what_the_result_shows():
    result = crossing(market(2), CostSpec("zerodha"))
    returns = result.daily_return[1:]
    assert result.metrics["sharpe"] == r.sharpe(returns, 252).value
    assert result.metrics["worst_day"] == returns.min()
    assert result.metrics["max_drawdown"] == result.drawdown.min()
    closed = [i for i, is_open in enumerate(result.trades["open"]) if not is_open]
    worst = [result.trades["adverse_excursion"][i] for i in closed]
    assert result.metrics["mean_adverse_excursion"] == pytest.approx(np.mean(worst))
    assert all(value <= 0.0 for value in worst)


def test_the_excursions_of_a_trade_are_those_of_its_bars():
    # bought at the open of bar 1 at 100, left at the open of bar 3 at 104; the closes between are 98 and 110
    bars = bars_of([[100], [100], [99], [104], [104]], [[100], [98], [110], [90], [90]])
    result = run_given(bars, (on((5, 1), (0, 0)), on((5, 1), (2, 0))), bps=0.0)
    assert result.trades["adverse_excursion"] == pytest.approx([-0.02])
    assert result.trades["favourable_excursion"] == pytest.approx([0.10])
    # of a short from 100 it would be the other way round: nothing here is short, and net is gross
    assert result.metrics["net_exposure"] == result.metrics["gross_exposure"]


def test_the_bar_at_whose_close_a_trade_is_entered_is_not_part_of_it():
    # bought at the close of bar 1 at 98, which had been at 150, left at the close of bar 3 at 95; in between it was at
    # 99 to 110 in bar 2, and at 104 to 95 in bar 3
    bars = bars_of([[100], [150], [99], [104], [104]], [[100], [98], [110], [95], [90]])
    signals = (on((5, 1), (1, 0)), on((5, 1), (3, 0)))
    result = run_given(bars, signals, bps=0.0, fill_at="this_close")
    assert result.trades["adverse_excursion"] == pytest.approx([95 / 98 - 1])
    assert result.trades["favourable_excursion"] == pytest.approx([110 / 98 - 1])
    assert result.metrics["mean_favourable_excursion"] == pytest.approx(110 / 98 - 1)


def test_an_intraday_trade_of_a_daily_bar_has_the_excursions_of_the_bar():
    # bought at the open of bar 1 at 100, ended with the session at its close, 104; the day went from 97 to 108
    bars = bars_of([[100], [100], [104]], [[100], [104], [104]])
    day = bars.raw._replace(high=np.array([[100.0], [108.0], [104.0]]), low=np.array([[100.0], [97.0], [104.0]]))
    result = run_given(replace(bars, raw=day), (on((3, 1), (0, 0)), on((3, 1))), bps=0.0, product="MIS")
    assert (result.trades["exit_reason"], result.trades["exit_price"]) == (["SQUARE_OFF"], [104.0])
    assert result.trades["adverse_excursion"] == pytest.approx([-0.03])
    assert result.trades["favourable_excursion"] == pytest.approx([0.08])


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 1000), st.permutations(range(4)))
def test_the_order_of_columns_changes_no_metric(seed: int, order: list[int]):
    bars = market(seed, 120)
    shuffled = replace(
        bars,
        keys=tuple(bars.keys[n] for n in order),
        symbols=tuple(bars.symbols[n] for n in order),
        raw=type(bars.raw)(*(values[:, order] for values in bars.raw)),
        raw_volume=bars.raw_volume[:, order],
        factor=bars.factor[:, order],
        gap=bars.gap[:, order],
        member=bars.member[:, order],
    )
    spec = RunSpec(
        books=(book_of(registry()["sma_cross"], {"fast": 5, "slow": 20}),),
        universe=UniverseSpec(index="HAND MADE"), start=date(2024, 1, 1), end=date(2034, 1, 1), data_root="hand made",
    )  # fmt: skip
    assert run(spec, shuffled, registry()).metrics == run(spec, bars, registry()).metrics
