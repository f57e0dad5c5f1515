"""What a file that is not of prices comes out as: rows for the evidence tables, and what was found on the way."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import polars as pl

from app.services.importing.findings import FileFinding, Rule
from app.services.importing.kinds import Kind

Row = dict[str, Any]
_YEAR_MONTH = re.compile(r"(?<!\d)((?:19|20)\d{2})-(0[1-9]|1[0-2])(?:-([0-3]\d))?(?!\d)")


@dataclass(slots=True)
class ListOfIndex:
    """One index's members as one file lists them."""

    index_id: str
    index_name: str
    entries: list[Row] = field(default_factory=list)  # line, symbol, company_name, sector, isin


@dataclass(slots=True)
class ReferenceFile:
    """Evidence of one file: rows by table, and index lists with the day they were in force."""

    kind: Kind
    tables: dict[str, list[Row]] = field(default_factory=dict)
    lists: list[ListOfIndex] = field(default_factory=list)
    index_names: dict[str, str] = field(default_factory=dict)  # every index the file speaks of
    as_of: date | None = None
    date_basis: str = "unknown"
    findings: list[FileFinding] = field(default_factory=list)
    frames: dict[str, pl.DataFrame] = field(default_factory=dict)  # rows by table, of files with many
    data_rows: int | None = None  # rows of the file, where each gives more or less than one row of evidence
    span: tuple[date, date] | None = None  # first and last date, where the tables do not tell

    @property
    def rows(self) -> int:
        """Rows of evidence, or of the file where it says how many."""
        if self.data_rows is not None:
            return self.data_rows
        evidence = sum(map(len, self.tables.values())) + sum(frame.height for frame in self.frames.values())
        return evidence + sum(len(one.entries) for one in self.lists)

    @property
    def dates(self) -> tuple[date | None, date | None]:
        """First and last date the evidence is about."""
        if self.span is not None:
            return self.span
        found = [
            row[name]
            for rows in self.tables.values()
            for row in rows
            for name in ("effective_on", "effective_from", "ex_date")
            if row.get(name) is not None
        ]
        if not found:
            return self.as_of, self.as_of
        return min(found), max(found)


def date_of_list(name: str, folders: tuple[str, ...]) -> tuple[date | None, str]:
    """The day a list without a date of its own was in force, and where that was read.

    A year and month in the file's name, else in the nearest folder's; the first of the month stands for it.
    """
    for text, basis in ((name, "file name"), *((folder, "folder") for folder in folders[:3])):
        match = _YEAR_MONTH.search(text)
        if match:
            year, month, day = match.groups()
            try:
                return date(int(year), int(month), int(day or 1)), basis
            except ValueError:
                continue
    return None, "unknown"


def date_finding(name: str, as_of: date | None, basis: str) -> FileFinding:
    """What to tell people about the date of a list that has none inside."""
    if as_of is None:
        return FileFinding(
            Rule.LIST_DATE_UNKNOWN,
            f"{name}: no date in the list, its name or its folder",
            "stored; it tells nothing about membership at a date",
        )
    return FileFinding(
        Rule.LIST_DATE_FROM_FOLDER,
        f"{name}: the list has no date of its own; {as_of} was read from its {basis}",
        "taken as in force on that day",
        subject=str(as_of),
    )


def index_id(name: str) -> str:
    """An index's id: its name in capitals without blanks and signs (`Nifty 50` → `NIFTY50`)."""
    return re.sub(r"[^A-Z0-9]", "", name.upper())
