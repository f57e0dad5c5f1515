"""The tax report over HTTP."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi.testclient import TestClient

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
