"""Files of intraday bars: which instrument, which clock, which timeframe, and what is wrong with them.

No such file says all of it, and some say it wrongly. The clock is judged by the exchange's own hours: the reading under
which the bars fall inside the sessions is the right one. Nothing is moved or left out without a finding.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import polars as pl

from app.engines import calendar
from app.services.importing.files import Member
from app.services.importing.findings import FileFinding, FileRefusedError, Rule, Severity
from app.services.importing.kinds import Kind, header_key
from app.services.importing.texts import LARGEST_COUNT, encoding_note, whole_text
from app.services.index_names import canonical, index_in, known_index
from app.services.intraday.hours import TIMEFRAMES, outside_session, session_windows

PRICES: Final = ("open", "high", "low", "close")
_IST_MINUTES: Final = 330
_IN_SESSION: Final = 0.8  # of the bars: from here on a clock is believed
_EPOCH_FIRST, _EPOCH_LAST = 631_152_000, 4_102_444_800  # 1990 and 2100
_SYMBOL = re.compile(r"^[A-Z0-9&-]{1,25}$")
_TAIL = re.compile(r"^(\d+(m|min|minute|h)?|(19|20)\d{2}.*|intraday|bars|nse|eq)$", re.IGNORECASE)


@dataclass(slots=True)
class IntradayFile:
    """Bars of one instrument.

    `frame`: at (UTC, the bar's open), open, high, low, close (rupees or points), volume (shares, null where the source
    has none), line, outside (True where the exchange's calendar has no trading at that time).
    """

    symbol: str
    timeframe: str
    frame: pl.DataFrame
    kind: Kind = Kind.INTRADAY
    findings: list[FileFinding] = field(default_factory=list)


def read_intraday(member: Member) -> IntradayFile:
    """Read a file of intraday bars.

    Raises
    ------
    FileRefusedError : cut short, a bad number or time, high below low, or a clock or timeframe that cannot be told.
    """
    name = member.name
    text = whole_text(name, member.data)
    found = encoding_note(name, text)
    frame = _cells(name, text.text)
    key = tuple(frame.columns)
    symbol = _instrument(member, frame, found)
    frame = _timed(name, key, frame)
    frame = _numbers(name, frame, found)
    frame = _without_repeats(name, frame, found)
    minutes = _timeframe(name, frame)
    frame = _mend_clock(name, frame, minutes, found)
    frame = frame.sort("at").with_columns(pl.col("at").dt.convert_time_zone("UTC"))
    if not frame["volume"].sum():
        frame = frame.with_columns(pl.lit(None, pl.Int64).alias("volume"))  # zero throughout: the source has none
    columns = ("at", *PRICES, "volume", "line", "outside")
    return IntradayFile(symbol, TIMEFRAMES[minutes], frame.select(columns), findings=found)


def _cells(name: str, text: str) -> pl.DataFrame:
    """The file as texts under lower-case names, with the line of each row; whole rows only."""
    body = text.rstrip("\n")
    header, _, rest = body.partition("\n")
    key = tuple(cell.lower() for cell in header_key(header))
    if not rest:
        raise FileRefusedError(Rule.EMPTY_FILE, f"{name}: a header and no rows")
    commas = len(key) - 1
    for line, content in enumerate(rest.split("\n"), 2):
        if content.count(",") != commas:
            last = line == rest.count("\n") + 2
            raise FileRefusedError(
                Rule.FILE_CUT_SHORT if last else Rule.BROKEN_LINE,
                f"{name}: line {line}: {content.count(',') + 1} columns, expected {len(key)}",
                line=line,
            )
    frame = pl.read_csv(io.StringIO(rest), has_header=False, new_columns=list(key), infer_schema=False, quote_char=None)
    return frame.with_columns(pl.all().str.strip_chars(), pl.int_range(2, pl.len() + 2, dtype=pl.Int32).alias("line"))


def _instrument(member: Member, frame: pl.DataFrame, found: list[FileFinding]) -> str:
    """The instrument: the index that file or folder speak of, else the column's, else the file's name as a symbol."""
    stem = re.sub(r"\.(csv|txt)$", "", member.name, flags=re.IGNORECASE)
    named = index_in(stem) or next(filter(None, map(index_in, member.folders[:1])), None)
    written = frame["instrument"].unique().sort().to_list() if "instrument" in frame.columns else []
    if len(written) > 1:
        line = int(frame.filter(pl.col("instrument") != frame["instrument"][0])["line"][0])
        raise FileRefusedError(
            Rule.BAD_VALUE,
            f"{member.name}: line {line}: field Instrument is {written[1]!r} after {written[0]!r}; "
            "expected one instrument in a file",
            line=line,
            subject="Instrument",
        )
    if named is not None:
        if written and canonical(written[0]) != named:
            found.append(
                FileFinding(
                    Rule.MISLABELLED_INSTRUMENT,
                    f"{member.name}: line 2: all {frame.height:,} rows say {written[0]}, file and folder say {named}",
                    f"stored as {named}",
                    Severity.WARNING,
                    line=2,
                    subject=named,
                )
            )
        return named
    if written:
        return known_index(written[0]) or written[0].upper()
    words = stem.split("_")
    while len(words) > 1 and _TAIL.match(words[-1]):
        words.pop()
    symbol = "_".join(words).upper()
    if not _SYMBOL.match(symbol):
        raise FileRefusedError(
            Rule.BAD_VALUE,
            f"{member.name}: nothing says whose bars these are: name the file by the symbol, as in HDFCBANK_5min.csv",
        )
    return symbol


def _bad(name: str, frame: pl.DataFrame, column: str, expected: str) -> FileRefusedError:
    line, value = frame.select("line", column).row(0)
    return FileRefusedError(
        Rule.BAD_VALUE,
        f"{name}: line {line}: field {column} is {str(value)[:40]!r}, expected {expected}",
        line=line,
        subject=column,
    )


def _timed(name: str, key: tuple[str, ...], frame: pl.DataFrame) -> pl.DataFrame:
    """Adds `at`, aware; a stamp without a zone is taken for India's until the clock is judged."""
    column = key[1] if key[0] == "instrument" else key[0]
    stamp = pl.col(column)
    if key[0] == "instrument":
        frame = frame.with_columns(
            (stamp.str.replace_all("-", "") + " " + pl.col("time").str.slice(0, 5)).alias(column)
        )
        parsed = stamp.str.to_datetime("%Y%m%d %H:%M", strict=False, time_unit="us").dt.replace_time_zone(
            "Asia/Kolkata"
        )
    elif frame[column].str.contains(r"^\d{9,10}$").all():
        seconds = stamp.cast(pl.Int64)
        inside = seconds.is_between(_EPOCH_FIRST, _EPOCH_LAST)
        parsed = pl.when(inside).then(pl.from_epoch(seconds)).dt.cast_time_unit("us").dt.replace_time_zone("UTC")
    elif frame[column].str.contains(r"(Z|[+-]\d{2}:?\d{2})$").all():
        parsed = stamp.str.replace("T", " ").str.to_datetime("%Y-%m-%d %H:%M:%S%#z", strict=False, time_unit="us")
    else:
        text = stamp.str.replace("T", " ").str.slice(0, 19)
        parsed = text.str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False, time_unit="us").dt.replace_time_zone(
            "Asia/Kolkata"
        )
    frame = frame.with_columns(parsed.dt.convert_time_zone("Asia/Kolkata").alias("at"))
    wrong = frame.filter(pl.col("at").is_null())
    if wrong.height:
        raise _bad(name, wrong, column, "a time such as 2024-01-01 09:15:00, with or without +05:30, or epoch seconds")
    return frame


