"""Web push: `/api/push`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from app.routers.dependencies import PlatformDep
from app.routers.jobs import job_out
from app.schemas.jobs import JobAccepted
from app.schemas.push import PushBrowser, PushStatus, PushSubscriptionIn
from app.services.push.service import OFF
from app.web.sessions import SessionDep

router = APIRouter(prefix="/api/push", tags=["push"])

BrowserId = Annotated[int, Path(ge=1, le=2**31 - 1)]


@router.get("", operation_id="push:status")
def push_status(platform: PlatformDep, session: SessionDep) -> PushStatus:
    """Whether push is set up, the public key, and every browser that was turned on."""
    push = platform.push
    return PushStatus(
        enabled=push.enabled,
        reason=None if push.enabled else OFF,
        public_key=push.public_key,
        browsers=[PushBrowser(**one) for one in push.browsers(session)],
    )


@router.post("/subscriptions", operation_id="push:subscribe", status_code=201)
def subscribe(request: PushSubscriptionIn, platform: PlatformDep, session: SessionDep) -> PushBrowser:
    """Tell a browser from now on; doing it again changes nothing but its name and keys. 409 while push is off."""
    keys = request.keys
    return PushBrowser(
        **platform.push.subscribe(session, request.endpoint, keys.p256dh, keys.auth, request.name, request.replaces)
    )


@router.delete("/subscriptions/{browser_id}", operation_id="push:unsubscribe", status_code=204)
def unsubscribe(browser_id: BrowserId, platform: PlatformDep, session: SessionDep) -> None:
    """Tell a browser no more."""
    platform.push.unsubscribe(session, browser_id)


@router.post("/subscriptions/{browser_id}/test", operation_id="push:test", status_code=202)
def send_test(browser_id: BrowserId, platform: PlatformDep, session: SessionDep) -> JobAccepted:
    """Send a test message to a browser; the job's result tells what its push service said."""
    job_id = platform.push.test(session, browser_id)
    return JobAccepted(job=job_out(platform.jobs.get(session, job_id)))
