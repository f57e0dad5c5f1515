"""Does any of many configurations beat the benchmark? White's reality check and Hansen's test."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.engines.evidence.intervals import AT_ONCE, RESAMPLES
from app.engines.evidence.resampling import block_length, stationary_draws, weights
from app.engines.risk.basics import NOISE

F1 = NDArray[np.float64]
F2 = NDArray[np.float64]


class RealityCheck(NamedTuple):
    """p-values of "no configuration beats the benchmark", None with a reason where undefined.

    `reality_check` is White's; `consistent` is Hansen's, `lower` and `upper` its liberal and conservative bounds.
    `best` is the configuration with the highest mean, `statistic` Hansen's. The draw is told beside them.
    """

    reality_check: float | None
    consistent: float | None
    lower: float | None
    upper: float | None
    best: int | None
    statistic: float | None
    resamples: int
    block: float
    seed: int
    reason: str | None = None


def reality_check(
    returns: F2,
    benchmark: F1 | float = 0.0,
    *,
    block: float | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> RealityCheck:
    """Test all configurations together against the benchmark by the stationary bootstrap.

    Parameters
    ----------
    returns : shape [T, N], per period, of every configuration that was tried; no NaN
    benchmark : per period, shape [T], or one rate
    block : mean block length in periods; None = the longest that `block_length` finds among the configurations

    White's statistic is max_k sqrt(T) d̄_k. Hansen's is studentised: max(0, max_k sqrt(T) d̄_k / ω_k), with ω² of the
    bootstrap's own kernel; configurations that do not vary are in neither. The bootstrap is centred at d̄ (upper and
    White's), at max(d̄, 0) (lower), or at d̄ where it is not clearly bad (consistent). p is (1 + those at least as
    large) / (1 + resamples), never zero.

    Raises
    ------
    ValueError : the shapes, or a NaN; named.

    Source: White (2000), "A Reality Check for Data Snooping", Econometrica 68(5); Hansen (2005), "A Test for Superior
    Predictive Ability", Journal of Business & Economic Statistics 23(4).
    """
    if returns.ndim != 2:
        raise ValueError(f"returns: expected [periods, configurations], got {returns.ndim} dimensions")
    if not isinstance(benchmark, float | int) and benchmark.shape != returns.shape[:1]:
        raise ValueError(f"benchmark: expected {returns.shape[0]} periods, got {benchmark.shape}")
    ahead = returns - (benchmark if isinstance(benchmark, float | int) else benchmark[:, None])
    if np.isnan(ahead).any():
        t, n = np.argwhere(np.isnan(ahead))[0]
        raise ValueError(f"returns: no return of configuration {n} or its benchmark in period {t}")
    size = len(ahead)
    varying = np.flatnonzero(np.std(ahead, axis=0) >= NOISE) if size > 1 else np.empty(0, np.int64)
    if size < 10 or varying.size == 0:
        why = "fewer than ten periods" if size < 10 else "no configuration varies against the benchmark"
        return RealityCheck(None, None, None, None, None, None, resamples, block or 1.0, seed, why)
    ahead = ahead[:, varying]
    if block is None:
        block = max(block_length(column) for column in ahead.T)
    means = np.mean(ahead, axis=0)
    omega = np.sqrt(_long_run_variance(ahead - means, block))
    root = math.sqrt(size)
    bad = root * means / omega < -math.sqrt(2.0 * math.log(math.log(size)))
    centres = (means, means, np.where(bad, 0.0, means), np.maximum(means, 0.0))  # White, upper, consistent, lower
    scales = (np.ones_like(omega), omega, omega, omega)
    white = root * float(np.max(means))
    hansen = max(0.0, root * float(np.max(means / omega)))
    counts = np.zeros(4, np.int64)
    for rows in stationary_draws(size, block, resamples, seed=seed, at_once=max(1, AT_ONCE // size)):
        drawn = weights(rows) @ ahead / size
        for i, (centre, scale) in enumerate(zip(centres, scales, strict=True)):
            largest = np.max(root * (drawn - centre) / scale, axis=1)
            counts[i] += np.count_nonzero((largest if i == 0 else np.maximum(largest, 0.0)) >= (white, hansen)[i > 0])
    p = ((1.0 + counts) / (1.0 + resamples)).tolist()
    return RealityCheck(p[0], p[2], p[3], p[1], int(varying[np.argmax(means)]), hansen, resamples, block, seed)


def _long_run_variance(moves: F2, block: float) -> F1:
    """Variance of sqrt(T) × mean under the stationary bootstrap, of each column; at least that of noise."""
    size, q = len(moves), 1.0 / block
    variance = np.mean(moves * moves, axis=0)
    for lag in range(1, size):
        kernel = (size - lag) / size * (1.0 - q) ** lag + lag / size * (1.0 - q) ** (size - lag)
        if kernel < 1e-12:
            continue
        variance = variance + 2.0 * kernel * np.sum(moves[lag:] * moves[:-lag], axis=0) / size
    floor: F1 = np.maximum(variance, NOISE * NOISE)
    return floor
