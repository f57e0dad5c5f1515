"""Which of several rows of one (date, symbol, series) counts: the only place that says so.

The winner is the row with the greatest (source rank, publication stamp, volume, content hash of its file). That order
is total and knows nothing of when a file came in, so the order of imports cannot matter. The others are kept, marked
superseded, and still lend what the winner lacks (turnover to the rupee, delivery, trades).
"""

from __future__ import annotations

import polars as pl

from app.services.importing.kinds import Kind

# The exchange's own full files are exact to the rupee and carry the ISIN; the delivery file rounds turnover to 1,000
# rupees; a file filtered by a program and the collected Parquet come after what they were made from.
_RANKS = {Kind.PRICES_LEGACY: 40, Kind.PRICES_UDIFF: 40, Kind.PRICES_DELIVERY: 30}
_REWRITTEN_RANK = 25
PARQUET_RANKS = {"L": 20, "S": 15, "P": 10}
EXACT_TURNOVER_RANKS = (40, 20)

KEY = ("date", "symbol", "series")
ORDER = ("source_rank", "published_at", "volume", "sha256")


def source_rank(kind: Kind, *, rewritten: bool = False) -> int:
    """Rank of a file's rows; greater is better. Parquet rows have theirs by `PARQUET_RANKS`."""
    return _REWRITTEN_RANK if rewritten else _RANKS[kind]


def winners(rows: pl.DataFrame) -> pl.DataFrame:
    """Of rows as in `losers`, those that count."""
    return rows.join(losers(rows).select("file_id", "line"), on=["file_id", "line"], how="anti")


def losers(rows: pl.DataFrame) -> pl.DataFrame:
    """Of rows with the columns of `KEY` and `ORDER`, those that do not count: all but the greatest of each key.

    A missing publication stamp is older than any.
    """
    ranked = rows.sort(
        [*KEY, *ORDER], descending=[False] * len(KEY) + [True] * len(ORDER), nulls_last=[False] * len(KEY) + [True] * 4
    )
    return ranked.filter(~pl.struct(KEY).is_first_distinct())
