"""Searches over parameters: what was asked, and what each stretch of its points gave."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import DateTime, ForeignKey, Index, LargeBinary, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, CreatedAt, OwnerId


class Sweep(Base):
    """One search. Its points follow from `spec`; it is finished once every chunk of them is there."""

    __tablename__ = "sweeps"
    __table_args__ = (Index("ix_sweeps_created_at", text("created_at DESC")),)

    sweep_id: Mapped[str] = mapped_column(primary_key=True)  # hash of the spec
    strategy_id: Mapped[str] = mapped_column(ForeignKey("strategy_metadata.strategy_id"), index=True)
    spec: Mapped[dict[str, Any]] = mapped_column(JSONB)
    points: Mapped[int]
    refused: Mapped[int]  # combinations that the strategy does not take
    places: Mapped[bytes] = mapped_column(LargeBinary)  # zlib of int64: of each point of a base among all combinations
    skipped: Mapped[list[Any]] = mapped_column(JSONB)  # the first of the refused, with the strategy's reason
    # the last job that worked on it, null of a terminal; no key: jobs of all markets live in the real market's database
    job_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    overfitting: Mapped[list[Any] | None] = mapped_column(JSONB)  # of each base, once finished
    failure: Mapped[dict[str, Any] | None] = mapped_column(JSONB)  # why it can never go on, as errors are on the wire
    created_at: Mapped[CreatedAt]
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    owner_id: Mapped[OwnerId]


class SweepChunk(Base):
    """What some neighbouring points of a sweep gave, written once with their entries in the ledger."""

    __tablename__ = "sweep_chunks"

    sweep_id: Mapped[str] = mapped_column(ForeignKey("sweeps.sweep_id", ondelete="CASCADE"), primary_key=True)
    first: Mapped[int] = mapped_column(primary_key=True)  # point
    count: Mapped[int]
    values: Mapped[bytes] = mapped_column(LargeBinary)  # zlib of float64 [count, metrics], NaN undefined
    returns: Mapped[bytes] = mapped_column(LargeBinary)  # zlib of float64 [points whose returns are kept, sessions - 1]
    failures: Mapped[dict[str, Any]] = mapped_column(JSONB)  # why a point failed, by its number


class WalkForwardRun(Base):
    """An immutable walk-forward: specification, canonical bytes, digest. The database refuses changes."""

    __tablename__ = "walk_forwards"
    __table_args__ = (Index("ix_walk_forwards_created_at", text("created_at DESC")),)

    walk_forward_id: Mapped[str] = mapped_column(primary_key=True)
    strategy_id: Mapped[str] = mapped_column(ForeignKey("strategy_metadata.strategy_id"), index=True)
    spec: Mapped[dict[str, Any]] = mapped_column(JSONB)
    metrics: Mapped[dict[str, Any]] = mapped_column(JSONB)
    result: Mapped[bytes] = mapped_column(LargeBinary)  # zlib of the canonical bytes
    digest: Mapped[str]  # SHA-256 of the canonical bytes
    engine_version: Mapped[str]
    fingerprint: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[CreatedAt]
    owner_id: Mapped[OwnerId]


class WalkForwardPart(Base):
    """A part of a walk-forward at work, written once with its entries in the ledger; gone when the whole is stored."""

    __tablename__ = "walk_forward_parts"

    walk_forward_id: Mapped[str] = mapped_column(primary_key=True)  # no key: the whole is not stored yet
    number: Mapped[int] = mapped_column(primary_key=True)  # in the order in which the walk asks
    engine_version: Mapped[str]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    kept_at: Mapped[CreatedAt]
