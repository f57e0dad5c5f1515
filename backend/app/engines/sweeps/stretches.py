"""How many points of a search are worked out and kept together: fewer, the longer one takes.

Whoever cancels a search waits for those at work, and whoever kills it loses them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from app.engines.strategies.base import Strategy
from app.engines.sweeps.evaluate import CHUNK, Inputs, Stretch
from app.engines.sweeps.spec import Points

CELLS: Final = 2_000_000  # bars times instruments, over all points of a stretch
EVENT_WEIGHT: Final = 100  # how much longer a bar takes a strategy that is asked for each in Python
TURNS: Final = 4  # bundles that each worker is given at the least, where there are as many stretches


def stretch_of(strategy: Strategy[Any], inputs: Inputs) -> int:
    """Points of a stretch on these bars, 1 to CHUNK."""
    weight = EVENT_WEIGHT if strategy.kind == "event" else 1
    bars, instruments = inputs.bars.shape
    return min(CHUNK, max(1, CELLS // max(1, weight * bars * instruments)))


def stretches_of(points: Points, sizes: Sequence[int], done: Mapping[int, int] | None = None) -> list[Stretch]:
    """The stretches of a sweep that are left, each of one base, of which `sizes` are the most points in one.

    `done` counts the points that are kept from each first one on.
    """
    each = len(points) // len(points.spec.bases)
    begins = range(0, len(points), each)
    if not done:
        return [
            (at, min(at + size, begin + each))
            for begin, size in zip(begins, sizes, strict=True)
            for at in range(begin, begin + each, size)
        ]
    free = np.ones(len(points), np.bool_)
    for first, count in done.items():
        free[first : first + count] = False
    found = []
    for begin, size in zip(begins, sizes, strict=True):
        edges = np.flatnonzero(np.diff(free[begin : begin + each].astype(np.int8), prepend=0, append=0)) + begin
        for first, after in edges.reshape(-1, 2).tolist():  # of each gap between those kept
            found += [(at, min(at + size, after)) for at in range(first, after, size)]
    return found


def bundles_of(points: Points, stretches: Sequence[Stretch], sizes: Sequence[int], workers: int) -> list[list[Stretch]]:
    """The same stretches, in their order, short ones together: a worker that is given one takes the whole bundle.

    A bundle is as much work as one whole stretch at the most, and less where the workers would not have TURNS each.
    """
    parts = [(after - first) / sizes[points.base(first)] for first, after in stretches]
    most = min(1.0, sum(parts) / (TURNS * workers)) + 1e-9  # parts that fill one up may add up to a trifle more
    found, full = list[list[Stretch]](), most
    for stretch, part in zip(stretches, parts, strict=True):
        if not found or full + part > most:
            found.append([])
            full = 0.0
        found[-1].append(stretch)
        full += part
    return found
