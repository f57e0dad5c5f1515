"""Whether the columns of a price file are what their header says: rules that hold on nearly all rows of a real file.

Two columns of numbers that changed places look like numbers still. What gives them away is what holds between columns:
the day's range holds open and close, turnover over volume is a price inside it, the last price lies by the close.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from app.services.importing.findings import FileRefusedError, Rule

_ENOUGH_ROWS = 50  # in fewer, chance could break a rule often
_LARGE = 50_000.0  # rupees: below it, turnover rounded to a thousand says little about a price
_BAND = 0.02  # around the day's range, for rounded turnover
_TOLERANCE = 1e-9  # rupees
_OTHER_CLOSE = ("T0", "T1")  # same-day settlement takes the close of another series


@dataclass(frozen=True, slots=True)
class _ColumnRule:
    """A rule between columns: on which rows it can be asked, where it is broken, and how often is too often."""

    text: str
    columns: tuple[str, ...]
    asked: pl.Expr
    broken: pl.Expr
    too_often: float


_RANGE = ~pl.col("series").is_in(_OTHER_CLOSE)
_PRICE = pl.col("turnover") / pl.col("volume")
_RULES = (
    _ColumnRule("high >= low", ("high", "low"), pl.lit(True), pl.col("high") < pl.col("low") - _TOLERANCE, 0.05),
    _ColumnRule(
        "low <= open <= high",
        ("open", "high", "low"),
        _RANGE,
        ~pl.col("open").is_between(pl.col("low") - _TOLERANCE, pl.col("high") + _TOLERANCE),
        0.05,
    ),
    _ColumnRule(
        "low <= close <= high",
        ("close", "high", "low"),
        _RANGE,
        ~pl.col("close").is_between(pl.col("low") - _TOLERANCE, pl.col("high") + _TOLERANCE),
        0.05,
    ),
    _ColumnRule(
        "turnover / volume inside the day's range",
        ("turnover", "volume"),
        pl.col("turnover").is_not_null()
        & (pl.col("volume") > 0)
        & ((pl.col("turnover") > _LARGE) | (pl.col("volume") * pl.col("close") > _LARGE)),
        ~_PRICE.is_between(pl.col("low") * (1 - _BAND), pl.col("high") * (1 + _BAND)),
        0.1,
    ),
    _ColumnRule(
        "trades <= volume", ("trades", "volume"), pl.col("trades") > 0, pl.col("trades") > pl.col("volume"), 0.05
    ),
    _ColumnRule(
        "delivery <= volume",
        ("delivery", "volume"),
        pl.col("delivery") > 0,
        pl.col("delivery") > pl.col("volume"),
        0.05,
    ),
    _ColumnRule(
        "last price nearer to close than to open",
        ("last", "close", "open"),
        pl.col("last").is_not_null() & (pl.col("open") != pl.col("close")),
        (pl.col("last") - pl.col("close")).abs() > (pl.col("last") - pl.col("open")).abs(),
        0.5,
    ),
)


def check_columns(name: str, frame: pl.DataFrame) -> None:
    """Refuse a file in which a rule between columns is broken on many rows; a few broken rows are others' to name.

    Raises
    ------
    FileRefusedError : SWAPPED_COLUMNS, with every rule that is broken and on how many rows of how many.
    """
    if frame.height < _ENOUGH_ROWS:
        return
    counts = frame.select(
        *(rule.asked.sum().cast(pl.Int64).alias(f"{n}:asked") if rule.asked.meta.root_names() else
          pl.len().cast(pl.Int64).alias(f"{n}:asked") for n, rule in enumerate(_RULES)),
        *((rule.asked & rule.broken).sum().cast(pl.Int64).alias(f"{n}:broken") for n, rule in enumerate(_RULES)),
    ).row(0, named=True)  # fmt: skip
    broken = [
        (rule, counts[f"{n}:broken"], counts[f"{n}:asked"])
        for n, rule in enumerate(_RULES)
        if counts[f"{n}:asked"] >= _ENOUGH_ROWS and counts[f"{n}:broken"] > rule.too_often * counts[f"{n}:asked"]
    ]
    if broken:
        told = "; ".join(f"{rule.text} fails on {bad:,} of {asked:,} rows" for rule, bad, asked in broken)
        raise FileRefusedError(
            Rule.SWAPPED_COLUMNS,
            f"{name}: line 1: columns seem to have changed places: {told}; expected these rules to hold on nearly all",
            line=1,
            subject=", ".join(dict.fromkeys(column for rule, _, _ in broken for column in rule.columns)),
        )
