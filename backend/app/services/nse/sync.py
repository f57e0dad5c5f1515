"""Bringing the market up to date from the exchange's archives: opt-in, resumable, each file fetched once and kept."""

from __future__ import annotations

import hashlib
import logging
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path
from typing import Any, Final, Protocol

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from app.database import Database, Market
from app.engines import calendar
from app.exceptions import ConflictError, ExternalAPIError, ValidationError
from app.models import LOCAL_OWNER_ID, AppSetting
from app.repositories.downloads import DownloadRepository
from app.services.importing.files import BadMember, Source, open_source
from app.services.importing.findings import FileRefusedError, FileSkippedError
from app.services.importing.reading import parse
from app.services.importing.summary import ImportSummary
from app.services.jobs.context import Cancelled, JobContext
from app.services.nse.client import ArchiveClient, BlockedError, FetchError, NotPublishedError
from app.services.nse.reports import DAILY, OF_TODAY, RemoteFile, Report, remote_file, wanted
from app.settings import Settings

log = logging.getLogger(__name__)

PUBLISHED_BY: Final = clock_time(18, 30)  # the day's files are out by then, India time
NIGHTLY_FROM: Final = clock_time(19, 0)
NOT_PUBLISHED_FOR_GOOD: Final = timedelta(days=7)  # a file missing so long after its day will not come
_SETTING: Final = "nse_sync"
_IMPORT_EVERY: Final = 90  # files: what a stopped run has fetched is stored by then
_NIGHTLY_EVERY_HOURS: Final = 2

TERMS: Final = (
    "The exchange's terms of use forbid systematic collection and passing its data on. Switching this on is your own "
    "decision: each file is fetched once, slowly, after market hours, for your own use on this machine."
)


class Loader(Protocol):
    """Imports files into the real market."""

    def __call__(
        self,
        market: Market,
        paths: Sequence[Path],
        *,
        progress: Callable[[float, str], None],
        cancelled: Callable[[], bool],
        strict_paths: bool,
        last_call: Callable[[], bool],
    ) -> ImportSummary: ...


@dataclass(slots=True)
class SyncSummary:
    """What came of one run."""

    start: date
    end: date
    sessions: int = 0
    fetched: int = 0
    kept_before: int = 0
    not_published: list[str] = field(default_factory=list)
    refused: list[dict[str, str]] = field(default_factory=list)
    failed: list[dict[str, str]] = field(default_factory=list)
    left: int = 0  # files not asked for, because the run was stopped
    blocked_until: datetime | None = None
    cancelled: bool = False
    warning: str | None = None
    imported: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def exit_code(self) -> int:
        """1 when something that should have come did not."""
        return int(bool(self.refused or self.failed or self.blocked_until))

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
            "sessions": self.sessions,
            "fetched": self.fetched,
            "kept_before": self.kept_before,
            "not_published": self.not_published,
            "refused": self.refused,
            "failed": self.failed,
            "left": self.left,
            "blocked_until": None if self.blocked_until is None else self.blocked_until.isoformat(),
            "cancelled": self.cancelled,
            "warning": self.warning,
            "imported": self.imported,
            "seconds": round(self.seconds, 3),
        }

    def lines(self) -> list[str]:
        """For people."""
        told = [
            f"{self.start} to {self.end}: {self.sessions:,} sessions; {self.fetched:,} files fetched, "
            f"{self.kept_before:,} kept from before, {len(self.not_published):,} not published, "
            f"{len(self.refused):,} refused, {len(self.failed):,} without an answer, in {self.seconds:.1f} s"
        ]
        told += [f"refused: {one['file']}: {one['reason']}" for one in self.refused]
        told += [f"no answer: {one['file']}: {one['reason']}" for one in self.failed]
        if self.blocked_until is not None:
            until = self.blocked_until.astimezone(calendar.IST)
            told.append(
                f"The exchange refuses this machine for now; {self.left:,} files are left. "
                f"The same command goes on from here after {until:%H:%M} IST"
            )
        if self.cancelled:
            told.append(f"Stopped; {self.left:,} files are left. The same command goes on from here")
        if self.warning:
            told.append(self.warning)
        return told


