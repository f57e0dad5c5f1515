"""A key that was used for another request is refused where the answer is known too."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from app.database import Market
from app.exceptions import ConflictError


@pytest.mark.integration
def test_a_key_of_another_request_is_refused_without_a_job(client: TestClient) -> None:
    jobs = client.app.state.platform.jobs  # type: ignore[attr-defined]
    jobs.submit("backtest", Market.REAL, {"spec": {"a": 1}}, idempotency_key="k")
    jobs.answered("backtest", Market.REAL, {"spec": {"a": 1}}, "k")
    with pytest.raises(ConflictError, match="another request"):
        jobs.answered("backtest", Market.REAL, {"spec": {"a": 2}}, "k")


@pytest.mark.integration
def test_a_key_of_an_answer_without_a_job_is_kept_as_well(client: TestClient) -> None:
    jobs = client.app.state.platform.jobs  # type: ignore[attr-defined]
    jobs.answered("backtest", Market.REAL, {"spec": {"a": 1}}, "stored")
    jobs.answered("backtest", Market.REAL, {"spec": {"a": 1}}, "stored")
    with pytest.raises(ConflictError, match="another request"):
        jobs.answered("backtest", Market.REAL, {"spec": {"a": 2}}, "stored")
    with pytest.raises(ConflictError, match="another request"):
        jobs.submit("backtest", Market.REAL, {"spec": {"a": 2}}, idempotency_key="stored")
    assert jobs.submit("backtest", Market.REAL, {"spec": {"a": 1}}, idempotency_key="stored").kind == "backtest"
