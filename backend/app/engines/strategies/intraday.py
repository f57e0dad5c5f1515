"""Trades within a session: opening range, gap fade, VWAP reversion, decided from its bars and the close before it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import time

import numpy as np
from numpy.typing import NDArray

from app.engines.bars import Bars
from app.engines.strategies.base import Params, Signals, Strategy, param
from app.engines.strategies.session_time import Opening, SessionTime

F2 = NDArray[np.float64]

UNKNOWN_HOURS = "On days whose hours are not known nothing is bought. "
FLAT_1510 = "Flat by 15:10: left at the open of the bar that begins then. " + UNKNOWN_HOURS
FLAGS = (
    "Trade-for-trade shares and those locked at a price band are not seen by the strategy; the exchange's rules refuse "
    "the orders."
)
TEN_PAST_THREE = time(15, 10)
SESSIONS_OF_VOLUME = 14
MEMBERS_OF_A_MARKET = 10
ROUNDING = 1e-9  # 99 / 100 - 1 is not quite -0.01
NARROWEST_BAND = 0.02
NEAR_A_BAND = 0.001  # a band is rounded to the tick


@dataclass(frozen=True)
class OpeningRangeParams(Params):
    """The range, the target, and which sides and shares."""

    minutes: int = param(5, minimum=1, maximum=120, description="Length of the opening range", unit="minutes")
    target: float = param(10.0, minimum=0.0, maximum=50.0, description="Target; 0: none", unit="risks")
    doji: float = param(
        0.0005, minimum=0.0, maximum=0.05, description="A move from open to close up to this is none", unit="fraction"
    )
    relative_volume: float = param(
        0.0,
        minimum=0.0,
        maximum=100.0,
        description="Volume of the range at least so many times its average of 14 sessions; 0: not asked",
        unit="times",
    )
    risk: float = param(
        0.01,
        minimum=0.0,
        maximum=0.2,
        description="Equity between entry and stop at most; 0: not asked",
        unit="fraction",
    )
    short: int = param(1, minimum=0, maximum=1, description="1: also sells short after a fall", unit="0 or 1")


class OpeningRange(Strategy[OpeningRangeParams]):
    """In the direction of the first five minutes, until the end of the session."""

    id = "opening_range"
    display_name = "Opening-range breakout"
    description = (
        "After the first five minutes buys at the next open if they closed above their open, sells short if below, and "
        "does nothing if they moved by 0.05 % or less. The stop is the other end of the range; the target lies ten "
        "times as far from the close of the range as the stop (the fill is not known when it is set). At most 1 % of "
        "the equity lies between close and stop, and no more is bought than the run's sizing allows: there is no "
        "leverage. One entry a session, when the range is complete. Flat by 15:15, or 15:10 since there is a closing "
        "auction: left at the open of the bar that begins then. " + UNKNOWN_HOURS + "This is the version of 2023; with "
        "relative_volume only shares in play are traded, those whose opening volume is so many times its average of 14 "
        "sessions, those with most first, as in that of 2024 (whose stop by the true range is left out). A range at "
        "one price is no entry, locked or not. " + FLAGS
    )
    hypothesis = "Whoever must trade the news of the night begins at the open and is not done in five minutes."
    when_it_loses = (
        "On quiet days and when the first move is taken back: the stop is near, and costs are paid each day for many "
        "small losses between few large gains."
    )
    citation = (
        "Zarattini, C. & Aziz, A. (2023), Can Day Trading Really Be Profitable?; Zarattini, C., Barbon, A. & Aziz, A. "
        "(2024), A Profitable Day Trading Strategy for the U.S. Equity Market; Crabel, T. (1990), Day Trading with "
        "Short Term Price Patterns and Opening Range Breakout."
    )
    regime = "TREND"
    timeframe = "5m"
    product = "MIS"
    bars = "intraday"
    params_type = OpeningRangeParams

    def warm_up(self, params: OpeningRangeParams) -> int:
        # five-minute bars of the sessions whose volume is averaged
        return SESSIONS_OF_VOLUME * 75 if params.relative_volume else 0

    def needs_volume(self, params: OpeningRangeParams) -> bool:
        return params.relative_volume > 0.0

    def signals(self, bars: Bars, params: OpeningRangeParams) -> Signals:
        clock = SessionTime.of(bars, self.id)
        opening = Opening.of(bars, clock, params.minutes)
        rows = opening.rows
        rank = None
        chosen = np.ones(opening.open.shape, np.bool_)
        if params.relative_volume > 0.0:
            relative = relative_volume(opening.volume)
            chosen = relative >= params.relative_volume
            rank = np.full(bars.shape, np.nan)
            rank[rows] = relative
        close = bars.close[rows]
        move = close / opening.open - 1.0
        leave = np.repeat(clock.leave[:, None], bars.shape[1], axis=1)

        def side(entered: NDArray[np.bool_], stops: F2) -> Signals:
            entry, stop = np.zeros(bars.shape, np.bool_), np.full(bars.shape, np.nan)
            entry[rows], stop[rows] = entered, stops
            target = None
            if params.target > 0.0:
                target = np.full(bars.shape, np.nan)
                aim = close + params.target * (close - stops)
                target[rows] = np.where(aim > 0.0, aim, np.nan)
            return Signals(entry, leave, rank=rank, stop=stop, target=target, risk=params.risk or None)

        long_ = side((move > params.doji) & chosen, opening.low)
        if not params.short:
            return long_
        return replace(long_, short=side((move < -params.doji) & chosen, opening.high))


def relative_volume(volume: F2) -> F2:
    """Volume of each session's opening over its mean of the 14 before, [S, N]; NaN unless all of them are above 0."""
    out = np.full_like(volume, np.nan)
    known = np.where(volume > 0.0, volume, np.nan)
    for s in range(SESSIONS_OF_VOLUME, len(volume)):
        mean = np.cumsum(known[s - SESSIONS_OF_VOLUME : s], axis=0)[-1] / SESSIONS_OF_VOLUME
        out[s] = known[s] / mean
    return out


