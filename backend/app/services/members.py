"""Who belonged to an index on a day, what a universe covers, and which instrument a symbol was on a day."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy.orm import Session

from app.database import Market
from app.engines import calendar
from app.exceptions import DataNotFoundError, ValidationError
from app.models import MarketIndex
from app.repositories import indices, instruments
from app.services.importing.membership import DELISTED_AFTER
from app.services.index_book import NEAR_SESSIONS, IndexBook, Names, Stretch, priced_days
from app.services.panel import Panel, PanelService
from app.services.universe import find_instrument, known_id

FIRST_DAY = date(1994, 11, 3)  # the exchange began to trade shares
_DAY = timedelta(days=1)
_SHOWN_GAPS = 5
_SERIES_ORDER = {"EQ": 0, "BE": 1, "BZ": 2, "SM": 3, "ST": 4}


class MemberService:
    """Questions about membership and identity. Books of indices are kept until the data change."""

    def __init__(self, panels: PanelService) -> None:
        self._panels = panels
        self._books: dict[tuple[Market, str], tuple[tuple[int | str, ...], IndexBook]] = {}
        self._lock = threading.Lock()

    def book(self, market: Market, session: Session, index: str) -> IndexBook:
        """An index through time, as of the data's present version. Raises DataNotFoundError."""
        identifier = known_id(session, index)
        panel = self._panels.current(market)
        version: tuple[int | str, ...] = (*indices.membership_version(session), panel.generation)
        with self._lock:
            found = self._books.get((market, identifier))
        if found is not None and found[0] == version:
            return found[1]
        book = _load(session, identifier, panel)
        with self._lock:
            self._books[market, identifier] = (version, book)
        return book

    def members(self, market: Market, session: Session, index: str, asof: date) -> dict[str, Any]:
        """The members on a day, named as on that day, with where each is from and whether it is point in time.

        Before the first known day the first known members are shown, after the newest evidence those of that evidence;
        neither is point in time, which is said.

        Raises
        ------
        DataNotFoundError : no such index.
        ValidationError : the day lies before the exchange traded shares, or is still to come.
        """
        book = self.book(market, session, index)
        today = datetime.now(calendar.IST).date()
        if not FIRST_DAY <= asof <= today:
            raise ValidationError(
                f"asof: members of {book.index} can be known from {FIRST_DAY}, when the exchange began, to today, "
                f"{today}, not on {asof}",
                "asof",
            )
        return answer(book, asof)

    def survivorship(self, market: Market, session: Session, index: str, start: date, end: date) -> dict[str, Any]:
        """The survivorship meter of an index over a period, see `survivorship`. Raises DataNotFoundError."""
        book = self.book(market, session, index)
        result = survivorship(book, self._panels.current(market), start, end)
        result["unresolved"] = indices.unresolved(session, book.index)
        return result

    def instrument(self, market: Market, session: Session, symbol: str, asof: date | None) -> dict[str, Any]:
        """The instrument that had a symbol on a day, else (without a day) the last that had it, through all its names.

        Raises
        ------
        DataNotFoundError : nobody had the symbol on that day; the message says who had it when.
        """
        panel = self._panels.current(market)
        wanted = symbol.strip().upper()
        holders = panel.holders(wanted)
        key = find_instrument(panel, wanted, asof)
        if key is None:
            raise DataNotFoundError(f"No stock has or had the symbol {wanted}", "symbol", wanted)
        newest = panel.sessions[-1].astype(object)
        if asof is not None and not any(
            held == key and first <= asof and (last is None or asof <= last) for first, last, held in holders
        ):
            told = "; ".join(
                f"{panel.instruments[held].symbol} from {first} to {last or 'now'}" for first, last, held in holders
            )
            raise DataNotFoundError(f"No stock had the symbol {wanted} on {asof}. It was: {told}", "symbol", wanted)
        info = panel.instruments[key]
        connection = session.connection()
        stored = instruments.stored_names(connection, [info.id])
        row = instruments.one_instrument(connection, info.id)
        last_session: date | None = row.last_session
        names = {name: [_span(span) for span in spans.get(info.id, [])] for name, spans in stored.items()}
        sessions = instruments.series_days(connection, info.id, [span[2] for span in info.names])
        trading = last_session is not None and newest - last_session <= DELISTED_AFTER
        return {
            "symbol": wanted,
            "asof": asof,
            "instrument": key,
            "symbol_today": info.symbol,
            "name": info.name,
            "isin": info.isin,
            "sector": info.sector,
            "type": info.instrument_type,
            "listed_on": row.listed_on,
            "first_session": row.first_session,
            "last_session": last_session,
            "trading": trading,
            "status": "Traded in the latest sessions" if trading else f"Last seen {last_session}: no longer traded",
            "former_keys": instruments.aliases_of(connection, info.id),
            "symbols": names["instrument_symbols"],
            "names": names["instrument_names"],
            "isins": names["instrument_isins"],
            "series": series_runs(sessions),
            "other_holders": [
                {"value": panel.instruments[held].symbol, "valid_from": first, "valid_to": last}
                for first, last, held in holders
                if held != key
            ],
        }


