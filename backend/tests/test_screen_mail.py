"""Events of watched screens by mail: from the job to a server on loopback that takes the message."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import ValidationError
from sqlalchemy import text

from app.database import Market
from app.exceptions import ExternalAPIError
from app.services.jobs.context import JobContext
from app.services.mail import Mailer
from app.services.platform import Platform
from app.services.sample_market import SampleSummary
from app.settings import Settings
from tests.conftest import copied_database, served_application
from tests.mail_server import MailServer, mail_server

USER, PASSWORD = "me@home", "s3cret/and:odd"
URL = "smtp://me%40home:s3cret%2Fand%3Aodd@127.0.0.1:{port}"
pytestmark = pytest.mark.integration


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server(login=(USER, PASSWORD)) as server:
        yield server


@pytest.fixture
def mailing(
    postgres: str, sample_template: str, tmp_path: Path, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TestClient]:
    monkeypatch.setenv("SMARTTRADER_SMTP_URL", URL.format(port=server.port))
    monkeypatch.setenv("SMARTTRADER_MAIL_TO", "trader@example.com")
    with (
        copied_database(postgres, sample_template) as url,
        served_application(url, tmp_path / "home", tmp_path) as client,
    ):
        yield client


def platform_of(client: TestClient) -> Platform:
    platform: Platform = client.app.state.platform  # type: ignore[attr-defined]
    return platform


def watched(client: TestClient, back: int) -> list[str]:
    """A watched screen that was last looked at so many sessions ago; the sessions of the market."""
    body = {"name": "Up days", "question": {"q": "close > close[1]", "index": "ALL"}}
    made = client.post("/api/screener/screens", json=body).json()
    assert client.patch(f"/api/screener/screens/{made['id']}", json={"watching": True}).status_code == 200
    days: list[str] = client.get("/api/screener/history", params={"q": "close > 0"}).json()["days"]["t"]
    with platform_of(client).database.transaction(Market.REAL) as session:
        session.execute(text("UPDATE saved_screens SET watched_to = :day"), {"day": days[-1 - back]})
    return days


def look(client: TestClient) -> dict[str, Any]:
    platform = platform_of(client)
    job = platform.jobs.wait(platform.jobs.submit("screen_watch", Market.REAL, {}).id, 60.0)
    assert job.state == "SUCCEEDED", job.error
    result: dict[str, Any] = job.result
    return result


def test_one_mail_tells_who_came_and_who_left_and_is_not_sent_twice(mailing: TestClient, server: MailServer) -> None:
    days = watched(mailing, 1)
    found = look(mailing)
    events = mailing.get("/api/screener/events", params={"limit": 500}).json()
    assert events["meta"]["mail_to"] == "trader@example.com"
    assert {event["session"] for event in events["data"]} == {days[-1]}
    assert found["mail"] == {"mailed": len(events["data"]), "reason": None} and events["data"]
    [message] = server.messages
    assert server.recipients == ["trader@example.com"]
    assert message["Subject"].endswith("in Up days")
    told = message.get_content()
    for kind, word in (("ENTERED", "came in"), ("LEFT", "left")):
        names = sorted(event["symbol"] for event in events["data"] if event["kind"] == kind)
        assert not names or f"{word}: {', '.join(names)}" in told
    assert look(mailing)["mail"] == {"mailed": 0, "reason": None}
    assert len(server.messages) == 1


def test_a_server_that_refuses_fails_no_job_and_is_asked_again(mailing: TestClient, server: MailServer) -> None:
    watched(mailing, 1)
    server.refuse = f"554 no {PASSWORD}".encode()
    first = look(mailing)
    assert (
        first["mail"]["mailed"] == 0 and f"127.0.0.1:{server.port} did not take the message" in first["mail"]["reason"]
    )
    server.refuse = None
    assert look(mailing)["mail"]["mailed"] == first["events"] > 0
    assert len(server.messages) == 1


def open_transactions(client: TestClient) -> list[str]:
    """What others have begun in the database and not ended."""
    with platform_of(client).database.transaction(Market.REAL) as session:
        found = session.scalars(
            text(
                "SELECT query FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
                "AND xact_start IS NOT NULL AND backend_type = 'client backend'"
            )
        )
        return list(found)


def test_two_who_mail_at_once_mail_once_and_no_transaction_waits_for_the_server(
    mailing: TestClient, server: MailServer
) -> None:
    watched(mailing, 1)
    platform = platform_of(mailing)
    events = platform.watch.run(Market.REAL)["events"]
    server.hold = threading.Event()
    found: list[int] = []
    threads = [
        threading.Thread(target=lambda: found.append(platform.telling.run(Market.REAL)["mailed"])) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    until = time.monotonic() + 30
    while not server.messages:
        assert time.monotonic() < until
        time.sleep(0.02)
    held = settled(lambda: open_transactions(mailing))
    read = mailing.post("/api/screener/events/read", json={})  # nobody who reads them waits for the mail
    server.hold.set()
    for thread in threads:
        thread.join(60)
    assert not held and read.status_code in (200, 204)
    assert sorted(found) == [0, 0, events] and len(server.messages) == 1


def settled(ask: Callable[[], list[str]]) -> list[str]:
    """What is there each time of several: short transactions of others are not."""
    found = ask()
    for _ in range(20):
        if not found:
            break
        time.sleep(0.05)
        again = ask()
        found = [one for one in found if one in again]
    return found


def test_new_data_is_followed_by_a_look_at_the_watched_screens_and_a_mail(
    mailing: TestClient, server: MailServer, sample_data: SampleSummary, tmp_path: Path
) -> None:
    watched(mailing, 2)
    # any file that an import takes; the market's own are stored already
    source = next(iter(sorted(sample_data.directory.rglob(f"sec_bhavdata_full_{sample_data.end:%d%m%Y}.csv"))))
    (tmp_path / source.name).write_bytes(source.read_bytes())
    platform = platform_of(mailing)
    job = platform.jobs.submit("import", Market.REAL, {"path": str(tmp_path / source.name)})
    assert platform.jobs.wait(job.id, 120.0).state == "SUCCEEDED"
    jobs = mailing.get("/api/jobs").json()["data"]
    [followed] = [one for one in jobs if one["kind"] == "screen_watch"]
    assert platform.jobs.wait(followed["id"], 60.0).state == "SUCCEEDED"
    assert len(server.messages) == 1


def test_an_import_that_is_cancelled_after_some_files_is_followed_by_a_look_as_well(
    mailing: TestClient,
    server: MailServer,
    sample_data: SampleSummary,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What it stored until then stays, and may have brought a session."""
    watched(mailing, 1)
    folder = tmp_path / "files"
    lines = next(sample_data.directory.rglob("EQUITY_L.csv")).read_bytes().splitlines(keepends=True)
    for month in (9, 10, 11):  # none of them is stored yet
        (folder / f"2024-{month:02}").mkdir(parents=True)
        (folder / f"2024-{month:02}" / "EQUITY_L.csv").write_bytes(b"".join(lines[: month - 12]))
    platform = platform_of(mailing)

    def stored() -> int:
        with platform.database.transaction(Market.REAL) as session:
            return int(session.scalar(text("SELECT count(*) FROM import_files")) or 0)

    before = stored()
    monkeypatch.setattr(JobContext, "cancelled", lambda _: stored() > before)
    job = platform.jobs.wait(platform.jobs.submit("import", Market.REAL, {"path": str(folder)}).id, 120.0)
    assert job.state == "CANCELLED" and job.result["loaded"] == 1
    [followed] = [one for one in mailing.get("/api/jobs").json()["data"] if one["kind"] == "screen_watch"]
    assert platform.jobs.wait(followed["id"], 60.0).state == "SUCCEEDED"
    assert len(server.messages) == 1


