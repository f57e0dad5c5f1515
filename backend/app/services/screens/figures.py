"""Company figures by day for any number of stocks and days at once: what `FundamentalsService` says of one day.

For each stored field and kind of period the figures of a stock form steps: from the day one became known until a
newer period, or a better line about the same, is known. Looking a row up is one search. Earnings a share and counts of
shares are then turned into the shares of the row's day, see `share_basis`.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from app.services.fundamentals import ACCOUNTS_AGE, SNAPSHOT_AGE, Figures
from app.services.share_basis import DEGREES, STRIDE

F1 = NDArray[np.float64]
I1 = NDArray[np.int64]

_PERIOD_OF: Final = ("revenue", "net_income", "eps")  # any of these makes a fiscal year the one in use
_BASIS: Final = ("shares_of", "shares_until")
NEVER: Final = -(1 << 19)


class _Steps(NamedTuple):
    """Steps in order of instrument and day: `at` is instrument · stride + day on which the step begins."""

    at: I1
    value: F1
    period: I1  # its end, days since 1970
    known: I1
    shares_of: I1  # the first and the last day whose shares it may be counted in; zeros where no share is counted
    shares_until: I1


class FigureSteps:
    """The steps of every field, made when it is first asked for."""

    def __init__(self, figures: Figures) -> None:
        self._figures = figures
        self._steps: dict[tuple[str, str], _Steps] = {}

    @property
    def version(self) -> tuple[int, int, int]:
        """The state of the data."""
        return self._figures.version

    def snapshot(self, name: str, instruments: I1, days: I1) -> F1:
        """A figure told for a day, where it became known within the last 400 days; NaN else.

        instruments, days : [R], ids and days since 1970
        """
        steps, place = self._find(name, "SNAPSHOT", instruments, days)
        out = np.full(len(days), np.nan)
        fresh = (place >= 0) & (_or_never(steps.known, place) >= days - SNAPSHOT_AGE.days)
        out[fresh] = self._taken(name, steps, place[fresh], instruments[fresh], days[fresh])
        return out

    def account(self, name: str, instruments: I1, days: I1) -> F1:
        """A figure of the newest fiscal year known on each day; NaN where that year has none. Arguments as above."""
        year = self.period(instruments, days)
        steps, place = self._find(name, "ANNUAL", instruments, days)
        out = np.full(len(days), np.nan)
        of_year = (place >= 0) & (_or_never(steps.period, place) == year) & (year > NEVER)
        out[of_year] = self._taken(name, steps, place[of_year], instruments[of_year], days[of_year])
        return out

    def period(self, instruments: I1, days: I1) -> I1:
        """The end of the newest fiscal year known on each day, days since 1970; `NEVER` where there is none."""
        year = np.full(len(days), NEVER, np.int64)
        for name in _PERIOD_OF:
            steps, place = self._find(name, "ANNUAL", instruments, days)
            end = _or_never(steps.period, place)
            year = np.where(end >= days - ACCOUNTS_AGE.days, np.maximum(year, end), year)
        return year

    def _taken(self, name: str, steps: _Steps, place: I1, instruments: I1, days: I1) -> F1:
        """The values of steps, in the shares of the days they are taken on."""
        values = steps.value[place]
        degree = DEGREES.get(name)
        if degree is None:
            return values
        first, last = steps.shares_of[place], steps.shares_until[place]
        return values * self._figures.changes.scale(np.full(len(days), degree), instruments, first, last, days)

    def _find(self, name: str, kind: str, instruments: I1, days: I1) -> tuple[_Steps, I1]:
        steps = self._steps.get((name, kind))
        if steps is None:
            steps = self._steps[name, kind] = self._made(name, kind)
        place = np.searchsorted(steps.at, instruments * STRIDE + days, side="right") - 1
        found = place >= 0
        found[found] = steps.at[place[found]] // STRIDE == instruments[found]
        return steps, np.where(found, place, -1)

    def _made(self, name: str, kind: str) -> _Steps:
        frame = self._figures.frame.with_row_index("row").filter(
            (pl.col("field").cast(pl.String) == name) & (pl.col("period_kind").cast(pl.String) == kind)
        )
        # rows stand in order of preference within an instrument; of what is known the one furthest down counts
        instrument = frame["instrument_id"].to_numpy().astype(np.int64)
        known = frame["known_at"].cast(pl.Int32).to_numpy().astype(np.int64)
        row = np.arange(frame.height, dtype=np.int64)
        order = np.lexsort((row, known, instrument))
        best = row[order]
        at = instrument[order] * STRIDE + known[order]
        if len(best):  # instruments stand apart in `row`, so that the largest so far never is another's
            best = np.maximum.accumulate(best)
            last = np.append(at[1:] != at[:-1], True)
            best, at = best[last], at[last]
        return _Steps(
            at,
            frame["value"].to_numpy()[best],
            frame["period_end"].cast(pl.Int32).to_numpy().astype(np.int64)[best],
            known[best],
            *(frame[one].cast(pl.Int32).fill_null(0).to_numpy().astype(np.int64)[best] for one in _BASIS),
        )


def _or_never(values: I1, place: I1) -> I1:
    if not len(values):
        return np.full(len(place), NEVER, np.int64)
    return np.where(place >= 0, values[np.maximum(place, 0)], NEVER)
