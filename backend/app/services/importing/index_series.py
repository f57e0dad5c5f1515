"""Files of daily index values: the index owner's exports, valuations, a broker's and a vendor's bars, weekly closes."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import polars as pl

from app.engines import calendar
from app.repositories.index_series import WEEKLY_RANK
from app.services.importing.files import Member
from app.services.importing.findings import FileFinding, FileRefusedError, FileSkippedError, Rule, Severity
from app.services.importing.kinds import Kind, header_key
from app.services.importing.parquet_size import check_size
from app.services.importing.texts import encoding_note, parse_count, parse_date, parse_number, rows, whole_text
from app.services.index_names import canonical, index_in, index_name

# Of several lines about one index and day the greatest counts: the exchange's file of that day, then the export with
# volumes; broker and vendor come after the index owner, weekly closes after all. Valuations lend their ratios and have
# no close.
_DAY, _OWNER_FULL, _OWNER, _BROKER, _VENDOR, _WEEKLY, _VALUATION = 60, 50, 40, 30, 20, WEEKLY_RANK, 5
_CRORE = 10_000_000.0
_DAY_FILE = re.compile(r"^ind_close_all_(\d{2})(\d{2})(\d{4})\.csv$", re.IGNORECASE)
_PRICES = ("open", "high", "low", "close")
SCHEMA: dict[str, pl.DataType] = {
    "line": pl.Int32(),
    "index_id": pl.String(),
    "date": pl.Date(),
    **{name: pl.Float64() for name in _PRICES},
    "volume": pl.Int64(),
    **{name: pl.Float64() for name in ("turnover", "pe", "pb", "dividend_yield")},
    "source_rank": pl.Int16(),
}
Row = dict[str, Any]


@dataclass(slots=True)
class SeriesFile:
    """Index values of one file, columns of `SCHEMA`; null where the file has no value."""

    kind: Kind
    frame: pl.DataFrame
    findings: list[FileFinding] = field(default_factory=list)

    @property
    def index_names(self) -> dict[str, str]:
        """Written names by id."""
        return {index: index_name(index) for index in self.frame["index_id"].unique().sort().to_list()}


def read_index_series(member: Member) -> SeriesFile:
    """Read a file of daily or weekly index values.

    Raises
    ------
    FileRefusedError : a broken line, a bad date or number, high below low.
    FileSkippedError : nothing says which index it is about.
    """
    name = member.name
    if member.data.startswith(b"PAR1"):
        return _checked(name, _parquet_rows(member), [])
    text = whole_text(name, member.data)
    key = header_key(text.text.partition("\n")[0])
    found = encoding_note(name, text)
    lines = [(line, cells) for line, cells in rows(name, text.text, columns=len(key))]
    if key[:2] == ("INDEX_NAME", "INDEX_DATE"):
        made = _day(name, lines)
    elif key[0] == "INDEX_NAME":
        made = [_bar(name, line, canonical(cells[0]), cells[1], cells[2:], _OWNER) for line, cells in lines]
    elif "DIV_YIELD" in key:
        made = [_valuation(name, line, _index_of(member), cells) for line, cells in lines]
    elif key[-1] == "TURNOVER":
        made = [_bar(name, line, _index_of(member), cells[0], cells[1:], _OWNER_FULL) for line, cells in lines]
    elif key[0] == "TIMESTAMP":
        made = _broker(member, lines, found)
    else:
        made = _weekly(name, key, lines, found)
    return _checked(name, made, found)


def _day(name: str, lines: Iterable[tuple[int, list[str]]]) -> list[Row]:
    """One day's closing file: a line an index, with its valuation; turnover in crore rupees."""
    stated = _DAY_FILE.match(name)
    named = None if stated is None else date(int(stated[3]), int(stated[2]), int(stated[1]))
    labels = ("volume", "turnover", "pe", "pb", "dividend_yield")
    made: list[Row] = []
    for line, cells in lines:
        row = _bar(name, line, canonical(cells[0]), cells[1], cells[2:6], _DAY)
        if named is not None and row["date"] != named:
            raise FileRefusedError(
                Rule.DATE_MISMATCH,
                f"{name}: line {line}: the name says {named}, the row is dated {row['date']}",
                line=line,
            )
        values = {label: _number(name, line, label, cell) for label, cell in zip(labels, cells[8:13], strict=True)}
        turnover = values["turnover"]
        row |= values | {"turnover": None if turnover is None else turnover * _CRORE}
        made.append(row)
    return made


