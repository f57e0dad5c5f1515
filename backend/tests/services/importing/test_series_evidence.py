"""The real index and intraday files: imported whole, their known defects found, mended and named."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import Engine, create_engine, text

from app.engines import calendar
from app.engines.nse_sessions import CHECKED
from app.repositories import index_series, intraday
from app.services.importing.run import import_paths
from app.services.intraday.reading import read_bars
from app.services.intraday.store import IntradayStore
from tests.conftest import copied_database

pytestmark = pytest.mark.integration

Imported = tuple[Engine, IntradayStore, dict[tuple[str, str], str]]


@pytest.fixture(scope="module")
def imported(
    evidence: Path, postgres: str, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Imported]:
    store = IntradayStore(tmp_path_factory.mktemp("bars"))
    with copied_database(postgres, template) as url:
        engine = create_engine(url)
        summary = import_paths(
            engine,
            [evidence / "data" / "index", evidence / "data" / "intraday"],
            progress=lambda _f, _m: None,
            cancelled=lambda: False,
            intraday_store=store,
        )
        assert (summary.exit_code, summary.loaded, summary.skipped) == (0, 37, [])
        with engine.connect() as connection:
            rows = connection.execute(text("SELECT file_name, rule, message FROM findings"))
            found = {(row.file_name, row.rule): row.message for row in rows}
        yield engine, store, found
        engine.dispose()


@pytest.mark.parametrize(
    ("file", "rule", "said"),
    [
        ("nifty50_5min_2020_2022.csv", "CLOCK_MENDED", "03:45 is 09:15 in India; all 55,851 rows"),
        ("nifty50_15min_2017_2023_epoch.csv", "DUPLICATE_ROW", "38,442 rows"),
        ("nifty50_5min_2023.csv", "DUPLICATE_ROW", "179 rows"),
        ("banknifty_1min_2024-01.csv", "MISLABELLED_INSTRUMENT", "all 8,417 rows say NIFTY"),
        ("nifty50_1min_2024-01.csv", "OUTSIDE_SESSION", "167 rows"),
        ("NIFTY_50_1990_2024.csv", "CLOSE_ONLY", "1,125 lines"),
        ("NIFTY_IT.csv", "ZERO_PRICE", "911 lines"),
        ("finnifty_2020_2022_1D.csv", "CLOCK_MENDED", "53 lines"),
        ("indiavix_2016_2022_1D.csv", "DUPLICATE_ROW", "51 lines"),
        ("nifty50_indiavix_weekly_2015_2026.csv", "DATE_NOT_A_SESSION", "41 lines"),
        # 2021-02-24 is none of them: trading went on until 17:00, and that day's last bar agrees with the close
        ("nifty50_5min_2020_2022.csv", "INTRADAY_DISAGREES", "4 of 748 days"),
    ],
)
def test_a_known_defect_is_named(imported: Imported, file: str, rule: str, said: str) -> None:
    assert said in imported[2][file, rule]


def test_the_utc_file_has_748_days_of_which_741_have_75_bars(imported: Imported) -> None:
    engine, store, _ = imported
    with engine.connect() as connection:
        rows = [row for row in intraday.slices(connection, "NIFTY50", (2020, 2022)) if row.timeframe == "5m"]
    frame = pl.concat([store.read(row.symbol, row.timeframe, row.year, row.content_hash) for row in rows])
    local = pl.col("at").dt.convert_time_zone("Asia/Kolkata")
    days = frame.group_by(local.dt.date().alias("day")).agg(pl.len().alias("bars"), local.min().dt.strftime("%H:%M"))
    assert (days.height, days.filter(pl.col("bars") == 75).height) == (748, 741)
    assert days.filter(pl.col("bars") == 75)["at"].unique().to_list() == ["09:15"]
    assert set(days["day"]) <= set(calendar.sessions(days["day"].min(), days["day"].max()))  # type: ignore[arg-type]


def test_bank_nifty_has_levels_of_its_own_and_375_minutes_a_day(imported: Imported) -> None:
    engine, store, _ = imported
    with engine.connect() as connection:
        one = {
            symbol: read_bars(store, connection, symbol, "1m", None, None).frame  # type: ignore[arg-type]
            for symbol in ("NIFTY50", "NIFTYBANK")
        }
    assert one["NIFTYBANK"]["close"].min() > 40_000 > one["NIFTY50"]["close"].max()  # type: ignore[operator]
    counts: dict[int, int] = defaultdict(int)
    for bars in one["NIFTY50"].group_by(pl.col("at").dt.date()).len()["len"].to_list():
        counts[bars] += 1
    assert counts[375] == 121 and len(counts) == 2  # the other day is the drill of 2024-05-18


def test_the_series_agree_with_the_calendar_and_each_other(imported: Imported) -> None:
    engine, _, found = imported
    with engine.connect() as connection:
        closes = dict(index_series.index_closes(connection, "NIFTY50"))
        covered = {row["index_id"]: row["days"] for row in index_series.coverage(connection)}
    first, last = CHECKED[0], max(day for day in closes if day.year <= 2023)
    assert [day for day in sorted(closes) if first <= day <= last] == calendar.sessions(first, last)
    assert set(covered) == {
        "INDIAVIX",
        "NIFTY50",
        "NIFTYAUTO",
        "NIFTYBANK",
        "NIFTYFINANCIALSERVICES",
        "NIFTYIT",
        "NIFTYPHARMA",
    }
    assert ("yahoo_NSEI_2007_2026.parquet", "INDEX_SOURCES_DISAGREE") not in found


def test_hdfc_bank_days_equal_the_exchange_file(imported: Imported, evidence: Path) -> None:
    engine, store, _ = imported
    with engine.connect() as connection:
        bars = read_bars(store, connection, "HDFCBANK", "5m", None, None).frame  # type: ignore[arg-type]
    by_day = (
        bars.group_by(pl.col("at").dt.date().alias("date"))
        .agg(pl.col("open").first(), pl.col("high").max(), pl.col("low").min(), pl.col("volume").sum())
        .sort("date")
    )
    daily = pl.read_parquet(evidence / "data" / "daily" / "nse_daily_2022_2026.parquet").filter(
        (pl.col("symbol") == "HDFCBANK") & (pl.col("series") == "EQ")
    )
    both = by_day.join(daily, on="date", suffix="_official")
    assert both.height == 155
    for name in ("open", "high", "low"):
        # two days have a bar at 15:30, which is left out: one of them holds the day's high
        assert ((both[name] - both[f"{name}_official"]).abs() > 0.005).sum() <= 1
    assert 0.99 < both["volume"].sum() / both["volume_official"].sum() < 1.0
