"""Decisions about corporate actions, what is open for one, and dated dividends; never commits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, text

from app.models.base import Base
from app.repositories.files import IMPORT_LOCK

DECISION_LOCK = 0x534D_4443  # "SMDC": names the lock of who decides, and nothing else uses it

# an instrument by the key it has, or had before older history was loaded
_OF_KEY = (
    "(SELECT id FROM instruments WHERE key = {key} "
    "UNION ALL SELECT instrument_id FROM instrument_aliases WHERE old_key = {key} LIMIT 1)"
)
_STANDING = (
    "SELECT d.id, "
    + _OF_KEY.format(key="d.instrument_key")
    + " AS instrument_id, d.instrument_key, d.symbol, d.session, d.decision, d.factor, d.kind, d.reason, d.previous, "
    "d.decided_at, d.undone_at, o.name AS decided_by FROM action_decisions d JOIN owners o ON o.id = d.owner_id"
)
_SYMBOL_THEN = (
    "(SELECT s.symbol FROM instrument_symbols s WHERE s.instrument_id = e.instrument_id AND s.valid_from <= e.session "
    "ORDER BY s.valid_from DESC LIMIT 1)"
)
_ENTRIES = f"""
WITH standing AS ({_STANDING} WHERE d.undone_at IS NULL),
entries AS (
    SELECT instrument_id, ex_date AS session, tier AS status, factor, NULL::float8 AS proposed_factor,
           NULL::float8 AS previous_close, NULL::float8 AS open, NULL::float8 AS close, NULL::float8 AS ratio,
           purpose, known_at, evidence
    FROM adjustment_factors
    UNION ALL
    SELECT instrument_id, session, 'QUARANTINED', NULL, proposed_factor, previous_close, open, close, ratio,
           NULL, NULL, evidence
    FROM unexplained_jumps
    UNION ALL
    SELECT instrument_id, session, 'DISMISSED', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, previous
    FROM standing WHERE decision = 'DISMISS' AND instrument_id IS NOT NULL
),
told AS (
    SELECT e.*, i.key AS instrument_key, i.symbol, coalesce({_SYMBOL_THEN}, i.symbol) AS symbol_then,
           d.id AS decision_id, d.decision, d.reason, d.decided_by, d.decided_at
    FROM entries e JOIN instruments i ON i.id = e.instrument_id
    LEFT JOIN standing d ON d.instrument_id = e.instrument_id AND d.session = e.session
)
"""
SORTS = {
    "session": "session",
    "symbol": "symbol",
    "status": "status",
    "factor": "factor",
    "ratio": "abs(ln(ratio))",
}


def one_at_a_time(connection: Connection) -> None:
    """Wait until no other transaction of this database is deciding; the next one waits for this to end."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": DECISION_LOCK})


def import_began(connection: Connection) -> datetime | None:
    """Since when the connection that holds the import lock has been there; None where none holds it."""
    query = (
        "SELECT min(a.backend_start) FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid "
        "WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND l.database = a.datid "
        "AND a.datname = current_database() AND ((l.classid::bigint << 32) | l.objid::bigint) = :key"
    )
    found: datetime | None = connection.execute(text(query), {"key": IMPORT_LOCK}).scalar_one()
    return found


