"""The layouts of the exchange's daily files: which cells become which column, and what a cell may hold.

Cells are read as Python's texts and numbers: a day has a few thousand rows at most, and often fewer than a hundred,
where starting a query engine takes longer than the work.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

import numpy as np
import numpy.typing as npt
import polars as pl

from app.services.importing.findings import FileRefusedError, Rule
from app.services.importing.kinds import Kind
from app.services.importing.texts import LARGEST_COUNT

B1 = npt.NDArray[np.bool_]
F1 = npt.NDArray[np.float64]

PRICE_SCHEMA: dict[str, pl.DataType] = {
    "line": pl.Int32(),
    "date": pl.Date(),
    "symbol": pl.String(),
    "series": pl.String(),
    "open": pl.Float64(),
    "high": pl.Float64(),
    "low": pl.Float64(),
    "close": pl.Float64(),
    "last": pl.Float64(),
    "prev_close": pl.Float64(),
    "volume": pl.Int64(),
    "turnover": pl.Float64(),
    "trades": pl.Int64(),
    "delivery": pl.Int64(),
    "isin": pl.String(),
    "source_rank": pl.Int16(),
}
# where each layout keeps what we store; None: it does not have it
COLUMNS: dict[Kind, dict[str, str | None]] = {
    Kind.PRICES_LEGACY: {
        "date": "TIMESTAMP", "symbol": "SYMBOL", "series": "SERIES", "open": "OPEN", "high": "HIGH", "low": "LOW",
        "close": "CLOSE", "last": "LAST", "prev_close": "PREVCLOSE", "volume": "TOTTRDQTY", "turnover": "TOTTRDVAL",
        "trades": "TOTALTRADES", "delivery": None, "isin": "ISIN",
    },
    Kind.PRICES_DELIVERY: {
        "date": "DATE1", "symbol": "SYMBOL", "series": "SERIES", "open": "OPEN_PRICE", "high": "HIGH_PRICE",
        "low": "LOW_PRICE", "close": "CLOSE_PRICE", "last": "LAST_PRICE", "prev_close": "PREV_CLOSE",
        "volume": "TTL_TRD_QNTY", "turnover": "TURNOVER_LACS", "trades": "NO_OF_TRADES", "delivery": "DELIV_QTY",
        "isin": None,
    },
    Kind.PRICES_UDIFF: {
        "date": "TRADDT", "symbol": "TCKRSYMB", "series": "SCTYSRS", "open": "OPNPRIC", "high": "HGHPRIC",
        "low": "LWPRIC", "close": "CLSPRIC", "last": "LASTPRIC", "prev_close": "PRVSCLSGPRIC", "volume": "TTLTRADGVOL",
        "turnover": "TTLTRFVAL", "trades": "TTLNBOFTXSEXCTD", "delivery": None, "isin": "ISIN",
    },
}  # fmt: skip
_OPTIONAL = {"last", "trades", "delivery", "isin", "prev_close", "turnover"}
_LATER_COLUMNS = {"TOTALTRADES", "ISIN"}  # the oldest files lack them
_WHOLE = ("volume", "trades", "delivery")
_TEXTS = ("symbol", "series", "isin")
_NO_VALUE = ("", "-")
_LONGEST_SYMBOL = 32
_PRINTABLE = "^[\\x21-\\x7e]+( [\\x21-\\x7e]+)*$|^$"
_ISIN = "^[\\x21-\\x7e]{0,32}$"
_LAKH = 100_000.0
_LARGEST_FLOAT = float(np.finfo(np.float64).max)  # so that a comparison with it leaves out infinity


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a file with one header keeps what we store.

    Attributes
    ----------
    kind, width : of the file; columns of the header
    missing : the first column that should be there and is not
    names : the file's own column by our name, of those present, in the order of `PRICE_SCHEMA`
    places : its position by our name
    """

    kind: Kind
    width: int
    missing: str | None
    names: dict[str, str]
    places: dict[str, int]


@lru_cache(maxsize=32)
def layout_of(kind: Kind, header: tuple[str, ...]) -> Layout:
    """The layout of files of a kind with a header as `header_key` gives it."""
    columns = COLUMNS[kind]
    position = {column: i for i, column in reversed(list(enumerate(header)))}
    missing = [
        column for column in columns.values() if column and column not in position and column not in _LATER_COLUMNS
    ]
    names = {
        target: column for target in PRICE_SCHEMA if (column := columns.get(target)) is not None and column in position
    }
    places = {target: position[column] for target, column in names.items()}
    return Layout(kind, len(header), missing[0] if missing else None, names, places)


