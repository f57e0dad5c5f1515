"""From the library to a report by keyboard alone, and every figure of a run against the command's JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.test_pages import choose_theme
from tests.serving import Served, command

WAIT = 90_000.0
PERIOD = ("--from", "2021-01-01", "--to", "2025-12-31")


@pytest.fixture(scope="module")
def answer(sample: Served) -> dict[str, Any]:
    """A run by the command line, as JSON: the numbers that the page must show."""
    asked = ("sma_cross", "--sample", "--universe", "SAMPLE20", *PERIOD, "--costs", "zerodha", "--json")
    ran = command(sample.environment, "backtest", *asked)
    assert ran.returncode == 0, ran.stderr
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


def number(text: str) -> tuple[float, float]:
    """A written figure as a number, and half of its last digit; percent as a fraction."""
    text = "".join(text.split())  # a card's unit stands in a line of its own
    found = re.search(r"[-−+]?₹?([\d,]+(?:\.\d+)?)(%?)", text)
    assert found is not None, text
    digits, percent = found[1].replace(",", ""), found[2] == "%"
    unit = 10.0 ** -len(digits.partition(".")[2]) * (0.01 if percent else 1.0)
    negative = text.lstrip("₹ ").startswith(("-", "−"))
    return (-1.0 if negative else 1.0) * float(digits) * (0.01 if percent else 1.0), unit / 2 + 1e-9


def same(text: str, value: float) -> bool:
    shown, half = number(text)
    return abs(shown - value) <= half * (1 + 1e-9)


def open_run(page: Page, served: Served, run_id: str) -> None:
    page.goto(f"{served.url}/quant/run/?run={run_id}")
    expect(page.get_by_role("heading", name="Deepest drawdowns")).to_be_visible(timeout=WAIT)
    expect(page.get_by_role("heading", name="Trades on candles")).to_be_visible(timeout=WAIT)
    page.wait_for_load_state("networkidle", timeout=WAIT)


def test_every_figure_on_the_page_is_that_of_the_command(
    quiet_page: Page, sample: Served, answer: dict[str, Any]
) -> None:
    open_run(quiet_page, sample, answer["run_id"])
    metrics, reasons = answer["metrics"], answer["metric_reasons"]
    cells = quiet_page.locator("[data-metric]")
    seen = set()
    for at in range(cells.count()):
        name, text = cells.nth(at).get_attribute("data-metric"), cells.nth(at).inner_text().strip()
        assert name is not None
        seen.add(name)
        if metrics.get(name) is None:
            assert "Unknown" in text and reasons[name] in text, (name, text)
        else:
            assert same(text, metrics[name]), (name, text, metrics[name])
    assert seen <= set(metrics) and len(seen) >= 50, sorted(seen)

    twin = answer["naive_twin"]
    causes = {"naive": twin["final_equity"]} | {row["cause"]: row["difference"] for row in twin["causes"]}
    for cell in quiet_page.locator("[data-twin]").all():
        assert same(cell.inner_text(), causes.pop(str(cell.get_attribute("data-twin")))), cell.inner_text()
    assert causes == {}

    months = monthly(answer["equity"])
    rows = quiet_page.locator("table.months tbody tr")
    shown = {}
    for at in range(rows.count()):
        year = int(rows.nth(at).locator("th").inner_text())
        cells_of_year = rows.nth(at).locator("td").all_inner_texts()
        for month, text in enumerate(cells_of_year[:12], start=1):
            if "Unknown" not in text:
                shown[year, month] = text
    assert shown.keys() == months.keys()
    for key, text in shown.items():
        assert same(text.replace("*", "") + "%", months[key]), (key, text, months[key])

    both = [*answer["trades"], *answer["open_positions"]]
    trades = sorted(both, key=lambda trade: trade["entry_at"], reverse=True)
    table = quiet_page.get_by_role("grid", name="Trades")
    foot = table.locator("tfoot td").all_inner_texts()
    assert same(foot[0], len(trades))
    assert any(same(text, sum(trade["costs"] for trade in trades)) for text in foot if re.search(r"\d", text))
    first = table.locator("tbody tr:not(.gapfill)").first.locator("td").all_inner_texts()
    alike = [trade for trade in trades if trade["entry_at"] == trades[0]["entry_at"] and trade["symbol"] == first[0]]
    assert len(alike) == 1
    assert same(first[2], alike[0]["entry_price"]) and same(first[3], alike[0]["quantity"])
    assert same(first[9], alike[0]["costs"]) and same(first[10], alike[0]["pnl"])


def monthly(chart: list[dict[str, Any]]) -> dict[tuple[int, int], float]:
    """Returns from the last close of a month to that of the next; of the first month from its first close."""
    last: dict[tuple[int, int], float] = {}
    for point in chart:
        last[int(point["at"][:4]), int(point["at"][5:7])] = point["equity"]
    found, before = {}, chart[0]["equity"]
    for key, equity in last.items():
        found[key], before = equity / before - 1.0, equity
    return found


def tab_to(page: Page, wanted: Locator, steps: int = 80) -> None:
    """Press Tab until an element has the focus."""
    for _ in range(steps):
        if wanted.count() and wanted.first.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"not reached by {steps} times Tab: {wanted}")


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_from_the_library_to_the_report_by_keyboard(
    quiet_page: Page,
    sample: Served,
    answer: dict[str, Any],
    accessibility_faults: Callable[[Page], list[str]],
    theme: str,
) -> None:
    page = quiet_page
    page.set_viewport_size({"width": 1440, "height": 900})
    choose_theme(page, theme)
    page.goto(f"{sample.url}/settings/")
    expect(page.get_by_role("heading", level=1, name="Settings")).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("l")
    expect(page.get_by_role("heading", level=1, name="Strategies")).to_be_visible(timeout=WAIT)
    expect(page.get_by_role("link", name="SMA crossover")).to_be_visible(timeout=WAIT)
    assert accessibility_faults(page) == []
    page.keyboard.press("/")
    page.keyboard.type("RSI-2")
    expect(page.get_by_role("link", name="SMA crossover")).to_have_count(0)
    page.keyboard.press("Escape")
    tab_to(page, page.get_by_role("link", name="RSI-2 mean reversion"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name=re.compile("RSI-2 mean reversion"))).to_be_visible(timeout=WAIT)
    tab_to(page, page.get_by_role("tab", name="About"))
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("region", name=re.compile("Source of version"))).to_be_visible(timeout=WAIT)
    assert accessibility_faults(page) == []
    tab_to(page, page.get_by_role("link", name="New backtest"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="Backtest")).to_be_visible(timeout=WAIT)
    expect(page.get_by_role("combobox", name="Strategy")).to_have_value("rsi2", timeout=WAIT)
    page.keyboard.press("ControlOrMeta+Enter")
    page.wait_for_url("**/quant/run/?run=*", timeout=WAIT)
    expect(page.get_by_role("heading", name="Trades on candles")).to_be_visible(timeout=WAIT)
    page.wait_for_load_state("networkidle", timeout=WAIT)
    assert accessibility_faults(page) == []
    tab_to(page, page.get_by_role("button", name="About Sharpe ratio"), 120)
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="Formula")).to_be_visible()
    page.keyboard.press("Escape")
    tab_to(page, page.get_by_role("slider", name="From"), 160)
    page.keyboard.press("PageUp")
    expect(page).to_have_url(re.compile("from=20"))
    report = page.get_by_role("link", name="The whole run as one HTML page")
    tab_to(page, report, 200)
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert download.value.suggested_filename.endswith(".html")
    this = re.search("run=([0-9a-f]+)", page.url)
    assert this is not None
    page.goto(f"{sample.url}/quant/runs/")
    for run_id in (this[1], answer["run_id"]):
        box = page.get_by_role("checkbox", name=f"Compare run {run_id[:8]}")
        expect(box).to_be_visible(timeout=WAIT)
        box.focus()
        page.keyboard.press("Space")
    tab_to(page, page.get_by_role("link", name="Compare 2 runs"), 200)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name=re.compile("Compare"))).to_be_visible(timeout=WAIT)
    page.wait_for_load_state("networkidle", timeout=WAIT)
    assert accessibility_faults(page) == []
