"""How a walk-forward is worked out and told, whoever keeps it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from datetime import date
from typing import Any, Protocol

import numpy as np
import orjson
from numpy.typing import NDArray
from sqlalchemy.exc import SQLAlchemyError

from app.engines.backtest import RunSpec
from app.engines.backtest.result import decoded
from app.engines.backtest.spec import PERIODS_PER_YEAR
from app.engines.evidence.report import significance_report
from app.engines.evidence.trials import Trials
from app.engines.risk.basics import returns_of
from app.engines.strategies.registry import AnyStrategy
from app.engines.sweeps.evaluate import Evaluator, Inputs
from app.engines.sweeps.spec import SweepSpec
from app.engines.sweeps.walk_forward import (
    Chunks,
    Tested,
    TestRun,
    Walked,
    WalkForwardSpec,
    plain_test,
    tested_of,
    walk_forward,
)
from app.exceptions import BacktestError, SmartTraderException
from app.services.jobs.context import Cancelled
from app.services.sweeps.executors import searching_in_processes, workers
from app.services.sweeps.reading import universe_of
from app.services.sweeps.working import Progress, bounded, carried
from app.services.user_strategies.catalogue import Catalogue, is_own
from app.services.user_strategies.running import carry_out


class Working(Protocol):
    """Who works the parts of a walk-forward out, and what becomes of them."""

    def chunks(self, pool: Executor, cancelled: Callable[[], bool]) -> Chunks:
        """Stretches of points, in the pool."""

    def tested(self, run: TestRun, cancelled: Callable[[], bool]) -> TestRun:
        """Runs on tests."""


def walked(
    catalogue: Catalogue, spec: WalkForwardSpec, strategy: AnyStrategy, inputs: Inputs,
    index: NDArray[np.float64] | None, parts: Working, progress: Progress, cancelled: Callable[[], bool],
) -> Walked:  # fmt: skip
    """Walk forward over bars with the longest warm-up of all points; `index` as the `benchmark` of `walk_forward`.

    Raises
    ------
    BacktestError : a run stopped. Cancelled.
    """
    with (
        bounded(cancelled), _evaluators(catalogue, strategy) as evaluator,
        ThreadPoolExecutor(workers(), thread_name_prefix="walk") as pool,
    ):  # fmt: skip
        try:
            return walk_forward(
                spec, strategy, inputs, chunks=parts.chunks(pool, cancelled), benchmark=index,
                tested=parts.tested(_test_run(catalogue, strategy), cancelled), evaluator=evaluator, progress=progress,
            )  # fmt: skip
        except (Cancelled, SmartTraderException, SQLAlchemyError):
            raise  # these say themselves what they are; a database that is away is no fault of a run
        except Exception as error:
            raise BacktestError(f"The walk-forward stopped: {error}") from error


def _evaluators(
    catalogue: Catalogue, strategy: AnyStrategy
) -> AbstractContextManager[Callable[[SweepSpec, Inputs], Evaluator]]:
    """Who works the points of a window out: of strategies that are asked bar by bar in Python, processes."""
    if strategy.kind == "event" and not is_own(strategy):
        return searching_in_processes(strategy)
    carry = carried(catalogue, strategy)
    return nullcontext(lambda sweep, cut: Evaluator(sweep, strategy, [cut], carry=carry))


def _test_run(catalogue: Catalogue, strategy: AnyStrategy) -> TestRun:
    """How a strategy is run on a test window: one of one's own where its runs are."""
    if not is_own(strategy) or strategy.kind == "vectorised":
        return plain_test(strategy)

    def tested(spec: RunSpec, inputs: Inputs, _factor: int) -> Tested:
        done = carry_out(
            spec, inputs.bars, {strategy.id: strategy}, catalogue.workers, dividends=inputs.dividends,
            exchange=inputs.exchange, sectors=inputs.sectors,
        )  # fmt: skip
        result = decoded(orjson.loads(done.canonical))
        sessions = np.array(result["sessions"], "datetime64[s]")
        return tested_of(spec, sessions, np.array(result["equity"], np.float64), result["fills"], done.metrics)

    return tested


def doubted(result: Mapping[str, Any], trials: Trials) -> dict[str, Any]:
    """The doubt about the Sharpe of a walk-forward's plain result, and what it says of its length."""
    base = result["spec"]["base"]
    periods = PERIODS_PER_YEAR[base["timeframe"]]
    equity = np.array([base["initial_capital"], *result["equity"]], np.float64)
    returns = returns_of(equity) if (equity > 0.0).all() else np.empty(0)
    report = significance_report(returns, trials, periods=periods, undefined=result["reasons"].get("sharpe"))
    told = {**report.values, "reasons": report.reasons}
    return {"significance": told, "track_record": track_record(told, returns.size, periods)}


def track_record(significance: dict[str, Any], sessions: int, periods: int) -> str:
    """How much longer a record like this must become to say that its Sharpe is above zero, in words."""
    needed = significance["min_track_record_sessions"]
    if needed is None:
        why = significance["reasons"].get("min_track_record_sessions", "it has no Sharpe")
        return f"No length can be told: {why}."
    if needed <= sessions:
        return (
            f"Long enough: {sessions / periods:.1f} years tested, {needed / periods:.1f} are needed for a Sharpe like "
            "this to be above zero with 95 % confidence."
        )
    return (
        f"Needs {(needed - sessions) / periods:.1f} more years: a Sharpe like this is above zero with 95 % confidence "
        f"after {needed / periods:.1f}, and {sessions / periods:.1f} were tested."
    )


def summary(
    walk_forward_id: str, strategy_id: str, spec: Mapping[str, Any], metrics: Mapping[str, Any]
) -> dict[str, Any]:
    """A walk-forward in a list."""
    return {
        "walk_forward_id": walk_forward_id,
        "strategy_id": strategy_id,
        "universe": universe_of(spec["base"]),
        "start_date": date.fromisoformat(spec["base"]["start"]),
        "end_date": date.fromisoformat(spec["base"]["end"]),
        "mode": spec["mode"],
        "train": spec["train"],
        "test": spec["test"],
        "metric": spec["metric"],
        "parameters": sorted(spec["grid"]),
        "metrics": metrics,
    }
