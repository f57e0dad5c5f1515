"""A strategy's versions and what people write about it, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.engines.strategies.registry import registry

pytestmark = pytest.mark.integration

BASE = "/api/portfolio/strategies"


def card(client: TestClient, strategy_id: str) -> dict[str, Any]:
    return next(row for row in client.get(f"{BASE}/available").json() if row["strategy_id"] == strategy_id)


def test_the_newest_version_is_the_source_that_runs(sample_client: TestClient) -> None:
    versions = sample_client.get(f"{BASE}/sma_cross/versions").json()
    assert [version["number"] for version in versions] == [card(sample_client, "sma_cross")["version"]] == [1]
    assert versions[0]["source_hash"] == registry()["sma_cross"].source_hash
    assert "class SmaCross" in versions[0]["source"]


def test_notes_are_written_kept_and_emptied(sample_client: TestClient) -> None:
    before = card(sample_client, "rsi2")
    answer = sample_client.patch(f"{BASE}/rsi2", json={"regime_notes": "Loses in crashes.", "reason": "seen in 2020"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["regime_notes"] == "Loses in crashes."
    assert answer.json()["description"] == before["description"]  # what is left out stays
    assert card(sample_client, "rsi2")["regime_notes"] == "Loses in crashes."
    assert answer.json()["updated_at"] > before["updated_at"]
    assert sample_client.patch(f"{BASE}/rsi2", json={"regime_notes": None}).json()["regime_notes"] is None
    assert answer.json()["source_hash"] == before["source_hash"]  # notes are no new version


@pytest.mark.parametrize("target", ["PAPER", "LIVE", "RETIRED"])
def test_no_move_is_granted_while_there_are_no_gates(sample_client: TestClient, target: str) -> None:
    answer = sample_client.patch(f"{BASE}/rsi2", json={"lifecycle_status": target, "regime_notes": "x", "reason": "y"})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (409, "LIFECYCLE_TRANSITION_ERROR")
    assert error["details"] == {"current_state": "RESEARCH", "target_state": target, "gates": []}
    found = card(sample_client, "rsi2")
    assert found["lifecycle_status"] == "RESEARCH" and found["regime_notes"] != "x"  # nothing is half written


@pytest.mark.parametrize(
    ("strategy_id", "body", "status"),
    [
        ("nothing", {"regime_notes": "x"}, 404),
        ("runs", {"regime_notes": "x"}, 404),
        ("sma_cross", {}, 422),
        ("sma_cross", {"reason": "why"}, 422),
        ("sma_cross", {"lifecycle_status": "DEAD"}, 422),
        ("sma_cross", {"notes": "x"}, 422),
        ("sma_cross", {"regime_notes": "x" * 4001}, 422),
    ],
)
def test_what_cannot_be_written_is_answered_clearly(
    sample_client: TestClient, strategy_id: str, body: dict[str, Any], status: int
) -> None:
    answer = sample_client.patch(f"{BASE}/{strategy_id}", json=body)
    assert answer.status_code == status and "error" in answer.json(), answer.text
    assert sample_client.get(f"{BASE}/nothing/versions").status_code == 404


def test_staying_where_one_is_is_no_move(sample_client: TestClient) -> None:
    answer = sample_client.patch(f"{BASE}/sma_cross", json={"lifecycle_status": "RESEARCH", "description": "Crosses."})
    assert answer.status_code == 200 and answer.json()["description"] == "Crosses."
