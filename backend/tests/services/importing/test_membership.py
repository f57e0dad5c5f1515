"""Membership from histories, records and lists."""

from __future__ import annotations

from datetime import date

from app.services.importing.membership import HISTORY, LIST, Evidence, Span, members

D = date.fromisoformat


def spans(found: list[Span]) -> list[tuple[int, str, str | None, str]]:
    return [(s.instrument, s.first.isoformat(), s.last.isoformat() if s.last else None, s.basis) for s in found]


def test_a_record_with_its_start_counts_from_the_day_of_inclusion_to_the_day_before_exclusion() -> None:
    start = [(D("2010-01-01"), n, "INCLUSION") for n in range(10)]
    changes = [(D("2012-04-01"), 3, "EXCLUSION"), (D("2012-04-01"), 20, "INCLUSION")]
    found = members(Evidence(events=start + changes, record_end=D("2015-01-01")))
    assert (3, "2010-01-01", "2012-03-31", HISTORY) in spans(found)
    assert (20, "2012-04-01", "2015-01-01", HISTORY) in spans(found)
    for day in ("2011-06-01", "2012-03-31", "2012-04-01", "2014-01-01"):
        assert sum(span.contains(D(day)) for span in found) == 10


def test_a_record_without_its_start_goes_back_from_the_next_list() -> None:
    evidence = Evidence(
        events=[(D("2012-04-01"), 3, "EXCLUSION"), (D("2012-04-01"), 20, "INCLUSION")],
        record_end=D("2015-01-01"),
        lists={D("2015-03-01"): {1, 2, 20}},
    )
    assert spans(members(evidence)) == [
        (1, "2012-04-01", "2015-01-01", HISTORY), (1, "2015-01-02", None, LIST),
        (2, "2012-04-01", "2015-01-01", HISTORY), (2, "2015-01-02", None, LIST),
        (20, "2012-04-01", "2015-01-01", HISTORY), (20, "2015-01-02", None, LIST),
    ]  # fmt: skip


def test_a_change_between_lists_is_dated_by_the_later_one() -> None:
    evidence = Evidence(lists={D("2021-08-01"): {1, 2}, D("2025-06-01"): {2, 3}})
    assert spans(members(evidence)) == [
        (1, "2021-08-01", "2025-05-31", LIST), (2, "2021-08-01", None, LIST), (3, "2025-06-01", None, LIST),
    ]  # fmt: skip


def test_who_stopped_trading_or_left_the_wider_index_left_this_one_then() -> None:
    evidence = Evidence(lists={D("2021-08-01"): {1, 2}, D("2025-06-01"): {3}})
    wider = [Span(2, D("2018-01-01"), D("2023-07-12"), HISTORY)]
    gone = {1: D("2024-02-02")}
    found = members(evidence, gone.get, wider)
    assert spans(found)[:2] == [(1, "2021-08-01", "2024-02-02", LIST), (2, "2021-08-01", "2023-07-12", LIST)]


def test_a_history_ranks_above_the_record_and_above_older_lists() -> None:
    evidence = Evidence(
        history=[Span(1, D("2018-01-01"), None, HISTORY), Span(2, D("2018-01-01"), D("2019-03-28"), HISTORY)],
        events=[
            (D("2017-04-01"), 3, "INCLUSION"),
            (D("2017-04-01"), 2, "INCLUSION"),
            (D("2020-01-01"), 9, "INCLUSION"),
        ],
        record_end=D("2020-01-01"),
        lists={D("2018-06-01"): {7, 8}},
    )
    assert spans(members(evidence)) == [
        (1, "2017-04-01", None, HISTORY), (2, "2017-04-01", "2019-03-28", HISTORY),
        (3, "2017-04-01", "2017-12-31", HISTORY),
    ]  # fmt: skip