def _index_of(member: Member) -> str:
    found = index_in(member.name.rsplit(".", 1)[0]) or next(filter(None, map(index_in, member.folders[:1])), None)
    if found is None:
        raise FileSkippedError("daily bars without an instrument, and the file's name is that of no index")
    return found


def _number(name: str, line: int, label: str, text: str) -> float | None:
    if text in {"", "-"}:
        return None
    return (parse_count if label == "volume" else parse_number)(name, line, label, text)


def _bar(name: str, line: int, index: str, day: str, cells: list[str], rank: int) -> Row:
    labels = (*_PRICES, "volume", "turnover")
    values = {label: _number(name, line, label, cell) for label, cell in zip(labels, cells, strict=False)}
    return {
        "volume": None,
        "line": line,
        "index_id": index,
        "date": parse_date(name, line, "Date", day),
        **values,
        "source_rank": rank,
    }


def _broker(member: Member, lines: Iterable[tuple[int, list[str]]], found: list[FileFinding]) -> list[Row]:
    """Days stamped at midnight; 18:30 is midnight in India told in UTC, and belongs to the day after."""
    name, index = member.name, _index_of(member)
    made: list[Row] = []
    moved: list[int] = []
    for line, cells in lines:
        row = _bar(name, line, index, cells[0][:10], cells[1:], _BROKER)
        if cells[0][11:16] == "18:30":
            row["date"] += timedelta(days=1)
            moved.append(line)
        made.append(row)
    if moved:
        found.append(
            FileFinding(
                Rule.CLOCK_MENDED,
                f"{name}: line {moved[0]}: stamped 18:30, midnight in India told in UTC; so on {len(moved)} lines",
                "dated with the day after",
                Severity.WARNING,
                line=moved[0],
            )
        )
    return made


def _valuation(name: str, line: int, index: str, cells: list[str]) -> Row:
    ratios = {
        label: _number(name, line, label, cell)
        for label, cell in zip(("pe", "pb", "dividend_yield"), cells[1:], strict=True)
    }
    day = parse_date(name, line, "Date", cells[0])
    return {"line": line, "index_id": index, "date": day, **ratios, "source_rank": _VALUATION}


def _weekly(
    name: str, key: tuple[str, ...], lines: Iterable[tuple[int, list[str]]], found: list[FileFinding]
) -> list[Row]:
    """A column an index; a week's close belongs to its last session, also where that is not the day written."""
    columns = [(position, canonical(cell)) for position, cell in enumerate(key) if index_in(cell) is not None]
    made: list[Row] = []
    moved: list[tuple[int, date, date]] = []
    for line, cells in lines:
        written = day = parse_date(name, line, "Date", cells[0])
        if not calendar.is_session(day):
            day = calendar.previous_session(day)
            moved.append((line, written, day))
        for position, index in columns:
            close = _number(name, line, key[position], cells[position])
            made.append({"line": line, "index_id": index, "date": day, "close": close, "source_rank": _WEEKLY})
    if moved:
        line, written, day = moved[0]
        found.append(
            FileFinding(
                Rule.DATE_NOT_A_SESSION,
                f"{name}: line {line}: {written} had no session; so on {len(moved)} lines of weekly closes",
                f"dated with the week's last session, here {day}",
                line=line,
            )
        )
    return made


def _parquet_rows(member: Member) -> list[Row]:
    name = member.name
    check_size(name, member.data)
    try:
        frame = pl.read_parquet(io.BytesIO(member.data))
        frame = frame.with_columns(
            pl.col("date").cast(pl.Date), pl.col(*_PRICES).cast(pl.Float64), pl.col("volume").cast(pl.Int64)
        )
    except (pl.exceptions.PolarsError, OSError) as error:
        raise FileRefusedError(Rule.UNREADABLE, f"{name}: not a whole Parquet file of daily bars ({error})") from error
    index = _index_of(member)
    return [
        {"line": line, "index_id": index, **row, "source_rank": _VENDOR}
        for line, row in enumerate(frame.select("date", *_PRICES, "volume").to_dicts(), 1)
    ]


