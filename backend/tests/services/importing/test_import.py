"""Importing into a real database: transactions a file, idempotence, any order, any moment of death."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from app.models.base import Base
from app.repositories.files import is_pending, mark_pending, versions
from app.repositories.findings import count_by_rule
from app.repositories.prices import content_hash, merged_year
from app.services.importing import derive
from app.services.importing import merge as merge_rule
from app.services.importing.identify import TouchedSymbol
from app.services.importing.kinds import Kind
from app.services.importing.price_files import read_price_file
from app.services.importing.readers import DERIVED
from app.services.importing.resolver import Resolver
from app.services.importing.run import finish_pending, import_paths
from app.services.importing.summary import ImportSummary

from .samples import Quote, delivery, legacy, legacy_name, parquet, quote

DAYS = [date(2024, 1, 1) + timedelta(days=n) for n in (0, 1, 2, 3, 7, 8, 9, 10, 11, 14)]


def run(engine: Engine, *paths: Path, strict: bool = True) -> ImportSummary:
    return import_paths(engine, paths, progress=lambda _f, _m: None, cancelled=lambda: False, strict_paths=strict)


def digest(engine: Engine) -> str:
    with engine.connect() as connection:
        return content_hash(connection)


def scalar(engine: Engine, query: str) -> object:
    with engine.connect() as connection:
        return connection.execute(text(query)).scalar_one()


def empty(engine: Engine) -> None:
    """Everything but the migration's own rows is removed."""
    kept = {
        "owners",
        "alembic_version",
        "backtest_runs",
        "run_strategies",
        "strategy_metadata",
        "strategy_versions",
        "trials",
        "walk_forwards",
    }
    names = ", ".join(table for table in Base.metadata.tables if table not in kept)
    with engine.begin() as connection:
        connection.execute(text(f"TRUNCATE {names} CASCADE"))


def market(folder: Path) -> list[Path]:
    """A small market: a rename, a split, two sources for a day, one file without prices of one day."""
    folder.mkdir(exist_ok=True)
    for n, day in enumerate(DAYS):
        renamed = "NEWNAME" if n >= 5 else "OLDNAME"
        split = 50.0 if n >= 6 else 100.0
        quotes: list[Quote] = [
            quote("AAA", 10.0 + n, previous=9.0 + n if n else 10.0),
            quote("SPLITTER", split, previous=100.0 if n == 6 else split),
            quote(renamed, 200.0),
        ]
        (folder / legacy_name(day)).write_bytes(legacy(day, quotes, {"AAA": "INE111A01011"}))
        if n in {3, 4}:
            (folder / f"sec_bhavdata_full_{day:%d%m%Y}.csv").write_bytes(delivery(day, [*quotes, quote("EXTRA", 5.0)]))
    parquet(
        folder / "long.parquet",
        [(day, quote("AAA", 10.0 + n)) for n, day in enumerate(DAYS)]
        + [(DAYS[0] - timedelta(days=3), quote("AAA", 9.0))],
    )
    (folder / "symbolchange.csv").write_bytes(b" New Name Limited,OLDNAME,NEWNAME,09-JAN-2024\n")
    (folder / "EQUITY_L_2024-02.csv").write_text(
        "SYMBOL,NAME OF COMPANY, SERIES, DATE OF LISTING, PAID UP VALUE, MARKET LOT, ISIN NUMBER, FACE VALUE\n"
        "AAA,Triple A Limited,EQ,01-JAN-2000,10,1,INE111A01011,10\nNEWNAME,New Name "
        "Limited,EQ,01-JAN-2001,10,1,INE222A01011,10\n"
    )
    (folder / "ind_niftytestlist_2024-01.csv").write_text(
        "Company Name,Industry,Symbol,Series,ISIN Code\n"
        + "".join(f"Stock {n},Power,{s},EQ,INE{n:03}A01011\n" for n, s in enumerate(["AAA", "OLDNAME"]))
    )
    (folder / "actions.csv").write_text("Symbol,Date,Multiplier\nSPLITTER,20240109,2\nAAA,20240103,5\n")
    return sorted(folder.iterdir())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    market(tmp_path / "market")
    return tmp_path / "market"


