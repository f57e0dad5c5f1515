"""What a portfolio earned: `/api/portfolio/stocks/{id}/performance`."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query

from app.routers.dependencies import PlatformDep
from app.routers.portfolios import Id
from app.schemas.portfolio_performance import PerformanceReport
from app.web.sessions import MarketDep, MarketSessionDep

router = APIRouter(prefix="/api/portfolio/stocks/{portfolio_id}/performance", tags=["portfolios"])


@router.get("", operation_id="portfolio_performance:report")
def report(
    portfolio_id: Id,
    platform: PlatformDep,
    market: MarketDep,
    session: MarketSessionDep,
    start: date | None = None,
    end: date | None = None,
    benchmark: Annotated[str | None, Query(max_length=60, description="An index; NIFTY 50 by default")] = None,
) -> PerformanceReport:
    """Time-weighted and money-weighted return, beside an index, and the gain by month, year, stock and sector."""
    found = platform.performance.report(market, session, portfolio_id, start=start, end=end, benchmark=benchmark)
    return PerformanceReport(**found)
