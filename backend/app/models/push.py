"""Browsers that are told of events, and the messages to them."""

from __future__ import annotations

import enum

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, CreatedAt, Instant, OwnerId


class PushSubscription(Base):
    """A browser, as its push service knows it. Those of all markets are in the real market's database.

    Once the push service knows it no more, `ended_at` is set and what it takes to send to it is deleted.
    """

    __tablename__ = "push_subscriptions"
    __table_args__ = (
        UniqueConstraint("owner_id", "digest"),
        CheckConstraint(
            "ended_at IS NOT NULL OR (endpoint IS NOT NULL AND p256dh IS NOT NULL AND auth IS NOT NULL)", name="usable"
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[OwnerId]
    name: Mapped[str]
    digest: Mapped[str]  # SHA-256 of the endpoint
    service: Mapped[str]  # the host of the push service
    endpoint: Mapped[str | None] = mapped_column(Text)
    p256dh: Mapped[bytes | None] = mapped_column(LargeBinary)
    auth: Mapped[bytes | None] = mapped_column(LargeBinary)
    key: Mapped[str]  # our public key that it was made for; it takes messages of no other
    created_at: Mapped[CreatedAt]
    last_success_at: Mapped[Instant | None]
    last_failure_at: Mapped[Instant | None]
    last_failure: Mapped[str | None] = mapped_column(Text)
    ended_at: Mapped[Instant | None]


class PushState(enum.StrEnum):
    """Where a message stands; only the first one is not final."""

    WAITING = "WAITING"
    TAKEN = "TAKEN"  # by the push service
    REPLACED = "REPLACED"  # by a newer one of its topic, before it could be sent
    FAILED = "FAILED"


class PushMessage(Base):
    """A message to one browser, written with the events that it tells of, sent afterwards.

    It is in the database of the market that it is about; the browser it is for may be in another one.
    """

    __tablename__ = "push_messages"
    __table_args__ = (
        CheckConstraint(f"state IN ({', '.join(repr(state.value) for state in PushState)})", name="state"),
        Index("ix_push_messages_waiting", "due_at", postgresql_where=text("state = 'WAITING'")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    subscription_id: Mapped[int]
    screen_id: Mapped[int | None] = mapped_column(ForeignKey("saved_screens.id", ondelete="CASCADE"))
    topic: Mapped[str]
    payload: Mapped[str] = mapped_column(Text)  # JSON, as the worker of the interface reads it
    urgency: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=PushState.WAITING.value)
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    created_at: Mapped[CreatedAt]
    due_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    ended_at: Mapped[Instant | None]
    last_failure: Mapped[str | None] = mapped_column(Text)
