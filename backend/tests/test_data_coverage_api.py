"""Snapshots, coverage by day, gaps and provenance, over HTTP and from the terminal, on the small market."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from app.database import Market
from app.repositories.files import bump_versions
from app.services.coverage import all_years, holes, missing_sessions, year_coverage
from app.services.panel.build import write_chunk
from app.services.panel.chunk import open_chunk
from app.services.panel.panel import Panel
from tests.services.test_panel import info, row

pytestmark = pytest.mark.integration

KEYS = {1: "aaaa", 2: "bbbb"}


def panel_of(directory: Path, rows: list[dict[str, Any]], version: int = 1) -> Panel:
    """A panel of rows, a chunk a year."""
    years = sorted({one["date"].year for one in rows})
    chunks = []
    for year in years:
        frame = pl.DataFrame([one for one in rows if one["date"].year == year])
        chunks.append(open_chunk(directory, write_chunk(directory, year, version, frame, KEYS)))
    return Panel(tuple(chunks), {"aaaa": info("aaaa", 1), "bbbb": info("bbbb", 2)}, "g")


def test_coverage_names_missing_unexpected_and_outside_days(tmp_path: Path) -> None:
    # 2024: Tue 2 Jan stored; Wed 3 missing; Thu 4 stored; Sun 7 stored though no session; 5 Jan missing
    days = [date(2024, 1, 2), date(2024, 1, 4), date(2024, 1, 7)]
    panel = panel_of(tmp_path, [row(day, n, 10.0, 10.0) for day in days for n in (1, 2)])
    found = {day["date"]: day for day in year_coverage(panel, 2024)["days"]}
    states = {day: found[day]["state"] for day in (*days, date(2024, 1, 1), date(2024, 1, 3), date(2024, 1, 8))}
    assert states == {
        date(2024, 1, 1): "OUTSIDE",
        date(2024, 1, 2): "OK",
        date(2024, 1, 3): "MISSING",
        date(2024, 1, 4): "OK",
        date(2024, 1, 7): "UNEXPECTED",
        date(2024, 1, 8): "OUTSIDE",
    }
    gaps = missing_sessions(panel)
    assert (gaps["missing"], gaps["dates"], gaps["unexpected"]) == (2, [date(2024, 1, 3), date(2024, 1, 5)], 1)


def test_a_session_with_far_fewer_bars_than_its_neighbours_is_thin(tmp_path: Path) -> None:
    days = [date(2024, 1, day) for day in (1, 2, 3, 4, 5, 8, 9)]
    rows = [row(day, n, 10.0, 10.0) for day in days for n in (1, 2) if n == 1 or day != date(2024, 1, 4)]
    panel = panel_of(tmp_path, rows)
    thin = [day["date"] for day in year_coverage(panel, 2024)["days"] if day["state"] == "PARTIAL"]
    assert thin == [date(2024, 1, 4)]
    number, worst = holes(panel)
    assert (number, [(hole.symbol, hole.sessions) for hole in worst]) == (1, [("S2", 1)])


def test_all_years_are_told_month_by_month(tmp_path: Path) -> None:
    # Dec 2023: 28 and 29 stored; Jan 2024: 1 missing, 2 stored, the rest lies after the last stored session
    days = [date(2023, 12, 28), date(2023, 12, 29), date(2024, 1, 2)]
    years = all_years(
        panel_of(tmp_path, [row(day, n, 10.0, 10.0) for day in days for n in (1, 2) if n == 1 or day.day != 2])
    )
    assert [(year["year"], year["sessions"], year["expected"], year["instruments"]) for year in years] == [
        (2023, 2, 246, 2),
        (2024, 1, 249, 1),
    ]
    december, january = years[0]["months"][11], years[1]["months"][0]
    assert (december["month"], december["rows"], december["states"]["OK"], december["states"]["MISSING"]) == (
        12,
        2,
        2,
        0,
    )
    assert (january["rows"], january["states"]["OK"], january["states"]["MISSING"]) == (1, 1, 1)
    assert sum(january["states"].values()) == january["states"]["OUTSIDE"] + 2
    assert years[1]["months"][5]["rows"] == 0
    for year in years:
        assert sum(sum(month["states"].values()) for month in year["months"]) >= year["expected"]


def test_a_hole_over_a_whole_year_is_counted(tmp_path: Path) -> None:
    rows = [row(date(year, 6, 3), 1, 10.0, 10.0) for year in (2022, 2023, 2024)]
    rows += [row(date(year, 6, 3), 2, 10.0, 10.0) for year in (2022, 2024)]
    number, worst = holes(panel_of(tmp_path, rows))
    assert (number, worst[0].symbol, worst[0].sessions) == (1, "S2", 1)


def test_tomorrows_file_changes_no_root_of_a_slice_that_ends_today(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    days = [day for day in np.arange("2023-11-01", "2024-03-01", dtype="datetime64[D]") if np.is_busday(day)]
    rows = [
        row(day.astype(object), n, float(rng.integers(10, 99)), None)
        for day in days
        for n in (1, 2)
        if rng.random() > 0.1
    ]
    whole = panel_of(tmp_path, rows, 1)
    for cut in rng.choice(len(days) - 1, 12, replace=False) + 1:
        today = days[cut].astype(object)
        until = panel_of(tmp_path, [one for one in rows if one["date"] <= today], 100 + int(cut))
        keys = list(until.keys)
        assert until.bars(keys, None, today).root == whole.bars(keys, None, today).root
        grown = {chunk.year: chunk.root for chunk in whole.chunks}
        past = [chunk for chunk in until.chunks if chunk.year < today.year]
        assert all(chunk.root == grown[chunk.year] for chunk in past)  # a new day re-hashes one year


def test_the_history_begins_with_the_import_and_says_what_changed(sample_client: TestClient) -> None:
    platform = sample_client.app.state.platform  # type: ignore[attr-defined]
    platform.panels.refresh(Market.REAL)
    status = sample_client.get("/api/data/status").json()
    page = sample_client.get("/api/data/snapshots").json()
    assert page["meta"]["total"] == 1
    first = page["data"][0]
    assert first["root"] == status["snapshot"]
    assert (first["changed_years"], first["changed_instruments"]) == ([2024], first["instruments"])
    assert first["changed_inputs"] == ["prices", "adjustments", "membership", "rules"]
    assert status["adjustments_hash"] == first["adjustments_hash"]
    assert status["gaps"]["missing"] == 0 and status["bytes_database"] > 0 and status["bytes_panel"] > 0
    with platform.database.engine(Market.REAL).begin() as connection:
        dropped = "DELETE FROM index_members WHERE instrument_id = (SELECT min(instrument_id) FROM index_members)"
        connection.execute(text(dropped))
        bump_versions(connection, ["membership"])
    platform.panels.refresh(Market.REAL)
    page = sample_client.get("/api/data/snapshots").json()
    assert page["meta"]["total"] == 2
    newest = page["data"][0]
    assert (newest["root"], newest["changed_inputs"]) == (first["root"], ["membership"])
    assert (newest["changed_years"], newest["changed_instruments"]) == ([], 0)


def test_a_bar_leads_to_file_and_line(shared_sample: TestClient) -> None:
    symbol = shared_sample.get("/api/screener/").json()["data"][0]["symbol"]
    bars = shared_sample.get(f"/api/market/bars/{symbol}").json()
    day = bars["t"][-1]
    found = shared_sample.get("/api/data/provenance", params={"symbol": symbol.lower(), "date": day}).json()
    assert [one["counts"] for one in found["rows"]].count(True) == 1
    winner = next(one for one in found["rows"] if one["counts"])
    assert winner["line"] > 1 and winner["file_name"] and winner["why"]
    assert found["bar"]["close"] == winner["close"] == bars["c"][-1]
    missing = shared_sample.get("/api/data/provenance", params={"symbol": symbol, "date": "2024-01-06"})
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "DATA_NOT_FOUND")
    unknown = shared_sample.get("/api/data/provenance", params={"symbol": "NOSUCH", "date": day})
    assert unknown.status_code == 404
    assert shared_sample.get("/api/data/provenance", params={"symbol": symbol, "date": "soon"}).status_code == 422


def test_coverage_answers_for_a_stored_year_only(shared_sample: TestClient) -> None:
    coverage = shared_sample.get("/api/data/coverage").json()
    assert coverage["year"] == 2024
    assert coverage["states"]["MISSING"] == 0
    assert sum(coverage["states"].values()) == len(coverage["days"])
    refused = shared_sample.get("/api/data/coverage", params={"year": 1999})
    years = shared_sample.get("/api/data/coverage/years").json()
    assert [year["year"] for year in years] == coverage["years"]
    told = {name: sum(month["states"][name] for month in years[-1]["months"]) for name in coverage["states"]}
    assert told == coverage["states"]
    assert (refused.status_code, "2024" in refused.json()["error"]["message"]) == (404, True)
