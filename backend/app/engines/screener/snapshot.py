"""A snapshot: every price field of every instrument at one session, as columns.

Indicators run from the start of the unbroken history on prices in shares of the newest bar, see `restate`: what has the
dimension of a price reads in rupees of that day, and a new corporate action changes no earlier snapshot.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from app.engines.bars import Bars, Prices
from app.engines.indicators.columns import Scalar, read_only
from app.engines.screener.fields import FIELDS, Field
from app.engines.screener.inputs import Inputs
from app.engines.screener.kernel import BLOCK, ROWS, newest, newest_packed, newest_rows
from app.engines.screener.language.frame import Rows, rows_of_bars
from app.engines.screener.query import Table, query

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


def snapshot_of_rows(rows: Rows, day: int, *, threads: int = 1, fields: Mapping[str, Field] = FIELDS) -> Snapshot:
    """As `snapshot`, from packed rows: only instruments that traded in session number `day`, by ascending key.

    The values are those of `snapshot` to the last bit; nothing but the rows of those instruments is read.
    """
    newest_rows_of = np.ascontiguousarray(rows.at(day))
    first = rows.segment_starts[newest_rows_of].astype(np.int64)
    packed = [np.ascontiguousarray(rows.source.number(name)) for name in ("high", "low", "close", "volume")]
    count = len(newest_rows_of)
    out = np.empty((ROWS, count))

    high, lowest, close, volume = packed

    def fill(span: tuple[int, int]) -> None:
        newest_packed(high, lowest, close, volume, rows.factor, first, newest_rows_of, *span, out)

    # threads get as many bars each, not as many instruments
    bars_before = np.cumsum(newest_rows_of - first + 1)
    total = int(bars_before[-1]) if count else 0
    cuts = [int(np.searchsorted(bars_before, total * part / threads)) for part in range(1, threads)]
    edges = sorted({0, *cuts, count})
    with ThreadPoolExecutor(max(threads, 1)) as pool:
        list(pool.map(fill, pairwise(edges)))
    today = rows.source.at(newest_rows_of)
    o, h, low, c, v = (today.number(name).reshape(1, -1) for name in ("open", "high", "low", "close", "volume"))
    keys = tuple(rows.keys[n] for n in rows.columns[newest_rows_of].tolist())
    member = rows.universe[newest_rows_of]
    bars = Bars(
        sessions=rows.sessions[day : day + 1],
        keys=keys,
        symbols=keys,
        raw=Prices(o, h, low, c),
        raw_volume=v,
        factor=rows.factor[newest_rows_of].reshape(1, -1),
        gap=np.zeros((1, count), dtype=np.bool_),
        member=member.reshape(1, -1),
    )
    traded = (np.isfinite(h) & np.isfinite(low) & np.isfinite(c))[0]
    inputs = Inputs(bars, 0, out, today.number("turnover"), fields)
    with np.errstate(divide="ignore", invalid="ignore"):
        columns = {name: np.where(traded, inputs[name], np.nan) for name in fields}
    return Snapshot(rows.sessions[day], keys, keys, columns, traded, member)


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
    bars = Bars.from_ohlcv(np.arange("2020-01-01", "2020-01-04", dtype="datetime64[D]"), {"WARM": (flat,) * 5})
    snapshot(bars)
    snapshot_of_rows(rows_of_bars(bars, {"turnover": np.ones(bars.shape)}), 2)
    query(Table(["WARM"], {"close": np.ones(1)}), between={"close": (0.0, None)})
    return time.perf_counter() - began
