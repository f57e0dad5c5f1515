"""The platform: every service, put together once for a process."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import SQLAlchemyError

from app import __version__
from app.database import Database, Market, active_market
from app.exceptions import ConflictError
from app.services.data_state import StateReader
from app.services.jobs.context import Cancelled
from app.services.panel import PanelService
from app.settings import Settings

if TYPE_CHECKING:
    from app.services.actions_view import ActionService
    from app.services.backtests.service import BacktestService
    from app.services.backtests.stored import StoredRuns
    from app.services.comparisons import ComparisonService
    from app.services.data import DataService
    from app.services.fundamentals import FundamentalsService
    from app.services.identity_view import IdentityService
    from app.services.jobs.context import Handler, JobContext
    from app.services.jobs.service import JobService
    from app.services.jobs.worker import Worker
    from app.services.market import MarketService
    from app.services.members import MemberService
    from app.services.nse import SyncService
    from app.services.policies import PolicyService
    from app.services.portfolios.actions import PortfolioActions
    from app.services.portfolios.files.service import ImportService
    from app.services.portfolios.held import Benchmarks
    from app.services.portfolios.performance import PerformanceService
    from app.services.portfolios.risk import RiskService
    from app.services.portfolios.service import PortfolioService
    from app.services.portfolios.tax import TaxService
    from app.services.portfolios.transactions import TransactionService
    from app.services.push.service import PushService
    from app.services.reports.service import RunReports
    from app.services.run_analysis import RunAnalysis
    from app.services.screener import ScreenerService
    from app.services.screens.history import HistoryService
    from app.services.screens.overview import MarketOverview
    from app.services.screens.reasons import Reasons
    from app.services.screens.saved import SavedScreens
    from app.services.screens.strategies import StrategyMaker
    from app.services.screens.tell import Telling
    from app.services.screens.watch import ScreenWatch
    from app.services.stocks import StockService
    from app.services.strategy_library import StrategyLibrary
    from app.services.sweeps.service import SweepService
    from app.services.sweeps.walking import WalkForwards
    from app.services.user_strategies.catalogue import Catalogue
    from app.services.watchlist import WatchlistService


class Platform:
    """Services that share one database object. `close` gives everything back.

    Each is imported and made when it is first asked for: a command that shows bars waits for no compiler.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.database = Database(settings)
        self.panels = PanelService(self.database, settings.home)
        self.states = StateReader(self.database)

    @cached_property
    def actions(self) -> ActionService:
        """Corporate actions, findings to decide on, and decisions."""
        from app.services.actions_view import ActionService

        return ActionService(self.database, self.panels)

    @cached_property
    def identity(self) -> IdentityService:
        """Symbols that are one security."""
        from app.services.identity_view import IdentityService

        return IdentityService(self.database, self.panels)

    @cached_property
    def jobs(self) -> JobService:
        """The queue."""
        from app.services.jobs.service import JobService

        leftovers = {
            "import": lambda job: self.data.discard_import(Market(job.market), job.arguments),
            "sweep": lambda job: self.sweeps.discard(job),
            "walk_forward": lambda job: self.walk_forwards.discard(Market(job.market), job.arguments),
        }
        return JobService(self.database, leftovers)

    @cached_property
    def market(self) -> MarketService:
        """Questions about single stocks."""
        from app.services.market import MarketService

        return MarketService(self.panels)

    @cached_property
    def stocks(self) -> StockService:
        """Single stocks through time."""
        from app.services.stocks import StockService

        return StockService(self.panels, self.fundamentals, self.screener, self.market)

    @cached_property
    def members(self) -> MemberService:
        """Membership and identity."""
        from app.services.members import MemberService

        return MemberService(self.panels)

    @cached_property
    def fundamentals(self) -> FundamentalsService:
        """Fundamentals as of a day."""
        from app.services.fundamentals import FundamentalsService

        return FundamentalsService()

    @cached_property
    def screener(self) -> ScreenerService:
        """Screens of the latest snapshot."""
        from app.services.screener import ScreenerService

        return ScreenerService(self.panels, self.fundamentals)

    @cached_property
    def histories(self) -> HistoryService:
        """Screens through time."""
        from app.services.screens.history import HistoryService

        return HistoryService(self.database, self.panels, self.screener.screens)

    @cached_property
    def saved_screens(self) -> SavedScreens:
        """Screens under a name."""
        from app.services.screens.saved import SavedScreens

        return SavedScreens(self.screener)

    @cached_property
    def watch(self) -> ScreenWatch:
        """Who comes into saved screens and leaves them."""
        from app.services.screens.watch import ScreenWatch

        return ScreenWatch(self.database, self.panels, self.screener, self.telling, self.push)

    @cached_property
    def telling(self) -> Telling:
        """Mail about what happened in watched screens."""
        from app.services.mail import mailer_of
        from app.services.screens.tell import Telling

        return Telling(self.database, mailer_of(self.settings))

    @property
    def ways(self) -> list[str]:
        """How events are told outside of the app: mail, push, as far as they are set up."""
        return [way for way, on in (("mail", self.telling.recipient), ("push", self.push.contact)) if on is not None]

    @cached_property
    def push(self) -> PushService:
        """The user's browsers, told of it too."""
        from app.services.push.service import PushService

        settings = self.settings
        return PushService(self.database, self.jobs, settings.home, settings.push_contact, local=settings.push_local)

    @cached_property
    def overview(self) -> MarketOverview:
        """The market at a session."""
        from app.services.screens.overview import MarketOverview

        return MarketOverview(self.screener)

    @cached_property
    def reasons(self) -> Reasons:
        """Why a stock is in a screen or not."""
        from app.services.screens.reasons import Reasons

        return Reasons(self.screener)

    @cached_property
    def strategy_maker(self) -> StrategyMaker:
        """From a screen to a strategy."""
        from app.services.screens.strategies import StrategyMaker
        from app.services.user_strategies.catalogue import FOLDER

        return StrategyMaker(self.screener, self.settings.home / FOLDER)

    @cached_property
    def watchlist(self) -> WatchlistService:
        """Stocks and indices to keep an eye on."""
        from app.services.watchlist import WatchlistService

        return WatchlistService(self.panels, self.screener)

    @cached_property
    def policies(self) -> PolicyService:
        """Risk policies."""
        from app.services.policies import PolicyService

        return PolicyService()

    @cached_property
    def portfolios(self) -> PortfolioService:
        """Portfolios of stocks."""
        from app.services.portfolios.service import PortfolioService

        return PortfolioService(self.panels)

    @cached_property
    def transactions(self) -> TransactionService:
        """Their ledgers."""
        from app.services.portfolios.transactions import TransactionService

        return TransactionService(self.portfolios)

    @cached_property
    def risk(self) -> RiskService:
        """What they risk."""
        from app.services.portfolios.risk import RiskService

        return RiskService(self.portfolios, self.fundamentals, self.benchmarks)

    @cached_property
    def portfolio_actions(self) -> PortfolioActions:
        """Corporate actions of the shares they hold."""
        from app.services.portfolios.actions import PortfolioActions

        return PortfolioActions(self.portfolios)

    @cached_property
    def performance(self) -> PerformanceService:
        """What they earned."""
        from app.services.portfolios.performance import PerformanceService

        return PerformanceService(self.portfolios, self.benchmarks)

    @cached_property
    def benchmarks(self) -> Benchmarks:
        """Closes of indices."""
        from app.services.portfolios.held import Benchmarks

        return Benchmarks()

    @cached_property
    def tax(self) -> TaxService:
        """Tax on their gains."""
        from app.services.portfolios.tax import TaxService

        return TaxService(self.portfolios)

    @cached_property
    def portfolio_files(self) -> ImportService:
        """Files of brokers into ledgers."""
        from app.services.portfolios.files.service import ImportService

        return ImportService(self.portfolios, self.portfolio_actions)

    @cached_property
    def backtests(self) -> BacktestService:
        """Runs of strategies."""
        from app.services.backtests.service import BacktestService

        return BacktestService(self.database, self.panels, self.catalogue, self.fundamentals)

    @cached_property
    def sweeps(self) -> SweepService:
        """Searches over parameters."""
        from app.services.sweeps.service import SweepService

        return SweepService(self.database, self.backtests, self.catalogue, self.jobs)

    @cached_property
    def walk_forwards(self) -> WalkForwards:
        """Parameters chosen again and again, and tested on what came after."""
        from app.services.sweeps.walking import WalkForwards

        return WalkForwards(self.database, self.backtests, self.catalogue, self.jobs, self.sweeps.work)

    @cached_property
    def catalogue(self) -> Catalogue:
        """Strategies by id, shipped and the user's own."""
        from app.services.user_strategies.catalogue import catalogue_of

        return catalogue_of(self.settings)

    @cached_property
    def runs(self) -> StoredRuns:
        """Runs that are stored."""
        from app.services.backtests.stored import StoredRuns

        return StoredRuns()

    @cached_property
    def comparisons(self) -> ComparisonService:
        """Stored runs side by side."""
        from app.services.comparisons import ComparisonService

        return ComparisonService(self.runs, self.catalogue)

    @cached_property
    def analysis(self) -> RunAnalysis:
        """Stored runs taken apart."""
        from app.services.run_analysis import RunAnalysis

        return RunAnalysis(self.runs)

    @cached_property
    def library(self) -> StrategyLibrary:
        """Versions of strategies, and what people write about them."""
        from app.services.strategy_library import StrategyLibrary

        return StrategyLibrary(self.catalogue)

    @cached_property
    def reports(self) -> RunReports:
        """Stored runs as pages."""
        from app.services.reports.service import RunReports

        return RunReports(self.runs, self.analysis)

    @cached_property
    def data(self) -> DataService:
        """Imports, the two markets, and what is stored."""
        from app.services.data import DataService

        return DataService(
            self.settings, self.database, self.panels, lambda market: self.backtests.register_strategies(market)
        )

    @cached_property
    def sync(self) -> SyncService:
        """Downloads from the exchange."""
        from app.services.nse import SyncService

        return SyncService(self.settings, self.database, self.data.load)

    @cached_property
    def worker(self) -> Worker:
        """What takes jobs from the queue."""
        from app.services.jobs.worker import Worker

        handlers = {
            "import": self._watching_after(self.data.import_job),
            "sync": self._watching_after(self.sync.job),
            "sample": self.data.sample_job,
            "backtest": self.backtests.run,
            "screen_history": self.histories.job,
            "sweep": self.sweeps.job,
            "screen_watch": self.watch.job,
            "walk_forward": self.walk_forwards.job,
            "push": self.push.job,
            "verify_walk_forward": self.walk_forwards.verify_job,
            "verify_run": self.backtests.verify_job,
        }
        return Worker(self.database, self.jobs, handlers, nightly=self.queue_nightly)

    def _watching_after(self, handler: Handler) -> Handler:
        """The handler of a job that brings data; a job of their own then looks at the watched screens."""

        def run(context: JobContext, arguments: dict[str, Any]) -> dict[str, Any]:
            try:
                result = handler(context, arguments)
            except Cancelled as cancelled:
                if cancelled.summary is not None:  # what it stored until then stays
                    look(context.market)
                raise
            look(context.market)
            return result

        def look(market: Market) -> None:
            if self.watch.anything(market):
                self.jobs.submit("screen_watch", market, {})

        return run

    def queue_nightly(self) -> None:
        """Queue what is due, the evening's download and messages to browsers, and delete what nobody went back to.

        Called every quarter of an hour by any process's worker.
        """
        now = datetime.now(UTC)
        key = self.sync.due(now)
        if key is not None:
            self.jobs.submit("sync", Market.REAL, {}, idempotency_key=key)
        for market in Market:
            if market is Market.REAL or self.database.exists(market):
                with self.database.transaction(market) as session:
                    self.portfolios.purge(session)
                self.walk_forwards.purge(market, now)
                self.push.queue_due(market, now)

    def prepare(self, *, strategies: bool = True) -> None:
        """Bring the databases that exist to the current schema and make the strategies known to them.

        Whoever runs none may leave the strategies out: they load the compiler.
        """
        self.settings.home.mkdir(parents=True, exist_ok=True)
        for market in Market:
            if market is Market.REAL or self.database.exists(market):
                self.database.migrate(market)
                if strategies:
                    self.backtests.register_strategies(market)

    def finish_interrupted(self) -> None:
        """Finish what an import that was killed had left for later, unless another one is at work and will do it."""
        from app.services.importing.run import finish_pending

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
        from app.services.proofs import prove_defaults

        self.finish_interrupted()
        market = self.active_market()
        if self.panels.current(market).chunks:
            self.screener.table(market)
            with self.database.transaction(market) as session:
                self.screener.screens.warm(market, session)
        prove_defaults(self.database, market, self.catalogue.all()[0].values())

    def active_market(self) -> Market:
        """The market that is shown."""
        with self.database.transaction(Market.REAL) as session:
            return active_market(session)

    def health(self) -> dict[str, Any]:
        """What works and what does not; asks the database, never raises for its absence."""
        checks: dict[str, dict[str, Any]] = {}
        market: Market | None = None
        data = None
        try:
            market = self.active_market()
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
        """End strategy workers, close connections; the last user of the embedded server stops it."""
        if "catalogue" in self.__dict__:
            self.catalogue.close()
        self.database.close()
