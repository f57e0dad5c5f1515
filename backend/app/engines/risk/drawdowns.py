"""How far equity fell from its peaks, how long, and what was earned for it."""

from __future__ import annotations

import math
from functools import cached_property
from typing import NamedTuple

import numpy as np

from app.engines.risk.basics import F1, I1, NO_BAR, NO_RETURN, NOISE, Measure, clean, mean, product
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


class Falls:
    """The drawdowns of one curve, worked out once for all that is said of them; the opening capital is the first peak.

    The functions below say the same of an equity and a capital.
    """

    def __init__(self, equity: F1, capital: float) -> None:
        self.equity, self.capital = equity, capital
        self.below = drawdowns(equity, capital)

    @cached_property
    def _edges(self) -> tuple[I1, I1]:
        """First point of each fall, and the one at which its peak is seen again (the size while it is not)."""
        under = np.concatenate([[False], self.below < 0.0, [False]])
        edges = np.flatnonzero(under[1:] != under[:-1])
        return edges[::2], edges[1::2]

    @cached_property
    def deepest(self) -> Drawdown:
        """The deepest drawdown with its peak, trough and recovery; the earliest of equals."""
        below, equity = self.below, self.equity
        trough = int(np.argmin(below)) if below.size else 0
        if below.size == 0 or below[trough] >= 0.0:
            return Drawdown(0.0, None, None, None)
        at_peak = np.flatnonzero(below[:trough] == 0.0)
        peak = int(at_peak[-1]) if at_peak.size else -1
        height = self.capital if peak < 0 else equity[peak]
        back = np.flatnonzero(equity[trough:] >= height)
        return Drawdown(float(below[trough]), peak, trough, trough + int(back[0]) if back.size else None)

    def episodes(self) -> list[Drawdown]:
        """Every fall from a peak until that peak is seen again, in order of time; the last may be unrecovered."""
        below, found = self.below, []
        for first, after in zip(*(edges.tolist() for edges in self._edges), strict=True):
            trough = first + int(np.argmin(below[first:after]))
            found.append(Drawdown(float(below[trough]), first - 1, trough, after if after < below.size else None))
        return found

    def max_drawdown(self) -> Measure:
        return Measure(min(self.deepest.depth, 0.0)) if self.equity.size else Measure(None, NO_BAR)

    def mean_drawdown(self) -> Measure:
        first, _ = self._edges
        if first.size == 0:
            return Measure(None, NEVER_FELL if self.equity.size else NO_BAR)
        depths = np.minimum.reduceat(
            np.minimum(self.below, 0.0), first
        )  # up to the next fall: no point between is lower
        return Measure(sum(depths.tolist()) / first.size)

    def recovery_periods(self) -> Measure:
        if self.deepest.trough is None:
            return Measure(None, NEVER_FELL if self.equity.size else NO_BAR)
        if self.deepest.recovery is None:
            return Measure(None, UNRECOVERED)
        return Measure(float(self.deepest.recovery - self.deepest.trough))

    def longest_drawdown(self) -> Measure:
        if self.equity.size == 0:
            return Measure(None, NO_BAR)
        first, after = self._edges
        lengths = np.minimum(after, self.equity.size - 1) - np.maximum(first - 1, 0)
        return Measure(float(lengths.max(initial=0)))

    @cached_property
    def _ulcer(self) -> Measure:
        return Measure(math.sqrt(mean(self.below * self.below))) if self.equity.size else Measure(None, NO_BAR)

    def ulcer_index(self) -> Measure:
        return self._ulcer

    def pain_index(self) -> Measure:
        return Measure(-mean(self.below)) if self.equity.size else Measure(None, NO_BAR)

    def calmar(self, returns: F1, periods: int) -> Measure:
        depth = self.max_drawdown().value
        return _reward(returns, periods, 0.0, depth and -depth)

    def martin_ratio(self, returns: F1, periods: int, risk_free_annual: float = 0.0) -> Measure:
        return _reward(returns, periods, risk_free_annual, self.ulcer_index().value)


def deepest_drawdown(equity: F1, capital: float) -> Drawdown:
    """The deepest drawdown with its peak, trough and recovery; the earliest of equals."""
    return Falls(equity, capital).deepest


def episodes(equity: F1, capital: float) -> list[Drawdown]:
    """Every fall from a peak until that peak is seen again, in order of time; the last may be unrecovered."""
    return Falls(equity, capital).episodes()


def max_drawdown(equity: F1, capital: float) -> Measure:
    """Deepest loss from the running peak, a fraction in [-1, 0].

    Source: Magdon-Ismail & Atiya (2004), "Maximum Drawdown", Risk 17(10).
    """
    return Falls(equity, capital).max_drawdown()


def mean_drawdown(equity: F1, capital: float) -> Measure:
    """Mean depth of the falls (`episodes`), a fraction in [-1, 0]."""
    return Falls(equity, capital).mean_drawdown()


def recovery_periods(equity: F1, capital: float) -> Measure:
    """Periods from the trough of the deepest drawdown until its peak was seen again."""
    return Falls(equity, capital).recovery_periods()


def longest_drawdown(equity: F1, capital: float) -> Measure:
    """Periods of the longest fall, from its peak until that peak was seen again or the curve ended.

    One from the opening capital begins at the first point, for nothing was measured before it.
    """
    return Falls(equity, capital).longest_drawdown()


def ulcer_index(equity: F1, capital: float) -> Measure:
    """Root mean square of the drawdowns of all points, a fraction (the book's is in percent).

    Source: Martin & McCann (1989), "The Investor's Guide to Fidelity Funds".
    """
    return Falls(equity, capital).ulcer_index()


def pain_index(equity: F1, capital: float) -> Measure:
    """Mean depth of the drawdowns of all points, a positive fraction. Source: Zephyr Associates (2006)."""
    return Falls(equity, capital).pain_index()


def calmar(returns: F1, equity: F1, capital: float, periods: int) -> Measure:
    """CAGR over the depth of the deepest drawdown of the same window.

    Source: Young (1991), "Calmar Ratio: A Smoother Tool", Futures 20(1), there over 36 months.
    """
    return Falls(equity, capital).calmar(returns, periods)


def martin_ratio(returns: F1, equity: F1, capital: float, periods: int, risk_free_annual: float = 0.0) -> Measure:
    """Annual growth less the annual risk-free rate, over the Ulcer index. Source: as `ulcer_index`."""
    return Falls(equity, capital).martin_ratio(returns, periods, risk_free_annual)


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
