"""Instruments and their dated names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from app.models.base import Base


def add_instruments(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """Make instruments (key, symbol, instrument_type, first_session, …); their ids in the order given."""
    if not rows:
        return []
    table = Base.metadata.tables["instruments"]
    result = connection.execute(
        table.insert().returning(table.c.id, sort_by_parameter_order=True), [dict(row) for row in rows]
    )
    return [row.id for row in result]


def all_instruments(connection: Connection) -> list[Any]:
    """Every instrument's row."""
    return list(
        connection.execute(
            text(
                "SELECT id, key, symbol, name, sector, isin, instrument_type, first_session, last_session, listed_on "
                "FROM instruments ORDER BY id"
            )
        )
    )


def first_session(connection: Connection, instrument_id: int) -> date | None:
    """The first day an instrument has a price on."""
    query = text("SELECT first_session FROM instruments WHERE id = :id")
    found: date | None = connection.execute(query, {"id": instrument_id}).scalar()
    return found


def symbol_spans(connection: Connection) -> list[tuple[str, date, date | None, int]]:
    """(symbol, first day, last day included, instrument id), by symbol and day."""
    rows = connection.execute(
        text(
            "SELECT symbol, valid_from, valid_to, instrument_id FROM instrument_symbols "
            "ORDER BY symbol, valid_from, instrument_id"
        )
    )
    return [(row.symbol, row.valid_from, row.valid_to, row.instrument_id) for row in rows]


def isin_spans(connection: Connection) -> list[tuple[int, str, date, date | None]]:
    """(instrument id, ISIN, first day, last day included)."""
    rows = connection.execute(text("SELECT instrument_id, isin, valid_from, valid_to FROM instrument_isins"))
    return [(row.instrument_id, row.isin, row.valid_from, row.valid_to) for row in rows]


def delisted_on(session: Session, asked: Sequence[tuple[int, str, date]], end: date) -> dict[int, date]:
    """Of instruments, each as (id, type, last day it traded): the exchange's first list that has it no more.

    Only those that no later list up to `end` has, by any symbol or ISIN they ever had, are in the answer. A list counts
    where it holds instruments of that type.
    """
    lists: dict[str, list[date]] = {}
    for as_of, kind in session.execute(
        text(
            "SELECT DISTINCT as_of, instrument_type FROM listed_securities WHERE as_of <= :end "
            "ORDER BY as_of, instrument_type"
        ),
        {"end": end},
    ):
        lists.setdefault(kind, []).append(as_of)
    if not lists:
        return {}
    seen: dict[int, date] = {}
    query = text(
        "SELECT i.id, max(l.as_of) FROM instruments i JOIN listed_securities l ON l.as_of <= :end AND ("
        "l.symbol IN (SELECT s.symbol FROM instrument_symbols s WHERE s.instrument_id = i.id) OR "
        "l.isin IN (SELECT n.isin FROM instrument_isins n WHERE n.instrument_id = i.id)) "
        "WHERE i.id = ANY(:ids) GROUP BY i.id"
    )
    for instrument_id, as_of in session.execute(query, {"end": end, "ids": [row[0] for row in asked]}):
        seen[instrument_id] = as_of
    found = {}
    for instrument_id, kind, last in asked:
        after = max(last, seen.get(instrument_id, last))
        lacking = [as_of for as_of in lists.get(kind, []) if as_of > after]
        if lacking:
            found[instrument_id] = lacking[0]
    return found


def extend_sessions(connection: Connection, bounds: Mapping[int, tuple[date, date]]) -> None:
    """Widen first and last session of instruments to the bounds given."""
    if bounds:
        connection.execute(
            text(
                "UPDATE instruments i SET first_session = least(i.first_session, b.first), "
                "last_session = greatest(i.last_session, b.last) "
                "FROM unnest(CAST(:ids AS integer[]), CAST(:firsts AS date[]), CAST(:lasts AS date[])) AS b(id, "
                "first, last) "
                "WHERE i.id = b.id AND (i.first_session > b.first OR i.last_session < b.last)"
            ),
            {
                "ids": list(bounds),
                "firsts": [first for first, _ in bounds.values()],
                "lasts": [last for _, last in bounds.values()],
            },
        )


