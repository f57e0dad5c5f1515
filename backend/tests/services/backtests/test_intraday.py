"""Runs on stored 5-minute bars of four banks, January to August 2023 (as the exchange's file has their days)."""

from __future__ import annotations

import itertools
from datetime import date
from typing import Any

import numpy as np
import pytest

from app.database import Market
from app.engines.strategies.registry import registry
from app.exceptions import InsufficientDataError, ValidationError
from app.services.backtests.intraday_bars import PUBLISHED_AT, intraday_bars
from app.services.intraday.store import store_beside
from app.services.platform import Platform
from app.services.universe import resolve
from tests.services.backtests.asking import answered, asked, verified

BANKS = ["HDFCBANK", "ICICIBANK", "AXISBANK", "KOTAKBANK"]
PERIOD = ("2023-02-01", "2023-05-31")
FIELDS: dict[str, Any] = {"timeframe": "5m", "params": {"entry": 75, "exit": 25}}


def bars_of(banks: Platform, timeframe: str, start: date, end: date, warm_up: int = 0) -> Any:
    panel = banks.panels.current(Market.REAL)
    with banks.database.transaction(Market.REAL) as session:
        universe = resolve(session, panel, BANKS, start, end, asof_members=True)
        store = store_beside(banks.panels.directory(Market.REAL))
        return intraday_bars(session, store, panel, universe, start, end, warm_up, timeframe)[0]


def test_bars_are_those_of_the_files_with_the_warm_up_asked_for(banks: Platform) -> None:
    bars = bars_of(banks, "5m", date(2023, 1, 3), date(2023, 1, 4), warm_up=10)
    column = bars.symbols.index("HDFCBANK")
    assert (bars.start, bars.shape) == (10, (10 + 2 * 75, 4))
    assert str(bars.sessions[0]) == "2023-01-02T14:40:00" and str(bars.sessions[10]) == "2023-01-03T09:15:00"
    # HDFCBANK.csv.gz: 2023-01-02 15:25:00+05:30 is the last bar of its day
    assert str(bars.sessions[9]) == "2023-01-02T15:25:00"
    assert not np.isnan(bars.raw.close[:, column]).any() and not bars.gap.any()
    first = bars_of(banks, "5m", date(2023, 1, 2), date(2023, 1, 2))
    prices = [values[0, column] for values in first.raw]
    assert prices == [1627.0, 1628.15, 1623.3, 1624.0] and first.raw_volume[0, column] == 88797


def test_a_coarser_timeframe_is_made_from_the_finer_one(banks: Platform) -> None:
    fine, coarse = (bars_of(banks, name, date(2023, 1, 2), date(2023, 1, 2)) for name in ("5m", "15m"))
    assert (fine.shape[0], coarse.shape[0]) == (75, 25)
    np.testing.assert_array_equal(coarse.raw.high, fine.raw.high.reshape(25, 3, 4).max(axis=1))
    np.testing.assert_array_equal(coarse.raw.close, fine.raw.close[2::3])


def test_a_daily_bar_is_there_only_after_its_session(banks: Platform) -> None:
    bars = bars_of(banks, "5m", date(2023, 1, 5), date(2023, 1, 6))
    daily = bars.ports["daily"]
    rows = daily.rows(bars.decided_at)
    known = daily.bars.sessions[rows]
    own = bars.sessions.astype("datetime64[D]")
    assert (known < own).all() and PUBLISHED_AT.hour >= 18
    assert {str(day) for day in known} == {"2023-01-04", "2023-01-05"}
    # cut at a bar in the middle of the day, the day's own bar is not to be seen at all
    cut = bars.up_to(100)
    assert str(cut.ports["daily"].bars.sessions[-1]) == "2023-01-05"


def test_intraday_positions_end_before_the_close_and_may_be_short_only_there(banks: Platform) -> None:
    spec, run = answered(banks, asked("donchian", BANKS, *PERIOD, product="MIS", **FIELDS))
    assert [book.product for book in spec.books] == ["MIS"] and spec.timeframe == "5m"
    assert run["trades_count"] > 50
    for trade in run["trades"]:
        assert trade["entry_at"][:10] == trade["exit_at"][:10]
        # the plan bps has the default broker: 15:15, in the open of the bar that time falls in
        assert trade["exit_at"][11:] <= "15:15:00"
    assert "SQUARE_OFF" in {trade["exit_reason"] for trade in run["trades"]}
    assert any(line.startswith("Intraday positions end at 15:15") for line in run["assumptions"])
    assert any(line.startswith("Intraday (MIS)") for line in run["assumptions"])
    late = [row for row in run["rejections"] if row["reason"] == "AFTER_SQUARE_OFF"]
    assert all(row["at"][11:] >= "15:15:00" for row in late)


