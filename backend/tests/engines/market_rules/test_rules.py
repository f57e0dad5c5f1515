"""Ticks, bands, square-off and the tables, by hand-made cases and published figures."""

from __future__ import annotations

import json
from datetime import date, time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.engines.market_rules import (
    BandState,
    Evidence,
    KnownBand,
    MarketRules,
    band_limits,
    breaker_halt,
    breaker_levels,
    index_lot,
    market_rules,
    may_short,
    operating_range,
    price_bands,
    rules_version,
    settlement_sessions,
    square_off,
    square_off_time,
    tick_sizes,
    trade_for_trade,
)

NAN = np.nan


@pytest.fixture(scope="module")
def golden(evidence: Path) -> Any:
    return json.loads((evidence / "golden" / "market_rules.json").read_text())


def days(*texts: str) -> Any:
    return np.array(texts, "datetime64[D]")


def column(*values: float) -> Any:
    return np.array(values, np.float64)[:, None]


NO_FUND = np.array([False])


def test_ticks_are_those_of_the_notice(golden: Any) -> None:
    for case in golden["tick"]["cases"]:
        tick = tick_sizes(days("2025-05-02"), column(123.0), NO_FUND, np.array([case["price"]]))
        assert tick[0, 0] == case["tick"], case


def test_index_levels_are_rounded_to_the_tick(golden: Any) -> None:
    case = golden["index_circuit_limits"]
    assert breaker_levels(case["prev_close"]) == {float(k.rstrip("%")): v for k, v in case["levels"].items()}


def test_an_operating_range_slides_since_november_2024(golden: Any) -> None:
    case = golden["dynamic_band_slide"]
    since, before = date(2024, 11, 18), date(2024, 11, 15)
    assert list(operating_range(case["base"], since)) == case["start_band"]
    assert list(operating_range(case["base"], since, ["up"])) == case["after_up_flex"]
    assert list(operating_range(case["base"], before, ["up"])) == case["old_rule"]
    assert operating_range(100.0, since, ["down"]) == (85.0, 105.0)


def test_the_month_keeps_the_tick_of_the_last_close_before_it() -> None:
    sessions = days("2025-05-29", "2025-05-30", "2025-06-02", "2025-06-30", "2025-07-01")
    ticks = tick_sizes(sessions, column(990.0, 1001.0, 900.0, NAN, 1500.0), NO_FUND)[:, 0]
    # May by its first close; June by 1,001 of 30 May; July by 900, the last close there was
    assert ticks.tolist() == [0.05, 0.05, 0.10, 0.10, 0.05]


def test_ticks_change_on_the_days_of_the_circulars_and_funds_apart() -> None:
    sessions = days("2024-06-07", "2024-06-10", "2025-04-11", "2025-04-15")
    close = np.tile([100.0, 100.0, 6_000.0], (4, 1))
    ticks = tick_sizes(sessions, close, np.array([False, True, False]))
    assert ticks.tolist() == [[0.05, 0.01, 0.05], [0.01, 0.01, 0.05], [0.01, 0.01, 0.05], [0.01, 0.01, 0.50]]


def test_a_security_without_a_close_has_the_tick_of_the_lowest_prices() -> None:
    assert tick_sizes(days("2025-05-02", "2025-06-02"), column(NAN, NAN), NO_FUND)[:, 0].tolist() == [0.01, 0.01]


def bands_of(rows: list[tuple[float, float, float]], **more: Any) -> Any:
    high, low, close = (np.array([row[i] for row in rows])[:, None] for i in range(3))
    factor = more.pop("factor", np.ones_like(close))
    return price_bands(high, low, close, factor, np.full_like(close, 0.05), **more)


def test_a_day_at_one_price_a_band_above_is_taken_for_locked() -> None:
    bands = bands_of([(101.0, 99.0, 100.0), (105.0, 105.0, 105.0), (110.0, 108.0, 110.0)])
    assert bands.state[:, 0].tolist() == [BandState.UNKNOWN, BandState.INFERRED, BandState.UNKNOWN]
    assert (bands.low[1, 0], bands.high[1, 0]) == (95.0, 105.0)
    assert np.isnan(bands.low[[0, 2]]).all()


