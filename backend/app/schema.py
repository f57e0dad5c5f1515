"""Bringing a database to the schema of this code, and refusing one that is ahead of it."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from sqlalchemy import Connection, Engine, text

from app.exceptions import DatabaseError
from app.settings import BACKEND_DIR

# Alembic is imported where it is used: most starts find the schema as it should be, and need not wait for it.
if TYPE_CHECKING:
    from alembic.config import Config


class DumpDatabase(Protocol):
    """Writes a database to a file."""

    def __call__(self, database: str, to: Path) -> object: ...


log = logging.getLogger(__name__)

_MIGRATION_LOCK = 0x534D_4152_5400_0001  # one migrating process at a time in a database


def alembic_config() -> Config:
    """Alembic's configuration, wherever the process was started."""
    from alembic.config import Config

    return Config(str(BACKEND_DIR / "alembic.ini"))


def head_revision() -> str:
    """The newest revision this code knows: the revisions are numbered, and their files begin with the number."""
    numbers = [path.name.split("_")[0] for path in (BACKEND_DIR / "migrations" / "versions").glob("[0-9]*_*.py")]
    if not numbers:
        raise DatabaseError("No migrations were found beside the code: the installation is incomplete")
    return max(numbers)


def current_revision(connection: Connection) -> str | None:
    """The revision a database is at; None when it is empty."""
    if connection.execute(text("SELECT to_regclass('alembic_version')")).scalar() is None:
        return None
    revision: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return revision


def upgrade(engine: Engine, *, dump_to: Path | None = None, dump: DumpDatabase | None = None) -> None:
    """Migrate to the newest revision; nothing happens when the database is there already.

    With `dump_to` and `dump`, a database that holds anything is written there before it is changed.

    Raises
    ------
    DatabaseError : the database is at a revision this code does not know: it was written by a newer version.
    """
    with engine.connect() as connection:
        if current_revision(connection) == head_revision():
            return
        from alembic import command
        from alembic.script import ScriptDirectory

        config = alembic_config()
        script = ScriptDirectory.from_config(config)
        known = {revision.revision for revision in script.walk_revisions()}
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _MIGRATION_LOCK})
        try:
            current = current_revision(connection)
            if current is not None and current not in known:
                raise DatabaseError(
                    f"The database is at schema {current}, which this version does not know: it was written by a newer "
                    "version of SmartTrader. Update the program, or point SMARTTRADER_HOME or DATABASE_URL elsewhere"
                )
            if current == head_revision():
                return
            if current is not None and dump is not None and dump_to is not None:
                stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
                target = dump_to / f"{engine.url.database}-{current}-{stamp}.dump"
                log.info("writing a dump to %s before migrating", target)
                dump(str(engine.url.database), target)
            connection.commit()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()
        finally:
            connection.rollback()
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _MIGRATION_LOCK})
            connection.commit()
