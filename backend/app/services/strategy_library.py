"""The library: a strategy's versions with their source, its runs, and what people write about it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from app.exceptions import DataNotFoundError, LifecycleTransitionError, ValidationError
from app.models import StrategyMetadata, StrategyVersion
from app.repositories.library import LibraryRepository
from app.repositories.strategies import StrategyRepository
from app.services.strategy_versions import version_of
from app.services.user_strategies.catalogue import Catalogue, is_own


class StrategyLibrary:
    """Reads versions and writes notes; it never commits."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def listed(self, session: Session) -> list[dict[str, Any]]:
        """Every strategy there is or was, with what its stored runs say of it.

        Those that can be run come first, in the order of the catalogue; then, by id, those whose file does not load
        (`error` says why) and those whose file is gone.
        """
        known, errors = self._catalogue.all()
        for strategy in known.values():
            version_of(session, strategy)
        failed = {error.strategy_id: error.to_dict() for error in errors if error.strategy_id is not None}
        repository = LibraryRepository(session)
        typical, best = repository.typical(), repository.best()
        rows = {
            row.strategy_id: {
                **row._asdict(),
                "state": "ready" if row.strategy_id in known else "broken" if row.strategy_id in failed else "gone",
                "error": None if row.strategy_id in known else failed.get(row.strategy_id),
                "typical": typical.get(row.strategy_id),
                "best": best.get(row.strategy_id),
            }
            for row in repository.counts()
        }
        return [rows[name] for name in known] + [row for name, row in rows.items() if name not in known]

    def versions(self, session: Session, strategy_id: str) -> list[dict[str, Any]]:
        """Every version of a strategy, newest first, with its source. Raises DataNotFoundError."""
        self._find(session, strategy_id)
        return [_shown(version) for version in StrategyRepository(session).versions(strategy_id)]

    def write(self, session: Session, strategy_id: str, changes: Mapping[str, Any]) -> None:
        """Change what people wrote about a strategy: `description`, `regime_notes`; None empties a text.

        Raises
        ------
        DataNotFoundError : no such strategy, or its file is gone.
        StrategyNotLoaded : its file does not load.
        LifecycleTransitionError : another lifecycle state: no gate exists that could grant it; nothing is changed.
        ValidationError : nothing to change; a description of a strategy of one's own, whose file says it.
        """
        row = self._find(session, strategy_id)
        strategy = self._catalogue.find(strategy_id)
        if not changes.keys() - {"reason"}:
            raise ValidationError("Give description, regime_notes or lifecycle_status: there is nothing to change")
        target = changes.get("lifecycle_status")
        if target is not None and target != row.lifecycle_status.value:
            raise LifecycleTransitionError(
                f"{row.display_name} stays {row.lifecycle_status.value}: no gate exists yet that could grant {target}",
                details={"current_state": row.lifecycle_status.value, "target_state": target, "gates": []},
            )
        if "description" in changes and is_own(strategy):
            raise ValidationError("The strategy's own file says its description: change it there", "description")
        for name in ("description", "regime_notes"):
            if name in changes:
                setattr(row, name, changes[name])
        row.updated_at = datetime.now(UTC)
        session.flush()

    def _find(self, session: Session, strategy_id: str) -> StrategyMetadata:
        found = StrategyRepository(session).metadata([strategy_id])
        if not found:
            raise DataNotFoundError(f"Strategy {strategy_id} does not exist", "strategy", strategy_id)
        return found[0]


def _shown(version: StrategyVersion) -> dict[str, Any]:
    return {
        "number": version.number,
        "source_hash": version.source_hash,
        "source": version.source,
        "created_at": version.created_at,
        "lifecycle_status": version.lifecycle_status.value,
        "proofs": len(version.proof or {}),
    }