def update_instruments(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write instruments by id. Keys move out of the way first, so that two may exchange theirs."""
    if not rows:
        return
    connection.execute(
        text("UPDATE instruments SET key = '~~' || id WHERE id = ANY(:ids)"), {"ids": [row["id"] for row in rows]}
    )
    connection.execute(
        text(
            "UPDATE instruments SET key = :key, symbol = :symbol, name = :name, sector = :sector, isin = :isin, "
            "instrument_type = :instrument_type, first_session = :first_session, last_session = :last_session, "
            "listed_on = :listed_on WHERE id = :id"
        ),
        [dict(row) for row in rows],
    )


def replace_names(
    connection: Connection, ids: Sequence[int], tables: Mapping[str, Sequence[Mapping[str, Any]]]
) -> None:
    """Replace the dated symbols, names and ISINs of instruments."""
    for table in ("instrument_symbols", "instrument_names", "instrument_isins"):
        connection.execute(text(f"DELETE FROM {table} WHERE instrument_id = ANY(:ids)"), {"ids": list(ids)})
        if tables.get(table):
            connection.execute(Base.metadata.tables[table].insert(), [dict(row) for row in tables[table]])


def merge_instruments(connection: Connection, merged: Mapping[int, int]) -> None:
    """Drop instruments whose rows went to another; their aliases go with the rows."""
    for old, new in sorted(merged.items()):
        connection.execute(
            text("UPDATE instrument_aliases SET instrument_id = :new WHERE instrument_id = :old"),
            {"old": old, "new": new},
        )
    drop_instruments(connection, merged)


def drop_instruments(connection: Connection, ids: Iterable[int]) -> None:
    """Remove instruments that have no row."""
    connection.execute(text("DELETE FROM instruments WHERE id = ANY(:ids)"), {"ids": sorted(ids)})


def add_aliases(connection: Connection, aliases: Mapping[str, int]) -> None:
    """Remember keys that are no longer in use; one that is an instrument's own again is no alias."""
    if aliases:
        connection.execute(
            text(
                "INSERT INTO instrument_aliases (old_key, instrument_id) VALUES (:key, :id) "
                "ON CONFLICT (old_key) DO UPDATE SET instrument_id = excluded.instrument_id"
            ),
            [{"key": key, "id": identifier} for key, identifier in sorted(aliases.items())],
        )
    connection.execute(text("DELETE FROM instrument_aliases a USING instruments i WHERE i.key = a.old_key"))


def types_of(connection: Connection, ids: Sequence[int]) -> dict[int, str]:
    """The type of each instrument."""
    rows = connection.execute(
        text("SELECT id, instrument_type FROM instruments WHERE id = ANY(:ids)"), {"ids": list(ids)}
    )
    return {row.id: row.instrument_type for row in rows}


def stored_names(
    connection: Connection, ids: Sequence[int]
) -> dict[str, dict[int, list[tuple[date, date | None, str]]]]:
    """Dated symbols, names and ISINs by table and instrument, oldest first."""
    found: dict[str, dict[int, list[tuple[date, date | None, str]]]] = {}
    for table, column in (
        ("instrument_symbols", "symbol"),
        ("instrument_names", "name"),
        ("instrument_isins", "isin"),
    ):
        spans: dict[int, list[tuple[date, date | None, str]]] = {}
        rows = connection.execute(
            text(
                f"SELECT instrument_id, valid_from, valid_to, {column} AS value FROM {table} "
                "WHERE instrument_id = ANY(:ids) ORDER BY 1, 2"
            ),
            {"ids": list(ids)},
        )
        for row in rows:
            spans.setdefault(row.instrument_id, []).append((row.valid_from, row.valid_to, row.value))
        found[table] = spans
    return found


def one_instrument(connection: Connection, identifier: int) -> Any:
    """An instrument's first and last session and its day of listing."""
    return connection.execute(
        text("SELECT first_session, last_session, listed_on FROM instruments WHERE id = :id"), {"id": identifier}
    ).one()


def aliases_of(connection: Connection, identifier: int) -> list[str]:
    """Keys an instrument had before older history was loaded."""
    rows = connection.execute(
        text("SELECT old_key FROM instrument_aliases WHERE instrument_id = :id ORDER BY old_key"), {"id": identifier}
    )
    return [row.old_key for row in rows]


def series_days(connection: Connection, identifier: int, symbols: Sequence[str]) -> list[tuple[date, str]]:
    """(session, series) of every current row of an instrument that had these symbols, oldest first."""
    rows = connection.execute(
        text(
            "SELECT date, series FROM historical_prices WHERE symbol = ANY(:symbols) AND instrument_id = :id "
            "AND superseded_at IS NULL ORDER BY date, series"
        ),
        {"symbols": sorted(set(symbols)), "id": identifier},
    )
    return [(row.date, row.series) for row in rows]


def newest_session(connection: Connection) -> date | None:
    """The last session of which any price is stored, or None."""
    found: date | None = connection.execute(text("SELECT max(last_session) FROM instruments")).scalar()
    return found
