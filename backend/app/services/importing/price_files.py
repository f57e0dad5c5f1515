"""Price files: four layouts in, one frame out, every row checked. A file with one bad row is refused whole."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import repeat

import numpy as np
import polars as pl

from app.engines.calendar import IST
from app.services.importing import merge
from app.services.importing.findings import FileFinding, FileRefusedError, Rule, Severity
from app.services.importing.kinds import Kind, header_key
from app.services.importing.parquet_size import check_size
from app.services.importing.price_checks import check_columns
from app.services.importing.price_layouts import (
    B1,
    PRICE_SCHEMA,
    Layout,
    layout_of,
    read_cells,
    read_values,
    text_checks,
)
from app.services.importing.texts import parse_date, split_row, whole_text

_UP, _DOWN = 10.0, 110.0  # a split of a hundred is the largest; shares put together ten for one are rare
_MOST_ROWS = 20_000_000  # of a long file: sixteen years of the whole market have a third
_PART_ROWS = 50_000  # a day has fewer; a file of another kind must not fill the memory with texts
_EPOCH = date(1970, 1, 1)
_TOLERANCE = 1e-9  # rupees
_T0_SERIES = ("T0", "T1")  # same-day settlement: the file gives it the close of the normal series
_MONTHS = "JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC"
_NAME_DATES = (
    (re.compile(rf"cm(\d{{2}}(?:{_MONTHS})\d{{4}})bhav", re.IGNORECASE), "%d%b%Y"),
    (re.compile(r"sec_bhavdata_full_(\d{8})", re.IGNORECASE), "%d%m%Y"),
    (re.compile(r"BhavCopy_NSE_CM_\d_\d_\d_(\d{8})_", re.IGNORECASE), "%Y%m%d"),
    (re.compile(r"(?<!\d)(\d{4}-\d{2}-\d{2})(?!\d)"), "%Y-%m-%d"),
)
_PARQUET_SCHEMA = {
    "date": pl.Date, "symbol": pl.String, "series": pl.String, "open": pl.Float64, "high": pl.Float64,
    "low": pl.Float64, "close": pl.Float64, "prev_close": pl.Float64, "volume": pl.Int64, "turnover": None,
    "trades": pl.Int64, "deliv_qty": pl.Int64, "source": pl.String,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class PriceFile:
    """A price file that may be stored: its rows by `PRICE_SCHEMA`, and what is worth knowing about it.

    `doubt` is set where the last line is whole but does not end: it may be stored only if its neighbours in time have
    no more rows, and else is refused for that.
    """

    kind: Kind
    frame: pl.DataFrame
    findings: list[FileFinding] = field(default_factory=list)
    doubt: FileRefusedError | None = None


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
    rewritten = kind is Kind.PRICES_DELIVERY and " " not in header_line.strip()
    layout = layout_of(kind, header_key(header_line))
    if layout.missing is not None:
        raise FileRefusedError(
            Rule.WRONG_COLUMNS,
            f"{name}: line 1: column {layout.missing} is missing",
            line=1,
            subject=layout.missing,
        )
    lines, doubt = _whole_lines(name, text, layout.width)
    if len(lines) < 2:
        raise FileRefusedError(Rule.EMPTY_FILE, f"{name}: a header and no rows")
    days: dict[str, date] = {}
    rank = merge.source_rank(kind, rewritten=rewritten)
    parts = [
        _part(name, layout, lines[start : start + _PART_ROWS], start + 1, days, rank)
        for start in range(1, len(lines), _PART_ROWS)
    ]
    frame = pl.concat(parts) if len(parts) > 1 else parts[0]
    _check_dates(name, frame, set(days.values()))
    findings = [_rewritten(name, frame)] if rewritten else []
    findings.extend(_check_rows(name, frame))
    return PriceFile(kind, frame, findings, doubt)


def _whole_lines(name: str, text: str, columns: int) -> tuple[list[str], FileRefusedError | None]:
    """The lines, after a check that each has the header's number of columns; a doubt where the last one does not end.

    No layout stores its last column, so that of a line with all columns every stored cell is whole.
    """
    lines = text.split("\n")
    complete = lines[-1] == ""
    if complete:
        lines.pop()
        if set(map(str.count, lines, repeat(","))) == {columns - 1}:
            return lines, None
    wrong = [i for i, content in enumerate(lines) if content.count(",") != columns - 1]
    if wrong and '"' in text:  # a quoted cell may hold commas
        wrong = [i for i in wrong if len(split_row(lines[i])) != columns]
    doubt = None
    if not complete:
        found = len(split_row(lines[-1]))
        doubt = FileRefusedError(
            Rule.FILE_CUT_SHORT,
            f"{name}: line {len(lines)}: the file stops inside this line ({found} of {columns} columns, no line end); "
            "the exchange's files end with a line end",
            line=len(lines),
        )
        if found != columns:
            raise doubt
    if wrong:
        line = wrong[0] + 1
        found = len(split_row(lines[line - 1]))
        last = line == len(lines)
        raise FileRefusedError(
            Rule.FILE_CUT_SHORT if last and found < columns else Rule.BROKEN_LINE,
            f"{name}: line {line}: {found} columns, expected {columns}",
            line=line,
        )
    return lines, doubt


def _part(
    name: str, layout: Layout, lines: Sequence[str], first_line: int, days: dict[str, date], rank: int
) -> pl.DataFrame:
    """Some of a file's lines as rows; what their spellings of a date mean is added to `days`."""
    cells = read_cells(name, layout, lines, first_line)
    dates = cells["date"]
    for value in dict.fromkeys(dates):
        if value not in days:
            days[value] = parse_date(name, first_line + dates.index(value), layout.names["date"], value)
    numbers = {value: (day - _EPOCH).days for value, day in days.items()}
    count = len(lines)
    return pl.DataFrame(
        [
            pl.Series("line", np.arange(first_line, first_line + count, dtype=np.int32)),
            pl.Series("date", np.array([numbers[value] for value in dates], dtype="datetime64[D]")),
            *read_values(name, layout, cells, first_line),
            pl.Series("source_rank", np.full(count, rank, dtype=np.int16)),
        ]
    )


