"""Hypothesis strategies and seeded panels for the indicator tests."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray


class Panel(NamedTuple):
    high: NDArray[np.float64]
    low: NDArray[np.float64]
    close: NDArray[np.float64]
    gap: NDArray[np.bool_]


def walk(bars: int, columns: int, seed: int, *, holes: float = 0.0, gaps: float = 0.0) -> Panel:
    """A random walk of prices; a share `holes` of the bars did not trade, before a share `gaps` history is missing."""
    random = np.random.default_rng(seed)
    close = np.round(100 * np.exp(np.cumsum(random.normal(0, 0.02, (bars, columns)), axis=0)), 2)
    high = close * (1 + np.abs(random.normal(0, 0.01, close.shape)))
    low = close * (1 - np.abs(random.normal(0, 0.01, close.shape)))
    hole = random.random(close.shape) < holes
    for field in (high, low, close):
        field[hole] = np.nan
    return Panel(high, low, close, random.random(close.shape) < gaps)


panels = st.builds(
    walk,
    bars=st.integers(0, 90),
    columns=st.integers(1, 11),  # across the border of a block of eight columns
    seed=st.integers(0, 2**32 - 1),
    holes=st.sampled_from([0.0, 0.1, 0.6, 1.0]),
    gaps=st.sampled_from([0.0, 0.02, 0.2]),
)
