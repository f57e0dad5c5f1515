"""First schema: market data, strategies and runs, portfolios, jobs and their queue

Revision ID: 0001
Revises:
"""

from __future__ import annotations

from importlib import resources

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

lifecycle_enum = postgresql.ENUM("RESEARCH", "PAPER", "LIVE", "RETIRED", name="lifecycle_enum", create_type=False)

# A run is evidence: the database itself refuses to change or remove one.
_IMMUTABLE_TABLES = ("backtest_runs", "run_strategies")
_REFUSE_CHANGE = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: runs and the ledger of trials are immutable', TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$
"""


def _create_queue() -> None:
    """The job queue's own tables and functions, in a schema of their own so that nothing of it mixes with ours."""
    sql = (resources.files("procrastinate") / "sql" / "schema.sql").read_text(encoding="utf-8")
    connection = op.get_bind()
    connection.exec_driver_sql("CREATE SCHEMA procrastinate")
    connection.exec_driver_sql("SET LOCAL search_path TO procrastinate")
    connection.exec_driver_sql(sql.replace("%", "%%"))
    connection.exec_driver_sql("SET LOCAL search_path TO public")
    # its functions name their tables without a schema: give them theirs, whoever calls
    connection.exec_driver_sql(
        """
        DO $$
        DECLARE routine regprocedure;
        BEGIN
            FOR routine IN
                SELECT oid::regprocedure FROM pg_proc WHERE pronamespace = 'procrastinate'::regnamespace
            LOOP
                EXECUTE format('ALTER FUNCTION %%s SET search_path = procrastinate', routine);
            END LOOP;
        END
        $$
        """
    )


