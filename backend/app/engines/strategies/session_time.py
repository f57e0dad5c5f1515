"""Where each intraday bar stands in its session, as it is known at the bar itself."""

from __future__ import annotations

from datetime import date, time
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.engines import calendar
from app.engines.bars import Bars
from app.engines.strategies.schedule import flat_by, intraday_only

B1 = NDArray[np.bool_]
B2 = NDArray[np.bool_]
F2 = NDArray[np.float64]
I1 = NDArray[np.int64]

REGULAR_OPEN = 9 * 60 + 15


class SessionTime(NamedTuple):
    """Of each bar, shape [T]. Minutes are counted from the opening of the session.

    Attributes
    ----------
    first : index of the first bar of its session
    begun, ended : minutes from the opening to the bar's beginning and to its end, when it decides
    leave : whether positions are to be left at its close, so that they are flat by the time `schedule.flat_by` says,
        or by `latest` where that is earlier; where the hours of the day are not known, at every bar
    from_open : whether the first bar of its session is that of the opening: no bar is missing before it
    """

    first: I1
    begun: I1
    ended: I1
    leave: B1
    from_open: B1

    @classmethod
    def of(cls, bars: Bars, who: str, latest: time | None = None) -> SessionTime:
        """Of these bars; ValueError unless they are intraday ones, which `who` needs."""
        intraday_only(bars, who)
        days = bars.sessions.astype("datetime64[D]")
        new = np.ones(len(days), np.bool_)
        new[1:] = days[1:] != days[:-1]
        first = np.maximum.accumulate(np.where(new, np.arange(len(days)), 0))
        opens, flats = np.zeros(len(days), np.int64), np.zeros(len(days), np.int64)
        for t in np.flatnonzero(new).tolist():
            opens[t], flats[t] = _hours(days[t].astype(object))
        if latest is not None:
            flats = np.minimum(flats, latest.hour * 60 + latest.minute)
        opens, flats = opens[first], flats[first]
        begins = (bars.sessions - days).astype("timedelta64[m]").astype(np.int64)
        ends = (bars.decided_at - days.astype("datetime64[s]")).astype("timedelta64[m]").astype(np.int64)
        return cls(first, begins - opens, ends - opens, ends >= flats, (begins == opens)[first])


@lru_cache(maxsize=16_384)
def _hours(day: date) -> tuple[int, int]:
    """Minutes of the day at which it opens, and at which positions are flat; (0, 0) where they are not known."""
    if not calendar.is_session(day):
        opens: time | None = None
    else:
        windows = calendar.trading_windows(day)
        if not windows:
            return 0, 0
        opens = windows[0][0]
    flat = flat_by(day)
    start = REGULAR_OPEN if opens is None else opens.hour * 60 + opens.minute
    return start, 0 if flat is None else flat.hour * 60 + flat.minute


class Opening(NamedTuple):
    """The first minutes of each session, as known at the bar that completes them; rows are those bars.

    Attributes
    ----------
    rows : shape [S], the completing bars, ascending
    open, high, low, volume : shape [S, N], of the minutes together; NaN where the instrument did not trade in one of
        their bars, or history is missing between them
    before : shape [S, N], the last close of the session before; NaN where it did not trade then, or history is missing
        since
    """

    rows: I1
    open: F2
    high: F2
    low: F2
    volume: F2
    before: F2

    @classmethod
    def of(cls, bars: Bars, clock: SessionTime, minutes: int) -> Opening:
        """The opening of this length; longer bars make it longer. Sessions whose first bars are missing have none."""
        complete = clock.ended >= minutes
        complete[1:] &= ~((clock.ended[:-1] >= minutes) & (clock.first[1:] == clock.first[:-1]))
        rows = np.flatnonzero(complete & clock.from_open & ~clock.leave)
        shape = (rows.size, bars.shape[1])
        opens, highs, lows, volumes, befores = (np.full(shape, np.nan) for _ in range(5))
        ends = _session_closes(bars, clock)
        for s, t in enumerate(rows.tolist()):
            begin = int(clock.first[t])
            part = slice(begin, t + 1)
            whole = ~np.isnan(bars.close[part]).any(axis=0) & ~bars.gap[begin + 1 : t + 1].any(axis=0)
            opens[s] = np.where(whole, bars.open[begin], np.nan)
            highs[s] = np.where(whole, bars.high[part].max(axis=0), np.nan)
            lows[s] = np.where(whole, bars.low[part].min(axis=0), np.nan)
            volumes[s] = np.where(whole, np.cumsum(bars.volume[part], axis=0)[-1], np.nan)
            befores[s] = ends[begin]
        return cls(rows, opens, highs, lows, volumes, befores)


def _session_closes(bars: Bars, clock: SessionTime) -> F2:
    """In the first row of each session: the last close of the session before; NaN elsewhere, or where there is none.

    None: the instrument did not trade in that session, or history is missing since its last bar.
    """
    rows = np.arange(len(bars.close))[:, None]
    seen = np.maximum.accumulate(np.where(np.isnan(bars.close), -1, rows), axis=0)
    gaps = np.cumsum(bars.gap, axis=0)
    starts = np.unique(clock.first)
    out = np.full(bars.shape, np.nan)
    before, start = starts[:-1], starts[1:]
    at = seen[start - 1]
    last = np.maximum(at, 0)
    known = (at >= before[:, None]) & (np.take_along_axis(gaps, last, axis=0) == gaps[start])
    out[start] = np.where(known, np.take_along_axis(bars.close, last, axis=0), np.nan)
    return out
