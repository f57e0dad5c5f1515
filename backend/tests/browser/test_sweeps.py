"""A search from its form to the run of a point, and a walk-forward, by keyboard."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.serving import Served

LONG = 120_000  # milliseconds on a busy machine


def kept(page: Page, name: str) -> None:
    """A picture of the page where SMARTTRADER_PICTURES names a folder, for whoever wants to look."""
    folder = os.environ.get("SMARTTRADER_PICTURES")
    if folder:
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)


def test_a_sweep_from_its_form_to_the_recomputed_run(
    quiet_page: Page, sample: Served, accessibility_faults: Callable[[Page], list[str]]
) -> None:
    page = quiet_page
    page.goto(f"{sample.url}/quant/sweeps/")
    form = page.get_by_role("form", name="New search")
    expect(form).to_be_visible(timeout=LONG)
    form.get_by_label("Strategy").select_option("sma_cross")
    form.get_by_label("fast", exact=True).fill("5:20:5")
    form.get_by_label("slow", exact=True).fill("30, 60, 90")
    expect(form).to_contain_text("12 combinations of fast and slow")
    form.get_by_label("From").fill("2022-01-01")
    assert accessibility_faults(page) == []
    kept(page, "sweeps")
    form.get_by_role("button", name="Start sweep").press("Enter")
    page.wait_for_url("**/quant/sweep/?sweep=*", timeout=LONG)
    heat = page.get_by_role("region", name="Heat map")
    expect(page.get_by_text("Finished")).to_be_visible(timeout=LONG)
    cell = heat.get_by_role("button").first
    cell.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Probability of overfitting")).to_be_visible(timeout=LONG)
    expect(heat.get_by_role("button", pressed=True)).to_have_count(1)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of two words
        page.wait_for_timeout(500)  # colours fade from one theme to the other
        kept(page, f"sweep-{scheme}")
        assert accessibility_faults(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    kept(page, "sweep-phone")
    page.set_viewport_size({"width": 1280, "height": 800})
    page.get_by_role("button", name="Open as a run").press("Enter")
    page.wait_for_url("**/quant/run/?run=*", timeout=LONG)
    expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=LONG)


def test_a_walk_forward_from_its_form_to_its_page(
    quiet_page: Page, sample: Served, accessibility_faults: Callable[[Page], list[str]]
) -> None:
    page = quiet_page
    page.goto(f"{sample.url}/quant/sweeps/")
    form = page.get_by_role("form", name="New search")
    expect(form).to_be_visible(timeout=LONG)
    form.get_by_role("button", name="Walk-forward", exact=True).press("Enter")
    form.get_by_label("Strategy").select_option("sma_cross")
    form.get_by_label("fast", exact=True).fill("5, 10")
    form.get_by_label("slow", exact=True).fill("30, 60")
    form.get_by_label("From").fill("2022-01-01")
    form.get_by_label("Sessions of training").fill("250")
    form.get_by_role("button", name="Walk forward", exact=True).press("Enter")
    page.wait_for_url("**/quant/walk-forward/?id=*", timeout=LONG)
    expect(page.get_by_role("heading", name="Window by window")).to_be_visible(timeout=LONG)
    assert accessibility_faults(page) == []
    kept(page, "walk")