def _checked(name: str, made: list[Row], found: list[FileFinding]) -> SeriesFile:
    """Refuse what cannot be; set what is only missing to null and say so; drop lines told twice."""
    if not made:
        raise FileRefusedError(Rule.EMPTY_FILE, f"{name}: a header and no rows")
    frame = pl.DataFrame(made, schema=SCHEMA, infer_schema_length=None)
    frame = _without_zeros(name, frame, found)
    wrong = frame.filter(
        (pl.col("high") < pl.col("low")) | pl.any_horizontal(pl.col(*_PRICES, "volume", "turnover", "pe") < 0)
    )
    if wrong.height:
        row = wrong.row(0, named=True)
        line = row["line"]
        raise FileRefusedError(
            Rule.IMPOSSIBLE_ROW,
            f"{name}: line {line}: high {row['high']}, low {row['low']}, volume {row['volume']}: "
            "expected high not below low and nothing negative",
            line=line,
        )
    frame = _without_repeats(name, frame, found)
    frame = _without_echoes(name, frame, found)
    is_priced = frame["source_rank"] != _VALUATION
    none = frame.filter(is_priced & frame["close"].is_null())
    if none.height:
        found.append(_counted(Rule.BAD_VALUE, name, none, "no close", "left out", Severity.WARNING))
        frame = frame.filter(~is_priced | pl.col("close").is_not_null())
    bare = frame.filter((pl.col("source_rank") > _WEEKLY) & pl.col("open").is_null())
    if bare.height:
        found.append(_counted(Rule.CLOSE_ONLY, name, bare, "a close and no open, high and low", "stored as that"))
    outside = frame.filter(
        (pl.max_horizontal("open", "close") > pl.col("high")) | (pl.min_horizontal("open", "close") < pl.col("low"))
    )
    if outside.height:
        found.append(
            _counted(Rule.CLOSE_OUTSIDE_RANGE, name, outside, "open or close outside low to high", "stored as written")
        )
    strange = frame.filter(
        pl.Series([calendar.is_known(day) and not calendar.is_session(day) for day in frame["date"].to_list()])
    )
    if strange.height:
        found.append(
            _counted(Rule.DATE_NOT_A_SESSION, name, strange, "a day without a session", "stored", Severity.WARNING)
        )
    if frame["volume"].null_count() < frame.height and not frame["volume"].sum():
        frame = frame.with_columns(pl.lit(None, pl.Int64).alias("volume"))  # zero throughout: the source has none
    return SeriesFile(Kind.INDEX_SERIES, frame, found)


def _without_zeros(name: str, frame: pl.DataFrame, found: list[FileFinding]) -> pl.DataFrame:
    """Zero and -1 stand for a missing price in these files; a bar that lacks one of three has none of the three."""
    missing = pl.col(*_PRICES).is_in([0.0, -1.0])
    marked = frame.filter(pl.any_horizontal(missing.fill_null(False)))
    if not marked.height:
        return frame
    found.append(_counted(Rule.ZERO_PRICE, name, marked, "0 or -1 for a price", "taken as missing"))
    frame = frame.with_columns(pl.when(~missing).then(pl.col(*_PRICES)))
    whole = pl.all_horizontal(pl.col("open", "high", "low").is_not_null())
    return frame.with_columns(pl.when(whole).then(pl.col("open", "high", "low")))


def _without_repeats(name: str, frame: pl.DataFrame, found: list[FileFinding]) -> pl.DataFrame:
    repeats = frame.filter(~pl.struct("index_id", "date").is_first_distinct())
    if not repeats.height:
        return frame
    found.append(_counted(Rule.DUPLICATE_ROW, name, repeats, "a day told before", "the first line of a day is kept"))
    return frame.filter(pl.struct("index_id", "date").is_first_distinct())


def _without_echoes(name: str, frame: pl.DataFrame, found: list[FileFinding]) -> pl.DataFrame:
    """A bar on a day without a session that equals the bar of the next session is that bar, dated in another clock."""
    following = {
        day: calendar.next_session(day)
        for day in frame["date"].unique().to_list()
        if calendar.is_known(day) and not calendar.is_session(day)
    }
    if not following:
        return frame
    strange = frame.filter(pl.col("date").is_in(list(following)) & pl.col("open").is_not_null())
    shifted = strange.with_columns(pl.col("date").replace_strict(following, return_dtype=pl.Date))
    keys = ["index_id", "date", *_PRICES]
    echoes = strange.filter(
        pl.col("line").is_in(shifted.join(frame, on=keys, how="semi", nulls_equal=True)["line"].implode())
    )
    if not echoes.height:
        return frame
    what = "a day without a session with the bar of the next session"
    found.append(_counted(Rule.DUPLICATE_ROW, name, echoes, what, "left out; the session's own line stays"))
    return frame.filter(~pl.col("line").is_in(echoes["line"].implode()))


def _counted(
    rule: Rule, name: str, rows_found: pl.DataFrame, what: str, action: str, severity: Severity = Severity.NOTE
) -> FileFinding:
    line = int(rows_found["line"][0])
    day = rows_found["date"][0]
    return FileFinding(
        rule, f"{name}: line {line}: {what}, {day}; so on {rows_found.height:,} lines", action, severity, line=line
    )
