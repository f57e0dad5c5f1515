"""Closes of another source, in the layouts they come in."""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from app.exceptions import ValidationError

Point = tuple[str, date, float]  # symbol of today, day, close in rupees


def read_closes(path: Path) -> list[Point]:
    """Closes of a file, gzipped or not.

    A CSV with the columns symbol, date and close; a JSON {date: {symbol: close}} or {symbol: {date: close}}. Indices
    (^NAME) are left out.

    Raises
    ------
    ValidationError : the file cannot be read, or what is wrong with which line and field.
    """
    try:
        data = path.read_bytes()
        text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise ValidationError(f"{path}: cannot be read: {error}", "closes") from error
    found = _json(path, text) if text.lstrip().startswith("{") else _table(path, text)
    return [point for point in found if not point[0].startswith("^")]


def _json(path: Path, text: str) -> Iterator[Point]:
    try:
        outer = {name: sorted(inner.items()) for name, inner in sorted(json.loads(text).items())}
    except (json.JSONDecodeError, AttributeError) as error:
        raise ValidationError(
            f"{path}: expected JSON as {{date: {{symbol: close}}}} or {{symbol: {{date: close}}}}: {error}", "closes"
        ) from error
    by_symbol = not any(_is_day(name) for name in outer)
    for name, inner in outer.items():
        for other, price in inner:
            symbol, day = (name, other) if by_symbol else (other, name)
            if price:
                yield _point(path, f"{day} {symbol}", symbol, day, price)


def _is_day(name: str) -> bool:
    try:
        date.fromisoformat(name[:10])
    except ValueError:
        return False
    return True


def _table(path: Path, text: str) -> Iterator[Point]:
    reader = csv.DictReader(io.StringIO(text))
    names = {name.strip().lower(): name for name in reader.fieldnames or ()}
    day = names.get("date") or names.get("datetime")
    if day is None or not {"symbol", "close"} <= names.keys():
        told = ", ".join(reader.fieldnames or ()) or "nothing"
        raise ValidationError(f"{path}: line 1: the columns are {told}, expected symbol, date and close", "closes")
    for row in reader:
        if row[names["close"]]:
            yield _point(path, f"line {reader.line_num}", row[names["symbol"]], row[day], row[names["close"]])


def _point(path: Path, place: str, symbol: object, day: Any, price: object) -> Point:
    try:
        when, close = date.fromisoformat(str(day)[:10]), float(str(price))
    except ValueError as error:
        raise ValidationError(
            f"{path}: {place}: {error}; expected a day like 2024-07-01 and rupees", "closes"
        ) from error
    if not math.isfinite(close) or close <= 0:
        raise ValidationError(f"{path}: {place}: the close is {price}, expected rupees above zero", "closes")
    return str(symbol).strip().removeprefix("NSE:").removesuffix(".NS"), when, close
