"""Jobs: `/api/jobs`."""

from __future__ import annotations

import uuid

from fastapi import APIRouter

from app.models import Job
from app.routers.dependencies import PageLimit, PageNumber, PlatformDep
from app.schemas.common import PageMeta, total_pages
from app.schemas.jobs import JobDetail, JobEventOut, JobOut, JobPage
from app.web.sessions import SessionDep

router = APIRouter(prefix="/api/jobs", tags=["jobs"])


def job_out(job: Job) -> JobOut:
    """A job as it goes over the wire."""
    return JobOut.model_validate(job, from_attributes=True)


@router.get("", operation_id="jobs:list")
def list_jobs(
    platform: PlatformDep, session: SessionDep, page: PageNumber = 1, limit: PageLimit = 50, kind: str | None = None
) -> JobPage:
    """Jobs, newest first."""
    jobs, total = platform.jobs.page(session, page=page, limit=limit, kind=kind)
    meta = PageMeta(page=page, limit=limit, total=total, total_pages=total_pages(total, limit))
    return JobPage(data=[job_out(job) for job in jobs], meta=meta)


@router.get("/{job_id}", operation_id="jobs:get")
def get_job(job_id: uuid.UUID, platform: PlatformDep, session: SessionDep) -> JobDetail:
    """A job with its log."""
    job = platform.jobs.get(session, job_id)
    events = [
        JobEventOut.model_validate(event, from_attributes=True) for event in platform.jobs.events(session, job_id)
    ]
    return JobDetail(**job_out(job).model_dump(), events=events)


@router.post("/{job_id}/cancel", operation_id="jobs:cancel")
def cancel_job(job_id: uuid.UUID, platform: PlatformDep, session: SessionDep) -> JobOut:
    """Ask a job to stop at its next safe point; one that has ended is left as it is."""
    return job_out(platform.jobs.cancel(session, job_id))
