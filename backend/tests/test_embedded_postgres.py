"""The embedded PostgreSQL on temporary homes: real servers, real processes, really killed."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import psycopg
import pytest

from app.embedded import binaries, server
from app.embedded.server import NO_PROCESS, State
from app.embedded.tuning import MIB, server_settings
from app.embedded_postgres import (
    BinariesMissing,
    DataDirectoryDamaged,
    DataDirectoryVersion,
    DumpFailed,
    EmbeddedPostgres,
    EmbeddedPostgresError,
    HomeNotWritable,
    Lease,
    ServerDidNotStart,
    ServerNotAnswering,
    SettingsConflict,
)

BACKEND = Path(__file__).resolve().parents[1]
QUICK = {"shared_buffers": "32MB"}  # durability stays on: most of these tests are about it

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX signals")

HOLD = """
import sys
from pathlib import Path
from app.embedded_postgres import EmbeddedPostgres
with EmbeddedPostgres(Path(sys.argv[1]), settings={"shared_buffers": "32MB"}).acquire() as lease:
    print(lease.url("postgres"), flush=True)
    sys.stdin.read()
"""


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


# --- leases -----------------------------------------------------------------------------------------------------------


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


# --- after a crash ----------------------------------------------------------------------------------------------------


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


# --- what a person must put right -------------------------------------------------------------------------------------


def explained(error: EmbeddedPostgresError) -> bool:
    return all((error.what, error.why, error.do)) and error.why in str(error)


def test_files_of_another_major_version_are_refused_and_not_touched(home: Path) -> None:
    version = home / "postgres" / "data" / "PG_VERSION"
    version.write_text("14\n")
    before = sorted(p.name for p in version.parent.iterdir())
    with pytest.raises(DataDirectoryVersion, match="made by PostgreSQL 14") as caught:
        EmbeddedPostgres(home).acquire()
    assert explained(caught.value)
    assert "pg_dump" in caught.value.do
    assert sorted(p.name for p in version.parent.iterdir()) == before
    assert leases(home) == []


def test_a_folder_that_is_no_database_is_refused_and_not_touched(tmp_path: Path) -> None:
    data = tmp_path / "postgres" / "data"
    data.mkdir(parents=True)
    (data / "photo.jpg").write_bytes(b"mine")
    with pytest.raises(DataDirectoryDamaged, match="not a whole PostgreSQL data directory") as caught:
        EmbeddedPostgres(tmp_path).acquire()
    assert explained(caught.value)
    assert [p.name for p in data.iterdir()] == ["photo.jpg"]


@pytest.mark.parametrize("below", [".", "deeper/home"])
def test_a_home_that_cannot_be_made_is_refused(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(HomeNotWritable, match="file") as caught:
        EmbeddedPostgres(tmp_path / "file" / below).acquire()
    assert explained(caught.value)
    assert "SMARTTRADER_HOME" in caught.value.do


def in_private_mounts(script: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run a shell script that may mount, in namespaces that end with it; skips where they are not allowed."""
    unshare = ["unshare", "--user", "--map-root-user", "--mount"]
    if not sys.platform.startswith("linux") or subprocess.run([*unshare, "true"], check=False).returncode != 0:
        pytest.skip("user and mount namespaces are not available here")
    command = [*unshare, "sh", "-ec", script, "sh", *arguments]
    return subprocess.run(command, cwd=BACKEND, capture_output=True, text=True, check=False, timeout=120)


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


def test_a_read_only_home_is_refused(home: Path) -> None:
    ran = in_private_mounts(
        'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && "$2" -c "$3" "$1"', str(home), sys.executable, TELL
    )
    assert ran.stdout.startswith("HomeNotWritable | "), ran
    assert "Read-only file system" in ran.stdout


def test_a_full_disk_is_named_when_the_database_is_made(tmp_path: Path) -> None:
    ran = in_private_mounts(
        'mount -t tmpfs -o size=8m none "$1" && "$2" -c "$3" "$1" && ls "$1/postgres"',
        str(tmp_path),
        sys.executable,
        TELL,
    )
    assert ran.stdout.startswith("DiskFull | the disk that holds"), ran
    assert not {"data", "data.new"} & set(ran.stdout.splitlines()[1:])  # nothing half-made is left


def test_a_full_disk_is_named_when_the_server_starts_and_is_no_lasting_harm(tmp_path: Path) -> None:
    script = """
        mount -t tmpfs -o size=200m none "$1"
        "$2" -c "$3" "$1"
        dd if=/dev/zero of="$1/filler" bs=1M 2>/dev/null || true
        "$2" -c "$3" "$1"
        rm "$1/filler"
        "$2" -c "$3" "$1"
    """
    ran = in_private_mounts(script, str(tmp_path), sys.executable, TELL)
    first, second, third = ran.stdout.splitlines()
    assert (first, third) == ("started", "started"), ran
    assert second.startswith("DiskFull | the disk that holds"), ran


def test_other_settings_than_the_running_ones_are_refused(home: Path) -> None:
    with EmbeddedPostgres(home, settings=QUICK).acquire() as lease:
        with pytest.raises(SettingsConflict, match="32MB") as caught:
            EmbeddedPostgres(home).acquire()
        assert explained(caught.value)
        assert value(lease, "SELECT 1") == 1  # the running server is not disturbed