def read_cells(name: str, layout: Layout, lines: Sequence[str], first_line: int) -> dict[str, list[str]]:
    """The cells of the columns we store by our names, blanks around them removed; `first_line` is for messages.

    Raises
    ------
    FileRefusedError : a quoted cell does not end on its line.
    """
    if any('"' in line for line in lines):
        try:
            rows = list(csv.reader(lines))
        except csv.Error as error:  # a quoted cell that runs over many lines
            raise FileRefusedError(
                Rule.BROKEN_LINE, f"{name}: line {first_line}: a quoted cell from here on does not end", line=first_line
            ) from error
        broken = next((i for i, row in enumerate(rows) if len(row) != layout.width), None)
        if broken is not None or len(rows) != len(lines):
            line = first_line + (broken or 0)
            raise FileRefusedError(Rule.BROKEN_LINE, f"{name}: line {line}: a quoted cell does not end", line=line)
        flat = list(chain.from_iterable(rows))
    else:  # every line has its commas: one split for all, and every so-manieth cell is of one column
        flat = ",".join(lines).split(",")
    return {target: list(map(str.strip, flat[place :: layout.width])) for target, place in layout.places.items()}


def read_values(name: str, layout: Layout, cells: dict[str, list[str]], first_line: int) -> list[pl.Series]:
    """The columns of `PRICE_SCHEMA` that cells give by themselves: all but line, date and source rank.

    Raises
    ------
    FileRefusedError : a cell is not what its column may hold; names the first of the first such column.
    """
    count = len(cells["symbol"])
    found = []
    for target, dtype in PRICE_SCHEMA.items():
        if target in {"line", "date", "source_rank"}:
            continue
        if target not in cells:
            found.append(pl.Series(target, [None], dtype).new_from_index(0, count))
            continue
        column = _Column(name, layout.names[target], cells[target], first_line)
        if target in _TEXTS:
            found.append(_texts(column, target))
        else:
            found.append(_numbers(column, target, layout.kind))
    return found


@dataclass(frozen=True, slots=True)
class _Column:
    """A column's cells and what is needed to name one of them."""

    name: str
    column: str
    cells: list[str]
    first_line: int

    def refuse(self, bad: B1 | Sequence[bool], expected: str, rule: Rule = Rule.BAD_VALUE) -> None:
        """Refuse the file for the first bad cell, where there is one."""
        index = int(np.argmax(bad))
        if bad[index]:
            line = self.first_line + index
            raise FileRefusedError(
                rule,
                f"{self.name}: line {line}: field {self.column} is {self.cells[index][:40]!r}, expected {expected}",
                line=line,
                subject=self.column,
            )


def text_checks(texts: pl.Series) -> list[tuple[pl.Series, str]]:
    """Where texts cannot be names of the exchange, and what is expected there.

    Its names are of printable ASCII (`M&M`, `BAJAJ-AUTO`, `10AB25`).
    """
    return [
        (texts.str.len_bytes() == 0, "a value"),
        (texts.str.len_bytes() > _LONGEST_SYMBOL, f"at most {_LONGEST_SYMBOL} characters"),
        (~texts.str.contains(_PRINTABLE), "letters, digits and signs of ASCII"),
    ]


def _texts(column: _Column, target: str) -> pl.Series:
    cells = column.cells
    if target == "isin":
        found = pl.Series(target, [cell or None for cell in cells], pl.String)
        strange = ~found.fill_null("").str.contains(_ISIN)
        if strange.any():
            column.refuse(strange.to_numpy(), "an ISIN, or nothing")
        return found
    found = pl.Series(target, cells, pl.String)
    for bad, expected in text_checks(found):
        if bad.any():
            column.refuse(bad.to_numpy(), expected)
    return found


def _numbers(column: _Column, target: str, kind: Kind) -> pl.Series:
    parsed = pl.Series(target, column.cells, pl.String).cast(pl.Float64, strict=False)
    numbers = parsed.to_numpy()  # what is no number is NaN here
    whole = target in _WHOLE
    with np.errstate(invalid="ignore"):
        good = (numbers >= 0) & (numbers <= (LARGEST_COUNT if whole else _LARGEST_FLOAT))
        if whole:
            good &= numbers == np.floor(numbers)
    if not good.all():
        _check_numbers(column, numbers, target)
    if whole:
        return parsed.cast(pl.Int64)
    if target in {"prev_close", "last"} and not numbers.all():  # zero means that there was none
        return pl.Series(target, [number or None for number in parsed], pl.Float64)
    if target == "turnover" and kind is Kind.PRICES_DELIVERY:
        return parsed * _LAKH
    return parsed


def _check_numbers(column: _Column, numbers: F1, target: str) -> None:
    """Refuse the first cell that is not what the column may hold, where there is one."""
    empty = np.array([cell in _NO_VALUE for cell in column.cells])
    if target not in _OPTIONAL:
        column.refuse(empty, "a number")
    column.refuse(~empty & ~np.isfinite(numbers), "a number")
    column.refuse(numbers < 0, "zero or more", Rule.IMPOSSIBLE_ROW)
    if target in _WHOLE:
        column.refuse((numbers != np.floor(numbers)) & ~empty | (numbers > LARGEST_COUNT), "a whole number")
