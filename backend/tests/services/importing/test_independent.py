"""Our adjusted closes held against another source's, on hand-made days."""

from __future__ import annotations

import gzip
import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from app.exceptions import ValidationError
from app.services.importing.independent import compare
from app.services.importing.other_closes import read_closes
from app.services.importing.run import import_paths
from tests.services.importing.samples import Quote, legacy, legacy_name, quote

DAYS = [day for n in range(20) if (day := date(2024, 1, 1) + timedelta(days=n)).weekday() < 5][:12]
SPLIT, FALL = DAYS[6], DAYS[8]


def market(engine: Engine, folder: Path) -> None:
    """SPLIT is listed to split 1:2; HELD falls by half with much trading, unexplained; PLAIN stays."""
    for day in DAYS:
        split, before = (100.0 if day < SPLIT else 50.0), (100.0 if day <= SPLIT else 50.0)
        held, held_before = (80.0 if day < FALL else 40.0), (80.0 if day <= FALL else 40.0)
        rows: list[Quote] = [
            ("SPLIT", "EQ", split, split, split, split, before, 1000),
            ("HELD", "EQ", held, held, held, held, held_before, 5000 if day == FALL else 1000),
            quote("PLAIN", 50.0),
        ]
        (folder / legacy_name(day)).write_bytes(legacy(day, rows))
    (folder / "actions.csv").write_text(f"Symbol,Date,Multiplier\nSPLIT,{SPLIT:%Y%m%d},2\n")
    done = import_paths(engine, [folder], progress=lambda _f, _m: None, cancelled=lambda: False)
    assert done.refused == []


@pytest.mark.integration
def test_closes_agree_over_factors_and_each_that_does_not_is_explained(engine: Engine, tmp_path: Path) -> None:
    market(engine, tmp_path)
    first, last = DAYS[0], DAYS[-1]
    points = [
        ("SPLIT", first, 50.0), ("SPLIT", last, 50.0), ("PLAIN", first, 50.3), ("HELD", first, 40.0),
        ("HELD", DAYS[1], 40.0), ("PLAIN", last, 25.0), ("NOBODY", first, 1.0), ("SPLIT", DAYS[1], 100.0),
    ]  # fmt: skip
    with engine.connect() as connection:
        found = compare(connection, "theirs.csv", points)
        rows = connection.execute(text("SELECT count(*) FROM unexplained_jumps")).scalar_one()
    assert rows == 1
    assert (found.closes, found.compared, found.without_bar) == (8, 7, 1)
    assert (found.agree, found.exact, found.adjusted) == (3, 2, 1)  # 50.30 is 0.6 % off
    told = {(one.symbol, one.days): (one.ratio, one.explained, one.why) for one in found.disagreements}
    assert told[("HELD", 2)] == (0.5, True, f"in quarantine here: the move of 0.50 on {FALL}")
    assert told[("PLAIN", 1)][:2] == (0.5, False)
    assert told[("SPLIT", 1)] == (2.0, True, f"vendor lacks an action: ours has 2 on {SPLIT} (LISTED)")


@pytest.mark.integration
def test_factors_after_the_day_the_other_source_was_read_are_not_expected_in_it(engine: Engine, tmp_path: Path) -> None:
    market(engine, tmp_path)
    with engine.connect() as connection:
        found = compare(connection, "old.csv", [("SPLIT", DAYS[0], 100.0), ("SPLIT", DAYS[3], 100.0)])
    assert (found.agree, found.disagreements) == (2, [])


