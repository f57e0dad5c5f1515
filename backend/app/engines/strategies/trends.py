"""Trends held while they last: momentum under a filter, an envelope, a burst of range, a ribbon of averages."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from app.engines.bars import Bars
from app.engines.strategies.base import Params, Signals, Strategy, param
from app.engines.strategies.earlier import bars_ago


@dataclass(frozen=True)
class Tsmom150Params(Params):
    """The momentum, and the filter."""

    lookback: int = param(252, minimum=2, maximum=756, description="Return over so many bars", unit="bars")
    filter: int = param(
        150, minimum=2, maximum=500, description="Window of the average the close is above", unit="bars"
    )


class Tsmom150(Strategy[Tsmom150Params]):
    """Long while the return of a year is above zero and the close above its average of 150 bars."""

    id = "tsmom_150"
    display_name = "Time-series momentum with a 150-day filter"
    description = (
        "Buys when the close is above that of 252 bars ago and above its average of 150 bars, those that rose most "
        "first; sells when it is below either. It is asked after every close, not once a month, and holds no shorts: "
        "delivery has none."
    )
    hypothesis = "What rose over a year goes on for some months, as news and those who follow it arrive late."
    when_it_loses = (
        "In sideways years, when the price crosses its average again and again, and in sharp falls from a high: the "
        "return of a year stays above zero until most of the fall is over, and the average is then far above."
    )
    citation = (
        "Moskowitz, T., Ooi, Y. H. & Pedersen, L. H. (2012), Time Series Momentum, Journal of Financial Economics "
        "104(2); the filter by an average as in Faber, M. (2007), A Quantitative Approach to Tactical Asset "
        "Allocation, Journal of Wealth Management 9(4)."
    )
    regime = "TREND"
    params_type = Tsmom150Params

    def warm_up(self, params: Tsmom150Params) -> int:
        return max(params.lookback, params.filter - 1)

    def signals(self, bars: Bars, params: Tsmom150Params) -> Signals:
        from app.engines.indicators import roc, sma

        momentum = roc(bars.close, params.lookback, gap=bars.gap)
        average = sma(bars.close, params.filter, gap=bars.gap)
        entry = (momentum > 0.0) & (bars.close > average)
        return Signals(entry, (momentum < 0.0) | (bars.close < average), rank=momentum)


@dataclass(frozen=True)
class TrendEnvelopeParams(Params):
    """Window and width of the envelope."""

    window: int = param(100, minimum=2, maximum=500, description="Window of the average", unit="bars")
    width: float = param(2.0, minimum=0.1, maximum=6.0, description="Width of the envelope", unit="deviations")


class TrendEnvelope(Strategy[TrendEnvelopeParams]):
    """Long from a close above the upper Bollinger band until one below the average."""

    id = "trend_envelope"
    display_name = "Bollinger trend envelope"
    description = (
        "Buys when the close is above its average of 100 bars and two population deviations more, sells when it is "
        "below the average. The same bands as those of bollinger_reversion, followed instead of faded; Faith's system "
        "has 350 bars and 2.5 deviations."
    )
    hypothesis = "A close outside of what was usual for months is more often the beginning of a trend than its end."
    when_it_loses = (
        "In ranges, when the upper band marks the upper edge; at the end of a calm period the bands lie close, and any "
        "move is outside of them."
    )
    citation = "Faith, C. (2007), Way of the Turtle, chapter 10: the Bollinger breakout system."
    regime = "TREND"
    params_type = TrendEnvelopeParams

    def warm_up(self, params: TrendEnvelopeParams) -> int:
        return params.window - 1

    def signals(self, bars: Bars, params: TrendEnvelopeParams) -> Signals:
        from app.engines.indicators import bollinger

        band = bollinger(bars.close, params.window, params.width, gap=bars.gap)
        return Signals(bars.close > band.upper, bars.close < band.middle)


@dataclass(frozen=True)
class AtrBreakoutParams(Params):
    """The range, what counts as a burst, and what is given back."""

    window: int = param(14, minimum=2, maximum=100, description="Window of the average true range", unit="bars")
    entry: float = param(1.5, minimum=0.1, maximum=10.0, description="Buy after a rise of so many", unit="ranges")
    exit: float = param(1.5, minimum=0.1, maximum=10.0, description="Sell after a fall of so many", unit="ranges")
    trail: float = param(
        3.0, minimum=0.0, maximum=20.0, description="Stop so many below the highest close; 0: none", unit="ranges"
    )


class AtrBreakout(Strategy[AtrBreakoutParams]):
    """Long after a rise of one and a half average ranges from close to close."""

    id = "atr_breakout"
    display_name = "ATR breakout"
    description = (
        "The true range is averaged over 14 bars after Wilder, up to the bar before. Buys when the close is more than "
        "1.5 such ranges above the close before it, the largest rise for its range first; sells when it is more than "
        "1.5 below, or at a stop that lies three ranges of the decision's bar below the highest close since. The stop "
        "is moved after each close, as a fraction of the price: three ranges at the decision."
    )
    hypothesis = "A move far beyond the usual range of a day is news, and those who act on it are not done in a day."
    when_it_loses = (
        "In nervous markets, when a large rise answers a large fall and is taken back the day after; the first move "
        "is the whole of it where the news was expected."
    )
    citation = (
        "Wilder, J. W. (1978), New Concepts in Technical Trading Systems, chapter 3: the volatility system; Kaufman, "
        "P. (2013), Trading Systems and Methods: volatility breakouts from the close before."
    )
    regime = "VOLATILE"
    params_type = AtrBreakoutParams

    def warm_up(self, params: AtrBreakoutParams) -> int:
        # the average range never forgets its seed: wait until that weighs less than a billionth
        return params.window + 1 + math.ceil(math.log(1e-9) / math.log(1.0 - 1.0 / params.window))

    def signals(self, bars: Bars, params: AtrBreakoutParams) -> Signals:
        from app.engines.indicators import atr

        usual = bars_ago(bars, atr(bars.high, bars.low, bars.close, params.window, gap=bars.gap), 1)
        move = bars.close - bars_ago(bars, bars.close, 1)
        ranges = np.divide(move, usual, out=np.full(bars.shape, np.nan), where=usual > 0.0)
        entry = ranges > params.entry
        trail = None
        if params.trail > 0.0:
            apart = params.trail * usual / bars.close
            entry &= apart < 1.0  # a stop at nothing is none
            trail = np.where(entry, apart, np.nan)
        return Signals(entry, ranges < -params.exit, rank=ranges, trail=trail)


@dataclass(frozen=True)
class MaRibbonParams(Params):
    """Windows of the four averages, each longer than the one before it."""

    first: int = param(10, minimum=2, maximum=250, description="Window of the fastest average", unit="bars")
    second: int = param(20, minimum=3, maximum=300, description="Window of the second", unit="bars")
    third: int = param(50, minimum=4, maximum=400, description="Window of the third", unit="bars")
    fourth: int = param(100, minimum=5, maximum=500, description="Window of the slowest", unit="bars")

    def check(self) -> None:
        windows = (self.first, self.second, self.third, self.fourth)
        for name, shorter, longer in zip(("second", "third", "fourth"), windows, windows[1:], strict=False):
            if shorter >= longer:
                raise ValueError(
                    f"params.{name}: expected a window longer than the one before ({shorter}), got {longer}"
                )


class MaRibbon(Strategy[MaRibbonParams]):
    """Long while four averages lie one above the other, the fastest on top."""

    id = "ma_ribbon"
    display_name = "Ribbon of four averages"
    description = (
        "Buys when the averages of 10, 20, 50 and 100 bars lie strictly in this order, the fastest on top; sells when "
        "the fastest is below the third. Between the two nothing is done."
    )
    hypothesis = "When those who look at days, weeks and months all gain, nobody is in a hurry to sell."
    when_it_loses = (
        "In ranges longer than the slowest average, where the order is complete near the upper edge, and after a sharp "
        "fall, which is over before the fastest has crossed the third."
    )
    citation = "Guppy, D. (2004), Trend Trading: the multiple moving average; ours has four simple averages."
    regime = "TREND"
    params_type = MaRibbonParams

    def warm_up(self, params: MaRibbonParams) -> int:
        return params.fourth - 1

    def signals(self, bars: Bars, params: MaRibbonParams) -> Signals:
        from app.engines.indicators import sma

        windows = (params.first, params.second, params.third, params.fourth)
        first, second, third, fourth = (sma(bars.close, window, gap=bars.gap) for window in windows)
        return Signals((first > second) & (second > third) & (third > fourth), first < third)
