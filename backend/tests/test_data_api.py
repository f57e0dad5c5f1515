"""Data over HTTP: import by path and by upload, findings, status, and the two markets."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from app.services.sample_market import SampleSummary

pytestmark = pytest.mark.integration

PATIENCE_SECONDS = 60.0


def finished(client: TestClient, response: Any) -> dict[str, Any]:
    """The job of an accepted request, once it has ended."""
    assert response.status_code == 202, response.text
    job_id = response.json()["job"]["id"]
    assert response.headers["location"] == f"/api/jobs/{job_id}"
    platform = client.app.state.platform  # type: ignore[attr-defined]
    import uuid

    platform.jobs.wait(uuid.UUID(job_id), PATIENCE_SECONDS)
    job: dict[str, Any] = client.get(f"/api/jobs/{job_id}").json()
    assert job["state"] in {"SUCCEEDED", "FAILED", "CANCELLED"}, job
    return job


def first_days(sample: SampleSummary, count: int) -> list[Path]:
    return sorted(sample.directory.rglob("cm*JAN2024bhav.csv.zip"))[:count]


def test_a_folder_is_imported_by_its_path_and_then_screened(
    client: TestClient, sample_data: SampleSummary, tmp_path: Path
) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    for path in first_days(sample_data, 3):
        (folder / path.name).write_bytes(path.read_bytes())
    job = finished(client, client.post("/api/data/import", json={"path": str(folder)}))
    assert (job["state"], job["result"]["loaded"]) == ("SUCCEEDED", 3)
    assert client.get("/api/screener/").json()["meta"]["total"] > 5
    status = client.get("/api/data/status").json()
    assert (status["files"], status["rows"]) == (3, job["result"]["rows"])
    assert [(year["year"], year["sessions"]) for year in status["years"]] == [(2024, 3)]
    again = finished(client, client.post("/api/data/import", json={"path": str(folder)}))
    assert (again["result"]["loaded"], again["result"]["already_known"]) == (0, 3)
    assert client.get("/api/data/status").json()["snapshot"] == status["snapshot"]


def test_uploaded_files_are_imported_and_the_copies_removed(
    client: TestClient, sample_data: SampleSummary, tmp_path: Path
) -> None:
    files = [
        ("files", (f"folder/../../{path.name}", path.read_bytes(), "application/zip"))
        for path in first_days(sample_data, 2)
    ]
    job = finished(client, client.post("/api/data/import", files=files))
    assert (job["state"], job["result"]["loaded"]) == ("SUCCEEDED", 2)
    uploads = tmp_path / "home" / "uploads"
    assert list(uploads.iterdir()) == []
    assert not list(tmp_path.glob("cm*.zip"))  # nothing climbed out of the upload's folder


def test_two_uploaded_files_of_one_name_are_two_files(client: TestClient, sample_data: SampleSummary) -> None:
    files = [("files", ("same.csv.zip", path.read_bytes(), "application/zip")) for path in first_days(sample_data, 2)]
    job = finished(client, client.post("/api/data/import", files=files))
    assert (job["state"], job["result"]["loaded"]) == ("SUCCEEDED", 2)


def test_an_upload_sent_twice_with_one_key_is_one_job_and_leaves_no_files(
    client: TestClient, sample_data: SampleSummary, tmp_path: Path
) -> None:
    first, second = (("files", (path.name, path.read_bytes())) for path in first_days(sample_data, 2))
    uploads = tmp_path / "home" / "uploads"

    def send(*files: tuple[str, tuple[str, bytes]]) -> httpx.Response:
        return client.post("/api/data/import", files=list(files), headers={"Idempotency-Key": "once"})

    asked = send(first)
    again = send(first)
    assert again.status_code == 202 and again.json()["job"]["id"] == asked.json()["job"]["id"]
    finished(client, asked)
    assert send(first).json()["job"]["id"] == asked.json()["job"]["id"]
    for other in ([second], [first, second], [("files", ("another.zip", first[1][1]))]):
        assert send(*other).json()["error"]["code"] == "CONFLICT"
    assert list(uploads.iterdir()) == []


def test_a_file_that_is_cut_short_is_refused_whole_and_named(
    client: TestClient, sample_data: SampleSummary, tmp_path: Path
) -> None:
    good, bad = first_days(sample_data, 2)
    with zipfile.ZipFile(io.BytesIO(bad.read_bytes())) as archive:
        name = archive.namelist()[0]
        content = archive.read(name)
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / good.name).write_bytes(good.read_bytes())
    (folder / name).write_bytes(content[: len(content) // 2])
    job = finished(client, client.post("/api/data/import", json={"path": str(folder)}))
    assert job["result"]["loaded"] == 1
    assert [refused["name"].endswith(name) for refused in job["result"]["refused"]] == [True]
    findings = client.get("/api/data/findings", params={"severity": "refused"}).json()
    assert findings["meta"]["total"] == 1
    assert findings["data"][0]["line"] is not None
    assert client.get("/api/data/status").json()["years"][0]["sessions"] == 1


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("{outside}", 403, "FORBIDDEN"),
        ("{root}/link", 403, "FORBIDDEN"),
        ("{root}/../{outside_name}", 403, "FORBIDDEN"),
        ("files", 422, "VALIDATION_ERROR"),
        ("{root}/none", 422, "VALIDATION_ERROR"),
        ("", 422, "VALIDATION_ERROR"),
    ],
)
def test_only_folders_under_the_import_roots_can_be_named(
    client: TestClient, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, path: str, status: int, code: str
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (tmp_path / "link").symlink_to(outside)
    asked = path.format(root=tmp_path, outside=outside, outside_name=outside.name)
    response = client.post("/api/data/import", json={"path": asked})
    assert (response.status_code, response.json()["error"]["code"]) == (status, code), response.text
    assert client.get("/api/jobs").json()["meta"]["total"] == 0


def test_the_sample_is_a_market_of_its_own_and_one_switches_between_them(
    client: TestClient, sample_data: SampleSummary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.services import sample_market

    assert client.put("/api/data/market", json={"market": "sample"}).status_code == 409
    before = client.get("/api/data/market").json()
    assert before == {"market": "real", "real_ready": False, "sample_ready": False}
    # the small market in place of the large one: the way is the same, and takes a tenth of the time
    whole = sample_market.generate
    small = {"start": date(2024, 1, 1), "end": date(2024, 12, 31), "stocks": 10, "daily_from": None}
    monkeypatch.setattr(sample_market, "generate", partial(whole, **small))
    assert finished(client, client.post("/api/data/sample"))["state"] == "SUCCEEDED"
    shown = client.get("/api/data/market").json()
    assert shown == {"market": "sample", "real_ready": False, "sample_ready": True}
    assert client.get("/api/health").json()["market"] == "sample"
    assert client.get("/api/screener/").json()["meta"]["total"] > 5
    assert client.post("/api/data/import", json={"path": str(tmp_path)}).status_code == 422
    assert client.put("/api/data/market", json={"market": "real"}).json()["market"] == "real"
    assert client.get("/api/screener/").status_code == 400  # nothing of the sample got into the real market
    assert client.get("/api/data/status").json()["rows"] == 0


def test_an_import_asked_for_twice_with_one_key_is_one_job(client: TestClient, tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    key = {"Idempotency-Key": "once"}
    ids = {
        client.post("/api/data/import", json={"path": str(tmp_path / "files")}, headers=key).json()["job"]["id"]
        for _ in range(2)
    }
    assert len(ids) == 1
