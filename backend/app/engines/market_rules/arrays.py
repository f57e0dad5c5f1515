"""The rules over a slice: ticks, price bands, trade-for-trade and square-off as arrays [T, N], time first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from enum import IntEnum
from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.engines.calendar import session
from app.engines.market_rules.tables import BAND_PERCENTS, FUND_TICK, TICKS, TRADE_FOR_TRADE, TickRule, square_off_time

F1 = NDArray[np.float64]
F2 = NDArray[np.float64]
B1 = NDArray[np.bool_]
B2 = NDArray[np.bool_]
I1 = NDArray[np.int64]
I8 = NDArray[np.int8]
D1 = NDArray[np.datetime64]

NONE_HERE, AT_OPEN, AT_CLOSE = 0, 1, 2  # of square_off
_NEAR: Final = 1e-6  # ticks, and rupees


class BandState(IntEnum):
    """What is known of a security's price band in a session."""

    UNKNOWN = 0
    KNOWN = 1  # a source gives it
    INFERRED = 2  # the whole day traded at one price, a band away from the previous close
    NONE = 3  # the security has derivatives: an operating range that flexes, no fixed band


class Bands(NamedTuple):
    """Limits in rupees, NaN where there is none or it is unknown; all [T, N]."""

    low: F2
    high: F2
    state: I8


class KnownBand(NamedTuple):
    """What a source says of one security in one session; NaN what it does not say."""

    row: int
    column: int
    percent: float
    low: float  # rupees
    high: float  # rupees


def tick_sizes(days: D1, raw_close: F2, is_etf: B1, before: F1 | None = None) -> F2:
    """Tick of each security in each session, rupees.

    A month's tick follows from the last close of the month before. `before` gives the last closes before the slice;
    where there is none, in the first month and in that of a listing, the security's first close in the slice decides.

    Parameters
    ----------
    days : shape [T], ascending; of intraday bars their times
    raw_close : shape [T, N], as traded; NaN without a bar
    is_etf : shape [N], fund units
    before : shape [N], NaN where not known

    Returns
    -------
    shape [T, N]; never NaN: a security without any close has the tick of the lowest prices.
    """
    rows, columns = raw_close.shape
    last = np.full(columns, np.nan) if before is None else before.astype(np.float64, copy=True)
    out = np.empty((rows, columns))
    dates = days.astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    starts = [int(i) for i in np.flatnonzero(np.r_[True, months[1:] != months[:-1]])] if rows else []
    changes = np.array([rule.since for rule in TICKS], "datetime64[D]")
    for begin, end in zip(starts, [*starts[1:], rows], strict=True):
        priced = last
        if np.isnan(last).any():
            priced = np.where(np.isnan(last), _first_in(raw_close[begin:end]), last)
        cuts = [begin, *(begin + int(i) for i in np.searchsorted(dates[begin:end], changes)), end]
        edges = sorted({cut for cut in cuts if begin <= cut <= end})
        for lo, hi in pairwise(edges):
            rule = TICKS[int(np.searchsorted(changes, dates[lo], side="right")) - 1]
            out[lo:hi] = _ticks(priced, is_etf, rule)
        closing = _first_in(raw_close[begin:end][::-1])
        last = np.where(np.isnan(closing), last, closing)
    return out


def _first_in(block: F2) -> F1:
    """The first number of each column; NaN where there is none."""
    found: F1 = block[0].copy()
    for row in block[1:]:
        missing = np.isnan(found)
        if not missing.any():
            break
        found[missing] = row[missing]
    return found


def _ticks(price: F1, is_etf: B1, rule: TickRule) -> F1:
    place = np.zeros(price.size, np.int64)
    for edge, inclusive in zip(rule.edges, rule.inclusive, strict=True):
        place += (price > edge + _NEAR) if inclusive else (price > edge - _NEAR)
    ticks = np.array(rule.ticks)[place]
    return np.where(is_etf, FUND_TICK, ticks)


def band_limits(base: F1, percent: F1, tick: F1) -> tuple[F1, F1]:
    """Lowest and highest price of a fixed band, rounded inwards to the tick."""
    low = np.ceil(base * (1.0 - percent / 100.0) / tick - _NEAR) * tick
    high = np.floor(base * (1.0 + percent / 100.0) / tick + _NEAR) * tick
    return np.round(low, 4), np.round(high, 4)


