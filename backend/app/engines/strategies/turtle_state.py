"""What the Turtle rules have to know of every instrument, followed bar by bar, compiled."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

F1 = NDArray[np.float64]
F2 = NDArray[np.float64]
B1 = NDArray[np.bool_]
B2 = NDArray[np.bool_]
I1 = NDArray[np.int64]


class Windows(NamedTuple):
    """Of the channels and of N, in bars; `stop` in N."""

    average: int
    entry: int
    exit: int
    long_entry: int
    long_exit: int
    stop: float


class Breakouts(NamedTuple):
    """Channels, N, and what became of the last breakout of N instruments; arrays of shape [N] as of the last bar taken.

    Bars that did not trade are passed over: channels are those of the last bars that traded. Missing history begins
    everything anew. Prices are forward-anchored.

    Attributes
    ----------
    average : N, the Wilder average true range; NaN before its window of true ranges is full
    high_entry, high_long_entry, high_exit : highest high of the channels, this bar included; NaN before they are full
    low_entry, low_exit, low_long_exit : lowest low of the channels
    side : of the running breakout of the shorter entry channel: 1 up, -1 down, 0 none is undecided
    won : whether the last decided one won: left at its exit channel with a profit before the price moved `stop` N
        against it; where one bar holds both, it lost
    """

    average: F1
    high_entry: F1
    high_long_entry: F1
    high_exit: F1
    low_entry: F1
    low_exit: F1
    low_long_exit: F1
    side: I1
    won: B1
    begun: F1  # entry price of the running breakout
    risk: F1  # its N
    last: F1  # previous traded close
    ranges: I1  # true ranges seen
    total: F1  # their sum, while they fill the first window
    highs: F2  # [N, longest], the last highs, in a ring
    lows: F2
    seen: I1  # bars taken


def nothing_seen(instruments: int, windows: Windows) -> Breakouts:
    """The state before the first bar."""
    longest = max(windows.entry, windows.exit, windows.long_entry, windows.long_exit)

    def unknown() -> F1:
        return np.full(instruments, np.nan)

    def zero() -> I1:
        return np.zeros(instruments, np.int64)

    return Breakouts(
        average=unknown(),
        high_entry=unknown(),
        high_long_entry=unknown(),
        high_exit=unknown(),
        low_entry=unknown(),
        low_exit=unknown(),
        low_long_exit=unknown(),
        side=zero(),
        won=np.zeros(instruments, np.bool_),
        begun=unknown(),
        risk=unknown(),
        last=unknown(),
        ranges=zero(),
        total=unknown(),
        highs=np.zeros((instruments, longest)),
        lows=np.zeros((instruments, longest)),
        seen=zero(),
    )


@njit(cache=True, nogil=True)
def follow(known: Breakouts, windows: Windows, open_: F2, high: F2, low: F2, close: F2, gap: B2) -> None:
    """Take these bars, each field [K, N], NaN where an instrument did not trade; changes `known`."""
    for t in range(close.shape[0]):
        for n in range(close.shape[1]):
            if gap[t, n]:
                _forget(known, n)
            if not np.isnan(close[t, n]):
                _decide(known, windows, n, open_[t, n], high[t, n], low[t, n])
                _measure(known, windows, n, high[t, n], low[t, n], close[t, n])


@njit(cache=True, nogil=True)
def _forget(known: Breakouts, n: int) -> None:
    known.seen[n] = known.ranges[n] = known.side[n] = 0
    known.won[n] = False
    known.average[n] = known.last[n] = np.nan
    known.high_entry[n] = known.high_long_entry[n] = known.high_exit[n] = np.nan
    known.low_entry[n] = known.low_exit[n] = known.low_long_exit[n] = np.nan


@njit(cache=True, nogil=True)
def _decide(known: Breakouts, windows: Windows, n: int, open_: float, high: float, low: float) -> None:
    """What this bar did to the running breakout, and whether it is one itself; by the channels before it."""
    ended = known.side[n]
    if ended != 0 and not _ends(known, windows, n, open_, high, low):
        return
    up, down = known.high_entry[n], known.low_entry[n]
    broke_up, broke_down = high > up and ended != 1, low < down and ended != -1
    if broke_up and broke_down:  # the side nearer the open came first
        broke_up = up - open_ <= open_ - down
    if not (broke_up or broke_down) or np.isnan(known.average[n]):
        return
    side = 1 if broke_up else -1
    known.side[n] = side
    known.begun[n] = max(open_, up) if broke_up else min(open_, down)
    known.risk[n] = known.average[n]
    against = low if broke_up else high
    if (against - known.begun[n]) * side <= -windows.stop * known.risk[n]:
        known.side[n] = 0
        known.won[n] = False


@njit(cache=True, nogil=True)
def _ends(known: Breakouts, windows: Windows, n: int, open_: float, high: float, low: float) -> bool:
    side = known.side[n]
    against, leave = (low, known.low_exit[n]) if side > 0 else (high, known.high_exit[n])
    if (against - known.begun[n]) * side <= -windows.stop * known.risk[n]:
        known.won[n] = False
    elif (against - leave) * side < 0.0:
        price = min(open_, leave) if side > 0 else max(open_, leave)
        known.won[n] = (price - known.begun[n]) * side > 0.0
    else:
        return False
    known.side[n] = 0
    return True


@njit(cache=True, nogil=True)
def _measure(known: Breakouts, windows: Windows, n: int, high: float, low: float, close: float) -> None:
    longest = known.highs.shape[1]
    known.highs[n, known.seen[n] % longest] = high
    known.lows[n, known.seen[n] % longest] = low
    known.seen[n] += 1
    last = known.last[n]
    if not np.isnan(last):
        true_range = max(high - low, abs(high - last), abs(low - last))
        window = windows.average
        if known.ranges[n] == 0:
            known.total[n] = 0.0
        if known.ranges[n] < window:
            known.total[n] += true_range
            if known.ranges[n] == window - 1:
                known.average[n] = known.total[n] / window
        else:
            known.average[n] = (known.average[n] * (window - 1) + true_range) / window
        known.ranges[n] += 1
    known.last[n] = close
    known.high_entry[n] = _extreme(known.highs[n], known.seen[n], windows.entry, 1.0)
    known.high_long_entry[n] = _extreme(known.highs[n], known.seen[n], windows.long_entry, 1.0)
    known.high_exit[n] = _extreme(known.highs[n], known.seen[n], windows.exit, 1.0)
    known.low_entry[n] = _extreme(known.lows[n], known.seen[n], windows.entry, -1.0)
    known.low_exit[n] = _extreme(known.lows[n], known.seen[n], windows.exit, -1.0)
    known.low_long_exit[n] = _extreme(known.lows[n], known.seen[n], windows.long_exit, -1.0)


@njit(cache=True, nogil=True)
def _extreme(ring: F1, seen: int, window: int, way: float) -> float:
    """The highest (`way` 1) or lowest (-1) of the last `window` values; NaN where there are fewer."""
    if seen < window:
        return np.nan
    best = ring[(seen - 1) % ring.size]
    for k in range(seen - window, seen - 1):
        value = ring[k % ring.size]
        if (value - best) * way > 0.0:
            best = value
    return float(best)
