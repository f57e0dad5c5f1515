"""What a hand on a keyboard does, and nothing that it cannot do."""

from __future__ import annotations

from playwright.sync_api import Locator, Page


def tab_to(page: Page, wanted: Locator, steps: int = 200) -> None:
    """Press Tab until an element has the focus."""
    for _ in range(steps):
        if wanted.count() and wanted.first.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"not reached by {steps} times Tab: {wanted}")


def press(page: Page, wanted: Locator) -> None:
    """Go to a button or a link and press Enter."""
    tab_to(page, wanted)
    page.keyboard.press("Enter")


def write(page: Page, wanted: Locator, text: str) -> None:
    """Go to a field and write something in the place of what is there."""
    tab_to(page, wanted)
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type(text)


def choose(page: Page, wanted: Locator, name: str) -> None:
    """Go to a list and choose by the beginning of a name."""
    tab_to(page, wanted)
    page.keyboard.type(name)
