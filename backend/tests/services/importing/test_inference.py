"""Splits and bonuses inferred from what a session shows, and what must be left alone."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.importing.adjustments import Bar, Listed, Rejected, ordinary
from app.services.importing.blind_test import compare
from app.services.importing.corporate import contradicted
from app.services.importing.inference import (
    Inferred,
    IsinSeen,
    Move,
    Session,
    infer,
    isin_change,
    nearest,
    turnover_ratio,
    volume_shift,
)

EX = date(2024, 7, 10)
OLD, NEW = (
    IsinSeen("INE111A01017", date(2020, 1, 1), date(2024, 7, 1)),
    IsinSeen("INE111A01025", date(2024, 7, 20), None),
)
VOLUME = "ratio and volume over 5 sessions"


def session(days: int, price: float, volume: int, *, previous: float | None = None, series: str = "EQ") -> Session:
    return Session(
        EX + timedelta(days=days), series, price, price * 1.01, price * 0.99, price, previous or price, volume
    )


def move(
    at_open: float,
    at_close: float | None = None,
    *,
    ex_volume: int = 10_000,
    after: float = 1.0,
    sessions: int = 10,
    **changes: object,
) -> Move:
    """From 1,000 rupees and 1,000 shares a day; previous close over open and close, volumes after as a multiple."""
    at_close = at_close or at_open
    opened, closed = 1000 / at_open, 1000 / at_close
    ex = Session(EX, "EQ", opened, max(opened, closed), min(opened, closed), closed, 1000.0, ex_volume)
    one = Move(
        1,
        "X",
        ex,
        tuple(session(-days, 1000.0, 1000) for days in range(20, 0, -1)),
        tuple(session(days, closed, int(1000 * after)) for days in range(1, sessions + 1)),
        0.0,
    )
    return replace(one, **changes)  # type: ignore[arg-type]


def test_a_bonus_whose_volumes_double_is_known_after_five_sessions() -> None:
    found = infer(move(1.98, 2.06, after=2.0))
    assert found is not None
    assert (found.factor, found.rules[0], found.known_at) == (2.0, VOLUME, EX + timedelta(days=5))
    assert found.evidence["volume_ratio"] == {"5": 2.0, "10": 2.0}
    assert found.evidence["previous_close_over_open"] == 1.98


def test_later_sessions_only_confirm() -> None:
    early, late = infer(move(1.98, 2.06, after=2.0, sessions=5)), infer(move(1.98, 2.06, after=2.0))
    assert early is not None and late is not None
    assert (early.factor, early.known_at) == (late.factor, late.known_at)
    assert infer(move(1.98, 2.06, after=2.0, sessions=4)) is None


def test_a_halving_whose_volumes_stay_is_left() -> None:
    assert infer(move(1.98, 2.06, after=1.0)) is None


def test_a_day_without_news_is_evidence_on_that_evening() -> None:
    found = infer(move(1.99, 2.02, ex_volume=2000))  # as many rupees as before
    assert found is not None
    assert (found.factor, found.rules, found.known_at) == (2.0, ("ratio and a day without news",), EX)


def test_an_exact_tenth_needs_no_more() -> None:
    found = infer(move(9.9, 10.2))
    assert found is not None and found.factor == 10.0 and found.known_at == EX


def test_a_dated_change_of_isin_is_evidence_when_the_new_one_is_seen() -> None:
    found = infer(move(1.93, 2.1, isins=(OLD, NEW)))
    assert found is not None
    assert (found.factor, found.known_at) == (2.0, NEW.first)
    assert found.evidence["isin"]["new"] == NEW.isin


@pytest.mark.parametrize(
    "isins",
    [
        (OLD, replace(NEW, isin="INE999B01011")),  # another company's
        (OLD, replace(NEW, first=date(2024, 7, 9))),  # changed before
        (replace(OLD, dated_last=date(2024, 7, 11)), NEW),  # changed after
        (replace(OLD, dated_last=date(2022, 7, 11)), NEW),  # at some time in two years
        (replace(OLD, dated_last=None), NEW),
        (OLD,),
    ],
)
def test_other_changes_of_isin_are_none(isins: tuple[IsinSeen, ...]) -> None:
    assert isin_change(move(2.0, isins=isins)) is None


def test_a_consolidation_needs_a_change_of_isin() -> None:
    assert infer(move(0.1, after=0.1)) is None
    found = infer(move(0.1, after=0.1, isins=(OLD, NEW)))
    assert found is not None and found.factor == 0.1


def test_one_and_a_half_needs_two_kinds_of_second_evidence_where_the_open_is_off() -> None:
    assert infer(move(1.475, 1.52, after=1.5)) is None  # 1.7 % off
    found = infer(move(1.475, 1.52, ex_volume=1500, after=1.5))
    assert found is not None and (found.factor, found.known_at) == (1.5, EX + timedelta(days=5))


def test_one_and_a_half_that_the_open_hits_needs_one() -> None:
    """KPIGREEN 2025-01-03, a bonus of one for two: opened at 579 after 857.75, and was traded more after."""
    found = infer(move(857.75 / 579, 857.75 / 547.7, after=1.78, market=0.002))
    assert found is not None and (found.factor, found.known_at) == (1.5, EX + timedelta(days=5))
    assert infer(move(857.75 / 579, 857.75 / 547.7, after=0.9, market=0.002)) is None


def test_a_contradicted_listing_is_corrected_on_its_day() -> None:
    """MOTHERSUMI 2018-10-30: listed as 3, a bonus of one for two."""
    assert infer(move(1.447, 1.413)) is None
    found = infer(move(1.447, 1.413, named="factor 3"))
    assert found is not None and (found.factor, found.known_at) == (1.5, EX)
    assert found.evidence["listed_as"] == "factor 3"


def test_the_market_is_taken_out_and_must_be_quiet() -> None:
    found = infer(move(2.04, 2.04, ex_volume=2000, market=-0.02))
    assert found is not None and found.evidence["previous_close_over_open"] == pytest.approx(
        2.04 * math.exp(-0.02), abs=1e-4
    )
    assert infer(move(2.04, 2.04, ex_volume=2000, after=2.0, market=-0.08)) is None


@pytest.mark.parametrize(
    ("name", "one"),
    [
        ("SIEMENS 2025-04-07, demerged: nearly half at the open", move(2.014, 1.747, after=2.0, market=-0.05)),
        ("the same on a quiet day", move(2.014, 1.747, after=2.0)),
        ("TATAMOTORS 2025-10-14, demerged", move(1.652, 1.671, after=1.15)),
        ("STAR 2013-12-19, a dividend of 500 rupees", move(2.512, 2.361, after=0.85)),
        ("VEDL 2026-04-30, demerged", move(2.67, 2.85, after=4.3)),
        ("ABFRL 2025-05-22, demerged", move(2.74, 2.99, after=4.7)),
        ("RELIANCE 2023-07-20, demerged", move(2841.85 / 2580, 1.085)),
        ("YESBANK 2020-03-06, a crash", move(36.8 / 33.15, 36.8 / 16.2, ex_volume=10_000, after=5)),
        ("DHFL 2018-09-21, a crash", move(1.0, 610 / 351, ex_volume=50_000, after=10)),
        ("ADANIENT 2023-02-01, a crash", move(1.0, 2973.9 / 2128.7, ex_volume=9000, after=4)),
        ("a fall in half with news", move(1.98, 2.02, ex_volume=20_000, after=1.1)),
    ],
)
def test_other_falls_are_left_alone(name: str, one: Move) -> None:
    assert infer(one) is None, name


def test_demerged_shares_moved_to_trade_for_trade_are_left() -> None:
    """SHANKARA 2025-09-24 and BORORENEW 2020-03-06: close to a quarter, from EQ to BE on the day."""
    one = move(3.975, 4.05, ex_volume=500, after=4.0)
    assert infer(one) is not None
    assert infer(replace(one, ex=replace(one.ex, series="BE"))) is None


def test_listings_resumptions_gaps_and_pennies_are_left() -> None:
    one = move(2.0, ex_volume=2000, after=2.0)
    assert infer(one) is not None
    assert infer(replace(one, before=one.before[-5:])) is None  # just listed
    assert infer(replace(one, before=tuple(replace(s, date=s.date - timedelta(days=12)) for s in one.before))) is None
    assert infer(replace(one, before=(*one.before[:-1], replace(one.before[-1], close=900.0)))) is None
    assert infer(replace(one, ex=replace(one.ex, prev_close=None))) is None
    small = {"open": 1.5, "high": 1.5, "low": 1.5, "close": 1.5, "prev_close": 3.0}
    assert infer(replace(one, ex=replace(one.ex, **small))) is None


def test_shifts_are_logs_of_medians() -> None:
    one = move(4.0, after=3.0, ex_volume=4000)
    assert volume_shift(one, 5) == pytest.approx(math.log(3))
    assert volume_shift(replace(one, after=one.after[:4]), 5) is None
    assert turnover_ratio(one) == pytest.approx(1.0)


@given(st.floats(0.8, 1.45), st.floats(0.8, 1.45), st.floats(0.1, 20), st.integers(1, 10**6))
def test_no_move_below_a_third_is_ever_taken(at_open: float, at_close: float, after: float, volume: int) -> None:
    assert infer(move(at_open, at_close, after=after, ex_volume=volume, named=None)) is None


@given(st.floats(0.005, 120), st.floats(0.005, 120))
def test_the_nearest_fraction_is_near_in_open_or_close(at_open: float, at_close: float) -> None:
    fit = nearest(move(at_open, at_close))
    assert fit is None or min(abs(math.log(at_open / fit.factor)), abs(math.log(at_close / fit.factor))) <= 0.1 + 1e-9


def rejected(at_open: float, at_close: float, factor: float = 3.0) -> Rejected:
    bar = Bar(EX, 1000 / at_open, 1000 / at_close, 1000.0)
    first = Listed(1, EX, "SPLIT", factor, "actions_multipliers", f"factor {factor:g}")
    return Rejected(1, EX, (factor,), at_open, first, bar, "X")


def test_a_contradicted_listing_is_quarantined_unless_the_day_was_ordinary() -> None:
    assert (
        ordinary(rejected(1.01, 1.02)) and not ordinary(rejected(1.13, 1.15)) and not ordinary(rejected(1.0, 1.0, 1.2))
    )
    (jump,) = contradicted([rejected(1.13, 1.15)], {}, set())
    assert (jump.instrument, jump.session, jump.symbol) == (1, EX, "X")
    assert contradicted([rejected(1.13, 1.15)], {(1, EX): 1.5}, set()) == []
    assert contradicted([rejected(1.13, 1.15)], {}, {(1, EX)}) == []
    assert contradicted([rejected(1.01, 1.02)], {}, set()) == []


def test_the_blind_test_counts_each_case_once() -> None:
    def inferred(day: int, factor: float) -> Inferred:
        on = date(2020, 1, day)
        return Inferred(1, on, "X", factor, on, ("rule",), {})

    listed = {(1, date(2020, 1, day)): 2.0 for day in (1, 12, 23, 31)} | {(1, date(2009, 1, 1)): 2.0}
    found = [inferred(1, 2.0), inferred(12, 3.0)]
    found += [
        replace(inferred(1, 2.0), instrument=2),
        replace(inferred(1, 2.0), instrument=2, ex_date=date(2025, 1, 1)),
    ]
    moves = {(1, date(2020, 1, 23))}
    result = compare(listed, found, moves, {1: "X"}, (date(2011, 1, 1), date(2023, 1, 1)))
    assert (result.known, result.right) == (4, 1)
    assert [case.ex_date.day for case in result.wrong] == [12]
    assert [case.ex_date.day for case in result.quarantined] == [23]
    assert [case.ex_date.day for case in result.unseen] == [31]
    assert [len(result.taken), len(result.beyond)] == [1, 1]
    off_by_a_day = compare(listed, [inferred(2, 2.0)], moves, {1: "X"}, None)
    assert len(off_by_a_day.wrong) == 1 and off_by_a_day.right == 0
