"""Imported files, and the versions that tell a cache it is stale."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple, cast

from sqlalchemy import Connection, text

from app.repositories.bulk import raw

# One import at a time in a database: this number names the lock, and nothing else uses it.
IMPORT_LOCK = 0x534D_5452  # "SMTR"
PENDING = "identity:pending"
DERIVED = "derived"  # which version worked out what is derived
ARCHIVE_KIND = "archive"  # an archive is remembered beside the files that were in it


def try_import_lock(connection: Connection) -> bool:
    """Take the import lock for this connection's session; False when another import holds it."""
    taken: bool = connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": IMPORT_LOCK}).scalar_one()
    return taken


def release_import_lock(connection: Connection) -> None:
    """Give the import lock back."""
    connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": IMPORT_LOCK})


_STALE = (
    "SELECT f.id FROM import_files f JOIN unnest(CAST(:kinds AS text[]), CAST(:readers AS int[])) AS r(kind, reader) "
    "ON f.kind = r.kind AND f.reader < r.reader"
)


def known_files(connection: Connection, readers: Mapping[str, int]) -> dict[str, int]:
    """Rows stored by the content's SHA-256, archives included (for them: the number of members).

    Without files that an older reader stored than `readers` has for their kind, and without the archives they came in.
    """
    rows = connection.execute(
        text(
            f"WITH stale AS (SELECT id, container FROM import_files WHERE id IN ({_STALE})) "
            "SELECT sha256, rows FROM import_files WHERE id NOT IN (SELECT id FROM stale) AND NOT (kind = :archive "
            "AND name IN (SELECT container FROM stale WHERE container IS NOT NULL))"
        ),
        {"archive": ARCHIVE_KIND, **_kinds(readers)},
    )
    return {row.sha256: row.rows for row in rows}


def stale_files(connection: Connection, readers: Mapping[str, int]) -> list[StoredFile]:
    """Files that an older reader stored than `readers` has for their kind, by name."""
    rows = connection.execute(
        text(
            "SELECT id, sha256, name, container, kind, rows, first_date, last_date FROM import_files "
            f"WHERE id IN ({_STALE}) ORDER BY name, sha256"
        ),
        _kinds(readers),
    )
    return [StoredFile(*row) for row in rows]


def forget(connection: Connection, sha256: str) -> None:
    """Forget a stored file that brought no prices, where there is one, to store it anew in the same transaction."""
    columns = "id, sha256, name, container, kind, rows, first_date, last_date"
    query = text(f"SELECT {columns} FROM import_files WHERE sha256 = :s")
    for row in connection.execute(query, {"s": sha256}).all():
        remove_file(connection, StoredFile(*row))


def _kinds(readers: Mapping[str, int]) -> dict[str, Any]:
    return {"kinds": list(readers), "readers": list(readers.values())}


_BUMP = (
    "INSERT INTO data_versions (scope, version) SELECT unnest({scopes}), 1 "
    "ON CONFLICT (scope) DO UPDATE SET version = data_versions.version + 1, changed_at = now()"
)
_MARK_DAYS = (
    "INSERT INTO price_days (day, version) SELECT unnest({days}), 1 "
    "ON CONFLICT (day) DO UPDATE SET version = price_days.version + 1"
)
_ADD_FILE = (
    f"WITH bumped AS ({_BUMP.format(scopes='%s::text[]')}), marked AS ({_MARK_DAYS.format(days='%s::date[]')}) "
    "INSERT INTO import_files (sha256, name, container, kind, size_bytes, rows, first_date, last_date, reader) "
    "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING id, EXISTS (SELECT FROM historical_prices p "
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
    reader: int = 1,
    scopes: Iterable[str] = (),
    price_days: Iterable[date] = (),
) -> tuple[int, bool]:
    """Remember a file and count up the versions of what it changes; its id, and whether its days have prices already.

    `scopes` are parts of the data, `price_days` the days of which it brings prices.

    One statement, straight to the driver: of a small file's time the way to the server and back is the largest part.
    """
    values = (sha256, name, container, kind, size_bytes, rows, first_date, last_date, reader)
    days = sorted(set(price_days))
    counted = sorted({*scopes, *price_scopes(days)})
    row = raw(connection).execute(_ADD_FILE, (counted, days, *values)).fetchone()
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


def price_scopes(days: Iterable[date]) -> set[str]:
    """The scopes of the years that some days lie in."""
    return {f"prices:{year}" for year in {day.year for day in days}}


def prices_changed(connection: Connection, days: Iterable[date]) -> None:
    """Count up the versions of days whose prices changed, and of their years."""
    wanted = sorted(set(days))
    if wanted:
        connection.execute(text(_MARK_DAYS.format(days="CAST(:days AS date[])")), {"days": wanted})
        bump_versions(connection, price_scopes(wanted))


def versions(connection: Connection) -> dict[str, int]:
    """Every scope's version."""
    return {row.scope: row.version for row in connection.execute(text("SELECT scope, version FROM data_versions"))}


def mark_pending(connection: Connection) -> None:
    """Say that what is derived (identity, membership, factors) has to be worked out again."""
    bump_versions(connection, [PENDING])


