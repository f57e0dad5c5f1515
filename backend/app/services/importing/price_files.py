"""Price files: four layouts in, one frame out, every row checked. A file with one bad row is refused whole."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field
from datetime import date, datetime

import polars as pl

from app.services.importing import merge
from app.services.importing.findings import FileFinding, FileRefusedError, Rule
from app.services.importing.kinds import Kind, header_key
from app.services.importing.texts import parse_date, split_row, whole_text

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
_T0_SERIES = ("T0", "T1")  # same-day settlement: the file gives it the close of the normal series
_LAKH = 100_000.0
_MONTHS = "JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC"
_NAME_DATES = (
    (re.compile(rf"cm(\d{{2}}(?:{_MONTHS})\d{{4}})bhav", re.IGNORECASE), "%d%b%Y"),
    (re.compile(r"sec_bhavdata_full_(\d{8})", re.IGNORECASE), "%d%m%Y"),
    (re.compile(r"BhavCopy_NSE_CM_\d_\d_\d_(\d{8})_", re.IGNORECASE), "%Y%m%d"),
    (re.compile(r"(?<!\d)(\d{4}-\d{2}-\d{2})(?!\d)"), "%Y-%m-%d"),
)
# where each layout keeps what we store; None: it does not have it
_COLUMNS: dict[Kind, dict[str, str | None]] = {
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
_WHOLE = ("volume", "trades", "delivery")
_TEXTS = ("symbol", "series", "isin")
_NO_VALUE = ["", "-"]
_LONGEST_SYMBOL = 32
_LARGEST_COUNT = 9e15  # beyond it a float no longer counts one by one
_PARQUET_SCHEMA = {
    "date": pl.Date, "symbol": pl.String, "series": pl.String, "open": pl.Float64, "high": pl.Float64,
    "low": pl.Float64, "close": pl.Float64, "prev_close": pl.Float64, "volume": pl.Int64, "turnover": None,
    "trades": pl.Int64, "deliv_qty": pl.Int64, "source": pl.String,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class PriceFile:
    """A price file that may be stored: its rows by `PRICE_SCHEMA`, and what is worth knowing about it."""

    kind: Kind
    frame: pl.DataFrame
    findings: list[FileFinding] = field(default_factory=list)


def date_in_name(name: str) -> date | None:
    """The session a price file's name tells, where it tells one."""
    for pattern, layout in _NAME_DATES:
        match = pattern.search(name)
        if match:
            try:
                return datetime.strptime(match.group(1), layout).date()
            except ValueError:
                return None
    return None


def read_price_file(kind: Kind, name: str, data: bytes) -> PriceFile:
    """Read and check a price file.

    Raises
    ------
    FileRefusedError : cut short, a broken line, a date that contradicts the name, or an impossible row.
    """
    if kind is Kind.PRICES_DAILY_PARQUET:
        return _read_parquet(name, data)
    return _read_csv(kind, name, data)


def _read_csv(kind: Kind, name: str, data: bytes) -> PriceFile:
    text = whole_text(name, data).text
    header_line, _, _ = text.partition("\n")
    header = header_key(header_line)
    columns = _COLUMNS[kind]
    for column in columns.values():
        if column is not None and column not in header and column not in {"TOTALTRADES", "ISIN"}:
            raise FileRefusedError(
                Rule.WRONG_COLUMNS, f"{name}: line 1: column {column} is missing", line=1, subject=column
            )
    _check_lines(name, text, len(header))
    raw = _cells(text, len(header))
    if raw.height == 0:
        raise FileRefusedError(Rule.EMPTY_FILE, f"{name}: a header and no rows")
    frame = _typed(name, raw, header, columns)
    findings = []
    if kind is Kind.PRICES_DELIVERY:
        frame = frame.with_columns(pl.col("turnover") * _LAKH)
        if " " not in header_line.strip():
            findings.append(_rewritten(name, frame))
    _check_dates(name, frame)
    rank = merge.source_rank(kind, rewritten=bool(findings))
    frame = frame.with_columns(pl.lit(rank, pl.Int16).alias("source_rank"))
    frame = _normalised(frame)
    findings.extend(_check_rows(name, frame))
    return PriceFile(kind, frame, findings)


def _check_lines(name: str, text: str, columns: int) -> None:
    """Every line has the header's number of columns, and the last one ends."""
    lines = text.split("\n")
    complete = lines[-1] == ""
    if complete:
        lines.pop()
    counts = pl.Series(lines).str.count_matches(",", literal=True)
    wrong = (counts != columns - 1).arg_true()
    if len(wrong) and '"' in text:  # a quoted cell may hold commas
        wrong = pl.Series([i for i in wrong if len(split_row(lines[i])) != columns], dtype=pl.UInt32)
    if not complete:
        found = int(counts[-1]) + 1
        raise FileRefusedError(
            Rule.FILE_CUT_SHORT,
            f"{name}: line {len(lines)}: the file stops inside this line ({found} of {columns} columns, no line end); "
            "the exchange's files end with a line end",
            line=len(lines),
        )
    if len(wrong):
        line = int(wrong[0]) + 1
        found = len(split_row(lines[line - 1]))
        last = line == len(lines)
        raise FileRefusedError(
            Rule.FILE_CUT_SHORT if last and found < columns else Rule.BROKEN_LINE,
            f"{name}: line {line}: {found} columns, expected {columns}",
            line=line,
        )


