"""What web push keeps to itself, and what it says where it cannot work."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from pydantic import ValidationError

from app.services.push.service import OFF
from app.services.push.vapid import KEY_FILE
from app.settings import Settings
from tests.push_server import PushServer
from tests.test_screen_mail import look, platform_of, watched
from tests.web_push.asking import URL, database, turn_on

pytestmark = pytest.mark.integration


def test_without_a_contact_address_push_is_off_and_no_key_is_made(
    sample_client: TestClient, server: PushServer, tmp_path: Path
) -> None:
    watched(sample_client, 1)
    status = sample_client.get("/api/push").json()
    assert status == {"enabled": False, "reason": OFF, "public_key": None, "browsers": []}
    refused = sample_client.post(URL, json=server.subscription())
    assert (refused.status_code, refused.json()["error"]["message"]) == (409, OFF)
    assert look(sample_client)["push"]["reason"] == OFF
    assert not (tmp_path / "home" / KEY_FILE).exists()


def test_neither_keys_nor_addresses_of_browsers_are_answered_or_logged(
    pushing: TestClient, server: PushServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    watched(pushing, 1)
    turn_on(pushing, server)
    told = []
    for status in (201, 503, 403, 410):
        server.status = status
        database(pushing, "UPDATE screen_events SET pushed_at = NULL")
        told.append(json.dumps(look(pushing)))
    told += [pushing.get(path).text for path in ("/api/push", "/api/jobs", "/api/health", "/api/openapi.json")]
    told += [pushing.get(f"/api/jobs/{job['id']}").text for job in pushing.get("/api/jobs").json()["data"]]
    private = "".join((tmp_path / "home" / KEY_FILE).read_text().splitlines()[1:-1])
    everything = caplog.text + "".join(told)
    for secret in (private[:40], private[40:80], "s3cret", *server.receiver.keys.values()):
        assert secret not in everything
    assert server.messages[0].headers["Authorization"][:60] not in everything


def test_a_statement_that_fails_is_logged_without_the_keys_and_the_address_in_it(
    pushing: TestClient, server: PushServer, caplog: pytest.LogCaptureFixture
) -> None:
    database(
        pushing,
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'the disk is full'; END $$",
    )
    database(pushing, "CREATE TRIGGER full_disk BEFORE INSERT ON push_subscriptions EXECUTE FUNCTION refuse()")
    failed = pushing.post(URL, json=server.subscription())
    assert (failed.status_code, failed.json()["error"]["code"]) == (500, "DATABASE_ERROR")
    told = caplog.text + failed.text
    assert "the disk is full" in told and "INSERT INTO push_subscriptions" in told
    for secret in ("s3cret", repr(server.receiver.auth), *server.receiver.keys.values()):
        assert secret not in told


def test_what_a_request_could_not_store_is_logged_without_the_row(
    pushing: TestClient, server: PushServer, caplog: pytest.LogCaptureFixture
) -> None:
    database(pushing, "ALTER TABLE push_subscriptions ADD CONSTRAINT none CHECK (name = '')")
    caplog.set_level(logging.DEBUG)
    failed = pushing.post(URL, json=server.subscription())
    assert (failed.status_code, failed.json()["error"]["code"]) == (500, "DATABASE_ERROR")
    told = caplog.text + failed.text
    assert 'violates check constraint "none"' in told and "Failing row" not in told
    for secret in ("s3cret", repr(server.receiver.auth), server.receiver.auth.hex(), *server.receiver.keys.values()):
        assert secret not in told


def test_a_key_that_cannot_be_read_stops_neither_the_job_nor_the_events(
    pushing: TestClient, server: PushServer, tmp_path: Path
) -> None:
    watched(pushing, 1)
    turn_on(pushing, server)
    (tmp_path / "home" / KEY_FILE).write_text("s3cret")
    vars(platform_of(pushing).push).pop("_sender")  # as a server that was started again finds it
    found = look(pushing)
    assert found["events"] > 0 and KEY_FILE in found["push"]["reason"]
    failed = pushing.get("/api/push")
    assert failed.status_code == 500 and KEY_FILE in failed.json()["error"]["message"] and "s3cret" not in failed.text


@pytest.mark.parametrize(
    "value", ["me", "me@", "me@host", "a@example.com,b@example.com", "s3cret key@example.com", "<a@b.c>"]
)
def test_a_wrong_contact_address_is_told_without_its_value(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("SMARTTRADER_PUSH_CONTACT", value)
    with pytest.raises(ValidationError) as wrong:
        Settings()
    assert "SMARTTRADER_PUSH_CONTACT is one mail address" in str(wrong.value) and value not in str(wrong.value).split()
