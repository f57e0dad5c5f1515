"""One polite client of the archives: one connection, one request a second, and a long stop when it is told to go away.

The archives refuse a caller who is too quick with 403 and a page that says to try again in ten minutes; asking on makes
the ban longer. So a 403 or 429 ends a run at once, and nothing is asked before the stop is over. A file that is not
there answers 404, older servers a web page with status 200.
"""

from __future__ import annotations

import io
import threading
import time
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urlsplit

import httpx

from app.services.nse.reports import Content, RemoteFile

# Program-like names get no answer at all; this one says what it is and is let through.
USER_AGENT: Final = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) SmartTrader"
SECONDS_BETWEEN: Final = 1.0
BLOCK: Final = timedelta(minutes=10)
TRIES: Final = 3
MAX_BYTES: Final = 64 * 1024 * 1024
_ANSWER_SECONDS: Final = 15.0
_BODY_SECONDS: Final = 120.0
_MAX_WAIT_SECONDS: Final = 8.0
_RETRIED: Final = frozenset({500, 502, 503, 504})


class FetchError(Exception):
    """The file could not be had: no answer, or not the file it should be. `refused` when an answer was thrown away."""

    def __init__(self, message: str, *, refused: bool = False) -> None:
        super().__init__(message)
        self.refused = refused


class NotPublishedError(Exception):
    """There is no such file: a holiday, not out yet, or before its time."""


class BlockedError(Exception):
    """The exchange refuses this machine for now; nothing may be asked before `until`."""

    def __init__(self, message: str, until: datetime) -> None:
        super().__init__(message)
        self.until = until


class ArchiveClient:
    """Fetches one file at a time.

    Parameters
    ----------
    base : address of the archives, https, or http on this machine
    clock, sleep : for tests; seconds
    """

    def __init__(
        self,
        base: str,
        *,
        seconds_between: float = SECONDS_BETWEEN,
        body_seconds: float = _BODY_SECONDS,
        answer_seconds: float = _ANSWER_SECONDS,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._base = checked_base(base)
        self._between, self._body_seconds = seconds_between, body_seconds
        self._clock, self._sleep = clock, sleep
        self._last: float | None = None
        self._turn = threading.Lock()
        self._http = httpx.Client(
            headers={"User-Agent": USER_AGENT, "Accept": "*/*", "Accept-Language": "en-US,en;q=0.9"},
            timeout=answer_seconds,
            limits=httpx.Limits(max_connections=1),
            follow_redirects=False,
        )

    def address(self, file: RemoteFile) -> str:
        """The whole address of a file."""
        return self._base + file.path

    def fetch(self, file: RemoteFile) -> bytes:
        """The bytes of a file, whole and of the right kind.

        Raises
        ------
        NotPublishedError : 404.
        BlockedError : 403 or 429.
        FetchError : no whole answer after three tries, or an answer that is not this kind of file.
        """
        with self._turn:
            for attempt in range(1, TRIES + 1):
                self._wait_for_turn()
                try:
                    return self._once(file)
                except (httpx.TransportError, _TryAgain) as error:
                    if attempt == TRIES:
                        raise FetchError(f"{file.name}: no whole answer in {TRIES} tries ({_reason(error)})") from error
                    wait = error.seconds if isinstance(error, _TryAgain) else None
                    self._sleep(min(2.0**attempt if wait is None else wait, _MAX_WAIT_SECONDS))
            raise AssertionError("unreachable")

    def _wait_for_turn(self) -> None:
        now = self._clock()
        if self._last is not None and now - self._last < self._between:
            self._sleep(self._between - (now - self._last))
        self._last = self._clock()

    def _once(self, file: RemoteFile) -> bytes:
        began = self._clock()
        with self._http.stream("GET", self.address(file)) as answer:
            status = answer.status_code
            if status in {403, 429}:
                stop = max(_retry_after(answer) or timedelta(), BLOCK)
                raise BlockedError(f"{file.name}: the exchange answered {status}", datetime.now(UTC) + stop)
            if status == 404:
                raise NotPublishedError(file.name)
            if status in _RETRIED:
                after = _retry_after(answer)
                raise _TryAgain(f"status {status}", None if after is None else after.total_seconds())
            if status != 200:
                raise FetchError(f"{file.name}: unexpected status {status}", refused=True)
            body = io.BytesIO()
            for part in answer.iter_bytes():
                body.write(part)
                if body.tell() > MAX_BYTES:
                    raise FetchError(f"{file.name}: more than {MAX_BYTES // 2**20} MB", refused=True)
                if self._clock() - began > self._body_seconds:
                    raise _TryAgain(f"slower than {self._body_seconds:g} s", None)
            data, kind = body.getvalue(), answer.headers.get("content-type", "")
        _check(file, data, kind)
        return data

    def close(self) -> None:
        """Give the connection back."""
        self._http.close()


class _TryAgain(Exception):
    """An answer that may be better next time."""

    def __init__(self, message: str, seconds: float | None) -> None:
        super().__init__(message)
        self.seconds = seconds


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__


def _retry_after(answer: httpx.Response) -> timedelta | None:
    text = answer.headers.get("retry-after", "").strip()
    if text.isdigit():
        return timedelta(seconds=int(text))
    try:
        return max(parsedate_to_datetime(text) - datetime.now(UTC), timedelta()) if text else None
    except (TypeError, ValueError):
        return None


def _check(file: RemoteFile, data: bytes, content_type: str) -> None:
    """A page in place of the file, or a file cut short, is thrown away."""
    head = data[:512].lstrip().lower()
    if head.startswith((b"<!doctype", b"<html", b"<head", b"<?xml")) or "text/html" in content_type.lower():
        raise FetchError(f"{file.name}: a web page came in place of the file", refused=True)
    if not data or not data.startswith(file.content.value):
        raise FetchError(f"{file.name}: the answer is no {file.content.name} file", refused=True)
    if file.content is Content.ZIP:
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                damaged = archive.testzip()
        except (zipfile.BadZipFile, NotImplementedError) as error:
            raise FetchError(f"{file.name}: the zip file is cut short or damaged ({error})", refused=True) from error
        if damaged is not None:
            raise FetchError(f"{file.name}: its member {damaged} is damaged", refused=True)


def checked_base(base: str) -> str:
    """A base address without a slash at its end.

    Raises
    ------
    ValueError : it is neither https nor http on this machine.
    """
    parts = urlsplit(base)
    local = parts.hostname in {"127.0.0.1", "localhost", "::1"}
    if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and local)):
        raise ValueError(f"{base!r} is no https address")
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError("the address of the archives carries no name, password, query or fragment")
    return base.rstrip("/")
