"""Every figure that the research desk shows, against the JSON of the command for the same run, sweep and walk-forward.

What the command does not print is worked out here from what it prints (falls, years, distributions, correlation), or
held against the answer of the API where it is drawn at random (intervals).
"""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import PERIOD
from tests.browser.test_research_desk import open_run, same
from tests.serving import Served, command

WAIT = 120_000
RUNS = "/api/portfolio/strategies/runs"
SEARCH = ("--sample", "--universe", "SAMPLE20", "--from", "2022-01-01", "--json")
GRID = ("--grid", "fast=5,10,15", "--grid", "slow=30,60")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def asked(served: Served, *arguments: str) -> dict[str, Any]:
    """What the command says, as JSON."""
    ran = command(served.environment, *arguments)
    assert ran.returncode == 0, ran.stderr
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


@pytest.fixture(scope="module")
def other(sample: Served) -> dict[str, Any]:
    """Another run on the same sessions."""
    more = ("--costs", "zerodha", "--param", "fast=10", "--capital", "500000")
    return asked(sample, "backtest", "sma_cross", "--sample", "--universe", "SAMPLE20", *PERIOD, *more, "--json")


@pytest.fixture(scope="module")
def sweep(sample: Served) -> dict[str, Any]:
    return asked(sample, "sweep", "sma_cross", *SEARCH, *GRID)


@pytest.fixture(scope="module")
def walk(sample: Served) -> dict[str, Any]:
    return asked(sample, "walkforward", "sma_cross", *SEARCH, *GRID, "--train", "250")


def probable(text: str, value: float) -> bool:
    """A probability as it is written: never 0 or 1 by rounding."""
    if text.startswith((">", "<")):
        return value > 0.99 if text == "> 0.99" else text == "< 0.01" and value < 0.01
    return same(text, value)


def day(iso: str | None) -> str:
    """A date as the pages write it."""
    if iso is None:
        return ""
    return f"{int(iso[8:10])} {MONTHS[int(iso[5:7]) - 1]} {iso[:4]}"


def dated(sentence: str) -> str:
    """A sentence of the server with its dates, percents and large numbers as the pages write them."""
    text = re.sub(r"\d{4}-\d\d-\d\d", lambda found: day(found[0]), sentence).replace(" %", "%")
    groups = r"(?<![\w.,])(\d{2,})(\d{3})(?![\w,])"  # 84397.0 is 84,397.0, and 2008 a year
    return re.sub(groups, lambda found: re.sub(r"\B(?=(\d\d)+$)", ",", found[1]) + "," + found[2], text)


def table_of(place: Locator) -> dict[str, list[str]]:
    """The cells of each row by the text of its head, the first line of it."""
    found = {}
    for row in place.locator("tbody tr").all():
        found[row.locator("th").first.inner_text().split("\n")[0].strip()] = row.locator("td").all_inner_texts()
    return found


def all_rows(grid: Locator) -> list[list[str]]:
    """Every row of a list that draws only what is in sight, scrolled through; each once, by its text."""
    found: list[list[str]] = grid.evaluate(
        """async grid => {
            let box = grid;
            while (box.scrollHeight <= box.clientHeight && box.parentElement) box = box.parentElement;
            const seen = new Map();
            for (let at = 0; at <= box.scrollHeight; at += 200) {
                box.scrollTop = at;
                await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
                for (const row of grid.querySelectorAll("tbody tr:not(.gapfill)")) {
                    const texts = [...row.querySelectorAll("td")].map(cell => cell.innerText);
                    seen.set(texts.join("|"), texts);
                }
            }
            return [...seen.values()];
        }"""
    )
    return found


