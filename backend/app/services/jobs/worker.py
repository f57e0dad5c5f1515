"""The worker: takes jobs from the queue and runs their handlers in threads.

A job is claimed by an advisory lock of PostgreSQL on a connection that lives as long as the work, so that the job of a
killed process is free at once. On start whatever has not ended is queued again; handlers are written to be run again.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from procrastinate import App, PsycopgConnector
from procrastinate.jobs import Status

from app.database import Database, Market
from app.exceptions import InternalError, SmartTraderException
from app.models import Job, JobState
from app.repositories.jobs import OWN_QUEUE, QUEUE, TASK, JobRepository, release_claim, try_claim
from app.services.jobs.claims import held
from app.services.jobs.context import Cancelled, Handler, JobContext
from app.services.jobs.service import JobService

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 3
CONCURRENCY = {QUEUE: 4, OWN_QUEUE: 2}  # strategies that loop hold the places of their own queue, and no other
NIGHTLY_TASK = "nightly"
_GRACE_SECONDS = 5.0
_TOLD_AGAIN_SECONDS = 3 * _GRACE_SECONDS  # by then those at work have ended or were given up
_EVERY_QUARTER = "*/15 * * * *"


class Worker:
    """Runs the queue inside the server's event loop; the work itself happens in threads."""

    def __init__(
        self,
        database: Database,
        jobs: JobService,
        handlers: Mapping[str, Handler],
        nightly: Callable[[], None] = lambda: None,
    ) -> None:
        self._database = database
        self._jobs = jobs
        self._handlers = handlers
        self._nightly = nightly
        self._tasks: list[asyncio.Task[None]] = []
        self._queue: App | None = None

    @property
    def alive(self) -> bool:
        """Whether the queue is being worked on."""
        return bool(self._tasks) and not any(task.done() for task in self._tasks)

    async def start(self) -> None:
        """Queue again what a dead process left, then work."""
        url = self._database.url(Market.REAL).set(drivername="postgresql")
        connector = PsycopgConnector(
            conninfo=url.render_as_string(hide_password=False),
            kwargs={"options": "-c search_path=procrastinate"},
            min_size=1,
            max_size=6,
        )
        self._queue = App(connector=connector)

        @self._queue.task(name=TASK, queue=QUEUE)
        async def run_job(job_id: str) -> None:
            await asyncio.to_thread(self.run, uuid.UUID(job_id))

        # the queue lets one of all processes run it each time; it only decides whether a job is due
        @self._queue.periodic(cron=_EVERY_QUARTER)
        @self._queue.task(name=NIGHTLY_TASK, queue=QUEUE)
        async def nightly(timestamp: int) -> None:
            await asyncio.to_thread(self._nightly)

        await self._queue.open_async()
        for name in CONCURRENCY:
            for stalled in await self._queue.job_manager.get_stalled_jobs(queue=name):
                await self._queue.job_manager.finish_job(stalled, Status.FAILED, delete_job=True)
        await asyncio.to_thread(self._queue_unfinished_again)
        self._tasks = [
            asyncio.create_task(
                self._queue.run_worker_async(
                    queues=[name],
                    concurrency=places,
                    install_signal_handlers=False,
                    delete_jobs="always",
                    shutdown_graceful_timeout=_GRACE_SECONDS,
                )
            )
            for name, places in CONCURRENCY.items()
        ]

    async def stop(self) -> None:
        """Stop taking jobs and wait shortly for those at work; one that does not end in time is run again later."""
        left = set(self._tasks)
        while left:
            # one that is just being made known to the queue can lose the word: it is told again
            for task in left:
                task.cancel()
            _, left = await asyncio.wait(left, timeout=_TOLD_AGAIN_SECONDS)
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                task.result()
        if self._queue is not None:
            await self._queue.close_async()

    def _queue_unfinished_again(self) -> None:
        engine = self._database.engine(Market.REAL)
        with engine.connect() as connection, self._database.transaction(Market.REAL) as session:
            repository = JobRepository(session)
            for job in repository.unfinished():
                if try_claim(connection, job.id):
                    release_claim(connection, job.id)
                    log.info("job %s (%s) was left %s: queued again", job.id, job.kind, job.state)
                    repository.enqueue(job)
            connection.commit()

    def run(self, job_id: uuid.UUID) -> None:
        """Run one job to its end, unless another worker has it or it has ended."""
        try:
            with held(self._database.engine(Market.REAL), job_id) as mine:
                if mine:
                    with self._database.transaction(Market.REAL) as session:
                        job = JobRepository(session).start(job_id)
                    if job is not None:
                        self._run_claimed(job)
        finally:
            self._jobs.announce_finished()

    def _run_claimed(self, job: Job) -> None:
        if job.attempts > MAX_ATTEMPTS:
            error = InternalError(f"The server stopped {MAX_ATTEMPTS} times while this ran; it is not tried again")
            self._finish(job, JobState.FAILED, error=error)
            return
        context = JobContext(self._database, job.id, Market(job.market))
        if job.cancel_requested:  # its server stopped before it could
            self._jobs.discard(job)
            self._finish(job, JobState.CANCELLED)
            return
        try:
            result = self._handlers[job.kind](context, job.arguments)
            context.begin_storing()
        except Cancelled as cancelled:
            self._finish(job, JobState.CANCELLED, summary=cancelled.summary)
        except SmartTraderException as error:
            self._finish(job, JobState.FAILED, error=error)
        except Exception:
            log.exception("job %s (%s) failed", job.id, job.kind)
            self._finish(
                job, JobState.FAILED, error=InternalError(f"The job failed; the log has the cause under {job.id}")
            )
        else:
            with self._database.transaction(Market.REAL) as session:
                JobRepository(session).finish(job.id, JobState.SUCCEEDED, result=result)

    def _finish(
        self,
        job: Job,
        state: JobState,
        error: SmartTraderException | None = None,
        summary: dict[str, Any] | None = None,
    ) -> None:
        body = None if error is None else {**error.envelope()["error"], "status": error.status}
        with self._database.transaction(Market.REAL) as session:
            result = summary if error is None else (error.details or {}).get("summary")
            JobRepository(session).finish(job.id, state, result=result, error=body)
            if error is not None:
                JobRepository(session).log(job.id, "error", error.message)
