"""The push service that Chromium talks to, as far as a subscription and a message need it, on loopback.

Chromium checks in and registers over HTTP, and keeps a TLS connection open on which messages come (the protocol MCS:
a tag, a length, a protocol buffer). Switches of Chromium lead all three here. What the product sends is verified and
passed on as it came: Chromium decrypts it.
"""

from __future__ import annotations

import http.server
import socket
import ssl
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.push_server import verified

_VERSION, _PING, _PING_ANSWER, _LOGIN, _LOGGED_IN, _MESSAGE = 41, 0, 1, 2, 3, 8


def _varint(number: int) -> bytes:
    out = b""
    while number > 127:
        out, number = out + bytes([number & 127 | 128]), number >> 7
    return out + bytes([number])


def _field(number: int, value: int | str | bytes) -> bytes:
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    octets = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(octets)) + octets


def _fixed(number: int, value: int) -> bytes:
    return _varint(number << 3 | 1) + struct.pack("<Q", value)


@dataclass
class PushNetwork:
    """Where it listens, who registered, who is connected, and whose messages it passed on."""

    web: int = 0
    wire: int = 0
    refuse: bool = False  # to register anybody
    registered: dict[str, str] = field(default_factory=dict)
    connected: list[ssl.SSLSocket] = field(default_factory=list)
    claims: list[dict[str, Any]] = field(default_factory=list)

    @property
    def endpoint(self) -> str:
        """Where the product is to send instead of to the maker's service."""
        return f"http://127.0.0.1:{self.web}/send"

    @property
    def switches(self) -> list[str]:
        """What leads Chromium here."""
        here = f"http://127.0.0.1:{self.web}"
        return [
            f"--gcm-checkin-url={here}/checkin",
            f"--gcm-registration-url={here}/register",
            f"--gcm-mcs-endpoint=https://127.0.0.1:{self.wire}",
            "--ignore-certificate-errors",
        ]

    def pass_on(self, body: bytes) -> None:
        """Give the browser a message as it came."""
        until = time.monotonic() + 30
        while not self.connected and time.monotonic() < until:
            time.sleep(0.05)
        data = [("subtype", self.registered["X-subtype"]), ("content-encoding", "aes128gcm")]
        stanza = _field(2, "m") + _field(3, self.registered["sender"]) + _field(5, self.registered["app"])
        stanza += b"".join(_field(7, _field(1, name) + _field(2, value)) for name, value in data)
        stanza += _field(9, f"0:{len(self.claims)}") + _field(21, body)
        self.connected[-1].sendall(bytes([_MESSAGE]) + _varint(len(stanza)) + stanza)


class _Web(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        network: PushNetwork = self.server.network  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers["Content-Length"]))
        match self.path:
            case "/checkin":  # that all is well, and who it is from now on
                self._answer(200, _field(1, 1) + _fixed(7, 1) + _fixed(8, 2), "application/x-protobuffer")
            case "/register" if network.refuse:
                self._answer(200, b"Error=INVALID_SENDER")
            case "/register":
                asked = dict(parse_qsl(body.decode()))
                if "X-subtype" in asked:
                    network.registered = asked
                self._answer(200, b"token=a-browser")
            case _:
                claims, _ = verified(self.headers["Authorization"])
                network.claims.append(claims)
                network.pass_on(body)
                self._answer(201, b"")

    def _answer(self, status: int, body: bytes, kind: str = "text/plain") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


def _talk(network: PushNetwork, connection: ssl.SSLSocket) -> None:
    """Log a browser in, and answer its pings until it goes."""
    with connection, connection.makefile("rb") as words:
        words.read(1)
        connection.sendall(bytes([_VERSION]))
        while tag := words.read(1):
            size = shift = 0
            while True:
                octet = words.read(1)[0]
                size, shift = size | (octet & 127) << shift, shift + 7
                if octet < 128:
                    break
            words.read(size)
            if tag[0] == _LOGIN:
                told = _field(1, "login") + _field(8, int(time.time() * 1000))
                connection.sendall(bytes([_LOGGED_IN]) + _varint(len(told)) + told)
                network.connected.append(connection)
            elif tag[0] == _PING:
                connection.sendall(bytes([_PING_ANSWER, 0]))


def _accept(network: PushNetwork, listener: socket.socket, context: ssl.SSLContext) -> None:
    while True:
        try:
            raw, _ = listener.accept()
        except OSError:  # closed: the test is over
            return
        try:
            connection = context.wrap_socket(raw, server_side=True)
        except (ssl.SSLError, OSError):  # Chromium opens some that it does not use
            continue
        threading.Thread(target=_talk, args=(network, connection), daemon=True).start()


def _certificate(folder: Path) -> Path:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "push network of a test")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, SHA256())
    )
    path = folder / "network.pem"
    text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(text + made.public_bytes(Encoding.PEM))
    return path


@contextmanager
def push_network(folder: Path) -> Iterator[PushNetwork]:
    """The network for the time of a test; `folder` keeps its certificate."""
    network = PushNetwork()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_certificate(folder))
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Web) as web,
    ):
        network.wire, network.web = listener.getsockname()[1], web.server_address[1]
        web.daemon_threads = True
        web.network = network  # type: ignore[attr-defined]
        threading.Thread(target=_accept, args=(network, listener, context), daemon=True).start()
        thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield network
        web.shutdown()
        thread.join()
