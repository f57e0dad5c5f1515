"""The screener as a page of a browser: its history, the clipboard, other tabs, a server that goes away, long texts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.serving import Served

LONG = 60_000  # milliseconds


def opened(page: Page, sample: Served, query: str = "") -> Locator:
    """The table of the screener, with its rows."""
    page.goto(f"{sample.url}/screener/{query}")
    grid = page.get_by_role("grid", name="Stocks")
    expect(grid.get_by_role("row").nth(1)).to_be_visible(timeout=LONG)
    return grid


def test_back_and_forward_go_through_the_screens_that_were_asked(quiet_page: Page, sample: Served) -> None:
    page = quiet_page
    opened(page, sample)
    editor = page.get_by_role("textbox", name="Expression")
    for text in ("close > 20", "close > 30"):
        editor.click()
        page.keyboard.press("ControlOrMeta+a")
        page.keyboard.type(text)
        page.keyboard.press("ControlOrMeta+Enter")
        page.wait_for_url(f"**q={text.replace(' > ', '+%3E+')}*")
    page.keyboard.press("ControlOrMeta+Enter")  # the same again is no further step
    page.get_by_role("combobox", name="Type").select_option("ALL")
    page.wait_for_url("**type=ALL*")
    page.go_back()
    expect(page.get_by_role("combobox", name="Type")).to_have_value("EQUITY")
    expect(editor).to_have_text("close > 30")
    page.go_back()
    expect(editor).to_have_text("close > 20")
    expect(page.get_by_role("button", name="Change Close is above 20")).to_be_visible()
    page.go_back()
    expect(editor).not_to_contain_text("close > 20")
    assert "q=" not in page.url
    page.go_forward()
    page.go_forward()
    expect(editor).to_have_text("close > 30")
    asked = page.request.get(f"{sample.url}/api/screener/?q=close > 30&limit=1").json()["meta"]["total"]
    expect(page.get_by_role("status").filter(has_text=f"{asked:,}").first).to_be_visible()


def test_the_list_is_copied_whole_as_it_is_shown(page: Page, context: BrowserContext, sample: Served) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened(page, sample, "?q=close+%3E+1&sort=close&order=asc")
    page.get_by_role("button", name="Copy the list").click()
    asked = page.request.get(f"{sample.url}/api/screener/?q=close > 1&sort_by=close&sort_order=asc&limit=500").json()
    rows = asked["data"]
    expect(page.get_by_text(f"{len(rows)} stocks copied")).to_be_visible(timeout=LONG)
    header, *lines = [line.split("\t") for line in page.evaluate("navigator.clipboard.readText()").split("\n")]
    assert {len(line) for line in lines} == {len(header)}
    assert [line[header.index("Symbol")] for line in lines] == [row["symbol"] for row in rows]
    [close] = [at for at, name in enumerate(header) if name.startswith("Close")]
    assert [float(line[close]) for line in lines] == [row["close"] for row in rows]


def save(page: Page, name: str) -> int:
    """Save the screen that is shown; its id."""
    page.get_by_role("button", name="Save as…").click()
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Save screen").click()
    expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()
    page.wait_for_url("**screen=*")
    return int(page.url.partition("screen=")[2].partition("&")[0])


def test_a_screen_that_another_tab_deleted_is_told_and_can_be_saved_again(page: Page, sample: Served) -> None:
    opened(page, sample, "?q=close+%3E+5")
    identifier = save(page, "Short lived")
    page.get_by_role("combobox", name="Type").select_option("ALL")
    expect(page.get_by_text("Saved · v1 · changed")).to_be_visible()
    assert page.request.delete(f"{sample.url}/api/screener/screens/{identifier}").ok  # another tab
    page.get_by_role("button", name="Save changes").click()
    expect(page.get_by_text("Short lived was deleted meanwhile")).to_be_visible()
    expect(page.locator("h1")).to_have_text("Screener")  # behind the dialog
    expect(page.get_by_role("dialog", name="Save this screen").get_by_label("Name")).to_have_value("Short lived")
    page.get_by_role("button", name="Save screen").click()
    expect(page.get_by_text("Saved · v1", exact=True)).to_be_visible()


def test_a_screen_that_another_tab_changed_is_read_again(page: Page, sample: Served) -> None:
    opened(page, sample, "?q=close+%3E+6")
    identifier = save(page, "Of two tabs")
    path = f"{sample.url}/api/screener/screens/{identifier}"
    one = page.request.get(path).json()
    change = {"name": one["name"], "version": 1, "question": one["question"] | {"q": "close > 7"}}
    assert page.request.put(path, data=change).ok
    page.get_by_role("combobox", name="Type").select_option("ALL")
    page.get_by_role("button", name="Save changes").click()
    expect(page.get_by_text("The screen was not saved")).to_be_visible()
    expect(page.get_by_text("Saved · v2 · changed")).to_be_visible()
    page.get_by_role("button", name="Save changes").click()
    expect(page.get_by_text("Saved · v3", exact=True)).to_be_visible()
    assert page.request.get(path).json()["question"]["q"] == "close > 6"


@pytest.mark.parametrize("query", ["?screen=4711&q=close+%3E+5", "?screen=4711&open=1"])
def test_a_link_to_a_screen_that_is_gone_says_so(page: Page, sample: Served, query: str) -> None:
    opened(page, sample, query)
    expect(page.get_by_text("The saved screen of this link no longer exists")).to_be_visible()


def test_an_expression_typed_while_the_server_is_away_is_checked_once_it_is_back(page: Page, sample: Served) -> None:
    opened(page, sample)
    page.route("**/api/**", lambda route: route.abort())
    page.get_by_role("textbox", name="Expression").click()
    page.keyboard.type("close > 11")
    told = page.locator(".expr").get_by_role("status")
    expect(told).to_contain_text("SmartTrader does not answer", timeout=LONG)
    page.unroute("**/api/**")
    expect(told).to_contain_text("Valid", timeout=LONG)
    expect(page.get_by_role("textbox", name="Expression")).to_have_text("close > 11")


@pytest.mark.parametrize("width", [1440, 390])
def test_a_long_expression_scrolls_by_keyboard_and_axe_finds_nothing(
    quiet_page: Page, sample: Served, accessibility_faults: Callable[[Page], list[str]], width: int
) -> None:
    page = quiet_page
    page.set_viewport_size({"width": width, "height": 900})
    text = " and ".join(f"close > {n}" for n in range(1, 61))
    page.goto(f"{sample.url}/screener/?q={text.replace(' > ', '+%3E+').replace(' ', '+')}")
    expect(page.locator(".sk")).to_have_count(0, timeout=LONG)
    if width == 390:
        page.get_by_role("button", name="Filters").click()
    scroller = page.locator(".expr .cm-scroller")
    expect(page.get_by_role("textbox", name="Expression")).to_contain_text("close > 1 and")
    assert scroller.evaluate("element => element.scrollHeight > element.clientHeight")
    assert accessibility_faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
