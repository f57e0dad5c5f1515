"""Jobs on the wire."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from app.schemas.common import ErrorBody, PageMeta

JobStateName = Literal["QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"]


class JobEventOut(BaseModel):
    """One entry of a job's log."""

    seq: int
    at: datetime
    level: Literal["info", "warning", "error"]
    message: str


class JobOut(BaseModel):
    """A job: how far it is and what came of it."""

    id: uuid.UUID
    kind: str
    market: Literal["real", "sample"]
    state: JobStateName
    progress: float = Field(ge=0, le=1)
    message: str | None
    result: dict[str, Any] | None
    error: ErrorBody | None
    cancel_requested: bool
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class JobDetail(JobOut):
    """A job with its log."""

    events: list[JobEventOut]


class JobAccepted(BaseModel):
    """The answer to a request that became a job."""

    job: JobOut


class JobPage(BaseModel):
    """A page of jobs, newest first."""

    data: list[JobOut]
    meta: PageMeta
