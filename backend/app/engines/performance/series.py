"""A portfolio through time: its value and the money that went in and out, and the return that money does not move."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.engines.ledger import Kind, Ledger

F1 = NDArray[np.float64]
F2 = NDArray[np.float64]
D1 = NDArray[np.datetime64]


@dataclass(frozen=True, eq=False)
class Holdings:
    """A ledger over T sessions and N instruments.

    Attributes
    ----------
    sessions : shape [T], ascending
    instruments : N keys
    quantity : shape [T, N], shares at the end of each session
    price : shape [T, N], rupees; what is unpriced stands at its cost a share, see `at_cost`
    at_cost : shape [N], sessions on which a holding had no price yet
    cash : shape [T], rupees; zero where no money was ever paid in as such
    flow : shape [T], rupees put in (positive) and taken out, shares that came in with their value included
    funded : whether deposits and withdrawals are in the ledger; without, purchases and sales are the flows
    """

    sessions: D1
    instruments: tuple[str, ...]
    quantity: F2
    price: F2
    at_cost: NDArray[np.int64]
    cash: F1
    flow: F1
    funded: bool

    @property
    def value(self) -> F1:
        """Rupees at the end of each session, shape [T]."""
        total: F1 = (self.quantity * self.price).sum(axis=1) + self.cash
        return total


def holdings(ledger: Ledger, sessions: D1, closes: Mapping[str, F1]) -> Holdings:
    """A ledger on the sessions of a market.

    What happened on a day that is no session counts on the next one; what happened after the last, not at all.

    Parameters
    ----------
    sessions : shape [T]; the first is not after the ledger's first entry
    closes : by instrument, shape [T], rupees as traded; NaN where it did not trade
    """
    keys = tuple(sorted({step.instrument for step in ledger.steps}))
    place = {key: n for n, key in enumerate(keys)}
    size = len(sessions)
    quantity, cost = np.zeros((size, len(keys))), np.zeros((size, len(keys)))

    def at(day: object) -> int:
        return int(np.searchsorted(sessions, np.datetime64(day, "D")))  # type: ignore[call-overload]

    for step in ledger.steps:
        t = at(step.session)
        quantity[t:, place[step.instrument]] = step.quantity
        cost[t:, place[step.instrument]] = float(step.cost)
    price = np.column_stack([_carried(closes[key]) for key in keys]) if keys else np.zeros((size, 0))
    held = quantity > 0
    unpriced = held & np.isnan(price)
    with np.errstate(invalid="ignore", divide="ignore"):
        price = np.where(unpriced, cost / quantity, price)
    price[~held] = 0.0
    funded = any(one.kind in {Kind.DEPOSIT, Kind.WITHDRAWAL} for one in ledger.payments)
    cash, flow = np.zeros(size), np.zeros(size)
    for paid in ledger.payments:
        t, amount = at(paid.session), float(paid.amount)
        if t == size:
            continue
        if not funded:
            flow[t] -= amount
        else:
            cash[t:] += amount
            if paid.kind in {Kind.DEPOSIT, Kind.WITHDRAWAL}:
                flow[t] += amount
    for opening in ledger.openings:
        t = at(opening.session)
        if t < size:
            flow[t] += opening_value(opening.quantity, float(opening.cost), opening.acquired == opening.session,
                                     closes[opening.instrument], t)  # fmt: skip
    return Holdings(sessions, keys, quantity, price, unpriced.sum(axis=0), cash, flow, funded)


def opening_value(quantity: int, cost: float, bought_then: bool, closes: F1, t: int) -> float:
    """What shares that came in without money are put in at: their cost if bought on that day, else the last close."""
    known = closes[: t + 1][~np.isnan(closes[: t + 1])]
    return cost if bought_then or not known.size else float(known[-1]) * quantity


def _carried(close: F1) -> F1:
    """Each day's close, or the last one before it."""
    at = np.where(~np.isnan(close), np.arange(len(close)), -1)
    np.maximum.accumulate(at, out=at)
    out: F1 = np.where(at >= 0, close[np.maximum(at, 0)], np.nan)
    return out


def time_weighted(value: F1, flow: F1) -> F1:
    """The return of each session, shape [T]: money put in counts from the session's beginning, taken out until its end.

    NaN before anything is there, and where nothing was at stake.
    """
    before = np.concatenate([[0.0], value[:-1]])
    base = before + np.maximum(flow, 0.0)
    out = np.full(value.shape, np.nan)
    at_stake = base > 0.0
    out[at_stake] = (value[at_stake] - before[at_stake] - flow[at_stake]) / base[at_stake]
    return out


def same_money(flow: F1, level: F1) -> float:
    """What the same flows in an index would be worth at the end; NaN where its level is not known on a day of one.

    Parameters
    ----------
    flow : shape [T], rupees put in; level : shape [T], the index at each close
    """
    moved = flow != 0.0
    if np.isnan(level[moved]).any() or np.isnan(level[-1]):
        return float("nan")
    return float((flow[moved] / level[moved]).sum() * level[-1])
