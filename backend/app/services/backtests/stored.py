"""Stored runs, as they are read back: the same run always gives the same values."""

from __future__ import annotations

import zlib
from collections import OrderedDict
from collections.abc import Mapping
from datetime import date
from threading import Lock
from typing import Any, Final

import numpy as np
import orjson
from sqlalchemy.orm import Session

from app.engines.backtest.result import decoded
from app.engines.evidence.report import significance_report
from app.engines.risk.basics import returns_of
from app.exceptions import DataNotFoundError
from app.models import BacktestRun
from app.repositories.strategies import RunRepository
from app.services.action_reach import reach
from app.services.backtests.shown import LONG_TABLES, SHAPE, head_of, in_columns, in_rows, with_proofs
from app.services.backtests.trials import ledger, most_tried, record_of
from app.services.proofs import proofs_of
from app.services.proofs import warnings as proof_warnings

_KEPT: Final = 2  # large runs are some tens of megabytes; a page asks for one of them several times


class StoredRuns:
    """Reads `backtest_runs`, which nobody can change; the runs read last are kept decoded."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[dict[str, Any], str]] = OrderedDict()
        self._lock = Lock()

    def run_ids(self, session: Session) -> list[str]:
        """The ids of all stored runs, oldest first."""
        return RunRepository(session).ids()

    def strategy_ids(self, session: Session, run_id: str) -> list[str]:
        """The strategies of a stored run. Raises DataNotFoundError."""
        return [book["strategy_id"] for book in self.find(session, run_id).spec["books"]]

    def stored(self, session: Session, run_id: str, *, columns: bool = False) -> dict[str, Any]:
        """A stored run as it is shown, its tables as rows or as columns; the same run always gives the same values.

        Raises DataNotFoundError.
        """
        answer = in_columns(*self.result(session, run_id))
        if RunRepository(session).head(run_id, SHAPE) is None:
            _keep_head(session, answer)
        return _as_of_now(session, answer if columns else in_rows(answer))

    def head(self, session: Session, run_id: str, *, columns: bool = False) -> dict[str, Any]:
        """The same without its long tables, from what is kept of it; made of the whole where nothing is.

        Raises DataNotFoundError.
        """
        answer = self._head(session, run_id)
        return _as_of_now(session, answer if columns else in_rows(answer))

    def _head(self, session: Session, run_id: str) -> dict[str, Any]:
        kept = RunRepository(session).head(run_id, SHAPE)
        if kept is not None:
            found: dict[str, Any] = orjson.loads(zlib.decompress(kept))
            return found
        return _keep_head(session, in_columns(*self.result(session, run_id)))

    def tables(self, session: Session, run_id: str, *, columns: bool = False) -> dict[str, Any]:
        """The long tables alone: with `head` they are what `stored` gives. Raises DataNotFoundError."""
        answer = in_columns(*self.result(session, run_id))
        part = {name: answer[name] for name in LONG_TABLES}
        return part if columns else in_rows(part)

    def tag(self, session: Session, run_id: str) -> str:
        """A name of a run's bytes and of the shape they are shown in. Raises DataNotFoundError."""
        return f"{self.find(session, run_id).digest[:16]}-{SHAPE}"

    def result(self, session: Session, run_id: str) -> tuple[dict[str, Any], str]:
        """The stored result of a run as it was written, to be read only, and the digest of its bytes.

        Raises DataNotFoundError.
        """
        with self._lock:  # whoever asks for the same run meanwhile waits for it instead of decoding it again
            kept = self._kept.get(run_id)
            if kept is None or not self.exists(session, run_id):
                stored = self.find(session, run_id)
                kept = decoded(orjson.loads(zlib.decompress(stored.result))), stored.digest
                session.expunge(stored)  # the bytes are not needed twice
            self._kept[run_id] = kept
            self._kept.move_to_end(run_id)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
            return kept

    def significance(self, session: Session, run_id: str) -> dict[str, Any]:
        """The doubt about a run's Sharpe, with the trials counted until now. Raises DataNotFoundError.

        The trials are those of the run's strategy; of several strategies, those of the one with the most. All count;
        how far their Sharpe ratios spread is told by those of a record like the run's.
        """
        head = self._head(session, run_id)
        # as the stored Sharpe was measured: from session closes, and not at all where the account was lost
        closes = np.array(head["daily_chart"].get("equity", []), np.float64)
        returns = returns_of(closes) if (closes > 0.0).all() else np.empty(0)
        undefined = head["metric_reasons"].get("sharpe")
        periods = head["metrics"]["periods_per_year"]
        days = np.array(head["daily_chart"].get("date", []), "datetime64[s]")
        record = record_of(days, returns.size) if days.size else None
        trials = most_tried(ledger(session, head["strategy_ids"]), record)
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


def _keep_head(session: Session, answer: Mapping[str, Any]) -> dict[str, Any]:
    head = head_of(answer)
    RunRepository(session).keep_head(answer["run_id"], SHAPE, zlib.compress(orjson.dumps(head), 1))
    return head


def _as_of_now(session: Session, answer: Mapping[str, Any]) -> dict[str, Any]:
    """An answer with the proofs of its strategies, and what the lists that are there today tell of its period.

    A list that comes later tells more, and changes no run.
    """
    spec = answer["spec"]
    proofs = proofs_of(session, spec["books"], spec["timeframe"])
    said = with_proofs(answer, proof_warnings(proofs))
    period = (date.fromisoformat(answer[day]) for day in ("start_date", "end_date"))
    told = reach(session.connection()).told(*period)
    return {**answer, "warnings": [*said, *told], "proofs": proofs}


def _universe_name(universe: Mapping[str, Any]) -> str:
    if universe["index"] is not None:
        return str(universe["index"])
    symbols = universe["symbols"]
    return symbols[0] if len(symbols) == 1 else f"{len(symbols)} symbols"