def overhanging(page: Page) -> list[str]:
    """On a phone: the cards with a table that is wider than they are and cannot be scrolled."""
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_timeout(300)  # charts follow the size of their frame
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll(".card table")].filter(table => {
            const wide = table.getBoundingClientRect().right > table.closest(".card").getBoundingClientRect().right + 1;
            return wide && !table.closest(".tw-wrap, .tw, .lanes");
        }).map(table => table.closest(".card").innerText.slice(0, 40))"""
    )
    return found


def falls(equity: list[float], days: list[str], capital: float) -> list[tuple[float, str, str, str]]:
    """Depth, peak, trough and recovery of each fall, the deepest first: each from a peak to the next close at it."""
    found, peak, peak_day, low, low_day = [], capital, "Opening capital", None, ""
    for at, value in zip(days, equity, strict=True):
        if value >= peak:
            if low is not None:
                found.append((low, peak_day, low_day, day(at)))
            peak, peak_day, low = value, day(at), None
        elif low is None or value / peak - 1.0 < low:
            low, low_day = value / peak - 1.0, day(at)
    if low is not None:
        found.append((low, peak_day, low_day, "Not yet"))
    return sorted(found, key=lambda fall: fall[0])


def test_the_run_page_shows_the_falls_years_benchmarks_and_inputs_of_the_command(
    quiet_page: Page, sample: Served, answer: dict[str, Any]
) -> None:
    page = quiet_page
    open_run(page, sample, answer["run_id"])
    days = [point["at"][:10] for point in answer["equity"]]
    equity = [point["equity"] for point in answer["equity"]]

    # years: from the last close of the one before, the first from its first close
    last = {int(at[:4]): value for at, value in zip(days, equity, strict=True)}
    before, years = equity[0], {}
    for year, value in last.items():
        years[year], before = value / before - 1.0, value
    shown = page.locator("table.months tbody tr")
    assert shown.count() == len(years)
    for row in shown.all():
        text = row.locator("td").last.inner_text().replace("*", "") + "%"
        assert same(text, years[int(row.locator("th").inner_text())]), text

    # the deepest falls
    table = page.get_by_role("region", name="Deepest drawdowns, scrolls").locator("tbody tr")
    wanted = falls(equity, days, 1_000_000.0)
    assert table.count() == min(len(wanted), table.count()) >= 5
    for row, (depth, peak, trough, recovery) in zip(table.all(), wanted, strict=False):
        cells = row.locator("td").all_inner_texts()
        assert same(cells[0] + "%", depth) and cells[1:4] == [peak, trough, recovery], (cells, depth, peak)

    # beside it
    rows = table_of(page.get_by_role("region", name="The run beside its benchmarks, scrolls"))
    told = [("This run", answer["metrics"], answer["metric_reasons"])]
    told += [(row["name"], row["metrics"], row["reasons"]) for row in answer["benchmarks"]]
    assert len(rows) == len(told)
    for (name, metrics, reasons), cells in zip(told, rows.values(), strict=True):
        for measure, text in zip(("cagr", "volatility", "sharpe", "max_drawdown"), cells, strict=True):
            if metrics.get(measure) is None:
                assert "Unknown" in text and reasons.get(measure, "") in text, (name, measure)
            else:
                assert same(text, metrics[measure]), (name, measure, text)

    # coverage, refusals, frozen holdings, assumptions and warnings
    inputs = page.locator("section", has=page.get_by_role("heading", name="Inputs and refusals"))
    pairs = dict(zip(inputs.locator("dt").all_inner_texts(), inputs.locator("dd").all_inner_texts(), strict=True))
    assert same(pairs["Member-days of the universe"], answer["coverage"]["member_days"])
    assert same(pairs["Of them with a bar"], answer["coverage"]["traded"])
    assert answer["run_id"].startswith(pairs["Run id"]) and answer["digest"].startswith(pairs["Digest of the result"])
    refused = [int(re.sub(r"\D", "", text)) for text in pairs.values() if re.fullmatch(r"[\d,]+ orders?", text)]
    assert sum(refused) == len(answer["rejections"])
    frozen = table_of(page.get_by_role("region", name="Frozen holdings, scrolls"))
    assert frozen.keys() == {row["symbol"] for row in answer["frozen_holdings"]} and len(frozen) > 0
    for row in answer["frozen_holdings"]:
        *_, quantity, price, value = frozen[row["symbol"]]
        assert same(quantity, row["quantity"]) and same(price, row["last_price"]) and same(value, row["value"]), row
    read = page.get_by_role("list", name="Assumptions").locator("li").all_inner_texts()
    assert read == [dated(sentence) for sentence in answer["assumptions"]]
    expect(page.get_by_text(f"{len(answer['warnings'])} warnings before the curve is believed")).to_be_visible()


def test_the_run_page_draws_what_the_command_says(quiet_page: Page, sample: Served, answer: dict[str, Any]) -> None:
    page = quiet_page
    open_run(page, sample, answer["run_id"])
    days = [point["at"][:10] for point in answer["equity"]]
    equity = np.array([point["equity"] for point in answer["equity"]])
    returns = equity[1:] / equity[:-1] - 1.0
    analysis = page.request.get(f"{sample.url}{RUNS}/{answer['run_id']}/analysis").json()
    closed = [trade for trade in answer["trades"] if not trade["open"]]
    gains = np.array([trade["pnl"] / (trade["entry_price"] * trade["quantity"]) for trade in closed])

    # distributions: the edges are the server's, what lies between them is counted again here
    for title, values, bins in (
        ("Daily returns", returns, analysis["return_bins"]), ("Closed trades", gains, analysis["trade_bins"]),
    ):  # fmt: skip
        card = page.get_by_role("region", name=title, exact=True)
        label = str(card.get_by_role("img").get_attribute("aria-label"))
        assert same(label.partition("of ")[2], len(values)), label
        card.get_by_role("button", name="View as table").click()
        rows = card.locator("tbody tr")
        edges = np.array(bins["edges"])
        counts = np.histogram(np.clip(values, edges[0], edges[-1]), edges)[0]
        assert rows.count() == len(counts) == len(bins["counts"])
        for at, row in enumerate(rows.all()):
            low, high, many = row.locator("td").all_inner_texts()
            assert same(low, edges[at]) and same(high, edges[at + 1]), (low, high)
            assert same(many, int(counts[at])), (title, at, many)

    # the year's Sharpe and the trades open, by the words of their chart
    windows = np.lib.stride_tricks.sliding_window_view(returns, 252)
    sharpes = windows.mean(axis=1) / windows.std(axis=1, ddof=1) * np.sqrt(252.0)
    label = str(
        page.get_by_role("img", name=re.compile("^Sharpe of the last 252 sessions")).get_attribute("aria-label")
    )
    told = re.search(r"from (\S+) to (\S+); .* at most (\S+)", label)
    assert told is not None
    assert same(told[1], sharpes.min()) and same(told[2], sharpes.max())
    both = [*answer["trades"], *answer["open_positions"]]
    opened = [
        sum(t["entry_at"][:10] <= at and (t["exit_at"] is None or t["open"] or t["exit_at"][:10] > at) for t in both)
        for at in days
    ]
    assert same(told[3], max(opened))

    # the cone, and the intervals of the cards, are those of the analysis
    label = str(page.get_by_role("img", name=re.compile("^This run ends at")).get_attribute("aria-label"))
    paths = analysis["luck"]["cone"]["equity"]
    for text, value in zip(re.findall(r"₹[\d,]+", label), (equity[-1], paths[0][-1], paths[4][-1]), strict=True):
        assert same(text, value), label
    cards = page.get_by_role("region", name="Headline figures")
    for name, found in analysis["luck"]["intervals"].items():
        card = cards.locator(".figc", has=page.locator(f"[data-metric={name}]"))
        if card.count() == 0:
            continue
        low, high = card.locator(".ivl").inner_text().split(" to ")
        high_unit = high if not high.endswith("%") else "%"
        assert same(low + (high_unit if high_unit == "%" else ""), found["low"]), (name, low)
        assert same(high, found["high"]), (name, high)
    significance = page.request.get(f"{sample.url}{RUNS}/{answer['run_id']}/significance").json()
    sharpe = cards.locator(".figc", has=page.locator("[data-metric=sharpe]")).locator(".tw b").all_inner_texts()
    for text, name in zip(sharpe, ("probabilistic_sharpe", "deflated_sharpe"), strict=True):
        assert probable(text, significance[name]), (name, text)

    # the account at every close
    card = page.locator("section", has=page.get_by_role("heading", name="Equity and drawdown"))
    card.get_by_role("button", name="View as table").click()
    peak = np.maximum.accumulate(np.maximum(equity, 1_000_000.0))
    wanted = {day(at): (value, value / top - 1.0) for at, value, top in zip(days, equity, peak, strict=True)}
    accounts = {
        re.sub(r"^\w{3} ", "", row[0]): row[1:]
        for row in all_rows(card.get_by_role("table").or_(card.get_by_role("grid")))
    }
    assert accounts.keys() == wanted.keys()
    for close, (value, fall) in wanted.items():
        assert same(accounts[close][0], value) and same(accounts[close][1] + "%", fall), (close, accounts[close])


def test_every_trade_on_the_page_is_that_of_the_command(
    quiet_page: Page, sample: Served, answer: dict[str, Any]
) -> None:
    page = quiet_page
    open_run(page, sample, answer["run_id"])
    both = [*answer["trades"], *answer["open_positions"]]
    wanted = {(trade["symbol"], day(trade["entry_at"])): trade for trade in both}
    rows = all_rows(page.get_by_role("grid", name="Trades"))
    shown = {(row[0], row[1]): row for row in rows}
    assert shown.keys() == wanted.keys() and len(rows) == len(both)
    for key, row in shown.items():
        trade = wanted[key]
        assert same(row[2], trade["entry_price"]) and same(row[3], trade["quantity"]), row
        assert same(row[9], trade["costs"]), row
        if trade["pnl"] is None:
            assert "Unknown" in row[10], row
        else:
            assert same(row[10], trade["pnl"]), row
        if not trade["open"]:
            assert row[4] == day(trade["exit_at"]) and same(row[5], trade["exit_price"]), row

    # holdings through time: sessions held, and what their trades earned
    lanes = page.locator("section", has=page.get_by_role("heading", name="Holdings through time")).locator("tbody tr")
    assert lanes.count() > 0
    for lane in lanes.all():
        symbol = lane.locator("th").inner_text().strip()
        earned = sum(trade["pnl"] or 0.0 for trade in both if trade["symbol"] == symbol)
        assert same(lane.locator("td").last.inner_text(), earned), symbol


def test_the_comparison_shows_the_figures_of_both_commands(
    quiet_page: Page, sample: Served, answer: dict[str, Any], other: dict[str, Any]
) -> None:
    page = quiet_page
    page.goto(f"{sample.url}/quant/compare/?runs={answer['run_id']},{other['run_id']}")
    figures = page.get_by_role("region", name="Figures and their differences, scrolls")
    expect(figures).to_be_visible(timeout=WAIT)
    found = page.request.get(f"{sample.url}{RUNS}/compare?run={answer['run_id']}&run={other['run_id']}")
    told = {measure["name"]: measure for measure in found.json()["measures"]}
    rows = figures.locator("tbody tr")
    names = ("cagr", "volatility", "sharpe", "max_drawdown")
    assert rows.count() == len(names)
    unit = {"cagr": "%", "volatility": "%", "max_drawdown": "%", "sharpe": ""}
    for name, row in zip(names, rows.all(), strict=True):
        first, second = row.locator("td").all()
        assert same(first.locator(".b").inner_text(), answer["metrics"][name]), name
        assert same(second.locator(".b").inner_text(), other["metrics"][name]), name
        difference, low, high = re.findall(r"[-−+]?\d+\.\d+", second.locator(".xs").inner_text())[:3]
        (of,) = told[name]["differences"]
        gap = other["metrics"][name] - answer["metrics"][name]
        assert of["value"] == pytest.approx(gap, abs=1e-9), name
        for text, value in ((difference, gap), (low, of["low"]), (high, of["high"])):
            assert same(text + unit[name], value), (name, text, value)
    inputs = table_of(page.get_by_role("region", name="Inputs that differ, scrolls"))
    assert inputs["Capital"] == ["₹10,00,000", "₹5,00,000"] and inputs["Parameter fast"] == ["20", "10"]
    one, two = (np.array([point["equity"] for point in run["equity"]]) for run in (answer, other))
    correlation = np.corrcoef(one[1:] / one[:-1], two[1:] / two[:-1])
    cells = [row.locator("td").all_inner_texts() for row in page.get_by_role(
        "region", name="Correlation of daily returns, scrolls"
    ).locator("tbody tr").all()]  # fmt: skip
    for i in (0, 1):
        for j in (0, 1):
            assert same(cells[i][j], correlation[i, j])


FRACTIONS = ("total_return", "cagr", "max_drawdown", "volatility", "exposure", "win_rate")


def test_the_sweep_page_shows_the_points_of_the_command(
    quiet_page: Page, sample: Served, sweep: dict[str, Any]
) -> None:
    page = quiet_page
    points = {(point["params"]["fast"], point["params"]["slow"]): point for point in sweep["top"]}
    assert len(points) == sweep["points"] == 6
    page.goto(f"{sample.url}/quant/sweep/?sweep={sweep['sweep_id']}")
    heat = page.get_by_role("region", name="Heat map")
    cells = heat.get_by_role("table").get_by_role("button")
    measure = page.get_by_role("combobox", name="Measure")
    expect(cells).to_have_count(6, timeout=WAIT)
    names = dict(
        zip(
            [option.get_attribute("value") for option in measure.locator("option").all()],
            measure.locator("option").all_inner_texts(),
            strict=True,
        )
    )
    assert list(names) == ["sharpe", *(name for name in names if name != "sharpe")]
    assert set(names) == set(sweep["metrics"])
    for name, title in names.items():
        measure.select_option(str(name))
        expect(heat.get_by_role("heading")).to_have_text(f"{title} by parameters")
        expect(cells).to_have_count(6, timeout=WAIT)
        expect(cells.first).to_have_attribute("aria-label", re.compile(re.escape(title)))
        for cell in cells.all():
            label = str(cell.get_attribute("aria-label")).removesuffix(", the plateau")
            said = re.fullmatch(r"slow (\d+), fast (\d+): .*? (\S+)", label)
            assert said is not None, label
            value = points[int(said[2]), int(said[1])]["metrics"][name]
            assert same(said[3], value) and same(cell.inner_text(), value), (name, said[0], value)
    measure.select_option("sharpe")
    expect(heat.get_by_role("heading")).to_have_text("Sharpe ratio by parameters")

    # the table of points
    table = page.get_by_role("region", name="Points")
    columns = table.locator("thead th").all_inner_texts()[1:]
    expect(table.locator("tbody tr")).to_have_count(6)
    by_title = {title: str(name) for name, title in names.items()}
    for row in table.locator("tbody tr").all():
        fast, slow = re.findall(r"\d+", row.locator("th").inner_text())
        for title, text in zip(columns, row.locator("td").all_inner_texts(), strict=True):
            assert same(text, points[int(fast), int(slow)]["metrics"][by_title[title]]), (title, text)

    # peak, and its place among all
    around = table_of(page.get_by_role("region", name="Plateau against peak"))
    best = max(points.values(), key=lambda point: point["metrics"]["sharpe"])
    (peak,) = (cells for head, cells in around.items() if head.startswith("Peak"))
    assert same(peak[0], best["metrics"]["sharpe"]) and peak[2] == "100%"

    # the doubt: as the command tells it
    (base,) = sweep["overfitting"]["bases"]
    doubt = table_of(page.get_by_role("region", name="Doubt"))
    told = {
        "Probability of overfitting": base["pbo"]["probability"],
        f"Deflated Sharpe of the best, {base['best']['significance']['trials']} trials": base["best"]["significance"][
            "deflated_sharpe"
        ],
        "p that no point earns anything": base["spa"]["consistent"],
    }
    for head, value in told.items():
        (text,) = doubt[head] if head in doubt else next(c for h, c in doubt.items() if h.startswith(head[:8]))
        assert probable(text, value), (head, text, value)
    assert overhanging(page) == []


def test_the_walk_forward_page_shows_what_the_command_says(
    quiet_page: Page, sample: Served, walk: dict[str, Any]
) -> None:
    page = quiet_page
    page.goto(f"{sample.url}/quant/walk-forward/?id={walk['walk_forward_id']}")
    expect(page.get_by_role("heading", name="Window by window")).to_be_visible(timeout=WAIT)
    stored = page.request.get(
        f"{sample.url}/api/portfolio/strategies/walk-forwards/{walk['walk_forward_id']}"
    ).json()  # the doubt is as of now, and other tests try more
    expect(page.get_by_text(dated(stored["track_record"]))).to_be_visible()
    figures = table_of(page.get_by_role("region", name="Figures", exact=True))
    shown = {"Total return": "total_return", "CAGR": "cagr", "Sharpe ratio": "sharpe", "Volatility": "volatility",
             "Maximum drawdown": "max_drawdown"}  # fmt: skip
    for title, name in shown.items():
        value, bounds = figures.pop(title)
        assert same(value, walk["metrics"][name]), (title, value)
        if name in walk["luck"]["intervals"]:
            texts = bounds.split(" to ")
            assert len(texts) == 2
            for text, bound in zip(texts, walk["luck"]["intervals"][name], strict=True):
                assert same(text, bound), (title, bounds)
    (head,) = figures
    assert same(head.partition(", ")[2], stored["significance"]["trials"])
    assert probable(figures[head][0], stored["significance"]["deflated_sharpe"])

    stress = table_of(page.get_by_role("region", name="Cost stress"))
    assert list(stress) == ["1×", "2×", "3×"]
    for row in walk["stress"]:
        for text, name in zip(
            stress[f"{row['factor']}×"], ("total_return", "cagr", "sharpe", "max_drawdown"), strict=True
        ):
            assert same(text, row["metrics"][name]), (row["factor"], name, text)

    variants = table_of(page.get_by_role("region", name="All points tried"))
    told = walk["variants"]
    assert same(variants["Points with a Sharpe no better"][0], told["share_below"])
    median, best = variants["Sharpe of the median and the best point"][0].split(" and ")
    assert same(median, told["sharpe_median"]) and same(best, told["sharpe_best"])
    for head, value in (
        ("Probability of overfitting", told["pbo"]["probability"]),
        ("p that no point earns anything", told["spa"]["consistent"]),
    ):
        (text,) = variants[head]
        assert probable(text, value), (head, text)

    stability = table_of(page.get_by_role("region", name="Stability of the choices"))
    for name, one in walk["stability"]["parameters"].items():
        chosen, often, share, step, edge = stability[name]
        counted = {float(a): int(b) for a, b in re.findall(r"([\d.]+): (\d+) times?", chosen)}
        assert counted == {v: n for v, n in zip(one["values"], one["chosen"], strict=True) if n}, (name, chosen)
        assert same(often, one["most_often"]) and same(share, one["share"]) and same(step, one["mean_step"])
        assert "Unknown" in edge if one["at_edge"] is None else same(edge, one["at_edge"])
    windows = page.get_by_role("region", name="Windows").locator("tbody tr")
    assert windows.count() == len(walk["windows"])
    for row, window in zip(windows.all(), walk["windows"], strict=True):
        cells = row.locator("td").all_inner_texts()
        assert row.locator("th").inner_text() == f"{day(window['test_start'])} – {day(window['test_end'])}"
        assert cells[0] == f"{day(window['train_start'])} – {day(window['train_end'])}"
        assert [float(text) for text in re.findall(r"[\d.]+", cells[1])] == list(window["params"].values())
        assert same(cells[2], window["trained"]) and same(cells[3], window["tested"])
        assert same(cells[4], window["tested_return"]) and same(cells[5], window["trades"])

    label = str(page.get_by_role("img", name=re.compile("^The tested account ends at")).get_attribute("aria-label"))
    cone = walk["luck"]["cone"]
    for text, value in zip(re.findall(r"₹[\d,]+", label), (walk["equity"][-1], cone[0][-1], cone[4][-1]), strict=True):
        assert same(text, value), label
    card = page.get_by_role("region", name="Tested curve")
    card.get_by_role("button", name="View as table").click()
    rows = all_rows(card.get_by_role("table").or_(card.get_by_role("grid")))
    shown_days = {re.sub(r"^\w{3} ", "", row[0]): row[1] for row in rows}
    assert shown_days.keys() == {day(at) for at in walk["sessions"]}
    for at, value in zip(walk["sessions"], walk["equity"], strict=True):
        assert same(shown_days[day(at)], value), at
    assert overhanging(page) == []
