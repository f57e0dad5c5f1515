"""Whole shares that reach the weights and never spend more than there is."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engines.portfolio.trades import whole_shares


def free(_: int, __: int) -> float:
    return 0.0


def test_trades_by_hand():
    # 100 × 10 + 10 × 50 = 1,500 rupees, wanted half and half: 750 / 10 = 75 shares; 750 / 50 = 15 shares
    found = whole_shares(np.array([100, 10]), np.array([10.0, 50.0]), np.array([0.5, 0.5]), 0.0, free)
    assert found.change.tolist() == [-25, 5]
    assert found.cash == 0.0


def test_charges_make_one_buy_less():
    # the same with 1 rupee a trade: 250 − 1 come in, 5 × 50 + 1 would go out; four shares leave 48 rupees
    found = whole_shares(np.array([100, 10]), np.array([10.0, 50.0]), np.array([0.5, 0.5]), 0.0, lambda *_: 1.0)
    assert found.change.tolist() == [-25, 4]
    assert found.charges.tolist() == [1.0, 1.0]
    assert found.cash == 48.0


def test_nothing_changes_where_the_weights_are_todays():
    held, prices = np.array([30, 7]), np.array([11.0, 170.0])
    found = whole_shares(held, prices, held * prices / 1520.0, 0.0, lambda *_: 1.0)
    assert found.change.tolist() == [0, 0]
    assert found.charges.sum() == 0.0


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 500), st.floats(1.0, 5000.0), st.integers(0, 100)), min_size=1, max_size=12
    ).filter(lambda rows: sum(w for _, _, w in rows) > 0 and sum(h for h, _, _ in rows) > 0),
    st.floats(0.0, 10_000.0),
)
def test_money_is_conserved_never_short_and_nothing_is_sold_twice(rows: list[tuple[int, float, int]], cash: float):
    held = np.array([h for h, _, _ in rows])
    prices = np.array([p for _, p, _ in rows])
    weights = np.array([w for _, _, w in rows]) / sum(w for _, _, w in rows)

    def charges(n: int, shares: int) -> float:
        return 0.002 * abs(shares) * float(prices[n]) + (15.0 if shares < 0 else 0.0)

    found = whole_shares(held, prices, weights, cash, charges)
    assert (held + found.change >= 0).all()
    spent = float(np.sum(found.change * prices)) + float(found.charges.sum())
    assert abs(cash - spent - found.cash) < 1e-6 * (1.0 + float(np.sum(held * prices)))
    fees = sum(15.0 for change in found.change if change < 0)
    assert found.cash >= -1e-9 or fees > 0  # a sale may not earn its own fee; it is still what the weights ask for
    total = float(np.sum(held * prices)) + cash
    over = (held + found.change) * prices - weights * total
    assert (over <= prices + 1e-6).all()  # no more than a share too many
