"""`smarttrader serve` that cannot start says why in one sentence."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from .serving import command


def environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    return kept | {"SMARTTRADER_HOME": str(home)}


def said(home: Path, *arguments: str) -> str:
    """What the command says when it ends with 1."""
    ran = command(environment(home), "serve", *arguments)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "Traceback" not in ran.stderr
    assert len(ran.stderr.strip().splitlines()) == 1, ran.stderr
    return ran.stderr


def test_a_home_that_is_a_file_is_named(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.write_text("a file")
    assert f"{home} cannot be the home of SmartTrader: File exists" in said(home)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_home_that_may_not_be_written_is_named(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o500)
    assert "cannot be the home of SmartTrader: Permission denied" in said(home)


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert f"Port {port} of 127.0.0.1 cannot be had: Address already in use" in said(
            tmp_path / "home", "--port", str(port)
        )


def test_a_level_that_is_none_is_named(tmp_path: Path) -> None:
    assert "--log-level loud is none: choose debug" in said(tmp_path / "home", "--log-level", "loud")
