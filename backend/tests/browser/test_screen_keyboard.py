"""A screen by keyboard alone: built, written, looked at, saved, asked of the past, made a strategy, and run."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.keys import tab_to
from tests.serving import Served

LONG = 120_000  # milliseconds for a run on a busy machine, whose strategy is compiled first


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_a_screen_is_built_saved_and_run_by_keyboard_alone(
    quiet_page: Page, sample: Served, accessibility_faults: Callable[[Page], list[str]], theme: str
) -> None:
    page, keys = quiet_page, quiet_page.keyboard
    stored = json.dumps({"theme": theme})
    page.add_init_script(f"localStorage.setItem('smarttrader.preferences', {stored!r})")
    screen, identifier = f"Above its average, {theme}", f"above_its_average_{theme}"
    page.goto(f"{sample.url}/screener/")
    grid = page.get_by_role("grid", name="Stocks")
    expect(grid.get_by_role("row").nth(1)).to_be_visible(timeout=LONG)

    # a filter is built
    keys.press("f")
    form = page.get_by_role("dialog", name="Add a filter")
    expect(form.get_by_label("Field")).to_be_focused()
    keys.type("close")
    keys.press("Tab")
    expect(form.get_by_label("Condition")).to_be_focused()
    keys.press("Tab")
    keys.type("20")
    keys.press("Enter")
    expect(page.get_by_role("button", name="Change Close is above 20")).to_be_visible()

    # and more is written; the builder follows
    keys.press("Escape")
    keys.press("/")
    editor = page.get_by_role("textbox", name="Expression")
    expect(editor).to_be_focused()
    keys.press("End")
    keys.type(" and cloze > 1")
    told = page.locator(".expr").get_by_role("status")
    expect(told).to_contain_text("There is no field cloze; did you mean close?")
    expect(page.locator(".cm-lintRange-error")).to_have_text("cloze")
    keys.press("ControlOrMeta+a")
    keys.type("close > 20 and close > sma(close, 20)")
    expect(told).to_contain_text("Valid")
    keys.press("ControlOrMeta+Enter")
    expect(page.get_by_role("button", name="Change Close is above sma(close, 20)")).to_be_visible()
    page.wait_for_url("**sma*")
    expect(page.locator("[aria-busy=true], .dim")).to_have_count(0, timeout=LONG)
    assert accessibility_faults(page) == []

    # the table, a stock in the drawer, the watchlist
    keys.press("Escape")
    asked = page.request.get(
        f"{sample.url}/api/screener/?q=close > 20 and close > sma(close, 20)&sort_by=turnover&sort_order=desc"
    )
    symbols = [row["symbol"] for row in asked.json()["data"]]
    expect(grid.get_by_role("row").nth(1)).to_contain_text(symbols[0])
    keys.press("j")
    keys.press("j")
    keys.press(" ")
    drawer = page.get_by_role("complementary", name=symbols[1])
    expect(drawer.get_by_text(f"{symbols[1]} is in this screen.")).to_be_visible(timeout=LONG)
    keys.press("w")
    expect(drawer.get_by_role("button", name="Watched")).to_be_visible()
    keys.press("w")
    expect(drawer.get_by_role("button", name="Watch", exact=True)).to_be_visible()
    assert accessibility_faults(page) == []
    keys.press("Escape")
    expect(drawer).to_be_hidden()

    # its page, an indicator more, and back to the screen
    asked_for = page.url
    keys.press("Enter")
    page.wait_for_url(f"**/stock/?symbol={symbols[1]}*", timeout=LONG)
    expect(page.get_by_role("figure", name="Daily candles")).to_be_visible(timeout=LONG)
    expect(page.get_by_text("SMA 50").first).to_be_visible(timeout=LONG)
    tab_to(page, page.get_by_role("button", name="Indicator"))
    keys.press("Enter")
    tab_to(page, page.get_by_role("checkbox", name="EMA 20"))
    keys.press(" ")
    keys.press("Escape")
    page.wait_for_url("**lines=*ema*")
    expect(page.locator(".readout").get_by_text("ema", exact=False).first).to_be_visible(timeout=LONG)
    for name in ("Fundamentals through time", "Delivery through time", "In your screens", "Events"):
        expect(page.get_by_role("region", name=name)).to_be_visible()
    assert accessibility_faults(page) == []
    keys.press("Escape")
    page.wait_for_url(asked_for, timeout=LONG)
    expect(grid.get_by_role("row").nth(1)).to_contain_text(symbols[0], timeout=LONG)

    # saved under a name
    keys.press("s")
    expect(page.get_by_label("Name")).to_be_focused()
    keys.type(screen)
    keys.press("Enter")
    expect(page.get_by_role("heading", name=screen)).to_be_visible()
    expect(page.get_by_text("Saved · v1")).to_be_visible()

    # as it was on another day
    tab_to(page, page.get_by_label("As of"))
    sessions = page.request.get(f"{sample.url}/api/screener/history?q=close > 0").json()["days"]["t"]
    day = sessions[-60]
    keys.type(f"{day[5:7]}{day[8:10]}{day[:4]}")
    page.wait_for_url(f"**asof={day}*")
    expect(page.get_by_text("POINT-IN-TIME").first).to_be_visible()
    then = page.request.get(f"{sample.url}/api/screener/?q=close > 20 and close > sma(close, 20)&asof={day}").json()
    expect(page.get_by_role("status").filter(has_text=f"{then['meta']['total']:,} of")).to_be_visible()

    # a strategy, and its run
    page.get_by_role("heading", level=1).evaluate("_ => document.activeElement.blur()")
    keys.press("m")
    expect(page.get_by_label("Name")).to_have_value(screen)
    assert accessibility_faults(page) == []
    keys.press("Enter")
    page.wait_for_url(f"**/quant/backtest/?strategy={identifier}*", timeout=LONG)
    expect(page.get_by_label("Strategy", exact=True)).to_have_value(identifier, timeout=LONG)
    tab_to(page, page.get_by_role("button", name="Run backtest"))
    keys.press("Enter")
    page.wait_for_url("**/quant/run/?run=*", timeout=LONG)
    run = page.request.get(f"{sample.url}/api/portfolio/strategies/runs/{page.url.partition('run=')[2]}").json()
    assert len(run["trades"]) > 0
    assert [one["proof"]["outcome"] for one in run["proofs"]] == ["passed"]


def test_the_pages_beside_the_screener_have_no_faults(
    quiet_page: Page, sample: Served, accessibility_faults: Callable[[Page], list[str]]
) -> None:
    page = quiet_page
    for path, heading in (
        ("/market/", "Market"),
        ("/screener/history/?q=close+%3E+sma%28close%2C+50%29", "History of a screen"),
        ("/screener/alerts/", "Alerts"),
    ):
        page.goto(sample.url + path)
        expect(page.get_by_role("heading", level=1, name=heading)).to_be_visible()
        expect(page.locator(".sk")).to_have_count(0, timeout=LONG)
        for theme in ("dark", "light"):
            page.evaluate("theme => document.documentElement.dataset.theme = theme", theme)
            assert accessibility_faults(page) == [], (path, theme)
