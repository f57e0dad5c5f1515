"""Data import, status, findings and the choice of market on the wire."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, Field

from app.schemas.common import PageMeta, Wire


class ImportRequest(Wire):
    """Import a file or a folder of this machine; it must lie under one of the import roots."""

    path: str = Field(min_length=1, max_length=4096, examples=["/home/me/bhavcopies"])


class YearCoverage(BaseModel):
    """What is stored of one year."""

    year: int
    sessions: int
    expected_sessions: int
    instruments: int
    first_session: date
    last_session: date


class ImportedFile(BaseModel):
    """A file whose rows are stored."""

    id: int
    name: str
    container: str | None
    kind: str
    rows: int
    first_date: date | None
    last_date: date | None
    recorded_at: datetime


class DataStatus(BaseModel):
    """What is stored in the active market."""

    market: Literal["real", "sample"]
    rows: int
    files: int
    instruments: int
    first_session: date | None
    last_session: date | None
    snapshot: str | None
    panel_is_stale: bool
    years: list[YearCoverage]
    files_by_kind: dict[str, int]
    listed_actions: int
    unexplained_jumps: int
    findings: dict[str, int] = Field(description="Number of findings by severity")
    recent_files: list[ImportedFile]
    import_roots: list[str]


class FindingOut(BaseModel):
    """Something found in a file and what was done about it."""

    id: int
    file_name: str
    line: int | None
    rule: str
    severity: Literal["refused", "warning", "note"]
    subject: str | None
    message: str
    action: str
    recorded_at: datetime


class FindingPage(BaseModel):
    """A page of findings, newest first."""

    data: list[FindingOut]
    meta: PageMeta
    rules: dict[str, int] = Field(description="Number of findings by rule, over the whole filtered list")


class MarketChoice(Wire):
    """Which market to show."""

    market: Literal["real", "sample"]


class MarketOut(BaseModel):
    """Which market is shown, and whether each has data."""

    market: Literal["real", "sample"]
    real_ready: bool
    sample_ready: bool
