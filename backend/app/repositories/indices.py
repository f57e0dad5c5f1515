"""Indices and who their members were when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl
from sqlalchemy import Connection, select, text
from sqlalchemy.orm import Session

from app.models import MarketIndex
from app.repositories.bulk import copy_in

Spans = dict[int, list[tuple[date, date | None]]]


@dataclass(frozen=True, slots=True)
class Members:
    """Who belongs to an index on a day. Where the day is not covered: the nearest known, and a note that says so."""

    ids: frozenset[int]
    point_in_time: bool
    note: str


class IndexRepository:
    """Reads of indices and membership."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def exists(self, index_id: str) -> bool:
        """Whether there is such an index."""
        return self._session.get(MarketIndex, index_id) is not None

    def all(self) -> Sequence[MarketIndex]:
        """Every index, by id."""
        return self._session.scalars(select(MarketIndex).order_by(MarketIndex.id)).all()

    def members(self, index_id: str, day: date) -> Members:
        """The members on a day.

        A day before the first known list takes that list's members: not what was true then, which the note says.
        """
        found = self._ids_on(index_id, day)
        if found:
            basis = (
                "a dated record" if self._is_history(index_id, day) else "dated lists; the day of a change is not exact"
            )
            return Members(found, True, f"Members on {day} from {basis}.")
        first = self._session.execute(
            text("SELECT min(valid_from) FROM index_members WHERE index_id = :index"), {"index": index_id}
        ).scalar_one()
        if first is None:
            return Members(frozenset(), False, f"No member of {index_id} is known.")
        if day < first:
            note = f"Members of {index_id} are known from {first} on; shown are those of that day, not of {day}."
            return Members(self._ids_on(index_id, first), False, note)
        return Members(frozenset(), False, f"No member of {index_id} is known on {day}.")

    def _ids_on(self, index_id: str, day: date) -> frozenset[int]:
        rows = self._session.execute(
            text(
                "SELECT instrument_id FROM index_members WHERE index_id = :index AND valid_from <= :day "
                "AND (valid_to IS NULL OR valid_to >= :day)"
            ),
            {"index": index_id, "day": day},
        )
        return frozenset(row.instrument_id for row in rows)

    def _is_history(self, index_id: str, day: date) -> bool:
        found: bool = self._session.execute(
            text(
                "SELECT bool_and(basis = 'HISTORY') FROM index_members WHERE index_id = :index AND valid_from <= :day "
                "AND (valid_to IS NULL OR valid_to >= :day)"
            ),
            {"index": index_id, "day": day},
        ).scalar_one()
        return bool(found)

    def member_spans(self, index_id: str, start: date, end: date) -> Spans:
        """Intervals of membership that touch [start, end], by instrument; the last day is included, None if a member.

        With `date.max` for both, today's members.
        """
        rows = self._session.execute(
            text(
                "SELECT instrument_id, valid_from, valid_to FROM index_members WHERE index_id = :index "
                "AND valid_from <= :end AND (valid_to IS NULL OR valid_to >= :start) ORDER BY instrument_id, valid_from"
            ),
            {"index": index_id, "start": start, "end": end},
        )
        spans: Spans = {}
        for row in rows:
            spans.setdefault(row.instrument_id, []).append((row.valid_from, row.valid_to))
        return spans

    def counts(self, day: date) -> list[dict[str, Any]]:
        """Indices with the number of their members on a day; those first known later count their first members."""
        rows = self._session.execute(
            text(
                "SELECT i.id, i.name, i.description, count(*) AS count FROM indices i "
                "JOIN (SELECT index_id, min(valid_from) AS first FROM index_members GROUP BY index_id) f ON "
                "f.index_id = i.id "
                "JOIN index_members m ON m.index_id = i.id AND m.valid_from <= greatest(:day, f.first) "
                "AND (m.valid_to IS NULL OR m.valid_to >= greatest(:day, f.first)) "
                "GROUP BY i.id, i.name, i.description ORDER BY i.id"
            ),
            {"day": day},
        )
        return [dict(row._mapping) for row in rows]


def members(session: Session, index_id: str, day: date) -> frozenset[int]:
    """Instrument ids of the members on a day; empty where none is known."""
    found = IndexRepository(session).members(index_id, day)
    return found.ids if found.point_in_time else frozenset()


def member_spans(session: Session, index_id: str, start: date, end: date) -> Spans:
    """Intervals of membership that touch [start, end], by instrument."""
    return IndexRepository(session).member_spans(index_id, start, end)


def stored_members(connection: Connection) -> set[tuple[str, int, date, date | None, str]]:
    """The whole of derived membership."""
    rows = connection.execute(text("SELECT index_id, instrument_id, valid_from, valid_to, basis FROM index_members"))
    return {(row.index_id, row.instrument_id, row.valid_from, row.valid_to, row.basis) for row in rows}


def replace_members(connection: Connection, rows: Iterable[tuple[str, int, date, date | None, str]]) -> bool:
    """Put the derived membership in place of what there is; whether anything changed."""
    wanted = set(rows)
    if wanted == stored_members(connection):
        return False
    connection.execute(text("DELETE FROM index_members"))
    if wanted:
        frame = pl.DataFrame(
            sorted(wanted, key=lambda row: (row[0], row[1], row[2])),
            schema={
                "index_id": pl.String(),
                "instrument_id": pl.Int32(),
                "valid_from": pl.Date(),
                "valid_to": pl.Date(),
                "basis": pl.String(),
            },
            orient="row",
        )
        copy_in(connection, "index_members", frame)
    return True
