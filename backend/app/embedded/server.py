"""One PostgreSQL server on one data directory: made, started, adopted, recovered, stopped.

Whether a server runs is judged by a successful connection to it and by the data directory it names, never by a
process number: numbers are used again, and a killed server leaves its own behind in `postmaster.pid`.

Every function that changes something is called under the cluster's start lock (see `app.embedded_postgres`).
"""

import contextlib
import enum
import hashlib
import json
import logging
import os
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg

from app.embedded import tuning
from app.embedded.binaries import Identity, clean_environment, find_binaries, identity_for
from app.embedded.errors import (
    NO_SPACE,
    DataDirectoryDamaged,
    DataDirectoryVersion,
    EmbeddedPostgresError,
    HomeNotWritable,
    ServerDidNotStart,
    ServerNotAnswering,
    SettingsConflict,
    disk_full,
)

log = logging.getLogger(__name__)

USER = "app"
SOCKET_PORT = 5432
LONGEST_SOCKET_PATH = 100  # bytes; systems allow 103 to 107
SILENT_SECONDS = 30.0  # how long a server may leave us without any answer
ORPHANS_SECONDS = 120.0  # how long the children of a killed postmaster may hold its memory
POLL_SECONDS = 0.02

# A process number above every system's limit: in postmaster.pid it stands for "the server that wrote this is gone".
NO_PROCESS = 2_147_483_646

_started: list[subprocess.Popen[bytes]] = []  # kept so that an ended child of ours is reaped, not a zombie


