"""Portfolios of stocks: `/api/portfolio/stocks`."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response

from app.routers.dependencies import PageLimit, PageNumber, PlatformDep
from app.schemas.common import PageMeta, total_pages
from app.schemas.portfolios import (
    ClientRow,
    CombinedOut,
    DeletedRow,
    DuplicateRequest,
    KindName,
    MergedOut,
    MergeRequest,
    PortfolioCreate,
    PortfolioEdit,
    PortfolioOut,
    PortfolioPage,
    PortfolioRow,
    TransactionChanged,
    TransactionEdit,
    TransactionIn,
    TransactionOut,
    TransactionPage,
    TransactionsOut,
    TransactionsRequest,
)
from app.services.portfolios.transactions import parse_ratio
from app.web.sessions import MarketDep, MarketSessionDep

router = APIRouter(prefix="/api/portfolio/stocks", tags=["portfolios"])

Id = Annotated[int, Path(ge=1, le=2_147_483_647)]
VersionQuery = Annotated[int | None, Query(ge=1, description="The version that was read; another one now answers 409")]


@router.get("", operation_id="portfolios:list")
def list_portfolios(
    platform: PlatformDep,
    market: MarketDep,
    session: MarketSessionDep,
    page: PageNumber = 1,
    limit: PageLimit = 50,
    sort_by: Literal[
        "name",
        "created_at",
        "updated_at",
        "num_positions",
        "invested",
        "market_value",
        "day_change",
        "day_change_pct",
        "unrealised_pnl",
    ] = "created_at",
    sort_order: Literal["asc", "desc"] = "desc",
    search: Annotated[str | None, Query(max_length=200, description="In name, description and client")] = None,
    client: Annotated[str | None, Query(max_length=200)] = None,
    spark: Annotated[int, Query(ge=0, le=252, description="Sessions of a line of what is held now")] = 0,
) -> PortfolioPage:
    """Portfolios with their values at the last prices."""
    rows, total = platform.portfolios.page(
        market,
        session,
        page=page,
        limit=limit,
        sort_by=sort_by,
        descending=sort_order == "desc",
        search=search,
        client=client,
        spark=spark,
    )
    meta = PageMeta(page=page, limit=limit, total=total, total_pages=total_pages(total, limit))
    return PortfolioPage(data=[PortfolioRow(**row) for row in rows], meta=meta)


@router.post("", operation_id="portfolios:create", status_code=201)
def create_portfolio(
    request: PortfolioCreate, response: Response, platform: PlatformDep, market: MarketDep, session: MarketSessionDep
) -> PortfolioOut:
    """A new portfolio; its positions open the ledger, and are there from `entry_date`, else from today on."""
    positions = [one.model_dump() for one in request.positions]
    created = platform.portfolios.create(market, session, request.name, request.description, request.client, positions)
    response.headers["Location"] = f"/api/portfolio/stocks/{created['id']}"
    return PortfolioOut(**created)


@router.get("/deleted", operation_id="portfolios:deleted")
def deleted_portfolios(platform: PlatformDep, session: MarketSessionDep) -> list[DeletedRow]:
    """What can be restored, latest first."""
    return [DeletedRow(**row) for row in platform.portfolios.deleted(session)]


@router.get("/clients", operation_id="portfolios:clients")
def clients(platform: PlatformDep, market: MarketDep, session: MarketSessionDep) -> list[ClientRow]:
    """Whose portfolios there are, with what they are worth together."""
    return [ClientRow(**row) for row in platform.portfolios.clients(market, session)]


@router.get("/combined", operation_id="portfolios:combined")
def combined(
    platform: PlatformDep,
    market: MarketDep,
    session: MarketSessionDep,
    client: Annotated[str | None, Query(min_length=1, max_length=200, description="Whose; all by default")] = None,
) -> CombinedOut:
    """What all portfolios, or those of a client, hold together: share by share, with who holds how many."""
    return CombinedOut(**platform.portfolios.combined(market, session, client))


@router.get("/{portfolio_id}", operation_id="portfolios:get")
def get_portfolio(
    portfolio_id: Id, platform: PlatformDep, market: MarketDep, session: MarketSessionDep, asof: date | None = None
) -> PortfolioOut:
    """A portfolio and its positions, now or at the end of a day."""
    return PortfolioOut(**platform.portfolios.get(market, session, portfolio_id, asof))


@router.patch("/{portfolio_id}", operation_id="portfolios:edit")
def edit_portfolio(
    portfolio_id: Id, request: PortfolioEdit, platform: PlatformDep, market: MarketDep, session: MarketSessionDep
) -> PortfolioOut:
    """Rename, describe, or give to a client."""
    changes = request.model_dump(exclude_unset=True, exclude={"version"})
    return PortfolioOut(**platform.portfolios.edit(market, session, portfolio_id, request.version, changes))


@router.delete("/{portfolio_id}", operation_id="portfolios:delete", status_code=204)
def delete_portfolio(
    portfolio_id: Id,
    platform: PlatformDep,
    session: MarketSessionDep,
    permanent: bool = False,
    version: VersionQuery = None,
) -> None:
    """Take a portfolio away: for 30 days it can be restored, unless `permanent`."""
    platform.portfolios.delete(session, portfolio_id, permanent=permanent, version=version)


@router.post("/{portfolio_id}/restore", operation_id="portfolios:restore")
def restore_portfolio(
    portfolio_id: Id, platform: PlatformDep, market: MarketDep, session: MarketSessionDep
) -> PortfolioOut:
    """Bring back what was deleted in the last 30 days."""
    return PortfolioOut(**platform.portfolios.restore(market, session, portfolio_id))


@router.post("/{portfolio_id}/duplicate", operation_id="portfolios:duplicate", status_code=201)
def duplicate_portfolio(
    portfolio_id: Id,
    request: DuplicateRequest,
    response: Response,
    platform: PlatformDep,
    market: MarketDep,
    session: MarketSessionDep,
) -> PortfolioOut:
    """A second portfolio with the same ledger."""
    created = platform.portfolios.duplicate(market, session, portfolio_id, request.name)
    response.headers["Location"] = f"/api/portfolio/stocks/{created['id']}"
    return PortfolioOut(**created)


@router.post("/{portfolio_id}/merge", operation_id="portfolios:merge")
def merge_portfolios(
    portfolio_id: Id, request: MergeRequest, platform: PlatformDep, market: MarketDep, session: MarketSessionDep
) -> MergedOut:
    """Bring the ledgers of other portfolios into this one; the others are deleted and can be restored."""
    merged = platform.portfolios.merge(market, session, portfolio_id, request.portfolio_ids, request.version)
    return MergedOut(**merged)


@router.delete("/{portfolio_id}/positions/{symbol}", operation_id="portfolios:remove_position", status_code=204)
def remove_position(
    portfolio_id: Id,
    symbol: str,
    platform: PlatformDep,
    market: MarketDep,
    session: MarketSessionDep,
    version: VersionQuery = None,
) -> None:
    """Take a share out of the portfolio with all its transactions, as if it had never been in it."""
    platform.transactions.remove_share(market, session, portfolio_id, symbol, version)


@router.get("/{portfolio_id}/transactions", operation_id="portfolios:transactions")
def list_transactions(
    portfolio_id: Id,
    platform: PlatformDep,
    market: MarketDep,
    session: MarketSessionDep,
    page: PageNumber = 1,
    limit: PageLimit = 100,
    symbol: Annotated[str | None, Query(max_length=60, description="Any the share ever had")] = None,
    kind: KindName | None = None,
    sort_order: Literal["asc", "desc"] = "desc",
) -> TransactionPage:
    """The ledger, latest day first."""
    rows, total = platform.transactions.page(
        market,
        session,
        portfolio_id,
        page=page,
        limit=limit,
        symbol=symbol,
        kind=kind,
        descending=sort_order == "desc",
    )
    meta = PageMeta(page=page, limit=limit, total=total, total_pages=total_pages(total, limit))
    return TransactionPage(data=[TransactionOut(**row) for row in rows], meta=meta)


@router.post("/{portfolio_id}/transactions", operation_id="portfolios:add_transactions", status_code=201)
def add_transactions(
    portfolio_id: Id,
    request: TransactionsRequest,
    platform: PlatformDep,
    market: MarketDep,
    session: MarketSessionDep,
) -> TransactionsOut:
    """Enter transactions, all or none: the ledger with them must hold on every day."""
    asked = [_asked(one, f"transactions.{n}") for n, one in enumerate(request.transactions)]
    rows = platform.transactions.add(market, session, portfolio_id, asked, request.version)
    version = platform.portfolios.found(session, portfolio_id).version
    return TransactionsOut(transactions=[TransactionOut(**row) for row in rows], version=version)


@router.put("/{portfolio_id}/transactions/{transaction_id}", operation_id="portfolios:change_transaction")
def change_transaction(
    portfolio_id: Id,
    transaction_id: Id,
    request: TransactionEdit,
    platform: PlatformDep,
    market: MarketDep,
    session: MarketSessionDep,
) -> TransactionChanged:
    """Put another transaction in the place of one."""
    asked = _asked(request.transaction, "transaction")
    row = platform.transactions.change(market, session, portfolio_id, transaction_id, asked, request.version)
    version = platform.portfolios.found(session, portfolio_id).version
    return TransactionChanged(transaction=TransactionOut(**row), version=version)


@router.delete(
    "/{portfolio_id}/transactions/{transaction_id}", operation_id="portfolios:remove_transaction", status_code=204
)
def remove_transaction(
    portfolio_id: Id,
    transaction_id: Id,
    platform: PlatformDep,
    market: MarketDep,
    session: MarketSessionDep,
    version: VersionQuery = None,
) -> None:
    """Take a transaction out; what stands after it must still hold."""
    platform.transactions.remove(market, session, portfolio_id, [transaction_id], version)


def _asked(transaction: TransactionIn, place: str) -> dict[str, Any]:
    values = transaction.model_dump(exclude={"ratio"})
    if transaction.ratio is not None:
        values["ratio_new"], values["ratio_old"] = parse_ratio(transaction.ratio, f"{place}.ratio")
    return values
