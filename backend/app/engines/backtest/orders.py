"""Orders, fills and what else the core writes down: one row layout each, and the names of its codes.

An order asks, a fill happened. The rows are flat records, so that the same bytes serve the compiled loop, the log of a
run and a broker's journal. A bar is named by its index in the slice; sessions are put back by the result.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.engines.kernels import kernel

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
    LIMIT = 1  # at `limit` or better
    STOP = 2  # at the market once the price has come to `trigger`
    STOP_LIMIT = 3  # a limit order once the price has come to `trigger`
    CLOSE = 4  # at the close of the first bar it is eligible for


class Product(IntEnum):
    """The exchange's product; positions of different products never net."""

    CNC = 0  # cash and carry: delivery
    MIS = 1  # intraday: squared off before the session ends
    FUT = 2  # futures, for which the cash series stands in


class Why(IntEnum):
    """What an order was given for."""

    SIGNAL = 0  # the strategy's rule
    LEFT_UNIVERSE = 1  # the held instrument is no longer a member
    STOP = 2
    TARGET = 3
    TRAIL = 4  # the stop had been moved by closes
    TIME = 5  # held as long as it was meant to be
    SQUARE_OFF = 6  # intraday positions end with the session
    REBALANCE = 7  # towards its target weight
    POLICY = 8  # a risk policy ended it


class Refusal(IntEnum):
    """Why an order was not filled as asked. `granted` above zero beside it means: cut down to that many."""

    NOT_AFTER_DECISION = 1  # eligible no later than the bar it was decided at
    NO_BAR = 2  # the instrument did not trade in the session the entry was for
    BELOW_ONE_SHARE = 3  # its budget does not pay for one share
    INSUFFICIENT_CASH = 4
    MAX_POSITIONS = 5
    NOTHING_HELD = 6  # an exit of more than the book holds
    STOP_THROUGH = 7  # the price of the entry is at its own stop already: a broker refuses such a bracket
    LOCKED_UPPER = 8  # nobody sold: the bar lies at the upper price band
    LOCKED_LOWER = 9  # nobody bought: the bar lies at the lower price band
    VOLUME_CAP = 10  # more than the agreed share of the bar's volume
    EXPIRED = 11  # its price did not come within its time
    ONE_CANCELS_OTHER = 12  # its sibling was filled
    TRADE_FOR_TRADE = 13  # every trade is delivered: no intraday product, no sale on the day of the purchase
    AFTER_SQUARE_OFF = 14  # intraday entries end before the session does
    SHORT_NOT_PERMITTED = 15  # delivery cannot be sold short overnight
    OPPOSITE_HELD = 16  # the book holds the other side of it
    POLICY = 17  # a risk policy refused or cut it; the decision names the rule
    # an exit that waited to the end of the run for a bar that never came, with the reason why there was none
    NO_TRADE_SINCE = 18  # nothing on file says why the instrument does not trade
    DELISTED = 19  # it is no longer in the exchange's list
    QUARANTINED = 20  # an unexplained move: how many shares are held since is not known
    CHARGES = 21  # its budget pays for a share, but not for the charges on it as well


class Flag(IntEnum):
    """What a fill must tell about itself."""

    AMBIGUOUS = 1  # the bar does not say which of two prices came first; the worse one was taken
    PARTIAL = 2  # part of what was asked
    INSIDE = 4  # after the open, inside the bar


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
        ("closing", np.int64),  # 1: an exit, never more than what is held
        ("limit", np.float64),  # raw rupees; NaN = none
        ("trigger", np.float64),  # raw rupees; NaN = none
        ("stop", np.float64),  # of the position it opens, raw rupees; NaN = none
        ("target", np.float64),  # likewise
        ("trail", np.float64),  # likewise, fraction of the best close
        ("best", np.float64),  # close at the decision: where the trailing stop starts from
        ("hold", np.int64),  # bars the position is held at most; 0 = without end
        ("expires", np.int64),  # last bar it may fill in; -1 = until done
        ("oco", np.int64),  # orders of one group cancel each other; 0 = none
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
        ("closing", np.int64),  # 1: an exit
        ("flags", np.int64),  # bits of Flag
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

DECISION = np.dtype(
    [
        ("sequence", np.int64),
        ("intent", np.uint64),  # of the order; 0 where the account itself was looked at, or the targets of a book
        ("bar", np.int64),
        ("book", np.int64),  # -1: of the account
        ("column", np.int64),  # -1: of the account, or of the targets of a book
        ("product", np.int64),
        ("side", np.int64),
        ("outcome", np.int64),  # policy.decide.Outcome
        ("rule", np.int64),  # policy.decide.Rule
        ("state", np.int64),  # policy.decide.State
        ("wanted", np.float64),  # shares; of a SCALE rupees of all targets, each counted positive; NaN: of the account
        ("granted", np.float64),  # as wanted
        ("price", np.float64),  # rupees a share
        ("equity", np.float64),  # rupees, as the other amounts
        ("cash", np.float64),  # free to be used
        ("gross", np.float64),  # value of all positions, each counted positive
        ("book_gross", np.float64),
        ("limit", np.float64),  # what the rule left for this order, or for these targets
        ("stop_used", np.float64),  # the day's loss over the daily stop; 1 = reached
    ]
)


@kernel(forceinline=True)
def mixed(value: Word) -> Word:
    """One round of splitmix64 (Steele, Lea & Flood 2014): every input bit reaches every output bit."""
    z = np.uint64(value) + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@kernel(forceinline=True)
def intent_id(book: Word, key: Word, session: int, side: int, kind: int, sequence: int) -> Word:
    """The id of an order, a pure function of what it is: the same decision has the same id in every run.

    `book` and `key` are the 64-bit hashes of the book's name and the instrument key (`name_hash`), `session` the
    session (or bar time) of the decision in seconds since 1970, `sequence` counts otherwise equal orders.
    """
    state = mixed(book)
    state = mixed(state ^ np.uint64(key))
    state = mixed(state ^ np.uint64(session))
    return mixed(state ^ np.uint64(((side + 2) << 40) | (kind << 32) | sequence))
