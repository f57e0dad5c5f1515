"""Sweeps as they are shown: points by any measure, cells of two parameters, and the doubt about the best of them.

Everything follows from what is kept; nothing asks the strategy, whose source may be another one by now.
"""

from __future__ import annotations

import zlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from threading import Lock
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.database import Database, Market
from app.engines.backtest.spec import PERIODS_PER_YEAR
from app.engines.evidence.anatomy import bins
from app.engines.evidence.report import significance_report
from app.engines.evidence.trials import Group, Record
from app.engines.sweeps import landscape
from app.engines.sweeps.evaluate import METRICS, stride_of
from app.engines.sweeps.spec import axes_of
from app.exceptions import DataNotFoundError, ValidationError
from app.models import JobState, Sweep
from app.repositories.jobs import JobRepository
from app.repositories.sweeps import SweepRepository
from app.services.backtests.trials import ledger, most_tried
from app.services.order import by_name
from app.services.sweeps.working import unpacked

F1 = NDArray[np.float64]
F2 = NDArray[np.float64]
I1 = NDArray[np.int64]

WHOLE: Final = frozenset({"trades"})
_KEPT: Final = 4


@dataclass(frozen=True, eq=False)
class Found:
    """A sweep and what is worked out of it."""

    spec: Mapping[str, Any]
    sweep: Sweep
    grid: dict[str, tuple[Any, ...]]
    axes: dict[str, I1]  # place of each point of a base on each parameter's axis
    values: F2  # [points, METRICS], NaN undefined, failed or not there yet
    there: NDArray[np.bool_]  # worked out
    failures: dict[int, str]

    @property
    def each(self) -> int:
        """Points of a base."""
        return len(next(iter(self.axes.values())))

    def params(self, number: int) -> dict[str, Any]:
        """The parameters that vary, of a point."""
        at = number % self.each
        return {name: values[self.axes[name][at]] for name, values in self.grid.items()}

    def metric(self, name: str) -> F1:
        """One measure of every point."""
        return self.values[:, column_of(name)]

    def mine(self, base: int) -> slice:
        """The points of a base."""
        if not 0 <= base < len(self.spec["bases"]):
            last = len(self.spec["bases"]) - 1
            raise ValidationError(f"base: expected 0 to {last}, got {base}", "base")
        return slice(base * self.each, (base + 1) * self.each)


def column_of(metric: str) -> int:
    """The column of a measure. ValidationError where there is none."""
    if metric not in METRICS:
        raise ValidationError(f"metric: expected one of {', '.join(METRICS)}, got {metric}", "metric")
    return METRICS.index(metric)


