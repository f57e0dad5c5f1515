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


def backtest(
    bars: Bars, strategy: Strategy[Any] | str, params: Mapping[str, Any] | None = None, **spec: Any
) -> RunResult:
    """Run one strategy over bars that are at hand: from a file, a notebook, a generator.

    The exchange's rules are off; what the platform knows of its own data (members by date, dividends, the exchange) is
    for `run` and a spec.

    Parameters
    ----------
    bars : what is traded; those before `bars.start` are warm-up
    strategy : one of your own, or the id of a shipped one
    params : its parameters; defaults for those left out
    spec : any other field of `RunSpec`: `costs=CostSpec("bps", 10)`, `initial_capital=500_000`, `slippage_bps=5`

    Raises
    ------
    ValueError : an unknown strategy, a parameter out of range, bars it is not made for; the message names it.
    """
    if isinstance(strategy, str):
        from app.engines.strategies.registry import registry

        if strategy not in registry():
            raise ValueError(f"strategy: there is no {strategy!r}; there are {', '.join(registry())}")
        strategy = registry()[strategy]
    days = bars.sessions.astype("datetime64[D]")
    if bars.start >= len(days):
        raise ValueError(f"bars: none is measured, {len(days)} of {len(days)} are warm-up")
    asked = RunSpec(
        books=(book_of(strategy, params),),
        universe=UniverseSpec(symbols=tuple(bars.symbols)),
        start=days[bars.start].item(),
        end=days[-1].item(),
        data_root=bars.root,
        timeframe=bars.timeframe,
        **spec,
    )
    return run(asked, bars, {strategy.id: strategy})


__all__ = [
    "BookSpec",
    "CostSpec",
    "Fate",
    "Jump",
    "RunResult",
    "RunSpec",
    "Sizing",
    "UniverseSpec",
    "backtest",
    "book_of",
    "engine_version",
    "fingerprint",
    "run",
]