def price_bands(
    high: F2,
    low: F2,
    close: F2,
    factor: F2,
    tick: F2,
    *,
    gap: B2 | None = None,
    known: Sequence[KnownBand] = (),
    has_derivatives: B2 | None = None,
) -> Bands:
    """Price bands of a slice of daily bars.

    What a source says stands. Elsewhere a day that traded at one price only, a usual band away from the previous close
    (brought to the day's shares), is taken for a locked one: its price is the limit on that side. All else is unknown.

    Parameters
    ----------
    high, low, close : shape [T, N], raw; NaN without a bar
    factor : shape [T, N], cumulative factor of the shares; the previous close is brought to the day by it
    tick : shape [T, N]
    gap : shape [T, N], history is missing before the bar: no previous close to measure from
    known : bands that sources give; a percentage counts from the previous close
    has_derivatives : shape [T, N]; no fixed band there
    """
    lower, upper = np.full(close.shape, np.nan), np.full(close.shape, np.nan)
    state: I8 = np.zeros(close.shape, np.int8)
    t, n = _transposed_where(high == low)
    if gap is not None:
        whole = ~gap[t, n]
        t, n = t[whole], n[whole]
    if has_derivatives is not None:
        state[has_derivatives] = BandState.NONE
        fixed = ~has_derivatives[t, n]
        t, n = t[fixed], n[fixed]
    base = _base(close, factor, t, n)
    price, steps = high[t, n], tick[t, n]
    for percent in BAND_PERCENTS:
        bottom, top = band_limits(base, np.full(base.size, percent), steps)
        room = np.minimum(steps, percent / 1000.0 * base) + _NEAR
        open_ = state[t, n] == BandState.UNKNOWN
        up = open_ & (np.abs(price - top) <= room) & (price > base + _NEAR)
        down = open_ & (np.abs(price - bottom) <= room) & (price < base - _NEAR)
        for here, low_limit, high_limit in ((up, bottom, price), (down, price, top)):
            lower[t[here], n[here]] = low_limit[here]
            upper[t[here], n[here]] = high_limit[here]
            state[t[here], n[here]] = BandState.INFERRED
    for band in known:
        at = np.array([band.row]), np.array([band.column])
        base = _base(close, factor, *at)
        limits = band_limits(base, np.array([band.percent]), tick[at])
        for array, given, counted in ((lower, band.low, limits[0][0]), (upper, band.high, limits[1][0])):
            array[band.row, band.column] = counted if np.isnan(given) else given
        state[band.row, band.column] = BandState.KNOWN
    return Bands(lower, upper, state)


def _transposed_where(mask: B2) -> tuple[I1, I1]:
    """Rows and columns of True, walking along the columns, which lie together in memory."""
    n, t = np.nonzero(mask.T)
    return t, n


def _base(close: F2, factor: F2, t: I1, n: I1) -> F1:
    """The last close before a bar in the shares of that bar; NaN where there was none."""
    before = t - 1
    while True:
        blank = (before >= 0) & np.isnan(close[np.maximum(before, 0), n])
        if not blank.any():
            break
        before = np.where(blank, before - 1, before)
    at = np.maximum(before, 0)
    return np.where(before >= 0, close[at, n] * factor[at, n] / factor[t, n], np.nan)


def trade_for_trade(series: F2, names: Sequence[str]) -> B2:
    """Where every trade has to be delivered: `series` [T, N] are places in `names`, NaN without a bar (False)."""
    forbidden = [float(place) for place, name in enumerate(names) if name in TRADE_FOR_TRADE]
    found: B2 = np.isin(series, forbidden)
    return found


def square_off(times: D1, minutes: int | None, broker: str = "default") -> I8:
    """Where intraday positions end: 0 nowhere in the bar, 1 at its open, 2 at its close; shape [T].

    Daily bars (`minutes` None) end at each close. On a regular day it is the bar in which the broker's time falls, at
    its open, and every bar of the day after it; where bars end before that time, the last close. A session with hours
    of its own ends at its last close.
    """
    if minutes is None:
        return np.full(times.size, AT_CLOSE, np.int8)
    out = np.zeros(times.size, np.int8)
    dates = times.astype("datetime64[D]")
    clock = (times - dates).astype("timedelta64[m]").astype(np.int64)
    starts = np.flatnonzero(np.r_[True, dates[1:] != dates[:-1]]) if times.size else np.array([], np.int64)
    for begin, end in zip(starts, [*starts[1:], times.size], strict=True):
        day: Any = dates[begin].astype(object)
        today, cut = session(day), _minute(square_off_time(broker, day).at)
        regular = today is not None and today.kind == "regular"
        due = begin + int(np.searchsorted(clock[begin:end] + minutes, cut, side="right"))
        if regular and begin < due < end:
            out[due:end] = AT_OPEN
        else:
            out[end - 1] = AT_CLOSE
    return out


def _minute(at: Any) -> int:
    return int(at.hour) * 60 + int(at.minute)


def day_of(value: np.datetime64) -> date:
    """The date of a session."""
    found: date = value.astype("datetime64[D]").astype(object)
    return found
