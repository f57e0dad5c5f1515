"""Storing one file in the caller's transaction: rows, evidence, findings, versions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import polars as pl
import psycopg
from sqlalchemy import Connection

from app.repositories import evidence, files, findings, prices
from app.services.importing import merge, neighbours
from app.services.importing.files import Member
from app.services.importing.findings import FileFinding, FileRefusedError, Rule
from app.services.importing.kinds import APART_KINDS
from app.services.importing.price_files import PriceFile
from app.services.importing.readers import reader_of
from app.services.importing.reference import ReferenceFile
from app.services.importing.resolver import Resolver

_VALUES = ("open", "high", "low", "close", "volume")


def store_findings(
    connection: Connection, sha256: str, name: str, file_id: int | None, found: Sequence[FileFinding]
) -> int:
    """Keep what was found in a file; how much of it was new."""
    rows = [
        {
            "sha256": sha256,
            "file_name": name,
            "file_id": file_id,
            "line": finding.line,
            "rule": finding.rule.value,
            "severity": finding.severity.value,
            "subject": finding.subject,
            "message": finding.message,
            "action": finding.action,
        }
        for finding in found
    ]
    return findings.add_findings(connection, rows)


def store_reference(connection: Connection, member: Member, parsed: ReferenceFile) -> int:
    """Store a file of evidence; how many findings are new."""
    first, last = parsed.dates
    file_id, _ = files.add_file(
        connection,
        sha256=member.sha256,
        name=member.name,
        container=member.container,
        kind=parsed.kind.value,
        size_bytes=len(member.data),
        rows=parsed.rows,
        first_date=first,
        last_date=last,
        reader=reader_of(parsed.kind.value),
        scopes=[
            *([] if parsed.kind in APART_KINDS else [files.PENDING]),
            *(["fundamentals"] if "fundamental_values" in parsed.frames else []),
        ],
    )
    names = dict(parsed.index_names)
    evidence.add_indices(connection, names)
    for table, rows in parsed.tables.items():
        evidence.add_rows(connection, table, file_id, rows)
    for table, frame in parsed.frames.items():
        evidence.add_frame(connection, table, file_id, frame)
    for one in parsed.lists:
        evidence.add_index_list(
            connection,
            file_id=file_id,
            index_id=one.index_id,
            in_force_on=parsed.as_of,
            date_basis=parsed.date_basis,
            entries=one.entries,
        )
    return store_findings(connection, member.sha256, member.name, file_id, parsed.findings)


def store_prices(
    connection: Connection, member: Member, parsed: PriceFile, resolver: Resolver, sectors: Mapping[str, str]
) -> int:
    """Store a price file: rows with their instruments, losers of the merge marked; how many findings are new."""
    frame = parsed.frame
    first, last = frame["date"].min(), frame["date"].max()
    assert isinstance(first, date) and isinstance(last, date)
    found = list(parsed.findings)
    if parsed.doubt is not None:
        found.append(neighbours.resolve_doubt(connection, member.name, parsed.kind, frame, parsed.doubt))
    years = range(first.year, last.year + 1)
    file_id, days_known = files.add_file(
        connection,
        sha256=member.sha256,
        name=member.name,
        container=member.container,
        kind=parsed.kind.value,
        size_bytes=len(member.data),
        rows=frame.height,
        first_date=first,
        last_date=last,
        scopes=[files.PENDING],
        price_days=frame["date"].unique().to_list(),
    )
    new_findings = store_findings(connection, member.sha256, member.name, file_id, found)
    for year in years:  # a long file is stored year by year, so that memory does not grow with its length
        part = frame.filter(pl.col("date").dt.year() == year) if len(years) > 1 else frame
        if part.height:
            lost = pl.Series("line", [], pl.Int32)
            if days_known:
                lost, rivals = _merge(connection, part, file_id, member)
                new_findings += rivals
            ids = resolver.resolve(part, member.sha256)
            try:
                _add_rows(connection, part, file_id, lost, ids, sectors)
            except (psycopg.DataError, psycopg.IntegrityError) as error:
                raise _not_storable(member.name, part, error) from error
    return new_findings


def _add_rows(
    connection: Connection,
    frame: pl.DataFrame,
    file_id: int,
    lost: pl.Series,
    instrument_ids: pl.Series,
    sectors: Mapping[str, str],
) -> None:
    """Append a file's rows; those on the lines in `lost` do not count."""
    columns = [
        pl.Series("file_id", [file_id], pl.Int32).new_from_index(0, frame.height),
        instrument_ids,
        pl.Series("sector", [sectors.get(symbol) for symbol in frame["symbol"].to_list()], pl.String),
    ]
    if len(lost):
        now = pl.when(frame["line"].is_in(lost.implode())).then(pl.lit("now"))
        columns.append(pl.select(now.alias("superseded_at")).to_series())
    prices.add_prices(connection, frame.hstack(columns))


