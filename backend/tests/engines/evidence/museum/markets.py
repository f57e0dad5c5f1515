"""Small markets typed by hand, in which one can see what each exhibit knows too early."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from app.engines.bars import Bars
from app.engines.ports import AsOf, DailyBars, Names, Ports
from tests.engines.backtest.cases import NAN, bars_of

A = [10, 11, 12, 11, 10, 9, 12, 13]
B = [20, 19, 18, 19, 20, 21, 18, 17]


def day(n: int) -> np.datetime64:
    """The session of bar n of the hand-made daily bars."""
    return np.datetime64("2024-01-01") + n


def evening(n: int) -> np.datetime64:
    """The last second of that day."""
    return day(n).astype("datetime64[s]") + 86_399


def two() -> Bars:
    """A and B over eight days; each opens at the close before."""
    close = np.column_stack([A, B]).astype(float)
    return bars_of(np.vstack([close[:1], close[:-1]]), close)


def members() -> Bars:
    """A leaves the index at bar 5, B joins at bar 3."""
    member = np.ones((8, 2), bool)
    member[5:, 0] = member[:3, 1] = False
    return replace(two(), member=member)


def late_listing() -> Bars:
    """B is listed at bar 3."""
    close = np.column_stack([A, [NAN] * 3 + B[3:]]).astype(float)
    return bars_of(close, close, member=~np.isnan(close))


def figures(*rows: tuple[int, int, int, float]) -> Bars:
    """With earnings as (column, bar of the period's end, bar in whose evening it is known, value)."""
    column, end, known, value = zip(*rows, strict=True)
    table = AsOf(
        2,
        np.array(column),
        np.array([day(n) for n in end]),
        np.array([evening(n) for n in known]),
        np.array(value, float),
    )
    return replace(two(), ports=Ports({"fundamentals.eps": table, "members": table}))


def split() -> Bars:
    """900 rupees a share throughout, but for a split in two at bar 4: then 450."""
    raw = np.array([[900.0]] * 4 + [[450.0]] * 4)
    return bars_of(raw, raw, factor=np.array([[1.0]] * 4 + [[2.0]] * 4))


def hole() -> Bars:
    """A day without a bar."""
    close = np.array([[10.0], [11.0], [NAN], [13.0]])
    return bars_of(close, close)


def month_end() -> Bars:
    """From Monday 29 January 2024 on: Thursday 1 February is bar 3."""
    close = np.array([[10.0], [11.0], [12.0], [11.0], [10.0]])
    return replace(bars_of(close, close), sessions=np.datetime64("2024-01-29") + np.arange(5))


def renamed() -> Bars:
    """A is called FORMER until its name changes at bar 4."""
    names = Names(("FORMER", "B"), np.array([0]), np.array([day(4).astype("datetime64[s]")]), ("RENAMED",))
    return replace(two(), symbols=("RENAMED", "B"), ports=Ports({"names": names}))


def hours() -> Bars:
    """Three hours on two days; the days are published at six in the evening."""
    close = np.array([[10.0], [11.0], [12.0], [11.0], [10.0], [9.0]])
    at = (np.array([day(0), day(1)]).astype("datetime64[s]")[:, None] + 3600 * np.array([9, 10, 11])).reshape(-1)
    bars: Any = replace(bars_of(close, close), sessions=at, timeframe="1h")
    daily = bars_of([[10.0], [11.0]], [[12.0], [9.0]])
    published = np.array([day(0), day(1)]).astype("datetime64[s]") + 18 * 3600
    return replace(bars, ports=Ports({"daily": DailyBars(daily, published)}))
