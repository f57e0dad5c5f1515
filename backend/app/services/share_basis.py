"""In the shares of which day a figure is counted, and what it is in those of another.

A split or a bonus turns one share into `factor`: earnings a share fall to 1/factor, a count of shares grows by it.
Those who publish tables of years restate both in every year for what came later; the exchange counts the shares of the
day.
A figure told in the shares of day B is, in those of day D, for a day D before B as well as after it,

    earnings a share · C(B) / C(D)        count of shares · C(D) / C(B)

where C(x) is the product of the factors with an ex-date up to x. For a D before B that takes back what the publisher
restated later, and reads nothing else of what came after D.

Rights change shares by the factor that prices are adjusted by. A demerger changes none. An unexplained move may have
been a split: across it nothing is converted.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from app.services.importing.fundamental_figures import ANNUAL_LAG

F1 = NDArray[np.float64]
I1 = NDArray[np.int64]
B1 = NDArray[np.bool_]

STRIDE: Final = 1 << 20  # days an instrument is apart from the next in a search key
DEGREES: Final = {"eps": 1, "shares_outstanding": -1}  # falls, or grows, as shares become more
RESTATED: Final = ("SCREENER_ANNUAL", "YAHOO_ANNUAL", "YAHOO_DERIVED")  # sources of years in the shares of their file
UNKNOWN: Final = (
    "a split that the file may count or not, or a move that nothing explains, lies between the shares they are in and "
    "those of the day"
)


class ShareChanges:
    """What one share of each instrument became, and the days on which that is not known.

    Parameters
    ----------
    rows : instrument, ex-date, shares that one became; None where a move has no explanation
    """

    def __init__(self, rows: Iterable[tuple[int, date, float | None]]) -> None:
        ordered = sorted(((one * STRIDE + _number(day), factor) for one, day, factor in rows), key=lambda row: row[0])
        told = [(at, factor) for at, factor in ordered if factor is not None]
        self._at = np.array([at for at, _ in told], np.int64)
        self._open = np.array([at for at, factor in ordered if factor is None], np.int64)
        self._product = np.ones(len(told))  # of an instrument's factors so far
        for n, (at, factor) in enumerate(told):
            same = n > 0 and told[n - 1][0] // STRIDE == at // STRIDE
            self._product[n] = factor * (self._product[n - 1] if same else 1.0)
        owners = np.array([at // STRIDE for at, _ in ordered], np.int64)
        self._touched = np.zeros(int(owners.max(initial=-1)) + 2, np.bool_)
        self._touched[owners] = True

    def scale(self, degree: I1, instruments: I1, first: I1, last: I1, days: I1) -> F1:
        """What figures are multiplied by to be in the shares of `days`; NaN where that is not known. All [R].

        degree : 1 a share, -1 a count of shares
        first, last : the first and the last day whose shares a figure may be counted in, days since 1970 as `days`
        """
        out = np.ones(len(days))
        at = np.flatnonzero(self._touched[np.minimum(instruments, len(self._touched) - 1)])
        owner, low, high, day = instruments[at] * STRIDE, first[at], last[at], days[at]
        told, now = self._became(owner, low), self._became(owner, day)
        found = np.where(degree[at] > 0, told / now, now / told)
        begin, end = (
            np.searchsorted(self._open, owner + bound, side="right")
            for bound in (np.minimum(low, day), np.maximum(high, day))
        )
        moved = np.searchsorted(self._at, owner + low, side="right") != np.searchsorted(
            self._at, owner + high, side="right"
        )
        found[moved | (begin != end)] = np.nan
        out[at] = found
        return out

    def _became(self, owner: I1, days: I1) -> F1:
        """C of the module: the product of an instrument's factors up to a day."""
        place = np.searchsorted(self._at, owner + days, side="right")
        out = np.ones(len(days))
        some = place > np.searchsorted(self._at, owner, side="left")
        out[some] = self._product[place[some] - 1]
        return out

    def in_shares_of(self, frame: pl.DataFrame, days: I1) -> pl.DataFrame:
        """Figures with those a share, and counts of shares, in the shares of a day each; null where not known.

        frame : columns instrument_id, field, value, shares_of, shares_until, see `with_basis`
        """
        at = np.flatnonzero(frame["shares_of"].is_not_null().to_numpy())
        if not len(at):
            return frame
        ours = frame[at]
        scale = self.scale(
            ours["field"].cast(pl.String).replace_strict(DEGREES, return_dtype=pl.Int64).to_numpy(),
            ours["instrument_id"].to_numpy().astype(np.int64),
            ours["shares_of"].cast(pl.Int32).to_numpy().astype(np.int64),
            ours["shares_until"].cast(pl.Int32).to_numpy().astype(np.int64),
            days[at],
        )
        values = frame["value"].to_numpy().copy()
        values[at] *= scale
        return frame.with_columns(pl.Series("value", values, pl.Float64).fill_nan(None))


def with_basis(frame: pl.DataFrame) -> pl.DataFrame:
    """Figures with the first and the last day whose shares they may be counted in, null where no share is counted.

    `shares_of`, `shares_until` are the day of a file that tells one. A table of years that ends with a month tells
    none: it was made after its newest year's end, and before the next year of most of its companies had to be out.
    """
    newest = (
        frame.filter(pl.col("period_kind").cast(pl.String) == "ANNUAL")
        .group_by("sha256", "instrument_id")
        .agg(pl.col("period_end").max())
        .group_by("sha256")
        .agg(pl.col("period_end").mode().max().alias("year"))
    )
    counted = pl.col("field").cast(pl.String).is_in(list(DEGREES))
    undated = pl.col("source").cast(pl.String).is_in(RESTATED) & (
        pl.col("symbol_on") == pl.col("symbol_on").dt.month_end()
    )
    latest = pl.max_horizontal("symbol_on", pl.col("year").dt.offset_by("1y") + ANNUAL_LAG)
    return (
        frame.join(newest, on="sha256", how="left", maintain_order="left")
        .with_columns(
            pl.when(counted).then("symbol_on").alias("shares_of"),
            pl.when(counted & undated).then(latest).when(counted).then("symbol_on").alias("shares_until"),
        )
        .drop("year")
    )


def _number(day: date) -> int:
    return (day - date(1970, 1, 1)).days
