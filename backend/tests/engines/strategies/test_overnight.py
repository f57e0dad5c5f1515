"""The overnight effect by hand, and the test of the cost model it is kept for: on real prices it loses in cash."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from app.engines.backtest import CostSpec, RunResult, RunSpec, Sizing, UniverseSpec, book_of, run
from app.engines.bars import Bars
from app.engines.strategies.registry import registry
from tests.engines.strategies.panels import NAN, panel_of, sessions_of

DAYS = sessions_of("2024-01-01", "2024-01-31")
# large companies without a split, bonus or demerger in the years of the test
STOCKS = ("ASIANPAINT", "HINDUNILVR", "MARUTI", "SBIN", "TITAN", "ULTRACEMCO")


def ran(bars: Bars, costs: str = "none", sizing: Sizing | None = None, **params: Any) -> RunResult:
    spec = RunSpec(
        books=(book_of(registry()["overnight"], params),),
        universe=UniverseSpec(index="GIVEN"),
        start=date(2000, 1, 1),
        end=date(2100, 1, 1),
        data_root="given",
        sizing=sizing or Sizing("quantity", 10),
        costs=CostSpec(costs, 11.0 if costs == "bps" else 0.0),
    )
    return run(spec, bars, registry())


def typed(opens: list[float], closes: list[float], **fields: Any) -> Bars:
    o, c = (np.array(values, float)[:, None] for values in (opens, closes))
    return panel_of(DAYS[: len(opens)], ("A",), (o, np.fmax(o, c), np.fmin(o, c), c), **fields)


def fills(result: RunResult) -> list[tuple[Any, ...]]:
    days = [str(day) for day in result.sessions]
    columns = (result.fills[name] for name in ("filled_at", "side", "price", "reason"))
    return [(days.index(day), *rest) for day, *rest in zip(*columns, strict=True)]


NIGHTS = ([100.0, 101.0, 105.0, 103.0, 107.0], [100.0, 102.0, 104.0, 106.0, 108.0])


def test_a_close_is_bought_and_the_next_open_sold():
    # sold at the open of bar 2, and bought again at the close of bar 3, the session after
    assert fills(ran(typed(*NIGHTS))) == [
        (1, "BUY", 102.0, "SIGNAL"), (2, "SELL", 105.0, "SIGNAL"), (3, "BUY", 106.0, "SIGNAL"),
        (4, "SELL", 107.0, "SIGNAL"),
    ]  # fmt: skip
    assert ran(typed(*NIGHTS)).trades["pnl"] == [30.0, 10.0]  # ten shares over two nights


def test_when_asked_to_it_is_bought_again_on_the_day_of_the_sale():
    assert fills(ran(typed(*NIGHTS), every_night=1)) == [
        (1, "BUY", 102.0, "SIGNAL"), (2, "SELL", 105.0, "SIGNAL"), (2, "BUY", 104.0, "SIGNAL"),
        (3, "SELL", 103.0, "SIGNAL"), (3, "BUY", 106.0, "SIGNAL"), (4, "SELL", 107.0, "SIGNAL"),
        (4, "BUY", 108.0, "SIGNAL"),
    ]  # fmt: skip


def test_over_a_day_without_trade_it_is_held_and_then_goes_on():
    bars = typed([100, 101, NAN, 103, 104], [100, 102, NAN, 106, 104])
    assert fills(ran(bars, every_night=0)) == [
        (1, "BUY", 102.0, "SIGNAL"), (3, "SELL", 103.0, "SIGNAL"), (4, "BUY", 104.0, "SIGNAL"),
    ]  # fmt: skip
    assert fills(ran(bars, every_night=1))[1:] == [(3, "SELL", 103.0, "SIGNAL"), (4, "BUY", 104.0, "SIGNAL")]


def test_what_leaves_the_universe_is_bought_no_more():
    member = np.array([[True], [True], [False], [False], [False]])
    # decided at bar 1, when it was a member: bought at the close of bar 2, and sold at the next open
    found = fills(ran(typed(*NIGHTS, member=member), every_night=1))
    assert [row[:3] for row in found] == [
        (1, "BUY", 102.0), (2, "SELL", 105.0), (2, "BUY", 104.0), (3, "SELL", 103.0),
    ]  # fmt: skip
    assert [row[0] for row in fills(ran(typed(*NIGHTS, member=member), every_night=0))] == [1, 2]


def test_in_futures_it_is_labelled_proxy():
    bars = typed([100, 101, 105, 103], [100, 102, 104, 106])
    cash, futures = ran(bars), ran(bars, futures=1)
    assert set(cash.fills["product"]) == {"CNC"} and set(futures.fills["product"]) == {"FUT"}
    assert not any("PROXY" in line for line in cash.assumptions)
    assert any(line.startswith("PROXY: overnight trades futures") for line in futures.assumptions)


def test_weekly_and_intraday_bars_are_refused():
    bars = Bars.from_ohlcv(DAYS[:3], {"A": ([1.0] * 3,) * 5}, timeframe="5m")
    with pytest.raises(ValueError, match="timeframe: overnight needs daily bars, got 5m"):
        registry()["overnight"].require(bars, registry()["overnight"].params())


def real_bars(evidence: Path, first: date, last: date) -> Bars:
    folder = evidence / "data" / "daily"
    table = pl.concat([pl.scan_parquet(path) for path in sorted(folder.glob("*.parquet"))], how="diagonal_relaxed")
    chosen = pl.col("symbol").is_in(STOCKS) & (pl.col("series") == "EQ") & pl.col("date").is_between(first, last)
    found = table.filter(chosen).sort("date", "symbol").collect()
    sessions = found["date"].unique(maintain_order=True).to_numpy()
    assert len(found) == len(sessions) * len(STOCKS)  # each traded in every session
    fields = [
        found[name].to_numpy().astype(float).reshape(-1, len(STOCKS)) for name in ("open", "high", "low", "close")
    ]
    return panel_of(sessions.astype("datetime64[D]"), STOCKS, tuple(fields))


def charged_a_side(result: RunResult) -> float:
    """Charges over the value traded."""
    traded = zip(result.fills["quantity"], result.fills["price"], strict=True)
    return float(sum(result.fills["cost"]) / sum(quantity * price for quantity, price in traded))


def test_in_cash_with_delivery_charges_it_loses_what_the_nights_bring(evidence: Path):
    # 2019 and 2020, every other night of 490. Without charges the six stocks gain; delivered, a night costs 0.1 % of
    # transaction tax on each side, 0.015 % of stamp duty on the purchase, the exchange's charge, and what the
    # depository takes for each sale: more than a night brings.
    bars = real_bars(evidence, date(2019, 1, 1), date(2020, 12, 31))
    free, charged, futures = (
        ran(bars, plan, Sizing(), **params)
        for plan, params in (("none", {}), ("zerodha", {}), ("zerodha", {"futures": 1}))
    )
    assert free.metrics["trades"] == charged.metrics["trades"] > 1400
    assert charged.metrics["total_return"] < 0.0 < free.metrics["total_return"]
    assert 0.0011 < charged_a_side(charged) < 0.0013
    assert charged.metrics["total_return"] < futures.metrics["total_return"] < free.metrics["total_return"]
    assert not set(charged.fills["cost_brokerage"]) - {0.0}  # delivery at this broker
    # every night of 490, with two delivered legs a day of 0.11 % each: it must lose
    assert (
        ran(bars, "bps", Sizing(), every_night=1).metrics["total_return"]
        < 0.0
        < ran(bars, "none", Sizing(), every_night=1).metrics["total_return"]
    )


def test_bought_again_on_the_day_of_the_sale_the_note_charges_it_as_intraday(evidence: Path):
    # the tax of a netted day is 0.025 % of the sale alone, and brokerage is due: 0.03 % or 20 rupees
    bars = real_bars(evidence, date(2020, 7, 1), date(2020, 9, 30))
    nightly, delivered = (ran(bars, "zerodha", Sizing(), every_night=n) for n in (1, 0))
    assert charged_a_side(nightly) < 0.5 * charged_a_side(delivered)
    middle = [i for i, day in enumerate(nightly.fills["filled_at"]) if "2020-07-15" < day < "2020-09-15"]
    taxed = sum(nightly.fills["cost_stt"][i] for i in middle)
    sold = sum(
        nightly.fills["quantity"][i] * nightly.fills["price"][i] for i in middle if nightly.fills["side"][i] == "SELL"
    )
    assert taxed / sold == pytest.approx(0.00025, rel=0.05) and all(nightly.fills["cost_brokerage"][i] for i in middle)
