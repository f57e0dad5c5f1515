"""Decisions laid over derived rows, dated dividends, and adjusted views: worked out by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.importing.decisions import Decided, apply, factor_facts, jump_facts, restored
from app.services.importing.dividends import ListedDividend, dated, rescaled, restated_amount
from app.services.market import back_adjusted

D1, D2, D3 = date(2024, 1, 2), date(2024, 1, 3), date(2024, 1, 4)


def factor_row(instrument: int, day: date, factor: float, tier: str = "LISTED") -> dict[str, Any]:
    return {
        "instrument_id": instrument,
        "ex_date": day,
        "factor": factor,
        "tier": tier,
        "purpose": "Bonus 1:1",
        "known_at": day,
        "evidence": {"sources": ["x"]},
    }


def jump_row(instrument: int, day: date, ratio: float, proposed: float | None = None) -> dict[str, Any]:
    return {
        "instrument_id": instrument,
        "session": day,
        "symbol": "AAA",
        "previous_close": 100.0,
        "open": 100.0 * ratio,
        "close": 100.0 * ratio,
        "ratio": ratio,
        "proposed_factor": proposed,
        "evidence": {},
    }


def made(instrument: int, day: date, decision: str, factor: float | None, **previous: Any) -> Decided:
    return Decided(
        7, instrument, day, decision, factor, None, "seen the notice", "local", "2024-02-01T10:00:00+00:00", previous
    )


def test_an_accepted_move_is_a_factor_with_its_provenance_and_no_open_move() -> None:
    move = jump_row(1, D2, 0.5, 2.0)
    factors, jumps = apply([], [move, jump_row(2, D2, 0.6)], [made(1, D2, "ACCEPT", 2.0, jump=jump_facts(move))])
    assert [(row["instrument_id"], row["session"]) for row in jumps] == [(2, D2)]
    (row,) = factors
    assert (row["ex_date"], row["factor"], row["tier"], row["known_at"]) == (D2, 2.0, "ACCEPTED", date(2024, 2, 1))
    evidence = row["evidence"]
    assert (evidence["decided_by"], evidence["reason"], evidence["decision"]) == ("local", "seen the notice", 7)
    assert evidence["previous"]["jump"]["ratio"] == 0.5


def test_a_corrected_factor_replaces_the_listed_one_and_remembers_it() -> None:
    (row,), _ = apply([factor_row(1, D2, 2.0)], [], [made(1, D2, "CORRECT", 4.0)])
    assert (row["factor"], row["tier"]) == (4.0, "ACCEPTED")
    assert row["evidence"]["previous"]["factor"]["factor"] == 2.0


def test_a_dismissed_session_has_neither_factor_nor_open_move() -> None:
    other = factor_row(1, D3, 2.0)
    result = apply([factor_row(1, D2, 2.0, "INFERRED"), other], [jump_row(1, D2, 0.5)], [made(1, D2, "DISMISS", None)])
    assert result == ([other], [])


def test_what_was_replaced_can_be_put_back_as_it_was() -> None:
    factor, jump = factor_row(1, D2, 2.0, "INFERRED"), jump_row(1, D2, 0.4, 2.5)
    assert restored({"factor": factor_facts(factor), "jump": jump_facts(jump)}, 1, D2) == (factor, jump)
    assert restored({"factor": None, "jump": None}, 1, D2) == (None, None)


_DAYS = st.sampled_from([D1, D2, D3])
_PLACES = st.tuples(st.integers(1, 3), _DAYS)


@given(
    st.dictionaries(_PLACES, st.floats(0.1, 10.0)),
    st.dictionaries(_PLACES, st.floats(0.1, 10.0)),
    st.dictionaries(_PLACES, st.one_of(st.none(), st.floats(0.1, 10.0))),
)
def test_decisions_touch_their_sessions_alone_and_twice_is_once(
    factors: dict[Any, float], jumps: dict[Any, float], decided: dict[Any, float | None]
) -> None:
    rows = [factor_row(*place, factor) for place, factor in factors.items()]
    moves = [jump_row(*place, ratio) for place, ratio in jumps.items()]
    standing = [made(*place, "DISMISS" if factor is None else "CORRECT", factor) for place, factor in decided.items()]
    once = apply(rows, moves, standing)
    assert apply(*once, standing) == once
    assert [row for row in rows if (row["instrument_id"], row["ex_date"]) not in decided] == once[0][
        : len(rows) - len(factors.keys() & decided.keys())
    ]
    assert {(row["instrument_id"], row["session"]) for row in once[1]} == jumps.keys() - decided.keys()


def line(
    amount: float | None, source: str, purpose: str = "Dividend", number: int = 1, part: int = 0
) -> ListedDividend:
    return ListedDividend(1, D2, amount, purpose, source, f"{source}.csv", number, part)


def test_a_restated_dividend_is_brought_back_to_the_rupees_of_its_day() -> None:
    # 29.5 rupees on a day whose bonus doubled the shares, and once more doubled later: the vendor says 7.375
    assert restated_amount("dividend 7.375, restated by the vendor for later splits") == 7.375
    factors = {1: [(D1, 5.0), (D2, 2.0), (D3, 2.0)]}
    (row,) = dated([line(29.5, "actions_purpose"), line(7.375, "actions_yahoo")], factors)
    assert (row["amount"], row["source"], row["disagrees"]) == (29.5, "actions_purpose", False)
    assert [one["amount"] for one in row["evidence"]] == [29.5, 29.5]


def test_sources_that_differ_by_more_than_rounding_are_told_and_the_exchange_is_used() -> None:
    (row,) = dated([line(3.0, "actions_yahoo"), line(2.0, "actions_purpose")], {})
    assert (row["amount"], row["disagrees"]) == (2.0, True)
    (row,) = dated([line(2.01, "actions_yahoo"), line(2.0, "actions_purpose")], {})
    assert row["disagrees"] is False


def test_parts_of_one_day_add_up_and_one_line_in_two_files_counts_once() -> None:
    text = "Interim Dividend Rs 5 And Special Dividend Rs 3"
    lines = [line(5.0, "actions_purpose", text, 1, 0), line(3.0, "actions_purpose", text, 1, 1)]
    again = [line(5.0, "actions_purpose", text, 9, 0), line(3.0, "actions_purpose", text, 9, 1)]
    (row,) = dated([*lines, *again], {})
    assert row["amount"] == 8.0


def test_a_changed_factor_restates_what_the_vendor_said() -> None:
    (row,) = dated([line(2.0, "actions_yahoo")], {1: [(D3, 2.0)]})
    assert row["amount"] == 4.0
    assert [one["amount"] for one in rescaled([row], [(D3, 5.0)])] == [10.0]
    assert [one["amount"] for one in rescaled([row], [(D1, 5.0)])] == [2.0]


# --- views --------------------------------------------------------------------------------------------------------


def test_split_bonus_and_dividend_by_hand() -> None:
    # 100, split 1:5, bonus 1:1, a dividend of 1 rupee on a close of 10
    days = np.array(["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05"], "datetime64[D]")
    close = np.array([100.0, 20.0, 10.0, np.nan, 9.5])
    factor = np.array([1.0, 5.0, 10.0, 10.0, 10.0])
    split, paid = back_adjusted(close, factor, days, [(date(2024, 1, 4), 1.0)])
    np.testing.assert_allclose(split, [0.1, 0.5, 1.0, 1.0, 1.0])
    np.testing.assert_allclose(paid, [0.9, 0.9, 0.9, 0.9, 1.0])  # 1 − 1/10; no bar on the ex-date itself
    np.testing.assert_allclose((close * split)[[0, 1, 2, 4]], [10.0, 10.0, 10.0, 9.5])
    np.testing.assert_allclose((close * split * paid)[[0, 1, 2, 4]], [9.0, 9.0, 9.0, 9.5])


def test_a_dividend_before_the_first_bar_or_after_the_last_changes_nothing() -> None:
    days = np.array(["2024-01-02", "2024-01-03"], "datetime64[D]")
    close, factor = np.array([10.0, 11.0]), np.ones(2)
    for day in (date(2024, 1, 1), date(2024, 1, 2), date(2024, 1, 9)):
        _, paid = back_adjusted(close, factor, days, [(day, 1.0)])
        np.testing.assert_array_equal(paid, [1.0, 1.0])


@given(st.data())
def test_the_last_bar_is_raw_and_returns_are_those_of_the_forward_anchored_series(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, 12))
    prices = data.draw(st.lists(st.one_of(st.floats(1.0, 1e4), st.just(np.nan)), min_size=size, max_size=size))
    steps = data.draw(st.lists(st.sampled_from([1.0, 2.0, 5.0, 1.5, 0.1]), min_size=size, max_size=size))
    amounts = data.draw(st.lists(st.floats(0.0, 0.9), min_size=size, max_size=size))
    days = np.datetime64("2024-01-01") + np.arange(size)
    close, factor = np.array(prices), np.cumprod(steps)
    dividends = [(day.astype(object), amount) for day, amount in zip(days, amounts, strict=True) if amount > 0.0]
    split, paid = back_adjusted(close, factor, days, dividends)
    traded = np.flatnonzero(~np.isnan(close))
    if not len(traded):
        return
    assert split[traded[-1]] == paid[traded[-1]] == 1.0
    view, forward = (close * split)[traded], (close * factor)[traded]
    np.testing.assert_allclose(view[1:] / view[:-1], forward[1:] / forward[:-1], rtol=1e-12)
    total = view * paid[traded]
    assert (total[1:] / total[:-1] >= view[1:] / view[:-1] * (1 - 1e-12)).all()  # a dividend is never a loss


@pytest.mark.parametrize("purpose", ["dividend unknown", "5 rupees"])
def test_a_line_without_a_figure_has_no_amount(purpose: str) -> None:
    assert restated_amount(purpose) is None
