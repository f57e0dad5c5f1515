"""Browsers that are turned on, move and go."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.services.push.service import digest_of
from tests.push_server import PushServer, Receiver
from tests.test_screen_mail import look, watched
from tests.web_push.asking import URL, browsers, database, push_jobs, turn_on

pytestmark = pytest.mark.integration


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


def test_a_browser_of_another_key_is_not_sent_to(pushing: TestClient, server: PushServer) -> None:
    made = turn_on(pushing, server)
    assert made["other_key"] is False
    database(pushing, "UPDATE push_subscriptions SET key = 'another'")
    pushing.post(f"{URL}/{made['id']}/test")
    [job] = push_jobs(pushing)
    assert "another key" in job["result"]["reason"] and not server.messages
    assert browsers(pushing)[0]["other_key"] is True


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
