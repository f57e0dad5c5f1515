"""Rows of evidence as files told them: written once with their file, read back whole to work out what follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import polars as pl
from sqlalchemy import Connection, text

from app.models.base import Base
from app.repositories.bulk import copy_in, copy_out

TABLES = (
    "symbol_changes",
    "name_changes",
    "company_symbols",
    "listed_securities",
    "index_history_spans",
    "index_events",
    "index_event_corrections",
    "corporate_actions",
    "fundamental_values",
    "security_listings",
    "security_flags",
    "week_52_levels",
    "large_deals",
    "series_moves",
    "announced_holidays",
)


def add_rows(connection: Connection, table: str, file_id: int, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store a file's rows in one of `TABLES`."""
    if table not in TABLES:
        raise ValueError(f"{table} is no table of evidence")
    if rows:
        connection.execute(Base.metadata.tables[table].insert(), [{**row, "file_id": file_id} for row in rows])


def add_frame(connection: Connection, table: str, file_id: int, frame: pl.DataFrame) -> None:
    """Store a file's rows in one of `TABLES`, many at once."""
    if table not in TABLES:
        raise ValueError(f"{table} is no table of evidence")
    if frame.height:
        copy_in(connection, table, frame.with_columns(pl.lit(file_id, pl.Int32).alias("file_id")))


def add_indices(connection: Connection, names: Mapping[str, str]) -> None:
    """Make sure that indices exist, by id and name.

    Files spell a name in several ways; the one shown is one with a space, then the first in order of characters,
    whichever file came first.
    """
    if names:
        connection.execute(
            text(
                "INSERT INTO indices AS known (id, name) VALUES (:id, :name) ON CONFLICT (id) DO UPDATE "
                "SET name = excluded.name WHERE (position(' ' IN excluded.name) = 0, excluded.name COLLATE \"C\") "
                "< (position(' ' IN known.name) = 0, known.name COLLATE \"C\")"
            ),
            [{"id": identifier, "name": name} for identifier, name in sorted(names.items())],
        )


def add_index_list(
    connection: Connection,
    *,
    file_id: int,
    index_id: str,
    in_force_on: date | None,
    date_basis: str,
    entries: Sequence[Mapping[str, Any]],
) -> None:
    """Store one index's list of one file."""
    if in_force_on is not None:
        add_sighting(connection, file_id, in_force_on, date_basis)
    list_id = connection.execute(
        text(
            "INSERT INTO index_lists (index_id, file_id, in_force_on, date_basis) "
            "VALUES (:index_id, :file_id, :in_force_on, :date_basis) RETURNING id"
        ),
        {"index_id": index_id, "file_id": file_id, "in_force_on": in_force_on, "date_basis": date_basis},
    ).scalar_one()
    connection.execute(
        Base.metadata.tables["index_list_entries"].insert(), [{**entry, "list_id": list_id} for entry in entries]
    )


def add_sighting(connection: Connection, file_id: int, seen_on: date, date_basis: str) -> bool:
    """Remember a day on which a file's content was met; whether it is new."""
    added = connection.execute(
        text(
            "INSERT INTO file_sightings (file_id, seen_on, date_basis) VALUES (:file_id, :seen_on, :date_basis) "
            "ON CONFLICT (file_id, seen_on) DO NOTHING"
        ),
        {"file_id": file_id, "seen_on": seen_on, "date_basis": date_basis},
    )
    return added.rowcount > 0


def sight_again(connection: Connection, sha256: str, seen_on: date, date_basis: str) -> tuple[bool, bool]:
    """The content of a stored file was met under a date: a list was in force then too.

    Whether that is new, and whether it is of an index. A list of securities without a date of its own counts as of the
    latest day on which it was met.
    """
    file_id = connection.execute(
        text("SELECT id FROM import_files WHERE sha256 = :sha256"), {"sha256": sha256}
    ).scalar_one()
    days = {"file_id": file_id, "day": seen_on}
    changed = 0
    for table in ("listed_securities", "company_symbols"):
        changed += connection.execute(
            text(f"UPDATE {table} SET as_of = :day WHERE file_id = :file_id AND (as_of IS NULL OR as_of < :day)"), days
        ).rowcount
    listed = connection.execute(text("SELECT 1 FROM index_lists WHERE file_id = :file_id"), days).first()
    if listed is not None and add_sighting(connection, file_id, seen_on, date_basis):
        connection.execute(
            text(
                "UPDATE index_lists SET in_force_on = :day, date_basis = :basis "
                "WHERE file_id = :file_id AND (in_force_on IS NULL OR in_force_on > :day)"
            ),
            {**days, "basis": date_basis},
        )
        changed += 1
    return changed > 0, listed is not None


