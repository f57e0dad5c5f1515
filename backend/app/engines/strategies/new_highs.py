"""Breakouts to new highs: out of a contracting range, out of a Darvas box, on a spike of volume, of a year."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.engines.bars import Bars
from app.engines.strategies.base import Params, Signals, Strategy, param
from app.engines.strategies.earlier import bars_ago

F2 = NDArray[np.float64]
B2 = NDArray[np.bool_]

CONTRACTIONS = 3


def above_earlier_high(bars: Bars, window: int) -> B2:
    """Closes above the highest high of the `window` bars before, [T, N]."""
    from app.engines.indicators import highest

    return bars.close > bars_ago(bars, highest(bars.high, window, gap=bars.gap), 1)


@dataclass(frozen=True)
class VolatilityContractionParams(Params):
    """How long each contraction is, how tight the last one, and the trend around them."""

    window: int = param(10, minimum=2, maximum=60, description="Length of each of the three ranges", unit="bars")
    tight: float = param(0.1, minimum=0.005, maximum=0.5, description="The last range at most", unit="fraction")
    trend: int = param(150, minimum=2, maximum=500, description="Window of the average the close is above", unit="bars")
    exit: int = param(20, minimum=2, maximum=250, description="Lows to break downwards", unit="bars")


class VolatilityContraction(Strategy[VolatilityContractionParams]):
    """Long from the close that leaves the narrowest of three narrowing ranges upwards."""

    id = "volatility_contraction"
    display_name = "Volatility-contraction breakout"
    description = (
        "Looks at three stretches of 10 bars each, one after the other, before the bar. Buys when the range of each "
        "(highest high over lowest low, less 1) is narrower than that of the one before it, the last is 10 % at most, "
        "the close is above the highest high of the last stretch, and above its average of 150 bars. Sells when the "
        "close is below the lowest low of the 20 bars before. The book's drying up of volume is not asked "
        "for: an index has no volume, so that the rule is the same for it."
    )
    hypothesis = "As those who want to sell at a price run out, a rising share swings less and less, then moves easily."
    when_it_loses = (
        "Late in a bull market and in markets without leaders: the narrow range breaks upwards, finds nobody, and "
        "falls through its low; gaps through it cost more than the range was wide."
    )
    citation = (
        "Minervini, M. (2013), Trade Like a Stock Market Wizard, chapter 10: the volatility contraction pattern, which "
        "the book shows on charts; the stretches, the limit and the exit here are ours."
    )
    regime = "TREND"
    params_type = VolatilityContractionParams

    def warm_up(self, params: VolatilityContractionParams) -> int:
        return max(CONTRACTIONS * params.window, params.trend - 1, params.exit)

    def signals(self, bars: Bars, params: VolatilityContractionParams) -> Signals:
        from app.engines.indicators import highest, lowest, sma

        high = highest(bars.high, params.window, gap=bars.gap)
        width = high / lowest(bars.low, params.window, gap=bars.gap) - 1.0
        third, second, first = (bars_ago(bars, width, 1 + k * params.window) for k in range(CONTRACTIONS))
        contracting = (first > second) & (second > third) & (third <= params.tight)
        rising = bars.close > sma(bars.close, params.trend, gap=bars.gap)
        floor = bars_ago(bars, lowest(bars.low, params.exit, gap=bars.gap), 1)
        entry = contracting & rising & (bars.close > bars_ago(bars, high, 1))
        return Signals(entry, bars.close < floor)


@dataclass(frozen=True)
class DarvasBoxParams(Params):
    """When an edge of the box counts, and how high it must lie."""

    confirm: int = param(3, minimum=1, maximum=20, description="Bars an edge must hold", unit="bars")
    high: int = param(
        126, minimum=2, maximum=500, description="The break must be above the highest high of so many bars", unit="bars"
    )


class DarvasBox(Strategy[DarvasBoxParams]):
    """Long from a close above a box at the highs of half a year to a close below the last box."""

    id = "darvas_box"
    display_name = "Darvas box"
    description = (
        "A box has a top, a high that the next three bars do not exceed, and a bottom, the lowest low since, which the "
        "three bars after it hold. Buys when the close is above the top of a finished box and above the highest high "
        "of the 126 bars before (Darvas asked for the highest of all time), sells when it is below the bottom of the "
        "last finished box, which rises as new boxes are finished above. Darvas had orders waiting at the edges; here "
        "the close decides, and the order is filled at the next open."
    )
    hypothesis = "A share that leaves a range at its highs has no holder at a loss above it who waits to sell."
    when_it_loses = (
        "When new highs are sold into: the box above is never finished, and the loss is the height of the old box and "
        "what a gap adds. In wide ranges it buys their upper edge and sells their lower one."
    )
    citation = "Darvas, N. (1960), How I Made $2,000,000 in the Stock Market."
    regime = "TREND"
    params_type = DarvasBoxParams

    def warm_up(self, params: DarvasBoxParams) -> int:
        return max(params.high, 2 * params.confirm + 1)

    def signals(self, bars: Bars, params: DarvasBoxParams) -> Signals:
        from app.engines.strategies.boxes import box_breaks

        above, below = box_breaks(bars.high, bars.low, bars.close, bars.gap, params.confirm)
        return Signals(above & above_earlier_high(bars, params.high), below)


@dataclass(frozen=True)
class VolumeSpikeHighParams(Params):
    """How high the close, how large the volume, and how long it is held."""

    window: int = param(50, minimum=2, maximum=500, description="Highs to break upwards", unit="bars")
    spike: float = param(2.0, minimum=1.0, maximum=50.0, description="Volume over its average at least", unit="times")
    average: int = param(50, minimum=2, maximum=250, description="Bars of that average, before the bar", unit="bars")
    exit: int = param(
        20, minimum=2, maximum=250, description="Sell below the average close of this window", unit="bars"
    )


class VolumeSpikeHigh(Strategy[VolumeSpikeHighParams]):
    """Long from a new high on twice the usual volume until the close is below its short average."""

    id = "volume_spike_high"
    display_name = "Volume-spike high"
    description = (
        "Buys when the close is above the highest high of the 50 bars before and the volume is at least twice its "
        "average of the 50 bars before; where several are, those with most volume for their average first. Sells when "
        "the close is below its average of 20 bars. Splits are taken out of the volumes. Refused where no bar has any "
        "volume, as those of an index have none."
    )
    hypothesis = "A new high on much volume is made by those who must buy for weeks, not by those who look at charts."
    when_it_loses = (
        "When the volume is a climax: the last buyers of a long rise, an index change, a block sold to the public. The "
        "average lies far below such a day, and half of the way back is lost before it says to sell."
    )
    citation = (
        "Gervais, S., Kaniel, R. & Mingelgrin, D. (2001), The High-Volume Return Premium, Journal of Finance 56(3); "
        "O'Neil, W. (1988), How to Make Money in Stocks."
    )
    regime = "TREND"
    params_type = VolumeSpikeHighParams

    def warm_up(self, params: VolumeSpikeHighParams) -> int:
        return max(params.window, params.average, params.exit - 1)

    def needs_volume(self, params: VolumeSpikeHighParams) -> bool:
        return True

    def signals(self, bars: Bars, params: VolumeSpikeHighParams) -> Signals:
        from app.engines.indicators import sma

        usual = bars_ago(bars, sma(bars.volume, params.average, gap=bars.gap), 1)
        times = np.divide(bars.volume, usual, out=np.full(bars.shape, np.nan), where=usual > 0.0)
        entry = above_earlier_high(bars, params.window) & (times >= params.spike)
        return Signals(entry, bars.close < sma(bars.close, params.exit, gap=bars.gap), rank=times)


@dataclass(frozen=True)
class High252Params(Params):
    """Whose high, and how far below it is too far."""

    window: int = param(252, minimum=20, maximum=500, description="Highs to break upwards", unit="bars")
    drop: float = param(
        0.15, minimum=0.01, maximum=0.9, description="Sell so far below the highest high", unit="fraction"
    )


class High252(Strategy[High252Params]):
    """Long from a new high of a year while the price stays near it."""

    id = "high_252"
    display_name = "252-day high"
    description = (
        "Buys when the close is above the highest high of the 252 bars before, sells when it is more than 15 % below "
        "the highest high of the last 252 bars, this one included."
    )
    hypothesis = (
        "Investors take the high of a year for the most a share can cost and sell there too early, so that news which "
        "carries it higher is paid for over months."
    )
    when_it_loses = (
        "In markets that make a new high and fall back by a fifth before the next: each is bought at the top and sold "
        "15 % lower. After a crash it waits most of a year before it buys again."
    )
    citation = "George, T. & Hwang, C.-Y. (2004), The 52-Week High and Momentum Investing, Journal of Finance 59(5)."
    regime = "TREND"
    params_type = High252Params

    def warm_up(self, params: High252Params) -> int:
        return params.window

    def signals(self, bars: Bars, params: High252Params) -> Signals:
        from app.engines.indicators import highest

        near = (1.0 - params.drop) * highest(bars.high, params.window, gap=bars.gap)
        return Signals(above_earlier_high(bars, params.window), bars.close < near)
