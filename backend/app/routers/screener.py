"""The screener: `/api/screener`."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

import orjson
from fastapi import APIRouter, Query, Response

from app.exceptions import ValidationError
from app.routers.dependencies import PageLimit, PageNumber, PlatformDep
from app.schemas.common import total_pages
from app.schemas.screener import FieldCard, FieldList, IndexListOut, IndexOut, ScreenerPage
from app.services.screener import ALL, field_cards
from app.web.sessions import MarketDep, MarketSessionDep

router = APIRouter(prefix="/api/screener", tags=["screener"])

DEFAULT_INDEX = "NIFTY50"


def _not_yet(name: str, what: str) -> ValidationError:
    return ValidationError(f"{what} is not available yet; leave {name} out", name, details={"not_yet": True})


@router.get("/", operation_id="screener:list", response_model=ScreenerPage)
@router.get("", include_in_schema=False, response_model=ScreenerPage)
def list_stocks(
    platform: PlatformDep,
    market: MarketDep,
    session: MarketSessionDep,
    page: PageNumber = 1,
    limit: PageLimit = 50,
    sort_by: Annotated[str, Query(max_length=40)] = "symbol",
    sort_order: Literal["asc", "desc"] = "asc",
    symbol: Annotated[str | None, Query(max_length=40, description="Prefix of the symbol")] = None,
    sector: Annotated[str | None, Query(max_length=100)] = None,
    index: Annotated[str, Query(max_length=60, description="An index, or ALL")] = ALL,
    instrument_type: Literal["EQUITY", "ETF", "SME", "REIT", "INVIT", "ALL"] = "EQUITY",
    filter_type: Annotated[str, Query(max_length=40)] = "ALL",
    view: Literal["technical", "financial"] = "technical",
    q: Annotated[str | None, Query(max_length=4000)] = None,
    columns: Annotated[str | None, Query(max_length=2000)] = None,
    asof: date | None = None,
) -> Response:
    """Stocks of a session with their fields, filtered, sorted over the whole set and paged."""
    if filter_type != "ALL":
        raise _not_yet("filter_type", f"The preset {filter_type}")
    if q is not None:
        raise _not_yet("q", "An expression")
    if columns is not None:
        raise _not_yet("columns", "A choice of columns")
    answer = platform.screener.page(
        market,
        session,
        page=page,
        limit=limit,
        sort_by=sort_by,
        sort_order=sort_order,
        symbol=symbol,
        sector=sector,
        index=index,
        instrument_type=instrument_type,
        asof=asof,
        financial=view == "financial",
    )
    meta = {
        "page": page,
        "limit": limit,
        "total": answer.total,
        "total_pages": total_pages(answer.total, limit),
        "applied_filter": filter_type,
        "asof": answer.asof,
        "point_in_time": answer.point_in_time,
        "point_in_time_note": answer.note,
        "snapshot": answer.snapshot,
        "milliseconds": answer.milliseconds,
        "sectors": answer.sectors,
        "quarantined": answer.quarantined,
    }
    return Response(orjson.dumps({"data": answer.rows, "meta": meta}), media_type="application/json")


@router.get("/indices", operation_id="screener:indices")
def list_indices(
    platform: PlatformDep, market: MarketDep, session: MarketSessionDep, asof: date | None = None
) -> IndexListOut:
    """Indices with known members on a date, the latest session by default."""
    rows, day = platform.screener.indices(market, session, asof)
    indices = [IndexOut(**row) for row in rows]
    default = DEFAULT_INDEX if any(index.id == DEFAULT_INDEX for index in indices) else ALL
    return IndexListOut(indices=indices, default=default if default != ALL or not indices else indices[0].id, asof=day)


@router.get("/fields", operation_id="screener:fields")
def list_fields() -> FieldList:
    """A card for every field: unit, formula, source, window."""
    return FieldList(fields=[FieldCard(**card) for card in field_cards()])
