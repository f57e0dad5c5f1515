"""Last prices as of a day, for every instrument of a panel at once."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.services.panel import Panel
from app.services.panel.chunk import FIELDS
from app.services.panel.panel import InstrumentInfo

_CLOSE = FIELDS.index("close")
_KEPT = 8


@dataclass(frozen=True)
class Mark:
    """A last price: rupees as traded, its day, and the close before in shares as they are counted now."""

    close: Decimal
    session: date
    previous: Decimal | None
    current: bool  # whether it is of the market's last session


@dataclass(frozen=True)
class Marks:
    """Last closes of all instruments, arrays by the place of their key; NaN where there is none.

    `close` is as traded. `previous` is the close before it, divided by the factor of an action between the two; for an
    instrument that did not trade in the last session it is `close`: nothing changed on that day.
    """

    session: date | None  # the last session, None where the panel is empty
    place: dict[str, int]
    close: NDArray[np.float64]
    previous: NDArray[np.float64]
    day: NDArray[np.datetime64]

    def of(self, key: str) -> Mark | None:
        """The last price of an instrument."""
        n = self.place.get(key)
        if n is None or np.isnan(self.close[n]):
            return None
        session = self.day[n].astype(object)
        previous = float(self.previous[n])
        return Mark(
            Decimal(repr(float(self.close[n]))),
            session,
            None if np.isnan(previous) else Decimal(repr(round(previous, 4))),
            session == self.session,
        )


class MarkBook:
    """Marks of the latest days asked for. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, date | None], Marks] = {}

    def on(self, panel: Panel, asof: date | None) -> Marks:
        """The last prices up to a day; None: all there are."""
        _, _, last = panel.window(None, asof)
        day: date | None = panel.sessions[last - 1].astype(object) if last else None
        key = (f"{panel.generation}:{panel.root}", day)
        with self._lock:
            found = self._kept.get(key)
        if found is None:
            found = _marks(panel, last, day)
            with self._lock:
                self._kept[key] = found
                while len(self._kept) > _KEPT:
                    del self._kept[next(iter(self._kept))]
        return found


def _marks(panel: Panel, last: int, session: date | None) -> Marks:
    place = {key: n for n, key in enumerate(panel.keys)}
    close, before = np.full((2, len(place)), np.nan)
    day = np.full(len(place), np.datetime64("NaT"), dtype="datetime64[D]")
    day_before = day.copy()
    offset = len(panel.sessions)
    for chunk in reversed(panel.chunks):
        offset -= len(chunk.sessions)
        until = min(last - offset, len(chunk.sessions))
        if until <= 0:
            continue
        ours = np.array([place[key] for key in chunk.keys])
        rows = np.flatnonzero(np.isnan(before[ours]))
        if not len(rows):
            continue
        block = np.asarray(chunk.values[_CLOSE][rows, :until])
        at = np.where(~np.isnan(block), np.arange(until), -1)
        for _ in range(2):
            newest = at.max(axis=1)
            open_rows = np.flatnonzero((newest >= 0) & np.isnan(before[ours[rows]]))
            where = ours[rows[open_rows]]
            found, when = block[open_rows, newest[open_rows]], chunk.sessions[newest[open_rows]]
            first = np.isnan(close[where])
            close[where[first]], day[where[first]] = found[first], when[first]
            before[where[~first]], day_before[where[~first]] = found[~first], when[~first]
            at[np.arange(len(rows)), newest] = -1
    previous = before.copy()
    for key, n in place.items():
        previous[n] /= _factor_between(panel.instruments[key], day_before[n], day[n])
    stale = day != (np.datetime64("NaT") if session is None else np.datetime64(session, "D"))
    previous[stale] = close[stale]
    return Marks(session, place, close, previous, day)


def _factor_between(info: InstrumentInfo, after: Any, until: Any) -> float:
    """How many shares one became from the day after one session to another."""
    factor = 1.0
    if not info.factors or np.isnat(after) or np.isnat(until):
        return factor
    for ex_date, one in info.factors:
        if after < np.datetime64(ex_date, "D") <= until:
            factor *= one
    return factor
