"""Buying weakness inside a rising trend."""

from __future__ import annotations

from dataclasses import dataclass

from app.engines.bars import Bars
from app.engines.strategies.base import Params, Signals, Strategy, param

RSI_WINDOW = 2


@dataclass(frozen=True)
class Rsi2Params(Params):
    """Windows and threshold of Connors' rule."""

    trend: int = param(200, minimum=2, maximum=500, description="Window of the average the close is above", unit="bars")
    threshold: float = param(10.0, minimum=0.0, maximum=50.0, description="Buy below this RSI(2)", unit="RSI points")
    exit: int = param(5, minimum=2, maximum=100, description="Sell above the average of this window", unit="bars")


class Rsi2(Strategy[Rsi2Params]):
    """Long after a two-day slump above the long average, until the close is back above a short one."""

    id = "rsi2"
    display_name = "RSI-2 mean reversion"
    description = (
        "Buys when the close is above its long average and RSI(2) is below the threshold, sells when the close is "
        "above its short average. No stop; both orders fill at the next open."
    )
    hypothesis = (
        "In a rising market a slump of a few days is mostly a lack of buyers for a moment, and is made up soon."
    )
    when_it_loses = (
        "In crashes and at the start of bear markets: it buys each fall while the long average still looks up, and "
        "without a stop it holds until the price recovers."
    )
    citation = "Connors, L. & Alvarez, C. (2008), Short Term Trading Strategies That Work, chapter 9."
    regime = "REVERSAL"
    params_type = Rsi2Params

    def warm_up(self, params: Rsi2Params) -> int:
        # the seed of RSI(2) halves with each bar, so 64 bars after it nothing of it is left in a double
        return max(params.trend - 1, params.exit - 1, RSI_WINDOW + 64)

    def signals(self, bars: Bars, params: Rsi2Params) -> Signals:
        from app.engines.indicators import rsi, sma

        close = bars.close
        rising = close > sma(close, params.trend, gap=bars.gap)
        weak = rsi(close, RSI_WINDOW, gap=bars.gap) < params.threshold
        return Signals(entry=rising & weak, exit=close > sma(close, params.exit, gap=bars.gap))


@dataclass(frozen=True)
class BollingerReversionParams(Params):
    """Window and width of the band."""

    window: int = param(20, minimum=2, maximum=250, description="Window of the average", unit="bars")
    width: float = param(2.0, minimum=0.1, maximum=6.0, description="Width of the band", unit="deviations")


class BollingerReversion(Strategy[BollingerReversionParams]):
    """Long after a close below the lower Bollinger band, until the close is above the average again."""

    id = "bollinger_reversion"
    display_name = "Bollinger mean reversion"
    description = (
        "Buys when the close is below the average less so many population deviations, sells when it is above the "
        "average. No stop; both orders fill at the next open."
    )
    hypothesis = "A close far from its average is more often haste than news, and comes back."
    when_it_loses = (
        "In persistent falls and when volatility widens: the band moves down with the price, and without a stop the "
        "position is held until the average has come down to it."
    )
    citation = "Bollinger, J. (2001), Bollinger on Bollinger Bands; the rule is a common derivative of it."
    regime = "REVERSAL"
    params_type = BollingerReversionParams

    def warm_up(self, params: BollingerReversionParams) -> int:
        return params.window - 1

    def signals(self, bars: Bars, params: BollingerReversionParams) -> Signals:
        from app.engines.indicators import bollinger

        band = bollinger(bars.close, params.window, params.width, gap=bars.gap)
        return Signals(entry=bars.close < band.lower, exit=bars.close > band.middle)
