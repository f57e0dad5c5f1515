"""Bars of a file of one's own: a time, open, high, low and close, and perhaps volume and symbol, a row each."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from app.engines.backtest.spec import PERIODS_PER_YEAR
from app.engines.bars import Bars, Prices
from app.exceptions import ValidationError
from app.services.bar_tables import Table, read_table, shown

TIMES: Final = ("date", "datetime", "timestamp", "time", "day")
PRICES: Final = ("open", "high", "low", "close")
LOWEST, HIGHEST = 1e-9, 1e12  # rupees: a price beyond them is an error of the file, and no capital buys it
MOST_VOLUME: Final = 1e18  # shares
MOST_CELLS: Final = 40_000_000  # times by symbols
YEARS: Final = (1900, 2199)
FELL, ROSE = 0.7, 1.5  # of the close before: the open after a bonus of 1:2 is at 0.667, after a consolidation above 2
_NAMED_LEAPS: Final = 5
_STEPS: Final = {"1m": 1, "3m": 3, "5m": 5, "10m": 10, "15m": 15, "30m": 30, "1h": 60}
_DAY: Final = 1440  # minutes
_NUMBERS: Final = r"^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})((?:[ T].*)?)$"  # 31/07/2024 09:15
_GROUPED: Final = r"^[+-]?\d{1,3}(?:,\d{2,3})*,\d{3}(?:\.\d*)?$"  # 12,34,567.89 and 1,234,567.89
_NAMED: Final = r"^(\d{1,2})[ -]([A-Za-z]{3})[A-Za-z]*[ -](\d{4})((?:[ T].*)?)$"  # 31-Jul-2024
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def read_bars(
    path: Path, *, timeframe: str | None = None, start: date | None = None, end: date | None = None
) -> tuple[Bars, tuple[str, ...]]:
    """The bars of a CSV or Parquet file (`read_table`), and in words what in it was read how.

    A first column without a name is the time; a column of dates and one of times are one time together.
    Dates such as 13/02/2024 are read in the order that the file itself decides: a number above 12 cannot be a month.
    Where no row decides, nothing is guessed.

    Parameters
    ----------
    timeframe : a key of PERIODS_PER_YEAR; None = by the usual distance between rows
    start, end : first and last measured day; earlier bars are warm-up, later ones are left out

    Raises
    ------
    ValidationError : the file cannot be read, a column is missing or there twice, a row is impossible; file, line and
        column are named. The order of day and month is nowhere decided, or decided both ways.
    """
    table = read_table(path)
    found = _found(table)
    notes = []
    if table.blank:
        one = table.blank == 1
        notes.append(f"{table.blank} line{'' if one else 's'} of {table.name} without any value "
                     f"{'was' if one else 'were'} left out.")  # fmt: skip
    times, told = _one_order(table, _written_times(table, found))
    at = _times(table, times)
    columns, grouped = {}, False
    for name in (*PRICES, *(["volume"] if "volume" in found else [])):
        columns[name], so = _numbers(table, table.columns[found[name]], name)
        grouped |= so
    if grouped:
        notes.append(f"Numbers of {table.name} such as 1,234.50 are read with commas between thousands.")
    volume = columns.pop("volume", np.full(len(at), np.nan))
    _check(table, columns, volume)
    if not (volume > 0.0).any():
        which = "zero throughout" if (volume == 0.0).any() else "unknown"
        notes.append(f"Volumes of {table.name} are {which}: a volume cap would refuse every order, and no impact is "
                     "charged.")  # fmt: skip
    keys, n = _symbols(table, found)
    bars = _arranged(table, at, columns, volume, keys, n, timeframe, start, end)
    return bars, (*notes, *told, *_taken_for(table, at, timeframe), *_leaps(table, bars))


def _found(table: Table) -> dict[str, int]:
    """Where the columns stand: "time", perhaps "clock" beside it, the prices, perhaps "volume" and "symbol"."""
    names = [name.strip().strip("\ufeff").lower() for name in table.header]
    where = {name: n for n, name in reversed(list(enumerate(names)))}
    missing = [name for name in PRICES if name not in where]
    time = next((name for name in TIMES if name in where), "" if names[0] == "" else None)
    if time is None or missing:
        lacking = missing or [f"for the time ({', '.join(TIMES)})"]
        raise table.wrong(
            f"no column {', '.join(lacking)}; found {', '.join(shown(name) for name in table.header[:20])}. The first "
            "line names the columns"
        )
    used: dict[str, str] = {"time": time, **{name: name for name in (*PRICES, "volume", "symbol") if name in where}}
    if time == "date" and "time" in where:
        used["clock"] = "time"
    for name in used.values():
        if name and names.count(name) > 1:
            places = " and ".join(str(n + 1) for n, other in enumerate(names) if other == name)
            raise table.wrong(f"columns {places} are both named {name}; expected one of that name")
    return {what: where[name] if name else 0 for what, name in used.items()}


def _written_times(table: Table, found: dict[str, int]) -> pl.Series:
    values = table.columns[found["time"]]
    if "clock" not in found:
        return values
    clock = table.columns[found["clock"]]
    if values.dtype == pl.String and clock.dtype == pl.String:
        return (values.str.strip_chars() + " " + clock.str.strip_chars()).alias(values.name)
    if values.dtype == pl.Date and clock.dtype == pl.Time:
        return values.to_frame("d").with_columns(clock.alias("c")).select(pl.col("d").dt.combine(pl.col("c")))["d"]
    raise table.wrong(f"columns date and time hold {values.dtype} and {clock.dtype}; expected a date and a time of day")


def _one_order(table: Table, values: pl.Series) -> tuple[pl.Series, tuple[str, ...]]:
    """The times with dates such as 13/02/2024, 2-13-2024 or 31-Jul-2024 written year first, and which order they had.

    None where a cell is none of these and stays as it is.
    """
    if values.dtype != pl.String:
        return values, ()
    stripped = values.str.strip_chars()
    named = stripped.str.extract_groups(_NAMED).struct.unnest()
    month = (
        named["2"]
        .str.to_lowercase()
        .replace_strict({name: f"{n:02d}" for n, name in enumerate(_MONTHS, 1)}, default=None, return_dtype=pl.String)
    )
    spelt = (
        named.with_columns(month.alias("2"))
        .select(
            pl.concat_str([pl.col("3"), pl.col("2"), pl.col("1").str.zfill(2)], separator="-")
            + pl.col("4").fill_null("")
        )
        .to_series()
    )
    values = spelt.fill_null(values).alias(values.name)
    parts = stripped.str.extract_groups(_NUMBERS).struct.unnest()
    numbers = parts.select(pl.col("1", "2").cast(pl.Int64, strict=False))
    if numbers.null_count().sum_horizontal()[0] == 2 * len(values):
        return values, ()
    high = [(numbers[name] > 12).fill_null(False) for name in ("1", "2")]
    days, months = (int(one.sum()) for one in high)
    if days and months:
        row, other = (int(one.arg_max() or 0) for one in high)
        raise table.wrong(
            f"{shown(values[row])} has the day first and {table.at(other)}, {shown(values[other])}, the month; write "
            "dates as 2024-07-31",
            row,
        )
    if not days and not months:
        first = int((~numbers["1"].is_null()).arg_max() or 0)
        raise table.wrong(
            f"{shown(values[first])} may have the day or the month first, and no row decides; write dates as "
            "2024-07-31",
            first,
        )
    day, month_at = ("1", "2") if days else ("2", "1")
    year_first = parts.select(
        pl.concat_str([pl.col("3"), pl.col(month_at).str.zfill(2), pl.col(day).str.zfill(2)], separator="-")
        + pl.col("4").fill_null("")
    ).to_series()
    row = int(high[0 if days else 1].arg_max() or 0)
    order = "day" if days else "month"
    where = table.at(row).removeprefix(f"{table.name}, ")
    note = f"Dates of {table.name} are read {order} first: {where}, {values[row]!r}, can only be that."
    return year_first.fill_null(values).alias(values.name), (note,)


def _times(table: Table, values: pl.Series) -> np.ndarray:
    if values.dtype == pl.String:
        # an offset says where the clock stands; what counts is what it shows, as with typed times below
        clock = values.str.strip_chars().str.replace(r"([T ]\d{2}:\d{2}\S*?)\s*(Z|[+-]\d{2}:?\d{2})$", "${1}")
        try:
            parsed = clock.str.to_datetime(strict=False, time_unit="us")
            if parsed.null_count():
                parsed = parsed.fill_null(clock.str.to_date("%Y-%m-%d", strict=False).cast(pl.Datetime("us")))
        except pl.exceptions.PolarsError:  # no row looks like a time
            parsed = clock.str.to_date("%Y-%m-%d", strict=False).cast(pl.Datetime("us"))
    elif values.dtype == pl.Date or isinstance(values.dtype, pl.Datetime):
        if isinstance(values.dtype, pl.Datetime) and values.dtype.time_zone is not None:
            values = values.dt.replace_time_zone(None)  # the clock of the exchange, as written
        parsed = values.cast(pl.Datetime("us"))
    else:
        raise table.wrong(f"the time column {shown(values.name)} holds {values.dtype}; expected dates or times")
    if parsed.null_count():
        row = int(parsed.is_null().arg_max() or 0)
        got = "nothing" if values[row] is None or values[row] == "" else shown(values[row])
        raise table.wrong(f"{got} is no date or time; expected one such as 2024-07-31 or 2024-07-31 09:15", row)
    far = ~parsed.dt.year().is_between(*YEARS)
    if far.any():
        row = int(far.arg_max() or 0)
        raise table.wrong(f"{shown(values[row])} is in no year from {YEARS[0]} to {YEARS[1]}", row)
    return parsed.to_numpy().astype("datetime64[s]")


def _numbers(table: Table, values: pl.Series, name: str) -> tuple[np.ndarray, bool]:
    """The numbers of a column, NaN where a cell is empty; whether commas stood between thousands."""
    if values.dtype != pl.String:
        if not (values.dtype.is_numeric() or values.dtype == pl.Null):
            raise table.wrong(f"holds {values.dtype}; expected numbers", field=name)
        return values.cast(pl.Float64).fill_null(np.nan).to_numpy().astype(np.float64), False
    cleaned = values.str.strip_chars()
    grouped = cleaned.str.contains(_GROUPED).fill_null(False) if table.separator != ";" else pl.Series([False])
    if grouped.any():
        cleaned = (
            cleaned.to_frame("x")
            .with_columns(grouped.alias("g"))
            .select(pl.when("g").then(pl.col("x").str.replace_all(",", "")).otherwise("x"))
            .to_series()
        )
    numbers = cleaned.cast(pl.Float64, strict=False)
    wrong = (numbers.is_null() & cleaned.is_not_null() & (cleaned != "")).to_numpy()
    if wrong.any():
        row = int(wrong.argmax())
        raise table.wrong(f"{shown(values[row])} is no number; expected one such as 1234.5", row, name)
    return numbers.fill_null(np.nan).to_numpy().astype(np.float64), bool(grouped.any())


def _symbols(table: Table, found: dict[str, int]) -> tuple[tuple[str, ...], np.ndarray]:
    """The symbols in order, and of each row which of them it is; without a column the file's name is the only one."""
    if "symbol" not in found:
        stem = table.name.removesuffix(".gz").rpartition(".")[0]
        return (stem or table.name,), np.zeros(len(table.columns[0]), np.int64)
    symbols = table.columns[found["symbol"]].cast(pl.String, strict=False).str.strip_chars()
    empty = symbols.is_null() | (symbols == "")
    if empty.any():
        raise table.wrong("nothing; expected a symbol in every row", int(empty.arg_max() or 0), "symbol")
    which = symbols.rank("dense").to_numpy().astype(np.int64) - 1
    return tuple(symbols.unique().sort().to_list()), which


