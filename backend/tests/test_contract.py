"""Every operation answers what its contract says, whatever is sent: generated requests against the real application."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from app.main import create_app
from app.settings import Settings

pytestmark = pytest.mark.integration

CONTRACT = Path(__file__).resolve().parents[2] / "frontend" / "openapi.json"
CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)


@pytest.fixture(scope="module")
def served(postgres: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the application is served, on a database of its own, for the whole module."""
    name = "test_contract"
    admin = create_engine(postgres, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy"))
    admin.dispose()
    home: Path = tmp_path_factory.mktemp("contract")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SMARTTRADER_HOME", str(home))
        patch.setenv("DATABASE_URL", make_url(postgres).set(database=name).render_as_string(hide_password=False))
        patch.setenv("SMARTTRADER_IMPORT_ROOTS", str(home / "inbox"))
        server = uvicorn.Server(uvicorn.Config(create_app(Settings()), port=0, log_level="error"))
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            until = time.monotonic() + 60
            while not server.started:
                assert thread.is_alive() and time.monotonic() < until, "the server did not start"
                time.sleep(0.05)
            yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(30)


LEFT_OUT = {"data:sample", "data:import"}  # each call of the first is seconds of work; the second has its own tests
OPERATIONS = [
    operation["operationId"]
    for path in json.loads(CONTRACT.read_text())["paths"].values()
    for operation in path.values()
    if operation["operationId"] not in LEFT_OUT
]


@pytest.mark.parametrize("operation_id", OPERATIONS)
def test_the_answer_keeps_the_contract(served: str, operation_id: str) -> None:
    schema = schemathesis.openapi.from_url(f"{served}/api/openapi.json")
    operation = schema.find_operation_by_id(operation_id)

    @settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
    @given(case=operation.as_strategy())
    def holds(case: schemathesis.Case) -> None:
        case.call_and_validate(checks=CHECKS)

    holds()


def test_no_two_answers_share_a_name() -> None:
    """The interface's types go by it: of two of one name neither keeps it."""
    names = json.loads(CONTRACT.read_text())["components"]["schemas"]
    assert [name for name in names if "__" in name] == []