def refuse_imports_until_commit(connection: Connection) -> bool:
    """Hold the import lock for this transaction; False when an import holds it."""
    held: bool = connection.execute(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": IMPORT_LOCK}).scalar_one()
    return held


def standing(connection: Connection) -> list[Any]:
    """Every decision that was not undone, with the instrument it speaks of; None where none has that key any more."""
    return list(connection.execute(text(f"{_STANDING} WHERE d.undone_at IS NULL ORDER BY d.id")))


def dismissals(connection: Connection, instruments: Sequence[int], start: date, end: date) -> list[Any]:
    """What was dismissed of some instruments between two days and still stands: instrument_id and session, in order."""
    query = (
        f"SELECT s.instrument_id, s.session FROM ({_STANDING} WHERE d.undone_at IS NULL AND d.decision = 'DISMISS' "
        "AND d.session BETWEEN :start AND :end) s WHERE s.instrument_id = ANY(:ids) ORDER BY 1, 2"
    )
    return list(connection.execute(text(query), {"ids": list(instruments), "start": start, "end": end}))


def get(connection: Connection, decision_id: int) -> Any | None:
    """A decision, standing or undone."""
    return connection.execute(text(f"{_STANDING} WHERE d.id = :id"), {"id": decision_id}).one_or_none()


def history(
    connection: Connection, *, page: int, limit: int, instruments: Sequence[int] | None = None
) -> tuple[list[Any], int]:
    """Every decision, newest first, and how many there are; of some instruments, or of all."""
    where, values = "", {}
    if instruments is not None:
        where, values = " WHERE instrument_id = ANY(:ids)", {"ids": list(instruments)}
    told = f"SELECT * FROM ({_STANDING}) AS told{where}"
    total: int = connection.execute(text(f"SELECT count(*) FROM ({told}) AS counted"), values).scalar_one()
    rows = connection.execute(
        text(f"{told} ORDER BY id DESC LIMIT :limit OFFSET :offset"),
        {**values, "limit": limit, "offset": (page - 1) * limit},
    )
    return list(rows), total


def standing_on(connection: Connection, instrument: int, session: date) -> Any | None:
    """The decision that stands on an instrument's session."""
    return connection.execute(
        text(
            f"SELECT * FROM ({_STANDING} WHERE d.undone_at IS NULL AND d.session = :session) AS told "
            "WHERE instrument_id = :instrument"
        ),
        {"instrument": instrument, "session": session},
    ).first()


def add(connection: Connection, values: Mapping[str, Any]) -> int:
    """Store a decision; its id."""
    table = Base.metadata.tables["action_decisions"]
    added: int = connection.execute(table.insert().values(**values).returning(table.c.id)).scalar_one()
    return added


def mark_undone(connection: Connection, decision_id: int) -> bool:
    """Mark a decision undone; False when it was already."""
    done = connection.execute(
        text("UPDATE action_decisions SET undone_at = now() WHERE id = :id AND undone_at IS NULL"), {"id": decision_id}
    )
    return bool(done.rowcount)


def newest_file(connection: Connection) -> int:
    """A number that grows with every stored file."""
    newest: int = connection.execute(text("SELECT coalesce(max(id), 0) FROM import_files")).scalar_one()
    return newest


def entries(
    connection: Connection,
    *,
    page: int,
    limit: int,
    status: str | None,
    instruments: Sequence[int] | None,
    sort: str,
    descending: bool,
) -> tuple[list[Any], dict[str, int]]:
    """A page of factors, open moves and dismissed ones, and the number of each status over the filtered list."""
    where, values = ["TRUE"], dict[str, Any]()
    if status is not None:
        where.append("status = :status")
        values["status"] = status
    if instruments is not None:
        where.append("instrument_id = ANY(:ids)")
        values["ids"] = list(instruments)
    kept = " AND ".join(where)
    counts = connection.execute(
        text(f"{_ENTRIES} SELECT status, count(*) AS n FROM told WHERE {kept} GROUP BY status ORDER BY status"), values
    )
    direction = "DESC" if descending else "ASC"
    rows = connection.execute(
        text(
            f"{_ENTRIES} SELECT * FROM told WHERE {kept} ORDER BY {SORTS[sort]} {direction} NULLS LAST, "
            "session DESC, symbol, status LIMIT :limit OFFSET :offset"
        ),
        {**values, "limit": limit, "offset": (page - 1) * limit},
    )
    return list(rows), {row.status: row.n for row in counts}


def instruments_called(connection: Connection, name: str) -> list[int]:
    """Every instrument that has or had a symbol, or has the key; the one that had it last first."""
    rows = connection.execute(
        text(
            "SELECT instrument_id AS id, max(coalesce(valid_to, '9999-12-31'::date)) AS last FROM instrument_symbols "
            "WHERE symbol = upper(:name) GROUP BY instrument_id "
            "UNION SELECT id, '9999-12-31'::date FROM instruments WHERE key = lower(:name) "
            "UNION SELECT instrument_id, '9999-12-31'::date FROM instrument_aliases WHERE old_key = lower(:name) "
            "ORDER BY last DESC, id"
        ),
        {"name": name},
    )
    return list(dict.fromkeys(row.id for row in rows))


def instrument(connection: Connection, instrument_id: int) -> Any:
    """An instrument's key, symbol and first and last session."""
    return connection.execute(
        text("SELECT id, key, symbol, name, first_session, last_session FROM instruments WHERE id = :id"),
        {"id": instrument_id},
    ).one()


def names(connection: Connection, instrument_id: int) -> list[Any]:
    """The symbols of an instrument with the first and the last day of each, oldest first."""
    return list(
        connection.execute(
            text(
                "SELECT symbol, valid_from, valid_to FROM instrument_symbols WHERE instrument_id = :id "
                "ORDER BY valid_from"
            ),
            {"id": instrument_id},
        )
    )


def symbol_on(connection: Connection, instrument_id: int, session: date) -> str | None:
    """The symbol under which an instrument traded in a session; None when it did not trade."""
    symbol: str | None = connection.execute(
        text(
            "SELECT p.symbol FROM instrument_symbols s JOIN historical_prices p ON p.symbol = s.symbol "
            "AND p.date = :session AND p.instrument_id = s.instrument_id AND p.superseded_at IS NULL "
            "WHERE s.instrument_id = :id ORDER BY p.series LIMIT 1"
        ),
        {"id": instrument_id, "session": session},
    ).scalar()
    return symbol


def factor_at(connection: Connection, instrument_id: int, session: date) -> dict[str, Any] | None:
    """The row of `adjustment_factors` of a session."""
    return _one(connection, "adjustment_factors", "ex_date", instrument_id, session)


def jump_at(connection: Connection, instrument_id: int, session: date) -> dict[str, Any] | None:
    """The row of `unexplained_jumps` of a session."""
    return _one(connection, "unexplained_jumps", "session", instrument_id, session)


def _one(connection: Connection, name: str, day: str, instrument_id: int, session: date) -> dict[str, Any] | None:
    table = Base.metadata.tables[name]
    query = table.select().where(table.c.instrument_id == instrument_id, table.c[day] == session)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else dict(row)


def replace_session(
    connection: Connection,
    instrument_id: int,
    session: date,
    factor: Mapping[str, Any] | None,
    jump: Mapping[str, Any] | None,
) -> None:
    """Put a factor and a jump (or neither) in place of what an instrument has on a session."""
    for name, day, row in (("adjustment_factors", "ex_date", factor), ("unexplained_jumps", "session", jump)):
        table = Base.metadata.tables[name]
        connection.execute(table.delete().where(table.c.instrument_id == instrument_id, table.c[day] == session))
        if row is not None:
            connection.execute(table.insert().values(**row))


# --- dividends ----------------------------------------------------------------------------------------------------


def factors_of_dividends(
    connection: Connection, instrument_id: int | None = None
) -> dict[int, list[tuple[date, float]]]:
    """(ex-date, factor) by instrument, oldest first, of what vendors restate dividends for; of one or of all.

    They do it for splits, bonuses and rights, not where a part of the company was demerged.
    """
    rows = connection.execute(
        text(
            "SELECT instrument_id, ex_date, factor FROM adjustment_factors "
            "WHERE (CAST(:id AS integer) IS NULL OR instrument_id = :id) "
            "AND evidence->>'kind' IS DISTINCT FROM 'DEMERGER' ORDER BY instrument_id, ex_date"
        ),
        {"id": instrument_id},
    )
    found: dict[int, list[tuple[date, float]]] = {}
    for instrument, ex_date, factor in rows:
        found.setdefault(instrument, []).append((ex_date, factor))
    return found


def listed_dividends(connection: Connection) -> list[Any]:
    """Every line of a source that names a dividend, in a fixed order."""
    return list(
        connection.execute(
            text(
                "SELECT c.symbol, c.company_name, c.ex_date, c.amount, c.purpose, c.source, f.name AS file, c.line, "
                "c.part FROM corporate_actions c JOIN import_files f ON f.id = c.file_id WHERE c.kind = 'DIVIDEND' "
                "ORDER BY f.sha256, c.line, c.part"
            )
        )
    )


def dividends_of(connection: Connection, instrument_id: int) -> list[dict[str, Any]]:
    """The rows of `dividends` of an instrument, oldest first."""
    table = Base.metadata.tables["dividends"]
    query = table.select().where(table.c.instrument_id == instrument_id).order_by(table.c.ex_date)
    return [dict(row) for row in connection.execute(query).mappings()]


def replace_dividends(
    connection: Connection, rows: Sequence[Mapping[str, Any]], instrument_id: int | None = None
) -> bool:
    """Put dividends in place of those of an instrument, or of all; whether anything changed."""
    table = Base.metadata.tables["dividends"]
    inside = table.c.instrument_id == instrument_id if instrument_id is not None else table.c.instrument_id.is_not(None)
    names = ("instrument_id", "ex_date", "amount", "source", "disagrees")
    stored = {tuple(row[name] for name in names) for row in connection.execute(table.select().where(inside)).mappings()}
    connection.execute(table.delete().where(inside))
    if rows:
        connection.execute(table.insert(), [dict(row) for row in rows])
    return stored != {tuple(row[name] for name in names) for row in rows}


def listed_lines(connection: Connection, symbols: Sequence[str], names: Sequence[str]) -> list[Any]:
    """Lines of the sources that speak of symbols or of companies' names, oldest first."""
    return list(
        connection.execute(
            text(
                "SELECT c.ex_date, c.kind, c.factor, c.amount, c.purpose, c.source, c.symbol, c.company_name, "
                "f.name AS file, c.line FROM corporate_actions c JOIN import_files f ON f.id = c.file_id "
                "WHERE c.symbol = ANY(:symbols) OR c.company_name = ANY(:names) "
                "ORDER BY c.ex_date, c.source, f.sha256, c.line, c.part"
            ),
            {"symbols": list(symbols), "names": list(names)},
        )
    )
