"""What a server does beside its requests when it starts, and ends with."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path

import pytest

from app.services.platform import Platform
from tests.conftest import served_application

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("ends", [True, False], ids=["ends", "goes on"])
def test_warming_up_that_fails_is_told_unless_the_server_ends_under_it(
    ends: bool, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    let_go = threading.Event()
    began = threading.Event()

    def warm(_: Platform) -> None:
        began.set()
        assert let_go.wait(30)
        raise RuntimeError("the connection went away")

    monkeypatch.setattr(Platform, "warm", warm)
    with served_application(database_url, tmp_path / "home", tmp_path):
        assert began.wait(30)
        if not ends:
            let_go.set()
            told(caplog, "warming up failed")
    let_go.set()
    told(caplog, "warming up ended" if ends else "warming up failed")
    assert ("warming up failed" in caplog.text) is not ends


def told(caplog: pytest.LogCaptureFixture, words: str) -> None:
    until = time.monotonic() + 30
    while words not in caplog.text:
        assert time.monotonic() < until
        time.sleep(0.02)
