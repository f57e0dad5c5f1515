"""Databases, dumps and settings of the embedded server."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.embedded import binaries
from app.embedded.tuning import MIB, server_settings
from app.embedded_postgres import DumpFailed, EmbeddedPostgres
from tests.embedded_postgres.homes import QUICK, connect, value

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX signals")


def test_a_database_is_made_once_even_when_several_ask_at_once(home: Path) -> None:
    with EmbeddedPostgres(home, settings=QUICK).acquire() as lease:
        together = threading.Barrier(4)

        def ask(_: int) -> None:
            together.wait()
            lease.ensure_database("real market")

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(ask, range(4)))
        assert value(lease, "SELECT current_database()", "real market") == "real market"


def test_a_dump_restores_to_the_same_rows(home: Path, tmp_path: Path) -> None:
    with EmbeddedPostgres(home, settings=QUICK).acquire() as lease:
        lease.ensure_database("real")
        with connect(lease, "real") as connection:
            connection.execute("CREATE TABLE bars AS SELECT n, sqrt(n) AS close FROM generate_series(1, 500) AS n")
        file = lease.dump("real", tmp_path / "dumps" / "before.dump")
        assert [p.name for p in file.parent.iterdir()] == ["before.dump"]
        lease.ensure_database("restored")
        restore = binaries.find_binaries().program("pg_restore")
        url = lease.url("restored").replace("+psycopg", "")
        subprocess.run([restore, "--exit-on-error", f"--dbname={url}", file], check=True)
        total = "SELECT md5(string_agg(bars::text, ',' ORDER BY n)) FROM bars"
        assert value(lease, total, "restored") == value(lease, total, "real")


def test_a_dump_that_fails_says_why_and_leaves_no_file(home: Path, tmp_path: Path) -> None:
    lease = EmbeddedPostgres(home, settings=QUICK).acquire()
    with lease, pytest.raises(DumpFailed, match='database "absent" does not exist'):
        lease.dump("absent", tmp_path / "x.dump")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("memory", "buffers"),
    [(256 * MIB, "64MB"), (2048 * MIB, "256MB"), (24_000 * MIB, "1024MB"), (512_000 * MIB, "1024MB")],
)
def test_shared_buffers_are_an_eighth_of_memory_within_bounds(memory: int, buffers: str) -> None:
    assert server_settings(memory, Path("/log"))["shared_buffers"] == buffers


def test_a_setting_with_a_quote_and_a_backslash_reaches_the_server_whole(home: Path) -> None:
    odd = QUICK | {"cluster_name": "it's a \\ name"}
    with EmbeddedPostgres(home, settings=odd).acquire() as lease:
        assert value(lease, "SHOW cluster_name") == "it's a \\ name"
