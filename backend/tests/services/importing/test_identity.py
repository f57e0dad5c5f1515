"""Chains of names: renames, reuse, gaps, ISINs; a pure function of the evidence."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from app.services.importing.identity import IsinSeen, Run, chains, cuts_of, runs_of
from app.services.importing.resolver import Change


def run(symbol: str, first: str, last: str, isin: str | None = None) -> Run:
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    return Run(symbol, start, end, (IsinSeen(isin, start, end),) if isin else ())


def change(old: str, new: str, on: str | None) -> Change:
    return old, new, date.fromisoformat(on) if on else None


def names(found: list) -> list[list[str]]:  # type: ignore[type-arg]
    return sorted([segment.symbol for segment in chain.segments] for chain in found)


def test_a_stock_renamed_three_times_is_one_chain_with_the_key_of_its_first_name() -> None:
    runs = [
        run("SESAGOA", "2010-06-10", "2013-09-13"),
        run("SSLT", "2013-09-16", "2015-05-05"),
        run("VEDL", "2015-05-06", "2026-05-29"),
    ]
    (chain,) = chains(runs, [change("SESAGOA", "SSLT", "2013-09-16"), change("SSLT", "VEDL", "2015-05-06")])
    assert [segment.symbol for segment in chain.segments] == ["SESAGOA", "SSLT", "VEDL"]
    assert chain.key == hashlib.sha256(b"SESAGOA|2010-06-10").hexdigest()[:16]


def test_a_listed_date_some_days_off_still_joins() -> None:
    runs = [run("OLD", "2012-01-02", "2014-03-07"), run("NEW", "2014-03-10", "2015-01-01")]
    for on in ("2014-03-03", "2014-03-10", "2014-03-17"):
        assert names(chains(runs, [change("OLD", "NEW", on)])) == [["OLD", "NEW"]], on


def test_a_reused_symbol_inherits_nothing() -> None:
    runs = [
        run("AAA", "2010-06-10", "2014-05-02"),
        run("BBB", "2014-05-05", "2026-05-29"),
        run("AAA", "2018-01-10", "2026-05-29"),
    ]
    found = chains(runs, [change("AAA", "BBB", "2014-05-05")])
    assert names(found) == [["AAA"], ["AAA", "BBB"]]


def test_a_name_without_rows_is_stepped_over() -> None:
    runs = [run("AAA", "2010-06-10", "2010-06-30"), run("CCC", "2024-01-01", "2024-06-28")]
    changes = [change("AAA", "BBB", "2013-01-01"), change("BBB", "CCC", "2016-01-01")]
    assert names(chains(runs, changes)) == [["AAA", "CCC"]]


def test_an_undated_pair_joins_only_what_fits() -> None:
    near = [run("OLD", "2012-01-02", "2014-03-07"), run("NEW", "2014-03-10", "2015-01-01")]
    far = [run("OLD", "2012-01-02", "2014-03-07"), run("NEW", "2016-03-10", "2017-01-01")]
    assert names(chains(near, [change("OLD", "NEW", None)])) == [["OLD", "NEW"]]
    assert names(chains(far, [change("OLD", "NEW", None)])) == [["NEW"], ["OLD"]]


def test_the_same_isin_under_another_symbol_goes_on() -> None:
    isin = "INE123A01011"
    runs = [run("OLD", "2012-01-02", "2014-03-07", isin), run("NEW", "2014-03-10", "2015-01-01", isin)]
    assert names(chains(runs, [])) == [["OLD", "NEW"]]


def test_after_a_pause_another_issuer_is_another_security_and_the_same_is_not() -> None:
    other = [
        run("AAA", "2012-01-02", "2013-01-01", "INE111A01011"),
        run("AAA", "2016-01-01", "2017-01-01", "INE222B01022"),
    ]
    split = [
        run("AAA", "2012-01-02", "2013-01-01", "INE111A01011"),
        run("AAA", "2016-01-01", "2017-01-01", "INE111A01029"),
    ]
    unknown = [run("AAA", "2012-01-02", "2013-01-01"), run("AAA", "2016-01-01", "2017-01-01")]
    assert names(chains(other, [])) == [["AAA"], ["AAA"]]
    assert names(chains(split, [])) == [["AAA"]]
    assert names(chains(unknown, [])) == [["AAA"]]
    assert names(chains(unknown, [], {"AAA": [date(2016, 1, 1)]})) == [["AAA"], ["AAA"]]


def test_runs_end_at_pauses_and_at_listed_changes() -> None:
    days = [date(2020, 1, 1) + timedelta(days=n) for n in (0, 1, 2, 40, 41)]
    cuts = cuts_of([change("A", "B", "2020-02-11")])
    rows = pl.DataFrame(
        {
            "symbol": ["A"] * 5, "series": ["EQ"] * 5, "isin": [None] * 5, "first": days, "last": days,
            "cut": [sum(cut <= day for cut in cuts["A"]) for day in days],
        },
        schema_overrides={"isin": pl.String, "cut": pl.Int32},
    )  # fmt: skip
    found, marked = runs_of(rows)
    assert [(one.first.isoformat(), one.last.isoformat()) for one in found] == [
        ("2020-01-01", "2020-01-03"), ("2020-02-10", "2020-02-10"), ("2020-02-11", "2020-02-11"),
    ]  # fmt: skip
    assert marked["run"].to_list() == [0, 0, 0, 1, 2]


@given(st.randoms(use_true_random=False), st.integers(2, 6))
def test_the_order_of_evidence_changes_nothing(random, length: int) -> None:  # type: ignore[no-untyped-def]
    runs, changes, day = [], [], date(2012, 1, 2)
    for n in range(length):
        runs.append(Run(f"S{n}", day, day + timedelta(days=200)))
        day += timedelta(days=203)
        changes.append((f"S{n}", f"S{n + 1}", day))
    expected = [(chain.key, [segment.symbol for segment in chain.segments]) for chain in chains(runs, changes)]
    random.shuffle(runs)
    random.shuffle(changes)
    again = chains(runs, changes + changes)
    assert [(chain.key, [segment.symbol for segment in chain.segments]) for chain in again] == expected
    assert len(expected) == 1


def test_a_share_listed_again_under_its_own_isin_is_one() -> None:
    runs = [run("AAA", "2010-06-10", "2014-10-23", "INE469A01019"), run("AAA", "2026-04-20", "2026-07-31")]
    on = date(2026, 4, 20)
    same = chains(runs, [], {"AAA": [on]}, {("AAA", on): {"INE469A01019"}})
    assert len(same) == 1
    assert len(chains(runs, [], {"AAA": [on]}, {("AAA", on): {"INE999B01011"}})) == 2


def test_a_fund_that_another_house_took_over_keeps_its_history() -> None:
    runs = [
        run("BEES", "2010-06-10", "2017-07-10", "INF732E01078"),
        run("BEES", "2020-02-01", "2026-07-31", "INF204KB15I9"),
    ]
    assert len(chains(runs, [], {"BEES": [date(2004, 6, 4)]})) == 1
    assert len(chains(runs, [], {"BEES": [date(2019, 6, 4)]})) == 2


def test_rows_after_a_lack_of_files_and_before_a_change_stay_with_the_old_name() -> None:
    runs = [
        run("OLD", "2010-06-10", "2025-12-31"),
        run("OLD", "2026-02-02", "2026-02-06"),
        run("NEW", "2026-02-09", "2026-07-31"),
    ]
    assert names(chains(runs, [change("OLD", "NEW", "2026-02-09")])) == [["OLD", "NEW"]]