@pytest.mark.integration
def test_a_step_that_theirs_takes_alone_is_found_on_the_day_of_our_widest_gap(engine: Engine, tmp_path: Path) -> None:
    # a demerger no list names: 1000, then 908 at the open. The vendor lowers what lies before by it; ours does not.
    for day in DAYS:
        price, before = (1000.0 if day < FALL else 908.0), (1000.0 if day <= FALL else 908.0)
        drift = 1.01 if day == SPLIT else 1.0  # a smaller gap on another day
        rows: list[Quote] = [
            ("PARENT", "EQ", price * drift, price * drift, price * 0.999, price, before, 1000),
            ("PARENT", "BL", 950.0, 950.0, 950.0, 950.0, before, 9000),  # a window for blocks at a price of its own
        ]
        (tmp_path / legacy_name(day)).write_bytes(legacy(day, rows))
    assert import_paths(engine, [tmp_path], progress=lambda _f, _m: None, cancelled=lambda: False).refused == []
    points = [("PARENT", day, 908.0) for day in (DAYS[0], DAYS[3], DAYS[-1])]
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM unexplained_jumps")).scalar_one() == 0
        (one,) = compare(connection, "theirs.csv", points).disagreements
        (odd,) = compare(connection, "odd.csv", [*points[:1], ("PARENT", DAYS[5], 1000.0)]).disagreements
        (end,) = compare(connection, "end.csv", points[:2]).disagreements
    assert (one.first, one.last, one.days, one.ratio, one.explained) == (DAYS[0], DAYS[3], 2, 0.91, True)
    assert one.why == (
        f"vendor alone adjusts: theirs steps by 0.908 between {DAYS[3]} and {DAYS[-1]}; ours opened at 0.908 of the "
        f"close before on {FALL}, for which no imported list names an action, such as a demerger"
    )
    # where it would have to lie in days that moved little, nothing is made up
    assert odd.why.startswith(f"unexplained: theirs steps by 0.908 between {DAYS[0]} and {DAYS[5]}, and the widest gap")
    assert end.why == "unexplained: theirs stands in this ratio up to its last close" and not end.explained


@pytest.mark.integration
def test_one_day_that_theirs_has_wrong_is_no_action(engine: Engine, tmp_path: Path) -> None:
    closes = [100.0 + 3 * n for n in range(len(DAYS))]
    for n, day in enumerate(DAYS):
        before = closes[max(n - 1, 0)]
        rows: list[Quote] = [("RISES", "EQ", closes[n], closes[n] * 1.002, closes[n] * 0.998, closes[n], before, 1000)]
        (tmp_path / legacy_name(day)).write_bytes(legacy(day, rows))
    import_paths(engine, [tmp_path], progress=lambda _f, _m: None, cancelled=lambda: False)
    theirs = list(closes)
    theirs[4], theirs[8] = closes[3], 1.0
    points = [("RISES", day, price) for day, price in zip(DAYS, theirs, strict=True)]
    with engine.connect() as connection:
        found = {one.first: one.why for one in compare(connection, "theirs.csv", points).disagreements}
    assert found == {
        DAYS[4]: "theirs repeats the close of the session before",
        DAYS[8]: f"theirs alone: it agrees on {DAYS[7]} and on {DAYS[9]}, so no action lies between",
    }


def test_both_layouts_are_read_zipped_or_not(tmp_path: Path) -> None:
    table = tmp_path / "closes.csv"
    table.write_text("datetime,symbol,close\n2024-01-01 00:00:00,NSE:AAA,10.5\n2024-01-02,BBB.NS,\n2024-01-03,BBB,7\n")
    expected = [("AAA", date(2024, 1, 1), 10.5), ("BBB", date(2024, 1, 3), 7.0)]
    assert read_closes(table) == expected
    days = tmp_path / "closes.json.gz"
    days.write_bytes(
        gzip.compress(json.dumps({"2024-01-01": {"AAA": 10.5}, "2024-01-03": {"BBB": 7, "C": None}}).encode())
    )
    assert read_closes(days) == expected
    symbols = tmp_path / "symbols.json"
    symbols.write_text(
        json.dumps({"^INDEX": {"2024-01-01": 1}, "AAA.NS": {"2024-01-01": 10.5}, "BBB": {"2024-01-03": 7}})
    )
    assert read_closes(symbols) == expected


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("symbol,price\nA,1\n", "line 1: the columns are symbol, price, expected symbol, date and close"),
        ("symbol,date,close\nA,yesterday,1\n", "line 2"),
        ("symbol,date,close\nA,2024-01-01,-1\n", "line 2: the close is -1, expected rupees above zero"),
        ("symbol,date,close\nA,2024-01-01,nan\n", "expected rupees above zero"),
        ('{"2024-01-01": 5}', "expected JSON as"),
        ("{", "expected JSON as"),
    ],
)
def test_what_is_wrong_with_a_file_of_closes_is_named(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "closes.csv"
    path.write_text(content)
    with pytest.raises(ValidationError, match=words):
        read_closes(path)
