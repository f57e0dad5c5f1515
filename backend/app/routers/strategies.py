"""Strategies and their backtests: `/api/portfolio/strategies`."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Header, Path, Query, Response
from fastapi.responses import HTMLResponse
from sqlalchemy.orm import Session

from app.database import Market
from app.engines.backtest import CostSpec, RunSpec
from app.routers.dependencies import PageLimit, PageNumber, PlatformDep
from app.routers.jobs import Wait, ended, job_answer, still_at_work
from app.schemas.common import PageMeta, total_pages
from app.schemas.comparisons import ComparisonOut
from app.schemas.jobs import JobAccepted
from app.schemas.run_analysis import RunAnalysisOut
from app.schemas.strategies import (
    BacktestOut,
    BacktestRequest,
    FlatCosts,
    LibraryEntry,
    OwnCosts,
    RunHead,
    RunPage,
    RunSummary,
    RunTables,
    SignificanceOut,
    StrategyChange,
    StrategyLoadError,
    StrategyOut,
    StrategyVersionOut,
    TradeFill,
    VerifyOut,
)
from app.services.backtests.question import BacktestQuestion
from app.services.backtests.trade_fills import fills_of
from app.services.platform import Platform
from app.services.run_tables import MEDIA_TYPES, Format, TableName, file_name, run_table, written
from app.services.user_strategies.catalogue import runs_own
from app.web.sessions import MarketDep, MarketSessionDep, SessionDep

router = APIRouter(prefix="/api/portfolio/strategies", tags=["strategies"])

COLUMNS = "application/vnd.smarttrader.columns+json"


def _answer(platform: Platform, session: Session, run_id: str, accept: str | None) -> Response:
    columns = _in_columns(accept)
    return _encoded(platform.runs.stored(session, run_id, columns=columns), columns)


def _in_columns(accept: str | None) -> bool:
    return accept is not None and COLUMNS in accept


def _encoded(answer: dict[str, Any], columns: bool) -> Response:
    return Response(orjson.dumps(answer), media_type=COLUMNS if columns else "application/json")


@router.get("/available", operation_id="strategies:available")
def available(platform: PlatformDep, session: MarketSessionDep) -> list[StrategyOut]:
    """The strategies one can run."""
    return [StrategyOut(**row) for row in platform.backtests.available(session)]


@router.get("/library", operation_id="strategies:library")
def library(platform: PlatformDep, session: MarketSessionDep) -> list[LibraryEntry]:
    """Every strategy there is or was: its versions, runs and trials, its typical and its best run."""
    return [LibraryEntry(**row) for row in platform.library.listed(session)]


@router.get("/load-errors", operation_id="strategies:load_errors")
def load_errors(platform: PlatformDep) -> list[StrategyLoadError]:
    """Files of the strategies folder that give no strategy, and why."""
    return [StrategyLoadError(**error) for error in platform.backtests.load_errors()]


@router.post(
    "/backtest",
    operation_id="strategies:backtest",
    response_model=BacktestOut,
    responses={202: {"model": JobAccepted, "description": "Still running after `wait` seconds: ask the job"}},
)
def backtest(
    request: BacktestRequest,
    platform: PlatformDep,
    market: MarketDep,
    control: SessionDep,
    session: MarketSessionDep,
    wait: Wait = 30,
    accept: Annotated[str | None, Header()] = None,
    idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
) -> Response:
    """Run strategies on a universe. The same question on the same data is the same run, and answers the same bytes."""
    spec = platform.backtests.prepare(market, session, question_of(request, platform, control))
    if platform.runs.exists(session, spec.run_id):
        if idempotency_key is not None:
            platform.jobs.answered("backtest", market, {"spec": spec.to_dict()}, idempotency_key)
        return _answer(platform, session, spec.run_id, accept)
    if control is not session:  # of the real market they are one, and it is read once more
        control.commit()  # whoever waits holds no connection: those at work need them
    return await_run(platform, market, session, spec, wait, accept=accept, idempotency_key=idempotency_key)


def question_of(request: BacktestRequest, platform: Platform, control: Session) -> BacktestQuestion:
    """What a request asks for."""
    return BacktestQuestion(
        strategy_ids=tuple(request.strategy_ids),
        params=request.params,
        universe=request.universe if isinstance(request.universe, str) else tuple(request.universe),
        start=request.start_date,
        end=request.end_date,
        timeframe=request.timeframe,
        initial_capital=request.initial_capital,
        sizing=request.sizing,
        sizing_value=request.sizing_value,
        max_positions=request.max_positions,
        allocations=request.allocations,
        product=request.product,
        costs=_costs(request.costs),
        slippage_bps=request.slippage_bps,
        impact_bps=request.impact_bps,
        volume_cap=request.volume_cap,
        unfilled=request.unfilled,
        settle_next_session=request.settle_next_session,
        fill_at=request.fill_at,
        market=request.market,
        policy=None if request.policy_id is None else platform.policies.terms(control, request.policy_id),
        benchmark=request.benchmark,
        cash_rates=tuple((rate.start, rate.percent) for rate in request.cash_rates),
        seed=request.seed,
        asof_members=request.asof_members,
        strict_actions=request.strict_actions,
    )


def _costs(asked: FlatCosts | OwnCosts | str) -> CostSpec:
    if isinstance(asked, str):
        return CostSpec(asked)
    if isinstance(asked, FlatCosts):
        return CostSpec("bps", asked.bps)
    return CostSpec(**asked.model_dump())


def await_run(
    platform: Platform,
    market: Market,
    session: Session,
    spec: RunSpec,
    wait: float,
    *,
    accept: str | None = None,
    idempotency_key: str | None = None,
) -> Response:
    """The stored run of a spec, or what came of a job for it within `wait` seconds."""
    if platform.runs.exists(session, spec.run_id):
        return _answer(platform, session, spec.run_id, accept)
    own = runs_own(book.strategy_id for book in spec.books)
    submitted = platform.jobs.submit(
        "backtest", market, {"spec": spec.to_dict()}, idempotency_key=idempotency_key, own=own
    )
    session.commit()
    job_id, run_id = submitted.id, spec.run_id
    if ended(platform, job_id, wait) is None:
        return still_at_work(platform, job_id)
    with platform.database.transaction(market) as session:
        return _answer(platform, session, run_id, accept)


@router.get("/runs", operation_id="runs:list")
def list_runs(
    platform: PlatformDep,
    session: MarketSessionDep,
    page: PageNumber = 1,
    limit: PageLimit = 50,
    strategy_id: Annotated[str | None, Query(max_length=100)] = None,
) -> RunPage:
    """Stored runs, newest first."""
    rows, total = platform.runs.page(session, page=page, limit=limit, strategy_id=strategy_id)
    meta = PageMeta(page=page, limit=limit, total=total, total_pages=total_pages(total, limit))
    return RunPage(data=[RunSummary(**row) for row in rows], meta=meta)


@router.get("/runs/compare", operation_id="runs:compare", response_model=ComparisonOut)
def compare_runs(
    platform: PlatformDep,
    session: MarketSessionDep,
    run: Annotated[list[str], Query(description="Ids of two to six runs; the others are held against the first")],
    seed: Annotated[int, Query(ge=0, le=2**32 - 1, description="Of the draws behind the intervals")] = 0,
) -> Response:
    """Two to six stored runs side by side: inputs that differ, figures with intervals, curves on the same sessions."""
    return Response(orjson.dumps(platform.comparisons.compare(session, run, seed)), media_type="application/json")


@router.get("/runs/{run_id}", operation_id="runs:get", response_model=BacktestOut)
def get_run(
    run_id: str, platform: PlatformDep, session: MarketSessionDep, accept: Annotated[str | None, Header()] = None
) -> Response:
    """A stored run, as it was when it was computed."""
    return _answer(platform, session, run_id, accept)


@router.get("/runs/{run_id}/head", operation_id="runs:head", response_model=RunHead)
def run_head(
    run_id: str, platform: PlatformDep, session: MarketSessionDep, accept: Annotated[str | None, Header()] = None
) -> Response:
    """A stored run without its long tables, which `tables` has: together they are the run."""
    columns = _in_columns(accept)
    return _encoded(platform.runs.head(session, run_id, columns=columns), columns)


@router.get(
    "/runs/{run_id}/tables",
    operation_id="runs:tables",
    response_model=RunTables,
    responses={304: {"description": "As it was when it was answered with the tag of If-None-Match"}},
)
def run_tables(
    run_id: str,
    platform: PlatformDep,
    session: MarketSessionDep,
    accept: Annotated[str | None, Header()] = None,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """The trades, refusals and decisions of a stored run, which never change."""
    columns = _in_columns(accept)
    tag = f'"{platform.runs.tag(session, run_id)}{"-columns" if columns else ""}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Accept"}
    if if_none_match == tag:
        return Response(status_code=304, headers=headers)
    answer = _encoded(platform.runs.tables(session, run_id, columns=columns), columns)
    answer.headers.update(headers)
    return answer


@router.get("/runs/{run_id}/trades/{number}/fills", operation_id="runs:trade_fills")
def run_trade_fills(
    run_id: str, number: Annotated[int, Path(ge=0)], platform: PlatformDep, session: MarketSessionDep
) -> list[TradeFill]:
    """The fills of one trade of a stored run, counted from 0 as they stand in it, with what each was charged."""
    result, _ = platform.runs.result(session, run_id)
    return [TradeFill(**fill) for fill in fills_of(result, number)]


@router.get("/runs/{run_id}/analysis", operation_id="runs:analysis", response_model=RunAnalysisOut)
def run_analysis(run_id: str, platform: PlatformDep, session: MarketSessionDep) -> Response:
    """A stored run taken apart: months, falls, rolling figures, distributions, intervals and a cone."""
    return Response(orjson.dumps(platform.analysis.of(session, run_id)), media_type="application/json")


@router.get(
    "/runs/{run_id}/export",
    operation_id="runs:export",
    response_class=Response,
    responses={200: {"content": {kind: {} for kind in MEDIA_TYPES.values()}, "description": "The file"}},
)
def export_run(
    run_id: str,
    platform: PlatformDep,
    market: MarketDep,
    session: MarketSessionDep,
    table: TableName = "trades",
    format: Format = "csv",
) -> Response:
    """One table of a stored run as a file; columns carry their unit."""
    result, digest = platform.runs.result(session, run_id)
    named = {"Content-Disposition": f'attachment; filename="{file_name(run_id, table, format, market)}"'}
    content = written(run_table(result, digest, table, market), format)
    return Response(content, media_type=MEDIA_TYPES[format], headers=named)


@router.get(
    "/runs/{run_id}/report",
    operation_id="runs:report",
    response_class=Response,
    responses={200: {"content": {"text/html": {}}, "description": "The page"}},
)
def report_run(run_id: str, platform: PlatformDep, market: MarketDep, session: MarketSessionDep) -> HTMLResponse:
    """A stored run as one page of HTML that opens without a server."""
    page = platform.reports.page(market, session, run_id)
    return HTMLResponse(
        page, headers={"Content-Disposition": f'attachment; filename="{market.file_prefix}run-{run_id[:10]}.html"'}
    )


@router.get("/runs/{run_id}/significance", operation_id="runs:significance")
def run_significance(run_id: str, platform: PlatformDep, session: MarketSessionDep) -> SignificanceOut:
    """How much of a run's Sharpe could be chance, or the search for it."""
    return SignificanceOut(**platform.runs.significance(session, run_id))


