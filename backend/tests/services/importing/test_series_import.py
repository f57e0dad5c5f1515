"""Series and intraday bars from files to answers: any order, twice, killed; merged by rank; resampled by session."""

from __future__ import annotations

from datetime import date
from itertools import permutations
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from app.repositories import index_series, intraday
from app.repositories.findings import count_by_rule
from app.services.importing.run import import_paths
from app.services.importing.summary import ImportSummary
from app.services.intraday.reading import read_bars
from app.services.intraday.store import IntradayStore

from .test_series_files import five_minutes

pytestmark = pytest.mark.integration

FULL = "Date,Open,High,Low,Close,Volume,Turnover\n2024-01-02,10,12,9,11,500,6000\n"
OWNER = """"Index Name","Date","Open","High","Low","Close"
"NIFTY 50","02 Jan 2024","10","12","9","11.2"
"NIFTY 50","03 Jan 2024","11","13","10","12"
"""
RATIOS = "Date,P/E,P/B,Div Yield\n2024-01-02,22.5,3.6,1.3\n2024-01-03,22.6,3.7,1.2\n"
WEEKLY = "Date,NIFTY_50,INDIA_VIX,RAW_RATIO,RATIO_OSCILLATOR\n2024-01-05,12.5,14,1,1\n"


def load(engine: Engine, store: IntradayStore, *paths: Path) -> ImportSummary:
    return import_paths(
        engine, paths, progress=lambda _f, _m: None, cancelled=lambda: False, strict_paths=True, intraday_store=store
    )


def write(folder: Path, **files: str) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for name, content in files.items():
        path = folder / f"{name}.csv"
        path.write_text(content)
        made.append(path)
    return made


