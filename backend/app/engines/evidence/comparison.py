"""Runs side by side: how far their figures differ, and how far they would differ by chance.

The runs are laid on the sessions that all of them have. Whole sessions are drawn again, the same ones for every run, in
blocks whose lengths vary (Politis & Romano 1994): what the runs have in common stays common, and so does the order
inside a block. The spread of a figure's difference over the draws is its interval.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.engines.evidence.drawing import walked
from app.engines.evidence.resampling import block_length, stationary_draws
from app.engines.risk.basics import NOISE, Measure
from app.engines.risk.returns import cagr, sharpe, volatility

F1 = NDArray[np.float64]
F2 = NDArray[np.float64]
I2 = NDArray[np.int64]
D1 = NDArray[np.datetime64]

RESAMPLES: Final = 2000
CONFIDENCE: Final = 0.95
FEWEST_SESSIONS: Final = 60
_AT_ONCE: Final = 100  # draws in memory together


class Curve(NamedTuple):
    """An equity curve: `days` shape [T], ascending, one a session; `equity` shape [T], rupees above zero."""

    days: D1
    equity: F1


class Difference(NamedTuple):
    """A figure of one run less that of the first, and its interval; None with a reason where it is undefined."""

    value: float | None
    low: float | None
    high: float | None
    reason: str | None = None


class Comparison(NamedTuple):
    """K runs on the T sessions they share.

    Attributes
    ----------
    days : shape [T]
    growth : shape [K, T], equity over that of the first shared session
    drawdown : shape [K, T], fractions, from the running peak of the shared sessions
    correlation : shape [K, K], of the daily returns; NaN where one does not vary
    values : by figure, one a run
    differences : by figure, one for each run after the first
    block : expected length of a block in sessions; None where no draw was made
    resamples, confidence : of the intervals
    reason : why there are no intervals, or None
    """

    days: D1
    growth: F2
    drawdown: F2
    correlation: F2
    values: dict[str, list[Measure]]
    differences: dict[str, list[Difference]]
    block: float | None
    resamples: int
    confidence: float
    reason: str | None


def _max_drawdown(returns: F1) -> Measure:
    growth = np.cumprod(np.append(1.0, 1.0 + returns))
    return Measure(float(np.min(growth / np.maximum.accumulate(growth))) - 1.0)


def _figures(periods: int) -> dict[str, Callable[[F1], Measure]]:
    return {
        "cagr": lambda returns: cagr(returns, periods),
        "volatility": lambda returns: volatility(returns, periods),
        "sharpe": lambda returns: sharpe(returns, periods),
        "max_drawdown": _max_drawdown,
    }


def _drawn(returns: F2, rows: I2, periods: int) -> dict[str, F2]:
    """The figures of returns [K, T] at drawn sessions [B, T], each [B, K]; NaN where one is undefined.

    The definitions of `_figures` for many series at once (a test compares the two).
    """
    each = [walked(one, rows) for one in returns]
    ends, deepest = np.column_stack([one.ends for one in each]), np.column_stack([one.deepest for one in each])
    # the runs side by side in memory, as the draws of all at once would lie: sums are added up in the same order
    drawn = np.stack([one.drawn for one in each], axis=2)
    mean, deviation = drawn.mean(axis=1), drawn.std(axis=1, ddof=1)
    deviation[deviation < NOISE] = 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(deviation > 0.0, mean / deviation, np.nan) * np.sqrt(periods)
        a_year = ends ** (periods / returns.shape[1]) - 1.0
    return {
        "cagr": a_year,
        "volatility": deviation * np.sqrt(periods),
        "sharpe": ratio,
        "max_drawdown": deepest,
    }


def shared(curves: Sequence[Curve]) -> tuple[D1, F2]:
    """The sessions that all curves have, [T], and their equity there, [K, T]."""
    days = curves[0].days
    for curve in curves[1:]:
        days = np.intersect1d(days, curve.days, assume_unique=True)
    return days, np.array([curve.equity[np.searchsorted(curve.days, days)] for curve in curves])


def compare(
    curves: Sequence[Curve], *, periods: int, seed: int = 0, resamples: int = RESAMPLES, confidence: float = CONFIDENCE
) -> Comparison:
    """Compare two or more curves with the first of them.

    Parameters
    ----------
    curves : of K runs
    periods : sessions a year
    seed : of the draws; the same seed draws the same sessions

    Raises
    ------
    ValueError : fewer than two curves, fewer than two sessions in common, or an equity that is not above zero.
    """
    if len(curves) < 2:
        raise ValueError(f"runs: expected two or more, got {len(curves)}")
    days, equity = shared(curves)
    if days.size < 2:
        raise ValueError(f"runs: expected two sessions or more that all of them have, there are {days.size}")
    if not (equity > 0.0).all():
        raise ValueError("runs: an equity of zero or less has no returns to compare")
    returns = equity[:, 1:] / equity[:, :-1] - 1.0
    growth = equity / equity[:, :1]
    figures = _figures(periods)
    values = {name: [figure(row) for row in returns] for name, figure in figures.items()}
    reason = None
    if days.size < FEWEST_SESSIONS:
        reason = f"{days.size} sessions in common: too few to draw from, {FEWEST_SESSIONS} are needed"
    block, drawn = None, {name: np.empty((0, len(curves))) for name in figures}
    if reason is None:
        block = max(block_length(row - returns[0]) for row in returns[1:])
        parts: dict[str, list[F2]] = {name: [] for name in figures}
        for rows in stationary_draws(returns.shape[1], block, resamples, seed=seed, at_once=_AT_ONCE):
            for name, found in _drawn(returns, rows, periods).items():
                parts[name].append(found)
        drawn = {name: np.concatenate(found) for name, found in parts.items()}
    differences = {
        name: [_difference(values[name], drawn[name], k, confidence, reason) for k in range(1, len(curves))]
        for name in figures
    }
    return Comparison(
        days,
        growth,
        growth / np.maximum.accumulate(growth, axis=1) - 1.0,
        _correlation(returns),
        values,
        differences,
        block,
        resamples,
        confidence,
        reason,
    )


def _difference(values: Sequence[Measure], drawn: F2, k: int, confidence: float, reason: str | None) -> Difference:
    mine, first = values[k], values[0]
    if mine.value is None or first.value is None:
        return Difference(None, None, None, mine.reason or first.reason)
    value = mine.value - first.value
    if reason is not None:
        return Difference(value, None, None, reason)
    gaps = drawn[:, k] - drawn[:, 0]
    if np.isnan(gaps).any():
        return Difference(value, None, None, "not defined in every draw")
    low, high = np.quantile(gaps, [(1.0 - confidence) / 2.0, (1.0 + confidence) / 2.0])
    return Difference(value, float(low), float(high))


def _correlation(returns: F2) -> F2:
    moving = returns.std(axis=1) >= NOISE
    found = np.full((len(returns), len(returns)), np.nan)
    if moving.any():
        found[np.ix_(moving, moving)] = np.atleast_2d(np.corrcoef(returns[moving]))
    np.fill_diagonal(found, np.where(moving, 1.0, np.nan))
    return found
