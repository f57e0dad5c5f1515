"""Servers and their users that are killed lose no committed row, and are found again."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from app.embedded import server
from app.embedded.server import NO_PROCESS, State
from app.embedded_postgres import EmbeddedPostgres, ServerNotAnswering
from tests.embedded_postgres.homes import QUICK, connect, leases, postmaster, runs, value

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX signals")


def test_a_server_whose_starter_was_killed_is_adopted(home: Path, hold: Callable[[], "subprocess.Popen[str]"]) -> None:
    holder = hold()
    running = postmaster(home)
    holder.kill()
    holder.communicate()
    assert runs(home)
    with EmbeddedPostgres(home, settings=QUICK).acquire() as lease:
        assert postmaster(home) == running
        assert value(lease, "SELECT 1") == 1
    assert not runs(home)
    assert leases(home) == []


def test_killing_the_server_loses_no_committed_row(home: Path) -> None:
    with EmbeddedPostgres(home, settings=QUICK).acquire() as lease:
        with connect(lease) as connection:
            connection.execute("CREATE TABLE bars (n int PRIMARY KEY)")
            connection.execute("INSERT INTO bars SELECT generate_series(1, 1000)")
            connection.execute("CHECKPOINT")
            connection.execute("INSERT INTO bars SELECT generate_series(1001, 1500)")
        unfinished = connect(lease)
        unfinished.autocommit = False
        unfinished.execute("INSERT INTO bars VALUES (9999)")
        os.kill(postmaster(home), signal.SIGKILL)
        lease.ensure_running()
        assert value(lease, "SELECT count(*) FROM bars") == 1500
        unfinished.close()


def test_killing_the_server_and_its_only_user_loses_no_committed_row(
    home: Path, hold: Callable[[], "subprocess.Popen[str]"]
) -> None:
    holder = hold()
    with EmbeddedPostgres(home, settings=QUICK).acquire() as lease, connect(lease) as connection:
        connection.execute("CREATE TABLE bars AS SELECT generate_series(1, 700) AS n")
    killed = postmaster(home)
    os.kill(killed, signal.SIGKILL)
    holder.kill()
    holder.communicate()
    with EmbeddedPostgres(home, settings=QUICK).acquire() as lease:
        assert postmaster(home) != killed
        assert value(lease, "SELECT count(*) FROM bars") == 700


def test_a_left_over_process_number_that_somebody_else_has_now_is_not_taken_for_the_server(home: Path) -> None:
    bystander = subprocess.Popen(["sleep", "60"])
    try:
        data = home / "postgres" / "data"
        left = [
            str(bystander.pid),
            str(data),
            "1700000000",
            "5432",
            str(home / "postgres" / "socket"),
            "",
            "0 0",
            "ready",
        ]
        (data / "postmaster.pid").write_text("\n".join(left) + "\n")
        (home / "postgres" / "socket" / ".s.PGSQL.5432.lock").write_text("\n".join(left) + "\n")
        with EmbeddedPostgres(home, settings=QUICK).acquire() as lease:
            assert value(lease, "SELECT 1") == 1
            assert postmaster(home) not in (bystander.pid, NO_PROCESS)
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_a_server_that_is_stopping_is_waited_for_and_replaced(home: Path) -> None:
    with EmbeddedPostgres(home, settings=QUICK).acquire() as lease:
        first = postmaster(home)
        os.kill(first, signal.SIGINT)
        lease.ensure_running()
        assert postmaster(home) != first
        assert value(lease, "SELECT 1") == 1


def test_what_an_interrupted_initdb_left_is_swept_away(tmp_path: Path) -> None:
    half = tmp_path / "postgres" / "data.new" / "base"
    half.mkdir(parents=True)
    (half / "1").write_text("half")
    with EmbeddedPostgres(tmp_path).acquire() as lease:
        assert value(lease, "SELECT 1") == 1
    assert not (tmp_path / "postgres" / "data.new").exists()


def test_a_long_recovery_is_waited_for(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # a server that says "starting up" through an hour of the clock, then is ready
    cluster = EmbeddedPostgres(home, settings=QUICK).server
    ready = server.Address("/there", 5432)
    answers = iter([(State.WAIT, ready, "the database system is starting up")] * 120 + [(State.READY, ready, "")])
    clock = iter(range(0, 100_000, 30))
    monkeypatch.setattr(cluster, "probe", lambda: next(answers))
    monkeypatch.setattr(server.time, "monotonic", lambda: float(next(clock)))
    monkeypatch.setattr(server.time, "sleep", lambda seconds: None)
    assert cluster.ensure_running() == ready


def test_a_server_that_listens_and_never_answers_is_an_error_and_not_a_wait_for_ever(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = EmbeddedPostgres(home, settings=QUICK).server
    clock = iter(range(0, 100_000, 7))
    monkeypatch.setattr(cluster, "probe", lambda: (State.SILENT, None, "connection timeout expired"))
    monkeypatch.setattr(server.time, "monotonic", lambda: float(next(clock)))
    monkeypatch.setattr(server.time, "sleep", lambda seconds: None)
    with pytest.raises(ServerNotAnswering, match="timeout expired"):
        cluster.ensure_running()
