"""What an endpoint asks for: the database, the market that is shown, a session with one transaction a request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.orm import Session

from app.database import Database, Market, active_market
from app.web.market_mark import STATE


def get_database(request: Request) -> Database:
    """The application's database object."""
    database: Database = request.app.state.database
    return database


DatabaseDep = Annotated[Database, Depends(get_database)]


def get_session(database: DatabaseDep) -> Iterator[Session]:
    """A session on the real database: one transaction a request, committed before the answer is sent."""
    with database.transaction(Market.REAL) as session:
        yield session


SessionDep = Annotated[Session, Depends(get_session, scope="function")]


def answers_about(request: Request, market: Market) -> None:
    """Have the answer to a request say which market it is about."""
    setattr(request.state, STATE, market)


def get_market(request: Request, session: SessionDep) -> Market:
    """The market this request is about; the answer will say so."""
    market = active_market(session)
    answers_about(request, market)
    return market


MarketDep = Annotated[Market, Depends(get_market, scope="function")]


def get_market_session(database: DatabaseDep, market: MarketDep, session: SessionDep) -> Iterator[Session]:
    """A session on the active market's database, with its own transaction when that is not the real one."""
    if market is Market.REAL:
        yield session
        return
    with database.transaction(market) as other:
        yield other


MarketSessionDep = Annotated[Session, Depends(get_market_session, scope="function")]