def _load(session: Session, index: str, panel: Panel | None = None) -> IndexBook:
    return _book(session, index, with_names=True, panel=panel)


def _book(session: Session, index: str, *, with_names: bool, panel: Panel | None = None) -> IndexBook:
    """An index through time; without a panel nothing is known of its members' prices."""
    found = session.get_one(MarketIndex, known_id(session, index))
    rows = indices.detailed_spans(session, found.id)
    priced = {} if panel is None else _priced_days(panel, sorted({row.key for row in rows}))
    stretches = [
        Stretch(
            instrument=row.instrument_id,
            first=row.valid_from,
            last=row.valid_to,
            basis=row.basis,
            after=row.entered_after,
            since=row.left_since,
            source=row.source_file,
            key=row.key,
            current_symbol=row.symbol,
            first_session=row.first_session,
            last_session=row.last_session,
            priced=priced.get(row.key, ()),
        )
        for row in rows
    ]
    ids = sorted({one.instrument for one in stretches}) if with_names else []
    stored = instruments.stored_names(session.connection(), ids)
    names = Names(stored["instrument_symbols"], stored["instrument_names"], stored["instrument_isins"])
    days = [row.seen_on for row in indices.list_days(session, found.id)]
    return IndexBook(found.id, found.name, stretches, names, days)


def _priced_days(panel: Panel, keys: Sequence[str]) -> dict[str, tuple[tuple[date, date], ...]]:
    traded = ~np.isnan(panel.values(("close",), keys, 0, len(panel.sessions))["close"])
    return {key: priced_days(panel.sessions, traded[:, n]) for n, key in enumerate(keys)}


def run_notes(
    session: Session,
    index: str | None,
    start: date,
    end: date,
    *,
    asof_members: bool,
    read: Iterable[str] = (),
) -> tuple[str, ...]:
    """What a run over a period has to say of its index and of the calendar; empty where all is exact.

    Parameters
    ----------
    index : id of the index; None for a choice of symbols.
    asof_members : whether the run takes the members of each day, and not today's.
    read : ids of further indices whose members of each day its strategies read.
    """
    told = calendar.warning(end)
    notes = [told] if told is not None else []
    for one in read:
        notes += [f"{one}, read by a strategy: {said}" for said in doubts_of(session, one, start, end)]
    if index is None or not asof_members:
        return tuple(notes)
    book = _book(session, index, with_names=False)
    for number, first, last in book.gaps(start, end)[:_SHOWN_GAPS]:
        notes.append(f"{index}: missing: {number}, between {first} and {last}: fewer members are known than it has.")
    notes += [f"{index}: {told}" for told in doubts(book, start, end)]
    return tuple(notes)


