"""A series of a file of one's own: a date and a value a row, equity or returns, as people and programs write them.

Nothing is guessed without saying so: the column, the kind and the unit that were taken stand in `notes`, and what could
be read in two ways is refused with the option that settles it.
"""

from __future__ import annotations

import csv
import io
import math
import re
from datetime import datetime
from pathlib import Path
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.exceptions import ValidationError

Kind = Literal["equity", "returns"]
Unit = Literal["fraction", "percent"]

TIMES: Final = ("date", "datetime", "timestamp", "time", "day", "session", "")
SURE_EQUITIES: Final = ("equity", "nav", "portfolio_value", "account_value", "balance")
EQUITIES: Final = (*SURE_EQUITIES, "value", "portfolio", "close", "price")
RETURNS: Final = ("returns", "return", "daily_return", "daily_returns", "ret", "pnl_percent", "change_percent")
SMALLEST, MOST = 1e-12, 1e15  # sizes of numbers: beyond them the fourth powers of a tear sheet leave the floats
LARGEST: Final = 1.0  # a return of more than 100 % a period, said to be a fraction by nobody, is refused
_FORMATS: Final = (
    *("%Y-%m-%d", "%d-%m-%Y", "%d/%m/%Y", "%d.%m.%Y", "%Y/%m/%d", "%Y%m%d", "%d-%b-%Y", "%d %b %Y", "%d-%b-%y"),
    *("%d %B %Y", "%b %d, %Y", "%d-%m-%Y %H:%M", "%d-%m-%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S"),
    *("%d-%b-%Y %H:%M", "%d-%b-%Y %H:%M:%S", "%Y/%m/%d %H:%M", "%Y/%m/%d %H:%M:%S"),
)
_PLAIN: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_GROUPED: Final = re.compile(r"[+-]?\d{1,3}(,\d{2,3})*,\d{3}(\.\d*)?")  # 12,34,567.89 and 1,234,567.89
_MISSING: Final = frozenset({"", "-", "na", "n/a", "nan", "null", "none", "#n/a"})


class Series(NamedTuple):
    """What a file holds, in order of time.

    `sessions` [T] are days, or times where the file has some; `values` [T] rupees or fractions, NaN where the cell is
    empty. `notes` say in words what was taken for what.
    """

    name: str
    kind: Kind
    date_column: str
    value_column: str
    sessions: NDArray[np.datetime64]
    values: NDArray[np.float64]
    notes: list[str]


class _Table(NamedTuple):
    name: str
    columns: list[str]
    rows: list[list[str]]
    lines: list[int]  # where each row stands in the file

    def cells(self, column: int) -> list[str]:
        return [row[column].strip() for row in self.rows]


def read_series(
    path: Path,
    *,
    date_column: str | None = None,
    value_column: str | None = None,
    kind: Kind | None = None,
    unit: Unit | None = None,
) -> Series:
    """The series of a CSV file: comma, semicolon or tab, quotes, a byte-order mark, with or without a header.

    Parameters
    ----------
    date_column, value_column : names of the header; None = by the usual names, else the only one that fits
    kind : None = by the column's name, else by its values
    unit : of returns; None = percent where the cells or the name say so, else fractions

    Raises
    ------
    ValidationError : the file cannot be read, a row is wrong (file, line, column and what was expected), a date stands
    twice, or it is not clear what is meant (with the option that says it).
    """
    table = _table(path)
    notes: list[str] = []
    at = _date_column(table, date_column)
    days = _dates(table, at)
    column = _value_column(table, at, value_column, kind)
    texts = table.cells(column)
    percent_signs = sum(text.endswith("%") for text in texts)
    values = np.array([_number(table, row, column, text) for row, text in enumerate(texts)])
    name = table.columns[column]
    found = kind or _kind(table, name, values, percent_signs)
    how = "as asked" if kind else "by its name or values"
    notes.append(f"Dates from column {table.columns[at]!r}; {found} from column {name!r}, {how}.")
    if found == "returns":
        values, said = _fractions(table, name, values, percent_signs, unit)
        notes.append(said)
    elif unit is not None:
        raise ValidationError(f"{table.name}: --{unit} is of returns, and column {name!r} was taken for equity", "unit")
    elif percent_signs:
        raise ValidationError(f"{table.name}: column {name!r} holds percent, and equity was asked for", "kind")
    return _in_order(table, at, name, found, days, values, notes)