@dataclass(frozen=True)
class GapFadeParams(Params):
    """Which gaps, and when."""

    least: float = param(0.01, minimum=0.001, maximum=0.2, description="Gaps down deeper than this", unit="fraction")
    most: float = param(0.03, minimum=0.002, maximum=0.5, description="But not as deep as this", unit="fraction")
    market: float = param(
        0.02, minimum=0.0, maximum=1.0, description="No entry where the median gap is larger", unit="fraction"
    )
    minutes: int = param(5, minimum=1, maximum=120, description="Wait so long after the open", unit="minutes")

    def check(self) -> None:
        if self.least >= self.most:
            raise ValueError(f"params.least: expected less than most ({self.most}), got {self.least}")


class GapFade(Strategy[GapFadeParams]):
    """Buys a moderate gap down, for the close of yesterday."""

    id = "gap_fade"
    display_name = "Gap fade"
    description = (
        "Where the first trade of the day, which is the price of the pre-open match, lies 1 to 3 % below the last "
        "close of the session before (split-adjusted), buys at 09:20, if the price is still between stop and target "
        "then. Target: that close; stop: as far below the open as the gap is deep. No entry where the share did not "
        "trade the day before, nor where the median gap of the members is larger than 2 % either way (asked of ten "
        "members or more), nor where the first minutes had one price at a gap of 2 %, taken for a locked band. "
        + FLAT_1510
        + "Days of results are not skipped: their dates are not known to a strategy. "
        + FLAGS
    )
    hypothesis = "Orders gathered overnight push the opening too far when there is no news, and it comes back."
    when_it_loses = "When the gap is news: the price goes on falling all day, in many shares at once."
    citation = "A rule of practitioners, without a source of its own; the open is the price of the pre-open match."
    regime = "REVERSAL"
    timeframe = "5m"
    product = "MIS"
    bars = "intraday"
    params_type = GapFadeParams

    def warm_up(self, params: GapFadeParams) -> int:
        return 75  # five-minute bars of the session before

    def signals(self, bars: Bars, params: GapFadeParams) -> Signals:
        clock = SessionTime.of(bars, self.id, TEN_PAST_THREE)
        opening = Opening.of(bars, clock, params.minutes)
        rows = opening.rows
        gap = opening.open / opening.before - 1.0
        stop = 2.0 * opening.open - opening.before
        close = bars.close[rows]
        fits = (gap < -params.least - ROUNDING) & (gap > -params.most + ROUNDING)
        fits &= (close > stop) & (close < opening.before)
        fits &= (opening.high > opening.low) | (np.abs(gap + NARROWEST_BAND) > NEAR_A_BAND)
        for s, t in enumerate(rows.tolist()):
            known = gap[s, bars.member[t] & ~np.isnan(gap[s])]
            if known.size >= MEMBERS_OF_A_MARKET and abs(float(np.median(known))) > params.market:
                fits[s] = False
        entry, stops, targets = np.zeros(bars.shape, np.bool_), np.full(bars.shape, np.nan), np.full(bars.shape, np.nan)
        entry[rows], stops[rows], targets[rows] = fits, stop, opening.before
        leave = np.repeat(clock.leave[:, None], bars.shape[1], axis=1)
        return Signals(entry, leave, stop=stops, target=targets)