def dated_by_place(connection: Connection) -> set[str]:
    """Digests of the stored files whose date is that of their name or folder."""
    rows = connection.execute(
        text(
            "SELECT sha256 FROM import_files WHERE id IN (SELECT file_id FROM index_lists "
            "UNION SELECT file_id FROM listed_securities UNION SELECT file_id FROM company_symbols)"
        )
    )
    return {row.sha256 for row in rows}


def symbol_changes(connection: Connection) -> list[tuple[str, str, date | None]]:
    """(old, new, date) of every change that a list names or a person, each once."""
    rows = connection.execute(
        text(
            "SELECT old_symbol, new_symbol, effective_on FROM symbol_changes WHERE old_symbol <> new_symbol UNION "
            "SELECT old_symbol, new_symbol, session FROM identity_decisions WHERE decision = 'JOIN' "
            "AND undone_at IS NULL"
        )
    )
    return [(row.old_symbol, row.new_symbol, row.effective_on) for row in rows]


def action_reach(connection: Connection, lists: Sequence[str]) -> Any:
    """How far actions on file reach: splits (the last ex-date in some lists), first_demerger and last_demerger."""
    return connection.execute(
        text(
            "SELECT max(ex_date) FILTER (WHERE source = ANY(:lists) "
            "AND kind IN ('SPLIT', 'BONUS', 'CONSOLIDATION', 'RIGHTS')) AS splits, "
            "min(ex_date) FILTER (WHERE kind = 'DEMERGER') AS first_demerger, "
            "max(ex_date) FILTER (WHERE kind = 'DEMERGER') AS last_demerger FROM corporate_actions"
        ),
        {"lists": list(lists)},
    ).one()


def listed_securities(connection: Connection, symbols: Sequence[str] | None = None) -> list[Any]:
    """Every line of the master lists, of all symbols or some; newest list first, then in a fixed order."""
    return list(
        connection.execute(
            text(
                "SELECT l.symbol, l.name, l.series, l.instrument_type, l.isin, l.listed_on, l.as_of FROM "
                "listed_securities l "
                "JOIN import_files f ON f.id = l.file_id "
                "WHERE CAST(:symbols AS text[]) IS NULL OR l.symbol = ANY(:symbols) "
                "ORDER BY l.as_of DESC NULLS LAST, f.sha256, l.line"
            ),
            {"symbols": symbols},
        )
    )


def name_changes(connection: Connection, symbols: Sequence[str] | None = None) -> list[Any]:
    """Every listed change of a name: symbol, old name, new name, date; oldest first."""
    return list(
        connection.execute(
            text(
                "SELECT DISTINCT symbol, old_name, new_name, effective_on FROM name_changes "
                "WHERE effective_on IS NOT NULL AND (CAST(:symbols AS text[]) IS NULL OR symbol = ANY(:symbols)) "
                "ORDER BY effective_on, symbol, old_name, new_name"
            ),
            {"symbols": symbols},
        )
    )


def company_symbols(connection: Connection, symbols: Sequence[str] | None = None) -> list[tuple[str, str, date | None]]:
    """(name, symbol, date of the list) where lists map names to symbols; newest list last."""
    rows = connection.execute(
        text(
            "SELECT name, symbol, as_of FROM ("
            "SELECT name, symbol, as_of FROM company_symbols "
            "UNION SELECT name, symbol, as_of FROM listed_securities WHERE name IS NOT NULL "
            "UNION SELECT e.company_name, e.symbol, s.seen_on FROM index_list_entries e "
            "JOIN index_lists l ON l.id = e.list_id LEFT JOIN file_sightings s ON s.file_id = l.file_id "
            "WHERE e.company_name IS NOT NULL AND e.symbol IS NOT NULL) n "
            "WHERE CAST(:symbols AS text[]) IS NULL OR symbol = ANY(:symbols) ORDER BY 3 NULLS FIRST, 1, 2"
        ),
        {"symbols": symbols},
    )
    return [(row.name, row.symbol, row.as_of) for row in rows]


def indices_mention(connection: Connection, symbols: Sequence[str]) -> bool:
    """Whether evidence about index membership speaks of any of the symbols."""
    query = text(
        "SELECT EXISTS (SELECT 1 FROM index_list_entries WHERE symbol = ANY(:symbols)) "
        "OR EXISTS (SELECT 1 FROM index_history_spans WHERE symbol = ANY(:symbols)) "
        "OR EXISTS (SELECT 1 FROM company_symbols WHERE symbol = ANY(:symbols)) "
        "OR EXISTS (SELECT 1 FROM index_event_corrections WHERE correct_symbol = ANY(:symbols))"
    )
    found: bool = connection.execute(query, {"symbols": list(symbols)}).scalar_one()
    return found