def clear(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(
            text("TRUNCATE index_values, intraday_slices, intraday_sources, findings, import_files, indices CASCADE")
        )


def test_the_better_source_counts_in_any_order_and_the_others_lend(engine: Engine, tmp_path: Path) -> None:
    files = write(tmp_path / "in", NIFTY_50=FULL, owner=OWNER, NIFTY_50_ratios=RATIOS, weekly=WEEKLY)
    seen = []
    for number, order in enumerate(list(permutations(files))[::9]):
        clear(engine)
        store = IntradayStore(tmp_path / str(number))
        for path in order:
            assert load(engine, store, path).exit_code == 0
        assert load(engine, store, *files).already_known == len(files)
        with engine.connect() as connection:
            rows = index_series.merged_series(connection, "NIFTY50")
            seen.append(([dict(row) for row in rows], count_by_rule(connection)))
    assert all(one == seen[0] for one in seen)
    first, second = seen[0][0]
    assert (first["close"], first["volume"], first["pe"], first["file_name"]) == (11.0, 500, 22.5, "NIFTY_50.csv")
    assert (second["close"], second["volume"], second["dividend_yield"]) == (12.0, None, 1.2)
    assert seen[0][1]["INDEX_SOURCES_DISAGREE"] == 1  # 11.2 against 11
    with engine.connect() as connection:
        closes = index_series.index_closes(connection, "NIFTY50", date(2024, 1, 1), date(2024, 1, 31))
        assert closes == [(date(2024, 1, 2), 11.0), (date(2024, 1, 3), 12.0)]  # no weekly close among daily ones
        assert connection.execute(text("SELECT count(*) FROM index_values")).scalar_one() == 7


def test_the_files_of_bars_do_not_depend_on_the_order_of_import(engine: Engine, tmp_path: Path) -> None:
    lines = five_minutes()
    other = [line.replace(",101,", ",100.5,") for line in lines[60:]]
    a, b = write(tmp_path / "a", HDFCBANK="\n".join(lines)) + write(
        tmp_path / "b", HDFCBANK="\n".join([lines[0], *other])
    )
    hashes = []
    for number, order in enumerate(((a, b), (b, a))):
        clear(engine)
        store = IntradayStore(tmp_path / f"store{number}")
        for path in order:
            assert load(engine, store, path).exit_code == 0
        with engine.connect() as connection:
            [row] = intraday.slices(connection)
            hashes.append(row.content_hash)
            assert row.rows == 150
    assert len(set(hashes)) == 1


def test_an_import_that_dies_before_its_commit_leaves_the_old_bars(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = IntradayStore(tmp_path / "store")
    lines = five_minutes()
    [first] = write(tmp_path / "a", HDFCBANK="\n".join(lines[:76]))
    [second] = write(tmp_path / "b", HDFCBANK="\n".join(lines))
    load(engine, store, first)
    with engine.connect() as connection:
        before = intraday.slices(connection)
    with monkeypatch.context() as patched:

        def die(*_: object) -> None:
            raise KeyboardInterrupt

        patched.setattr(intraday, "add_source", die)  # the Parquet file lies there, the catalogue is not committed
        with pytest.raises(KeyboardInterrupt):
            load(engine, store, second)
    with engine.connect() as connection:
        assert intraday.slices(connection) == before
        assert len(list(store.directory.rglob("*.parquet"))) == 2
        row = before[0]
        assert store.read(row.symbol, row.timeframe, row.year, row.content_hash).height == 75
    load(engine, store, second)
    with engine.connect() as connection:
        [row] = intraday.slices(connection)
        assert row.rows == 150
        assert store.sweep(intraday.slices(connection)) == 0  # a reader may be on its way to it
        assert store.sweep(intraday.slices(connection), older_than_seconds=0.0) == 1
        assert store.read(row.symbol, row.timeframe, row.year, row.content_hash).filter("current").height == 150


def test_without_a_place_for_bars_their_files_are_skipped(engine: Engine, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    write(folder, HDFCBANK="\n".join(five_minutes()))
    summary = import_paths(engine, [folder], progress=lambda _f, _m: None, cancelled=lambda: False)
    assert (summary.loaded, len(summary.skipped)) == (0, 1)


def test_bars_over_http(client: TestClient, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    write(folder, NIFTY_50_5min="\n".join(five_minutes()), NIFTY_50=FULL)
    platform = client.app.state.platform  # type: ignore[attr-defined]
    from app.database import Market

    platform.data.load(Market.REAL, [folder], progress=lambda _f, _m: None, cancelled=lambda: False, strict_paths=True)
    day = client.get("/api/market/bars/NIFTY50").json()
    assert (day["t"], day["c"], day["timeframe"]) == (["2024-01-02"], [11.0], "1d")
    five = client.get("/api/market/bars/NIFTY50", params={"timeframe": "5m", "end": "2024-01-02"}).json()
    assert (len(five["t"]), five["t"][0], five["v"][0]) == (75, "2024-01-02T09:15:00+05:30", 10)
    hour = client.get("/api/market/bars/NIFTY", params={"timeframe": "1h", "start": "2024-01-03"}).json()
    assert [t[11:16] for t in hour["t"]] == ["09:15", "10:15", "11:15", "12:15", "13:15", "14:15", "15:15"]
    assert hour["v"] == [120] * 6 + [30]
    last = client.get("/api/market/bars/NIFTY50", params={"timeframe": "30m", "limit": 2}).json()
    assert [t[11:16] for t in last["t"]] == ["14:45", "15:15"]
    for timeframe, status in (("1m", 404), ("7m", 422)):
        assert client.get("/api/market/bars/NIFTY50", params={"timeframe": timeframe}).status_code == status
    hits = client.get("/api/market/search", params={"query": "NIFTY50"}).json()
    assert [(hit["symbol"], hit["type"]) for hit in hits] == [("NIFTY50", "INDEX")]
    with platform.database.transaction(Market.REAL) as session:
        store = IntradayStore(tmp_path / "nowhere")
        with pytest.raises(Exception, match="cannot be read"):
            read_bars(store, session, "NIFTY50", "5m", None, None)


def test_bins_begin_again_with_the_second_session_of_a_day(engine: Engine, tmp_path: Path) -> None:
    lines = ["timestamp,open,high,low,close,volume"]
    minutes = [*range(555, 600), *range(690, 750)]  # 2024-03-02 traded 09:15 to 10:00 and 11:30 to 12:30
    lines += [f"2024-03-02 {at // 60:02d}:{at % 60:02d}:00,{at},{at + 2},{at - 2},{at + 1},1" for at in minutes]
    [path] = write(tmp_path / "in", HDFCBANK="\n".join(lines))
    store = IntradayStore(tmp_path / "store")
    load(engine, store, path)
    with engine.connect() as connection:
        bars = read_bars(store, connection, "HDFCBANK", "30m", None, None).frame  # type: ignore[arg-type]
    assert bars["at"].dt.strftime("%H:%M").to_list() == ["09:15", "09:45", "11:30", "12:00"]
    assert bars["volume"].to_list() == [30, 15, 30, 30]
    assert bars.select("open", "high", "low", "close").row(0) == (555.0, 586.0, 553.0, 585.0)
