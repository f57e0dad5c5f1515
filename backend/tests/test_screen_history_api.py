"""Screens through time over HTTP, on the small market."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

pytestmark = pytest.mark.integration
PATH = "/api/screener/history"


def get(client: TestClient, path: str = PATH, **params: Any) -> dict[str, Any]:
    response = client.get(path, params=params)
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


def test_each_day_of_a_history_is_the_screen_of_that_day(shared_sample: TestClient) -> None:
    q = "rsi(5) < 40 and rank(turnover) <= 6"
    found = get(shared_sample, q=q, start="2024-06-01", end="2024-09-30")
    days = found["days"]
    assert found["start"] >= "2024-06-01" and days["t"][-1] == found["end"] <= "2024-09-30"
    assert sum(days["matched"]) > 0 and sum(days["entered"]) > 0
    for place in (0, len(days["t"]) // 2, len(days["t"]) - 1):
        page = get(shared_sample, "/api/screener/", q=q, asof=days["t"][place], limit=500)
        assert page["meta"]["total"] == days["matched"][place]
    newest = found["latest"][0]
    page = get(shared_sample, "/api/screener/", q=q, asof=newest["date"], limit=500)
    assert newest["matched"] == [row["symbol"] for row in page["data"]]
    for after, before in zip(found["latest"], found["latest"][1:], strict=False):
        assert set(after["entered"]) == set(after["matched"]) - set(before["matched"])
        assert set(after["left"]) == set(before["matched"]) - set(after["matched"])


def test_no_day_before_the_first_is_among_the_latest(shared_sample: TestClient) -> None:
    """Of those nothing was asked: they are not days on which nothing matched."""
    found = get(shared_sample, q="close > 0", start="2024-09-24", end="2024-09-30")
    assert [one["date"] for one in found["latest"]] == found["days"]["t"][::-1]
    assert all(one["matched"] for one in found["latest"])


def test_what_followed_is_told_with_its_method_and_the_number_of_trials(shared_sample: TestClient) -> None:
    first = get(shared_sample, q="close > sma(close, 20)")
    again = get(shared_sample, q="close>SMA(20)", seed=0)
    other = get(shared_sample, q="close > sma(close, 21)", seed=0)
    assert first["digest"] == again["digest"]
    assert again["trials"] == first["trials"] and other["trials"] == first["trials"] + 1
    assert [one["horizon"] for one in first["forward"]] == [1, 5, 20, 60]
    assert first["forward"] == again["forward"]
    for one in first["forward"]:
        assert one["signals"] > 0 and one["mean"] is not None
        assert (one["low"] is None) == (one["reason"] is not None)
        if one["low"] is not None:
            assert one["low"] <= one["excess"] <= one["high"] and one["p_value"] <= one["p_adjusted"]
    assert "dividends are not added" in first["method"]["returns"] and first["notes"] == []


def test_a_heavy_history_becomes_a_job_with_the_same_answer(shared_sample: TestClient) -> None:
    q = "own_percentile(volume, 504) > 1 or median(volume, 504) > 1 or std(close, 504) > 1 or close > 100"
    response = shared_sample.get(PATH, params={"q": q, "wait": 0})
    assert response.status_code == 202 and response.headers["location"].startswith("/api/jobs/")
    found = get(shared_sample, q=q, wait=120)
    assert sum(found["days"]["matched"]) > 0 and found["forward"]


@pytest.mark.parametrize(
    ("params", "status", "field"),
    [
        ({"q": "close >"}, 422, "q"),
        ({"q": "close > 1", "start": "2024-05-01", "end": "2024-04-01"}, 422, "end"),
        ({"q": "close > 1", "end": "2130-01-01"}, 422, "end"),
        ({"q": "close > 1", "seed": "-1"}, 422, "seed"),
        ({"q": "close > 1", "index": "NIFTY9999"}, 404, None),
        ({"q": "close > 1", "start": "2026-08-01"}, 400, None),
        ({}, 422, "q"),
    ],
)
def test_what_is_wrong_with_a_history_is_told(
    shared_sample: TestClient, params: dict[str, str], status: int, field: str | None
) -> None:
    response = shared_sample.get(PATH, params=params)
    assert response.status_code == status, response.text
    if field is not None:
        assert response.json()["error"]["details"]["field"] == field


def test_an_expression_of_what_was_not_known_then_says_so(shared_sample: TestClient) -> None:
    plain = get(shared_sample, "/api/screener/", q="close > 1")["meta"]
    assert plain["point_in_time"] is True
    sector = get(shared_sample, "/api/screener/")["data"][0]["sector"]
    told = get(shared_sample, "/api/screener/", q=f'sector in ("{sector}")')["meta"]
    assert told["point_in_time"] is False and "latest known, not those of the day" in told["point_in_time_note"]
    assert get(shared_sample, q=f'sector in ("{sector}")')["notes"]
