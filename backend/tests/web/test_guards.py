"""Who may talk to the server, and one shape for every failure."""

from __future__ import annotations

import time
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from app.web.bodies import unreadable
from app.web.guards import MAX_JSON_BYTES

pytestmark = pytest.mark.integration


def error_of(response: Response) -> dict[str, Any]:
    """The error of a failed answer, after checking the envelope around it."""
    body = response.json()
    assert set(body) == {"error"}
    assert {"code", "message", "request_id"} <= set(body["error"])
    assert body["error"]["request_id"] == response.headers["x-request-id"]
    error: dict[str, Any] = body["error"]
    return error


def test_another_host_name_is_refused_so_that_dns_rebinding_gains_nothing(shared_client: TestClient) -> None:
    response = shared_client.get("/api/health", headers={"Host": "evil.example:8000"})
    assert (response.status_code, error_of(response)["code"]) == (403, "FORBIDDEN")


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "localhost", "[::1]:8000"])
def test_the_names_of_this_machine_are_answered(shared_client: TestClient, host: str) -> None:
    assert shared_client.get("/api/market/status", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "http://127.0.0.1:9999", "null"])
def test_a_post_from_another_origin_is_refused(shared_client: TestClient, origin: str) -> None:
    response = shared_client.post("/api/data/sample", headers={"Origin": origin})
    assert (response.status_code, error_of(response)["code"]) == (403, "FORBIDDEN")
    assert shared_client.get("/api/jobs").json()["meta"]["total"] == 0  # nothing was begun


@pytest.mark.parametrize("origin", ["http://127.0.0.1:8000", "http://localhost:3000"])
def test_our_own_origin_and_the_development_server_may_ask(shared_client: TestClient, origin: str) -> None:
    assert shared_client.get("/api/jobs", headers={"Origin": origin}).status_code == 200


def test_a_cross_site_post_without_an_origin_is_refused(shared_client: TestClient) -> None:
    response = shared_client.post("/api/data/sample", headers={"Sec-Fetch-Site": "cross-site"})
    assert (response.status_code, error_of(response)["code"]) == (403, "FORBIDDEN")


@pytest.mark.parametrize("path", ["/api/nothing", "/api", "/api/screener/x/y", "/api/jobs/x/y/z"])
def test_an_unknown_path_answers_the_envelope(shared_client: TestClient, path: str) -> None:
    response = shared_client.get(path)
    assert (response.status_code, error_of(response)["code"]) == (404, "DATA_NOT_FOUND")


def test_a_wrong_method_names_every_method_the_path_takes(shared_client: TestClient) -> None:
    response = shared_client.delete("/api/data/market")
    assert (response.status_code, error_of(response)["code"]) == (405, "METHOD_NOT_ALLOWED")
    assert {m.strip() for m in response.headers["allow"].split(",")} >= {"GET", "PUT"}


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/api/screener/?limit=-1", "limit"),
        ("/api/screener/?page=0", "page"),
        ("/api/screener/?sort_order=up", "sort_order"),
        ("/api/screener/?asof=2024-02-30", "asof"),
        ("/api/market/search", "query"),
        ("/api/jobs/not-a-uuid", "job_id"),
    ],
)
def test_a_wrong_parameter_is_named(shared_client: TestClient, path: str, field: str) -> None:
    response = shared_client.get(path)
    error = error_of(response)
    assert (response.status_code, error["code"], error["details"]["field"]) == (422, "VALIDATION_ERROR", field)


def test_broken_json_is_a_validation_error(shared_client: TestClient) -> None:
    response = shared_client.post(
        "/api/portfolio/strategies/backtest", content="{", headers={"Content-Type": "application/json"}
    )
    assert (response.status_code, error_of(response)["code"]) == (422, "VALIDATION_ERROR")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"strategy_ids": ["\xff"]}', "is no UTF-8 text: byte 0xff at byte 19 (invalid start byte)"),
        (
            b'{"params": {"x": "[", "y": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}",
            "is nested too deep: 100,002 lists and objects lie in one another at character 100,026",
        ),
        (b'{"params": ' + b"[" * 5_000, "is nested too deep: 5,001 lists and objects lie in one another"),
        (
            b'{"a": "' + b"1" * 5_000 + b'", "b": 2.' + b"0" * 5_000 + b', "seed": ' + b"9" * 100_000 + b"}",
            "holds a number of 100,000 digits at character 10,027; at most 4,300 are read",
        ),
    ],
    ids=["no UTF-8", "nested", "nested without an end", "digits"],
)
def test_a_body_that_cannot_be_read_is_told_why_and_where(shared_client: TestClient, body: bytes, words: str) -> None:
    response = shared_client.post(
        "/api/portfolio/strategies/backtest", content=body, headers={"Content-Type": "application/json"}
    )
    error = error_of(response)
    assert (response.status_code, error["code"], error["details"]["field"]) == (422, "VALIDATION_ERROR", "body")
    assert error["message"].startswith(f"body: {words}")


