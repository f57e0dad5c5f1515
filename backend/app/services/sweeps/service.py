"""Sweeps: from a question to a stored search, its job, its cancelling and going on, and a point of it as a run."""

from __future__ import annotations

import uuid
import zlib
from typing import Any, Final

from sqlalchemy.orm import Session

from app.database import Database, Market
from app.engines.backtest import RunSpec
from app.engines.sweeps.spec import places_of
from app.exceptions import ConflictError, DataNotFoundError, ValidationError
from app.models import Job, JobState, Sweep
from app.repositories.sweeps import SweepRepository
from app.services.backtests.service import BacktestService
from app.services.backtests.verifying import readable
from app.services.jobs.context import JobContext
from app.services.jobs.service import JobService
from app.services.strategy_versions import version_of
from app.services.sweeps.question import SweepQuestion, prepared, skipped_of
from app.services.sweeps.reading import SweepReading
from app.services.sweeps.working import Progress, SweepWork
from app.services.user_strategies.catalogue import Catalogue, runs_own

KIND: Final = "sweep"
_TRIES: Final = 20  # to find a sweep there that was just made known: somebody may be cancelling it


class SweepService:
    """Sweeps of a market."""

    def __init__(self, database: Database, backtests: BacktestService, catalogue: Catalogue, jobs: JobService) -> None:
        self._database = database
        self._backtests = backtests
        self._catalogue = catalogue
        self._jobs = jobs
        self.work = SweepWork(database, backtests.inputs, catalogue)
        self.reading = SweepReading(database)

    def keep(self, market: Market, question: SweepQuestion) -> str:
        """Make a sweep known, committed when this returns; its id. One that is known is left as it is.

        Raises as `question.prepared`.
        """
        values = self._values(market, question)
        with self._database.transaction(market) as session:
            SweepRepository(session).add(values)
        return str(values["sweep_id"])

    def ask(self, market: Market, question: SweepQuestion) -> tuple[str, Job | None]:
        """The id of a question's sweep, and a job for it as `start` gives, committed when this returns."""
        values = self._values(market, question)
        return str(values["sweep_id"]), self._started(market, values["sweep_id"], values)

    def _values(self, market: Market, question: SweepQuestion) -> dict[str, Any]:
        spec, found = prepared(self._database, self._backtests, self._catalogue, market, question)
        return {
            "sweep_id": spec.sweep_id,
            "strategy_id": spec.strategy_id,
            "spec": spec.to_dict(),
            "points": len(spec.bases) * len(found.taken),
            "refused": found.refused,
            "places": zlib.compress(places_of(spec.grid, found.taken).astype("<i8").tobytes(), 6),
            "skipped": skipped_of(found),
        }

    def start(self, market: Market, sweep_id: str) -> Job | None:
        """A job for what is left of a sweep: the one at work, or a new one; None where nothing is left.

        Raises
        ------
        DataNotFoundError. ConflictError : a terminal is at work on it, or it can never be gone on with.
        """
        return self._started(market, sweep_id, None)

    def _started(self, market: Market, sweep_id: str, values: dict[str, Any] | None) -> Job | None:
        """See `start`; `values` of the sweep where it need not be there yet, or is being taken away."""
        for _ in range(_TRIES):
            if values is not None:
                # committed before there is a job: a worker that is quick would not find what it is to work on
                with self._database.transaction(market) as session:
                    SweepRepository(session).add(values)
            with self._database.transaction(market) as session:
                # who asks at the same time waits here, and gets the same job
                sweep = SweepRepository(session).lock(sweep_id)
                if sweep is not None:
                    return self._job_for(market, session, sweep, asked=values is not None)
            if values is None:
                raise _not_there(sweep_id)
        raise ConflictError(f"Sweep {sweep_id} is being cancelled again and again: ask for it later")

    def _job_for(self, market: Market, session: Session, sweep: Sweep, *, asked: bool) -> Job | None:
        """See `start`; the sweep is locked. One that was `asked` for just now is of today's data and engine."""
        if sweep.finished_at is not None:
            return None
        repository, ending = SweepRepository(session), False
        if sweep.job_id is not None:
            with self._database.transaction(Market.REAL) as control:
                job = self._job(control, sweep.job_id)
            if job is not None and job.state in (JobState.QUEUED, JobState.RUNNING):
                if not job.cancel_requested:
                    return job
                ending = True  # a new one goes on with it, once that has let go
        if repository.working(sweep.sweep_id) and not ending:
            raise ConflictError(f"Another process is at work on sweep {sweep.sweep_id}")
        if sweep.failure is not None:
            if not asked:
                raise ConflictError(sweep.failure["message"], details=sweep.failure.get("details"))
            repository.fail(sweep.sweep_id, None)
        own = runs_own([sweep.strategy_id])
        job = self._jobs.submit(KIND, market, {"sweep_id": sweep.sweep_id}, own=own)
        repository.set_job(sweep.sweep_id, job.id)
        return job

    def job(self, context: JobContext, arguments: dict[str, Any]) -> dict[str, Any]:
        """Job: work out what is left of a sweep."""
        sweep_id = arguments["sweep_id"]
        self.work.work(
            context.market, sweep_id, progress=context.progress, cancelled=context.cancelled,
            last_call=context.last_call, job_id=context.job_id,
        )  # fmt: skip
        return {"sweep_id": sweep_id}

    def discard(self, job: Job) -> None:
        """Take a sweep away whose job was cancelled while it waited, or before its server stopped.

        Not one that is finished, that a terminal has, or that another job is to go on with.
        """
        market, sweep_id = Market(job.market), job.arguments["sweep_id"]
        with self._database.transaction(market) as session:
            repository = SweepRepository(session)
            sweep = repository.get(sweep_id)
            if sweep is not None and sweep.finished_at is None and sweep.job_id in (job.id, None):
                if repository.working(sweep_id):
                    # a terminal goes on with it; a job that is being cancelled takes it away
                    repository.set_job(sweep_id, None)
                else:
                    repository.remove(sweep_id)
        self.reading.forget(market, sweep_id)

    def run_here(self, market: Market, sweep_id: str, progress: Progress, scheduler: str | None = None) -> None:
        """Work out what is left of a sweep in this process, or from it on a cluster."""
        self.work.work(market, sweep_id, progress=progress, cancelled=lambda: False, scheduler=scheduler)

    def cancel(self, market: Market, sweep_id: str) -> None:
        """Stop a sweep and take it away; one that is finished stays.

        Raises
        ------
        DataNotFoundError.
        ConflictError : it is finished or about to be, a terminal is at work on it, or somebody just went on with it.
        """
        with self._database.transaction(market) as session:
            sweep = self._sweep(session, sweep_id)
            if sweep.finished_at is not None:
                raise ConflictError("The sweep is finished: there is nothing to cancel")
            job_id, working = sweep.job_id, SweepRepository(session).working(sweep_id)
        if job_id is not None:
            with self._database.transaction(Market.REAL) as control:
                job = self._job(control, job_id)
                if job is not None and job.state in (JobState.QUEUED, JobState.RUNNING):
                    if self._jobs.cancel(control, job_id).state == JobState.RUNNING:
                        return  # its job takes it away at the next point where nothing is half done
                    working = False  # it waited, and is taken away with it
        if working:
            raise ConflictError("A terminal is at work on the sweep: stop it there")
        with self._database.transaction(market) as session:
            repository = SweepRepository(session)
            left = repository.lock(sweep_id)
            if left is not None:
                if left.finished_at is not None or left.job_id != job_id or repository.working(sweep_id):
                    raise ConflictError("Somebody went on with the sweep meanwhile: look at it again")
                repository.remove(sweep_id)
        self.reading.forget(market, sweep_id)

    def point_spec(
        self, market: Market, session: Session, sweep_id: str, number: int, *, today: bool = False
    ) -> RunSpec:
        """A point as a run, which says what the point says; of `today`, on other data or a newer source, what it may.

        Raises
        ------
        DataNotFoundError : no such sweep. ValidationError : no such point.
        ConflictError : what the point was worked out from changed, `details.changed` says what; not of `today`. Today's
            engine cannot read the sweep, or today's strategy does not take the point.
        """
        found = self.reading.found(market, session, sweep_id)
        if not 0 <= number < found.sweep.points:
            raise ValidationError(f"point: expected 0 to {found.sweep.points - 1}, got {number}", "point")
        at = number // found.each
        if not today:
            changed = self.work.changed(market, found.spec, at)
            if changed:
                names = ", ".join(name if name.startswith("strategy ") else name.replace("_", " ") for name in changed)
                raise ConflictError(
                    f"The point was worked out from other inputs than there are today ({names}): a run may say "
                    "something else than the point",
                    details={"changed": changed},
                )
        base = dict(found.spec["bases"][at])
        (book,) = base["books"]
        book = {**book, "params": {**book["params"], **found.params(number)}}
        if today:
            strategy = self._catalogue.find(found.sweep.strategy_id)
            version_of(session, strategy)
            book["source_hash"] = strategy.source_hash
        base["books"] = [book]
        spec, unread = readable(base)
        if spec is None:
            raise ConflictError(
                f"The sweep is of engine {base['engine_version']}, which this one cannot read: {unread}"
            )
        try:
            return self._backtests.on_todays_data(market, session, spec)
        except ValueError as error:
            raise ConflictError(f"{found.sweep.strategy_id} does not take this point any more: {error}") from error

    def _job(self, control: Session, job_id: uuid.UUID) -> Job | None:
        try:
            return self._jobs.get(control, job_id)
        except DataNotFoundError:
            return None

    @staticmethod
    def _sweep(session: Session, sweep_id: str) -> Sweep:
        sweep = SweepRepository(session).get(sweep_id)
        if sweep is None:
            raise _not_there(sweep_id)
        return sweep


def _not_there(sweep_id: str) -> DataNotFoundError:
    return DataNotFoundError(f"Sweep {sweep_id} does not exist", "sweep", sweep_id)
