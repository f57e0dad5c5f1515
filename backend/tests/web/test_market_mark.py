"""Every answer says which market it is about, in its header and, of the generated one, in its body."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient as PlainClient

from app.database import Market
from app.web.market_mark import MarketMark
from tests.conftest import copied_database, served_application

# answers that hold nothing of a market: the clock of the exchange, the language, what is queued, one's own rules
OF_NO_MARKET = frozenset(
    {
        "/api/market/status",
        "/api/screener/functions",
        "/api/screener/presets",
        "/api/data/sync",
        "/api/portfolio/strategies/policy",
        "/api/portfolio/strategies/load-errors",
    }
)


def plain(content: Any, market: Market | None, **kind: Any) -> Response:
    """The answer of an application that knows its market, through the mark."""

    def answer(request: Request) -> Response:
        if market is not None:
            request.state.market = market
        return content if isinstance(content, Response) else JSONResponse(content, **kind)

    return PlainClient(MarketMark(Starlette(routes=[Route("/", answer)]))).get("/")  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("content", "market", "header", "body"),
    [
        ({"a": 1}, Market.SAMPLE, "SAMPLE", {"market": "SAMPLE", "a": 1}),
        ({}, Market.SAMPLE, "SAMPLE", {"market": "SAMPLE"}),
        ([{"a": 1}], Market.SAMPLE, "SAMPLE", [{"a": 1}]),
        ({"market": "sample"}, Market.SAMPLE, "SAMPLE", {"market": "sample"}),
        ({"a": 1}, Market.REAL, "NSE", {"a": 1}),
        ({"a": 1}, None, None, {"a": 1}),
    ],
)
def test_the_header_is_on_all_and_the_member_on_objects_of_the_sample(
    content: Any, market: Market | None, header: str | None, body: Any
) -> None:
    got = plain(content, market)
    assert got.headers.get("x-market") == header
    assert json.loads(got.text) == body  # type: ignore[attr-defined]
    assert int(got.headers["content-length"]) == len(got.content)  # type: ignore[attr-defined]


def test_digits_of_numbers_and_errors_stay_as_they_were() -> None:
    body = b'{"a":0.10000000000000001,"b":1E5}'
    got = plain(Response(body, media_type="application/json"), Market.SAMPLE)
    assert got.content == b'{"market":"SAMPLE",' + body[1:]  # type: ignore[attr-defined]
    refused = plain({"error": {}}, Market.SAMPLE, status_code=404)
    assert (refused.headers["x-market"], refused.text) == ("SAMPLE", '{"error":{}}')  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def sample_shown(postgres: str, sample_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A client on an installation that has both markets and shows the sample."""
    home = tmp_path_factory.mktemp("both")
    with copied_database(postgres, sample_template) as url:
        beside = f"{make_url(url).database}_sample"
        admin = create_engine(postgres, isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {beside} TEMPLATE {sample_template} STRATEGY file_copy"))
        admin.dispose()
        with served_application(url, home, home / "inbox") as client:
            assert client.put("/api/data/market", json={"market": "sample"}).status_code == 200
            yield client


def test_no_answer_about_the_sample_market_goes_out_unmarked(sample_shown: TestClient) -> None:
    answers = {}
    for route in sample_shown.app.state.api_routes:  # type: ignore[attr-defined]
        if isinstance(route, APIRoute) and "GET" in (route.methods or ()) and "{" not in route.path:
            about = route.path.startswith(("/api/market", "/api/data", "/api/screener", "/api/portfolio"))
            if about and route.path.rstrip("/") not in OF_NO_MARKET:
                answers[route.path] = sample_shown.get(route.path)
    answered = {path for path, answer in answers.items() if answer.status_code == 200}
    assert {"/api/data/status", "/api/data/findings", "/api/portfolio/stocks", "/api/screener/fields"} <= answered
    unmarked = {path: a.status_code for path, a in answers.items() if path in answered and "x-market" not in a.headers}
    assert unmarked == {}
    assert {answers[path].headers["x-market"] for path in answered} == {"SAMPLE"}
    objects = [answers[path].json() for path in answered]
    assert {one["market"] for one in objects if isinstance(one, dict)} <= {"SAMPLE", "sample"}


def test_bars_a_row_of_the_screener_and_a_file_of_the_sample_say_so_by_themselves(sample_shown: TestClient) -> None:
    symbol = sample_shown.get("/api/screener/", params={"limit": 1}).json()["data"][0]["symbol"]
    bars = sample_shown.get(f"/api/market/bars/{symbol}")
    assert (bars.headers["x-market"], bars.json()["market"]) == ("SAMPLE", "SAMPLE")
    body = {"name": "Marked", "positions": [{"symbol": symbol, "quantity": 1, "entry_price": 10}]}
    made = sample_shown.post("/api/portfolio/stocks", json=body)
    assert (made.headers["x-market"], made.json()["market"]) == ("SAMPLE", "SAMPLE")
    tax = sample_shown.get(f"/api/portfolio/stocks/{made.json()['id']}/tax", params={"format": "csv"})
    assert 'filename="SAMPLE-tax-' in tax.headers["content-disposition"]
    assert tax.text.splitlines()[0].endswith(",note,market")
    assert "market,SAMPLE" in tax.text


@pytest.mark.parametrize("path", ["/api/health", "/ping", "/api/data/market", "/api/screener/?limit=1"])
def test_a_switch_by_another_process_is_in_the_next_answer(sample_shown: TestClient, path: str) -> None:
    platform = sample_shown.app.state.platform  # type: ignore[attr-defined]

    def switched(market: Market) -> None:  # as `smarttrader data market` does
        with platform.database.transaction(Market.REAL) as session:
            platform.data.choose_market(session, market)

    switched(Market.REAL)
    answer = sample_shown.get(path)
    assert (answer.headers["x-market"], answer.json().get("market")) in {("NSE", None), ("NSE", "real")}
    switched(Market.SAMPLE)
    answer = sample_shown.get(path)
    assert answer.headers["x-market"] == "SAMPLE"
    assert answer.json()["market"] in {"SAMPLE", "sample"}


def test_the_answer_to_a_switch_is_about_the_market_that_is_shown_then(sample_shown: TestClient) -> None:
    real = sample_shown.put("/api/data/market", json={"market": "real"})
    sample = sample_shown.put("/api/data/market", json={"market": "sample"})
    assert (real.headers["x-market"], sample.headers["x-market"]) == ("NSE", "SAMPLE")
