"""Stored intraday bars of a universe as bars for a run.

Every instrument's bars are collected under the names it had, each for its days; the bars of the slice are all instants
at which any of them has one. What is daily is spread over the bars of its day: membership, and the factor of the
corporate actions, for intraday bars are stored as traded.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, time, timedelta
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.engines.bars import Bars, Prices
from app.engines.ports import DailyBars, Ports
from app.exceptions import DataNotFoundError, InsufficientDataError
from app.services.intraday.reading import BARS_TIMEFRAMES, named_spans, read_bars
from app.services.intraday.store import IntradayStore
from app.services.panel import Panel
from app.services.panel.panel import InstrumentInfo
from app.services.universe import Universe

F2 = NDArray[np.float64]
B2 = NDArray[np.bool_]

NAMED: Final = 20  # symbols named in one sentence
PUBLISHED_AT: Final = time(20, 0)  # the exchange's daily file is out by then, never within its session
OFF_BY: Final = 0.02  # of the official close: beyond it a day's bars are not those of the exchange
_SESSION_MINUTES: Final = 375
_DAILY_BEFORE: Final = 300  # daily sessions before the first bar that a strategy may look back on
_FIELDS: Final = ("open", "high", "low", "close", "volume")


def intraday_bars(
    session: Session,
    store: IntradayStore,
    panel: Panel,
    universe: Universe,
    start: date,
    end: date,
    warm_up: int,
    timeframe: str,
) -> tuple[Bars, tuple[str, ...]]:
    """Bars of a universe between two days with `warm_up` bars before, and what a reader must know of them.

    Beside the bars stands the port "daily": the daily bars of the same instruments, each available after its session.

    Raises
    ------
    InsufficientDataError : a symbol asked for by name has no intraday bars, or no member of the index has.
    """
    sessions_before = math.ceil(warm_up * BARS_TIMEFRAMES[timeframe] / _SESSION_MINUTES) + 1
    from_day = start - timedelta(days=math.ceil(sessions_before * 1.6) + 10)
    frames: dict[str, pl.DataFrame] = {}
    for key in universe.keys:
        frame = _frame(store, session, panel.instruments[key], timeframe, from_day, end)
        if frame.height and frame["at"][-1].date() >= start:
            frames[key] = frame
    missing = [panel.instruments[key].symbol_on(end) for key in universe.keys if key not in frames]
    if missing and (universe.index is None or not frames):
        raise InsufficientDataError(
            f"There are no {timeframe} bars of {_listed(missing)} between {start} and {end}: import intraday files of "
            "them, or choose another timeframe",
            required=len(universe.keys),
            available=len(frames),
        )
    keys = tuple(sorted(frames))
    bars = _arranged(panel, universe, keys, [frames[key] for key in keys], start, warm_up, timeframe)
    return bars, tuple(_notes(panel, bars, missing, timeframe))


def _frame(
    store: IntradayStore, session: Session, info: InstrumentInfo, timeframe: str, start: date, end: date
) -> pl.DataFrame:
    """An instrument's bars under all its names; empty where nothing is stored."""
    found = []
    for name, first, last in named_spans(info.names, info.symbol, start, end):
        try:
            found.append(read_bars(store, session, name, timeframe, first, last).frame)
        except DataNotFoundError:
            continue  # nothing under this name
    return pl.concat(found).unique("at", keep="first").sort("at") if found else pl.DataFrame({"at": []})


def _arranged(
    panel: Panel,
    universe: Universe,
    keys: tuple[str, ...],
    frames: Sequence[pl.DataFrame],
    start: date,
    warm_up: int,
    timeframe: str,
) -> Bars:
    clocks = [frame["at"].dt.replace_time_zone(None).to_numpy().astype("datetime64[s]") for frame in frames]
    times = np.unique(np.concatenate(clocks))
    first = int(np.searchsorted(times, np.datetime64(start, "D")))
    times = times[max(0, first - warm_up) :]
    fields = {name: np.full((times.size, len(keys)), np.nan) for name in _FIELDS}
    for n, (frame, clock) in enumerate(zip(frames, clocks, strict=True)):
        kept = clock >= times[0]
        rows = np.searchsorted(times, clock[kept])
        for name in _FIELDS:
            fields[name][rows, n] = frame[name].cast(pl.Float64).to_numpy()[kept]
    days = times.astype("datetime64[D]")
    distinct, day_of = np.unique(days, return_inverse=True)
    return Bars(
        sessions=times,
        keys=keys,
        symbols=tuple(panel.instruments[key].symbol_on(distinct[-1].astype(object)) for key in keys),
        raw=Prices(*(fields[name] for name in _FIELDS[:4])),
        raw_volume=fields["volume"],
        factor=panel.factors(keys, distinct)[day_of],
        gap=_gaps(panel, keys, days, fields["close"]),
        member=_members(universe, keys, distinct)[day_of],
        start=min(first, warm_up),
        timeframe=timeframe,
        ports=Ports({"daily": _daily(panel, keys, distinct)}),
    )


