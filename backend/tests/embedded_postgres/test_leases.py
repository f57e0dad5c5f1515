"""The first lease starts the server and the last one stops it, whoever holds them."""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from app.embedded_postgres import EmbeddedPostgres
from tests.embedded_postgres.homes import BACKEND, QUICK, leases, leave, runs, started_at, value

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX signals")


def test_the_first_lease_starts_the_server_and_the_last_one_stops_it(home: Path) -> None:
    first = EmbeddedPostgres(home, settings=QUICK).acquire()
    second = EmbeddedPostgres(home, settings=QUICK).acquire()
    assert len(leases(home)) == 2
    first.release()
    assert value(second, "SELECT 1") == 1
    second.release()
    second.release()  # twice is harmless
    assert not runs(home)
    assert leases(home) == []
    assert not (home / "postgres" / "data" / "postmaster.pid").exists()


def test_a_first_start_makes_a_private_durable_utf8_database(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "new" / "home").acquire() as lease:
        shown = {
            name: value(lease, f"SHOW {name}")
            for name in ("fsync", "synchronous_commit", "full_page_writes", "autovacuum", "jit", "listen_addresses")
        }
        assert shown == {
            "fsync": "on",
            "synchronous_commit": "on",
            "full_page_writes": "on",
            "autovacuum": "on",
            "jit": "off",
            "listen_addresses": "",
        }
        assert value(lease, "SHOW wal_level") == "replica"
        assert value(lease, "SHOW server_encoding") == "UTF8"
        assert isinstance(value(lease, "SELECT now()"), datetime)
    root = tmp_path / "new" / "home" / "postgres"
    private = [root, root / "data", root / "leases", root / "password"]
    assert [oct(p.stat().st_mode & 0o077) for p in private] == ["0o0"] * 4
    assert list((root / "log").glob("postgresql-*.log"))


def test_two_processes_share_one_server(home: Path, hold: Callable[[], "subprocess.Popen[str]"]) -> None:
    other = hold()
    with EmbeddedPostgres(home, settings=QUICK).acquire() as lease:
        began = started_at(lease)
    assert runs(home)
    with EmbeddedPostgres(home, settings=QUICK).acquire() as lease:
        assert started_at(lease) == began
    leave(other)
    assert not runs(home)


def test_many_processes_that_start_at_once_on_an_empty_home_make_one_server(tmp_path: Path) -> None:
    code = (
        "import sys, psycopg; from pathlib import Path; from app.embedded_postgres import EmbeddedPostgres\n"
        "with EmbeddedPostgres(Path(sys.argv[1])).acquire() as lease:\n"
        "    lease.ensure_database('shared')\n"
        "    with psycopg.connect(lease.url('shared').replace('+psycopg', ''), autocommit=True) as c:\n"
        "        c.execute('CREATE TABLE IF NOT EXISTS t (n int)') if sys.argv[2] == '0' else None\n"
    )
    children = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path), str(n)], cwd=BACKEND, stderr=subprocess.PIPE)
        for n in range(3)
    ]
    said = [child.communicate(timeout=60)[1] for child in children]
    assert [child.returncode for child in children] == [0, 0, 0], said
    assert not runs(tmp_path)
    assert leases(tmp_path) == []


def test_a_forked_child_cannot_give_up_its_parents_lease(home: Path) -> None:
    with EmbeddedPostgres(home, settings=QUICK).acquire() as lease:
        child = os.fork()
        if child == 0:
            lease.release()
            os._exit(0)
        os.waitpid(child, 0)
        assert len(leases(home)) == 1
        EmbeddedPostgres(home, settings=QUICK).acquire().release()
        assert value(lease, "SELECT 1") == 1
