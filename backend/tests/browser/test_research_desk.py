"""Every metric, month and cause of a run on its page, against the JSON of the command."""

from __future__ import annotations

import json
import re
from typing import Any

from playwright.sync_api import Page, expect

from tests.serving import Served

WAIT = 90_000.0


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


def test_a_stored_run_verifies_and_says_so_and_one_whose_inputs_changed_says_which(
    quiet_page: Page, sample: Served, answer: dict[str, Any]
) -> None:
    page = quiet_page
    open_run(page, sample, answer["run_id"])  # made by another process, before
    state = page.get_by_role("main").get_by_role("status")
    page.get_by_role("button", name="Verify").click()
    expect(state.filter(has_text="Verified")).to_be_visible(timeout=WAIT)
    # the move that nothing explains is told to be an ordinary one: the stock is out of quarantine
    decided = sample.run("data", "decide", "ZENVUSUN", "2022-02-03", "dismiss", "--sample", "--json")
    assert decided.returncode == 0, decided.stderr
    number_of = json.loads(decided.stdout)["id"]
    try:
        page.get_by_role("button", name="Verify").click()
        expect(state.filter(has_text="Inputs changed: prices")).to_be_visible(timeout=WAIT)
        expect(page.locator("[data-metric=final_equity]")).to_be_visible()  # the stored figures stay
    finally:
        undone = sample.run("data", "undo", str(number_of), "--sample")
        assert undone.returncode == 0, undone.stderr
    page.get_by_role("button", name="Verify").click()
    expect(state.filter(has_text="Verified")).to_be_visible(timeout=WAIT)
