"""Events of watched screens by web push: from the job to a push service on loopback that verifies and decrypts."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from app.commands.shared import tell_watched
from app.database import Market
from app.services.sample_market import SampleSummary
from tests.push_server import PushServer, Receiver
from tests.serving import serving
from tests.test_screen_mail import look, open_transactions, platform_of, settled, watched
from tests.web_push.asking import CONTACT, URL, browsers, database, push_jobs, retry, turn_on

pytestmark = pytest.mark.integration


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