def doubts(book: IndexBook, start: date, end: date) -> list[str]:
    """What is not known of the members of a period; empty where all is exact."""
    told = []
    if book.first is None or start < book.first:
        told.append(nobody_known(book))
    times = book.doubts(start, end)
    for low, high, number in times[:_SHOWN_GAPS]:
        differ = "1 member may differ" if number == 1 else f"{number} members may differ"
        told.append(f"Between the lists of {low} and {high} who came and left when is not known: {differ}.")
    if len(times) > _SHOWN_GAPS:
        told.append(f"The same holds of {len(times) - _SHOWN_GAPS} later times between lists.")
    return told


def doubts_of(session: Session, index: str, start: date, end: date) -> list[str]:
    """`doubts` of an index that is stored."""
    return doubts(_book(session, index, with_names=False), start, end)


def nobody_known(book: IndexBook) -> str:
    """What holds of every day before the first on which members are known: nobody is taken to belong."""
    if book.first is None:
        return f"No member of {book.index} is known."
    return f"Members of {book.index} are known from {book.first} on; before that day nobody is taken to belong to it."


class IndexMembers(NamedTuple):
    """Who belongs to an index on a day by instrument, whether that was known then, and what is to be said of it."""

    ids: frozenset[int]
    point_in_time: bool
    note: str
    nobody: bool = False  # the day lies before all that is known


def belonging(session: Session, index: str, day: date) -> IndexMembers:
    """The members of a day as every screen takes them: before the first known day nobody, after the newest evidence
    those of that evidence, which is what was known on the day. Raises DataNotFoundError.
    """
    book = _book(session, index, with_names=False)
    if book.first is None or day < book.first:
        return IndexMembers(frozenset(), False, nobody_known(book), nobody=True)
    ids = frozenset(one.instrument for one in book.stretches if one.has(day))
    sure, reason = certainty(book, day)
    if ids and book.evidence_until is not None and day > book.evidence_until:
        return IndexMembers(ids, True, reason)
    return IndexMembers(ids, sure, "" if sure else reason)


def answer(book: IndexBook, asof: date) -> dict[str, Any]:
    """The members on a day with what is known of their accuracy; see `MemberService.members`."""
    shown = asof
    if book.first is not None and asof < book.first:
        shown = book.first
    rows = book.rows(shown)
    point_in_time, reason = certainty(book, asof)
    notes = []
    gap = book.gap(shown) if rows else None
    if book.size is not None and len(rows) > book.size:
        notes.append(f"The evidence names {len(rows)} members on {shown}; the index has {book.size}.")
    if gap is not None:
        until = f"and {gap[2]}" if gap[2] is not None else "and now"
        notes.append(
            f"missing: {gap[0]}, between {gap[1]} {until}: no evidence says who took the place; none is invented."
        )
    unpriced = sum(not row["has_prices"] for row in rows)
    if unpriced:
        notes.append(
            f"{unpriced} of them have no price in the {NEAR_SESSIONS} sessions up to {shown}: not listed "
            "yet, no longer traded, or not in the price files."
        )
    by_source: dict[str, int] = {}
    for row in rows:
        source = row["source"] or "unknown"
        by_source[source] = by_source.get(source, 0) + 1
    return {
        "index": book.index,
        "name": book.name,
        "asof": asof,
        "members_of": min(shown, book.evidence_until or shown) if rows else None,
        "point_in_time": point_in_time,
        "reason": reason,
        "basis": "+".join(sorted({row["basis"] for row in rows})) or None,
        "evidence_until": book.evidence_until,
        "count": len(rows),
        "expected_count": book.size,
        "missing": gap[0] if gap is not None else 0,
        "missing_from": gap[1] if gap is not None else None,
        "missing_to": gap[2] if gap is not None else None,
        "uncertain": sum(row["uncertain"] is not None for row in rows),
        "notes": notes,
        "sources": by_source,
        "members": rows,
    }


