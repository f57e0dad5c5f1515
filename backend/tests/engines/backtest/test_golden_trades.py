"""Trades and equity of the signal-only strategies equal those that three other engines agree on."""

from __future__ import annotations

import csv
import json
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.engines.backtest import CostSpec, RunResult, RunSpec, UniverseSpec, book_of, run
from app.engines.bars import Bars
from app.engines.strategies.registry import registry

TIMEFRAME = {"GOOG": "1d", "EURUSD": "1h", "BTCUSD": "1mo"}
PARAMS = {
    "sma_cross": ("fast", "slow"),
    "ema_cross": ("fast", "slow"),
    "rsi2": (),
    "macd": (),
    "donchian": ("entry", "exit"),
}
IDS = {"macd": "macd_cross"}  # where the list has another name
LISTS = [
    "goog_sma_cross_50_200",
    "goog_rsi2",
    "eurusd_sma_cross_20_50",
    "eurusd_ema_cross_12_26",
    "eurusd_rsi2",
    "btcusd_sma_cross_3_10",
    "goog_macd",
    "goog_donchian_20_10",
    "goog_donchian_55_20",
]


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def golden_bars(evidence: Path, name: str) -> Bars:
    rows = read(evidence / "golden" / "data" / f"{name.lower()}.csv")
    fields = tuple([float(row[field]) for row in rows] for field in ("Open", "High", "Low", "Close", "Volume"))
    return Bars.from_ohlcv([row["Date"] for row in rows], {name: fields}, timeframe=TIMEFRAME[name])  # type: ignore[dict-item]


def case(evidence: Path, name: str) -> dict[str, Any]:
    entries = json.loads((evidence / "golden" / "trades" / "index.json").read_text())
    (found,) = [entry for entry in entries if entry["file"] == f"trades/{name}.csv"]
    return found


def golden_run(evidence: Path, entry: dict[str, Any]) -> RunResult:
    name = next(i for i in PARAMS if entry["strategy"].startswith(i))
    values = map(int, filter(None, entry["strategy"].removeprefix(name).split("_")))
    params = dict(zip(PARAMS[name], values, strict=True))
    strategy_id = IDS.get(name, name)
    bars = golden_bars(evidence, entry["data"])
    spec = RunSpec(
        books=(book_of(registry()[strategy_id], params),),
        universe=UniverseSpec(symbols=(entry["data"],)),
        start=date(2000, 1, 1),
        end=date(2030, 1, 1),
        data_root="golden",
        timeframe=bars.timeframe,
        initial_capital=entry["start_cash"],
        costs=CostSpec("bps", entry["fee_rate_each_side"] * 1e4),
    )
    return run(spec, bars, registry())


def test_every_list_is_compared(evidence: Path):
    entries = json.loads((evidence / "golden" / "trades" / "index.json").read_text())
    assert sorted(entry["file"] for entry in entries) == sorted(f"trades/{name}.csv" for name in LISTS)


@pytest.mark.parametrize("name", LISTS)
def test_trades_equal_the_list_of_three_engines(evidence: Path, name: str):
    entry = case(evidence, name)
    expected = read(evidence / "golden" / entry["file"])
    result = golden_run(evidence, entry)
    trades = {key: values[: len(expected)] for key, values in result.trades.items()}
    assert result.metrics["trades"] == len(expected) == entry["closed_trades"]
    times = [str(np.datetime64(at)) for at in trades["entry_at"]]
    assert times == [str(np.datetime64(row["entry_time"], "D" if len(at) == 10 else "s"))
                     for row, at in zip(expected, trades["entry_at"], strict=True)]  # fmt: skip
    for ours, theirs in (("entry_price", "entry_price"), ("exit_price", "exit_price"), ("quantity", "allin_qty")):
        assert trades[ours] == [float(row[theirs]) for row in expected]
    assert trades["pnl"] == pytest.approx([float(row["allin_pnl_after_fee"]) for row in expected], rel=1e-9, abs=1e-6)
    assert result.equity[-1] == pytest.approx(entry["final_equity"], rel=1e-9)
    last = entry["open_trade_at_end"]
    assert result.metrics["open_trades"] == (0 if last is None else 1)
    if last is not None:
        assert result.trades["entry_price"][-1] == last["entry_price"]
        assert np.datetime64(result.trades["entry_at"][-1]) == np.datetime64(last["entry_time"])


def test_the_equity_of_every_bar_equals_that_of_three_engines(evidence: Path):
    result = golden_run(evidence, case(evidence, "goog_rsi2"))
    expected = read(evidence / "golden" / "trades" / "goog_rsi2_equity.csv")
    assert [str(day) for day in result.sessions] == [row["date"] for row in expected]
    assert result.equity == pytest.approx([float(row["equity"]) for row in expected], rel=1e-9)


def test_the_metrics_of_a_run_equal_those_of_other_packages_on_its_curve(evidence: Path):
    curves = json.loads((evidence / "golden" / "metrics_pipeline.json").read_text())["curves"]
    theirs = curves["goog_rsi2"]["empyrical"]
    ours = golden_run(evidence, case(evidence, "goog_rsi2")).metrics
    pairs = {"cagr": "cagr", "volatility": "annual_volatility", "max_drawdown": "max_drawdown"}
    for name, other in (pairs | {n: n for n in ("sharpe", "sortino", "calmar")}).items():
        assert ours[name] == pytest.approx(theirs[other], rel=1e-9), name
    assert ours["returns"] == curves["goog_rsi2"]["n_returns"]
    assert ours["total_return"] == pytest.approx(curves["goog_rsi2"]["total_return"], rel=1e-9)


def test_the_equity_of_a_channel_run_equals_that_of_three_engines(evidence: Path):
    result = golden_run(evidence, case(evidence, "goog_donchian_20_10"))
    expected = read(evidence / "golden" / "trades" / "goog_donchian_20_10_equity.csv")
    assert result.equity == pytest.approx([float(row["equity"]) for row in expected], rel=1e-9)