@pytest.mark.parametrize(
    ("base", "price", "limits"),
    [
        (77.35, 81.2, (73.5, 81.2)),  # 5 % is 81.2175, cut to the tick
        (77.35, 73.5, (73.5, 81.2)),  # below: 73.4825 goes up to the tick
        (100.0, 98.0, (98.0, 102.0)),
        (100.0, 120.0, (80.0, 120.0)),
        (100.0, 103.0, None),  # no band is 3 %
        (100.0, 100.0, None),  # nothing moved
        (1.0, 1.05, (0.95, 1.05)),
    ],
)
def test_only_a_usual_band_to_the_tick_counts(base: float, price: float, limits: tuple[float, float] | None) -> None:
    bands = bands_of([(base, base - 0.05, base), (price, price, price)])
    if limits is None:
        assert bands.state[1, 0] == BandState.UNKNOWN
    else:
        assert (bands.low[1, 0], bands.high[1, 0]) == pytest.approx(limits)
        assert price in (bands.low[1, 0], bands.high[1, 0])  # to the last bit: the core compares with it


def test_the_previous_close_is_brought_to_the_shares_of_the_day() -> None:
    rows = [(201.0, 199.0, 200.0), (NAN, NAN, NAN), (105.0, 105.0, 105.0)]
    split = np.array([[1.0], [1.0], [2.0]])
    assert bands_of(rows, factor=split).state[2, 0] == BandState.INFERRED
    assert bands_of(rows).state[2, 0] == BandState.UNKNOWN


def test_without_the_close_before_nothing_is_inferred() -> None:
    rows = [(101.0, 99.0, 100.0), (105.0, 105.0, 105.0)]
    assert bands_of(rows, gap=np.array([[False], [True]])).state[1, 0] == BandState.UNKNOWN
    assert bands_of([(105.0, 105.0, 105.0)]).state[0, 0] == BandState.UNKNOWN


def test_a_security_with_derivatives_has_no_fixed_band() -> None:
    rows = [(101.0, 99.0, 100.0), (110.0, 110.0, 110.0)]
    bands = bands_of(rows, has_derivatives=np.array([[True], [True]]))
    assert bands.state[:, 0].tolist() == [BandState.NONE] * 2
    assert np.isnan(bands.high).all()


def test_a_band_on_file_stands_before_any_inference() -> None:
    rows = [(101.0, 99.0, 100.0), (105.0, 105.0, 105.0), (107.0, 104.0, 106.0)]
    known = [KnownBand(1, 0, 20.0, NAN, NAN), KnownBand(2, 0, NAN, NAN, 107.0)]
    bands = bands_of(rows, known=known)
    assert (bands.low[1, 0], bands.high[1, 0]) == (80.0, 120.0)
    assert np.isnan(bands.low[2, 0])
    assert bands.high[2, 0] == 107.0
    assert bands.state[:, 0].tolist() == [BandState.UNKNOWN, BandState.KNOWN, BandState.KNOWN]


def test_limits_are_rounded_inwards() -> None:
    # the exchange's own limits of three securities, by their previous closes
    base, tick = np.array([778.9, 269.45, 2320.65]), np.array([0.05, 0.05, 0.1])
    low, high = band_limits(base, np.full(3, 10.0), tick)
    assert low.tolist() == [701.05, 242.55, 2088.6]
    assert high.tolist() == [856.75, 296.35, 2552.7]


def test_series_tell_trade_for_trade() -> None:
    series = np.array([[0.0, 1.0], [NAN, 2.0]])
    assert trade_for_trade(series, ("EQ", "BE", "SM")).tolist() == [[False, True], [False, False]]


def quarter_hours(day: str, first: str, count: int) -> Any:
    return np.datetime64(f"{day}T{first}", "s") + np.arange(count) * np.timedelta64(15, "m")


