"""The sessions and holdings that can be judged together: from prices to one matrix of returns without holes.

A holding that was not traded in a session is marked at its last price, as any account is. Where history is missing
before a bar (a gap) nothing before it is used. A holding with too few sessions, or not traded in too many of them, is
left out and named; the window is that of the youngest holding that is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

F1 = NDArray[np.float64]
F2 = NDArray[np.float64]
B2 = NDArray[np.bool_]
D1 = NDArray[np.datetime64]

LEAST: Final = 60  # sessions below which nothing is said, unless fewer were asked for
MOST_IDLE: Final = 0.2  # of its sessions in which a holding may have gone untraded


class TooLittleHistory(ValueError):
    """There are not enough sessions; `required` and `available` say how many."""

    def __init__(self, message: str, required: int, available: int) -> None:
        super().__init__(message)
        self.required, self.available = required, available


@dataclass(frozen=True, eq=False)
class Window:
    """Returns that can be judged together.

    Attributes
    ----------
    sessions : shape [T], the day each return ends on
    returns : shape [T, K], simple, finite
    kept : the K columns of the prices, ascending
    idle : shape [K], sessions in which the holding was not traded and its last price stands
    left_out : column and reason of every other one
    first : index into the prices of the row the first return begins at
    """

    sessions: D1
    returns: F2
    kept: tuple[int, ...]
    idle: NDArray[np.int64]
    left_out: dict[int, str]
    first: int


def required_sessions(lookback: int) -> int:
    """Sessions a holding needs to be judged: half of the lookback, at least 60, never more than were asked for.

    Half: with less the window, which is that of the youngest holding, would no longer be the one asked for.
    """
    return min(lookback, max(LEAST, lookback // 2))


def usable_window(sessions: D1, close: F2, gap: B2, lookback: int) -> Window:
    """The last `lookback` returns of every holding that has enough of them.

    Parameters
    ----------
    sessions : shape [T]
    close : shape [T, N], comparable from bar to bar (forward-anchored), NaN where not traded
    gap : shape [T, N], True where history is missing just before the bar
    lookback : sessions asked for, at least 2

    Raises
    ------
    TooLittleHistory : no holding has the sessions it needs.
    """
    if lookback < 2:
        raise ValueError(f"lookback: expected 2 sessions or more, got {lookback}")
    begin = max(0, len(sessions) - lookback - 1)
    days, prices, holes = sessions[begin:], close[begin:], gap[begin:]
    rows, needed = len(days), required_sessions(lookback)
    traded = ~np.isnan(prices)
    place = np.arange(rows)[:, None]
    first = np.where(traded.any(axis=0), traded.argmax(axis=0), rows)
    since = np.maximum(first, np.where(holes, place, 0).max(axis=0, initial=0))
    have = np.maximum(rows - 1 - since, 0)
    idle = (~traded & (place > since)).sum(axis=0)
    left_out: dict[int, str] = {}
    for n in range(prices.shape[1]):
        if have[n] < needed:
            left_out[n] = f"{have[n]} sessions, needs {needed}"
        elif idle[n] > MOST_IDLE * have[n]:
            left_out[n] = f"traded in {have[n] - idle[n]} of {have[n]} sessions only"
    kept = tuple(n for n in range(prices.shape[1]) if n not in left_out)
    if not kept:
        most = int(have.max(initial=0))
        raise TooLittleHistory(
            f"No holding has the {needed} sessions that a lookback of {lookback} needs; the most is {most}",
            needed,
            most,
        )
    columns = list(kept)
    start = int(since[columns].max())
    ours = carried(prices[start:, columns])
    returns = ours[1:] / ours[:-1] - 1.0
    return Window(days[start + 1 :], returns, kept, idle[columns], left_out, begin + start)


def carried(prices: F2) -> F2:
    """Prices with each hole filled by the last one before it, [T, N]; NaN before the first."""
    place = np.where(np.isnan(prices), 0, np.arange(prices.shape[0])[:, None])
    np.maximum.accumulate(place, axis=0, out=place)
    filled: F2 = np.take_along_axis(prices, place, axis=0)
    return filled


def of_portfolio(returns: F2, weights: F1) -> F1:
    """The portfolio's return of each session, [T], at weights held throughout."""
    found: F1 = np.sum(returns * weights, axis=1)
    return found
