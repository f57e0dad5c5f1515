"""The inner loops of drawing sessions again, compiled: in one pass what arrays would take ten for."""

from __future__ import annotations

import time
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.engines.kernels import kernel

F1 = NDArray[np.float64]
F2 = NDArray[np.float64]
I2 = NDArray[np.int64]


@kernel()
def joined(starts: I2, fresh: F2, share: float) -> None:
    """Make `starts` [B, T] the sessions drawn: a new block where `fresh` is below the share, else the next session."""
    draws, sessions = starts.shape
    for i in range(draws):
        at = 0
        for t in range(sessions):
            if t == 0 or fresh[i, t] < share:
                at = starts[i, t]
            else:
                at = at + 1 if at + 1 < sessions else 0
                starts[i, t] = at


@kernel()
def _walk(returns: F1, rows: I2, drawn: F2, ends: F1, deepest: F1, paths: NDArray[np.float32]) -> None:
    draws, sessions = rows.shape
    keep = paths.size > 0
    for i in range(draws):
        growth = peak = low = 1.0
        for t in range(sessions):
            one = returns[rows[i, t]]
            drawn[i, t] = one
            growth *= 1.0 + one
            peak = max(peak, growth)
            low = min(low, growth / peak)
            if keep:
                paths[i, t] = growth
        ends[i] = growth
        deepest[i] = low - 1.0


class Walked(NamedTuple):
    """The returns of each draw [B, T]; of each, shape [B], what 1 became of them and the deepest fall, at most 0."""

    drawn: F2
    ends: F1
    deepest: F1


def walked(returns: F1, rows: I2, paths: NDArray[np.float32] | None = None) -> Walked:
    """Follow draws of a series.

    Parameters
    ----------
    returns : shape [T], without NaN, each above -1
    rows : shape [B, T], the sessions drawn
    paths : shape [B, T], filled with what 1 has become at each session

    The beginning is the first peak.
    """
    draws = len(rows)
    found = Walked(np.empty(rows.shape), np.empty(draws), np.empty(draws))
    _walk(np.ascontiguousarray(returns), rows, *found, np.empty((0, 0), np.float32) if paths is None else paths)
    return found


def warm_up() -> float:
    """Call both once; seconds it took."""
    began = time.perf_counter()
    starts = np.zeros((1, 2), np.int64)
    joined(starts, np.ones((1, 2)), 0.5)
    walked(np.zeros(2), starts)
    return time.perf_counter() - began
