"""Telling the user's browsers what happened in watched screens.

Messages are written in the transaction that marks their events, so that each event becomes one message to each browser,
whatever breaks. Each is then sent by who holds the claim of it, and marked once the answer is there. Where the process
dies between the two, or the connection before the answer came, it is sent again: a push service is handed a message at
least once. Both times it has the same topic and the same tag, so that the second takes the place of the first where
that one still waits, and in the browser; one that was closed by then is shown again.
"""

from __future__ import annotations

import base64
import hashlib
import re
import uuid
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson
from sqlalchemy.orm import Session

from app.database import Database, Market
from app.exceptions import ConflictError, DataNotFoundError, SmartTraderException, ValidationError
from app.models import PushMessage, PushState, PushSubscription
from app.repositories.push import PushMessageRepository, PushSubscriptionRepository, claim_of
from app.repositories.saved_screens import ScreenEventRepository, telling
from app.services.jobs.claims import held, waited_for
from app.services.jobs.context import JobContext
from app.services.push.addresses import checked_endpoint
from app.services.push.messages import notification, topic_of, trial_notification

if TYPE_CHECKING:
    from app.services.jobs.service import JobService
    from app.services.push.sender import Outcome, PushSender

OFF: Final = "Web push is off: set SMARTTRADER_PUSH_CONTACT to a mail address of yours and start the server again"
MOST: Final = 20  # browsers
OLDEST: Final = timedelta(days=10)  # before the newest event: what happened earlier is no news
KEPT: Final = timedelta(days=3)  # how long a browser may be away, over a weekend with a holiday
_TEST_KEPT: Final = timedelta(minutes=10)
_FIRST, _LONGEST = timedelta(minutes=15), timedelta(hours=6)  # between attempts; each is twice the one before
_ENDED_KEPT: Final = timedelta(days=30)
_BASE64URL: Final = re.compile(r"[A-Za-z0-9_-]+={0,2}")


