"""How much of the account was at work, and how often it was turned over."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from app.engines.risk.basics import F1, NO_BAR, NO_RETURN, Measure, mean


class Exposures(NamedTuple):
    """How much of an account was at work: see the functions of these names."""

    time_in_market: Measure
    net: Measure
    gross: Measure


def exposures_of(holdings: F1, equity: F1, shorts: F1 | None) -> Exposures:
    """All three; net and gross are not numbers where equity is zero. `shorts` as in `mean_gross_exposure`."""
    with np.errstate(divide="ignore", invalid="ignore"):
        net = mean_net_exposure(holdings, equity)
        one_sided = shorts is None and not (holdings < 0.0).any()
        gross = net if one_sided else mean_gross_exposure(holdings, equity, shorts)
    return Exposures(time_in_market(holdings), net, gross)


def time_in_market(holdings: F1) -> Measure:
    """Share of the bars that closed with a position."""
    if holdings.size == 0:
        return Measure(None, NO_BAR)
    return Measure(float(np.count_nonzero(holdings)) / holdings.size)


def mean_net_exposure(holdings: F1, equity: F1) -> Measure:
    """Mean of the holdings' value over equity; what is held short counts below zero."""
    if holdings.size == 0:
        return Measure(None, NO_BAR)
    return Measure(mean(holdings / equity))


def mean_gross_exposure(holdings: F1, equity: F1, shorts: F1 | None = None) -> Measure:
    """Mean of the value of long positions and the size of short ones together, over equity, of each bar's close.

    `shorts`, 0 or below, is what of the holdings is short at each close; None where no bar closed with both sides.
    """
    if holdings.size == 0:
        return Measure(None, NO_BAR)
    part = (holdings if shorts is None else holdings - 2.0 * shorts) / equity
    return Measure(mean(np.abs(part, out=part)))


def frozen_share(frozen: F1, equity: float) -> Measure:
    """Size of the holdings that could not be sold, at their last price, over the final equity."""
    if not equity > 0.0:
        return Measure(None, "the final equity is at or below zero")
    return Measure(float(np.abs(frozen).sum()) / equity)


def turnover(bought: float, sold: float, equity: F1, returns: int, periods: int) -> Measure:
    """The smaller of all purchases and all sales over the average equity, a year: one-sided."""
    if returns == 0:
        return Measure(None, NO_RETURN)
    return Measure(min(bought, sold) / mean(equity) * periods / returns)
