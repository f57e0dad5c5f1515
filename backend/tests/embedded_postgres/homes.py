"""What the tests of the embedded server ask of a home and of a server at work."""

import subprocess
from pathlib import Path

import psycopg

from app.embedded.server import State
from app.embedded_postgres import EmbeddedPostgres, Lease

BACKEND = Path(__file__).resolve().parents[2]
QUICK = {"shared_buffers": "32MB"}  # durability stays on: most of these tests are about it


HOLD = """
import sys
from pathlib import Path
from app.embedded_postgres import EmbeddedPostgres
with EmbeddedPostgres(Path(sys.argv[1]), settings={"shared_buffers": "32MB"}).acquire() as lease:
    print(lease.url("postgres"), flush=True)
    sys.stdin.read()
"""

TELL = """
import sys
from pathlib import Path
from app.embedded_postgres import EmbeddedPostgres, EmbeddedPostgresError
try:
    with EmbeddedPostgres(Path(sys.argv[1])).acquire() as lease:
        print("started")
except EmbeddedPostgresError as error:
    print(type(error).__name__, "|", error.why, "|", error.do)
"""


def leave(child: "subprocess.Popen[str]") -> None:
    child.communicate(timeout=30)
    assert child.returncode == 0


def connect(lease: Lease, database: str = "postgres") -> "psycopg.Connection[tuple[object, ...]]":
    return psycopg.connect(lease.url(database).replace("+psycopg", ""), autocommit=True)


def value(lease: Lease, query: str, database: str = "postgres") -> object:
    with connect(lease, database) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


def started_at(lease: Lease) -> object:
    return value(lease, "SELECT pg_postmaster_start_time()")


def postmaster(home: Path) -> int:
    return int((home / "postgres" / "data" / "postmaster.pid").read_text().splitlines()[0])


def runs(home: Path) -> bool:
    return EmbeddedPostgres(home).server.probe()[0] is not State.ABSENT


def leases(home: Path) -> list[str]:
    return sorted(p.name for p in (home / "postgres" / "leases").iterdir())
