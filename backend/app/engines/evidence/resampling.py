"""Drawing sessions again: the stationary bootstrap, and how long its blocks should be.

Returns of neighbouring sessions hang together, in size if not in sign, so that single sessions drawn one by one would
tell of too narrow a spread. Blocks keep neighbours together.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.engines.evidence.drawing import joined

F1 = NDArray[np.float64]
I2 = NDArray[np.int64]

_DEVIATIONS: Final = 2.0  # an autocorrelation within so many of its deviations is taken for none
_NONE: Final = 1e-12


def stationary_draws(
    sessions: int, block: float, resamples: int, *, seed: int, at_once: int | None = None
) -> Iterator[I2]:
    """Sessions drawn in blocks of geometric length, wrapping round at the end.

    Parameters
    ----------
    sessions : T, at least 1
    block : expected length of a block, at least 1; 1 draws session by session
    resamples : B, how many draws in all
    seed : the same seed gives the same draws, however many at once
    at_once : draws in one array; None = all

    Yields
    ------
    shape [b, T], indices below T.

    Source: Politis & Romano (1994), "The Stationary Bootstrap", Journal of the American Statistical Association 89.
    """
    if sessions < 1 or block < 1.0:
        raise ValueError(f"expected a session and a block of 1 or more, got {sessions} and {block}")
    for begin in range(0, resamples, at_once or max(resamples, 1)):
        count = min(at_once or resamples, resamples - begin)
        starts, fresh = np.empty((count, sessions), np.int64), np.empty((count, sessions))
        for i in range(count):  # a stream of its own for each draw: none depends on how many are drawn together
            stream = np.random.default_rng([seed, begin + i])
            starts[i] = stream.integers(0, sessions, sessions)
            stream.random(out=fresh[i])
        joined(starts, fresh, 1.0 / block)
        yield starts


def circular_draws(sessions: int, block: int, resamples: int, *, seed: int, at_once: int | None = None) -> Iterator[I2]:
    """Sessions drawn in blocks of one length, wrapping round at the end; the last block is cut where T is full.

    Parameters, yields and errors as `stationary_draws`, but `block` a whole number.

    Source: Politis & Romano (1992), "A circular block-resampling procedure for stationary data".
    """
    if sessions < 1 or block < 1:
        raise ValueError(f"expected a session and a block of 1 or more, got {sessions} and {block}")
    blocks, step = -(-sessions // block), np.arange(block)
    for begin in range(0, resamples, at_once or max(resamples, 1)):
        count = min(at_once or resamples, resamples - begin)
        starts = [np.random.default_rng([seed, begin + i]).integers(0, sessions, blocks) for i in range(count)]
        whole = (np.array(starts)[:, :, None] + step).reshape(count, blocks * block)
        yield whole[:, :sessions] % sessions


def weights(drawn: I2) -> NDArray[np.float64]:
    """How often each session was drawn, [B, T] of draws [B, T]: the sums of a draw are a product of matrices."""
    count, sessions = drawn.shape
    flat = (drawn + np.arange(count)[:, None] * sessions).reshape(-1)
    return np.bincount(flat, minlength=count * sessions).reshape(count, sessions).astype(np.float64)


def block_length(returns: F1) -> float:
    """The expected length of a block that suits the autocorrelation of a series, in sessions, at least 1.

    Parameters
    ----------
    returns : shape [T], without NaN; ValueError below 2

    A series without autocorrelation, or one that does not vary, has 1. It is never above a third of T, or 3 sqrt(T).

    Source: Politis & White (2004), "Automatic Block-Length Selection for the Dependent Bootstrap", Econometric Reviews
    23(1), with the correction of Patton, Politis & White (2009), Econometric Reviews 28(4).
    """
    count = returns.size
    if count < 2:
        raise ValueError(f"returns: expected two or more, got {count}")
    centred = returns - returns.mean()
    variance = float(centred @ centred) / count
    if variance < _NONE * _NONE:
        return 1.0
    beyond = max(5, math.ceil(math.sqrt(math.log10(count))))
    most = min(math.ceil(math.sqrt(count)) + beyond, count - 1)
    covariances = np.array([float(centred[: count - k] @ centred[k:]) / count for k in range(most + 1)])
    insignificant = np.abs(covariances / variance) < _DEVIATIONS * math.sqrt(math.log10(count) / count)
    last = _last_that_matters(insignificant, beyond)
    if last == 0:
        return 1.0
    window = min(2 * last, most)
    lags = np.arange(1, window + 1)
    weights = np.minimum(1.0, 2.0 * (1.0 - lags / window))  # flat to the half, then down to zero
    weighted = weights * covariances[1 : window + 1]
    spread = variance + 2.0 * float(weighted.sum())
    if abs(spread) < _NONE * variance:
        return 1.0
    slope = 2.0 * float((lags * weighted).sum())
    best = (slope / spread) ** 2 * count  # 2 G² / D of the papers, D = 2 spread² for the stationary bootstrap
    return float(min(max(best ** (1.0 / 3.0), 1.0), math.ceil(min(3.0 * math.sqrt(count), count / 3.0))))


def _last_that_matters(insignificant: NDArray[np.bool_], beyond: int) -> int:
    """The lag after which so many lags in a row have no autocorrelation to speak of."""
    row = 0
    for lag in range(1, insignificant.size):
        row = row + 1 if insignificant[lag] else 0
        if row == beyond:
            return lag - beyond
    significant = np.flatnonzero(~insignificant[1:])
    return int(significant[-1]) + 1 if significant.size else 0
