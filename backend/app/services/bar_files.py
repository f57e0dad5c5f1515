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

TIMES: Final = ("date", "datetime", "timestamp", "time", "day")
PRICES: Final = ("open", "high", "low", "close")
_STEPS: Final = {"1m": 1, "3m": 3, "5m": 5, "10m": 10, "15m": 15, "30m": 30, "1h": 60}
_DAY: Final = 1440  # minutes
_NUMBERS: Final = r"^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})((?:[ T].*)?)$"  # 31/07/2024 09:15


def read_bars(
    path: Path, *, timeframe: str | None = None, start: date | None = None, end: date | None = None
) -> tuple[Bars, tuple[str, ...]]:
    """The bars of a CSV or Parquet file, and in words how its dates were read.

    A first column without a name is the time.
    Dates such as 13/02/2024 are read in the order that the file itself decides: a number above 12 cannot be a month.
    Where no row decides, nothing is guessed.

    Parameters
    ----------
    timeframe : a key of PERIODS_PER_YEAR; None = by the usual distance between rows
    start, end : first and last measured day; earlier bars are warm-up, later ones are left out

    Raises
    ------
    ValidationError : the file cannot be read, a column is missing, a row is impossible; row and column are named. The
        order of day and month is nowhere decided, or decided both ways.
    """
    frame = _frame(path)
    names = {name.strip().lower(): name for name in frame.columns}
    time = next((names[name] for name in (*TIMES, "") if name in names), None)
    missing = [name for name in PRICES if name not in names]
    if time is None or missing:
        lacking = missing or [f"a time ({', '.join(TIMES)})"]
        raise ValidationError(f"{path.name}: no column {', '.join(lacking)}; found {', '.join(frame.columns)}", "bars")
    times, notes = _one_order(path, frame[time])
    at = _times(path, times)
    columns = {name: _numbers(path, frame[names[name]], name) for name in PRICES}
    volume = _numbers(path, frame[names["volume"]], "volume") if "volume" in names else np.full(len(at), np.nan)
    _check(path, columns, volume)
    symbols = frame[names["symbol"]].cast(pl.String).to_numpy() if "symbol" in names else np.full(len(at), path.stem)
    return _arranged(path, at, columns, volume, symbols, timeframe, start, end), notes


def _frame(path: Path) -> pl.DataFrame:
    try:
        if path.suffix.lower() == ".parquet":
            frame = pl.read_parquet(path)
        else:
            frame = pl.read_csv(path, infer_schema=False, encoding="utf8")
    except (OSError, pl.exceptions.PolarsError) as error:
        raise ValidationError(f"{path}: cannot be read as a table: {str(error).splitlines()[0]}", "bars") from error
    if frame.is_empty():
        raise ValidationError(f"{path.name}: no row", "bars")
    return frame


def _one_order(path: Path, values: pl.Series) -> tuple[pl.Series, tuple[str, ...]]:
    """The times with dates such as 13/02/2024 or 2-13-2024 written year first, and which order they had."""
    if values.dtype != pl.String:
        return values, ()
    parts = values.str.strip_chars().str.extract_groups(_NUMBERS).struct.unnest()
    numbers = parts.select(pl.col("1", "2").cast(pl.Int64, strict=False))
    if numbers.null_count().sum_horizontal()[0] == 2 * len(values):
        return values, ()
    high = [(numbers[name] > 12).fill_null(False) for name in ("1", "2")]
    days, months = (int(one.sum()) for one in high)
    if days and months:
        row, other = (int(one.arg_max() or 0) for one in high)
        raise ValidationError(
            f"{path.name}: row {row + 1}, {values[row]!r}, has the day first and row {other + 1}, {values[other]!r}, "
            "the month; write dates as 2024-07-31",
            "bars",
        )
    if not days and not months:
        raise ValidationError(
            f"{path.name}: {values[0]!r} may have the day or the month first, and no row decides; write dates as "
            "2024-07-31",
            "bars",
        )
    day, month = ("1", "2") if days else ("2", "1")
    year_first = parts.select(
        pl.concat_str([pl.col("3"), pl.col(month).str.zfill(2), pl.col(day).str.zfill(2)], separator="-")
        + pl.col("4").fill_null("")
    ).to_series()
    row = int(high[0 if days else 1].arg_max() or 0)
    order = "day" if days else "month"
    note = f"Dates of {path.name} are read {order} first: row {row + 1}, {values[row]!r}, can only be that."
    return year_first.fill_null(values).alias(values.name), (note,)


