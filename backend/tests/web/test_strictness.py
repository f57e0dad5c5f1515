"""What the edge is strict about: parameters, dates, methods, names of hosts, and how often one may ask."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from app.exceptions import RateLimitExceededError
from app.main import create_app
from app.settings import Settings
from app.web.limits import RateLimiter

from .test_guards import error_of


@pytest.mark.integration
@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/api/screener/?sortby=close", "sortby"),
        ("/api/health?x=1", "x"),
        ("/api/data/findings?Severity=note", "Severity"),
        ("/api/market/bars/AAA?from=2024-01-01", "from"),
        ("/api/screener/?asof=1719792000", "asof"),
        ("/api/screener/indices?asof=20240701", "asof"),
        ("/api/market/bars/AAA?start=2024-01-01T00:00:00", "start"),
    ],
)
def test_an_unknown_parameter_and_a_date_that_is_none_are_named(
    shared_client: TestClient, path: str, field: str
) -> None:
    response = shared_client.get(path)
    error = error_of(response)
    assert (response.status_code, error["code"], error["details"]["field"]) == (422, "VALIDATION_ERROR", field)


@pytest.mark.integration
@pytest.mark.parametrize(
    ("path", "field", "words"),
    [
        ("/api/screener/?q=close > 1&q=close < 1", "q", "given twice"),
        ("/api/screener/?limit=5&sector=IT&limit=5", "limit", "given twice"),
        ("/api/screener/history?q=close > 1&start=2024-01-01&start=&start=", "start", "given 3 times"),
        ("/api/market/bars/AAA?adjust=none&adjust=total", "adjust", "given twice"),
        ("/api/data/findings?page=1&page=2", "page", "given twice"),
    ],
)
def test_a_parameter_of_one_value_that_is_given_twice_is_named(
    shared_client: TestClient, path: str, field: str, words: str
) -> None:
    error = error_of(shared_client.get(path))
    assert (error["code"], error["details"]["field"]) == ("VALIDATION_ERROR", field)
    assert f"{field}: {words}" in error["message"]


@pytest.mark.integration
def test_a_parameter_that_is_remembered_is_named_when_it_is_given_twice(shared_client: TestClient) -> None:
    shared_client.get("/api/screener/?limit=5")  # its values are taken from memory from now on
    for path in ("/api/screener/?limit=5&limit=5", "/api/screener/?limit=5&q=close > 1&q=close > 1"):
        assert shared_client.get(path).status_code == 422


@pytest.mark.integration
def test_a_list_of_parameters_may_be_given(shared_client: TestClient) -> None:
    runs = "&".join(f"run=00000000-0000-0000-0000-00000000000{n}" for n in (1, 2))
    response = shared_client.get(f"/api/portfolio/strategies/runs/compare?{runs}")
    assert response.status_code == 404  # no such run: both were read


@pytest.mark.integration
@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        ('{"name": "A", "name": "B", "question": {}}', "name", "stands twice"),
        ('{"name": "A", "question": {"q": "close > 1", "q": "close > 2"}}', "q", "stands twice"),
        ('{"name": "A", "question": {"q": "close > 1", "\\u0071": "close > 2", "q": null}}', "q", "stands 3 times"),
    ],
)
def test_a_key_that_stands_twice_in_a_body_is_named(
    shared_client: TestClient, body: str, field: str, words: str
) -> None:
    sent = shared_client.post("/api/screener/screens", content=body, headers={"Content-Type": "application/json"})
    error = error_of(sent)
    assert (sent.status_code, error["code"], error["details"]["field"]) == (422, "VALIDATION_ERROR", field)
    assert f"{field}: {words} in one object of the body" in error["message"]


@pytest.mark.integration
@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON"])
def test_such_a_key_is_named_however_the_type_of_the_body_is_written(
    shared_client: TestClient, content_type: str
) -> None:
    sent = shared_client.post(
        "/api/screener/screens",
        content='{"name": "A", "name": "B", "question": {}}',
        headers={"Content-Type": content_type},
    )
    assert sent.status_code == 422 and "name: stands twice" in error_of(sent)["message"]


@pytest.mark.integration
@pytest.mark.parametrize("path", ["/api/health", "/ping", "/api/market/status", "/api/screener/"])
def test_head_answers_as_get_without_the_body(shared_client: TestClient, path: str) -> None:
    head, get = shared_client.head(path), shared_client.get(path)
    assert head.status_code == get.status_code
    assert head.headers["content-type"] == get.headers["content-type"]
    assert (head.content, bool(get.content)) == (b"", True)


@pytest.mark.integration
def test_the_name_of_this_machine_may_be_in_capitals(shared_client: TestClient) -> None:
    headers = {"Host": "LOCALHOST:8000", "Origin": "http://localhost:8000"}
    assert shared_client.get("/api/market/status", headers=headers).status_code == 200


@pytest.mark.integration
def test_a_day_of_the_first_century_is_none_of_the_exchange(shared_client: TestClient) -> None:
    response = shared_client.get("/api/screener/indices?asof=0001-01-01")
    assert (response.status_code, error_of(response)["details"]["field"]) == (422, "asof")
    message = error_of(response)["message"]
    assert "outside the dates that are known, 1900-01-01 to 2199-12-31" in message and "not a date" not in message


def test_a_client_may_send_so_many_and_then_waits_for_the_window_to_slide() -> None:
    now = [0.0]
    limiter = RateLimiter(reads=10, writes=2, clock=lambda: now[0])
    for _ in range(10):
        limiter.check("a", "read")
    with pytest.raises(RateLimitExceededError, match="More than 10 requests in a minute: wait 60 s"):
        limiter.check("a", "read")
    limiter.check("b", "read")  # another client, and another class, have their own
    limiter.check("a", "write")
    now[0] = 90.0  # half of the ten are out of sight
    for _ in range(5):
        limiter.check("a", "read")
    with pytest.raises(RateLimitExceededError) as refused:
        limiter.check("a", "read")
    assert refused.value.details == {"retry_after": 30, "limit": 10, "per_seconds": 60}
    now[0] = 300.0
    limiter.check("a", "read")


def test_clients_without_number_take_bounded_room() -> None:
    limiter = RateLimiter(reads=10, writes=2, clock=lambda: 0.0)
    for n in range(25_000):
        limiter.check(str(n), "read")
    assert len(limiter._windows) <= 10_000


@pytest.mark.integration
def test_too_many_requests_answer_the_envelope_with_retry_after(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMARTTRADER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("SMARTTRADER_RATE_LIMIT", "true")
    monkeypatch.setenv("SMARTTRADER_READS_PER_MINUTE", "3")
    with TestClient(create_app(Settings()), base_url="http://127.0.0.1:8000") as client:
        for _ in range(3):
            assert client.get("/api/market/status").status_code == 200
        response = client.get("/api/market/status")
        assert (response.status_code, error_of(response)["code"]) == (429, "RATE_LIMIT_EXCEEDED")
        assert 1 <= int(response.headers["retry-after"]) <= 60
