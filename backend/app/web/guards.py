"""Guards in front of every request: who may talk to a server on this machine, and how much may be sent."""

from __future__ import annotations

import asyncio
import logging
import re
import time
import uuid
from collections.abc import Iterable
from contextlib import suppress
from urllib.parse import urlsplit

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.exceptions import (
    ForbiddenError,
    PayloadTooLargeError,
    SmartTraderException,
    UnsupportedMediaTypeError,
    ValidationError,
)
from app.web.limits import RateLimiter

log = logging.getLogger("app.requests")

LOCAL_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})
DEVELOPMENT_ORIGINS = frozenset({"http://localhost:3000", "http://127.0.0.1:3000"})
UNSAFE_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})
UPLOAD_PATH = "/api/data/import"
BROKER_FILE_PATH = re.compile(r"/api/portfolio/stocks/\d+/import(?:/preview)?")
MAX_BROKER_FILE_BYTES = 21 * 1024 * 1024  # the largest file that is read, and the fields around it
MAX_JSON_BYTES = 1024 * 1024
_READ_AFTER_ANSWER = 256 * 1024 * 1024  # bytes of what a client still sends once it is answered
_SECONDS_AFTER_ANSWER = 5.0


def _header(scope: Scope, name: bytes) -> str | None:
    for key, value in scope["headers"]:
        if key == name:
            text: str = value.decode("latin-1")
            return text
    return None


def _name_of(host: str) -> str:
    """The host without its port, in small letters: names of hosts know no capitals."""
    host = host.lower()
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]


def _netloc(origin: str) -> str | None:
    """The host and port of an origin; None where it is none."""
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return None


def _upload(path: str, max_upload_bytes: int) -> tuple[bool, int]:
    """Whether a path takes files, and how many bytes it takes at most."""
    if path == UPLOAD_PATH:
        return True, max_upload_bytes
    if BROKER_FILE_PATH.fullmatch(path):
        return True, MAX_BROKER_FILE_BYTES
    return False, MAX_JSON_BYTES


def _sends(scope: Scope) -> bool:
    """Whether the client sends a body without waiting to be asked for it."""
    told = _header(scope, b"content-length") not in (None, "0") or _header(scope, b"transfer-encoding") is not None
    return told and _header(scope, b"expect") is None


def check_request(scope: Scope, allowed_hosts: Iterable[str], max_upload_bytes: int) -> None:
    """Refuse what a page of somebody else could make a browser send, and what is too large or of the wrong type.

    Raises
    ------
    ForbiddenError : a Host that is not ours (DNS rebinding), or an Origin that is not ours (cross-site).
    PayloadTooLargeError, UnsupportedMediaTypeError : by the request's headers.
    ValidationError : a NUL in the address, which no name holds.
    """
    host = _header(scope, b"host") or ""
    if _name_of(host) not in allowed_hosts:
        raise ForbiddenError(f"The Host {host!r} is not one this server answers to")
    origin = _header(scope, b"origin")
    if origin is not None and origin not in DEVELOPMENT_ORIGINS and _netloc(origin.lower()) != host.lower():
        raise ForbiddenError(f"Requests from {origin} are refused")
    if "\0" in scope["path"] or b"%00" in scope["query_string"]:
        raise ValidationError("A NUL character stands in the address")
    if scope["type"] != "http" or scope["method"] not in UNSAFE_METHODS:
        return
    if origin is None and _header(scope, b"sec-fetch-site") in {"cross-site", "same-site"}:
        raise ForbiddenError("Requests from another site are refused")
    upload, limit = _upload(scope["path"].rstrip("/"), max_upload_bytes)
    length = _header(scope, b"content-length")
    if length is not None and length.isdigit() and int(length) > limit:
        raise PayloadTooLargeError(f"The request has {length} bytes; at most {limit} are read here")
    kind = (_header(scope, b"content-type") or "").partition(";")[0].strip().lower()
    empty = length in (None, "0") and _header(scope, b"transfer-encoding") is None
    if not empty and kind != "application/json" and not (upload and kind == "multipart/form-data"):
        raise UnsupportedMediaTypeError(f"Send application/json, not {kind or 'a body without a type'}")