class State(enum.Enum):
    """What a connection attempt found."""

    READY = "accepts connections"
    WAIT = "is starting, recovering or stopping"
    ABSENT = "nobody listens"
    SILENT = "listens, but gives no usable answer"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens: a socket directory, or the loopback address with a password."""

    host: str
    port: int
    password: str | None = None

    def connect(self, database: str = "postgres", timeout: int = 5) -> "psycopg.Connection[tuple[object, ...]]":
        return psycopg.connect(
            host=self.host,
            port=self.port,
            user=USER,
            password=self.password,
            dbname=database,
            connect_timeout=timeout,
            autocommit=True,
            application_name="smarttrader launcher",
        )


class Server:
    """The server of `root/data`; `root` also holds its log, its socket directory and its password."""

    def __init__(self, root: Path, overrides: Mapping[str, str], transport: str) -> None:
        self.root = root
        self.data = root / "data"
        self.log_folder = root / "log"
        self._password_file = root / "password"
        self._settings_file = root / "settings.json"  # what the running server was started with
        self._overrides = dict(overrides)
        self._transport = transport
        self._wanted = {"transport": transport, "overrides": self._overrides}

    # --- asking -------------------------------------------------------------------------------------------------

    def _password(self) -> str | None:
        return self._password_file.read_text().strip() if self._transport == "tcp" else None

    def _postmaster_lines(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []

    def _addresses(self) -> list[Address]:
        """Where the server may listen: first where it wrote that it does."""
        found: list[Address] = []
        lines = self._postmaster_lines()
        if self._transport == "tcp":
            if len(lines) > 5 and lines[3].strip().isdigit() and lines[5].strip():
                found.append(Address("127.0.0.1", int(lines[3]), self._password()))
            return found
        if len(lines) > 4 and lines[4].strip():
            found.append(Address(lines[4].strip(), int(lines[3]) if lines[3].strip().isdigit() else SOCKET_PORT))
        usual = Address(str(self.socket_folder()), SOCKET_PORT)
        return found if usual in found else [*found, usual]

    def probe(self) -> tuple[State, Address | None, str]:
        """(what was found, where, the words of the answer) by trying to connect.

        Raises ServerNotAnswering when a server of another data directory answers in this one's place.
        """
        words = "no address is known"
        for address in self._addresses():
            state, words = self._probe_at(address)
            if state is not State.ABSENT:
                return state, address, words
        return State.ABSENT, None, words

    def _probe_at(self, address: Address) -> tuple[State, str]:
        try:
            with address.connect() as connection:
                row = connection.execute("SHOW data_directory").fetchone()
        except psycopg.OperationalError as error:
            return _state_of(str(error)), str(error).strip()
        theirs = Path(str(row[0])) if row else Path()
        if os.path.realpath(theirs) != os.path.realpath(self.data):
            raise ServerNotAnswering(
                "The database cannot be started",
                f"the server at {address.host} is that of {theirs}, not of {self.data}",
                f"If the folder was moved while its server ran, move it back to {theirs.parent} and stop it there",
            )
        return State.READY, ""

    # --- starting -----------------------------------------------------------------------------------------------

    def ensure_running(self) -> Address:
        """The address of the running server: adopted if it runs, made and started if not.

        Recovery after a crash takes what it takes: as long as the server says that it is starting, we wait.
        """
        self.check_directory()
        launched: subprocess.Popen[bytes] | None = None
        refused_since: float | None = None  # PostgreSQL refuses the directory as in use, though nobody answers
        silent_since: float | None = None
        began = told = time.monotonic()
        while True:
            _reap()
            state, address, words = self.probe()
            now = time.monotonic()
            if state is State.READY and address is not None:
                if launched is None:
                    self._check_settings()
                return address
            if now - told > 10.0:
                log.info("still waiting for PostgreSQL after %.0f s: %s", now - began, words)
                told = now
            silent_since = (silent_since or now) if state is State.SILENT else None
            if silent_since is not None and now - silent_since > SILENT_SECONDS:
                raise ServerNotAnswering(
                    "The database does not answer",
                    words,
                    f"End the PostgreSQL process that uses {self.data}, or wait for its other users, and start again",
                )
            if state is State.ABSENT and (launched is None or launched.poll() is not None):
                if launched is not None:
                    refused_since = refused_since or now
                    self._after_refusal(now - refused_since)
                launched = self._launch()
            time.sleep(POLL_SECONDS)

    def check_directory(self) -> None:
        """Make the data directory if there is none; refuse one that this PostgreSQL cannot use."""
        major = find_binaries().major
        version_file = self.data / "PG_VERSION"
        if not self.data.exists() or (self.data.is_dir() and not any(self.data.iterdir())):
            self._create()
        elif not version_file.is_file() or not (self.data / "global" / "pg_control").is_file():
            raise DataDirectoryDamaged(
                "The database cannot be opened",
                f"{self.data} is not a whole PostgreSQL data directory",
                "Restore it from a backup, or move it away to begin with an empty database",
            )
        elif version_file.read_text().strip() != str(major):
            theirs = version_file.read_text().strip()
            raise DataDirectoryVersion(
                "The database cannot be opened",
                f"{self.data} was made by PostgreSQL {theirs}, and this is PostgreSQL {major}",
                f"Start it with PostgreSQL {theirs} and dump it (pg_dump -Fc), move the folder away, start this one "
                "once, and restore the dump (pg_restore); the folder was not changed",
            )

    def _create(self) -> None:
        """initdb beside the final place, then rename: a half-made directory is never taken for a database."""
        fresh = self.root / "data.new"
        if fresh.exists():
            shutil.rmtree(fresh)
        fresh.mkdir(mode=0o700)
        identity = identity_for(fresh)
        if not self._password_file.exists():
            _write_private(self._password_file, secrets.token_urlsafe(24))
        self._give(identity, fresh, self._password_file)
        binaries = find_binaries()
        command = [*identity.prefix, str(binaries.program("initdb")), "-D", str(fresh), "-U", USER, "-E", "UTF8"]
        command += ["--auth-local=trust", "--auth-host=scram-sha-256", f"--pwfile={self._password_file}"]
        command += ["--locale=C.UTF-8" if sys.platform != "win32" else "--locale=C", "--no-instructions"]
        if binaries.major >= 17:
            command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        try:
            ran = subprocess.run(
                command,
                capture_output=True,
                text=True,
                env=clean_environment(),
                check=False,
                **identity.popen_options(),
            )
        except PermissionError as error:
            raise self._not_for_root(error.filename) from error
        if ran.returncode != 0:
            shutil.rmtree(fresh, ignore_errors=True)
            raise self._failure("The database could not be made", ran.stdout + ran.stderr)
        with (fresh / "postgresql.conf").open("a") as conf:
            conf.write("\n# written anew before each start\ninclude 'smarttrader.conf'\n")
        if self.data.exists():
            self.data.rmdir()
        fresh.rename(self.data)
        _sync_folder(self.root)

    def _launch(self) -> subprocess.Popen[bytes]:
        identity = identity_for(self.data)
        self.log_folder.mkdir(mode=0o700, exist_ok=True)
        settings = tuning.server_settings(tuning.machine_memory(), self.log_folder) | self._listen(identity)
        conf = self.data / "smarttrader.conf"
        _write_private(
            conf, "".join(f"{name} = {_quoted(value)}\n" for name, value in (settings | self._overrides).items())
        )
        _write_private(self._settings_file, json.dumps(self._wanted, sort_keys=True))
        self._give(identity, self.log_folder, conf)
        try:
            child = self._popen(identity)
        except PermissionError as error:
            raise self._not_for_root(error.filename) from error
        _started.append(child)
        return child

    def _popen(self, identity: Identity) -> subprocess.Popen[bytes]:
        """Start the server's program, which outlives us."""
        program = find_binaries().program
        with self._words_file.open("wb") as words:
            if sys.platform == "win32":
                # pg_ctl gives up an administrator's rights, which the server refuses to run with.
                command = [
                    str(program("pg_ctl")),
                    "start",
                    "-W",
                    "-s",
                    "-D",
                    str(self.data),
                    "-l",
                    str(self._words_file),
                ]
                group = subprocess.CREATE_NEW_PROCESS_GROUP
                return subprocess.Popen(command, env=clean_environment(), creationflags=group)
            return subprocess.Popen(
                [*identity.prefix, str(program("postgres")), "-D", str(self.data)],
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=subprocess.STDOUT,
                env=clean_environment(),
                start_new_session=True,  # our Ctrl-C is not its own
                **identity.popen_options(),
            )

    def _listen(self, identity: Identity) -> dict[str, str]:
        if self._transport == "tcp":
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port = probe.getsockname()[1]
            return {"listen_addresses": "127.0.0.1", "port": str(port), "unix_socket_directories": ""}
        folder = self.socket_folder()
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            self._check_private(folder, identity)
        self._give(identity, folder)
        return {
            "listen_addresses": "",
            "port": str(SOCKET_PORT),
            "unix_socket_directories": '"{}"'.format(str(folder).replace('"', '""')),
            "unix_socket_permissions": "0700",
        }

    def socket_folder(self) -> Path:
        """Beside the data; where that path is too long for a socket, a private folder of a short name."""
        beside = self.root / "socket"
        if _socket_path_length(beside) <= LONGEST_SOCKET_PATH:
            return beside
        digest = hashlib.sha256(os.fsencode(self.data)).hexdigest()[:16]
        short = Path(tempfile.gettempdir()) / f"smarttrader-{digest}"
        return short if _socket_path_length(short) <= LONGEST_SOCKET_PATH else Path("/tmp") / short.name

    def _check_private(self, folder: Path, identity: Identity) -> None:
        """Local connections need no password, so the folder of the socket must be closed to everybody else."""
        if sys.platform == "win32":
            return
        status = folder.lstat()
        ours = {os.geteuid(), identity.uid}
        if not stat.S_ISDIR(status.st_mode) or status.st_uid not in ours or stat.S_IMODE(status.st_mode) & 0o077:
            raise HomeNotWritable(
                "The database cannot be started",
                f"{folder} should be a folder that is private to this user, and is not",
                "Remove it and start again",
            )

    def _give(self, identity: Identity, *paths: Path) -> None:
        """Root gives to the account that runs the server what that account must read and write."""
        if identity.uid is None or identity.gid is None:
            return
        self.root.chmod(0o711)  # to be passed through; what is inside stays private
        for path in paths:
            os.chown(path, identity.uid, identity.gid)

    def _check_settings(self) -> None:
        running = json.loads(self._settings_file.read_text()) if self._settings_file.exists() else self._wanted
        if running != self._wanted:
            raise SettingsConflict(
                "The database runs already, with other settings",
                f"it was started with {running} and {self._wanted} was asked for",
                "Stop its other users first, or ask for the same settings",
            )

    # --- when it does not start ---------------------------------------------------------------------------------

    @property
    def _words_file(self) -> Path:
        return self.log_folder / "start.log"

    def _last_words(self) -> str:
        """What the server said since it was last launched, in its own output and then in its log."""
        said = self._words_file.read_text(errors="replace") if self._words_file.exists() else ""
        launched = self._settings_file.stat().st_mtime
        for file in sorted(self.log_folder.glob("postgresql-*.log"), key=lambda f: f.stat().st_mtime):
            if file.stat().st_mtime >= launched - 1.0:
                said += file.read_text(errors="replace")[-20_000:]
        return said

    def _after_refusal(self, seconds: float) -> None:
        """The server we launched ended. Make ready for another try, or raise why there cannot be one.

        A server that was killed leaves its process number; when another process has that number now, PostgreSQL
        takes the directory for in use. Nobody answers at its socket, so the number is made void. The line of the
        shared memory is kept: by it PostgreSQL still refuses while a child of the killed server lives.
        """
        words = self._words_file.read_text(errors="replace") if self._words_file.exists() else ""
        if "pre-existing shared memory block" in words and seconds < ORPHANS_SECONDS:
            time.sleep(0.2)
        elif "lock file" in words and "already exists" in words and seconds < ORPHANS_SECONDS:
            if seconds > 1.0:  # by then a server just starting would have answered
                self._void_process_number()
            time.sleep(0.2)
        else:
            raise self._failure("The database could not be started", self._last_words())

    def _void_process_number(self) -> None:
        lines = self._postmaster_lines()
        if lines and lines[0] != str(NO_PROCESS):
            log.warning("%s names process %s, where no server answers; it is taken as left over", self.data, lines[0])
            pid_file = self.data / "postmaster.pid"
            owner = pid_file.stat()
            _write_private(pid_file, "\n".join([str(NO_PROCESS), *lines[1:]]) + "\n")
            if sys.platform != "win32":
                os.chown(pid_file, owner.st_uid, owner.st_gid)
        (self.socket_folder() / f".s.PGSQL.{SOCKET_PORT}.lock").unlink(missing_ok=True)

    def _failure(self, what: str, words: str) -> EmbeddedPostgresError:
        if NO_SPACE in words.lower():
            return disk_full(self.root)
        if "Permission denied" in words and identity_for(self.data).uid is not None:
            return self._not_for_root(_tail(words, 2))
        if "Permission denied" in words or "Read-only file system" in words:
            return HomeNotWritable(
                what, _tail(words, 3), "Make the folder writable, or name another in SMARTTRADER_HOME"
            )
        return ServerDidNotStart(what, f"PostgreSQL said: {_tail(words)}", f"The whole log is in {self.log_folder}")

    def _not_for_root(self, place: str) -> ServerDidNotStart:
        return ServerDidNotStart(
            "The database could not be started",
            f"PostgreSQL refuses to run as root, and the account it would run as instead may not enter {place}",
            "Run SmartTrader as a normal user, or keep the project and SMARTTRADER_HOME where every account may enter",
        )

    # --- stopping -----------------------------------------------------------------------------------------------

    def stop(self, patience: float = 120.0) -> bool:
        """Stop the server with its data written out; whether it is gone. Nothing happens when none runs."""
        state, _, _ = self.probe()
        if state is State.ABSENT:
            return True
        # The server answers, so the number in its file is its own.
        lines = self._postmaster_lines()
        if sys.platform == "win32":
            command = [str(find_binaries().program("pg_ctl")), "stop", "-s", "-m", "fast", "-D", str(self.data)]
            subprocess.run([*command, "-t", str(int(patience))], check=False, env=clean_environment())
        elif lines and lines[0].isdigit() and int(lines[0]) != NO_PROCESS:
            try:
                os.kill(int(lines[0]), signal.SIGINT)  # PostgreSQL's fast shutdown
            except ProcessLookupError:
                log.debug("the server ended by itself")
        until = time.monotonic() + patience
        while time.monotonic() < until:
            _reap()
            if self._postmaster_lines()[:1] != lines[:1]:
                self._clear_short_folder()
                return True
            time.sleep(POLL_SECONDS)
        log.warning(
            "PostgreSQL in %s is still writing out its data after %.0f s; it ends by itself", self.data, patience
        )
        return False

    def _clear_short_folder(self) -> None:
        """Leave nothing under the temporary folder."""
        folder = self.socket_folder()
        if self._transport == "socket" and folder.parent != self.root:
            with contextlib.suppress(OSError):  # not empty: somebody put something there
                folder.rmdir()


def _state_of(words: str) -> State:
    """What the words of a failed connection say."""
    said = words.lower()
    if any(s in said for s in ("starting up", "shutting down", "recovery", "closed the connection unexpectedly")):
        return State.WAIT
    if any(
        s in said for s in ("no such file or directory", "connection refused", "actively refused", "does not exist")
    ):
        return State.ABSENT
    return State.SILENT


def _quoted(value: str) -> str:
    """As postgresql.conf writes a text."""
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def _tail(words: str, lines: int = 6) -> str:
    return "\n".join([line for line in words.splitlines() if line.strip()][-lines:]) or "nothing"


def _reap() -> None:
    _started[:] = [child for child in _started if child.poll() is None]


def _socket_path_length(folder: Path) -> int:
    return len(os.fsencode(folder / f".s.PGSQL.{SOCKET_PORT}"))


def _write_private(path: Path, text: str) -> None:
    """Replace a file whole, readable by its owner alone."""
    fresh = path.with_name(path.name + ".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)
    fresh.replace(path)


def _sync_folder(folder: Path) -> None:
    if sys.platform == "win32":
        return  # a folder cannot be opened there
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
