"""Stored runs side by side: what was asked differently, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from sqlalchemy.orm import Session

from app.engines.evidence.comparison import Comparison, Curve, compare
from app.engines.risk.basics import session_closes
from app.exceptions import InsufficientDataError, ValidationError
from app.services.backtests.slices import reads_of, warm_up_of
from app.services.backtests.stored import StoredRuns
from app.services.backtests.verifying import present, readable
from app.services.user_strategies.catalogue import Catalogue
from app.services.user_strategies.errors import StrategyStopped

MOST_RUNS: Final = 6
_Row = tuple[str, list[Any], str | None]  # path, values and what changed, as `differing` answers them
_CHANGED: Final = {
    "data_root": "The prices or members on file changed between these runs.",
    "adjustment": "The corporate actions or dividends on file changed between these runs.",
    "market_rules": "What is on file about the exchange's rules changed between these runs.",
    "benchmark": "The series of the index changed between these runs.",
    "sectors": "The sectors on file changed between these runs.",
    "engine_version": "SmartTrader itself changed between these runs.",
    "source_hash": "The code of the strategy changed between these runs.",
}


class ComparisonService:
    """Compares runs with the first of them."""

    def __init__(self, runs: StoredRuns, catalogue: Catalogue) -> None:
        self._runs, self._catalogue = runs, catalogue

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
        specs = [result["spec"] for result in results]
        return _shown(results, found, seed) | {"inputs": differing(specs, [self._beside(spec) for spec in specs])}

    def _beside(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """What a run reads for its strategies: bars before its first session, and data ports beside the bars.

        Empty where a strategy is no longer what it was, or does not answer for it: what it read is not known then.
        """
        spec, _ = readable(values)
        strategies, changed = ({}, []) if spec is None else present(self._catalogue, spec)
        if spec is None or changed:
            return {}
        try:
            return {"warm_up": warm_up_of(spec.books, strategies), "reads": list(reads_of(spec.books, strategies))}
        except StrategyStopped:  # two runs that are stored can be compared all the same
            return {}


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


def differing(specs: Sequence[Mapping[str, Any]], beside: Sequence[Mapping[str, Any]] = ()) -> list[dict[str, Any]]:
    """The inputs that are not the same in all specs: path and one value a spec, None where a spec has no such input.

    Of what is named by a hash of its content the name alone is an input of its own. Runs that read other bars have
    other hashes, which follows from the universe, the days and the warm-up; where two that read the same have another
    one, the content changed, and `changed` says so. `beside`: of each run, what it reads for its strategies.
    """
    read = beside or [{} for _ in specs]
    flat = [dict(_leaves(_named(spec) | dict(known), "")) for spec, known in zip(specs, read, strict=True)]
    paths = sorted({path for leaves in flat for path in leaves} - {"reads"})
    rows: list[_Row] = [(path, [leaves.get(path) for leaves in flat], None) for path in paths]
    rows += _versions(specs, read)
    return [
        {"input": path, "values": values, "changed": changed}
        for path, values, changed in rows
        if any(value != values[0] for value in values)
    ]


def _named(spec: Mapping[str, Any]) -> dict[str, Any]:
    """A spec with the names alone of what is named by a hash of its content, and without what is only that."""
    kept = {name: value for name, value in spec.items() if name not in ("data_root", "engine_version")}
    for name in {"market_rules", "benchmark", "adjustment"} & set(kept):
        kind, _, version = (kept[name] or "none").partition("@")
        kept[name] = f"{kind}@strict" if version.startswith("strict") else kind
    if "sectors" in kept:
        kept["sectors"] = "none" if kept["sectors"] == "none" else "given"
    if "books" in kept:
        kept["books"] = [{name: book[name] for name in book if name != "source_hash"} for book in kept["books"]]
    return kept


def _versions(specs: Sequence[Mapping[str, Any]], read: Sequence[Mapping[str, Any]]) -> list[_Row]:
    """Hashes of content that differ though the same was read."""
    asked = [_named(spec) for spec in specs]
    where = ("universe", "start", "end", "timeframe", "adjustment")
    # what is not known to be read is that of the very same strategies
    bars = [
        [*(names.get(name) for name in where), known or spec.get("books")]
        for spec, names, known in zip(specs, asked, read, strict=True)
    ]
    rows: list[_Row] = []
    for name in ("data_root", "adjustment", "market_rules", "benchmark", "sectors"):
        plans = [
            spec.get("costs") if name == "market_rules" else None for spec in specs
        ]  # a broker has rules of its own
        of = [list(parts) for parts in zip(bars, [names.get(name) for names in asked], plans, strict=True)]
        rows += _changed(name if name == "data_root" else f"{name}_version", name, of, [s.get(name) for s in specs])
    rows += _changed("engine_version", "engine_version", [None] * len(specs), [s.get("engine_version") for s in specs])
    for number in range(min(len(spec.get("books", ())) for spec in specs)):
        books = [spec["books"][number] for spec in specs]
        of = [book.get("strategy_id") for book in books]
        rows += _changed(f"books.{number + 1}.source_hash", "source_hash", of, [b.get("source_hash") for b in books])
    return rows


def _changed(path: str, name: str, of: Sequence[Any], versions: list[Any]) -> list[_Row]:
    """A row where two have another version of the same thing; `of` tells what each is a version of."""
    pairs = list(zip(of, versions, strict=True))
    same = all(version == other for thing, version in pairs for another, other in pairs if thing == another)
    return [] if same else [(path, versions, _CHANGED[name])]


def _leaves(value: Any, path: str) -> list[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        return [leaf for name, item in value.items() for leaf in _leaves(item, f"{path}.{name}" if path else name)]
    if isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
        return [leaf for number, item in enumerate(value) for leaf in _leaves(item, f"{path}.{number + 1}")]
    return [(path, value)]