def test_the_chart_and_the_benchmarks_are_at_session_closes(banks: Platform) -> None:
    _, run = answered(banks, asked("donchian", BANKS, *PERIOD, product="MIS", **FIELDS))
    days = [row["date"] for row in run["daily_chart"]]
    sessions = banks.panels.current(Market.REAL).sessions
    inside = (sessions >= np.datetime64(PERIOD[0])) & (sessions <= np.datetime64(PERIOD[1]))
    assert days == [str(day) for day in sessions[inside]]
    equity = [row["equity"] for row in run["daily_chart"]]
    for row, before, now in zip(run["daily_chart"][1:], equity, equity[1:], strict=False):
        assert row["daily_return"] == pytest.approx(now / before - 1.0)
    assert run["metrics"]["returns"] == len(days) - 1
    assert equity[-1] == run["metrics"]["final_equity"]
    universe = next(row for row in run["benchmarks"] if row["kind"] == "universe")
    assert len(universe["equity"]) == len(days)
    assert sum(t["pnl"] for t in run["trades"]) == pytest.approx(equity[-1] - 1_000_000.0)


def test_delivery_on_intraday_bars_holds_over_night_and_is_paid_dividends(banks: Platform) -> None:
    _, run = answered(
        banks, asked("sma_cross", ["HDFCBANK"], *PERIOD, timeframe="5m", params={"fast": 20, "slow": 375})
    )
    over = [t for t in run["trades"] if t["exit_at"] is None or t["entry_at"][:10] < t["exit_at"][:10]]
    assert over
    # HDFCBANK went ex its dividend of 19 rupees on 2023-05-16
    for trade in run["trades"]:
        held = trade["entry_at"] < "2023-05-16" <= (trade["exit_at"] or "9999")
        assert trade["income"] == pytest.approx(19.0 * trade["quantity"] if held else 0.0)


def test_an_intraday_run_verifies(banks: Platform) -> None:
    spec, _ = answered(banks, asked("donchian", BANKS, *PERIOD, product="MIS", **FIELDS))
    assert verified(banks, spec.run_id)["outcome"] == "identical"


@pytest.mark.parametrize("name", sorted(registry()))
def test_every_strategy_takes_intraday_bars_or_says_that_it_needs_daily_ones(banks: Platform, name: str) -> None:
    try:
        _, run = answered(banks, asked(name, BANKS, "2023-06-01", "2023-06-09", timeframe="15m"))
    except ValidationError as error:
        assert error.message == f"timeframe: {name} needs daily bars, got 15m"
    else:
        strategy = registry()[name]
        assert run["spec"]["books"][0]["product"] == strategy.product_of(strategy.params())
        assert len(run["daily_chart"]) == 7


def test_what_has_no_intraday_bars_is_named(banks: Platform) -> None:
    with pytest.raises(InsufficientDataError, match="There are no 5m bars of ITC, RELIANCE between 2023-02-01"):
        answered(banks, asked("donchian", [*BANKS, "ITC", "RELIANCE"], *PERIOD, **FIELDS))
    with pytest.raises(InsufficientDataError, match="no 5m bars of AXISBANK, HDFCBANK, ICICIBANK, KOTAKBANK"):
        answered(banks, asked("donchian", BANKS, "2024-01-01", "2024-03-31", **FIELDS))
    with pytest.raises(ValidationError, match="timeframe: expected one of 1m, 5m, 15m, 30m, 1h, 1d, not 3m"):
        answered(banks, asked("donchian", BANKS, *PERIOD, timeframe="3m"))


def test_sessions_left_out_of_the_files_are_gaps(banks: Platform) -> None:
    bars = bars_of(banks, "5m", date(2023, 1, 2), date(2023, 8, 17))
    assert set(bars.sessions[bars.gap.any(axis=1)].astype("datetime64[D]").astype(str)) == holes(banks, bars)


def holes(banks: Platform, bars: Any) -> set[str]:
    """First days after a session of which the files have no bar."""
    traded = [str(day) for day in banks.panels.current(Market.REAL).sessions]
    held = sorted(set(bars.sessions.astype("datetime64[D]").astype(str)))
    place = {day: i for i, day in enumerate(traded)}
    return {b for a, b in itertools.pairwise(held) if place[b] - place[a] > 1}
