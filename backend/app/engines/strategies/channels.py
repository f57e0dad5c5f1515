"""Breakouts from price channels."""

from __future__ import annotations

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
