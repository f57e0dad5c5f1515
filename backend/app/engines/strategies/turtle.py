"""The Turtles' breakouts, entered by stop orders inside the day and asked bar by bar."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.engines.strategies.base import EventStrategy, Params, param

if TYPE_CHECKING:
    from app.engines.strategies.turtle_state import Breakouts

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


@dataclass
class _Position:
    """What the Turtle remembers of one instrument; prices are forward-anchored, so that splits change nothing."""

    waiting: list[float]  # triggers of the units ordered for the next bar, ascending
    size: float = 0.0  # a unit, in shares of the first bar
    n: float = 0.0  # N when the position began
    held: float = 0.0  # shares of the first bar
    units: int = 0
    last: float = 0.0  # price of the latest entry
    long_system: bool = False


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
        context.state.update(known=known, windows=windows, positions=[_Position([]) for _ in context.symbols])

    def on_bar(self, context: Any) -> None:
        from app.engines.strategies.turtle_state import follow

        known = context.state["known"]
        open_, high, low, close = (context.panel(1, field) for field in FIELDS)
        follow(known, context.state["windows"], open_, high, low, close, context.gaps(1))
        opens, closes = open_[0], close[0]
        # yesterday's stop orders are taken back: left to expire, each would be a refusal on the run, many a session
        if any(position.waiting for position in context.state["positions"]):
            context.cancel()
        for n, position in enumerate(context.state["positions"]):
            if math.isnan(closes[n]) and not context.positions[n]:
                position.waiting.clear()
                continue
            self._count(context, n, position, float(opens[n]))
            if context.positions[n]:
                self._manage(context, n, position, known)
            else:
                self._begin(context, n, position, known)

    @staticmethod
    def _count(context: Any, n: int, position: _Position, open_: float) -> None:
        """Which of the units ordered have been bought in this bar."""
        held = context.positions[n] / context.factor(n)
        more = held - position.held
        if held == 0.0:
            position.units = 0
        elif more * context.factor(n) >= 0.5 and position.waiting:
            bought = min(max(round(more / position.size), 1), len(position.waiting))
            position.units += bought
            position.last = max(position.waiting[bought - 1], open_)
        position.held = held
        position.waiting = []

    def _begin(self, context: Any, n: int, position: _Position, known: Breakouts) -> None:
        p, average = context.params, float(known.average[n])
        tick, factor = p.tick * context.factor(n), context.factor(n)
        # a running breakout down ends on the way up, at the highest high of the exit channel: with a loss, if that is
        # not below where it began
        sure_loss = known.side[n] < 0 and known.high_exit[n] >= known.begun[n]
        first_system = sure_loss or (known.side[n] == 0 and not known.won[n])
        trigger = float(known.high_entry[n] if first_system else known.high_long_entry[n]) + tick
        if not average > 0.0 or math.isnan(trigger):
            return
        size = math.floor(p.risk * context.book_equity / (average / factor))
        if size < 1 or not context.is_member(n):
            return
        position.size, position.n, position.long_system = size / factor, average, not first_system
        low = float(known.low_exit[n] if first_system else known.low_long_exit[n])
        self._order(context, n, position, trigger, p.units, low - tick)

    def _manage(self, context: Any, n: int, position: _Position, known: Breakouts) -> None:
        p = context.params
        low = float(known.low_long_exit[n] if position.long_system else known.low_exit[n])
        leave = low - p.tick * context.factor(n)
        stop = position.last - p.stop * position.n
        stop = stop if math.isnan(leave) else max(stop, leave)
        if stop > 0.0:
            context.protect(n, stop=stop)
        if position.units < p.units:
            self._order(context, n, position, position.last + p.step * position.n, p.units - position.units, leave)

    @staticmethod
    def _order(context: Any, n: int, position: _Position, trigger: float, units: int, leave: float) -> None:
        """Buy stops for the units still to come, each half N above the one before, for the next bar."""
        p = context.params
        size = math.floor(position.size * context.factor(n) + 1e-9)
        if size < 1:
            return
        for unit in range(units):
            at = trigger + unit * p.step * position.n
            stop = at - p.stop * position.n
            stop = stop if math.isnan(leave) else max(stop, leave)
            context.buy(n, quantity=float(size), trigger=at, stop=stop if stop > 0.0 else math.nan, valid=None)
            position.waiting.append(at)
