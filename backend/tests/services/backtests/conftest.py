"""Real stocks for runs: all their days, their dividends and splits, and half a year of 5-minute bars of four banks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from app.database import Market
from app.services.platform import Platform
from app.settings import Settings
from tests.conftest import copied_database

SYMBOLS = ["HDFCBANK", "ICICIBANK", "AXISBANK", "KOTAKBANK", "ITC", "RELIANCE", "HDFC", "PFIZER"]


@pytest.fixture(scope="session")
def banks(evidence: Path, postgres: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    folder, data = tmp_path_factory.mktemp("banks"), evidence / "data"
    kept = pl.concat([pl.scan_parquet(file) for file in sorted((data / "daily").glob("*.parquet"))])
    kept.filter(pl.col("symbol").is_in(SYMBOLS)).collect().write_parquet(folder / "nse_daily_some.parquet")
    paths = [
        folder,
        data / "masters/EQUITY_L_2026-04.csv",
        data / "corporate_actions/yahoo_dividends_splits_nifty50_2002_2026.csv",
        *sorted((data / "intraday/stocks_5min_2023").glob("*.csv.gz")),
    ]
    with copied_database(postgres, template) as url:
        before = {name: os.environ.get(name) for name in ("DATABASE_URL", "SMARTTRADER_HOME")}
        os.environ.update(DATABASE_URL=url, SMARTTRADER_HOME=str(tmp_path_factory.mktemp("home")))
        try:
            platform = Platform(Settings())
        finally:
            for name, value in before.items():
                os.environ.pop(name, None)
                if value is not None:
                    os.environ[name] = value
        try:
            summary = platform.data.load(
                Market.REAL,
                paths,
                progress=lambda _fraction, _message: None,
                cancelled=lambda: False,
                strict_paths=True,
            )
            assert summary.exit_code == 0, summary.lines()
            platform.backtests.register_strategies(Market.REAL)
            yield platform
        finally:
            platform.close()