def _numbers(name: str, frame: pl.DataFrame, found: list[FileFinding]) -> pl.DataFrame:
    """Prices and volume as numbers; impossible rows refuse the file, rows without prices are left out and reported."""
    given = [column for column in (*PRICES, "volume") if column in frame.columns]
    empty = pl.col(given).is_in(["", "-", "nan", "NaN"])
    numbers = frame.with_columns(
        pl.when(~empty).then(pl.col(given)).cast(pl.Float64, strict=False).name.suffix("_number")
    )
    for column in given:
        wrong = numbers.filter(
            ~pl.col(column).is_in(["", "-", "nan", "NaN"])
            & (pl.col(f"{column}_number").is_null() | ~pl.col(f"{column}_number").is_finite())
        )
        if wrong.height:
            raise _bad(name, wrong, column, "a number")
    frame = numbers.with_columns(pl.col(f"{column}_number").alias(column) for column in given)
    if "volume" in given:
        wrong = numbers.filter(pl.col("volume_number").abs() > LARGEST_COUNT)
        if wrong.height:
            raise _bad(name, wrong, "volume", f"a number of shares up to {LARGEST_COUNT:,}")
    volume = pl.col("volume").round().cast(pl.Int64) if "volume" in given else pl.lit(None, pl.Int64)
    frame = frame.with_columns(volume.alias("volume")).select("at", "line", *PRICES, "volume")
    wrong = frame.filter((pl.col("high") < pl.col("low")) | pl.any_horizontal(pl.col(*PRICES, "volume") < 0))
    if wrong.height:
        row = wrong.row(0, named=True)
        raise FileRefusedError(
            Rule.IMPOSSIBLE_ROW,
            f"{name}: line {row['line']}: high {row['high']}, low {row['low']}, volume {row['volume']}: "
            "expected high not below low and nothing negative",
            line=row["line"],
        )
    void = pl.any_horizontal(pl.col(*PRICES).is_null() | (pl.col(*PRICES) == 0))
    _report(found, Rule.ZERO_PRICE, name, frame.filter(void), "no price, or zero for one", "left out", Severity.WARNING)
    frame = frame.filter(~void)
    if not frame.height:
        raise FileRefusedError(Rule.EMPTY_FILE, f"{name}: no row has prices")
    odd = (pl.max_horizontal("open", "close") > pl.col("high")) | (pl.min_horizontal("open", "close") < pl.col("low"))
    _report(
        found,
        Rule.CLOSE_OUTSIDE_RANGE,
        name,
        frame.filter(odd),
        "open or close outside low to high",
        "stored as written",
    )
    return frame


