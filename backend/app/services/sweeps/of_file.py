"""A search over the bars of a file of one's own: worked out here, answered as a stored one is, and not kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from app.engines.backtest import RunSpec, book_of
from app.engines.bars import Bars
from app.engines.evidence.report import significance_report
from app.engines.evidence.trials import trials_of
from app.engines.strategies.registry import AnyStrategy
from app.engines.sweeps.doubt import doubt
from app.engines.sweeps.evaluate import Evaluator, Inputs, stride_of
from app.engines.sweeps.spec import Combinations, Points, SweepSpec
from app.engines.sweeps.stretches import bundles_of, stretch_of, stretches_of
from app.engines.sweeps.walk_forward import WalkForwardSpec, windows_of
from app.services.sweeps.question import SweepQuestion, points_of, skipped_of
from app.services.sweeps.reading import point_told, universe_of
from app.services.sweeps.tables import EveryPoint
from app.services.sweeps.walking import WalkForwardQuestion
from app.services.sweeps.walking_parts import Unkept
from app.services.sweeps.walking_work import doubted, summary, walked
from app.services.sweeps.working import SHARPE, bounded, carried, where
from app.services.user_strategies.catalogue import Catalogue


def sweep_of_file(
    catalogue: Catalogue,
    bars: Bars,
    terms: dict[str, Any],
    product: str | None,
    question: SweepQuestion,
    top: int,
    progress: Callable[[float, str], None],
) -> tuple[dict[str, Any], EveryPoint]:
    """Work out every point, and say how much of the best is the search; all points come beside it.

    The trials are the points of this search alone: what is not kept is in no ledger.

    Parameters
    ----------
    terms : fields of the run's RunSpec, without its books
    top : points that are told, the highest Sharpe first

    Raises
    ------
    ValidationError : what is wrong with the grid. BacktestError : points of a strategy of one's own take too long.
    """
    strategy, found, grid = points_of(catalogue, question)
    inputs = Inputs(bars).with_warm_up(found.warm_up)
    base = _base(strategy, found, question, inputs, terms, product)
    spec = SweepSpec((base,), grid, question.draws, question.seed)
    points = Points(spec, strategy)
    evaluator = Evaluator(spec, strategy, [inputs], carry=carried(catalogue, strategy), points=points)
    values, returns, failures = _worked(evaluator, strategy, spec, inputs, progress)
    kept = [number for number in range(len(points)) if number % stride_of(len(points)) == 0]

    def told(number: int) -> dict[str, Any]:
        return point_told(number, 0, points.varied(number), values[number], failures.get(number))

    best = None
    if not np.isnan(values[kept, SHARPE]).all():
        at = int(np.nanargmax(values[kept, SHARPE]))
        trials = trials_of(len(points), (values[:, SHARPE] / base.periods_per_year**0.5).tolist())
        report = significance_report(returns[at], trials, periods=base.periods_per_year)
        best = told(kept[at]) | {"significance": {**report.values, "reasons": report.reasons}}
    order = np.argsort(-values[:, SHARPE], kind="stable")[:top].tolist()  # NaN last
    every = EveryPoint(
        spec.sweep_id, [base.to_dict()], points.columns, values, np.ones(len(points), np.bool_), failures
    )
    return {
        "sweep_id": spec.sweep_id,
        "strategy_id": strategy.id,
        "points": len(points),
        "refused": found.refused,
        "skipped": skipped_of(found),
        "grid": {name: list(given) for name, given in sorted(grid.items())},
        "fixed": spec.fixed,
        "random": None if spec.draws is None else {"draws": spec.draws, "seed": spec.seed},
        "bases": [{"base": 0, "universe": universe_of(base.to_dict()), "start_date": base.start, "end_date": base.end}],
        "top": [told(number) for number in order],
        "overfitting": {"finished": True, "bases": [{"base": 0, **doubt(returns, kept, len(points)), "best": best}]},
    }, every


def walk_of_file(
    catalogue: Catalogue,
    bars: Bars,
    terms: dict[str, Any],
    product: str | None,
    question: WalkForwardQuestion,
    progress: Callable[[float, str], None],
) -> dict[str, Any]:
    """Walk forward, and say how much of what came out is the search; see `sweep_of_file`.

    Raises
    ------
    ValidationError : what is wrong with the grid. ValueError : windows that cannot be. BacktestError : a run stopped.
    """
    search = question.search
    strategy, found, grid = points_of(catalogue, search)
    inputs = Inputs(bars).with_warm_up(found.warm_up)
    spec = WalkForwardSpec(
        _base(strategy, found, search, inputs, terms, product), grid, question.train, question.test, question.metric,
        question.mode, question.purge, question.embargo, search.draws, search.seed,  # type: ignore[arg-type]  # what is not a mode is refused by its windows
    )  # fmt: skip
    windows_of(spec, inputs)
    parts = Unkept()
    done = walked(catalogue, spec, strategy, inputs, None, parts, progress, lambda: False)
    # those over all tested sessions are the comparable ones
    trials = trials_of(parts.tried, (parts.sharpes / spec.base.periods_per_year**0.5).tolist())
    told = summary(spec.walk_forward_id, strategy.id, spec.to_dict(), done.values["metrics"])
    return {**told, **done.values, "digest": done.digest, **doubted(done.values, trials)}


def _base(
    strategy: AnyStrategy, found: Combinations, question: SweepQuestion, inputs: Inputs, terms: dict[str, Any],
    product: str | None,
) -> RunSpec:  # fmt: skip
    """The run of the first point."""
    fixed = question.run.params.get(strategy.id, {})
    book = book_of(strategy, {**fixed, **found.taken[0]}, None, product)
    return RunSpec(books=(book,), data_root=inputs.bars.root, **terms)


def _worked(
    evaluator: Evaluator, strategy: AnyStrategy, spec: SweepSpec, inputs: Inputs,
    progress: Callable[[float, str], None],
) -> tuple[np.ndarray, np.ndarray, dict[int, str]]:  # fmt: skip
    total, done = len(evaluator.points), 0
    failures: dict[int, str] = {}
    values, returns = [], []
    sizes = [stretch_of(strategy, inputs)]
    with bounded(lambda: False), where(evaluator, strategy, spec, [inputs], None) as (submit, width):
        stretches = stretches_of(evaluator.points, sizes)
        waiting = [submit(bundle) for bundle in bundles_of(evaluator.points, stretches, sizes, width)]
        for future in waiting:
            for chunk in future.result():
                values.append(chunk.values)
                returns.append(chunk.returns)
                failures |= chunk.failures
                done += len(chunk.values)
            progress(done / total, f"{done:,} of {total:,} points")
    return np.concatenate(values), np.concatenate(returns), failures
