"""Who belonged to an index when, worked out from dated records and lists. Pure.

A history of press releases ranks above the record of inclusions and exclusions, that above lists. Where only lists are
known, a change is dated by the later list: the true day lies between the two, and the basis says LIST. Each span then
carries that stretch: `after` and `since` say how early a change may have been.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

HISTORY = "HISTORY"
LIST = "LIST"
# each index is part of the next
NESTED = ("NIFTY50", "NIFTY100", "NIFTY200", "NIFTY500")
DELISTED_AFTER = timedelta(days=60)  # not seen for so long before the last stored session
_DAY = timedelta(days=1)
_SIZE = re.compile(r"(\d+)$")


def size_of(index: str) -> int | None:
    """How many members an index has by its name, else None: 50 of NIFTY50, none of NIFTYBANK or of a 25/50 index."""
    match = _SIZE.search(index)
    size = int(match.group(1)) if match else 0
    return size if 10 <= size <= 1000 and not index.endswith("2550") else None


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of membership; `last` is the last day included, None while a member.

    `after` is the last day on which evidence did not have it yet: it entered later than that, on `first` at the latest.
    `since` is the last day on which evidence still had it: it left on or after that, after `last` at the latest. None
    where the day is exact. `source` is the id of the file that says so first.
    """

    instrument: int
    first: date
    last: date | None
    basis: str
    source: int | None = None
    after: date | None = None
    since: date | None = None

    def contains(self, day: date) -> bool:
        """Whether the day lies inside."""
        return self.first <= day and (self.last is None or day <= self.last)


@dataclass(slots=True)
class Evidence:
    """What is known of one index, instruments resolved."""

    history: list[Span] = field(default_factory=list)
    events: list[tuple[date, int, str]] = field(default_factory=list)  # day, instrument, INCLUSION or EXCLUSION
    record_end: date | None = None  # how far the record of events goes
    record_source: int | None = None
    lists: dict[date, set[int]] = field(default_factory=dict)
    list_sources: dict[date, int] = field(default_factory=dict)


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
    spans = _through_lists(spans, covered, later, evidence.list_sources, last_session, wider, split=began is None)
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
    source = evidence.record_source
    return [replace(span, source=source) for span in found if span.last is None or span.first <= span.last], end


def _through_lists(
    spans: list[Span],
    covered: date | None,
    lists: Mapping[date, set[int]],
    sources: Mapping[date, int],
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
            open_[span.instrument] = Span(span.instrument, covered + _DAY, None, LIST, span.source)
        else:
            open_[span.instrument] = span
    before = covered
    for day in sorted(lists):
        for instrument in sorted(set(open_) - lists[day]):
            span = open_.pop(instrument)
            last = _left(instrument, before, day, last_session, wider)
            if span.first <= last:
                closed.append(replace(span, last=last, since=None if before is None or before >= last else before))
        for instrument in sorted(lists[day] - set(open_)):
            open_[instrument] = Span(instrument, day, None, LIST, sources.get(day), before)
        before = day
    for instrument, span in open_.items():
        gone = last_session(instrument)
        if span.basis == LIST and gone is not None and before is not None and gone > before:
            closed.append(replace(span, last=gone))
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


def _order(span: Span) -> tuple[date, date, str, int]:
    return span.first, span.last or date.max, span.basis, span.source or 0


def _joined(spans: Sequence[Span]) -> list[Span]:
    """Overlapping or adjoining spans of one instrument and basis as one; what overlaps across bases is cut."""
    by_instrument: dict[int, list[Span]] = defaultdict(list)
    for span in spans:
        by_instrument[span.instrument].append(span)
    result: list[Span] = []
    for instrument in sorted(by_instrument):
        joined: list[Span] = []
        for span in sorted(by_instrument[instrument], key=_order):
            previous = joined[-1] if joined else None
            if previous is None:
                joined.append(span)
            elif previous.last is None or (span.last is not None and span.last <= previous.last):
                continue
            elif span.first <= previous.last + _DAY and span.basis == previous.basis:
                joined[-1] = replace(previous, last=span.last, since=span.since)
            elif span.first <= previous.last:
                joined.append(replace(span, first=previous.last + _DAY, after=None))
            else:
                joined.append(span)
        result += joined
    return result
