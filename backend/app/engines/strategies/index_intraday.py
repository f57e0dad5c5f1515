"""Trades within a session for an index and its funds: back to VWAP, and out of the opening range on volume."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time

import numpy as np
from numpy.typing import NDArray

from app.engines.bars import Bars
from app.engines.strategies.base import Params, Signals, Strategy, param
from app.engines.strategies.session_time import Opening, SessionTime

F2 = NDArray[np.float64]
B2 = NDArray[np.bool_]

TEN_PAST_THREE = time(15, 10)
VOLUME = (
    "An index has no volume of its own: run it on a fund of the index (NIFTYBEES) or on stocks; bars without any "
    "volume are refused. "
)
FLAT = "Flat by 15:10: left at the open of the bar that begins then. On days whose hours are not known nothing is done."


@dataclass(frozen=True)
class VwapReversionIndexParams(Params):
    """How far from the average price, when, and which sides."""

    entry: float = param(0.003, minimum=0.0005, maximum=0.1, description="Enter so far from VWAP", unit="fraction")
    stop: float = param(0.006, minimum=0.001, maximum=0.2, description="Leave so far from VWAP", unit="fraction")
    begin: int = param(30, minimum=2, maximum=300, description="Not before so long after the open", unit="minutes")
    end: int = param(300, minimum=3, maximum=375, description="Nor later than so long after it", unit="minutes")
    short: int = param(1, minimum=0, maximum=1, description="1: also sells short above VWAP", unit="0 or 1")

    def check(self) -> None:
        if self.entry >= self.stop:
            raise ValueError(f"params.entry: expected less than stop ({self.stop}), got {self.entry}")
        if self.begin >= self.end:
            raise ValueError(f"params.begin: expected less than end ({self.end}), got {self.begin}")


class VwapReversionIndex(Strategy[VwapReversionIndexParams]):
    """Against a move of a third of a percent from the session's average price, back to it."""

    id = "vwap_reversion_index"
    display_name = "VWAP reversion, index"
    description = (
        "From 09:45 to 14:15, when the close is more than 0.3 % below the session's volume-weighted average price "
        "(typical price, from the first bar on) buys at the next open; leaves when the close is at VWAP or above, or "
        "more than 0.6 % below it. The same above VWAP, sold short. Unlike vwap_reversion the distance is a fraction "
        "of the price, for an index moves too little in a quiet hour for its deviation to mean anything. Bars without "
        "volume count for nothing and are no entry; after missing history the session is left out. " + VOLUME + FLAT
    )
    hypothesis = "Arbitrage between an index, its future and its stocks takes out moves that no news carries."
    when_it_loses = (
        "On trend days and after announcements: the price leaves VWAP, each stop loses 0.3 %, and the next entry is "
        "against the same move. The charges of a round trip are a good part of what a return to VWAP brings."
    )
    citation = (
        "A rule of practitioners; for VWAP as the aim of large orders Berkowitz, S., Logue, D. & Noser, E. (1988), The "
        "Total Cost of Transactions on the NYSE, Journal of Finance 43(1)."
    )
    regime = "REVERSAL"
    timeframe = "5m"
    product = "MIS"
    bars = "intraday"
    params_type = VwapReversionIndexParams

    def warm_up(self, params: VwapReversionIndexParams) -> int:
        return 0

    def needs_volume(self, params: VwapReversionIndexParams) -> bool:
        return True

    def signals(self, bars: Bars, params: VwapReversionIndexParams) -> Signals:
        from app.engines.strategies.vwap import vwap_scores

        clock = SessionTime.of(bars, self.id, TEN_PAST_THREE)
        typical = (bars.high + bars.low + bars.close) / 3.0
        vwap, _, _ = vwap_scores(typical, bars.close, bars.open, bars.volume, bars.gap, clock.first)
        apart = bars.close / vwap - 1.0
        inside = (clock.ended >= params.begin) & (clock.ended <= params.end)
        when = (inside & clock.from_open & ~clock.leave)[:, None]
        over = clock.leave[:, None]
        below, above = apart < -params.entry, apart > params.entry
        lost, lost_short = apart < -params.stop, apart > params.stop
        short = None
        if params.short:
            short = Signals(above & ~lost_short & when, (apart <= 0.0) | lost_short | over)
        return Signals(below & ~lost & when, (apart >= 0.0) | lost | over, short=short)


