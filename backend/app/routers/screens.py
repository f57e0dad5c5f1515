"""Saved screens: `/api/screener/screens`; their events; why a stock is in a screen or not."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from app.repositories.saved_screens import ScreenEventRepository
from app.routers.dependencies import PageLimit, PageNumber, PlatformDep
from app.schemas.common import total_pages
from app.schemas.screens import (
    LONGEST,
    EventsRead,
    HeldOut,
    InstrumentType,
    MadeStrategy,
    NearMisses,
    ReadOut,
    ScreenChange,
    ScreenEventMeta,
    ScreenEventOut,
    ScreenEventPage,
    ScreenIn,
    ScreenOut,
    ScreenQuestionIn,
    ScreenVersionOut,
    StrategyWishIn,
    WatchIn,
    WhyOut,
)
from app.services.screens.past import past
from app.services.screens.saved import ScreenQuestion
from app.services.screens.service import ALL
from app.services.screens.strategies import StrategyWish
from app.web.sessions import MarketDep, MarketSessionDep

router = APIRouter(prefix="/api/screener", tags=["screens"])

Q = Annotated[str | None, Query(max_length=LONGEST, description="A condition in the language of screens")]
Index = Annotated[str, Query(max_length=60, description="An index, or ALL")]
Preset = Annotated[str, Query(max_length=40, description="A preset, see /presets, or ALL")]
ScreenId = Annotated[int, Path(ge=1, le=2**31 - 1)]


def _question(asked: ScreenQuestionIn) -> ScreenQuestion:
    return ScreenQuestion(**{**asked.model_dump(), "columns": tuple(asked.columns)})


@router.get("/screens", operation_id="screens:list")
def list_screens(platform: PlatformDep, market: MarketDep, session: MarketSessionDep) -> list[ScreenOut]:
    """Saved screens, by name."""
    return [ScreenOut(**one) for one in platform.saved_screens.all(market, session)]


@router.post("/screens", operation_id="screens:create", status_code=201)
def create_screen(
    request: ScreenIn, response: Response, platform: PlatformDep, market: MarketDep, session: MarketSessionDep
) -> ScreenOut:
    """Save a screen; its name must be free."""
    made = platform.saved_screens.create(market, session, request.name, _question(request.question))
    response.headers["Location"] = f"/api/screener/screens/{made['id']}"
    return ScreenOut(**made)


@router.get("/screens/{screen_id}", operation_id="screens:get")
def get_screen(screen_id: ScreenId, platform: PlatformDep, market: MarketDep, session: MarketSessionDep) -> ScreenOut:
    """One saved screen."""
    return ScreenOut(**platform.saved_screens.get(market, session, screen_id))


@router.put("/screens/{screen_id}", operation_id="screens:change")
def change_screen(
    screen_id: ScreenId, request: ScreenChange, platform: PlatformDep, market: MarketDep, session: MarketSessionDep
) -> ScreenOut:
    """Save its next version; 409 where it was changed since the version that was read."""
    changed = platform.saved_screens.change(
        market, session, screen_id, request.version, request.name, _question(request.question)
    )
    return ScreenOut(**changed)


@router.patch("/screens/{screen_id}", operation_id="screens:watch")
def watch_screen(
    screen_id: ScreenId, request: WatchIn, platform: PlatformDep, market: MarketDep, session: MarketSessionDep
) -> ScreenOut:
    """Watch it, or stop: from the latest session on, stocks that come and go become events."""
    return ScreenOut(**platform.saved_screens.watch(market, session, screen_id, request.watching))


@router.delete("/screens/{screen_id}", operation_id="screens:delete", status_code=204)
def delete_screen(screen_id: ScreenId, platform: PlatformDep, session: MarketSessionDep) -> None:
    """Delete it; `restore` brings it back."""
    platform.saved_screens.delete(session, screen_id)


@router.post("/screens/{screen_id}/restore", operation_id="screens:restore")
def restore_screen(
    screen_id: ScreenId, platform: PlatformDep, market: MarketDep, session: MarketSessionDep
) -> ScreenOut:
    """Bring a deleted screen back; 409 where its name was given away meanwhile."""
    return ScreenOut(**platform.saved_screens.restore(market, session, screen_id))


@router.get("/screens/{screen_id}/versions", operation_id="screens:versions")
def screen_versions(screen_id: ScreenId, platform: PlatformDep, session: MarketSessionDep) -> list[ScreenVersionOut]:
    """Every version, newest first."""
    return [ScreenVersionOut(**one) for one in platform.saved_screens.versions(session, screen_id)]


@router.get("/events", operation_id="screens:events")
def list_events(
    platform: PlatformDep, session: MarketSessionDep, page: PageNumber = 1, limit: PageLimit = 50, unread: bool = False
) -> ScreenEventPage:
    """Who came into watched screens and who left, newest first."""
    repository = ScreenEventRepository(session)
    rows, total = repository.page(page=page, limit=limit, unread=unread)
    data = [
        ScreenEventOut(
            id=event.id,
            screen_id=event.screen_id,
            screen=name,
            version=event.number,
            session=event.session,
            symbol=event.symbol,
            kind=event.kind,
            read_at=event.read_at,
        )
        for event, name in rows
    ]
    meta = ScreenEventMeta(
        page=page,
        limit=limit,
        total=total,
        total_pages=total_pages(total, limit),
        unread=repository.unread(),
        mail_to=platform.telling.recipient,
    )
    return ScreenEventPage(data=data, meta=meta)


@router.post("/events/read", operation_id="screens:read_events")
def read_events(request: EventsRead, session: MarketSessionDep) -> ReadOut:
    """Mark events as read."""
    repository = ScreenEventRepository(session)
    return ReadOut(read=repository.read(request.ids), unread=repository.unread())


@router.get("/why/{symbol}", operation_id="screens:why")
def why(
    symbol: str,
    platform: PlatformDep,
    market: MarketDep,
    session: MarketSessionDep,
    q: Q = None,
    filter_type: Preset = ALL,
    index: Index = ALL,
    instrument_type: InstrumentType = "EQUITY",
    asof: date | None = None,
) -> WhyOut:
    """Whether a stock is in a screen, and term by term its value against the bound."""
    told = platform.reasons.of_stock(
        market,
        session,
        symbol,
        q=q,
        filter_type=filter_type,
        index=index,
        instrument_type=instrument_type,
        asof=past(asof),
    )
    return WhyOut(**told)


@router.get("/near-misses", operation_id="screens:near_misses")
def near_misses(
    platform: PlatformDep,
    market: MarketDep,
    session: MarketSessionDep,
    q: Q = None,
    filter_type: Preset = ALL,
    index: Index = ALL,
    instrument_type: InstrumentType = "EQUITY",
    asof: date | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 10,
) -> NearMisses:
    """The stocks that a screen missed by one term, and how many each term keeps out."""
    found = platform.reasons.nearest(
        market,
        session,
        q=q,
        filter_type=filter_type,
        index=index,
        instrument_type=instrument_type,
        asof=past(asof),
        limit=limit,
    )
    return NearMisses(**found)


@router.post("/strategies", operation_id="screens:make_strategy", status_code=201)
def make_strategy(
    request: StrategyWishIn, platform: PlatformDep, market: MarketDep, session: MarketSessionDep
) -> MadeStrategy:
    """Make a strategy of a screen: a file of the strategies folder with the same expression. Code is never accepted."""
    return MadeStrategy(**platform.strategy_maker.make(market, session, StrategyWish(**request.model_dump())))


@router.get("/held/{symbol}", operation_id="screens:held")
def held(
    symbol: str,
    platform: PlatformDep,
    market: MarketDep,
    session: MarketSessionDep,
    days: Annotated[int, Query(ge=1, le=252, description="Sessions to look back")] = 20,
    asof: date | None = None,
) -> list[HeldOut]:
    """Of each saved screen the last sessions up to a day on which it held a stock."""
    return [HeldOut(**one) for one in platform.watch.held(market, session, symbol, days, past(asof))]