def _table(path: Path) -> _Table:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValidationError(f"{path.name}: no text in UTF-8 ({error.reason}, byte {error.start})") from error
    except OSError as error:
        raise ValidationError(f"{path}: cannot be read: {error.strerror}") from error
    if "\0" in text:
        raise ValidationError(f"{path.name}: not a text file")
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(",;\t", key=lambda sign: len(next(csv.reader([first], delimiter=sign))) if first else 0)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows, lines = [], []
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                rows.append(row)
                lines.append(reader.line_num)
    except csv.Error as error:
        raise ValidationError(f"{path.name}, line {reader.line_num}: {error}") from error
    if not rows:
        raise ValidationError(f"{path.name}: no row")
    columns = [cell.strip() for cell in rows[0]]
    headless = _date(columns[0]) is not None
    if headless:
        columns = [f"column {i + 1}" for i in range(len(columns))]
    else:
        rows, lines = rows[1:], lines[1:]
    if not rows:
        raise ValidationError(f"{path.name}: a header and no row below it")
    for row, line in zip(rows, lines, strict=True):
        if len(row) != len(columns):
            raise ValidationError(f"{path.name}, line {line}: {len(row)} fields, expected {len(columns)} as in line 1")
    return _Table(path.name, columns, rows, lines)


def _named(table: _Table, column: str, option: str) -> int:
    lowered = [name.lower() for name in table.columns]
    if column.lower() not in lowered:
        raise ValidationError(
            f"{table.name}: no column {column!r} ({option}); found {', '.join(table.columns)}", option
        )
    return lowered.index(column.lower())


def _date_column(table: _Table, asked: str | None) -> int:
    if asked is not None:
        return _named(table, asked, "--date")
    lowered = [name.lower() for name in table.columns]
    for name in TIMES:
        if name in lowered:
            return lowered.index(name)
    for i in range(len(table.columns)):
        if all(_date(cell) is not None for cell in table.cells(i)):
            return i
    raise ValidationError(f"{table.name}: no column of dates among {', '.join(table.columns)}; say which with --date")


def _date(text: str) -> datetime | None:
    text = text.strip()
    if not text:
        return None
    if len(text) >= 10 and text[4:5] == "-":  # ISO, with a time and a zone or without: the clock as written
        try:
            return datetime.fromisoformat(text).replace(tzinfo=None)
        except ValueError:
            return None
    for form in _FORMATS:
        try:
            return datetime.strptime(text, form)
        except ValueError:
            continue
    return None


def _dates(table: _Table, column: int) -> NDArray[np.datetime64]:
    found = []
    for text, line in zip(table.cells(column), table.lines, strict=True):
        day = _date(text)
        if day is None:
            raise ValidationError(
                f"{table.name}, line {line}, {table.columns[column] or 'first column'}: {text!r} is no date; "
                "expected such as 2026-07-31 or, the day first, 31-07-2026 or 31-Jul-2026"
            )
        found.append(day)
    return np.array(found, "datetime64[s]")


def _value_column(table: _Table, at: int, asked: str | None, kind: Kind | None) -> int:
    if asked is not None:
        column = _named(table, asked, "--column")
        if column == at:
            raise ValidationError(f"{table.name}: {asked!r} is the column of the dates", "--column")
        return column
    others = [i for i in range(len(table.columns)) if i != at]
    keys = {_key(table.columns[i]): i for i in reversed(others)}
    wanted = {"equity": EQUITIES, "returns": RETURNS, None: (*EQUITIES, *RETURNS)}[kind]
    named = [keys[name] for name in wanted if name in keys]
    if len(named) == 1:
        return named[0]
    numeric = [i for i in others if all(_parsed(cell) is not None for cell in table.cells(i))]
    if not named and len(numeric) == 1:
        return numeric[0]
    if not named and not numeric and len(others) == 1:
        return others[0]  # the only one there is: its first bad cell is named
    names = [table.columns[i] for i in named or numeric or others]
    if not names:
        raise ValidationError(f"{table.name}: no column beside the dates")
    raise ValidationError(f"{table.name}: several columns could be meant ({', '.join(names)}); say which with --column")


