"""The Turtles' breakouts, entered by stop orders inside the day and asked bar by bar."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.engines.strategies.base import EventStrategy, Params, param

if TYPE_CHECKING:
    from app.engines.strategies.turtle_state import Breakouts

F1 = NDArray[np.float64]
F2 = NDArray[np.float64]
B1 = NDArray[np.bool_]
I1 = NDArray[np.int64]
Ladder = tuple[I1, F1, I1, F1]  # columns, the trigger of the next unit, how many are to come, where the channel ends

FIELDS = ("open", "high", "low", "close")


@dataclass(frozen=True)
class TurtleParams(Params):
    """Windows and sizes of the two systems."""

    entry: int = param(20, minimum=5, maximum=100, description="Highs of System 1 to break", unit="bars")
    exit: int = param(10, minimum=2, maximum=100, description="Lows that end a System 1 position", unit="bars")
    long_entry: int = param(55, minimum=10, maximum=250, description="Highs of System 2 to break", unit="bars")
    long_exit: int = param(20, minimum=2, maximum=250, description="Lows that end a System 2 position", unit="bars")
    window: int = param(20, minimum=2, maximum=100, description="Window of N, the average true range", unit="bars")
    risk: float = param(0.01, minimum=0.0001, maximum=0.05, description="Equity for one N of a unit", unit="fraction")
    units: int = param(4, minimum=1, maximum=10, description="Units at most", unit="units")
    step: float = param(0.5, minimum=0.1, maximum=5.0, description="Rise before the next unit", unit="N")
    stop: float = param(2.0, minimum=0.5, maximum=10.0, description="Stop below the latest entry", unit="N")
    tick: float = param(0.05, minimum=0.0, maximum=10.0, description="How far beyond a high or low", unit="rupees")

    def check(self) -> None:
        for short, long_ in (("entry", "long_entry"), ("exit", "long_exit")):
            if getattr(self, short) > getattr(self, long_):
                raise ValueError(
                    f"params.{short}: expected at most {long_} ({getattr(self, long_)}), got {getattr(self, short)}"
                )


class _Positions(NamedTuple):
    """What the Turtle remembers of N instruments; prices are forward-anchored, so that splits change nothing."""

    waiting: F2  # [N, units], triggers of the units ordered for the next bar, ascending
    ordered: I1  # how many of them there are
    size: F1  # a unit, in shares of the first bar
    n: F1  # N when the position began
    held: F1  # shares of the first bar
    units: I1
    last: F1  # price of the latest entry
    long_system: B1


class Turtle(EventStrategy[TurtleParams]):
    """The Turtles' breakouts: units by volatility, added to as they rise, under a stop that rises with them."""

    id = "turtle"
    display_name = "Turtle system"
    description = (
        "System 1 of the Turtles, long side: a buy stop a tick above the highest high of 20 bars (filled at the open "
        "where it gaps through), skipped where the previous 20-day breakout, up or down, taken or not, would have won; "
        "it lost if the price first moved 2 N against it, or left the 10-day channel without a profit. The 55-day "
        "breakout is always taken. A unit is 1 % of the equity over N, the 20-day Wilder average of the true range; "
        "one is added at each half N of rise, four at most, from the breakout on in its own bar and from the latest "
        "entry after it; where the open gaps through several, all of them are bought there. The stop is 2 N below the "
        "latest entry, raised with each, and left for a tick below the low of 10 bars (20 where the 55-day breakout "
        "was bought) when that is nearer. N and unit stay as they were at the first entry. This is Faith's account; in "
        "Covel's a unit is 2 %, there are five, added at 1 N. The short side needs futures and is left out."
    )
    hypothesis = "Large trends begin with a break of the old range, and a few of them pay for many failed breaks."
    when_it_loses = (
        "In ranges, where breakouts fail one after the other, and in reversals with gaps, when four units are held and "
        "the open lies far below the stop."
    )
    citation = "Faith, C. (2007), Way of the Turtle."
    regime = "TREND"
    params_type = TurtleParams

    def warm_up(self, params: TurtleParams) -> int:
        # N never forgets its seed: wait until that weighs less than a billionth; then there was a breakout before, too
        return params.long_entry + math.ceil(math.log(1e-9) / math.log(1.0 - 1.0 / params.window))

    def start(self, context: Any) -> None:
        from app.engines.strategies.turtle_state import Windows, follow, nothing_seen

        p, before = context.params, context.t
        windows = Windows(p.window, p.entry, p.exit, p.long_entry, p.long_exit, p.stop)
        known = nothing_seen(len(context.symbols), windows)
        open_, high, low, close = (context.panel(before + 1, field)[:-1] for field in FIELDS)
        follow(known, windows, open_, high, low, close, context.gaps(before + 1)[:-1])
        count = len(context.symbols)
        positions = _Positions(
            np.zeros((count, p.units)), np.zeros(count, np.int64), np.zeros(count), np.zeros(count), np.zeros(count),
            np.zeros(count, np.int64), np.zeros(count), np.zeros(count, np.bool_),
        )  # fmt: skip
        context.state.update(known=known, windows=windows, positions=positions)

    def on_bar(self, context: Any) -> None:
        from app.engines.strategies.turtle_state import follow

        known, positions = context.state["known"], context.state["positions"]
        open_, high, low, close = (context.panel(1, field) for field in FIELDS)
        follow(known, context.state["windows"], open_, high, low, close, context.gaps(1))
        # yesterday's stop orders are taken back: left to expire, each would be a refusal on the run, many a session
        if positions.ordered.any():
            context.cancel()
        held, factor = np.array(context.positions), context.factors()
        dealt = ~np.isnan(close[0]) | (held != 0.0)
        self._count(positions, dealt, held, factor, open_[0])
        beginning = self._begin(context, positions, dealt & (held == 0.0), known, factor)
        managing = self._manage(context, positions, np.flatnonzero(held), known, factor)
        self._order(
            context, positions, factor, *(np.concatenate(pair) for pair in zip(beginning, managing, strict=True))
        )

    @staticmethod
    def _count(positions: _Positions, dealt: B1, held: F1, factor: F1, open_: F1) -> None:
        """Which of the units ordered have been bought in this bar."""
        anchored = held / factor
        more = anchored - positions.held
        positions.units[dealt & (anchored == 0.0)] = 0
        bought = np.flatnonzero(dealt & (anchored != 0.0) & (more * factor >= 0.5) & (positions.ordered > 0))
        units = np.rint(more[bought] / positions.size[bought]).astype(np.int64)
        units = np.minimum(np.maximum(units, 1), positions.ordered[bought])
        positions.units[bought] += units
        positions.last[bought] = np.fmax(positions.waiting[bought, units - 1], open_[bought])
        positions.held[dealt] = anchored[dealt]
        positions.ordered[:] = 0

    @staticmethod
    def _begin(context: Any, positions: _Positions, flat: B1, known: Breakouts, factor: F1) -> Ladder:
        """Units for those that hold nothing, under the breakout that each of them waits for."""
        p = context.params
        # a running breakout down ends on the way up, at the highest high of the exit channel: with a loss, if that is
        # not below where it began
        sure_loss = (known.side < 0) & (known.high_exit >= known.begun)
        first_system = sure_loss | ((known.side == 0) & ~known.won)
        trigger = np.where(first_system, known.high_entry, known.high_long_entry) + p.tick * factor
        usable = np.flatnonzero(flat & (known.average > 0.0) & ~np.isnan(trigger) & context.members())
        size = np.floor(p.risk * context.book_equity / (known.average[usable] / factor[usable]))
        usable, size = usable[size >= 1.0], size[size >= 1.0]
        positions.size[usable], positions.n[usable] = size / factor[usable], known.average[usable]
        positions.long_system[usable] = ~first_system[usable]
        low = np.where(first_system, known.low_exit, known.low_long_exit)[usable]
        return usable, trigger[usable], np.full(usable.size, p.units), low - p.tick * factor[usable]

    @staticmethod
    def _manage(context: Any, positions: _Positions, held: I1, known: Breakouts, factor: F1) -> Ladder:
        """The stops of what is held, and the units still to come."""
        p, last, n = context.params, positions.last[held], positions.n[held]
        low = np.where(positions.long_system, known.low_long_exit, known.low_exit)[held]
        leave = low - p.tick * factor[held]
        stop = np.fmax(last - p.stop * n, leave)
        for i, level in zip(held.tolist(), stop.tolist(), strict=True):
            if level > 0.0:
                context.protect(i, stop=level)
        units, more = p.units - positions.units[held], positions.units[held] < p.units
        return held[more], (last + p.step * n)[more], units[more], leave[more]

    @staticmethod
    def _order(context: Any, positions: _Positions, factor: F1, columns: I1, trigger: F1, units: I1, leave: F1) -> None:
        """Buy stops for the units still to come, each half N above the one before, for the next bar."""
        p = context.params
        size = np.floor(positions.size[columns] * factor[columns] + 1e-9)
        by_column = np.flatnonzero(size >= 1.0)
        by_column = by_column[np.argsort(columns[by_column])]
        columns, units, size = columns[by_column], units[by_column], size[by_column]
        trigger, leave = trigger[by_column], leave[by_column]
        unit = np.arange(p.units)
        at = trigger[:, None] + unit * p.step * positions.n[columns, None]
        stop = np.fmax(at - p.stop * positions.n[columns, None], leave[:, None])
        stop[stop <= 0.0] = np.nan
        asked = unit < units[:, None]
        positions.waiting[columns], positions.ordered[columns] = at, units
        of = np.broadcast_to(columns[:, None], asked.shape)[asked]
        quantity = np.broadcast_to(size[:, None], asked.shape)[asked]
        context.buy_stops(of, quantity=quantity, trigger=at[asked], stop=stop[asked], valid=None)
