"""Strategies, their versions, the runs that tested them, and the ledger of everything tried."""

from __future__ import annotations

import enum
from datetime import date
from typing import Any

from sqlalchemy import Enum, Float, ForeignKey, Index, LargeBinary, SmallInteger, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, CreatedAt, Instant, OwnerId


class Lifecycle(enum.StrEnum):
    """Where a strategy stands on its way to real money."""

    RESEARCH = "RESEARCH"
    PAPER = "PAPER"
    LIVE = "LIVE"
    RETIRED = "RETIRED"


lifecycle_enum = Enum(Lifecycle, name="lifecycle_enum")


class StrategyMetadata(Base):
    """A strategy: identity and what people wrote about it. What runs is one of its versions."""

    __tablename__ = "strategy_metadata"

    strategy_id: Mapped[str] = mapped_column(primary_key=True)
    display_name: Mapped[str]
    description: Mapped[str | None] = mapped_column(Text)
    timeframe: Mapped[str]
    lifecycle_status: Mapped[Lifecycle] = mapped_column(lifecycle_enum, server_default=Lifecycle.RESEARCH.value)
    regime: Mapped[str | None]
    regime_notes: Mapped[str | None] = mapped_column(Text)  # when it loses, in the author's words
    owner_id: Mapped[OwnerId]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]


class StrategyVersion(Base):
    """One state of a strategy's source; the lifecycle and the look-ahead proofs belong to it."""

    __tablename__ = "strategy_versions"
    __table_args__ = (
        UniqueConstraint("strategy_id", "source_hash"),
        UniqueConstraint("strategy_id", "number"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    strategy_id: Mapped[str] = mapped_column(ForeignKey("strategy_metadata.strategy_id"), index=True)
    number: Mapped[int]
    source_hash: Mapped[str]
    source: Mapped[str] = mapped_column(Text)
    parameters: Mapped[dict[str, Any]] = mapped_column(JSONB)  # JSON schema
    lifecycle_status: Mapped[Lifecycle] = mapped_column(lifecycle_enum, server_default=Lifecycle.RESEARCH.value)
    proof: Mapped[dict[str, Any] | None] = mapped_column(JSONB)  # reports by the hash of parameters and timeframe
    created_at: Mapped[CreatedAt]


class BacktestRun(Base):
    """An immutable run: specification, the result's canonical bytes, their digest. The database refuses changes."""

    __tablename__ = "backtest_runs"
    __table_args__ = (Index("idx_backtest_strategy_date", "strategy_id", text("created_at DESC")),)

    run_id: Mapped[str] = mapped_column(primary_key=True)
    strategy_id: Mapped[str | None] = mapped_column(ForeignKey("strategy_metadata.strategy_id"))  # the first book's
    start_date: Mapped[date]
    end_date: Mapped[date]
    metrics: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[CreatedAt]
    spec: Mapped[dict[str, Any]] = mapped_column(JSONB)
    result: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)  # zlib of the canonical bytes: megabytes
    digest: Mapped[str]  # SHA-256 of the canonical bytes
    engine_version: Mapped[str]
    fingerprint: Mapped[dict[str, Any]] = mapped_column(JSONB)  # compiler, CPU features
    owner_id: Mapped[OwnerId]


class RunHead(Base):
    """What of a run is shown first, without its long tables: made of the run, and made again where it is lost."""

    __tablename__ = "run_heads"

    run_id: Mapped[str] = mapped_column(ForeignKey("backtest_runs.run_id"), primary_key=True)
    shape: Mapped[str]  # of the code that made it; that of another version is not read
    body: Mapped[bytes] = mapped_column(LargeBinary)  # zlib of JSON


class RunStrategy(Base):
    """The strategies of a run, one row a book."""

    __tablename__ = "run_strategies"

    run_id: Mapped[str] = mapped_column(ForeignKey("backtest_runs.run_id"), primary_key=True)
    book: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    strategy_id: Mapped[str] = mapped_column(ForeignKey("strategy_metadata.strategy_id"), index=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("strategy_versions.id"))
    params: Mapped[dict[str, Any]] = mapped_column(JSONB)
    allocation: Mapped[float] = mapped_column(Float(53))


class Trial(Base):
    """One specification evaluated, counted once towards its strategies' lineage, failures included."""

    __tablename__ = "trials"

    spec_hash: Mapped[str] = mapped_column(primary_key=True)  # the specification without the data slice
    strategy_id: Mapped[str] = mapped_column(ForeignKey("strategy_metadata.strategy_id"), primary_key=True)
    run_id: Mapped[str]  # of the first evaluation; no key: a failed one has no stored run
    outcome: Mapped[str]  # SUCCEEDED or FAILED
    sharpe: Mapped[float | None] = mapped_column(Float(53))  # per session, for the variance across trials
    # what the Sharpe rests on: measured sessions and returns; null of a failed one, and where it is not known
    first_day: Mapped[date | None]
    last_day: Mapped[date | None]
    returns: Mapped[int | None]
    first_evaluated_at: Mapped[Instant]
