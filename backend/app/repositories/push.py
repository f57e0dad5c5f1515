"""Browsers that are told of events, and the messages to them; never commits."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.models import LOCAL_OWNER_ID, PushMessage, PushState, PushSubscription


def claim_of(message_id: int) -> uuid.UUID:
    """What whoever sends a message claims (`jobs.try_claim`), in the database that holds it."""
    return uuid.uuid5(uuid.NAMESPACE_OID, f"push message {message_id}")


class PushSubscriptionRepository:
    """Rows of `push_subscriptions`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def all(self, *, usable: bool = False) -> Sequence[PushSubscription]:
        """Every browser, the oldest first; with `usable` those that can be sent to."""
        query = select(PushSubscription).where(PushSubscription.owner_id == LOCAL_OWNER_ID)
        if usable:
            query = query.where(PushSubscription.ended_at.is_(None))
        return self._session.scalars(query.order_by(PushSubscription.id)).all()

    def get(self, subscription_id: int) -> PushSubscription | None:
        """A browser."""
        found = self._session.get(PushSubscription, subscription_id)
        return found if found is not None and found.owner_id == LOCAL_OWNER_ID else None

    def known(self, digest: str) -> PushSubscription | None:
        """The browser of an endpoint."""
        mine = PushSubscription.owner_id == LOCAL_OWNER_ID
        return self._session.scalar(select(PushSubscription).where(mine, PushSubscription.digest == digest))

    def put(self, digest: str, values: dict[str, Any]) -> PushSubscription:
        """A browser under its endpoint's digest, whether it was there or not."""
        values = {**values, "ended_at": None}
        statement = insert(PushSubscription).values(owner_id=LOCAL_OWNER_ID, digest=digest, **values)
        put = statement.on_conflict_do_update(index_elements=["owner_id", "digest"], set_=values)
        return self._session.scalars(
            put.returning(PushSubscription), execution_options={"populate_existing": True}
        ).one()

    def note(self, browser: PushSubscription, at: datetime, failure: str | None, *, gone: bool = False) -> None:
        """What became of a message to a browser as it was read; gone, it keeps nothing that it takes to send to it.

        One whose push service moved it meanwhile is at its new address: what the old one answered says nothing of it.
        """
        values: dict[str, Any] = {"last_success_at": at}
        if failure is not None:
            values = {"last_failure_at": at, "last_failure": failure}
        if gone:
            values |= {"ended_at": at, "endpoint": None, "p256dh": None, "auth": None}
        same = PushSubscription.id == browser.id, PushSubscription.digest == browser.digest
        self._session.execute(update(PushSubscription).where(*same).values(values))

    def remove(self, subscription_id: int) -> bool:
        """Forget a browser; False where it was not there."""
        mine = PushSubscription.owner_id == LOCAL_OWNER_ID
        statement = delete(PushSubscription).where(mine, PushSubscription.id == subscription_id)
        return bool(self._session.execute(statement.returning(PushSubscription.id)).all())


class PushMessageRepository:
    """Rows of `push_messages`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, message: PushMessage) -> PushMessage:
        """A message that waits; those of its topic that still wait for the same browser give way to it."""
        older = (
            PushMessage.subscription_id == message.subscription_id,
            PushMessage.topic == message.topic,
            PushMessage.state == PushState.WAITING,
        )
        self._session.execute(
            update(PushMessage).where(*older).values(state=PushState.REPLACED, ended_at=message.due_at)
        )
        self._session.add(message)
        self._session.flush()
        return message

    def get(self, message_id: int) -> PushMessage | None:
        """A message."""
        return self._session.get(PushMessage, message_id)

    def due(self, now: datetime, only: int | None = None) -> Sequence[int]:
        """The messages whose time has come, the oldest first."""
        query = select(PushMessage.id).where(PushMessage.state == PushState.WAITING, PushMessage.due_at <= now)
        if only is not None:
            query = query.where(PushMessage.id == only)
        return self._session.scalars(query.order_by(PushMessage.id)).all()

    def waiting(self, message_id: int, now: datetime, *, lock: bool = False) -> PushMessage | None:
        """A message whose time has come and that nobody has sent yet."""
        query = select(PushMessage).where(PushMessage.id == message_id)
        query = query.where(PushMessage.state == PushState.WAITING, PushMessage.due_at <= now)
        return self._session.scalar(query.with_for_update() if lock else query)

    def purge(self, before: datetime) -> None:
        """Delete messages that ended before."""
        self._session.execute(delete(PushMessage).where(PushMessage.ended_at < before))
