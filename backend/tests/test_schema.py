"""The schema: up, down, up again, and equal to the models; what it refuses; the names people rely on."""

from __future__ import annotations

import struct
import zlib
from datetime import date
from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from app.exceptions import DatabaseError
from app.schema import alembic_config, head_revision, upgrade

pytestmark = pytest.mark.integration


def migrate(engine: Engine, direction: str) -> None:
    config = alembic_config()
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        if direction == "check":
            command.check(config)
        elif direction == "base":
            command.downgrade(config, "base")
        else:
            command.upgrade(config, "head")
        connection.commit()


def test_upgrade_downgrade_upgrade_leaves_the_schema_of_the_models(engine: Engine) -> None:
    migrate(engine, "base")
    with engine.connect() as connection:
        left = connection.execute(
            text(
                "SELECT typname FROM pg_type WHERE typtype = 'e' AND typnamespace = 'public'::regnamespace UNION ALL "
                "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace UNION ALL "
                "SELECT nspname FROM pg_namespace WHERE nspname = 'procrastinate' UNION ALL "
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
            )
        ).scalars()
        assert list(left) == []
    migrate(engine, "head")
    migrate(engine, "check")


def test_trials_of_before_are_given_the_record_of_their_stored_run_or_sweep(engine: Engine) -> None:
    """A run of 79 returns, and a sweep of two bases of three points of 9 and 4 returns; of others it stays unknown."""
    with engine.connect() as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.downgrade(config, "0023")
        connection.commit()
    packed = {size: zlib.compress(struct.pack(f"<{size}d", *[0.01] * size)) for size in (2 * 9, 9, 3 * 4)}
    with engine.begin() as connection:
        for statement in (
            "INSERT INTO strategy_metadata (strategy_id, display_name, timeframe) VALUES ('s', 'S', '1d')",
            "INSERT INTO backtest_runs (run_id, strategy_id, start_date, end_date, metrics, spec, result, digest, "
            "engine_version, fingerprint) VALUES ('r', 's', '2024-01-01', '2024-04-30', '{\"returns\": 79}', '{}', "
            "'\\x00', 'd', '1', '{}'), ('old', 's', '2020-01-01', '2020-04-30', '{}', '{}', '\\x00', 'e', '1', '{}')",
            "INSERT INTO sweeps (sweep_id, strategy_id, spec, points, refused, places, skipped) VALUES ('w', 's', "
            '\'{"bases": [{"start": "2023-01-02", "end": "2023-01-13"}, {"start": "2023-02-01", '
            "\"end\": \"2023-02-07\"}]}', 6, 0, '\\x00', '[]')",
        ):
            connection.execute(text(statement.replace(":", "\\:")))
        for first, count, size in ((0, 2, 18), (2, 1, 9), (3, 3, 12)):
            connection.execute(
                text("INSERT INTO sweep_chunks VALUES ('w', :first, :count, '\\x00', :returns, '{}')"),
                {"first": first, "count": count, "returns": packed[size]},
            )
        for name, place, sharpe in (
            ("a", "r", 0.1), ("b", "old", 0.1), ("c", "w#2", 0.2), ("d", "w#3", 0.3), ("e", "w#4", None),
            ("f", "gone#1", 0.1), ("g", "walked", 0.1),
        ):  # fmt: skip
            connection.execute(
                text("INSERT INTO trials VALUES (:name, 's', :place, 'SUCCEEDED', :sharpe, now())"),
                {"name": name, "place": place, "sharpe": sharpe},
            )
    migrate(engine, "head")
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT spec_hash, first_day, last_day, returns FROM trials ORDER BY 1")).all()
    unknown = (None, None, None)
    assert {name: tuple(record) for name, *record in rows} == {
        "a": (date(2024, 1, 1), date(2024, 4, 30), 79), "b": unknown,
        "c": (date(2023, 1, 2), date(2023, 1, 13), 9), "d": (date(2023, 2, 1), date(2023, 2, 7), 4),
        "e": unknown, "f": unknown, "g": unknown,
    }  # fmt: skip
    with pytest.raises(DBAPIError), engine.begin() as connection:
        connection.execute(text("UPDATE trials SET returns = 5"))  # the ledger is closed again


def test_the_numbers_of_the_files_tell_the_newest_revision_and_what_comes_before_each() -> None:
    revisions = list(ScriptDirectory.from_config(alembic_config()).walk_revisions())

    assert revisions[0].revision == head_revision()
    numbers = sorted(revision.revision for revision in revisions)
    assert {r.revision: r.down_revision for r in revisions} == dict(zip(numbers, [None, *numbers], strict=False))


def test_a_database_of_a_newer_version_is_refused(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseError, match="newer version"):
        upgrade(engine)