class Guards:
    """ASGI middleware: request ids, the checks above, a bound on bodies of unknown length, one trailing slash form."""

    def __init__(
        self, app: ASGIApp, allowed_hosts: Iterable[str], max_upload_bytes: int, limiter: RateLimiter | None = None
    ) -> None:
        self._app = app
        self._limiter = limiter
        self._allowed_hosts = frozenset(allowed_hosts)
        self._max_upload_bytes = max_upload_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        request_id = uuid.uuid4().hex[:16]
        scope.setdefault("state", {})["request_id"] = request_id
        path = scope["path"]
        if path.startswith("/api/") and path.endswith("/"):
            scope = {**scope, "path": path.rstrip("/"), "raw_path": None}
        _, limit = _upload(scope["path"], self._max_upload_bytes)
        head = scope.get("method") == "HEAD" and (path.startswith("/api/") or path == "/ping")
        if head:  # answered as GET is, without the body
            scope = {**scope, "method": "GET"}
        exchange = _Exchange(receive, send, request_id, limit, head, sends=_sends(scope))
        began = time.perf_counter()
        try:
            check_request(scope, self._allowed_hosts, self._max_upload_bytes)
            if self._limiter is not None and scope["type"] == "http" and path.startswith("/api/"):
                client = scope["client"][0] if scope.get("client") else ""
                self._limiter.check(client, "write" if scope["method"] in UNSAFE_METHODS else "read")
            await self._app(scope, exchange.receive, exchange.send)
        except SmartTraderException as error:
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008, "reason": error.message[:100]})
            elif exchange.status:
                raise
            else:
                await exchange.refuse(error)
        finally:
            if path.startswith("/api/"):
                took = (time.perf_counter() - began) * 1000.0
                log.info("%s %s %s %.1f ms %s", scope.get("method", "WS"), path, exchange.status, took, request_id)


class _Exchange:
    """One request's messages: counts what comes in, and marks what goes out with the request id.

    A connection that closes on a client that still sends is reset, and the answer is lost on its way: once it is
    written whole, the rest of the body is read and dropped, up to a bound, before the exchange ends.
    """

    def __init__(self, receive: Receive, send: Send, request_id: str, limit: int, head: bool, sends: bool) -> None:
        self._head = head
        self._sends = sends  # whether more of the body is to come
        self._receive = receive
        self._send = send
        self._request_id = request_id
        self._limit = limit
        self._received = 0
        self._refused = False
        self.status = 0

    async def receive(self) -> Message:
        message = await self._read()
        self._received += len(message.get("body", b""))
        if self._received > self._limit:
            raise self._too_large()
        return message

    async def send(self, message: Message) -> None:
        if self._refused:
            return
        if self._received > self._limit and not self.status:
            # the framework makes a bad request of any failure to read a body; say what it was
            await self.refuse(self._too_large())
            return
        await self._forward(message)

    async def refuse(self, error: SmartTraderException) -> None:
        """Answer with an error in place of the application."""
        self._refused = True
        body = orjson.dumps(error.envelope(self._request_id))
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        wait = (error.details or {}).get("retry_after")
        if wait is not None:
            headers.append((b"retry-after", str(wait).encode()))
        await self._forward({"type": "http.response.start", "status": error.status, "headers": headers})
        await self._forward({"type": "http.response.body", "body": body})

    async def _forward(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [*message["headers"], (b"x-request-id", self._request_id.encode())]
        elif self._head and message["type"] == "http.response.body":
            message = {**message, "body": b""}
        if self._sends and message["type"] == "http.response.body" and not message.get("more_body", False):
            await self._send({**message, "more_body": True})
            await self._drop()
            message = {"type": "http.response.body"}
        await self._send(message)

    async def _read(self) -> Message:
        message = await self._receive()
        self._sends = self._sends and message["type"] == "http.request" and message.get("more_body", False)
        return message

    async def _drop(self) -> None:
        left = _READ_AFTER_ANSWER
        with suppress(TimeoutError):
            async with asyncio.timeout(_SECONDS_AFTER_ANSWER):
                while self._sends and left > 0:
                    left -= len((await self._read()).get("body", b""))

    def _too_large(self) -> PayloadTooLargeError:
        return PayloadTooLargeError(f"The request has more than {self._limit} bytes")
