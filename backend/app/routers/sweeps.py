"""Sweeps: `/api/portfolio/strategies/sweeps`."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

import orjson
from fastapi import APIRouter, Query, Response
from sqlalchemy.orm import Session

from app.models import Job
from app.routers.dependencies import PageLimit, PageNumber, PlatformDep
from app.routers.jobs import Wait, job_out
from app.routers.strategies import await_run, question_of
from app.schemas.common import PageMeta, total_pages
from app.schemas.jobs import JobAccepted
from app.schemas.strategies import BacktestOut
from app.schemas.sweeps import (
    HeatMap,
    Landscape,
    MetricName,
    SweepAccepted,
    SweepDoubt,
    SweepOut,
    SweepPage,
    SweepPoint,
    SweepPoints,
    SweepRequest,
    SweepSummary,
)
from app.schemas.walk_forwards import WalkForwardRequest
from app.services.platform import Platform
from app.services.run_tables import MEDIA_TYPES, Format, written
from app.services.sweeps.question import SweepQuestion
from app.services.sweeps.tables import EveryPoint
from app.web.sessions import MarketDep, MarketSessionDep, SessionDep

router = APIRouter(prefix="/api/portfolio/strategies/sweeps", tags=["sweeps"])

Base = Annotated[int, Query(ge=0, description="Number of the universe and period")]


def search_of(request: SweepRequest | WalkForwardRequest, platform: Platform, control: Session) -> SweepQuestion:
    """The search that a request asks for, over the universe and period of its run."""
    return SweepQuestion(
        run=question_of(request.run, platform, control),
        grid={
            name: values if isinstance(values, list) else values.model_dump() for name, values in request.grid.items()
        },
        draws=None if request.random is None else request.random.draws,
        seed=0 if request.random is None else request.random.seed,
    )


@router.post(
    "",
    operation_id="sweeps:create",
    response_model=SweepAccepted,
    status_code=202,
    responses={200: {"model": SweepAccepted, "description": "The same sweep is finished already"}},
)
def create_sweep(request: SweepRequest, platform: PlatformDep, market: MarketDep, control: SessionDep) -> Response:
    """Search over parameters. The same question on the same data is the same sweep, and goes on where it was."""
    question = replace(
        search_of(request, platform, control),
        universes=tuple(found if isinstance(found, str) else tuple(found) for found in request.universes),
        periods=tuple((period.start_date, period.end_date) for period in request.periods),
    )
    control.commit()  # whoever works holds no connection
    return _started(platform, market, *platform.sweeps.ask(market, question))


def _started(platform: PlatformDep, market: MarketDep, sweep_id: str, job: Job | None) -> Response:
    with platform.database.transaction(market) as session:
        sweep = SweepOut(**platform.sweeps.reading.summary(session, sweep_id))
    body = SweepAccepted(sweep=sweep, job=None if job is None else job_out(job)).model_dump_json()
    place = {"Location": f"/api/portfolio/strategies/sweeps/{sweep_id}"}
    return Response(body, status_code=200 if job is None else 202, media_type="application/json", headers=place)


@router.get("", operation_id="sweeps:list")
def list_sweeps(
    platform: PlatformDep,
    market: MarketDep,
    session: MarketSessionDep,
    page: PageNumber = 1,
    limit: PageLimit = 50,
    strategy_id: Annotated[str | None, Query(max_length=100)] = None,
) -> SweepPage:
    """Sweeps, newest first."""
    rows, total = platform.sweeps.reading.page(market, session, page=page, limit=limit, strategy_id=strategy_id)
    meta = PageMeta(page=page, limit=limit, total=total, total_pages=total_pages(total, limit))
    return SweepPage(data=[SweepSummary(**row) for row in rows], meta=meta)


@router.get("/{sweep_id}", operation_id="sweeps:get")
def get_sweep(sweep_id: str, platform: PlatformDep, session: MarketSessionDep) -> SweepOut:
    """A sweep: what was asked, how far it is."""
    return SweepOut(**platform.sweeps.reading.summary(session, sweep_id))


@router.post(
    "/{sweep_id}/resume",
    operation_id="sweeps:resume",
    response_model=SweepAccepted,
    status_code=202,
    responses={200: {"model": SweepAccepted, "description": "It is finished: nothing is left to work out"}},
)
def resume_sweep(sweep_id: str, platform: PlatformDep, market: MarketDep) -> Response:
    """Go on with a sweep that was interrupted; points that are worked out are not worked out again.

    409 where it has failed: its data, its strategy or the engine is another by now, and it has to be asked for again.
    """
    return _started(platform, market, sweep_id, platform.sweeps.start(market, sweep_id))


@router.post("/{sweep_id}/cancel", operation_id="sweeps:cancel", status_code=202, response_class=Response)
def cancel_sweep(sweep_id: str, platform: PlatformDep, market: MarketDep) -> Response:
    """Stop a sweep and take it away. What it tried stays counted in the ledger."""
    platform.sweeps.cancel(market, sweep_id)
    return Response(status_code=202)


@router.get("/{sweep_id}/points", operation_id="sweeps:points", response_model=SweepPoints)
def sweep_points(
    sweep_id: str,
    platform: PlatformDep,
    market: MarketDep,
    session: MarketSessionDep,
    sort_by: Annotated[
        str, Query(max_length=100, description="A measure, a parameter that varies, or number")
    ] = "sharpe",
    sort_order: Literal["asc", "desc"] = "desc",
    base: Annotated[int | None, Query(ge=0)] = None,
    page: PageNumber = 1,
    limit: PageLimit = 50,
) -> SweepPoints:
    """Points that are worked out."""
    rows, total = platform.sweeps.reading.points(
        market, session, sweep_id, sort_by=sort_by, descending=sort_order == "desc", base=base, page=page, limit=limit
    )
    meta = PageMeta(page=page, limit=limit, total=total, total_pages=total_pages(total, limit))
    return SweepPoints(data=[SweepPoint(**row) for row in rows], meta=meta)


@router.get(
    "/{sweep_id}/export",
    operation_id="sweeps:export",
    response_class=Response,
    responses={200: {"content": {kind: {} for kind in MEDIA_TYPES.values()}, "description": "The file"}},
)
def export_points(
    sweep_id: str, platform: PlatformDep, market: MarketDep, session: MarketSessionDep, format: Format = "csv"
) -> Response:
    """Every point that is worked out as a file, in the order of their numbers."""
    points = EveryPoint.of(platform.sweeps.reading.found(market, session, sweep_id), market)
    name = f"{market.file_prefix}sweep-{sweep_id[:10]}.{format}"
    named = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(written(points.table(), format), media_type=MEDIA_TYPES[format], headers=named)


@router.get("/{sweep_id}/heatmap", operation_id="sweeps:heatmap", response_model=HeatMap)
def sweep_heatmap(
    sweep_id: str,
    x: Annotated[str, Query(max_length=100, description="A parameter that varies")],
    y: Annotated[str, Query(max_length=100, description="Another one; the same where only one varies")],
    platform: PlatformDep,
    market: MarketDep,
    session: MarketSessionDep,
    metric: MetricName = "sharpe",
    base: Base = 0,
) -> Response:
    """A measure by two parameters."""
    found = platform.sweeps.reading.heat(market, session, sweep_id, metric=metric, x=x, y=y, base=base)
    return Response(orjson.dumps(found), media_type="application/json")


@router.get("/{sweep_id}/landscape", operation_id="sweeps:landscape")
def sweep_landscape(
    sweep_id: str,
    platform: PlatformDep,
    market: MarketDep,
    session: MarketSessionDep,
    metric: MetricName = "sharpe",
    base: Base = 0,
    point: Annotated[int | None, Query(ge=0, description="The one to place among the others; else the peak")] = None,
) -> Landscape:
    """The distribution of a measure, and the peak against its surroundings."""
    found = platform.sweeps.reading.landscape(market, session, sweep_id, metric=metric, base=base, point=point)
    return Landscape(**found)


@router.get("/{sweep_id}/overfitting", operation_id="sweeps:overfitting")
def sweep_overfitting(sweep_id: str, platform: PlatformDep, market: MarketDep, session: MarketSessionDep) -> SweepDoubt:
    """The doubt about the best points: overfitting, deflated Sharpe, all points against nothing."""
    return SweepDoubt(**platform.sweeps.reading.overfitting(market, session, sweep_id))


@router.post(
    "/{sweep_id}/points/{number}/run",
    operation_id="sweeps:run_point",
    response_model=BacktestOut,
    responses={202: {"model": JobAccepted, "description": "Still running after `wait` seconds: ask the job"}},
)
def run_point(
    sweep_id: str,
    number: int,
    platform: PlatformDep,
    market: MarketDep,
    session: MarketSessionDep,
    wait: Wait = 30,
    today: Annotated[
        bool,
        Query(description="Run it though its data, its strategy or the engine changed since; it is a new trial then"),
    ] = False,
) -> Response:
    """A point as a run of its own, worked out again; it is the trial that was counted already.

    409 where what it was worked out from changed: `details.changed` says what.
    """
    spec = platform.sweeps.point_spec(market, session, sweep_id, number, today=today)
    return await_run(platform, market, session, spec, wait)
