"""Jobs and their log in the database, and the hand-over to the queue in the same transaction."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.models import IdempotencyKey, Job, JobEvent, JobState

QUEUE = "jobs"
OWN_QUEUE = "own"  # of jobs that run strategies of the user's own
_OWN = "own"  # in a job's arguments
TASK = "run_job"
FINAL_STATES = (JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED)


class JobRepository:
    """Rows of `jobs`; never commits."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, kind: str, market: str, arguments: dict[str, Any], *, own: bool = False) -> Job:
        """A new job, queued in this transaction: it is work to do once the transaction is committed."""
        job = Job(id=uuid.uuid4(), kind=kind, market=market, arguments=arguments | ({_OWN: True} if own else {}))
        self._session.add(job)
        self._session.flush()
        self.enqueue(job)
        self._session.refresh(job)
        return job

    def enqueue(self, job: Job) -> None:
        """Hand a job to its queue. Twice is harmless: whoever comes second finds it taken or done."""
        self._session.execute(
            text(
                "SELECT procrastinate.procrastinate_defer_jobs_v1(ARRAY[ROW(:queue, :task, 0, NULL, NULL, "
                "jsonb_build_object('job_id', CAST(:job_id AS text)), NULL)]"
                "::procrastinate.procrastinate_job_to_defer_v1[])"
            ),
            {"queue": OWN_QUEUE if job.arguments.get(_OWN) else QUEUE, "task": TASK, "job_id": str(job.id)},
        )

    def get(self, job_id: uuid.UUID) -> Job | None:
        """A job by its id."""
        return self._session.get(Job, job_id, populate_existing=True)

    def lock(self, job_id: uuid.UUID) -> None:
        """Let nobody else change a job before the transaction ends."""
        self._session.execute(select(Job.id).where(Job.id == job_id).with_for_update())

    def page(self, *, page: int, limit: int, kind: str | None = None) -> tuple[Sequence[Job], int]:
        """Jobs, newest first, and how many there are."""
        query = select(Job)
        if kind is not None:
            query = query.where(Job.kind == kind)
        total = self._session.scalar(select(func.count()).select_from(query.subquery())) or 0
        ordered = query.order_by(Job.created_at.desc(), Job.id).limit(limit).offset((page - 1) * limit)
        return self._session.scalars(ordered).all(), total

    def unfinished(self) -> Sequence[Job]:
        """Jobs that have not ended, oldest first."""
        query = select(Job).where(Job.state.not_in(FINAL_STATES)).order_by(Job.created_at)
        return self._session.scalars(query).all()

    def at_work(self, kind: str, market: str, name: str, value: str) -> Job | None:
        """The job of a kind that will answer for this value of an argument: it has not ended, nor was asked to stop.

        Nobody else looks for the same, and finds none, before the transaction ends.
        """
        self._session.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended(:what, 0))"), {"what": f"{kind} {market} {value}"}
        )
        query = select(Job).where(
            Job.kind == kind, Job.market == market, Job.arguments[name].astext == value,
            Job.state.not_in(FINAL_STATES), Job.cancel_requested.is_(False),
        )  # fmt: skip
        return self._session.scalars(query.order_by(Job.created_at)).first()

    def start(self, job_id: uuid.UUID) -> Job | None:
        """Mark a job running and count the attempt; None when it has ended already."""
        statement = (
            update(Job)
            .where(Job.id == job_id, Job.state.not_in(FINAL_STATES))
            .values(state=JobState.RUNNING, started_at=datetime.now(UTC), attempts=Job.attempts + 1, storing=False)
            .returning(Job)
        )
        return self._session.scalars(statement, execution_options={"populate_existing": True}).one_or_none()

    def report(self, job_id: uuid.UUID, progress: float, message: str) -> None:
        """How far a running job is."""
        self._session.execute(update(Job).where(Job.id == job_id).values(progress=progress, message=message))

    def finish(
        self,
        job_id: uuid.UUID,
        state: JobState,
        *,
        result: dict[str, Any] | None = None,
        error: dict[str, Any] | None = None,
    ) -> None:
        """The end of a job."""
        values: dict[str, Any] = {"state": state, "result": result, "error": error, "finished_at": datetime.now(UTC)}
        if state is JobState.SUCCEEDED:
            values["progress"] = 1.0
        self._session.execute(update(Job).where(Job.id == job_id).values(**values))

    def request_cancel(self, job_id: uuid.UUID) -> None:
        """Ask a job to stop at its next safe point."""
        self._session.execute(update(Job).where(Job.id == job_id).values(cancel_requested=True))

    def begin_storing(self, job_id: uuid.UUID) -> bool:
        """From now on a job cannot be cancelled; False where somebody asked it to stop before."""
        begun = update(Job).where(Job.id == job_id, Job.cancel_requested.is_(False)).values(storing=True)
        return self._session.scalar(begun.returning(Job.id)) is not None

    def cancel_requested(self, job_id: uuid.UUID) -> bool:
        """Whether somebody asked the job to stop."""
        return bool(self._session.scalar(select(Job.cancel_requested).where(Job.id == job_id)))

    def log(self, job_id: uuid.UUID, level: str, message: str) -> None:
        """Append to the job's log."""
        following = select(func.coalesce(func.max(JobEvent.seq), 0) + 1).where(JobEvent.job_id == job_id)
        self._session.execute(
            insert(JobEvent).values(job_id=job_id, seq=following.scalar_subquery(), level=level, message=message)
        )

    def events(self, job_id: uuid.UUID, after: int = 0) -> Sequence[JobEvent]:
        """The log in order, from behind a number on."""
        query = select(JobEvent).where(JobEvent.job_id == job_id, JobEvent.seq > after).order_by(JobEvent.seq)
        return self._session.scalars(query).all()

    def remembered(self, owner_id: int, key: str) -> IdempotencyKey | None:
        """What an earlier request with the same `Idempotency-Key` was answered; nobody else reads it meanwhile."""
        return self._session.get(IdempotencyKey, (owner_id, key), with_for_update=True)

    def remember(self, owner_id: int, key: str, request_hash: str, status: int, body: dict[str, Any]) -> None:
        """Keep an answer for its `Idempotency-Key`."""
        self._session.add(
            IdempotencyKey(owner_id=owner_id, key=key, request_hash=request_hash, status=status, body=body)
        )


def lock_key(job_id: uuid.UUID) -> int:
    """The advisory lock that stands for a claim."""
    return int.from_bytes(hashlib.sha256(b"job" + job_id.bytes).digest()[:8], "big", signed=True)


def try_claim(connection: Connection, job_id: uuid.UUID) -> bool:
    """Take a job for as long as the connection lives, so that a dead worker's job is free at once."""
    return bool(connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": lock_key(job_id)}))


def release_claim(connection: Connection, job_id: uuid.UUID) -> None:
    """Give a claimed job back."""
    connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": lock_key(job_id)})