def _rewritten(name: str, frame: pl.DataFrame) -> FileFinding:
    series = frame["series"].unique().sort().to_list()
    only = f"; it holds series {', '.join(series)} only" if len(series) <= 3 else ""
    return FileFinding(
        Rule.REWRITTEN,
        f"{name}: saved again by a program: the exchange writes a blank after each comma of the header{only}",
        "stored; any file as the exchange published it is preferred",
    )


FIRST_SESSION = date(1994, 11, 3)  # capital market segment


def _check_era(name: str, first: date, last: date) -> None:
    """Refuse days on which the exchange did not exist yet, and days that have not come."""
    today = datetime.now(IST).date()
    for day in (first, last):
        if not FIRST_SESSION <= day <= today:
            raise FileRefusedError(
                Rule.DATE_IMPOSSIBLE,
                f"{name}: dated {day}, expected a day from {FIRST_SESSION} (the exchange's first) to today, {today}",
                subject=str(day),
            )


def _check_dates(name: str, frame: pl.DataFrame, days: set[date]) -> None:
    if len(days) > 1:
        line = int(frame.filter(pl.col("date") != frame["date"][0])["line"][0])
        raise FileRefusedError(
            Rule.MIXED_DATES,
            f"{name}: line {line}: dated {frame['date'][line - 2]}, line 2 is dated {frame['date'][0]}; "
            "a daily file is of one day",
            line=line,
        )
    _check_era(name, min(days), max(days))
    told = date_in_name(name)
    if told is not None and told not in days:
        raise FileRefusedError(
            Rule.DATE_MISMATCH,
            f"{name}: the name says {told}, every row is dated {next(iter(days))}",
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
    check_columns(name, frame)
    open_, high, low, close = (frame[column].to_numpy() for column in ("open", "high", "low", "close"))
    other = _is_t0(frame["series"])
    above = np.maximum(open_, close) > high + _TOLERANCE
    below = np.minimum(open_, close) < low - _TOLERANCE
    checks = (
        (np.minimum.reduce([open_, high, low, close]) <= 0, "a price of zero or less; expected more than zero"),
        (high - low < -_TOLERANCE, "the high is below the low; expected high >= low"),
        (~other & above, "open or close above the high; expected them within the day"),
        (~other & below, "open or close below the low; expected them within the day"),
        (_exceeds(frame["delivery"], frame["volume"]), "more shares delivered than traded"),
    )
    for bad, message in checks:
        if bad.any():
            row = frame.row(int(bad.argmax()), named=True)
            raise FileRefusedError(
                Rule.IMPOSSIBLE_ROW,
                f"{name}: line {row['line']}: {row['symbol']} {row['series']}: {message} "
                f"(open {row['open']}, high {row['high']}, low {row['low']}, close {row['close']}, "
                f"volume {row['volume']})",
                line=row["line"],
                subject=row["symbol"],
            )
    twice = frame[list(merge.KEY)].is_duplicated()
    if twice.any():
        row = frame.filter(twice).sort("symbol", "series", "date", "line").row(1, named=True)
        raise FileRefusedError(
            Rule.DUPLICATE_ROW,
            f"{name}: line {row['line']}: {row['symbol']} {row['series']} of {row['date']} is there twice",
            line=row["line"],
            subject=row["symbol"],
        )
    outside = other & (above | below)
    found = [_outside_range(name, frame.filter(outside))] if outside.any() else []
    far = frame.filter(
        (pl.col("close") > pl.col("prev_close") * _UP) | (pl.col("close") * _DOWN < pl.col("prev_close"))
    )
    return found + ([_far_from_previous(name, far)] if far.height else [])


def _exceeds(values: pl.Series, limits: pl.Series) -> B1:
    """Whether values are above their limits; a missing one is not."""
    if values.null_count() == len(values):
        return np.zeros(len(values), dtype=np.bool_)
    above = (values > limits).to_numpy()
    return above if above.dtype == np.bool_ else np.equal(above, True).astype(np.bool_)  # with nulls: objects


def _is_t0(series: pl.Series) -> B1:
    found = np.zeros(len(series), dtype=np.bool_)
    for one in _T0_SERIES:
        found |= (series == one).to_numpy()
    return found


def _outside_range(name: str, outside: pl.DataFrame) -> FileFinding:
    row = outside.row(0, named=True)
    return FileFinding(
        Rule.CLOSE_OUTSIDE_RANGE,
        f"{name}: line {row['line']}: {row['symbol']} {row['series']} closes outside its own range, "
        f"{outside.height} such rows; same-day settlement takes the close of the normal series",
        "stored as published",
        line=row["line"],
        subject=row["symbol"],
    )


def _far_from_previous(name: str, far: pl.DataFrame) -> FileFinding:
    row = far.row(0, named=True)
    return FileFinding(
        Rule.PRICE_FAR_FROM_PREVIOUS,
        f"{name}: line {row['line']}: {row['symbol']} {row['series']} of {row['date']} closes at {row['close']:g}, its "
        f"own previous close is {row['prev_close']:g}; {far.height} such rows; expected at most {_UP:g} times it, and "
        f"at least one {_DOWN:g}th",
        "stored as published; a move that nothing explains is held back",
        Severity.WARNING,
        line=row["line"],
        subject=row["symbol"],
    )


def _read_parquet(name: str, data: bytes) -> PriceFile:
    frame = _parquet_frame(name, data)
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
    if frame.height:
        first, last = frame.select(pl.col("date").min(), pl.col("date").max().alias("last")).row(0)
        _check_era(name, first, last)
    for column in ("symbol", "series"):
        for bad, expected in text_checks(frame[column]):
            if bad.any():
                line = int(bad.arg_true()[0]) + 1
                raise FileRefusedError(
                    Rule.BAD_VALUE,
                    f"{name}: row {line}: field {column} is {frame[column][line - 1][:40]!r}, expected {expected}",
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


def _parquet_frame(name: str, data: bytes) -> pl.DataFrame:
    """The columns we store, after what the file says of itself (columns, types, rows) has been found sensible."""
    check_size(name, data)
    try:
        schema = pl.read_parquet_schema(io.BytesIO(data))
        rows = pl.scan_parquet(io.BytesIO(data)).select(pl.len()).collect().item()
        for column, kind in _PARQUET_SCHEMA.items():
            if column not in schema:
                raise FileRefusedError(Rule.WRONG_COLUMNS, f"{name}: column {column} is missing", subject=column)
            found = schema[column]
            if (kind is not None and found != kind) or (kind is None and not found.is_numeric()):
                raise FileRefusedError(
                    Rule.WRONG_COLUMNS,
                    f"{name}: column {column} is {found}, expected {kind or 'a number'}",
                    subject=column,
                )
        if rows > _MOST_ROWS:
            raise FileRefusedError(
                Rule.ARCHIVE_LIMIT,
                f"{name}: {rows:,} rows, expected at most {_MOST_ROWS:,}: far more than the market has",
            )
        return pl.read_parquet(io.BytesIO(data), columns=list(_PARQUET_SCHEMA))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        said = str(error).partition("\n")[0][:200]
        raise FileRefusedError(Rule.FILE_CUT_SHORT, f"{name}: not a complete Parquet file ({said})") from error
