"""What the tests of web push ask of an application."""

from __future__ import annotations

from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import text

from app.database import Market
from tests.push_server import PushServer
from tests.test_screen_mail import platform_of

URL = "/api/push/subscriptions"
CONTACT = "me@example.com"


def turn_on(client: TestClient, server: PushServer, **change: Any) -> dict[str, Any]:
    answer = client.post(URL, json=server.subscription() | change)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def browsers(client: TestClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get("/api/push").json()["browsers"]
    return found


def database(client: TestClient, statement: str, **values: Any) -> list[Any]:
    with platform_of(client).database.transaction(Market.REAL) as session:
        result = session.execute(text(statement), values)
        return list(result) if result.returns_rows else []


def push_jobs(client: TestClient) -> list[dict[str, Any]]:
    """Jobs that send messages, ended."""
    platform = platform_of(client)
    jobs = client.get("/api/jobs", params={"kind": "push"}).json()["data"]
    return [client.get(f"/api/jobs/{platform.jobs.wait(job['id'], 60.0).id}").json() for job in jobs]


def retry(client: TestClient) -> None:
    """What happens once the time of what waits has come."""
    database(client, "UPDATE push_messages SET due_at = now() - interval '1 second' WHERE state = 'WAITING'")
    before = len(push_jobs(client))
    platform = platform_of(client)
    platform.queue_nightly()
    assert len(push_jobs(client)) == before + 1
