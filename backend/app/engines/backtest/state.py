"""What a run begins with: an account with cash, no orders, an empty log."""

from __future__ import annotations

import numpy as np

from app.engines.backtest.account import Account
from app.engines.backtest.account import new_account as account_of
from app.engines.backtest.charges import COMPONENTS
from app.engines.backtest.fills import Log
from app.engines.backtest.orders import DECISION, EVENT, FILL, ORDER, REJECTION, Product
from app.engines.backtest.resting import Orders

PRODUCTS = len(Product)


def new_account(capital: float, books: int, instruments: int) -> Account:
    """An account with cash and no position."""
    return account_of(capital, books, instruments, PRODUCTS)


def new_orders(capacity: int) -> Orders:
    """No orders, with room for some."""
    return Orders(
        np.zeros(capacity, ORDER), np.zeros(1, np.int64), np.zeros(capacity, np.bool_), np.zeros(capacity, np.int64)
    )


def new_log(rows: int, instruments: int, *, rejections: int | None = None) -> Log:
    """An empty log, with room for `rows` of each kind; where the `rejections` are known beforehand, of fills and them.

    Every field of a row is written when it is used: until then it is whatever the memory held.
    """
    others = rows if rejections is None else 0
    return Log(
        np.empty(rows, FILL), np.empty((rows, len(COMPONENTS))),
        np.empty(rows if rejections is None else rejections, REJECTION), np.empty(others, EVENT),
        np.empty(others, DECISION), np.zeros(5, np.int64), np.zeros(instruments),
    )  # fmt: skip
