"""The platform: every service, put together once for a process."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from app import __version__
from app.database import Database, Market, active_market
from app.exceptions import ConflictError
from app.services.actions_view import ActionService
from app.services.backtests.service import BacktestService
from app.services.backtests.stored import StoredRuns
from app.services.data import DataService
from app.services.fundamentals import FundamentalsService
from app.services.importing import finish_pending
from app.services.jobs import JobService, Worker
from app.services.market import MarketService
from app.services.members import MemberService
from app.services.nse import SyncService
from app.services.panel import PanelService
from app.services.policies import PolicyService
from app.services.proofs import prove_defaults
from app.services.screener import ScreenerService
from app.settings import Settings


class Platform:
    """Services that share one database object. `close` gives everything back."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.database = Database(settings)
        self.panels = PanelService(self.database, settings.home)
        self.actions = ActionService(self.database, self.panels)
        self.jobs = JobService(self.database)
        self.market = MarketService(self.panels)
        self.members = MemberService(self.panels)
        self.fundamentals = FundamentalsService()
        self.screener = ScreenerService(self.panels, self.fundamentals)
        self.policies = PolicyService()
        self.backtests = BacktestService(self.database, self.panels)
        self.runs = StoredRuns()
        self.data = DataService(settings, self.database, self.panels, self.backtests)
        self.sync = SyncService(settings, self.database, self.data.load)
        self.worker = Worker(
            self.database,
            self.jobs,
            {
                "import": self.data.import_job,
                "sync": self.sync.job,
                "sample": self.data.sample_job,
                "backtest": self.backtests.run,
            },
            nightly=self.queue_nightly,
        )

    def queue_nightly(self) -> None:
        """Queue the evening's download when it is due; called every quarter of an hour by any process's worker."""
        key = self.sync.due(datetime.now(UTC))
        if key is not None:
            self.jobs.submit("sync", Market.REAL, {}, idempotency_key=key)

    def prepare(self) -> None:
        """Bring the databases that exist to the current schema and make the strategies known to them."""
        self.settings.home.mkdir(parents=True, exist_ok=True)
        for market in Market:
            if market is Market.REAL or self.database.exists(market):
                self.database.migrate(market)
                self.backtests.register_strategies(market)

    def finish_interrupted(self) -> None:
        """Finish what an import that was killed had left for later, unless another one is at work and will do it."""
        for market in Market:
            if market is Market.REAL or self.database.exists(market):
                with suppress(ConflictError):
                    finish_pending(self.database.engine(market))
                if self.panels.is_stale(market):
                    self.panels.refresh(market)

    def warm(self) -> None:
        """Bring the panel up to date and work out the latest snapshot, so that nobody waits for them.

        Proofs that the strategies' versions still lack are searched, too.
        """
        self.finish_interrupted()
        with self.database.transaction(Market.REAL) as session:
            market = active_market(session)
        if self.panels.current(market).chunks:
            self.screener.table(market)
        prove_defaults(self.database, market)

    def health(self) -> dict[str, Any]:
        """What works and what does not; asks the database, never raises for its absence."""
        checks: dict[str, dict[str, Any]] = {}
        market: Market | None = None
        data = None
        try:
            with self.database.transaction(Market.REAL) as session:
                market = active_market(session)
            checks["database"] = {"ok": True, "message": "embedded" if self.database.embedded else "DATABASE_URL"}
        except SQLAlchemyError:
            checks["database"] = {"ok": False, "message": "The database does not answer"}
        if market is not None:
            panel = self.panels.current(market)
            stale = self.panels.is_stale(market)
            checks["panel"] = {
                "ok": not stale,
                "message": "Behind the database: an import is at work" if stale else "Up to date",
            }
            if panel.chunks:
                data = {
                    "first_session": panel.sessions[0].astype(object),
                    "last_session": panel.sessions[-1].astype(object),
                    "instruments": len(panel.keys),
                    "snapshot": panel.root,
                }
        working = self.worker.alive
        takes = "Takes jobs" if working else "Takes no jobs: start the server again"
        checks["worker"] = {"ok": working, "message": takes}
        return {
            "status": "DOWN" if market is None else "READY" if all(c["ok"] for c in checks.values()) else "DEGRADED",
            "version": __version__,
            "market": market,
            "data": data,
            "checks": checks,
        }

    def close(self) -> None:
        """Close connections; the last user of the embedded server stops it."""
        self.database.close()
