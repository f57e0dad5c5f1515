"""The main job of a first day: import files, find a stock, look at it, test an idea, see its trades."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.services.sample_market import generate_small
from tests.serving import Served

LONG = 60_000  # milliseconds for a job on a busy machine


@pytest.fixture(scope="module")
def files(import_root: Path) -> Path:
    """A folder of exchange files: ten stocks through 2024."""
    folder = import_root / "exchange"
    generate_small(folder)
    return folder


def test_from_an_empty_home_to_the_trades_of_a_backtest(quiet_page: Page, empty: Served, files: Path) -> None:
    page = quiet_page

    # a first start offers ways to data
    page.goto(empty.url)
    expect(page.get_by_role("heading", name="Start with data")).to_be_visible()
    page.get_by_label("Folder or file").fill(str(files))
    page.get_by_role("button", name="Import files").click()
    page.get_by_role("link", name="Open the screener").click(timeout=LONG)

    # screen
    table = page.get_by_role("table", name="Stocks").or_(page.get_by_role("grid", name="Stocks"))
    expect(table).to_be_visible(timeout=LONG)
    rows = table.get_by_role("row")
    expect(rows.nth(1)).to_be_visible()
    listed = page.request.get(f"{empty.url}/api/screener/?index=all&limit=50&sort_by=turnover&sort_order=desc").json()
    symbols = [row["symbol"] for row in listed["data"]]
    assert listed["meta"]["total"] == len(symbols) > 5
    expect(rows.nth(1)).to_contain_text(symbols[0])

    # the stock
    page.goto(f"{empty.url}/stock/?symbol={symbols[0]}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_label("Price").locator("canvas").first).to_be_visible()

    # the idea
    page.goto(f"{empty.url}/quant/backtest/")
    page.get_by_label("Strategy").select_option("sma_cross")
    page.get_by_label("Universe").select_option(label="Symbols of your own")
    page.get_by_label("Symbols", exact=True).fill(", ".join(symbols[:5]))
    page.get_by_role("button", name="Run backtest").click()
    page.wait_for_url("**/quant/run/?run=*", timeout=LONG)

    # its trades, on screen, in the answer and in the file all the same
    run_id = page.url.partition("run=")[2]
    run = page.request.get(f"{empty.url}/api/portfolio/strategies/runs/{run_id}").json()
    assert len(run["trades"]) > 0
    with page.expect_download() as download:
        page.get_by_role("region", name="Trades").get_by_role("button", name="CSV").click()
    with Path(download.value.path()).open(newline="", encoding="utf-8-sig") as file:
        exported = list(csv.reader(file))
    assert len(exported) - 1 == len(run["trades"])
    assert {row[0] for row in exported[1:]} <= set(symbols[:5])


def test_a_path_outside_the_import_roots_is_refused_on_the_page(page: Page, empty: Served, tmp_path: Path) -> None:
    page.goto(f"{empty.url}/data/")
    page.get_by_label("Folder or file").fill(str(tmp_path))
    page.get_by_role("button", name="Import files").click()
    expect(page.get_by_label("Folder or file")).to_have_attribute("aria-invalid", "true")