def test_without_a_server_events_are_in_the_app_alone(sample_client: TestClient) -> None:
    watched(sample_client, 1)
    assert look(sample_client)["mail"] == {"mailed": 0, "reason": "No mail server is set up"}
    assert sample_client.get("/api/screener/events").json()["meta"]["mail_to"] is None


def test_what_goes_wrong_is_told_without_the_password(server: MailServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        closed = free.getsockname()[1]
    cases = {
        f"smtp://{USER.replace('@', '%40')}:wrong@127.0.0.1:{server.port}": "refuses the user name or the password",
        f"smtp+starttls://u:{PASSWORD[:6]}@127.0.0.1:{server.port}": "offers no STARTTLS",
        f"smtps://u:{PASSWORD[:6]}@127.0.0.1:{server.port}": "certificate",
        URL.format(port=closed): "does not answer",
    }
    for url, told in cases.items():
        with pytest.raises(ExternalAPIError) as refused:
            Mailer(url, "a@example.com", "b@example.com").send("Subject", "Text")
        assert told in refused.value.message
        assert "s3cret" not in refused.value.message and "wrong" not in refused.value.message
    assert "s3cret" not in caplog.text
    assert not server.messages


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("SMARTTRADER_SMTP_URL", "smtp://me:s3cret@mail.example.com", "unencrypted"),
        ("SMARTTRADER_SMTP_URL", "https://me:s3cret@mail.example.com", "smtps://"),
        ("SMARTTRADER_SMTP_URL", "smtps://me:s3cret@", "smtps://"),
        ("SMARTTRADER_MAIL_TO", "s3cret", "one address"),
        ("SMARTTRADER_MAIL_TO", "a@s3cret.com,b@example.com", "one address"),
    ],
)
def test_wrong_settings_are_told_without_their_value(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError) as wrong:
        Settings()
    assert told in str(wrong.value) and "s3cret" not in str(wrong.value)
