"""Parts of NSE's daily report pack: bands hit, 52-week levels, bulk and block deals, short sales, moves of series."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from app.services.importing.files import Member
from app.services.importing.findings import FileFinding, FileRefusedError, Rule
from app.services.importing.kinds import Kind
from app.services.importing.reference import ReferenceFile, Row
from app.services.importing.texts import Text, encoding_note, parse_count, parse_date, parse_number, rows, whole_text

_DATE_IN_NAME = re.compile(r"(?<!\d)(\d{2})(\d{2})(\d{4})(?!\d)")


def read_report(kind: Kind, member: Member) -> ReferenceFile:
    """Read a daily report.

    Raises
    ------
    FileRefusedError : a broken line, a bad value, or a file whose name does not give the date it needs.
    """
    text = whole_text(member.name, member.data)
    result = ReferenceFile(kind, findings=encoding_note(member.name, text))
    table, reader = _READERS[kind]
    found = reader(member.name, text, result)
    if not found:
        raise FileRefusedError(Rule.EMPTY_FILE, f"{member.name}: a header and no rows")
    result.tables[table] = found
    days = [row.get("date") or row["effective_on"] for row in found]
    result.span = (min(days), max(days))
    return result


def _bands_hit(name: str, text: Text, result: ReferenceFile) -> list[Row]:
    match = _DATE_IN_NAME.search(name)
    if match is None:
        raise FileRefusedError(Rule.DATE_FROM_NAME, f"{name}: no date in the name, expected such as bh16122025.csv")
    day = parse_date(name, 1, "the file's name", "-".join(match.groups()))
    result.findings.append(
        FileFinding(Rule.DATE_FROM_NAME, f"{name}: no date inside; {day} was read from its name", "taken as its day")
    )
    found: list[Row] = []
    for line, cells in rows(name, text.text, columns=4):
        if cells[3] not in {"H", "L"}:
            raise _bad(name, line, "HIGH/LOW", cells[3], "H or L")
        found.append(
            flag_row(
                line, day, cells[0], "BAND_HIT_UP" if cells[3] == "H" else "BAND_HIT_DOWN", "NSE_BH", series=cells[1]
            )
        )
    return found


def flag_row(line: int, day: date, symbol: str, flag: str, source: str, **values: Any) -> Row:
    """A row of `security_flags`."""
    row: Row = {
        "line": line,
        "date": day,
        "symbol": symbol,
        "series": None,
        "flag": flag,
        "detail": None,
        "band_pct": None,
        "lower_limit": None,
        "upper_limit": None,
        "source": source,
    }
    return {**row, **values}


def _bad(name: str, line: int, field: str, value: str, expected: str) -> FileRefusedError:
    return FileRefusedError(
        Rule.BAD_VALUE,
        f"{name}: line {line}: field {field} is {value[:40]!r}, expected {expected}",
        line=line,
        subject=field,
    )


_EFFECTIVE = re.compile(r"Effective for (\d{2}-[A-Za-z]{3}-\d{4})")


def _week_52(name: str, text: Text, result: ReferenceFile) -> list[Row]:
    body = text.text
    head = body.split('"SYMBOL"', 1)[0]
    match = _EFFECTIVE.search(head)
    if match is None:
        raise FileRefusedError(Rule.DATE_MISSING, f"{name}: no line 'Effective for 16-Dec-2025' before the header")
    day = parse_date(name, head[: match.start()].count("\n") + 1, "Effective for", match.group(1))
    skipped = head.count("\n") + 1
    found: list[Row] = []
    for line, cells in rows(name, body, columns=(1, 6), header=False):
        if line <= skipped or len(cells) == 1:
            continue
        high, low = (None if cells[n] in {"", "-"} else parse_number(name, line, column, cells[n])
                     for n, column in ((2, "Adjusted_52_Week_High"), (4, "Adjusted_52_Week_Low")))  # fmt: skip
        on = [None if cells[n] in {"", "-"} else parse_date(name, line, "52_Week_DT", cells[n]) for n in (3, 5)]
        found.append(
            {
                "line": line,
                "date": day,
                "symbol": cells[0],
                "series": cells[1],
                "high": high,
                "high_on": on[0],
                "low": low,
                "low_on": on[1],
                "adjusted": True,
            }
        )
    return found


def _deals(kind: str) -> Callable[[str, Text, ReferenceFile], list[Row]]:
    def read(name: str, text: Text, result: ReferenceFile) -> list[Row]:
        found: list[Row] = []
        for line, cells in rows(name, text.text, columns=(7, 8)):
            side = cells[4].upper()
            if side not in {"BUY", "SELL"}:
                raise _bad(name, line, "Buy/Sell", cells[4], "BUY or SELL")
            found.append(
                {
                    "line": line,
                    "date": parse_date(name, line, "Date", cells[0]),
                    "symbol": cells[1],
                    "kind": kind,
                    "client": cells[3] or None,
                    "side": side,
                    "quantity": parse_count(name, line, "Quantity Traded", cells[5]),
                    "price": parse_number(name, line, "Trade Price", cells[6]),
                }
            )
        return found

    return read


def _short_sales(name: str, text: Text, result: ReferenceFile) -> list[Row]:
    return [
        {
            "line": line,
            "date": parse_date(name, line, "Trade Date", cells[2]),
            "symbol": cells[1],
            "kind": "SHORT",
            "client": None,
            "side": "SELL",
            "quantity": parse_count(name, line, "Quantity", cells[3]),
            "price": None,
        }
        for line, cells in rows(name, text.text, columns=4)
    ]


def _series_moves(name: str, text: Text, result: ReferenceFile) -> list[Row]:
    return [
        {
            "line": line,
            "symbol": cells[0],
            "name": cells[1] or None,
            "from_series": cells[2],
            "to_series": cells[3],
            "effective_on": parse_date(name, line, "Change Date", cells[4]),
            "remarks": None if cells[5] in {"", "-"} else cells[5],
        }
        for line, cells in rows(name, text.text, columns=6)
    ]


_READERS: dict[Kind, tuple[str, Callable[[str, Text, ReferenceFile], list[Row]]]] = {
    Kind.BANDS_HIT: ("security_flags", _bands_hit),
    Kind.WEEK_52: ("week_52_levels", _week_52),
    Kind.BULK_DEALS: ("large_deals", _deals("BULK")),
    Kind.BLOCK_DEALS: ("large_deals", _deals("BLOCK")),
    Kind.SHORT_SALES: ("large_deals", _short_sales),
    Kind.SERIES_MOVES: ("series_moves", _series_moves),
}
