"""Files read ahead of storing them: while one is stored, a thread opens, recognises and parses the next.

What is read comes as steps in the order of import: a file begins, its members follow, it ends. The thread is one member
ahead and no more, so that memory stays that of two files; a large one is opened ahead and parsed when its turn comes.
"""

from __future__ import annotations

import logging
import zipfile
import zlib
from collections.abc import Container, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from xml.etree.ElementTree import ParseError

import polars as pl

from app.services.importing.action_files import read_actions
from app.services.importing.constituents import read_constituents
from app.services.importing.daily_reports import read_report
from app.services.importing.files import BadMember, Member, Source, file_digest, is_archive, open_source
from app.services.importing.findings import FileRefusedError, FileSkippedError, Rule
from app.services.importing.fundamentals_files import read_fundamentals
from app.services.importing.index_series import SeriesFile, read_index_series
from app.services.importing.intraday_files import IntradayFile, read_intraday
from app.services.importing.kinds import (
    FIGURE_KINDS,
    IDENTITY_KINDS,
    MEMBERSHIP_KINDS,
    PRICE_KINDS,
    REPORT_KINDS,
    SITE_KINDS,
    Kind,
    recognise,
)
from app.services.importing.market_cap_files import read_market_caps
from app.services.importing.masters import read_master
from app.services.importing.price_files import PriceFile, read_price_file
from app.services.importing.reference import ReferenceFile
from app.services.importing.site_json import read_site_json
from app.services.importing.symbol_master_files import read_symbol_master
from app.services.importing.texts import from_utf_16, utf_16_note

log = logging.getLogger(__name__)

# Files of the best source go in first, so that rows of others find themselves superseded instead of being replaced.
_ORDER = {
    Kind.PRICES_LEGACY: 1,
    Kind.PRICES_UDIFF: 1,
    Kind.PRICES_DELIVERY: 2,
    Kind.PRICES_DAILY_PARQUET: 3,
}
_PARSED_AHEAD_BYTES = 4 * 1024 * 1024

Parsed = SeriesFile | IntradayFile | PriceFile | ReferenceFile | FileRefusedError | FileSkippedError


@dataclass(frozen=True, slots=True)
class Begun:
    """A file's turn. `archive` is its digest where it is one; of one that is known nothing else follows."""

    source: Source
    archive: str | None
    known: bool


@dataclass(frozen=True, slots=True)
class Read:
    """A member, with what it holds or why it may not be stored; None where that is still to be found out."""

    source: Source
    member: Member
    parsed: Parsed | None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A member, or a whole file, that could not be opened."""

    member: BadMember


@dataclass(frozen=True, slots=True)
class Ended:
    """All of a file has come; `archive` as in `Begun`."""

    source: Source
    archive: str | None


Step = Begun | Read | Unreadable | Ended


def parse(member: Member) -> Parsed:
    """What a member holds, or why it may not be stored."""
    try:
        utf_8 = from_utf_16(member.name, member.data)
        if utf_8 is None:
            return _parse(member)
        parsed = _parse(replace(member, data=utf_8))
        parsed.findings.append(utf_16_note(member.name))
        return parsed
    except (FileRefusedError, FileSkippedError) as refusal:
        return refusal
    except (zipfile.BadZipFile, zlib.error, EOFError, ParseError) as error:
        # a workbook is unpacked page by page: its damage shows late
        return FileRefusedError(Rule.ARCHIVE_DAMAGED, f"{member.name}: damaged inside ({error})")
    except (Exception, pl.exceptions.PanicException) as error:
        # a reader that fails must not take the other files with it: this one is refused, and the log has the cause
        log.exception("reading %s failed", member.label)
        return FileRefusedError(
            Rule.UNREADABLE, f"{member.name}: it could not be read ({type(error).__name__}: {str(error)[:200]})"
        )


def _parse(member: Member) -> SeriesFile | IntradayFile | PriceFile | ReferenceFile:
    kind = recognise(member.name, member.data)
    if kind is Kind.INDEX_SERIES:
        return read_index_series(member)
    if kind is Kind.INTRADAY:
        return read_intraday(member)
    if kind in PRICE_KINDS:
        return read_price_file(kind, member.name, member.data)
    if kind in IDENTITY_KINDS:
        return read_master(kind, member)
    if kind in FIGURE_KINDS:
        return read_fundamentals(kind, member)
    if kind is Kind.MARKET_CAPS:
        return read_market_caps(member)
    if kind is Kind.SYMBOL_MASTER:
        return read_symbol_master(member)
    if kind in REPORT_KINDS:
        return read_report(kind, member)
    if kind in SITE_KINDS:
        return read_site_json(kind, member)
    return read_constituents(kind, member) if kind in MEMBERSHIP_KINDS else read_actions(kind, member)


def in_order(sources: Sequence[Source]) -> list[Source]:
    """Evidence first, then prices from the best source to the least; by path among equals."""
    return sorted(sources, key=lambda source: (_order_of(source), str(source.path)))


def read_ahead(sources: Sequence[Source], known: Container[str]) -> Generator[Step, None, None]:
    """The steps of reading files, one member ahead of the caller.

    `known` holds the digests of what is stored. It may grow meanwhile: what is stored between reading and the caller's
    turn is the caller's to see.
    """
    batches = _batches(_steps(sources, known))
    try:
        with ThreadPoolExecutor(1, thread_name_prefix="import-reading") as pool:
            waiting = pool.submit(next, batches, None)
            while (batch := waiting.result()) is not None:
                waiting = pool.submit(next, batches, None)
                yield from batch
    finally:
        batches.close()  # the thread has ended: an archive left open on the way is closed here


def _batches(steps: Generator[Step, None, None]) -> Generator[list[Step], None, None]:
    """The steps up to each member, and what follows the last one."""
    batch: list[Step] = []
    try:
        for step in steps:
            batch.append(step)
            if isinstance(step, Read):
                yield batch
                batch = []
        if batch:
            yield batch
    finally:
        steps.close()


def _steps(sources: Sequence[Source], known: Container[str]) -> Generator[Step, None, None]:
    for source in sources:
        try:
            archive = file_digest(source.path) if is_archive(source.path) else None
        except OSError as error:
            reason = FileRefusedError(Rule.UNREADABLE, f"{source.path.name}: {error}")
            yield Begun(source, None, known=False)
            yield Unreadable(BadMember(source.path.name, str(source.path), "", reason))
            yield Ended(source, None)
            continue
        if archive is not None and archive in known:
            yield Begun(source, archive, known=True)
            continue
        yield Begun(source, archive, known=False)
        yield from _members(source, known)
        yield Ended(source, archive)


def _members(source: Source, known: Container[str]) -> Iterator[Step]:
    for member in open_source(source):
        if isinstance(member, BadMember):
            yield Unreadable(member)
        elif member.sha256 in known or len(member.data) > _PARSED_AHEAD_BYTES:
            yield Read(source, member, None)
        else:
            yield Read(source, member, parse(member))


def _order_of(source: Source) -> int:
    """Evidence 0, prices 1 to 3; what cannot be told goes with the evidence and is reported when it is opened."""
    try:
        with source.path.open("rb") as stream:
            if stream.read(4) == b"PAR1":
                return _ORDER[Kind.PRICES_DAILY_PARQUET]
        member = next(iter(open_source(source)), None)
        if not isinstance(member, Member):
            return 0
        data = from_utf_16(member.name, member.data) or member.data
        return _ORDER.get(recognise(member.name, data), 0)
    except (FileRefusedError, FileSkippedError, OSError):
        return 0
