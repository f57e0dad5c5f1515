"""What a person has to put right is told, and nothing is touched."""

import subprocess
import sys
from pathlib import Path

import pytest

from app.embedded import binaries
from app.embedded_postgres import (
    BinariesMissing,
    DataDirectoryDamaged,
    DataDirectoryVersion,
    EmbeddedPostgres,
    EmbeddedPostgresError,
    HomeNotWritable,
    ServerNotAnswering,
    SettingsConflict,
)
from tests.embedded_postgres.homes import BACKEND, QUICK, TELL, leases, value

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX signals")


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
