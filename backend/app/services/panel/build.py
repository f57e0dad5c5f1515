"""Writing a year of the panel: the rows of the database as an array, with a hash of what each instrument has in it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import orjson
import polars as pl
from numpy.typing import NDArray

from app.engines.bars import D1
from app.services.panel.chunk import FIELDS, SERIES, write_atomically
from app.services.panel.tree import year_node


def year_columns(frame: pl.DataFrame, keys_by_id: dict[int, str]) -> tuple[NDArray[np.float64], D1, tuple[str, ...]]:
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


def write_chunk(directory: Path, year: int, version: int, frame: pl.DataFrame, keys_by_id: dict[int, str]) -> str:
    """Write a year's files and return their stem; identical content at the same version writes nothing new."""
    values, sessions, keys = year_columns(frame, keys_by_id)
    roots = column_roots(values, sessions, keys)
    root = year_node(zip(keys, roots, strict=True))
    stem = f"{year}-v{version}-{root[:16]}"
    meta_path = directory / f"{stem}.json"
    if meta_path.exists():
        return stem
    meta = {
        "year": year,
        "version": version,
        "root": root,
        "sessions": [str(day) for day in sessions],
        "keys": keys,
        "roots": roots,
    }
    partial = directory / f"{stem}.npy.partial"
    with partial.open("wb") as file:
        np.save(file, values)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(directory / f"{stem}.npy")
    write_atomically(meta_path, orjson.dumps(meta))  # last: a chunk without it does not exist
    return stem
