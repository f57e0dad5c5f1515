"""Submitting jobs, asking after them, waiting for one."""

from __future__ import annotations

import hashlib
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.database import Database, Market
from app.exceptions import ConflictError, DataNotFoundError
from app.models import LOCAL_OWNER_ID, Job, JobEvent, JobState
from app.repositories.jobs import FINAL_STATES, JobRepository

_POLL_SECONDS = 0.2

Discard = Callable[[Job], None]


class JobService:
    """Jobs of all markets; they live in the real market's database."""

    def __init__(self, database: Database, leftovers: Mapping[str, Discard] | None = None) -> None:
        """`leftovers` : by kind, what takes away what a job left that was at work before and is cancelled queued."""
        self._database = database
        self._leftovers = leftovers or {}
        self._finished = threading.Condition()
        self._endings = 0  # counted under the condition

    def submit(
        self,
        kind: str,
        market: Market,
        arguments: dict[str, Any],
        *,
        idempotency_key: str | None = None,
        own: bool = False,
        once: str | None = None,
        asked: dict[str, Any] | None = None,
    ) -> Job:
        """Queue a job, committed when this returns. The same key with the same request gives the first job again.

        A job that was cancelled did nothing: whoever asks again, with its key or without, means it, and gets a new one.

        `own` : it runs strategies of the user's own; a few places are theirs, so that those that loop keep no other job
        waiting. `once` names an argument: a job of the kind with the same value of it that is queued or at work is the
        answer, unless it was asked to stop. `asked` is the request as its key knows it, where the arguments name a
        thing that is made anew for each.

        Raises
        ------
        ConflictError : the key was used for another request.
        """
        request_hash = _request_hash(kind, market, arguments if asked is None else asked)
        try:
            return self._submit(kind, market, arguments, idempotency_key, request_hash, own, once)
        except IntegrityError:  # the same key came twice at once, and the other one was quicker
            return self._submit(kind, market, arguments, idempotency_key, request_hash, own, once)

    def answered(self, kind: str, market: Market, arguments: dict[str, Any], key: str) -> None:
        """Keep the key of a request whose answer is known and needs no job, committed when this returns.

        Raises
        ------
        ConflictError : the key was used for another request.
        """
        asked = _request_hash(kind, market, arguments)
        try:
            self._answered(asked, key)
        except IntegrityError:  # the same key came twice at once, and the other one was quicker
            self._answered(asked, key)

    def _answered(self, asked: str, key: str) -> None:
        with self._database.transaction(Market.REAL) as session:
            repository = JobRepository(session)
            known = repository.remembered(LOCAL_OWNER_ID, key)
            if known is None:
                repository.remember(LOCAL_OWNER_ID, key, asked, 200, {})
            elif known.request_hash != asked:
                raise ConflictError("This Idempotency-Key was used for another request; use a new one")

    def _submit(
        self,
        kind: str,
        market: Market,
        arguments: dict[str, Any],
        idempotency_key: str | None,
        request_hash: str,
        own: bool,
        once: str | None,
    ) -> Job:
        with self._database.transaction(Market.REAL) as session:
            repository = JobRepository(session)
            known = None if idempotency_key is None else repository.remembered(LOCAL_OWNER_ID, idempotency_key)
            if known is not None:
                if known.request_hash != request_hash:
                    raise ConflictError("This Idempotency-Key was used for another request; use a new one")
                first = repository.get(uuid.UUID(known.body["job_id"])) if "job_id" in known.body else None
                if first is not None and first.state != JobState.CANCELLED and not first.cancel_requested:
                    return first
            job = None if once is None else repository.at_work(kind, market.value, once, arguments[once])
            if job is None:
                job = repository.add(kind, market.value, arguments, own=own)
            if known is not None:
                known.status, known.body = 202, {"job_id": str(job.id)}
            elif idempotency_key is not None:
                repository.remember(LOCAL_OWNER_ID, idempotency_key, request_hash, 202, {"job_id": str(job.id)})
            return job

    def get(self, session: Session, job_id: uuid.UUID) -> Job:
        """A job. Raises DataNotFoundError."""
        job = JobRepository(session).get(job_id)
        if job is None:
            raise DataNotFoundError(f"Job {job_id} does not exist", "job", str(job_id))
        return job

    def events(self, session: Session, job_id: uuid.UUID) -> Sequence[JobEvent]:
        """The log of a job."""
        return JobRepository(session).events(job_id)

    def page(self, session: Session, *, page: int, limit: int, kind: str | None) -> tuple[Sequence[Job], int]:
        """Jobs, newest first, and their number."""
        return JobRepository(session).page(page=page, limit=limit, kind=kind)

    def cancel(self, session: Session, job_id: uuid.UUID) -> Job:
        """Ask a job to stop; one that is still queued ends here. Asking twice is asking once.

        A job that was asked never ends with a result.

        Raises
        ------
        ConflictError : it is too late: the job has ended, or is storing its result.
        """
        repository = JobRepository(session)
        job = self.get(session, job_id)
        repository.lock(job_id)  # it does not begin meanwhile
        session.refresh(job)
        if job.state == JobState.QUEUED:
            repository.finish(job_id, JobState.CANCELLED)
            self.discard(job)
        elif job.state == JobState.RUNNING and not job.storing:
            repository.request_cancel(job_id)
        elif job.state != JobState.CANCELLED:
            at = "stores its result" if job.state == JobState.RUNNING else f"has ended: {job.state}"
            raise ConflictError(f"It is too late to cancel: the job {at}", details={"job_id": str(job_id)})
        session.flush()
        return self.get(session, job_id)

    def discard(self, job: Job) -> None:
        """Take away what a job left that was at work before and does not begin again."""
        if job.kind in self._leftovers:
            self._leftovers[job.kind](job)

    def announce_finished(self) -> None:
        """Wake those who wait in this process; other processes find out by asking the database."""
        with self._finished:
            self._endings += 1
            self._finished.notify_all()

    def wait(self, job_id: uuid.UUID, seconds: float) -> Job:
        """The job once it has ended, or as it stands after `seconds`."""
        until = time.monotonic() + seconds
        while True:
            with self._finished:
                before = self._endings
            with self._database.transaction(Market.REAL) as session:
                job = self.get(session, job_id)
            left = until - time.monotonic()
            if job.state in FINAL_STATES or left <= 0:
                return job
            with self._finished:  # what ended while the database was asked is not waited for
                if self._endings == before:
                    self._finished.wait(min(left, _POLL_SECONDS))


def _request_hash(kind: str, market: Market, arguments: dict[str, Any]) -> str:
    """What tells two requests with one key apart."""
    request = orjson.dumps([kind, market.value, arguments], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(request).hexdigest()
