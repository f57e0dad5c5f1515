"""Data import, status, findings and the choice of market on the wire."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from app.schemas.common import PageMeta, StrictWire


class ImportRequest(StrictWire):
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


class InstrumentHole(BaseModel):
    """An instrument without a bar in some sessions between its first and its last."""

    model_config = ConfigDict(from_attributes=True)

    symbol: str
    sessions: int = Field(description="Sessions without a bar")
    first: date
    last: date


class Gaps(BaseModel):
    """What is missing between the first and the last stored session."""

    expected: int = Field(description="Sessions the calendar expects")
    missing: int
    dates: list[date] = Field(description="The missing sessions, the first 250 of them")
    unexpected: int = Field(description="Stored sessions that the calendar does not know")
    instruments_with_holes: int
    worst_holes: list[InstrumentHole]


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
    gaps: Gaps
    adjustments_hash: str | None = Field(description="Of factors, quarantined moves and dividends")
    membership_hash: str | None
    bytes_database: int
    bytes_panel: int
    notices: list[str] = Field(description="What an older version read or worked out, and what no list tells")
    other_rows: dict[str, int] = Field(description="Rows of what is stored beside the daily prices, by table")
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


class MarketChoice(StrictWire):
    """Which market to show."""

    market: Literal["real", "sample"]


class MarketOut(BaseModel):
    """Which market is shown, and whether each has data."""

    market: Literal["real", "sample"]
    real_ready: bool
    sample_ready: bool


class SnapshotOut(BaseModel):
    """A state of the data that was served; `changed_*` compare with the one seen before it."""

    model_config = ConfigDict(from_attributes=True)

    root: str
    adjustments_hash: str
    membership_hash: str
    rules_version: str
    changed_inputs: list[Literal["prices", "adjustments", "membership", "rules"]]
    changed_years: list[int]
    changed_instruments: int | None = Field(description="Null where the state before was not at hand to compare")
    instruments: int
    first_session: date | None
    last_session: date | None
    first_seen_at: datetime
    last_seen_at: datetime


class SnapshotPage(BaseModel):
    """A page of the history, the state seen last first."""

    data: list[SnapshotOut]
    meta: PageMeta


class CoverageDay(BaseModel):
    """A day on which the exchange traded or a bar is stored."""

    date: date
    rows: int = Field(description="Instruments with a bar")
    expected: bool
    state: Literal["OK", "MISSING", "PARTIAL", "UNEXPECTED", "OUTSIDE"]


class Coverage(BaseModel):
    """The days of a year. OUTSIDE lies before the first or after the last stored session."""

    year: int
    years: list[int]
    days: list[CoverageDay]
    states: dict[str, int]
    calendar_warning: str | None


class CoverageMonth(BaseModel):
    """A month of a stored year: its days by state, and the usual number of instruments with a bar."""

    month: int = Field(ge=1, le=12)
    states: dict[str, int]
    rows: int = Field(description="Median of instruments with a bar over the stored sessions; 0 where none is stored")


class CoverageYear(BaseModel):
    """A stored year at a glance."""

    year: int
    sessions: int
    expected: int = Field(description="Sessions the calendar has in the whole year")
    instruments: int
    months: list[CoverageMonth]


class ProvenanceRow(BaseModel):
    """One line of a file about a stock's day."""

    symbol: str
    series: str
    counts: bool
    why: str
    file_name: str
    container: str | None
    kind: str
    sha256: str
    line: int
    source_rank: int
    published_at: datetime | None
    recorded_at: datetime
    superseded_at: datetime | None
    open: float
    high: float
    low: float
    close: float
    prev_close: float | None
    volume: int
    turnover: float | None
    trades: int | None
    delivery: int | None
    isin: str | None


class LentField(BaseModel):
    """A field of the bar that another row gave than the one that counts."""

    field: str
    file_name: str
    line: int


class ProvenanceBar(BaseModel):
    """The bar as it is used, raw; rupees and shares."""

    symbol: str
    series: str
    open: float
    high: float
    low: float
    close: float
    prev_close: float | None
    volume: int
    turnover: float | None
    trades: int | None
    delivery: int | None
    lent: list[LentField]


class ProvenanceAction(BaseModel):
    """A factor of the instrument; in force from its ex-date on."""

    ex_date: date
    factor: float
    tier: str
    purpose: str
    known_at: date
    in_force: bool


class Provenance(BaseModel):
    """Where a bar comes from. `bar` is null where no row is of a series that makes a bar."""

    symbol: str = Field(description="The symbol on that day")
    asked: str
    instrument_key: str
    date: date
    bar: ProvenanceBar | None
    rows: list[ProvenanceRow]
    cumulative_factor: float
    actions: list[ProvenanceAction]
    snapshot: str
