"""The layouts of the exchange's daily files: which cells become which column, and what a cell may hold.

What is done with the cells depends on the header alone. It is worked out once for each header and kept, since building
a hundred expressions takes longer than applying them to a small file.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import polars as pl

from app.services.importing.findings import FileRefusedError, Rule
from app.services.importing.kinds import Kind

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
_NO_VALUE = ["", "-"]
_LONGEST_SYMBOL = 32
_LARGEST_COUNT = 9e15  # beyond it a float no longer counts one by one
_LAKH = 100_000.0
_LARGEST_FLOAT = 1.7976931348623157e308  # so that a comparison with it leaves out infinity


@dataclass(frozen=True, slots=True)
class Layout:
    """What is done with the cells below one header.

    Attributes
    ----------
    width : columns of the header
    missing : the first column that should be there and is not
    names : the file's own column by our name, of those present, in the order of `PRICE_SCHEMA`
    strip : from the cells "0", "1", … to texts by our names, blanks around them removed
    values : from those to every column of `PRICE_SCHEMA` but date and source rank, and to `GOOD`
    """

    width: int
    missing: str | None
    names: dict[str, str]
    strip: tuple[pl.Expr, ...]
    values: tuple[pl.Expr, ...]


GOOD = "good"  # whether all cells of a row are what their columns may hold


@lru_cache(maxsize=32)
def layout_of(kind: Kind, header: tuple[str, ...]) -> Layout:
    """The layout of a file of a kind with a header as `header_key` gives it."""
    columns = COLUMNS[kind]
    position = {column: str(i) for i, column in reversed(list(enumerate(header)))}
    missing = [
        column for column in columns.values() if column and column not in position and column not in _LATER_COLUMNS
    ]
    names = {
        target: column for target in PRICE_SCHEMA if (column := columns.get(target)) is not None and column in position
    }
    values: list[pl.Expr] = [pl.int_range(2, pl.len() + 2, dtype=pl.Int32).alias("line")]
    good: list[pl.Expr] = []
    for target, kind_ in PRICE_SCHEMA.items():
        if target in {"line", "date", "source_rank"}:
            continue
        if target not in names:
            values.append(pl.lit(None, kind_).alias(target))
        elif target in _TEXTS:
            cell = pl.col(target)
            values.append(pl.when(cell != "").then(cell).alias(target) if target == "isin" else cell)
            if target != "isin":
                good.append(cell.str.len_bytes().is_between(1, _LONGEST_SYMBOL))
        else:
            number = pl.col(target).cast(pl.Float64, strict=False)
            good.append(_is_good(target, number))
            values.append(_value(target, number, kind).alias(target))
    return Layout(
        width=len(header),
        missing=missing[0] if missing else None,
        names=names,
        strip=tuple(pl.col(position[column]).str.strip_chars().alias(target) for target, column in names.items()),
        values=(*values, pl.all_horizontal(good).alias(GOOD)),
    )


def _is_good(target: str, number: pl.Expr) -> pl.Expr:
    """Whether a cell holds a number its column may hold; none (NaN among them) counts only where one is optional."""
    inside = number.is_between(0.0, _LARGEST_COUNT if target in _WHOLE else _LARGEST_FLOAT)
    if target in _WHOLE:
        inside = inside & (number % 1 == 0)
    return inside.fill_null(pl.col(target).is_in(_NO_VALUE) if target in _OPTIONAL else False)


def _value(target: str, number: pl.Expr, kind: Kind) -> pl.Expr:
    if target in _WHOLE:
        return number.cast(pl.Int64, strict=False)
    if target in {"prev_close", "last"}:  # zero means that there was none
        return pl.when(number > 0).then(number)
    if target == "turnover" and kind is Kind.PRICES_DELIVERY:
        return number * _LAKH
    return number


def refuse_bad_cells(name: str, layout: Layout, cells: pl.DataFrame) -> None:
    """Name the first bad cell of the first column that has one.

    Raises
    ------
    FileRefusedError : always; this is for files of which a row is not good.
    """
    for target, column in layout.names.items():
        _refuse_bad_cell(name, target, column, cells[target])
    raise AssertionError(f"{name}: a row is not good, and no cell of it is bad")


def _refuse_bad_cell(name: str, target: str, column: str, cells: pl.Series) -> None:
    """Name the first bad cell of a column."""
    if target in _TEXTS:
        if target != "isin":
            _refuse_where(name, cells == "", column, cells, "a value")
            long = cells.str.len_bytes() > _LONGEST_SYMBOL
            _refuse_where(name, long, column, cells, f"at most {_LONGEST_SYMBOL} characters")
        return
    if target == "date":
        return
    empty = cells.is_in(_NO_VALUE)
    if target not in _OPTIONAL:
        _refuse_where(name, empty, column, cells, "a number")
    numbers = cells.set(empty, None).cast(pl.Float64, strict=False)
    _refuse_where(name, numbers.is_null() & ~empty | ~numbers.is_finite().fill_null(True), column, cells, "a number")
    _refuse_where(name, (numbers < 0).fill_null(False), column, cells, "zero or more", Rule.IMPOSSIBLE_ROW)
    if target in _WHOLE:
        broken = ((numbers % 1 != 0) | (numbers > _LARGEST_COUNT)).fill_null(False)
        _refuse_where(name, broken, column, cells, "a whole number")


def _refuse_where(
    name: str, bad: pl.Series, column: str, cells: pl.Series, expected: str, rule: Rule = Rule.BAD_VALUE
) -> None:
    if bad.any():
        index = int(bad.arg_true()[0])
        raise FileRefusedError(
            rule,
            f"{name}: line {index + 2}: field {column} is {str(cells[index])[:40]!r}, expected {expected}",
            line=index + 2,
            subject=column,
        )
