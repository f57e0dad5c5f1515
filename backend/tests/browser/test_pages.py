"""Every page on the sample market: it opens without an error, fits its window, and axe has nothing to say."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.serving import Served

PREFERENCES = "smarttrader.preferences"
PAGES = {
    "screener": "/screener/",
    "stock": "/stock/?symbol={symbol}",
    "strategies": "/quant/strategies/",
    "strategy": "/quant/strategy/?strategy=sma_cross",
    "source": "/quant/strategy/?strategy=sma_cross&tab=source",
    "backtest": "/quant/backtest/",
    "runs": "/quant/runs/",
    "data": "/data/",
    "alerts": "/screener/alerts/",
    "settings": "/settings/",
    "no such page": "/nowhere/",
}
HEADINGS = {
    "screener": "Screener",
    "stock": None,  # the company's name
    "strategies": "Strategies",
    "strategy": "SMA crossover v1",
    "source": "SMA crossover v1",
    "backtest": "Backtest",
    "runs": "Runs",
    "data": "Data",
    "alerts": "Alerts",
    "settings": "Settings",
    "no such page": None,
}


def first_symbol(page: Page, served: Served) -> str:
    answer = page.request.get(f"{served.url}/api/screener/?limit=1&index=all")
    assert answer.ok, answer.text()
    symbol = answer.json()["data"][0]["symbol"]
    assert isinstance(symbol, str)
    return symbol


def open_page(page: Page, served: Served, name: str) -> None:
    path = PAGES[name]
    if "{symbol}" in path:
        path = path.format(symbol=first_symbol(page, served))
    page.goto(served.url + path)
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_be_visible()
    wanted = HEADINGS[name]
    if wanted is not None:
        expect(heading).to_have_text(wanted)
    page.wait_for_load_state("networkidle", timeout=60_000)


def choose_theme(page: Page, theme: str) -> None:
    stored = json.dumps({"theme": theme})
    page.add_init_script(f"localStorage.setItem({PREFERENCES!r}, {stored!r})")


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("name", [name for name in PAGES if name != "no such page"])
def test_a_page_opens_without_error_and_is_accessible(
    quiet_page: Page,
    sample: Served,
    accessibility_faults: Callable[[Page], list[str]],
    name: str,
    width: int,
    theme: str,
) -> None:
    quiet_page.set_viewport_size({"width": width, "height": 900})
    choose_theme(quiet_page, theme)
    open_page(quiet_page, sample, name)
    expect(quiet_page.locator("html")).to_have_attribute("data-theme", theme)
    # what is longer scrolls in the frame, never with the frame
    assert quiet_page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]") == [
        width,
        900,
    ]
    assert accessibility_faults(quiet_page) == []


@pytest.mark.parametrize("name", [name for name in PAGES if name != "no such page"])
def test_every_screen_says_that_the_market_is_a_sample(page: Page, sample: Served, name: str) -> None:
    open_page(page, sample, name)
    expect(page.get_by_text("SAMPLE", exact=True).first).to_be_visible()


def test_an_unknown_address_says_so_with_status_404(page: Page, sample: Served) -> None:
    answer = page.goto(sample.url + PAGES["no such page"])
    assert answer is not None
    assert answer.status == 404
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def test_the_palette_finds_a_stock_by_keyboard_alone(quiet_page: Page, sample: Served) -> None:
    open_page(quiet_page, sample, "screener")
    symbol = first_symbol(quiet_page, sample)
    quiet_page.keyboard.press("ControlOrMeta+k")
    quiet_page.keyboard.type(symbol)
    expect(quiet_page.get_by_role("option").filter(has_text=symbol).first).to_be_visible()
    quiet_page.keyboard.press("Enter")
    quiet_page.wait_for_url(f"**/stock/?symbol={symbol}")


def test_a_server_that_went_away_is_said_and_not_shown_as_empty(browser: Browser, sample: Served) -> None:
    page = browser.new_page()
    page.route("**/api/screener/**", lambda route: route.abort())
    page.goto(f"{sample.url}/screener/")
    expect(page.get_by_role("button", name="Retry").or_(page.get_by_role("button", name="Try again"))).to_be_visible(
        timeout=30_000
    )
    page.close()
