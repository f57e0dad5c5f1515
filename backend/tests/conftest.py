"""Fixtures: a real PostgreSQL, migrated; the evidence folder; a client on the application.

The embedded server runs with durability off in a temporary home. Each test that writes gets a transaction that is
rolled back, or a database of its own copied from a migrated template.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient
from hypothesis import settings as hypothesis_settings
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from app.embedded_postgres import EmbeddedPostgres
from app.schema import upgrade
from app.services.importing.run import import_paths
from app.services.sample_market import SampleSummary, generate_small
from app.settings import Settings, get_settings

REPOSITORY = Path(__file__).resolve().parents[2]
EVIDENCE = Path(os.environ.get("SMARTTRADER_EVIDENCE") or REPOSITORY.parent / "shared")

# what an example takes says nothing of what it shows: the first one of a process may load the compiled kernels
hypothesis_settings.register_profile("untimed", deadline=None)
hypothesis_settings.load_profile("untimed")

_TEST_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "128MB"}


@pytest.fixture(autouse=True)
def _home_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test works on the home of whoever runs it, nor on settings that another test has read."""
    get_settings.cache_clear()
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SMARTTRADER_HOME", str(tmp_path_factory.getbasetemp() / "home"))
        yield
    get_settings.cache_clear()


@pytest.fixture(scope="session")
def evidence() -> Path:
    """The folder of real market files and golden numbers; the test skips, saying so, where it is absent."""
    if not (EVIDENCE / "golden").is_dir():
        pytest.skip(f"evidence: no folder {EVIDENCE} (set SMARTTRADER_EVIDENCE)")
    return EVIDENCE


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a test server's maintenance database."""
    home = tmp_path_factory.mktemp("postgres")
    with EmbeddedPostgres(home, settings=_TEST_SETTINGS).acquire() as lease:
        yield lease.url("postgres")


@pytest.fixture(scope="session")
def template(postgres: str) -> str:
    """The name of a migrated database that others are copied from."""
    name = "template_migrated"
    admin = create_engine(postgres, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine = create_engine(make_url(postgres).set(database=name))
    upgrade(engine)
    engine.dispose()
    admin.dispose()
    return name


@contextmanager
def copied_database(postgres: str, template: str) -> Iterator[str]:
    """The URL of a copy of a database, dropped at the end."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    admin = create_engine(postgres, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy"))
    yield make_url(postgres).set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        for database in (name, f"{name}_sample"):
            connection.execute(text(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture
def database_url(postgres: str, template: str) -> Iterator[str]:
    """The URL of a migrated database that only this test uses."""
    with copied_database(postgres, template) as url:
        yield url


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine on the test's own database."""
    engine = create_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def shared_engine(postgres: str, template: str) -> Iterator[Engine]:
    """An engine on one migrated database for tests that roll back."""
    name = "test_shared"
    admin = create_engine(postgres, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy"))
    admin.dispose()
    engine = create_engine(make_url(postgres).set(database=name))
    yield engine
    engine.dispose()


@pytest.fixture
def db_connection(shared_engine: Engine) -> Iterator[Connection]:
    """A connection whose transaction is rolled back after the test."""
    with shared_engine.connect() as connection:
        transaction = connection.begin()
        yield connection
        transaction.rollback()


@pytest.fixture
def db_session(db_connection: Connection) -> Iterator[Session]:
    """A session inside that transaction: a commit in the code under test is a savepoint."""
    with Session(db_connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as session:
        yield session


@pytest.fixture(scope="session")
def sample_data(tmp_path_factory: pytest.TempPathFactory) -> SampleSummary:
    """A small fictional market as exchange files: ten stocks over 2024; `directory` is the folder."""
    return generate_small(tmp_path_factory.mktemp("sample") / "market")


@pytest.fixture(scope="session")
def sample_template(postgres: str, template: str, sample_data: SampleSummary) -> str:
    """The name of a database that holds the small market."""
    name = "template_sample"
    admin = create_engine(postgres, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy"))
    engine = create_engine(make_url(postgres).set(database=name))
    summary = import_paths(
        engine,
        [sample_data.directory],
        progress=lambda _fraction, _message: None,
        cancelled=lambda: False,
        strict_paths=True,
    )
    assert summary.exit_code == 0, summary.lines()
    engine.dispose()
    admin.dispose()
    return name


@contextmanager
def served_application(database_url: str, home: Path, import_root: Path) -> Iterator[TestClient]:
    """A client on the whole application, its worker running."""
    from app.main import create_app

    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SMARTTRADER_HOME", str(home))
        environment.setenv("DATABASE_URL", database_url)
        environment.setenv("SMARTTRADER_IMPORT_ROOTS", str(import_root))
        environment.setenv("SMARTTRADER_RATE_LIMIT", "false")  # tests ask faster than people
        with TestClient(create_app(Settings()), base_url="http://127.0.0.1:8000") as client:
            client.event_hooks = {"request": [_patient]}
            yield client


def _patient(request: httpx.Request) -> None:
    """Wait for a run as long as the server lets one, unless the test says how long: a busy machine is no fault."""
    if request.url.path.endswith(("/backtest", "/verify", "/history")) and "wait" not in request.url.params:
        request.url = request.url.copy_merge_params({"wait": "120"})


@pytest.fixture
def settings(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of a fresh home on the test's own database; files may be imported from the test's folder."""
    monkeypatch.setenv("SMARTTRADER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("SMARTTRADER_IMPORT_ROOTS", str(tmp_path))
    return Settings()


@pytest.fixture
def client(database_url: str, tmp_path: Path) -> Iterator[TestClient]:
    """A client on the application with an empty database of the test's own."""
    with served_application(database_url, tmp_path / "home", tmp_path) as client:
        yield client


@pytest.fixture
def sample_client(postgres: str, sample_template: str, tmp_path: Path) -> Iterator[TestClient]:
    """A client on the application with the small market as its real one, in a database of the test's own."""
    with (
        copied_database(postgres, sample_template) as url,
        served_application(url, tmp_path / "home", tmp_path) as client,
    ):
        yield client


@pytest.fixture(scope="session")
def shared_client(postgres: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A client on an empty database, for tests that change nothing others would see."""
    home = tmp_path_factory.mktemp("shared")
    with copied_database(postgres, template) as url, served_application(url, home, home / "inbox") as client:
        yield client


@pytest.fixture(scope="session")
def shared_sample(
    postgres: str, sample_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TestClient]:
    """A client on the small market, for tests that change nothing others would see."""
    home = tmp_path_factory.mktemp("shared_sample")
    with copied_database(postgres, sample_template) as url, served_application(url, home, home / "inbox") as client:
        yield client


@pytest.fixture
def sample_portfolio_data() -> dict[str, object]:
    """A portfolio of two stocks of the small market, as a request gives it."""
    return {
        "name": "Retirement",
        "description": "Two companies",
        "positions": [
            {"symbol": "LUMBRA", "quantity": 40, "entry_price": 120.5},
            {"symbol": "ARUVI", "quantity": 15, "entry_price": "1010.25", "entry_date": "2024-03-04"},
        ],
    }