def _not_storable(name: str, frame: pl.DataFrame, error: psycopg.Error) -> FileRefusedError:
    """What the database would not take, by the file's own line where the database says which it was."""
    told = re.search(r"line (\d+)(?:, column (\w+))?", error.diag.context or "")
    row = frame.row(min(int(told.group(1)), frame.height) - 1, named=True) if told else None
    where = f"line {row['line']}: {row['symbol']} {row['series']}: " if row is not None else ""
    said = (error.diag.message_primary or str(error)).partition("\n")[0]
    return FileRefusedError(
        Rule.BAD_VALUE,
        f"{name}: {where}the database cannot hold it: {said}",
        line=None if row is None else row["line"],
        subject=told.group(2) if told else None,
    )


def _two_versions(name: str, other: str, day: date, rows: int) -> FileFinding:
    same = " of the same name" if other == name else f" ({other})"
    return FileFinding(
        Rule.TWO_VERSIONS,
        f"{name}: another file{same} tells of {day} too; {rows or 'no'} rows differ",
        "both are stored; of each row the version with the larger traded volume counts",
        subject=str(day),
    )


def _merge(connection: Connection, frame: pl.DataFrame, file_id: int, member: Member) -> tuple[pl.Series, int]:
    """Decide which of the new and the stored rows count, and mark the stored ones that no longer do.

    (lines of the new file that do not count, how many findings about other versions of its days are new)
    """
    key = list(merge.KEY)
    first, last = frame["date"].min(), frame["date"].max()
    assert isinstance(first, date) and isinstance(last, date)
    stored = prices.current_rows(connection, first, last).join(frame.select(key), on=key, how="semi")
    if not stored.height:
        return pl.Series("line", [], pl.Int32), 0
    digests = files.file_digests(connection, stored["file_id"].unique().to_list())
    columns = ["file_id", "line", *key, "source_rank", "volume"]
    mine = frame.join(stored.select(key), on=key, how="semi").with_columns(pl.lit(file_id, pl.Int32).alias("file_id"))
    known = {**{other: sha256 for other, (sha256, _) in digests.items()}, file_id: member.sha256}
    rows = pl.concat([mine.select(columns), stored.select(columns)]).with_columns(
        pl.lit(None, pl.Datetime("us", "UTC")).alias("published_at"),
        pl.col("file_id").replace_strict(known, return_dtype=pl.String).alias("sha256"),
    )
    lost = merge.losers(rows)
    prices.supersede(connection, lost.filter(pl.col("file_id") != file_id))
    new_findings = 0
    for sha256, name, differing, day in _rivals(mine, stored, digests):
        for own, own_name, other in ((member.sha256, member.name, name), (sha256, name, member.name)):
            finding = _two_versions(own_name, other, day, differing)
            new_findings += store_findings(connection, own, own_name, None, [finding])
    return lost.filter(pl.col("file_id") == file_id)["line"], new_findings


def _rivals(
    mine: pl.DataFrame, stored: pl.DataFrame, digests: Mapping[int, tuple[str, str]]
) -> list[tuple[str, str, int, date]]:
    """Stored files of equal rank about the same rows: (SHA-256, name, rows with another price or volume, first day)."""
    pairs = mine.join(stored, on=[*merge.KEY, "source_rank"], suffix="_stored")
    differs = pl.any_horizontal([pl.col(name) != pl.col(f"{name}_stored") for name in _VALUES])
    counted: Sequence[Any] = (
        pairs.group_by("file_id_stored").agg(differs.sum(), pl.col("date").min()).sort("file_id_stored").rows()
    )
    return [(*digests[file_id], rows, day) for file_id, rows, day in counted]
