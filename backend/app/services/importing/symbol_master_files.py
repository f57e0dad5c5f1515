"""Fyers' public symbol master of the cash market, in its three layouts: dated ISINs, names, lots and tick sizes.

Columns 1 to 14 are the same in all layouts: token, description, type, lot, tick, ISIN, session, date, expiry, ticker
(`NSE:SBIN-EQ`), exchange, segment, scrip code, symbol. Later layouts append. One file came with a header line whose
names are wrong; the position counts.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from typing import Any

import polars as pl

from app.services.importing.files import Member
from app.services.importing.findings import FileFinding, FileRefusedError, Rule
from app.services.importing.kinds import Kind
from app.services.importing.reference import ReferenceFile, date_of_list
from app.services.importing.texts import encoding_note, parse_count, parse_date, parse_number, rows, whole_text

TABLE = "security_listings"
LAYOUTS = (14, 17, 21)
_TICKER = re.compile(r"^NSE:(.+?)(?:-([A-Z0-9]{1,5}))?$")
_ISIN = re.compile(r"^IN[A-Z0-9]{9}\d$")
_SCHEMA: dict[str, pl.DataType] = {
    "line": pl.Int32(),
    "source": pl.String(),
    "as_of": pl.Date(),
    "token": pl.String(),
    "symbol": pl.String(),
    "series": pl.String(),
    "name": pl.String(),
    "type_code": pl.Int32(),
    "lot": pl.Int32(),
    "tick": pl.Float64(),
    "isin": pl.String(),
    "listed_on": pl.Date(),
}


def listings_frame(found: list[dict[str, Any]]) -> pl.DataFrame:
    """Rows of `security_listings`."""
    return pl.DataFrame(found, schema=_SCHEMA, orient="row")


def read_symbol_master(member: Member) -> ReferenceFile:
    """Read a symbol master.

    The date of a row is its own; a row without one has the date that most rows have.

    Raises
    ------
    FileRefusedError : a broken line, a ticker that is none, a bad number or date, or no date at all.
    """
    name = member.name
    text = whole_text(name, member.data)
    result = ReferenceFile(Kind.SYMBOL_MASTER, findings=encoding_note(name, text))
    header = not text.text[:40].partition(",")[0].strip().isdigit()
    lines = list(rows(name, text.text, columns=LAYOUTS, header=header))
    days: Counter[date] = Counter()
    dated: list[date | None] = []
    for line, cells in lines:
        day = None if cells[7] in {"", "None"} else parse_date(name, line, "date (column 8)", cells[7])
        dated.append(day)
        if day is not None:
            days[day] += 1
    if not days:
        raise FileRefusedError(Rule.LIST_DATE_UNKNOWN, f"{name}: no line has a date in column 8")
    as_of = max(days, key=lambda day: (days[day], day))
    found: list[dict[str, Any]] = []
    bad_isins: list[int] = []
    for (line, cells), day in zip(lines, dated, strict=True):
        match = _TICKER.match(cells[9])
        if match is None:
            raise FileRefusedError(
                Rule.BAD_VALUE,
                f"{name}: line {line}: the ticker (column 10) is {cells[9][:40]!r}, expected such as NSE:SBIN-EQ",
                line=line,
                subject="ticker",
            )
        isin = cells[5] if _ISIN.match(cells[5]) else None
        if cells[5] and isin is None:
            bad_isins.append(line)
        found.append(
            {
                "line": line,
                "source": "FYERS",
                "as_of": day or as_of,
                "token": cells[0],
                "symbol": match.group(1),
                "series": match.group(2),
                "name": cells[1] or None,
                "type_code": parse_count(name, line, "type (column 3)", cells[2]),
                "lot": parse_count(name, line, "lot (column 4)", cells[3]),
                "tick": parse_number(name, line, "tick (column 5)", cells[4]),
                "isin": isin,
                "listed_on": None,
            }
        )
    result.frames[TABLE] = listings_frame(found)
    result.data_rows = len(found)
    result.as_of, result.date_basis = as_of, "inside"
    result.span = (min(days), max(days))
    _say(result, name, header, as_of, days, member)
    undated = sum(1 for day in dated if day is None)
    if undated:
        result.findings.append(
            FileFinding(Rule.DATE_MISSING, f"{name}: {undated} lines have no date", f"taken as of {as_of}")
        )
    if bad_isins:
        result.findings.append(
            FileFinding(Rule.BAD_ISIN, f"{name}: {len(bad_isins)} ISINs are none", "left out", line=bad_isins[0])
        )
    return result


def _say(result: ReferenceFile, name: str, header: bool, as_of: date, days: Counter[date], member: Member) -> None:
    if header:
        result.findings.append(
            FileFinding(
                Rule.HEADER_WRONG,
                f"{name}: the header line names columns that hold something else (lot under price, tick under change)",
                "columns were read by position",
                line=1,
            )
        )
    older = sum(count for day, count in days.items() if day != as_of)
    if older:
        result.findings.append(
            FileFinding(
                Rule.MIXED_DATES,
                f"{name}: most lines are of {as_of}, {older} are of other days from {min(days)} on",
                "each line keeps its own date",
            )
        )
    told, basis = date_of_list(name, member.folders)
    if told is not None and basis == "file name" and (told.year, told.month) != (as_of.year, as_of.month):
        result.findings.append(
            FileFinding(
                Rule.DATE_MISMATCH,
                f"{name}: the name says {told:%Y-%m}, the lines {as_of}",
                f"taken as of {as_of}",
            )
        )
