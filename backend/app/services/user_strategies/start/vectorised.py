"""My strategy: a strategy of your own, in the vectorised form.

It answers for all bars at once. The row t of what it answers is decided at the close of bar t, from bars up to and
including t alone; orders fill from bar t + 1 on. How to write one is told in docs/strategies.md.
"""

from dataclasses import dataclass

import numpy as np

from app.engines.bars import Bars
from app.engines.indicators import sma
from app.engines.strategies.base import Params, Signals, Strategy, param


@dataclass(frozen=True)
class MyStrategyParams(Params):
    """What can be varied: each with its default, its range and its unit. The types are int and float."""

    window: int = param(50, minimum=2, maximum=500, description="Window of the average", unit="bars")
    stop: float = param(0.08, minimum=0.005, maximum=0.5, description="Stop below the entry's close", unit="fraction")

    def check(self) -> None:
        """Raise ValueError where values do not go together: `raise ValueError("params.window: expected …")`."""


class MyStrategy(Strategy[MyStrategyParams]):
    """Long while the close is above its average."""

    id = "my_strategy"  # as on the command line; do not change it later, the strategy's history goes by it
    display_name = "My strategy"
    description = "Buys when the close rises above its average, sells when it falls below; a stop limits each loss."
    hypothesis = "Prices trend: what has begun to rise tends to go on."  # why should it earn?
    when_it_loses = "In sideways markets it buys each rise and sells each fall, and pays costs every time."
    citation = ""  # where the idea is from
    regime = "TREND"  # the market it is made for
    timeframe = "1d"
    universe = "NIFTY50"  # what it runs on when nothing else is said
    params_type = MyStrategyParams

    def warm_up(self, params: MyStrategyParams) -> int:
        """Bars needed before the first one that can carry a signal."""
        return params.window

    def signals(self, bars: Bars, params: MyStrategyParams) -> Signals:
        """Arrays of [T, N]: T bars by N instruments, NaN where an instrument did not trade.

        bars.open, high, low, close, volume : adjusted so that a split is no jump; the past is never rescaled
        bars.raw.close                      : rupees as traded
        bars.gap                            : history is missing just before this bar; windows begin anew there
        """
        average = sma(bars.close, params.window, gap=bars.gap)
        above = bars.close > average  # False where either is NaN
        below = bars.close < average
        before = np.zeros_like(above)
        before[1:] = below[:-1]  # yesterday, never tomorrow: bars[t + 1] would be look-ahead
        return Signals(
            entry=above & before,  # bool: buy at the next open
            exit=below,  # bool: sell at the next open
            stop=bars.close * (1.0 - params.stop),  # of an entry decided at this bar, float64, NaN = none
            # rank=…   which entries come first where cash is scarce, higher first
            # target=… profit limit; trail=0.1 (as an array) trailing stop; limit=… trigger=… of the entry
            # hold=10  sell after so many bars; short=Signals(…) the other side, where the product allows it
        )
