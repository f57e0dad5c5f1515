"""The Turtle system, one instrument after the other, each unit an order of its own: what the shipped one must do."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from app.engines.strategies.turtle import FIELDS, Turtle
from app.engines.strategies.turtle_state import Breakouts, Windows, follow, nothing_seen


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


class PlainTurtle(Turtle):
    """Loops where the shipped one has arrays."""

    source_hash = Turtle().source_hash  # type: ignore[assignment]  # it stands in for it

    def start(self, context: Any) -> None:
        p, before = context.params, context.t
        windows = Windows(p.window, p.entry, p.exit, p.long_entry, p.long_exit, p.stop)
        known = nothing_seen(len(context.symbols), windows)
        open_, high, low, close = (context.panel(before + 1, field)[:-1] for field in FIELDS)
        follow(known, windows, open_, high, low, close, context.gaps(before + 1)[:-1])
        context.state.update(known=known, windows=windows, positions=[_Position([]) for _ in context.symbols])

    def on_bar(self, context: Any) -> None:
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
