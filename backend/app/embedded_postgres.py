"""A PostgreSQL server that belongs to its data directory, so that nobody has to install or start one.

Every user of it - the web server, the command line, a test - holds a `Lease`: an exclusive lock on a file of its own
in `<home>/postgres/leases/`. The first one in starts the server, the last one out stops it. A lease ends with its
process, even one that was killed, because the operating system lets go of the lock; a server that a killed process
left running is adopted by the next user.

    with EmbeddedPostgres(home).acquire() as lease:
        lease.ensure_database("real")
        engine = create_engine(lease.url("real"))
"""

import atexit
import logging
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import psycopg
from psycopg import sql

from app.embedded.binaries import clean_environment, find_binaries
from app.embedded.errors import (
    NO_SPACE,
    BinariesMissing,
    DataDirectoryDamaged,
    DataDirectoryVersion,
    DiskFull,
    DumpFailed,
    EmbeddedPostgresError,
    HomeNotWritable,
    ServerDidNotStart,
    ServerNotAnswering,
    SettingsConflict,
    disk_full,
    from_os_error,
)
from app.embedded.locks import FileLock
from app.embedded.server import USER, Address, Server

__all__ = [
    "BinariesMissing",
    "DataDirectoryDamaged",
    "DataDirectoryVersion",
    "DiskFull",
    "DumpFailed",
    "EmbeddedPostgres",
    "EmbeddedPostgresError",
    "HomeNotWritable",
    "Lease",
    "ServerDidNotStart",
    "ServerNotAnswering",
    "SettingsConflict",
    "dump",
]

log = logging.getLogger(__name__)

# Whoever holds the start lock is starting or stopping the server. One who starts holds a lease and will be the one to
# stop it, so one who leaves need not wait for a long recovery.
LEAVING_SECONDS = 10.0


class EmbeddedPostgres:
    """The embedded server of one home folder; making this object starts nothing.

    Parameters
    ----------
    home : the state folder, made when absent; everything is kept in its folder `postgres`
    settings : server settings other than the usual ones, for tests; one that runs with others is a SettingsConflict
    transport : "socket" (private, no password) or "tcp" (loopback and a password); the system's own by default
    """

    def __init__(self, home: Path, settings: Mapping[str, str] | None = None, transport: str | None = None) -> None:
        transport = transport or ("tcp" if sys.platform == "win32" else "socket")
        if transport not in ("socket", "tcp"):
            raise ValueError(f"transport is {transport!r}; expected 'socket' or 'tcp'")
        self.home = Path(os.path.realpath(home))
        self.root = self.home / "postgres"
        self.leases = self.root / "leases"
        self.server = Server(self.root, settings or {}, transport)

    def acquire(self) -> "Lease":
        """Start the server, or join it where it runs. Raises EmbeddedPostgresError."""
        try:
            self.home.mkdir(parents=True, exist_ok=True)
            self.root.mkdir(mode=0o700, exist_ok=True)
            self.leases.mkdir(mode=0o700, exist_ok=True)
            with self._start_lock():
                own = FileLock(self.leases / f"{os.getpid()}-{secrets.token_hex(6)}.lock")
                if not own.try_acquire():
                    raise RuntimeError(f"{own.path} is a new name and is locked already")
                try:
                    return Lease(self, own, self.server.ensure_running())
                except BaseException:
                    _let_go(own)
                    self._stop_if_unused()
                    raise
        except OSError as error:
            raise from_os_error(error, self.root) from error

    def ensure_database(self, name: str) -> None:
        """Make the database `name` if there is none."""
        with self.acquire() as lease:
            lease.ensure_database(name)

    def _start_lock(self) -> FileLock:
        return FileLock(self.root / "start.lock")

    def _leave(self, own: FileLock) -> None:
        """Give up a lease; the last one out stops the server."""
        _let_go(own)
        lock = self._start_lock()
        until = time.monotonic() + LEAVING_SECONDS
        while not lock.try_acquire():
            if time.monotonic() > until:
                return
            time.sleep(0.02)
        try:
            self._stop_if_unused()
        finally:
            lock.release()

    def _stop_if_unused(self) -> None:
        """Under the start lock: sweep out the leases of dead processes, and stop the server when none is left."""
        in_use = False
        for path in self.leases.glob("*.lock"):
            lock = FileLock(path)
            if lock.try_acquire():
                _let_go(lock)
            else:
                in_use = True
        if not in_use:
            self.server.stop()