def _without_repeats(name: str, frame: pl.DataFrame, found: list[FileFinding]) -> pl.DataFrame:
    first = pl.col("at").is_first_distinct()
    repeats = frame.filter(~first)
    if not repeats.height:
        return frame
    kept = frame.filter(first)
    same = repeats.join(kept, on=["at", *PRICES], how="semi").height
    others = repeats.height - same
    action = "the first of each is kept" if not others else f"the first of each is kept; {others:,} had other prices"
    severity = Severity.WARNING if others else Severity.NOTE
    _report(found, Rule.DUPLICATE_ROW, name, repeats, "a bar told before", action, severity)
    return kept


def _timeframe(name: str, frame: pl.DataFrame) -> int:
    """Minutes of a bar: the commonest step within a day."""
    steps = (
        frame.sort("at")
        .select(pl.col("at").diff().over(pl.col("at").dt.date()).dt.total_minutes().alias("step"))
        .drop_nulls()["step"]
    )
    common = steps.mode().sort().to_list()
    if not common or common[0] not in TIMEFRAMES:
        shown = f"{common[0]} minutes" if common else "one bar a day"
        raise FileRefusedError(
            Rule.BAD_VALUE, f"{name}: bars {shown} apart, expected one of {', '.join(TIMEFRAMES.values())}"
        )
    return int(common[0])


