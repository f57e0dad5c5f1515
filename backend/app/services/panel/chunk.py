"""One year of the panel: an array [F, N, T] of float64 with its sessions, instruments and content hashes.

A chunk is written once and never changed: a year whose rows changed gets a new file. Each instrument's values lie
together, so that reading one stock touches little.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

from app.engines.bars import D1

FIELDS = ("open", "high", "low", "close", "prev_close", "volume", "turnover", "trades", "delivery", "series")

# Where an instrument has rows of several series in a session, the first of these is its bar.
SERIES = ("EQ", "BE", "BZ", "SM", "ST", "SZ", "RR", "IV", "E1", "X1")


@dataclass(frozen=True)
class Chunk:
    """A year: `values` is memory-mapped, shape [F, N, T], NaN where there is no bar; `roots` are the tree's leaves.

    `ids` are the instruments' serial numbers in the database, `days` the versions of the days it was read from: what
    tells which part of it still holds. A year written before these were kept has neither.
    """

    year: int
    version: int
    values: NDArray[np.float64]
    sessions: D1
    keys: tuple[str, ...]
    roots: tuple[str, ...]
    root: str
    stem: str
    ids: tuple[int, ...] = ()
    days: Mapping[str, int] = field(default_factory=dict)

    @property
    def leaves(self) -> dict[str, str]:
        """The tree's leaves of the year by instrument key."""
        return dict(zip(self.keys, self.roots, strict=True))


def open_chunk(directory: Path, stem: str) -> Chunk:
    """Open a year; the values stay on disk until they are touched."""
    meta = orjson.loads((directory / f"{stem}.json").read_bytes())
    values = np.load(directory / f"{stem}.npy", mmap_mode="r")
    return Chunk(
        year=meta["year"],
        version=meta["version"],
        values=values,
        sessions=np.array(meta["sessions"], dtype="datetime64[D]"),
        keys=tuple(meta["keys"]),
        roots=tuple(meta["roots"]),
        root=meta["root"],
        stem=stem,
        ids=tuple(meta.get("ids", ())),
        days=meta.get("days", {}),
    )


def write_atomically(path: Path, content: bytes) -> None:
    """Put a file in place whole, or not at all."""
    partial = path.with_name(path.name + ".partial")
    with partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
