"""The versions of a strategy in a market's database: each state of its source is one, with the source kept."""

from __future__ import annotations

import inspect
from pathlib import Path

from sqlalchemy.orm import Session

from app.engines.strategies.registry import AnyStrategy
from app.models import StrategyVersion
from app.repositories.strategies import StrategyRepository
from app.services.user_strategies.strategy import UserStrategy


def version_of(session: Session, strategy: AnyStrategy) -> StrategyVersion:
    """The version of a strategy's present source, made known to the database where it is not."""
    repository = StrategyRepository(session)
    found = repository.version(strategy.id, strategy.source_hash)
    if found is not None:
        return found
    values = {
        "strategy_id": strategy.id,
        "display_name": strategy.display_name,
        "description": strategy.description,
        "timeframe": strategy.timeframe,
        "regime": strategy.regime,
        "regime_notes": strategy.when_it_loses,
    }
    if isinstance(strategy, UserStrategy):
        source = strategy.source_text
    else:
        source = Path(inspect.getfile(type(strategy))).read_text(encoding="utf-8")
    repository.register(values, source_hash=strategy.source_hash, source=source, parameters=strategy.params_schema())
    made = repository.version(strategy.id, strategy.source_hash)
    assert made is not None
    return made