def _check(table: Table, columns: dict[str, np.ndarray], volume: np.ndarray) -> None:
    for name, values in (*columns.items(), ("volume", volume)):
        low, high = (0.0, MOST_VOLUME) if name == "volume" else (LOWEST, HIGHEST)
        wrong = (values < low) | (values > high)
        if wrong.any():
            row = int(wrong.argmax())
            said = f"0 to {high:g}" if name == "volume" else f"{low:g} to {high:g}"
            raise table.wrong(f"{values[row]:g}, expected a number from {said}", row, name)
    holes = np.isnan(np.column_stack(list(columns.values())))
    half = holes.any(axis=1) & ~holes.all(axis=1)
    if half.any():
        row = int(half.argmax())
        name = next(name for n, name in enumerate(columns) if holes[row, n])
        raise table.wrong("nothing, beside other prices; expected all four of a bar, or none of them", row, name)
    if holes.all():
        raise table.wrong("no row has a price")
    low_, high_ = columns["low"], columns["high"]
    for name, least, most in (("low", None, high_), ("open", low_, high_), ("close", low_, high_)):
        values = columns[name]
        wrong = values > most if least is None else (values < least) | (values > most)
        if wrong.any():
            row = int(wrong.argmax())
            bounds = f"at most the high, {most[row]:g}"
            if least is not None:
                bounds = f"a price from the low, {least[row]:g}, to the high, {most[row]:g}"
            raise table.wrong(f"{values[row]:g}, expected {bounds}", row, name)


