"""Three ways to spread the same money over the same shares, none of which guesses at returns.

Covariances are shrunk (`shrunk_covariance`). Minimum variance is solved inside the limits. Risk parity and HRP know no
limits: where there are some, the allowed weights nearest to theirs, by tracking error, are taken.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.engines.portfolio.clusters import distances, order, tree
from app.engines.portfolio.convex import NotSolved, colliding, minimise, times
from app.engines.portfolio.limits import Region
from app.engines.portfolio.table import correlation, covariance

F1 = NDArray[np.float64]
F2 = NDArray[np.float64]

_DIGITS: Final = 9  # of a weight: what lies below is the solver's noise


class Infeasible(ValueError):
    """No weights keep to all limits; `limits` are the words of those that collide."""

    def __init__(self, limits: tuple[str, ...]) -> None:
        super().__init__("No weights keep to all of: " + "; ".join(limits))
        self.limits = limits


def shrunk_covariance(returns: F2) -> tuple[F2, float]:
    """Covariance [N, N] of returns [T, N] drawn towards equal variances without correlation, and how far (0 to 1).

    Source: Ledoit & Wolf (2004), "A well-conditioned estimator for large-dimensional covariance matrices", Journal of
    Multivariate Analysis 88; population moments, as there.
    """
    count, width = returns.shape
    sample = covariance(np.ascontiguousarray(returns.T)) * ((count - 1) / count)
    mean = float(np.trace(sample)) / width
    spread = float(np.sum(sample * sample)) / width - mean * mean
    centred = returns - returns.mean(axis=0)
    lengths = np.sum(centred * centred, axis=1)
    error = (float(np.sum(lengths * lengths)) / count - float(np.sum(sample * sample))) / (count * width)
    share = 1.0 if spread <= 0.0 else min(max(error, 0.0), spread) / spread
    shrunk: F2 = (1.0 - share) * sample + share * mean * np.eye(width)
    return shrunk, share


def minimum_variance(returns: F2, within: Region) -> F1:
    """The weights of least variance. Source: Markowitz (1952), Journal of Finance 7(1)."""
    return _least(_scaled(shrunk_covariance(returns)[0]), np.zeros(returns.shape[1]), within)


def risk_parity(returns: F2, within: Region) -> F1:
    """The weights whose contributions to the volatility are equal.

    Source: Maillard, Roncalli & Teïletche (2010), Journal of Portfolio Management 36(4); solved by cycling through the
    coordinates, Griveau-Billion, Richard & Roncalli (2013).
    """
    matrix = shrunk_covariance(returns)[0]
    n = matrix.shape[0]
    variance = np.diag(matrix)
    x = 1.0 / np.sqrt(variance) / n
    budget = 1.0 / n
    for _ in range(1000):
        before = x.copy()
        for i in range(n):
            others = float(np.sum(matrix[i] * x)) - variance[i] * x[i]
            volatility = math.sqrt(float(np.sum(x * np.sum(matrix * x, axis=1))))
            x[i] = (-others + math.sqrt(others * others + 4.0 * variance[i] * budget * volatility)) / (
                2.0 * variance[i]
            )
        if float(np.max(np.abs(x - before))) < 1e-12 * float(np.sum(x)):
            break
    return _nearest(x / float(np.sum(x)), matrix, within)


def hierarchical_risk_parity(returns: F2, within: Region) -> F1:
    """HRP: the money is halved again and again along the order of the clusters, by the inverse of each half's variance.

    Single linkage over correlation distances. Source: López de Prado (2016), "Building Diversified Portfolios that
    Outperform Out of Sample", Journal of Portfolio Management 42(4).
    """
    plain = covariance(np.ascontiguousarray(returns.T))
    places = order(tree(distances(correlation(plain)), "single"))
    weights = np.ones(plain.shape[0])
    parts = [places]
    while parts:
        parts = [half for part in parts if len(part) > 1 for half in (part[: len(part) // 2], part[len(part) // 2 :])]
        for left, right in zip(parts[::2], parts[1::2], strict=True):
            one, other = _cluster_variance(plain, left), _cluster_variance(plain, right)
            share = 1.0 - one / (one + other)
            weights[left] *= share
            weights[right] *= 1.0 - share
    return _nearest(weights, plain, within)


def _cluster_variance(matrix: F2, members: list[int]) -> float:
    part = matrix[np.ix_(members, members)]
    inverse = 1.0 / np.diag(part)
    weights = inverse / float(np.sum(inverse))
    return float(np.sum(weights * np.sum(part * weights, axis=1)))


METHODS: Final[dict[str, Callable[[F2, Region], F1]]] = {
    "minimum_variance": minimum_variance,
    "risk_parity": risk_parity,
    "hierarchical_risk_parity": hierarchical_risk_parity,
}


def allocate(method: str, returns: F2, within: Region) -> F1:
    """Weights [N] by a method of `METHODS` from returns [T, N], T at least 2, inside a region.

    They sum to 1 but for a rounding of each to nine digits.

    Raises
    ------
    Infeasible : the limits collide.
    ValueError : a share does not vary.
    """
    check_moves(returns)
    return METHODS[method](returns, within)


def check_moves(returns: F2) -> None:
    """Raises ValueError where a share does not vary."""
    if (np.std(returns, axis=0) < 1e-12).any():
        raise ValueError("a holding whose price does not move cannot be weighed by its risk")


def _scaled(matrix: F2) -> F2:
    """A covariance matrix with a mean variance of 1: the solver's tolerances are absolute."""
    scaled: F2 = matrix / (float(np.trace(matrix)) / matrix.shape[0])
    return scaled


def _nearest(weights: F1, matrix: F2, within: Region) -> F1:
    """The allowed weights of least tracking error to some; the same where they are allowed."""
    if not within.soft.any():
        return cleaned(weights)
    scaled = _scaled(matrix)
    return _least(scaled, -times(scaled, weights), within)


def _least(quadratic: F2, linear: F1, within: Region) -> F1:
    """The allowed weights of least ½ w' P w + q' w."""
    n, width = linear.size, within.matrix.shape[1]
    wide = np.zeros((width, width))
    wide[:n, :n] = quadratic
    try:
        found = minimise(
            wide, np.concatenate([linear, np.zeros(width - n)]), within.matrix, within.limits, within.equal,
            within.right,
        )  # fmt: skip
    except NotSolved:
        name_colliding(within)
        raise
    return cleaned(found.x[:n])


def name_colliding(within: Region) -> None:
    """Raises Infeasible where no weights keep to a region, naming the limits."""
    rows = colliding(within.matrix, within.limits, within.equal, within.right, within.soft)
    if rows.size:
        raise Infeasible(tuple(dict.fromkeys(within.words[row] for row in rows.tolist())))


def cleaned(weights: F1) -> F1:
    """A solver's weights without its noise: none below zero, and a sum of 1 but for rounding."""
    shares = weights / float(np.sum(weights))
    rounded: F1 = np.maximum(np.round(shares, _DIGITS), 0.0)
    return rounded
