"""What moves the market as a whole, and how much of a portfolio's moves it explains.

Factor returns are built from the panel: at the end of each month the shares are ranked by what was known then, and the
next month's factor return of a session is the mean return of the top three tenths less that of the bottom three tenths.
Ranks: size by market value (the small less the large), value by earnings over price, momentum by the twelve months
before the last, low volatility by the deviation of a year of returns (the quiet less the loud). The market is a
benchmark's return. Source: Fama & French (1993), Journal of Financial Economics 33; Jegadeesh & Titman (1993), Journal
of Finance 48; Ang, Hodrick, Xing & Zhang (2006), Journal of Finance 61.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

F1 = NDArray[np.float64]
F2 = NDArray[np.float64]
D1 = NDArray[np.datetime64]

YEAR: Final = 252
MONTH: Final = 21
FEWEST: Final = 30  # shares ranked, below which a month has no factor return
SHARE: Final = 0.3  # of the shares in each leg
LARGEST_MOVE: Final = 0.5  # a session's return beyond it is bad data more often than news


def month_ends(sessions: D1) -> NDArray[np.int64]:
    """Index of the last session of each calendar month, without an unfinished last one."""
    months = sessions.astype("datetime64[M]")
    return np.flatnonzero(months[1:] != months[:-1])


def long_short(returns: F2, score: F2, ends: NDArray[np.int64]) -> F1:
    """Mean return of the best three tenths less that of the worst, [T]; NaN before the first ranking.

    Parameters
    ----------
    returns : shape [T, N], NaN where there is none
    score : shape [M, N], what the shares are ranked by at each month's end; NaN is not ranked
    ends : shape [M], the session of each ranking: it counts from the next session to the next ranking
    """
    found = np.full(returns.shape[0], np.nan)
    usable = np.abs(returns) <= LARGEST_MOVE
    for m, end in enumerate(ends.tolist()):
        ranked = np.flatnonzero(~np.isnan(score[m]))
        if ranked.size < FEWEST:
            continue
        by_rank = ranked[np.argsort(score[m, ranked], kind="stable")]
        leg = max(1, int(SHARE * ranked.size))
        until = int(ends[m + 1]) if m + 1 < len(ends) else returns.shape[0] - 1
        rows = slice(end + 1, until + 1)
        found[rows] = _mean(returns[rows, by_rank[-leg:]], usable[rows, by_rank[-leg:]]) - _mean(
            returns[rows, by_rank[:leg]], usable[rows, by_rank[:leg]]
        )
    return found


def _mean(values: F2, usable: NDArray[np.bool_]) -> F1:
    count = usable.sum(axis=1)
    total = np.where(usable, values, 0.0).sum(axis=1)
    found: F1 = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return found


def momentum_scores(prices: F2, ends: NDArray[np.int64]) -> F2:
    """Return of the twelve months before the last one, [M, N]; NaN without both prices."""
    found = np.full((len(ends), prices.shape[1]), np.nan)
    for m, end in enumerate(ends.tolist()):
        if end >= YEAR:
            found[m] = prices[end - MONTH] / prices[end - YEAR] - 1.0
    return found


def quiet_scores(returns: F2, ends: NDArray[np.int64]) -> F2:
    """Minus the deviation of a year of returns, [M, N]; NaN where more than a tenth of them are missing."""
    found = np.full((len(ends), returns.shape[1]), np.nan)
    for m, end in enumerate(ends.tolist()):
        if end < YEAR:
            continue
        year = returns[end - YEAR + 1 : end + 1]
        known = ~np.isnan(year)
        count = known.sum(axis=0)
        filled = np.where(known, year, 0.0)
        mean = filled.sum(axis=0) / np.maximum(count, 1)
        square = np.where(known, (filled - mean) ** 2, 0.0).sum(axis=0)
        enough = count >= 0.9 * YEAR
        found[m, enough] = -np.sqrt(square[enough] / (count[enough] - 1))
    return found


class Exposure(NamedTuple):
    """A slope of the regression with its standard error (Newey & West)."""

    value: float
    error: float

    @property
    def low(self) -> float:
        """Lower end of the 95 % interval."""
        return self.value - 1.959963984540054 * self.error

    @property
    def high(self) -> float:
        """Upper end of the 95 % interval."""
        return self.value + 1.959963984540054 * self.error


class Fit(NamedTuple):
    """`exposures` in the order of the factors, R² and the sessions it rests on."""

    exposures: tuple[Exposure, ...]
    r_squared: float
    sessions: int


def regress(returns: F1, factors: F2) -> Fit | None:
    """Least squares of the returns [T] on the factors [T, K] and a constant, over the sessions in which all are known.

    None with fewer than ten sessions a factor, or where the factors cannot be told apart. Errors allow for
    heteroskedastic and autocorrelated residuals.

    Source: Newey & West (1987), Econometrica 55(3); lags 4 (T / 100) ** (2 / 9), Newey & West (1994).
    """
    known = ~(np.isnan(returns) | np.isnan(factors).any(axis=1))
    count, width = int(known.sum()), factors.shape[1]
    if width == 0 or count < max(30, 10 * width):
        return None
    x = np.column_stack([np.ones(count), factors[known]])
    y = returns[known]
    scale = np.sqrt(np.mean(x * x, axis=0))
    if (scale < 1e-12).any() or float(np.std(y)) < 1e-12:
        return None
    x = x / scale
    gram = np.einsum("ti,tj->ij", x, x)
    if np.linalg.cond(gram) > 1e10:
        return None
    inverse = np.linalg.inv(gram)
    slope = np.einsum("ij,j->i", inverse, np.einsum("ti,t->i", x, y))
    rest = y - np.sum(x * slope, axis=1)
    moved = x * rest[:, None]
    middle = np.einsum("ti,tj->ij", moved, moved)
    lags = int(4.0 * (count / 100.0) ** (2.0 / 9.0))
    for lag in range(1, lags + 1):
        cross = np.einsum("ti,tj->ij", moved[lag:], moved[:-lag])
        middle += (1.0 - lag / (lags + 1.0)) * (cross + cross.T)
    errors = np.einsum("ij,jk,ki->i", inverse, middle, inverse)
    spread = np.sqrt(np.maximum(errors, 0.0)) / scale
    value = slope / scale
    explained = 1.0 - float(np.sum(rest * rest)) / float(np.sum((y - y.mean()) ** 2))
    exposures = tuple(Exposure(float(value[k]), float(spread[k])) for k in range(1, width + 1))
    return Fit(exposures, explained if math.isfinite(explained) else 0.0, count)