class Lease:
    """The right to a running server, held until `release` or until the process ends."""

    def __init__(self, postgres: EmbeddedPostgres, own: FileLock, address: Address) -> None:
        self._postgres = postgres
        self._own: FileLock | None = own
        self._address = address
        self._pid = os.getpid()
        atexit.register(self.release)

    def url(self, database: str) -> str:
        """The SQLAlchemy address of a database of this server."""
        name, host = quote(database, safe=""), self._address.host
        if self._address.password is None:
            return f"postgresql+psycopg://{USER}@/{name}?host={quote(host, safe='/')}&port={self._address.port}"
        password = quote(self._address.password, safe="")
        return f"postgresql+psycopg://{USER}:{password}@{host}:{self._address.port}/{name}"

    def ensure_running(self) -> None:
        """Bring the server back when it was killed; its own recovery restores every committed row."""
        with self._postgres._start_lock():
            self._address = self._postgres.server.ensure_running()

    def ensure_database(self, name: str) -> None:
        """Make the database `name` if there is none."""
        with self._address.connect() as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
                return
            try:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
            except (psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                log.debug("another process made the database %s at the same moment", name)
            except psycopg.errors.DiskFull as error:
                raise disk_full(self._postgres.root) from error

    def dump(self, database: str, to: Path) -> Path:
        """Write the database into the file `to`, as `dump` does."""
        return dump(self.url(database), to)

    def release(self) -> None:
        """Give the lease up; the last one out stops the server. Doing it twice is harmless."""
        own, self._own = self._own, None
        if own is None:
            return
        if os.getpid() != self._pid:
            own.release()  # a forked child only closes its copy
            return
        atexit.unregister(self.release)
        self._postgres._leave(own)

    def __enter__(self) -> "Lease":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def dump(url: str, to: Path) -> Path:
    """Write the database at `url` into `to` in PostgreSQL's custom format, for pg_restore; whole or not at all.

    Raises BinariesMissing where this PostgreSQL has no pg_dump, DiskFull, and DumpFailed with pg_dump's words.
    """
    program = find_binaries().program("pg_dump")
    if not program.is_file():
        raise BinariesMissing(
            "The database cannot be dumped", f"{program} is not there", "Run `python3 run.py setup` again"
        )
    parts = urlsplit(url)
    environment = clean_environment()
    if parts.password:
        environment["PGPASSWORD"] = unquote(parts.password)  # not on the command line, where others can read it
    query = dict(parse_qsl(parts.query))
    host, port = parts.hostname or query.get("host"), parts.port or query.get("port")
    command = [str(program), "--format=custom", "--compress=1", "--no-password"]
    command += [f"--username={unquote(parts.username)}"] if parts.username else []
    command += [f"--host={host}"] if host else []
    command += [f"--port={port}"] if port else []
    unfinished = to.with_name(to.name + ".part")
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        command += [f"--file={unfinished}", f"--dbname={unquote(parts.path.lstrip('/'))}"]
        ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if ran.returncode != 0:
            if NO_SPACE in ran.stderr.lower():
                raise disk_full(to.parent)
            why = ran.stderr.strip() or f"pg_dump ended with code {ran.returncode}"
            raise DumpFailed("The database could not be dumped", why, "Put that right and try again")
        unfinished.replace(to)
    except OSError as error:
        raise from_os_error(error, to.parent) from error
    finally:
        unfinished.unlink(missing_ok=True)
    return to


def _let_go(lock: FileLock) -> None:
    lock.release()
    lock.path.unlink(missing_ok=True)