def _protect_runs() -> None:
    op.execute(_REFUSE_CHANGE)
    for table in _IMMUTABLE_TABLES:
        op.execute(
            f"CREATE TRIGGER {table}_immutable BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
    # a trial that failed may succeed later; one that succeeded stays as it was, and none is ever taken away
    op.execute(
        "CREATE TRIGGER trials_immutable BEFORE UPDATE ON trials FOR EACH ROW "
        "WHEN (OLD.outcome <> 'FAILED') EXECUTE FUNCTION refuse_change()"
    )
    op.execute("CREATE TRIGGER trials_kept BEFORE DELETE ON trials FOR EACH ROW EXECUTE FUNCTION refuse_change()")
    for table in (*_IMMUTABLE_TABLES, "trials"):
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def upgrade() -> None:
    lifecycle_enum.create(op.get_bind())
    op.create_table(
        "data_versions",
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("scope", name=op.f("pk_data_versions")),
    )
    op.create_table(
        "historical_prices",
        sa.Column("file_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("symbol", sa.String(), nullable=False),
        sa.Column("series", sa.String(), nullable=False),
        sa.Column("instrument_id", sa.Integer(), nullable=False),
        sa.Column("sector", sa.String(), nullable=True),
        sa.Column("open", sa.Float(precision=53), nullable=False),
        sa.Column("high", sa.Float(precision=53), nullable=False),
        sa.Column("low", sa.Float(precision=53), nullable=False),
        sa.Column("close", sa.Float(precision=53), nullable=False),
        sa.Column("last", sa.Float(precision=53), nullable=True),
        sa.Column("prev_close", sa.Float(precision=53), nullable=True),
        sa.Column("volume", sa.BigInteger(), nullable=False),
        sa.Column("turnover", sa.Float(precision=53), nullable=True),
        sa.Column("trades", sa.Integer(), nullable=True),
        sa.Column("delivery", sa.BigInteger(), nullable=True),
        sa.Column("isin", sa.String(), nullable=True),
        sa.Column("source_rank", sa.SmallInteger(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("file_id", "line", name=op.f("pk_historical_prices")),
    )
    op.create_index("idx_historical_sector", "historical_prices", ["sector"], unique=False)
    op.create_index(
        "idx_historical_symbol_date", "historical_prices", ["symbol", sa.literal_column("date DESC")], unique=False
    )
    op.create_index(
        "uq_historical_prices_current",
        "historical_prices",
        ["date", "symbol", "series"],
        unique=True,
        postgresql_where=sa.text("superseded_at IS NULL"),
    )
    op.create_table(
        "import_files",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("container", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("first_date", sa.Date(), nullable=True),
        sa.Column("last_date", sa.Date(), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_files")),
        sa.UniqueConstraint("sha256", name=op.f("uq_import_files_sha256")),
    )
    op.create_table(
        "indices",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_indices")),
    )
    op.create_table(
        "instruments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("symbol", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("sector", sa.String(), nullable=True),
        sa.Column("isin", sa.String(), nullable=True),
        sa.Column("instrument_type", sa.String(), nullable=False),
        sa.Column("first_session", sa.Date(), nullable=True),
        sa.Column("last_session", sa.Date(), nullable=True),
        sa.Column("listed_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instruments")),
        sa.UniqueConstraint("key", name=op.f("uq_instruments_key")),
    )
    op.create_index(op.f("ix_instruments_isin"), "instruments", ["isin"], unique=False)
    op.create_index(op.f("ix_instruments_symbol"), "instruments", ["symbol"], unique=False)
    op.create_table(
        "owners",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_owners")),
    )
    op.create_table(
        "adjustment_factors",
        sa.Column("instrument_id", sa.Integer(), nullable=False),
        sa.Column("ex_date", sa.Date(), nullable=False),
        sa.Column("factor", sa.Float(precision=53), nullable=False),
        sa.Column("tier", sa.String(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("known_at", sa.Date(), nullable=False),
        sa.Column("evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["instrument_id"], ["instruments.id"], name=op.f("fk_adjustment_factors_instrument_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("instrument_id", "ex_date", name=op.f("pk_adjustment_factors")),
    )
    op.create_table(
        "app_settings",
        sa.Column("owner_id", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("fk_app_settings_owner_id")),
        sa.PrimaryKeyConstraint("owner_id", "name", name=op.f("pk_app_settings")),
    )
    op.create_index(op.f("ix_app_settings_owner_id"), "app_settings", ["owner_id"], unique=False)
    op.create_table(
        "corporate_actions",
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("symbol", sa.String(), nullable=True),
        sa.Column("company_name", sa.String(), nullable=True),
        sa.Column("ex_date", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("factor", sa.Float(precision=53), nullable=True),
        sa.Column("amount", sa.Float(precision=53), nullable=True),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["file_id"], ["import_files.id"], name=op.f("fk_corporate_actions_file_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("file_id", "line", "part", name=op.f("pk_corporate_actions")),
    )
    op.create_index("ix_corporate_actions_symbol_ex_date", "corporate_actions", ["symbol", "ex_date"], unique=False)
    op.create_table(
        "findings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("file_id", sa.Integer(), nullable=True),
        sa.Column("line", sa.Integer(), nullable=True),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=True),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["file_id"], ["import_files.id"], name=op.f("fk_findings_file_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_findings")),
        sa.UniqueConstraint(
            "sha256",
            "rule",
            "line",
            "subject",
            name=op.f("uq_findings_sha256_rule_line_subject"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index(op.f("ix_findings_rule"), "findings", ["rule"], unique=False)
    op.create_table(
        "idempotency_keys",
        sa.Column("owner_id", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("request_hash", sa.String(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("fk_idempotency_keys_owner_id")),
        sa.PrimaryKeyConstraint("owner_id", "key", name=op.f("pk_idempotency_keys")),
    )
    op.create_index(op.f("ix_idempotency_keys_owner_id"), "idempotency_keys", ["owner_id"], unique=False)
    op.create_table(
        "index_history_spans",
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("index_id", sa.String(), nullable=False),
        sa.Column("symbol", sa.String(), nullable=True),
        sa.Column("company_name", sa.String(), nullable=True),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("effective_to", sa.Date(), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("source_rank", sa.SmallInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["file_id"], ["import_files.id"], name=op.f("fk_index_history_spans_file_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["index_id"], ["indices.id"], name=op.f("fk_index_history_spans_index_id")),
        sa.PrimaryKeyConstraint("file_id", "line", "index_id", name=op.f("pk_index_history_spans")),
    )
    op.create_table(
        "index_events",
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("index_id", sa.String(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("company_name", sa.String(), nullable=False),
        sa.Column("change", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["file_id"], ["import_files.id"], name=op.f("fk_index_events_file_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["index_id"], ["indices.id"], name=op.f("fk_index_events_index_id")),
        sa.PrimaryKeyConstraint("file_id", "line", "index_id", name=op.f("pk_index_events")),
    )
    op.create_table(
        "index_event_corrections",
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("index_id", sa.String(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("symbol", sa.String(), nullable=False),
        sa.Column("change", sa.String(), nullable=False),
        sa.Column("correct_symbol", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["file_id"], ["import_files.id"], name=op.f("fk_index_event_corrections_file_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["index_id"], ["indices.id"], name=op.f("fk_index_event_corrections_index_id")),
        sa.PrimaryKeyConstraint("file_id", "line", name=op.f("pk_index_event_corrections")),
    )
    op.create_table(
        "company_symbols",
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("symbol", sa.String(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["file_id"], ["import_files.id"], name=op.f("fk_company_symbols_file_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("file_id", "line", name=op.f("pk_company_symbols")),
    )
    op.create_table(
        "index_lists",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("index_id", sa.String(), nullable=False),
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("in_force_on", sa.Date(), nullable=True),
        sa.Column("date_basis", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["file_id"], ["import_files.id"], name=op.f("fk_index_lists_file_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["index_id"], ["indices.id"], name=op.f("fk_index_lists_index_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_index_lists")),
        sa.UniqueConstraint("file_id", "index_id", name=op.f("uq_index_lists_file_id_index_id")),
    )
    op.create_index(op.f("ix_index_lists_index_id"), "index_lists", ["index_id"], unique=False)
    op.create_table(
        "index_members",
        sa.Column("index_id", sa.String(), nullable=False),
        sa.Column("instrument_id", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("basis", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["index_id"], ["indices.id"], name=op.f("fk_index_members_index_id")),
        sa.ForeignKeyConstraint(
            ["instrument_id"], ["instruments.id"], name=op.f("fk_index_members_instrument_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("index_id", "instrument_id", "valid_from", name=op.f("pk_index_members")),
    )
    op.create_index("ix_index_members_instrument_id", "index_members", ["instrument_id"], unique=False)
    op.create_table(
        "instrument_aliases",
        sa.Column("old_key", sa.String(), nullable=False),
        sa.Column("instrument_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["instrument_id"], ["instruments.id"], name=op.f("fk_instrument_aliases_instrument_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("old_key", name=op.f("pk_instrument_aliases")),
    )
    op.create_index(op.f("ix_instrument_aliases_instrument_id"), "instrument_aliases", ["instrument_id"], unique=False)
    op.create_table(
        "instrument_isins",
        sa.Column("instrument_id", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("isin", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["instrument_id"], ["instruments.id"], name=op.f("fk_instrument_isins_instrument_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("instrument_id", "valid_from", name=op.f("pk_instrument_isins")),
    )
    op.create_index("ix_instrument_isins_isin", "instrument_isins", ["isin"], unique=False)
    op.create_table(
        "instrument_names",
        sa.Column("instrument_id", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["instrument_id"], ["instruments.id"], name=op.f("fk_instrument_names_instrument_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("instrument_id", "valid_from", name=op.f("pk_instrument_names")),
    )
    op.create_table(
        "instrument_symbols",
        sa.Column("instrument_id", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("symbol", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["instrument_id"], ["instruments.id"], name=op.f("fk_instrument_symbols_instrument_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("instrument_id", "valid_from", name=op.f("pk_instrument_symbols")),
    )
    op.create_index(
        "ix_instrument_symbols_symbol_valid_from", "instrument_symbols", ["symbol", "valid_from"], unique=False
    )
    op.create_table(
        "jobs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("market", sa.String(), nullable=False),
        sa.Column("arguments", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.String(), server_default="QUEUED", nullable=False),
        sa.Column("progress", sa.Float(), server_default="0", nullable=False),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("result", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("error", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("cancel_requested", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("owner_id", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.CheckConstraint(
            "state IN ('QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED')", name=op.f("ck_jobs_state")
        ),
        sa.CheckConstraint("progress BETWEEN 0 AND 1", name=op.f("ck_jobs_progress")),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("fk_jobs_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
    )
    op.create_index("ix_jobs_created_at", "jobs", [sa.literal_column("created_at DESC")], unique=False)
    op.create_index(op.f("ix_jobs_owner_id"), "jobs", ["owner_id"], unique=False)
    op.create_table(
        "listed_securities",
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("symbol", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("series", sa.String(), nullable=True),
        sa.Column("instrument_type", sa.String(), nullable=False),
        sa.Column("isin", sa.String(), nullable=True),
        sa.Column("listed_on", sa.Date(), nullable=True),
        sa.Column("face_value", sa.Float(), nullable=True),
        sa.Column("market_lot", sa.Integer(), nullable=True),
        sa.Column("as_of", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["file_id"], ["import_files.id"], name=op.f("fk_listed_securities_file_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("file_id", "line", name=op.f("pk_listed_securities")),
    )
    op.create_index(op.f("ix_listed_securities_symbol"), "listed_securities", ["symbol"], unique=False)
    op.create_table(
        "name_changes",
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("symbol", sa.String(), nullable=False),
        sa.Column("old_name", sa.String(), nullable=False),
        sa.Column("new_name", sa.String(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["file_id"], ["import_files.id"], name=op.f("fk_name_changes_file_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("file_id", "line", name=op.f("pk_name_changes")),
    )
    op.create_index(op.f("ix_name_changes_symbol"), "name_changes", ["symbol"], unique=False)
    op.create_table(
        "portfolio_policies",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("cash_reserve_percent", sa.Numeric(precision=9, scale=4), server_default="20", nullable=False),
        sa.Column("max_equity_exposure_percent", sa.Numeric(precision=9, scale=4), server_default="80", nullable=False),
        sa.Column("daily_stop_loss_percent", sa.Numeric(precision=9, scale=4), server_default="-2", nullable=False),
        sa.Column(
            "max_strategy_allocation_percent", sa.Numeric(precision=9, scale=4), server_default="25", nullable=False
        ),
        sa.Column("allocation_sensitivity", sa.String(), server_default="MEDIUM", nullable=False),
        sa.Column("correlation_penalty", sa.String(), server_default="MODERATE", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("owner_id", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.CheckConstraint(
            "cash_reserve_percent BETWEEN 0 AND 100", name=op.f("ck_portfolio_policies_cash_reserve_percent")
        ),
        sa.CheckConstraint("daily_stop_loss_percent < 0", name=op.f("ck_portfolio_policies_daily_stop_loss_percent")),
        sa.CheckConstraint(
            "max_equity_exposure_percent BETWEEN 0 AND 100",
            name=op.f("ck_portfolio_policies_max_equity_exposure_percent"),
        ),
        sa.CheckConstraint(
            "max_strategy_allocation_percent BETWEEN 0 AND 100",
            name=op.f("ck_portfolio_policies_max_strategy_allocation_percent"),
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("fk_portfolio_policies_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_portfolio_policies")),
    )
    op.create_index(op.f("ix_portfolio_policies_owner_id"), "portfolio_policies", ["owner_id"], unique=False)
    op.create_table(
        "strategy_metadata",
        sa.Column("strategy_id", sa.String(), nullable=False),
        sa.Column("display_name", sa.String(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("timeframe", sa.String(), nullable=False),
        sa.Column(
            "lifecycle_status",
            lifecycle_enum,
            server_default="RESEARCH",
            nullable=False,
        ),
        sa.Column("regime", sa.String(), nullable=True),
        sa.Column("regime_notes", sa.Text(), nullable=True),
        sa.Column("owner_id", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("fk_strategy_metadata_owner_id")),
        sa.PrimaryKeyConstraint("strategy_id", name=op.f("pk_strategy_metadata")),
    )
    op.create_index(op.f("ix_strategy_metadata_owner_id"), "strategy_metadata", ["owner_id"], unique=False)
    op.create_table(
        "symbol_changes",
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("old_symbol", sa.String(), nullable=False),
        sa.Column("new_symbol", sa.String(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=True),
        sa.Column("name", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["file_id"], ["import_files.id"], name=op.f("fk_symbol_changes_file_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("file_id", "line", name=op.f("pk_symbol_changes")),
    )
    op.create_index(op.f("ix_symbol_changes_old_symbol"), "symbol_changes", ["old_symbol"], unique=False)
    op.create_table(
        "unexplained_jumps",
        sa.Column("instrument_id", sa.Integer(), nullable=False),
        sa.Column("session", sa.Date(), nullable=False),
        sa.Column("symbol", sa.String(), nullable=False),
        sa.Column("previous_close", sa.Float(precision=53), nullable=False),
        sa.Column("open", sa.Float(precision=53), nullable=False),
        sa.Column("close", sa.Float(precision=53), nullable=False),
        sa.Column("ratio", sa.Float(precision=53), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["instrument_id"], ["instruments.id"], name=op.f("fk_unexplained_jumps_instrument_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("instrument_id", "session", name=op.f("pk_unexplained_jumps")),
    )
    op.create_table(
        "user_portfolios",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("owner_id", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("fk_user_portfolios_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_portfolios")),
    )
    op.create_index(op.f("ix_user_portfolios_owner_id"), "user_portfolios", ["owner_id"], unique=False)
    op.create_table(
        "backtest_runs",
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("strategy_id", sa.String(), nullable=True),
        sa.Column("start_date", sa.Date(), nullable=False),
        sa.Column("end_date", sa.Date(), nullable=False),
        sa.Column("metrics", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("spec", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("result", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("engine_version", sa.String(), nullable=False),
        sa.Column("fingerprint", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("owner_id", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("fk_backtest_runs_owner_id")),
        sa.ForeignKeyConstraint(
            ["strategy_id"], ["strategy_metadata.strategy_id"], name=op.f("fk_backtest_runs_strategy_id")
        ),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_backtest_runs")),
    )
    op.create_index(
        "idx_backtest_strategy_date",
        "backtest_runs",
        ["strategy_id", sa.literal_column("created_at DESC")],
        unique=False,
    )
    op.create_index(op.f("ix_backtest_runs_owner_id"), "backtest_runs", ["owner_id"], unique=False)
    op.create_table(
        "index_list_entries",
        sa.Column("list_id", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("symbol", sa.String(), nullable=True),
        sa.Column("company_name", sa.String(), nullable=True),
        sa.Column("sector", sa.String(), nullable=True),
        sa.Column("isin", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["list_id"], ["index_lists.id"], name=op.f("fk_index_list_entries_list_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("list_id", "line", name=op.f("pk_index_list_entries")),
    )
    op.create_table(
        "job_events",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_job_events_job_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "seq", name=op.f("pk_job_events")),
    )
    op.create_table(
        "portfolio_positions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("portfolio_id", sa.Integer(), nullable=False),
        sa.Column("symbol", sa.String(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("entry_price", sa.Numeric(precision=18, scale=4), nullable=False),
        sa.CheckConstraint("entry_price >= 0", name=op.f("ck_portfolio_positions_entry_price_not_negative")),
        sa.ForeignKeyConstraint(
            ["portfolio_id"],
            ["user_portfolios.id"],
            name=op.f("fk_portfolio_positions_portfolio_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_portfolio_positions")),
    )
    op.create_index(op.f("ix_portfolio_positions_portfolio_id"), "portfolio_positions", ["portfolio_id"], unique=False)
    op.create_table(
        "strategy_versions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("strategy_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("source_hash", sa.String(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("parameters", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "lifecycle_status",
            lifecycle_enum,
            server_default="RESEARCH",
            nullable=False,
        ),
        sa.Column("proof", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["strategy_id"], ["strategy_metadata.strategy_id"], name=op.f("fk_strategy_versions_strategy_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_strategy_versions")),
        sa.UniqueConstraint("strategy_id", "number", name=op.f("uq_strategy_versions_strategy_id_number")),
        sa.UniqueConstraint("strategy_id", "source_hash", name=op.f("uq_strategy_versions_strategy_id_source_hash")),
    )
    op.create_index(op.f("ix_strategy_versions_strategy_id"), "strategy_versions", ["strategy_id"], unique=False)
    op.create_table(
        "trials",
        sa.Column("spec_hash", sa.String(), nullable=False),
        sa.Column("strategy_id", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("sharpe", sa.Float(precision=53), nullable=True),
        sa.Column("first_evaluated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["strategy_id"], ["strategy_metadata.strategy_id"], name=op.f("fk_trials_strategy_id")),
        sa.PrimaryKeyConstraint("spec_hash", "strategy_id", name=op.f("pk_trials")),
    )
    op.create_table(
        "run_strategies",
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("book", sa.SmallInteger(), nullable=False),
        sa.Column("strategy_id", sa.String(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("params", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("allocation", sa.Float(precision=53), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["backtest_runs.run_id"], name=op.f("fk_run_strategies_run_id")),
        sa.ForeignKeyConstraint(
            ["strategy_id"], ["strategy_metadata.strategy_id"], name=op.f("fk_run_strategies_strategy_id")
        ),
        sa.ForeignKeyConstraint(["version_id"], ["strategy_versions.id"], name=op.f("fk_run_strategies_version_id")),
        sa.PrimaryKeyConstraint("run_id", "book", name=op.f("pk_run_strategies")),
    )
    op.create_index(op.f("ix_run_strategies_strategy_id"), "run_strategies", ["strategy_id"], unique=False)
    op.execute("INSERT INTO owners (id, name) VALUES (1, 'local')")
    op.execute("SELECT setval(pg_get_serial_sequence('owners', 'id'), 1)")
    _protect_runs()
    _create_queue()


def downgrade() -> None:
    op.drop_index(op.f("ix_run_strategies_strategy_id"), table_name="run_strategies")
    op.drop_table("run_strategies")
    op.drop_table("trials")
    op.drop_index(op.f("ix_strategy_versions_strategy_id"), table_name="strategy_versions")
    op.drop_table("strategy_versions")
    op.drop_index(op.f("ix_portfolio_positions_portfolio_id"), table_name="portfolio_positions")
    op.drop_table("portfolio_positions")
    op.drop_table("job_events")
    op.drop_table("index_list_entries")
    op.drop_index(op.f("ix_backtest_runs_owner_id"), table_name="backtest_runs")
    op.drop_index("idx_backtest_strategy_date", table_name="backtest_runs")
    op.drop_table("backtest_runs")
    op.drop_index(op.f("ix_user_portfolios_owner_id"), table_name="user_portfolios")
    op.drop_table("user_portfolios")
    op.drop_table("unexplained_jumps")
    op.drop_index(op.f("ix_symbol_changes_old_symbol"), table_name="symbol_changes")
    op.drop_table("symbol_changes")
    op.drop_index(op.f("ix_strategy_metadata_owner_id"), table_name="strategy_metadata")
    op.drop_table("strategy_metadata")
    op.drop_index(op.f("ix_portfolio_policies_owner_id"), table_name="portfolio_policies")
    op.drop_table("portfolio_policies")
    op.drop_index(op.f("ix_name_changes_symbol"), table_name="name_changes")
    op.drop_table("name_changes")
    op.drop_index(op.f("ix_listed_securities_symbol"), table_name="listed_securities")
    op.drop_table("listed_securities")
    op.drop_index(op.f("ix_jobs_owner_id"), table_name="jobs")
    op.drop_index("ix_jobs_created_at", table_name="jobs")
    op.drop_table("jobs")
    op.drop_index("ix_instrument_symbols_symbol_valid_from", table_name="instrument_symbols")
    op.drop_table("instrument_symbols")
    op.drop_table("instrument_names")
    op.drop_index("ix_instrument_isins_isin", table_name="instrument_isins")
    op.drop_table("instrument_isins")
    op.drop_index(op.f("ix_instrument_aliases_instrument_id"), table_name="instrument_aliases")
    op.drop_table("instrument_aliases")
    op.drop_index("ix_index_members_instrument_id", table_name="index_members")
    op.drop_table("index_members")
    op.drop_index(op.f("ix_index_lists_index_id"), table_name="index_lists")
    op.drop_table("index_lists")
    op.drop_table("company_symbols")
    op.drop_table("index_event_corrections")
    op.drop_table("index_events")
    op.drop_table("index_history_spans")
    op.drop_index(op.f("ix_idempotency_keys_owner_id"), table_name="idempotency_keys")
    op.drop_table("idempotency_keys")
    op.drop_index(op.f("ix_findings_rule"), table_name="findings")
    op.drop_table("findings")
    op.drop_index("ix_corporate_actions_symbol_ex_date", table_name="corporate_actions")
    op.drop_table("corporate_actions")
    op.drop_index(op.f("ix_app_settings_owner_id"), table_name="app_settings")
    op.drop_table("app_settings")
    op.drop_table("adjustment_factors")
    op.drop_table("owners")
    op.drop_index(op.f("ix_instruments_symbol"), table_name="instruments")
    op.drop_index(op.f("ix_instruments_isin"), table_name="instruments")
    op.drop_table("instruments")
    op.drop_table("indices")
    op.drop_table("import_files")
    op.drop_index(
        "uq_historical_prices_current",
        table_name="historical_prices",
        postgresql_where=sa.text("superseded_at IS NULL"),
    )
    op.drop_index("idx_historical_symbol_date", table_name="historical_prices")
    op.drop_index("idx_historical_sector", table_name="historical_prices")
    op.drop_table("historical_prices")
    op.drop_table("data_versions")
    op.execute("DROP FUNCTION refuse_change()")
    op.execute("DROP TYPE lifecycle_enum")
    op.execute("DROP SCHEMA procrastinate CASCADE")