def actions_mention(connection: Connection, symbols: Sequence[str]) -> bool:
    """Whether a listed action with a factor speaks of any of the symbols."""
    query = text("SELECT EXISTS (SELECT 1 FROM corporate_actions WHERE symbol = ANY(:symbols) AND factor IS NOT NULL)")
    found: bool = connection.execute(query, {"symbols": list(symbols)}).scalar_one()
    return found


def index_list_entries(connection: Connection) -> list[Any]:
    """Every entry of every dated list, once for each day it was met: index, date, symbol, company, sector, isin,
    file; a fixed order."""
    return list(
        connection.execute(
            text(
                "SELECT l.index_id, s.seen_on AS in_force_on, e.symbol, e.company_name, e.sector, e.isin, l.file_id "
                "FROM index_list_entries e "
                "JOIN index_lists l ON l.id = e.list_id JOIN import_files f ON f.id = l.file_id "
                "JOIN file_sightings s ON s.file_id = l.file_id "
                "ORDER BY l.index_id, s.seen_on, f.sha256, e.line"
            )
        )
    )


def index_history(connection: Connection) -> list[Any]:
    """Every stated interval of membership: index, symbol, company, from, to, rank, file."""
    return list(
        connection.execute(
            text(
                "SELECT DISTINCT ON (index_id, effective_from, symbol, effective_to, company_name, source_rank) "
                "index_id, symbol, company_name, effective_from, effective_to, source_rank, file_id "
                "FROM index_history_spans h JOIN import_files f ON f.id = h.file_id "
                "ORDER BY index_id, effective_from, symbol, effective_to, company_name, source_rank, f.sha256"
            )
        )
    )


def index_events(connection: Connection) -> list[Any]:
    """Every recorded change: index, date, company, INCLUSION or EXCLUSION; oldest first, exclusions first in a day."""
    return list(
        connection.execute(
            text(
                "SELECT DISTINCT ON (index_id, effective_on, change, company_name) "
                "index_id, effective_on, company_name, change, file_id "
                "FROM index_events e JOIN import_files f ON f.id = e.file_id "
                "ORDER BY index_id, effective_on, change, company_name, f.sha256"
            )
        )
    )


def index_event_corrections(connection: Connection) -> dict[tuple[str, date, str, str], str]:
    """The right symbol by (index, date, symbol the name led to, change)."""
    rows = connection.execute(
        text("SELECT index_id, effective_on, symbol, change, correct_symbol FROM index_event_corrections")
    )
    return {(row.index_id, row.effective_on, row.symbol, row.change): row.correct_symbol for row in rows}


def corporate_actions(connection: Connection) -> pl.DataFrame:
    """Every listed action that can change a price: symbol or company, ex-date, kind, factor, amount, purpose, place."""
    return copy_out(
        connection,
        "SELECT DISTINCT c.symbol, c.company_name, c.ex_date, c.kind, c.factor, c.amount, c.purpose, c.source, "
        "f.sha256, c.line, c.part "
        "FROM corporate_actions c JOIN import_files f ON f.id = c.file_id WHERE c.kind <> 'DIVIDEND' "
        "ORDER BY c.ex_date, c.symbol, c.company_name, c.source, f.sha256, c.line, c.part",
        {
            "symbol": pl.String(),
            "company_name": pl.String(),
            "ex_date": pl.Date(),
            "kind": pl.String(),
            "factor": pl.Float64(),
            "amount": pl.Float64(),
            "purpose": pl.String(),
            "source": pl.String(),
            "sha256": pl.String(),
            "line": pl.Int32(),
            "part": pl.Int32(),
        },
    )


def has_factors(connection: Connection, first: date, last: date) -> bool:
    """Whether any listed action with a factor has its ex-date between two days."""
    query = text(
        "SELECT EXISTS (SELECT 1 FROM corporate_actions WHERE factor IS NOT NULL AND ex_date BETWEEN :first AND :last)"
    )
    found: bool = connection.execute(query, {"first": first, "last": last}).scalar_one()
    return found


def company_names(connection: Connection) -> list[str]:
    """Names by which evidence about indices and actions speaks of companies where it gives no symbol."""
    rows = connection.execute(
        text(
            "SELECT company_name AS name FROM index_events "
            "UNION SELECT company_name FROM corporate_actions WHERE symbol IS NULL AND kind <> 'DIVIDEND' "
            "UNION SELECT company_name FROM index_list_entries WHERE symbol IS NULL"
        )
    )
    return [row.name for row in rows if row.name]