def _arranged(
    table: Table, at: np.ndarray, columns: dict[str, np.ndarray], volume: np.ndarray, keys: tuple[str, ...],
    n: np.ndarray, timeframe: str | None, start: date | None, end: date | None,
) -> Bars:  # fmt: skip
    times, t = np.unique(at, return_inverse=True)
    if len(times) * len(keys) > MOST_CELLS:
        raise table.wrong(
            f"{len(keys):,} symbols at {len(times):,} times are more than {MOST_CELLS:,} places for bars; give a part "
            "of them"
        )
    cells = t * len(keys) + n
    if len(np.unique(cells)) != len(cells):
        order = np.argsort(cells, kind="stable")
        row = int(order[1:][np.diff(cells[order]) == 0].min())
        raise table.wrong(f"a second bar of {keys[n[row]]} at {at[row]}; expected one for each time", row)
    frame = timeframe or _timeframe(table, times)
    if frame not in PERIODS_PER_YEAR:
        raise ValidationError(f"timeframe: expected one of {', '.join(PERIODS_PER_YEAR)}, got {frame!r}", "timeframe")
    panel = {}
    for name, values in {**columns, "volume": volume}.items():
        panel[name] = np.full((len(times), len(keys)), np.nan)
        panel[name].reshape(-1)[cells] = values
    daily = frame in ("1d", "1w", "1mo")
    days = times.astype("datetime64[D]")
    if daily and (days[1:] == days[:-1]).any():
        day = days[1:][days[1:] == days[:-1]][0]
        row = int((at == times[1:][days[1:] == days[:-1]][0]).argmax())
        raise table.wrong(f"a second bar on {day}; expected one a day of {frame} bars", row)
    kept = np.ones(len(times), bool) if end is None else days <= np.datetime64(end)
    shape = (int(kept.sum()), len(keys))
    first = 0 if start is None else int((days[kept] < np.datetime64(start)).sum())
    if first >= shape[0]:
        asked = f"from {start} on" if end is None else f"up to {end}" if start is None else f"between {start} and {end}"
        raise ValidationError(f"{table.name}: no bar {asked}; it has {days[0]} to {days[-1]}", "from")
    return Bars(
        sessions=(days if daily else times)[kept],
        keys=keys,
        symbols=keys,
        raw=Prices(*(panel[name][kept] for name in PRICES)),
        raw_volume=panel["volume"][kept],
        factor=np.ones(shape),
        gap=np.zeros(shape, np.bool_),
        member=np.ones(shape, np.bool_),
        start=first,
        timeframe=frame,
    )


