"""Who belonged to an index when, worked out from dated records and lists. Pure.

A history of press releases ranks above the record of inclusions and exclusions, that above lists. Where only lists are
known, a change is dated by the later list: the true day lies between the two, and the basis says LIST.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

HISTORY = "HISTORY"
LIST = "LIST"
# each index is part of the next
NESTED = ("NIFTY50", "NIFTY100", "NIFTY200", "NIFTY500")
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of membership; `last` is the last day included, None while a member."""

    instrument: int
    first: date
    last: date | None
    basis: str

    def contains(self, day: date) -> bool:
        """Whether the day lies inside."""
        return self.first <= day and (self.last is None or day <= self.last)


@dataclass(slots=True)
class Evidence:
    """What is known of one index, instruments resolved."""

    history: list[Span] = field(default_factory=list)
    events: list[tuple[date, int, str]] = field(default_factory=list)  # day, instrument, INCLUSION or EXCLUSION
    record_end: date | None = None  # how far the record of events goes
    lists: dict[date, set[int]] = field(default_factory=dict)


def members(
    evidence: Evidence,
    last_session: Callable[[int], date | None] = lambda _instrument: None,
    wider: Sequence[Span] = (),
) -> list[Span]:
    """Spans of membership of one index.

    Parameters
    ----------
    last_session : the last day of an instrument that no longer trades, else None.
    wider : history spans of an index that contains this one; who left it, left this one too.
    """
    spans: list[Span] = []
    covered: date | None = None  # last day for which dated changes are known
    began = min((span.first for span in evidence.history), default=None)
    if evidence.events and evidence.record_end is not None:
        spans, covered = _from_record(evidence, began)
    if began is not None:
        spans += evidence.history
        dates = [span.first for span in evidence.history] + [span.last for span in evidence.history if span.last]
        covered = max(dates)
    later = {day: ids for day, ids in evidence.lists.items() if covered is None or day > covered}
    spans = _through_lists(spans, covered, later, last_session, wider, split=began is None)
    return _joined(spans)


def _from_record(evidence: Evidence, history_begins: date | None) -> tuple[list[Span], date]:
    """Spans of the record of inclusions and exclusions, up to where the history takes over, and how far they reach."""
    assert evidence.record_end is not None
    start = min(day for day, _, _ in evidence.events)
    first_day = [change for day, _, change in evidence.events if day == start]
    complete = len(first_day) >= 10 and all(change == "INCLUSION" for change in first_day)
    end = evidence.record_end
    anchor: set[int] = set()
    anchor_day = min((day for day in evidence.lists if day > end), default=None)
    if history_begins is not None and history_begins <= end:
        end = history_begins - _DAY
        anchor = {span.instrument for span in evidence.history if span.contains(history_begins)}
    elif anchor_day is not None:
        anchor = evidence.lists[anchor_day]
    found: list[Span] = []
    open_: dict[int, date] = {}
    met: set[int] = set()
    for day, instrument, change in sorted(
        evidence.events, key=lambda event: (event[0], event[2] == "INCLUSION", event[1])
    ):
        if day > end:
            break
        if change == "INCLUSION":
            open_.setdefault(instrument, day)
        elif instrument in open_:
            if open_[instrument] < day:
                found.append(Span(instrument, open_[instrument], day - _DAY, HISTORY))
            del open_[instrument]
        elif instrument not in met and not complete:
            found.append(Span(instrument, start, day - _DAY, HISTORY))
        met.add(instrument)
    later = {instrument for day, instrument, _ in evidence.events if day > end}
    for instrument in anchor - met - later:
        if not complete:  # it never changed within the record, so it was there from the start of it
            open_[instrument] = start
    found += [Span(instrument, first, end, HISTORY) for instrument, first in open_.items()]
    return [span for span in found if span.last is None or span.first <= span.last], end


def _through_lists(
    spans: list[Span],
    covered: date | None,
    lists: Mapping[date, set[int]],
    last_session: Callable[[int], date | None],
    wider: Sequence[Span],
    *,
    split: bool,
) -> list[Span]:
    """Carry the last dated state through later lists."""
    open_: dict[int, Span] = {}
    closed: list[Span] = []
    for span in spans:
        ends_at_cover = covered is not None and (span.last is None or (split and span.last == covered))
        if not ends_at_cover:
            closed.append(span)
        elif split:
            closed.append(span)
            assert covered is not None
            open_[span.instrument] = Span(span.instrument, covered + _DAY, None, LIST)
        else:
            open_[span.instrument] = span
    before = covered
    for day in sorted(lists):
        for instrument in sorted(set(open_) - lists[day]):
            span = open_.pop(instrument)
            last = _left(instrument, before, day, last_session, wider)
            if span.first <= last:
                closed.append(Span(instrument, span.first, last, span.basis))
        for instrument in sorted(lists[day] - set(open_)):
            open_[instrument] = Span(instrument, day, None, LIST)
        before = day
    for instrument, span in open_.items():
        gone = last_session(instrument)
        if span.basis == LIST and gone is not None and before is not None and gone > before:
            closed.append(Span(instrument, span.first, gone, LIST))
        else:
            closed.append(span)
    return closed


def _left(
    instrument: int,
    before: date | None,
    listed: date,
    last_session: Callable[[int], date | None],
    wider: Sequence[Span],
) -> date:
    """The last day of a member that the list of `listed` no longer has: known earlier when it stopped trading or left
    an index that contains this one."""
    last = listed - _DAY
    gone = last_session(instrument)
    if gone is not None and gone < last:
        last = gone
    if before is not None:
        for span in wider:
            if span.instrument == instrument and span.last is not None and before <= span.last < last:
                last = span.last
    return last


def _joined(spans: Sequence[Span]) -> list[Span]:
    """Overlapping or adjoining spans of one instrument and basis as one; what overlaps across bases is cut."""
    by_instrument: dict[int, list[Span]] = defaultdict(list)
    for span in spans:
        by_instrument[span.instrument].append(span)
    result: list[Span] = []
    for instrument in sorted(by_instrument):
        joined: list[Span] = []
        for span in sorted(by_instrument[instrument], key=lambda one: (one.first, one.last or date.max)):
            previous = joined[-1] if joined else None
            if previous is None:
                joined.append(span)
            elif previous.last is None or (span.last is not None and span.last <= previous.last):
                continue
            elif span.first <= previous.last + _DAY and span.basis == previous.basis:
                joined[-1] = Span(instrument, previous.first, span.last, span.basis)
            elif span.first <= previous.last:
                joined.append(Span(instrument, previous.last + _DAY, span.last, span.basis))
            else:
                joined.append(span)
        result += joined
    return result
