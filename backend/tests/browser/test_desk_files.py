"""The files of a run, downloaded from its page: both formats hold what the page shows, and each picture is one."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect
from pyarrow import csv, parquet

from tests.browser.test_desk_figures import all_rows, day
from tests.browser.test_research_desk import number, open_run, same
from tests.serving import Served

TABLES = {"equity": "Equity and drawdown by session", "trades": "Trades"}


def saved(page: Page, what: Locator) -> bytes:
    with page.expect_download() as download:
        what.click()
    return Path(download.value.path()).read_bytes()


def tables(page: Page, name: str) -> tuple[pa.Table, pa.Table]:
    """The same table from its CSV and from its Parquet."""
    files = [saved(page, page.get_by_role("link", name=f"{TABLES[name]} as {kind}")) for kind in ("CSV", "Parquet")]
    return csv.read_csv(io.BytesIO(files[0])), parquet.read_table(io.BytesIO(files[1]))


def alike(text: Any, told: Any) -> bool:
    """A value of a CSV, read by guesses at its type, against the one it was written from; an empty text is null."""
    if told is None or text is None:
        return told is None and text in (None, "")
    return str(text).removesuffix(" 00:00:00") == str(told) or text == told


def test_csv_and_parquet_hold_the_same_columns_and_what_the_page_shows(
    quiet_page: Page, sample: Served, answer: dict[str, Any]
) -> None:
    page = quiet_page
    open_run(page, sample, answer["run_id"])

    texts, equity = tables(page, "equity")
    assert texts.column_names == equity.column_names and texts.num_rows == equity.num_rows
    for name in equity.column_names:
        pairs = zip(texts[name].to_pylist(), equity[name].to_pylist(), strict=True)
        assert all(alike(text, told) for text, told in pairs), name
    assert equity["equity_rupees"].to_pylist() == [point["equity"] for point in answer["equity"]]
    shown = page.locator('[data-metric="max_drawdown"]').first.inner_text()
    assert same(shown, min(equity["drawdown_fraction"].to_pylist())), shown

    texts, trades = tables(page, "trades")
    assert texts.column_names == trades.column_names
    rows = trades.to_pylist()
    for name in trades.column_names:
        pairs = zip(texts[name].to_pylist(), trades[name].to_pylist(), strict=True)
        assert all(alike(text, told) for text, told in pairs), name
    assert trades.schema.metadata[b"run_id"].decode() == answer["run_id"]
    assert {row["market"] for row in rows} == {"SAMPLE"}

    # every row that the page lists is a row of the file, and none is left over
    grid = page.get_by_role("grid", name="Trades")
    heads = [head.split("\n")[0].strip() for head in grid.locator("thead th").all_inner_texts()]
    at = {name: heads.index(name) for name in ("Symbol", "Entry", "Exit")}
    prices = [i for i, head in enumerate(heads) if head.startswith("Price")]
    money = {name: next(i for i, head in enumerate(heads) if head.startswith(name)) for name in ("Quantity", "Charges")}
    listed = all_rows(grid)
    assert len(listed) == len(rows)
    left = list(rows)
    for cells in listed:
        mine = [
            row
            for row in left
            if row["symbol"] == cells[at["Symbol"]].strip()
            and day(str(row["entry_at"])) == cells[at["Entry"]].strip()
            and same(cells[prices[0]], row["entry_price_rupees"])
            and same(cells[money["Quantity"]], row["quantity"])
            and same(cells[money["Charges"]], row["costs_rupees"])
        ]
        assert mine, cells
        told = mine[0]
        if told["exit_price_rupees"] is not None and not told["open"]:
            assert same(cells[prices[1]], told["exit_price_rupees"]), cells
            assert day(str(told["exit_at"])) == cells[at["Exit"]].strip(), cells
        left.remove(told)
    assert left == []


def test_each_chart_is_saved_as_a_picture_of_it_in_its_theme(
    quiet_page: Page, sample: Served, answer: dict[str, Any]
) -> None:
    page = quiet_page
    for theme, dark in (("dark", True), ("light", False)):
        page.emulate_media(color_scheme="dark" if dark else "light")
        open_run(page, sample, answer["run_id"])
        buttons = page.get_by_role("button", name=re.compile("^Save as PNG"))
        assert buttons.count() >= 4
        for button in buttons.all():
            expect(button).to_be_enabled()
            frame = button.locator("xpath=..").bounding_box()
            picture = Image.open(io.BytesIO(saved(page, button)))
            assert picture.format == "PNG" and frame is not None
            assert picture.width >= 0.9 * frame["width"], (theme, picture.size, frame)
            pixels = np.asarray(picture.convert("RGB"), np.int64)
            counted = np.unique(pixels.reshape(-1, 3), axis=0, return_counts=True)
            ground = counted[0][counted[1].argmax()]
            assert (ground.mean() < 100) == dark, (theme, ground)  # the ground is that of the theme
            drawn = (np.abs(pixels - ground).sum(axis=2) > 60).mean()
            assert 0.002 < drawn < 0.9, (theme, button.get_attribute("aria-label"), drawn)  # something stands on it


def test_the_report_is_read_without_a_server_at_every_width_and_in_both_themes(
    quiet_page: Page, browser: Browser, sample: Served, answer: dict[str, Any], tmp_path: Path
) -> None:
    open_run(quiet_page, sample, answer["run_id"])
    file = tmp_path / "run.html"
    file.write_bytes(saved(quiet_page, quiet_page.get_by_role("link", name="The whole run as one HTML page")))
    grounds = {}
    for theme in ("dark", "light"):
        for width in (1440, 390):
            with browser.new_context(
                offline=True, color_scheme=theme, viewport={"width": width, "height": 844}
            ) as alone:
                page = alone.new_page()
                page.goto(file.as_uri())
                assert page.evaluate("document.documentElement.scrollWidth") <= width, (theme, width)
                grounds[theme] = page.evaluate("getComputedStyle(document.body).backgroundColor")
                assert number(page.get_by_text(re.compile(r"^−?\d+\.\d+%$")).first.inner_text())
    assert grounds["dark"] != grounds["light"]
