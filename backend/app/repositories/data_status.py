"""What is stored: files, findings, actions; reads only."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.models import AdjustmentFactor, Base, Finding, ImportFile, Instrument, IntradaySlice, UnexplainedJump
from app.repositories.files import ARCHIVE_KIND

# Tables beside the daily prices whose rows are counted for the data page.
_OTHERS = (
    "instrument_names",
    "instrument_isins",
    "symbol_changes",
    "name_changes",
    "listed_securities",
    "corporate_actions",
    "dividends",
    "action_decisions",
    "index_lists",
    "index_members",
    "index_events",
    "index_values",
    "intraday_slices",
    "fundamental_values",
    "security_listings",
    "security_flags",
    "week_52_levels",
    "large_deals",
    "series_moves",
    "announced_holidays",
    "downloads",
)


class DataStatusRepository:
    """Counts and lists for the data page."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def files_by_kind(self) -> dict[str, tuple[int, int]]:
        """Number of files and of their rows, by kind."""
        query = (
            select(ImportFile.kind, func.count(), func.sum(ImportFile.rows))
            .where(ImportFile.kind != ARCHIVE_KIND)
            .group_by(ImportFile.kind)
        )
        return {kind: (count, int(rows)) for kind, count, rows in self._session.execute(query)}

    def recent_files(self, limit: int) -> Sequence[ImportFile]:
        """The files stored last."""
        stored = select(ImportFile).where(ImportFile.kind != ARCHIVE_KIND)
        return self._session.scalars(stored.order_by(ImportFile.id.desc()).limit(limit)).all()

    def findings_by_severity(self) -> dict[str, int]:
        """Number of findings, by severity."""
        query = select(Finding.severity, func.count().label("number")).group_by(Finding.severity)
        return {row.severity: row.number for row in self._session.execute(query)}

    def findings(
        self, *, page: int, limit: int, rule: str | None, severity: str | None
    ) -> tuple[Sequence[Finding], int, dict[str, int]]:
        """A page of findings, newest first; how many there are; how many of each rule."""
        query = select(Finding)
        if rule is not None:
            query = query.where(Finding.rule == rule)
        if severity is not None:
            query = query.where(Finding.severity == severity)
        filtered = query.subquery()
        counted = self._session.execute(select(filtered.c.rule, func.count()).group_by(filtered.c.rule))
        by_rule = [(str(name), int(count)) for name, count in counted]
        rules: dict[str, int] = dict(sorted(by_rule, key=lambda row: (-row[1], row[0])))
        rows = self._session.scalars(query.order_by(Finding.id.desc()).limit(limit).offset((page - 1) * limit)).all()
        return rows, sum(rules.values()), rules

    def counts(self) -> tuple[int, int, int]:
        """Instruments, listed actions in use, unexplained jumps."""
        return (
            self._session.scalar(select(func.count()).select_from(Instrument)) or 0,
            self._session.scalar(select(func.count()).select_from(AdjustmentFactor)) or 0,
            self._session.scalar(select(func.count()).select_from(UnexplainedJump)) or 0,
        )

    def database_bytes(self) -> int:
        """Bytes of the market's database on disk."""
        size: int = self._session.execute(text("SELECT pg_database_size(current_database())")).scalar_one()
        return size

    def other_rows(self) -> dict[str, int]:
        """Rows of what is stored beside the daily prices, by table; `intraday_bars` are those of the Parquet files."""
        tables = Base.metadata.tables
        counts = {
            name: self._session.execute(select(func.count()).select_from(tables[name])).scalar_one() for name in _OTHERS
        }
        bars = self._session.scalar(select(func.sum(IntradaySlice.rows)))
        return counts | {"intraday_bars": int(bars or 0)}
