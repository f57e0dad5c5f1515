"""Purpose texts, and factors judged by prices."""

from __future__ import annotations

from datetime import date

import pytest

from app.services.importing.action_files import exact_factor, kind_of_factor
from app.services.importing.adjustments import Bar, Jump, Listed, judge, unexplained
from app.services.importing.purposes import parse_purpose

EX = date(2020, 3, 10)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Bonus 1:1", [("BONUS", 2.0)]),
        ("Bonus- 1:2", [("BONUS", 1.5)]),
        ("Bonus 1 : 34", [("BONUS", 35 / 34)]),
        ("Bonus Shares In The Ratio Of 3:1", [("BONUS", 4.0)]),
        ("Face Value Split (Sub-Division) - From Rs 10/- Per Share To Rs 2/- Per Share", [("SPLIT", 5.0)]),
        ("Face Value Split From Rs.10/- To Re.1/-", [("SPLIT", 10.0)]),
        ("Fv Splt Frm Rs 2 To Re 1", [("SPLIT", 2.0)]),
        ("FV SPLT FRM RS 10 TO RS 2", [("SPLIT", 5.0)]),
        ("FVSPLT FRM RS 10 TO RS 2", [("SPLIT", 5.0)]),
        ("INTDIV - RS 5.50 PER SH", [("DIVIDEND", None)]),
        ("Face Valus Split (Sub-Division) - From Rs 10/- Per To Rs 5/- Per Share", [("SPLIT", 2.0)]),
        ("Sub-Division From Rs 10/- Per Share To Rs 2/- Per Share", [("SPLIT", 5.0)]),
        ("Bonus 1:1/Face Value Split (Sub-Division) - From Rs 10/- To Rs 2/-", [("BONUS", 2.0), ("SPLIT", 5.0)]),
        ("Rights 1:1 @ Premium Rs 70 Per Share", [("RIGHTS", None)]),
        ("Annual General Meeting/ Dividend - Rs 29.50/- Per Share And Bonus 1:1", [("BONUS", 2.0), ("DIVIDEND", None)]),
        ("9 Ccds For Every 40 Equity Shares", [("UNKNOWN", None)]),
        ("Bon 1 Dvr : 20 Eq Shares", [("UNKNOWN", None)]),
    ],
)  # fmt: skip
def test_purpose_texts_in_their_many_spellings(text: str, expected: list[tuple[str, float | None]]) -> None:
    assert [(action.kind, action.factor) for action in parse_purpose(text)] == [
        (kind, None if factor is None else pytest.approx(factor)) for kind, factor in expected
    ]


def test_every_real_purpose_text_but_two_is_understood(evidence) -> None:  # type: ignore[no-untyped-def]
    lines = (evidence / "data/corporate_actions/nse_splits_bonus_rights_2011_2022.csv").read_text().splitlines()[1:]
    unknown = [text for text in (line.split(",")[3] for line in lines) if parse_purpose(text)[0].kind == "UNKNOWN"]
    assert unknown == ["9 Ccds For Every 40 Equity Shares", "Bon 1 Dvr : 20 Eq Shares"]


@pytest.mark.parametrize(
    ("text", "factor"), [("1.67", 5 / 3), ("1.333333", 4 / 3), ("1.5", 1.5), ("1.1", 1.1), ("1.644", 1.644), ("2", 2.0)]
)
def test_a_rounded_figure_is_taken_for_the_fraction_it_stands_for(text: str, factor: float) -> None:
    assert exact_factor(text) == pytest.approx(factor, abs=1e-12)


def test_factors_of_rights_and_demergers_are_no_splits() -> None:
    assert [kind_of_factor(f) for f in (2.0, 1.2, 0.5, 1.644, 1.0)] == [
        "SPLIT",
        "SPLIT",
        "CONSOLIDATION",
        "UNKNOWN",
        "UNKNOWN",
    ]


def listed(factor: float, source: str = "actions_purpose", ex_date: date = EX, kind: str = "BONUS") -> Listed:
    return Listed(1, ex_date, kind, factor, source, f"{kind} {factor:g}")


def bars(ratio: float, on: date = EX) -> dict[int, list[Bar]]:
    """Around the date the price stays; on it, previous close / open is `ratio`."""
    days = [date(2020, 3, day) for day in (5, 6, 9, 10, 11, 12, 13)]
    return {
        1: [
            Bar(day, 100.0 / ratio if day >= on else 100.0, 100.0, 100.0 if day <= on else 100.0 / ratio)
            for day in days
        ]
    }


def test_a_factor_the_prices_show_is_used() -> None:
    (factor,) = judge([listed(2.0)], bars(1.93)).accepted
    assert (factor.ex_date, factor.factor) == (EX, 2.0)


def test_a_split_that_never_happened_is_not() -> None:
    judged = judge([listed(5.0, "actions_multipliers", kind="SPLIT")], bars(1.02))
    assert judged.accepted == [] and judged.rejected[0].factors == (5.0,)


def test_a_small_bonus_is_believed_of_the_exchange_but_not_of_a_collection() -> None:
    assert len(judge([listed(1.1)], bars(1.02)).accepted) == 1
    assert judge([listed(1.1, "actions_multipliers")], bars(1.02)).accepted == []


def test_split_and_bonus_of_one_day_multiply_also_when_two_sources_list_one_half_each() -> None:
    (both,) = judge([listed(2.0), listed(5.0, kind="SPLIT")], bars(9.8)).accepted
    (halves,) = judge([listed(2.0), listed(5.0, "actions_yahoo", kind="SPLIT")], bars(9.8)).accepted
    assert both.factor == halves.factor == 10.0


def test_half_an_event_is_not_enough() -> None:
    assert judge([listed(2.0, "actions_yahoo", kind="SPLIT")], bars(9.76)).accepted == []


def test_dates_a_session_apart_are_one_event_on_the_day_the_prices_show() -> None:
    events = [listed(2.0, "actions_multipliers", date(2020, 3, 9)), listed(2.0, "actions_yahoo", date(2020, 3, 10))]
    (factor,) = judge(events, bars(2.05)).accepted
    assert factor.ex_date == EX and factor.listed_on == (date(2020, 3, 9), EX)


def test_an_event_without_prices_is_neither_used_nor_contradicted() -> None:
    judged = judge([listed(2.0)], {})
    assert (judged.accepted, judged.rejected, judged.unchecked) == ([], [], 1)


def test_a_jump_is_listed_unless_explained_or_after_a_pause() -> None:
    move = Jump(1, EX, "X", 100.0, 50.0, 49.0)
    yesterday, long_ago = date(2020, 3, 9), date(2019, 3, 9)
    assert unexplained([move], {(1, EX): yesterday}, {}) == [move]
    assert unexplained([move], {(1, EX): yesterday}, {(1, EX): 2.0}) == []
    assert unexplained([move], {(1, EX): long_ago}, {}) == []
    assert unexplained([move], {}, {}) == []
