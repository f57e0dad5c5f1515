"""Monthly rankings on panels typed by hand: which rows, which names, which weights."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engines.backtest import RunSpec, UniverseSpec, book_of, run
from app.engines.bars import Bars
from app.engines.strategies import Weights
from app.engines.strategies.registry import registry
from app.engines.strategies.rotation import capped
from app.engines.strategies.schedule import flat_by, month_ends
from tests.engines.strategies.panels import NAN, daily, sessions_of, walk

SPRING = sessions_of("2024-01-01", "2024-04-30")  # January 22, February 21, March 18 sessions, April 20


def ends(bars: Bars) -> list[str]:
    return [str(day) for day in bars.sessions[month_ends(bars)]]


def weights(name: str, bars: Bars, **params: Any) -> dict[str, dict[str, float]]:
    """What is held after each rebalance: by its day, by symbol, without those at zero."""
    strategy = registry()[name]
    answer = strategy.signals(bars, strategy.params(params))
    assert isinstance(answer, Weights)
    rows = np.flatnonzero(~np.isnan(answer.target).all(axis=1))
    assert not np.isnan(answer.target[rows]).any()
    return {
        str(bars.sessions[t]): {
            symbol: weight for symbol, weight in zip(bars.symbols, answer.target[t].tolist(), strict=True) if weight
        }
        for t in rows
    }


# ---- when


def test_the_last_session_of_a_month_is_known_at_its_close():
    bars = daily(SPRING, {"A": np.arange(len(SPRING)) + 1.0})
    # 29 March 2024 was Good Friday; the slice ends with the last session of April
    assert ends(bars) == ["2024-01-31", "2024-02-29", "2024-03-28", "2024-04-30"]
    for t in range(1, len(SPRING) + 1):
        assert (month_ends(bars.up_to(t)) == month_ends(bars)[:t]).all()


def test_without_a_bar_at_the_end_of_a_month_the_next_bar_decides_once():
    days = np.delete(SPRING, int(np.flatnonzero(np.datetime64("2024-02-29") == SPRING)[0]))
    bars = daily(days, {"A": np.arange(len(days)) + 1.0})
    assert ends(bars) == ["2024-01-31", "2024-03-01", "2024-03-28", "2024-04-30"]


def test_monthly_decisions_need_daily_bars():
    times = np.array(["2024-01-31T09:15", "2024-01-31T09:20"], "datetime64[s]")
    bars = Bars.from_ohlcv(times, {"A": ([1.0, 2.0],) * 5}, timeframe="5m")
    for name in ("momentum_12_1", "low_volatility", "dual_momentum"):
        strategy = registry()[name]
        with pytest.raises(ValueError, match="timeframe: a monthly decision needs daily bars, got 5m"):
            strategy.signals(bars, strategy.params())


def test_intraday_positions_end_before_the_end_of_trading_or_the_closing_auction():
    assert str(flat_by(date(2024, 1, 31))) == "15:15:00"
    assert str(flat_by(date(2026, 12, 1))) == "15:10:00"  # closing auction since August 2026
    assert str(flat_by(date(2024, 1, 27))) == "15:15:00"  # a Saturday, as foreign bars have it


# ---- momentum

DAYS = len(SPRING)
JANUARY = int(np.flatnonzero(np.datetime64("2024-01-31") == SPRING)[0])  # bar 21


def steps(*levels: tuple[int, float]) -> np.ndarray:
    """A price that takes each level from a bar on."""
    out = np.full(DAYS, NAN)
    for at, level in levels:
        out[at:] = level
    return out


def test_momentum_ranks_by_the_return_that_leaves_the_last_month_out():
    assert JANUARY == 21
    closes = {
        "A": steps((0, 100), (10, 110), (19, 300)),  # +10 % up to two sessions ago, and a jump that does not count
        "B": steps((0, 100), (5, 130)),  # +30 %
        "C": steps((0, 100), (5, 130)),  # the same: a tie goes to the earlier key
        "D": steps((0, 100), (3, 90)),
        "E": steps((2, 100), (5, 900)),  # not listed 20 sessions ago
    }
    found = weights("momentum_12_1", daily(SPRING, closes), lookback=20, skip=3, top=0.5)
    assert found["2024-01-31"] == {"B": 0.5, "C": 0.5}  # four are ranked, half of them held
    assert weights("momentum_12_1", daily(SPRING, closes), lookback=20, skip=3, names=1)["2024-01-31"] == {"B": 1.0}
    top = weights("momentum_12_1", daily(SPRING, closes), lookback=20, skip=3, names=3)["2024-01-31"]
    assert top == {"A": 1 / 3, "B": 1 / 3, "C": 1 / 3}
    # a tenth of four is none, but one is held at least
    assert weights("momentum_12_1", daily(SPRING, closes), lookback=20, skip=3)["2024-01-31"] == {"B": 1.0}


def test_the_jump_counts_once_it_is_old_enough():
    closes = {"A": steps((0, 100), (19, 300)), "B": steps((0, 100), (5, 130))}
    assert weights("momentum_12_1", daily(SPRING, closes), lookback=20, skip=2)["2024-01-31"] == {"A": 1.0}
    assert weights("momentum_12_1", daily(SPRING, closes), lookback=20, skip=3)["2024-01-31"] == {"B": 1.0}


def test_only_members_that_traded_are_ranked():
    closes = {"A": steps((0, 100), (5, 140)), "B": steps((0, 100), (5, 130)), "C": steps((0, 100), (5, 120))}
    closes["A"][JANUARY] = NAN
    member = np.ones((DAYS, 3), bool)
    member[JANUARY, 1] = False
    found = weights("momentum_12_1", daily(SPRING, closes, member=member), lookback=20, skip=3)
    assert found["2024-01-31"] == {"C": 1.0} and found["2024-02-29"] == {"A": 1.0}


def test_a_session_without_trade_long_ago_takes_the_price_before_it_and_a_break_in_history_none():
    closes = {"A": steps((0, 100), (2, 140)), "B": steps((0, 100), (5, 130))}
    closes["A"][18] = NAN  # three sessions before the decision: the price of bar 17 stands
    assert weights("momentum_12_1", daily(SPRING, closes), lookback=20, skip=3)["2024-01-31"] == {"A": 1.0}
    gap = np.zeros((DAYS, 2), bool)
    gap[12, 0] = True
    assert weights("momentum_12_1", daily(SPRING, closes, gap=gap), lookback=20, skip=3)["2024-01-31"] == {"B": 1.0}


def test_a_split_is_no_return():
    factor = np.ones((DAYS, 2))
    factor[8:, 0] = 2.0
    raw = {"A": steps((0, 100), (8, 50)), "B": steps((0, 100), (5, 101))}  # A unchanged, split one into two
    found = weights("momentum_12_1", daily(SPRING, raw, factor=factor), lookback=20, skip=3)
    assert found["2024-01-31"] == {"B": 1.0}


def test_a_month_with_nobody_to_rank_holds_cash():
    closes = {"A": steps((10, 100), (30, 150))}  # listed too late for January's decision
    found = weights("momentum_12_1", daily(SPRING, closes), lookback=20, skip=3)
    assert found["2024-01-31"] == {} and found["2024-02-29"] == {"A": 1.0}


# ---- low volatility


def swinging(size: float) -> np.ndarray:
    """A price whose daily returns are up and down by the same fraction in turn."""
    returns = np.where(np.arange(DAYS) % 2, size, -size)
    return 100.0 * np.cumprod(1.0 + returns)


def test_low_volatility_holds_the_quietest_by_the_inverse_of_their_deviation():
    closes = {"A": swinging(0.04), "B": swinging(0.01), "C": swinging(0.02), "FLAT": np.full(DAYS, 100.0)}
    params = {"window": 20, "least": 10, "names": 2, "cap": 1.0}
    found = weights("low_volatility", daily(SPRING, closes), **params)
    # twenty returns, half +r and half -r: deviations in the proportion 1 : 2, weights 2/3 and 1/3; FLAT has none
    assert found["2024-01-31"] == pytest.approx({"B": 2 / 3, "C": 1 / 3}, rel=1e-9)
    capped_ = weights("low_volatility", daily(SPRING, closes), **(params | {"cap": 0.4}))
    assert capped_["2024-01-31"] == pytest.approx({"B": 0.4, "C": 0.4})


def test_the_deviation_is_the_sample_deviation_of_known_returns():
    random = np.random.default_rng(5)
    close = 100.0 * np.exp(np.cumsum(random.normal(0.0, 0.02, (DAYS, 3)), axis=0))
    close[15, 1] = NAN  # the return after it reaches over two sessions
    gap = np.zeros((DAYS, 3), bool)
    gap[9, 2] = True  # older returns do not count, nor that into the bar
    bars = daily(SPRING, {"A": close[:, 0], "B": close[:, 1], "C": close[:, 2]}, gap=gap)
    strategy = registry()["low_volatility"]
    rank = strategy.signals(bars, strategy.params({"window": 20, "least": 12, "names": 3})).rank
    assert rank is not None
    returns = [close[1:22, 0] / close[0:21, 0] - 1]
    known = np.delete(close[:22, 1], 15)
    returns.append(known[1:] / known[:-1] - 1)
    returns.append(close[10:22, 2] / close[9:21, 2] - 1)
    expected = [-np.std(r[-20:] if n == 0 else r[-19:] if n == 1 else r, ddof=1) for n, r in enumerate(returns)]
    assert rank[JANUARY].tolist() == pytest.approx(expected, rel=1e-12)
    tighter = strategy.signals(bars, strategy.params({"window": 20, "least": 13, "names": 3})).rank
    assert tighter is not None and np.isnan(tighter[JANUARY, 2]) and not np.isnan(tighter[JANUARY, :2]).any()


@settings(deadline=None)
@given(st.lists(st.floats(0.01, 100.0), min_size=1, max_size=30), st.floats(0.01, 1.0))
def test_capped_parts_keep_the_cap_and_spend_what_it_allows(parts, cap):
    found = capped(np.array(parts), cap)
    assert (found <= cap + 1e-12).all() and (found >= 0.0).all()
    assert found.sum() == pytest.approx(min(1.0, cap * len(parts)), rel=1e-9)
    free = found < cap - 1e-9
    if free.any():  # those below the cap keep their proportions
        assert found[free] / found[free].sum() == pytest.approx(np.array(parts)[free] / np.array(parts)[free].sum())


# ---- dual momentum


def test_dual_momentum_holds_the_stronger_sleeve_while_the_home_index_beats_bills():
    closes = {
        "JUNIORBEES": steps((0, 100), (5, 120), (40, 90)),
        "LIQUIDBEES": steps((0, 100), (5, 101), (40, 102)),
        "NIFTYBEES": steps((0, 100), (5, 110), (40, 80)),
    }
    found = weights("dual_momentum", daily(SPRING, closes), lookback=20)
    assert found["2024-01-31"] == {"JUNIORBEES": 1.0}
    assert found["2024-02-29"] == {"LIQUIDBEES": 1.0}  # the home index has fallen
    assert weights("dual_momentum", daily(SPRING, closes), lookback=20, bills=0.25)["2024-01-31"] == {"JUNIORBEES": 1.0}
    # where the home index fails the test, a rise of the other sleeve does not matter
    closes["NIFTYBEES"] = steps((0, 100), (5, 99))
    assert weights("dual_momentum", daily(SPRING, closes), lookback=20)["2024-01-31"] == {"LIQUIDBEES": 1.0}
    del closes["LIQUIDBEES"]
    assert weights("dual_momentum", daily(SPRING, closes), lookback=20)["2024-01-31"] == {}


def test_the_return_of_bills_is_that_of_the_lookback():
    closes = {"A": steps((0, 100), (5, 101.0))}
    # +1 % in 20 sessions; bills of 12 % a year bring 0.95 %, of 13 % a year 1.03 %
    assert weights("dual_momentum", daily(SPRING, closes), lookback=20, bills=0.12)["2024-01-31"] == {"A": 1.0}
    assert weights("dual_momentum", daily(SPRING, closes), lookback=20, bills=0.13)["2024-01-31"] == {}


# ---- as runs


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("momentum_12_1", {"lookback": 60, "skip": 5, "top": 0.3}),
        ("low_volatility", {"window": 60, "least": 40, "share": 0.5, "cap": 0.5}),
        ("dual_momentum", {"lookback": 60}),
    ],
)
def test_a_rotation_trades_after_the_ends_of_months_alone(name, params):
    bars = walk(3, "2023-01-02", "2024-06-28", 8)
    spec = RunSpec(
        books=(book_of(registry()[name], params),),
        universe=UniverseSpec(index="HAND MADE"),
        start=date(2023, 1, 1),
        end=date(2024, 12, 31),
        data_root="hand made",
    )
    result = run(spec, bars, registry())
    assert result.metrics["trades"] >= 3
    after = {str(bars.sessions[t + 1]) for t in np.flatnonzero(month_ends(bars)[:-1])}
    assert set(result.fills["filled_at"]) <= after
