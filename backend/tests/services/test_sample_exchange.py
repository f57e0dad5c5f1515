"""The whole sample exchange, over three years of it: long files, events, accounts and minute bars."""

from __future__ import annotations

import csv
import gzip
import io
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from app.services.sample_market import SampleSummary, generate
from app.services.sample_market.companies import COMPANIES, STORIED
from app.services.sample_market.simulation import Market, simulate

START, END = date(2022, 9, 1), date(2025, 3, 31)


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> SampleSummary:
    directory = tmp_path_factory.mktemp("exchange") / "market"
    return generate(directory, start=START, end=END, stocks=150, daily_from=date(2025, 3, 1))


@pytest.fixture(scope="module")
def market() -> Market:
    return simulate(20200101, START, END, 150)


def rows(path: Path) -> list[dict[str, str]]:
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return list(csv.DictReader(io.StringIO(content.decode())))


def test_long_files_hold_the_days_that_have_none_of_their_own(exchange: SampleSummary, market: Market) -> None:
    frame = pl.concat([pl.read_parquet(path) for path in sorted((exchange.directory / "daily").glob("*.parquet"))])
    daily = set(frame["date"].to_list())
    files = len(list((exchange.directory / "bhavcopy/legacy_cm").rglob("*.zip")))
    files += len(list((exchange.directory / "bhavcopy/sec_bhavdata_full").rglob("*.csv")))
    daily_days = [d for d in market.sessions if d >= date(2025, 3, 1) or date(2024, 6, 24) <= d <= date(2024, 7, 5)]
    assert files == len(daily_days)
    assert len(daily) + files == exchange.sessions
    assert not frame.select("date", "symbol").is_duplicated().any()
    assert frame.filter((pl.col("high") < pl.col("low")) | (pl.col("volume") < 1)).is_empty()
    assert frame.filter((pl.col("series") == "BE") != pl.col("deliv_qty").is_null()).is_empty()


def test_many_things_befall_an_exchange(market: Market) -> None:
    own = range(STORIED, 150)
    first = market.traded.argmax(axis=0)
    assert sum(first[n] > 0 for n in own) >= 20
    assert len(market.gone) >= 6
    assert not any(market.traded[session:, n].any() for n, session in market.gone.items())
    assert all(market.traded[:session, n].any() for n, session in market.gone.items())
    assert len(market.renamed) >= 5
    assert market.trade_for_trade[:, STORIED:].any(axis=0).sum() >= 5
    assert {(a.listed, a.split) for a in market.actions} == {(True, True), (True, False), (False, True)}
    locked = market.traded & (market.high == market.low) & (market.previous_close > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        moves = np.abs(market.close / market.previous_close - 1)
    for percent in (5, 10, 20):
        assert (locked & (np.abs(moves - percent / 100) < 0.005)).any(), percent
    for paid in market.dividends:
        assert 0 < 20 * paid.paise < market.previous_close[paid.session, paid.company]


def test_unlisted_actions_are_in_the_prices_alone(exchange: SampleSummary, market: Market) -> None:
    listed = {row["Symbol"] for row in rows(exchange.directory / "corporate_actions/splits_bonus.csv")}
    unlisted = [action for action in market.actions if not action.listed]
    assert unlisted
    for action in unlisted:
        assert COMPANIES[action.company].symbol not in listed
        t, n = action.session, action.company
        fall = market.close[t, n] / market.previous_close[t, n]
        assert 0.75 * action.old / action.new < fall < 1.25 * action.old / action.new


def test_minute_bars_make_up_the_daily_bar(exchange: SampleSummary, market: Market) -> None:
    paths = sorted((exchange.directory / "intraday/stocks_1min").glob("*.csv.gz"))
    assert len(paths) == 5
    symbols = {company.symbol: n for n, company in enumerate(COMPANIES)}
    for path in paths[:2]:
        n, bars = symbols[path.name.removesuffix(".csv.gz")], rows(path)
        for t, day in enumerate(market.sessions):
            if (day.year, day.month) != (2025, 3):
                continue
            mine = [bar for bar in bars if bar["timestamp"].startswith(str(day))]
            assert len(mine) == 375
            assert mine[0]["timestamp"] == f"{day} 09:15:00+05:30"
            paise = {name: [round(100 * float(bar[name])) for bar in mine] for name in ("open", "high", "low", "close")}
            assert (paise["open"][0], paise["close"][-1]) == (market.open[t, n], market.close[t, n])
            assert (max(paise["high"]), min(paise["low"])) == (market.high[t, n], market.low[t, n])
            assert sum(int(bar["volume"]) for bar in mine) == market.volume[t, n]


def test_index_levels_and_accounts_belong_to_the_exchange(exchange: SampleSummary, market: Market) -> None:
    levels = rows(exchange.directory / "index/SAMPLE_50.csv")
    assert [row["Date"] for row in levels] == [str(day) for day in market.sessions]
    assert {row["Index Name"] for row in levels} == {"SAMPLE 50"}
    for row in levels:
        low, high = float(row["Low"]), float(row["High"])
        assert 0 < low <= min(float(row["Open"]), float(row["Close"]))
        assert high >= max(float(row["Open"]), float(row["Close"]))
    close = np.array([float(row["Close"]) for row in levels])
    assert 0.005 < np.diff(np.log(close)).std() < 0.03  # splits leave no mark
    accounts = rows(exchange.directory / "fundamentals/sample_annual.csv")
    assert len(accounts) == 4 * (150 - len(market.gone))
    for row in accounts:
        assert float(row["total_assets"]) > float(row["total_liabilities"])
        assert date.fromisoformat(row["date"]) <= END


def test_the_same_seed_writes_the_same_bytes(exchange: SampleSummary, tmp_path: Path) -> None:
    again = generate(tmp_path / "again", start=START, end=END, stocks=150, daily_from=date(2025, 3, 1))
    ours = {p.relative_to(again.directory): p.read_bytes() for p in again.directory.rglob("*") if p.is_file()}
    theirs = {p.relative_to(exchange.directory): p.read_bytes() for p in exchange.directory.rglob("*") if p.is_file()}
    assert ours == theirs
