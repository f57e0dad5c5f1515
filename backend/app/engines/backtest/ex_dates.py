"""Ex-dates, before the open: dividends on what is held into them, then shares and price levels of the new count."""

from __future__ import annotations

import numpy as np

from app.engines.backtest.account import NEAR, Account, release, whole_shares
from app.engines.backtest.fills import EVENTS, SEQUENCE, Log, Market, at
from app.engines.backtest.resting import Orders
from app.engines.kernels import kernel

DIVIDEND, SHARES = 1, 2  # orders.Event


@kernel(forceinline=True)
def _log_event(
    log: Log, bar: int, account: Account, slot: int, kind: int, before: float, after: float, price: float, amount: float
) -> None:
    row = log.events[log.used[EVENTS]]
    row["sequence"] = log.used[SEQUENCE]
    row["bar"] = bar
    row["product"] = slot % account.products
    row["column"] = account.column[slot]
    row["book"] = account.book[slot]
    row["kind"] = kind
    row["before"] = before
    row["after"] = after
    row["price"] = price
    row["amount"] = amount
    log.used[EVENTS] += 1
    log.used[SEQUENCE] += 1


@kernel()
def ex_dates(t: int, row: int, market: Market, account: Account, orders: Orders, fractional: bool, log: Log) -> None:
    i = 0
    while i < account.held_count[0]:
        slot = account.held[i]
        column = account.column[slot]
        quantity = account.quantity[slot]
        dividend = at(market.dividend, row, column)
        if dividend > 0.0:
            account.cash[0] += quantity * dividend
            _log_event(log, t, account, slot, DIVIDEND, quantity, quantity, dividend, quantity * dividend)
        step = at(market.step, row, column)
        if step != 1.0:
            account.mark[slot] /= step
            account.stop[slot] /= step
            account.target[slot] /= step
            account.best[slot] /= step
            exact = quantity * step
            shares = exact if fractional else whole_shares(exact)
            fraction = exact - shares
            if abs(fraction) < NEAR or fraction * quantity < 0.0:
                fraction = 0.0
            open_ = market.open[row, column]
            price = account.mark[slot] if np.isnan(open_) else open_
            account.cash[0] += fraction * price
            account.quantity[slot] = shares
            _log_event(log, t, account, slot, SHARES, quantity, shares, price, fraction * price)
            if shares == 0.0:
                release(account, slot)
                continue
        i += 1
    for k in range(orders.size[0]):
        order = orders.rows[k]
        step = at(market.step, row, order["column"])
        if step != 1.0:
            order["quantity"] = (
                order["quantity"] * step if fractional else whole_shares(order["quantity"] * step)
            )  # NaN stays NaN
            order["limit"] /= step
            order["trigger"] /= step
            order["stop"] /= step
            order["target"] /= step
            order["best"] /= step
