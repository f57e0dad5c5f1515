"""Storing index series and intraday bars in the caller's transaction."""

from __future__ import annotations

from datetime import date

import polars as pl
from sqlalchemy import Connection

from app.repositories import evidence, files, index_series, intraday
from app.services.importing.files import Member
from app.services.importing.index_series import SeriesFile
from app.services.importing.intraday_files import IntradayFile
from app.services.importing.loading import store_findings
from app.services.index_names import index_name, known_index
from app.services.intraday.store import IntradayStore

SCOPE_SERIES = "index_series"
SCOPE_INTRADAY = "intraday"


def _add_file(connection: Connection, member: Member, parsed: SeriesFile | IntradayFile, days: pl.Series) -> int:
    first, last = days.min(), days.max()
    assert isinstance(first, date) and isinstance(last, date)
    file_id, _ = files.add_file(
        connection,
        sha256=member.sha256,
        name=member.name,
        container=member.container,
        kind=parsed.kind.value,
        size_bytes=len(member.data),
        rows=parsed.frame.height,
        first_date=first,
        last_date=last,
        scopes=[SCOPE_SERIES if isinstance(parsed, SeriesFile) else SCOPE_INTRADAY],
    )
    return file_id


def store_series(connection: Connection, member: Member, parsed: SeriesFile) -> int:
    """Store a file of index values; how many findings are new."""
    file_id = _add_file(connection, member, parsed, parsed.frame["date"])
    evidence.add_indices(connection, parsed.index_names)
    index_series.add_values(connection, file_id, parsed.frame)
    return store_findings(connection, member.sha256, member.name, file_id, parsed.findings)


def store_intraday(connection: Connection, member: Member, parsed: IntradayFile, store: IntradayStore) -> int:
    """Store a file of intraday bars: new Parquet files, named by the catalogue once the caller commits."""
    local = parsed.frame["at"].dt.convert_time_zone("Asia/Kolkata")
    file_id = _add_file(connection, member, parsed, local.dt.date())
    if known_index(parsed.symbol) is not None:
        evidence.add_indices(connection, {parsed.symbol: index_name(parsed.symbol)})
    in_use = {(row.timeframe, row.year): row.content_hash for row in intraday.slices(connection, parsed.symbol)}
    for (year,), part in parsed.frame.group_by(local.dt.year().alias("year"), maintain_order=True):
        assert isinstance(year, int)
        before = in_use.get((parsed.timeframe, year))
        row = store.merge(parsed.symbol, parsed.timeframe, year, before, part, member.sha256)
        intraday.put_slice(connection, row)
        intraday.add_source(connection, file_id, parsed.symbol, parsed.timeframe, year, part.height)
    return store_findings(connection, member.sha256, member.name, file_id, parsed.findings)