def test_a_database_that_is_behind_is_dumped_before_it_changes_and_one_that_is_not_is_left(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened: list[str] = []

    def dump(database: str, to: Path) -> None:
        assert database == engine.url.database
        happened.append(f"dump {to.name.partition('-2')[0]}")

    upgrade(engine, dump_to=tmp_path, dump=dump)
    assert happened == []
    with monkeypatch.context() as patched:
        patched.setattr("app.schema.head_revision", lambda: "later")
        patched.setattr(command, "upgrade", lambda *_: happened.append("upgrade"))
        upgrade(engine, dump_to=tmp_path, dump=dump)
    assert happened == [f"dump {engine.url.database}-{head_revision()}", "upgrade"]


def test_the_named_indexes_exist(shared_engine: Engine) -> None:
    with shared_engine.connect() as connection:
        definitions = dict(
            connection.execute(text("SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'")).all()
        )
    assert definitions["idx_historical_symbol_date"].endswith("(symbol, date DESC)")
    assert definitions["idx_historical_sector"].endswith("(sector)")
    assert definitions["idx_backtest_strategy_date"].endswith("(strategy_id, created_at DESC)")


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        (
            "strategy_metadata",
            {"strategy_id", "description", "timeframe", "lifecycle_status", "regime_notes", "created_at"},
        ),
        ("backtest_runs", {"run_id", "strategy_id", "start_date", "end_date", "metrics", "created_at"}),
        ("user_portfolios", {"id", "name", "created_at"}),
        ("portfolio_positions", {"id", "portfolio_id", "symbol", "quantity", "entry_price"}),
        (
            "portfolio_policies",
            {"id", "name", "cash_reserve_percent", "max_equity_exposure_percent", "daily_stop_loss_percent"},
        ),
        ("historical_prices", {"symbol", "date", "sector", "open", "high", "low", "close", "volume", "series"}),
    ],
)
def test_the_tables_have_the_columns_people_rely_on(shared_engine: Engine, table: str, columns: set[str]) -> None:
    assert columns <= {column["name"] for column in inspect(shared_engine).get_columns(table)}


def test_the_lifecycle_has_four_states(shared_engine: Engine) -> None:
    with shared_engine.connect() as connection:
        states = connection.execute(text("SELECT unnest(enum_range(NULL::lifecycle_enum))::text")).scalars()
        assert list(states) == ["RESEARCH", "PAPER", "LIVE", "RETIRED"]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("cash_reserve_percent", 101),
        ("cash_reserve_percent", -1),
        ("max_equity_exposure_percent", 100.5),
        ("daily_stop_loss_percent", 0),
        ("daily_stop_loss_percent", 2),
    ],
)
def test_a_policy_out_of_range_is_refused_by_the_database(engine: Engine, column: str, value: float) -> None:
    with engine.begin() as connection, pytest.raises(IntegrityError):
        connection.execute(
            text(f"INSERT INTO portfolio_policies (name, {column}) VALUES ('p', :value)"), {"value": value}
        )


def test_positions_go_with_their_portfolio(engine: Engine) -> None:
    with engine.begin() as connection:
        made = connection.execute(text("INSERT INTO user_portfolios (name) VALUES ('p') RETURNING id")).scalar_one()
        connection.execute(
            text(
                "INSERT INTO portfolio_positions (portfolio_id, symbol, quantity, entry_price) "
                "VALUES (:id, 'TCS', 5, 3500.25)"
            ),
            {"id": made},
        )
        connection.execute(text("DELETE FROM user_portfolios"))
        assert connection.execute(text("SELECT count(*) FROM portfolio_positions")).scalar_one() == 0


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE backtest_runs SET digest = 'x'",
        "DELETE FROM backtest_runs",
        "TRUNCATE backtest_runs CASCADE",
        "UPDATE run_strategies SET allocation = 0.5",
        "DELETE FROM run_strategies",
        "TRUNCATE run_strategies",
        "DELETE FROM strategy_metadata",
        "DELETE FROM trials",
        "TRUNCATE trials",
        "UPDATE trials SET sharpe = 9",
    ],
)
def test_a_stored_run_cannot_be_changed_or_removed(engine: Engine, change: str) -> None:
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO strategy_metadata (strategy_id, display_name, timeframe) VALUES ('s', 'S', '1d')")
        )
        version = connection.execute(
            text(
                "INSERT INTO strategy_versions (strategy_id, number, source_hash, source, parameters) "
                "VALUES ('s', 1, 'h', 'text', '{}') RETURNING id"
            )
        ).scalar_one()
        connection.execute(
            text(
                "INSERT INTO backtest_runs (run_id, strategy_id, start_date, end_date, metrics, spec, result, digest, "
                "engine_version, fingerprint) VALUES ('r', 's', :day, :day, '{}', '{}', '\\x00', 'd', '1', '{}')"
            ),
            {"day": date(2024, 1, 1)},
        )
        connection.execute(
            text(
                "INSERT INTO run_strategies (run_id, book, strategy_id, version_id, params, allocation) "
                "VALUES ('r', 0, 's', :version, '{}', 1)"
            ),
            {"version": version},
        )
        connection.execute(
            text(
                "INSERT INTO trials (spec_hash, strategy_id, run_id, outcome, sharpe, first_evaluated_at) "
                "VALUES ('h', 's', 'r', 'SUCCEEDED', 0.1, now())"
            )
        )
    with pytest.raises(DBAPIError), engine.begin() as connection:
        connection.execute(text(change))
    with engine.connect() as connection:
        assert connection.execute(text("SELECT digest FROM backtest_runs")).scalar_one() == "d"
        assert connection.execute(text("SELECT allocation FROM run_strategies")).scalar_one() == 1.0
