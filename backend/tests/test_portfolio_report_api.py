"""A portfolio's report as files: they say what the analysis says."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from openpyxl import load_workbook

from app.services.portfolios.report_tables import indian
from tests.conftest import copied_database, served_application
from tests.pdfs import faults_of, pictures_of, words_of

from .test_portfolio_risk_api import HELD, URL, made, refusal

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def client(postgres: str, sample_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    home = tmp_path_factory.mktemp("report")
    with copied_database(postgres, sample_template) as url, served_application(url, home, home) as client:
        yield client


@pytest.fixture(scope="module")
def portfolio(client: TestClient) -> int:
    return made(client, "Ours & <theirs>", **HELD)


def test_amounts_are_grouped_the_indian_way():
    assert [indian(one) for one in (None, 0.0, 999.4, 1642118.0, -123456789.0)] == [
        "–", "0", "999", "16,42,118", "−12,34,56,789",
    ]  # fmt: skip
    assert indian(-0.001, 2) == "0.00"


def test_the_pdf_is_one_and_the_same_question_gives_the_same_bytes(client: TestClient, portfolio: int) -> None:
    first, again = (client.get(f"{URL}/{portfolio}/report", params={"lookback_days": 120}) for _ in range(2))
    assert first.status_code == 200, first.text
    assert first.headers["content-type"] == "application/pdf"
    assert first.headers["content-disposition"].endswith('.pdf"')
    assert first.content.startswith(b"%PDF-") and first.content.rstrip().endswith(b"%%EOF")
    assert first.content == again.content
    assert b"+Inter-Regular" in first.content and b"+Inter-SemiBold" in first.content  # or its headings are not bold
    pages = words_of(first.content)
    assert all(one in pages[0] for one in ("Ours & <theirs>", "LUMBRA", "An analysis, not advice"))
    assert [faults_of(page) for page in pictures_of(first.content)] == [[]] * len(pages)


def test_the_workbook_holds_the_numbers_of_the_analysis(client: TestClient, portfolio: int) -> None:
    answer = client.get(f"{URL}/{portfolio}/report", params={"lookback_days": 120, "format": "xlsx"})
    book = load_workbook(io.BytesIO(answer.content))
    risk = client.post(f"{URL}/{portfolio}/analyze", json={"lookback_days": 120}).json()
    figures = {row[0]: row[1] for row in book["Figures in percent"].iter_rows(min_row=2, values_only=True)}
    assert figures["Volatility, a year"] == pytest.approx(risk["market_risk"]["volatility"])
    assert figures["VaR 95, one session"] == pytest.approx(risk["market_risk"]["var_95"])
    shares = [row[2] for row in book["Contribution to risk"].iter_rows(min_row=2, values_only=True)]
    assert sum(shares) == pytest.approx(1.0)
    held = {row[0]: row[2] for row in book["Holdings"].iter_rows(min_row=2, values_only=True)}
    assert held == HELD


def test_the_page_opens_by_itself_and_escapes_what_people_wrote(client: TestClient, portfolio: int) -> None:
    answer = client.get(f"{URL}/{portfolio}/report", params={"lookback_days": 120, "format": "html"})
    page = answer.text
    assert "<h1>Ours &amp; &lt;theirs&gt;</h1>" in page
    assert "<script" not in page and "http" not in page
    assert "LUMBRA" in page and "An analysis, not advice" in page


def test_a_report_without_enough_history_is_refused_like_the_analysis(client: TestClient) -> None:
    empty = client.post(URL, json={"name": "Nothing"}).json()["id"]
    refusal(client.get(f"{URL}/{empty}/report"), 400, "INSUFFICIENT_DATA")
    refusal(client.get(f"{URL}/{empty}/report", params={"format": "docx"}), 422, "VALIDATION_ERROR")
