"""The tax report over HTTP."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.pdfs import faults_of, pictures_of, words_of
from tests.test_portfolio_api import URL, buy, client, created, market_client, refusal

__all__ = ["client", "market_client"]

pytestmark = pytest.mark.integration


def sell(symbol: str, quantity: int, price: float, on: str, **more: Any) -> dict[str, Any]:
    return {**buy(symbol, quantity, price, on, **more), "kind": "SELL"}


@pytest.fixture
def path(client: TestClient) -> str:
    """A portfolio that sold at both rates of 2024-25."""
    path = f"{URL}/{created(client, name='=Taxed')['id']}"
    lines = [
        buy("LUMBRA", 1000, 100, "2022-04-04", charges=50, stt=100),
        sell("LUMBRA", 1000, 300, "2024-09-02", charges=30, stt=300),  # long: 300000 − 100050 − 30 = 199920
        buy("ARUVI", 100, 100, "2024-04-08"),
        sell("ARUVI", 100, 140, "2024-06-10"),  # short at 15 %: 4000
        buy("CORALIS", 10, 100, "2024-05-06"),
        sell("CORALIS", 10, 90, "2024-05-06"),  # speculation: a loss of 100
        {"kind": "DIVIDEND", "date": "2024-08-01", "symbol": "LUMBRA", "amount": 500},
    ]
    answer = client.post(f"{path}/transactions", json={"transactions": lines})
    assert answer.status_code == 201, answer.text
    return path


def test_a_year_is_worked_out_with_its_lines_rules_and_what_is_carried(client: TestClient, path: str) -> None:
    report = client.get(f"{path}/tax", params={"year": "2024-25"}).json()
    summary = {one["kind"]: one["net"] for one in report["summary"]}
    assert summary == {"SHORT": "4000.00", "LONG": "199920.00", "SPECULATIVE": "-100.00", "UNKNOWN": "0.00"}
    # (199920 − 125000) × 12.5 % + 4000 × 15 % = 9365 + 600
    assert (report["exemption_used"], report["tax"], report["cess"]) == ("125000.00", "9965.00", "398.60")
    assert report["total"] == "10363.60" and report["dividends"] == "500.00"
    assert report["carried_forward"] == [
        {"kind": "SPECULATIVE", "of_year": "2024-25", "amount": "100.00", "until": "2028-29"}
    ]
    assert report["gains"][-1]["cost_used"] == "100050.00" and report["gains"][-1]["expenses"] == "30.00"
    assert "not advice" in report["notice"] and any(not rule["verified"] for rule in report["rules"])
    assert report["years"][0] == "2024-25"
    later = client.get(f"{path}/tax").json()
    assert later["brought_forward"] == report["carried_forward"] and later["gains"] == []


def test_the_lines_come_as_csv(client: TestClient, path: str) -> None:
    answer = client.get(f"{path}/tax", params={"year": "2024", "format": "csv"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert 'filename="tax-' in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [(row["kind"], row["symbol"], row["gain"]) for row in rows[:3]] == [
        ("SPECULATIVE", "CORALIS", "-100.00"), ("SHORT", "ARUVI", "4000.00"), ("LONG", "LUMBRA", "199920.00"),
    ]  # fmt: skip


def test_an_account_that_looks_like_a_formula_is_a_text_in_the_csv(client: TestClient) -> None:
    path = f"{URL}/{created(client)['id']}"
    lines = [
        buy("ARUVI", 10, 140, "2024-04-08", account="-2+3"),
        sell("ARUVI", 10, 100, "2024-06-10", account="-2+3"),
    ]
    client.post(f"{path}/transactions", json={"transactions": lines})
    answer = client.get(f"{path}/tax", params={"year": "2024", "format": "csv"})
    row = next(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert (row["account"], row["gain"]) == ("'-2+3", "-400.00")


def test_this_years_hints_speak_of_open_lots_at_the_last_prices(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = client.app.state.platform  # type: ignore[attr-defined]
    monkeypatch.setattr(platform.portfolios, "_clock", lambda: datetime(2024, 12, 31, 12, tzinfo=UTC))
    close = client.get("/api/market/bars/LUMBRA", params={"adjust": "none", "limit": 1}).json()["c"][0]
    path = f"{URL}/{created(client)['id']}"
    client.post(f"{path}/transactions", json={"transactions": [buy("LUMBRA", 10, 1, "2022-04-04")]})
    (hint,) = client.get(f"{path}/tax").json()["hints"]
    assert (hint["kind"], hint["symbol"], hint["quantity"]) == ("USE_EXEMPTION", "LUMBRA", 10)
    assert float(hint["gain"]) == pytest.approx(10 * close - 10, abs=0.01)
    assert float(hint["saves"]) == pytest.approx((10 * close - 10) * 0.125 * 1.04, abs=0.01)


@pytest.mark.parametrize("year", ["1", "2024-26", "soon", "2010-11"])
def test_a_year_that_is_none_is_refused(client: TestClient, path: str, year: str) -> None:
    assert (
        refusal(client.get(f"{path}/tax", params={"year": year}), 422, "VALIDATION_ERROR")["details"]["field"] == "year"
    )


def test_losses_and_a_surcharge_that_are_given_count_and_are_told(client: TestClient, path: str) -> None:
    asked = {"year": "2024-25", "losses": ["SHORT:2021-22:1,000.50", "long:2022-23:9920"], "surcharge": "10"}
    report = client.get(f"{path}/tax", params=asked).json()
    # long: 199920 − 9920 − 125000 = 65000 at 12.5 % = 8125; short: 4000 − 1000.50 = 2999.50 at 15 % = 449.925
    # 8574.925, a surcharge of 857.4925, and 4 % of 9432.4175 = 377.2967
    assert (report["tax"], report["surcharge"], report["cess"]) == ("8574.93", "857.49", "377.30")
    assert report["total"] == "9809.71"
    assert [(one["kind"], one["of_year"], one["amount"]) for one in report["losses_given"]] == [
        ("SHORT", "2021-22", "1000.50"), ("LONG", "2022-23", "9920.00"),
    ]  # fmt: skip
    assert {one["of_year"] for one in report["set_off"]} == {"2021-22", "2022-23"}
    plain = client.get(f"{path}/tax", params={"year": "2024-25"}).json()
    assert (plain["surcharge"], plain["losses_given"], plain["tax"]) == ("0.00", [], "9965.00")
    assert any("surcharge" in rule["text"] and not rule["verified"] for rule in plain["rules"])


@pytest.mark.parametrize(
    ("name", "value"),
    [("losses", "SHORT"), ("losses", "UNKNOWN:2021-22:5"), ("losses", "SHORT:2021-23:5"),
     ("losses", "SHORT:2021-22:-5"),
     ("losses", "SHORT:2021-22:0"), ("losses", "SHORT:2021-22:nan"), ("losses", "SHORT:2190-91:5"),
     ("losses", "SHORT:1995-96:5"), ("losses", "SHORT:2021-22:99999999999999999"), ("surcharge", "16"),
     ("surcharge", "-1"), ("surcharge", "NaN"), ("surcharge", "x")],
)  # fmt: skip
def test_losses_and_surcharges_that_make_no_sense_are_refused(
    client: TestClient, path: str, name: str, value: str
) -> None:
    answer = client.get(f"{path}/tax", params={"year": "2024-25", name: value})
    assert name in refusal(answer, 422, "VALIDATION_ERROR")["message"] + str(answer.json())


def test_the_pdf_says_the_tax_the_sales_and_the_rules(client: TestClient, path: str) -> None:
    asked = {"year": "2024-25", "format": "pdf", "losses": "SHORT:2021-22:1000.50", "surcharge": "10"}
    first, again = (client.get(f"{path}/tax", params=asked) for _ in range(2))
    assert first.headers["content-type"] == "application/pdf" and first.content == again.content
    assert first.headers["content-disposition"].endswith('-2024-25.pdf"')
    text = " ".join(words_of(first.content))
    for said in ("=Taxed, tax of 2024-25", "An estimate, not advice", "LUMBRA", "1,99,920.00", "2024-09-02", "12.50",
                 "Short-term 2021-22 ₹1,000.50", "Surcharge 10 %", "first in, first out"):  # fmt: skip
        assert said in text, said
    assert [faults_of(page) for page in pictures_of(first.content)] == [[]] * len(words_of(first.content))
    empty = client.get(f"{URL}/{created(client, name='Nothing sold')['id']}/tax", params={"format": "pdf"})
    assert "Nothing was sold" in " ".join(words_of(empty.content))
