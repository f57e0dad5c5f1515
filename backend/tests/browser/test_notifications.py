"""Notifications in Chromium, from the click on: permission, subscription, a message that Chromium decrypts, its worker.

Chromium's own push service is on loopback (`push_network`), and the server is led to it by the address in the database:
the rest is as it is for a user.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, BrowserType, Page, expect
from sqlalchemy import create_engine, text

from app.database import Market
from app.embedded_postgres import EmbeddedPostgres
from app.models import ScreenEvent
from app.services.push.messages import notification
from tests.browser.push_network import PushNetwork, push_network
from tests.serving import Served, serving

SHOWN = (
    "async () => (await (await navigator.serviceWorker.ready).getNotifications()).map(n => [n.title, n.body, n.tag])"
)


@pytest.fixture(scope="module")
def pushing(tmp_path_factory: pytest.TempPathFactory, import_root: Path) -> Iterator[Served]:
    """A server with push set up."""
    with ExitStack() as stack:
        with pytest.MonkeyPatch.context() as environment:  # of this server alone: others start while it runs
            environment.setenv("SMARTTRADER_PUSH_CONTACT", "me@example.com")
            environment.setenv("SMARTTRADER_PUSH_LOCAL", "true")
            served = stack.enter_context(serving(tmp_path_factory.mktemp("pushing") / "home", import_root))
        yield served


@pytest.fixture
def network(tmp_path: Path) -> Iterator[PushNetwork]:
    with push_network(tmp_path) as network:
        yield network


@contextmanager
def chromium(
    kind: BrowserType, options: dict[str, Any], profile: Path, network: PushNetwork
) -> Iterator[BrowserContext]:
    """Chromium with a profile of its own: windows that leave no trace are never notified."""
    arguments = [*options["args"], *network.switches]
    context = kind.launch_persistent_context(str(profile), **options | {"args": arguments})
    try:
        yield context
    finally:
        context.close()


@pytest.fixture
def context(
    browser_type: BrowserType, browser_type_launch_args: dict[str, Any], tmp_path: Path, network: PushNetwork
) -> Iterator[BrowserContext]:
    with chromium(browser_type, browser_type_launch_args, tmp_path / "profile", network) as context:
        yield context


def shown(page: Page, count: int, again: Callable[[], None] = lambda: None) -> list[list[str]]:
    """What notifications the worker shows, once there are as many.

    Chromium forgets a notification that is asked for while it is being put up: it is not asked at once, and what may
    be handed out twice is handed out `again`.
    """
    for _ in range(15):
        page.wait_for_timeout(1_000)
        found: list[list[str]] = page.evaluate(SHOWN)
        if len(found) == count:
            return found
        again()
    raise AssertionError(f"shown are {found}, not {count}")


def deliver(page: Page, served: Served, data: str) -> None:
    """Have the worker handed a message as by a push service, already decrypted; before it is active it gets none."""
    session = page.context.new_cdp_session(page)
    found: list[str] = []

    def seen(event: dict[str, Any]) -> None:
        found.extend(one["registrationId"] for one in event["versions"] if one["status"] == "activated")

    session.on("ServiceWorker.workerVersionUpdated", seen)
    session.send("ServiceWorker.enable")
    while not found:
        page.wait_for_timeout(50)
    registration = found[-1]
    session.send(
        "ServiceWorker.deliverPushMessage", {"origin": served.url, "registrationId": registration, "data": data}
    )


def turn_on(page: Page, served: Served, path: str = "/settings/") -> None:
    page.context.grant_permissions(["notifications"], origin=served.url)
    page.goto(served.url + path)
    page.get_by_role("button", name="Notify this browser").click()
    expect(page.get_by_text("This browser is notified", exact=True)).to_be_visible(timeout=60_000)


def test_from_the_click_to_a_notification_that_chromium_decrypted(
    context: BrowserContext,
    pushing: Served,
    network: PushNetwork,
    accessibility_faults: Callable[[Page], list[str]],
) -> None:
    page = context.pages[0]
    turn_on(page, pushing)
    expect(page.get_by_text("This browser", exact=True)).to_be_visible()
    assert accessibility_faults(page) == []
    [browser] = page.request.get(f"{pushing.url}/api/push").json()["browsers"]
    assert network.registered["sender"] == page.request.get(f"{pushing.url}/api/push").json()["public_key"]
    with EmbeddedPostgres(pushing.home).acquire() as lease:
        engine = create_engine(lease.url("smarttrader"))
        with engine.begin() as connection:
            values = {"endpoint": network.endpoint, "id": browser["id"]}
            connection.execute(text("UPDATE push_subscriptions SET endpoint = :endpoint WHERE id = :id"), values)
        engine.dispose()
    page.get_by_role("button", name="Send a test").click()
    expect(page.get_by_text("Sent: it appears once the push service passes it on.")).to_be_visible(timeout=30_000)
    [[title, body, tag]] = shown(page, 1)
    assert (title, tag) == ("Notifications work", "test") and "watched screens" in body
    assert network.claims[0]["sub"] == "mailto:me@example.com"
    # the same message again, as after a crash, takes the place of the first
    page.get_by_role("button", name="Send a test").click()
    expect(page.get_by_text("Sending …")).to_have_count(0)
    for _ in range(100):
        if len(network.claims) == 2:
            break
        page.wait_for_timeout(50)
    page.wait_for_timeout(500)
    assert len(network.claims) == 2 and len(shown(page, 1)) == 1
    # the command line reaches the same browser
    ran = pushing.run("alerts", "test")
    assert ran.returncode == 0 and "sent by" in ran.stdout, ran.stdout + ran.stderr
    # and it is turned off where it was turned on
    page.get_by_role("button", name="Turn off").click()
    expect(page.get_by_role("button", name="Notify this browser")).to_be_visible()
    assert page.request.get(f"{pushing.url}/api/push").json()["browsers"] == []


def test_the_worker_shows_one_notification_a_screen_and_opens_the_alerts_or_the_screen(
    context: BrowserContext, pushing: Served
) -> None:
    page = context.pages[0]
    turn_on(page, pushing, "/screener/alerts/")
    events = [ScreenEvent(screen_id=7, session=date(2026, 11, 27), symbol="TCS", kind="ENTERED")]
    note = notification(events, "Up days", Market.REAL)
    for _ in range(2):
        deliver(page, pushing, json.dumps(note))
    assert shown(page, 1, lambda: deliver(page, pushing, json.dumps(note))) == [
        ["Up days: 1 came in", "Fri 27 Nov 2026\nCame in: TCS", "real-screen-7"]
    ]
    other = json.dumps(note | {"tag": "real-screen-8", "title": "Down days: 1 left"})
    deliver(page, pushing, other)
    shown(page, 2, lambda: deliver(page, pushing, other))
    [worker] = context.service_workers
    # no one can click on a notification here: the worker is handed the click, and says which page it would open
    opened = worker.evaluate(
        """async () => {
          const [first] = await self.registration.getNotifications({ tag: "real-screen-7" });
          const opened = [];
          self.clients.openWindow = async (url) => opened.push(url);
          for (const action of ["screen", ""])
            self.dispatchEvent(new NotificationEvent("notificationclick", { notification: first, action }));
          for (let i = 0; i < 100 && opened.length < 1; i++) await new Promise((done) => setTimeout(done, 20));
          return opened;
        }"""
    )
    # the page of alerts is open already, and is looked at instead of opened again
    assert opened == [f"{pushing.url}/screener/?screen=7&open=1"]
    assert [tag for _, _, tag in shown(page, 1)] == ["real-screen-8"]
    page.get_by_role("button", name="Turn off").click()
    expect(page.get_by_role("button", name="Notify this browser")).to_be_visible()


def test_a_message_that_cannot_be_read_is_shown_as_that_something_happened(
    context: BrowserContext, pushing: Served
) -> None:
    page = context.pages[0]
    turn_on(page, pushing)
    deliver(page, pushing, "no JSON")
    assert shown(page, 1, lambda: deliver(page, pushing, "no JSON")) == [
        ["Something happened in the screens you watch", "", "alerts"]
    ]
    page.get_by_role("button", name="Turn off").click()
    expect(page.get_by_role("button", name="Notify this browser")).to_be_visible()


def test_a_push_service_that_refuses_is_said_and_leaves_all_as_it_was(
    context: BrowserContext, pushing: Served, network: PushNetwork
) -> None:
    network.refuse = True
    page = context.pages[0]
    page.context.grant_permissions(["notifications"], origin=pushing.url)
    page.goto(pushing.url + "/settings/")
    page.get_by_role("button", name="Notify this browser").click()
    problem = page.get_by_role("alert").filter(has_text="gave it no address")
    expect(problem).to_be_visible(timeout=60_000)
    expect(page.get_by_role("button", name="Notify this browser")).to_be_enabled()
    assert page.request.get(f"{pushing.url}/api/push").json()["browsers"] == []


def test_without_a_contact_address_the_page_says_what_to_set(page: Page, empty: Served) -> None:
    page.goto(empty.url + "/settings/")
    expect(page.get_by_text("set SMARTTRADER_PUSH_CONTACT to a mail address of yours")).to_be_visible()
    expect(page.get_by_text("There is no live feed yet, so none come during the session.")).to_be_visible()


def test_the_worker_may_talk_to_this_server_alone_and_pages_run_no_other_worker(page: Page, empty: Served) -> None:
    worker = page.request.get(f"{empty.url}/sw.js")
    assert worker.headers["content-security-policy"] == "default-src 'none'; connect-src 'self'"
    assert "javascript" in worker.headers["content-type"] and worker.headers["cache-control"] == "no-cache"
    assert "worker-src 'self'" in page.request.get(f"{empty.url}/settings/").headers["content-security-policy"]
