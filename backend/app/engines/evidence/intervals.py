"""How far a statistic of one record could lie elsewhere by luck: percentile intervals of its bootstrap in blocks."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.engines.evidence.resampling import block_length, circular_draws, stationary_draws
from app.engines.risk.basics import F1, NOISE, STILL, TOO_SHORT, clean, deviation

F2 = NDArray[np.float64]
Scheme = Literal["stationary", "circular"]

RESAMPLES: Final = 2_000
AT_ONCE: Final = 2_000_000  # drawn sessions held at a time


class Interval(NamedTuple):
    """A percentile interval, or why there is none; what it was drawn with stands beside it."""

    low: float | None
    high: float | None
    reason: str | None
    confidence: float
    resamples: int
    block: float
    seed: int


def interval(
    returns: F1,
    statistic: Callable[[F2], F1],
    *,
    block: float | None = None,
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
    scheme: Scheme = "stationary",
) -> Interval:
    """Percentile interval of a statistic of the returns.

    Parameters
    ----------
    returns : shape [T], NaN skipped
    statistic : of resampled returns [resamples, T] gives [resamples]; NaN where it is undefined, left out
    block : expected length of a block; None = as `block_length` finds it, times (3 / 2)^(1/3) for circular blocks,
        which are rounded to whole sessions

    None with a reason where there are fewer than two returns, they do not vary, or most resamples have no statistic.
    """
    known = clean(returns)
    missing = TOO_SHORT if known.size < 2 else STILL if deviation(known) == 0.0 else None
    if missing is not None:
        return Interval(None, None, missing, confidence, resamples, block or 1.0, seed)
    at_once = max(1, AT_ONCE // known.size)
    if block is None:
        block = block_length(known) * (1.5 ** (1.0 / 3.0) if scheme == "circular" else 1.0)
    if scheme == "circular":
        block = float(max(1, min(round(block), known.size)))
        draws = circular_draws(known.size, int(block), resamples, seed=seed, at_once=at_once)
    else:
        draws = stationary_draws(known.size, block, resamples, seed=seed, at_once=at_once)
    values = np.concatenate([statistic(known[drawn]) for drawn in draws])
    values = values[np.isfinite(values)]
    if 2 * values.size <= resamples:
        return Interval(None, None, "in most resamples it is undefined", confidence, resamples, block, seed)
    low, high = np.quantile(values, ((1.0 - confidence) / 2.0, (1.0 + confidence) / 2.0))
    return Interval(float(low), float(high), None, confidence, resamples, block, seed)


def annual_sharpes(resampled: F2, periods: int) -> F1:
    """The annual Sharpe of each row, risk-free rate zero; NaN where a row does not vary. For `interval`."""
    spread = np.std(resampled, axis=1, ddof=1)
    spread[spread < NOISE] = np.nan
    found: F1 = np.mean(resampled, axis=1) / spread * math.sqrt(periods)
    return found
