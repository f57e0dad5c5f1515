"""Tax on a portfolio's gains: `/api/portfolio/stocks/{id}/tax`."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from app.routers.dependencies import PlatformDep
from app.routers.portfolios import Id
from app.schemas.portfolio_tax import TaxReport
from app.services.portfolios.tax import as_csv
from app.web.sessions import MarketDep, MarketSessionDep

router = APIRouter(prefix="/api/portfolio/stocks/{portfolio_id}/tax", tags=["portfolios"])


@router.get(
    "",
    operation_id="portfolio_tax:report",
    response_model=TaxReport,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
def report(
    portfolio_id: Id,
    platform: PlatformDep,
    market: MarketDep,
    session: MarketSessionDep,
    year: Annotated[str | None, Query(max_length=20, description="2024-25; the current one by default")] = None,
    format: Literal["json", "csv"] = "json",
) -> TaxReport | Response:
    """Gains of a financial year, losses set off, the tax estimated, with every line and rule; or the lines as CSV."""
    found = platform.tax.report(market, session, portfolio_id, year)
    if format == "json":
        return TaxReport(**found)
    name = f"{market.file_prefix}tax-{portfolio_id}-{found['year']}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(as_csv(found, market).encode("utf-8-sig"), media_type="text/csv; charset=utf-8", headers=headers)
