"""Two hundred random expressions on random dates of real bars, against the twin in Polars."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from app.engines.bars import Bars, Prices
from app.engines.screener.language import Vocabulary, compiled, parse
from app.engines.screener.language.evaluate import DayEvaluator
from app.engines.screener.language.frame import Rows, rows_of_bars
from app.engines.screener.language.kinds import TRUE, UNKNOWN
from tests.engines.screener.language.twin import Twin, known
from tests.engines.screener.language.words import FIELDS, PLAIN, SECTORS, FieldSpec
from tests.engines.screener.language.writer import Words, Writer

STOCKS = 100
EXPRESSIONS = 200
NUMBERS = ("turnover", "trades")


def real_rows(path: Path) -> Rows:
    """Stocks of every kind of history, days without trade and missing history as they are; splits are drawn."""
    random = np.random.default_rng(11)
    frame = pl.read_parquet(path).filter(pl.col("series") == "EQ").unique(["date", "symbol"], keep="first")
    symbols = sorted(random.choice(frame["symbol"].unique().sort().to_numpy(), STOCKS, replace=False).tolist())
    frame = frame.filter(pl.col("symbol").is_in(symbols))
    days = frame["date"].unique().sort()

    def panel(name: str) -> np.ndarray:
        wide = frame.pivot("symbol", index="date", values=name).sort("date")
        return wide.select(symbols).cast(pl.Float64).to_numpy()

    close, before = panel("close"), panel("prev_close")
    last = np.vstack([np.full((1, STOCKS), np.nan), close[:-1]])
    held = pl.DataFrame(last).fill_nan(None).fill_null(strategy="forward").to_numpy().astype(np.float64)
    splits = np.where(random.random(close.shape) < 0.0005, 2.0, 1.0)
    with np.errstate(invalid="ignore"):
        gap = np.abs(before - held) > 0.0051
    bars = Bars(
        sessions=days.to_numpy().astype("datetime64[D]"),
        keys=tuple(symbols),
        symbols=tuple(symbols),
        raw=Prices(panel("open"), panel("high"), panel("low"), close),
        raw_volume=panel("volume"),
        factor=np.cumprod(splits, axis=0),
        gap=gap,
        member=np.ones(close.shape, dtype=np.bool_),
    )
    index = np.repeat((random.random((1, STOCKS)) < 0.3).astype(np.float64), len(days), axis=0)
    return rows_of_bars(
        bars,
        {name: panel(name) for name in NUMBERS},
        {"sector": [SECTORS[n % 2] if n % 5 else None for n in range(STOCKS)]},
        {"NIFTY50": index},
    )


def test_two_hundred_random_expressions_agree_with_the_twin_on_random_dates(evidence: Path) -> None:
    rows = real_rows(evidence / "data" / "daily" / "nse_daily_2022_2026.parquet")
    words = Vocabulary({**FIELDS, "trades": FieldSpec(PLAIN)}, {"sector": SECTORS}, {"NIFTY50": "NIFTY50"})
    sector = rows.source.text("sector")
    names = ("open", "high", "low", "close", "volume", *NUMBERS)
    twin = Twin(
        pl.DataFrame(
            {
                "column": rows.columns,
                "day": rows.days,
                "segment": np.searchsorted(rows.segments, np.arange(len(rows)), side="right") - 1,
                "universe": rows.universe,
                "factor": rows.factor,
                "sector": [None if code < 0 else sector.values[code] for code in sector.codes.tolist()],
                "in:NIFTY50": known(rows.source.members("NIFTY50")),
                **{name: rows.source.number(name) for name in names},
            }
        ).with_columns(pl.col(pl.Float64).fill_nan(None))
    )
    written = Words(NUMBERS, {"sector": SECTORS}, {"NIFTY50": "NIFTY50"})
    writer, random = Writer(20260731, written), np.random.default_rng(7)
    compared = told = matched = 0
    for _ in range(EXPRESSIONS):
        text, meant = writer.written(2)
        tree = compiled(text, words, "flag").tree
        answer = twin.of(parse(meant))
        flags, near = answer.values.cast(pl.Int8).fill_null(-1).to_numpy(), answer.near.fill_null(False).to_numpy()
        for day in random.integers(20, len(rows.sessions), 3).tolist():
            at = rows.at(day)
            ours = DayEvaluator(rows, day, words).condition(tree)
            wanted = np.select([flags[at] == 1, flags[at] == 0], [TRUE, 0], UNKNOWN)
            sure = ~near[at]
            np.testing.assert_array_equal(ours[sure], wanted[sure], err_msg=f"{text} on {rows.sessions[day]}")
            compared += int(sure.sum())
            told += int((wanted[sure] != UNKNOWN).sum())
            matched += int((wanted[sure] == TRUE).sum())
    assert compared > 0.8 * EXPRESSIONS * 3 * 0.4 * STOCKS  # the twin did not excuse itself
    assert told > 0.7 * compared and 0.1 * told < matched < 0.9 * told
