"""The quarantine on the sample market: accept, correct, dismiss and undo, clicked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.serving import Served

DECISIONS = "/api/data/actions/decisions"


@pytest.fixture
def undecided(sample: Served, page: Page) -> Iterator[None]:
    """The market is left as it was found: no decision stands."""
    yield
    for made in page.request.get(f"{sample.url}{DECISIONS}").json()["data"]:
        if made["undone_at"] is None:
            page.request.post(f"{sample.url}{DECISIONS}/{made['id']}/undo", headers={"Origin": sample.url})


def waiting(page: Page, served: Served) -> dict[str, Any]:
    """A move that waits for somebody, as the API tells it."""
    answer = page.request.get(f"{served.url}/api/data/actions?status=QUARANTINED").json()
    found = answer["data"]
    assert found, "the sample market has a move that nothing explains"
    entry = found[0]
    assert isinstance(entry, dict)
    return entry


def quarantine(page: Page, served: Served) -> Locator:
    page.goto(f"{served.url}/data/")
    section = page.get_by_role("region", name="Quarantine", exact=True)
    expect(section.get_by_role("heading", name="Quarantine")).to_be_visible()
    return section


def total(page: Page, served: Served) -> int:
    answer = page.request.get(f"{served.url}/api/data/actions?status=QUARANTINED").json()
    number = answer["meta"]["total"]
    assert isinstance(number, int)
    return number


@pytest.mark.usefixtures("undecided")
@pytest.mark.parametrize("width", [1440, 390])
def test_a_move_is_dismissed_and_the_decision_undone(quiet_page: Page, sample: Served, width: int) -> None:
    quiet_page.set_viewport_size({"width": width, "height": 900})
    entry, before = waiting(quiet_page, sample), total(quiet_page, sample)
    name = entry["symbol_then"]
    section = quarantine(quiet_page, sample)

    section.get_by_role("button", name=f"Dismiss {name}").first.click()

    expect(section.get_by_role("list", name="Decisions that stand")).to_contain_text("Dismissed")
    assert total(quiet_page, sample) == before - 1
    section.get_by_role("button", name=re.compile(f"^Undo the decision on {re.escape(entry['symbol'])}")).first.click()
    expect(section.get_by_role("list", name="Decisions that stand")).to_have_count(0)
    assert total(quiet_page, sample) == before


@pytest.mark.usefixtures("undecided")
def test_a_proposed_factor_is_accepted_and_undone_from_the_note(quiet_page: Page, sample: Served) -> None:
    before = total(quiet_page, sample)
    section = quarantine(quiet_page, sample)
    accept = section.get_by_role("button", name=re.compile("^Accept factor [0-9]")).first
    expect(accept).to_be_enabled()
    accept.click()

    expect(section.get_by_role("list", name="Decisions that stand")).to_contain_text("Accepted")
    assert total(quiet_page, sample) == before - 1
    quiet_page.get_by_role("region", name="Notifications").get_by_role("button", name="Undo").click()
    expect(section.get_by_role("list", name="Decisions that stand")).to_have_count(0)
    assert total(quiet_page, sample) == before


@pytest.mark.usefixtures("undecided")
def test_a_factor_is_corrected_by_keyboard_and_its_reason_kept(quiet_page: Page, sample: Served) -> None:
    entry = waiting(quiet_page, sample)
    name = entry["symbol_then"]
    section = quarantine(quiet_page, sample)
    section.get_by_role("button", name=f"Correct {name}").first.focus()
    quiet_page.keyboard.press("Enter")
    dialog = quiet_page.get_by_role("dialog")
    dialog.get_by_label("Factor").fill("0")
    quiet_page.keyboard.press("Enter")
    expect(dialog.get_by_text("A number above 0")).to_be_visible()
    dialog.get_by_label("Factor").fill("2")
    dialog.get_by_label("Reason").fill("read in the annual report")
    quiet_page.keyboard.press("Enter")

    expect(dialog).to_have_count(0)
    decided = section.get_by_role("list", name="Decisions that stand")
    expect(decided).to_contain_text("Corrected")
    expect(decided).to_contain_text("read in the annual report")
    made = quiet_page.request.get(f"{sample.url}{DECISIONS}").json()["data"][0]
    assert (made["decision"], made["factor"], made["reason"]) == ("CORRECT", 2.0, "read in the annual report")


def test_all_years_are_walked_with_the_keyboard_and_a_year_opened(quiet_page: Page, sample: Served) -> None:
    quiet_page.set_viewport_size({"width": 390, "height": 844})
    quiet_page.goto(f"{sample.url}/data/")
    grid = quiet_page.get_by_role("grid", name="Stored sessions of all years by month")
    newest = grid.get_by_role("gridcell").first
    newest.focus()
    quiet_page.keyboard.press("ArrowDown")
    quiet_page.keyboard.press("ArrowRight")
    year = quiet_page.evaluate("document.activeElement.dataset.month")
    assert re.fullmatch(r"\d{4}-02", year)
    quiet_page.keyboard.press("Enter")

    quiet_page.wait_for_url(f"**year={year[:4]}*")
    expect(quiet_page.get_by_role("grid", name=f"Sessions of {year[:4]}")).to_be_visible()
    expect(quiet_page.locator(f'[data-day^="{year}"]:focus')).to_have_count(1)
    assert quiet_page.evaluate("document.documentElement.scrollWidth") <= 390
