"""What routers are handed."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query, Request

from app.services.platform import Platform


def get_platform(request: Request) -> Platform:
    """The process's services."""
    platform: Platform = request.app.state.platform
    return platform


PlatformDep = Annotated[Platform, Depends(get_platform)]
PageNumber = Annotated[int, Query(ge=1, le=1_000_000)]
PageLimit = Annotated[int, Query(ge=1, le=500)]
