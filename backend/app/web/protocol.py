"""HTTP on the wire, as uvicorn reads it, with two things mended: long addresses, and refusals in plain text.

`httptools.parse_url` counts in 16 bits and refuses an address of 65,536 bytes; a screen as an address may be longer.
The parser itself has no such bound, so that the query of a long address is kept aside while the rest is read. What is
no request at all is answered by the envelope of every other failure.
"""

from __future__ import annotations

import logging
import uuid
from http import HTTPStatus
from typing import Final

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.exceptions import AddressTooLongError, BadRequestError, HeadersTooLargeError, SmartTraderException

log = logging.getLogger("app.requests")

LONGEST_PATH: Final = 60_000  # bytes; beyond it a query is kept aside, and no path of ours is so long
LONGEST_ADDRESS: Final = 1024 * 1024
LARGEST_HEADERS: Final = 256 * 1024
_READ_AFTER_REFUSAL: Final = 16 * 1024 * 1024
_SECONDS_AFTER_REFUSAL: Final = 5.0


class Protocol(HttpToolsProtocol):
    """A connection. A failure of the parser's callbacks ends in `send_400_response`, as the parser's own do."""

    _reading_head = False
    _head_bytes = 0
    _refusal: SmartTraderException | None = None
    _left_to_read: int | None = None  # of what a refused client still sends

    def data_received(self, data: bytes) -> None:
        """Read on; after a refusal only so that the client, which may still be sending, comes to read the answer."""
        if self._left_to_read is not None:
            self._left_to_read -= len(data)
            if self._left_to_read < 0:
                self.transport.close()
            return
        if self._reading_head:
            self._head_bytes += len(data)
            if self._head_bytes > LONGEST_ADDRESS + LARGEST_HEADERS:
                self._refusal = self._too_large()
                self.send_400_response("")
                return
        super().data_received(data)

    def on_message_begin(self) -> None:
        """Count anew: a connection carries many requests."""
        self._reading_head, self._head_bytes = True, 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Take a part of the address."""
        super().on_url(url)
        if len(self.url) > LONGEST_ADDRESS:
            self._refusal = self._too_large()
            raise self._refusal

    def on_headers_complete(self) -> None:
        """Begin to answer; the application is a task that starts after the query is in its place."""
        self._reading_head = False
        if sum(len(name) + len(value) for name, value in self.headers) > LARGEST_HEADERS:
            self._refusal = HeadersTooLargeError(f"The headers have more than {LARGEST_HEADERS:,} bytes: send fewer")
            raise self._refusal
        address = self.url
        if len(address) <= LONGEST_PATH:
            super().on_headers_complete()
            return
        self.url, _, query = address.partition(b"#")[0].partition(b"?")
        if len(self.url) > LONGEST_PATH:
            said = f"The path has {len(self.url):,} bytes; at most {LONGEST_PATH:,} are read"
            self._refusal = AddressTooLongError(said)
            raise self._refusal
        super().on_headers_complete()
        self.scope["query_string"] = query
        self.url = address

    def send_400_response(self, msg: str) -> None:
        """Answer what is refused before any application sees it, and end the connection once the client has read it."""
        error = self._refusal or BadRequestError("This is no HTTP request: its first line or a header cannot be read")
        request_id = uuid.uuid4().hex[:16]
        log.info("refused %s %s: %s", error.status, request_id, error.message)
        body = orjson.dumps(error.envelope(request_id))
        head = (
            f"HTTP/1.1 {error.status} {HTTPStatus(error.status).phrase}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n"
            f"x-request-id: {request_id}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        if self.cycle is not None and not self.cycle.response_complete:
            self.transport.close()  # an answer that is still being made would follow this one
            return
        self._left_to_read = _READ_AFTER_REFUSAL
        self.timeout_keep_alive_task = self.loop.call_later(_SECONDS_AFTER_REFUSAL, self.timeout_keep_alive_handler)

    def _too_large(self) -> SmartTraderException:
        """What to say of a request whose address or headers do not end."""
        if len(self.url) > LONGEST_ADDRESS:
            return AddressTooLongError(f"The address has more than {LONGEST_ADDRESS:,} bytes: ask for less")
        return HeadersTooLargeError(f"The headers have more than {LARGEST_HEADERS:,} bytes: send fewer")
