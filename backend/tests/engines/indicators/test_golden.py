"""Indicators against published worksheets: reference results computed by others."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from app.engines import indicators as ind


def columns(path: Path) -> dict[str, np.ndarray]:
    """Columns of a CSV as [T, 1] panels; text becomes NaN."""

    def number(text: str) -> float:
        try:
            return float(text)
        except ValueError:
            return np.nan

    with gzip.open(path, "rt", newline="") if path.suffix == ".gz" else path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {name: np.array([[number(row[name])] for row in rows]) for name in rows[0]}


@pytest.fixture
def sheet(evidence: Path) -> dict[str, np.ndarray]:
    return columns(evidence / "golden/indicators_daily_502.csv")


def previous(x: np.ndarray) -> np.ndarray:
    return np.vstack([[[np.nan]], x[:-1]])


def true_range(sheet: dict[str, np.ndarray]) -> np.ndarray:
    """The average true range of one bar is that bar's own."""
    return ind.atr(sheet["high"], sheet["low"], sheet["close"], 1)


Columns = dict[str, np.ndarray]
# column → (the indicator, bars until two seeds have come together)
SHEET: dict[str, tuple[Callable[[Columns], np.ndarray], int]] = {
    "sma20": (lambda s: ind.sma(s["close"], 20), 0),
    "ema20": (lambda s: ind.ema(s["close"], 20), 0),
    "rsi14": (lambda s: ind.rsi(s["close"], 14), 0),
    "tr": (true_range, 0),
    "atr14": (lambda s: ind.atr(s["high"], s["low"], s["close"], 14), 0),
    # that sheet seeds each average of MACD on its own; the difference has died out after 400 bars
    "macd_12_26": (lambda s: ind.macd(s["close"]).line, 400),
    "macd_signal9": (lambda s: ind.macd(s["close"]).signal, 400),
    "bb20_2_upper": (lambda s: ind.bollinger(s["close"]).upper, 0),
    "bb20_2_mid": (lambda s: ind.bollinger(s["close"]).middle, 0),
    "bb20_2_lower": (lambda s: ind.bollinger(s["close"]).lower, 0),
    "supertrend_10_3": (lambda s: ind.supertrend(s["high"], s["low"], s["close"]).line, 0),
    "donchian20_prev_upper": (lambda s: previous(ind.highest(s["high"], 20)), 0),
    "donchian20_prev_lower": (lambda s: previous(ind.lowest(s["low"], 20)), 0),
}


def test_every_column_of_the_reference_sheet_is_compared(sheet: Columns) -> None:
    assert sheet.keys() - {"date", "open", "high", "low", "close", "volume"} == SHEET.keys()


@pytest.mark.parametrize("column", SHEET)
def test_an_indicator_equals_the_reference_sheet(sheet: Columns, column: str) -> None:
    of, settled = SHEET[column]
    expected, ours = sheet[column][settled:], of(sheet)[settled:]
    assert (~np.isnan(expected)).sum() > 100
    np.testing.assert_allclose(ours, expected, rtol=1e-9, atol=1e-9)


def test_rsi_equals_the_classic_worksheet(evidence: Path) -> None:
    sheet = columns(evidence / "golden/data/rsi_worksheet.csv")  # printed with six decimals
    np.testing.assert_allclose(ind.rsi(sheet["close"], 14), sheet["rsi14_wilder"], rtol=0, atol=5e-7)


@pytest.mark.parametrize(
    ("column", "of"),
    [
        ("rsi_14", lambda s: ind.rsi(s["close"], 14)),
        ("ema_20", lambda s: ind.ema(s["close"], 20)),
        ("ema_200", lambda s: ind.ema(s["close"], 200)),
        ("sma_200", lambda s: ind.sma(s["close"], 200)),
        ("macd", lambda s: ind.macd(s["close"]).line),
        ("macd_signal", lambda s: ind.macd(s["close"]).signal),
        ("adx", lambda s: ind.adx(s["high"], s["low"], s["close"], 14)),
    ],
)
def test_a_published_history_of_fourteen_years_agrees_once_the_seeds_have_died_out(evidence, column, of) -> None:  # type: ignore[no-untyped-def]
    # That library seeds its recursions with the first bar; 2,500 bars later the 200-bar average still differs by 1e-10.
    sheet = columns(evidence / "data/golden/indicators/GODREJPROP_daily_with_indicators.csv.gz")
    settled = slice(2500, None)
    assert len(sheet[column][settled]) > 900
    np.testing.assert_allclose(of(sheet)[settled], sheet[column][settled], rtol=1e-7)
