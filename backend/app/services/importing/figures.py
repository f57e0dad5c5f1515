"""Company figures seen together: whose they are, and where two sources disagree."""

from __future__ import annotations

from typing import Any

import polars as pl
from sqlalchemy import Connection

from app.repositories import findings, fundamentals, instruments
from app.services.importing.findings import Rule, derived_finding
from app.services.importing.lookup import Lookup

APART = 0.05  # share by which two sources may differ
_ROUNDED_RUPEES = 1e7  # figures in whole crores differ by as much through rounding alone


def resolved(connection: Connection) -> pl.DataFrame:
    """All figures with `instrument_id`; those of symbols that no instrument ever had are left out."""
    frame = fundamentals.figures(connection)
    lookup = Lookup(instruments.symbol_spans(connection))
    owners = {isin: identifier for identifier, isin, _, _ in instruments.isin_spans(connection)}
    keys = frame.select("symbol", "isin", "symbol_on").unique()
    ids = [
        owners.get(isin) if isin in owners else lookup.by_symbol(symbol, day) for symbol, isin, day in keys.iter_rows()
    ]
    keys = keys.with_columns(pl.Series("instrument_id", ids, pl.Int64))
    joined = frame.join(keys, on=["symbol", "isin", "symbol_on"], how="left", nulls_equal=True, maintain_order="left")
    return joined.filter(pl.col("instrument_id").is_not_null())


def compare(connection: Connection) -> None:
    """Count where two sources tell of one figure of one period and differ by more than `APART`."""
    findings.replace_derived(connection, [Rule.FIGURES_DISAGREE.value], disagreements(resolved(connection)))


def disagreements(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """A finding for each field and pair of sources that disagree."""
    key = ["instrument_id", "field", "period_end", "period_kind"]
    best = frame.sort("known_at", "source_rank", "sha256", "line").unique([*key, "source"], keep="last")
    pairs = best.join(best, on=key, suffix="_other").filter(
        (pl.col("source_rank") > pl.col("source_rank_other")) & (pl.col("source") != pl.col("source_other"))
    )
    gap = (pl.col("value") - pl.col("value_other")).abs()
    least = pl.when(pl.col("unit") == "RUPEES").then(pl.lit(_ROUNDED_RUPEES)).otherwise(pl.lit(0.0))
    large = pl.max_horizontal(pl.col("value").abs(), pl.col("value_other").abs())
    per_share = pl.col("field").is_in(["eps", "face_value", "mcap_close"])
    apart = (gap > APART * large) & (per_share | (gap > least))
    counted = (
        pairs.with_columns(apart.alias("apart"))
        .group_by("field", "source", "source_other")
        .agg(
            pl.len().alias("compared"),
            pl.col("apart").sum(),
            pl.col("symbol").filter(pl.col("apart")).unique().sort().head(10).alias("examples"),
        )
        .filter(pl.col("apart") > 0)
        .sort("field", "source", "source_other")
    )
    return [_finding(row) for row in counted.iter_rows(named=True)]


def _finding(row: dict[str, Any]) -> dict[str, Any]:
    subject = f"{row['field']}: {row['source']}, {row['source_other']}"
    return derived_finding(
        Rule.FIGURES_DISAGREE,
        subject,
        f"{row['field']}: of {row['compared']} figures told by {row['source']} and {row['source_other']}, "
        f"{row['apart']} differ by more than 5 %: {', '.join(row['examples'])}",
        f"the one known later counts, then {row['source']} before {row['source_other']}",
    )
