"""Performance over HTTP: a ledger through a split on a real panel, reconciled to the paisa."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from app.database import Market
from app.repositories.index_series import index_closes
from app.services.sample_market import SampleSummary
from tests.test_portfolio_api import URL, buy, client, created, market_client, refusal

__all__ = ["client", "market_client"]

pytestmark = pytest.mark.integration

D = Decimal


def closes(client: TestClient, symbol: str) -> dict[str, float]:
    bars = client.get(f"/api/market/bars/{symbol}", params={"adjust": "none"}).json()
    return dict(zip(bars["t"], bars["c"], strict=True))


@pytest.fixture
def path(client: TestClient, sample_data: SampleSummary) -> str:
    """Held across a split, with a sale after it, a dividend and a charge."""
    symbol, ex_date = sample_data.split
    path = f"{URL}/{created(client)['id']}"
    lines = [
        buy(symbol, 10, 1000, "2024-01-15", charges="3.50", stt="10"),
        buy("LUMBRA", 20, 150, "2024-02-15"),
        {"kind": "SPLIT", "date": str(ex_date), "symbol": symbol, "ratio": "5:1"},
        {"kind": "SELL", "date": "2024-09-16", "symbol": symbol, "quantity": 20, "price": 210, "charges": "2.25"},
        {"kind": "DIVIDEND", "date": "2024-10-01", "symbol": "LUMBRA", "amount": 33},
        {"kind": "CHARGES", "date": "2024-10-01", "amount": 11},
    ]
    answer = client.post(f"{path}/transactions", json={"transactions": lines})
    assert answer.status_code == 201, answer.text
    return path


def test_every_rupee_of_the_gain_has_its_source(client: TestClient, path: str, sample_data: SampleSummary) -> None:
    report = client.get(f"{path}/performance").json()
    symbol = sample_data.split[0]
    split, lumbra = closes(client, symbol), closes(client, "LUMBRA")
    last = max(split)
    value = 30 * D(str(split[last])) + 20 * D(str(lumbra[last]))
    # in: 10000 + 13.50 and 3000; out: 4200 − 2.25, 33 and −11
    gain = value - D("10013.50") - 3000 + D("4197.75") + 33 - 11
    assert (report["end_value"], report["gain"]) == (f"{value:.2f}", f"{gain:.2f}")
    assert (report["realised"], report["income"], report["charges"]) == ("200.00", "33.00", "26.75")  # 20 × (210 − 200)
    for parts in (report["stocks"], report["sectors"], report["months"], report["years"]):
        assert sum(D(one["gain"]) for one in parts) == pytest.approx(gain, abs=D("0.10"))
    whole = D(report["unrealised"]) + 200 + 33 - D("26.75")
    assert whole == pytest.approx(gain, abs=D("0.01"))
    assert sum(one["share_of_gain"] for one in report["stocks"]) == pytest.approx(1.0)
    assert {one["symbol"] for one in report["stocks"]} == {symbol, "LUMBRA", "Charges of no share"}
    # and what is not attributed, for want of the index's weights, is told
    assert any("Brinson" in note and "no file tells" in note for note in report["notes"])


def test_the_value_is_right_on_every_day(client: TestClient, path: str, sample_data: SampleSummary) -> None:
    symbol, ex_date = sample_data.split
    split, lumbra = closes(client, symbol), closes(client, "LUMBRA")
    report = client.get(f"{path}/performance").json()
    assert report["dates"][0] == "2024-01-15" and len(report["dates"]) == report["sessions"]
    before: dict[str, float] = {}
    for day, value in zip(report["dates"], report["values"], strict=True):
        before = {symbol: split.get(day, before.get(symbol)), "LUMBRA": lumbra.get(day, before.get("LUMBRA"))}
        held = 10 if day < str(ex_date) else 50 if day < "2024-09-16" else 30
        expected = held * before[symbol] + (20 * before["LUMBRA"] if day >= "2024-02-15" else 0)
        assert value == pytest.approx(expected, abs=0.005), day


def test_returns_chain_through_the_split_and_stand_beside_the_index(
    client: TestClient, path: str, sample_data: SampleSummary
) -> None:
    report = client.get(f"{path}/performance").json()
    on_ex_date = report["dates"].index(str(sample_data.split[1]))
    before, after = report["returns"][on_ex_date - 1 : on_ex_date + 1]
    assert abs((1 + after) / (1 + before) - 1) < 0.2  # a split taken for a loss would be −80 %
    months = np.prod([1 + one["return"] for one in report["months"]]) - 1
    assert months == pytest.approx(report["time_weighted"], abs=1e-9)
    assert report["time_weighted"] == pytest.approx(report["returns"][-1])
    with client.app.state.platform.database.transaction(Market.REAL) as session:  # type: ignore[attr-defined]
        levels = {str(day): close for day, close in index_closes(session, report["benchmark"])}
    base = max(day for day in levels if day < "2024-01-15")
    assert report["benchmark_return"] == pytest.approx(levels[report["end"]] / levels[base] - 1)
    assert report["money_weighted"] is not None and report["same_money"] is not None


def test_a_part_of_the_time_begins_with_what_was_there(client: TestClient, path: str) -> None:
    whole = client.get(f"{path}/performance").json()
    part = client.get(f"{path}/performance", params={"start": "2024-07-01", "end": "2024-10-31"}).json()
    place = whole["dates"].index(part["dates"][0])
    assert float(part["start_value"]) == pytest.approx(whole["values"][place - 1], abs=0.01)
    until = whole["dates"].index(part["end"])
    chained = (1 + whole["returns"][until]) / (1 + whole["returns"][place - 1]) - 1
    assert part["time_weighted"] == pytest.approx(chained, abs=1e-9)
    flows = D("4197.75") + 33 - 11
    assert D(part["gain"]) == pytest.approx(D(part["end_value"]) - D(part["start_value"]) + flows, abs=D("0.01"))


def test_contributions_are_the_gain_to_the_rupee_through_a_demerger_and_sales(client: TestClient) -> None:
    path = f"{URL}/{created(client)['id']}"
    lines = [
        buy("LUMBRA", 90, 150, "2024-01-15"),  # before the period: it begins with what they are worth then
        buy("ARUVI", 10, 900, "2024-04-08"),
        {"kind": "DEMERGER", "date": "2024-06-03", "symbol": "LUMBRA", "target_symbol": "CORALIS", "ratio": "1:2",
         "cost_percent": "30"},
        {"kind": "SELL", "date": "2024-07-08", "symbol": "ARUVI", "quantity": 4, "price": 950},
        {"kind": "SELL", "date": "2024-08-05", "symbol": "CORALIS", "quantity": 30, "price": 310, "charges": 5},
        {"kind": "SELL", "date": "2024-09-02", "symbol": "LUMBRA", "quantity": 40, "price": 160, "charges": 4,
         "stt": 6},
        {"kind": "DIVIDEND", "date": "2024-10-01", "symbol": "LUMBRA", "amount": 45},
    ]  # fmt: skip
    assert client.post(f"{path}/transactions", json={"transactions": lines}).status_code == 201
    days = {"start": "2024-03-01", "end": "2024-11-29"}
    report = client.get(f"{path}/performance", params=days).json()
    close = {symbol: closes(client, symbol) for symbol in ("LUMBRA", "ARUVI", "CORALIS")}
    before, last = max(day for day in close["LUMBRA"] if day < "2024-03-01"), report["end"]

    def at(symbol: str, day: str) -> Decimal:
        return D(str(close[symbol][max(one for one in close[symbol] if one <= day)]))

    # the demerger takes 30 % of 13500 along: 4050 rupees leave LUMBRA for CORALIS, and no gain comes of it
    gains = {
        "LUMBRA": 50 * at("LUMBRA", last) - 90 * at("LUMBRA", before) + (6400 - 10) + 45 + 4050,
        "CORALIS": 15 * at("CORALIS", last) + (9300 - 5) - 4050,
        "ARUVI": 6 * at("ARUVI", last) + 3800 - 9000,
    }
    assert {one["symbol"]: D(one["gain"]) for one in report["stocks"]} == gains
    whole = sum(gains.values())
    assert D(report["gain"]) == whole
    assert D(report["gain"]) == D(report["end_value"]) - D(report["start_value"]) + D(report["taken_out"]) - D(
        report["put_in"]
    )
    sectors: dict[str, Decimal] = {}
    for one in report["stocks"]:
        name = one["sector"] or "Unclassified"
        sectors[name] = sectors.get(name, D(0)) + gains[one["symbol"]]
    assert {one["sector"]: D(one["gain"]) for one in report["sectors"]} == sectors
    # realised: CORALIS 30 × 310 − 4050 × 30/45 = 6600, LUMBRA 6400 − 9450 × 40/90 = 2200, ARUVI 4 × 50 = 200
    assert {one["symbol"]: one["realised"] for one in report["stocks"]} == {
        "LUMBRA": "2200.00", "CORALIS": "6600.00", "ARUVI": "200.00",
    }  # fmt: skip
    for one in report["stocks"]:
        named = D(one["realised"]) + D(one["unrealised"]) + D(one["income"]) - D(one["charges"])
        assert named == D(one["gain"])
    months = sum(D(one["gain"]) for one in report["months"])
    assert months == pytest.approx(whole, abs=D("0.05"))  # nine of them, each rounded to the paisa


def test_shares_of_an_unknown_day_come_in_at_the_price_of_the_day_they_were_entered(client: TestClient) -> None:
    path = f"{URL}/{created(client)['id']}"
    opening: dict[str, Any] = {
        "kind": "OPENING", "date": "2024-03-04", "symbol": "LUMBRA", "quantity": 10, "price": 1,
    }  # fmt: skip
    client.post(f"{path}/transactions", json={"transactions": [opening]})
    report = client.get(f"{path}/performance").json()
    price = closes(client, "LUMBRA")
    assert D(report["put_in"]) == 10 * D(str(price["2024-03-04"]))
    assert report["time_weighted"] == pytest.approx(price[report["end"]] / price["2024-03-04"] - 1)


def test_what_cannot_be_measured_is_told(client: TestClient, sample_data: SampleSummary) -> None:
    path = f"{URL}/{created(client)['id']}"
    refusal(client.get(f"{path}/performance"), 400, "INSUFFICIENT_DATA")
    client.post(
        f"{path}/transactions", json={"transactions": [buy("LUMBRA", 1, 1, str(sample_data.end + timedelta(9)))]}
    )
    error = refusal(client.get(f"{path}/performance"), 400, "INSUFFICIENT_DATA")
    assert "no session is on file" in error["message"]
    tomorrow = str(date.today() + timedelta(days=3))
    refusal(client.get(f"{path}/performance", params={"end": tomorrow}), 422, "VALIDATION_ERROR")
    client.post(f"{path}/transactions", json={"transactions": [buy("LUMBRA", 1, 1, "2024-01-15")]})
    days = {"start": "2024-05-01", "end": "2024-04-01"}
    refusal(client.get(f"{path}/performance", params=days), 422, "VALIDATION_ERROR")
    refusal(client.get(f"{path}/performance", params={"benchmark": "NOBODY"}), 404, "DATA_NOT_FOUND")
