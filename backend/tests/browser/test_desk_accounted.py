"""Every figure on a run's page is compared with the command's JSON, and none can be added without a comparison.

Each check marks what it compared; at the end every text with a digit, and every chart's words, must be marked. The run
has a risk policy, few slots and slippage, so that there are decisions, refusals and cut orders to show.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect
from pyarrow import parquet

from tests.browser.conftest import PERIOD
from tests.browser.test_desk_figures import all_rows, asked, day, falls, probable, table_of
from tests.browser.test_research_desk import monthly, open_run, same
from tests.serving import Served

RUNS = "/api/portfolio/strategies/runs"
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


@pytest.fixture(scope="module")
def run(sample: Served, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A run of the command, and its tables by the command."""
    asked(sample, "policy", "new", "Figures of the desk", "--json")
    found = asked(
        sample, "backtest", "sma_cross", "--sample", "--universe", "SAMPLE20", *PERIOD, "--costs", "zerodha",
        "--sizing", "equity_per_position", "--max-positions", "6", "--slippage-bps", "5", "--param", "fast=10",
        "--policy", "Figures of the desk", "--json",
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("tables")
    for table in ("equity", "fills"):
        file = folder / f"{table}.parquet"
        ran = sample.run("export", found["run_id"], "--sample", "--table", table, "-o", str(file))
        assert ran.returncode == 0, ran.stderr
        found[f"{table}_table"] = parquet.read_table(file).to_pylist()
    assert found["rejections"] and found["decisions"] and found["trades"]
    return found


def both(run: dict[str, Any]) -> list[dict[str, Any]]:
    return [*run["trades"], *run["open_positions"]]


def curve(run: dict[str, Any]) -> tuple[list[str], list[float]]:
    return [point["at"] for point in run["equity"]], [point["equity"] for point in run["equity"]]


def check_identity(page: Page, run: dict[str, Any], spec: dict[str, Any]) -> None:
    head = page.locator(".page-h")
    words = head.inner_text()
    assert f"{day(run['start_date'])} – {day(run['end_date'])}" in words and "₹10 lakh" in words
    assert run["run_id"].startswith(head.locator("code").first.inner_text())
    assert re.search(rf"As of \w{{3}} {day(run['end_date'])}, close", re.sub(r"\s+", " ", words))
    days = run["coverage"]
    told = head.get_by_text(re.compile("member-days")).inner_text()
    if days["traded"] >= days["member_days"]:
        agree(told, [days["member_days"]])
    else:
        agree(told, [days["traded"], days["member_days"], np.floor(1000 * days["traded"] / days["member_days"]) / 1000])
    shown = head.locator(".snap code").inner_text()
    assert re.sub(r"^\d+\.", "", spec["data_root"]).startswith(shown) and len(shown) >= 8
    checked(head)


def check_metrics(page: Page, run: dict[str, Any]) -> None:
    metrics, reasons = run["metrics"], run["metric_reasons"]
    for cell in page.locator("[data-metric]").all():
        name, text = str(cell.get_attribute("data-metric")), cell.inner_text()
        if metrics.get(name) is None:
            assert "Unknown" in text and reasons[name] in text, (name, text)
        else:
            assert same(text, metrics[name]), (name, text)
    checked(page.locator("[data-metric]"))
    # the names of some hold a level or what is normal
    names = section(page, "All metrics").locator("dt")
    assert {text for text in names.all_inner_texts() if re.search(r"\d", text)} == {
        "Value at risk, 95 %, a day", "Value at risk, 99 %, a day", "Mean loss beyond it, 99 %", "Kurtosis (normal: 3)",
    }  # fmt: skip
    checked(names)


TWINS = {
    "Final equity": "final_equity", "Frozen: could not be sold": "frozen_value", "Time in market": "exposure",
    "Mean exposure": "gross_exposure", "Turnover a year": "turnover", "Sessions a trade": "average_holding",
    "Win rate": "win_rate", "Profit a trade": "expectancy", "Open at the end": "open_trades",
}  # fmt: skip


def check_headline(page: Page, run: dict[str, Any], analysis: dict[str, Any], doubt: dict[str, Any]) -> None:
    cards = page.get_by_role("region", name="Headline figures")
    for twin in cards.locator(".tw").all():
        name, text = twin.locator("span").first.inner_text(), twin.locator("b").inner_text()
        if name in TWINS:
            assert same(text, run["metrics"][TWINS[name]]), (name, text)
        elif name == "Probabilistic":
            assert probable(text, doubt["probabilistic_sharpe"])
        else:
            agree(name, [doubt["trials"]])
            assert probable(text, doubt["deflated_sharpe"])
    checked(cards.locator(".tw"))
    for card in cards.locator(".figc").all():
        name = str(card.locator("[data-metric]").get_attribute("data-metric"))
        text = card.locator(".ivl").inner_text()
        if name in analysis["luck"]["intervals"]:
            found = analysis["luck"]["intervals"][name]
            low, high = text.split(" to ")
            assert same(low + ("%" if high.endswith("%") else ""), found["low"]) and same(high, found["high"]), name
        else:
            assert not re.search(r"\d", text), text
    checked(cards.locator(".ivl"))
    foot = cards.locator(".card-f").inner_text()
    values = [run["metrics"]["final_equity"]]
    if run["metrics"]["frozen_positions"]:
        values += [run["metrics"][f"frozen_{name}"] for name in ("value", "share", "positions")]
        values.append(run["metrics"]["final_equity_without_frozen"])
    values += [len(run["equity"]), 0.95]
    if doubt["trials"] > 1:
        values += [doubt["trials"], doubt["expected_max_sharpe"]]
    agree(foot.replace("95% of what", "95.0% of what"), values)
    checked(cards.locator(".card-f"))


def check_warnings(page: Page, run: dict[str, Any]) -> None:
    note = page.get_by_role("note")
    told = len(run["warnings"])
    refused = len(run["rejections"])
    agree(note.locator("b").inner_text(), [told])
    more = note.get_by_role("button", name=re.compile(r"^\d+ more$"))
    if more.count():
        agree(more.inner_text(), [told - 6])
        more.click()
    shown = note.locator("li").all_inner_texts()
    assert len(shown) == told
    for text, warning in zip(shown, run["warnings"], strict=True):
        agree(text, [float(re.sub(r"[^\d.]", "", one)) for one in numbers(warning.replace("-", " "))])
    agree(note.get_by_role("button", name=re.compile("^See the")).inner_text(), [refused])
    checked(note)


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
    # the longest stretch below a former peak, in sessions
    water = [row["drawdown_fraction"] < 0.0 for row in run["equity_table"]]
    longest, begin = (0, 0, 0), None
    for at, below in enumerate([*water, False]):
        if below and begin is None:
            begin = at
        if not below and begin is not None:
            longest = max(longest, (at - begin, -begin, min(at, len(water) - 1)))
            begin = None
    sessions, begun, ended = longest[0], days[-longest[1]], days[longest[2]]
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


def check_words(page: Page, run: dict[str, Any]) -> None:
    place = page.get_by_role("list", name="Assumptions")
    assert place.locator("li").all_inner_texts() == run["assumptions"]
    checked(place)


def check_frozen(page: Page, run: dict[str, Any]) -> None:
    if not run["frozen_holdings"]:
        assert page.get_by_role("region", name="Frozen holdings", exact=True).count() == 0
        return
    place = page.get_by_role("region", name="Frozen holdings, scrolls")
    shown = table_of(place)
    assert shown.keys() == {row["symbol"] for row in run["frozen_holdings"]}
    for row in run["frozen_holdings"]:
        why, last, exit_refused, quantity, price, value = shown[row["symbol"]]
        assert row["reason"] == "NO_TRADE_SINCE" or day(row["since"]) in why
        assert last == day(row["last_traded"])
        assert exit_refused == (day(row["exit_refused_at"]) or "no exit was given")
        assert same(quantity, row["quantity"]) and same(price, row["last_price"]) and same(value, row["value"])
    checked(place)


def check_inputs(page: Page, run: dict[str, Any], spec: dict[str, Any]) -> None:
    card = section(page, "Inputs and refusals")
    terms, values = card.locator("dt").all_inner_texts(), card.locator("dd").all_inner_texts()
    refused = [text for text in values if re.fullmatch(r"[\d,]+ orders?", text)]
    pairs = {term: text for term, text in zip(terms, values, strict=True) if text not in refused}
    assert len(pairs) + len(refused) == len(terms)
    reasons = Counter(row["reason"] for row in run["rejections"])
    counts = [int(re.sub(r"\D", "", text)) for text in refused]
    assert sorted(counts) == sorted(reasons.values())
    policy = spec["policy"]
    wanted = {
        "Fast": "10",
        "Slow": str(spec["books"][0]["params"]["slow"]),
        "Positions at most": "6",
        "Slippage": "5 basis points a side",
        "Risk policy": f"{policy['max_equity_exposure_percent']:g} % invested at most, "
        f"stop −{-policy['daily_stop_loss_percent']:g} %",
        "Engine": spec["engine_version"],
        "Member-days of the universe": f"{run['coverage']['member_days']:,}",
        "Of them with a bar": f"{run['coverage']['traded']:,}",
        "Run id": run["run_id"][:16],
        "Digest of the result": run["digest"][:16],
    }
    for term, text in wanted.items():
        assert pairs[term].replace(",", "") == text.replace(",", ""), (term, pairs[term], text)
    rest = {term: text for term, text in pairs.items() if term not in wanted}
    assert not re.search(r"\d", " ".join([*rest, *(text for text in rest.values() if text != "Next session (T+1)")])), (
        rest
    )
    checked(card.locator("dl"))


def check_twin(page: Page, run: dict[str, Any]) -> None:
    card = section(page, "What a naive engine would have said")
    twin, final = run["naive_twin"], run["metrics"]["final_equity"]
    values = [twin["final_equity"], *(row["difference"] for row in twin["causes"]), final]
    shown = card.locator("dd")
    assert shown.count() == len(values)
    for text, value in zip(shown.all_inner_texts(), values, strict=True):
        assert same(text, value), (text, value)
    checked(shown)
    label = str(card.get_by_role("img").get_attribute("aria-label"))
    assert len(numbers(label)) == len(values)
    for text, value in zip(numbers(label), values, strict=True):
        assert same(text, value), (label, value)
    checked(card.get_by_role("img"))


def check_benchmarks(page: Page, run: dict[str, Any]) -> None:
    card = section(page, "Beside it")
    told = [(run["metrics"], run["metric_reasons"]), *((row["metrics"], row["reasons"]) for row in run["benchmarks"])]
    rows = card.locator("tbody tr").all()
    assert len(rows) == len(told)
    for row, (metrics, reasons) in zip(rows, told, strict=True):
        for text, name in zip(
            row.locator("td").all_inner_texts(), ("cagr", "volatility", "sharpe", "max_drawdown"), strict=True
        ):
            if metrics.get(name) is None:
                assert "Unknown" in text and reasons.get(name, "") in text, (name, text)
            else:
                assert same(text, metrics[name]), (name, text)
    for row in run["benchmarks"]:
        assert row["words"] in card.locator(".card-f").inner_text()
    checked(card)


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
    card = section(page, "The same returns in another order")
    luck = analysis["luck"]
    label = str(card.get_by_role("img").get_attribute("aria-label"))
    ends = [run["equity"][-1]["equity"], luck["cone"]["equity"][0][-1], luck["cone"]["equity"][4][-1]]
    agree(label, ends)
    agree(card.locator(".card-f").inner_text(), [luck["resamples"], luck["block"]])
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
    foot = grid.locator("tfoot td").all_inner_texts()
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


def test_no_figure_of_the_run_page_is_without_its_check(quiet_page: Page, sample: Served, run: dict[str, Any]) -> None:
    page = quiet_page
    open_run(page, sample, run["run_id"])
    analysis, doubt, head = (
        page.request.get(f"{sample.url}{RUNS}/{run['run_id']}/{part}").json()
        for part in ("analysis", "significance", "head")
    )
    spec = head["spec"]
    check_identity(page, run, spec)
    check_metrics(page, run)
    check_headline(page, run, analysis, doubt)
    check_warnings(page, run)
    check_equity(page, run)
    check_words(page, run)
    check_frozen(page, run)
    check_inputs(page, run, spec)
    check_twin(page, run)
    check_benchmarks(page, run)
    check_months(page, run)
    check_falls(page, run)
    check_exposure(page, run)
    check_rolling(page, run)
    check_distributions(page, run, analysis)
    check_cone(page, run, analysis)
    check_holdings(page, run)
    check_candles(page, run)
    check_orders(page, run)
    left: list[str] = page.evaluate(LEFT)
    assert left == []

    # the list of what is left sees a new figure, wherever it is put
    page.evaluate("document.querySelector('.card-f').insertAdjacentHTML('afterend', '<p>12.3%</p>')")
    assert [text.rpartition(": ")[2] for text in page.evaluate(LEFT)] == ["12.3%"]
