"""What can go wrong with the embedded PostgreSQL, said so that a person knows what to do.

EmbeddedPostgresError
├── BinariesMissing         no PostgreSQL programs were found          → run setup again
├── HomeNotWritable         the state folder cannot be written         → name another folder
├── DiskFull                no space left for the database             → free space, start again
├── DataDirectoryVersion    the files belong to another major version  → dump with that one, restore here
├── DataDirectoryDamaged    the folder is not a whole database         → restore, or move it away
├── SettingsConflict        it runs already, with other settings       → stop the other user first
├── ServerNotAnswering      something listens there and says nothing   → end that process
├── ServerDidNotStart       PostgreSQL gave up; its last words follow  → read the log
└── DumpFailed              pg_dump gave up; its last words follow     → read the message
"""

import errno
from pathlib import Path


class EmbeddedPostgresError(Exception):
    """Something the person at the machine can put right: `what` happened, `why`, and what to `do`."""

    def __init__(self, what: str, why: str, do: str) -> None:
        super().__init__(f"{what}: {why}. {do}")
        self.what = what
        self.why = why
        self.do = do


class BinariesMissing(EmbeddedPostgresError):
    """No PostgreSQL programs were found."""


class HomeNotWritable(EmbeddedPostgresError):
    """The state folder cannot be made or written."""


class DiskFull(EmbeddedPostgresError):
    """The disk has no room for the database."""


class DataDirectoryVersion(EmbeddedPostgresError):
    """The database files were made by another major version."""


class DataDirectoryDamaged(EmbeddedPostgresError):
    """The folder holds something, but not a whole database."""


class SettingsConflict(EmbeddedPostgresError):
    """The server runs already, with settings other than those asked for."""


class ServerNotAnswering(EmbeddedPostgresError):
    """Something accepts connections and never answers."""


class ServerDidNotStart(EmbeddedPostgresError):
    """PostgreSQL ended before it accepted a connection."""


class DumpFailed(EmbeddedPostgresError):
    """pg_dump ended with an error."""


NO_SPACE = "no space left on device"


def disk_full(path: Path) -> DiskFull:
    return DiskFull(
        "The database cannot be written",
        f"the disk that holds {path} is full",
        "Free some space and start again; nothing that was saved before is lost",
    )


def from_os_error(error: OSError, path: Path) -> EmbeddedPostgresError:
    """The error a person understands, of one the operating system gave while writing below `path`."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return disk_full(path)
    reason = error.strerror or str(error)
    where = error.filename or path
    return HomeNotWritable(
        "The state folder cannot be written",
        f"{where}: {reason}",
        "Make it writable for this user, or name another folder in SMARTTRADER_HOME",
    )
