"""The import from end to end: what order files go in, their transactions, and the work that follows them."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

from app.exceptions import ConflictError
from app.repositories import evidence, files, instruments, intraday
from app.services.importing import derive, figures, neighbours
from app.services.importing.files import Member, Source, walk
from app.services.importing.findings import FileRefusedError, FileSkippedError, Rule
from app.services.importing.index_checks import crosscheck
from app.services.importing.index_series import SeriesFile
from app.services.importing.intraday_files import IntradayFile
from app.services.importing.kinds import ACTION_KINDS, IDENTITY_KINDS, MEMBERSHIP_KINDS, MOVE_EVIDENCE, Kind
from app.services.importing.loading import store_findings, store_prices, store_reference
from app.services.importing.price_files import PriceFile
from app.services.importing.readers import DERIVED, READERS
from app.services.importing.reading import Begun, Ended, Read, Step, Unreadable, in_order, parse, read_ahead
from app.services.importing.reference import ReferenceFile, date_finding, date_of_list
from app.services.importing.resolver import Resolver
from app.services.importing.series_loading import store_intraday, store_series
from app.services.importing.summary import ImportSummary, NotStored
from app.services.intraday.store import IntradayStore

log = logging.getLogger(__name__)

Progress = Callable[[float, str], None]
_FILES_SHARE = 0.85  # of the progress bar; the rest is what follows the files
_LOCK_WAIT_SECONDS = 600.0


def import_paths(
    engine: Engine,
    paths: Sequence[Path],
    *,
    progress: Progress,
    cancelled: Callable[[], bool],
    strict_paths: bool = True,
    last_call: Callable[[], bool] = lambda: True,
    intraday_store: IntradayStore | None = None,
) -> ImportSummary:
    """Import files and folders.

    Parameters
    ----------
    engine : of a migrated database; one import at a time runs on it, others wait.
    paths : files, archives or folders; folders are walked through.
    progress : called with a fraction in [0, 1] and what is being done.
    cancelled : asked between files; what is stored stays, and what is derived is brought up to date.
    strict_paths : a path that does not exist, or a file named directly whose format is unknown, fails the import.
    last_call : asked once when all files are stored; False: it was cancelled. Afterwards it cannot be.
    intraday_store : where intraday bars go; without one, files of them are skipped.

    Raises
    ------
    ConflictError : another import has been running for ten minutes.
    """
    began = time.perf_counter()
    run = _Run(engine, progress, cancelled, strict_paths, last_call, intraday_store)
    with locked(engine, progress):
        run.do(paths)
    run.summary.seconds = time.perf_counter() - began
    progress(1.0, "done")
    return run.summary


def finish_pending(engine: Engine, progress: Progress = lambda _fraction, _message: None) -> bool:
    """Complete what a killed import left to be worked out; whether there was anything. For the start of a server."""
    with engine.connect() as connection:
        if not files.is_pending(connection, DERIVED):
            return False
    with locked(engine, progress):
        derive.everything(engine, progress)
    return True


class locked:
    """The import lock of the database, held by a connection of its own."""

    def __init__(self, engine: Engine, progress: Progress) -> None:
        self._engine = engine
        self._progress = progress
        self._connection: Connection | None = None

    def __enter__(self) -> None:
        connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        deadline = time.monotonic() + _LOCK_WAIT_SECONDS
        while not files.try_import_lock(connection):
            if time.monotonic() > deadline:
                connection.close()
                raise ConflictError("Another import is running on this database; try again when it has ended")
            self._progress(0.0, "waiting for another import to end")
            time.sleep(0.5)
        self._connection = connection

    def __exit__(self, *_: object) -> None:
        if self._connection is None:
            return
        try:
            files.release_import_lock(self._connection)
        except DBAPIError:
            log.warning("the import lock went with its connection", exc_info=True)
        finally:
            self._connection.close()


@dataclass
class _Run:
    """One import under way."""

    engine: Engine
    progress: Progress
    cancelled: Callable[[], bool]
    strict_paths: bool
    last_call: Callable[[], bool]
    intraday_store: IntradayStore | None = None
    series_touched: bool = False
    summary: ImportSummary = field(default_factory=ImportSummary)
    known: dict[str, int] = field(default_factory=dict)
    dated_by_place: set[str] = field(default_factory=set)
    touched: derive.Touched = field(default_factory=lambda: derive.Touched())
    resolver: Resolver | None = None
    sectors: dict[str, str] = field(default_factory=dict)
    connection: Connection | None = None
    figures: bool = False  # company figures were stored

    def do(self, paths: Sequence[Path]) -> None:
        """Walk, store file by file, then derive."""
        unreadable: list[OSError] = []
        sources, missing, self.summary.ignored = walk(paths, unreadable)
        for error in unreadable:
            self._fail_path(str(error.filename), f"the folder cannot be read: {error.strerror}", Rule.UNREADABLE)
        for path in missing:
            self._fail_path(str(path), "there is no such file or folder", Rule.UNREADABLE)
        with self.engine.connect() as connection:
            if files.is_pending(connection, DERIVED):
                self.progress(0.0, "completing an earlier import")
                connection.close()
                derive.everything(self.engine, lambda fraction, message: self.progress(0.05 * fraction, message))
        with self.engine.connect() as connection:
            self.known = files.known_files(connection, READERS)
            self.dated_by_place = evidence.dated_by_place(connection)
        self._store_all(sources)
        self.summary.cancelled = self.summary.cancelled or not self.last_call()
        if self.touched.symbols:
            with self.engine.begin() as connection:
                self.summary.findings += neighbours.compare(connection)
        began = time.perf_counter()
        derive.after_import(
            self.engine,
            self.touched,
            lambda fraction, message: self.progress(_FILES_SHARE + (1 - _FILES_SHARE) * fraction, message),
            self.summary.seconds_by_step,
        )
        if self.figures:
            with self.engine.begin() as connection:
                figures.compare(connection)
        if self.series_touched:
            with self.engine.begin() as connection:
                crosscheck(connection, self.intraday_store)
                if self.intraday_store is not None:
                    self.intraday_store.sweep(intraday.slices(connection))
        self.summary.seconds_by_step["derive"] = time.perf_counter() - began

    def _store_all(self, sources: Sequence[Source]) -> None:
        began = time.perf_counter()
        with closing(read_ahead(in_order(sources), self.known)) as steps:
            try:
                self._store_steps(steps, sum(source.size for source in sources) or 1)
            finally:
                if self.connection is not None:
                    self.connection.close()
                    self.connection = None
        self.summary.seconds_by_step["files"] = time.perf_counter() - began

    def _store_steps(self, steps: Iterator[Step], total: int) -> None:
        """Store member after member.

        An archive of several members none of which was refused is remembered, so that it need not be opened again; one
        of a single member is told by that.
        """
        done = refused_before = stored = 0
        for step in steps:
            if isinstance(step, Begun | Read) and self.cancelled():
                self.summary.cancelled = True
                return
            match step:
                case Begun(source, archive, known):
                    self.progress(_FILES_SHARE * done / total, source.path.name)
                    done += source.size
                    refused_before, stored = len(self.summary.refused), 0
                    if known and archive is not None:
                        self.summary.already_known += self.known[archive]
                case Read():
                    stored += self._store_member(step)
                case Unreadable(member):
                    self._refuse(member.name, member.label, member.sha256, member.error)
                case Ended(source, archive):
                    whole = stored > 1 and len(self.summary.refused) == refused_before
                    if whole and archive is not None and archive not in self.known:
                        self._remember_archive(source, archive, stored)

    def _store_member(self, read: Read) -> bool:
        """Whether the member's rows are stored, now or from before."""
        member = read.member
        if member.sha256 in self.known:
            self.summary.already_known += 1
            self._sight_again(member)
            return True
        parsed = parse(member) if read.parsed is None else read.parsed
        if isinstance(parsed, IntradayFile) and self.intraday_store is None:
            parsed = FileSkippedError("intraday bars: this import was given no folder to keep them in")
        if isinstance(parsed, FileSkippedError):
            if read.source.named and self.strict_paths and member.container is None:
                self._fail_path(member.label, parsed.reason, parsed.rule)
            else:
                self.summary.skipped.append(NotStored(member.label, parsed.reason, parsed.rule.value))
            return False
        if isinstance(parsed, FileRefusedError):
            self._refuse(member.name, member.label, member.sha256, parsed)
            return False
        try:
            if isinstance(parsed, PriceFile):
                self._store_prices(member, parsed)
                rows = parsed.frame.height
            elif isinstance(parsed, SeriesFile | IntradayFile):
                self._store_series(member, parsed)
                rows = parsed.frame.height
            else:
                self._store_reference(member, parsed)
                rows = parsed.rows
        except FileRefusedError as refusal:
            self._refuse(member.name, member.label, member.sha256, refusal)
            return False
        self.known[member.sha256] = rows
        self.summary.loaded += 1
        self.summary.rows += rows
        self.summary.loaded_by_kind[parsed.kind.value] += 1
        return True

    def _store_prices(self, member: Member, parsed: PriceFile) -> None:
        with self._transaction() as connection:
            if self.resolver is None:
                self._prepare_resolver(connection)
            assert self.resolver is not None
            try:
                self.summary.findings += store_prices(connection, member, parsed, self.resolver, self.sectors)
            except BaseException:
                self.resolver = None  # it may hold instruments of the transaction that is being rolled back
                raise
        self.touched.add_prices(parsed.frame)

    def _store_series(self, member: Member, parsed: SeriesFile | IntradayFile) -> None:
        with self._transaction() as connection:
            if isinstance(parsed, SeriesFile):
                self.summary.findings += store_series(connection, member, parsed)
            else:
                assert self.intraday_store is not None
                self.summary.findings += store_intraday(connection, member, parsed, self.intraday_store)
        self.series_touched = True

    def _store_reference(self, member: Member, parsed: ReferenceFile) -> None:
        try:
            with self._transaction() as connection:
                files.forget(connection, member.sha256)  # what an older reader made of it
                self.summary.findings += store_reference(connection, member, parsed)
        except (DataError, IntegrityError) as error:
            said = str(error.orig).partition("\n")[0]
            raise FileRefusedError(Rule.BAD_VALUE, f"{member.name}: the database cannot hold it: {said}") from error
        kind = parsed.kind
        self.dated_by_place.add(member.sha256)
        self.touched.identity |= kind in IDENTITY_KINDS or "security_listings" in parsed.frames
        self.touched.membership |= kind in MEMBERSHIP_KINDS or kind is Kind.COMPANY_SYMBOLS
        self.touched.actions |= kind in ACTION_KINDS or "corporate_actions" in parsed.tables
        self.touched.moves |= bool(MOVE_EVIDENCE & (parsed.frames.keys() | parsed.tables.keys()))
        self.figures |= "fundamental_values" in parsed.frames
        self.resolver = None if kind in IDENTITY_KINDS else self.resolver

    def _sight_again(self, member: Member) -> None:
        """A stored list without a date of its own may lie in a folder of another date: that is evidence too."""
        if member.sha256 not in self.dated_by_place:
            return
        day, basis = date_of_list(member.name, member.folders)
        if day is None:
            return
        with self._transaction() as connection:
            new, of_index = evidence.sight_again(connection, member.sha256, day, basis)
            if new:
                files.mark_pending(connection)
                found = [date_finding(member.name, day, basis)] if of_index else []
                self.summary.findings += store_findings(connection, member.sha256, member.name, None, found)
                self.touched.identity = self.touched.membership = True

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        """One file's transaction."""
        if self.connection is None:
            self.connection = _connect(self.engine)
        with self.connection.begin():
            yield self.connection

    def _prepare_resolver(self, connection: Connection) -> None:
        self.sectors = derive.newest_sectors(evidence.index_list_entries(connection))

        def create(new: Sequence[tuple[str, str, date]]) -> list[int]:
            assert self.connection is not None
            return instruments.add_instruments(
                self.connection,
                [
                    {
                        "key": key,
                        "symbol": symbol,
                        "instrument_type": "OTHER",
                        "first_session": first,
                        "last_session": first,
                    }
                    for key, symbol, first in new
                ],
            )

        self.resolver = Resolver(instruments.symbol_spans(connection), evidence.symbol_changes(connection), create)

    def _remember_archive(self, source: Source, digest: str, members: int) -> None:
        with self._transaction() as connection:
            files.add_file(
                connection,
                sha256=digest,
                name=source.path.name,
                container=None,
                kind=files.ARCHIVE_KIND,
                size_bytes=source.size,
                rows=members,
                first_date=None,
                last_date=None,
            )
        self.known[digest] = members

    def _refuse(self, name: str, label: str, sha256: str, error: FileRefusedError) -> None:
        finding = error.finding
        self.summary.refused.append(NotStored(label, finding.message, finding.rule.value, finding.line))
        with self._transaction() as connection:
            self.summary.findings += store_findings(connection, sha256, name, None, [finding])

    def _fail_path(self, label: str, reason: str, rule: Rule) -> None:
        target = self.summary.failed_paths if self.strict_paths else self.summary.skipped
        target.append(NotStored(label, reason, rule.value))


def _connect(engine: Engine) -> Connection:
    """A connection for many small transactions, closed for good at the end: its settings suit nobody else.

    Losing the last moment of a repeatable import is harmless, so commits need not wait for the disk. Statements are
    planned each time: the plan of an empty table would do harm once it has grown.
    """
    connection = engine.connect()
    connection.detach()
    with connection.begin():
        connection.execute(text("SET synchronous_commit = off"))
        connection.execute(text("SET plan_cache_mode = force_custom_plan"))
    return connection
