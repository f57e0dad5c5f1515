"""Writing a year of the panel: the rows of the database as an array, with a hash of what each instrument has in it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path

import numpy as np
import orjson
import polars as pl
from numpy.typing import NDArray

from app.engines.bars import D1
from app.services.panel.chunk import FIELDS, SERIES, Chunk, write_atomically
from app.services.panel.tree import year_node

Columns = tuple[NDArray[np.float64], D1, tuple[str, ...]]  # values [F, N, T], sessions, keys
_MOST = 0.5  # of a year's days: from here on reading the whole year costs no more


def year_columns(frame: pl.DataFrame, keys_by_id: Mapping[int, str]) -> Columns:
    """Rows of one year as an array [F, N, T], columns by ascending key.

    `frame` has the columns date, instrument_id, series and the numeric fields; a row whose series is not one of
    `SERIES` (bonds, government paper, same-day settlement) makes no bar.
    """
    ids = frame["instrument_id"].unique().to_list()
    keys = sorted({keys_by_id[number] for number in ids})
    column = {key: n for n, key in enumerate(keys)}
    # only what decides is sorted; the fields, many times as wide, are gathered one by one
    rows = (
        frame.lazy()
        .select("date", "symbol", "series", "instrument_id")
        .with_row_index("row")
        .filter(pl.col("series").is_in(SERIES))
        .select(
            "row",
            "date",
            "symbol",
            pl.col("series").replace_strict(SERIES, list(range(len(SERIES))), return_dtype=pl.Int8).alias("rank"),
            pl.col("instrument_id")
            .replace_strict(ids, [column[keys_by_id[number]] for number in ids], return_dtype=pl.Int32)
            .alias("n"),
        )
        .sort("n", "date", "rank", "symbol")  # two rows alike in the first three must not fall by chance
        .unique(["n", "date"], keep="first", maintain_order=True)
        .select("row", "n", "date", "rank")
        .collect()
    )
    held = rows["n"].unique().sort().to_numpy()  # a security of other series alone has no column
    sessions = rows["date"].unique().sort().to_numpy().astype("datetime64[D]")
    t = np.searchsorted(sessions, rows["date"].to_numpy().astype("datetime64[D]"))
    n = np.searchsorted(held, rows["n"].to_numpy())
    values = np.full((len(FIELDS), len(held), len(sessions)), np.nan)
    for f, field in enumerate(FIELDS):
        source = rows["rank"] if field == "series" else frame[field].gather(rows["row"])
        values[f, n, t] = source.cast(pl.Float64).fill_null(np.nan).to_numpy()
    return values, sessions, tuple(keys[position] for position in held)


def column_roots(values: NDArray[np.float64], sessions: D1, keys: Sequence[str]) -> tuple[str, ...]:
    """The leaves of the tree: a hash of each instrument's rows of the year, of its sessions and every field's bits."""
    days = sessions.astype(np.int64)
    traded = ~np.isnan(values[0])
    roots = []
    for n, key in enumerate(keys):
        mask = traded[n]
        digest = hashlib.sha256(key.encode())
        digest.update(days[mask].tobytes())
        digest.update(np.ascontiguousarray(values[:, n, mask]).tobytes())
        roots.append(digest.hexdigest())
    return tuple(roots)


def still_holds(chunk: Chunk, keys_by_id: Mapping[int, str]) -> bool:
    """Whether every column of a year is still the instrument it was when the year was written."""
    return bool(chunk.ids) and all(
        keys_by_id.get(number) == key for number, key in zip(chunk.ids, chunk.keys, strict=True)
    )


def update_chunk(
    directory: Path,
    year: int,
    version: int,
    days: Mapping[date, int],
    before: Chunk | None,
    read: Callable[[Sequence[date] | None], pl.DataFrame],
    keys_by_id: Mapping[int, str],
) -> str | None:
    """Write a year's files from the days that changed since `before` and from what it has of the others; their stem.

    Parameters
    ----------
    days : the versions of the year's days
    before : the year as last written; None, or one whose columns no longer hold: all days are read
    read : the rows of some days, or of the year, as `year_columns` takes them

    Returns
    -------
    The stem; None when nothing of the year makes a bar.
    """
    now = {day.isoformat(): number for day, number in days.items()}
    changed: list[date] = []
    if before is not None and still_holds(before, keys_by_id):
        differing = {day for day in now.keys() | before.days.keys() if now.get(day) != before.days.get(day)}
        changed = sorted(map(date.fromisoformat, differing))
    if before is None or not changed or len(changed) > _MOST * len(now):  # no day told of the change: read them all
        columns = year_columns(read(None), keys_by_id)
    else:
        columns = spliced(before, changed, year_columns(read(changed), keys_by_id))
    return write_columns(directory, year, version, columns, keys_by_id, now) if len(columns[2]) else None


def spliced(before: Chunk, days: Sequence[date], fresh: Columns) -> Columns:
    """A year with some days replaced by what they are now: bit for bit what `year_columns` makes of all its rows."""
    values, sessions, keys = fresh
    kept = ~np.isin(before.sessions, np.array(days, dtype="datetime64[D]"))
    all_sessions = np.union1d(before.sessions[kept], sessions)
    all_keys = sorted({*before.keys, *keys})
    row = {key: n for n, key in enumerate(all_keys)}
    out = np.full((len(FIELDS), len(all_keys), len(all_sessions)), np.nan)
    for source, source_keys, at in (
        (before.values[:, :, _slice(np.flatnonzero(kept))], before.keys, before.sessions[kept]),
        (values, keys, sessions),
    ):
        rows = _slice(np.array([row[key] for key in source_keys], dtype=np.int64))
        columns = _slice(np.searchsorted(all_sessions, at))
        if isinstance(rows, slice) or isinstance(columns, slice):
            out[:, rows, columns] = source
        else:
            out[:, rows[:, None], columns] = source
    held = ~np.isnan(out[FIELDS.index("series")]).all(axis=1)
    if not held.all():  # whoever had bars on the replaced days alone, and has none now
        out, all_keys = out[:, held], [key for key, has in zip(all_keys, held, strict=True) if has]
    return out, all_sessions, tuple(all_keys)


def _slice(index: NDArray[np.int64]) -> NDArray[np.int64] | slice:
    """Ascending positions as a slice where they follow one another: copying those is many times as fast."""
    if len(index) and int(index[-1]) - int(index[0]) == len(index) - 1:
        return slice(int(index[0]), int(index[-1]) + 1)
    return index


def write_chunk(directory: Path, year: int, version: int, frame: pl.DataFrame, keys_by_id: Mapping[int, str]) -> str:
    """Write a year's files from all its rows and return their stem."""
    return write_columns(directory, year, version, year_columns(frame, keys_by_id), keys_by_id, {})


def write_columns(
    directory: Path,
    year: int,
    version: int,
    columns: Columns,
    keys_by_id: Mapping[int, str],
    days: Mapping[str, int],
) -> str:
    """Write a year's files and return their stem; identical content at the same version writes no values again.

    What tells from where it was read (serial numbers, versions of days) may differ all the same, and is kept as it is
    now: else the year would be read again and again.
    """
    values, sessions, keys = columns
    roots = column_roots(values, sessions, keys)
    root = year_node(zip(keys, roots, strict=True))
    stem = f"{year}-v{version}-{root[:16]}"
    ids = {key: number for number, key in keys_by_id.items()}
    meta = orjson.dumps(
        {
            "year": year,
            "version": version,
            "root": root,
            "sessions": [str(day) for day in sessions],
            "keys": keys,
            "roots": roots,
            "ids": [ids[key] for key in keys],
            "days": days,
        }
    )
    meta_path = directory / f"{stem}.json"
    if not meta_path.exists():
        partial = directory / f"{stem}.npy.partial"
        with partial.open("wb") as file:
            np.save(file, values)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(directory / f"{stem}.npy")
    elif meta_path.read_bytes() == meta:
        return stem
    write_atomically(meta_path, meta)  # last: a chunk without it does not exist
    return stem
