"""Files of brokers on the wire."""

from __future__ import annotations

from datetime import date as Day
from typing import Any, Literal

from pydantic import BaseModel, Field

from app.schemas.portfolio_actions import PortfolioActionOut


class FileLine(BaseModel):
    """A transaction a row becomes."""

    kind: str
    date: Day
    symbol: str | None
    quantity: int
    price: str
    charges: str


class FileRow(BaseModel):
    """A row of the file and what becomes of it."""

    line: int
    status: Literal["NEW", "DUPLICATE", "SKIPPED", "ERROR"]
    message: str | None
    transactions: list[FileLine]


class FileCounts(BaseModel):
    """All rows, not only those shown."""

    rows: int
    new: int
    duplicates: int
    skipped: int
    errors: int
    transactions: int = Field(description="Lines the new rows become")


class LedgerProblem(BaseModel):
    """What the ledger would refuse of the whole."""

    line: int | None = Field(description="Of the file; null where it is a line the ledger has already")
    message: str
    details: dict[str, Any]


class FileTold(BaseModel):
    """How a file was understood."""

    layout: str
    title: str
    holdings: bool = Field(description="It tells what is held, not what was done: it opens lots")
    header_line: int
    headers: list[str]
    columns: dict[str, str] = Field(description="Field → header")
    fields: list[str] = Field(description="Fields a column can be")
    account: str
    counts: FileCounts
    rows: list[FileRow] = Field(description="The first 500, rows with an error before others")
    actions: list[PortfolioActionOut] = Field(description="Splits and bonuses that are entered with the lines")
    version: int


class FilePreview(FileTold):
    """What importing would do; `digest` confirms exactly this."""

    digest: str
    ledger_error: LedgerProblem | None


class FileImported(FileTold):
    """What was entered."""

    added: int = Field(description="Lines of the ledger, actions included")