class SweepReading:
    """Reads sweeps; those that are finished are kept for a while."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._kept: OrderedDict[tuple[Market, str], Found] = OrderedDict()
        self._lock = Lock()

    def page(
        self, market: Market, session: Session, *, page: int, limit: int, strategy_id: str | None
    ) -> tuple[list[dict[str, Any]], int]:
        """Sweeps, newest first, and how many there are."""
        found, total = SweepRepository(session).page(page=page, limit=limit, strategy_id=strategy_id)
        return [self._summary(session, sweep, done) for sweep, done in found], total

    def summary(self, session: Session, sweep_id: str) -> dict[str, Any]:
        """A sweep: what was asked, how far it is, what was no point."""
        sweep = self._sweep(session, sweep_id)
        done = SweepRepository(session).done([sweep_id]).get(sweep_id, 0)
        spec = sweep.spec
        (book,) = spec["bases"][0]["books"]
        return self._summary(session, sweep, done) | {
            "grid": {name: list(values) for name, values in sorted(spec["grid"].items())},
            "fixed": {name: value for name, value in book["params"].items() if name not in spec["grid"]},
            "random": None if spec["draws"] is None else {"draws": spec["draws"], "seed": spec["seed"]},
            "bases": [
                {
                    "base": i,
                    "universe": universe_of(base),
                    "start_date": base["start"],
                    "end_date": base["end"],
                    "data_root": base["data_root"],
                }
                for i, base in enumerate(spec["bases"])
            ],
            "skipped": sweep.skipped,
            "refused": sweep.refused,
            "metrics": list(METRICS),
            "run": {name: value for name, value in spec["bases"][0].items() if name not in ("books", "universe")},
        }

    def points(
        self, market: Market, session: Session, sweep_id: str, *, sort_by: str, descending: bool, base: int | None,
        page: int, limit: int,
    ) -> tuple[list[dict[str, Any]], int]:  # fmt: skip
        """Points that are worked out, by a measure or a parameter or in their order; undefined ones last."""
        found = self.found(market, session, sweep_id)
        numbers = np.flatnonzero(found.there)
        if base is not None:
            mine = found.mine(base)
            numbers = numbers[(numbers >= mine.start) & (numbers < mine.stop)]
        if sort_by == "number":
            keys = numbers.astype(np.float64)
        elif sort_by in found.grid:
            keys = np.array(found.grid[sort_by], np.float64)[found.axes[sort_by][numbers % found.each]]
        elif sort_by in METRICS:
            keys = found.metric(sort_by)[numbers]
        else:
            known = ", ".join(["number", *found.grid, *METRICS])
            raise ValidationError(f"sort_by: expected one of {known}, got {sort_by}", "sort_by")
        order = numbers[np.argsort(-keys if descending else keys, kind="stable")]  # NaN last either way
        chosen = order[(page - 1) * limit : page * limit].tolist()
        return [self._point(found, number) for number in chosen], int(numbers.size)

    def heat(
        self, market: Market, session: Session, sweep_id: str, *, metric: str, x: str, y: str, base: int
    ) -> dict[str, Any]:
        """The cells of two parameters: the median over the others."""
        found = self.found(market, session, sweep_id)
        for field, name in (("x", x), ("y", y)):
            if name not in found.grid:
                raise ValidationError(f"{field}: expected one of {', '.join(found.grid)}, got {name}", field)
        if x == y and len(found.grid) > 1:
            raise ValidationError("y: expected another parameter than x", "y")
        rows = [None] if x == y else list(found.grid[y])  # one parameter: a map of one row
        cells = len(found.grid[x]) * len(rows)
        if cells > landscape.MOST_CELLS:
            raise ValidationError(f"x, y: expected at most {landscape.MOST_CELLS:,} cells, got {cells:,}", "x")
        place = np.zeros(found.each, np.int64) if x == y else found.axes[y]
        shape = (len(rows), len(found.grid[x]))
        heat = landscape.heat(found.axes[x], place, shape, found.metric(metric)[found.mine(base)])
        return {
            "metric": metric,
            "x": {"name": x, "values": list(found.grid[x])},
            "y": {"name": y, "values": rows},
            "median": [plain_row(row) for row in heat.median],
            "points": heat.points.tolist(),
            "best": [[None if at < 0 else found.mine(base).start + at for at in row] for row in heat.best.tolist()],
            "others": [name for name in found.grid if name not in (x, y)],
        }

    def landscape(
        self, market: Market, session: Session, sweep_id: str, *, metric: str, base: int, point: int | None
    ) -> dict[str, Any]:
        """The distribution of a measure, the chosen point in it, and the peak against its surroundings."""
        found = self.found(market, session, sweep_id)
        mine = found.mine(base)
        values = found.metric(metric)[mine]
        known = np.flatnonzero(~np.isnan(values))
        answer: dict[str, Any] = {
            "metric": metric, "points": int(known.size), "peak": None, "plateau": None, "chosen": None, "bins": None,
            "quantiles": None, "reason": None,
        }  # fmt: skip
        if point is not None and not mine.start <= point < mine.stop:
            raise ValidationError(f"point: expected {mine.start} to {mine.stop - 1}, got {point}", "point")
        if not known.size:
            return answer | {"reason": f"no point has a {metric} yet"}
        around, why = self._around(found, values)
        peak = int(np.nanargmax(values))
        chosen = peak if point is None else point - mine.start
        spread = bins(values)
        answer["bins"] = {"edges": spread.edges.tolist(), "counts": spread.counts.tolist()}
        shares = (0.05, 0.25, 0.5, 0.75, 0.95)
        answer["quantiles"] = dict(zip(map(str, shares), np.quantile(values[known], shares).tolist(), strict=True))

        def told(at: int) -> dict[str, Any]:
            value = values[at]
            return self._point(found, mine.start + at) | {
                "value": plain(value),
                "around": None if around is None else plain(around[at]),
                "percentile": None if np.isnan(value) else landscape.share_below(values, float(value)),
            }

        best = None if around is None else told(int(np.nanargmax(around)))
        return answer | {"peak": told(peak), "plateau": best, "chosen": told(chosen), "reason": why}

    def overfitting(self, market: Market, session: Session, sweep_id: str) -> dict[str, Any]:
        """The doubt about the best point of each base, with the trials counted until now."""
        found = self.found(market, session, sweep_id)
        if found.sweep.overfitting is None:
            why = "not all points are worked out yet" if found.sweep.failure is None else "the sweep has failed"
            return {"finished": False, "bases": [], "reason": why}
        tried = ledger(session, [found.sweep.strategy_id])
        return {
            "finished": True,
            "reason": None,
            "kept_every": stride_of(found.sweep.points),
            "bases": [
                told | {"best": self._best(session, found, told["base"], tried)} for told in found.sweep.overfitting
            ],
        }

    def found(self, market: Market, session: Session, sweep_id: str) -> Found:
        """A sweep with its values. Raises DataNotFoundError."""
        with self._lock:
            kept = self._kept.get((market, sweep_id))
            if kept is not None:
                self._kept.move_to_end((market, sweep_id))
                return kept
        sweep = self._sweep(session, sweep_id)
        values, there = np.full((sweep.points, len(METRICS)), np.nan), np.zeros(sweep.points, np.bool_)
        failures: dict[int, str] = {}
        for first, count, data, why in SweepRepository(session).values(sweep_id):
            values[first : first + count] = unpacked(data, count)
            there[first : first + count] = True
            failures |= {int(number): reason for number, reason in why.items()}
        grid = {name: tuple(found) for name, found in sorted(sweep.spec["grid"].items())}
        places = np.frombuffer(zlib.decompress(sweep.places), "<i8")
        session.expunge(sweep)
        found = Found(sweep.spec, sweep, grid, axes_of(grid, places), values, there, failures)
        if sweep.finished_at is not None:
            with self._lock:
                self._kept[market, sweep_id] = found
                while len(self._kept) > _KEPT:
                    self._kept.popitem(last=False)
        return found

    def forget(self, market: Market, sweep_id: str) -> None:
        """It is gone."""
        with self._lock:
            self._kept.pop((market, sweep_id), None)

    @staticmethod
    def _around(found: Found, values: F1) -> tuple[F1 | None, str | None]:
        if found.spec["draws"] is not None:
            return None, "points drawn at random have no neighbours"
        try:
            return landscape.plateau(found.axes, found.grid, values), None
        except ValueError as error:
            return None, str(error)

    @staticmethod
    def _sweep(session: Session, sweep_id: str) -> Sweep:
        sweep = SweepRepository(session).get(sweep_id)
        if sweep is None:
            raise DataNotFoundError(f"Sweep {sweep_id} does not exist", "sweep", sweep_id)
        return sweep

    def _summary(self, session: Session, sweep: Sweep, done: int) -> dict[str, Any]:
        bases, repository = sweep.spec["bases"], SweepRepository(session)
        state, reason = self._state(session, sweep)
        if state in ("FAILED", "INTERRUPTED") and (again := repository.get(sweep.sweep_id)) is not None:
            # who was at work when the row was read may have ended it before that was asked
            sweep, done = again, repository.done([again.sweep_id]).get(again.sweep_id, 0)
            state, reason = self._state(session, again)
        return {
            "sweep_id": sweep.sweep_id,
            "strategy_id": sweep.strategy_id,
            "universes": sorted({universe_of(base) for base in bases}, key=by_name),
            "start_date": min(base["start"] for base in bases),
            "end_date": max(base["end"] for base in bases),
            "parameters": sorted(sweep.spec["grid"]),
            "points": sweep.points,
            "done": done,
            "state": state,
            "reason": reason,
            "job_id": sweep.job_id,
            "created_at": sweep.created_at,
            "finished_at": sweep.finished_at,
        }

    def _state(self, session: Session, sweep: Sweep) -> tuple[str, str | None]:
        """FINISHED; RUNNING where some process is at work on it; QUEUED; FAILED; else INTERRUPTED: it can go on.

        Beside it why it failed, or was interrupted, where that is known.
        """
        if sweep.finished_at is not None:
            return "FINISHED", None
        if SweepRepository(session).working(sweep.sweep_id):
            return "RUNNING", None
        job = None
        if sweep.job_id is not None:
            with self._database.transaction(Market.REAL) as control:
                job = JobRepository(control).get(sweep.job_id)
        if job is not None and job.state in (JobState.QUEUED, JobState.RUNNING):
            return "QUEUED", None
        if sweep.failure is not None:
            return "FAILED", sweep.failure["message"]
        return "INTERRUPTED", None if job is None or job.error is None else job.error["message"]

    @staticmethod
    def _point(found: Found, number: int) -> dict[str, Any]:
        return point_told(
            number, number // found.each, found.params(number), found.values[number], found.failures.get(number)
        )

    def _best(
        self, session: Session, found: Found, base: int, tried: Sequence[Sequence[Group]]
    ) -> dict[str, Any] | None:
        """The point with the highest Sharpe of those whose returns are kept, and what is left of it."""
        mine = found.mine(base)
        kept = [n for n in range(mine.start, mine.stop) if n % stride_of(found.sweep.points) == 0]
        sharpes = found.metric("sharpe")[kept]
        if np.isnan(sharpes).all():
            return None
        number = kept[int(np.nanargmax(sharpes))]
        first, count, data = SweepRepository(session).returns_at(found.sweep.sweep_id, number)
        rows = [n for n in range(first, first + count) if n % stride_of(found.sweep.points) == 0]
        returns = unpacked(data, len(rows))[rows.index(number)]
        asked = found.spec["bases"][base]
        span = (date.fromisoformat(asked["start"]), date.fromisoformat(asked["end"]))
        trials = most_tried(tried, Record(*span, returns.size))
        report = significance_report(returns, trials, periods=PERIODS_PER_YEAR[asked["timeframe"]])
        return self._point(found, number) | {"significance": {**report.values, "reasons": report.reasons}}


def plain(value: float) -> float | None:
    """None for NaN."""
    return None if value != value else float(value)


def plain_row(values: F1) -> list[float | None]:
    """Floats, None for NaN."""
    return [plain(value) for value in values.tolist()]


def point_told(
    number: int, base: int, params: Mapping[str, Any], values: F1, failed: str | None
) -> dict[str, Any]:  # fmt: skip
    """A point as the API tells it; `values` [METRICS]."""
    row = zip(METRICS, plain_row(values), strict=True)
    return {
        "number": number,
        "base": base,
        "params": params,
        "metrics": {name: int(value) if name in WHOLE and value is not None else value for name, value in row},
        "failed": failed,
    }


def universe_of(base: Mapping[str, Any]) -> str:
    """The name of a base's universe."""
    universe = base["universe"]
    if universe["index"] is not None:
        return str(universe["index"])
    symbols = universe["symbols"]
    return symbols[0] if len(symbols) == 1 else f"{len(symbols)} symbols"
