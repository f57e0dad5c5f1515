"""Walk-forwards: asked for, worked out as jobs, stored as runs are, and worked out again to verify them."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
import orjson
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.database import Database, Market
from app.engines.backtest import engine_version
from app.engines.backtest.result import fingerprint
from app.engines.strategies.registry import AnyStrategy
from app.engines.sweeps.evaluate import Inputs
from app.engines.sweeps.spec import Points
from app.engines.sweeps.walk_forward import (
    WalkForwardSpec,
    method_version,
    windows_of,
)
from app.exceptions import BacktestError, DataNotFoundError, ValidationError
from app.models import Job, WalkForwardRun
from app.repositories.jobs import JobRepository
from app.repositories.sweeps import SweepRepository, WalkForwardRepository
from app.services.backtests.changes import InputsChanged, changed_where_missing, check_engine
from app.services.backtests.service import BacktestService
from app.services.backtests.trials import ledger, most_tried, record_of
from app.services.jobs.context import Cancelled, JobContext
from app.services.jobs.service import JobService
from app.services.kernels import unless_compiling
from app.services.sweeps.question import SweepQuestion, prepared
from app.services.sweeps.walking_parts import Parts, Unkept
from app.services.sweeps.walking_work import doubted, summary, walked
from app.services.sweeps.working import Progress, SweepWork, claimed, waiting_for
from app.services.user_strategies.catalogue import Catalogue, runs_own
from app.services.user_strategies.errors import StrategyNotLoaded

KIND: Final = "walk_forward"
VERIFY: Final = "verify_walk_forward"


@dataclass(frozen=True)
class WalkForwardQuestion:
    """A search, and how it walks; of one universe and period."""

    search: SweepQuestion
    train: int
    test: int
    metric: str = "sharpe"
    mode: str = "rolling"
    purge: int = 0
    embargo: int = 0


class WalkForwards:
    """Walk-forwards of a market."""

    def __init__(
        self, database: Database, backtests: BacktestService, catalogue: Catalogue, jobs: JobService, work: SweepWork
    ) -> None:
        self._database = database
        self._backtests = backtests
        self._catalogue = catalogue
        self._jobs = jobs
        self._work = work

    def prepare(self, market: Market, question: WalkForwardQuestion) -> WalkForwardSpec:
        """The specification of a question. Raises as a sweep's, and ValidationError for windows that cannot be."""
        sweep, found = prepared(self._database, self._backtests, self._catalogue, market, question.search)
        if len(sweep.bases) != 1:
            raise ValidationError("universes, periods: expected one of each for a walk-forward", "universes")
        try:
            spec = WalkForwardSpec(
                sweep.bases[0], sweep.grid, question.train, question.test, question.metric, question.mode,  # type: ignore[arg-type]  # what is not a mode is refused by its windows
                question.purge, question.embargo, sweep.draws, sweep.seed,
            )  # fmt: skip
            windows_of(spec, self._read(market, spec, found.warm_up))
        except ValueError as error:
            raise ValidationError(str(error), str(error).partition(":")[0]) from error
        return spec

    def start(self, market: Market, spec: WalkForwardSpec) -> Job | None:
        """A job for a walk-forward: the one at work, or a new one; None where it is stored already."""
        with self._database.transaction(market) as session:
            if WalkForwardRepository(session).get(spec.walk_forward_id) is not None:
                return None
        arguments = {"walk_forward_id": spec.walk_forward_id, "spec": spec.to_dict()}
        own = runs_own(book.strategy_id for book in spec.base.books)
        return self._jobs.submit(KIND, market, arguments, own=own, once="walk_forward_id")

    def job(self, context: JobContext, arguments: dict[str, Any]) -> dict[str, Any]:
        """Job: work a walk-forward out and store it."""
        try:
            check_engine(arguments["spec"]["base"]["engine_version"])
        except InputsChanged:
            self.discard(context.market, arguments)
            raise
        spec = WalkForwardSpec.from_dict(arguments["spec"])
        self.execute(
            context.market, spec, progress=context.progress, cancelled=context.cancelled, last_call=context.last_call
        )
        return {"walk_forward_id": spec.walk_forward_id}

    def discard(self, market: Market, arguments: dict[str, Any]) -> None:
        """Take away what a job left that was cancelled while it waited."""
        with self._database.transaction(market) as session:
            if not SweepRepository(session).working(arguments["walk_forward_id"]):
                WalkForwardRepository(session).remove_parts(arguments["walk_forward_id"])

    def purge(self, market: Market, now: datetime) -> int:
        """Take away what killed walk-forwards left that no job and nobody at a terminal went on with in time."""
        with self._database.transaction(Market.REAL) as control:
            at_work = [
                job.arguments["walk_forward_id"]
                for job in JobRepository(control).unfinished()
                if (job.kind, job.market) == (KIND, market.value)
            ]
        with self._database.transaction(market) as session:
            return WalkForwardRepository(session).purge_parts(now, at_work)

    def execute(
        self,
        market: Market,
        spec: WalkForwardSpec,
        *,
        progress: Progress,
        cancelled: Callable[[], bool] = lambda: False,
        last_call: Callable[[], bool] = lambda: True,
    ) -> None:
        """Work a walk-forward out and store it, unless it is stored already; its parts that are kept are not again.

        Raises
        ------
        InputsChanged : its data, its strategy or the engine is another by now. Cancelled. Of both nothing is left but
        its entries in the ledger.
        BacktestError : a run stopped.
        """
        with claimed(self._database, market, spec.walk_forward_id, waiting_for(cancelled, progress)):
            with self._database.transaction(market) as session:
                if WalkForwardRepository(session).get(spec.walk_forward_id) is not None:
                    return
            progress(0.0, unless_compiling("Reading bars"))
            try:
                strategy = self._strategy(spec)
                inputs, index = self._inputs(market, spec, strategy)
                parts = Parts(self._database, market, spec, strategy, inputs)
                done = walked(self._catalogue, spec, strategy, inputs, index, parts, progress, cancelled)
                if not last_call():
                    raise Cancelled
            except (Cancelled, InputsChanged):
                with self._database.transaction(market) as session:
                    WalkForwardRepository(session).remove_parts(spec.walk_forward_id)
                raise
            with self._database.transaction(market) as session:
                repository = WalkForwardRepository(session)
                repository.add(
                    {
                        "walk_forward_id": spec.walk_forward_id,
                        "strategy_id": strategy.id,
                        "spec": spec.to_dict(),
                        "metrics": done.values["metrics"],
                        "result": zlib.compress(done.canonical, 1),
                        "digest": done.digest,
                        "engine_version": engine_version(),
                        "fingerprint": fingerprint(),
                    }
                )
                repository.remove_parts(spec.walk_forward_id)

    def page(
        self, session: Session, *, page: int, limit: int, strategy_id: str | None
    ) -> tuple[list[dict[str, Any]], int]:
        """Stored walk-forwards, newest first, and how many there are."""
        found, total = WalkForwardRepository(session).page(page=page, limit=limit, strategy_id=strategy_id)
        return [_summary(stored) for stored in found], total

    def stored(self, session: Session, walk_forward_id: str) -> dict[str, Any]:
        """A stored walk-forward with the doubt about its Sharpe as of now. Raises DataNotFoundError."""
        stored = self._find(session, walk_forward_id)
        result = orjson.loads(zlib.decompress(stored.result))
        days = np.array(result["sessions"], "datetime64[D]")
        trials = most_tried(ledger(session, [stored.strategy_id]), record_of(days, days.size))
        result.setdefault("benchmarks", [])  # of one stored before there were any
        return {**_summary(stored), **result, "digest": stored.digest, **doubted(result, trials)}

    def start_verifying(self, market: Market, session: Session, walk_forward_id: str) -> Job:
        """A job that verifies a stored walk-forward: the one at work, or a new one; its result is that of `verify`."""
        stored = self._find(session, walk_forward_id)
        return self._jobs.submit(
            VERIFY, market, {"walk_forward_id": walk_forward_id}, own=runs_own([stored.strategy_id]),
            once="walk_forward_id",
        )  # fmt: skip

    def verify_job(self, context: JobContext, arguments: dict[str, Any]) -> dict[str, Any]:
        """Job: see `verify`."""
        return self.verify(
            context.market, arguments["walk_forward_id"], progress=context.progress, cancelled=context.cancelled
        )

    def verify(
        self,
        market: Market,
        walk_forward_id: str,
        *,
        progress: Progress = lambda _fraction, _message: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> dict[str, Any]:
        """Work a stored walk-forward out again and compare: as `BacktestService.verify` says of runs.

        Raises
        ------
        DataNotFoundError. Cancelled. BacktestError : a run stopped, with the same inputs and the same engine.
        """
        with self._database.transaction(market) as session:
            stored = self._find(session, walk_forward_id)
            session.expunge(stored)
        answer: dict[str, Any] = {
            "walk_forward_id": walk_forward_id,
            "digest": stored.digest,
            "changed": [],
            "note": None,
        }
        was, now = (stored.engine_version, stored.spec.get("method")), (engine_version(), method_version())
        if was != now:
            note = f"it was worked out by engine {_named(*was)}; here it is {_named(*now)}"
            return answer | {"outcome": "inputs_changed", "changed": ["engine_version"], "note": note}
        spec = WalkForwardSpec.from_dict(stored.spec)
        try:
            strategy = self._strategy(spec)
            inputs, index = self._inputs(market, spec, strategy)
        except (BacktestError, DataNotFoundError, InputsChanged, StrategyNotLoaded) as error:
            changed = (error.details or {}).get("changed", [f"strategy {spec.base.books[0].strategy_id}"])
            return answer | {"outcome": "inputs_changed", "changed": changed, "note": error.message}
        done = walked(self._catalogue, spec, strategy, inputs, index, Unkept(), progress, cancelled)
        outcome = "identical" if done.digest == stored.digest else "differs"
        return answer | {"outcome": outcome, "digest": done.digest}

    def _find(self, session: Session, walk_forward_id: str) -> WalkForwardRun:
        stored = WalkForwardRepository(session).get(walk_forward_id)
        if stored is None:
            raise DataNotFoundError(f"Walk-forward {walk_forward_id} does not exist", "walk_forward", walk_forward_id)
        return stored

    def _strategy(self, spec: WalkForwardSpec) -> AnyStrategy:
        if spec.method != method_version():
            raise InputsChanged(f"It was asked of method {spec.method}, and this is {method_version()}", "method")
        return self._work.strategy(spec.sweep(spec.base))

    def _read(self, market: Market, spec: WalkForwardSpec, warm_up: int) -> Inputs:
        (name,) = {book.strategy_id for book in spec.base.books}
        return self._work.read(market, spec.base, self._catalogue.find(name), warm_up)[0]

    def _inputs(
        self, market: Market, spec: WalkForwardSpec, strategy: AnyStrategy
    ) -> tuple[Inputs, NDArray[np.float64] | None]:
        points = Points(spec.sweep(spec.base), strategy)
        with changed_where_missing():
            return self._work.read(market, spec.base, strategy, points.found.warm_up)


def _named(engine: str, method: str | None) -> str:
    return engine if method is None else f"{engine}+{method}"


def _summary(stored: WalkForwardRun) -> dict[str, Any]:
    told = summary(stored.walk_forward_id, stored.strategy_id, stored.spec, stored.metrics)
    return {**told, "created_at": stored.created_at}
