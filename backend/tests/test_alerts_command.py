"""`smarttrader alerts`: what is set up, and test messages by mail and to browsers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session
from typer.testing import CliRunner

from app.cli import app
from app.database import Market
from app.services.push.service import PushService
from app.settings import get_settings
from tests.conftest import copied_database, served_application
from tests.mail_server import mail_server
from tests.push_server import push_server

pytestmark = pytest.mark.integration

RUN = CliRunner()


def told(*words: str, code: int = 0) -> str:
    get_settings.cache_clear()
    answer = RUN.invoke(app, ["alerts", *words])
    assert answer.exit_code == code, answer.output
    return answer.output


@pytest.fixture
def home(postgres: str, template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with copied_database(postgres, template) as url:
        monkeypatch.setenv("SMARTTRADER_HOME", str(tmp_path / "home"))
        monkeypatch.setenv("DATABASE_URL", url)
        yield url


def turned_on(url: str, tmp_path: Path, body: dict[str, object]) -> None:
    with served_application(url, tmp_path / "home", tmp_path) as client:
        assert isinstance(client, TestClient)
        assert client.post("/api/push/subscriptions", json=body).status_code == 201


def test_with_nothing_set_up_it_says_what_to_set(home: str) -> None:
    assert "off, see SMARTTRADER_SMTP_URL" in told("status")
    assert json.loads(told("status", "--json")) == {"mail_to": None, "push": False, "browsers": []}
    assert "Neither mail nor notifications are set up" in told("test", code=1)


def test_a_test_that_the_server_was_quicker_to_send_is_told_as_sent(
    home: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMARTTRADER_PUSH_CONTACT", "me@example.com")
    monkeypatch.setenv("SMARTTRADER_PUSH_LOCAL", "true")
    write = PushService.write_test

    def then_the_server_sends_it(self: PushService, session: Session, subscription_id: int) -> int:
        message = write(self, session, subscription_id)
        self.deliver(Market.REAL)
        return message

    monkeypatch.setattr(PushService, "write_test", then_the_server_sends_it)
    with push_server() as push:
        turned_on(home, tmp_path, push.subscription())
        assert "Chromium on Linux: sent by 127.0.0.1" in told("test", "--no-mail")
        assert len(push.messages) == 1
        push.status = 403
        said = told("test", "--no-mail", code=1)
        assert "does not accept this server's key or contact address (403)" in said and "None" not in said


def test_a_test_goes_by_mail_and_to_every_browser_and_tells_what_failed(
    home: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMARTTRADER_PUSH_CONTACT", "me@example.com")
    monkeypatch.setenv("SMARTTRADER_PUSH_LOCAL", "true")
    with mail_server() as mail, push_server() as push:
        monkeypatch.setenv("SMARTTRADER_SMTP_URL", f"smtp://127.0.0.1:{mail.port}")
        monkeypatch.setenv("SMARTTRADER_MAIL_TO", "trader@example.com")
        assert "no browser was turned on" in told("test", "--no-mail")
        turned_on(home, tmp_path, push.subscription())
        said = told("test")
        assert "Mail: sent to trader@example.com" in said and "Chromium on Linux: sent by 127.0.0.1" in said
        assert len(mail.messages) == 1 and push.messages[0].note["title"] == "Notifications work"
        assert "last sent" in told("status")
        push.status = 403
        assert "does not accept this server's key or contact address (403)" in told("test", "--no-mail", code=1)
        assert "(403)" in told("status")
        push.status = 410
        told("test", "--no-mail", code=1)
        assert "no more since" in told("status")
        assert len(mail.messages) == 1
    assert "does not answer" in told("test", "--no-push", code=1)
