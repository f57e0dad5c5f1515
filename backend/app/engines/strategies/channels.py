"""Breakouts from price channels and bands."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from app.engines.bars import Bars
from app.engines.strategies.base import Params, Signals, Strategy, param
from app.engines.strategies.crossing import at_previous_bar


@dataclass(frozen=True)
class DonchianParams(Params):
    """Lengths of the two channels."""

    entry: int = param(20, minimum=2, maximum=500, description="Highs to break upwards", unit="bars")
    exit: int = param(10, minimum=2, maximum=500, description="Lows to break downwards", unit="bars")


class Donchian(Strategy[DonchianParams]):
    """Long from a close above the highest high of the bars before it to a close below their lowest low."""

    id = "donchian"
    display_name = "Donchian channel breakout"
    description = (
        "Buys when the close is above the highest high of the previous bars, sells when it is below the lowest low of "
        "the previous bars of the shorter channel. The bar itself is in neither channel."
    )
    hypothesis = "A price that nobody has paid for weeks is news that others have yet to act on."
    when_it_loses = (
        "In ranges, where each new high is sold into, and in reversals full of gaps, where the exit channel lies far "
        "below the price."
    )
    citation = "Donchian, R. (1960), Commodities: High Finance in Copper, Financial Analysts Journal 16(6)."
    regime = "TREND"
    params_type = DonchianParams

    def warm_up(self, params: DonchianParams) -> int:
        return max(params.entry, params.exit)

    def signals(self, bars: Bars, params: DonchianParams) -> Signals:
        from app.engines.indicators import highest, lowest

        traded = ~np.isnan(bars.close)
        # a gap in history lies between the channel and this bar, too: there the previous channel does not count
        upper = at_previous_bar(highest(bars.high, params.entry, gap=bars.gap), traded)
        lower = at_previous_bar(lowest(bars.low, params.exit, gap=bars.gap), traded)
        return Signals(entry=(bars.close > upper) & ~bars.gap, exit=(bars.close < lower) & ~bars.gap)


@dataclass(frozen=True)
class SuperTrendParams(Params):
    """Window and width of the bands."""

    window: int = param(10, minimum=2, maximum=250, description="Window of the average true range", unit="bars")
    multiplier: float = param(3.0, minimum=0.1, maximum=20.0, description="Width of the bands", unit="ranges")


class SuperTrend(Strategy[SuperTrendParams]):
    """Long from a turn of the SuperTrend upwards to its turn downwards."""

    id = "supertrend"
    display_name = "SuperTrend"
    description = (
        "Buys when the SuperTrend turns up: a close above a band that lies a few average true ranges over the price "
        "and only moves down. Sells when it turns down: a close below the band under the price, which only moves up. "
        "A trend that is up already when history begins is not bought: it has not turned."
    )
    hypothesis = "A move of several average ranges against the last trend is the beginning of another one."
    when_it_loses = (
        "When prices drift with little volatility or chop: the bands come close, each turn is bought after the rise "
        "and sold after the fall, and costs are paid every time."
    )
    citation = (
        "Attributed to Olivier Seban; rule and reference values as in Skender, D., Stock.Indicators for .NET. The "
        "range is that of Wilder, J. W. (1978), New Concepts in Technical Trading Systems."
    )
    regime = "TREND"
    params_type = SuperTrendParams

    def warm_up(self, params: SuperTrendParams) -> int:
        # the average range never forgets its seed: wait until that weighs less than a billionth
        return params.window + math.ceil(math.log(1e-9) / math.log(1.0 - 1.0 / params.window))

    def signals(self, bars: Bars, params: SuperTrendParams) -> Signals:
        from app.engines.indicators import supertrend

        found = supertrend(bars.high, bars.low, bars.close, params.window, params.multiplier, gap=bars.gap)
        before = at_previous_bar(found.trend, ~np.isnan(bars.close))
        return Signals(entry=(found.trend > 0.0) & (before < 0.0), exit=found.trend < 0.0)
