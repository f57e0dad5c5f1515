"""What a command loads: one that shows bars must not wait for the compiler, the web framework or the migrations."""

from __future__ import annotations

import subprocess
import sys

import pytest

from app.settings import BACKEND_DIR

_HEAVY = {"alembic", "fastapi", "httpx", "numba", "polars", "procrastinate", "pyarrow", "rich"}


def _loaded(statements: str) -> set[str]:
    """Which of the slow packages a fresh interpreter has loaded after some statements."""
    code = f"import sys\n{statements}\nprint(*sorted(set(sys.modules) & {_HEAVY!r}))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=BACKEND_DIR)
    return set(ran.stdout.split())


@pytest.mark.parametrize("service", ["market", "members"])
def test_a_command_that_shows_bars_or_members_loads_neither_compiler_nor_web_framework_nor_frames(
    service: str,
) -> None:
    statements = (
        "import app.cli, app.schemas.market, app.schemas.members\n"
        "from app.services.platform import Platform\n"
        "from app.settings import get_settings\n"
        f"Platform(get_settings()).{service}"
    )

    assert _loaded(statements) == set()


def test_what_is_stored_is_shown_without_the_compiler() -> None:
    statements = (
        "import app.cli, app.schemas.data\n"
        "from app.services.platform import Platform\n"
        "from app.settings import get_settings\n"
        "Platform(get_settings()).data"
    )

    assert "numba" not in _loaded(statements)


def test_a_backtest_of_a_file_loads_the_compiler_and_a_reader_of_files_but_no_database() -> None:
    modules = "cli, services.backtests.shown, services.bar_files, services.proofs, services.user_strategies.running"
    statements = "\n".join(f"import app.{module}" for module in [*modules.split(", "), "engines.backtest.runner"])
    code = f"import sys\n{statements}\nprint(*sorted(set(sys.modules) & {{'psycopg', 'sqlalchemy'}}))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=BACKEND_DIR)

    assert ran.stdout.split() == []
    assert _loaded(statements) == {"numba", "polars"}


def test_the_watch_sees_a_package_that_is_loaded() -> None:
    assert _loaded("import polars") >= {"polars"}
