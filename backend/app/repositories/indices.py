"""Indices and who their members were when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, select, text
from sqlalchemy.orm import Session

from app.models import MarketIndex
from app.repositories.bulk import copy_in

Spans = dict[int, list[tuple[date, date | None]]]


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

    def all_spans(self, index_id: str) -> Spans:
        """Every interval of membership, as `member_spans`."""
        return self.member_spans(index_id, date.min, date.max)

    def on_day(self, day: date) -> dict[str, list[int]]:
        """The members of every index that has any on a day, by index id."""
        rows = self._session.execute(
            text(
                "SELECT index_id, array_agg(DISTINCT instrument_id) AS ids FROM index_members "
                "WHERE valid_from <= :day AND (valid_to IS NULL OR valid_to >= :day) GROUP BY index_id"
            ),
            {"day": day},
        )
        return {row.index_id: row.ids for row in rows}

    def counts(self, day: date) -> list[dict[str, Any]]:
        """Indices that have members on a day, with their number."""
        rows = self._session.execute(
            text(
                "SELECT i.id, i.name, i.description, count(*) AS count FROM indices i "
                "JOIN index_members m ON m.index_id = i.id AND m.valid_from <= :day "
                "AND (m.valid_to IS NULL OR m.valid_to >= :day) GROUP BY i.id, i.name, i.description ORDER BY i.id"
            ),
            {"day": day},
        )
        return [dict(row._mapping) for row in rows]


def member_spans(session: Session, index_id: str, start: date, end: date) -> Spans:
    """Intervals of membership that touch [start, end], by instrument."""
    return IndexRepository(session).member_spans(index_id, start, end)


MemberRow = tuple[str, int, date, date | None, str, int | None, date | None, date | None]
_MEMBER_COLUMNS = (
    "index_id",
    "instrument_id",
    "valid_from",
    "valid_to",
    "basis",
    "source_file_id",
    "entered_after",
    "left_since",
)


def stored_members(connection: Connection) -> set[MemberRow]:
    """The whole of derived membership."""
    rows = connection.execute(text(f"SELECT {', '.join(_MEMBER_COLUMNS)} FROM index_members"))
    return {
        (
            row.index_id,
            row.instrument_id,
            row.valid_from,
            row.valid_to,
            row.basis,
            row.source_file_id,
            row.entered_after,
            row.left_since,
        )
        for row in rows
    }


def replace_members(connection: Connection, rows: Iterable[MemberRow]) -> bool:
    """Put the derived membership in place of what there is; whether anything changed."""
    wanted = set(rows)
    if wanted == stored_members(connection):
        return False
    connection.execute(text("DELETE FROM index_members"))
    if wanted:
        import polars as pl

        ordered = sorted(wanted, key=lambda row: row[:3])
        types = (pl.String(), pl.Int32(), pl.Date(), pl.Date(), pl.String(), pl.Int32(), pl.Date(), pl.Date())
        schema = dict(zip(_MEMBER_COLUMNS, types, strict=True))
        copy_in(connection, "index_members", pl.DataFrame(ordered, schema=schema, orient="row"))
    return True


def detailed_spans(session: Session, index_id: str) -> list[Any]:
    """Every stretch of membership of an index with its instrument, basis, uncertainty and source file, oldest first."""
    rows = session.execute(
        text(
            "SELECT m.instrument_id, m.valid_from, m.valid_to, m.basis, m.entered_after, m.left_since, "
            "f.name AS source_file, f.kind AS source_kind, i.key, i.symbol, i.name, i.isin, i.first_session, "
            "i.last_session FROM index_members m JOIN instruments i ON i.id = m.instrument_id "
            "LEFT JOIN import_files f ON f.id = m.source_file_id "
            "WHERE m.index_id = :index ORDER BY m.valid_from, m.instrument_id"
        ),
        {"index": index_id},
    )
    return list(rows)


def list_days(session: Session, index_id: str) -> list[Any]:
    """Days on which lists of an index were met, oldest first: day, where the day was read, file."""
    rows = session.execute(
        text(
            "SELECT s.seen_on, s.date_basis, f.name FROM index_lists l JOIN file_sightings s ON s.file_id = l.file_id "
            "JOIN import_files f ON f.id = l.file_id WHERE l.index_id = :index ORDER BY s.seen_on, f.sha256"
        ),
        {"index": index_id},
    )
    return list(rows)


def membership_version(session: Session) -> tuple[int, ...]:
    """A number that moves with membership, one with identity and one with every year of prices; 0 where none is."""
    row = session.execute(
        text(
            "SELECT coalesce(sum(version) FILTER (WHERE scope = 'membership'), 0) AS members, "
            "coalesce(sum(version) FILTER (WHERE scope = 'identity'), 0) AS identity, "
            "coalesce(sum(version) FILTER (WHERE scope LIKE 'prices:%'), 0) AS prices FROM data_versions"
        )
    ).one()
    return int(row.members), int(row.identity), int(row.prices)


def unresolved(session: Session, index_id: str) -> str | None:
    """What the last derivation said of members that no stored price answers to, or None."""
    found: str | None = session.execute(
        text("SELECT message FROM findings WHERE rule = 'MEMBER_NOT_RESOLVED' AND subject = :index LIMIT 1"),
        {"index": index_id},
    ).scalar()
    return found