def is_pending(connection: Connection, derived: int) -> bool:
    """Whether an import ended before it had worked out what is derived, or an older version than `derived` did it."""
    query = text(
        "SELECT EXISTS (SELECT FROM data_versions WHERE scope = :scope) OR (EXISTS (SELECT FROM import_files) "
        "AND NOT EXISTS (SELECT FROM data_versions WHERE scope = :derived AND version = :version))"
    )
    asked = {"scope": PENDING, "derived": DERIVED, "version": derived}
    pending: bool = connection.execute(query, asked).scalar_one()
    return pending


def clear_pending(connection: Connection, derived: int) -> None:
    """What is derived is up to date, and this version did it."""
    connection.execute(text("DELETE FROM data_versions WHERE scope = :scope"), {"scope": PENDING})
    connection.execute(
        text(
            "INSERT INTO data_versions (scope, version) VALUES (:scope, :version) ON CONFLICT (scope) DO UPDATE "
            "SET version = :version, changed_at = now() WHERE data_versions.version <> :version"
        ),
        {"scope": DERIVED, "version": derived},
    )


class DayFile(NamedTuple):
    """A stored price file of one day."""

    id: int
    sha256: str
    name: str
    day: date
    rows: int


def day_files(connection: Connection, kinds: Sequence[str]) -> list[DayFile]:
    """Price files of one day each of some kinds, by day and content."""
    rows = connection.execute(
        text(
            "SELECT id, sha256, name, first_date, rows FROM import_files "
            "WHERE kind = ANY(:kinds) AND first_date = last_date ORDER BY first_date, sha256"
        ),
        {"kinds": list(kinds)},
    )
    return [DayFile(row.id, row.sha256, row.name, row.first_date, row.rows) for row in rows]


def rows_in_series(connection: Connection, ids: Sequence[int], series: Sequence[str]) -> dict[int, int]:
    """Rows by file id of some series."""
    rows = connection.execute(
        text(
            "SELECT file_id, count(*) AS n FROM historical_prices "
            "WHERE file_id = ANY(:ids) AND series = ANY(:series) GROUP BY file_id"
        ),
        {"ids": list(ids), "series": list(series)},
    )
    return {row.file_id: row.n for row in rows}


def closes_repeated(connection: Connection, pairs: Sequence[tuple[int, date, date]]) -> list[Any]:
    """What the next session repeats as its previous close; `pairs` are (file id, its day, the next session).

    Rows of file_id, asked (rows whose close and last price differ), as_close and as_last; of the symbols with an A,
    which stand for the file.
    """
    rows = connection.execute(
        text(
            "SELECT w.file_id, count(*) AS asked, count(*) FILTER (WHERE abs(n.prev_close - p.close) < 0.005) "
            "AS as_close, count(*) FILTER (WHERE abs(n.prev_close - p.last) < 0.005) AS as_last "
            "FROM unnest(CAST(:ids AS int[]), CAST(:next AS date[])) AS w(file_id, next) "
            "JOIN historical_prices p ON p.file_id = w.file_id AND p.symbol < 'B' AND p.series IN ('EQ', 'BE') "
            "AND abs(p.last - p.close) > 0.005 "
            "JOIN historical_prices n ON n.date = w.next AND n.symbol = p.symbol AND n.series = p.series "
            "AND n.superseded_at IS NULL AND n.file_id <> p.file_id AND n.prev_close IS NOT NULL "
            "GROUP BY w.file_id ORDER BY w.file_id"
        ),
        {"ids": [one[0] for one in pairs], "next": [one[2] for one in pairs]},
    )
    return list(rows)


class StoredFile(NamedTuple):
    """An imported file."""

    id: int
    sha256: str
    name: str
    container: str | None
    kind: str
    rows: int
    first_date: date | None
    last_date: date | None


def find_files(connection: Connection, name_or_sha256: str) -> list[StoredFile]:
    """Imported files of a name, or whose SHA-256 begins so (with eight digits or more); archives left out."""
    rows = connection.execute(
        text(
            "SELECT id, sha256, name, container, kind, rows, first_date, last_date FROM import_files "
            "WHERE kind <> :archive AND (name = :asked "
            "OR (length(:asked) >= 8 AND starts_with(sha256, lower(:asked)))) "
            "ORDER BY sha256"
        ),
        {"asked": name_or_sha256, "archive": ARCHIVE_KIND},
    )
    return [StoredFile(*row) for row in rows]


def remove_file(connection: Connection, file: StoredFile) -> None:
    """Forget a file, what was found in it, and its evidence; prices are removed by `prices.remove_rows`.

    The archive it came in is forgotten too, so that it is opened again when it is imported again.
    """
    connection.execute(
        text(
            "DELETE FROM findings WHERE sha256 = :sha256 OR (rule = 'TWO_VERSIONS' AND "
            "(position('(' || :name || ')' IN message) > 0 OR file_name = :name))"
        ),
        {"sha256": file.sha256, "name": file.name},
    )
    connection.execute(text("DELETE FROM import_files WHERE id = :id"), {"id": file.id})
    if file.container is not None:
        connection.execute(
            text("DELETE FROM import_files WHERE kind = :archive AND name = :container"),
            {"archive": ARCHIVE_KIND, "container": file.container},
        )
