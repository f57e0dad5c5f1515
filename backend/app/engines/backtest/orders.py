"""Orders, fills and what else the core writes down: one row layout each, and the names of its codes.

An order asks, a fill happened. The rows are flat records, so that the same bytes serve the compiled loop, the log of a
run and a broker's journal. A bar is named by its index in the slice; sessions are put back by the result.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Records = NDArray[Any]  # a structured array of one of the layouts below
Word = Any  # an unsigned 64-bit integer; to numpy's types it is no int
Row = Any  # one of its rows: typed by the layout, which only the compiler reads


class Side(IntEnum):
    """Which way the shares go."""

    BUY = 1
    SELL = -1


class Kind(IntEnum):
    """How an order becomes a fill."""

    MARKET = 0  # at the open of the first bar it is eligible for


class Product(IntEnum):
    """The exchange's product; positions of different products never net."""

    CNC = 0  # cash and carry: delivery


class Why(IntEnum):
    """What an order was given for."""

    SIGNAL = 0  # the strategy's rule
    LEFT_UNIVERSE = 1  # the held instrument is no longer a member


class Refusal(IntEnum):
    """Why an order was not filled as asked. `granted` above zero beside it means: cut down to that many."""

    NOT_AFTER_DECISION = 1  # eligible no later than the bar it was decided at
    NO_BAR = 2  # the instrument did not trade in the session the entry was for
    BELOW_ONE_SHARE = 3  # its budget does not pay for one share and its charges
    INSUFFICIENT_CASH = 4
    MAX_POSITIONS = 5
    NOTHING_HELD = 6  # a sale of more than the book holds; in delivery there is no short


class Event(IntEnum):
    """What an ex-date did to a holding."""

    DIVIDEND = 1
    SHARES = 2  # split, bonus, consolidation: the quantity was multiplied


ORDER = np.dtype(
    [
        ("intent", np.uint64),
        ("book", np.int64),
        ("column", np.int64),  # of the instrument; columns stand in the order of the instrument keys
        ("product", np.int64),
        ("side", np.int64),
        ("kind", np.int64),
        ("why", np.int64),
        ("quantity", np.float64),  # shares; NaN: as many as `budget` pays for at the fill
        ("budget", np.float64),  # rupees, charges included; used where `quantity` is NaN
        ("rank", np.float64),  # higher is served first; NaN last
        ("decided", np.int64),  # bar at whose close it was decided
        ("eligible", np.int64),  # first bar it may fill in
    ]
)

FILL = np.dtype(
    [
        ("sequence", np.int64),  # order of everything that happened to the account
        ("intent", np.uint64),
        ("bar", np.int64),
        ("book", np.int64),
        ("column", np.int64),
        ("product", np.int64),
        ("side", np.int64),
        ("kind", np.int64),
        ("why", np.int64),
        ("decided", np.int64),
        ("quantity", np.float64),
        ("reference", np.float64),  # the market's price, before slippage
        ("price", np.float64),
        ("cost", np.float64),  # rupees, the sum of its components
        ("cash", np.float64),  # of the account after the fill
    ]
)

REJECTION = np.dtype(
    [
        ("sequence", np.int64),
        ("intent", np.uint64),
        ("bar", np.int64),
        ("book", np.int64),
        ("column", np.int64),
        ("product", np.int64),
        ("side", np.int64),
        ("reason", np.int64),
        ("decided", np.int64),
        ("wanted", np.float64),  # shares; NaN where no price was there to size by
        ("granted", np.float64),  # shares; 0 = refused whole
    ]
)

EVENT = np.dtype(
    [
        ("sequence", np.int64),
        ("bar", np.int64),
        ("book", np.int64),
        ("column", np.int64),
        ("product", np.int64),
        ("kind", np.int64),
        ("before", np.float64),  # shares
        ("after", np.float64),  # shares
        ("price", np.float64),  # rupees a share: the dividend, or what a fraction was settled at
        ("amount", np.float64),  # rupees credited
    ]
)


@njit(cache=True, nogil=True, forceinline=True)
def mixed(value: Word) -> Word:
    """One round of splitmix64 (Steele, Lea & Flood 2014): every input bit reaches every output bit."""
    z = np.uint64(value) + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@njit(cache=True, nogil=True, forceinline=True)
def intent_id(book: Word, key: Word, session: int, side: int, kind: int, sequence: int) -> Word:
    """The id of an order, a pure function of what it is: the same decision has the same id in every run.

    `book` and `key` are the 64-bit hashes of the book's name and the instrument key (`name_hash`), `session` the
    session (or bar time) of the decision in seconds since 1970, `sequence` counts otherwise equal orders.
    """
    state = mixed(book)
    state = mixed(state ^ np.uint64(key))
    state = mixed(state ^ np.uint64(session))
    return mixed(state ^ np.uint64(((side + 2) << 40) | (kind << 32) | sequence))
