"""Field tables on disk: one Arrow file (IPC, uncompressed, opened memory-mapped) per session and state of the data.

A file's name is a hash of everything its numbers depend on, so that a state that comes back finds its file again and
nothing is ever overwritten with something else. It is written whole under another name and then put in place.
"""

from __future__ import annotations

import hashlib
import logging
import os
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa

from app.services.snapshots.table import FieldTable

log = logging.getLogger(__name__)

KEPT = 60  # files a market; the least recently used go first
_SUFFIX = ".arrow"


@dataclass(frozen=True)
class SnapshotIdentity:
    """What the numbers of a table depend on.

    Attributes
    ----------
    session : the session
    data : root of the prices up to the end of the session's year
    adjustments : hash over the instruments as the session knows them: symbols and corporate actions up to it
    registry : version of the fields
    """

    session: date
    data: str
    adjustments: str
    registry: str

    @property
    def stem(self) -> str:
        """The name of its file without the suffix."""
        parts = (self.session.isoformat(), self.data, self.adjustments, self.registry)
        return f"{self.session}-{hashlib.sha256('|'.join(parts).encode()).hexdigest()[:24]}"


class SnapshotStore:
    """The field tables of one market in a folder."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def path(self, identity: SnapshotIdentity) -> Path:
        """Where the table lies or would lie."""
        return self.directory / (identity.stem + _SUFFIX)

    def read(self, identity: SnapshotIdentity) -> FieldTable | None:
        """The table, its columns views of the mapped file; None when it is not kept, or its file is broken."""
        path = self.path(identity)
        try:
            with pa.memory_map(str(path)) as source:
                table = pa.ipc.open_file(source).read_all()
            described = {key.decode(): value.decode() for key, value in (table.schema.metadata or {}).items()}
            if described != _description(identity):
                raise pa.ArrowInvalid("it describes another snapshot")
            os.utime(path)  # used just now
            keys, symbols = table["key"].to_pylist(), table["symbol"].to_pylist()
        except FileNotFoundError:
            return None
        except (pa.ArrowException, OSError, KeyError) as error:
            log.warning("the snapshot %s cannot be read and is made again: %s", path.name, error)
            return None
        names = [name for name in table.column_names if name not in {"key", "symbol"}]
        columns = {name: _view(table[name]) for name in names}
        return FieldTable(identity.session, tuple(keys), tuple(symbols), columns)

    def write(self, identity: SnapshotIdentity, table: FieldTable) -> Path:
        """Keep a table, whole or not at all, and drop the least recently used beyond `KEPT`."""
        self.directory.mkdir(parents=True, exist_ok=True)
        arrays = {
            "key": pa.array(table.keys, pa.string()),
            "symbol": pa.array(table.symbols, pa.string()),
            **{name: pa.array(column, pa.float64()) for name, column in table.columns.items()},
        }
        arrow = pa.table(arrays).replace_schema_metadata(_description(identity))
        path = self.path(identity)
        partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
        try:
            with partial.open("wb") as file:
                with pa.ipc.new_file(file, arrow.schema) as writer:
                    writer.write_table(arrow)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
        self._prune()
        return path

    def _prune(self) -> None:
        kept = sorted(self.directory.glob(f"*{_SUFFIX}"), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in kept[KEPT:]:
            try:
                path.unlink(missing_ok=True)
            except OSError as error:  # Windows refuses while a map is open
                log.info("kept %s for now: %s", path.name, error)


def _description(identity: SnapshotIdentity) -> dict[str, str]:
    return {name: str(value) for name, value in asdict(identity).items()}


def _view(column: pa.ChunkedArray) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    if column.num_chunks == 0:
        return np.empty(0)
    values: np.ndarray[tuple[int], np.dtype[np.float64]] = column.combine_chunks().to_numpy(zero_copy_only=False)
    return values
