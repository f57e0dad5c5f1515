"""How much memory a Parquet file asks for, from what it says of itself, before anything of it is unpacked."""

from __future__ import annotations

import io

import pyarrow as pa
import pyarrow.parquet as pq

from app.services.importing.findings import FileRefusedError, Rule

MAX_UNPACKED_BYTES = 1024 * 1024 * 1024
_VALUE_BYTES = 8  # at least, of a value in memory: runs of one value take next to nothing in the file


def check_size(name: str, data: bytes) -> None:
    """Refuse a file whose columns would unpack to more than `MAX_UNPACKED_BYTES`.

    Raises
    ------
    FileRefusedError : ARCHIVE_LIMIT, with both sizes; FILE_CUT_SHORT where the file does not say.
    """
    try:
        told = pq.ParquetFile(io.BytesIO(data)).metadata
        unpacked = 0
        for group in range(told.num_row_groups):
            row_group = told.row_group(group)
            for column in range(row_group.num_columns):
                chunk = row_group.column(column)
                unpacked += max(chunk.total_uncompressed_size, chunk.num_values * _VALUE_BYTES)
    except (pa.ArrowException, OSError) as error:
        said = str(error).partition("\n")[0][:200]
        raise FileRefusedError(Rule.FILE_CUT_SHORT, f"{name}: not a complete Parquet file ({said})") from error
    if unpacked > MAX_UNPACKED_BYTES:
        raise FileRefusedError(
            Rule.ARCHIVE_LIMIT,
            f"{name}: its columns unpack to {unpacked:,} bytes from {len(data):,}, expected at most "
            f"{MAX_UNPACKED_BYTES:,}; split it by years",
        )
