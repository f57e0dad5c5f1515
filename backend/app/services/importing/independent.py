"""Our adjusted closes against another source's: how many agree, and what the stored rows say about each that does not.

The other source is a file of closes adjusted for all later splits and bonuses, and not for dividends.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from app.exceptions import ValidationError
from app.repositories import actions, closes

AGREES, EXACT = 0.01, 0.001  # as a share of the price
LARGEST = 50
_HOLE = timedelta(days=7)
Point = tuple[str, date, float]  # symbol of today, day, close in rupees
Rows = Mapping[int, Sequence[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Days of one symbol on which the other close is one ratio of ours, and why, as far as the stored rows tell."""

    symbol: str
    first: date
    last: date
    days: int
    ratio: float
    why: str
    explained: bool


@dataclass(slots=True)
class Comparison:
    """What came of a file. `largest` are agreeing and compared closes of the fifty largest companies."""

    file: str
    closes: int
    compared: int = 0
    agree: int = 0
    exact: int = 0
    adjusted: int = 0  # of those that agree, how many lie before a factor
    without_bar: int = 0
    largest: tuple[int, int] = (0, 0)
    disagreements: list[Disagreement] = field(default_factory=list)


def read_closes(path: Path) -> list[Point]:
    """Closes of a CSV with the columns symbol, date and close, or of a JSON {date: {symbol: close}}; either gzipped.

    Raises
    ------
    ValidationError : the file cannot be read, or what is wrong with which line and field.
    """
    try:
        data = path.read_bytes()
        text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise ValidationError(f"{path}: cannot be read: {error}", "closes") from error
    if text.lstrip().startswith("{"):
        try:
            days = json.loads(text)
            return [
                _point(path, f"{day} {symbol}", symbol, day, price)
                for day, prices in sorted(days.items())
                for symbol, price in sorted(prices.items())
                if price
            ]
        except (json.JSONDecodeError, AttributeError) as error:
            raise ValidationError(f"{path}: expected JSON as {{date: {{symbol: close}}}}: {error}", "closes") from error
    reader = csv.DictReader(io.StringIO(text))
    names = {name.strip().lower(): name for name in reader.fieldnames or ()}
    day_name = names.get("date") or names.get("datetime")
    if day_name is None or not {"symbol", "close"} <= names.keys():
        told = ", ".join(reader.fieldnames or ()) or "nothing"
        raise ValidationError(f"{path}: line 1: the columns are {told}, expected symbol, date and close", "closes")
    return [
        _point(path, f"line {reader.line_num}", row[names["symbol"]], row[day_name], row[names["close"]])
        for row in reader
        if row[names["close"]]
    ]


def _point(path: Path, place: str, symbol: object, day: object, price: object) -> Point:
    try:
        when, close = date.fromisoformat(str(day)[:10]), float(str(price))
    except ValueError as error:
        raise ValidationError(
            f"{path}: {place}: {error}; expected a day like 2024-07-01 and rupees", "closes"
        ) from error
    if not math.isfinite(close) or close <= 0:
        raise ValidationError(f"{path}: {place}: the close is {price}, expected rupees above zero", "closes")
    return str(symbol).strip().removeprefix("NSE:").removesuffix(".NS"), when, close


def compare(connection: Connection, name: str, points: Sequence[Point], read_on: date | None = None) -> Comparison:
    """Hold closes against the stored ones over the factors after each day. Writes nothing.

    Parameters
    ----------
    read_on : the day the other source was read, whose factors its prices know; that of its last close where None.
    """
    result = Comparison(name, len(points))
    read_on = read_on or max((day for _, day, _ in points), default=date.max)
    bars = closes.bars_of(connection, [(symbol, day) for symbol, day, _ in points])
    factors = grouped(actions.stored_factors(connection))
    jumps = grouped(dict(row._mapping) for row in closes.moves(connection))
    large = set(closes.largest(connection, LARGEST))
    runs: dict[tuple[str, float, str], list[date]] = defaultdict(list)
    agree_large = compared_large = 0
    for symbol, day, price in points:
        bar = bars.get((symbol, day))
        if bar is None:
            result.without_bar += 1
            continue
        later = [row for row in factors.get(bar.instrument, ()) if day < row["ex_date"] <= read_on]
        factor = math.prod(row["factor"] for row in later)
        ours = bar.close / factor
        agrees = abs(price / ours - 1) <= AGREES
        result.compared += 1
        result.agree += agrees
        result.exact += abs(price / ours - 1) <= EXACT
        result.adjusted += agrees and bool(later)
        compared_large += symbol in large
        agree_large += agrees and symbol in large
        if not agrees:
            if bar.low / factor * 0.999 <= price <= bar.high / factor * 1.001:
                why = "another price of the day: theirs lies in our range"
            else:
                moves = [row for row in jumps.get(bar.instrument, ()) if row["session"] > day]
                why = explain(connection, bar.instrument, day, price / ours, later, moves, read_on)
            runs[(symbol, round(price / ours, 2), why)].append(day)
    result.largest = (agree_large, compared_large)
    result.disagreements = [
        Disagreement(symbol, min(days), max(days), len(days), ratio, why, not why.startswith("unexplained"))
        for (symbol, ratio, why), days in sorted(runs.items())
    ]
    return result


def explain(
    connection: Connection,
    instrument: int,
    last: date,
    ratio: float,
    later: Sequence[Mapping[str, Any]],
    jumps: Sequence[Mapping[str, Any]],
    read_on: date,
    slack: float = 0.03,
) -> str:
    """What the stored rows say about another's price that is `ratio` of ours, on `last` and perhaps earlier."""
    row = min(later, key=lambda one: abs(math.log(ratio / one["factor"])), default=None)
    if row is not None and abs(math.log(ratio / row["factor"])) <= slack:
        return f"vendor lacks an action: ours has {row['factor']:g} on {row['ex_date']} ({row['tier']})"
    for jump in jumps:
        likely = (jump["ratio"], 1 / (jump["proposed_factor"] or math.inf))
        if any(one and abs(math.log(ratio / one)) <= 0.1 + slack for one in likely):
            return f"in quarantine here: the move of {jump['ratio']:.2f} on {jump['session']}"
    gap = closes.gap_like(connection, instrument, last, ratio, [row["ex_date"] for row in later])
    if gap is not None:
        if any(jump["session"] == gap.date for jump in jumps):
            return f"in quarantine here: the gap of {gap.ratio:.2f} on {gap.date}"
        if gap.date - gap.before > _HOLE:
            return (
                f"no sessions stored between {gap.before} and {gap.date}: the price went to {gap.ratio:.2f} of itself"
            )
        return f"ours missing: a gap of {gap.ratio:.2f} on {gap.date} that no other evidence supports"
    end = closes.last_session(connection, instrument)
    if end is not None and end < read_on:
        return f"our prices of it end first: on {end}, the vendor's in {read_on:%B %Y}"
    return "unexplained"


def grouped(rows: Iterable[Mapping[str, Any]]) -> dict[int, list[Mapping[str, Any]]]:
    """Rows by their instrument_id, in their order."""
    found: dict[int, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        found[row["instrument_id"]].append(row)
    return found
