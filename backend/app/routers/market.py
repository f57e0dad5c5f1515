"""The market: `/api/market`."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Query, Response

from app.engines import calendar
from app.exceptions import ValidationError
from app.routers.dependencies import PlatformDep
from app.schemas.market import BarColumns, MarketOverviewOut, MarketStatus, SearchHit, SectorCount, SectorList
from app.schemas.screens import WatchlistIn, WatchlistOut
from app.services.screens.past import past
from app.web.sessions import MarketDep, MarketSessionDep

router = APIRouter(prefix="/api/market", tags=["market"])


@router.get("/search", operation_id="market:search")
def search(
    platform: PlatformDep,
    market: MarketDep,
    session: MarketSessionDep,
    query: Annotated[str | None, Query(max_length=100, description="Symbol, former symbol, ISIN or name")] = None,
    q: Annotated[str | None, Query(max_length=100, description="The same as query")] = None,
    exclude_indices: bool = False,
    limit: Annotated[int, Query(ge=1, le=100)] = 15,
) -> list[SearchHit]:
    """Find stocks and indices: exact symbol first, then prefix, then name; near misses when nothing else fits."""
    text = query if query is not None else q
    if text is None:
        raise ValidationError("Give a query", "query")
    hits = platform.market.search(market, session, text, limit=limit, exclude_indices=exclude_indices)
    return [SearchHit(**hit) for hit in hits]


@router.get("/sectors", operation_id="market:sectors")
def sectors(platform: PlatformDep, market: MarketDep) -> SectorList:
    """Sectors with the number of main-board shares that traded in the latest session."""
    counts = platform.screener.sectors(market)
    return SectorList(sectors=[SectorCount(name=name, count=count) for name, count in counts.items()])


@router.get("/overview", operation_id="market:overview", response_model=MarketOverviewOut)
def overview(
    platform: PlatformDep,
    market: MarketDep,
    session: MarketSessionDep,
    index: Annotated[str, Query(max_length=60, description="An index, or ALL")] = "ALL",
    asof: date | None = None,
) -> Response:
    """Breadth, sectors and their rotation, indices and the most active stocks of a session; breadth by day."""
    found = platform.overview.of(market, session, index, past(asof))
    return Response(orjson.dumps(found), media_type="application/json")


@router.get("/watchlist", operation_id="market:watchlist")
def watchlist(platform: PlatformDep, market: MarketDep, session: MarketSessionDep) -> list[WatchlistOut]:
    """The watchlist with last prices."""
    return [WatchlistOut(**one) for one in platform.watchlist.all(market, session)]


@router.post("/watchlist", operation_id="market:watch", status_code=201)
def watch(request: WatchlistIn, platform: PlatformDep, market: MarketDep, session: MarketSessionDep) -> WatchlistOut:
    """Put a stock or an index on the watchlist; twice is no error and no duplicate."""
    return WatchlistOut(**platform.watchlist.add(market, session, request.symbol, request.instrument_type))


@router.delete("/watchlist/{symbol}", operation_id="market:unwatch", status_code=204)
def unwatch(symbol: str, platform: PlatformDep, market: MarketDep, session: MarketSessionDep) -> None:
    """Take a stock or an index off it."""
    platform.watchlist.remove(market, session, symbol)


@router.get("/bars/{symbol}", operation_id="market:bars")
def bars(
    symbol: str,
    platform: PlatformDep,
    market: MarketDep,
    session: MarketSessionDep,
    timeframe: Literal["1d", "1h", "30m", "15m", "5m", "1m"] = "1d",
    start: date | None = None,
    end: date | None = None,
    adjust: Literal["price", "total", "none"] = "price",
    limit: Annotated[int | None, Query(ge=1, le=100_000)] = None,
    asof: Annotated[date | None, Query(description="Daily bars as if that day were the last: no later action")] = None,
) -> BarColumns:
    """Bars of a stock or an index as columns, labelled by their open; without dates the whole history.

    An index goes by its id (NIFTY50) or a common name (BANKNIFTY). A timeframe that is not stored is made from a finer
    one.
    """
    if timeframe == "1d":
        answer: dict[str, Any] = platform.market.bars(
            market, session, symbol, start=start, end=end, adjust=adjust, limit=limit, asof=past(asof)
        )
    elif asof is not None:
        raise ValidationError("asof is for daily bars; cut intraday bars by end", "asof")
    else:
        answer = platform.market.intraday_bars(
            market, session, symbol, timeframe, start, end, adjust=adjust, limit=limit
        )
    return BarColumns(**answer)


@router.get("/status", operation_id="market:status")
def status() -> MarketStatus:
    """What the exchange is doing now, by the calendar."""
    now = calendar.status(datetime.now(UTC))
    message = now.message if now.warning is None else f"{now.message}. {now.warning}"
    return MarketStatus(
        is_open=now.is_open, phase=now.phase, next_change=now.next_change, session=now.session, message=message
    )
