"""What a whole sweep looks like: cells of two parameters, and whether a peak stands alone or on a plateau."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import product
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.engines.backtest.spec import ParamValue

F1 = NDArray[np.float64]
F2 = NDArray[np.float64]
I1 = NDArray[np.int64]
I2 = NDArray[np.int64]

MOST_CELLS: Final = 40_000  # of a heat map
MOST_NEIGHBOURS: Final = 243  # of a point: five parameters


class Heat(NamedTuple):
    """The median over the other parameters of the points of each cell, [Y, X]; NaN where no point has a value."""

    median: F2
    points: I2  # of each cell, that have a value
    best: I2  # the first of those with the highest value; -1 where there is none


def heat(x: I1, y: I1, shape: tuple[int, int], values: F1) -> Heat:
    """A metric by two parameters.

    Parameters
    ----------
    x, y : shape [P], place of each point's value on the two axes
    shape : [Y, X]
    values : shape [P], NaN undefined
    """
    known = np.flatnonzero(~np.isnan(values))
    cell = y[known] * shape[1] + x[known]
    order = np.lexsort((values[known], cell))
    cell, sorted_ = cell[order], values[known][order]
    median = np.full(shape[0] * shape[1], np.nan)
    points = np.bincount(cell, minlength=median.size)
    first = np.concatenate([[0], np.cumsum(points)[:-1]])
    filled = np.flatnonzero(points)
    low, high = first[filled] + (points[filled] - 1) // 2, first[filled] + points[filled] // 2
    median[filled] = (sorted_[low] + sorted_[high]) / 2.0
    best = np.full(median.size, -1, np.int64)
    by_value = known[np.lexsort((-known, values[known], y[known] * shape[1] + x[known]))]
    best[filled] = by_value[first[filled] + points[filled] - 1]
    return Heat(median.reshape(shape), points.reshape(shape), best.reshape(shape))


def plateau(places: Mapping[str, I1], grid: Mapping[str, tuple[ParamValue, ...]], values: F1) -> F1:
    """The median of the metric over each point and its neighbours, shape [P]: what the peak is worth if one misses it.

    A neighbour differs by one step of the grid at most in every parameter; where it is no point, or has no value, it is
    left out. NaN where the point itself has no value.

    Parameters
    ----------
    places : of each point on each parameter's axis, shape [P]
    values : shape [P]

    Raises
    ------
    ValueError : more parameters than neighbourhoods are made of.
    """
    varied = [name for name in grid if len(grid[name]) > 1]
    if 3 ** len(varied) > MOST_NEIGHBOURS:
        raise ValueError(f"a neighbourhood of {len(varied)} parameters has {3 ** len(varied)} points: too many")
    shape = [len(grid[name]) + 2 for name in varied]  # a rim of nothing round it
    strides = [math.prod(shape[i + 1 :]) for i in range(len(shape))]
    at = np.zeros(values.size, np.int64)
    for name, stride in zip(varied, strides, strict=True):
        at += (places[name] + 1) * stride
    found = np.full(values.size, np.nan)
    order = np.argsort(at)
    ordered = at[order]
    around = np.full((values.size, 3 ** len(varied)), np.nan)
    for i, steps in enumerate(product((-1, 0, 1), repeat=len(varied))):
        wanted = at + sum(step * stride for step, stride in zip(steps, strides, strict=True))
        place = np.minimum(np.searchsorted(ordered, wanted), at.size - 1)
        there = ordered[place] == wanted
        around[there, i] = values[order[place[there]]]
    own = ~np.isnan(values)
    found[own] = np.nanmedian(around[own], axis=1)
    return found


def share_below(values: F1, chosen: float) -> float:
    """The share of the points with a value whose value is at most that of the chosen one."""
    known = values[~np.isnan(values)]
    return float(np.count_nonzero(known <= chosen)) / known.size