@dataclass(frozen=True)
class OpeningRangeVolumeParams(Params):
    """The range, the volume that confirms, until when, and which sides."""

    minutes: int = param(15, minimum=1, maximum=120, description="Length of the opening range", unit="minutes")
    spike: float = param(
        1.5, minimum=0.1, maximum=50.0, description="Volume over the session's average so far at least", unit="times"
    )
    end: int = param(180, minimum=2, maximum=375, description="No later than so long after the open", unit="minutes")
    short: int = param(1, minimum=0, maximum=1, description="1: also sells short below the range", unit="0 or 1")

    def check(self) -> None:
        if self.minutes >= self.end:
            raise ValueError(f"params.minutes: expected less than end ({self.end}), got {self.minutes}")


class OpeningRangeVolume(Strategy[OpeningRangeVolumeParams]):
    """Out of the first quarter of an hour, on more than the session's usual volume, until its end."""

    id = "opening_range_volume"
    display_name = "Opening-range momentum with volume"
    description = (
        "The range of the first 15 minutes is complete at 09:30. Until 12:15, at the first close of the session above "
        "its high, or below its low, buys at the next open, or sells short, if that bar's volume is at least 1.5 times "
        "the average of the bars before it in the session; the stop is the other end of the range. The first close "
        "outside decides: without the volume there is no entry that day. Flat by 15:15, or 15:10 since there is a "
        "closing auction: left at the open of the bar that begins then. On days whose hours are not known, after "
        "missing history in the session, and where one of the opening's bars did not trade, nothing is done. " + VOLUME
    )
    hypothesis = "A move out of the opening's range that many take part in is an order of the day, not a single trade."
    when_it_loses = (
        "On quiet days and around announcements at noon: the range breaks on a burst, and the price is back inside it "
        "within the hour; the stop at the other end of a wide range is far away."
    )
    citation = (
        "Crabel, T. (1990), Day Trading with Short Term Price Patterns and Opening Range Breakout; Zarattini, C., "
        "Barbon, A. & Aziz, A. (2024), A Profitable Day Trading Strategy for the U.S. Equity Market, for the volume."
    )
    regime = "TREND"
    timeframe = "5m"
    product = "MIS"
    bars = "intraday"
    params_type = OpeningRangeVolumeParams

    def warm_up(self, params: OpeningRangeVolumeParams) -> int:
        return 0

    def needs_volume(self, params: OpeningRangeVolumeParams) -> bool:
        return True

    def signals(self, bars: Bars, params: OpeningRangeVolumeParams) -> Signals:
        clock = SessionTime.of(bars, self.id)
        top, bottom = opening_edges(bars, clock, params.minutes)
        when = ((clock.ended <= params.end) & ~clock.leave)[:, None]
        above, below = bars.close > top, bars.close < bottom
        first = first_of_session(above | below, clock)
        busy = bars.volume >= params.spike * usual_volume(bars, clock)
        leave = np.repeat(clock.leave[:, None], bars.shape[1], axis=1)
        short = None
        if params.short:
            short = Signals(below & first & busy & when, leave, stop=top)
        return Signals(above & first & busy & when, leave, stop=bottom, short=short)


def opening_edges(bars: Bars, clock: SessionTime, minutes: int) -> tuple[F2, F2]:
    """High and low of each session's opening at the bars after it, [T, N].

    NaN before the opening is over, where it has no range (see `Opening`), and after missing history in the session.
    """
    top, bottom = np.full(bars.shape, np.nan), np.full(bars.shape, np.nan)
    opening = Opening.of(bars, clock, minutes)
    gaps = np.cumsum(bars.gap, axis=0)
    ends = np.append(np.unique(clock.first)[1:], bars.shape[0])
    for s, t in enumerate(opening.rows.tolist()):
        after = slice(t + 1, int(ends[np.searchsorted(ends, t, side="right")]))
        whole = gaps[after] == gaps[t]
        top[after] = np.where(whole, opening.high[s], np.nan)
        bottom[after] = np.where(whole, opening.low[s], np.nan)
    return top, bottom


def first_of_session(found: B2, clock: SessionTime) -> B2:
    """Of the bars `found`, [T, N], the first of each session and instrument."""
    so_far = np.cumsum(found, axis=0)
    before = np.vstack([np.zeros_like(so_far[:1]), so_far[:-1]])
    first: B2 = found & (before == before[clock.first])
    return first


def usual_volume(bars: Bars, clock: SessionTime) -> F2:
    """Average volume of the bars of the session before each bar, those without a trade left out, [T, N].

    NaN where there is none. Added up from the first bar of all on, so that it is the same whatever follows.
    """
    known = ~np.isnan(bars.volume)

    def before(x: F2) -> F2:
        total = np.vstack([np.zeros_like(x[:1]), np.cumsum(x, axis=0)[:-1]])
        return total - total[clock.first]

    shares, count = before(np.where(known, bars.volume, 0.0)), before(known.astype(np.float64))
    usual: F2 = np.divide(shares, count, out=np.full(bars.shape, np.nan), where=count > 0.0)
    return usual
