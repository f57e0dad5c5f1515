"""Imported files, and the versions that tell a cache it is stale."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import cast

from sqlalchemy import Connection, text

from app.repositories.bulk import raw

# One import at a time in a database: this number names the lock, and nothing else uses it.
IMPORT_LOCK = 0x534D_5452  # "SMTR"
PENDING = "identity:pending"
ARCHIVE_KIND = "archive"  # an archive is remembered beside the files that were in it


def try_import_lock(connection: Connection) -> bool:
    """Take the import lock for this connection's session; False when another import holds it."""
    taken: bool = connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": IMPORT_LOCK}).scalar_one()
    return taken


def release_import_lock(connection: Connection) -> None:
    """Give the import lock back."""
    connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": IMPORT_LOCK})


def known_files(connection: Connection) -> dict[str, int]:
    """Rows stored by the content's SHA-256, archives included (for them: the number of members)."""
    rows = connection.execute(text("SELECT sha256, rows FROM import_files"))
    return {row.sha256: row.rows for row in rows}


_BUMP = (
    "INSERT INTO data_versions (scope, version) SELECT unnest({scopes}), 1 "
    "ON CONFLICT (scope) DO UPDATE SET version = data_versions.version + 1, changed_at = now()"
)
_ADD_FILE = (
    f"WITH bumped AS ({_BUMP.format(scopes='%s::text[]')}) "
    "INSERT INTO import_files (sha256, name, container, kind, size_bytes, rows, first_date, last_date) "
    "VALUES (%s, %s, %s, %s, %s, %s, %s, %s) RETURNING id, EXISTS (SELECT FROM historical_prices p "
    "WHERE p.superseded_at IS NULL AND p.date BETWEEN import_files.first_date AND import_files.last_date)"
)


def add_file(
    connection: Connection,
    *,
    sha256: str,
    name: str,
    container: str | None,
    kind: str,
    size_bytes: int,
    rows: int,
    first_date: date | None,
    last_date: date | None,
    scopes: Iterable[str] = (),
) -> tuple[int, bool]:
    """Remember a file and count up the versions of what it changes; its id, and whether its days have prices already.

    One statement, straight to the driver: of a small file's time the way to the server and back is the largest part.
    """
    values = (sha256, name, container, kind, size_bytes, rows, first_date, last_date)
    row = raw(connection).execute(_ADD_FILE, (sorted(set(scopes)), *values)).fetchone()
    return cast("tuple[int, bool]", row)


def file_digests(connection: Connection, ids: Iterable[int]) -> dict[int, tuple[str, str]]:
    """(SHA-256, name) by file id."""
    rows = connection.execute(
        text("SELECT id, sha256, name FROM import_files WHERE id = ANY(:ids)"), {"ids": sorted(set(ids))}
    )
    return {row.id: (row.sha256, row.name) for row in rows}


def bump_versions(connection: Connection, scopes: Iterable[str]) -> None:
    """Count up the versions of the scopes, in their own order so that two writers cannot lock each other."""
    wanted = sorted(set(scopes))
    if wanted:
        connection.execute(
            text(_BUMP.format(scopes="CAST(:scopes AS text[])")),
            {"scopes": wanted},
        )


def versions(connection: Connection) -> dict[str, int]:
    """Every scope's version."""
    return {row.scope: row.version for row in connection.execute(text("SELECT scope, version FROM data_versions"))}


def mark_pending(connection: Connection) -> None:
    """Say that what is derived (identity, membership, factors) has to be worked out again."""
    bump_versions(connection, [PENDING])


def is_pending(connection: Connection) -> bool:
    """Whether an import ended before it had worked out what is derived."""
    query = text("SELECT EXISTS (SELECT 1 FROM data_versions WHERE scope = :scope)")
    pending: bool = connection.execute(query, {"scope": PENDING}).scalar_one()
    return pending


def clear_pending(connection: Connection) -> None:
    """What is derived is up to date."""
    connection.execute(text("DELETE FROM data_versions WHERE scope = :scope"), {"scope": PENDING})