class SyncService:
    """Downloads of the real market's files."""

    def __init__(
        self, settings: Settings, database: Database, load: Loader, *, client: Callable[[], ArchiveClient] | None = None
    ) -> None:
        self._settings = settings
        self._database = database
        self._load = load
        self._client = client or (lambda: ArchiveClient(settings.nse_archives_url))

    @property
    def folder(self) -> Path:
        """Where fetched files are kept."""
        return self._settings.home / "downloads" / "nse"

    # --- the switch -----------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """Whether downloads are on, since when, until when the exchange refuses us, and the ledger's counts."""
        with self._database.transaction(Market.REAL) as session:
            value = self._setting(session)
            repository = DownloadRepository(session)
            return {
                "enabled": bool(value.get("enabled")),
                "enabled_at": value.get("enabled_at"),
                "blocked_until": value.get("blocked_until"),
                "terms": TERMS,
                "downloads": repository.counts(),
                "last_asked": repository.last_asked(),
                "last_price_day": repository.last_price_day(),
                "published_until": last_published(datetime.now(UTC)),
            }

    def enable(self, on: bool) -> None:
        """Switch downloads on or off, for every process."""
        self._change({"enabled": on, "enabled_at": datetime.now(UTC).isoformat() if on else None})

    @staticmethod
    def _setting(session: Any) -> dict[str, Any]:
        value = session.scalar(
            select(AppSetting.value).where(AppSetting.owner_id == LOCAL_OWNER_ID, AppSetting.name == _SETTING)
        )
        return dict(value or {})

    def _change(self, values: dict[str, Any]) -> None:
        with self._database.transaction(Market.REAL) as session:
            new = {**self._setting(session), **values}
            statement = insert(AppSetting).values(owner_id=LOCAL_OWNER_ID, name=_SETTING, value=new)
            session.execute(statement.on_conflict_do_update(index_elements=["owner_id", "name"], set_={"value": new}))

    def due(self, now: datetime) -> str | None:
        """The key of the nightly run that should start now, or None: off, no session, too early, or done."""
        moment = now.astimezone(calendar.IST)
        today = moment.date()
        if not calendar.is_session(today) or moment.time() < NIGHTLY_FROM:
            return None
        with self._database.transaction(Market.REAL) as session:
            setting = self._setting(session)
            asked = DownloadRepository(session).between(today, today)
        if not setting.get("enabled") or _blocked(setting, now):
            return None
        bhavcopy = asked.get((Report.BHAVCOPY.value, today))
        if bhavcopy is not None and bhavcopy.state == "KEPT":
            return None
        return f"nightly-sync-{today}-{moment.hour // _NIGHTLY_EVERY_HOURS}"

    # --- a run ----------------------------------------------------------------------------------------------------

    def check(self, start: date | None, end: date | None, now: datetime) -> tuple[date, date]:
        """The days of a run.

        Raises
        ------
        ConflictError : downloads are switched off.
        ExternalAPIError : the exchange refuses this machine for now.
        ValidationError : the range is the wrong way round, or begins nowhere.
        """
        with self._database.transaction(Market.REAL) as session:
            setting = self._setting(session)
            stored = DownloadRepository(session).last_price_day()
        if not setting.get("enabled"):
            raise ConflictError(f"Downloads are switched off. {TERMS}")
        until = _blocked(setting, now)
        if until is not None:
            raise ExternalAPIError(
                f"The exchange refused this machine; nothing is asked before "
                f"{until.astimezone(calendar.IST):%H:%M} IST",
                "nse",
                details={"blocked_until": until.isoformat()},
            )
        last = last_published(now)
        if start is None and stored is None:
            raise ValidationError("No prices are stored yet: name the first day to download", "from")
        first = start or (stored + timedelta(days=1) if stored is not None else last)
        if end is not None and start is not None and end < start:
            raise ValidationError(f"The range ends on {end}, before it begins on {start}", "to")
        return first, min(end or last, last)

    def job(self, context: JobContext, arguments: dict[str, Any]) -> dict[str, Any]:
        """Job: a run in the queue; `from` and `to` are ISO dates or absent."""
        start, end = (date.fromisoformat(arguments[name]) if arguments.get(name) else None for name in ("from", "to"))
        summary = self.run(
            start, end, progress=context.progress, cancelled=context.cancelled, last_call=context.last_call
        )
        for one in (*summary.refused, *summary.failed):
            context.log("warning", f"{one['file']}: {one['reason']}")
        if summary.cancelled:
            raise Cancelled(summary.to_dict())
        return summary.to_dict()

    def run(
        self,
        start: date | None,
        end: date | None,
        *,
        progress: Callable[[float, str], None],
        cancelled: Callable[[], bool],
        last_call: Callable[[], bool] = lambda: True,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> SyncSummary:
        """Fetch what is missing from `start` to `end` and import it; `last_call` as of an import, of the last one.

        Raises as `check` does.
        """
        began = time.perf_counter()
        moment = now()
        first, last = self.check(start, end, moment)
        days = calendar.sessions(first, last)
        summary = SyncSummary(first, last, sessions=len(days), warning=calendar.warning(last))
        files = wanted(days, DAILY)
        if end is None or end >= last_published(moment):
            today = moment.astimezone(calendar.IST).date()
            files += wanted([today], OF_TODAY)
        client = self._client()
        try:
            self._fetch_all(client, files, summary, progress, cancelled, last_call, now)
        finally:
            client.close()
        summary.seconds = time.perf_counter() - began
        progress(1.0, "done")
        return summary

    def _fetch_all(
        self,
        client: ArchiveClient,
        files: Sequence[RemoteFile],
        summary: SyncSummary,
        progress: Callable[[float, str], None],
        cancelled: Callable[[], bool],
        last_call: Callable[[], bool],
        now: Callable[[], datetime],
    ) -> None:
        with self._database.transaction(Market.REAL) as session:
            oldest = min((file.day for file in files), default=summary.start)
            newest = max((file.day for file in files), default=summary.end)
            asked = {
                key: (row.state, row.asked_at)
                for key, row in DownloadRepository(session).between(oldest, newest).items()
            }
        ready: list[Path] = []
        for number, file in enumerate(files):
            if cancelled():
                summary.cancelled, summary.left = True, len(files) - number
                break
            progress(number / max(len(files), 1), file.name)
            state, asked_at = asked.get((file.report.value, file.day), (None, None))
            path = self._path(file)
            if state == "KEPT" and path.is_file():
                summary.kept_before += 1
                ready.append(path)
                continue
            if state == "NOT_PUBLISHED" and asked_at is not None and _final(file, asked_at):
                summary.not_published.append(file.name)
                continue
            try:
                if self._fetch(client, file, path, summary, now):
                    ready.append(path)
            except BlockedError as error:
                self._change({"blocked_until": error.until.isoformat()})
                summary.blocked_until, summary.left = error.until, len(files) - number
                break
            if len(ready) >= _IMPORT_EVERY:
                self._import(ready, summary, cancelled)
                ready = []
        if not summary.cancelled:  # the next run imports what this one kept
            self._import(ready, summary, cancelled, last_call)

    def _fetch(
        self,
        client: ArchiveClient,
        file: RemoteFile,
        path: Path,
        summary: SyncSummary,
        now: Callable[[], datetime],
    ) -> bool:
        """Ask for one file and keep it; whether it is there. Writes the ledger whatever came of it."""
        noted: dict[str, Any] = {
            "report": file.report.value,
            "day": file.day,
            "address": client.address(file),
            "file_name": file.name,
            "sha256": None,
            "size_bytes": None,
            "message": "",
        }
        try:
            data = client.fetch(file)
            self._keep(file, path, data)
            noted |= {"state": "KEPT", "sha256": hashlib.sha256(data).hexdigest(), "size_bytes": len(data)}
            summary.fetched += 1
        except NotPublishedError:
            noted |= {"state": "NOT_PUBLISHED"}
            summary.not_published.append(file.name)
        except FetchError as error:
            noted |= {"state": "REFUSED" if error.refused else "FAILED", "message": str(error)}
            (summary.refused if error.refused else summary.failed).append({"file": file.name, "reason": str(error)})
        with self._database.transaction(Market.REAL) as session:
            DownloadRepository(session).note({**noted, "asked_at": now()})
        return bool(noted["state"] == "KEPT")

    def _path(self, file: RemoteFile) -> Path:
        # the lists of today's state are dated by their folder
        part = f"{file.day}" if file.report in OF_TODAY else f"{file.day:%Y}"
        return self.folder / file.report.value / part / file.name

    def _keep(self, file: RemoteFile, path: Path, data: bytes) -> None:
        """Put the file in place once it can be read and is of the day it was asked for.

        Raises
        ------
        FetchError : the importer would refuse it: dated otherwise, cut short, another kind of file.
        """
        waiting = self.folder / ".partial" / f"{os.getpid()}" / file.name
        waiting.parent.mkdir(parents=True, exist_ok=True)
        try:
            with waiting.open("wb") as out:
                out.write(data)
                out.flush()
                os.fsync(out.fileno())
            for member in open_source(Source(waiting, True, len(data))):
                verdict = member.error if isinstance(member, BadMember) else parse(member)
                if isinstance(verdict, FileRefusedError):
                    raise FetchError(str(verdict), refused=True)
                if isinstance(verdict, FileSkippedError):
                    raise FetchError(f"{file.name}: {verdict.reason}", refused=True)
            path.parent.mkdir(parents=True, exist_ok=True)
            waiting.replace(path)
        finally:
            waiting.unlink(missing_ok=True)

    def _import(
        self,
        paths: Sequence[Path],
        summary: SyncSummary,
        cancelled: Callable[[], bool],
        last_call: Callable[[], bool] = lambda: True,
    ) -> None:
        if paths:
            done = self._load(
                Market.REAL, paths, progress=lambda _fraction, _message: None, cancelled=cancelled, strict_paths=True,
                last_call=last_call,
            )  # fmt: skip
            summary.imported.append(done.to_dict())
            summary.cancelled = summary.cancelled or done.cancelled


def _final(file: RemoteFile, asked_at: datetime) -> bool:
    return asked_at.astimezone(calendar.IST).date() - file.day >= NOT_PUBLISHED_FOR_GOOD


def last_published(now: datetime) -> date:
    """The newest session whose files are out."""
    moment = now.astimezone(calendar.IST)
    today = moment.date()
    if calendar.is_session(today) and moment.time() >= PUBLISHED_BY:
        return today
    return calendar.previous_session(today)


def _blocked(setting: dict[str, Any], now: datetime) -> datetime | None:
    text = setting.get("blocked_until")
    until = datetime.fromisoformat(text) if text else None
    return until if until is not None and until > now else None


__all__ = ["TERMS", "SyncService", "SyncSummary", "last_published", "remote_file"]
