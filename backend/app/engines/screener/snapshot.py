"""A snapshot: every price field of every instrument at one session, as columns.

Indicators run on forward-anchored prices from the start of the unbroken history; what has the dimension of a price is
divided by the factor at the newest bar, so that it reads in rupees of that day and a new corporate action changes no
earlier snapshot.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.engines.bars import Bars
from app.engines.indicators.columns import read_only
from app.engines.screener.fields import FIELDS
from app.engines.screener.kernel import BLOCK, ROWS, Last, newest

F1 = NDArray[np.float64]
F2 = NDArray[np.float64]
B1 = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Snapshot:
    """Fields of N instruments at one session.

    Attributes
    ----------
    session : the session
    keys, symbols : N instrument keys and symbols, in the order of the bars
    columns : field name → shape [N], float64, NaN where unknown; flags are 1.0 and 0.0. The names are those of `FIELDS`
    traded : shape [N]; whether the instrument traded in the session. Where not, every field is NaN
    member : shape [N]; whether it belonged to the universe of the bars in that session
    """

    session: np.datetime64
    keys: tuple[str, ...]
    symbols: tuple[str, ...]
    columns: Mapping[str, F1]
    traded: B1
    member: B1

    def __getitem__(self, field: str) -> F1:
        return self.columns[field]


def snapshot(bars: Bars, turnover: F2 | F1 | None = None, *, asof: int = -1, threads: int = 1) -> Snapshot:
    """The fields of every instrument at bar `asof`, from the bars up to it and none after.

    Parameters
    ----------
    bars : daily bars of N instruments; only raw prices, volume, factor and gap are read
    turnover : rupees, shape [T, N], or [N] for the session alone; None where it is not known
    asof : index of the session, negative from the end
    threads : threads to share the columns among; the result does not depend on it

    Raises
    ------
    IndexError : there is no bar `asof`.
    ValueError : the shape of `turnover` does not fit.
    """
    count = len(bars.sessions)
    if not -count <= asof < count:
        raise IndexError(f"bar {asof} of {count} bars")
    t = asof % count
    traded_value = _turnover_at(turnover, t, bars.shape)
    last = _newest(bars, t, threads)
    raw_close, factor = bars.raw.close[t], bars.factor[t]
    traded = np.isfinite(bars.raw.high[t]) & np.isfinite(bars.raw.low[t]) & np.isfinite(raw_close)
    rupees = {row: last[row] / factor for row in (Last.EMA_20, Last.EMA_50, Last.MACD, Last.MACD_SIGNAL)}
    mean, deviation = last[Last.MEAN_20], last[Last.STD_20]
    anchored = raw_close * factor
    with np.errstate(divide="ignore", invalid="ignore"):
        values: dict[str, F1] = {
            "close": raw_close,
            "open": bars.raw.open[t],
            "high": bars.raw.high[t],
            "low": bars.raw.low[t],
            "prev_close": last[Last.PREVIOUS_CLOSE],
            "change_pct": 100.0 * (raw_close / last[Last.PREVIOUS_CLOSE] - 1.0),
            "volume": bars.raw_volume[t],
            "turnover": traded_value,
            "ema_20": rupees[Last.EMA_20],
            "ema_50": rupees[Last.EMA_50],
            "rsi_14": last[Last.RSI],
            "atr_pct": 100.0 * (last[Last.ATR] / anchored),
            "macd": rupees[Last.MACD],
            "macd_signal": rupees[Last.MACD_SIGNAL],
            "adx": last[Last.ADX],
            "stoch_k": last[Last.STOCH_K],
            "stoch_d": last[Last.STOCH_D],
            "bb_upper": (mean + 2.0 * deviation) / factor,
            "bb_middle": mean / factor,
            "bb_lower": (mean - 2.0 * deviation) / factor,
            "trend_7d": 100.0 * (anchored / last[Last.CLOSE_5] - 1.0),
            "trend_30d": 100.0 * (anchored / last[Last.CLOSE_21] - 1.0),
            "is_20d_breakout": _flag(anchored > last[Last.HIGHEST_CLOSE_20], last[Last.HIGHEST_CLOSE_20]),
            "vol_percentile": last[Last.VOLUME_PERCENTILE],
            "volume_ratio": bars.raw_volume[t] / factor / _positive(last[Last.VOLUME_MEAN_20]),
            "high_252d": last[Last.HIGHEST_HIGH_252] / factor,
            "low_252d": last[Last.LOWEST_LOW_252] / factor,
        }
    values |= _scores(values)
    unknown = ~traded
    for name, column in values.items():
        values[name] = np.where(unknown, np.nan, column)
    return Snapshot(
        session=bars.sessions[t],
        keys=bars.keys,
        symbols=bars.symbols,
        columns={name: values[name] for name in FIELDS},
        traded=traded,
        member=bars.member[t].copy(),
    )


def _newest(bars: Bars, t: int, threads: int) -> F2:
    raw, until = bars.raw, t + 1
    columns = bars.shape[1]
    out = np.empty((ROWS, columns))

    high, low, close = read_only(raw.high[:until]), read_only(raw.low[:until]), read_only(raw.close[:until])
    volume, factor, gap = (
        read_only(bars.raw_volume[:until]),
        read_only(bars.factor[:until]),
        read_only(bars.gap[:until]),
    )

    def fill(span: tuple[int, int]) -> None:
        newest(high, low, close, volume, factor, gap, *span, out)

    blocks = -(-columns // BLOCK)
    share = max(-(-blocks // max(threads, 1)), 1) * BLOCK
    spans = [(first, min(first + share, columns)) for first in range(0, columns, share)]
    if len(spans) < 2:
        for span in spans:
            fill(span)
        return out
    with ThreadPoolExecutor(len(spans)) as pool:
        list(pool.map(fill, spans))
    return out


def _scores(values: Mapping[str, F1]) -> dict[str, F1]:
    """The scores with the parts they are made of; NaN as soon as one part is unknown."""
    ema_20, ema_50, atr_pct = values["ema_20"], values["ema_50"], values["atr_pct"]
    rising = np.where(ema_20 > ema_50, 0.5, 0.0) + np.where(values["close"] > ema_50, 0.5, 0.0)
    trend = np.where(np.isnan(ema_20) | np.isnan(ema_50), np.nan, rising)
    volume = np.clip((values["volume_ratio"] - 1.0) / 2.0, 0.0, 1.0)
    quiet = np.where(np.isnan(atr_pct), np.nan, np.where(atr_pct < 3.0, 1.0, np.where(atr_pct < 5.0, 0.5, 0.0)))
    breakout = values["is_20d_breakout"]
    return {
        "trend_part": trend,
        "volume_part": volume,
        "quiet_part": quiet,
        "swing_score": 40.0 * breakout + 25.0 * trend + 20.0 * volume + 15.0 * quiet,
        "intraday_score": 30.0 * volume + 25.0 * breakout + 15.0 * trend + 30.0 * quiet,
    }


def _flag(condition: B1, known: F1) -> F1:
    return np.where(np.isnan(known), np.nan, condition.astype(np.float64))


def _positive(x: F1) -> F1:
    # a mean volume of zero is no base for a ratio
    return np.where(x > 0.0, x, np.nan)


def _turnover_at(turnover: F2 | F1 | None, t: int, shape: tuple[int, int]) -> F1:
    if turnover is None:
        return np.full(shape[1], np.nan)
    if turnover.shape == shape:
        return np.asarray(turnover[t], dtype=np.float64)
    if turnover.shape == shape[1:]:
        return np.asarray(turnover, dtype=np.float64)
    raise ValueError(f"turnover has shape {turnover.shape}, expected {shape} or {shape[1:]}")


def warm_up() -> float:
    """Compile the kernel, or load it from the cache, so that nobody's first screen waits; seconds it took."""
    began = time.perf_counter()
    flat = np.ones(3)
    snapshot(Bars.from_ohlcv(np.arange("2020-01-01", "2020-01-04", dtype="datetime64[D]"), {"WARM": (flat,) * 5}))
    return time.perf_counter() - began