def test_a_small_market_comes_out_whole(engine: Engine, folder: Path) -> None:
    summary = run(engine, folder)
    assert (summary.exit_code, summary.refused) == (0, [])
    assert summary.loaded_by_kind["legacy"] == len(DAYS)
    assert scalar(engine, "SELECT count(*) FROM instruments") == 4
    renamed = (
        "SELECT string_agg(symbol, ' > ' ORDER BY valid_from) FROM instrument_symbols "
        "WHERE instrument_id IN (SELECT instrument_id FROM instrument_symbols WHERE symbol = 'OLDNAME')"
    )
    assert scalar(engine, renamed) == "OLDNAME > NEWNAME"
    assert scalar(engine, "SELECT name FROM instruments WHERE symbol = 'NEWNAME'") == "New Name Limited"
    assert (
        scalar(
            engine,
            "SELECT factor FROM adjustment_factors f JOIN instruments i ON i.id = f.instrument_id WHERE i.symbol = "
            "'SPLITTER'",
        )
        == 2.0
    )
    assert scalar(engine, "SELECT count(*) FROM adjustment_factors") == 1
    assert scalar(engine, "SELECT count(*) FROM unexplained_jumps") == 0
    with engine.connect() as connection:
        assert count_by_rule(connection)["FACTOR_CONTRADICTED"] == 1
        assert not is_pending(connection, DERIVED)


def test_a_second_import_stores_nothing_and_changes_no_version(engine: Engine, folder: Path) -> None:
    run(engine, folder)
    before, seen = digest(engine), _versions(engine)
    again = run(engine, folder)
    assert (again.loaded, again.rows, again.findings) == (0, 0, 0)
    assert again.already_known == len(list(folder.iterdir()))
    assert (digest(engine), _versions(engine)) == (before, seen)


def _versions(engine: Engine) -> dict[str, int]:
    with engine.connect() as connection:
        return versions(connection)


def test_each_field_comes_from_the_best_source_that_has_it(engine: Engine, folder: Path) -> None:
    run(engine, folder)
    with engine.connect() as connection:
        frame = merged_year(connection, 2024)
    row = frame.filter((pl.col("symbol") == "AAA") & (pl.col("date") == DAYS[3])).row(0, named=True)
    # legacy wins; its turnover is exact; the delivery file lends the shares delivered
    assert (row["turnover"], row["trades"], row["delivery"]) == (13_000.25, 100, 500)
    assert frame.filter(pl.struct("date", "symbol", "series").is_duplicated()).height == 0


def test_the_order_of_imports_changes_nothing(engine: Engine, tmp_path: Path) -> None:
    files = market(tmp_path / "market")
    expected: list[str] = []

    @settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.permutations(files), st.integers(1, len(files) - 1))
    def check(order: Sequence[Path], cut: int) -> None:
        empty(engine)
        run(engine, *order[:cut])
        run(engine, *order[cut : cut + 1])
        run(engine, *order[cut + 1 :])
        expected.append(digest(engine))

    check()
    assert len(set(expected)) == 1


def test_a_refused_file_stores_nothing_is_named_and_the_others_go_in(engine: Engine, folder: Path) -> None:
    bad = folder / legacy_name(date(2024, 1, 20))
    bad.write_bytes(legacy(date(2024, 1, 20), [quote("AAA", 10.0), quote("ZZZ", 0.0)]))
    summary = run(engine, folder)
    assert summary.exit_code == 1
    (refused,) = summary.refused
    assert refused.name.endswith(bad.name) and refused.line == 3 and refused.rule == "IMPOSSIBLE_ROW"
    assert scalar(engine, "SELECT count(*) FROM historical_prices WHERE date = '2024-01-20'") == 0
    assert scalar(engine, "SELECT count(*) FROM findings WHERE severity = 'refused'") == 1
    run(engine, folder)
    assert scalar(engine, "SELECT count(*) FROM findings WHERE severity = 'refused'") == 1


def test_unknown_files_are_skipped_in_a_folder_and_fail_when_named(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "notes.csv").write_text("a,b\n1,2\n")
    inside = run(engine, tmp_path)
    named = run(engine, tmp_path / "notes.csv", tmp_path / "nowhere")
    assert (inside.exit_code, len(inside.skipped)) == (0, 1)
    assert named.exit_code == 1
    assert [Path(one.name).name for one in named.failed_paths] == ["nowhere", "notes.csv"]


