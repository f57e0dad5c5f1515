"""Stored runs, as they are read back: the same run always gives the same values."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import orjson
from sqlalchemy.orm import Session

from app.engines.backtest.result import decoded
from app.engines.evidence.report import Trials, significance_report
from app.engines.risk.basics import returns_of, session_closes
from app.exceptions import DataNotFoundError
from app.models import BacktestRun
from app.repositories.strategies import RunRepository
from app.services.backtests.shown import shown, with_proofs
from app.services.proofs import proofs_of
from app.services.proofs import warnings as proof_warnings


class StoredRuns:
    """Reads `backtest_runs`, which nobody can change."""

    def run_ids(self, session: Session) -> list[str]:
        """The ids of all stored runs, oldest first."""
        return RunRepository(session).ids()

    def stored(self, session: Session, run_id: str) -> dict[str, Any]:
        """A stored run as it is shown; the same run always gives the same values. Raises DataNotFoundError."""
        stored = self.find(session, run_id)
        answer = shown(_result(stored), stored.digest)
        proofs = proofs_of(session, stored.spec["books"], stored.spec["timeframe"])
        answer["warnings"] = with_proofs(answer, proof_warnings(proofs))
        return answer | {"proofs": proofs}

    def result(self, session: Session, run_id: str) -> tuple[dict[str, Any], str]:
        """The stored result of a run as it was written, and the digest of its bytes. Raises DataNotFoundError."""
        stored = self.find(session, run_id)
        return _result(stored), stored.digest

    def significance(self, session: Session, run_id: str) -> dict[str, Any]:
        """The doubt about a run's Sharpe, with the trials counted until now. Raises DataNotFoundError.

        The trials are those of the run's strategy; of several strategies, those of the one with the most.
        """
        result, _ = self.result(session, run_id)
        tried = RunRepository(session).trials([book["strategy_id"] for book in result["spec"]["books"]])
        trials = max((Trials(*found) for found in tried.values()), key=lambda t: (t.number, t.variance or 0.0))
        equity = np.array(result["equity"], np.float64)
        # as the stored Sharpe was measured: from session closes, and not at all where the account was lost
        closes = equity[session_closes(np.array(result["sessions"], "datetime64[s]"))]
        returns = returns_of(closes) if (closes > 0.0).all() else np.empty(0)
        undefined = result["reasons"].get("sharpe")
        periods = result["metrics"]["periods_per_year"]
        report = significance_report(returns, trials, periods=periods, undefined=undefined)
        return {"run_id": run_id, **report.values, "reasons": report.reasons}

    def page(
        self, session: Session, *, page: int, limit: int, strategy_id: str | None
    ) -> tuple[list[dict[str, Any]], int]:
        """Stored runs, newest first, and how many there are."""
        runs, total = RunRepository(session).page(page=page, limit=limit, strategy_id=strategy_id)
        return [
            {
                "run_id": stored.run_id,
                "strategy_ids": names,
                "universe": _universe_name(stored.spec["universe"]),
                "start_date": stored.start_date,
                "end_date": stored.end_date,
                "metrics": stored.metrics,
                "created_at": stored.created_at,
            }
            for stored, names in runs
        ], total

    def exists(self, session: Session, run_id: str) -> bool:
        """Whether a run is stored."""
        return RunRepository(session).exists(run_id)

    def find(self, session: Session, run_id: str) -> BacktestRun:
        """The row of a run. Raises DataNotFoundError."""
        stored = RunRepository(session).get(run_id)
        if stored is None:
            raise DataNotFoundError(f"Run {run_id} does not exist", "run", run_id)
        return stored


def _result(stored: BacktestRun) -> dict[str, Any]:
    return decoded(orjson.loads(zlib.decompress(stored.result)))


def _universe_name(universe: Mapping[str, Any]) -> str:
    if universe["index"] is not None:
        return str(universe["index"])
    symbols = universe["symbols"]
    return symbols[0] if len(symbols) == 1 else f"{len(symbols)} symbols"
