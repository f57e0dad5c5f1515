"""A year brought up to date by its changed days is, byte for byte, the year built at once."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
import polars as pl
import pytest
from hypothesis import given
from hypothesis import settings as sized
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from app.database import Database, Market
from app.repositories.prices import MERGED_SCHEMA
from app.services.importing import removal
from app.services.importing.run import import_paths
from app.services.panel import PanelService
from app.services.panel.build import spliced, still_holds, update_chunk, write_columns, year_columns
from app.services.panel.chunk import open_chunk
from app.settings import Settings

from .importing.test_snapshot_root import hard_market

KEYS = {1: "ddd", 2: "aaa", 3: "ccc", 4: "bbb"}
JANUARY = [date(2024, 1, 1) + timedelta(days=n) for n in range(8)]

# what is stored of a day: close by (instrument, series); a bond's series (GS) makes no bar
Day = dict[tuple[int, str], float]
DAYS = st.dictionaries(
    st.tuples(st.sampled_from(sorted(KEYS)), st.sampled_from(["EQ", "BE", "GS"])), st.integers(1, 9).map(float)
)


def rows(stored: dict[date, Day]) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                **dict.fromkeys(("open", "high", "low", "prev_close", "turnover"), close),
                "close": close,
                "volume": int(close),
                "trades": None,
                "delivery": None,
                "date": day,
                "instrument_id": number,
                "symbol": f"S{number}",
                "series": series,
            }
            for day, held in stored.items()
            for (number, series), close in held.items()
        ],
        schema=MERGED_SCHEMA,
    )


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "build.lock"}


@sized(max_examples=60, deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from(JANUARY), DAYS, min_size=1, max_size=3), min_size=1, max_size=8))
def test_day_by_day_and_at_once_are_the_same_bytes(changes: list[dict[date, Day]]) -> None:
    stored: dict[date, Day] = {}
    versions: dict[date, int] = {}
    asked: list[Sequence[date] | None] = []

    def read(days: Sequence[date] | None) -> pl.DataFrame:
        asked.append(days)
        return rows({day: held for day, held in stored.items() if days is None or day in days})

    with TemporaryDirectory() as name:
        folder, at_once = Path(name) / "days", Path(name) / "at once"
        folder.mkdir()
        at_once.mkdir()
        chunk = None
        for number, change in enumerate(changes):
            stored |= change
            versions |= {day: versions.get(day, 0) + 1 for day in change}
            stem = update_chunk(folder, 2024, number, versions, chunk, read, KEYS)
            chunk = None if stem is None else open_chunk(folder, stem)
            assert asked[-1] in (None, sorted(change))
        whole = year_columns(rows(stored), KEYS)
        days = {day.isoformat(): version for day, version in versions.items()}
        if chunk is None:
            assert whole[2] == ()
            return
        write_columns(at_once, 2024, len(changes) - 1, whole, KEYS, days)
        assert content(at_once).items() <= content(folder).items()


def test_only_the_changed_days_are_read_and_a_new_listing_gets_its_column(tmp_path: Path) -> None:
    stored: dict[date, Day] = {day: {(1, "EQ"): 1.0, (2, "EQ"): 2.0} for day in JANUARY[:5]}
    first = update_chunk(tmp_path, 2024, 1, dict.fromkeys(stored, 1), None, lambda _: rows(stored), KEYS)
    assert first is not None
    tomorrow = JANUARY[5]
    stored[tomorrow] = {(1, "EQ"): 3.0, (4, "EQ"): 7.0}
    asked = []

    def read(days: Sequence[date] | None) -> pl.DataFrame:
        asked.append(days)
        return rows({tomorrow: stored[tomorrow]})

    second = update_chunk(tmp_path, 2024, 2, dict.fromkeys(stored, 1), open_chunk(tmp_path, first), read, KEYS)

    assert asked == [[tomorrow]] and second is not None
    chunk = open_chunk(tmp_path, second)
    assert chunk.keys == ("aaa", "bbb", "ddd") and chunk.ids == (2, 4, 1)
    assert chunk.values[3, :, -1].tolist()[1:] == [7.0, 3.0] and chunk.values[3, 0, :5].tolist() == [2.0] * 5


def test_an_instrument_whose_only_days_are_replaced_loses_its_column() -> None:
    before: Any = year_columns(rows({JANUARY[0]: {(1, "EQ"): 1.0}, JANUARY[1]: {(3, "EQ"): 2.0}}), KEYS)
    with TemporaryDirectory() as name:
        chunk = open_chunk(Path(name), write_columns(Path(name), 2024, 1, before, KEYS, {}))
        values, sessions, keys = spliced(chunk, [JANUARY[1]], year_columns(rows({}), KEYS))
    assert keys == ("ddd",) and [str(day) for day in sessions] == ["2024-01-01"] and values.shape == (10, 1, 1)


def test_another_key_for_a_column_has_the_year_read_again(tmp_path: Path) -> None:
    stored: dict[date, Day] = {day: {(1, "EQ"): 1.0} for day in JANUARY[:3]}
    versions = dict.fromkeys(stored, 1)
    first = update_chunk(tmp_path, 2024, 1, versions, None, lambda _: rows(stored), KEYS)
    assert first is not None
    asked = []

    def read(days: Sequence[date] | None) -> pl.DataFrame:
        asked.append(days)
        return rows(stored)

    second = update_chunk(tmp_path, 2024, 1, versions, open_chunk(tmp_path, first), read, {**KEYS, 1: "eee"})

    assert asked == [None] and second is not None and open_chunk(tmp_path, second).keys == ("eee",)


def test_a_year_written_before_days_were_kept_is_read_whole_once(tmp_path: Path) -> None:
    stored: dict[date, Day] = {day: {(1, "EQ"): 1.0} for day in JANUARY[:5]}
    versions = dict.fromkeys(stored, 1)
    stem = write_columns(tmp_path, 2024, 1, year_columns(rows(stored), KEYS), KEYS, {})
    meta = orjson.loads((tmp_path / f"{stem}.json").read_bytes())
    (tmp_path / f"{stem}.json").write_bytes(orjson.dumps({k: v for k, v in meta.items() if k not in ("ids", "days")}))
    old = open_chunk(tmp_path, stem)

    assert update_chunk(tmp_path, 2024, 1, versions, old, lambda _: rows(stored), KEYS) == stem

    new = open_chunk(tmp_path, stem)
    assert not still_holds(old, KEYS) and still_holds(new, KEYS)
    assert dict(new.days) == {day.isoformat(): 1 for day in stored} and new.root == old.root


@pytest.mark.integration
@pytest.mark.parametrize("seed", range(4))
def test_imports_in_any_order_and_removals_leave_the_panel_that_is_built_at_once(
    engine: Engine, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr("app.services.panel.build._MOST", 1.0)  # few days: most changes would have all of them read
    rng = random.Random(seed)
    files = hard_market(tmp_path / "market")
    order = rng.sample(files, len(files))
    database = Database(settings)
    try:
        panels = PanelService(database, tmp_path / "grown")
        while order:
            batch = [order.pop() for _ in range(min(len(order), rng.randint(1, 3)))]
            import_paths(engine, batch, progress=lambda _f, _m: None, cancelled=lambda: False)
            panels.refresh(Market.REAL)
        with engine.connect() as connection:
            stored = connection.execute(
                text(
                    "SELECT sha256 FROM import_files WHERE first_date IS NOT NULL AND kind <> 'archive' ORDER BY sha256"
                )
            )
            gone = rng.choice([row.sha256 for row in stored])
        removal.remove(engine, gone)
        panels.refresh(Market.REAL)
        whole = PanelService(database, tmp_path / "whole")
        whole.refresh(Market.REAL)
        assert content(panels.directory(Market.REAL)) == content(whole.directory(Market.REAL))
        assert len(whole.current(Market.REAL).chunks) == 2
    finally:
        database.close()
