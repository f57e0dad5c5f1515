"""Intraday bars as asked for: of the timeframe where it is stored, else resampled from a finer one."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import polars as pl
from sqlalchemy.orm import Session

from app.exceptions import DataNotFoundError, ValidationError
from app.repositories import intraday
from app.services.intraday.hours import TIMEFRAMES, session_windows
from app.services.intraday.store import IntradayStore

BARS_TIMEFRAMES: Final = {name: minutes for minutes, name in TIMEFRAMES.items()}
_SCHEMA: Final = {
    "at": pl.Datetime("us", "Asia/Kolkata"),
    "open": pl.Float64(),
    "high": pl.Float64(),
    "low": pl.Float64(),
    "close": pl.Float64(),
    "volume": pl.Int64(),
}


@dataclass(frozen=True, slots=True)
class IntradayBars:
    """Bars of one symbol, ascending, each labelled by its open.

    `frame`: at (aware, India), open, high, low, close, volume (null where the source has none). `snapshot` is a hash
    over the content of the files read; `stored` the timeframes they were made from.
    """

    symbol: str
    timeframe: str
    frame: pl.DataFrame
    snapshot: str
    stored: tuple[str, ...]


def read_bars(
    store: IntradayStore, session: Session, symbol: str, timeframe: str, start: date | None, end: date | None
) -> IntradayBars:
    """Bars between two days, both included; without days everything that is stored.

    Each day comes from the coarsest stored timeframe that the one asked for is a multiple of. Bars outside trading
    hours are left out. Bins begin with each session, so that a 1h bar starts at 09:15 and the last one of a regular day
    holds 15:15 to 15:30.

    Raises
    ------
    ValidationError : a timeframe that does not exist, or dates in the wrong order.
    DataNotFoundError : nothing is stored of the symbol that it could be made from.
    """
    if timeframe not in BARS_TIMEFRAMES:
        raise ValidationError(f"timeframe is {timeframe}, expected one of {', '.join(BARS_TIMEFRAMES)}", "timeframe")
    if start is not None and end is not None and end < start:
        raise ValidationError(f"end {end} lies before start {start}", "end")
    minutes = BARS_TIMEFRAMES[timeframe]
    known = intraday.slices(session, symbol)
    fitting = [row for row in known if minutes % BARS_TIMEFRAMES[row.timeframe] == 0]
    if not fitting:
        others = sorted({row.timeframe for row in known}, key=BARS_TIMEFRAMES.__getitem__)
        said = f"only {', '.join(others)}" if others else "no intraday bars"
        raise DataNotFoundError(f"There are {said} of {symbol}", "timeframe", timeframe)
    years = (start.year if start else 0, end.year if end else 9999)
    wanted = [row for row in fitting if years[0] <= row.year <= years[1]]
    wanted.sort(key=lambda row: (-BARS_TIMEFRAMES[row.timeframe], row.year))
    frame = pl.DataFrame(schema=_SCHEMA)
    digest = hashlib.sha256()
    for name in dict.fromkeys(row.timeframe for row in wanted):
        parts = [row for row in wanted if row.timeframe == name]
        for row in parts:
            digest.update(f"{row.symbol}/{row.timeframe}/{row.year}/{row.content_hash};".encode())
        part = _stored(store, parts, start, end)
        if frame.height:
            days = frame["at"].dt.date().unique()
            part = part.filter(~pl.col("at").dt.date().is_in(days.implode()))
        if part.height:
            frame = pl.concat([frame, part if name == timeframe else _resample(part, minutes)])
    used = tuple(dict.fromkeys(row.timeframe for row in wanted))
    return IntradayBars(symbol, timeframe, frame.sort("at"), digest.hexdigest(), used)


def named_spans(
    names: Sequence[tuple[date, date | None, str]], last_name: str, start: date | None, end: date | None
) -> list[tuple[str, date, date]]:
    """Under which name a stock's bars are stored when: (name, first day, last day) between two days.

    `names` are its dated symbols, oldest first. Bars may have come from before the first and after the last daily
    file: the outer names are open-ended.
    """
    edge, asked_from, asked_to = date(1900, 1, 1), start or date(1900, 1, 1), end or date(2200, 1, 1)
    spans = []
    for place, (held_from, held_to, name) in enumerate(names):
        first = max(held_from if place else edge, asked_from)
        last = asked_to if name == last_name else min(held_to or asked_to, asked_to)
        if first <= last:
            spans.append((name, first, last))
    return spans


def _stored(
    store: IntradayStore, rows: Sequence[intraday.SliceRow], start: date | None, end: date | None
) -> pl.DataFrame:
    frames = [store.read(row.symbol, row.timeframe, row.year, row.content_hash) for row in rows]
    frame = pl.concat(frames).filter(pl.col("current") & ~pl.col("outside"))
    frame = frame.with_columns(pl.col("at").dt.convert_time_zone("Asia/Kolkata")).select(*_SCHEMA)
    day = pl.col("at").dt.date()
    return frame.filter(day.is_between(start or date.min, end or date.max - timedelta(days=1)))


def _resample(frame: pl.DataFrame, minutes: int) -> pl.DataFrame:
    """Bars of `minutes`, counted from the opening of each window of the session."""
    frame = frame.with_columns(
        pl.col("at").dt.date().alias("day"),
        (pl.col("at").dt.hour().cast(pl.Int32) * 60 + pl.col("at").dt.minute()).alias("minute"),
    )
    windows = session_windows(frame["day"].unique().to_list())
    # where the hours of a session are not known, bins begin with its first bar
    first = frame.group_by("day").agg(pl.col("minute").min().alias("first"))
    windows = windows.join(first, on="day").with_columns(
        pl.when(pl.col("opens") == 0).then("first").otherwise("opens").alias("opens")
    )
    binned = frame.join(windows.select("day", "opens", "closes"), on="day").filter(
        (pl.col("minute") >= pl.col("opens")) & (pl.col("minute") < pl.col("closes"))
    )
    into = (pl.col("minute") - pl.col("opens")) % minutes
    return (
        binned.with_columns((pl.col("at") - pl.duration(minutes=into)).dt.truncate("1m").alias("at"))
        .sort("day", "minute")
        .group_by("at", maintain_order=True)
        .agg(
            pl.col("open").first(),
            pl.col("high").max(),
            pl.col("low").min(),
            pl.col("close").last(),
            pl.when(pl.col("volume").count() > 0).then(pl.col("volume").sum()).first().alias("volume"),
        )
        .select(*_SCHEMA)
    )