def test_a_later_learned_rename_joins_two_instruments_and_keeps_the_old_key(engine: Engine, folder: Path) -> None:
    change = folder / "symbolchange.csv"
    later = folder.parent / "symbolchange.csv"
    change.rename(later)
    run(engine, folder)
    assert scalar(engine, "SELECT count(*) FROM instruments") == 5
    before = _versions(engine)
    run(engine, later)
    after = _versions(engine)
    assert scalar(engine, "SELECT count(*) FROM instruments") == 4
    assert (
        scalar(
            engine, "SELECT count(DISTINCT instrument_id) FROM historical_prices WHERE symbol IN ('OLDNAME', 'NEWNAME')"
        )
        == 1
    )
    assert (
        scalar(
            engine,
            "SELECT count(*) FROM instrument_aliases a JOIN instruments i ON i.id = a.instrument_id WHERE i.symbol "
            "= 'NEWNAME'",
        )
        == 1
    )
    assert after["prices:2024"] > before["prices:2024"] and after["identity"] > before["identity"]


def test_one_more_day_only_extends_what_is_known(engine: Engine, folder: Path) -> None:
    run(engine, folder)
    identity = _versions(engine)["identity"]
    day = date(2024, 1, 15)
    (folder / legacy_name(day)).write_bytes(legacy(day, [quote("AAA", 20.0), quote("NEWNAME", 200.0)]))
    run(engine, folder)
    assert _versions(engine)["identity"] == identity
    extended = digest(engine)
    with engine.begin() as connection:
        mark_pending(connection)
    assert finish_pending(engine)
    assert digest(engine) == extended  # working out everything gives the same
    assert not finish_pending(engine)


def test_cancelling_keeps_what_is_stored_and_a_second_import_goes_on(engine: Engine, folder: Path) -> None:
    asked = iter([False] * 8 + [True] * 100)
    cut = import_paths(engine, [folder], progress=lambda _f, _m: None, cancelled=lambda: next(asked), strict_paths=True)
    assert cut.cancelled and cut.exit_code == 1 and 0 < cut.loaded < len(list(folder.iterdir()))
    run(engine, folder)
    complete = digest(engine)
    empty(engine)
    run(engine, folder)
    assert digest(engine) == complete


