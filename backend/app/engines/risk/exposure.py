"""How much of the account was at work, and how often it was turned over."""

from __future__ import annotations

import numpy as np

from app.engines.risk.basics import F1, NO_BAR, NO_RETURN, Measure


def time_in_market(holdings: F1) -> Measure:
    """Share of the bars that closed with a position."""
    if holdings.size == 0:
        return Measure(None, NO_BAR)
    return Measure(float(np.count_nonzero(holdings)) / holdings.size)


def mean_net_exposure(holdings: F1, equity: F1) -> Measure:
    """Mean of the holdings' value over equity; what is held short counts below zero."""
    if holdings.size == 0:
        return Measure(None, NO_BAR)
    return Measure(float(np.mean(holdings / equity)))


def mean_gross_exposure(holdings: F1, equity: F1) -> Measure:
    """Mean size of the holdings' value over equity, where no bar closed with long and short positions at once."""
    if holdings.size == 0:
        return Measure(None, NO_BAR)
    part = holdings / equity
    return Measure(float(np.mean(np.abs(part, out=part))))


def turnover(bought: float, sold: float, equity: F1, returns: int, periods: int) -> Measure:
    """The smaller of all purchases and all sales over the average equity, a year: one-sided."""
    if returns == 0:
        return Measure(None, NO_RETURN)
    return Measure(min(bought, sold) / float(np.mean(equity)) * periods / returns)