class PushService:
    """Browsers, and messages to them. Without a contact address nothing is made, kept or sent."""

    def __init__(
        self, database: Database, jobs: JobService, home: Path, contact: str | None, *, local: bool = False
    ) -> None:
        self._database = database
        self._jobs = jobs
        self._home = home
        self.contact = contact
        self._local = local

    @property
    def enabled(self) -> bool:
        """Whether push is set up."""
        return self.contact is not None

    @cached_property
    def _sender(self) -> PushSender:
        from app.services.push.sender import PushSender
        from app.services.push.vapid import home_key

        assert self.contact is not None
        return PushSender(home_key(self._home), self.contact, local=self._local)

    @property
    def public_key(self) -> str | None:
        """What browsers subscribe with, base64url; None while push is off."""
        return self._sender.key.public if self.enabled else None

    def browsers(self, session: Session) -> list[dict[str, Any]]:
        """All browsers that were turned on. What it takes to send to them stays here."""
        key = self.public_key
        return [self._told(row, key) for row in PushSubscriptionRepository(session).all()]

    def subscribe(
        self, session: Session, endpoint: str, p256dh: str, auth: str, name: str | None, replaces: str | None = None
    ) -> dict[str, Any]:
        """Tell a browser from now on; one that is told already keeps its place. `session` is on the real market.

        `replaces` : the endpoint that the browser had before; its name is kept where no other is given.

        Raises
        ------
        ConflictError : push is off, or there are too many.
        ValidationError : the endpoint or a key is none, with the field.
        """
        if not self.enabled:
            raise ConflictError(OFF)
        from app.services.push.encryption import receiver_key

        place = checked_endpoint(endpoint, local=self._local)
        receiver, secret = _octets("p256dh", p256dh, 65), _octets("auth", auth, 16)
        try:
            receiver_key(receiver)
        except ValueError:
            raise ValidationError("keys.p256dh is no point of the curve P-256", "keys.p256dh") from None
        repository = PushSubscriptionRepository(session)
        digest = digest_of(endpoint)
        known = repository.known(digest)
        if known is None and replaces is not None and (known := repository.known(digest_of(replaces))) is not None:
            known.digest = digest  # messages that wait for it go to its new address
            session.flush()
        if known is None and len(repository.all(usable=True)) >= MOST:
            raise ConflictError(f"{MOST} browsers are told already: take one out first")
        values: dict[str, Any] = {
            "name": name or (known.name if known else "A browser"),
            "service": place.hostname or "",
            "endpoint": endpoint,
            "p256dh": receiver,
            "auth": secret,
            "key": self._sender.key.public,
        }
        since = None if known is None or known.ended_at is not None else known.created_at
        values["created_at"] = since or datetime.now(UTC)
        return self._told(repository.put(digest, values), self._sender.key.public)

    def unsubscribe(self, session: Session, subscription_id: int) -> None:
        """Forget a browser. Raises DataNotFoundError."""
        if not PushSubscriptionRepository(session).remove(subscription_id):
            raise _unknown(subscription_id)

    def test(self, session: Session, subscription_id: int) -> uuid.UUID:
        """Have a test message sent to a browser, by a job. Raises ConflictError, DataNotFoundError."""
        message = self.write_test(session, subscription_id)
        return self._jobs.submit("push", Market.REAL, {"message": message}).id

    def write_test(self, session: Session, subscription_id: int) -> int:
        """A test message to a browser, to be delivered; its id. Raises ConflictError, DataNotFoundError."""
        if not self.enabled:
            raise ConflictError(OFF)
        found = PushSubscriptionRepository(session).get(subscription_id)
        if found is None:
            raise _unknown(subscription_id)
        if found.ended_at is not None:
            raise ConflictError(f"{found.name} is told nothing any more: {found.last_failure}")
        # in a transaction of its own: whoever delivers it may begin before the other one has ended
        with self._database.transaction(Market.REAL) as own:
            return self._write(own, found, None, trial_notification(), datetime.now(UTC), _TEST_KEPT).id

    def announce(self, market: Market) -> int:
        """Write messages of what no browser was told yet, one for each screen and browser; how many.

        A browser is told of what happens after it was turned on.
        """
        if not self.enabled:
            return 0
        with self._database.transaction(Market.REAL) as session:
            browsers = PushSubscriptionRepository(session).all(usable=True)
        now = datetime.now(UTC)
        written = 0
        with (
            waited_for(self._database.engine(market), telling("push")),
            self._database.transaction(market) as session,
        ):
            repository = ScreenEventRepository(session)
            untold = sorted(repository.untold("push", OLDEST), key=lambda row: row[0].screen_id)
            for screen_id, rows in groupby(untold, key=lambda row: row[0].screen_id):
                events = list(rows)
                for browser in browsers:
                    news = [event for event, _ in events if event.created_at >= browser.created_at]
                    if news:
                        note = notification(news, events[0][1], market)
                        self._write(session, browser, screen_id, note, now, KEPT, topic_of(market, screen_id))
                        written += 1
            repository.mark_told("push", [event.id for event, _ in untold])
        return written

    def deliver(self, market: Market, *, context: JobContext | None = None, only: int | None = None) -> dict[str, Any]:
        """Send the messages whose time has come, unless another process is sending them; what became of them.

        Of the `only` one that is asked for, whoever sent it. No transaction is open while one is sent.
        """
        found: dict[str, Any] = {"taken": 0, "later": 0, "gone": 0, "refused": 0, "reason": None}
        if not self.enabled:
            return {**found, "reason": OFF}
        now = datetime.now(UTC)
        with self._database.transaction(market) as session:
            due = PushMessageRepository(session).due(now, only)
        for message_id in due:
            with held(self._database.engine(market), claim_of(message_id)) as mine:
                sent = self._attempt(market, message_id, now) if mine else None
            if sent is None:
                continue
            browser, outcome = sent
            found[outcome.answer.value.lower()] += 1
            if outcome.reason is not None:
                found["reason"] = outcome.reason
                if context is not None:
                    context.log("warning", f"{'A browser' if browser is None else browser.name}: {outcome.reason}")
            if browser is not None:
                with self._database.transaction(Market.REAL) as own:
                    PushSubscriptionRepository(own).note(
                        browser, datetime.now(UTC), outcome.reason, gone=outcome.answer.value == "GONE"
                    )
        if only is not None and not any(found[name] for name in ("taken", "later", "gone", "refused")):
            found["reason"] = self._failure(market, only)
            found["refused" if found["reason"] else "taken"] = 1
        return found

    def _attempt(
        self, market: Market, message_id: int, now: datetime
    ) -> tuple[PushSubscription | None, Outcome] | None:
        """Send a message whose claim is ours, and note what came of it; None where it does not wait any more."""
        with self._database.transaction(market) as session:
            message = PushMessageRepository(session).waiting(message_id, now)
        if message is None:
            return None
        with self._database.transaction(Market.REAL) as own:
            browser = PushSubscriptionRepository(own).get(message.subscription_id)
        outcome = self._send(message, browser)
        with self._database.transaction(market) as session:
            message = PushMessageRepository(session).waiting(message_id, now, lock=True)
            if message is not None:  # a newer one may have taken its place meanwhile
                _record(message, outcome)
        return browser, outcome

    def _failure(self, market: Market, message_id: int) -> str | None:
        """Why a message was not taken, once nobody is sending it; None where it was."""
        with (
            waited_for(self._database.engine(market), claim_of(message_id)),
            self._database.transaction(market) as session,
        ):
            message = PushMessageRepository(session).get(message_id)
        if message is None or message.state == PushState.REPLACED:
            return "A newer message took its place"
        return None if message.state == PushState.TAKEN else message.last_failure or "It waits to be sent"

    def tell(self, market: Market, context: JobContext | None = None) -> dict[str, Any]:
        """`announce` and `deliver`; where that cannot be, the reason is told and nothing fails."""
        try:
            self.announce(market)
            return self.deliver(market, context=context)
        except SmartTraderException as error:
            if context is not None:
                context.log("warning", f"No browser was told: {error.message}")
            return {"taken": 0, "later": 0, "gone": 0, "refused": 0, "reason": error.message}

    def job(self, context: JobContext, arguments: dict[str, Any]) -> dict[str, Any]:
        """`deliver` as a job, of one message where the arguments name it; once begun it is too late to cancel it."""
        context.begin_storing()
        return self.deliver(context.market, context=context, only=arguments.get("message"))

    def queue_due(self, market: Market, now: datetime) -> None:
        """Queue a job where the time of messages has come, and delete those that ended long ago."""
        with self._database.transaction(market) as session:
            repository = PushMessageRepository(session)
            repository.purge(now - _ENDED_KEPT)
            waiting = bool(repository.due(now))
        if waiting and self.enabled:
            self._jobs.submit("push", market, {})

    def _send(self, message: PushMessage, browser: PushSubscription | None) -> Outcome:
        from app.services.push.sender import Answer, Message, Outcome

        now = datetime.now(UTC)
        if browser is None or browser.endpoint is None or browser.p256dh is None or browser.auth is None:
            return Outcome(Answer.REFUSED, "It was taken out before the message could be sent")
        if browser.key != self._sender.key.public:
            return Outcome(Answer.REFUSED, "It was turned on with another key of this server: turn it on again in it")
        left = int((message.expires_at - now).total_seconds())
        if left <= 0:
            return Outcome(Answer.REFUSED, f"Not taken in time: {message.last_failure or 'the server was away'}")
        sent = Message(message.payload.encode(), message.topic, left, message.urgency)
        return self._sender.send(browser.endpoint, browser.p256dh, browser.auth, sent, now)

    def _write(
        self,
        session: Session,
        browser: PushSubscription,
        screen_id: int | None,
        note: dict[str, Any],
        now: datetime,
        kept: timedelta,
        topic: str = "test",
    ) -> PushMessage:
        return PushMessageRepository(session).add(
            PushMessage(
                subscription_id=browser.id,
                screen_id=screen_id,
                topic=topic,
                payload=orjson.dumps(note).decode(),
                urgency="high" if screen_id is None else "normal",
                due_at=now,
                expires_at=now + kept,
            )
        )

    @staticmethod
    def _told(row: PushSubscription, key: str | None) -> dict[str, Any]:
        names = ("id", "name", "digest", "service", "created_at", "last_success_at", "last_failure_at", "last_failure")
        return {name: getattr(row, name) for name in (*names, "ended_at")} | {
            "other_key": key is not None and row.key != key
        }


