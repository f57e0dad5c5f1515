"""`/api/data/sync`: the switch, and runs that are refused before they begin."""

from __future__ import annotations

from fastapi.testclient import TestClient


def test_downloads_are_off_until_switched_on(client: TestClient) -> None:
    state = client.get("/api/data/sync").json()
    assert state["enabled"] is False
    assert "terms of use" in state["terms"]
    refused = client.post("/api/data/sync", json={})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "CONFLICT")


def test_the_switch_is_remembered(client: TestClient) -> None:
    assert client.put("/api/data/sync", json={"enabled": True}).json()["enabled"] is True
    assert client.get("/api/data/sync").json()["enabled_at"] is not None
    assert client.put("/api/data/sync", json={"enabled": False}).json()["enabled"] is False


def test_a_run_without_a_beginning_or_with_bad_days_is_refused(client: TestClient) -> None:
    client.put("/api/data/sync", json={"enabled": True})
    for body, word in (
        ({}, "first day"),
        ({"from": "2024-07-09", "to": "2024-07-01"}, "before it begins"),
        ({"from": "soon"}, "from"),
        ({"since": "2024-07-01"}, "since"),
    ):
        answer = client.post("/api/data/sync", json=body)
        assert answer.status_code == 422, body
        assert word in answer.json()["error"]["message"]
    client.put("/api/data/sync", json={"enabled": False})
