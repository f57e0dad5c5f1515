"""Stored runs side by side: what was asked differently, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from sqlalchemy.orm import Session

from app.engines.evidence.comparison import Comparison, Curve, compare
from app.engines.risk.basics import session_closes
from app.exceptions import InsufficientDataError, ValidationError
from app.services.backtests.stored import StoredRuns

MOST_RUNS: Final = 6


class ComparisonService:
    """Compares runs with the first of them."""

    def __init__(self, runs: StoredRuns) -> None:
        self._runs = runs

    def compare(self, session: Session, run_ids: Sequence[str], seed: int) -> dict[str, Any]:
        """Two to six stored runs, laid on the sessions they share.

        Raises
        ------
        ValidationError : fewer or more runs, or one named twice.
        DataNotFoundError : a run that is not stored.
        InsufficientDataError : fewer than two sessions in common, or an account that was lost.
        """
        if not 2 <= len(run_ids) <= MOST_RUNS:
            raise ValidationError(f"Compare two to {MOST_RUNS} runs; {len(run_ids)} are named", "run")
        if len(set(run_ids)) != len(run_ids):
            raise ValidationError("A run is named twice", "run")
        results = [self._runs.result(session, run_id)[0] for run_id in run_ids]
        periods = {result["metrics"]["periods_per_year"] for result in results}
        if len(periods) > 1:
            raise ValidationError("The runs have curves of different periods a year", "run")
        try:
            found = compare([_curve(result) for result in results], periods=periods.pop(), seed=seed)
        except ValueError as error:
            raise InsufficientDataError(str(error)) from error
        return _shown(results, found, seed)


def _curve(result: Mapping[str, Any]) -> Curve:
    times = np.array(result["sessions"], "datetime64[s]")
    closes = session_closes(times)
    return Curve(times[closes].astype("datetime64[D]"), np.array(result["equity"], np.float64)[closes])


def _shown(results: Sequence[Mapping[str, Any]], found: Comparison, seed: int) -> dict[str, Any]:
    days = [str(day) for day in found.days]
    return {
        "runs": [
            {
                "run_id": result["run_id"],
                "strategy_ids": [book["strategy_id"] for book in result["spec"]["books"]],
                "start_date": result["spec"]["start"],
                "end_date": result["spec"]["end"],
                "sessions": len(result["sessions"]),
            }
            for result in results
        ],
        "start_date": days[0],
        "end_date": days[-1],
        "inputs": differing([result["spec"] for result in results]),
        "measures": [
            {
                "name": name,
                "values": [measure.value for measure in values],
                "reasons": [measure.reason for measure in values],
                "differences": [difference._asdict() for difference in found.differences[name]],
            }
            for name, values in found.values.items()
        ],
        "correlation": [[None if np.isnan(cell) else float(cell) for cell in row] for row in found.correlation],
        "days": days,
        "growth": found.growth.tolist(),
        "drawdown": found.drawdown.tolist(),
        "method": {
            "resamples": found.resamples,
            "confidence": found.confidence,
            "block": found.block,
            "seed": seed,
            "reason": found.reason,
        },
    }


def differing(specs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The inputs that are not the same in all specs: path and one value a spec, None where a spec has no such input."""
    flat = [dict(_leaves(spec, "")) for spec in specs]
    paths = sorted({path for leaves in flat for path in leaves})
    rows = [(path, [leaves.get(path) for leaves in flat]) for path in paths]
    return [{"input": path, "values": values} for path, values in rows if any(v != values[0] for v in values)]


def _leaves(value: Any, path: str) -> list[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        return [leaf for name, item in value.items() for leaf in _leaves(item, f"{path}.{name}" if path else name)]
    if isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
        return [leaf for number, item in enumerate(value) for leaf in _leaves(item, f"{path}.{number + 1}")]
    return [(path, value)]
