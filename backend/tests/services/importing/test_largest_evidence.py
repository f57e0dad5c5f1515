"""The adjusted closes of the fifty largest companies beside those of another source, on real files."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import make_url

from app.repositories import closes
from app.services.importing.independent import LARGEST, Comparison, compare
from app.services.importing.other_closes import read_closes
from app.services.importing.run import import_paths
from tests.conftest import copied_database

MARKET_CAPS = "mcap16122025.csv.gz"


def largest(path: Path) -> list[str]:
    """Symbols by the exchange's own file of market values."""
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    header = [cell.strip().lower() for cell in lines[0].split(",")]
    symbol = next(n for n, name in enumerate(header) if name.startswith("symbol"))
    value = next(n for n, name in enumerate(header) if "market cap" in name)
    cells = [[cell.strip() for cell in line.split(",")] for line in lines[1:]]
    worth = {row[symbol]: float(row[value]) for row in cells if len(row) > value and row[value]}
    return sorted(worth, key=lambda name: -worth[name])[: LARGEST + 5]


@pytest.fixture(scope="module")
def engine(evidence: Path, postgres: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    data, folder = evidence / "data", tmp_path_factory.mktemp("largest")
    worth = largest(data / "fundamentals" / MARKET_CAPS)
    kept = pl.scan_parquet(data / "daily/nse_daily_2022_2026.parquet")
    kept.filter(pl.col("symbol").is_in(worth)).collect().write_parquet(folder / "nse_daily_large.parquet")
    with copied_database(postgres, template) as url:
        found = create_engine(make_url(url))
        paths = [folder, data / "fundamentals" / MARKET_CAPS, data / "corporate_actions"]
        done = import_paths(found, paths, progress=lambda _f, _m: None, cancelled=lambda: False)
        assert done.refused == []
        yield found
        found.dispose()


@pytest.mark.integration
@pytest.mark.parametrize(
    ("name", "least"), [("prices_history.json.gz", 3_800), ("universe_rebalance_prices.json.gz", 280)]
)
def test_the_fifty_largest_agree_with_another_source_and_each_close_that_does_not_is_explained(
    engine: Engine, evidence: Path, name: str, least: int
) -> None:
    points = read_closes(evidence / "data/golden/quarterly_screen_2024_2026" / name)
    with engine.connect() as connection:
        symbols = set(closes.largest(connection, LARGEST))
        found: Comparison = compare(connection, name, [point for point in points if point[0] in symbols])
    assert len(symbols) == LARGEST
    agree, compared = found.largest
    # without the ISINs of the days' files, left out here for time, a few splits stay in quarantine: with them 99.3 %
    assert compared >= least and agree / compared >= 0.95
    assert [row for row in found.disagreements if not row.explained] == []
    if name.startswith("universe"):  # its hotels, demerged on 2025-01-06: no list here names it, and the vendor adjusts
        (itc,) = (row for row in found.disagreements if row.symbol == "ITC")
        assert "ours opened at 0.946 of the close before on 2025-01-06" in itc.why
