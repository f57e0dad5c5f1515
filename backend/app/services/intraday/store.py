"""The Parquet files of intraday bars.

`<directory>/<timeframe>/<symbol>/<year>-<content hash>.parquet`. A file is written whole under a name made from its
content and never changed; the row of the catalogue in PostgreSQL that names it is committed with the import. Killed
before the commit, the old file is still the one named; what nobody names is removed by the next import.

A file holds every bar of every source. Of several sources about one instant the one with the greatest content hash is
`current`: an order that knows nothing of when a source came in, so that the files do not depend on it either.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import polars as pl

from app.exceptions import DataNotFoundError
from app.repositories.intraday import SliceRow

STORED_SCHEMA: Final[dict[str, Any]] = {
    "at": pl.Datetime("us", "UTC"),
    "open": pl.Float64(),
    "high": pl.Float64(),
    "low": pl.Float64(),
    "close": pl.Float64(),
    "volume": pl.Int64(),
    "line": pl.Int32(),
    "outside": pl.Boolean(),
    "source": pl.String(),
    "current": pl.Boolean(),
}


def store_beside(panel_directory: Path) -> IntradayStore:
    """The store of the database whose panel lies in `<home>/panel/<name>`: `<home>/intraday/<name>`."""
    return IntradayStore(panel_directory.parent.parent / "intraday" / panel_directory.name)


class IntradayStore:
    """Reads and writes slices under one directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def path(self, symbol: str, timeframe: str, year: int, content_hash: str) -> Path:
        """Where a slice lies."""
        return self.directory / timeframe / quote(symbol, safe="") / f"{year}-{content_hash[:24]}.parquet"

    def read(self, symbol: str, timeframe: str, year: int, content_hash: str) -> pl.DataFrame:
        """A slice with the columns of `STORED_SCHEMA`.

        Raises
        ------
        DataNotFoundError : the catalogue names a file that is not there, or not whole; the message says what to do.
        """
        path = self.path(symbol, timeframe, year, content_hash)
        try:
            return pl.read_parquet(path, memory_map=False)
        except (OSError, pl.exceptions.PolarsError) as error:
            raise DataNotFoundError(
                f"The bars of {symbol} ({timeframe}, {year}) are noted as stored, but {path} cannot be read: restore "
                "the folder from a backup",
                "symbol",
                symbol,
            ) from error

    def merge(
        self, symbol: str, timeframe: str, year: int, stored: str | None, added: pl.DataFrame, source: str
    ) -> dict[str, Any]:
        """Write the slice of what is stored and what `source` (a content hash) adds; the catalogue's row for it."""
        added = added.with_columns(pl.lit(source).alias("source"), pl.lit(True).alias("current")).select(
            *(pl.col(name).cast(kind) for name, kind in STORED_SCHEMA.items())
        )
        parts = [added]
        if stored is not None:
            before = self.read(symbol, timeframe, year, stored)
            parts.append(before.filter(pl.col("source") != source))
        frame = (
            pl.concat(parts)
            .sort(["at", "source", "line"], descending=[False, True, False])
            .with_columns(pl.col("at").is_first_distinct().alias("current"))
        )
        digest = _content_hash(frame)
        self._write(self.path(symbol, timeframe, year, digest), frame)
        kept = frame.filter("current")
        return {
            "symbol": symbol,
            "timeframe": timeframe,
            "year": year,
            "content_hash": digest,
            "rows": kept.height,
            "days": kept["at"].dt.convert_time_zone("Asia/Kolkata").dt.date().n_unique(),
            "first_at": kept["at"][0],
            "last_at": kept["at"][-1],
        }

    def sweep(self, named: Iterable[SliceRow], older_than_seconds: float = 3600.0) -> int:
        """Remove old files that the catalogue does not name; how many. Only for the holder of the import lock.

        Young ones stay: a reader may have read the catalogue before they were replaced.
        """
        before = time.time() - older_than_seconds
        kept = {self.path(row.symbol, row.timeframe, row.year, row.content_hash) for row in named}
        removed = 0
        for path in self.directory.glob("*/*/*"):
            if path.is_file() and path not in kept and path.stat().st_mtime <= before:
                path.unlink(missing_ok=True)
                removed += 1
        return removed

    @staticmethod
    def _write(path: Path, frame: pl.DataFrame) -> None:
        if path.exists():
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=".", suffix=".part", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as stream:
                frame.write_parquet(stream, compression="zstd")
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


def _content_hash(frame: pl.DataFrame) -> str:
    """SHA-256 over the rows, not over the bytes Parquet makes of them."""
    digest = hashlib.sha256()
    for column in frame.iter_columns():
        digest.update(f"{column.name}:{len(column)};".encode())
        if column.dtype == pl.String:
            digest.update("\n".join(column.to_list()).encode())
            continue
        digest.update(column.is_null().to_numpy().tobytes())
        digest.update(column.to_physical().fill_null(0).to_numpy().tobytes())
    return digest.hexdigest()
