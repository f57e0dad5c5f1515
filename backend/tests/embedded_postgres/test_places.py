"""Where the embedded server listens, and as whom it runs."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
import pytest

from app.embedded import binaries
from app.embedded_postgres import EmbeddedPostgres, HomeNotWritable, ServerDidNotStart
from tests.embedded_postgres.homes import BACKEND, QUICK, TELL, value

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX signals")


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
