"""Downloads from the exchange's archives: `/api/data/sync`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Header, Response

from app.database import Market
from app.routers.dependencies import PlatformDep
from app.routers.jobs import job_out
from app.schemas.jobs import JobAccepted
from app.schemas.sync import SyncRequest, SyncState, SyncSwitch

router = APIRouter(prefix="/api/data/sync", tags=["data"])

IdempotencyKey = Annotated[str | None, Header(max_length=200)]


@router.get("", operation_id="sync:state")
def state(platform: PlatformDep) -> SyncState:
    """Whether downloads are on, how far they are, and what is in the way."""
    return SyncState(**platform.sync.state())


@router.put("", operation_id="sync:switch")
def switch(choice: SyncSwitch, platform: PlatformDep) -> SyncState:
    """Switch downloads on or off; read `terms` first."""
    platform.sync.enable(choice.enabled)
    return SyncState(**platform.sync.state())


@router.post("", operation_id="sync:run", status_code=202)
def run(
    asked: SyncRequest, response: Response, platform: PlatformDep, idempotency_key: IdempotencyKey = None
) -> JobAccepted:
    """Fetch what is missing and import it, as a job."""
    platform.sync.check(asked.start, asked.end, datetime.now(UTC))
    arguments = {name: day.isoformat() for name, day in (("from", asked.start), ("to", asked.end)) if day is not None}
    job = platform.jobs.submit("sync", Market.REAL, arguments, idempotency_key=idempotency_key)
    response.headers["Location"] = f"/api/jobs/{job.id}"
    return JobAccepted(job=job_out(job))
