"""Bytes of a CSV or XLSX file as rows of cells; what is neither is refused saying why."""

from __future__ import annotations

import codecs
import csv
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from app.exceptions import PayloadTooLargeError, ValidationError

MOST_BYTES = 20 * 1024 * 1024
MOST_ROWS = 200_000
_MOST_COLUMNS = 200
_MOST_UNPACKED = 200 * 1024 * 1024  # of all parts of a workbook
_MOST_PARTS = 1000
_LONGEST_CELL = 4000
_DELIMITERS = ",;\t|"
_PART = 1024 * 1024

Cell = str | float | int | date | datetime


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a file: the line as a person counts it, and its cells, trimmed; empty ones are empty texts."""

    line: int
    cells: tuple[Cell, ...]


def read(data: bytes, name: str) -> list[Row]:
    """The rows of a file that hold anything.

    Raises
    ------
    PayloadTooLargeError : more bytes or rows than are read, packed or unpacked.
    ValidationError : no CSV in UTF-8 and no XLSX workbook.
    """
    if len(data) > MOST_BYTES:
        raise PayloadTooLargeError(f"{name} has {len(data)} bytes; at most {MOST_BYTES} are read")
    if not data.strip():
        raise ValidationError(f"{name} is empty", "file")
    if data.startswith(b"PK"):
        rows = list(_of_workbook(data, name))
    elif data.startswith(b"\xd0\xcf\x11\xe0"):
        raise ValidationError(f"{name} is an old or a locked workbook (.xls): save it as .xlsx or .csv", "file")
    else:
        rows = list(_of_text(_decoded(data, name), name))
    if not rows:
        raise ValidationError(f"{name} holds no row", "file")
    return rows


def _decoded(data: bytes, name: str) -> str:
    encoding = "utf-8-sig"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ValidationError(
            f"{name}, line {line}: byte {error.start} is no {encoding.removesuffix('-sig').upper()}; "
            "save the file as CSV in UTF-8",
            "file",
            details={"line": line},
        ) from error
    if "\0" in text:
        raise ValidationError(f"{name} is no text: it holds NUL characters; expected CSV in UTF-8, or XLSX", "file")
    return text


def _of_text(text: str, name: str) -> Iterator[Row]:
    head = [line for line in text.splitlines()[:40] if line.strip()]
    delimiter = max(_DELIMITERS, key=lambda one: (max((line.count(one) for line in head), default=0), one == ","))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    count = 0
    before = 0
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise ValidationError(
                f"{name}, line {before + 1}: {error}", "file", details={"line": before + 1}
            ) from error
        if cells is None:
            return
        line, before = before + 1, reader.line_num
        if any(cell.strip() for cell in cells):
            count += 1
            _check(count, len(cells), name, line)
            yield Row(line, tuple(_trimmed(cell) for cell in cells))


def _of_workbook(data: bytes, name: str) -> Iterator[Row]:
    import openpyxl

    _check_package(data, name)
    try:
        workbook = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        sheet = workbook.worksheets[0]
        sheet.reset_dimensions()  # what a file says of its own size is not believed
        count = 0
        for line, cells in enumerate(sheet.iter_rows(values_only=True), start=1):
            if line > MOST_ROWS * 2:
                raise _too_long(name)
            if any(cell is not None and str(cell).strip() for cell in cells):
                count += 1
                _check(count, len(cells), name, line)
                yield Row(line, tuple(_cell(cell) for cell in cells))
        workbook.close()
    except (ValidationError, PayloadTooLargeError):
        raise
    except Exception as error:  # the library raises whatever a broken part leads it to
        raise ValidationError(f"{name} is no workbook that can be read: {type(error).__name__}", "file") from error


def _check_package(data: bytes, name: str) -> None:
    """Refuse a package that unpacks to far more than it is, or that defines entities of its own."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            parts = package.infolist()
            if len(parts) > _MOST_PARTS:
                raise PayloadTooLargeError(f"{name} has {len(parts)} parts; a workbook has at most {_MOST_PARTS}")
            total = 0
            for part in parts:
                with package.open(part) as stream:
                    first = stream.read(_PART)
                    if b"<!DOCTYPE" in first or b"<!ENTITY" in first:
                        raise ValidationError(f"{name}: {part.filename} defines entities; no workbook does", "file")
                    piece = first
                    while piece:
                        total += len(piece)
                        if total > _MOST_UNPACKED:
                            raise PayloadTooLargeError(f"{name} unpacks to more than {_MOST_UNPACKED} bytes")
                        piece = stream.read(_PART)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, OSError, ValueError) as error:
        raise ValidationError(f"{name} is no workbook that can be read: {error}", "file") from error


def _check(rows: int, columns: int, name: str, line: int) -> None:
    if rows > MOST_ROWS:
        raise _too_long(name)
    if columns > _MOST_COLUMNS:
        raise ValidationError(f"{name}, line {line}: {columns} columns; at most {_MOST_COLUMNS} are read", "file")


def _too_long(name: str) -> PayloadTooLargeError:
    return PayloadTooLargeError(f"{name} has more than {MOST_ROWS} rows")


def _cell(value: Any) -> Cell:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, int | float | date | datetime):
        return value
    return _trimmed(str(value))


def _trimmed(text: str) -> str:
    return " ".join(text.replace("\u00a0", " ").replace("\ufeff", "").split())[:_LONGEST_CELL]