def test_why_a_body_cannot_be_read_is_found_in_one_pass_over_it() -> None:
    """The server answers nobody else meanwhile: of a text without an end each quote in it was followed to the end."""
    text = b'"' + b'\\"' * 450_000
    began = time.process_time()
    told = unreadable(b"[" * 100_000 + text, RecursionError())
    assert told == "is nested too deep: 100,000 lists and objects lie in one another at character 99,999"
    digits = unreadable(b"[" + text + b", " + b"9" * 5_000, ValueError())
    assert digits is None  # within the text that has no end
    assert time.process_time() - began < 5  # half a second; it was half an hour


@pytest.mark.parametrize("depth", [900, 960, 980, 990, 995, 999])
def test_a_body_nested_about_as_deep_as_can_be_read_is_refused_too(shared_client: TestClient, depth: int) -> None:
    for opened, closed in ((b"[", b"]"), (b'{"a":', b"}")):
        response = shared_client.post(
            "/api/portfolio/strategies/backtest",
            content=b'{"params": ' + opened * depth + b"1" + closed * depth + b"}",
            headers={"Content-Type": "application/json"},
        )
        assert (response.status_code, error_of(response)["code"]) == (422, "VALIDATION_ERROR")


def test_a_body_of_another_type_is_refused(shared_client: TestClient) -> None:
    response = shared_client.post(
        "/api/portfolio/strategies/backtest", content="a=1", headers={"Content-Type": "text/plain"}
    )
    assert (response.status_code, error_of(response)["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")


def test_a_body_that_is_too_large_is_refused_by_its_length(shared_client: TestClient) -> None:
    response = shared_client.put(
        "/api/data/market", content=b" " * (MAX_JSON_BYTES + 1), headers={"Content-Type": "application/json"}
    )
    assert (response.status_code, error_of(response)["code"]) == (413, "PAYLOAD_TOO_LARGE")


def test_a_body_of_unknown_length_is_bounded_too(shared_client: TestClient) -> None:
    def chunks() -> Any:
        for _ in range(20):
            yield b" " * (MAX_JSON_BYTES // 10)

    response = shared_client.put("/api/data/market", content=chunks(), headers={"Content-Type": "application/json"})
    assert (response.status_code, error_of(response)["code"]) == (413, "PAYLOAD_TOO_LARGE")


@pytest.mark.parametrize("path", ["/api/screener/indices", "/api/jobs", "/api/data/market", "/api/screener/fields"])
def test_a_trailing_slash_changes_nothing(shared_client: TestClient, path: str) -> None:
    plain, slashed = shared_client.get(path), shared_client.get(f"{path}/", follow_redirects=False)
    assert plain.status_code == slashed.status_code == 200
    assert plain.json() == slashed.json()


def test_what_nobody_foresaw_answers_the_envelope_without_a_trace(
    shared_client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(*_: object, **__: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(shared_client.app.state.platform.jobs, "page", explode)  # type: ignore[attr-defined]
    quiet = TestClient(shared_client.app, base_url="http://127.0.0.1:8000", raise_server_exceptions=False)
    response = quiet.get("/api/jobs")
    assert response.status_code == 500
    assert response.json()["error"]["code"] == "INTERNAL_ERROR"
    assert "secret" not in response.text and "Traceback" not in response.text


def test_a_database_that_does_not_answer_is_503_and_health_says_down(
    shared_client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sqlalchemy import create_engine

    from app.database import Market

    database = shared_client.app.state.database  # type: ignore[attr-defined]
    nowhere = create_engine("postgresql+psycopg://app@127.0.0.1:1/none", connect_args={"connect_timeout": 1})
    monkeypatch.setitem(database._engines, Market.REAL, nowhere)
    response = shared_client.get("/api/jobs")
    assert (response.status_code, error_of(response)["code"]) == (503, "DATABASE_ERROR")
    health = shared_client.get("/api/health")
    assert (health.status_code, health.json()["status"]) == (503, "DOWN")
    monkeypatch.undo()
    assert shared_client.get("/api/jobs").status_code == 200
