"""Intraday strategies on real bars: the opening range beside a published study, and whole runs on four banks."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from app.engines.backtest import CostSpec, RunSpec, UniverseSpec, book_of, run
from app.engines.bars import Bars
from app.engines.strategies import NotEnoughData
from app.engines.strategies.registry import registry
from app.engines.strategies.session_time import Opening, SessionTime

BANKS = ("AXISBANK", "HDFCBANK", "ICICIBANK", "KOTAKBANK")
RANGES = {"09_30": 16, "10_00": 46, "10_30": 76, "11_00": 106}  # minutes up to and including that of the range's end


def index_minutes(evidence: Path) -> Bars:
    files = sorted((evidence / "data" / "intraday" / "nifty50_1min_2024").glob("*.csv.gz"))
    table = pl.concat([pl.read_csv(path, schema_overrides={"Date": pl.String}) for path in files]).unique(
        ["Date", "Time"]
    )
    when = (pl.col("Date") + " " + pl.col("Time")).str.to_datetime("%Y%m%d %H:%M").alias("at")
    table = table.with_columns(when).sort("at")
    fields = tuple(table[name].to_list() for name in ("Open", "High", "Low", "Close"))
    times = table["at"].to_numpy().astype("datetime64[s]")
    return Bars.from_ohlcv(times, {"NIFTY 50": (*fields, [0.0] * len(table))}, timeframe="1m")  # type: ignore[dict-item]


def test_the_opening_range_is_that_of_a_published_study_on_every_day(evidence: Path):
    bars = index_minutes(evidence)
    clock = SessionTime.of(bars, "the test")
    days = bars.sessions.astype("datetime64[D]")
    for name, minutes in RANGES.items():
        opening = Opening.of(bars, clock, minutes)
        ours = {str(days[t]).replace("-", ""): (float(opening.high[s, 0]), float(opening.low[s, 0]))
                for s, t in enumerate(opening.rows)}  # fmt: skip
        with (evidence / "data" / "golden" / "opening_range_2024" / name / "backtest_NIFTY_2024.csv").open() as file:
            theirs = {row["Date"]: (float(row["DayHigh"]), float(row["DayLow"])) for row in csv.DictReader(file)}
        common = ours.keys() & theirs.keys()
        assert len(common) > 120
        assert {day: ours[day] for day in common} == {day: theirs[day] for day in common}


def test_an_index_has_no_volume_and_what_needs_it_says_so(evidence: Path):
    bars = index_minutes(evidence)
    vwap = registry()["vwap_reversion"]
    with pytest.raises(NotEnoughData, match="volume: vwap_reversion needs it"):
        vwap.require(bars, vwap.params())
    opening = registry()["opening_range"]
    opening.require(bars, opening.params())
    with pytest.raises(NotEnoughData, match="volume: opening_range needs it"):
        opening.require(bars, opening.params({"relative_volume": 2.0}))


def banks(evidence: Path) -> Bars:
    frames = []
    for name in BANKS:
        frame = pl.read_csv(evidence / "data" / "intraday" / "stocks_5min_2023" / f"{name}.csv.gz")
        at = pl.col("timestamp").str.slice(0, 19).str.to_datetime("%Y-%m-%d %H:%M:%S").alias("at")
        frames.append(frame.with_columns(at, pl.lit(name).alias("symbol")))
    table = pl.concat(frames)
    times = table["at"].unique().sort()
    columns: dict[str, Any] = {}
    for name in BANKS:
        joined = (
            pl.DataFrame({"at": times}).join(table.filter(pl.col("symbol") == name), on="at", how="left").sort("at")
        )
        columns[name] = tuple(joined[f].cast(pl.Float64).to_numpy() for f in ("open", "high", "low", "close", "volume"))
    return Bars.from_ohlcv(times.to_numpy().astype("datetime64[s]"), columns, timeframe="5m")


@pytest.mark.parametrize("name", ["opening_range", "gap_fade", "vwap_reversion"])
def test_on_real_banks_it_trades_within_the_hours_of_its_rules(evidence: Path, name: str):
    bars = banks(evidence)
    spec = RunSpec(
        books=(book_of(registry()[name], {}),),
        universe=UniverseSpec(symbols=BANKS),
        start=date(2023, 1, 1),
        end=date(2023, 12, 31),
        data_root="evidence",
        timeframe="5m",
        costs=CostSpec("zerodha"),
    )
    result = run(spec, bars, registry())
    assert (result.metrics["trades"] or 0) > 10
    begins, ends = ("09:20", "15:15") if name == "opening_range" else ("09:20", "15:10")
    if name == "vwap_reversion":
        begins = "09:45"
    for entered, left in zip(result.trades["entry_at"], result.trades["exit_at"], strict=True):
        assert entered[:10] == left[:10] and entered[11:16] >= begins and left[11:16] <= ends
    if name == "opening_range":
        assert {entered[11:16] for entered in result.trades["entry_at"]} == {"09:20"}
        row = {str(at): t for t, at in enumerate(bars.sessions)}
        trades = zip(result.trades["entry_at"], result.trades["symbol"], result.trades["side"], strict=True)
        for entered, symbol, side in trades:
            t, n = row[entered] - 1, bars.symbols.index(symbol)
            assert np.sign(bars.close[t, n] - bars.open[t, n]) == (1 if side == "LONG" else -1)