@router.post(
    "/runs/{run_id}/verify",
    operation_id="runs:verify",
    response_model=VerifyOut,
    responses={202: {"model": JobAccepted, "description": "Still at work after `wait` seconds: ask the job"}},
)
def verify_run(
    run_id: str, platform: PlatformDep, market: MarketDep, session: MarketSessionDep, wait: Wait = 30
) -> Response:
    """Compute a stored run again and compare, as a job whose result is the answer."""
    own = runs_own(platform.runs.strategy_ids(session, run_id))
    job = platform.jobs.submit("verify_run", market, {"run_id": run_id}, own=own, once="run_id")
    session.commit()  # whoever waits holds no connection: those at work need them
    return job_answer(platform, job.id, wait)


@router.get("/{strategy_id}/versions", operation_id="strategies:versions")
def strategy_versions(strategy_id: str, platform: PlatformDep, session: MarketSessionDep) -> list[StrategyVersionOut]:
    """Every version of a strategy, newest first, with its source."""
    return [StrategyVersionOut(**row) for row in platform.library.versions(session, strategy_id)]


@router.patch("/{strategy_id}", operation_id="strategies:change")
def change_strategy(
    strategy_id: str, change: StrategyChange, platform: PlatformDep, session: MarketSessionDep
) -> StrategyOut:
    """Change what is written about a strategy."""
    platform.library.write(session, strategy_id, change.model_dump(exclude_unset=True))
    return StrategyOut(**next(r for r in platform.backtests.available(session) if r["strategy_id"] == strategy_id))
