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
from app.engines.indicators.columns import Scalar, read_only
from app.engines.screener.fields import FIELDS, Field
from app.engines.screener.inputs import Inputs
from app.engines.screener.kernel import BLOCK, ROWS, newest, newest_rows

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
    columns : field name → shape [N], float64, NaN where unknown; flags are 1.0 and 0.0.
        The names are those of the fields asked for
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


def snapshot(
    bars: Bars,
    turnover: F2 | F1 | None = None,
    *,
    asof: int = -1,
    threads: int = 1,
    fields: Mapping[str, Field] = FIELDS,
) -> Snapshot:
    """The fields of every instrument at bar `asof`, from the bars up to it and none after.

    Parameters
    ----------
    bars : daily bars of N instruments; only raw prices, volume, factor and gap are read
    turnover : rupees, shape [T, N], or [N] for the session alone; None where it is not known
    asof : index of the session, negative from the end
    threads : threads to share the columns among; the result does not depend on it
    fields : what to compute, by name; the registry unless given

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
    raw = bars.raw
    traded = np.isfinite(raw.high[t]) & np.isfinite(raw.low[t]) & np.isfinite(raw.close[t])
    inputs = Inputs(bars, t, last, traded_value, fields)
    with np.errstate(divide="ignore", invalid="ignore"):
        columns = {name: np.where(traded, inputs[name], np.nan) for name in fields}
    return Snapshot(
        session=bars.sessions[t],
        keys=bars.keys,
        symbols=bars.symbols,
        columns=columns,
        traded=traded,
        member=bars.member[t].copy(),
    )


def _newest(bars: Bars, t: int, threads: int) -> F2:
    raw, until = bars.raw, t + 1
    columns = bars.shape[1]
    out = np.empty((ROWS, columns))

    fields = (raw.high, raw.low, raw.close, bars.raw_volume, bars.factor)
    by_instrument = raw.close.flags.f_contiguous and not raw.close.flags.c_contiguous
    kernel = newest_rows if by_instrument else newest

    def laid(array: NDArray[Scalar]) -> NDArray[Scalar]:
        return read_only(array[:until].T if by_instrument else array[:until])

    high, low, close, volume, factor = (laid(field) for field in fields)
    gap = laid(bars.gap)

    def fill(span: tuple[int, int]) -> None:
        kernel(high, low, close, volume, factor, gap, *span, out)

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
