"""`decide`: what a policy makes of one order. A pure function on scalars, compiled or called from Python alike.

Backtest, paper and live ask the same function. Its rules:

- An exit always passes. Only entries are cut down or refused.
- Equity is cash and positions at their marks; money paid in or out is no profit. The day's loss counts from the
  previous close, realised and unrealised together. A loss equal to the daily stop, to within a billionth of the
  equity, has reached it.
- Reached, it holds until the next session, whatever the prices do (the caller keeps the latch). From 80 % of it on
  entries wait; from 50 % on it is said.
- Limits are applied in this order: liquidity, instrument, sector, strategy with its correlation penalty, exposure,
  cash. Each cuts what the one before left, whole shares (lots) rounded down.
- Of a rebalance these limits (but liquidity) are applied to the target weights together first: `scale_targets`.
- What is already under way counts as if it were done: two orders that each fit alone do not both pass.
- CAUTIOUS halves the exposure (20 % at least), DEFENSIVE takes it to 10 %; HALTED takes no entry.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final, NamedTuple

import numpy as np
from numba import njit

from app.engines.policy.policy import CAUTIOUS_LEAST, DEFENSIVE_MOST, Terms


class Outcome(IntEnum):
    """What became of an order, or what was seen of the account."""

    ALLOW = 0
    TRIM = 1
    REJECT = 2
    FLATTEN = 3  # a position is ended
    NOTICE = 4  # nothing was done: the account was seen to be near or beyond a limit, or changed its state
    SCALE = 5  # target weights of a rebalance were cut down together, before they became orders


class Rule(IntEnum):
    """Which rule spoke."""

    NONE = 0
    DAILY_STOP = 1
    DAILY_STOP_NEAR = 2  # 80 % of it
    DAILY_STOP_WARNING = 3  # 50 % of it
    HALTED = 4
    LIQUIDITY = 5
    INSTRUMENT = 6
    SECTOR = 7
    STRATEGY = 8
    EXPOSURE = 9
    CASH_RESERVE = 10
    STATE = 11  # NORMAL, CAUTIOUS, DEFENSIVE


class State(IntEnum):
    """How much a policy lets the account hold."""

    NORMAL = 0
    CAUTIOUS = 1
    DEFENSIVE = 2
    HALTED = 3


# members as plain ints: they are compiled in as constants
ALLOW, TRIM, REJECT, FLATTEN, NOTICE, SCALE = 0, 1, 2, 3, 4, 5
NO_RULE, DAILY_STOP, DAILY_STOP_NEAR, DAILY_STOP_WARNING, HALT = 0, 1, 2, 3, 4
LIQUIDITY, INSTRUMENT, SECTOR, STRATEGY, EXPOSURE, CASH_RESERVE, STATE_CHANGE = 5, 6, 7, 8, 9, 10, 11
NORMAL, CAUTIOUS, DEFENSIVE, HALTED = 0, 1, 2, 3

WARN_AT: Final = 0.5
BLOCK_AT: Final = 0.8
SAME: Final = 1e-9  # of the equity: nearer than that is reached


class OrderView(NamedTuple):
    """The order."""

    closing: bool
    quantity: float  # shares, above 0
    price: float  # rupees a share
    unit: float  # rupees a share with its charges
    lot: float  # shares that quantities are multiples of; 0 = shares divide
    instrument: float  # rupees held and under way in its instrument, all books
    sector: float  # rupees held and under way in its sector, all books
    turnover: float  # rupees, median of the last 20 sessions; NaN = unknown


class AccountView(NamedTuple):
    """The account, rupees."""

    equity: float
    cash: float  # free to be used
    gross: float  # value of all positions, each counted positive
    pending: float  # of entries that are under way


class BookView(NamedTuple):
    """The strategy's book, rupees."""

    gross: float
    pending: float
    share: float  # of the strategy's limit that its correlation with the others leaves, 0 to 1


class Clock(NamedTuple):
    """The session so far."""

    latched: bool  # the daily stop was reached in this session
    state: int  # State
    base: float  # equity at the previous close, rupees
    flows: float  # paid in (out: below 0) since then


