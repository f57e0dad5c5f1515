"""The engine: a spec and bars in, a result out.

Nothing is compiled, and the compiler not even imported, before the first run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from app.engines.backtest.result import Fate, Jump, RunResult, fingerprint
from app.engines.backtest.spec import BookSpec, CostSpec, RunSpec, Sizing, UniverseSpec, engine_version

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from app.engines.backtest.exchange import Exchange
    from app.engines.bars import Bars
    from app.engines.strategies.base import Strategy


def book_of(
    strategy: Strategy[Any],
    params: Mapping[str, Any] | None = None,
    allocation: float | None = None,
    product: str | None = None,
) -> BookSpec:
    """The book of a strategy with these parameters, defaults filled in; ValueError names a wrong one.

    Without a `product` it is the one the strategy trades with these parameters.
    """
    chosen = strategy.params(params)
    product = product or strategy.product_of(chosen)
    return BookSpec(strategy.id, strategy.source_hash, strategy.values(chosen), allocation, product)


def run(
    spec: RunSpec,
    bars: Bars,
    strategies: Mapping[str, Strategy[Any]],
    *,
    dividends: NDArray[np.float64] | None = None,
    jumps: Sequence[Jump] = (),
    notes: Sequence[str] = (),
    exchange: Exchange | None = None,
    sectors: Mapping[str, str] | None = None,
    benchmark: NDArray[np.float64] | None = None,
    fates: Mapping[str, Fate] | None = None,
) -> RunResult:
    """Carry out a spec over its bars: see `app.engines.backtest.runner.run`."""
    from app.engines.backtest.runner import run as carry_out

    return carry_out(
        spec,
        bars,
        strategies,
        dividends=dividends,
        jumps=jumps,
        notes=notes,
        exchange=exchange,
        sectors=sectors,
        benchmark=benchmark,
        fates=fates,
    )


__all__ = [
    "BookSpec",
    "CostSpec",
    "Fate",
    "Jump",
    "RunResult",
    "RunSpec",
    "Sizing",
    "UniverseSpec",
    "book_of",
    "engine_version",
    "fingerprint",
    "run",
]
