"""The NSE calendar: which days have a session, and which phase of the day an instant falls into.

Pure functions over the table in `nse_sessions`; the clock is the caller's. Past the horizon of the table (the last
announced year) and before its first year a day is judged by the weekday alone, and `warning` says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from functools import lru_cache
from typing import Final, Literal

from app.engines.nse_sessions import CLOSURES, FIRST, HOURS, LAST, SEEN, SPECIAL, Hours, Window

IST: Final = timezone(timedelta(hours=5, minutes=30), "IST")  # India has no daylight saving
HORIZON: Final = LAST

Phase = Literal["pre_open", "open", "closing_auction", "post_close", "closed"]
Kind = Literal["regular", "muhurat", "budget", "moved", "drill"]

_CLOSED: Final = frozenset(
    date(year, *map(int, day.split("-"))) for year, days in CLOSURES.items() for day in days.split()
)
_LABEL: Final[dict[str, str]] = {
    "pre_open": "Pre-open session",
    "open": "Market open",
    "closing_auction": "Closing auction of shares with derivatives; the others trade until 15:30",
    "post_close": "Post-close session, at the closing price",
    "closed": "Market closed",
}


@dataclass(frozen=True, slots=True)
class Session:
    """A day on which the exchange trades.

    Attributes
    ----------
    day : exchange date
    kind : regular, or why it is none
    phases : the day's phases in order, exchange local time, without overlap; empty when the hours are not known
    note : what is special about the day; empty for a regular one
    """

    day: date
    kind: Kind
    phases: tuple[tuple[Phase, Window], ...]
    note: str = ""

    @property
    def hours_known(self) -> bool:
        """Whether the hours of this session were found."""
        return bool(self.phases)

    @property
    def opens(self) -> time | None:
        """First moment of continuous trading."""
        return next((window[0] for phase, window in self.phases if phase == "open"), None)

    @property
    def closes(self) -> time | None:
        """End of continuous trading and of the closing auction."""
        return max((window[1] for phase, window in self.phases if phase in {"open", "closing_auction"}), default=None)


@dataclass(frozen=True, slots=True)
class MarketStatus:
    """What the market does at an instant.

    Attributes
    ----------
    is_open : orders can trade now: continuous trading or the closing auction
    phase : the phase
    next_change : the instant at which the phase changes next, aware, IST
    session : the exchange date in session today, else the next one
    message : one sentence for people
    warning : set when the calendar does not know this day
    """

    is_open: bool
    phase: Phase
    next_change: datetime
    session: date
    message: str
    warning: str | None


def is_known(day: date) -> bool:
    """Whether the table covers `day`; otherwise it is judged by its weekday alone."""
    return FIRST <= day <= LAST


def warning(day: date) -> str | None:
    """Why the answer about `day` is only a guess, or None when it is not."""
    if is_known(day):
        return None
    edge = f"ends on {LAST}" if day > LAST else f"begins on {FIRST}"
    return f"The exchange calendar {edge}: whether {day} has a session is judged by the weekday alone."


def is_session(day: date) -> bool:
    """Whether the exchange trades on `day`, for an hour at least. Outside the table: whether it is a weekday."""
    return day in SPECIAL or (day.weekday() < 5 and day not in _CLOSED)


def sessions(start: date, end: date) -> list[date]:
    """The session days from `start` to `end`, both included; empty when `end` lies before `start`."""
    return [day for day in _days(start, end) if is_session(day)]


def next_session(day: date) -> date:
    """The first session day after `day`."""
    return _walk(day, 1)


def previous_session(day: date) -> date:
    """The last session day before `day`."""
    return _walk(day, -1)


@lru_cache(maxsize=64)
def session(day: date) -> Session | None:
    """The session of `day` with its hours, or None when the exchange is closed."""
    if not is_session(day):
        return None
    special = SPECIAL.get(day)
    if special is None:
        return Session(day, "regular", _regular_phases(_hours_on(day)))
    windows = special.windows or ()
    regular = _hours_on(day)
    if windows == (regular.trading,):
        return Session(day, _kind(special.kind), _regular_phases(regular), special.note)
    return Session(day, _kind(special.kind), tuple(("open", window) for window in windows), special.note)


def trading_windows(day: date) -> tuple[Window, ...] | None:
    """The times in which bars of `day` may lie, in order: those files show, where they differ, else the announced ones.

    Closing auctions count, joined to the trading they follow. None where the hours are not known; empty when closed.
    """
    if day in SEEN:
        return SEEN[day].windows
    today = session(day)
    if today is None:
        return ()
    if not today.hours_known:
        return None
    windows: list[Window] = []
    for name, window in today.phases:
        if name not in {"open", "closing_auction"}:
            continue
        if windows and windows[-1][1] == window[0]:
            windows[-1] = (windows[-1][0], window[1])
        else:
            windows.append(window)
    return tuple(windows)


def phase(now: datetime) -> Phase:
    """The phase at `now`, an aware instant or a naive IST time. On a day whose hours are not known: closed."""
    moment = _ist(now)
    today = session(moment.date())
    if today is None:
        return "closed"
    clock = moment.time()
    return next((name for name, (begins, ends) in today.phases if begins <= clock < ends), "closed")


def next_change(now: datetime) -> datetime:
    """The first instant after `now` at which the phase differs, aware, IST."""
    moment = _ist(now)
    current = phase(moment)
    day = moment.date()
    while True:
        today = session(day)
        edges = sorted({edge for _, window in today.phases for edge in window}) if today is not None else []
        for edge in edges:
            instant = datetime.combine(day, edge, IST)
            if instant > moment and phase(instant) != current:
                return instant
        day = next_session(day)


def status(now: datetime) -> MarketStatus:
    """Everything one asks about an instant."""
    moment = _ist(now)
    today = session(moment.date())
    current = phase(moment)
    changes = next_change(moment)
    day = moment.date() if today is not None and (moment.time() < _end(today)) else next_session(moment.date())
    message = _LABEL[current]
    if today is not None and not today.hours_known:
        message = f"Special session today ({today.note}); its hours are not known"
    elif current == "closed":
        when = "" if changes.date() == moment.date() else f"{changes:%A} {changes:%d} {changes:%B %Y}, "
        message = f"{message}; {_LABEL[phase(changes)].lower()} from {when}{changes:%H:%M} IST"
    elif today is not None and today.note:
        message = f"{message} ({today.note})"
    return MarketStatus(
        is_open=current in {"open", "closing_auction"},
        phase=current,
        next_change=changes,
        session=day,
        message=message,
        warning=warning(day) or warning(changes.date()),
    )


def _days(start: date, end: date) -> Iterator[date]:
    for offset in range((end - start).days + 1):
        yield start + timedelta(days=offset)


def _walk(day: date, step: int) -> date:
    day += timedelta(days=step)
    while not is_session(day):
        day += timedelta(days=step)
    return day


def _hours_on(day: date) -> Hours:
    return next((hours for hours in reversed(HOURS) if hours.since <= day), HOURS[0])


def _regular_phases(hours: Hours) -> tuple[tuple[Phase, Window], ...]:
    phases: list[tuple[Phase, Window]] = []
    if hours.pre_open is not None:
        phases.append(("pre_open", hours.pre_open))
    opens, closes = hours.trading
    if hours.closing_auction is None:
        phases.append(("open", (opens, closes)))
    else:
        phases.append(("open", (opens, hours.closing_auction[0])))
        phases.append(("closing_auction", hours.closing_auction))
    if hours.post_close is not None:
        phases.append(("post_close", hours.post_close))
    return tuple(phases)


def _kind(kind: str) -> Kind:
    kinds: dict[str, Kind] = {"muhurat": "muhurat", "budget": "budget", "moved": "moved", "drill": "drill"}
    return kinds[kind]


def _end(today: Session) -> time:
    # a session whose hours are not known lasts the day
    return max((window[1] for _, window in today.phases), default=time.max)


def _ist(now: datetime) -> datetime:
    return now.replace(tzinfo=IST) if now.tzinfo is None else now.astimezone(IST)