def _key(name: str) -> str:
    return re.sub(r"[^a-z]+", "_", name.lower().replace("%", " percent ")).strip("_")


def _parsed(text: str) -> float | None:
    """The number of a cell, NaN where it is empty, None where it is none."""
    text = text.strip()
    if text.lower() in _MISSING:
        return math.nan
    text = text.replace("\u2212", "-").replace("₹", "").replace("%", "").replace("\u00a0", "").strip()
    if text.startswith("(") and text.endswith(")"):  # as accountants write a loss
        text = "-" + text[1:-1].strip()
    if _GROUPED.fullmatch(text):
        text = text.replace(",", "")
    if not _PLAIN.fullmatch(text):
        return None
    value = float(text)
    return value if math.isfinite(value) else None


def _number(table: _Table, row: int, column: int, text: str) -> float:
    value = _parsed(text)
    if value is None:
        raise ValidationError(
            f"{table.name}, line {table.lines[row]}, {table.columns[column]}: {text!r} is no number; "
            "expected such as 1234.5, 12,34,567.89 or 0.5%"
        )
    if value != 0.0 and not math.isnan(value) and not SMALLEST <= abs(value) <= MOST:  # NaN is an empty cell
        raise ValidationError(
            f"{table.name}, line {table.lines[row]}, {table.columns[column]}: {text!r} is no amount anybody has; "
            f"expected 0, or a size from {SMALLEST:g} to {MOST:g}"
        )
    return value


def _kind(table: _Table, name: str, values: NDArray[np.float64], percent_signs: int) -> Kind:
    key, known = _key(name), values[~np.isnan(values)]
    if not percent_signs and (key in SURE_EQUITIES or (key in EQUITIES and (known > 0.0).all())):
        return "equity"
    if key in RETURNS or percent_signs or re.search(r"(^|_)(returns?|percent|pct|ret)(_|$)", key):
        return "returns"
    if known.size and (known > 0.0).all() and known.min() >= 5.0:
        return "equity"
    if known.size and (known <= 0.0).any() and np.abs(known).max() <= LARGEST:
        return "returns"
    raise ValidationError(
        f"{table.name}: column {name!r} could be equity or returns; say which with --equity or --returns", "kind"
    )


def _fractions(
    table: _Table, name: str, values: NDArray[np.float64], percent_signs: int, unit: Unit | None
) -> tuple[NDArray[np.float64], str]:
    known = values[~np.isnan(values)]
    if unit is not None:
        return (values / 100.0 if unit == "percent" else values), f"Returns in {unit}, as asked."
    if percent_signs:
        if percent_signs < known.size:
            raise ValidationError(
                f"{table.name}: {percent_signs} of {known.size} cells of {name!r} have a % sign; "
                "say which they are with --percent or --fraction"
            )
        return values / 100.0, "Returns in percent, as the signs say."
    if re.search(r"%|percent|pct", name.lower()):
        return values / 100.0, f"Returns in percent, as the name {name!r} says."
    if known.size and np.abs(known).max() > LARGEST:
        row = int(np.nanargmax(np.abs(values)))
        raise ValidationError(
            f"{table.name}, line {table.lines[row]}, {name}: a return of {values[row]:g} is percent or an error; "
            "say which they are with --percent or --fraction"
        )
    return values, "Returns taken as fractions: 0.01 is one percent."


def _in_order(
    table: _Table, at: int, name: str, kind: Kind, days: NDArray[np.datetime64], values: NDArray[np.float64],
    notes: list[str],
) -> Series:  # fmt: skip
    order = np.argsort(days, kind="stable")
    if (np.diff(order) < 0).any():
        notes.append("The rows were not in order of time; they were sorted.")
    days, values = days[order], values[order]
    same = np.flatnonzero(days[1:] == days[:-1])
    if same.size:
        first, second = (table.lines[order[same[0] + i]] for i in (0, 1))
        raise ValidationError(
            f"{table.name}, line {max(first, second)}, {table.columns[at] or 'first column'}: "
            f"{_told(days[same[0]])} stands in line {min(first, second)} already; expected one row a date"
        )
    missing = int(np.isnan(values).sum())
    if missing == values.size:
        raise ValidationError(f"{table.name}: column {name!r} holds no number")
    if missing:
        first_missing = _told(days[int(np.flatnonzero(np.isnan(values))[0])])
        notes.append(f"{missing} of {values.size} values are empty, the first on {first_missing}: none is made up.")
    return Series(table.name, kind, table.columns[at], name, days, values, notes)


