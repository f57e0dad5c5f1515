"""Events of watched screens by web push: from the job to a push service on loopback that verifies and decrypts."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import ValidationError
from sqlalchemy import text

from app.commands.shared import tell_watched
from app.database import Market
from app.services.push.service import OFF, digest_of
from app.services.push.vapid import KEY_FILE
from app.services.sample_market import SampleSummary
from app.settings import Settings
from tests.conftest import copied_database, served_application
from tests.push_server import PushServer, Receiver, push_server
from tests.serving import serving
from tests.test_screen_mail import look, open_transactions, platform_of, settled, watched

pytestmark = pytest.mark.integration

URL = "/api/push/subscriptions"
CONTACT = "me@example.com"


@pytest.fixture
def server() -> Iterator[PushServer]:
    with push_server() as server:
        yield server


@pytest.fixture
def pushing(
    postgres: str, sample_template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TestClient]:
    monkeypatch.setenv("SMARTTRADER_PUSH_CONTACT", CONTACT)
    monkeypatch.setenv("SMARTTRADER_PUSH_LOCAL", "true")
    with (
        copied_database(postgres, sample_template) as url,
        served_application(url, tmp_path / "home", tmp_path) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def refusing(postgres: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """For requests that change nothing."""
    home = tmp_path_factory.mktemp("refusing")
    with ExitStack() as stack:
        url = stack.enter_context(copied_database(postgres, template))
        with pytest.MonkeyPatch.context() as environment:  # other applications start while this one runs
            environment.setenv("SMARTTRADER_PUSH_CONTACT", CONTACT)
            environment.setenv("SMARTTRADER_PUSH_LOCAL", "true")
            client = stack.enter_context(served_application(url, home, home))
        yield client


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


def test_a_message_tells_who_came_and_who_left_and_is_sent_once(pushing: TestClient, server: PushServer) -> None:
    days = watched(pushing, 1)
    turn_on(pushing, server)
    found = look(pushing)
    events = pushing.get("/api/screener/events", params={"limit": 500}).json()["data"]
    assert found["push"] == {"taken": 1, "later": 0, "gone": 0, "refused": 0, "reason": None} and events
    [pushed] = server.messages
    counts = {
        word: sum(event["kind"] == kind for event in events)
        for kind, word in {"ENTERED": "came in", "LEFT": "left"}.items()
    }
    assert pushed.note["title"] == "Up days: " + ", ".join(f"{n} {word}" for word, n in counts.items() if n)
    for kind, word in (("ENTERED", "Came in"), ("LEFT", "Left")):
        names = sorted(event["symbol"] for event in events if event["kind"] == kind)
        assert not names or f"{word}: {', '.join(names[:8])}" in pushed.note["body"]
    day = datetime.fromisoformat(days[-1])
    assert f"{day:%a} {day.day} {day:%b %Y}" in pushed.note["body"]
    topic = f"real-screen-{events[0]['screen_id']}"
    assert pushed.headers["Topic"] == pushed.note["tag"] == topic
    assert 3 * 86_400 - 60 < int(pushed.headers["TTL"]) <= 3 * 86_400
    assert pushed.headers["Urgency"] == "normal"
    assert pushed.claims["aud"] == server.origin and pushed.claims["sub"] == f"mailto:{CONTACT}"
    assert pushed.key == pushing.get("/api/push").json()["public_key"]
    assert look(pushing)["push"]["taken"] == 0 and len(server.messages) == 1
    [browser] = browsers(pushing)
    assert browser["last_success_at"] is not None and browser["last_failure"] is None


def test_new_data_is_followed_by_a_message(
    pushing: TestClient, server: PushServer, sample_data: SampleSummary, tmp_path: Path
) -> None:
    watched(pushing, 2)
    turn_on(pushing, server)
    source = next(iter(sorted(sample_data.directory.rglob(f"sec_bhavdata_full_{sample_data.end:%d%m%Y}.csv"))))
    (tmp_path / source.name).write_bytes(source.read_bytes())
    platform = platform_of(pushing)
    job = platform.jobs.submit("import", Market.REAL, {"path": str(tmp_path / source.name)})
    assert platform.jobs.wait(job.id, 120.0).state == "SUCCEEDED"
    [followed] = [one for one in pushing.get("/api/jobs").json()["data"] if one["kind"] == "screen_watch"]
    assert platform.jobs.wait(followed["id"], 60.0).state == "SUCCEEDED"
    [pushed] = server.messages
    assert pushed.note["body"].count(" 2024\n") == 2  # both sessions are named


def test_each_browser_is_told_of_what_happens_after_it_was_turned_on(pushing: TestClient, server: PushServer) -> None:
    watched(pushing, 1)
    turn_on(pushing, server)
    assert look(pushing)["push"]["taken"] == 1
    other = Receiver()
    turn_on(pushing, server, endpoint=f"{server.origin}/other", keys=other.keys, name="Firefox")
    assert look(pushing)["push"]["taken"] == 0
    with platform_of(pushing).database.transaction(Market.REAL) as session:
        session.execute(text("UPDATE screen_events SET pushed_at = NULL"))
        session.execute(text("UPDATE push_subscriptions SET created_at = now() + interval '1 hour' WHERE id = 1"))
    assert look(pushing)["push"]["taken"] == 0  # both are younger than the events


def test_a_busy_service_is_asked_again_with_more_and_more_time_between(pushing: TestClient, server: PushServer) -> None:
    watched(pushing, 1)
    turn_on(pushing, server)
    server.status, server.answer = 503, {}
    assert look(pushing)["push"] | {"reason": None} == {"taken": 0, "later": 1, "gone": 0, "refused": 0, "reason": None}
    waits = []
    for _ in range(3):
        [[wait]] = database(
            pushing, "SELECT extract(epoch FROM due_at - now()) FROM push_messages WHERE state = 'WAITING'"
        )
        waits.append(round(float(wait) / 60))
        retry(pushing)
    assert waits == [15, 30, 60]
    [browser] = browsers(pushing)
    assert "does not work at the moment (503)" in browser["last_failure"] and browser["last_success_at"] is None
    platform_of(pushing).push.queue_due(Market.REAL, datetime.now(UTC))  # nothing is due: no job
    assert len(push_jobs(pushing)) == 3
    server.status = 201
    retry(pushing)
    assert len(server.messages) == 1
    assert int(server.messages[0].headers["TTL"]) <= 3 * 86_400


def test_a_service_that_names_a_time_is_not_asked_before(pushing: TestClient, server: PushServer) -> None:
    watched(pushing, 1)
    turn_on(pushing, server)
    server.status, server.answer = 429, {"Retry-After": "7200"}
    look(pushing)
    [[wait]] = database(pushing, "SELECT extract(epoch FROM due_at - now()) FROM push_messages")
    assert 7100 < float(wait) <= 7200
    server.answer = {"Retry-After": str(30 * 86_400)}  # beyond the message's own time: given up
    retry(pushing)
    assert database(pushing, "SELECT state FROM push_messages") == [("FAILED",)]


def test_a_browser_that_its_service_does_not_know_any_more_is_dropped_and_said(
    pushing: TestClient, server: PushServer
) -> None:
    watched(pushing, 1)
    turn_on(pushing, server)
    server.status = 410
    assert look(pushing)["push"]["gone"] == 1
    [browser] = browsers(pushing)
    assert browser["ended_at"] is not None and "(410)" in browser["last_failure"]
    assert database(pushing, "SELECT endpoint, p256dh, auth FROM push_subscriptions") == [(None, None, None)]
    refused = pushing.post(f"{URL}/{browser['id']}/test")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "CONFLICT")
    server.status = 201
    turn_on(pushing, server)  # and turned on again it is told again
    [again] = browsers(pushing)
    assert again["id"] == browser["id"] and again["ended_at"] is None
    assert pushing.delete(f"{URL}/{browser['id']}").status_code == 204
    assert browsers(pushing) == []
    assert pushing.delete(f"{URL}/{browser['id']}").status_code == 404


def test_a_browser_that_moves_while_its_old_address_answers_that_it_is_gone_stays_on(
    pushing: TestClient, server: PushServer
) -> None:
    watched(pushing, 1)
    turn_on(pushing, server)
    server.status, server.hold = 410, threading.Event()
    found: list[dict[str, Any]] = []
    sending = threading.Thread(target=lambda: found.append(look(pushing)["push"]))
    sending.start()
    until = time.monotonic() + 30
    while not server.asked:
        assert time.monotonic() < until
        time.sleep(0.02)
    old = server.subscription()["endpoint"]
    turn_on(pushing, server, endpoint=f"{server.origin}/new", replaces=old)
    server.hold.set()
    sending.join()
    assert found[0]["gone"] == 1
    [browser] = browsers(pushing)
    assert browser["ended_at"] is None and browser["last_failure"] is None
    server.status, server.hold = 201, None
    database(pushing, "UPDATE screen_events SET pushed_at = NULL")
    assert look(pushing)["push"]["taken"] == 1 and server.messages[0].path == "/new"


def test_a_newer_message_takes_the_place_of_one_that_could_not_be_sent(pushing: TestClient, server: PushServer) -> None:
    watched(pushing, 1)
    turn_on(pushing, server)
    server.status = 503
    look(pushing)
    database(pushing, "UPDATE screen_events SET pushed_at = NULL")
    look(pushing)
    assert database(pushing, "SELECT state FROM push_messages ORDER BY id") == [("REPLACED",), ("WAITING",)]


def test_a_test_message_is_sent_to_one_browser_and_its_job_tells_what_came_of_it(
    pushing: TestClient, server: PushServer
) -> None:
    first = turn_on(pushing, server)
    turn_on(pushing, server, endpoint=f"{server.origin}/other", name="Another")
    sent = pushing.post(f"{URL}/{first['id']}/test")
    assert sent.status_code == 202, sent.text
    [job] = push_jobs(pushing)
    assert job["result"] == {"taken": 1, "later": 0, "gone": 0, "refused": 0, "reason": None}
    [pushed] = server.messages
    assert pushed.path == "/push/s3cret-capability" and pushed.note["title"] == "Notifications work"
    assert pushed.headers["Urgency"] == "high"
    server.status = 403
    pushing.post(f"{URL}/{first['id']}/test")
    job = push_jobs(pushing)[0]
    assert job["result"]["refused"] == 1 and "key or contact address (403)" in job["result"]["reason"]
    assert pushing.post(f"{URL}/999/test").status_code == 404


def test_a_browser_of_another_key_is_not_sent_to(pushing: TestClient, server: PushServer) -> None:
    made = turn_on(pushing, server)
    assert made["other_key"] is False
    database(pushing, "UPDATE push_subscriptions SET key = 'another'")
    pushing.post(f"{URL}/{made['id']}/test")
    [job] = push_jobs(pushing)
    assert "another key" in job["result"]["reason"] and not server.messages
    assert browsers(pushing)[0]["other_key"] is True


def test_a_message_that_nobody_took_in_time_is_given_up(pushing: TestClient, server: PushServer) -> None:
    watched(pushing, 1)
    turn_on(pushing, server)
    server.status = 503
    look(pushing)
    database(pushing, "UPDATE push_messages SET expires_at = now()")
    server.status = 201
    retry(pushing)
    assert not server.messages
    assert "Not taken in time" in browsers(pushing)[0]["last_failure"]
    later = datetime.now(UTC) + timedelta(days=31)
    platform_of(pushing).push.queue_due(Market.REAL, later)
    assert database(pushing, "SELECT id FROM push_messages") == []


def test_turning_a_browser_on_twice_and_with_a_new_address_keeps_one(pushing: TestClient, server: PushServer) -> None:
    first = turn_on(pushing, server)
    again = turn_on(pushing, server, name="Work")
    assert (again["id"], again["name"], again["created_at"]) == (first["id"], "Work", first["created_at"])
    old = server.subscription()["endpoint"]
    moved = turn_on(pushing, server, endpoint=f"{server.origin}/new", name=None, replaces=old)
    assert {name: moved[name] for name in ("id", "name")} == {"id": first["id"], "name": "Work"}
    assert moved["created_at"] == first["created_at"]
    assert moved["digest"] == digest_of(f"{server.origin}/new")
    assert [one["id"] for one in browsers(pushing)] == [moved["id"]]


def test_there_is_an_end_to_the_number_of_browsers(pushing: TestClient, server: PushServer) -> None:
    for number in range(20):
        turn_on(pushing, server, endpoint=f"{server.origin}/{number}")
    refused = pushing.post(URL, json=server.subscription("/one-more"))
    assert refused.status_code == 409 and "20 browsers" in refused.json()["error"]["message"]
    turn_on(pushing, server, endpoint=f"{server.origin}/3")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"endpoint": "http://192.168.1.1/push"}, "endpoint"),
        ({"endpoint": "https://192.168.1.1/push"}, "endpoint"),
        ({"endpoint": "https://router/push"}, "endpoint"),
        ({"endpoint": "https://[::ffff:10.0.0.1]/push"}, "endpoint"),
        ({"endpoint": ""}, "endpoint"),
        ({"endpoint": 5}, "endpoint"),
        ({"endpoint": None}, "endpoint"),
        ({"keys": {"p256dh": "AAAA", "auth": "MDEyMzQ1Njc4OWFiY2RlZg"}}, "keys.p256dh"),
        ({"keys": {"p256dh": "A" * 87, "auth": "MDEyMzQ1Njc4OWFiY2RlZg"}}, "keys.p256dh"),
        ({"keys": Receiver().keys | {"auth": "MDEy"}}, "keys.auth"),
        ({"keys": Receiver().keys | {"auth": "MDEyMzQ1Njc4OWFiY2Rl+/"}}, "keys.auth"),
        ({"keys": Receiver().keys | {"auth": True}}, "keys.auth"),
        ({"keys": Receiver().keys | {"more": "x"}}, "keys.more"),
        ({"keys": "none"}, "keys"),
        ({"name": ""}, "name"),
        ({"name": " "}, "name"),
        ({"name": "x" * 61}, "name"),
        ({"expirationTime": None}, "expirationTime"),
    ],
)
def test_what_is_no_subscription_is_refused_by_its_field(
    refusing: TestClient, server: PushServer, change: dict[str, Any], field: str
) -> None:
    refused = refusing.post(URL, json=server.subscription() | change)
    assert refused.status_code == 422, refused.text
    error = refused.json()["error"]
    assert (error["code"], error["details"]["field"]) == ("VALIDATION_ERROR", field)
    assert browsers(refusing) == []


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


def test_the_sample_market_is_told_as_made_up_to_the_browsers_of_all_markets(
    pushing: TestClient, server: PushServer
) -> None:
    turn_on(pushing, server)
    platform = platform_of(pushing)
    platform.database.migrate(Market.SAMPLE)
    with platform.database.transaction(Market.SAMPLE) as session:
        session.execute(text("INSERT INTO saved_screens (id, name) VALUES (5, 'Mine')"))
        session.execute(
            text(
                "INSERT INTO screen_events (screen_id, number, session, symbol, kind) "
                "VALUES (5, 1, '2024-12-31', 'ARUVI', 'LEFT')"
            )
        )
    assert platform.push.tell(Market.SAMPLE)["taken"] == 1
    [pushed] = server.messages
    assert pushed.headers["Topic"] == pushed.note["tag"] == "sample-screen-5"
    assert pushed.note["title"] == "[SAMPLE] Mine: 1 left"
    assert pushed.note["body"] == "These companies and prices are made up.\nTue 31 Dec 2024\nLeft: ARUVI"
    assert browsers(pushing)[0]["last_success_at"] is not None


def test_a_command_that_brings_data_tells_of_it_as_the_server_does(
    pushing: TestClient, server: PushServer, capsys: pytest.CaptureFixture[str]
) -> None:
    watched(pushing, 1)
    turn_on(pushing, server)
    tell_watched(platform_of(pushing), Market.REAL)
    assert len(server.messages) == 1
    said = capsys.readouterr().err
    assert "Watched screens: 1" in said and "Not told" not in said
    database(pushing, "UPDATE screen_events SET pushed_at = NULL")
    server.status = 503
    tell_watched(platform_of(pushing), Market.REAL)
    assert "Not told by push: 127.0.0.1 does not work at the moment (503)" in capsys.readouterr().err


def test_two_who_send_at_once_send_a_message_once_and_no_transaction_waits_for_the_service(
    pushing: TestClient, server: PushServer
) -> None:
    watched(pushing, 1)
    turn_on(pushing, server)
    server.status = 503
    look(pushing)
    server.status, server.hold = 201, threading.Event()
    database(pushing, "UPDATE push_messages SET due_at = now()")
    push = platform_of(pushing).push
    found: list[dict[str, Any]] = []
    threads = [threading.Thread(target=lambda: found.append(push.deliver(Market.REAL))) for _ in range(3)]
    for thread in threads:
        thread.start()
    server.wait(1)
    held = settled(lambda: open_transactions(pushing))
    server.hold.set()
    for thread in threads:
        thread.join()
    assert not held
    assert sorted(one["taken"] for one in found) == [0, 0, 1]
    assert len(server.messages) == 1


def test_a_server_killed_between_sending_and_noting_it_sends_the_same_message_again(
    tmp_path: Path, server: PushServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At least once: the second has the topic and the tag of the first, so that it takes its place."""
    import httpx

    monkeypatch.setenv("SMARTTRADER_PUSH_CONTACT", CONTACT)
    monkeypatch.setenv("SMARTTRADER_PUSH_LOCAL", "true")
    home = tmp_path / "home"
    server.hold = threading.Event()
    with serving(home, tmp_path) as served:
        made = httpx.post(f"{served.url}{URL}", json=server.subscription(), trust_env=False, timeout=30)
        assert made.status_code == 201, made.text
        sent = httpx.post(f"{served.url}{URL}/{made.json()['id']}/test", trust_env=False, timeout=30)
        job_id = sent.json()["job"]["id"]
        server.wait(1)
        served.process.kill()  # the service has the message, and nobody has noted that
        served.process.wait()
    server.hold.set()
    server.hold = None
    with serving(home, tmp_path) as served:
        server.wait(2)
        for _ in range(300):
            job = httpx.get(f"{served.url}/api/jobs/{job_id}", trust_env=False, timeout=30).json()
            if job["state"] not in {"QUEUED", "RUNNING"}:
                break
            threading.Event().wait(0.1)
    assert job["state"] == "SUCCEEDED" and job["result"]["taken"] == 1
    first, second = server.messages
    assert first.note == second.note and first.note["tag"] == "test"
    assert first.headers["Topic"] == second.headers["Topic"] and first.key == second.key


