"""Questions about real stocks, asked of the service as the API and the command line do."""

from __future__ import annotations

from datetime import date
from typing import Any

from app.database import Market
from app.engines.backtest import RunSpec
from app.services.backtests.question import BacktestQuestion
from app.services.platform import Platform


def asked(strategy: str, universe: Any, start: str, end: str, **fields: Any) -> BacktestQuestion:
    """A question; `params` belong to the strategy."""
    return BacktestQuestion(
        strategy_ids=(strategy,),
        params={strategy: fields.pop("params", {})},
        universe=universe if isinstance(universe, str) else tuple(universe),
        start=date.fromisoformat(start),
        end=date.fromisoformat(end),
        **fields,
    )


def answered(platform: Platform, question: BacktestQuestion) -> tuple[RunSpec, dict[str, Any]]:
    """The spec of a question and its stored run."""
    with platform.database.transaction(Market.REAL) as session:
        spec = platform.backtests.prepare(Market.REAL, session, question)
    platform.backtests.execute(Market.REAL, spec)
    with platform.database.transaction(Market.REAL) as session:
        return spec, platform.runs.stored(session, spec.run_id)


def verified(platform: Platform, run_id: str) -> dict[str, Any]:
    """What `verify` says of a run."""
    return platform.backtests.verify(Market.REAL, run_id)
