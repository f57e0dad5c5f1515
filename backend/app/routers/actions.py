"""Corporate actions and decisions about them: `/api/data/actions`."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Header, Path, Query, Response

from app.routers.dependencies import PageLimit, PageNumber, PlatformDep
from app.schemas import actions as wire
from app.schemas.common import PageMeta, total_pages
from app.services.actions_view import DecisionRequest
from app.web.sessions import MarketDep, MarketSessionDep

router = APIRouter(prefix="/api/data/actions", tags=["data"])

SymbolFilter = Annotated[str | None, Query(max_length=40, description="A symbol of any time, or an instrument key")]


@router.get("", operation_id="actions:list")
def list_actions(
    platform: PlatformDep,
    session: MarketSessionDep,
    page: PageNumber = 1,
    limit: PageLimit = 50,
    status: wire.ActionStatus | None = None,
    symbol: SymbolFilter = None,
    sort: Literal["session", "symbol", "status", "factor", "ratio"] = "session",
    order: Literal["asc", "desc"] = "desc",
) -> wire.ActionPage:
    """Factors in use, moves in quarantine and dismissed ones, with their evidence."""
    rows, counts = platform.actions.page(
        session, page=page, limit=limit, status=status, symbol=symbol, sort=sort, descending=order == "desc"
    )
    total = sum(counts.values())
    meta = PageMeta(page=page, limit=limit, total=total, total_pages=total_pages(total, limit))
    return wire.ActionPage(data=[wire.ActionOut(**row) for row in rows], meta=meta, statuses=counts)


@router.get("/decisions", operation_id="actions:decisions")
def list_decisions(
    platform: PlatformDep,
    session: MarketSessionDep,
    page: PageNumber = 1,
    limit: PageLimit = 50,
    symbol: SymbolFilter = None,
) -> wire.DecisionPage:
    """Every decision, newest first, undone ones included."""
    rows, total = platform.actions.history(session, page=page, limit=limit, symbol=symbol)
    meta = PageMeta(page=page, limit=limit, total=total, total_pages=total_pages(total, limit))
    return wire.DecisionPage(data=[wire.DecisionOut(**row) for row in rows], meta=meta)


@router.post("/decisions", operation_id="actions:decide", status_code=201)
def decide(
    request: wire.DecisionRequest,
    response: Response,
    platform: PlatformDep,
    market: MarketDep,
    idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
) -> wire.DecisionOut:
    """Accept, correct or dismiss; screens and runs follow at once."""
    asked = DecisionRequest(
        name=request.symbol or request.instrument_key or "",
        session=request.session,
        decision=request.decision,
        factor=request.factor,
        reason=request.reason,
        kind=request.kind,
    )
    made = platform.actions.decide(market, asked, idempotency_key=idempotency_key)
    response.headers["Location"] = f"/api/data/actions/decisions?symbol={made['instrument_key']}"
    return wire.DecisionOut(**made)


@router.post("/decisions/{decision_id}/undo", operation_id="actions:undo")
def undo(
    decision_id: Annotated[int, Path(ge=1, le=2**31 - 1)], platform: PlatformDep, market: MarketDep
) -> wire.DecisionOut:
    """Take a decision back; it stays in the history."""
    return wire.DecisionOut(**platform.actions.undo(market, decision_id))


@router.get("/stocks/{symbol}", operation_id="actions:stock")
def of_stock(symbol: str, platform: PlatformDep, session: MarketSessionDep) -> wire.StockActions:
    """All that is known of one stock's actions through every name it had, with the lines of the sources."""
    return wire.StockActions(**platform.actions.of_stock(session, symbol))
