"""Rights issues: their terms, the factor that follows, and when it is used."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import Engine, text

from app.services.importing.action_files import read_actions
from app.services.importing.adjustments import Bar
from app.services.importing.files import Member
from app.services.importing.kinds import Kind
from app.services.importing.purposes import RightsTerms, rights_terms
from app.services.importing.rights import ListedRights, judge_rights, theoretical
from app.services.importing.run import import_paths
from tests.services.importing.samples import legacy, legacy_name, quote

EX = date(2024, 1, 9)
HEADER = "Symbol,Series,Face Value,Purpose,From,Ex-date,Multiplier\n"


def member(name: str, data: bytes) -> Member:
    return Member(name, None, name, (), data, "0" * 64)


@pytest.mark.parametrize(
    ("words", "terms"),
    [
        ("Rights 1:15 @ Premium Rs 1247", (1, 15, 1247.0)),
        ("Rights 1: 7@ Premium Rs 66 Per Share", (1, 7, 66.0)),
        ("Rights Issue 4 : 25 @ Premium Rs 194/- Per Equity Share", (4, 25, 194.0)),
        ("Rights 87:38 @ Premium Of Rs 2.50 Per Share", (87, 38, 2.5)),
        ("Rights 5: 116 At Premium Rs 244/- Per Share", (5, 116, 244.0)),
        ("Rights 18:91 @ Prem Rs 740", (18, 91, 740.0)),
        ("Rights - 2:3@ Par Rs 10 Per Share", (2, 3, 0.0)),
        ("Rights : 24:10 At Par", (24, 10, 0.0)),
        ("Rights 1:1 @ Premium Rs 0/-", (1, 1, 0.0)),
        ("Rights 2:7", None),
        ("Rights 9:77 Partly Paid @ Premium Rs 100/-", None),
        ("Rights 1:50 @ Premium Rs 175 With 6 Warrants For 50 Equity Shares", None),
        ("Rights - 4:25 Fully Paid Up Shares @ Premium Rs 500/- / 2:25 Partly Paid Up Shares @ Premium Rs 605/-", None),
        ("Rights 0:5 @ Premium Rs 3", None),
        ("Bonus 1:1", None),
    ],
)
def test_terms_are_read_only_where_the_text_gives_all_of_them(words: str, terms: tuple[int, int, float] | None) -> None:
    assert rights_terms(words) == (None if terms is None else RightsTerms(*terms))


def test_the_theoretical_price_is_the_mean_of_old_and_new_shares() -> None:
    # two shares at 100 and one bought at 40: 240 rupees for three, 80 a share; 100 / 80 = 1.25
    assert theoretical(100.0, 1, 2, 40.0) == 1.25
    assert theoretical(100.0, 1, 2, 120.0) == 1.0  # nobody buys at 120 what costs 100


def rights(factor: float, *, price: float = 40.0) -> ListedRights:
    return ListedRights(1, EX, 1, 2, price, factor, "actions_purpose", "Rights 1:2 @ Premium Rs 30")


def bars(opened: float) -> dict[int, list[Bar]]:
    before, after = EX - timedelta(days=1), EX + timedelta(days=1)
    return {1: [Bar(before, 99.0, 100.0, 99.0), Bar(EX, opened, opened, 100.0), Bar(after, 80.0, 80.0, opened)]}


def test_rights_are_used_where_terms_list_and_prices_agree() -> None:
    (one,) = judge_rights([rights(1.249)], bars(82.0), set()).accepted
    assert (one.ex_date, one.factor, one.ratio) == (EX, 1.25, 100 / 82)


@pytest.mark.parametrize(
    ("issue", "opened", "taken", "reason"),
    [
        (rights(1.3), 82.0, set(), "1 for 2 at 40 after a close of 100 gives 1.25000, the list 1.30000"),
        (rights(1.25), 100.5, set(), "previous close over open was 0.9950, expected within 20 % of 1.2500"),
        (rights(1.1, price=130.0), 82.0, set(), "1 for 2 at 130 after a close of 100 gives 1.00000, the list 1.10000"),
        (rights(1.25), 82.0, {(1, EX)}, "a split or bonus has the same ex-date"),
    ],
)
def test_rights_are_left_with_the_reason_where_anything_speaks_against_them(
    issue: ListedRights, opened: float, taken: set[tuple[int, date]], reason: str
) -> None:
    result = judge_rights([issue], bars(opened), taken)
    assert (result.accepted, result.left) == ([], [(issue, EX, reason)])


def test_rights_without_a_session_near_them_are_neither_used_nor_told() -> None:
    result = judge_rights([rights(1.25)], {1: [Bar(EX + timedelta(days=30), 80.0, 80.0, 80.0)]}, set())
    assert (result.accepted, result.left) == ([], [])


def test_the_price_asked_is_premium_and_the_face_value_of_that_day() -> None:
    # today's face value is 1; a bonus 1:1 and a split together multiplied by 10 later, so the split was 5 to 1:
    # 645 + 5. The list's own factor is 10.17 / 10
    content = HEADER + (
        "AAA,EQ,1,Rights 1:10 @ Premium Rs.645/- Per Share,31-Dec-10,06-Sep-12,10.17\n"
        "AAA,EQ,1,Bonus 1:1,06-Sep-12,13-Sep-22,10\n"
        "BBB,EQ,x,Rights 1:10 @ Premium Rs 5,31-Dec-10,06-Sep-12,1.1\n"
        "CCC,EQ,10,Rights 1:10,31-Dec-10,06-Sep-12,1.1\n"
    )
    found = read_actions(Kind.ACTIONS_PURPOSE, member("actions.csv", content.encode())).tables["corporate_actions"]
    told = {row["symbol"]: (row["factor"], row["amount"]) for row in found if row["kind"] == "RIGHTS"}
    assert told == {"AAA": (pytest.approx(1.017), 650.0), "BBB": (None, None), "CCC": (None, None)}


@pytest.mark.integration
def test_listed_rights_adjust_and_no_bonus_is_inferred_beside_them(engine: Engine, tmp_path: Path) -> None:
    # 1 for 1 at 10 after 200: 105, a factor of 1.9048; without its list the day looks like a bonus of 1:1
    for n in range(12):
        day = date(2024, 1, 1) + timedelta(days=n)
        if day.weekday() > 4:
            continue
        price, before = (200.0 if day < EX else 105.0), (200.0 if day <= EX else 105.0)
        volume = 1000 if day < EX else 2000
        rows = [
            (symbol, "EQ", price, price, price, price, before, volume) for symbol in ("TERMS", "OTHER")
        ]  # fmt: skip
        (tmp_path / legacy_name(day)).write_bytes(legacy(day, [*rows, quote("QUIET", 50.0)]))  # type: ignore[list-item]
    (tmp_path / "actions.csv").write_text(
        HEADER + "TERMS,EQ,10,Rights 1:1 @ Premium Rs 0/-,01-Jan-20,09-Jan-24,1.904\n"
        "OTHER,EQ,10,Rights 1:1 @ Premium Rs 0/-,01-Jan-20,09-Jan-24,1.7\n"
    )
    done = import_paths(engine, [tmp_path], progress=lambda _f, _m: None, cancelled=lambda: False)
    assert (done.refused, done.skipped) == ([], [])
    with engine.connect() as connection:
        factors = connection.execute(
            text("SELECT i.symbol, a.ex_date, a.factor, a.tier, a.evidence FROM adjustment_factors a "
                 "JOIN instruments i ON i.id = a.instrument_id")
        ).all()  # fmt: skip
        held = connection.execute(text("SELECT symbol, proposed_factor FROM unexplained_jumps")).all()
        told = connection.execute(
            text("SELECT subject, message FROM findings WHERE rule = 'RIGHTS_NOT_ADJUSTED'")
        ).all()
    assert [(row.symbol, row.ex_date, row.factor, row.tier) for row in factors] == [
        ("TERMS", EX, pytest.approx(400 / 210), "LISTED")
    ]
    assert (factors[0].evidence["kind"], factors[0].evidence["price_asked"]) == ("RIGHTS", 10.0)
    assert [tuple(row) for row in held] == [("OTHER", None)]
    assert [row.subject for row in told] == [f"OTHER {EX}"]
    assert "gives 1.90476, the list 1.70000" in told[0].message


def test_of_the_real_list_nearly_every_issue_gives_the_factor_of_its_terms(evidence: Path) -> None:
    name = "nse_splits_bonus_rights_2011_2022.csv"
    data = (evidence / "data/corporate_actions" / name).read_bytes()
    rows = read_actions(Kind.ACTIONS_PURPOSE, member(name, data)).tables["corporate_actions"]
    prices = pl.concat(
        pl.read_parquet(file, columns=["date", "symbol", "prev_close"])
        for file in sorted((evidence / "data/daily").glob("nse_daily_*.parquet"))
    )
    before = {(symbol, day): close for day, symbol, close in prices.iter_rows()}
    off = {}
    for row in rows:
        terms = rights_terms(row["purpose"]) if row["kind"] == "RIGHTS" and row["amount"] else None
        close = before.get((row["symbol"], row["ex_date"]))
        if terms is not None and close:
            factor = theoretical(close, terms.new, terms.old, row["amount"])
            off[(row["symbol"], row["ex_date"].isoformat())] = abs(factor / row["factor"] - 1)
    assert len(off) >= 50
    assert {place for place, by in off.items() if by > 0.0025} == {
        ("JKPAPER", "2011-07-26"), ("LAKSHVILAS", "2017-12-05"), ("TV18BRDCST", "2012-09-14")
    }  # fmt: skip
