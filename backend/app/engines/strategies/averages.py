"""Moving-average crossovers."""

from __future__ import annotations

import math
from dataclasses import dataclass

from app.engines.bars import Bars
from app.engines.strategies.base import Params, Signals, Strategy, param

CITATION = (
    "Brock, W., Lakonishok, J. & LeBaron, B. (1992), Simple Technical Trading Rules and the Stochastic Properties of "
    "Stock Returns, Journal of Finance 47(5)."
)
LOSES = (
    "In sideways markets: the averages cross back and forth, each cross is bought after the rise and sold after the "
    "fall, and costs are paid every time. Sharp reversals give back much of a trend before the slow average turns."
)


@dataclass(frozen=True)
class CrossParams(Params):
    """Windows of the two averages; the fast one must be the shorter."""

    fast: int = param(20, minimum=2, maximum=250, description="Window of the fast average", unit="bars")
    slow: int = param(50, minimum=3, maximum=500, description="Window of the slow average", unit="bars")

    def check(self) -> None:
        if self.fast >= self.slow:
            raise ValueError(f"params.fast: expected a window shorter than slow ({self.slow}), got {self.fast}")


class SmaCross(Strategy[CrossParams]):
    """Long while the fast simple average is above the slow one."""

    id = "sma_cross"
    display_name = "SMA crossover"
    description = (
        "Buys when the fast simple moving average crosses above the slow one, sells on the opposite cross. "
        "A cross is strict: below at the previous bar, above at this one."
    )
    hypothesis = "Prices trend: news is absorbed slowly, so a rise that outlasts the slow average tends to go on."
    when_it_loses = LOSES
    citation = CITATION
    regime = "TREND"
    params_type = CrossParams

    def warm_up(self, params: CrossParams) -> int:
        return params.slow  # a cross needs the slow average at the bar before, too

    def signals(self, bars: Bars, params: CrossParams) -> Signals:
        from app.engines.indicators import sma
        from app.engines.indicators.crossings import crosses

        fast, slow = sma(bars.close, params.fast, gap=bars.gap), sma(bars.close, params.slow, gap=bars.gap)
        above, below = crosses(fast, slow, bars.traded)
        return Signals(entry=above, exit=below)


@dataclass(frozen=True)
class EmaCrossParams(CrossParams):
    """As of the simple averages, with the customary 12 and 26."""

    fast: int = param(12, minimum=2, maximum=250, description="Window of the fast average", unit="bars")
    slow: int = param(26, minimum=3, maximum=500, description="Window of the slow average", unit="bars")


class EmaCross(Strategy[EmaCrossParams]):
    """Long while the fast exponential average is above the slow one."""

    id = "ema_cross"
    display_name = "EMA crossover"
    description = (
        "Buys when the fast exponential moving average crosses above the slow one, sells on the opposite cross. "
        "A cross is strict: below at the previous bar, above at this one."
    )
    hypothesis = "Prices trend, and weighting recent bars more finds the turn sooner than a simple average."
    when_it_loses = LOSES
    citation = CITATION
    regime = "TREND"
    params_type = EmaCrossParams

    def warm_up(self, params: EmaCrossParams) -> int:
        # an exponential average never forgets its seed: wait until the seed weighs less than a billionth
        return params.slow + math.ceil(math.log(1e-9) / math.log(1.0 - 2.0 / (params.slow + 1.0)))

    def signals(self, bars: Bars, params: EmaCrossParams) -> Signals:
        from app.engines.indicators import ema
        from app.engines.indicators.crossings import crosses

        fast, slow = ema(bars.close, params.fast, gap=bars.gap), ema(bars.close, params.slow, gap=bars.gap)
        above, below = crosses(fast, slow, bars.traded)
        return Signals(entry=above, exit=below)


@dataclass(frozen=True)
class MacdCrossParams(Params):
    """Windows of the MACD and of its signal line; the fast one must be the shorter of the two averages."""

    fast: int = param(12, minimum=2, maximum=250, description="Window of the fast average", unit="bars")
    slow: int = param(26, minimum=3, maximum=500, description="Window of the slow average", unit="bars")
    signal: int = param(9, minimum=2, maximum=250, description="Window of the signal line", unit="bars")

    def check(self) -> None:
        if self.fast >= self.slow:
            raise ValueError(f"params.fast: expected a window shorter than slow ({self.slow}), got {self.fast}")


class MacdCross(Strategy[MacdCrossParams]):
    """Long while the MACD line is above its signal line."""

    id = "macd_cross"
    display_name = "MACD crossover"
    description = (
        "Buys when the MACD line crosses above its signal line, sells on the opposite cross. A cross is strict: below "
        "at the previous bar, above at this one."
    )
    hypothesis = "A rise that gathers speed goes on for a while: the gap between two averages widens before it closes."
    when_it_loses = LOSES
    citation = "Appel, G. (2005), Technical Analysis: Power Tools for Active Investors, chapter 8."
    regime = "TREND"
    params_type = MacdCrossParams

    def warm_up(self, params: MacdCrossParams) -> int:
        # the seeds of the slow average and of the signal line weigh less than a billionth each
        forgotten = (math.ceil(math.log(1e-9) / math.log(1.0 - 2.0 / (n + 1.0))) for n in (params.slow, params.signal))
        return params.slow + params.signal + sum(forgotten)

    def signals(self, bars: Bars, params: MacdCrossParams) -> Signals:
        from app.engines.indicators import macd
        from app.engines.indicators.crossings import crosses

        found = macd(bars.close, params.fast, params.slow, params.signal, gap=bars.gap)
        above, below = crosses(found.line, found.signal, bars.traded)
        return Signals(entry=above, exit=below)
