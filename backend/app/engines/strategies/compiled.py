"""Compiled event strategies: one function, asked after each close, that runs without Python.

`decide(view, params)` is compiled by Numba. It reads a `View`, keeps what it needs in `view.state`, and gives orders
with `buy`, `sell_short`, `leave`, `protect` and `cancel`, which mean what those of the uncompiled form mean: the engine
carries them out by the same calls, in the order they were given, so that the same rule gives the same fills. What the
compiled form does not have is target weights.
"""

from __future__ import annotations

import importlib
from abc import abstractmethod
from typing import Any, ClassVar, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.engines.kernels import kernel
from app.engines.strategies.base import EventStrategy, Kind, P

F1 = NDArray[np.float64]
F2 = NDArray[np.float64]
B1 = NDArray[np.bool_]
I1 = NDArray[np.int64]

BUY, SELL_SHORT, LEAVE, PROTECT, CANCEL = 0, 1, 2, 3, 4
ORDERS_A_BAR: Final = 64  # of one instrument at one bar; more is a strategy gone wild
NAN: Final = np.nan
ASKED: Final = np.dtype(
    [
        ("what", np.int64), ("n", np.int64), ("quantity", np.float64), ("budget", np.float64), ("limit", np.float64),
        ("trigger", np.float64), ("stop", np.float64), ("target", np.float64), ("trail", np.float64),
        ("rank", np.float64), ("valid", np.int64), ("hold", np.int64), ("oco", np.int64), ("at_close", np.int64),
    ]
)  # fmt: skip


class View(NamedTuple):
    """What was known after the close of bar t, for N instruments; prices are forward-anchored as `bars.close` is.

    The last row of a price array is bar t: `view.close[-1, n]`, `view.close[-20:, n]`. There is nothing after it, and
    an index outside raises IndexError.
    """

    t: int  # index of the bar; there are t + 1 rows
    open: F2  # shape [t + 1, N]; NaN where an instrument did not trade
    high: F2
    low: F2
    close: F2
    volume: F2
    gap: NDArray[np.bool_]  # shape [t + 1, N]; history is missing just before the bar
    member: B1  # shape [N], belongs to the universe in this session
    factor: F1  # shape [N], forward-anchored price over the price as traded
    position: F1  # shape [N], shares of the day, below zero when short
    entry_price: F1  # shape [N], average, forward-anchored; NaN without a position
    resting: I1  # shape [N], orders of this strategy at rest, before those given at this bar
    cash: float  # rupees of the account
    equity: float  # rupees of the account at this close
    book_equity: float  # of that, this strategy's by its allocation
    state: F2  # shape [N, memory]: yours, zeros at the beginning of a run
    asked: Any  # the orders given at this bar, see `ASKED`
    used: I1  # shape [1], how many


class CompiledStrategy(EventStrategy[P]):
    """An event strategy whose `decide` is compiled. `memory` is the number of floats it keeps for each instrument."""

    kind: ClassVar[Kind] = "compiled"
    memory: ClassVar[int] = 0

    @staticmethod
    @abstractmethod
    def decide(view: View, params: Any) -> None:
        """Called after the close of each measured bar; `params` has the parameters by name, int or float."""

    def on_bar(self, context: Any) -> None:
        """Ask `decide` for one bar: of a strategy that does not have the account's events for itself."""
        # by name, for it is the engine's: what asks is no part of a strategy's source
        importlib.import_module("app.engines.backtest.compiled_event").ask(self, context)


@kernel()
def _ask(view: View, what: int, n: int) -> int:
    i = view.used[0]
    if i >= view.asked.size:
        raise ValueError("more orders at one bar than there is room for")
    row = view.asked[i]
    row["what"], row["n"] = what, n
    row["quantity"] = row["budget"] = row["limit"] = row["trigger"] = NAN
    row["stop"] = row["target"] = row["trail"] = row["rank"] = NAN
    row["valid"] = row["hold"] = row["oco"] = row["at_close"] = 0
    view.used[0] += 1
    return int(i)


@kernel()
def _enter(
    view: View, what: int, n: int, quantity: float, budget: float, limit: float, trigger: float, stop: float,
    target: float, trail: float, valid: int, hold: int, oco: int, rank: float, at_close: bool,
) -> None:  # fmt: skip
    row = view.asked[_ask(view, what, n)]
    row["quantity"], row["budget"], row["limit"], row["trigger"] = quantity, budget, limit, trigger
    row["stop"], row["target"], row["trail"], row["rank"] = stop, target, trail, rank
    row["valid"], row["hold"], row["oco"], row["at_close"] = valid, hold, oco, 1 if at_close else 0


@kernel()
def buy(
    view: View, n: int, quantity: float = NAN, budget: float = NAN, limit: float = NAN, trigger: float = NAN,
    stop: float = NAN, target: float = NAN, trail: float = NAN, valid: int = 1, hold: int = 0, oco: int = 0,
    rank: float = NAN, at_close: bool = False,
) -> None:  # fmt: skip
    """Open or enlarge a long position, from the next bar on.

    Parameters
    ----------
    quantity : shares; NaN = what `budget` pays for
    budget : rupees, charges included; NaN = by the run's sizing
    limit, trigger : prices of a limit, a stop or a stop-limit order; NaN, NaN = at the market
    stop, target, trail : of the position it opens
    valid : bars that a limit or stop entry stays in the market; 0 = until it is cancelled
    hold : bars the position is held at most; 0 = without end
    oco : a number of your own above 0: orders with the same one cancel each other
    rank : higher is served first where cash is scarce
    at_close : a market order fills at the close of the next bar, not at its open
    """
    _enter(view, BUY, n, quantity, budget, limit, trigger, stop, target, trail, valid, hold, oco, rank, at_close)


@kernel()
def sell_short(
    view: View, n: int, quantity: float = NAN, budget: float = NAN, limit: float = NAN, trigger: float = NAN,
    stop: float = NAN, target: float = NAN, trail: float = NAN, valid: int = 1, hold: int = 0, oco: int = 0,
    rank: float = NAN, at_close: bool = False,
) -> None:  # fmt: skip
    """Open or enlarge a short position, where the product allows it; as `buy`, mirrored."""
    _enter(view, SELL_SHORT, n, quantity, budget, limit, trigger, stop, target, trail, valid, hold, oco, rank, at_close)


@kernel()
def leave(
    view: View, n: int, quantity: float = NAN, limit: float = NAN, trigger: float = NAN, valid: int = 0, oco: int = 0,
    at_close: bool = False,
) -> None:  # fmt: skip
    """Close a position, or `quantity` shares of it; without one nothing happens. `valid` 0 = until cancelled."""
    _enter(view, LEAVE, n, quantity, NAN, limit, trigger, NAN, NAN, NAN, valid, 0, oco, NAN, at_close)


@kernel()
def protect(view: View, n: int, stop: float = NAN, target: float = NAN, trail: float = NAN) -> None:
    """Set the stop, the target or the trailing stop of a position, effective from the next bar; NaN leaves it."""
    row = view.asked[_ask(view, PROTECT, n)]
    row["stop"], row["target"], row["trail"] = stop, target, trail


@kernel()
def cancel(view: View, n: int = -1) -> None:
    """Take back the resting orders in an instrument, or all of them."""
    _ask(view, CANCEL, n)
