"""What is asked of a sweep, and the specification it comes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from app.database import Database, Market
from app.engines.backtest import RunSpec
from app.engines.strategies.registry import AnyStrategy
from app.engines.sweeps.spec import MOST_POINTS, Combinations, SweepSpec, checked_grid, combinations
from app.exceptions import ValidationError
from app.services.backtests.question import BacktestQuestion, has_been
from app.services.backtests.service import BacktestService
from app.services.user_strategies.catalogue import Catalogue, is_own

MOST_BASES: Final = 200
_LISTED_SKIPPED: Final = 100
MOST_OWN: Final = 10_000  # combinations of a strategy of one's own, each of which its process is asked for


@dataclass(frozen=True)
class SweepQuestion:
    """What a caller asks for.

    `run` is the run whose parameters vary; its universe and period are the first of `universes` and `periods`, where
    there are any. Every universe is looked at in every period.
    """

    run: BacktestQuestion
    grid: Mapping[str, object]
    universes: tuple[str | tuple[str, ...], ...] = ()
    periods: tuple[tuple[date, date], ...] = ()
    draws: int | None = None
    seed: int = 0


def prepared(
    database: Database, backtests: BacktestService, catalogue: Catalogue, market: Market, question: SweepQuestion
) -> tuple[SweepSpec, Combinations]:
    """The specification of a sweep, and its points. Each universe and period is read in a transaction of its own.

    Raises as `BacktestService.prepare` does, and ValidationError for what is wrong with the grid; `details.field`.
    """
    strategy, found, grid = points_of(catalogue, question)
    name = strategy.id
    bases: list[RunSpec] = []
    universes = question.universes or (question.run.universe,)
    periods = question.periods or ((question.run.start, question.run.end),)
    if len(universes) * len(periods) > MOST_BASES:
        raise ValidationError(
            f"universes, periods: expected at most {MOST_BASES} together, got {len(universes) * len(periods)}",
            "universes",
        )
    if len(universes) * len(periods) * len(found.taken) > MOST_POINTS:
        total = len(universes) * len(periods) * len(found.taken)
        raise ValidationError(f"grid: expected at most {MOST_POINTS:,} points, got {total:,}", "grid")
    params = {name: {**question.run.params.get(name, {}), **found.taken[0]}}
    for start, end in periods:
        if end < start:
            raise ValidationError(f"periods: {end} lies before {start}", "periods")
    for n, (_, end) in enumerate(question.periods):
        has_been(end, f"periods.{n}.end_date")
    for n, universe in enumerate(universes):
        for start, end in periods:
            asked = replace(question.run, universe=universe, start=start, end=end, params=params)
            try:
                with database.transaction(market) as session:
                    bases.append(backtests.prepare(market, session, asked, found.warm_up))
            except ValidationError as error:
                if error.field != "universe" or not question.universes:
                    raise
                field = f"universes.{n}"
                told = error.message if len(universes) == 1 else f"{field}: {error.message}"
                raise ValidationError(told, field, details={**(error.details or {}), "field": field}) from error
    _distinct([base.run_id for base in bases], len(periods))
    try:
        return SweepSpec(tuple(bases), grid, question.draws, question.seed), found
    except ValueError as error:
        raise ValidationError(str(error), str(error).partition(":")[0]) from error


def skipped_of(found: Combinations) -> list[dict[str, Any]]:
    """The first combinations that are no point, with the strategy's reason."""
    return [{"params": one.params, "reason": one.reason} for one in found.skipped[:_LISTED_SKIPPED]]


def _distinct(run_ids: list[str], periods: int) -> None:
    """Refuse a universe or a period that is there twice, by its place; bases go by universe, then by period."""
    for k, run_id in enumerate(run_ids):
        first = run_ids.index(run_id)
        if first == k:
            continue
        (universe, period), (other, another) = divmod(first, periods), divmod(k, periods)
        name, was, again = ("universes", universe, other) if other != universe else ("periods", period, another)
        raise ValidationError(f"{name}.{again}: it is {name}.{was} again; expected each once", f"{name}.{again}")


def points_of(catalogue: Catalogue, question: SweepQuestion) -> tuple[AnyStrategy, Combinations, dict[str, Any]]:
    """The strategy of a question, the combinations of its grid, and the grid."""
    if len(question.run.strategy_ids) != 1:
        raise ValidationError("strategy_ids: expected one strategy", "strategy_ids")
    strategy = catalogue.find(question.run.strategy_ids[0])
    fixed = dict(question.run.params.get(strategy.id, {}))
    both = sorted(set(fixed) & set(question.grid))
    try:
        if both:
            raise ValueError(f"grid.{both[0]}: it is given a value of its own in params, too")
        grid = checked_grid(strategy, question.grid)
        total = 1
        for values in grid.values():
            total *= len(values)
        if is_own(strategy) and min(total, question.draws or total) > MOST_OWN:
            raise ValueError(f"grid: expected at most {MOST_OWN:,} points of a strategy of one's own, got {total:,}")
        unknown = sorted(set(fixed) - set(strategy.params_schema()["properties"]))
        if unknown:
            raise ValueError(f"params.{unknown[0]}: {strategy.id} has no such parameter")
        return strategy, combinations(strategy, grid, fixed, question.draws, question.seed), grid
    except ValueError as error:
        raise ValidationError(str(error), str(error).partition(":")[0]) from error