def _members(universe: Universe, keys: Sequence[str], days: NDArray[np.datetime64]) -> B2:
    if universe.spans is None:
        return np.ones((days.size, len(keys)), np.bool_)
    member = np.zeros((days.size, len(keys)), np.bool_)
    for n, key in enumerate(keys):
        for valid_from, valid_to in universe.spans.get(key, ()):
            last = valid_to or date.max
            member[:, n] |= (days >= np.datetime64(valid_from, "D")) & (days <= np.datetime64(last, "D"))
    return member


def _gaps(panel: Panel, keys: Sequence[str], days: NDArray[np.datetime64], close: F2) -> B2:
    """Where an instrument's bars leave out a session in which it traded: every window begins again after it."""
    first, last = (int(i) for i in np.searchsorted(panel.sessions, [days[0], days[-1] + 1]))
    traded = ~np.isnan(panel.values(("close",), keys, first, last)["close"])
    count = np.zeros((traded.shape[0] + 1, len(keys)), np.int64)  # sessions traded before the one in this row
    np.cumsum(traded, axis=0, out=count[1:])
    before = np.searchsorted(panel.sessions[first:last], days)  # sessions before each bar's own
    own = np.searchsorted(panel.sessions[first:last], days, side="right")
    gap = np.zeros(close.shape, np.bool_)
    for n in range(len(keys)):
        rows = np.flatnonzero(~np.isnan(close[:, n]))
        skipped = count[before[rows[1:]], n] - count[own[rows[:-1]], n]
        gap[rows[1:], n] = skipped > 0
    return gap


def _daily(panel: Panel, keys: Sequence[str], days: NDArray[np.datetime64]) -> DailyBars:
    """Daily bars of the same columns, which a strategy may read once they were published."""
    ordered = panel.sessions
    first = ordered[max(0, int(np.searchsorted(ordered, days[0])) - _DAILY_BEFORE)]
    bars = panel.bars(keys, first.astype(object), days[-1].astype(object))
    published = np.timedelta64(PUBLISHED_AT.hour * 3600 + PUBLISHED_AT.minute * 60, "s")
    midnights: NDArray[np.datetime64] = bars.sessions.astype("datetime64[s]")
    return DailyBars(bars, np.add(midnights, published))


def _notes(panel: Panel, bars: Bars, missing: Sequence[str], timeframe: str) -> list[str]:
    said = [f"The bars are {timeframe} bars of imported files, as traded; their closes are last prices, not official."]
    if missing:
        said.append(f"{len(missing)} members have no {timeframe} bars and were never traded: {_listed(missing)}.")
    no_volume = [s for n, s in enumerate(bars.symbols) if np.isnan(bars.raw_volume[:, n]).all()]
    if no_volume:
        said.append(f"Volumes are unknown: {_listed(no_volume)}. A volume cap would refuse every order in them.")
    off = _off_days(panel, bars)
    if off:
        named = [f"{symbol} on {count} days, first {day}" for symbol, count, day in off]
        said.append(
            f"Intraday closes lie more than {OFF_BY:.0%} from the official close: {_listed(named)}. Bars that a vendor "
            "restated for a later split look like that; orders would fill at prices nobody saw."
        )
    return said


def _off_days(panel: Panel, bars: Bars) -> list[tuple[str, int, date]]:
    days = bars.sessions.astype("datetime64[D]")
    distinct = np.unique(days)
    first, last = (int(i) for i in np.searchsorted(panel.sessions, [distinct[0], distinct[-1] + 1]))
    official = panel.values(("close",), bars.keys, first, last)["close"]
    found = []
    for n, symbol in enumerate(bars.symbols):
        rows = np.flatnonzero(~np.isnan(bars.raw.close[:, n]))
        if not rows.size:
            continue
        ends = rows[np.append(np.flatnonzero(days[rows[1:]] != days[rows[:-1]]), rows.size - 1)]
        at = np.searchsorted(panel.sessions[first:last], days[ends])
        known = (at < last - first) & (panel.sessions[first:last][np.minimum(at, last - first - 1)] == days[ends])
        ends, at = ends[known], at[known]
        off = ends[np.abs(bars.raw.close[ends, n] / official[at, n] - 1.0) > OFF_BY]
        if off.size:
            found.append((symbol, int(off.size), days[off[0]].astype(object)))
    return found


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{', '.join(names[:NAMED])}{more}"
