"""Which holdings move together: average linkage over correlation distances, and the order that shows it.

Distance is sqrt((1 - ρ) / 2): 0 of two that move as one, 1 of opposites. Source: Mantegna (1999), "Hierarchical
structure in financial markets", European Physical Journal B 11; averages by the recurrence of Lance & Williams (1967).
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

F2 = NDArray[np.float64]

Linkage = Literal["average", "single"]


class Tree(NamedTuple):
    """N - 1 merges in order: the two joined (below N a holding, else merge number N + i), and their distance."""

    pairs: tuple[tuple[int, int], ...]
    heights: tuple[float, ...]
    size: int


def distances(correlations: F2) -> F2:
    """Distances [N, N] of correlations."""
    found: F2 = np.sqrt(np.maximum(0.0, (1.0 - correlations) / 2.0))
    np.fill_diagonal(found, 0.0)
    return found


def tree(distance: F2, linkage: Linkage = "average") -> Tree:
    """Join the two nearest clusters until one is left; of equals those with the smallest numbers.

    Parameters
    ----------
    distance : shape [N, N], symmetric, finite, N at least 1
    """
    size = distance.shape[0]
    between = distance.astype(np.float64).copy()
    np.fill_diagonal(between, np.inf)
    names, counts = list(range(size)), np.ones(size)
    pairs, heights = [], []
    alive = np.ones(size, np.bool_)
    for step in range(size - 1):
        flat = int(np.argmin(between))
        a, b = sorted(divmod(flat, size))
        pairs.append((min(names[a], names[b]), max(names[a], names[b])))
        heights.append(float(between[a, b]))
        if linkage == "average":
            joined = (counts[a] * between[a] + counts[b] * between[b]) / (counts[a] + counts[b])
        else:
            joined = np.minimum(between[a], between[b])
        counts[a] += counts[b]
        alive[b] = False
        between[b, :] = between[:, b] = np.inf
        between[a, alive] = between[alive, a] = joined[alive]
        between[a, a] = np.inf
        names[a] = size + step
    return Tree(tuple(pairs), tuple(heights), size)


def order(of: Tree) -> list[int]:
    """The holdings so that each cluster lies together; the one joined first comes first."""
    if of.size == 1:
        return [0]
    found: list[int] = []
    waiting = [of.size + len(of.pairs) - 1]
    while waiting:
        node = waiting.pop()
        if node < of.size:
            found.append(node)
        else:
            left, right = of.pairs[node - of.size]
            waiting += [right, left]
    return found


def groups(of: Tree, height: float) -> list[list[int]]:
    """The clusters whose members are joined at or below a distance, in the order of `order`."""
    cut: list[list[int]] = []
    waiting = [of.size + len(of.pairs) - 1] if of.size > 1 else [0]
    while waiting:
        node = waiting.pop()
        if node < of.size:
            cut.append([node])
        elif of.heights[node - of.size] <= height:
            cut.append(_leaves(of, node))
        else:
            left, right = of.pairs[node - of.size]
            waiting += [right, left]
    return cut


def _leaves(of: Tree, node: int) -> list[int]:
    if node < of.size:
        return [node]
    left, right = of.pairs[node - of.size]
    return _leaves(of, left) + _leaves(of, right)
