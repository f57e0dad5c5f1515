"""Text files as they come: encodings, line ends, and rows that must be whole."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from app.services.importing.findings import FileFinding, FileRefusedError, Rule

MAX_LINE = 100_000
LARGEST_COUNT = 9_000_000_000_000_000  # beyond it a float no longer counts one by one
_UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_FORMATS = ("%d-%b-%Y", "%Y-%m-%d", "%d-%b-%y", "%Y%m%d", "%d-%m-%Y", "%d/%m/%Y", "%d %b %Y")


@dataclass(frozen=True, slots=True)
class Text:
    """A decoded file; `encoding` is what it took."""

    text: str
    encoding: str


def decode(data: bytes) -> Text:
    """UTF-8 with or without a mark, else Windows-1252, in which old exchange files are written."""
    try:
        return Text(data.decode("utf-8-sig"), "utf-8")
    except UnicodeDecodeError:
        return Text(data.decode("cp1252", errors="replace"), "cp1252")


def from_utf_16(name: str, data: bytes) -> bytes | None:
    """A file that begins with the mark of UTF-16, as UTF-8; None where it does not.

    Raises
    ------
    FileRefusedError : it begins with the mark and is no such text.
    """
    if not data.startswith(_UTF_16_MARKS):
        return None
    try:
        return data.decode("utf-16").encode()
    except UnicodeError as error:
        raise FileRefusedError(
            Rule.BAD_ENCODING, f"{name}: marked as UTF-16 and no such text ({error})", line=1
        ) from error


def utf_16_note(name: str) -> FileFinding:
    """A note that the file was UTF-16."""
    return FileFinding(Rule.OLD_ENCODING, f"{name}: written in UTF-16, not UTF-8", "read as UTF-16")


def split_row(line: str) -> list[str]:
    """The cells of one line."""
    if '"' not in line:
        return line.split(",")
    try:
        return next(csv.reader([line]), [])
    except csv.Error:  # a line end inside a quoted cell, or a cell without end: no header or row of ours
        return line.split(",")


def whole_text(name: str, data: bytes) -> Text:
    """The file decoded, with line ends made one, after a check that it can be text at all.

    Raises
    ------
    FileRefusedError : a zero byte, or a line no market file has.
    """
    if b"\x00" in data:
        line = data[: data.index(b"\x00")].count(b"\n") + 1
        raise FileRefusedError(
            Rule.BAD_ENCODING, f"{name}: line {line}: a zero byte, so this is no text file", line=line
        )
    decoded = decode(data)
    text = decoded.text
    if "\r" in text:
        text = re.sub(r"\r+\n", "\n", text).replace("\r", "\n")
    longest = max(map(len, text.split("\n")))
    if longest > MAX_LINE:
        line = next(i for i, content in enumerate(text.split("\n"), 1) if len(content) > MAX_LINE)
        raise FileRefusedError(
            Rule.BROKEN_LINE, f"{name}: line {line}: {longest} characters, expected fewer than {MAX_LINE}", line=line
        )
    return Text(text, decoded.encoding)


def encoding_note(name: str, text: Text) -> list[FileFinding]:
    """A note where the file was not UTF-8."""
    if text.encoding == "utf-8":
        return []
    return [FileFinding(Rule.OLD_ENCODING, f"{name}: written in Windows-1252, not UTF-8", "read as Windows-1252")]


def _readable(name: str, reader: Any) -> Iterator[list[str]]:
    """The rows of a reader; what it cannot read refuses the file."""
    try:
        yield from reader
    except csv.Error as error:
        line = reader.line_num
        raise FileRefusedError(Rule.BROKEN_LINE, f"{name}: line {line}: {error}", line=line) from error


def rows(
    name: str, text: str, *, columns: int | tuple[int, ...], header: bool = True
) -> Iterator[tuple[int, list[str]]]:
    """(line, stripped cells) of each row of a small list, the header left out.

    Raises
    ------
    FileRefusedError : a row has another number of cells than `columns` allows; trailing empty cells do not count.
    """
    allowed = (columns,) if isinstance(columns, int) else columns
    reader = csv.reader(io.StringIO(text))
    for cells in _readable(name, reader):
        line = reader.line_num
        if (header and line == 1) or not any(cell.strip() for cell in cells):
            continue
        stripped = [cell.replace("\xa0", " ").strip() for cell in cells]
        while len(stripped) > max(allowed) and not stripped[-1]:
            stripped.pop()
        if len(stripped) not in allowed:
            expected = " or ".join(str(count) for count in allowed)
            raise FileRefusedError(
                Rule.BROKEN_LINE, f"{name}: line {line}: {len(stripped)} columns, expected {expected}", line=line
            )
        yield line, stripped


def parse_date(name: str, line: int, field: str, value: str) -> date:
    """A date in any spelling the exchange uses.

    Raises
    ------
    FileRefusedError : none of them fits.
    """
    for pattern in _FORMATS:
        try:
            parsed = datetime.strptime(value, pattern).date()
        except ValueError:
            continue
        if 1900 <= parsed.year <= 2200:
            return parsed
    raise FileRefusedError(
        Rule.BAD_VALUE,
        f"{name}: line {line}: field {field} is {value[:40]!r}, expected a date such as 30-OCT-2019 or 2019-10-30, "
        "from 1900 to 2200",
        line=line,
        subject=field,
    )


def parse_number(name: str, line: int, field: str, value: str) -> float:
    """A finite number.

    Raises
    ------
    FileRefusedError : it is none.
    """
    try:
        number = float(value)
    except ValueError:
        number = float("nan")
    if number != number or number in (float("inf"), float("-inf")):
        raise FileRefusedError(
            Rule.BAD_VALUE,
            f"{name}: line {line}: field {field} is {value[:40]!r}, expected a number",
            line=line,
            subject=field,
        )
    return number


def parse_count(name: str, line: int, field: str, value: str) -> int:
    """A whole number of shares or the like; what stands behind a decimal point is dropped.

    Raises
    ------
    FileRefusedError : it is no number, or one that a float cannot count to.
    """
    number = parse_number(name, line, field, value)
    if abs(number) > LARGEST_COUNT:
        raise FileRefusedError(
            Rule.BAD_VALUE,
            f"{name}: line {line}: field {field} is {value[:40]!r}, expected a number up to {LARGEST_COUNT:,}",
            line=line,
            subject=field,
        )
    return int(number)
