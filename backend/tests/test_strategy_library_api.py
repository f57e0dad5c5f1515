"""A strategy's versions and what people write about it, over HTTP."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.database import Market
from app.engines.strategies.registry import registry
from app.repositories.strategies import RunRepository, StrategyRepository
from app.services.platform import Platform
from tests.services.user_files import vectorised, write

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


# ---- the library


def entries(client: TestClient) -> dict[str, dict[str, Any]]:
    return {row["strategy_id"]: row for row in client.get(f"{BASE}/library").json()}


def store(client: TestClient, run_id: str, sharpe: float | None, *strategy_ids: str, cagr: float = 0.1) -> None:
    """A stored run of these strategies with made-up figures."""
    platform: Platform = client.app.state.platform  # type: ignore[attr-defined]
    with platform.database.transaction(Market.REAL) as session:
        versions = [StrategyRepository(session).versions(name)[0] for name in strategy_ids]
        run = {
            "run_id": run_id, "strategy_id": strategy_ids[0], "start_date": date(2024, 1, 1),
            "end_date": date(2024, 12, 31), "metrics": {"sharpe": sharpe, "cagr": cagr, "max_drawdown": -0.2},
            "spec": {}, "result": b"", "digest": run_id, "engine_version": "of a test", "fingerprint": {},
        }  # fmt: skip
        books = [
            {
                "run_id": run_id, "book": book, "strategy_id": version.strategy_id, "version_id": version.id,
                "params": {}, "allocation": 1.0,
            }
            for book, version in enumerate(versions)
        ]  # fmt: skip
        RunRepository(session).add(run, books)
        RunRepository(session).count_trial(f"spec of {run_id}", strategy_ids, run_id, "SUCCEEDED", sharpe)


def test_the_library_tells_the_typical_run_and_the_best_of_how_many(sample_client: TestClient) -> None:
    before = entries(sample_client)["donchian"]
    assert (before["state"], before["versions"], before["runs"], before["trials"]) == ("ready", 1, 0, 0)
    assert before["typical"] is None and before["best"] is None and before["error"] is None
    for name, sharpe in {"a": 0.2, "b": 1.1, "c": 0.4, "d": None}.items():
        store(sample_client, f"run-{name}", sharpe, "donchian", cagr=0.01 if sharpe is None else sharpe / 10)
    store(sample_client, "run-e", 3.0, "donchian", "supertrend")  # says nothing of one of the two
    found = entries(sample_client)["donchian"]
    assert (found["runs"], found["trials"]) == (5, 5)
    # medians of 0.2 0.4 1.1, and of 0.01 0.02 0.04 0.11
    assert found["typical"] == {"runs": 4, "sharpe": 0.4, "cagr": pytest.approx(0.03), "max_drawdown": -0.2}
    assert (found["best"]["run_id"], found["best"]["sharpe"]) == ("run-b", 1.1)
    other = entries(sample_client)["supertrend"]
    assert other["runs"] == 1 and other["typical"] is None and other["best"] is None


def test_a_strategy_that_no_longer_loads_and_one_that_is_gone_stay_in_the_library(sample_client: TestClient) -> None:
    platform: Platform = sample_client.app.state.platform  # type: ignore[attr-defined]
    path = write(platform.settings.home / "strategies", "mine.py", vectorised("mine"))
    assert entries(sample_client)["mine"]["state"] == "ready"
    path.write_text(path.read_text(encoding="utf-8") + "\nimport nothing_of_that_name\n", encoding="utf-8")
    broken = entries(sample_client)["mine"]
    assert broken["state"] == "broken" and "nothing_of_that_name" in broken["error"]["message"]
    answer = sample_client.patch(f"{BASE}/mine", json={"regime_notes": "x"})
    assert answer.status_code == 422 and "nothing_of_that_name" in answer.json()["error"]["message"]
    path.unlink()
    gone = entries(sample_client)["mine"]
    assert (gone["state"], gone["error"]) == ("gone", None)
    assert sample_client.patch(f"{BASE}/mine", json={"regime_notes": "x"}).status_code == 404
    assert len(sample_client.get(f"{BASE}/mine/versions").json()) == 1
    assert list(entries(sample_client))[-1] == "mine"