def _mend_clock(name: str, frame: pl.DataFrame, minutes: int, found: list[FileFinding]) -> pl.DataFrame:
    """Shift the bars to where the exchange trades, where they are not there; adds `outside`."""
    shares: dict[int, float] = {}
    for shift in (0, _IST_MINUTES, -_IST_MINUTES):
        share = 1.0 - float(outside_session(frame["at"].dt.offset_by(f"{shift}m")).mean() or 0.0)  # type: ignore[arg-type]
        shares[shift] = share
        if share >= _IN_SESSION:
            break
    shift, share = max(shares.items(), key=lambda item: item[1])
    line = int(frame["line"][0])
    if share < _IN_SESSION:
        raise FileRefusedError(
            Rule.CLOCK_MENDED,
            f"{name}: line {line}: the first bar reads {frame['at'][0]:%Y-%m-%d %H:%M} India time; "
            f"{share:.0%} of the bars at best fall into trading hours, read as India time, UTC or the reverse",
            line=line,
        )
    if shift:
        before, after = frame["at"][0], frame["at"][0] + timedelta(minutes=shift)
        clock = "UTC without saying so" if shift > 0 else "India time written as UTC"
        found.append(
            FileFinding(
                Rule.CLOCK_MENDED,
                f"{name}: line {line}: the times are {clock}: {before:%H:%M} is {after:%H:%M} in India; all "
                f"{frame.height:,} rows",
                f"moved by {shift // 60:+d}:{abs(shift) % 60:02d} hours" if shift > 0 else "moved by -5:30 hours",
                Severity.WARNING,
                line=line,
            )
        )
        frame = frame.with_columns(pl.col("at").dt.offset_by(f"{shift}m"))
    frame = _label_by_open(name, frame, minutes, found)
    frame = frame.with_columns(outside_session(frame["at"]))
    strange = frame.filter(pl.col("outside"))
    days = strange["at"].dt.date().n_unique()
    _report(
        found,
        Rule.OUTSIDE_SESSION,
        name,
        strange,
        f"a bar outside trading hours, {days} days in all",
        "stored, and left out of answers",
    )
    return frame


def _label_by_open(name: str, frame: pl.DataFrame, minutes: int, found: list[FileFinding]) -> pl.DataFrame:
    """Bars named by their close end a day at the closing time; those named by their open never do."""
    day = frame["at"].dt.date()
    edges = frame.group_by(day.alias("day")).agg(pl.col("at").min().alias("first"), pl.col("at").max().alias("last"))
    minute = {
        column: pl.col(column).dt.hour().cast(pl.Int32) * 60 + pl.col(column).dt.minute()
        for column in ("first", "last")
    }
    late = edges.join(session_windows(edges["day"].to_list()), on="day").filter(
        (minute["first"] == pl.col("opens") + minutes) & (minute["last"] == pl.col("closes"))
    )
    if late.height * 2 <= edges.height:
        return frame
    line = int(frame["line"][0])
    found.append(
        FileFinding(
            Rule.LABELLED_BY_CLOSE,
            f"{name}: line {line}: bars are named by their close on {late.height} of {edges.height} days",
            f"all named by their open: {minutes} minutes earlier",
            Severity.WARNING,
            line=line,
        )
    )
    return frame.with_columns(pl.col("at").dt.offset_by(f"-{minutes}m"))


def _report(
    found: list[FileFinding],
    rule: Rule,
    name: str,
    strange: pl.DataFrame,
    what: str,
    action: str,
    severity: Severity = Severity.NOTE,
) -> None:
    if not strange.height:
        return
    line, at = strange.select("line", "at").row(0)
    assert isinstance(at, datetime)
    shown = at.astimezone(calendar.IST) if at.tzinfo is not None else at.replace(tzinfo=UTC)
    found.append(
        FileFinding(
            rule,
            f"{name}: line {line}: {what}, {shown:%Y-%m-%d %H:%M}; so on {strange.height:,} rows",
            action,
            severity,
            line=line,
        )
    )