def certainty(book: IndexBook, day: date) -> tuple[bool, str]:
    """Whether the members of a day are those that were known to belong then, and why or why not."""
    if book.first is None or book.evidence_until is None:
        return False, f"No member of {book.index} is known."
    if day < book.first:
        return False, f"Members of {book.index} are known from {book.first} on; shown are those of that day."
    if day > book.evidence_until:
        return False, (
            f"The newest evidence is of {book.evidence_until}; its members are carried on to {day}. "
            "Who came and left since is not known."
        )
    left, entered = book.unsure(day)
    if left or entered:
        edges = book.between(day)
        assert edges is not None
        return False, (
            f"Between the lists of {edges[0]} and {edges[1]} members changed on days nobody recorded: "
            f"{left} shown may have left before {day}, {entered} not shown may have entered."
        )
    rows = book.rows(day)
    if not rows:
        return False, f"No member of {book.index} is known on {day}."
    doubtful = [row["symbol"] for row in rows if row["uncertain"] is not None]
    if doubtful:
        named = ", ".join(doubtful[:_SHOWN_GAPS]) + (" and others" if len(doubtful) > _SHOWN_GAPS else "")
        return False, f"{len(doubtful)} members are named by a symbol that is on file from a later day only: {named}."
    if any(row["basis"] != "HISTORY" for row in rows):
        if day == book.evidence_until:
            return True, f"The list of {day} names them; no later one is known."
        return True, f"Lists before and after {day} name the same members."
    return True, "From a dated record of changes."


def survivorship(book: IndexBook, panel: Panel, start: date, end: date) -> dict[str, Any]:
    """What a universe covers over a period and what its newest list would have missed. Counts are member-days.

    A member-day is a session of the exchange calendar on which an instrument belongs to the index. The period is cut
    at the last session that prices are stored of.

    Raises
    ------
    ValidationError : dates in the wrong order.
    """
    if end < start:
        raise ValidationError(f"end {end} lies before start {start}", "end")
    newest: date | None = panel.sessions[-1].astype(object) if len(panel.sessions) else None
    until = min(end, newest) if newest is not None else end
    days = np.array(calendar.sessions(start, until), dtype="datetime64[D]")
    stored = np.isin(days, panel.sessions)
    touching = [one for one in book.stretches if one.first <= until and (one.last is None or one.last >= start)]
    keys = sorted({one.key for one in touching})
    column = {key: n for n, key in enumerate(keys)}
    member = np.zeros((len(keys), len(days)), dtype=np.bool_)
    unsure = 0
    for one in book.stretches:
        if one.after is not None:
            unsure += _between(days, one.after + _DAY, one.first - _DAY)
        if one.since is not None and one.last is not None:
            unsure += _between(days, one.since + _DAY, one.last)
    for one in touching:
        low = int(np.searchsorted(days, np.datetime64(one.first, "D")))
        high = len(days) if one.last is None else int(np.searchsorted(days, np.datetime64(one.last, "D"), side="right"))
        member[column[one.key], low:high] = True
    priced = _priced(panel, keys, days, stored)
    today = {one.key for one in book.stretches if one.last is None}
    left_out = np.array([key not in today for key in keys], dtype=np.bool_)
    total = int(member.sum())
    with_prices = int((member & priced).sum())
    missed = int(member[left_out].sum())
    sizes = member.sum(axis=0)
    lacking = 0 if book.size is None else int(np.maximum(0, book.size - sizes)[sizes > 0].sum())
    by_key = {one.key: one for one in touching}
    gone = []
    for key in keys:
        one = by_key[key]
        number = int(member[column[key]].sum())
        if number and newest is not None and one.last_session and newest - one.last_session > DELISTED_AFTER:
            row = {"symbol": one.current_symbol, "instrument": key, "last_session": one.last_session}
            gone.append({**row, "member_days": number})
    unpriced_days = (member & ~priced).sum(axis=1)
    unpriced = [
        {"symbol": by_key[keys[n]].current_symbol, "instrument": keys[n], "member_days": int(unpriced_days[n])}
        for n in np.argsort(-unpriced_days, kind="stable").tolist()
        if unpriced_days[n]
    ]
    notes = _meter_notes(book, start, end, until, int((~stored).sum()))
    return {
        "index": book.index,
        "start": start,
        "end": end,
        "counted_to": until,
        "sessions": len(days),
        "sessions_without_prices": int((~stored).sum()),
        "instruments": int(member.any(axis=1).sum()),
        "member_days": total,
        "member_days_with_prices": with_prices,
        "covered": with_prices / total if total else None,
        "without_prices": unpriced,
        "missing_member_days": lacking,
        "uncertain_member_days": unsure,
        "point_in_time": total > 0 and unsure == 0 and not _outside(book, start, until),
        "today": {"asof": book.evidence_until, "members": len(today)},
        "missed_by_today": {
            "member_days": missed,
            "share": missed / total if total else None,
            "instruments": int(member[left_out].any(axis=1).sum()) if len(keys) else 0,
        },
        "no_longer_traded": sorted(gone, key=lambda row: (row["last_session"], row["symbol"])),
        "notes": notes,
    }


