"""How the money and the risk are spread: concentration, and what each holding adds to the volatility."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

F1 = NDArray[np.float64]
F2 = NDArray[np.float64]
I1 = NDArray[np.int64]

_NOISE: Final = 1e-12


def herfindahl(weights: F1) -> float:
    """Sum of the squared shares: 1 / N where all are equal, 1 where there is one.

    Source: Herfindahl (1950), "Concentration in the Steel Industry"; Hirschman (1964).
    """
    return float(np.sum(weights * weights))


def effective_number(weights: F1) -> float:
    """1 / `herfindahl`: how many equal holdings would be as concentrated."""
    return 1.0 / herfindahl(weights)


def top_share(weights: F1, count: int) -> float:
    """Share of the `count` largest; all of it where there are fewer."""
    return float(np.sum(np.sort(weights)[::-1][:count]))


class Contributions(NamedTuple):
    """Of each holding [N]: `marginal` = change of volatility with its weight, `absolute` = weight × marginal, which
    sum to `volatility`, and `share` = absolute / volatility, which sum to 1."""

    volatility: float
    marginal: F1
    absolute: F1
    share: F1


def contributions(weights: F1, covariances: F2) -> Contributions | None:
    """Euler's split of the volatility; None where the portfolio does not vary. In the unit of the covariances.

    Source: Litterman (1996), "Hot Spots and Hedges", Journal of Portfolio Management 23.
    """
    towards = np.sum(covariances * weights, axis=1)
    variance = float(np.sum(weights * towards))
    if variance < _NOISE * _NOISE:
        return None
    volatility = math.sqrt(variance)
    marginal = towards / volatility
    absolute = weights * marginal
    return Contributions(volatility, marginal, absolute, absolute / float(np.sum(absolute)))


def tail_contributions(weights: F1, returns: F2, confidence: float) -> F1 | None:
    """Each holding's part of the expected shortfall, [N], summing to 1: its mean loss in the worst sessions.

    None where those sessions are no loss. Source: Tasche (2002), "Expected Shortfall and Beyond".
    """
    totals = np.sum(returns * weights, axis=1)
    edge = np.quantile(totals, 1.0 - confidence)
    worst = totals <= edge + _NOISE
    parts = -np.mean(returns[worst], axis=0) * weights
    whole = float(np.sum(parts))
    return parts / whole if whole > _NOISE else None


def diversification_ratio(weights: F1, covariances: F2) -> float | None:
    """Mean volatility of the holdings over the portfolio's; 1 where they move as one. Source: Choueifaty (2008)."""
    split = contributions(weights, covariances)
    return None if split is None else float(np.sum(weights * np.sqrt(np.diag(covariances)))) / split.volatility


def off_diagonal(matrix: F2) -> F1:
    """The values above the diagonal, row by row."""
    return matrix[np.triu_indices(matrix.shape[0], 1)]
