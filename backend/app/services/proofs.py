"""Look-ahead proofs of the strategies: searched once for a version and its parameters, kept beside the version.

A proof is a cache of what can be computed again at any time: it is keyed by the hash of parameters and timeframe, and
searched anew when the method's version differs. What a strategy read beside the bars is in the report.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import TYPE_CHECKING, Any

from app.engines.backtest.spec import canonical_json
from app.engines.bars import Bars
from app.engines.evidence.lookahead import LEAK, PASSED, proof_version, prove, prove_on
from app.engines.strategies.registry import AnyStrategy
from app.exceptions import ValidationError
from app.services.user_strategies.strategy import UserStrategy

if TYPE_CHECKING:  # a run over the bars of a file has no database, and need not load one
    from sqlalchemy.orm import Session

    from app.database import Database, Market
    from app.models import StrategyVersion

KEPT = 200  # proofs of one version; beyond them the older ones are searched again when they are asked for

_log = logging.getLogger(__name__)


def proof_key(params: Mapping[str, Any], timeframe: str) -> str:
    """What a version's proofs are kept by: the hash of all parameters, defaults included, and the timeframe."""
    return hashlib.sha256(canonical_json([dict(params), timeframe])).hexdigest()[:16]


def ensure_proof(
    transaction: Callable[[], AbstractContextManager[Session]],
    strategy: AnyStrategy,
    params: Mapping[str, Any] | None = None,
    timeframe: str | None = None,
) -> dict[str, Any]:
    """The proof of a strategy's present version with these parameters; searched and kept where there is none yet.

    No transaction is open while it is searched: that takes seconds. One that was stopped at a limit is not kept: the
    next time there may be room.

    Raises
    ------
    ValidationError : parameters it does not take.
    """
    from app.repositories.strategies import StrategyRepository
    from app.services.strategy_versions import version_of

    values, at = _values(strategy, params), timeframe or strategy.timeframe
    key = proof_key(values, at)
    with transaction() as session:
        held = _held(version_of(session, strategy), key)
    if held is not None and held["tested"].get("version") == proof_version():
        return held
    report = search(strategy, values, at)
    if report["tested"].get("stopped") not in ("time", "memory"):
        with transaction() as session:
            StrategyRepository(session).keep_proof(version_of(session, strategy), key, report, limit=KEPT)
    return report


def search(strategy: AnyStrategy, params: Mapping[str, Any] | None, timeframe: str) -> dict[str, Any]:
    """The proof of a strategy, searched now and not kept; errors as of `ensure_proof`."""
    values = _values(strategy, params)
    if isinstance(strategy, UserStrategy):
        report = strategy.proof(strategy.params(values), timeframe)
    else:
        report = prove(strategy, strategy.params(values), timeframe=timeframe).to_dict()
    return report | {"params": values, "timeframe": timeframe, "source_hash": strategy.source_hash}


def search_on(strategy: AnyStrategy, params: Mapping[str, Any], bars: Bars) -> dict[str, Any]:
    """The search on the bars of a run, see `prove_on`; not kept, for it belongs to these bars."""
    values = _values(strategy, params)
    if isinstance(strategy, UserStrategy):
        report = strategy.proof_on(strategy.params(values), bars)
    else:
        report = prove_on(strategy, strategy.params(values), bars).to_dict()
    return report | {"params": values, "timeframe": bars.timeframe, "source_hash": strategy.source_hash}


def default_proof(strategy: AnyStrategy, version: StrategyVersion) -> dict[str, Any] | None:
    """The proof of a version at its default parameters; None while there is none."""
    if version.source_hash != strategy.source_hash:
        return None
    return _held(version, proof_key(strategy.values(strategy.params()), strategy.timeframe))


def proofs_of(session: Session, books: Iterable[Mapping[str, Any]], timeframe: str) -> list[dict[str, Any]]:
    """For each book of a spec its strategy and the proof of that version with those parameters; null while none."""
    from app.repositories.strategies import StrategyRepository

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


def prove_defaults(database: Database, market: Market, strategies: Iterable[AnyStrategy]) -> None:
    """Search what is still missing of the proofs at default parameters."""
    for strategy in strategies:
        proof = ensure_proof(partial(database.transaction, market), strategy)
        if proof["outcome"] != PASSED:
            _log.warning("%s: %s", strategy.id, proof["sentence"])


def _values(strategy: AnyStrategy, params: Mapping[str, Any] | None) -> dict[str, Any]:
    try:
        return strategy.values(strategy.params(params))
    except ValueError as error:
        raise ValidationError(str(error), str(error).partition(":")[0]) from error


def _held(version: StrategyVersion | None, key: str) -> dict[str, Any] | None:
    return None if version is None or version.proof is None else version.proof.get(key)
