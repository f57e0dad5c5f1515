"""Screens that are kept: the saved ones with their versions, who came and went, the watchlist, and the ledger."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, CreatedAt, Instant, OwnerId


class ScreenTrial(Base):
    """A distinct canonical expression whose past was looked at: the more there are, the less the best one says."""

    __tablename__ = "screen_trials"

    digest: Mapped[str] = mapped_column(primary_key=True)  # SHA-256 of the canonical text
    owner_id: Mapped[OwnerId] = mapped_column(primary_key=True)
    expression: Mapped[str] = mapped_column(Text)
    times: Mapped[int] = mapped_column(server_default=text("1"))
    first_tried_at: Mapped[CreatedAt]
    last_tried_at: Mapped[CreatedAt]


class SavedScreen(Base):
    """A screen under a name. `deleted_at` hides it; its versions and events stay with it."""

    __tablename__ = "saved_screens"

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[OwnerId]
    name: Mapped[str]
    version: Mapped[int] = mapped_column(server_default=text("1"))
    watching: Mapped[bool] = mapped_column(server_default=text("false"))
    watched_to: Mapped[date | None]  # the last session whose comings and goings are events
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]
    deleted_at: Mapped[Instant | None]

    __table_args__ = (
        Index(
            "uq_saved_screens_name",
            "owner_id",
            text("lower(name)"),
            unique=True,
            postgresql_where=text("deleted_at IS NULL"),
        ),
    )


class ScreenVersion(Base):
    """What a saved screen asked from one saving to the next."""

    __tablename__ = "screen_versions"

    screen_id: Mapped[int] = mapped_column(ForeignKey("saved_screens.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    question: Mapped[dict[str, Any]] = mapped_column(JSONB)  # as `ScreenQuestion` has it
    digest: Mapped[str | None]  # of the canonical expression; null where nothing is asked of a stock
    created_at: Mapped[CreatedAt]


class ScreenEvent(Base):
    """A stock that came into a watched screen, or left it."""

    __tablename__ = "screen_events"
    __table_args__ = (
        UniqueConstraint("screen_id", "session", "symbol"),
        CheckConstraint("kind IN ('ENTERED', 'LEFT')", name="kind"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    screen_id: Mapped[int] = mapped_column(ForeignKey("saved_screens.id", ondelete="CASCADE"))
    number: Mapped[int]  # the screen's version
    session: Mapped[date]
    symbol: Mapped[str]  # of that session
    kind: Mapped[str]
    created_at: Mapped[CreatedAt]
    read_at: Mapped[Instant | None]
    mailed_at: Mapped[Instant | None]
    pushed_at: Mapped[Instant | None]  # became messages to the browsers that were told of at the time, none included


class WatchlistItem(Base):
    """A stock or an index to keep an eye on, by the symbol it had when it was put there."""

    __tablename__ = "watchlist"
    __table_args__ = (UniqueConstraint("owner_id", "symbol"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[OwnerId]
    symbol: Mapped[str]
    instrument_type: Mapped[str]
    added_at: Mapped[CreatedAt]
