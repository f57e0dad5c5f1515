"""What holds for every run, whatever the bars."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engines.backtest import RunResult
from app.engines.bars import Bars
from tests.engines.backtest.cases import bars_of, on, permuted, run_given
from tests.engines.backtest.naive import Naive, naive_run

PROPERTY = settings(deadline=None, max_examples=60)


@st.composite
def markets(draw: st.DrawFn) -> dict[str, Any]:
    """A small market with holes, ex-dates, changing members and random decisions of one or two books."""
    count, columns = draw(st.integers(2, 14)), draw(st.integers(1, 4))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = (count, columns)
    close = np.round(100.0 * np.exp(np.cumsum(random.normal(0, 0.08, shape), axis=0)), 2)
    open_ = np.round(close * np.exp(random.normal(0, 0.05, shape)), 2)
    hole = random.random(shape) < draw(st.sampled_from([0.0, 0.15]))
    open_[hole] = close[hole] = np.nan
    step = np.where(random.random(shape) < draw(st.sampled_from([0.0, 0.1])), random.choice([2, 5, 1.5, 0.1], shape), 1)
    step[0] = 1.0
    factor = np.cumprod(step, axis=0)
    open_, close = open_ / factor, close / factor  # raw prices fall as shares multiply
    books = []
    for _ in range(draw(st.integers(1, 2))):
        rank = np.round(random.random(shape), 1) if draw(st.booleans()) else None  # rounded: ties
        books.append((random.random(shape) < 0.4, random.random(shape) < 0.3, rank))
    return {
        "bars": bars_of(
            open_, close, factor=factor, member=random.random(shape) < 0.85, start=draw(st.integers(0, count - 1))
        ),
        "books": books,
        "capital": draw(st.sampled_from([500.0, 10_000.0, 1e6])),
        "bps": draw(st.sampled_from([0.0, 10.0, 300.0])),
        "slippage_bps": draw(st.sampled_from([0.0, 20.0])),
        "max_positions": draw(st.sampled_from([None, 1, 2])),
        "dividends": np.where(random.random(shape) < 0.1, 1.25, np.nan) if draw(st.booleans()) else None,
    }


def run_of(market: dict[str, Any], bars: Bars | None = None) -> RunResult:
    return run_given(
        bars or market["bars"],
        *market["books"],
        initial_capital=market["capital"],
        bps=market["bps"],
        slippage_bps=market["slippage_bps"],
        max_positions=market["max_positions"],
        dividends=market["dividends"],
    )


def naive_of(market: dict[str, Any]) -> Naive:
    bars: Bars = market["bars"]
    return naive_run(
        bars.raw.open, bars.raw.close, bars.factor, bars.member, market["books"], capital=market["capital"],
        rate=market["bps"] / 1e4, slippage=market["slippage_bps"] / 1e4, max_positions=market["max_positions"],
        dividends=market["dividends"], start=bars.start,
    )  # fmt: skip


def day(bars: Bars, label: str) -> int:
    return int((np.datetime64(label) - bars.sessions[0]).astype(int))


@PROPERTY
@given(markets())
def test_the_core_does_what_its_obvious_twin_does(market):
    bars, result, naive = market["bars"], run_of(market), naive_of(market)
    index = {symbol: n for n, symbol in enumerate(bars.symbols)}
    names = result.spec.book_names

    def rows(table: dict[str, list[Any]], time: str, *columns: str) -> list[tuple[Any, ...]]:
        who = zip(table[time], table["book"], table["symbol"], *(table[c] for c in columns), strict=True)
        return [(day(bars, at), names.index(book), index[symbol], *rest) for at, book, symbol, *rest in who]

    assert rows(result.fills, "filled_at", "side", "quantity", "price", "cost", "reason") == naive.fills
    assert rows(result.rejections, "at", "side", "reason", "granted") == naive.rejections
    ours = rows(result.events, "at", "kind", "quantity_before", "quantity_after", "amount")
    assert [e[:-1] for e in ours] == [e[:-1] for e in naive.events]
    assert [e[-1] for e in ours] == pytest.approx([e[-1] for e in naive.events], rel=1e-9, abs=1e-9)
    assert result.equity == pytest.approx(naive.equity, rel=1e-12)
    assert result.cash == pytest.approx(naive.cash, rel=1e-12, abs=1e-9)


@PROPERTY
@given(markets())
def test_cash_and_holdings_are_the_equity_and_cash_is_never_negative(market):
    result, naive = run_of(market), naive_of(market)
    bars = market["bars"]
    last: dict[int, float] = {}
    for t in range(bars.shape[0]):
        for n in range(bars.shape[1]):
            step = bars.factor[t, n] / bars.factor[t - 1, n] if t else 1.0
            if n in last:
                last[n] /= step
            if not np.isnan(bars.raw.close[t, n]):
                last[n] = bars.raw.close[t, n]
        if t >= bars.start:
            i = t - bars.start
            worth = sum(quantity * last[n] for (_, n), quantity in naive.holdings[i].items())
            assert result.cash[i] + worth == pytest.approx(result.equity[i], rel=1e-12)
            assert result.exposure[i] * result.equity[i] == pytest.approx(worth, rel=1e-9, abs=1e-9)
    assert (result.cash >= 0.0).all()


@PROPERTY
@given(markets())
def test_nothing_fills_before_the_bar_after_its_decision_nor_outside_the_open(market):
    bars, result = market["bars"], run_of(market)
    for at, decided, symbol, reference, price, side in zip(
        *(result.fills[c] for c in ("filled_at", "decided_at", "symbol", "reference_price", "price", "side")),
        strict=True,
    ):
        assert at > decided
        assert reference == bars.raw.open[day(bars, at), bars.symbols.index(symbol)]
        assert price >= reference if side == "BUY" else price <= reference


@PROPERTY
@given(markets())
def test_trades_and_costs_add_up_to_the_change_of_equity(market):
    result = run_of(market)
    fills, trades = result.fills, result.trades
    assert result.equity[-1] - market["capital"] == pytest.approx(sum(trades["pnl"]), rel=1e-9, abs=1e-6)
    assert sum(trades["costs"]) == pytest.approx(sum(fills["cost"]), rel=1e-12, abs=1e-12)
    assert fills["cost"] == fills["cost_flat"]
    assert all(cost >= 0.0 for cost in fills["cost"])
    rate = market["bps"] / 1e4
    expected = [rate * q * p for q, p in zip(fills["quantity"], fills["price"], strict=True)]
    assert fills["cost"] == pytest.approx(expected, rel=1e-12)


@PROPERTY
@given(markets(), st.randoms())
def test_the_order_of_the_columns_changes_nothing(market, random):
    bars = market["bars"]
    order = list(range(bars.shape[1]))
    random.shuffle(order)
    shuffled = dict(market)
    shuffled["bars"] = permuted(bars, order)
    if market["dividends"] is not None:
        shuffled["dividends"] = market["dividends"][:, order]
    # the strategies are asked in the order of the keys, whatever order the bars came in: their signals stay as they are
    assert run_of(shuffled).to_canonical() == run_of(market).to_canonical()


@PROPERTY
@given(markets(), st.sampled_from([0.1, 3.0, 1000.0]))
def test_with_proportional_costs_more_capital_is_the_same_curve_larger(market, scale):
    bars = market["bars"]
    divisible = {"fractional": True, "bps": market["bps"], "slippage_bps": market["slippage_bps"],
                 "max_positions": market["max_positions"], "dividends": market["dividends"]}  # fmt: skip
    small, large = (
        run_given(bars, *market["books"], initial_capital=capital, **divisible)
        for capital in (10_000.0, scale * 10_000.0)
    )
    assert large.equity == pytest.approx(scale * small.equity, rel=1e-9)
    assert large.trades["exit_at"] == small.trades["exit_at"]
    # whole shares: of so much money that one share is nothing, all but rounding scales
    rich, richer = (
        run_given(bars, *market["books"], initial_capital=capital, **divisible | {"fractional": False})
        for capital in (1e12, 1e13)
    )
    assert richer.equity == pytest.approx(10.0 * rich.equity, rel=1e-6)


@PROPERTY
@given(markets(), st.data())
def test_an_announced_split_changes_no_value_of_the_account(market, data):
    # a 1:2 or 1:4 split of one column; shares before it are whole, so only the size of later entries is rounded:
    # entries after it are taken out
    bars = market["bars"]
    t, n = data.draw(st.integers(0, bars.shape[0] - 1)), data.draw(st.integers(0, bars.shape[1] - 1))
    ratio = data.draw(st.sampled_from([2.0, 4.0]))  # powers of two: prices divide without rounding
    books = []
    for entry, leave, rank in market["books"]:
        early = entry.copy()
        early[max(t - 1, 0) :] = False  # an entry decided the day before would fill after the split
        books.append((early, leave, rank))
    plain = {**market, "books": books}
    scale = np.ones(bars.shape)
    scale[t:, n] = ratio
    split_bars = replace(bars, raw=type(bars.raw)(*(field / scale for field in bars.raw)), factor=bars.factor * scale)
    split = dict(plain, bars=split_bars)
    if market["dividends"] is not None:  # rupees a share: on the ex-date still of the old shares
        later = scale.copy()
        later[t, n] = 1.0
        split["dividends"] = market["dividends"] / later
    exact = {1.0, 2.0, 5.0}
    steps = {float(x) for x in np.unique(bars.factor[1:] / bars.factor[:-1])} if bars.shape[0] > 1 else set()
    result, expected = run_of(split), run_of(plain)
    if steps <= exact and t > 0:  # fractional ratios pay out fractions, of which a split makes fewer
        assert result.equity == pytest.approx(expected.equity, rel=1e-12)
        assert result.cash == pytest.approx(expected.cash, rel=1e-12, abs=1e-9)
        assert result.trades["pnl"] == pytest.approx(expected.trades["pnl"], rel=1e-9, abs=1e-7)


@PROPERTY
@given(markets(), st.data())
def test_what_happens_later_changes_nothing_before(market, data):
    bars = market["bars"]
    cut = data.draw(st.integers(bars.start + 1, bars.shape[0]))
    part = dict(
        market, bars=bars.up_to(cut), books=[tuple(a if a is None else a[:cut] for a in b) for b in market["books"]]
    )
    if market["dividends"] is not None:
        part["dividends"] = market["dividends"][:cut]
    whole, early = run_of(market), run_of(part)
    assert early.equity.tolist() == whole.equity[: cut - bars.start].tolist()
    known = len(early.fills["intent"])
    assert {name: values[:known] for name, values in whole.fills.items()} == early.fills


def test_the_market_of_these_properties_trades_and_refuses():
    # a property over runs without a fill would hold for nothing: these bars give every kind of row
    bars = bars_of([[100, 50], [100, 50], [20, 50], [21, 50]], [[100, 50], [100, 50], [20, 50], [21, 50]],
                   factor=[[1, 1], [1, 1], [5, 1], [5, 1]])  # fmt: skip
    result = run_given(bars, (on((4, 2), (0, 0), (0, 1)), on((4, 2), (2, 0))), initial_capital=250, max_positions=1)
    assert (len(result.fills["intent"]), len(result.rejections["intent"]), len(result.events["kind"])) == (2, 1, 1)
