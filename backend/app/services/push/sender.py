"""Sending one push message (RFC 8030): what the push service answered, in words that hold no secret of anybody."""

from __future__ import annotations

import enum
import ssl
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import httpcore
import httpx

from app.exceptions import ValidationError
from app.services.push.addresses import NotPublic, checked_endpoint, reachable
from app.services.push.encryption import encrypt
from app.services.push.vapid import VapidKey

_SECONDS: Final = {"connect": 5.0, "read": 15.0, "write": 15.0, "pool": 5.0}  # for each step
WHOLE_SECONDS: Final = 60.0  # from the first connection on: the message is held meanwhile


class Answer(enum.StrEnum):
    """What became of an attempt."""

    TAKEN = "TAKEN"
    GONE = "GONE"  # the subscription is no more, and is never sent to again
    LATER = "LATER"  # the same message may be taken later
    REFUSED = "REFUSED"  # it would not be


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a push service said of a message; `retry_after` in seconds, where it named a time."""

    answer: Answer
    reason: str | None = None
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent, and how the push service treats it while the browser is away."""

    payload: bytes
    topic: str  # a newer one of the same topic takes the place of one that waits
    ttl: int  # seconds that it waits
    urgency: str = "normal"


class PushSender:
    """Sends to push services straight, by no proxy and no redirect, and only out of this network."""

    def __init__(self, key: VapidKey, contact: str, *, local: bool = False) -> None:
        self.key = key
        self._contact = contact
        self._local = local
        self._tls: ssl.SSLContext = httpx.create_ssl_context()

    def send(self, endpoint: str, p256dh: bytes, auth: bytes, message: Message, now: datetime) -> Outcome:
        """One attempt. What the service answers or the network does is an outcome, and raises nothing."""
        try:
            host = checked_endpoint(endpoint, local=self._local).hostname
        except ValidationError as error:  # what is let in may be less than it was
            return Outcome(Answer.REFUSED, f"Its {error.message}")
        headers: dict[bytes | str, bytes | str] = {
            "Authorization": self.key.authorization(endpoint, self._contact, now),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(message.ttl),
            "Topic": message.topic,
            "Urgency": message.urgency,
        }
        body = encrypt(message.payload, p256dh, auth)
        backend = _Outwards(local=self._local)
        try:
            with (
                httpcore.ConnectionPool(ssl_context=self._tls, network_backend=backend) as pool,
                # of the answer the status is enough: its body is not read
                pool.stream("POST", endpoint, headers=headers, content=body, extensions={"timeout": _SECONDS}) as told,
            ):
                return outcome_of(told.status, dict(told.headers), now, str(host))
        except NotPublic:
            return Outcome(Answer.REFUSED, f"{host} leads into this network, where nothing is sent")
        except httpcore.TimeoutException:
            return Outcome(Answer.LATER, f"{host} does not answer in time")
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                return Outcome(Answer.LATER, f"{host} has no certificate that can be trusted")
            return Outcome(Answer.LATER, f"{host} cannot be reached")


def outcome_of(status: int, headers: dict[bytes, bytes], now: datetime, host: str) -> Outcome:
    """What a status means (RFC 8030 §5, §7.3, §8.4; RFC 8292 §4.2)."""
    if 200 <= status < 300:
        return Outcome(Answer.TAKEN)
    if status in (404, 410):
        return Outcome(Answer.GONE, f"{host} does not know this browser any more ({status})")
    if status == 429 or status >= 500:
        named = {name.lower(): value for name, value in headers.items()}.get(b"retry-after")
        told = "wants fewer messages" if status == 429 else "does not work at the moment"
        return Outcome(Answer.LATER, f"{host} {told} ({status})", _seconds(named, now))
    if status in (401, 403):
        told = "does not accept this server's key or contact address"
    elif status == 413:
        told = "finds the message too long"
    elif 300 <= status < 400:
        told = "answers with another address, which is not followed"
    else:
        told = "does not take the message"
    return Outcome(Answer.REFUSED, f"{host} {told} ({status})")


def _seconds(value: bytes | None, now: datetime) -> float | None:
    """How long `Retry-After` asks to wait: seconds, or a date; None where it is neither."""
    text = (value or b"").decode("latin-1").strip()
    if text.isdecimal() and len(text) < 10:
        return float(text)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - now).total_seconds())


class _Outwards(httpcore.NetworkBackend):
    """Connects to addresses that were judged, never to a name that may lead elsewhere the next time."""

    def __init__(self, *, local: bool) -> None:
        self._local = local
        self._plain = httpcore.SyncBackend()
        self._until = time.monotonic() + WHOLE_SECONDS

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        failed: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in reachable(host, port, local=self._local):
            try:
                left = _left(self._until, timeout, httpcore.ConnectTimeout)
                return _Timed(self._plain.connect_tcp(address, port, left, local_address, socket_options), self._until)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
        raise failed


class _Timed(httpcore.NetworkStream):
    """A connection until an instant: a service that drips its answer is in time at each step, and never ends."""

    def __init__(self, stream: httpcore.NetworkStream, until: float) -> None:
        self._stream = stream
        self._until = until

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._until, timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(self._until, timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = _left(self._until, timeout, httpcore.ConnectTimeout)
        return _Timed(self._stream.start_tls(ssl_context, server_hostname, left), self._until)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(until: float, timeout: float | None, late: type[httpcore.TimeoutException]) -> float:
    """Seconds that a step may take; raises `late` where there are none."""
    left = until - time.monotonic()
    if left <= 0.0:
        raise late
    return left if timeout is None else min(timeout, left)
