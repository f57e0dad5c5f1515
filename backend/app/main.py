"""The application: `uvicorn app.main:app`."""

from __future__ import annotations

import gc
import logging
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI
from fastapi.middleware.cors import CORSMiddleware
from starlette.concurrency import run_in_threadpool

from app import __version__
from app.routers import (
    actions,
    data,
    health,
    jobs,
    market,
    members,
    policies,
    portfolio_actions,
    portfolio_files,
    portfolio_performance,
    portfolio_risk,
    portfolio_tax,
    portfolios,
    push,
    screener,
    screens,
    stocks,
    strategies,
    sweeps,
    sync,
    walk_forwards,
)
from app.schemas.common import ErrorEnvelope
from app.services.kernels import warm_up
from app.services.platform import Platform
from app.settings import Settings, get_settings
from app.web import errors
from app.web.compression import Compression
from app.web.guards import DEVELOPMENT_ORIGINS, LOCAL_NAMES, Guards
from app.web.interface import Interface
from app.web.limits import RateLimiter
from app.web.market_mark import HEADER as MARKET_HEADER
from app.web.market_mark import MarketMark
from app.web.parameters import known_parameters

log = logging.getLogger(__name__)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    platform = Platform(app.state.settings)
    app.state.platform = platform
    app.state.database = platform.database
    stopping = threading.Event()
    try:
        # the compiler needs no database: it is brought in while the database starts
        _in_background(warm_up, stopping)
        await run_in_threadpool(platform.prepare)
        await platform.worker.start()
        # what an import that was killed left behind is finished while the first pages are already answered
        _in_background(lambda: _warm(app, platform), stopping)
        yield
    finally:
        stopping.set()
        await platform.worker.stop()
        await run_in_threadpool(platform.close)


def _warm(of: FastAPI, platform: Platform) -> None:
    """Warm up, then let the collector of cycles pass over what is there by then and stays as long as the server.

    Each full collection walked the instruments of the whole market: 60 ms, in the middle of any long answer. Only the
    application that is served does so: of the many that a test run makes, the garbage must go.
    """
    platform.warm()
    if of is app:
        gc.collect()
        gc.freeze()


def _in_background(work: Callable[[], object], stopping: threading.Event) -> None:
    """Do what makes later requests quicker; without it they are only slower, so a failure is logged and no more.

    That of a server that is `stopping`, whose database goes from under it, is none.
    """

    def run() -> None:
        try:
            work()
        except Exception:
            if stopping.is_set():
                log.info("warming up ended with the server")
            else:
                log.exception("warming up failed; the first requests will be slower")

    threading.Thread(target=run, name="warm-up", daemon=True).start()


def create_app(settings: Settings | None = None) -> FastAPI:
    """The application on these settings, by default those of the environment."""
    settings = settings or get_settings()
    app = FastAPI(
        title="SmartTrader",
        version=__version__,
        description="Screen, analyse, research and trade Indian (NSE) equities by rule.",
        lifespan=_lifespan,
        docs_url="/api/docs",
        redoc_url=None,
        openapi_url="/api/openapi.json",
        redirect_slashes=False,
        dependencies=[Depends(known_parameters)],
        responses={"4XX": {"model": ErrorEnvelope}, "5XX": {"model": ErrorEnvelope}},
    )
    app.state.settings = settings
    routers = (
        screener.router,
        screens.router,
        market.router,
        stocks.router,
        members.router,
        policies.router,
        portfolios.router,
        portfolio_risk.router,
        portfolio_actions.router,
        portfolio_files.router,
        sweeps.router,
        portfolio_performance.router,
        portfolio_tax.router,
        walk_forwards.router,
        strategies.router,
        sync.router,
        actions.router,
        data.router,
        push.router,
        jobs.router,
        health.router,
    )
    for router in routers:
        app.include_router(router)
    app.state.api_routes = [route for router in routers for route in router.routes]
    app.mount("/", Interface(settings.frontend_dir), name="interface")
    errors.install(app)
    app.add_middleware(MarketMark)
    app.add_middleware(Compression, minimum_size=1024, compresslevel=5)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=sorted(DEVELOPMENT_ORIGINS),
        allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=["Content-Type", "Idempotency-Key"],
        expose_headers=["X-Request-ID", "Location", MARKET_HEADER],
    )
    limiter = RateLimiter(settings.reads_per_minute, settings.writes_per_minute) if settings.rate_limit else None
    app.add_middleware(Guards, allowed_hosts=LOCAL_NAMES, max_upload_bytes=settings.max_upload_bytes, limiter=limiter)
    return app


app = create_app()
