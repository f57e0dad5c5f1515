"""The screener: `/api/screener`."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Query, Request, Response

from app.exceptions import ValidationError
from app.routers.dependencies import PageLimit, PageNumber, PlatformDep, get_platform
from app.routers.jobs import job_answer
from app.schemas.common import total_pages
from app.schemas.jobs import JobAccepted
from app.schemas.screener import (
    CheckedExpression,
    ExpressionFault,
    FieldCard,
    FieldList,
    FunctionCard,
    FunctionList,
    IndexListOut,
    IndexOut,
    PresetCard,
    PresetList,
    ScreenerPage,
    ScreenHistory,
)
from app.schemas.screens import LONGEST, InstrumentType
from app.services.screens import cards
from app.services.screens.history import HistoryQuestion
from app.services.screens.past import past
from app.services.screens.service import ALL
from app.web.market_mark import STATE
from app.web.remembered import Remembered
from app.web.sessions import MarketDep, MarketSessionDep

router = APIRouter(prefix="/api/screener", tags=["screener"])

DEFAULT_INDEX = "NIFTY50"


def _page(request: Request, values: dict[str, Any]) -> Response:
    """The answer to a list of stocks: what was read of the database while its state held is not read again."""
    platform = get_platform(request)
    shown = platform.states.shown()
    market = platform.active_market() if shown is None else shown.market
    setattr(request.state, STATE, market)
    past(values["asof"])
    with platform.database.session(market) as session:  # most often nothing is read, so that no transaction begins
        answer = platform.screener.page(market, session, state=None if shown is None else shown.state, **values)
    meta = {
        "page": values["page"],
        "limit": values["limit"],
        "total": answer.total,
        "total_pages": total_pages(answer.total, values["limit"]),
        "applied_filter": values["filter_type"],
        "asof": answer.asof,
        "point_in_time": answer.point_in_time,
        "point_in_time_note": answer.note,
        "snapshot": answer.snapshot,
        "adjustments": answer.adjustments,
        "universe": answer.universe,
        "milliseconds": answer.milliseconds,
        "sectors": answer.sectors,
        "indices": answer.indices,
        "quarantined": answer.quarantined,
        "expression": answer.expression,
        "digest": answer.digest,
        "unknown": answer.unknown,
        "columns": answer.columns,
    }
    body = orjson.dumps({"data": answer.picked.encoded(), "meta": meta})
    return Response(body, media_type="application/json")


_REMEMBERED = Remembered("q", LONGEST, _page)


def list_stocks(
    request: Request,
    market: MarketDep,  # of an answer to wrong parameters, too
    page: PageNumber = 1,
    limit: PageLimit = 50,
    sort_by: Annotated[str, Query(max_length=500, description="A field, or a number as an expression")] = "symbol",
    sort_order: Literal["asc", "desc"] = "asc",
    symbol: Annotated[str | None, Query(max_length=40, description="Prefix of the symbol")] = None,
    sector: Annotated[str | None, Query(max_length=100)] = None,
    index: Annotated[str, Query(max_length=60, description="An index, or ALL")] = ALL,
    instrument_type: InstrumentType = "EQUITY",
    filter_type: Annotated[str, Query(max_length=40, description="A preset, see /presets, or ALL")] = ALL,
    view: Literal["technical", "financial"] = "technical",
    q: Annotated[str | None, Query(max_length=LONGEST, description="A condition in the language of screens")] = None,
    columns: Annotated[str | None, Query(max_length=LONGEST, description="Fields or expressions, by commas")] = None,
    asof: date | None = None,
    spark: Annotated[int, Query(ge=0, le=252, description="Closes of each stock to answer with it")] = 0,
    facets: Annotated[bool, Query(description="Whether to count what matches by index")] = False,
) -> Response:
    """Stocks of a session with their fields, filtered, sorted over the whole set and paged."""
    values = {
        "page": page,
        "limit": limit,
        "sort_by": sort_by,
        "sort_order": sort_order,
        "symbol": symbol,
        "sector": sector,
        "index": index,
        "instrument_type": instrument_type,
        "filter_type": filter_type,
        "financial": view == "financial",
        "q": q,
        "columns": columns,
        "asof": asof,
        "spark": spark,
        "facets": facets,
    }
    _REMEMBERED.keep(request, values)
    return _page(request, values)


for _path, _shown in (("/", True), ("", False)):
    router.add_api_route(
        _path,
        list_stocks,
        methods=["GET"],
        operation_id="screener:list",
        response_model=ScreenerPage,
        include_in_schema=_shown,
        route_class_override=_REMEMBERED.route_class(),
    )


@router.get("/indices", operation_id="screener:indices")
def list_indices(
    platform: PlatformDep, market: MarketDep, session: MarketSessionDep, asof: date | None = None
) -> IndexListOut:
    """Indices with known members on a date, the latest session by default."""
    rows, day = platform.screener.indices(market, session, past(asof))
    indices = [IndexOut(**row) for row in rows]
    default = DEFAULT_INDEX if any(index.id == DEFAULT_INDEX for index in indices) else ALL
    return IndexListOut(indices=indices, default=default if default != ALL or not indices else indices[0].id, asof=day)


@router.get("/fields", operation_id="screener:fields")
def list_fields(platform: PlatformDep, market: MarketDep, session: MarketSessionDep) -> FieldList:
    """A card for every field: unit, formula, source, window, and the history there is of it."""
    return FieldList(fields=[FieldCard(**card) for card in platform.screener.field_cards(market, session)])


@router.get(
    "/history",
    operation_id="screener:history",
    response_model=ScreenHistory,
    responses={202: {"model": JobAccepted, "description": "Still running after `wait` seconds: ask the job"}},
)
def screen_history(
    platform: PlatformDep,
    market: MarketDep,
    q: Annotated[str, Query(max_length=LONGEST, description="A condition in the language of screens")],
    index: Annotated[str, Query(max_length=60, description="An index, or ALL")] = ALL,
    instrument_type: InstrumentType = "EQUITY",
    start: date | None = None,
    end: date | None = None,
    seed: Annotated[int, Query(ge=0, le=2**32 - 1, description="Of the draws behind the intervals")] = 0,
    wait: Annotated[float, Query(ge=0, le=120, description="Seconds to wait for a history that is a job")] = 30,
) -> Response:
    """A screen through time: matches by day, who came and went, and what their prices did next against the universe."""
    question = HistoryQuestion(q, index, instrument_type, past(start, "start"), past(end, "end"), seed)
    with platform.database.transaction(market) as session:
        long = platform.histories.too_much(market, session, question)
    if not long:
        return Response(orjson.dumps(platform.histories.answer(market, question)), media_type="application/json")
    days = {"start": start and start.isoformat(), "end": end and end.isoformat()}
    job = platform.jobs.submit("screen_history", market, {**asdict(question), **days})
    return job_answer(platform, job.id, wait)


@router.get("/functions", operation_id="screener:functions")
def list_functions() -> FunctionList:
    """Every function of the language, for completion."""
    return FunctionList(functions=[FunctionCard(**card) for card in cards.function_cards()])


@router.get("/check", operation_id="screener:check")
def check_expression(
    platform: PlatformDep,
    market: MarketDep,
    session: MarketSessionDep,
    q: Annotated[str, Query(max_length=LONGEST, description="What may be a condition in the language of screens")],
) -> CheckedExpression:
    """Whether a text is a condition, for an editor: what is wrong with it is an answer here, not a refusal."""
    try:
        found = platform.screener.screens.compiled(market, session, q)
    except ValidationError as error:
        told = {name: value for name, value in (error.details or {}).items() if name != "field"}
        return CheckedExpression(expression=None, digest=None, error=ExpressionFault(message=error.message, **told))
    return CheckedExpression(expression=found.text, digest=found.digest, error=None)


@router.get("/presets", operation_id="screener:presets")
def list_presets() -> PresetList:
    """The screens that come with the product, each with its expression."""
    return PresetList(presets=[PresetCard(**card) for card in cards.preset_cards()])