def _told(day: np.datetime64) -> str:
    text = str(day.astype("datetime64[s]"))
    return text.removesuffix("T00:00:00")


def by_session(series: Series) -> Series:
    """The series at session closes, where it has several values a day: the last equity, or the day's return."""
    days = series.sessions.astype("datetime64[D]")
    if not (days[1:] == days[:-1]).any():
        return series._replace(sessions=days)
    last = np.flatnonzero(np.append(days[1:] != days[:-1], True))
    values = series.values[last]
    if series.kind == "returns":
        first = np.append(0, last[:-1] + 1)
        values = np.multiply.reduceat(1.0 + series.values, first) - 1.0
    notes = [*series.notes, f"{days.size} values of {last.size} days, taken at the end of each day."]
    return series._replace(sessions=days[last], values=values, notes=notes)


def periods_a_year(series: Series) -> tuple[int, str]:
    """How many such rows make a year, by their usual distance, and the words for it; ValidationError if unclear."""
    days = series.sessions.astype("datetime64[D]")
    if days.size < 2:
        return 252, "252 periods a year, as of trading days: one row tells no distance."
    apart = float(np.median(np.diff(days).astype(np.int64)))
    weekends = float(np.mean(np.isin((days.astype(np.int64) + 3) % 7, (5, 6))))
    for lowest, highest, periods, words in (
        *((1, 1, 365, "calendar days"),) * (weekends > 0.2),
        (1, 4, 252, "trading days"), (5, 9, 52, "weeks"), (26, 35, 12, "months"), (85, 97, 4, "quarters"),
        (350, 380, 1, "years"),
    ):  # fmt: skip
        if lowest <= apart <= highest:
            return periods, f"{periods} periods a year, as of {words}: rows are usually {apart:g} days apart."
    raise ValidationError(
        f"{series.name}: rows are usually {apart:g} days apart; say how many make a year with --periods-per-year"
    )


def gap_note(series: Series) -> list[str]:
    """The longest hole between rows, in words, where it is at least five times the usual distance."""
    steps = np.diff(series.sessions.astype("datetime64[D]")).astype(np.int64)
    if steps.size < 2 or steps.max() < max(5 * float(np.median(steps)), 8):
        return []
    i = int(np.argmax(steps))
    return [f"No row for {steps[i]} days between {_told(series.sessions[i])} and {_told(series.sessions[i + 1])}: "
            "the change across it counts as one period."]  # fmt: skip


def closes_at(
    days: NDArray[np.datetime64], known: NDArray[np.datetime64], closes: NDArray[np.float64], within: int
) -> NDArray[np.float64]:
    """The closes at these days, or the last one at most `within` days before; NaN where there is none. [T]"""
    place = np.searchsorted(known, days, side="right") - 1
    found: NDArray[np.float64] = np.where(place >= 0, closes[np.maximum(place, 0)], np.nan).astype(np.float64)
    old = (days - known[np.maximum(place, 0)]).astype(np.int64) > within
    found[old] = np.nan
    return found


def growth_of(series: Series) -> NDArray[np.float64]:
    """The equity of a series, [T]: its own values, or what 1 became of its returns (NaN where one is missing)."""
    if series.kind == "equity":
        return series.values
    with np.errstate(over="ignore"):  # looked at below
        grown: NDArray[np.float64] = np.cumprod(1.0 + np.nan_to_num(series.values)).astype(np.float64)
    beyond = ~(np.abs(grown) <= MOST**2)  # of NaN, too: infinity times zero
    if beyond.any():
        at = int(np.argmax(beyond))
        raise ValidationError(
            f"{series.name}: by {series.sessions[at]} 1 would have become more than {MOST**2:g}; are these returns "
            "percent (--percent), or no returns at all (--equity)?"
        )
    grown[np.isnan(series.values)] = np.nan
    return grown
