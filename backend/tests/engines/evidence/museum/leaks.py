"""The museum: strategies that know the future, each in the way people write it by mistake; and some honest twins."""

from __future__ import annotations

from typing import Any

import numpy as np

from app.engines import calendar
from app.engines.bars import Bars
from app.engines.strategies import Signals, Strategy, Weights
from tests.engines.backtest.cases import NoParams

NAN = np.nan


class Exhibit(Strategy[NoParams]):
    """A strategy without parameters and without a word about itself."""

    id = "exhibit"
    display_name = description = hypothesis = when_it_loses = citation = regime = "an exhibit"
    params_type = NoParams

    def warm_up(self, params: NoParams) -> int:
        return 0


def enter(entry: Any, **more: Any) -> Signals:
    return Signals(entry=entry, exit=np.zeros(entry.shape, bool), **more)


def later(x: Any, bars: int) -> Any:
    """The value `bars` later; NaN at the end."""
    out = np.full_like(x, NAN)
    out[:-bars] = x[bars:]
    return out


class CentredWindow(Exhibit):
    """An average over the bars around t: half of the window lies ahead."""

    def signals(self, bars: Bars, params: NoParams) -> Signals:
        around = np.stack([np.vstack([bars.close[:1] * NAN, bars.close[:-1]]), bars.close, later(bars.close, 1)])
        return enter(bars.close > np.nanmean(around, axis=0))


class FullSampleZScore(Exhibit):
    """Standardised by the mean and the deviation of the whole history."""

    def signals(self, bars: Bars, params: NoParams) -> Signals:
        z = (bars.close - np.nanmean(bars.close, axis=0)) / np.nanstd(bars.close, axis=0)
        return enter(z < -1.0)


class ShiftedByMinusOne(Exhibit):
    """`shift(-1)`: buys where tomorrow is higher."""

    def signals(self, bars: Bars, params: NoParams) -> Signals:
        return enter(later(bars.close, 1) > bars.close)


class SameBarOpen(Exhibit):
    """Decides on the close of a bar and files the decision one bar before, to be filled at that bar's own open."""

    def signals(self, bars: Bars, params: NoParams) -> Signals:
        return enter(later(bars.close - bars.open, 1) > 0.0)


class SameBarClose(Exhibit):
    """A limit at the close of the bar in which it is to be filled."""

    def signals(self, bars: Bars, params: NoParams) -> Signals:
        return enter(bars.close > 0.0, limit=later(bars.close, 1))


class SmoothedRegime(Exhibit):
    """A regime smoothed forwards and then backwards, as `filtfilt` and a Kalman smoother do."""

    def signals(self, bars: Bars, params: NoParams) -> Signals:
        smooth = np.nan_to_num(bars.close)
        for t in range(1, len(smooth)):
            smooth[t] = (smooth[t - 1] + smooth[t]) / 2.0
        for t in range(len(smooth) - 2, -1, -1):
            smooth[t] = (smooth[t + 1] + smooth[t]) / 2.0
        return enter(bars.close > smooth)


class FutureUniverse(Exhibit):
    """Buys the members of today's index, on every day of the past."""

    def signals(self, bars: Bars, params: NoParams) -> Signals:
        return enter((bars.close > 0.0) & bars.member[-1])


class UniverseSize(Exhibit):
    """Divides by all instruments of the slice, those included that were not listed yet."""

    def signals(self, bars: Bars, params: NoParams) -> Weights:
        return Weights(np.where(bars.close > 0.0, 1.0 / bars.shape[1], NAN))


class FigureByPeriod(Exhibit):
    """Uses a company's figure from the end of its quarter on, weeks before it was published."""

    def signals(self, bars: Bars, params: NoParams) -> Signals:
        figures, days = bars.ports["fundamentals.eps"], bars.sessions.astype("datetime64[D]")
        entry = np.zeros(bars.shape, bool)
        for n, end, value in zip(figures.column, figures.effective, figures.value, strict=True):
            entry[days >= end, n] = value > 0.0
        return enter(entry)


