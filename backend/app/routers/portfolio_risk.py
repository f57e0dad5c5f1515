"""The risk of portfolios of stocks: `/api/portfolio/stocks/{id}/analyze` and what goes with it."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Path, Query, Response

from app.routers.dependencies import PlatformDep
from app.schemas.portfolio_risk import AnalyzeRequest, ImproveRequest, RebalanceRequest, StressRequest
from app.schemas.portfolio_risk_out import AnalysisOut, FactorsOut, ImproveOut, RebalanceOut, StressOut
from app.services.portfolios.held import LONGEST
from app.services.portfolios.risk import Question
from app.web.sessions import MarketDep, MarketSessionDep

router = APIRouter(prefix="/api/portfolio/stocks", tags=["portfolios"])

Id = Annotated[int, Path(ge=1, le=2_147_483_647)]


def _json(found: dict[str, Any]) -> Response:
    return Response(orjson.dumps(found), media_type="application/json")


@router.post("/{portfolio_id}/analyze", operation_id="portfolios:analyze", response_model=AnalysisOut)
def analyze_portfolio(
    portfolio_id: Id,
    platform: PlatformDep,
    market: MarketDep,
    session: MarketSessionDep,
    request: AnalyzeRequest | None = None,
) -> Response:
    """Market risk, how it is spread, accounts, liquidity; ratios are fractions, what is unknown null with a reason."""
    return _json(platform.risk.analyze(market, session, _question(portfolio_id, request or AnalyzeRequest())))


@router.post("/{portfolio_id}/factors", operation_id="portfolios:factors", response_model=FactorsOut)
def factor_exposures(
    portfolio_id: Id,
    platform: PlatformDep,
    market: MarketDep,
    session: MarketSessionDep,
    request: AnalyzeRequest | None = None,
) -> Response:
    """Exposures to market, size, value, momentum and low volatility, with intervals."""
    return _json(platform.risk.factors(market, session, _question(portfolio_id, request or AnalyzeRequest())))


@router.post("/{portfolio_id}/stress", operation_id="portfolios:stress", response_model=StressOut)
def stress_portfolio(
    portfolio_id: Id,
    platform: PlatformDep,
    market: MarketDep,
    session: MarketSessionDep,
    request: StressRequest | None = None,
) -> Response:
    """Past falls lived again, shocks, lower circuits, and a cone of futures drawn from the past in blocks."""
    asked = request or StressRequest()
    found = platform.risk.stress(
        market,
        session,
        _question(portfolio_id, asked),
        shocks=[one.model_dump() for one in asked.shocks],
        circuit=asked.circuit.model_dump(),
        horizon=asked.horizon,
        paths=asked.paths,
        seed=asked.seed,
    )
    return _json(found)


@router.post("/{portfolio_id}/improve", operation_id="portfolios:improve", response_model=ImproveOut)
def improve_portfolio(
    portfolio_id: Id,
    platform: PlatformDep,
    market: MarketDep,
    session: MarketSessionDep,
    request: ImproveRequest | None = None,
) -> Response:
    """Five ways to spread the money over the same shares within limits, beside today's and equal weights."""
    asked = request or ImproveRequest()
    found = platform.risk.improve(
        market,
        session,
        _question(portfolio_id, asked),
        wish=_wish(asked),
        methods=asked.methods,
        estimate_sessions=asked.estimate_sessions,
        every=asked.rebalance_every,
        plan_name=asked.plan,
    )
    return _json(found)


@router.post("/{portfolio_id}/rebalance", operation_id="portfolios:rebalance", response_model=RebalanceOut)
def rebalance_portfolio(
    portfolio_id: Id, request: RebalanceRequest, platform: PlatformDep, market: MarketDep, session: MarketSessionDep
) -> Response:
    """The orders in whole shares, with charges, that bring the portfolio to weights; nothing is entered."""
    found = platform.risk.rebalance(
        market,
        session,
        _question(portfolio_id, request),
        wish=_wish(request),
        method=request.methods[0],
        weights=request.weights,
        estimate_sessions=request.estimate_sessions,
        cash=request.cash,
        plan_name=request.plan,
    )
    return _json(found)


_TYPES = {
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "html": "text/html; charset=utf-8",
}


@router.get("/{portfolio_id}/report", operation_id="portfolios:report", response_class=Response)
def portfolio_report(
    portfolio_id: Id,
    platform: PlatformDep,
    market: MarketDep,
    session: MarketSessionDep,
    format: Literal["pdf", "xlsx", "html"] = "pdf",
    lookback_days: Annotated[int, Query(ge=20, le=LONGEST)] = 252,
    benchmark: Annotated[str | None, Query(min_length=1, max_length=60)] = None,
    asof: date | None = None,
) -> Response:
    """A report to keep: a PDF, a workbook, or one page of HTML for a client, without scripts."""
    name, content = platform.risk.report(
        market, session, Question(portfolio_id, lookback_days, benchmark, asof), format
    )
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=_TYPES[format], headers=headers)


def _question(portfolio_id: int, asked: AnalyzeRequest) -> Question:
    return Question(portfolio_id, asked.lookback_days, asked.benchmark, asked.asof)


def _wish(asked: ImproveRequest) -> dict[str, Any]:
    return {name: getattr(asked, name) for name in ("max_weight", "max_sector", "sector_limits", "turnover", "keep")}
