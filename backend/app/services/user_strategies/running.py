"""Carrying out a run: here, with the answers of a worker, or, where a strategy is asked bar by bar, in the worker."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from app.engines.backtest import RunSpec, run
from app.engines.bars import Bars
from app.engines.strategies.registry import AnyStrategy
from app.services.user_strategies.errors import StrategyStopped
from app.services.user_strategies.strategy import UserStrategy, portable
from app.services.user_strategies.workers import Workers


class Finished(NamedTuple):
    """What is kept of a run: its canonical bytes, their digest, and the metrics that are in them."""

    spec: RunSpec
    canonical: bytes
    digest: str
    metrics: dict[str, Any]


def carry_out(
    spec: RunSpec, bars: Bars, strategies: Mapping[str, AnyStrategy], workers: Workers, **inputs: Any
) -> Finished:
    """Carry out a spec, see `app.engines.backtest.run`; the bytes are the same wherever it happens.

    Raises
    ------
    ValueError : an input does not fit the spec. StrategyStopped : a strategy of the user's own did not finish.
    """
    own = {s.id: s for s in strategies.values() if isinstance(s, UserStrategy)}
    if all(strategy.kind == "vectorised" for strategy in own.values()):
        result = run(spec, bars, strategies, **inputs)
        return Finished(spec, result.canonical, result.digest, result.metrics)
    for book in spec.books:
        if book.strategy_id in own and own[book.strategy_id].source_hash != book.source_hash:
            raise ValueError(f"source_hash: the source of {book.strategy_id} is no longer that of the spec")
    codes = [own[name].source.code for name in sorted(own)]
    _, canonical = workers.ask("run", codes, {"spec": spec, "bars": portable(bars), **inputs})
    try:
        result_of = json.loads(canonical)
        if result_of["run_id"] != spec.run_id:
            raise ValueError("of another run")
        return Finished(spec, canonical, hashlib.sha256(canonical).hexdigest(), dict(result_of["metrics"]))
    except (ValueError, KeyError, TypeError) as error:
        names = ", ".join(sorted(own))
        raise StrategyStopped(
            f"strategy {names}: it wrote over the result: {error}", reason="crash", strategy_id=names
        ) from error