class RestatedFigure(Exhibit):
    """Uses the last restatement of a figure from its first publication on."""

    def signals(self, bars: Bars, params: NoParams) -> Signals:
        figures, entry = bars.ports["fundamentals.eps"], np.zeros(bars.shape, bool)
        for n, end in sorted({*zip(figures.column.tolist(), figures.effective.tolist(), strict=True)}):
            rows = np.flatnonzero((figures.column == n) & (figures.effective == np.datetime64(end)))
            first, last = figures.known_at[rows].min(), rows[np.argmax(figures.known_at[rows])]
            entry[bars.decided_at >= first, n] = figures.value[last] > 12.0
        return enter(entry)


class BackAdjustedLevel(Exhibit):
    """A level in rupees held against prices that every later split rescales."""

    def signals(self, bars: Bars, params: NoParams) -> Signals:
        return enter(bars.close / bars.factor[-1] < 500.0)


class DailyCloseIntraday(Exhibit):
    """Joins the day's close to the bars of the same day by date."""

    timeframe = "1h"

    def signals(self, bars: Bars, params: NoParams) -> Signals:
        daily = bars.ports["daily"].bars
        close = np.full(bars.shape, NAN)
        for i, day in enumerate(daily.sessions):
            close[bars.sessions.astype("datetime64[D]") == day] = daily.close[i]
        return enter(close > bars.close)


class TopAndBottom(Exhibit):
    """Buys at the lowest close of the whole history and sells at the highest."""

    def signals(self, bars: Bars, params: NoParams) -> Signals:
        close = bars.close
        return Signals(entry=close == np.nanmin(close, axis=0), exit=close == np.nanmax(close, axis=0))


