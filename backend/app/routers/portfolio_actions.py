"""Corporate actions of a portfolio's shares: `/api/portfolio/stocks/{id}/actions`."""

from __future__ import annotations

from fastapi import APIRouter

from app.routers.dependencies import PlatformDep
from app.routers.portfolios import Id
from app.schemas.portfolio_actions import (
    ActionsOut,
    AppliedOut,
    ApplyRequest,
    DismissRequest,
    UndoRequest,
    VersionOut,
)
from app.web.sessions import MarketDep, MarketSessionDep

router = APIRouter(prefix="/api/portfolio/stocks/{portfolio_id}/actions", tags=["portfolios"])


@router.get("", operation_id="portfolio_actions:waiting")
def waiting(portfolio_id: Id, platform: PlatformDep, market: MarketDep, session: MarketSessionDep) -> ActionsOut:
    """Splits, bonuses, dividends, rights and demergers the ledger lacks, and what each would change."""
    return ActionsOut(**platform.portfolio_actions.waiting(market, session, portfolio_id))


@router.post("/apply", operation_id="portfolio_actions:apply")
def apply(
    portfolio_id: Id, request: ApplyRequest, platform: PlatformDep, market: MarketDep, session: MarketSessionDep
) -> AppliedOut:
    """Enter actions into the ledger, all or none; without a list, all that need no answer."""
    asked = None if request.actions is None else [one.model_dump() for one in request.actions]
    ids = platform.portfolio_actions.apply(market, session, portfolio_id, asked, request.version)
    return AppliedOut(transaction_ids=ids, version=platform.portfolios.found(session, portfolio_id).version)


@router.post("/undo", operation_id="portfolio_actions:undo")
def undo(
    portfolio_id: Id, request: UndoRequest, platform: PlatformDep, market: MarketDep, session: MarketSessionDep
) -> VersionOut:
    """Take applied actions out of the ledger: they wait again."""
    platform.portfolio_actions.undo(market, session, portfolio_id, request.transaction_ids, request.version)
    return VersionOut(version=platform.portfolios.found(session, portfolio_id).version)


@router.post("/dismiss", operation_id="portfolio_actions:dismiss")
def dismiss(portfolio_id: Id, request: DismissRequest, platform: PlatformDep, session: MarketSessionDep) -> VersionOut:
    """Say that actions do not concern the portfolio, or that they do after all."""
    version = platform.portfolio_actions.dismiss(session, portfolio_id, request.ids, request.dismissed, request.version)
    return VersionOut(version=version)
