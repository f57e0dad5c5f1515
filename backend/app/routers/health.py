"""Health: `/api/health` and `/ping`."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from app.database import Market
from app.routers.dependencies import PlatformDep
from app.schemas.health import Health
from app.web.sessions import answers_about

router = APIRouter(tags=["health"])


@router.get("/api/health", operation_id="health:get")
@router.get("/ping", include_in_schema=False)
def health(request: Request, platform: PlatformDep, response: Response) -> Health:
    """Whether the platform works, part by part; 503 when the database is away."""
    answer = Health(**platform.health())
    if answer.market is not None:  # pages that only wait hear of a switch by this
        answers_about(request, Market(answer.market))
    if answer.status == "DOWN":
        response.status_code = 503
    return answer
