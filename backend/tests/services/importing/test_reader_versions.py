"""A newer reader and newer inference bring an older home up to date, and until then it says what is old."""

from __future__ import annotations

import zipfile
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from app.repositories import files
from app.services.action_reach import Reach
from app.services.importing import readers
from app.services.importing.run import finish_pending, import_paths
from app.services.importing.summary import ImportSummary

from .test_import import DAYS, market

ACTIONS = "actions.csv"


def load(engine: Engine, *paths: Path) -> ImportSummary:
    return import_paths(engine, paths, progress=lambda _f, _m: None, cancelled=lambda: False)


def one(engine: Engine, query: str) -> object:
    with engine.connect() as connection:
        return connection.execute(text(query)).scalar_one()


@pytest.mark.integration
@pytest.mark.parametrize("packed", [False, True])
def test_a_file_of_an_older_reader_is_named_and_read_anew_when_it_comes_again(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packed: bool
) -> None:
    folder = tmp_path / "market"
    market(folder)
    purposes = "Symbol,Series,Face Value,Purpose,From,Ex-date,Multiplier\n" + "".join(
        f"AAA,EQ,10,Bonus 1:{n},01-Jan-20,{DAYS[n]:%d-%b-%y},{(n + 1) / n}\n" for n in (1, 2)
    )
    (folder / "purposes.csv").write_text(purposes)
    if packed:
        with zipfile.ZipFile(folder / "lists.zip", "w") as archive:
            archive.writestr("purposes.csv", purposes)
            archive.writestr("other.csv", f"Symbol,Date,Multiplier\nAAA,{DAYS[4]:%Y%m%d},2\n")
        (folder / "purposes.csv").unlink()
    load(engine, folder)
    stored = one(engine, "SELECT count(*) FROM corporate_actions WHERE source = 'actions_purpose'")
    assert (stored, one(engine, "SELECT reader FROM import_files WHERE kind = 'actions_purpose'")) == (2, 2)
    assert load(engine, folder).loaded == 0
    # the home of an older version: one line of the file was not understood then
    with engine.begin() as connection:
        connection.execute(text("UPDATE import_files SET reader = 1"))
        connection.execute(
            text(f"DELETE FROM corporate_actions WHERE ex_date = '{DAYS[1]}' AND source = 'actions_purpose'")
        )
        assert [file.name for file in files.stale_files(connection, readers.READERS)] == ["purposes.csv"]
    summary = load(engine, folder)
    assert (summary.loaded, summary.refused) == (1, [])
    assert one(engine, "SELECT count(*) FROM corporate_actions WHERE source = 'actions_purpose'") == 2
    with engine.connect() as connection:
        assert files.stale_files(connection, readers.READERS) == []
    assert load(engine, folder).loaded == 0


@pytest.mark.integration
def test_a_refused_newer_reading_leaves_what_was_stored(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "market"
    market(folder)
    (folder / "purposes.csv").write_text(
        "Symbol,Series,Face Value,Purpose,From,Ex-date,Multiplier\n"
        f"AAA,EQ,10,Bonus 1:1,01-Jan-20,{DAYS[1]:%d-%b-%y},2\n"
    )
    load(engine, folder)
    with engine.begin() as connection:
        connection.execute(text("UPDATE import_files SET reader = 1"))

    def fails(*_: object) -> int:
        raise RuntimeError("killed in the middle")

    monkeypatch.setattr("app.services.importing.run.store_reference", fails)
    with pytest.raises(RuntimeError):
        load(engine, folder)
    assert one(engine, "SELECT count(*) FROM corporate_actions WHERE source = 'actions_purpose'") == 1


@pytest.mark.integration
def test_what_an_older_version_worked_out_is_worked_out_anew_once(engine: Engine, tmp_path: Path) -> None:
    folder = tmp_path / "market"
    market(folder)
    assert not finish_pending(engine)  # nothing is stored
    load(engine, folder)
    assert not finish_pending(engine)
    with engine.begin() as connection:
        connection.execute(
            text("DELETE FROM data_versions WHERE scope = 'derived'")
        )  # a home from before there was one
        connection.execute(text("DELETE FROM adjustment_factors"))
        assert files.is_pending(connection, readers.DERIVED)
    assert finish_pending(engine)
    assert one(engine, "SELECT count(*) FROM adjustment_factors") == 1
    with engine.connect() as connection:
        assert not files.is_pending(connection, readers.DERIVED)
        assert files.is_pending(connection, readers.DERIVED + 1)
    assert not finish_pending(engine)


def test_a_period_after_the_lists_is_told_and_one_within_them_is_not() -> None:
    lists = Reach(date(2023, 1, 20), (date(2011, 1, 1), date(2025, 12, 31)))
    assert lists.told(date(2015, 1, 1), date(2022, 12, 30)) == []
    (told,) = lists.told(date(2015, 1, 1), date(2024, 5, 31))
    assert told.startswith("Lists of splits, bonuses and rights of the whole market end on 2023-01-20: later ones are")
    splits, demergers = Reach(None, None).told(date(2015, 1, 1), date(2024, 5, 31))
    assert splits.startswith("No list of splits") and demergers.startswith("No list names demergers: one that takes")
    (narrow,) = Reach(date(2026, 1, 1), (date(2025, 12, 19),) * 2).told(date(2023, 7, 1), date(2023, 7, 31))
    assert narrow.startswith("Lists name demergers only on 2025-12-19: ")
    assert Reach(None, None).told(None, None) == []
