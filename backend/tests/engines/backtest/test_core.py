"""The core called bar by bar, as replay and paper trading call it."""

from __future__ import annotations

import numpy as np
import pytest

from app.engines.backtest import core, loop
from app.engines.backtest.arrays import decisions_of, market_of, name_hash, rules_of
from app.engines.backtest.core import FILLS, REJECTIONS
from app.engines.backtest.orders import Refusal, Side, intent_id
from app.engines.backtest.simulate import simulate
from app.engines.backtest.state import new_account, new_log, new_orders
from tests.engines.backtest.cases import Given, bars_of, spec_of

RULES = rules_of(spec_of(["given_0"]))


def advance(t: int, price: float, account: core.Account, orders: core.Orders, log: core.Log) -> float:
    """Take the account through a bar of one price."""
    one = market_of(bars_of([[price]], [[price]]), None)
    return core.advance(t, 0, one, account, orders, RULES, log)


def placed(side: Side, quantity: float, *, decided: int, eligible: int) -> core.Orders:
    orders = new_orders(4)
    row = orders.rows[0]
    row["intent"], row["side"], row["quantity"], row["budget"], row["rank"] = 7, side, quantity, np.nan, np.nan
    row["decided"], row["eligible"], row["expires"] = decided, eligible, -1
    row["closing"] = side == Side.SELL
    row["limit"] = row["trigger"] = row["stop"] = row["target"] = row["trail"] = np.nan
    orders.size[0] = 1
    return orders


@pytest.mark.parametrize(("decided", "eligible"), [(3, 3), (3, 2)])
def test_an_order_that_would_fill_no_later_than_its_decision_is_refused(decided, eligible):
    account, log = new_account(1000.0, 1, 1), new_log(64, 1)
    orders = placed(Side.BUY, 5, decided=decided, eligible=eligible)
    advance(3, 10.0, account, orders, log)
    assert (log.used[FILLS], orders.size[0]) == (0, 0)
    assert log.rejections["reason"][0] == Refusal.NOT_AFTER_DECISION
    assert account.cash[0] == 1000.0


def test_an_order_waits_for_the_bar_it_is_eligible_for():
    account, log, orders = new_account(1000.0, 1, 1), new_log(64, 1), placed(Side.BUY, 5, decided=3, eligible=6)
    advance(4, 10.0, account, orders, log)
    assert (log.used[FILLS], orders.size[0]) == (0, 1)
    holdings = advance(6, 11.0, account, orders, log)
    assert (log.used[FILLS], orders.size[0], holdings) == (1, 0, 55.0)
    assert log.fills["intent"][0] == 7


def test_a_sale_of_more_than_is_held_sells_what_is_held_and_says_so():
    account, log = new_account(1000.0, 1, 1), new_log(64, 1)
    advance(1, 10.0, account, placed(Side.BUY, 5, decided=0, eligible=1), log)
    advance(2, 10.0, account, placed(Side.SELL, 8, decided=1, eligible=2), log)
    assert (log.fills["quantity"][1], log.used[REJECTIONS]) == (5, 1)
    row = log.rejections[0]
    assert (row["reason"], row["wanted"], row["granted"]) == (Refusal.NOTHING_HELD, 8, 5)
    assert (account.held_count[0], account.cash[0]) == (0, 1000.0)


def test_selling_part_and_buying_more_keeps_the_average_cost():
    # (4 × 10 + 6 × 20) / 10 = 16 a share; sell 5: 80 remain of the cost
    account, log = new_account(1000.0, 1, 1), new_log(64, 1)
    for t, price, side, quantity in ((1, 10.0, Side.BUY, 4), (2, 20.0, Side.BUY, 6), (3, 30.0, Side.SELL, 5)):
        advance(t, price, account, placed(side, quantity, decided=t - 1, eligible=t), log)
    assert (account.quantity[0], account.cost[0]) == (5, 80)
    assert account.cash[0] == 1000 - 40 - 120 + 150


def test_an_intent_depends_on_each_of_its_parts():
    parts = (name_hash("sma_cross"), name_hash("INE001"), 1_700_000_000, Side.BUY, 0, 0)
    one = intent_id(*(np.uint64(part) if i < 2 else int(part) for i, part in enumerate(parts)))
    others = {
        int(intent_id(*(np.uint64(p) if j < 2 else int(p) for j, p in enumerate(changed))))
        for i in range(6)
        for changed in [[*parts[:i], Side.SELL if i == 3 else parts[i] + 1, *parts[i + 1 :]]]
    }
    assert len(others | {int(one)}) == 7
    assert int(one) == int(intent_id(*(np.uint64(part) if i < 2 else int(part) for i, part in enumerate(parts))))


@pytest.mark.parametrize("rows", [24, 512])
def test_a_run_cut_in_two_and_resumed_gives_the_same_log_as_one_in_one_go(rows):
    # also with a log that is too small at first: the loop stops before the bar that would not fit, and goes on
    random = np.random.default_rng(4)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.03, (60, 3)), axis=0))
    bars = bars_of(close * 1.01, close)
    strategy = Given("given_0", random.random((60, 3)) < 0.3, random.random((60, 3)) < 0.3)
    spec = spec_of(["given_0"])
    market, decisions = market_of(bars, None), decisions_of(spec, bars, [strategy.answer])
    whole = simulate(market, decisions, rules_of(spec), capital=1e6)
    count = whole.log.used[FILLS]
    assert count > 10
    for cut in (1, 17, 59):
        account, orders, log = new_account(1e6, 1, 3), new_orders(12), new_log(256, 3)
        curves = loop.new_curves(60)
        assert loop.run_bars(0, cut, market, decisions, account, orders, rules_of(spec), log, curves, False) == cut
        saved = [[np.copy(x) if isinstance(x, np.ndarray) else x for x in part] for part in (account, orders, log)]
        account, orders, log = core.Account(*saved[0]), core.Orders(*saved[1]), core.Log(*saved[2])
        assert loop.run_bars(cut, 60, market, decisions, account, orders, rules_of(spec), log, curves, False) == 60
        assert log.fills[:count].tobytes() == whole.log.fills[:count].tobytes()
        assert curves.equity.tobytes() == whole.curves.equity.tobytes()
    small, account, orders = new_log(rows, 3), new_account(1e6, 1, 3), new_orders(12)
    curves = loop.new_curves(60)
    at = loop.run_bars(0, 60, market, decisions, account, orders, rules_of(spec), small, curves, False)
    assert (at < 60) == (rows == 24)
    assert small.fills[: small.used[FILLS]].tobytes() == whole.log.fills[: small.used[FILLS]].tobytes()
