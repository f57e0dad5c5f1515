"""Membership and identity: `/api/market/members`, `/api/market/survivorship`, `/api/market/instruments`."""

from __future__ import annotations

from datetime import UTC, date, datetime

from fastapi import APIRouter

from app.engines.calendar import IST
from app.routers.dependencies import PlatformDep
from app.schemas.members import IndexMembersOut, InstrumentOut, SurvivorshipOut
from app.web.sessions import MarketDep, MarketSessionDep

router = APIRouter(prefix="/api/market", tags=["market"])


@router.get("/members/{index}", operation_id="market:members")
def members(
    index: str, platform: PlatformDep, market: MarketDep, session: MarketSessionDep, asof: date | None = None
) -> IndexMembersOut:
    """The members of an index on a day, today by default, named as on that day."""
    day = asof or datetime.now(UTC).astimezone(IST).date()
    return IndexMembersOut.model_validate(platform.members.members(market, session, index, day))


@router.get("/survivorship/{index}", operation_id="market:survivorship")
def survivorship(
    index: str, start: date, end: date, platform: PlatformDep, market: MarketDep, session: MarketSessionDep
) -> SurvivorshipOut:
    """What an index covers over a period, and what its newest list would have missed."""
    return SurvivorshipOut.model_validate(platform.members.survivorship(market, session, index, start, end))


@router.get("/instruments/{symbol}", operation_id="market:instrument")
def instrument(
    symbol: str, platform: PlatformDep, market: MarketDep, session: MarketSessionDep, asof: date | None = None
) -> InstrumentOut:
    """The security that had a symbol on a day, with all its dated names, ISINs and series."""
    return InstrumentOut.model_validate(platform.members.instrument(market, session, symbol, asof))
