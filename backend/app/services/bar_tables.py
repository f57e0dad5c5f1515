"""A file as a table of named columns, before anything in it means something: encodings, separators, lines.

What can be read in one way only is read, whatever program wrote it; what could be read in two is refused with the line
and what was expected.
"""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import polars as pl

from app.exceptions import ValidationError

SEPARATORS: Final = (",", ";", "\t", "|")
LONGEST_LINE: Final = 100_000  # characters; no row of bars is as long
_SHOWN: Final = 60  # characters of a value that is quoted in a message
_MARKS: Final = ((b"\xff\xfe\0\0", "utf-32"), (b"\0\0\xfe\xff", "utf-32"), (b"\xff\xfe", "utf-16"),
                 (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig"))  # fmt: skip


class Table(NamedTuple):
    """Columns in the order of the file, all of them text where the file is text.

    `lines` is where each row stands in the file, None in one without lines; `separator` is None there, too.
    """

    name: str
    header: tuple[str, ...]
    columns: tuple[pl.Series, ...]
    lines: Sequence[int] | None
    separator: str | None
    blank: int  # lines without any value, left out

    def at(self, row: int) -> str:
        """Where a row stands, as one would look for it."""
        return f"{self.name}, row {row + 1}" if self.lines is None else f"{self.name}, line {self.lines[row]}"

    def wrong(self, message: str, row: int | None = None, field: str | None = None) -> ValidationError:
        """What is wrong, with the file, its line and its column."""
        where = self.name if row is None else self.at(row)
        place = f"{where}, column {field}" if field else where
        return ValidationError(f"{place}: {message}", "bars")


def shown(value: object) -> str:
    """A value of the file in a message: quoted, and not at full length."""
    text = str(value)
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")


def read_table(path: Path) -> Table:
    """The table of a Parquet file, or of a text with a header and one row a line.

    Text is UTF-8, or UTF-16 or UTF-32 with its mark, gzipped or not; values are separated by commas, semicolons, tabs
    or bars; lines end as on any system. Lines without any value are left out.

    Raises
    ------
    ValidationError : it is neither, or a line has not as many values as the header.
    """
    try:
        data = path.read_bytes()
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        why = getattr(error, "strerror", None) or error
        raise ValidationError(f"{path}: cannot be read as a table: {why}", "bars") from error
    if data[:4] == b"PAR1":
        return _parquet(path, data)
    if data[:2] == b"PK" or data[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        raise ValidationError(f"{path.name}: a workbook or an archive; save the table in it as CSV or Parquet", "bars")
    return _text(path.name, _decoded(path.name, data))


def _parquet(path: Path, data: bytes) -> Table:
    try:
        frame = pl.read_parquet(io.BytesIO(data))
    except (pl.exceptions.PolarsError, OSError, pl.exceptions.PanicException) as error:
        raise ValidationError(f"{path.name}: a damaged Parquet file: {_first_line(error)}", "bars") from error
    if frame.is_empty():
        raise ValidationError(f"{path.name}: no row", "bars")
    return Table(path.name, tuple(frame.columns), tuple(frame.get_columns()), None, None, 0)


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


def _decoded(name: str, data: bytes) -> str:
    encoding = next((found for mark, found in _MARKS if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        what = "UTF-8" if encoding.startswith("utf-8") else encoding.upper()
        raise ValidationError(f"{name}, line {line}: no text in {what}, as its first bytes say", "bars") from error
    if "\0" in text:
        raise ValidationError(
            f"{name}: no text in UTF-8; of UTF-16 the two bytes FF FE have to stand at its beginning", "bars"
        )
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _text(name: str, text: str) -> Table:
    lines = text.split("\n")
    long = next((n for n, line in enumerate(lines, 1) if len(line) > LONGEST_LINE), None)
    if long is not None:
        raise ValidationError(f"{name}, line {long}: more than {LONGEST_LINE:,} characters; no row is as long", "bars")
    first = next((n for n, line in enumerate(lines) if line.strip()), None)
    if first is None:
        raise ValidationError(f"{name}: no row", "bars")
    separator = max(SEPARATORS, key=lambda sign: len(_values(lines[first], sign) or ()))
    header = _values(lines[first], separator)
    if header is None:
        raise ValidationError(f"{name}, line {first + 1}: a quotation mark without its second", "bars")
    kept, numbers, blank, quoted = [], array("q"), 0, False
    nothing = f' "{separator}' if separator == "\t" else f' \t"{separator}'
    for n, line in enumerate(lines[first + 1 :], first + 2):
        if not line.strip(nothing):
            blank += 1
            continue
        if '"' in line:
            quoted = True
            values = _values(line, separator)
            if values is None:
                raise ValidationError(f"{name}, line {n}: a quotation mark without its second", "bars")
            count = len(values)
        else:
            count = line.count(separator) + 1
        if count != len(header):
            raise ValidationError(
                f"{name}, line {n}: {count} value{'s' if count > 1 else ''}, expected {len(header)} as in the header, "
                f"separated by {'tabs' if separator == chr(9) else repr(separator)}",
                "bars",
            )
        kept.append(line)
        numbers.append(n)
    if not kept:
        raise ValidationError(f"{name}: a header and no row below it", "bars")
    if not lines[-1].strip(nothing):
        blank -= next((n for n, line in enumerate(reversed(lines)) if line.strip(nothing)), 0)  # the end of the file
    columns = _columns(name, kept, separator, len(header), quoted)
    return Table(name, tuple(header), columns, numbers, separator, blank)


def _values(line: str, separator: str) -> list[str] | None:
    """The values of a line; None where a quotation mark is left open."""
    if '"' not in line:
        return line.split(separator)
    try:
        return next(csv.reader([line], delimiter=separator, strict=True))
    except (csv.Error, StopIteration):
        return None


def _columns(name: str, lines: list[str], separator: str, width: int, quoted: bool) -> tuple[pl.Series, ...]:
    schema: dict[str, Any] = {str(n): pl.String for n in range(width)}
    try:
        frame = pl.read_csv(
            io.BytesIO("\n".join([*lines, ""]).encode()),
            has_header=False,
            separator=separator,
            quote_char='"' if quoted else None,
            schema=schema,
        )
    except pl.exceptions.PolarsError as error:
        raise ValidationError(f"{name}: cannot be read as a table: {_first_line(error)}", "bars") from error
    if frame.height != len(lines):
        raise ValidationError(f"{name}: cannot be read as a table: {frame.height} rows of {len(lines)} lines", "bars")
    return tuple(frame.get_columns())