@dataclass(frozen=True)
class VwapReversionParams(Params):
    """How far from the average price, and when."""

    entry: float = param(2.0, minimum=0.1, maximum=10.0, description="Buy so far below VWAP", unit="deviations")
    stop: float = param(3.5, minimum=0.2, maximum=20.0, description="Sell so far below VWAP", unit="deviations")
    move: float = param(0.015, minimum=0.0, maximum=0.2, description="Day's move at most, either way", unit="fraction")
    minutes: int = param(30, minimum=2, maximum=300, description="Not before so long after the open", unit="minutes")

    def check(self) -> None:
        if self.entry >= self.stop:
            raise ValueError(f"params.entry: expected less than stop ({self.stop}), got {self.entry}")


class VwapReversion(Strategy[VwapReversionParams]):
    """Buys a fall below the session's average price, until the price is back there."""

    id = "vwap_reversion"
    display_name = "VWAP reversion"
    description = (
        "From 09:45 on, z is the close less the session's volume-weighted average price (typical price, from the first "
        "bar on), over the population deviation of that difference since the open. Buys at the next open when z is "
        "below -2 and the close within 1.5 % of the day's open; sells when the close is at VWAP or above, or z below "
        "-3.5. "
        + FLAT_1510
        + "Bars without volume count for nothing and are no entry; after missing history the session "
        "is left out. The pre-open match is in the average where the feed has it in the first bar. " + FLAGS
    )
    hypothesis = "Those who trade large orders aim at VWAP, so that a price away from it without news is pulled back."
    when_it_loses = "On trend days: the price leaves VWAP and does not come back before the close."
    citation = "A rule of practitioners, without a source of its own."
    regime = "REVERSAL"
    timeframe = "5m"
    product = "MIS"
    bars = "intraday"
    params_type = VwapReversionParams

    def warm_up(self, params: VwapReversionParams) -> int:
        return 0

    def needs_volume(self, params: VwapReversionParams) -> bool:
        return True

    def signals(self, bars: Bars, params: VwapReversionParams) -> Signals:
        from app.engines.strategies.vwap import vwap_scores

        clock = SessionTime.of(bars, self.id, TEN_PAST_THREE)
        typical = (bars.high + bars.low + bars.close) / 3.0
        vwap, z, begun = vwap_scores(typical, bars.close, bars.open, bars.volume, bars.gap, clock.first)
        move = bars.close / begun - 1.0
        when = (clock.ended >= params.minutes) & clock.from_open & ~clock.leave
        low = (z < -params.entry) & (z >= -params.stop) & (np.abs(move) <= params.move)
        entry = low & (bars.volume > 0.0) & when[:, None]
        leave = (bars.close >= vwap) | (z < -params.stop) | clock.leave[:, None]
        return Signals(entry, leave)
