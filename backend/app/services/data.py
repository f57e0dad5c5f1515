"""The data behind everything: importing, the sample market, which market is shown, and what is stored."""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.database import Database, Market, active_market
from app.engines import calendar
from app.exceptions import ConflictError, DataNotFoundError, ForbiddenError, ValidationError
from app.models import LOCAL_OWNER_ID, AppSetting, DataSnapshot, Finding
from app.repositories import files
from app.repositories.data_status import DataStatusRepository
from app.repositories.snapshots import SnapshotRepository
from app.services.coverage import Hole, all_years, holes, missing_sessions, year_coverage
from app.services.panel import Panel, PanelService
from app.services.provenance import bar_provenance
from app.settings import Settings

if TYPE_CHECKING:
    from app.services.importing.summary import ImportSummary
    from app.services.jobs.context import JobContext

log = logging.getLogger(__name__)

Progress = Callable[[float, str], None]
PRICE_KINDS = frozenset({"legacy", "delivery", "udiff", "daily_parquet"})


class DataService:
    """Imports, the two markets, and the state of both."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        panels: PanelService,
        register_strategies: Callable[[Market], None],
    ) -> None:
        self._settings = settings
        self._database = database
        self._panels = panels
        self._register_strategies = register_strategies
        self._years: dict[Market, tuple[str, list[dict[str, Any]]]] = {}
        self._holes: dict[Market, tuple[str, tuple[int, list[Hole]]]] = {}

    def check_import_path(self, text_path: str) -> Path:
        """The path of an import asked for through the API, links followed.

        Raises
        ------
        ValidationError : it is not absolute, or there is nothing at it.
        ForbiddenError : it lies outside every import root; the roots are named.
        """
        try:
            path = Path(text_path).expanduser()
            resolved = path.resolve()
            there = resolved.exists()
        except (OSError, RuntimeError, ValueError) as error:  # an unknown ~user, a NUL, a name that is too long
            raise ValidationError("This is no path of this machine", "path") from error
        if not path.is_absolute():
            raise ValidationError(f"Give the whole path, from the root on: {text_path} is relative", "path")
        roots = [root.resolve() for root in self._settings.allowed_import_roots]
        if not any(resolved == root or root in resolved.parents for root in roots):
            raise ForbiddenError(
                f"{path} lies outside the folders one may import from: {', '.join(map(str, roots))}. "
                "Set SMARTTRADER_IMPORT_ROOTS, or use `smarttrader data import`",
                details={"import_roots": [str(root) for root in roots]},
            )
        if not there:
            raise ValidationError(f"There is no file or folder at {path}", "path")
        return resolved

    def upload_folder(self) -> Path:
        """A new folder for the files of one upload; the job that imports them removes it."""
        uploads = self._settings.home / "uploads"
        uploads.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(dir=uploads))

    def import_job(self, context: JobContext, arguments: dict[str, Any]) -> dict[str, Any]:
        """Job: import a path or an upload, then bring the panel up to date.

        It can be cancelled until its last file is stored; those stored before stay, and its result tells them.
        """
        from app.services.jobs.context import Cancelled

        path = Path(arguments["path"])
        try:
            summary = self.load(
                context.market, [path], progress=context.progress, cancelled=context.cancelled, strict_paths=True,
                last_call=context.last_call,
            )  # fmt: skip
        finally:
            self.discard_import(context.market, arguments)
        if arguments.get("upload"):
            summary.name_without(path)
        for refused in summary.refused[:200]:
            context.log("error", f"{refused.name}: {refused.reason}")
        if summary.cancelled:
            raise Cancelled(summary.to_dict())
        if summary.refused and not (summary.loaded or summary.already_known):
            first = summary.refused[0].reason
            raise ValidationError(
                f"Nothing was imported; {len(summary.refused)} refused: {first}",
                "path",
                details={"summary": summary.to_dict()},
            )
        return summary.to_dict()

    @staticmethod
    def discard_import(_market: Market, arguments: dict[str, Any]) -> None:
        """Take away the files of an upload: they are imported, or never will be."""
        if arguments.get("upload"):
            shutil.rmtree(arguments["path"], ignore_errors=True)

    def load(
        self,
        market: Market,
        paths: Sequence[Path],
        *,
        progress: Progress,
        cancelled: Callable[[], bool],
        strict_paths: bool,
        last_call: Callable[[], bool] = lambda: True,
    ) -> ImportSummary:
        """Import files and folders into a market and bring its panel up to date; see `import_paths`."""
        from app.services.importing.run import import_paths
        from app.services.intraday.store import store_beside

        summary = import_paths(
            self._database.engine(market),
            paths,
            progress=lambda fraction, message: progress(0.9 * fraction, message),
            cancelled=cancelled,
            strict_paths=strict_paths,
            last_call=last_call,
            intraday_store=store_beside(self._panels.directory(market)),
        )
        self._panels.refresh(market, lambda fraction, message: progress(0.9 + 0.1 * fraction, message))
        return summary

    def sample_job(self, context: JobContext, _arguments: dict[str, Any]) -> dict[str, Any]:
        """Job: make the sample market, load it, and show it. Once it is being loaded it cannot be cancelled: a part of
        it would be another market.
        """
        summary = self.load_sample(context.progress, context.check_cancelled, context.begin_storing)
        with self._database.transaction(Market.REAL) as session:
            self.choose_market(session, Market.SAMPLE)
        return summary.to_dict()

    def load_sample(
        self,
        progress: Progress,
        pause: Callable[[], None] = lambda: None,
        begin_storing: Callable[[], None] = lambda: None,
    ) -> ImportSummary:
        """Generate the files of the sample market and import them into its own database.

        `pause` is called while they are made and `begin_storing` before they are imported; either may raise.
        """
        from app.services.sample_market import generate

        def told(fraction: float, message: str) -> None:
            pause()
            progress(0.3 * fraction, message)

        with tempfile.TemporaryDirectory(prefix="sample-", dir=self._settings.home) as folder:
            generate(Path(folder), progress=told)
            begin_storing()
            self._database.migrate(Market.SAMPLE)
            self._register_strategies(Market.SAMPLE)
            return self.load(
                Market.SAMPLE,
                [Path(folder)],
                progress=lambda fraction, message: progress(0.3 + 0.7 * fraction, message),
                cancelled=lambda: False,
                strict_paths=True,
            )

    def ready(self, market: Market) -> bool:
        """Whether a market has prices."""
        if market is Market.SAMPLE and not self._database.exists(market):
            return False
        with self._database.transaction(market) as session:
            if session.execute(text("SELECT to_regclass('historical_prices')")).scalar() is None:
                return False
            return session.execute(text("SELECT 1 FROM historical_prices LIMIT 1")).scalar() is not None

    def market_choice(self, session: Session) -> dict[str, Any]:
        """Which market is shown and which have data."""
        return {
            "market": active_market(session).value,
            "real_ready": self.ready(Market.REAL),
            "sample_ready": self.ready(Market.SAMPLE),
        }

    def choose_market(self, session: Session, market: Market) -> None:
        """Show a market, in every process. Raises ConflictError when the sample has not been made."""
        if market is Market.SAMPLE and not self.ready(Market.SAMPLE):
            raise ConflictError("The sample market has not been made yet: POST /api/data/sample makes it")
        statement = insert(AppSetting).values(owner_id=LOCAL_OWNER_ID, name="market", value=market.value)
        session.execute(
            statement.on_conflict_do_update(
                index_elements=["owner_id", "name"], set_={"value": statement.excluded.value}
            )
        )

    def findings(
        self, session: Session, *, page: int, limit: int, rule: str | None, severity: str | None
    ) -> tuple[Sequence[Finding], int, dict[str, int]]:
        """A page of findings, newest first; how many there are; how many of each rule."""
        return DataStatusRepository(session).findings(page=page, limit=limit, rule=rule, severity=severity)

    def status(self, market: Market, session: Session) -> dict[str, Any]:
        """What is stored of a market."""
        repository = DataStatusRepository(session)
        panel = self._panels.current(market)
        kinds = repository.files_by_kind()
        instruments, actions, jumps = repository.counts()
        days = panel.sessions
        last = SnapshotRepository(session).latest()
        years = [
            {
                "year": chunk.year,
                "sessions": len(chunk.sessions),
                "expected_sessions": len(calendar.sessions(date(chunk.year, 1, 1), date(chunk.year, 12, 31))),
                "instruments": len(chunk.keys),
                "first_session": chunk.sessions[0].astype(object),
                "last_session": chunk.sessions[-1].astype(object),
            }
            for chunk in panel.chunks
        ]
        return {
            "market": market.value,
            "rows": sum(rows for kind, (_, rows) in kinds.items() if kind in PRICE_KINDS),
            "files": sum(count for count, _ in kinds.values()),
            "instruments": instruments,
            "first_session": days[0].astype(object) if len(days) else None,
            "last_session": days[-1].astype(object) if len(days) else None,
            "snapshot": panel.root if panel.chunks else None,
            "panel_is_stale": self._panels.is_stale(market),
            "years": years,
            "files_by_kind": {kind: count for kind, (count, _) in sorted(kinds.items())},
            "listed_actions": actions,
            "unexplained_jumps": jumps,
            "findings": repository.findings_by_severity(),
            "gaps": {**missing_sessions(panel), **self._instrument_holes(market, panel)},
            "adjustments_hash": None if last is None else last.adjustments_hash,
            "membership_hash": None if last is None else last.membership_hash,
            "bytes_database": repository.database_bytes(),
            "bytes_panel": self._panels.size_bytes(market),
            "notices": self._notices(session, panel),
            "other_rows": repository.other_rows(),
            "recent_files": repository.recent_files(20),
            "import_roots": [str(root) for root in self._settings.allowed_import_roots],
        }

    @staticmethod
    def _notices(session: Session, panel: Panel) -> list[str]:
        """In words what a newer version would read or work out otherwise, and what no list tells."""
        from app.services.action_reach import reach
        from app.services.importing.readers import DERIVED, READERS

        connection = session.connection()
        told = []
        stale = files.stale_files(connection, READERS)
        if stale:
            named = ", ".join(file.name for file in stale[:3]) + (f" and {len(stale) - 3} more" if stale[3:] else "")
            told.append(
                f"Read by an older version, which took less from it: {named}. Import it again "
                "(`smarttrader data import FILE`, or the whole folder): only what is older is read anew."
            )
        if files.is_pending(connection, DERIVED):
            told.append(
                "Identity, membership and factors were worked out by an older version, or an import was cut short: the "
                "next import or start of the server works them out, or `smarttrader data refresh` now."
            )
        if panel.chunks:
            told += reach(connection).told(*(day.astype(object) for day in (panel.sessions[0], panel.sessions[-1])))
        return told

    def refresh(self, market: Market, progress: Progress) -> bool:
        """Work out anew what an older version worked out or an import left; whether there was anything."""
        from app.services.importing.run import finish_pending

        done = finish_pending(self._database.engine(market), progress)
        if done or self._panels.is_stale(market):
            self._panels.refresh(market)
        return done

    def _instrument_holes(self, market: Market, panel: Panel) -> dict[str, Any]:
        """Instruments with holes; worked out once for a panel."""
        known = self._holes.get(market)
        if known is None or known[0] != panel.generation:
            known = self._holes[market] = (panel.generation, holes(panel))
        number, worst = known[1]
        return {"instruments_with_holes": number, "worst_holes": worst}

    def snapshots(self, session: Session, *, page: int, limit: int) -> tuple[Sequence[DataSnapshot], int]:
        """A page of the history of snapshots, the state seen last first; how many there are."""
        return SnapshotRepository(session).page(page=page, limit=limit)

    def coverage(self, market: Market, year: int | None) -> dict[str, Any]:
        """The days of a year, of the last stored one where none is given.

        Raises
        ------
        DataNotFoundError : nothing is stored, or nothing of that year.
        """
        panel = self._panels.current(market)
        years = [chunk.year for chunk in panel.chunks]
        if not years:
            raise DataNotFoundError("No prices are stored yet: import exchange files first", "coverage")
        wanted = years[-1] if year is None else year
        if not years[0] <= wanted <= years[-1]:
            raise DataNotFoundError(
                f"No prices of {wanted} are stored: they reach from {years[0]} to {years[-1]}", "coverage", str(wanted)
            )
        return year_coverage(panel, wanted)

    def coverage_years(self, market: Market) -> list[dict[str, Any]]:
        """Every stored year month by month; worked out once for a panel."""
        panel = self._panels.current(market)
        known = self._years.get(market)
        if known is None or known[0] != panel.generation:
            known = self._years[market] = (panel.generation, all_years(panel))
        return known[1]

    def provenance(self, market: Market, session: Session, symbol: str, day: date) -> dict[str, Any]:
        """Where a bar comes from: file and line of every row of the day."""
        return bar_provenance(self._panels.current(market), session, symbol, day)
