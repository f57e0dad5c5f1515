"""How far equity fell from its peaks, how long, and what was earned for it."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from app.engines.risk.basics import F1, NO_BAR, NO_RETURN, NOISE, Measure, clean, product
from app.engines.risk.returns import cagr

NEVER_FELL = "equity never fell below its peak"
UNRECOVERED = "not recovered by the end of the run"


class Drawdown(NamedTuple):
    """The deepest fall from a peak, by index into the equity.

    `depth` is a fraction in [-1, 0]. `peak` is -1 where the opening capital was the peak, `recovery` None while the
    peak has not been seen again. All indices are None where equity never fell.
    """

    depth: float
    peak: int | None
    trough: int | None
    recovery: int | None


def drawdowns(equity: F1, capital: float) -> F1:
    """Equity over its running peak, minus 1, at each point; the opening capital is the first peak."""
    return equity / np.maximum.accumulate(np.maximum(equity, capital)) - 1.0


def deepest_drawdown(equity: F1, capital: float) -> Drawdown:
    """The deepest drawdown with its peak, trough and recovery; the earliest of equals."""
    below = drawdowns(equity, capital)
    trough = int(np.argmin(below)) if below.size else 0
    if below.size == 0 or below[trough] >= 0.0:
        return Drawdown(0.0, None, None, None)
    at_peak = np.flatnonzero(below[:trough] == 0.0)
    peak = int(at_peak[-1]) if at_peak.size else -1
    height = capital if peak < 0 else equity[peak]
    back = np.flatnonzero(equity[trough:] >= height)
    return Drawdown(float(below[trough]), peak, trough, trough + int(back[0]) if back.size else None)


def episodes(equity: F1, capital: float) -> list[Drawdown]:
    """Every fall from a peak until that peak is seen again, in order of time; the last may be unrecovered."""
    below = drawdowns(equity, capital)
    under = np.concatenate([[False], below < 0.0, [False]])
    edges = np.flatnonzero(under[1:] != under[:-1])
    found = []
    for first, after in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        trough = first + int(np.argmin(below[first:after]))
        found.append(Drawdown(float(below[trough]), first - 1, trough, after if after < below.size else None))
    return found


def max_drawdown(equity: F1, capital: float) -> Measure:
    """Deepest loss from the running peak, a fraction in [-1, 0].

    Source: Magdon-Ismail & Atiya (2004), "Maximum Drawdown", Risk 17(10).
    """
    if equity.size == 0:
        return Measure(None, NO_BAR)
    return Measure(float(np.min(drawdowns(equity, capital), initial=0.0)))


def mean_drawdown(equity: F1, capital: float) -> Measure:
    """Mean depth of the falls (`episodes`), a fraction in [-1, 0]."""
    found = episodes(equity, capital)
    if not found:
        return Measure(None, NEVER_FELL if equity.size else NO_BAR)
    return Measure(sum(fall.depth for fall in found) / len(found))


def recovery_periods(equity: F1, capital: float) -> Measure:
    """Periods from the trough of the deepest drawdown until its peak was seen again."""
    fall = deepest_drawdown(equity, capital)
    if fall.trough is None:
        return Measure(None, NEVER_FELL if equity.size else NO_BAR)
    if fall.recovery is None:
        return Measure(None, UNRECOVERED)
    return Measure(float(fall.recovery - fall.trough))


def longest_drawdown(equity: F1, capital: float) -> Measure:
    """Periods of the longest fall, from its peak until that peak was seen again or the curve ended.

    One from the opening capital begins at the first point, for nothing was measured before it.
    """
    if equity.size == 0:
        return Measure(None, NO_BAR)
    lengths = [(equity.size - 1 if fall.recovery is None else fall.recovery) - max(fall.peak or 0, 0)
               for fall in episodes(equity, capital)]  # fmt: skip
    return Measure(float(max(lengths, default=0)))


def ulcer_index(equity: F1, capital: float) -> Measure:
    """Root mean square of the drawdowns of all points, a fraction (the book's is in percent).

    Source: Martin & McCann (1989), "The Investor's Guide to Fidelity Funds".
    """
    if equity.size == 0:
        return Measure(None, NO_BAR)
    below = drawdowns(equity, capital)
    return Measure(math.sqrt(float(np.mean(below * below))))


def pain_index(equity: F1, capital: float) -> Measure:
    """Mean depth of the drawdowns of all points, a positive fraction. Source: Zephyr Associates (2006)."""
    if equity.size == 0:
        return Measure(None, NO_BAR)
    return Measure(-float(np.mean(drawdowns(equity, capital))))


def calmar(returns: F1, equity: F1, capital: float, periods: int) -> Measure:
    """CAGR over the depth of the deepest drawdown of the same window.

    Source: Young (1991), "Calmar Ratio: A Smoother Tool", Futures 20(1), there over 36 months.
    """
    depth = max_drawdown(equity, capital)
    return _reward(returns, periods, 0.0, depth.value and -depth.value)


def martin_ratio(returns: F1, equity: F1, capital: float, periods: int, risk_free_annual: float = 0.0) -> Measure:
    """Annual growth less the annual risk-free rate, over the Ulcer index. Source: as `ulcer_index`."""
    return _reward(returns, periods, risk_free_annual, ulcer_index(equity, capital).value)


def pain_ratio(returns: F1, equity: F1, capital: float, periods: int, risk_free_annual: float = 0.0) -> Measure:
    """Annual growth less the annual risk-free rate, over the pain index. Source: as `pain_index`."""
    return _reward(returns, periods, risk_free_annual, pain_index(equity, capital).value)


def burke_ratio(returns: F1, periods: int, risk_free_annual: float = 0.0) -> Measure:
    """Annual growth less the annual risk-free rate, over the root of the summed squares of the losing streaks.

    A streak is a stretch of returns below zero, its size their sum. Source: Burke (1994), "A Sharper Sharpe Ratio",
    Computerized Trader; Bacon (2008), "Practical Portfolio Performance", 4.3.
    """
    known = clean(returns)
    if known.size == 0:
        return Measure(None, NO_RETURN)
    losing = np.concatenate([[False], known < 0.0, [False]])
    edges = np.flatnonzero(losing[1:] != losing[:-1])
    sums = np.concatenate([[0.0], np.cumsum(np.minimum(known, 0.0))])
    streaks = sums[edges[1::2]] - sums[edges[::2]]
    return _reward(returns, periods, risk_free_annual, math.sqrt(product(streaks, streaks)))


def _reward(returns: F1, periods: int, risk_free: float, risk: float | None) -> Measure:
    growth = cagr(returns, periods)
    if growth.value is None:
        return growth
    if risk is None or risk < NOISE:
        return Measure(None, NEVER_FELL)
    return Measure((growth.value - risk_free) / risk)