def _timeframe(table: Table, times: np.ndarray) -> str:
    """The timeframe whose step is the median distance between rows."""
    if len(times) < 2:
        return "1d"
    minutes = _apart(times)
    fitting = _fitting(minutes)
    if fitting is None:
        known = ", ".join(PERIODS_PER_YEAR)
        raise ValidationError(
            f"{table.name}: bars {minutes:g} minutes apart; say which of {known} they are", "timeframe"
        )
    return fitting


def _apart(times: np.ndarray) -> float:
    """Minutes between two rows, the median."""
    return float(np.median(np.diff(times).astype(np.int64))) / 60.0


def _fitting(minutes: float) -> str | None:
    if minutes >= 20 * _DAY:
        return "1mo"
    if minutes >= 5 * _DAY:
        return "1w"
    if minutes >= _DAY:
        return "1d"
    return next((name for name, step in _STEPS.items() if step == minutes), None)


def _taken_for(table: Table, at: np.ndarray, timeframe: str | None) -> tuple[str, ...]:
    """A sentence where the bars were asked to be of a timeframe that their distance does not show."""
    times = np.unique(at)
    if timeframe is None or len(times) < 2 or _fitting(_apart(times)) == timeframe:
        return ()
    minutes = _apart(times)
    apart = f"{minutes:g} minutes" if minutes < _DAY else "a day" if minutes == _DAY else f"{minutes / _DAY:g} days"
    return (f"Rows of {table.name} are as a rule {apart} apart; they are taken for bars of {timeframe}, as asked.",)


def _leaps(table: Table, bars: Bars) -> tuple[str, ...]:
    """A sentence where an open is as far from the close before as a split or a bonus that nobody adjusted takes it."""
    found = []
    for n, symbol in enumerate(bars.symbols):
        places = np.flatnonzero(bars.traded[:, n])
        ratio = bars.raw.open[places[1:], n] / bars.raw.close[places[:-1], n]
        for i in np.flatnonzero((ratio < FELL) | (ratio > ROSE)):
            found.append((bars.sessions[places[i + 1]], symbol, float(ratio[i])))
    if not found:
        return ()
    named = [f"{symbol} by {ratio:.4g} at {at}" for at, symbol, ratio in sorted(found)[:_NAMED_LEAPS]]
    more = f" and {len(found) - _NAMED_LEAPS} more" if len(found) > _NAMED_LEAPS else ""
    return (
        f"Prices of {table.name} leap from a close to the next open as a split or a bonus makes them: "
        f"{', '.join(named)}{more}. A file's prices are taken as adjusted; where they are not, the result is wrong.",
    )
