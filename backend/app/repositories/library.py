"""What the stored runs say of each strategy; never commits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

FIGURES = ("sharpe", "cagr", "max_drawdown")

# a run of several strategies says nothing of one of them
_ALONE = (
    "WITH alone AS (SELECT run_id, min(strategy_id) AS strategy_id FROM run_strategies "
    "GROUP BY run_id HAVING count(*) = 1) "
)


class LibraryRepository:
    """Counts and figures over `strategy_metadata`, versions, runs and trials."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def counts(self) -> Sequence[Any]:
        """Every strategy that was ever known: strategy_id, display_name, versions, runs, trials; by id."""
        return self._session.execute(
            text(
                "SELECT m.strategy_id, m.display_name, "
                "(SELECT count(*) FROM strategy_versions v WHERE v.strategy_id = m.strategy_id) AS versions, "
                "(SELECT count(DISTINCT run_id) FROM run_strategies r WHERE r.strategy_id = m.strategy_id) AS runs, "
                "(SELECT count(*) FROM trials t WHERE t.strategy_id = m.strategy_id) AS trials "
                "FROM strategy_metadata m ORDER BY m.strategy_id"
            )
        ).all()

    def typical(self) -> dict[str, dict[str, Any]]:
        """By strategy the median of each figure over its runs, and over how many; None where no run has it."""
        medians = ", ".join(
            f"percentile_cont(0.5) WITHIN GROUP (ORDER BY (b.metrics->>'{name}')::float8) AS {name}" for name in FIGURES
        )
        rows = self._session.execute(
            text(
                f"{_ALONE} SELECT alone.strategy_id, count(*) AS runs, {medians} FROM alone "
                "JOIN backtest_runs b ON b.run_id = alone.run_id GROUP BY alone.strategy_id"
            )
        )
        return {row.strategy_id: {name: getattr(row, name) for name in ("runs", *FIGURES)} for row in rows}

    def best(self) -> dict[str, dict[str, Any]]:
        """By strategy the run with the highest Sharpe, the earlier one of equals; none where no run has one."""
        figures = ", ".join(f"(b.metrics->>'{name}')::float8 AS {name}" for name in FIGURES)
        rows = self._session.execute(
            text(
                f"{_ALONE} SELECT DISTINCT ON (alone.strategy_id) alone.strategy_id, b.run_id, b.start_date, "
                f"b.end_date, {figures} FROM alone JOIN backtest_runs b ON b.run_id = alone.run_id "
                "WHERE b.metrics->>'sharpe' IS NOT NULL "
                "ORDER BY alone.strategy_id, sharpe DESC, b.created_at, b.run_id"
            )
        )
        names = ("run_id", "start_date", "end_date", *FIGURES)
        return {row.strategy_id: {name: getattr(row, name) for name in names} for row in rows}