def _cells(text: str, columns: int) -> pl.DataFrame:
    frame = pl.read_csv(
        io.BytesIO(text.encode()),
        has_header=False,
        skip_lines=1,
        schema={str(i): pl.String for i in range(columns)},
        empty_string_is_null=False,
        missing_columns="raise",
        extra_columns="raise",
    )
    return frame.with_columns(pl.all().str.strip_chars())


def _typed(name: str, raw: pl.DataFrame, header: tuple[str, ...], columns: dict[str, str | None]) -> pl.DataFrame:
    """The cells as values. One pass finds whether any is bad; only then are they looked at column by column."""
    position = {column: str(i) for i, column in reversed(list(enumerate(header)))}
    present = {target: column for target, column in columns.items() if column is not None and column in position}
    lines = pl.int_range(2, pl.len() + 2, dtype=pl.Int32).alias("line")
    dates = _dates(name, present["date"], raw[position[present["date"]]])
    values: list[pl.Expr] = [lines]
    bad: list[pl.Expr] = []
    for target, kind in PRICE_SCHEMA.items():
        if target in {"line", "source_rank"}:
            continue
        if target not in present:
            values.append(pl.lit(None, kind).alias(target))
            continue
        cell = pl.col(position[present[target]])
        if target == "date":
            values.append(cell.replace_strict(dates, return_dtype=pl.Date).alias(target))
        elif target in _TEXTS:
            values.append((pl.when(cell != "").then(cell) if target == "isin" else cell).alias(target))
            if target != "isin":
                bad.append((cell == "") | (cell.str.len_bytes() > _LONGEST_SYMBOL))
        else:
            empty = cell.is_in(_NO_VALUE)
            number = pl.when(~empty).then(cell).cast(pl.Float64, strict=False)
            wrong = number.is_null() if target not in _OPTIONAL else number.is_null() & ~empty
            wrong = wrong | ~number.is_finite().fill_null(True) | (number < 0).fill_null(False)
            if target in _WHOLE:
                wrong = wrong | ((number % 1 != 0) | (number > _LARGEST_COUNT)).fill_null(False)
                number = number.cast(pl.Int64, strict=False)
            bad.append(wrong)
            values.append(number.alias(target))
    frame = raw.select(*values, pl.any_horizontal(bad).alias("bad"))
    if frame["bad"].any():
        for target, column in present.items():
            _refuse_bad_cell(name, target, column, raw[position[column]])
    return frame.drop("bad")


def _dates(name: str, column: str, cells: pl.Series) -> dict[str, date]:
    return {value: parse_date(name, _line_of(cells, value), column, value) for value in cells.unique().to_list()}


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


def _line_of(cells: pl.Series, value: str) -> int:
    return int((cells == value).arg_true()[0]) + 2


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


def _rewritten(name: str, frame: pl.DataFrame) -> FileFinding:
    series = frame["series"].unique().sort().to_list()
    only = f"; it holds series {', '.join(series)} only" if len(series) <= 3 else ""
    return FileFinding(
        Rule.REWRITTEN,
        f"{name}: saved again by a program: the exchange writes a blank after each comma of the header{only}",
        "stored; any file as the exchange published it is preferred",
    )


def _check_dates(name: str, frame: pl.DataFrame) -> None:
    dates = frame["date"].unique().sort().to_list()
    if len(dates) > 1:
        line = int(frame.filter(pl.col("date") != frame["date"][0])["line"][0])
        raise FileRefusedError(
            Rule.MIXED_DATES,
            f"{name}: line {line}: dated {frame['date'][line - 2]}, line 2 is dated {frame['date'][0]}; "
            "a daily file is of one day",
            line=line,
        )
    told = date_in_name(name)
    if told is not None and told != dates[0]:
        raise FileRefusedError(
            Rule.DATE_MISMATCH,
            f"{name}: the name says {told}, every row is dated {dates[0]}",
            line=2,
            subject=str(told),
        )


def _normalised(frame: pl.DataFrame) -> pl.DataFrame:
    """The stored columns in order. A previous close of zero means that there was none."""
    return frame.with_columns(
        pl.when(pl.col("prev_close") > 0).then(pl.col("prev_close")).alias("prev_close"),
        pl.when(pl.col("last") > 0).then(pl.col("last")).alias("last"),
    ).select([pl.col(column).cast(kind) for column, kind in PRICE_SCHEMA.items()])


