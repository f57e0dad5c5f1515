"""Bringing a database to the schema of this code, and refusing one that is ahead of it."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from app.exceptions import DatabaseError
from app.settings import BACKEND_DIR


class DumpDatabase(Protocol):
    """Writes a database to a file."""

    def __call__(self, database: str, to: Path) -> object: ...


log = logging.getLogger(__name__)

_MIGRATION_LOCK = 0x534D_4152_5400_0001  # one migrating process at a time in a database


def alembic_config() -> Config:
    """Alembic's configuration, wherever the process was started."""
    return Config(str(BACKEND_DIR / "alembic.ini"))


def head_revision() -> str:
    """The newest revision this code knows."""
    head = ScriptDirectory.from_config(alembic_config()).get_current_head()
    if head is None:
        raise DatabaseError("No migrations were found beside the code: the installation is incomplete")
    return head


def current_revision(connection: Connection) -> str | None:
    """The revision a database is at; None when it is empty."""
    return MigrationContext.configure(connection).get_current_revision()


def upgrade(engine: Engine, *, dump_to: Path | None = None, dump: DumpDatabase | None = None) -> None:
    """Migrate to the newest revision; nothing happens when the database is there already.

    With `dump_to` and `dump`, a database that holds anything is written there before it is changed.

    Raises
    ------
    DatabaseError : the database is at a revision this code does not know: it was written by a newer version.
    """
    script = ScriptDirectory.from_config(alembic_config())
    known = {revision.revision for revision in script.walk_revisions()}
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _MIGRATION_LOCK})
        try:
            current = current_revision(connection)
            if current is not None and current not in known:
                raise DatabaseError(
                    f"The database is at schema {current}, which this version does not know: it was written by a newer "
                    "version of SmartTrader. Update the program, or point SMARTTRADER_HOME or DATABASE_URL elsewhere"
                )
            if current == script.get_current_head():
                return
            if current is not None and dump is not None and dump_to is not None:
                stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
                target = dump_to / f"{engine.url.database}-{current}-{stamp}.dump"
                log.info("writing a dump to %s before migrating", target)
                dump(str(engine.url.database), target)
            connection.commit()
            config = alembic_config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()
        finally:
            connection.rollback()
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _MIGRATION_LOCK})
            connection.commit()
