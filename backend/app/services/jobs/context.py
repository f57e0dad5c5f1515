"""What a running job sees of the job machinery."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import Any

from app.database import Database, Market
from app.repositories.jobs import JobRepository

_REPORT_SECONDS = 0.25
_CANCEL_POLL_SECONDS = 0.5


class Cancelled(Exception):
    """The job was asked to stop and did, at a point where nothing is half done.

    `summary` : what it did until then, where that stays.
    """

    def __init__(self, summary: dict[str, Any] | None = None) -> None:
        super().__init__()
        self.summary = summary


class JobContext:
    """Progress, log and cancellation of one running job. Each report is its own short transaction."""

    def __init__(self, database: Database, job_id: uuid.UUID, market: Market) -> None:
        self.job_id = job_id
        self.market = market
        self._database = database
        self._reported = 0.0
        self._polled = 0.0
        self._cancelled = self._storing = False

    def progress(self, fraction: float, message: str) -> None:
        """Tell how far the job is, 0 to 1; calls in quick succession are dropped."""
        now = time.monotonic()
        if now - self._reported < _REPORT_SECONDS and fraction < 1.0:
            return
        self._reported = now
        with self._database.transaction(Market.REAL) as session:
            JobRepository(session).report(self.job_id, min(max(fraction, 0.0), 1.0), message)

    def log(self, level: str, message: str) -> None:
        """Append to the durable log: `info`, `warning` or `error`."""
        with self._database.transaction(Market.REAL) as session:
            JobRepository(session).log(self.job_id, level, message)

    def cancelled(self) -> bool:
        """Whether the job should stop; asks the database at most twice a second."""
        now = time.monotonic()
        if not (self._cancelled or self._storing) and now - self._polled >= _CANCEL_POLL_SECONDS:
            self._polled = now
            with self._database.transaction(Market.REAL) as session:
                self._cancelled = JobRepository(session).cancel_requested(self.job_id)
        return self._cancelled

    def last_call(self) -> bool:
        """Whether the job may store its result, after which it cannot be cancelled; False: it was asked to stop.

        Whoever asks to cancel it later is told that it is too late, so that none who was promised an end sees a result.
        """
        if not self._storing and not self._cancelled:
            with self._database.transaction(Market.REAL) as session:
                self._storing = JobRepository(session).begin_storing(self.job_id)
            self._cancelled = not self._storing
        return self._storing

    def begin_storing(self) -> None:
        """Raise `Cancelled` where the job was asked to stop; else it cannot be cancelled from now on."""
        if not self.last_call():
            raise Cancelled

    def check_cancelled(self) -> None:
        """Raise `Cancelled` when the job should stop."""
        if self.cancelled():
            raise Cancelled


Handler = Callable[[JobContext, dict[str, Any]], dict[str, Any]]
