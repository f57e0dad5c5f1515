"""Look-ahead proofs of the strategies: searched once for a version and its parameters, kept beside the version.

A proof is a cache of what can be computed again at any time: it is keyed by the hash of parameters and timeframe, and
searched anew when the method's version differs. What a strategy read beside the bars is in the report.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from app.database import Database, Market
from app.engines.backtest.spec import canonical_json
from app.engines.bars import Bars
from app.engines.evidence.lookahead import LEAK, PASSED, proof_version, prove, prove_on
from app.engines.strategies.registry import AnyStrategy, registry
from app.exceptions import DataNotFoundError, ValidationError
from app.models import StrategyVersion
from app.repositories.strategies import StrategyRepository

KEPT = 200  # proofs of one version; beyond them the older ones are searched again when they are asked for

_log = logging.getLogger(__name__)


def proof_key(params: Mapping[str, Any], timeframe: str) -> str:
    """What a version's proofs are kept by: the hash of all parameters, defaults included, and the timeframe."""
    return hashlib.sha256(canonical_json([dict(params), timeframe])).hexdigest()[:16]


def ensure_proof(
    session: Session, strategy_id: str, params: Mapping[str, Any] | None = None, timeframe: str | None = None
) -> dict[str, Any]:
    """The proof of a strategy's present version with these parameters; searched and kept where there is none yet.

    Raises
    ------
    DataNotFoundError : an unknown strategy. ValidationError : parameters it does not take.
    """
    strategy, values = _chosen(strategy_id, params)
    repository, at = StrategyRepository(session), timeframe or strategy.timeframe
    version, key = repository.version(strategy_id, strategy.source_hash), proof_key(values, at)
    held = _held(version, key)
    if held is not None and held["tested"].get("version") == proof_version():
        return held
    report = search(strategy_id, values, at)
    if version is not None:
        repository.keep_proof(version, key, report, limit=KEPT)
    return report


def search(strategy_id: str, params: Mapping[str, Any] | None, timeframe: str) -> dict[str, Any]:
    """The proof of a strategy of the registry, searched now and not kept; errors as of `ensure_proof`."""
    strategy, values = _chosen(strategy_id, params)
    report = prove(strategy, strategy.params(values), timeframe=timeframe).to_dict()
    return report | {"params": values, "timeframe": timeframe, "source_hash": strategy.source_hash}


def search_on(strategy_id: str, params: Mapping[str, Any], bars: Bars) -> dict[str, Any]:
    """The search on the bars of a run, see `prove_on`; not kept, for it belongs to these bars."""
    strategy, values = _chosen(strategy_id, params)
    report = prove_on(strategy, strategy.params(values), bars).to_dict()
    return report | {"params": values, "timeframe": bars.timeframe, "source_hash": strategy.source_hash}


def default_proof(strategy: AnyStrategy, version: StrategyVersion) -> dict[str, Any] | None:
    """The proof of a version at its default parameters; None while there is none."""
    if version.source_hash != strategy.source_hash:
        return None
    return _held(version, proof_key(strategy.values(strategy.params()), strategy.timeframe))


def proofs_of(session: Session, books: Iterable[Mapping[str, Any]], timeframe: str) -> list[dict[str, Any]]:
    """For each book of a spec its strategy and the proof of that version with those parameters; null while none."""
    repository = StrategyRepository(session)
    found = []
    for book in books:
        version = repository.version(book["strategy_id"], book["source_hash"])
        proof = _held(version, proof_key(book["params"], timeframe))
        found.append({"strategy_id": book["strategy_id"], "proof": proof})
    return found


def warnings(proofs: Sequence[Mapping[str, Any]]) -> list[str]:
    """What a reader of a run must know of its proofs, in sentences; nothing where all passed."""
    said = []
    for row in proofs:
        proof = row["proof"]
        if proof is not None and proof["outcome"] != PASSED:
            title = "LOOK-AHEAD" if proof["outcome"] == LEAK else "LOOK-AHEAD NOT RULED OUT"
            said.append(f"{title}: {row['strategy_id']}: {proof['sentence']}.")
    return said


def prove_defaults(database: Database, market: Market) -> None:
    """Search what is still missing of the proofs at default parameters, one strategy a transaction."""
    for name in registry():
        with database.transaction(market) as session:
            proof = ensure_proof(session, name)
        if proof["outcome"] != PASSED:
            _log.warning("%s: %s", name, proof["sentence"])


def _chosen(strategy_id: str, params: Mapping[str, Any] | None) -> tuple[AnyStrategy, dict[str, Any]]:
    strategy = registry().get(strategy_id)
    if strategy is None:
        known = sorted(registry())
        raise DataNotFoundError(
            f"There is no strategy {strategy_id}; there are {', '.join(known)}",
            "strategy",
            strategy_id,
            details={"known": known},
        )
    try:
        return strategy, strategy.values(strategy.params(params))
    except ValueError as error:
        raise ValidationError(str(error), str(error).partition(":")[0]) from error


def _held(version: StrategyVersion | None, key: str) -> dict[str, Any] | None:
    return None if version is None or version.proof is None else version.proof.get(key)
