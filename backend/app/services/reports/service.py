"""Reports of stored runs."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.database import Market
from app.repositories.strategies import StrategyRepository
from app.services.backtests.stored import StoredRuns
from app.services.reports.run_report import run_report
from app.services.run_analysis import RunAnalysis


class RunReports:
    """Writes a stored run as a page."""

    def __init__(self, runs: StoredRuns, analysis: RunAnalysis) -> None:
        self._runs, self._analysis = runs, analysis

    def page(self, market: Market, session: Session, run_id: str) -> str:
        """The run as one page of HTML. Raises DataNotFoundError."""
        run = self._runs.stored(session, run_id)
        known = StrategyRepository(session).metadata(run["strategy_ids"])
        return run_report(
            run,
            self._analysis.of(session, run_id),
            self._runs.significance(session, run_id),
            {row.strategy_id: row.display_name for row in known},
            sample=market is Market.SAMPLE,
        )
