"""The screener answers from memory: with the same words as the first time, and never with what is no longer so."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, create_engine, text

from app.database import Market
from app.models.base import LOCAL_OWNER_ID

pytestmark = pytest.mark.integration

PATH = "/api/screener/"


def without_time(body: dict[str, Any]) -> dict[str, Any]:
    return {**body, "meta": {name: value for name, value in body["meta"].items() if name != "milliseconds"}}


@pytest.mark.parametrize(
    "more",
    [
        "sort_by=turnover&sort_order=desc&limit=3",
        "columns=sma(5),sector&spark=5&facets=true&limit=4",
        "view=financial&sort_by=pe_ratio",
        "index=NIFTY%2050&filter_type=52W_HIGH",
        "asof=2024-06-03&sort_by=rsi(close,5)",
        "symbol=a&sector=",
    ],
)
def test_a_question_asked_before_is_answered_as_one_that_was_not(shared_sample: TestClient, more: str) -> None:
    for n in range(3):
        expression = f"q=close%20%3E%20{n}%20and+volume+%3E=+{n + 1}"
        asked = shared_sample.get(f"{PATH}?{expression}&{more}")
        # a query string that was never seen is read by the framework
        anew = shared_sample.get(f"{PATH}?{more}&instrument_type=EQUITY&{expression}&page=1")
        assert asked.status_code == anew.status_code, asked.text
        if asked.status_code == 200:
            assert without_time(asked.json()) == without_time(anew.json())
            assert asked.headers["X-Market"] == anew.headers["X-Market"] == "NSE"
        else:
            assert asked.json()["error"]["message"] == anew.json()["error"]["message"]


def test_rows_are_the_same_bytes_with_and_without_columns_beside_them(shared_sample: TestClient) -> None:
    plain = shared_sample.get(PATH, params={"limit": 5}).json()["data"]
    more = shared_sample.get(PATH, params={"limit": 5, "columns": "close"}).json()["data"]
    assert [row | {"values": {"close": row["close"]}} for row in plain] == more


@pytest.mark.parametrize(
    ("query", "status", "told"),
    [
        ("q=close+%3E", 422, {"column": 8}),
        ("q=clse+%3E+5", 422, {"column": 1}),
        ("q=", 422, {"column": 1}),
        ("q=close>5&q=close>6", 422, {}),
        ("%71=close+%3E", 422, {"column": 8}),
        ("q=" + "x" * 20_001, 422, {}),
        ("asof=2999-01-01", 422, {}),
        ("asof=2099-01-01", 422, {}),
        ("limit=0", 422, {}),
        ("nosuch=1", 422, {}),
        ("index=NIFTY9999", 404, {}),
    ],
)
def test_what_is_wrong_is_told_the_first_time_and_every_time(
    shared_sample: TestClient, query: str, status: int, told: dict[str, int]
) -> None:
    assert shared_sample.get(PATH, params={"q": "close > 5"}).status_code == 200  # `q` alone is a known question
    answers = [shared_sample.get(f"{PATH}?{query}") for _ in range(2)]
    for answer in answers:
        assert answer.status_code == status, answer.text
        if told:
            assert told.items() <= answer.json()["error"]["details"].items()
    assert answers[0].json().get("error", {}).get("message") == answers[1].json().get("error", {}).get("message")


def database(client: TestClient) -> Engine:
    url = client.app.state.settings.database_url  # type: ignore[attr-defined]
    return create_engine(url)


def test_a_change_of_the_data_is_seen_by_the_next_request(sample_client: TestClient) -> None:
    index = sample_client.get(f"{PATH}indices").json()["indices"][0]["id"]
    params = {"index": index, "q": "close > 0", "limit": "500"}
    before = sample_client.get(PATH, params=params).json()
    assert sample_client.get(PATH, params=params).json()["data"] == before["data"]
    gone = before["data"][0]["symbol"]
    engine = database(sample_client)
    with engine.begin() as connection:
        connection.execute(
            text(
                "DELETE FROM index_members m USING instruments i WHERE i.id = m.instrument_id AND i.symbol = :symbol "
                "AND m.index_id = :index"
            ),
            {"symbol": gone, "index": index},
        )
        connection.execute(text("UPDATE data_versions SET version = version + 1 WHERE scope = 'membership'"))
    engine.dispose()
    after = sample_client.get(PATH, params=params).json()
    assert [row["symbol"] for row in after["data"]] == [row["symbol"] for row in before["data"]][1:]
    assert after["meta"]["universe"]["members"] == before["meta"]["universe"]["members"] - 1


def test_the_market_that_is_shown_is_asked_with_every_request(sample_client: TestClient) -> None:
    assert sample_client.get(PATH).status_code == 200
    sample_client.app.state.platform.database.migrate(Market.SAMPLE)  # type: ignore[attr-defined]
    engine = database(sample_client)
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO app_settings (owner_id, name, value) VALUES (:owner, 'market', '\"sample\"')"),
            {"owner": LOCAL_OWNER_ID},
        )
    engine.dispose()
    answer = sample_client.get(PATH)  # the sample's database is there, and empty
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "INSUFFICIENT_DATA")


def test_connections_that_the_server_has_closed_are_opened_again(sample_client: TestClient) -> None:
    before = sample_client.get(PATH).json()
    engine = database(sample_client)
    with engine.connect() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
                "AND pid <> pg_backend_pid() AND state = 'idle'"
            )
        )
    engine.dispose()
    for _ in range(3):
        assert without_time(sample_client.get(PATH).json()) == without_time(before)
