"""The head of a run's page, its figures, and what it was asked."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import numpy as np
from playwright.sync_api import Page

from tests.browser.accounted.marks import agree, checked, drawn, numbers, section
from tests.browser.test_desk_figures import dated, day, probable, table_of
from tests.browser.test_research_desk import same


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
        "Value at risk, 95%, a day", "Value at risk, 99%, a day", "Mean loss beyond it, 99%", "Kurtosis (normal: 3)",
    }  # fmt: skip
    checked(names)


TWINS = {
    "Final equity": "final_equity", "Frozen": "frozen_value", "Time in market": "exposure",
    "Mean exposure": "gross_exposure", "Turnover a year": "turnover", "Sessions a trade": "average_holding",
    "Downside deviation": "downside_deviation",
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
    values += [len(run["equity"]), *drawn(analysis["luck"]), 0.95]
    if doubt["trials"] > 1:
        values += [doubt["trials"], doubt["expected_max_sharpe"]]
    agree(foot.replace("95% of the draws", "95.0% of the draws"), values)
    checked(cards.locator(".card-f"))


def check_warnings(page: Page, run: dict[str, Any]) -> None:
    note = page.get_by_role("note")
    many = len(run["warnings"])
    refused = len(run["rejections"])
    agree(note.locator("b").inner_text(), [many])
    more = note.get_by_role("button", name=re.compile(r"^\d+ more$"))
    if more.count():
        agree(more.inner_text(), [many - 6])
        more.click()
    shown = note.locator("li").all_inner_texts()
    assert len(shown) == many
    for text, warning in zip(shown, run["warnings"], strict=True):
        told = numbers(dated(warning).replace("-", " "))
        agree(text, [float(re.sub(r"[^\d.]", "", one)) / (100.0 if one.endswith("%") else 1.0) for one in told])
    agree(note.get_by_role("button", name=re.compile("^See the")).inner_text(), [refused])
    checked(note)


def check_words(page: Page, run: dict[str, Any]) -> None:
    place = page.get_by_role("list", name="Assumptions")
    assert place.locator("li").all_inner_texts() == [dated(one) for one in run["assumptions"]]
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
        "Risk policy": f"{policy['max_equity_exposure_percent']:g}% invested at most, "
        f"stop −{-policy['daily_stop_loss_percent']:g}%",
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