def digest_of(endpoint: str) -> str:
    """What an endpoint is known by outside of the database: SHA-256, hex."""
    return hashlib.sha256(endpoint.encode()).hexdigest()


def _record(message: PushMessage, outcome: Outcome) -> None:
    """The state of a message after an attempt, and when the next one is."""
    now = datetime.now(UTC)
    message.attempts += 1
    message.last_failure = outcome.reason
    if outcome.answer.value == "LATER":
        wait = min(_FIRST * 2 ** min(message.attempts - 1, 10), _LONGEST)
        due = now + max(wait, timedelta(seconds=min(outcome.retry_after or 0.0, 1e7)))
        if due < message.expires_at:
            message.due_at = due
            return
    message.state = PushState.TAKEN if outcome.answer.value == "TAKEN" else PushState.FAILED
    message.ended_at = now


def _octets(name: str, text: str, length: int) -> bytes:
    """The octets of a base64url text. Raises ValidationError, naming the field, unless there are `length`."""
    if _BASE64URL.fullmatch(text):
        bare = text.rstrip("=")
        found = base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4)) if len(bare) % 4 != 1 else b""
        if len(found) == length:
            return found
    raise ValidationError(f"keys.{name} is not {length} octets in base64url", f"keys.{name}")


def _unknown(subscription_id: int) -> DataNotFoundError:
    return DataNotFoundError(f"Browser {subscription_id} does not exist", "push subscription", str(subscription_id))
