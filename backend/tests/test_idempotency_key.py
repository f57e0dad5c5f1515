"""A key that was used for another request is refused where the answer is known too."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from app.database import Market
from app.exceptions import ConflictError


@pytest.mark.integration
def test_a_key_of_another_request_is_refused_without_a_job(client: TestClient) -> None:
    platform = client.app.state.platform  # type: ignore[attr-defined]
    platform.jobs.submit("backtest", Market.REAL, {"spec": {"a": 1}}, idempotency_key="k")
    with platform.database.transaction(Market.REAL) as session:
        platform.jobs.check_key(session, "backtest", Market.REAL, {"spec": {"a": 1}}, "k")
        platform.jobs.check_key(session, "backtest", Market.REAL, {"spec": {"a": 2}}, "another")
        with pytest.raises(ConflictError, match="another request"):
            platform.jobs.check_key(session, "backtest", Market.REAL, {"spec": {"a": 2}}, "k")
