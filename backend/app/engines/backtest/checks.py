"""What a run is refused for: inputs that do not fit its spec, answers of a strategy in another shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.engines.backtest.exchange import Exchange
from app.engines.backtest.spec import RunSpec, engine_version, sectors_version
from app.engines.bars import Bars
from app.engines.strategies.base import Answer, Signals, Strategy, Weights

F2 = NDArray[np.float64]
MOST_BARS = 10**9  # that an order or a position lasts; added to a bar it stays a number the core can hold
MOST_WEIGHT = 1e6  # of the equity, either way: what it would buy stays a number
MOST_SHARES = 1e15  # far enough below 2^53 that one share more is another number


def is_bars(value: object, least: int) -> bool:
    """Whether a value is a number of bars that the core can count."""
    return type(value) is int and least <= value <= MOST_BARS


def check_inputs(
    spec: RunSpec, bars: Bars, dividends: F2 | None, exchange: Exchange | None, sectors: Mapping[str, str] | None,
    *, sound: bool = False,
) -> None:  # fmt: skip
    """Refuse inputs that do not fit the spec or cannot be: ValueError names which, where, and what was expected.

    `sound` True says that the bars were gone through, and hold nothing that cannot be.
    """
    if spec.engine_version != engine_version():
        raise ValueError(f"engine_version: the spec is for {spec.engine_version}, this engine is {engine_version()}")
    known = sectors_version(sectors)
    if spec.sectors != known:
        raise ValueError(f"sectors: the spec says {spec.sectors!r}, the sectors given are {known!r}")
    if spec.policy is not None and spec.policy.max_sector_percent is not None and sectors is None:
        raise ValueError("policy.max_sector_percent: no sectors are given, so that no limit of them can be kept")
    if spec.market_rules != ("none" if exchange is None else exchange.version):
        given = "none" if exchange is None else exchange.version
        raise ValueError(f"market_rules: the spec says {spec.market_rules!r}, the rules given are {given!r}")
    if bars.timeframe != spec.timeframe:
        raise ValueError(f"timeframe: the spec says {spec.timeframe}, the bars are {bars.timeframe}")
    if bars.start >= bars.shape[0]:
        raise ValueError(f"bars: none between {spec.start} and {spec.end}")
    first, last = (bars.sessions[i].astype("datetime64[D]").item() for i in (bars.start, -1))
    if first < spec.start or last > spec.end:
        raise ValueError(f"bars: measured from {first} to {last}, the spec asks for {spec.start} to {spec.end}")
    if not sound and bars.impossible is not None:
        raise ValueError(f"bars: {bars.impossible}")
    if not spec.fractional:
        _check_countable(spec, bars)
    if dividends is not None:
        if dividends.shape != bars.shape:
            raise ValueError(f"dividends: expected shape {bars.shape}, got {dividends.shape}")
        wrong = bars.first_wrong("dividend", dividends, (dividends < 0.0) | np.isinf(dividends), "0 rupees or more")
        if wrong is not None:
            raise ValueError(f"bars: {wrong}")


def _check_countable(spec: RunSpec, bars: Bars) -> None:
    """Refuse prices at which the capital buys more whole shares than can be counted one by one."""
    least = spec.initial_capital / MOST_SHARES
    if bars.least_price >= least:
        return
    for name, prices in bars.raw._asdict().items():
        wrong = bars.first_wrong(name, prices, prices < least, f"{least:g} or more, with this capital in whole shares")
        if wrong is not None:
            raise ValueError(f"bars: {wrong}")


def answer_of(spec: RunSpec, i: int, bars: Bars, strategies: Mapping[str, Strategy[Any]]) -> Answer:
    """What the strategy of book i says of the bars; ValueError where it is another one, or answers in another shape."""
    book = spec.books[i]
    strategy = strategies.get(book.strategy_id)
    if strategy is None:
        raise ValueError(f"strategy_id: there is no strategy {book.strategy_id!r}; there are {sorted(strategies)}")
    if strategy.source_hash != book.source_hash:
        raise ValueError(f"source_hash: {book.strategy_id} is {strategy.source_hash}, the spec says {book.source_hash}")
    params = strategy.params(book.params)
    strategy.require(bars, params)
    answer = strategy.signals(bars, params)
    if not isinstance(answer, Signals | Weights):
        raise ValueError(
            f"strategy {book.strategy_id}: signals must answer Signals or Weights, got {type(answer).__name__}"
        )
    _check_answer(book.strategy_id, answer, bars)
    return answer


def _check_answer(name: str, answer: Answer, bars: Bars, where: str = "") -> None:
    for field in fields(answer):
        value = getattr(answer, field.name)
        if field.name in ("entry", "exit", "target", "rank", "stop", "trail", "limit", "trigger"):
            if value is None:
                continue
            kind = np.bool_ if field.name in ("entry", "exit") else np.float64
            got = f"{value.dtype} of shape {value.shape}" if isinstance(value, np.ndarray) else type(value).__name__
            if not isinstance(value, np.ndarray) or value.shape != bars.shape or value.dtype != kind:
                raise ValueError(
                    f"strategy {name}: {where}{field.name} must be {kind.__name__} of shape {bars.shape}, got {got}"
                )
            if isinstance(answer, Weights) and field.name == "target":
                expected = f"a fraction of the equity, {MOST_WEIGHT:g} times of it at most, or NaN"
                wrong = bars.first_wrong("target", value, np.abs(value) > MOST_WEIGHT, expected)
                if wrong is not None:
                    raise ValueError(f"strategy {name}: {wrong}")
        elif field.name in ("valid", "hold") and value is not None and not is_bars(value, 1):
            most = f"; at most {MOST_BARS} can be counted" if type(value) is int and value > MOST_BARS else ""
            raise ValueError(
                f"strategy {name}: {where}{field.name} must be a whole number of 1 or more, got {value!r}{most}"
            )
        elif field.name == "risk" and value is not None and not (type(value) is float and 0.0 < value <= 1.0):
            raise ValueError(f"strategy {name}: {where}risk must be a fraction above 0 and up to 1, got {value!r}")
        elif field.name == "short" and value is not None:
            if value.short is not None:
                raise ValueError(f"strategy {name}: the short side has no short side of its own")
            _check_answer(name, value, bars, "short.")
