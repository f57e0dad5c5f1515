"""Walk-forwards: `/api/portfolio/strategies/walk-forwards`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.routers.dependencies import PageLimit, PageNumber, PlatformDep
from app.routers.jobs import Wait, job_answer, job_out
from app.routers.sweeps import search_of
from app.schemas.common import PageMeta, total_pages
from app.schemas.jobs import JobAccepted
from app.schemas.walk_forwards import (
    WalkForwardAccepted,
    WalkForwardOut,
    WalkForwardPage,
    WalkForwardRequest,
    WalkForwardSummary,
    WalkForwardVerified,
)
from app.services.sweeps.walking import WalkForwardQuestion
from app.web.sessions import MarketDep, MarketSessionDep, SessionDep

router = APIRouter(prefix="/api/portfolio/strategies/walk-forwards", tags=["sweeps"])


@router.post(
    "",
    operation_id="walk_forwards:create",
    response_model=WalkForwardAccepted,
    status_code=202,
    responses={200: {"model": WalkForwardAccepted, "description": "The same walk-forward is stored already"}},
)
def create_walk_forward(
    request: WalkForwardRequest, platform: PlatformDep, market: MarketDep, control: SessionDep
) -> Response:
    """Choose parameters on each training window and test them on what came after. The same question is the same id."""
    search = search_of(request, platform, control)
    control.commit()  # whoever works holds no connection
    walks = platform.walk_forwards
    spec = walks.prepare(
        market,
        WalkForwardQuestion(
            search, request.train, request.test, request.metric, request.mode, request.purge, request.embargo
        ),
    )
    job = walks.start(market, spec)
    accepted = WalkForwardAccepted(walk_forward_id=spec.walk_forward_id, job=None if job is None else job_out(job))
    place = {"Location": f"/api/portfolio/strategies/walk-forwards/{spec.walk_forward_id}"}
    status = 200 if job is None else 202
    return Response(accepted.model_dump_json(), status_code=status, media_type="application/json", headers=place)


@router.get("", operation_id="walk_forwards:list")
def list_walk_forwards(
    platform: PlatformDep,
    session: MarketSessionDep,
    page: PageNumber = 1,
    limit: PageLimit = 50,
    strategy_id: Annotated[str | None, Query(max_length=100)] = None,
) -> WalkForwardPage:
    """Stored walk-forwards, newest first."""
    rows, total = platform.walk_forwards.page(session, page=page, limit=limit, strategy_id=strategy_id)
    meta = PageMeta(page=page, limit=limit, total=total, total_pages=total_pages(total, limit))
    return WalkForwardPage(data=[WalkForwardSummary(**row) for row in rows], meta=meta)


@router.get("/{walk_forward_id}", operation_id="walk_forwards:get")
def get_walk_forward(walk_forward_id: str, platform: PlatformDep, session: MarketSessionDep) -> WalkForwardOut:
    """A stored walk-forward."""
    return WalkForwardOut(**platform.walk_forwards.stored(session, walk_forward_id))


@router.post(
    "/{walk_forward_id}/verify",
    operation_id="walk_forwards:verify",
    response_model=WalkForwardVerified,
    responses={202: {"model": JobAccepted, "description": "Still at work after `wait` seconds: ask the job"}},
)
def verify_walk_forward(
    walk_forward_id: str, platform: PlatformDep, market: MarketDep, session: MarketSessionDep, wait: Wait = 30
) -> Response:
    """Work a stored walk-forward out again and compare, as a job whose result is the answer."""
    job = platform.walk_forwards.start_verifying(market, session, walk_forward_id)
    session.commit()  # whoever waits holds no connection: those at work need them
    return job_answer(platform, job.id, wait)
