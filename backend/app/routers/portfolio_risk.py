"""The risk of portfolios of stocks: `/api/portfolio/stocks/{id}/analyze` and what goes with it."""

from __future__ import annotations

from typing import Annotated

import orjson
from fastapi import APIRouter, Path, Response

from app.routers.dependencies import PlatformDep
from app.schemas.portfolio_risk import AnalyzeRequest
from app.web.sessions import MarketDep, MarketSessionDep

router = APIRouter(prefix="/api/portfolio/stocks", tags=["portfolios"])

Id = Annotated[int, Path(ge=1, le=2_147_483_647)]


@router.post("/{portfolio_id}/analyze", operation_id="portfolios:analyze")
def analyze_portfolio(
    portfolio_id: Id,
    platform: PlatformDep,
    market: MarketDep,
    session: MarketSessionDep,
    request: AnalyzeRequest | None = None,
) -> Response:
    """Market risk, how it is spread, accounts, liquidity; ratios are fractions, what is unknown null with a reason."""
    asked = request or AnalyzeRequest()
    found = platform.risk.analyze(
        market, session, portfolio_id, lookback=asked.lookback_days, benchmark=asked.benchmark, asof=asked.asof
    )
    return Response(orjson.dumps(found), media_type="application/json")
