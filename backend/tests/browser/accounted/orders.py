"""The trades of a run's page, its refused orders and its policy's decisions, row by row."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import numpy as np
from playwright.sync_api import Page, expect

from tests.browser.accounted.marks import agree, both, checked, numbers
from tests.browser.test_desk_figures import all_rows, day
from tests.browser.test_research_desk import same


def check_trade_drawer(page: Page, run: dict[str, Any]) -> None:
    """One trade, opened: what it was filled with and charged, by the fills that the command exports."""
    grid = page.get_by_role("grid", name="Trades")
    row = grid.locator("tbody tr[data-index]").first
    symbol, entry = row.locator("td").nth(0).inner_text().strip(), row.locator("td").nth(1).inner_text().strip()
    (trade,) = (t for t in both(run) if t["symbol"] == symbol and day(t["entry_at"]) == entry)
    row.click()
    drawer = page.get_by_role("complementary", name=re.compile(f"^{symbol}, trade"))
    until = trade["exit_at"] or "9999"
    mine = [
        fill for fill in run["fills_table"]
        if fill["symbol"] == symbol and trade["entry_at"] <= str(fill["filled_at"])[:10] <= until
    ]  # fmt: skip
    kinds = {name for fill in mine for name, value in fill.items() if name.startswith("cost_") and value}
    kinds -= {"cost_rupees"}
    sums = sorted((sum(fill[kind] for fill in mine) for kind in kinds), reverse=True)
    parts = drawer.locator("dd.t3")
    expect(parts).to_have_count(len(sums))
    for text, value in zip(parts.all_inner_texts(), sums, strict=True):
        assert same(text, value), (text, value)
    pairs = dict(
        zip(
            drawer.locator("dt:not(.t3)").all_inner_texts(),
            drawer.locator("dd:not(.t3)").all_inner_texts(),
            strict=True,
        )
    )
    assert same(pairs["Charges"], trade["costs"]) and same(pairs["Quantity"], trade["quantity"])
    assert same(pairs["P&L after charges"], trade["pnl"])
    opened = next(text for term, text in pairs.items() if term.startswith("Entry"))
    assert same(opened, trade["entry_price"])
    drawer.get_by_role("button", name="P&L after charges").click()
    said = page.get_by_role("dialog", name="P&L after charges").inner_text()
    assert any(same(text, trade["costs"]) for text in numbers(said)), said
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(drawer).to_have_count(0)


def check_orders(page: Page, run: dict[str, Any]) -> None:
    tabs = page.get_by_role("tablist", name="Orders of the run")
    rows = (both(run), run["rejections"], run["decisions"])
    for tab, table in zip(tabs.get_by_role("tab").all(), rows, strict=True):
        agree(tab.inner_text(), [len(table)])

    grid = page.get_by_role("grid", name="Trades")
    trades = {(trade["symbol"], day(trade["entry_at"])): trade for trade in both(run)}
    listed = all_rows(grid)
    assert {(row[0].strip(), row[1].strip()) for row in listed} == trades.keys() and len(listed) == len(trades)
    for row in listed:
        trade = trades[row[0].strip(), row[1].strip()]
        gained = trade["pnl"] / (trade["entry_price"] * trade["quantity"])
        told = {2: trade["entry_price"], 3: trade["quantity"], 9: trade["costs"], 10: trade["pnl"]}
        for at, value in told.items():
            assert same(row[at], value), (row, value)
        assert same(row[8] + "%", gained), row
        if trade["exit_at"] is None:
            assert all("Unknown" in row[at] for at in (4, 5, 6))
        else:
            days = np.datetime64(trade["exit_at"]) - np.datetime64(trade["entry_at"])
            assert row[4].strip() == day(trade["exit_at"]) and same(row[5], trade["exit_price"])
            assert same(row[6], int(days / np.timedelta64(1, "D"))), row
    feet = grid.locator("tfoot td")
    tops = feet.evaluate_all("cells => cells.map(cell => cell.getBoundingClientRect().top)")
    assert len(set(tops)) == 1, "all of the foot stays at the end of the box, the pinned cell too"
    foot = feet.all_inner_texts()
    agree(" ".join(foot), [len(trades), sum(t["costs"] for t in both(run)), sum(t["pnl"] for t in both(run))])
    check_trade_drawer(page, run)

    tabs.get_by_role("tab").nth(1).click()
    listed = all_rows(page.get_by_role("grid", name="Refused and cut orders"))
    written = Counter(
        (
            r[0].strip(),
            r[1].strip(),
            r[3].strip(),
            r[4].strip().upper(),
            *(re.sub(r"[^\d.]", "", r[at]) for at in (7, 8)),
        )
        for r in listed
    )
    told = Counter(
        (r["symbol"], day(r["at"]), day(r["decided_at"]), r["side"], f"{r['wanted']:.0f}", f"{r['granted']:.0f}")
        for r in run["rejections"]
    )
    assert set(written) == set(told)  # rows of one text are one in `all_rows`

    tabs.get_by_role("tab").nth(2).click()
    grid = page.get_by_role("grid", name="Decisions of the policy")
    listed = all_rows(grid)
    left = [dict(row) for row in run["decisions"]]
    assert len(listed) == len({decision_text(row) for row in left})
    for cells in listed:
        mine = [row for row in left if decided(cells, row)]
        assert mine, cells
    made = [row for row in run["decisions"] if row["outcome"] in ("TRIM", "REJECT")]
    known = [row["would_have_made"] for row in made if row["would_have_made"] is not None]
    foot = page.get_by_role("region", name="Decisions of the policy", exact=True).locator(".card-f").inner_text()
    agree(foot, [len(made), *([len(known)] if len(known) != len(made) else []), sum(known)])
    checked(page.locator("#orders-tab-panel"))


AMOUNTS = {5: "wanted", 6: "granted", 7: "limit", 8: "cash", 9: "equity", 10: "would_have_made"}


def decision_text(row: dict[str, Any]) -> tuple[Any, ...]:
    """What makes two decisions two rows that read differently."""
    rounded = tuple(None if row.get(name) is None else round(row[name], 2) for name in AMOUNTS.values())
    return (row["symbol"], row["at"], row["outcome"], row["rule"], row["state"], row["book"], *rounded)


def decided(cells: list[str], row: dict[str, Any]) -> bool:
    """Whether a listed row is this decision, every figure of it."""
    if row["symbol"] is not None and cells[0].strip() != row["symbol"]:
        return False
    if cells[1].strip() != day(row["at"]) or cells[4].strip() != row["state"]:
        return False
    for at, name in AMOUNTS.items():
        text, value = cells[at].strip(), row.get(name)
        if name == "would_have_made" and row["outcome"] not in ("TRIM", "REJECT"):
            if text:
                return False
        elif value is None:
            if "Unknown" not in text:
                return False
        elif not re.search(r"\d", text) or not same(text, value):
            return False
    return True
