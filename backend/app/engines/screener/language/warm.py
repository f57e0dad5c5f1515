"""Bringing the language's kernels in, so that nobody's first screen waits for the compiler."""

from __future__ import annotations

import time

import numpy as np

from app.engines.bars import Bars
from app.engines.screener.language.check import Vocabulary, compiled
from app.engines.screener.language.evaluate import Evaluator
from app.engines.screener.language.frame import rows_of_bars
from app.engines.screener.language.kinds import FieldSpec, Kind

_ONE_OF_EACH_KERNEL = (
    "sma(2) > close[1] and macd() > 0 and adx(2) > 0 and beta(close / close, close / close, 2) > 0 and rank(close) > 0"
)


def warm_up() -> float:
    """Compile every kernel, or load it from the cache; seconds it took."""
    began = time.perf_counter()
    flat = np.ones(3)
    split = np.array([[1.0], [1.0], [2.0]])
    days = np.arange("2020-01-01", "2020-01-04", dtype="datetime64[D]")
    bars = Bars.from_ohlcv(days, {"WARM": (flat,) * 5}, factor=split)
    words = Vocabulary({name: FieldSpec(Kind("number", 1)) for name in ("high", "low", "close")})
    Evaluator(rows_of_bars(bars), words).condition(compiled(_ONE_OF_EACH_KERNEL, words).tree)
    return time.perf_counter() - began