def test_intraday_ends_in_the_bar_of_the_brokers_time() -> None:
    regular = quarter_hours("2025-06-02", "09:15", 25)  # last bar 15:15
    out = square_off(regular, 15)
    assert out.tolist() == [0] * 24 + [1]
    later = square_off(quarter_hours("2026-08-04", "09:15", 25), 15)
    assert np.flatnonzero(later).tolist() == [23, 24]  # 15:10 falls into the bar of 15:00
    five = regular[0] + np.arange(75) * np.timedelta64(5, "m")
    assert int(np.flatnonzero(square_off(five, 5, "zerodha"))[0]) == 73  # 15:20


def test_a_session_of_its_own_hours_and_one_cut_short_end_at_their_last_close() -> None:
    muhurat = quarter_hours("2024-11-01", "18:00", 4)
    cut = quarter_hours("2025-06-02", "09:15", 6)
    assert square_off(np.concatenate([muhurat, cut]), 15).tolist() == [0, 0, 0, 2, 0, 0, 0, 0, 0, 2]
    assert square_off(days("2025-06-02", "2025-06-03"), None).tolist() == [2, 2]


def test_dated_facts() -> None:
    assert settlement_sessions(date(2023, 1, 26)) == 2
    assert settlement_sessions(date(2023, 1, 27)) == 1
    assert square_off_time("somebody", date(2020, 1, 1)).at == time(15, 15)
    assert index_lot("NIFTY50", date(2024, 12, 26)) == 75
    assert index_lot("RELIANCE", date(2024, 12, 26)) is None
    assert breaker_halt(9.9, time(10, 0)) is None
    halt = breaker_halt(-10.0, time(13, 0))
    assert halt is not None
    assert (halt.halt_minutes, halt.pre_open_minutes) == (15, 15)
    rest = breaker_halt(16.0, time(14, 0))
    assert rest is not None
    assert rest.halt_minutes is None
    assert [may_short(p, t) for p in ("CNC", "MIS", "FUT") for t in (False, True)] == [
        False, False, True, False, True, True,
    ]  # fmt: skip


def test_a_bundle_says_what_is_known() -> None:
    sessions = days("2025-06-02", "2025-06-03")
    close = np.array([[100.0, NAN], [105.0, 50.0]])
    evidence = Evidence(np.array([0, 1]), np.array([1.0, 1.0]), t2t=np.array([[False, False], [False, True]]))
    rules = market_rules(sessions, close, close, close, np.ones((2, 2)), np.zeros((2, 2), np.bool_), evidence)
    assert rules.version == f"{rules_version()}.{evidence.digest}"
    assert rules.band_state[:, 0].tolist() == [BandState.UNKNOWN, BandState.INFERRED]
    said = " ".join(rules.words)
    assert "of 3 daily bars 0 have a band on file; on 1 a locked band is INFERRED" in said
    assert "by the series of each bar: 1 bars" in said
    assert "not on file for this period" in said


def test_evidence_beside_the_bars_is_part_of_the_version() -> None:
    assets, lots = np.array([0, 1]), np.array([1.0, 1.0])
    plain = Evidence(assets, lots)
    flagged = np.array([[False, True]])
    others = [
        Evidence(np.array([0, 2]), lots),
        Evidence(assets, np.array([1.0, 600.0])),
        Evidence(assets, lots, t2t=flagged),
        Evidence(assets, lots, known=(KnownBand(0, 0, 5.0, NAN, NAN),)),
        Evidence(assets, lots, has_derivatives=flagged, derivatives_since=np.datetime64("2025-11-17")),
        Evidence(assets, lots, before=np.array([NAN, 3.0])),
    ]
    assert len({e.digest for e in [plain, *others]}) == 7
    assert plain.digest == Evidence(assets.copy(), lots.copy()).digest


def test_foreign_bars_have_no_rules() -> None:
    rules = MarketRules.none((5, 2), np.array([False, True, False, False, True]))
    assert (rules.tick == 0.0).all()
    assert np.isnan(rules.band_high).all()
    assert rules.square_off.tolist() == [0, 2, 0, 0, 2]
    assert not rules.t2t.any()
    assert rules.version == "none"
