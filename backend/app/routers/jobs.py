"""Jobs: `/api/jobs`."""

from __future__ import annotations

import uuid
from typing import Annotated

import orjson
from fastapi import APIRouter, Query, Response

from app.database import Market
from app.exceptions import ConflictError, told_again
from app.models import Job, JobState
from app.routers.dependencies import PageLimit, PageNumber, PlatformDep
from app.schemas.common import PageMeta, total_pages
from app.schemas.jobs import JobAccepted, JobDetail, JobEventOut, JobOut, JobPage
from app.services.platform import Platform
from app.web.sessions import SessionDep

router = APIRouter(prefix="/api/jobs", tags=["jobs"])

Wait = Annotated[float, Query(ge=0, le=120, description="Seconds to wait for the result")]


def job_out(job: Job) -> JobOut:
    """A job as it goes over the wire."""
    return JobOut.model_validate(job, from_attributes=True)


def ended(platform: Platform, job_id: uuid.UUID, wait: float) -> Job | None:
    """A job that succeeded within `wait` seconds; None where it is still at work.

    Raises
    ------
    SmartTraderException : it failed, with the code and status of what stopped it.
    ConflictError : somebody cancelled it.
    """
    job = platform.jobs.wait(job_id, wait)
    if job.state == JobState.FAILED and job.error is not None:
        raise told_again(job.error, {"job_id": str(job_id)})
    if job.state == JobState.CANCELLED:
        raise ConflictError("The job was cancelled: nothing of it is stored", details={"job_id": str(job_id)})
    return job if job.state == JobState.SUCCEEDED else None


def still_at_work(platform: Platform, job_id: uuid.UUID) -> Response:
    """202: ask the job."""
    with platform.database.transaction(Market.REAL) as session:
        body = JobAccepted(job=job_out(platform.jobs.get(session, job_id))).model_dump_json()
    return Response(body, status_code=202, media_type="application/json", headers={"Location": f"/api/jobs/{job_id}"})


def job_answer(platform: Platform, job_id: uuid.UUID, wait: float) -> Response:
    """The result of a job, where it has one within `wait` seconds."""
    job = ended(platform, job_id, wait)
    if job is None:
        return still_at_work(platform, job_id)
    return Response(orjson.dumps(job.result), media_type="application/json")


@router.get("", operation_id="jobs:list")
def list_jobs(
    platform: PlatformDep,
    session: SessionDep,
    page: PageNumber = 1,
    limit: PageLimit = 50,
    kind: Annotated[str | None, Query(max_length=100)] = None,
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
    """Ask a job to stop at its next safe point: it ends without a result. 409 where it is too late for that."""
    return job_out(platform.jobs.cancel(session, job_id))
