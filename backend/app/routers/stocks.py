"""One stock through time: `/api/market/stocks/{symbol}`."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

import orjson
from fastapi import APIRouter, Query, Response

from app.routers.dependencies import PlatformDep
from app.schemas.screens import LONGEST
from app.schemas.stocks import StockDelivery, StockEvents, StockFigures, StockLines
from app.services.screens.past import past
from app.web.sessions import MarketDep, MarketSessionDep

router = APIRouter(prefix="/api/market/stocks", tags=["stocks"])


@router.get("/{symbol}/lines", operation_id="stocks:lines", response_model=StockLines)
def lines(
    symbol: str,
    platform: PlatformDep,
    market: MarketDep,
    session: MarketSessionDep,
    q: Annotated[str, Query(max_length=LONGEST, description="Expressions in the language of screens, by commas")],
    adjust: Literal["price", "total", "none"] = "price",
    asof: date | None = None,
) -> Response:
    """Expressions of the language on every bar of a stock; prices in the view that `bars` gives."""
    found = platform.stocks.lines(market, session, symbol, past(asof), q, adjust)
    return Response(orjson.dumps(found), media_type="application/json")


@router.get("/{symbol}/delivery", operation_id="stocks:delivery", response_model=StockDelivery)
def delivery(symbol: str, platform: PlatformDep, market: MarketDep, asof: date | None = None) -> Response:
    """How much of each session's trade was delivered."""
    found = platform.stocks.delivery(market, symbol, past(asof))
    return Response(orjson.dumps(found), media_type="application/json")


@router.get("/{symbol}/figures", operation_id="stocks:figures", response_model=StockFigures)
def figures(
    symbol: str, platform: PlatformDep, market: MarketDep, session: MarketSessionDep, asof: date | None = None
) -> Response:
    """Company figures by period as known on a day, each with the day from which it was known."""
    found = platform.stocks.figures(market, session, symbol, past(asof))
    return Response(orjson.dumps(found), media_type="application/json")


@router.get("/{symbol}/events", operation_id="stocks:events", response_model=StockEvents)
def events(
    symbol: str, platform: PlatformDep, market: MarketDep, session: MarketSessionDep, asof: date | None = None
) -> Response:
    """Corporate actions, unexplained moves, alerts of watched screens, bands, findings and names, newest first."""
    found = platform.stocks.events(market, session, symbol, past(asof))
    return Response(orjson.dumps(found), media_type="application/json")
