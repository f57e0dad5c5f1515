"""An upload of which nothing could be stored."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from fastapi.testclient import TestClient


@pytest.mark.integration
def test_a_job_whose_files_were_all_refused_has_failed_and_names_them_as_they_were_sent(
    client: TestClient, tmp_path: Path
) -> None:
    files = [("files", (f"mine/{n}.csv", b"<html>", "text/csv")) for n in range(2)]
    job_id = client.post("/api/data/import", files=files).json()["job"]["id"]
    client.app.state.platform.jobs.wait(uuid.UUID(job_id), 60.0)  # type: ignore[attr-defined]
    job = client.get(f"/api/jobs/{job_id}").json()
    assert (job["state"], job["error"]["code"]) == ("FAILED", "VALIDATION_ERROR")
    assert [refused["name"] for refused in job["result"]["refused"]] == ["mine/0.csv", "mine/1.csv"]
    assert str(tmp_path) not in str(job)
