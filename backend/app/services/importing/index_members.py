"""Index membership brought up to date: evidence read with its instruments, spans worked out and stored."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import Connection

from app.repositories import evidence, indices, instruments
from app.services.importing.findings import Rule, derived_finding
from app.services.importing.lookup import Lookup
from app.services.importing.membership import DELISTED_AFTER, HISTORY, NESTED, Evidence, Span, members, size_of


def update_membership(connection: Connection, lookup: Lookup, found: list[dict[str, Any]]) -> bool:
    """Work out membership from all evidence; whether it changed. Adds findings about members without instrument."""
    known = {row.id: row for row in instruments.all_instruments(connection)}
    sessions = [row.last_session for row in known.values() if row.last_session is not None]
    if not sessions:
        return indices.replace_members(connection, [])
    newest, oldest = max(sessions), min(row.first_session for row in known.values() if row.first_session is not None)

    def last_session(instrument: int) -> date | None:
        last: date = known[instrument].last_session
        return last if newest - last > DELISTED_AFTER else None

    collected, missing = _collect(connection, lookup, oldest)
    spans: dict[str, list[Span]] = {}
    for index in sorted(collected, key=lambda name: (-_breadth(name), name)):
        wider = [
            span
            for name in NESTED[_breadth(index) + 1 :] if index in NESTED
            for span in spans.get(name, ())
            if span.basis == HISTORY
        ]  # fmt: skip
        spans[index] = members(collected[index], last_session, wider)
    for index, names in sorted(missing.items()):
        found.append(_not_resolved(index, names))
    return indices.replace_members(
        connection,
        (
            (index, span.instrument, span.first, span.last, span.basis, span.source, span.after, span.since)
            for index, own in spans.items()
            for span in own
        ),
    )


def _breadth(index: str) -> int:
    return NESTED.index(index) if index in NESTED else -1


def _collect(connection: Connection, lookup: Lookup, oldest: date) -> tuple[dict[str, Evidence], dict[str, set[str]]]:
    """Evidence by index with instruments resolved, and names since the oldest price that no instrument answers to."""
    collected: dict[str, Evidence] = defaultdict(Evidence)
    missing: dict[str, set[str]] = defaultdict(set)
    for row in evidence.index_history(connection):
        instrument = (
            lookup.by_symbol(row.symbol, row.effective_from)
            if row.symbol
            else lookup.by_name(row.company_name, row.effective_from)
        )
        if instrument is None:
            missing[row.index_id].add(row.symbol or row.company_name)
        else:
            collected[row.index_id].history.append(
                Span(instrument, row.effective_from, row.effective_to, HISTORY, row.file_id)
            )
    events = evidence.index_events(connection)
    corrections = evidence.index_event_corrections(connection)
    record_end = max((row.effective_on for row in events), default=None)
    for row in events:
        named = lookup.symbol_of_name(row.company_name, row.effective_on)
        instrument = None
        if named is not None:
            correct = corrections.get((row.index_id, row.effective_on, named[0], row.change))
            symbol, day = (correct, row.effective_on) if correct else named
            instrument = lookup.by_symbol(symbol, day)
        own = collected[row.index_id]
        own.record_end, own.record_source = record_end, row.file_id
        if instrument is not None:
            own.events.append((row.effective_on, instrument, row.change))
        elif row.effective_on >= oldest:
            missing[row.index_id].add(row.company_name)
    _collect_lists(connection, lookup, collected, missing)
    return collected, missing


def _collect_lists(
    connection: Connection, lookup: Lookup, collected: dict[str, Evidence], missing: dict[str, set[str]]
) -> None:
    """Add the dated lists. Of several for one index and day, the one nearest to the index's size counts."""
    lists: dict[tuple[str, date], dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
    for row in evidence.index_list_entries(connection):  # files of one day in the order of their content
        day = row.in_force_on
        instrument = lookup.by_symbol(row.symbol, day) if row.symbol else lookup.by_name(row.company_name, day)
        if instrument is not None:
            lists[row.index_id, day][row.file_id].add(instrument)
        else:
            missing[row.index_id].add(row.symbol or row.company_name)
    for (index, day), files in lists.items():
        size = size_of(index)
        file_id = min(files, key=lambda one: 0 if size is None else abs(len(files[one]) - size))
        own = collected[index]
        own.lists[day], own.list_sources[day] = files[file_id], file_id


def _not_resolved(index: str, names: Iterable[str]) -> dict[str, Any]:
    listed = sorted(names)
    shown = ", ".join(listed[:30]) + (f" and {len(listed) - 30} more" if len(listed) > 30 else "")
    message = f"{index}: {len(listed)} members have no prices stored under their name: {shown}"
    return derived_finding(Rule.MEMBER_NOT_RESOLVED, index, message, "they are missing from the index's members")
