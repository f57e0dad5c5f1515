"""A stored run's tables as files: CSV and Parquet, with the run's identity in them."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import pyarrow as pa
from pyarrow import csv, parquet

from app.database import Market
from app.services.spreadsheet_cells import safe_cell

Format = Literal["csv", "parquet"]
TableName = Literal["equity", "trades", "fills", "rejections", "events", "decisions"]
MEDIA_TYPES: Final[Mapping[Format, str]] = {
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
}

_EQUITY: Final = ("equity", "cash", "exposure", "drawdown", "daily_return", "state")
_RUPEES: Final = frozenset(
    {
        *(
            "equity",
            "cash",
            "entry_price",
            "exit_price",
            "pnl",
            "costs",
            "income",
            "reference",
            "price",
            "cost",
            "amount",
        ),
        *("gross", "book_gross", "limit", "would_have_made"),
    }
)
_FRACTIONS: Final = frozenset({"exposure", "drawdown", "daily_return", "stop_used"})


def run_table(result: Mapping[str, Any], digest: str, name: TableName, market: Market) -> pa.Table:
    """One table of a stored result.

    Columns carry their unit (`pnl_rupees`, `drawdown_fraction`), times are ISO, unknown is null; the run's id and the
    digest of its bytes are in the table's metadata. A table without rows has its columns as far as they are known. Of
    the generated market each row says SAMPLE in a column `market`.
    """
    if name == "equity":
        columns: dict[str, Sequence[Any]] = {"session": result["sessions"]} | {key: result[key] for key in _EQUITY}
    else:
        columns = dict(result.get(name) or {})
    arrays = {_titled(key): pa.array(values) for key, values in columns.items()}
    if market is Market.SAMPLE:
        rows = len(next(iter(arrays.values()))) if arrays else 0
        arrays["market"] = pa.array([market.mark] * rows, pa.string())
    identity = {"run_id": result["run_id"], "digest": digest, "table": name, "market": market.mark}
    return pa.table(arrays).replace_schema_metadata(identity)


def _titled(key: str) -> str:
    if key in _RUPEES or key.startswith("cost_"):
        return f"{key}_rupees"
    return f"{key}_fraction" if key in _FRACTIONS else key


def written(table: pa.Table, kind: Format) -> bytes:
    """The bytes of a table in a format."""
    sink = io.BytesIO()
    if kind == "csv":
        csv.write_csv(_safe(table), sink, csv.WriteOptions(quoting_style="needed"))
    else:
        parquet.write_table(table, sink, compression="zstd")
    return sink.getvalue()


def _safe(table: pa.Table) -> pa.Table:
    """The table with the texts that a spreadsheet would run as formulas marked as texts."""
    for n, field in enumerate(table.schema):
        if pa.types.is_string(field.type):
            table = table.set_column(n, field, pa.array([safe_cell(one) for one in table[n].to_pylist()], pa.string()))
    return table


def file_name(run_id: str, name: TableName, kind: Format, market: Market) -> str:
    """What a download is called."""
    return f"{market.file_prefix}run-{run_id[:10]}-{name}.{kind}"
