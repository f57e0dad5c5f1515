"""The charts of a run's page, their words and their tables."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import numpy as np
from playwright.sync_api import Page, expect

from tests.browser.accounted.marks import agree, both, checked, curve, drawn, section
from tests.browser.test_desk_figures import day, falls
from tests.browser.test_research_desk import monthly, same


def check_equity(page: Page, run: dict[str, Any]) -> None:
    card = section(page, "Equity and drawdown")
    days, equity = curve(run)
    label = str(card.get_by_role("img").get_attribute("aria-label"))
    deepest = min(row["drawdown_fraction"] for row in run["equity_table"])
    told = re.fullmatch(
        r"Equity of .* from (\S+) on (.*) to (\S+) on (.*), with the drawdown from its running peak, at worst (\S+)",
        label,
    )
    assert told is not None, label
    assert same(told[1], 1_000_000.0) and same(told[3], equity[-1]) and same(told[5], deepest), label
    assert (told[2], told[4]) == (day(days[0]), day(days[-1]))
    checked(card.get_by_role("img"))
    # the longest fall, in sessions from its peak until that was seen again, or to the end
    water = [row["drawdown_fraction"] < 0.0 for row in run["equity_table"]]
    longest, begin = (0, 0, 0), None
    for at, below in enumerate([*water, False]):
        if below and begin is None:
            begin = max(at - 1, 0)
        if not below and begin is not None:
            ended = min(at, len(water) - 1)
            longest = max(longest, (ended - begin, -begin, ended))
            begin = None
    sessions, begun, ended = longest[0], days[-longest[1]], days[longest[2]]
    assert sessions == run["metrics"]["longest_drawdown"]
    foot = card.locator(".card-f").inner_text()
    assert f"{sessions:,} sessions" in foot and day(begun) in foot, (foot, longest)
    assert (day(ended) in foot) or "not recovered at the end" in foot
    checked(card.locator(".card-f"))
    index = run["benchmarks"][0]["name"]
    assert card.locator(".legend span").last.inner_text().replace(" ", "") == index
    checked(card.locator(".legend"))
    brush = card.get_by_role("group", name="Part of the period that the charts show")
    assert brush.locator(".nowrap").inner_text() == f"{day(days[0])} – {day(days[-1])}"
    assert brush.locator("button").all_inner_texts() == ["All", "5 y", "3 y", "1 y"]
    checked(brush)


def check_months(page: Page, run: dict[str, Any]) -> None:
    card = section(page, "Returns by month and year")
    days, equity = curve(run)
    months = monthly(run["equity"])
    last = {int(at[:4]): value for at, value in zip(days, equity, strict=True)}
    before, years = equity[0], {}
    for year, value in last.items():
        years[year], before = value / before - 1.0, value
    shown = {}
    for row in card.locator("tbody tr").all():
        year = int(row.locator("th").inner_text())
        *cells, whole = row.locator("td").all_inner_texts()
        assert same(whole.replace("*", "") + "%", years.pop(year)), (year, whole)
        shown |= {(year, month): text for month, text in enumerate(cells, start=1) if "Unknown" not in text}
    assert shown.keys() == months.keys() and years == {}
    for key, text in shown.items():
        assert same(text.replace("*", "") + "%", months[key]), (key, text)
    assert "±10%" in card.locator(".card-f").inner_text()
    checked(card)


def check_falls(page: Page, run: dict[str, Any]) -> None:
    card = section(page, "Deepest drawdowns")
    days, equity = curve(run)
    at = {day(one): number for number, one in enumerate(days)}
    wanted = falls(equity, days, 1_000_000.0)
    rows = card.locator("tbody tr").all()
    assert len(rows) >= 5
    for row, (depth, peak, trough, recovery) in zip(rows, wanted, strict=False):
        cells = row.locator("td").all_inner_texts()
        assert same(cells[0] + "%", depth) and cells[1:4] == [peak, trough, recovery], (cells, depth, peak)
        assert same(cells[4], at.get(recovery, len(days) - 1) - at.get(peak, 0)), cells
    checked(card)


def check_exposure(page: Page, run: dict[str, Any]) -> None:
    card = section(page, "Exposure and turnover")
    exposed = max(row["exposure_fraction"] for row in run["equity_table"])
    traded: dict[str, dict[str, float]] = {}
    for fill in run["fills_table"]:
        sides = traded.setdefault(str(fill["filled_at"])[:7], {"BUY": 0.0, "SELL": 0.0})
        sides[fill["side"]] += fill["price_rupees"] * fill["quantity"]
    means = {month: np.mean([p["equity"] for p in run["equity"] if p["at"].startswith(month)]) for month in traded}
    share = max(min(sides.values()) / means[month] for month, sides in traded.items())
    agree(str(card.get_by_role("img").get_attribute("aria-label")), [exposed, share])
    checked(card.get_by_role("img"))


def check_rolling(page: Page, run: dict[str, Any]) -> None:
    card = section(page, "Sharpe of a year, and trades open")
    days, closes = curve(run)
    equity = np.array(closes)
    returns = equity[1:] / equity[:-1] - 1.0
    windows = np.lib.stride_tricks.sliding_window_view(returns, 252)
    sharpes = windows.mean(axis=1) / windows.std(axis=1, ddof=1) * np.sqrt(252.0)
    opened = max(
        sum(t["entry_at"] <= at and (t["open"] or t["exit_at"] is None or t["exit_at"] > at) for t in both(run))
        for at in days
    )
    agree(str(card.get_by_role("img").get_attribute("aria-label")), [252, sharpes.min(), sharpes.max(), opened])
    agree(card.locator(".card-f").inner_text(), [252])
    checked(card.get_by_role("img"))
    checked(card.locator(".card-f"))


def check_distributions(page: Page, run: dict[str, Any], analysis: dict[str, Any]) -> None:
    _, closes = curve(run)
    equity = np.array(closes)
    gains = np.array([t["pnl"] / (t["entry_price"] * t["quantity"]) for t in run["trades"]])
    for title, values, name in (
        ("Daily returns", equity[1:] / equity[:-1] - 1.0, "return_bins"), ("Closed trades", gains, "trade_bins"),
    ):  # fmt: skip
        card = page.get_by_role("region", name=title, exact=True)
        edges = np.array(analysis[name]["edges"])
        counts = np.histogram(np.clip(values, edges[0], edges[-1]), edges)[0]
        below = int(counts[edges[1:] <= 0.0].sum())
        agree(str(card.get_by_role("img").get_attribute("aria-label")), [len(values), below, edges[0], edges[-1]])
        card.get_by_role("button", name="View as table").click()
        for row, low, high, many in zip(card.locator("tbody tr").all(), edges, edges[1:], counts, strict=False):
            texts = row.locator("td").all_inner_texts()
            assert same(texts[0], low) and same(texts[1], high) and same(texts[2], int(many)), (title, texts)
        assert card.locator("tbody tr").count() == len(counts)
        checked(card)


def check_cone(page: Page, run: dict[str, Any], analysis: dict[str, Any]) -> None:
    card = section(page, "These returns drawn again")
    luck = analysis["luck"]
    label = str(card.get_by_role("img").get_attribute("aria-label"))
    ends = [run["equity"][-1]["equity"], luck["cone"]["equity"][0][-1], luck["cone"]["equity"][4][-1]]
    agree(label, ends)
    agree(card.locator(".card-f").inner_text(), drawn(luck))
    checked(card.get_by_role("img"))
    checked(card.locator(".card-f"))


def check_holdings(page: Page, run: dict[str, Any]) -> None:
    card = section(page, "Holdings through time")
    more = card.get_by_role("button", name=re.compile("^First"))
    if more.count():
        more.click()
        checked(more)
    days, _ = curve(run)
    at = {one: number for number, one in enumerate(days)}
    held: Counter[str] = Counter()
    earned: dict[str, float] = {}
    times: Counter[str] = Counter()
    for trade in both(run):
        last = len(days) - 1 if trade["exit_at"] is None else at[trade["exit_at"]]
        held[trade["symbol"]] += last - at[trade["entry_at"]] + 1
        earned[trade["symbol"]] = earned.get(trade["symbol"], 0.0) + (trade["pnl"] or 0.0)
        times[trade["symbol"]] += 1
    rows = card.locator("tbody tr").all()
    order = sorted(held, key=lambda symbol: (-held[symbol], symbol))
    assert [row.locator("th").inner_text().strip() for row in rows] == order
    for row, symbol in zip(rows, order, strict=True):
        stretches, sessions, pnl = row.locator("td").all_inner_texts()
        assert same(stretches, times[symbol]) and same(sessions, held[symbol]) and same(pnl, earned[symbol]), symbol
    foot = card.locator(".card-f").inner_text()
    assert foot.startswith(f"{len(order)} instruments from {day(days[0])} to {day(days[-1])}")
    checked(card)


def check_candles(page: Page, run: dict[str, Any]) -> None:
    """Each trade of an instrument in the words that its marks on the candles have, too."""
    card = page.get_by_role("region", name="Trades on candles")
    many = Counter(trade["symbol"] for trade in both(run))
    choice = card.get_by_role("combobox", name="Instrument")
    options = dict(text.split(", ") for text in choice.locator("option").all_inner_texts())
    assert {symbol: int(re.sub(r"\D", "", text)) for symbol, text in options.items()} == many
    symbol = choice.input_value()
    mine = sorted((t for t in both(run) if t["symbol"] == symbol), key=lambda trade: trade["entry_at"])
    status = card.get_by_role("status")
    agree(status.inner_text().replace(symbol, "").partition(". Marks")[0], [len(mine), sum(t["pnl"] for t in mine)])
    for number, trade in enumerate(mine, start=1):
        card.get_by_role("button", name="Next trade").click()
        expect(status).to_contain_text(f"Trade {number} of {len(mine)}:")
        entry, _, left = status.inner_text().partition("; ")
        told = re.search(r"Bought (.*) at (\S+), (\S+) shares?", entry)
        assert told is not None and told[1] == day(trade["entry_at"]), entry
        assert same(told[2], trade["entry_price"]) and same(told[3], trade["quantity"]), entry
        if trade["exit_at"] is not None:
            told = re.search(r"Sold (.*) at (₹\S+?), .*, (\S+) after charges", left)
            assert told is not None and told[1] == day(trade["exit_at"]), left
            assert same(told[2], trade["exit_price"]) and same(told[3], trade["pnl"]), left
    card.get_by_role("button", name="All", exact=True).last.click()
    checked(choice)
    checked(status)

    # the line of the last bar, of the stock itself: as the API has it, volumes in short
    bars = page.request.get(f"{page.url.partition('/quant')[0]}/api/market/bars/{symbol}?adjust=price").json()
    chart = card.locator(".pricechart")
    readout = chart.locator(".readout span").all_inner_texts()
    assert readout[0].endswith(day(bars["t"][-1]))
    for text, name in zip(readout[1:5], "ohlc", strict=True):
        assert text.startswith(name.upper()) and same(text[2:], bars[name][-1]), text
    assert same(readout[5], bars["c"][-1] / bars["c"][-2] - 1.0)
    volume = bars["v"][-1]
    short = (
        f"{volume / 1e7:.3g} cr" if volume >= 1e7 else f"{volume / 1e5:.3g} L" if volume >= 1e5 else f"{volume:,.0f}"
    )
    assert readout[6] == f"Volume {short}", (readout[6], short)
    checked(chart.locator(".readout"))
    many_actions = len(bars["actions"])
    notes = card.locator(".card-f").filter(has_text="Charts by TradingView")
    agree(notes.inner_text().partition("moves have")[0], [many_actions] if many_actions else [])
    checked(notes)
    ranges = card.locator("button", has_text=re.compile(r"^\d+ [my]$"))
    assert ranges.all_inner_texts() == ["1 m", "6 m", "1 y", "5 y"]
    checked(ranges)