class ResampledRight(Exhibit):
    """Bars of four, labelled at their left end: each bar knows the close of the four it belongs to."""

    def signals(self, bars: Bars, params: NoParams) -> Signals:
        last = np.minimum(np.arange(bars.shape[0]) // 4 * 4 + 3, bars.shape[0] - 1)
        return enter(bars.close[last] > bars.close)


class FilledBackward(Exhibit):
    """`bfill`: a hole takes the next price there is."""

    def signals(self, bars: Bars, params: NoParams) -> Signals:
        filled = bars.close.copy()
        for t in range(len(filled) - 2, -1, -1):
            filled[t] = np.where(np.isnan(filled[t]), filled[t + 1], filled[t])
        return enter(filled > 12.0)


class MinMaxOfAll(Exhibit):
    """Ranks by where the close lies between the extremes of the whole history."""

    def signals(self, bars: Bars, params: NoParams) -> Signals:
        low, high = np.nanmin(bars.close, axis=0), np.nanmax(bars.close, axis=0)
        return enter(bars.close > 0.0, rank=(bars.close - low) / (high - low))


class ReturnOfThePeriod(Exhibit):
    """Ranks by the return over the whole period."""

    def signals(self, bars: Bars, params: NoParams) -> Signals:
        total = bars.close[-1] / bars.close[0] - 1.0
        return enter(bars.close > 0.0, rank=np.tile(total, (bars.shape[0], 1)))


class NegativePeriod(Exhibit):
    """`pct_change(-2)`: the change that is still to come."""

    def signals(self, bars: Bars, params: NoParams) -> Signals:
        return enter(bars.close / later(bars.close, 2) - 1.0 < 0.0)


class TrainedOnAll(Exhibit):
    """Fits its threshold on everything it sees first, keeps it, and trades the same bars with it."""

    def __init__(self) -> None:
        self.threshold: Any = None

    def signals(self, bars: Bars, params: NoParams) -> Signals:
        if self.threshold is None:
            self.threshold = np.nanmedian(bars.close, axis=0)
        return enter(bars.close < self.threshold)


class MonthEndByNextBar(Exhibit):
    """Knows the last session of a month by the month of the next bar."""

    def signals(self, bars: Bars, params: NoParams) -> Weights:
        months = bars.sessions.astype("datetime64[M]")
        last = np.append(months[1:] != months[:-1], False)
        return Weights(np.where(last[:, None] & (bars.close > 0.0), 0.5, NAN))


class LaterName(Exhibit):
    """Buys by a name that the company took only later."""

    def signals(self, bars: Bars, params: NoParams) -> Signals:
        return enter((bars.close > 0.0) & np.array([name == "RENAMED" for name in bars.symbols]))


class StopBelowTomorrow(Exhibit):
    """A stop just under the low of the bar to come."""

    def signals(self, bars: Bars, params: NoParams) -> Signals:
        return enter(bars.close > 0.0, stop=later(bars.low, 1) * 0.99)


class ShortSide(Exhibit):
    """Honest on the long side, and sells short where tomorrow is lower."""

    def signals(self, bars: Bars, params: NoParams) -> Signals:
        return enter(bars.close > bars.open, short=enter(later(bars.close, 1) < bars.close))


class FutureMembers(Exhibit):
    """Takes a change of the index from the day it holds, though it was put on record days later."""

    def signals(self, bars: Bars, params: NoParams) -> Signals:
        table, days = bars.ports["members"], bars.sessions.astype("datetime64[D]")
        entry = np.zeros(bars.shape, bool)
        for i in np.argsort(table.effective, kind="stable"):
            entry[days >= table.effective[i], table.column[i]] = table.value[i] > 0.0
        return enter(entry)


# ---- honest twins


class TrailingWindow(Exhibit):
    """The average of this bar and the two before."""

    def signals(self, bars: Bars, params: NoParams) -> Signals:
        past = np.vstack([np.full((2, bars.shape[1]), NAN), bars.close])
        return enter(bars.close > np.nanmean(np.stack([past[:-2], past[1:-1], past[2:]]), axis=0))


class FigureAsKnown(Exhibit):
    """The figure that was known at each bar."""

    def signals(self, bars: Bars, params: NoParams) -> Signals:
        return enter(bars.ports["fundamentals.eps"].at(bars.decided_at) > 12.0)


class LevelOfItsDay(Exhibit):
    """A level in the rupees one saw on the day."""

    def signals(self, bars: Bars, params: NoParams) -> Signals:
        return enter(bars.in_rupees_of_its_bar(bars.close) < 500.0)


class DailyAsPublished(Exhibit):
    """The last daily close that was out at each bar."""

    timeframe = "15m"

    def signals(self, bars: Bars, params: NoParams) -> Signals:
        daily = bars.ports["daily"]
        rows = daily.rows(bars.decided_at)
        close = np.vstack([daily.bars.close, np.full((1, bars.shape[1]), NAN)])[rows]  # row -1: none yet
        return enter(close < bars.close)


class MembersAsKnown(Exhibit):
    """Members as they were known, and equal weights among those that are there."""

    def signals(self, bars: Bars, params: NoParams) -> Weights:
        known = bars.ports["members"].at(bars.decided_at) > 0.0
        held = known & bars.member & (bars.close > 0.0)
        return Weights(np.where(held, 1.0 / np.maximum(held.sum(axis=1, keepdims=True), 1), NAN))


class MonthEndByCalendar(Exhibit):
    """Knows the last session of a month by the exchange's calendar, which is published before the year."""

    def signals(self, bars: Bars, params: NoParams) -> Weights:
        days = bars.sessions.astype("datetime64[D]").astype(object)
        last = np.array([calendar.next_session(day).month != day.month for day in days], bool)
        return Weights(np.where(last[:, None] & (bars.close > 0.0), 0.5, NAN))


LEAKS = [
    kind
    for kind in vars().copy().values()
    if isinstance(kind, type) and issubclass(kind, Exhibit) and kind is not Exhibit
]
HONEST = [TrailingWindow, FigureAsKnown, LevelOfItsDay, DailyAsPublished, MembersAsKnown, MonthEndByCalendar]
LEAKS = [kind for kind in LEAKS if kind not in HONEST]
