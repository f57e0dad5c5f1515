"""The report of a run: one page that needs nothing else, with the run's own numbers."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.services.reports import words
from app.services.reports.run_report import run_report
from app.services.sample_market import SampleSummary
from tests.test_backtest_api import URL, question

pytestmark = pytest.mark.integration

VOID = {"meta", "br", "line", "polygon", "polyline", "img", "link"}


class Balanced(HTMLParser):
    """Refuses tags that are not closed in their order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


@pytest.fixture(scope="module")
def run(shared_sample: TestClient, sample_data: SampleSummary) -> dict[str, Any]:
    answer: dict[str, Any] = shared_sample.post(URL, json=question(sample_data, costs="zerodha")).json()
    return answer


def test_the_page_has_the_runs_numbers_and_asks_for_nothing_else(
    shared_sample: TestClient, run: dict[str, Any]
) -> None:
    response = shared_sample.get(f"/api/portfolio/strategies/runs/{run['run_id']}/report")
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("text/html")
    page = response.text
    parser = Balanced()
    parser.feed(page)
    assert parser.open == []
    assert not re.search(r"<script|src=|href=|url\(|@import|https?://", page)
    for name in ("cagr", "max_drawdown", "volatility"):
        assert words.percent(run["metrics"][name]) in page, name
    assert words.ratio(run["metrics"]["sharpe"]) in page
    assert run["run_id"] in page and run["digest"] in page
    first = run["trades"][0]
    assert first["symbol"] in page and words.signed_rupees(first["pnl"]) in page
    for line in run["assumptions"]:
        assert words.plain(line).split("'")[0] in page
    assert page.count("<polyline") >= 2


def test_texts_of_a_run_cannot_become_markup(shared_sample: TestClient, run: dict[str, Any]) -> None:
    analysis = shared_sample.get(f"/api/portfolio/strategies/runs/{run['run_id']}/analysis").json()
    doubt = shared_sample.get(f"/api/portfolio/strategies/runs/{run['run_id']}/significance").json()
    hostile = run | {"warnings": ["<img src=x onerror=alert(1)>"]}
    page = run_report(
        hostile, analysis, doubt, {"sma_cross": "<script>x</script>"}, sample=True,
        written_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    )  # fmt: skip
    assert "<script" not in page and "<img" not in page
    assert "&lt;script&gt;x" in page and "&lt;img src=x" in page
    assert "SAMPLE" in page and "2026-01-02T03:04:05+00:00" in page


def test_a_run_without_trades_or_returns_has_a_report_too(run: dict[str, Any]) -> None:
    none = {"edges": [0.0], "counts": []}
    analysis = {
        "run_id": "r", "days": ["2024-01-01"], "reason": "equity reached zero", "months": [], "years": [],
        "drawdowns": [], "rolling_sharpe": [], "rolling_sessions": 252, "return_bins": none, "trade_bins": none,
        "positions": [0], "luck": "equity reached zero",
    }  # fmt: skip
    lost = run | {
        "metrics": dict.fromkeys(run["metrics"]) | {"final_equity": 0.0, "trades": 0},
        "metric_reasons": dict.fromkeys(run["metrics"], "equity reached zero"),
        "daily_chart": run["daily_chart"][:1] and [run["daily_chart"][0] | {"date": "2024-01-01"}],
        "trades": [], "trades_count": 0, "naive_twin": None, "benchmarks": [],
    }  # fmt: skip
    page = run_report(lost, analysis, {"sharpe": None}, {}, sample=False)
    assert "No trade." in page and page.count("equity reached zero") >= 5
    assert "nan" not in page.lower().replace("finance", "")


def test_how_intervals_were_drawn_is_told_as_it_was(shared_sample: TestClient, run: dict[str, Any]) -> None:
    analysis = shared_sample.get(f"/api/portfolio/strategies/runs/{run['run_id']}/analysis").json()

    def told(block: float) -> str:
        luck = analysis["luck"] | {"block": block, "resamples": 2000, "confidence": 0.95}
        page = run_report(run, analysis | {"luck": luck}, {"sharpe": None}, {}, sample=False)
        return " ".join(page.split())

    assert "drawn again 2,000 times, in blocks of 4.3 sessions on average; 95% of the draws lie between." in told(4.26)
    assert "drawn again 2,000 times, one session at a time (they do not hang together); 95% of" in told(1.0)


def test_what_could_not_be_sold_is_on_the_page(shared_sample: TestClient, run: dict[str, Any]) -> None:
    analysis = shared_sample.get(f"/api/portfolio/strategies/runs/{run['run_id']}/analysis").json()
    assert "could not be sold" not in " ".join(run_report(run, analysis, {"sharpe": None}, {}, sample=False).split())
    frozen = {"frozen_positions": 2, "frozen_value": 150_000.0, "frozen_share": 0.125, "final_equity": 1_200_000.0,
              "final_equity_without_frozen": 1_050_000.0}  # fmt: skip
    stuck = run | {"metrics": run["metrics"] | frozen}
    page = " ".join(run_report(stuck, analysis, {"sharpe": None}, {}, sample=False).split())
    assert (
        "Final equity ₹12,00,000, of which ₹1,50,000 (12.5%) is frozen in 2 holdings that could not be sold; were they "
        "worth nothing, ₹10,50,000."
    ) in page


def test_a_run_that_is_not_there_has_no_report(shared_sample: TestClient) -> None:
    response = shared_sample.get(f"/api/portfolio/strategies/runs/{'0' * 64}/report")
    assert response.status_code == 404 and response.json()["error"]["code"] == "DATA_NOT_FOUND"