def test_no_programs_is_said_with_the_places_looked_at(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "_candidates", lambda: [Path("/nowhere/bin")])
    binaries.find_binaries.cache_clear()
    try:
        with pytest.raises(BinariesMissing, match="/nowhere/bin") as caught:
            EmbeddedPostgres(home).acquire()
        assert "DATABASE_URL" in caught.value.do
    finally:
        binaries.find_binaries.cache_clear()


def test_a_home_that_was_moved_under_a_running_server_is_not_started_twice(home: Path) -> None:
    moved = home.with_name(home.name + "-moved")
    with EmbeddedPostgres(home, settings=QUICK).acquire():
        home.rename(moved)
        try:
            with pytest.raises(ServerNotAnswering, match="is that of"):
                EmbeddedPostgres(moved, settings=QUICK).acquire()
        finally:
            moved.rename(home)


# --- where it listens -------------------------------------------------------------------------------------------------


def test_a_path_too_long_for_a_socket_gets_a_private_short_folder(pristine: Path, tmp_path: Path) -> None:
    home = tmp_path / ("long" * 20) / ("longer" * 10)
    shutil.copytree(pristine / "postgres", home / "postgres")
    with EmbeddedPostgres(home, settings=QUICK).acquire() as lease:
        folder = EmbeddedPostgres(home).server.socket_folder()
        assert folder.parent == Path(tempfile.gettempdir())
        assert folder.stat().st_mode & 0o777 == 0o700
        assert f"host={folder}&" in lease.url("postgres")
        assert value(lease, "SELECT 1") == 1
    assert not folder.exists()


def test_a_short_folder_that_others_can_enter_is_refused(pristine: Path, tmp_path: Path) -> None:
    home = tmp_path / ("long" * 20) / ("longer" * 10)
    shutil.copytree(pristine / "postgres", home / "postgres")
    folder = EmbeddedPostgres(home).server.socket_folder()
    folder.mkdir()
    folder.chmod(0o755)
    try:
        with pytest.raises(HomeNotWritable, match="should be a folder that is private"):
            EmbeddedPostgres(home).acquire()
    finally:
        folder.rmdir()


def test_over_tcp_the_password_is_needed(home: Path) -> None:
    with EmbeddedPostgres(home, settings=QUICK, transport="tcp").acquire() as lease:
        assert value(lease, "SHOW listen_addresses") == "127.0.0.1"
        assert value(lease, "SHOW unix_socket_directories") == ""
        url = lease.url("postgres").replace("+psycopg", "")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(url.replace("app:", "app:wrong"))
        with EmbeddedPostgres(home, settings=QUICK, transport="tcp").acquire() as joined:
            assert joined.url("postgres") == lease.url("postgres")


# --- as whom it runs --------------------------------------------------------------------------------------------------


def test_a_normal_user_runs_it_as_itself(tmp_path: Path) -> None:
    """Inside a namespace where we are user 1000, which PostgreSQL and our own code take for any other user."""
    if os.geteuid() != 0:
        with EmbeddedPostgres(tmp_path).acquire() as lease:
            assert value(lease, "SELECT 1") == 1
        return
    if not binaries._user_namespaces():
        pytest.skip("root without user namespaces cannot be another user with these permissions")
    code = f"import os; assert os.geteuid() == 1000\n{TELL}"
    command = ["unshare", "--user", "--map-user=1000", "--map-group=1000", sys.executable, "-c", code, str(tmp_path)]
    ran = subprocess.run(command, cwd=BACKEND, capture_output=True, text=True, check=False, timeout=60)
    assert ran.stdout == "started\n", ran


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root runs it as somebody else")
def test_root_without_namespaces_runs_it_as_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    import pwd

    nobody = pwd.getpwnam("nobody")
    program = binaries.find_binaries().program("postgres")
    try:
        subprocess.run([program, "--version"], user=nobody.pw_uid, cwd="/", check=True, capture_output=True)
    except (PermissionError, subprocess.CalledProcessError):
        pytest.skip("nobody may not enter the folder of the programs")
    home = Path(tempfile.mkdtemp(prefix="st-nobody-"))
    home.chmod(0o755)
    monkeypatch.setattr(binaries, "_user_namespaces", lambda: False)
    try:
        with EmbeddedPostgres(home).acquire() as lease:
            assert (home / "postgres" / "data").stat().st_uid == nobody.pw_uid
            assert value(lease, "SELECT 1") == 1
        # once the directory is nobody's, nobody runs it, whatever this machine now allows
        monkeypatch.undo()
        with EmbeddedPostgres(home).acquire() as lease:
            assert value(lease, "SELECT 1") == 1
    finally:
        shutil.rmtree(home)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root runs it as somebody else")
def test_root_is_told_when_that_somebody_may_not_enter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    monkeypatch.setattr(binaries, "_user_namespaces", lambda: False)
    with pytest.raises(ServerDidNotStart, match="refuses to run as root") as caught:
        EmbeddedPostgres(closed / "home").acquire()
    assert "as a normal user" in caught.value.do
    assert not (closed / "home" / "postgres" / "data").exists()


# --- databases and dumps ----------------------------------------------------------------------------------------------


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


# --- settings ---------------------------------------------------------------------------------------------------------


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
