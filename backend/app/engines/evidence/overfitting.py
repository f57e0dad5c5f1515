"""Probability of backtest overfitting, by combinatorially symmetric cross-validation (CSCV)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, islice
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.engines.risk.basics import NOISE

F1 = NDArray[np.float64]
F2 = NDArray[np.float64]

FEWEST_BLOCKS: Final = 8
MOST_BLOCKS: Final = 20  # 184,756 halves
_AT_ONCE: Final = 4_000_000  # numbers held at a time


class Overfitting(NamedTuple):
    """What the halves say of choosing the best configuration in-sample.

    `probability` (PBO) is the share of halves in which the best in-sample is at or below the median out of sample.
    `slope` and `intercept` are of the line of its out-of-sample ratio on its in-sample one, `loss` the share of halves
    in which it lost out of sample. `logits` of each half, shape [combinations]. None = undefined, with the why.
    """

    probability: float | None
    mean_logit: float | None
    slope: float | None
    intercept: float | None
    loss: float | None
    combinations: int
    logits: F1
    reason: str | None = None


def probability_of_overfitting(returns: F2, blocks: int = 16) -> Overfitting:
    """PBO of a table of configurations.

    Parameters
    ----------
    returns : shape [T, N], per period of N configurations, every one that was tried; no NaN
    blocks : S, even, 8 to 20 (fewer than 8 are allowed from 2 on, and say little); T mod S first rows are dropped

    The ratio of a configuration in a half is mean over sample deviation of the half's returns together (not a mean of
    blocks); zero where they do not vary. The rank out of sample, ties averaged, over N + 1 is ω; its logit
    ln(ω / (1 - ω)) is at most zero where the choice did no better than the median.

    Raises
    ------
    ValueError : the shape, the blocks or a NaN; named.

    Source: Bailey, Borwein, López de Prado & Zhu (2015), "The Probability of Backtest Overfitting", Journal of
    Computational Finance 20(4).
    """
    if returns.ndim != 2:
        raise ValueError(f"returns: expected [periods, configurations], got {returns.ndim} dimensions")
    if blocks % 2 or not 2 <= blocks <= MOST_BLOCKS:
        raise ValueError(f"blocks: expected an even number from 2 to {MOST_BLOCKS}, got {blocks}")
    if np.isnan(returns).any():
        t, n = np.argwhere(np.isnan(returns))[0]
        raise ValueError(f"returns: no return of configuration {n} in period {t}; give the periods that all have")
    size, count = returns.shape
    length = size // blocks
    if count < 2 or length * blocks // 2 < 2:
        why = "fewer than two configurations" if count < 2 else f"fewer than two periods in half of {blocks} blocks"
        return Overfitting(None, None, None, None, None, 0, np.empty(0), why)
    kept = returns[size - length * blocks :]
    kept = kept - np.mean(kept, axis=0)  # so that sums of squares lose no digits; added back to the means
    shift = np.mean(returns[size - length * blocks :], axis=0)
    in_blocks = kept.reshape(blocks, length, count)
    sums, squares = in_blocks.sum(axis=1), (in_blocks * in_blocks).sum(axis=1)
    inside, outside, below = [], [], []
    for half in _halves(blocks, max(1, _AT_ONCE // count)):
        first = _ratios(half, sums, squares, shift, length)
        second = _ratios(~half, sums, squares, shift, length)
        best = np.argmax(first, axis=1)
        rows = np.arange(len(best))
        chosen = second[rows, best]
        lower = np.count_nonzero(second < chosen[:, None], axis=1)
        equal = np.count_nonzero(second == chosen[:, None], axis=1)
        inside.append(first[rows, best])
        outside.append(chosen)
        below.append(lower + (equal + 1.0) / 2.0)
    x, y, rank = (np.concatenate(parts) for parts in (inside, outside, below))
    share = rank / (count + 1.0)
    logits = np.log(share / (1.0 - share))
    moves = x - np.mean(x)
    spread = float(moves @ moves)
    slope = float(moves @ (y - np.mean(y))) / spread if spread > NOISE**2 * x.size else None
    return Overfitting(
        probability=float(np.mean(logits <= 0.0)),
        mean_logit=float(np.mean(logits)),
        slope=slope,
        intercept=None if slope is None else float(np.mean(y)) - slope * float(np.mean(x)),
        loss=float(np.mean(y < 0.0)),
        combinations=logits.size,
        logits=logits,
        reason="the best in-sample ratio is the same in every half: no line through one point"
        if slope is None
        else None,
    )


def _halves(blocks: int, at_once: int) -> Iterator[NDArray[np.bool_]]:
    """Every choice of half of the blocks, as masks [some, blocks]."""
    chosen = combinations(range(blocks), blocks // 2)
    while part := list(islice(chosen, at_once)):
        mask = np.zeros((len(part), blocks), np.bool_)
        np.put_along_axis(mask, np.array(part), True, axis=1)
        yield mask


def _ratios(half: NDArray[np.bool_], sums: F2, squares: F2, shift: F1, length: int) -> F2:
    """Mean over sample deviation of each half and configuration, [halves, configurations].

    Added block by block: the order, and so the last bit, is one for all columns, which ties need.
    """
    total, square = np.zeros((len(half), sums.shape[1])), np.zeros((len(half), sums.shape[1]))
    for block in range(half.shape[1]):
        rows = half[:, block]
        total[rows] += sums[block]
        square[rows] += squares[block]
    periods = length * half.shape[1] // 2
    mean = total / periods
    deviation = np.sqrt(np.maximum(square - periods * mean * mean, 0.0) / (periods - 1))
    still = deviation < NOISE
    ratios: F2 = np.where(still, 0.0, (mean + shift) / np.where(still, 1.0, deviation))
    return ratios