_CHILD = """
import sys
from pathlib import Path
from sqlalchemy import create_engine
from app.services.importing.run import import_paths
engine, paths = create_engine(sys.argv[1]), [Path(sys.argv[2])]
import_paths(engine, paths, progress=lambda f, m: print(m, flush=True), cancelled=lambda: False)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")
@pytest.mark.parametrize("after_lines", [4, 9, 14])
def test_a_killed_import_leaves_no_half_file_and_is_completed_by_the_next(
    engine: Engine, database_url: str, folder: Path, after_lines: int
) -> None:
    run(engine, folder)
    expected = digest(engine)
    empty(engine)
    child = subprocess.Popen(
        [sys.executable, "-c", _CHILD, database_url, str(folder)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[3],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )
    assert child.stdout is not None
    for _ in range(after_lines):
        child.stdout.readline()
    child.send_signal(signal.SIGKILL)
    child.wait()
    _wait_for_other_connections(engine)
    torn = (
        "SELECT count(*) FROM import_files f WHERE kind IN ('legacy', 'delivery', 'daily_parquet') "
        "AND f.rows <> (SELECT count(*) FROM historical_prices p WHERE p.file_id = f.id)"
    )
    assert scalar(engine, torn) == 0
    run(engine, folder)
    assert digest(engine) == expected


def test_an_archive_of_several_members_is_remembered_and_one_of_a_single_member_needs_not(
    engine: Engine, tmp_path: Path
) -> None:
    for name, days in (("one.zip", DAYS[:1]), ("two.zip", DAYS[1:3])):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            for day in days:
                archive.writestr(legacy_name(day), legacy(day, [quote("AAA", 10.0)]))
    assert run(engine, tmp_path).loaded == 3
    kinds = "SELECT string_agg(name, ' ' ORDER BY name) FROM import_files WHERE kind = 'archive'"
    assert scalar(engine, kinds) == "two.zip"
    again = run(engine, tmp_path)
    assert (again.loaded, again.already_known) == (0, 3)


def test_the_imports_own_settings_do_not_stay_behind_in_the_pool(engine: Engine, folder: Path) -> None:
    before = [scalar(engine, f"SHOW {name}") for name in ("synchronous_commit", "plan_cache_mode")]
    run(engine, folder)
    assert [scalar(engine, f"SHOW {name}") for name in ("synchronous_commit", "plan_cache_mode")] == before
    with engine.connect() as one, engine.connect() as two:
        assert [c.execute(text("SHOW plan_cache_mode")).scalar_one() for c in (one, two)] == [before[1]] * 2


def test_what_an_import_touched_does_not_depend_on_how_it_is_gathered(monkeypatch: pytest.MonkeyPatch) -> None:
    frames = [
        read_price_file(Kind.PRICES_LEGACY, legacy_name(day), legacy(day, quotes, {"AAA": isin, "BBB": "INE2"})).frame
        for day, isin, quotes in (
            (DAYS[1], "INE1", [quote("AAA", 1.0), quote("BBB", 1.0, series="N1")]),
            (DAYS[0], "INE9", [quote("AAA", 1.0)]),
            (DAYS[3], "", [quote("AAA", 1.0), quote("BBB", 1.0)]),
        )
    ]
    expected = {
        "AAA": TouchedSymbol(DAYS[0], DAYS[3], {"INE1", "INE9"}),
        "BBB": TouchedSymbol(DAYS[1], DAYS[3], {"INE2"}),
    }
    for enough in (1, 3, 1000):
        monkeypatch.setattr(derive, "_ENOUGH_ROWS", enough)
        touched = derive.Touched()
        for frame in frames:
            touched.add_prices(frame)
        assert touched.symbols == expected


def test_a_row_goes_to_whoever_bore_its_symbol_that_day() -> None:
    def create(new: Sequence[tuple[str, str, date]]) -> list[int]:
        return [100 + n for n, _ in enumerate(new)]

    def resolved(*rows: tuple[date, str]) -> list[int]:
        frame = pl.DataFrame(rows, schema={"date": pl.Date, "symbol": pl.String}, orient="row")
        return resolver.resolve(frame, "sha").to_list()

    spans = [("AAA", DAYS[2], None, 1), ("AAA", DAYS[5], None, 2), ("BBB", DAYS[0], None, 3)]
    resolver = Resolver(spans, [], create)
    assert resolved((DAYS[4], "AAA"), (DAYS[4], "BBB")) == [1, 3]
    assert resolved((DAYS[5], "BBB"), (DAYS[5], "AAA")) == [3, 2]
    assert resolved((DAYS[0], "AAA"), (DAYS[9], "AAA"), (DAYS[9], "BBB")) == [1, 2, 3]  # before the first: the first
    assert resolved((DAYS[6], "CCC"), (DAYS[6], "AAA")) == [100, 2]
    assert resolved((DAYS[7], "CCC"), (DAYS[7], "AAA")) == [100, 2]


def _wait_for_other_connections(engine: Engine) -> None:
    """The server notices a killed client when it next speaks to it."""
    query = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND pid <> pg_backend_pid() AND state <> 'idle'"
    )
    for _ in range(100):
        if scalar(engine, query) == 0:
            return
        time.sleep(0.05)


def test_two_real_versions_of_one_day_are_both_stored_and_named(engine: Engine, evidence: Path) -> None:
    run(engine, evidence / "data/bhavcopy/quirks/two_versions")
    assert scalar(engine, "SELECT count(*) FROM historical_prices") == 2 * 1683
    assert scalar(engine, "SELECT count(*) FROM historical_prices WHERE superseded_at IS NULL") == 1683
    with engine.connect() as connection:
        assert count_by_rule(connection) == {"TWO_VERSIONS": 2}


_ROWS = st.lists(
    st.tuples(st.sampled_from([40, 30, 20]), st.sampled_from([None, 1, 2]), st.integers(0, 3), st.sampled_from("abcd")),
    min_size=1, max_size=8, unique=True,
)  # fmt: skip


@given(_ROWS, st.randoms(use_true_random=False))
def test_one_row_wins_whatever_the_order_and_none_beats_it(rows, random) -> None:  # type: ignore[no-untyped-def]
    def lost(some: Sequence[tuple[int, int | None, int, str]]) -> set[tuple[int, int | None, int, str]]:
        frame = pl.DataFrame(
            [(date(2024, 1, 1), "A", "EQ", *row) for row in some],
            schema={
                "date": pl.Date,
                "symbol": pl.String,
                "series": pl.String,
                "source_rank": pl.Int16,
                "published_at": pl.Int64,
                "volume": pl.Int64,
                "sha256": pl.String,
            },
            orient="row",
        )
        return {row[3:] for row in merge_rule.losers(frame).rows()}

    losers = lost(rows)
    (winner,) = set(rows) - losers
    assert all((r[0], r[1] or 0, r[2], r[3]) <= (winner[0], winner[1] or 0, winner[2], winner[3]) for r in rows)
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert lost(shuffled) == losers
