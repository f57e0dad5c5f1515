"""NR7: a breakout out of the narrowest of seven ranges, entered by a stop order inside the bar."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from app.engines.strategies.base import EventStrategy, Params, ProductName, param

SAME = 1e-9  # of the price: ranges and prices nearer than that are equal
NARROW = 7  # bars, this one included


@dataclass(frozen=True)
class Nr7Params(Params):
    """How far beyond the bar, how long, and which sides."""

    tick: float = param(0.05, minimum=0.0, maximum=10.0, description="How far beyond the high or low", unit="rupees")
    days: int = param(3, minimum=1, maximum=20, description="Sold at the open after so many days", unit="bars")
    short: int = param(
        0,
        minimum=0,
        maximum=1,
        description="1: also sells short below the low, all of it in futures",
        unit="0 or 1",
    )


class Nr7Breakout(EventStrategy[Nr7Params]):
    """Out of the narrowest of seven ranges, in the direction the next bar leaves it."""

    id = "nr7_breakout"
    display_name = "NR7 breakout"
    description = (
        "When the range of a bar is narrower than each of the six before it (a tie is not), a buy stop waits a tick of "
        "0.05 rupees above its high for the next bar alone; the stop is at its low. Sold at the open after the first "
        "close in profit (an open in profit is known too late to be sold at), or after three days. With the parameter "
        "short a sell stop waits a tick below the low, too, and the first side filled cancels the other; the trades "
        "are in futures then, of which the cash series is a PROXY. A bar without trade among the seven: no entry."
    )
    hypothesis = "Volatility comes in turns: after the narrowest range in a week a wide one follows, in one direction."
    when_it_loses = (
        "In quiet weeks and before news, when the first move out of the narrow range is taken back the same day, again "
        "and again; gaps through the stop."
    )
    citation = "Crabel, T. (1990), Day Trading with Short Term Price Patterns and Opening Range Breakout."
    regime = "VOLATILE"
    params_type = Nr7Params

    def product_of(self, params: Nr7Params) -> ProductName:
        return "FUT" if params.short else "CNC"

    def warm_up(self, params: Nr7Params) -> int:
        return NARROW - 1

    def on_bar(self, context: Any) -> None:
        params, positions = context.params, context.positions
        for n, held in enumerate(positions):
            if held:
                close, entry = context.price(n), context.entry_price(n)
                if (close - entry) * held > SAME * entry * abs(held):
                    context.exit(n)
        high, low = context.panel(NARROW, "high"), context.panel(NARROW, "low")
        if len(high) < NARROW:
            return
        width = high - low
        narrow = (width[:-1] - width[-1] > SAME * high[-1]).all(axis=0) & ~context.gaps(NARROW)[1:].any(axis=0)
        for n in np.flatnonzero(narrow).tolist():
            if positions[n]:
                continue
            above, below = float(high[-1, n]), float(low[-1, n])
            tick = params.tick * context.factor(n)
            context.buy(n, trigger=above + tick, stop=below, hold=params.days, oco=n + 1)
            if params.short and below > tick:
                context.sell_short(n, trigger=below - tick, stop=above, hold=params.days, oco=n + 1)
