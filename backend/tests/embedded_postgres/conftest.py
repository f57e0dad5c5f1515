"""Homes of the embedded server, and other processes that use it."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.embedded_postgres import EmbeddedPostgres
from tests.embedded_postgres.homes import BACKEND, HOLD, QUICK


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose database was made once; tests take copies, for initdb takes most of a second."""
    home = tmp_path_factory.mktemp("pristine")
    EmbeddedPostgres(home, settings=QUICK).acquire().release()
    return home


@pytest.fixture
def home(pristine: Path) -> Iterator[Path]:
    """A home of a short path with an empty database; whatever still runs there at the end is stopped."""
    folder = Path(tempfile.mkdtemp(prefix="st-"))
    shutil.copytree(pristine / "postgres", folder / "postgres")
    yield folder
    with_no_lease = EmbeddedPostgres(folder)
    with_no_lease.server.stop()
    shutil.rmtree(folder)


@pytest.fixture
def hold(home: Path) -> Iterator[Callable[[], "subprocess.Popen[str]"]]:
    """Starts processes that hold a lease on the home until their standard input is closed."""
    started: list[subprocess.Popen[str]] = []

    def start() -> "subprocess.Popen[str]":
        child = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(home)],
            cwd=BACKEND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(child)
        assert child.stdout is not None
        assert child.stdout.readline().startswith("postgresql+psycopg://app@/postgres?host=")
        return child

    yield start
    for child in started:
        child.kill()
        child.communicate()
