"""Our adjusted closes held against another source's, on hand-made days."""

from __future__ import annotations

import gzip
import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from app.exceptions import ValidationError
from app.services.importing.independent import compare, read_closes
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