def test_what_a_newer_message_replaced_while_it_was_sent_stays_replaced(
    pushing: TestClient, server: PushServer
) -> None:
    """Who writes the newer one does not wait for the service."""
    watched(pushing, 1)
    turn_on(pushing, server)
    server.status, server.hold = 503, threading.Event()
    sending = threading.Thread(target=look, args=(pushing,))
    sending.start()
    until = time.monotonic() + 30
    while not server.asked:
        assert time.monotonic() < until
        time.sleep(0.02)
    push = platform_of(pushing).push
    database(pushing, "UPDATE screen_events SET pushed_at = NULL")
    assert push.announce(Market.REAL) == 1
    server.hold.set()
    sending.join()
    assert database(pushing, "SELECT state FROM push_messages ORDER BY id") == [("REPLACED",), ("WAITING",)]
    server.status, server.hold = 201, None
    assert push.deliver(Market.REAL)["taken"] == 1


@pytest.mark.parametrize(
    "value", ["me", "me@", "me@host", "a@example.com,b@example.com", "s3cret key@example.com", "<a@b.c>"]
)
def test_a_wrong_contact_address_is_told_without_its_value(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("SMARTTRADER_PUSH_CONTACT", value)
    with pytest.raises(ValidationError) as wrong:
        Settings()
    assert "SMARTTRADER_PUSH_CONTACT is one mail address" in str(wrong.value) and value not in str(wrong.value).split()