class Decision(NamedTuple):
    """What the policy says: how many shares, and which rule had the last word at how many rupees."""

    outcome: int
    rule: int
    quantity: float
    limit: float  # rupees that the rule left for this order; NaN where it has no such number


@njit(cache=True, nogil=True)
def stop_used(equity: float, clock: Clock, policy: Terms) -> float:
    """How much of the daily stop the session's loss has used: 1 is reached, 0 or less no loss. 0 without a base."""
    if not clock.base > 0.0 or np.isinf(policy.day_stop):
        return 0.0
    loss = clock.base + clock.flows - equity
    limit = -policy.day_stop * clock.base
    if abs(loss - limit) <= SAME * clock.base:
        return 1.0
    return float(loss / limit) if limit > 0.0 else (np.inf if loss > 0.0 else 0.0)


@njit(cache=True, nogil=True)
def exposure_cap(state: int, policy: Terms) -> float:
    """Gross exposure over equity that a state allows."""
    cap = policy.exposure
    if state == CAUTIOUS:
        return float(min(cap, max(0.5 * cap, CAUTIOUS_LEAST)))
    if state == DEFENSIVE:
        return float(min(cap, DEFENSIVE_MOST))
    return cap if state == NORMAL else 0.0


@njit(cache=True, nogil=True)
def _fits(room: float, price: float, lot: float) -> float:
    if not room > 0.0:
        return 0.0
    if lot == 0.0:
        return float(room / price)
    return float(np.floor(room / price / lot + SAME) * lot)


@njit(cache=True, nogil=True)
def decide(order: OrderView, account: AccountView, book: BookView, policy: Terms, clock: Clock) -> Decision:
    """What the policy makes of an order: all of it, part of it, or nothing.

    A value it would have to guess refuses the entry: an equity of zero or below, an unknown turnover under a liquidity
    limit, a price that is no number.
    """
    if order.closing or not policy.active:
        return Decision(ALLOW, NO_RULE, order.quantity, np.nan)
    if clock.state == HALTED:
        return Decision(REJECT, HALT, 0.0, 0.0)
    used = stop_used(account.equity, clock, policy)
    if clock.latched or used >= 1.0:
        return Decision(REJECT, DAILY_STOP, 0.0, 0.0)
    if used >= BLOCK_AT:
        return Decision(REJECT, DAILY_STOP_NEAR, 0.0, 0.0)
    if not account.equity > 0.0 or not order.price > 0.0 or not order.unit > 0.0:
        return Decision(REJECT, EXPOSURE, 0.0, np.nan)
    quantity, rule, limit = order.quantity, NO_RULE, np.nan
    for stage in (LIQUIDITY, INSTRUMENT, SECTOR, STRATEGY, EXPOSURE, CASH_RESERVE):
        price = order.price
        if stage == LIQUIDITY:
            if np.isinf(policy.liquidity):
                continue
            if np.isnan(order.turnover):
                return Decision(REJECT, LIQUIDITY, 0.0, np.nan)
            room = policy.liquidity * order.turnover
        elif stage == INSTRUMENT:
            room = policy.name * account.equity - order.instrument
        elif stage == SECTOR:
            room = policy.sector * account.equity - order.sector
        elif stage == STRATEGY:
            room = policy.strategy * book.share * account.equity - book.gross - book.pending
        elif stage == EXPOSURE:
            room = exposure_cap(clock.state, policy) * account.equity - account.gross - account.pending
        else:
            price = order.unit
            room = account.cash - account.pending - policy.reserve * account.equity
        if np.isinf(room):
            continue
        most = _fits(room, price, order.lot)
        if most < quantity * (1.0 - SAME):
            quantity, rule, limit = most, stage, max(room, 0.0)
        if quantity <= 0.0:
            return Decision(REJECT, rule, 0.0, limit)
    return Decision(ALLOW if rule == NO_RULE else TRIM, rule, quantity, limit)
