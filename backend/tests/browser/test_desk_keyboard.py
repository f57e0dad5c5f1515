"""The research desk by keyboard alone, from the library to the report, and what axe says of each page on the way."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.keys import choose, press, tab_to, write
from tests.browser.test_pages import choose_theme
from tests.serving import Served

WAIT = 120_000  # milliseconds on a busy machine


class Walk:
    """A page that is walked through; every stop is looked at by axe, and kept as a picture where one is asked for."""

    def __init__(self, page: Page, theme: str, faults: Callable[[Page], list[str]]) -> None:
        self.page, self._theme, self._faults = page, theme, faults

    def stop(self, name: str, heading: str | re.Pattern[str]) -> None:
        """Wait for a page and have it looked at."""
        page = self.page
        expect(page.get_by_role("heading", level=1, name=heading)).to_be_visible(timeout=WAIT)
        page.wait_for_load_state("networkidle", timeout=WAIT)
        expect(page.locator(".sk")).to_have_count(0, timeout=WAIT)
        assert self._faults(page) == [], name
        folder = os.environ.get("SMARTTRADER_PICTURES")
        if folder:
            page.screenshot(path=str(Path(folder) / f"{name}-{self._theme}.png"), full_page=True)

    def go(self, key: str) -> None:
        """To another page by `g` and its letter; from a field, which takes letters itself, first out of it."""
        while self.page.evaluate("document.activeElement.matches('input, select, textarea')"):
            self.page.keyboard.press("Tab")
        self.page.keyboard.press("g")
        self.page.keyboard.press(key)


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_from_the_library_to_the_report_by_keyboard_alone(
    quiet_page: Page,
    browser: Browser,
    sample: Served,
    accessibility_faults: Callable[[Page], list[str]],
    theme: str,
    tmp_path: Path,
) -> None:
    page, keys = quiet_page, quiet_page.keyboard
    walk = Walk(page, theme, accessibility_faults)
    page.set_viewport_size({"width": 1440, "height": 900})
    choose_theme(page, theme)
    page.goto(f"{sample.url}/settings/")
    expect(page.get_by_role("heading", level=1, name="Settings")).to_be_visible()

    # library
    walk.go("l")
    expect(page.get_by_role("link", name="RSI-2 mean reversion", exact=True)).to_be_visible(timeout=WAIT)
    walk.stop("library", "Strategies")
    keys.press("/")
    keys.type("SMA cross")
    expect(page.get_by_role("link", name="RSI-2 mean reversion", exact=True)).to_have_count(0)
    keys.press("Escape")

    # strategy: its source, then its form
    press(page, page.get_by_role("link", name="SMA crossover", exact=True))
    expect(page.get_by_role("heading", level=1, name=re.compile("SMA crossover"))).to_be_visible(timeout=WAIT)
    tab_to(page, page.get_by_role("tab", name="About"))
    keys.press("ArrowLeft")
    expect(page.get_by_role("region", name=re.compile("Source of version"))).to_be_visible(timeout=WAIT)
    walk.stop("strategy", re.compile("SMA crossover"))
    press(page, page.get_by_role("link", name="New backtest"))
    expect(page.get_by_role("combobox", name="Strategy")).to_have_value("sma_cross", timeout=WAIT)
    walk.stop("form", "Backtest")
    keys.press("ControlOrMeta+Enter")

    # run: a figure opened, a part of the time, verified
    page.wait_for_url("**/quant/run/?run=*", timeout=WAIT)
    expect(page.get_by_role("heading", name="Trades on candles")).to_be_visible(timeout=WAIT)
    walk.stop("run", "SMA crossover")
    first = run_id(page)
    press(page, page.get_by_role("button", name="About Sharpe ratio"))
    expect(page.get_by_role("region", name="Formula")).to_be_visible()
    keys.press("Escape")
    tab_to(page, page.get_by_role("slider", name="From"))
    keys.press("PageUp")
    expect(page).to_have_url(re.compile("from=20"))
    press(page, page.get_by_role("link", name="Run another"))

    # another run, to compare it with
    capital = page.get_by_role("textbox", name="Capital")
    expect(capital).to_be_visible(timeout=WAIT)
    write(page, capital, "2500000")
    keys.press("ControlOrMeta+Enter")
    page.wait_for_url("**/quant/run/?run=*", timeout=WAIT)
    expect(page.get_by_role("heading", name="Trades on candles")).to_be_visible(timeout=WAIT)
    second = run_id(page)
    assert second != first
    press(page, page.get_by_role("link", name="Compare", exact=True))

    # compare
    add = page.get_by_role("combobox", name="Add a run")
    expect(add).to_be_enabled(timeout=WAIT)
    tab_to(page, add)
    keys.press("ArrowDown")
    expect(page.get_by_role("heading", name="Figures and their differences")).to_be_visible(timeout=WAIT)
    expect(page.get_by_role("row", name=re.compile("Opening capital|Capital"))).to_be_visible()
    walk.stop("compare", re.compile("Compare"))
    open_figure(page, "CAGR")

    # sweep
    walk.go("w")
    form = page.get_by_role("form", name="New search")
    expect(form).to_be_visible(timeout=WAIT)
    choose(page, form.get_by_label("Strategy"), "SMA cross")
    expect(form.get_by_label("Strategy")).to_have_value("sma_cross")
    # other ranges by theme: a sweep that is there already is finished at once
    slow = {"dark": "30, 60, 90", "light": "40, 70, 100"}[theme]
    tab_to(page, form.get_by_label("From", exact=True))
    keys.type("01012022")
    expect(form.get_by_label("From", exact=True)).to_have_value("2022-01-01")
    write(page, form.get_by_label("fast", exact=True), "5:20:5")
    write(page, form.get_by_label("slow", exact=True), slow)
    expect(form).to_contain_text("12 combinations of fast and slow")
    walk.stop("sweeps", "Sweeps and walk-forwards")
    press(page, form.get_by_role("button", name="Start sweep"))
    page.wait_for_url("**/quant/sweep/?sweep=*", timeout=WAIT)
    expect(page.get_by_text("Finished")).to_be_visible(timeout=WAIT)

    # heat map: a cell, and the run of it worked out again
    heat = page.get_by_role("region", name="Heat map")
    expect(page.get_by_text("Probability of overfitting")).to_be_visible(timeout=WAIT)
    tab_to(page, heat.get_by_role("table").get_by_role("button").first)
    keys.press("ArrowDown")  # the cells are one stop of the Tab key
    keys.press("ArrowRight")
    keys.press("Enter")
    expect(heat.get_by_role("button", pressed=True)).to_have_count(1)
    chosen = str(heat.get_by_role("button", pressed=True).get_attribute("aria-label"))
    sharpe = chosen.removesuffix(", the plateau").rpartition(" ")[2]
    walk.stop("sweep", re.compile("SMA crossover over fast and slow"))
    open_figure(page, "Probability of overfitting")
    press(page, page.get_by_role("button", name="Open as a run"))
    page.wait_for_url("**/quant/run/?run=*", timeout=WAIT)
    expect(page.locator("[data-metric=sharpe]").first).to_have_text(sharpe, timeout=WAIT)
    press(page, page.get_by_role("button", name="Verify"))
    expect(page.get_by_role("status").filter(has_text="Verified")).to_be_visible(timeout=WAIT)

    # walk-forward
    walk.go("w")
    expect(form).to_be_visible(timeout=WAIT)
    press(page, form.get_by_role("button", name="Walk-forward", exact=True))
    choose(page, form.get_by_label("Strategy"), "SMA cross")
    tab_to(page, form.get_by_label("From", exact=True))
    keys.type("01012022")
    write(page, form.get_by_label("fast", exact=True), "5, 10")
    write(page, form.get_by_label("slow", exact=True), slow.rpartition(", ")[0])
    write(page, form.get_by_label("Sessions of training"), "250")
    press(page, form.get_by_role("button", name="Walk forward", exact=True))
    page.wait_for_url("**/quant/walk-forward/?id=*", timeout=WAIT)
    expect(page.get_by_role("heading", name="Window by window")).to_be_visible(timeout=WAIT)
    expect(page.get_by_role("img", name=re.compile("The tested account ends at"))).to_be_visible(timeout=WAIT)
    press(page, page.get_by_role("button", name="Verify"))
    expect(page.get_by_role("status").filter(has_text="Verified")).to_be_visible(timeout=WAIT)
    open_figure(page, "CAGR")
    walk.stop("walk-forward", re.compile("SMA crossover walked forward"))

    # report: of the newest run, as a file that opens without the server
    walk.go("r")
    expect(page.get_by_role("heading", level=1, name="Runs")).to_be_visible(timeout=WAIT)
    expect(page.get_by_role("grid", name="Runs").get_by_role("row").nth(1)).to_be_visible(timeout=WAIT)
    walk.stop("runs", "Runs")
    keys.press("j")
    keys.press("Enter")
    page.wait_for_url("**/quant/run/?run=*", timeout=WAIT)
    report = page.get_by_role("link", name="The whole run as one HTML page")
    expect(report).to_be_attached(timeout=WAIT)
    tab_to(page, report, 250)
    with page.expect_download() as download:
        keys.press("Enter")
    assert download.value.suggested_filename.endswith(".html")
    saved = tmp_path / "run.html"
    download.value.save_as(saved)
    with browser.new_context(offline=True, color_scheme="dark" if theme == "dark" else "light") as alone:
        opened = alone.new_page()
        opened.goto(saved.as_uri())
        Walk(opened, theme, accessibility_faults).stop("report", re.compile("SMA crossover"))


def open_figure(page: Page, name: str) -> None:
    """Open a figure by its name, and close it: the focus is on its name again."""
    figure = page.get_by_role("button", name=name, exact=True).first
    press(page, figure)
    expect(page.get_by_role("dialog", name=name).get_by_role("region", name="Formula")).to_be_visible()
    page.keyboard.press("Escape")
    expect(figure).to_be_focused()


def run_id(page: Page) -> str:
    """The run that a page shows."""
    found = re.search("run=([0-9a-f]+)", page.url)
    assert found is not None
    return found[1]
