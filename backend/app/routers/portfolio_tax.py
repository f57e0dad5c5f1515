"""Tax on a portfolio's gains: `/api/portfolio/stocks/{id}/tax`."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from app.routers.dependencies import PlatformDep
from app.routers.portfolios import Id
from app.schemas.portfolio_tax import TaxReport
from app.services.portfolios.tax_files import as_csv, as_pdf
from app.web.sessions import MarketDep, MarketSessionDep

router = APIRouter(prefix="/api/portfolio/stocks/{portfolio_id}/tax", tags=["portfolios"])


@router.get(
    "",
    operation_id="portfolio_tax:report",
    response_model=TaxReport,
    responses={
        200: {
            "content": {
                "text/csv": {"schema": {"type": "string"}},
                "application/pdf": {"schema": {"type": "string", "format": "binary"}},
            }
        }
    },
)
def report(
    portfolio_id: Id,
    platform: PlatformDep,
    market: MarketDep,
    session: MarketSessionDep,
    year: Annotated[str | None, Query(max_length=20, description="2024-25; the current one by default")] = None,
    losses: Annotated[
        list[str],
        Query(max_length=40, description="Unused losses of earlier years or other accounts: SHORT:2021-22:125000"),
    ] = [],  # noqa: B006
    surcharge: Annotated[Decimal, Query(description="Percent of the tax: 10 or 15 on large incomes")] = Decimal(0),
    format: Literal["json", "csv", "pdf"] = "json",
) -> TaxReport | Response:
    """Gains of a financial year, losses set off, the tax estimated, with every line and rule; or as CSV or PDF."""
    found = platform.tax.report(market, session, portfolio_id, year, losses=losses, surcharge=surcharge)
    if format == "json":
        return TaxReport(**found)
    name = f"{market.file_prefix}tax-{portfolio_id}-{found['year']}.{format}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    if format == "pdf":
        content = as_pdf(found, market)
        return Response(content, media_type="application/pdf", headers=headers)
    return Response(as_csv(found, market).encode("utf-8-sig"), media_type="text/csv; charset=utf-8", headers=headers)
