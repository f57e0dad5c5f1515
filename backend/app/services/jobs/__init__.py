"""Jobs: work that takes over a second, queued in PostgreSQL, with progress, cancel, a durable log and a result."""

from app.services.jobs.context import Cancelled, Handler, JobContext
from app.services.jobs.service import JobService
from app.services.jobs.worker import Worker

__all__ = ["Cancelled", "Handler", "JobContext", "JobService", "Worker"]
