"""Trading hours as frames, for sorting many bars into sessions at once."""

from __future__ import annotations

from datetime import date
from typing import Final

import polars as pl

from app.engines import calendar

TIMEFRAMES: Final = {1: "1m", 5: "5m", 15: "15m", 30: "30m", 60: "1h"}  # minutes: name


def session_windows(days: list[date]) -> pl.DataFrame:
    """(day, opens, closes) of continuous trading, minutes after midnight in India; the whole day where it is unknown.

    `opens` is where bars of the window begin to be counted; a day with two windows has two rows, one without has none.
    """
    rows: list[tuple[date, int, int]] = []
    for day in days:
        windows = calendar.trading_windows(day)
        if windows is None:
            rows.append((day, 0, 24 * 60))
            continue
        for opens, closes in windows:
            rows.append((day, opens.hour * 60 + opens.minute, closes.hour * 60 + closes.minute))
    return pl.DataFrame(rows, schema={"day": pl.Date(), "opens": pl.Int32(), "closes": pl.Int32()}, orient="row")


def outside_session(at: pl.Series) -> pl.Series:
    """Whether each instant (aware, India) lies outside the exchange's trading hours of its day."""
    frame = pl.DataFrame({"day": at.dt.date(), "minute": at.dt.hour().cast(pl.Int32) * 60 + at.dt.minute()})
    windows = session_windows(frame["day"].unique().to_list())
    inside = (
        frame.with_row_index("row")
        .join(windows, on="day")
        .filter((pl.col("minute") >= pl.col("opens")) & (pl.col("minute") < pl.col("closes")))["row"]
        .unique()
    )
    return (~pl.int_range(frame.height, eager=True).is_in(inside.implode())).alias("outside")
