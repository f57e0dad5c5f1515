"""What was compared is marked, so that what was not can be listed at the end."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from playwright.sync_api import Locator, Page

from tests.browser.test_research_desk import same

LEFT = """
() => {
  const main = document.getElementById("main");
  const told = (one) => one.closest("section, .page-h, [role=note]")?.querySelector("h1, h2, b")?.textContent ?? "";
  const found = [];
  const walker = document.createTreeWalker(main, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const parent = node.parentElement;
    if (/\\d/.test(node.data) && !parent.closest("[data-checked], script, style")) {
      found.push(`${told(parent)}: ${parent.textContent.trim().slice(0, 120)}`);
    }
  }
  for (const one of main.querySelectorAll("[role=img]")) {
    if (/\\d/.test(one.ariaLabel ?? "") && !one.matches("[data-checked]")) found.push(`chart: ${one.ariaLabel}`);
  }
  return found;
}
"""


def checked(place: Locator) -> None:
    """Mark what was compared: the place itself and all in it."""
    assert place.count() > 0
    place.evaluate_all("all => all.forEach(one => { one.dataset.checked = ''; })")


def section(page: Page, title: str) -> Locator:
    return page.locator("section", has=page.get_by_role("heading", name=title, exact=True))


def numbers(text: str) -> list[str]:
    """The figures in a sentence, each as it is written, with its unit."""
    return re.findall(r"[-−+]?₹?\d[\d,]*(?:\.\d+)?%?", text)


def agree(text: str, values: Sequence[float]) -> None:
    """The figures of a sentence, in its order."""
    found = numbers(re.sub(r"(?<=\d)-(?=\d)", " ", text))  # an ISO date is three figures
    assert len(found) == len(values), (text, values)
    for written, value in zip(found, values, strict=True):
        assert same(written, value), (text, written, value)


def drawn(luck: dict[str, Any]) -> list[float]:
    """How often sessions were drawn again, and the length of a block where it is told: one of 1 is told in words."""
    return [luck["resamples"], *([] if f"{luck['block']:.1f}" == "1.0" else [luck["block"]])]


def both(run: dict[str, Any]) -> list[dict[str, Any]]:
    return [*run["trades"], *run["open_positions"]]


def curve(run: dict[str, Any]) -> tuple[list[str], list[float]]:
    return [point["at"] for point in run["equity"]], [point["equity"] for point in run["equity"]]