def _outside(book: IndexBook, start: date, until: date) -> bool:
    return book.first is None or start < book.first or book.evidence_until is None or until > book.evidence_until


def _between(days: np.ndarray[Any, np.dtype[np.datetime64]], first: date, last: date) -> int:
    low = np.searchsorted(days, np.datetime64(first, "D"))
    high = np.searchsorted(days, np.datetime64(last, "D"), side="right")
    return max(0, int(high - low))


def _priced(
    panel: Panel,
    keys: Sequence[str],
    days: np.ndarray[Any, np.dtype[np.datetime64]],
    stored: np.ndarray[Any, np.dtype[np.bool_]],
) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Whether each instrument has a close on each day, [N, T]."""
    out = np.zeros((len(keys), len(days)), dtype=np.bool_)
    if not keys or not stored.any():
        return out
    first = int(np.searchsorted(panel.sessions, days[0]))
    last = int(np.searchsorted(panel.sessions, days[-1], side="right"))
    close = panel.values(("close",), keys, first, last)["close"].T
    places = np.searchsorted(panel.sessions, days[stored]) - first
    out[:, stored] = ~np.isnan(close[:, places])
    return out


def _meter_notes(book: IndexBook, start: date, end: date, until: date, without_prices: int) -> list[str]:
    notes = []
    if book.first is not None and start < book.first:
        notes.append(f"Members of {book.index} are known from {book.first} on; days before it are not counted.")
    if until < end:
        notes.append(f"Prices end on {until}; later days are not counted.")
    if book.evidence_until is not None and until > book.evidence_until:
        notes.append(f"The newest evidence of membership is of {book.evidence_until}; it is carried on.")
    if without_prices:
        notes.append(f"{without_prices} sessions of the exchange calendar have no price file.")
    for number, first, last in book.gaps(start, until)[:_SHOWN_GAPS]:
        notes.append(f"missing: {number}, between {first} and {last}: fewer members are known than the index has.")
    for day in (start, end):
        told = calendar.warning(day)
        if told is not None:
            notes.append(told)
    return notes


def _span(span: tuple[date, date | None, str]) -> dict[str, Any]:
    first, last, value = span
    return {"value": value, "valid_from": first, "valid_to": last}


def series_runs(days: Sequence[tuple[date, str]]) -> list[dict[str, Any]]:
    """Stretches in one series, from (day, series); of several on a day the one ordinary shares trade in counts."""
    best: dict[date, str] = {}
    for day, series in sorted(days):
        held = best.get(day)
        if held is None or (_SERIES_ORDER.get(series, 9), series) < (_SERIES_ORDER.get(held, 9), held):
            best[day] = series
    runs: list[dict[str, Any]] = []
    for day in sorted(best):
        if runs and runs[-1]["series"] == best[day]:
            runs[-1]["last_session"] = day
            runs[-1]["sessions"] += 1
        else:
            runs.append({"series": best[day], "first_session": day, "last_session": day, "sessions": 1})
    return runs
