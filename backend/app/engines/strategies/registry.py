"""The strategies that are there, by id."""

from __future__ import annotations

from functools import cache
from typing import Any

from app.engines.strategies.averages import EmaCross, MacdCross, SmaCross
from app.engines.strategies.base import Strategy
from app.engines.strategies.breakouts import Nr7Breakout
from app.engines.strategies.channels import Donchian, SuperTrend
from app.engines.strategies.index_intraday import OpeningRangeVolume, VwapReversionIndex
from app.engines.strategies.intraday import GapFade, OpeningRange, VwapReversion
from app.engines.strategies.new_highs import DarvasBox, High252, VolatilityContraction, VolumeSpikeHigh
from app.engines.strategies.overnight import Overnight
from app.engines.strategies.pairs import PairsDistance
from app.engines.strategies.reversal import BollingerReversion, Rsi2
from app.engines.strategies.rotation import DualMomentum, LowVolatility, Momentum121
from app.engines.strategies.trends import AtrBreakout, MaRibbon, TrendEnvelope, Tsmom150
from app.engines.strategies.turtle import Turtle

AnyStrategy = Strategy[Any]


@cache
def registry() -> dict[str, AnyStrategy]:
    """Every strategy by its id. Nothing is compiled by asking."""
    strategies: list[AnyStrategy] = [
        SmaCross(), EmaCross(), MacdCross(), Rsi2(), Donchian(), BollingerReversion(), SuperTrend(),
        Momentum121(), LowVolatility(), DualMomentum(), OpeningRange(), GapFade(), VwapReversion(),
        Nr7Breakout(), Turtle(), PairsDistance(), Overnight(),
        VolatilityContraction(), DarvasBox(), Tsmom150(), VolumeSpikeHigh(), TrendEnvelope(), AtrBreakout(),
        MaRibbon(), High252(), VwapReversionIndex(), OpeningRangeVolume(),
    ]  # fmt: skip
    return {strategy.id: strategy for strategy in strategies}
