"""Small runs made by hand: bars typed in, signals given, a spec around them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np

from app.engines.backtest import BookSpec, CostSpec, RunResult, RunSpec, UniverseSpec, run
from app.engines.bars import Bars, Prices
from app.engines.strategies import Params, Signals, Strategy

NAN = float("nan")


@dataclass(frozen=True)
class NoParams(Params):
    """None."""


class Given(Strategy[NoParams]):
    """Signals decided beforehand."""

    display_name = description = hypothesis = when_it_loses = citation = regime = "given by a test"
    params_type = NoParams
    source_hash = "0" * 64  # type: ignore[assignment]  # no source to hash

    def __init__(self, name: str, entry: Any, exit: Any, rank: Any = None) -> None:
        self.id = name  # type: ignore[misc]
        self.answer = Signals(np.asarray(entry, bool), np.asarray(exit, bool), rank)

    def warm_up(self, params: NoParams) -> int:
        return 0

    def signals(self, bars: Bars, params: NoParams) -> Signals:
        return self.answer


def bars_of(
    open_: Any, close: Any, *, factor: Any = None, member: Any = None, keys: Sequence[str] | None = None, start: int = 0
) -> Bars:
    """Daily bars of [T, N] opens and closes, from 2024-01-01 on; the keys are A, B, C, … and so are the symbols."""
    o, c = np.asarray(open_, float), np.asarray(close, float)
    names = tuple(keys or [chr(ord("A") + n) for n in range(o.shape[1])])
    return Bars(
        sessions=np.datetime64("2024-01-01") + np.arange(len(o)),
        keys=names,
        symbols=names,
        raw=Prices(o, np.fmax(o, c), np.fmin(o, c), c),
        raw_volume=np.where(np.isnan(c), np.nan, 1000.0),
        factor=np.ones(o.shape) if factor is None else np.asarray(factor, float),
        gap=np.zeros(o.shape, bool),
        member=np.ones(o.shape, bool) if member is None else np.asarray(member, bool),
        start=start,
    )


def spec_of(names: Sequence[str], **fields: Any) -> RunSpec:
    """A spec of books with given signals."""
    allocations, product = fields.pop("allocations", [None] * len(names)), fields.pop("product", "CNC")
    books = tuple(BookSpec(name, "0" * 64, {}, share, product) for name, share in zip(names, allocations, strict=True))
    base: dict[str, Any] = {
        "books": books,
        "universe": UniverseSpec(index="HAND MADE"),
        "start": date(2024, 1, 1),
        "end": date(2034, 1, 1),
        "data_root": "hand made",
    }
    return RunSpec(**(base | fields))


def run_given(bars: Bars, *books: tuple[Any, ...], dividends: Any = None, jumps: Any = (), **fields: Any) -> RunResult:
    """Run books of (entry, exit[, rank]) over bars."""
    if "bps" in fields:
        fields["costs"] = CostSpec("bps", fields.pop("bps"))
    given = {f"given_{i}": Given(f"given_{i}", *book) for i, book in enumerate(books)}
    return run(spec_of(list(given), **fields), bars, given, dividends=dividends, jumps=jumps)


def on(shape: tuple[int, int], *cells: tuple[int, int]) -> np.ndarray:
    """A signal that is set at these (bar, column)."""
    signal = np.zeros(shape, bool)
    for cell in cells:
        signal[cell] = True
    return signal


def fills_of(result: RunResult) -> list[tuple[Any, ...]]:
    """The fills as (day of January 2024, symbol, side, quantity, price)."""
    columns = (result.fills[name] for name in ("filled_at", "symbol", "side", "quantity", "price"))
    return [
        (int(at[-2:]), symbol, side, quantity, price)
        for at, symbol, side, quantity, price in zip(*columns, strict=True)
    ]


def refusals_of(result: RunResult) -> list[tuple[Any, ...]]:
    """The refusals as (day of January 2024, symbol, side, reason, granted)."""
    columns = (result.rejections[name] for name in ("at", "symbol", "side", "reason", "granted"))
    return [(int(at[-2:]), *rest) for at, *rest in zip(*columns, strict=True)]


def permuted(bars: Bars, order: Sequence[int]) -> Bars:
    """The same bars with their columns in another order."""
    take = list(order)
    return replace(
        bars,
        keys=tuple(bars.keys[n] for n in take),
        symbols=tuple(bars.symbols[n] for n in take),
        raw=Prices(*(field[:, take] for field in bars.raw)),
        raw_volume=bars.raw_volume[:, take],
        factor=bars.factor[:, take],
        gap=bars.gap[:, take],
        member=bars.member[:, take],
    )
