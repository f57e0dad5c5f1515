"""What looks back over all of an instrument's history, in Polars, for the twin: averages with a memory, and states.

Each works on `segment` [R], the unbroken history a row belongs to, and begins anew after a value that is not known.
"""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

TIE = 1e-9


def stretches(segment: pl.Series, x: pl.Series) -> pl.Series:
    """A number for every run of known values within a segment; unknown ones have runs of their own."""
    frame = pl.DataFrame({"s": segment, "k": x.is_not_null()})
    begins = (pl.col("s") != pl.col("s").shift(1)) | (pl.col("k") != pl.col("k").shift(1))
    return frame.select(begins.fill_null(True).cum_sum()).to_series()


def smoothed(segment: pl.Series, x: pl.Series, n: int, alpha: float, late: int = 0) -> pl.Series:
    """An exponential average begun with the mean of n values, after `late` others of the run."""
    frame = pl.DataFrame({"x": x, "r": stretches(segment, x)})
    place = pl.int_range(pl.len()).over("r")
    seed = pl.col("x").slice(late, n).mean().over("r")
    begun = frame.select(
        "r", pl.when(place == late + n - 1).then(seed).when(place >= late + n).then(pl.col("x")).alias("x")
    )
    return begun.select(pl.col("x").ewm_mean(alpha=alpha, adjust=False, min_samples=1).over("r")).to_series()


def ema(segment: pl.Series, x: pl.Series, n: int, late: int = 0) -> pl.Series:
    """Weight 2 / (n + 1)."""
    return smoothed(segment, x, n, 2.0 / (n + 1.0), late)


def wilder(segment: pl.Series, x: pl.Series, n: int) -> pl.Series:
    """Weight 1 / n."""
    return smoothed(segment, x, n, 1.0 / n)


def rsi(segment: pl.Series, x: pl.Series, n: int) -> tuple[pl.Series, pl.Series]:
    """The index, and how much the values moved at all."""
    moves = pl.DataFrame({"x": x, "s": segment}).select(pl.col("x").diff().over("s")).to_series()
    gains, losses = wilder(segment, moves.clip(lower_bound=0.0), n), wilder(segment, (-moves).clip(lower_bound=0.0), n)
    frame = pl.DataFrame({"g": gains, "l": losses})
    both = pl.col("g") + pl.col("l")
    return frame.select(pl.when(both > 0.0).then(100.0 * pl.col("g") / both)).to_series(), gains + losses


def macd(segment: pl.Series, x: pl.Series, fast: int, slow: int) -> pl.Series:
    """The fast average begins so late that both have their first value at one bar."""
    return ema(segment, x, fast, slow - fast) - ema(segment, x, slow)


def adx(segment: pl.Series, high: pl.Series, low: pl.Series, n: int) -> pl.Series:
    """Wilder's index: sums of n − 1 moves to begin with, the first index the mean of n directional ones."""
    frame = pl.DataFrame({"s": segment, "h": high, "l": low}).with_columns(
        pl.col("h").diff().over("s").alias("up"), (-pl.col("l").diff()).over("s").alias("down")
    )
    up, down = pl.col("up"), pl.col("down")
    frame = frame.with_columns(
        pl.when(up.is_not_null()).then(pl.when((up > down) & (up > 0)).then(up).otherwise(0.0)).alias("plus"),
        pl.when(down.is_not_null()).then(pl.when((down > up) & (down > 0)).then(down).otherwise(0.0)).alias("minus"),
        pl.int_range(pl.len()).over("s").alias("place"),
    )

    def summed(name: str) -> pl.Expr:
        # the sum of bars 1 to n − 1, spread as an average of n, is what the recursion goes on from
        seed = pl.col(name).slice(1, n - 1).sum().over("s") / n
        begun = pl.when(pl.col("place") == n - 1).then(seed).when(pl.col("place") >= n).then(pl.col(name))
        return begun.alias(name)

    frame = frame.with_columns(summed("plus"), summed("minus")).with_columns(
        pl.col(name).ewm_mean(alpha=1.0 / n, adjust=False, min_samples=1).over("s") for name in ("plus", "minus")
    )
    plus, minus, place = pl.col("plus"), pl.col("minus"), pl.col("place")
    dx = pl.when((place >= n) & (plus + minus > 0)).then(100.0 * (plus - minus).abs() / (plus + minus))
    frame = frame.with_columns(dx.alias("dx"))
    some = pl.col("dx").slice(n, n).is_not_null().any().over("s")
    seed = pl.col("dx").slice(n, n).sum().over("s") / n
    begun = pl.when(place == 2 * n - 1).then(seed).when(place >= 2 * n).then(pl.col("dx"))
    frame = frame.with_columns(begun.alias("x"), some.alias("some"))
    # a bar without a directional index leaves the average as it is
    average = pl.col("x").ewm_mean(alpha=1.0 / n, adjust=False, min_samples=1, ignore_nulls=True)
    frame = frame.with_columns(average.forward_fill().over("s").alias("adx"))
    known = pl.col("some") | (pl.col("dx").is_not_null().cum_sum().over("s") > 0)
    return frame.select(pl.when((place >= 2 * n - 1) & known).then(pl.col("adx"))).to_series()


class Trend(NamedTuple):
    """A SuperTrend: the line, whether it points up, and where rounding may have decided it."""

    line: list[float | None]
    up: list[bool | None]
    near: list[bool]


def supertrend(segment: pl.Series, bars: tuple[pl.Series, pl.Series, pl.Series], atr: pl.Series, times: float) -> Trend:
    """Bar by bar: a band only moves towards the price, or lies anew once the close before was beyond it."""
    line: list[float | None] = []
    ups: list[bool | None] = []
    nears: list[bool] = []
    last: int | None = None
    before = upper = lower = 0.0
    up = near = begun = False
    columns = [one.to_list() for one in (segment, *bars, atr)]
    for s, high, low, close, average in zip(*columns, strict=True):
        if s != last:
            last, begun, near = s, False, False
        if average is None:
            line.append(None)
            ups.append(None)
        else:
            middle = (high + low) / 2
            over, under = middle + times * average, middle - times * average
            if not begun:
                upper, lower, up, begun = over, under, close >= middle, True
            else:
                near = near or min(abs(before - upper), abs(before - lower)) <= TIE * close
                upper = over if before > upper else min(over, upper)
                lower = under if before < lower else max(under, lower)
            near = near or min(abs(close - upper), abs(close - lower)) <= TIE * close
            up = close > upper or (up and not close < lower)
            line.append(lower if up else upper)
            ups.append(up)
        nears.append(near)
        before = close
    return Trend(line, ups, nears)


def bars_since(segment: pl.Series, flags: pl.Series) -> pl.Series:
    """Bars since a condition held; not known before it first did, nor after it was not known."""
    frame = pl.DataFrame({"f": flags, "r": stretches(segment, flags)}).with_columns(
        pl.int_range(pl.len(), dtype=pl.Int64).over("r").alias("place")
    )
    last = pl.when(pl.col("f")).then(pl.col("place")).forward_fill().over("r")
    return frame.select((pl.col("place") - last).cast(pl.Float64)).to_series()