def _times(path: Path, values: pl.Series) -> np.ndarray:
    if values.dtype == pl.String:
        # an offset says where the clock stands; what counts is what it shows, as with typed times below
        clock = values.str.strip_chars().str.replace(r"([T ]\d{2}:\d{2}\S*?)\s*(Z|[+-]\d{2}:?\d{2})$", "${1}")
        try:
            parsed = clock.str.to_datetime(strict=False, time_unit="us")
            if parsed.null_count():
                parsed = clock.str.to_date(strict=False).cast(pl.Datetime("us"))
        except pl.exceptions.ComputeError as error:  # no row looks like a time
            raise ValidationError(f"{path.name}, row 1: {values[0]!r} is no date or time", "bars") from error
    elif values.dtype == pl.Date or isinstance(values.dtype, pl.Datetime):
        if isinstance(values.dtype, pl.Datetime) and values.dtype.time_zone is not None:
            values = values.dt.replace_time_zone(None)  # the clock of the exchange, as written
        parsed = values.cast(pl.Datetime("us"))
    else:
        raise ValidationError(f"{path.name}: the time column {values.name!r} holds {values.dtype}, no times", "bars")
    if parsed.null_count():
        row = int(parsed.is_null().arg_max() or 0)
        raise ValidationError(f"{path.name}, row {row + 1}: {values[row]!r} is no date or time", "bars")
    return parsed.to_numpy().astype("datetime64[s]")


def _numbers(path: Path, values: pl.Series, name: str) -> np.ndarray:
    cleaned = values.str.strip_chars() if values.dtype == pl.String else values
    numbers = cleaned.cast(pl.Float64, strict=False)
    wrong = (numbers.is_null() & cleaned.is_not_null() & (cleaned.cast(pl.String) != "")).to_numpy()
    if wrong.any():
        row = int(wrong.argmax())
        raise ValidationError(f"{path.name}, row {row + 1}: {name} {values[row]!r} is no number", "bars")
    return numbers.fill_null(np.nan).to_numpy().astype(np.float64)


def _check(path: Path, columns: dict[str, np.ndarray], volume: np.ndarray) -> None:
    for name, values in (*columns.items(), ("volume", volume)):
        wrong = np.isinf(values) | (values < 0.0 if name == "volume" else values <= 0.0)
        if wrong.any():
            row = int(wrong.argmax())
            least = "0 or more" if name == "volume" else "above 0"
            raise ValidationError(f"{path.name}, row {row + 1}: {name} is {values[row]}, expected {least}", "bars")
    holes = np.isnan(np.column_stack(list(columns.values())))
    half = holes.any(axis=1) & ~holes.all(axis=1)
    high, low = columns["high"], columns["low"]
    outside = (high < np.fmax(columns["open"], columns["close"])) | (low > np.fmin(columns["open"], columns["close"]))
    for wrong, what in ((half, "some prices are missing"), (outside, "open or close lies outside low to high")):
        if wrong.any():
            raise ValidationError(f"{path.name}, row {int(wrong.argmax()) + 1}: {what}", "bars")


def _arranged(
    path: Path, at: np.ndarray, columns: dict[str, np.ndarray], volume: np.ndarray, symbols: np.ndarray,
    timeframe: str | None, start: date | None, end: date | None,
) -> Bars:  # fmt: skip
    times, t = np.unique(at, return_inverse=True)
    keys, n = np.unique(symbols, return_inverse=True)
    cells = t * len(keys) + n
    if len(np.unique(cells)) != len(cells):
        order = np.argsort(cells, kind="stable")
        row = int(order[1:][np.diff(cells[order]) == 0].min())
        raise ValidationError(f"{path.name}, row {row + 1}: a second bar of {symbols[row]} at {at[row]}", "bars")
    frame = timeframe or _timeframe(path, times)
    if frame not in PERIODS_PER_YEAR:
        raise ValidationError(f"timeframe: expected one of {', '.join(PERIODS_PER_YEAR)}, got {frame!r}", "timeframe")
    panel = {}
    for name, values in {**columns, "volume": volume}.items():
        panel[name] = np.full((len(times), len(keys)), np.nan)
        panel[name].reshape(-1)[cells] = values
    daily = frame in ("1d", "1w", "1mo")
    days = times.astype("datetime64[D]")
    kept = np.ones(len(times), bool) if end is None else days <= np.datetime64(end)
    shape = (int(kept.sum()), len(keys))
    first = 0 if start is None else int((days[kept] < np.datetime64(start)).sum())
    if first >= shape[0]:
        raise ValidationError(f"{path.name}: no bar between {start} and {end}; it has {days[0]} to {days[-1]}", "from")
    names = tuple(str(key) for key in keys)
    return Bars(
        sessions=(days if daily else times)[kept],
        keys=names,
        symbols=names,
        raw=Prices(*(panel[name][kept] for name in PRICES)),
        raw_volume=panel["volume"][kept],
        factor=np.ones(shape),
        gap=np.zeros(shape, np.bool_),
        member=np.ones(shape, np.bool_),
        start=first,
        timeframe=frame,
    )


def _timeframe(path: Path, times: np.ndarray) -> str:
    """The timeframe whose step is the median distance between rows."""
    if len(times) < 2:
        return "1d"
    minutes = float(np.median(np.diff(times).astype(np.int64))) / 60.0
    if minutes >= 20 * _DAY:
        return "1mo"
    if minutes >= 5 * _DAY:
        return "1w"
    if minutes >= _DAY:
        return "1d"
    fitting = [name for name, step in _STEPS.items() if step == minutes]
    if not fitting:
        known = ", ".join(PERIODS_PER_YEAR)
        raise ValidationError(
            f"{path.name}: bars {minutes:g} minutes apart; say which of {known} they are", "timeframe"
        )
    return fitting[0]