def _check_rows(name: str, frame: pl.DataFrame) -> list[FileFinding]:
    """What no trading day can give; a close outside the day's range is possible for same-day settlement only."""
    tolerance = 1e-9
    range_ = pl.col("high") - pl.col("low")
    body_high, body_low = pl.max_horizontal("open", "close"), pl.min_horizontal("open", "close")
    other = pl.col("series").is_in(_T0_SERIES)
    checks = (
        (pl.min_horizontal("open", "high", "low", "close") <= 0, "a price of zero or less; expected more than zero"),
        (range_ < -tolerance, "the high is below the low; expected high >= low"),
        (
            ~other & (body_high > pl.col("high") + tolerance),
            "open or close above the high; expected them within the day",
        ),
        (~other & (body_low < pl.col("low") - tolerance), "open or close below the low; expected them within the day"),
        (pl.col("delivery") > pl.col("volume"), "more shares delivered than traded"),
    )
    for condition, message in checks:
        bad = frame.filter(condition)
        if bad.height:
            row = bad.row(0, named=True)
            raise FileRefusedError(
                Rule.IMPOSSIBLE_ROW,
                f"{name}: line {row['line']}: {row['symbol']} {row['series']}: {message} "
                f"(open {row['open']}, high {row['high']}, low {row['low']}, close {row['close']}, "
                f"volume {row['volume']})",
                line=row["line"],
                subject=row["symbol"],
            )
    keys = frame.select("date", "symbol", "series")
    twice = keys.is_duplicated()
    if twice.any():
        row = frame.filter(twice).sort("symbol", "series", "date", "line").row(1, named=True)
        raise FileRefusedError(
            Rule.DUPLICATE_ROW,
            f"{name}: line {row['line']}: {row['symbol']} {row['series']} of {row['date']} is there twice",
            line=row["line"],
            subject=row["symbol"],
        )
    outside = frame.filter(other & ((body_high > pl.col("high") + tolerance) | (body_low < pl.col("low") - tolerance)))
    if outside.height:
        row = outside.row(0, named=True)
        return [
            FileFinding(
                Rule.CLOSE_OUTSIDE_RANGE,
                f"{name}: line {row['line']}: {row['symbol']} {row['series']} closes outside its own range, "
                f"{outside.height} such rows; same-day settlement takes the close of the normal series",
                "stored as published",
                line=row["line"],
                subject=row["symbol"],
            )
        ]
    return []


def _read_parquet(name: str, data: bytes) -> PriceFile:
    try:
        frame = pl.read_parquet(io.BytesIO(data))
    except (pl.exceptions.PolarsError, OSError) as error:
        raise FileRefusedError(Rule.FILE_CUT_SHORT, f"{name}: not a complete Parquet file ({error})") from error
    for column, kind in _PARQUET_SCHEMA.items():
        if column not in frame.columns:
            raise FileRefusedError(Rule.WRONG_COLUMNS, f"{name}: column {column} is missing", subject=column)
        found = frame.schema[column]
        if (kind is not None and found != kind) or (kind is None and not found.is_numeric()):
            raise FileRefusedError(
                Rule.WRONG_COLUMNS, f"{name}: column {column} is {found}, expected {kind or 'a number'}", subject=column
            )
    required = ["date", "symbol", "series", "open", "high", "low", "close", "volume", "source"]
    for column in required:
        if frame[column].null_count():
            line = int(frame[column].is_null().arg_true()[0]) + 1
            raise FileRefusedError(
                Rule.BAD_VALUE,
                f"{name}: row {line}: field {column} is empty, expected a value",
                line=line,
                subject=column,
            )
    unknown = frame.filter(~pl.col("source").is_in(list(merge.PARQUET_RANKS)))
    if unknown.height:
        raise FileRefusedError(
            Rule.BAD_VALUE,
            f"{name}: field source is {unknown['source'][0]!r}, expected one of {', '.join(merge.PARQUET_RANKS)}",
            subject="source",
        )
    for column in ("open", "high", "low", "close", "volume", "prev_close", "turnover", "trades", "deliv_qty"):
        bad = ((frame[column] < 0) | ~frame[column].cast(pl.Float64).is_finite()).fill_null(False)
        if bad.any():
            line = int(bad.arg_true()[0]) + 1
            raise FileRefusedError(
                Rule.IMPOSSIBLE_ROW,
                f"{name}: row {line}: field {column} is {frame[column][line - 1]}, expected zero or more",
                line=line,
                subject=column,
            )
    frame = frame.with_columns(
        pl.int_range(1, pl.len() + 1, dtype=pl.Int32).alias("line"),
        pl.col("deliv_qty").alias("delivery"),
        pl.lit(None, pl.Float64).alias("last"),
        pl.lit(None, pl.String).alias("isin"),
        pl.col("source").replace_strict(merge.PARQUET_RANKS, return_dtype=pl.Int16).alias("source_rank"),
    )
    frame = _normalised(frame)
    if frame.height == 0:
        raise FileRefusedError(Rule.EMPTY_FILE, f"{name}: no rows")
    return PriceFile(Kind.PRICES_DAILY_PARQUET, frame, _check_rows(name, frame))
