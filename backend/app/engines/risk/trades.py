"""Measures of closed trades: rupees after costs, sessions held, excursions; open trades are in none of them."""

from __future__ import annotations

import math

import numpy as np

from app.engines.risk.basics import F1, I1, NO_TRADE, NOISE, Measure, clean, mean


def win_rate(pnl: F1) -> Measure:
    """Closed trades with a profit after costs, of all closed trades; a trade of exactly zero is no win."""
    if pnl.size == 0:
        return Measure(None, NO_TRADE)
    return Measure(float(np.count_nonzero(pnl > 0.0)) / pnl.size)


def profit_factor(pnl: F1) -> Measure:
    """Rupees won over rupees lost, closed trades, after costs."""
    if pnl.size == 0:
        return Measure(None, NO_TRADE)
    lost = -float(np.sum(pnl[pnl < 0.0]))
    if lost == 0.0:
        return Measure(None, "no losing trade")
    return Measure(float(np.sum(pnl[pnl > 0.0])) / lost)


def expectancy(pnl: F1) -> Measure:
    """Mean profit of a closed trade after costs, rupees."""
    if pnl.size == 0:
        return Measure(None, NO_TRADE)
    return Measure(mean(pnl))


def expectancy_ratio(pnl: F1) -> Measure:
    """Expectancy over the average loss: what a trade makes for each rupee that a losing one loses."""
    if pnl.size == 0:
        return Measure(None, NO_TRADE)
    losses = pnl[pnl < 0.0]
    if losses.size == 0:
        return Measure(None, "no losing trade")
    return Measure(mean(pnl) / -mean(losses))


def payoff(pnl: F1) -> Measure:
    """Average win over average loss, closed trades, after costs."""
    if pnl.size == 0:
        return Measure(None, NO_TRADE)
    won, lost = pnl[pnl > 0.0], pnl[pnl < 0.0]
    if lost.size == 0 or won.size == 0:
        return Measure(None, "no losing trade" if lost.size == 0 else "no winning trade")
    return Measure(mean(won) / -mean(lost))


def system_quality(pnl: F1) -> Measure:
    """SQN: sqrt(N) × mean profit over its sample deviation; N is not capped at 100.

    Source: Tharp (2008), "Definitive Guide to Position Sizing".
    """
    if pnl.size < 2:
        return Measure(None, NO_TRADE if pnl.size == 0 else "fewer than two closed trades")
    spread = float(np.std(pnl, ddof=1))
    if spread < NOISE * max(1.0, float(np.max(np.abs(pnl)))):
        return Measure(None, "profits do not vary")
    return Measure(math.sqrt(pnl.size) * mean(pnl) / spread)


def kelly(pnl: F1) -> Measure:
    """W - (1 - W) / payoff: the share of capital a bet of these odds would take; below zero where they are bad.

    Source: Kelly (1956), "A New Interpretation of Information Rate", Bell System Technical Journal 35(4).
    """
    share, odds = win_rate(pnl), payoff(pnl)
    if share.value is None or odds.value is None:
        return Measure(None, share.reason or odds.reason)
    return Measure(share.value - (1.0 - share.value) / odds.value)


def average_holding(held: I1) -> Measure:
    """Mean sessions from the entry fill to the exit fill, closed trades, each counted once."""
    if held.size == 0:
        return Measure(None, NO_TRADE)
    return Measure(mean(held))


def mean_excursion(excursions: F1) -> Measure:
    """Mean of the excursions of closed trades (`excursions`), those that are not known left out."""
    known = clean(excursions)
    if known.size == 0:
        return Measure(None, NO_TRADE if excursions.size == 0 else "no excursion is known")
    return Measure(mean(known))
