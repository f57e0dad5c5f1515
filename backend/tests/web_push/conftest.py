"""An application that pushes, and a push service of the tests' own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.conftest import copied_database, served_application
from tests.push_server import PushServer, push_server
from tests.web_push.asking import CONTACT


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
