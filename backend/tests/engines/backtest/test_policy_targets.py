"""Rebalances under a policy: target weights are cut down together, orders have the last word. One lakh, no costs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from app.engines.backtest import RunResult, Sizing, run
from app.engines.backtest.spec import sectors_version
from app.engines.bars import Bars
from app.engines.policy import Policy
from app.engines.strategies.base import Weights
from tests.engines.backtest.cases import Given, bars_of, permuted, run_given, spec_of
from tests.engines.backtest.test_event import Asked, market

NAN = np.nan
LAKH = 100_000.0
WIDE = Policy(
    cash_reserve_percent=0, max_equity_exposure_percent=100, max_strategy_allocation_percent=100,
    correlation_penalty="NONE",
)  # fmt: skip
MOST_80 = replace(WIDE, max_equity_exposure_percent=80, max_strategy_allocation_percent=80)
DAY = [f"2024-01-{day:02d}" for day in range(1, 32)]


def rebalanced(bars: Bars, *targets: Any, sectors: dict[str, str] | None = None, **fields: Any) -> RunResult:
    """Books of target weights [T, N]; a row without any is no rebalance."""
    given = {}
    for i, target in enumerate(targets):
        given[f"given_{i}"] = Given(f"given_{i}", [[False]], [[False]])
        given[f"given_{i}"].answer = Weights(np.array(target, float))  # type: ignore[assignment]
    told = {} if sectors is None else {"sectors": sectors_version(sectors)}
    spec = spec_of(list(given), **{"initial_capital": LAKH} | told | fields)
    return run(spec, bars, given, sectors=sectors)


def asked_for(bars: Bars, target: Any, **fields: Any) -> RunResult:
    """The same of one strategy that is asked bar by bar."""
    rows = np.array(target, float)

    def asked(context: Any) -> None:
        row = rows[context.t]
        if not np.isnan(row).all():
            context.rebalance({n: float(w) for n, w in enumerate(np.nan_to_num(row))})

    return run(spec_of(["given"], **{"initial_capital": LAKH} | fields), bars, {"given": Asked(asked)})


def at(bars: int, columns: int, **rows: Any) -> np.ndarray:
    """Weights of bar k as `t<k>`; no rebalance at the others."""
    out = np.full((bars, columns), NAN)
    for name, row in rows.items():
        out[int(name[1:])] = row
    return out


def flat(bars: int, columns: int, price: float = 100.0) -> Bars:
    names = [f"K{n:02d}" for n in range(columns)]
    return bars_of(np.full((bars, columns), price), np.full((bars, columns), price), keys=names)


def told(result: RunResult, *names: str) -> list[tuple[Any, ...]]:
    """The rows of scaled targets: when, rule and these columns."""
    rows = result.decisions
    columns = zip(*(rows[name] for name in ("outcome", "at", "rule", *names)), strict=True)
    return [row[1:] for row in columns if row[0] == "SCALE"]


def held(result: RunResult) -> dict[str, float]:
    """Shares at the end, by symbol."""
    out: dict[str, float] = {}
    rows = (result.fills[name] for name in ("symbol", "side", "quantity"))
    for symbol, side, quantity in zip(*rows, strict=True):
        out[symbol] = out.get(symbol, 0.0) + (quantity if side == "BUY" else -quantity)
    return {symbol: quantity for symbol, quantity in out.items() if quantity}


@pytest.mark.parametrize("way", [rebalanced, asked_for])
def test_fifty_equal_weights_under_eighty_percent_are_all_bought(way):
    """2 % of one lakh at 100 are 20 shares; four fifths of it are 16. Order by order 40 names got 20 and 10 nothing."""
    result = way(flat(3, 50), at(3, 50, t0=0.02), policy=MOST_80)
    assert result.fills["quantity"] == [16.0] * 50 and result.rejections["at"] == []
    assert result.cash.tolist() == [LAKH, 20_000.0, 20_000.0]
    names = ("wanted", "granted", "limit", "equity", "symbol", "key", "product", "side", "intent", "price", "state")
    assert told(result, *names) == [
        (DAY[0], "STRATEGY", pytest.approx(LAKH), pytest.approx(80_000.0), 80_000.0, LAKH, *[None] * 6, "NORMAL")
    ]
    assert result.decisions["book"][0] in ("given", "given_0")
    assert set(result.decisions["outcome"][1:]) == {"ALLOW"}
    assert result.decisions["would_have_made"][0] is None
    assert "The policy scaled down the target weights of a rebalance, to 80.0% of what was wanted: STRATEGY." in (
        result.warnings
    )
    assert any(said.startswith("Target weights of a rebalance are scaled down together") for said in result.assumptions)


def test_without_a_policy_or_where_all_fits_nothing_is_scaled():
    bars, target = flat(3, 4), at(3, 4, t0=0.2)
    free = rebalanced(bars, target)
    assert free.decisions["at"] == [] and free.fills["quantity"] == [200.0] * 4
    assert not any("scaled down" in said for said in (*free.assumptions, *free.warnings))
    wide = rebalanced(bars, target, policy=MOST_80)  # 80 % exactly
    assert told(wide) == [] and wide.fills["quantity"] == [200.0] * 4


def test_one_instrument_one_sector_and_the_reserve_in_their_order():
    # A 40 → 30 (instrument). A, B of one sector 30 + 30 → 20 + 20. C 30, D 10: in all 80 → 50 by the reserve:
    # 12.5, 12.5, 18.75, 6.25 %, whole shares at 100: 125, 125, 187, 62
    policy = replace(WIDE, max_position_percent=30, max_sector_percent=40, cash_reserve_percent=50)
    prices = np.full((3, 4), 100.0)
    result = rebalanced(
        bars_of(prices, prices), at(3, 4, t0=[0.4, 0.3, 0.3, 0.1]), policy=policy,
        sectors={"A": "Banks", "B": "Banks", "C": "Oil", "D": "Oil"},
    )  # fmt: skip
    assert held(result) == {"A": 125.0, "B": 125.0, "C": 187.0, "D": 62.0}
    assert told(result, "wanted", "granted", "limit") == [
        (DAY[0], "INSTRUMENT", pytest.approx(110_000), pytest.approx(100_000), 30_000.0),
        (DAY[0], "SECTOR", pytest.approx(100_000), pytest.approx(80_000), 40_000.0),
        (DAY[0], "CASH_RESERVE", pytest.approx(80_000), pytest.approx(50_000), 50_000.0),
    ]


def test_a_reserve_of_thirty_with_an_exposure_of_ninety_leaves_thirty_in_cash():
    policy = replace(WIDE, cash_reserve_percent=30, max_equity_exposure_percent=90, max_strategy_allocation_percent=90)
    result = rebalanced(flat(3, 2), at(3, 2, t0=[0.6, 0.4]), policy=policy)
    assert result.fills["quantity"] == [420.0, 280.0] and result.cash[-1] == 30_000.0


def test_shorts_count_by_their_size():
    prices = np.full((3, 2), 100.0)
    policy = replace(MOST_80, max_strategy_allocation_percent=60)
    result = rebalanced(bars_of(prices, prices), at(3, 2, t0=[0.5, -0.5]), policy=policy)
    assert held(result) == {"A": 300.0, "B": -300.0}


def test_two_books_at_one_close_share_what_there_is():
    # each wants 60 % of the account (1.2 of its half), 80 % may be invested: 40 % each, and not 60 and 20
    bars = flat(3, 2)
    result = rebalanced(
        bars, at(3, 2, t0=[1.2, 0.0]), at(3, 2, t0=[0.0, 1.2]), policy=MOST_80, allocations=[0.5, 0.5]
    )  # fmt: skip
    assert held(result) == {"K00": 400.0, "K01": 400.0}
    assert told(result, "book", "wanted", "granted", "limit") == [
        (DAY[0], "EXPOSURE", book, pytest.approx(60_000), pytest.approx(40_000), 80_000.0)
        for book in ("given_0", "given_1")
    ]


def test_what_another_book_holds_is_taken_off_first():
    # the first book holds 60 % when the second wants 40 % in two names: 20 % are left, half of each
    result = rebalanced(
        flat(5, 3), at(5, 3, t0=[1.2, 0, 0]), at(5, 3, t2=[0, 0.4, 0.4]), policy=MOST_80, allocations=[0.5, 0.5]
    )
    assert held(result) == {"K00": 600.0, "K01": 100.0, "K02": 100.0}
    assert told(result, "book", "granted", "gross", "book_gross") == [
        (DAY[2], "EXPOSURE", "given_1", pytest.approx(20_000), 60_000.0, 0.0)
    ]


def test_what_a_book_gives_up_at_the_same_close_another_may_have():
    # book 1 goes from 60 % to 10 %, book 2 from nothing to 60 %: 70 % in all, and nothing is cut
    result = rebalanced(
        flat(5, 2), at(5, 2, t0=[1.2, 0], t2=[0.2, 0]), at(5, 2, t2=[0, 1.2]), policy=MOST_80, allocations=[0.5, 0.5]
    )
    assert held(result) == {"K00": 100.0, "K01": 600.0} and told(result) == []


def test_of_strategies_asked_bar_by_bar_the_second_is_cut_to_what_the_first_leaves_evenly():
    def first(context: Any) -> None:
        if context.t == 0:
            context.rebalance({0: 1.2})

    def second(context: Any) -> None:
        if context.t == 0:
            context.rebalance({1: 0.6, 2: 0.6})

    one, two = Asked(first), Asked(second)
    one.id, two.id = "one", "two"
    spec = spec_of(["one", "two"], policy=MOST_80, initial_capital=LAKH, allocations=[0.5, 0.5])
    result = run(spec, flat(3, 3), {"one": one, "two": two})
    assert held(result) == {"K00": 600.0, "K01": 100.0, "K02": 100.0}
    assert told(result, "book", "granted") == [(DAY[0], "EXPOSURE", "two", pytest.approx(20_000))]


@pytest.mark.parametrize("way", [rebalanced, asked_for])
def test_a_session_that_reached_the_daily_stop_rebalances_to_what_the_cautious_next_one_may_hold(way):
    """80 % lose 2,000 of 1,00,000 by the close: the next session is CAUTIOUS. Four names get 10 % of 98,000 each."""
    o, c = np.full((5, 5), 100.0), np.full((5, 5), 100.0)
    c[2, 0], o[3:, 0], c[3:, 0] = 97.5, 97.5, 97.5
    target = at(5, 5, t0=[0.8, 0, 0, 0, 0], t2=[0, 0.25, 0.25, 0.25, 0.25])
    result = way(bars_of(o, c), target, policy=MOST_80)
    assert held(result) == dict.fromkeys("BCDE", 98.0)
    # 98,000 wanted, 78,400 of one strategy, 39,200 while CAUTIOUS
    assert told(result, "wanted", "granted", "state")[-2:] == [
        (DAY[2], "STRATEGY", pytest.approx(98_000), pytest.approx(78_400), "CAUTIOUS"),
        (DAY[2], "EXPOSURE", pytest.approx(78_400), pytest.approx(39_200), "CAUTIOUS"),
    ]
    assert "REJECT" not in result.decisions["outcome"] and "TRIM" not in result.decisions["outcome"]


@pytest.mark.parametrize("way", [rebalanced, asked_for])
def test_a_halted_account_sells_as_wanted_and_no_more(way):
    policy = replace(MOST_80, daily_stop_loss_percent=-50, max_drawdown_percent=10)
    o, c = np.full((5, 2), 100.0), np.full((5, 2), 100.0)
    o[2:, 0] = c[2:, 0] = 60.0  # 800 shares lose 40 each: 32 % of the equity; 48,000 of 68,000 are in A
    result = way(bars_of(o, c), at(5, 2, t0=[0.8, 0], t3=[0.6, 0.4]), policy=policy)
    assert result.state[-1] == "HALTED" and told(result) == []
    assert held(result) == {"A": 680.0}  # 0.6 × 68,000 / 60; of B nothing
    assert (result.decisions["outcome"][-1], result.decisions["rule"][-1]) == ("REJECT", "HALTED")


def test_the_target_below_what_is_held_is_sold_and_a_reduction_is_never_refused():
    # DEFENSIVE at a drawdown of 20 %: at the next rebalance 10 % may be held, the rest of the 80 % is sold
    policy = replace(MOST_80, daily_stop_loss_percent=-50)
    o = np.array([[100.0], [100.0], [70.0], [70.0], [70.0], [70.0]])
    result = rebalanced(bars_of(o, o), at(6, 1, t0=0.8, t3=0.8), policy=policy)
    assert result.state[3:] == ["DEFENSIVE"] * 3
    assert held(result) == {"A": 108.0}  # 10 % of 76,000 at 70
    assert result.rejections["at"] == []


def test_a_holding_without_a_price_today_counts_with_its_last_one():
    # A, 40 %, does not trade from bar 2 on. Of the 80 % it leaves 40 % to B and C, which want 80 %
    o = np.full((5, 3), 100.0)
    o[2:, 0] = NAN
    result = rebalanced(bars_of(o, o), at(5, 3, t0=[0.4, 0, 0], t2=[0.2, 0.4, 0.4]), policy=MOST_80)
    assert held(result) == {"A": 400.0, "B": 200.0, "C": 200.0}


def test_at_bars_within_a_session_that_reached_the_stop_nothing_is_scaled_and_entries_are_refused():
    o = np.full((4, 2), 100.0)
    o[2:, 0] = 97.0
    bars = bars_of(o, o)
    minutes = np.datetime64("2024-01-01T09:15:00") + np.arange(4) * np.timedelta64(300, "s")
    bars = replace(bars, sessions=minutes, timeframe="5m")
    result = rebalanced(bars, at(4, 2, t0=[0.8, 0], t2=[0.4, 0.6]), policy=MOST_80, timeframe="5m")
    assert told(result) == []
    assert held(result) == {"A": 402.0}  # 0.4 × 97,600 / 97; B would be entered
    assert result.decisions["rule"][-1] == "DAILY_STOP"


def test_a_gap_at_the_open_is_cut_from_the_entries_served_last():
    # 400 + 400 shares at 100 are planned; at 110 they cost 88,000, and 80,000 may be held: B gets 327
    prices = np.full((3, 2), 100.0)
    opens = prices.copy()
    opens[1] = 110.0
    result = rebalanced(bars_of(opens, prices), at(3, 2, t0=[0.5, 0.5]), policy=MOST_80)
    assert held(result) == {"A": 400.0, "B": 327.0}
    assert result.decisions["outcome"][:3] == ["SCALE", "ALLOW", "TRIM"]


def random_targets(bars: Bars, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    target = random.random(bars.shape) * (random.random(bars.shape) < 0.7) * 0.6
    target[random.random(len(target)) < 0.4] = NAN
    return target


def test_weights_and_a_strategy_asked_bar_by_bar_are_cut_alike():
    """Over 700 bars, so that the log of decisions has to grow while the strategy gives its orders."""
    bars = market(11, 700, 4)
    target = random_targets(bars, 12)
    policy = replace(
        WIDE, max_position_percent=20, max_equity_exposure_percent=60, max_strategy_allocation_percent=55,
        cash_reserve_percent=50, max_drawdown_percent=None, daily_stop_loss_percent=-3,
    )  # fmt: skip
    one, two = rebalanced(bars, target, policy=policy), asked_for(bars, target, policy=policy)
    assert len(told(one)) > 700
    for name in ("fills", "decisions"):
        a, b = getattr(one, name), getattr(two, name)
        for column in set(a) - {"intent", "book"}:
            assert a[column] == b[column], (name, column)
    assert one.equity.tobytes() == two.equity.tobytes()


def test_the_order_of_the_columns_changes_no_byte():
    bars = market(21, 120, 4)
    target = random_targets(bars, 22)
    order = [2, 0, 3, 1]
    one = rebalanced(bars, target, policy=MOST_80)
    two = rebalanced(permuted(bars, order), target, policy=MOST_80)  # strategies see them in the order of the keys
    assert told(one) and one.decisions == two.decisions and one.fills == two.fills
    assert one.equity.tobytes() == two.equity.tobytes()


def test_entries_by_signals_compete_order_by_order_as_before():
    entry = np.zeros((3, 2), bool)
    entry[0] = True
    prices = np.full((3, 2), 100.0)
    result = run_given(
        bars_of(prices, prices), (entry, np.zeros((3, 2), bool)), policy=MOST_80, initial_capital=LAKH,
        sizing=Sizing("value", 60_000.0),
    )  # fmt: skip
    assert held(result) == {"A": 600.0, "B": 200.0}
    assert result.decisions["outcome"] == ["ALLOW", "TRIM"]
