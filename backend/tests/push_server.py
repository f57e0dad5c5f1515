"""A push service of the tests' own on loopback, and a browser behind it.

Both are written from the RFCs without the product's code: tokens are verified and bodies decrypted with HMAC and the
primitives alone, so that a fault of the sender is not repeated here.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.server
import json
import ssl
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def b64(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _point(text: bytes) -> ec.EllipticCurvePublicKey:
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), text)


class Receiver:
    """A browser: the keys of its subscription, and what it does with a body (RFC 8291 §3, RFC 8188 §2)."""

    def __init__(self, private: ec.EllipticCurvePrivateKey | None = None, auth: bytes = b"0123456789abcdef") -> None:
        self._private = private or ec.generate_private_key(ec.SECP256R1())
        self.auth = auth
        self.point = self._private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    @property
    def keys(self) -> dict[str, str]:
        return {"p256dh": b64(self.point), "auth": b64(self.auth)}

    def decrypt(self, body: bytes) -> bytes:
        salt, size, length = body[:16], struct.unpack("!L", body[16:20])[0], body[20]
        sender, sealed = body[21 : 21 + length], body[21 + length :]
        assert length == 65 and len(sealed) <= size and len(body) <= 4096
        shared = self._private.exchange(ec.ECDH(), _point(sender))
        # HKDF by hand: extract, then the first block of expand
        first = hmac.digest(self.auth, shared, hashlib.sha256)
        secret = hmac.digest(first, b"WebPush: info\0" + self.point + sender + b"\x01", hashlib.sha256)
        extracted = hmac.digest(salt, secret, hashlib.sha256)
        key = hmac.digest(extracted, b"Content-Encoding: aes128gcm\0\x01", hashlib.sha256)[:16]
        nonce = hmac.digest(extracted, b"Content-Encoding: nonce\0\x01", hashlib.sha256)[:12]
        plain = AESGCM(key).decrypt(nonce, sealed, None).rstrip(b"\0")
        assert plain[-1:] == b"\x02", "the only record must be marked as the last"
        return plain[:-1]


def verified(authorization: str) -> tuple[dict[str, Any], str]:
    """The claims of a token and the key that signed it, which is in the header, too (RFC 8292 §2, §3)."""
    scheme, _, rest = authorization.partition(" ")
    assert scheme == "vapid"
    given = dict(part.strip().split("=", 1) for part in rest.split(","))
    head, claims, signature = given["t"].split(".")
    raw = unb64(signature)
    assert len(raw) == 64, "ES256 signs with two numbers of 32 octets (RFC 7518 §3.4)"
    numbers = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
    _point(unb64(given["k"])).verify(encode_dss_signature(*numbers), f"{head}.{claims}".encode(), ec.ECDSA(SHA256()))
    header = json.loads(unb64(head))
    assert (header["alg"], header["typ"]) == ("ES256", "JWT")
    found: dict[str, Any] = json.loads(unb64(claims))
    return found, given["k"]


@dataclass
class Pushed:
    """A message that was taken, as the browser reads it."""

    path: str
    headers: dict[str, str]
    claims: dict[str, Any]
    key: str
    note: Any


@dataclass
class PushServer:
    """Where it listens, how it answers, how often it was asked, and what it took.

    `hold` keeps it from answering until it is set.
    """

    receiver: Receiver = field(default_factory=Receiver)
    status: int = 201
    answer: dict[str, str] = field(default_factory=dict)
    port: int = 0
    messages: list[Pushed] = field(default_factory=list)
    asked: int = 0
    hold: threading.Event | None = None
    tls: ssl.SSLContext | None = None

    @property
    def origin(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def subscription(self, path: str = "/push/s3cret-capability", name: str = "Chromium on Linux") -> dict[str, Any]:
        return {"endpoint": self.origin + path, "keys": self.receiver.keys, "name": name}

    def wait(self, count: int, seconds: float = 30.0) -> None:
        until = time.monotonic() + seconds
        while len(self.messages) < count:
            assert time.monotonic() < until, f"{len(self.messages)} messages came, not {count}"
            time.sleep(0.02)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        keeper: PushServer = self.server.keeper  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers["Content-Length"]))
        keeper.asked += 1
        if keeper.status < 300:
            assert self.headers["Content-Encoding"] == "aes128gcm"
            claims, key = verified(self.headers["Authorization"])
            note = json.loads(keeper.receiver.decrypt(body))
            keeper.messages.append(Pushed(self.path, dict(self.headers.items()), claims, key, note))
        if keeper.hold is not None:
            keeper.hold.wait(60)
        self.send_response(keeper.status)
        for name, value in keeper.answer.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: what was sent is in `messages`."""


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A test may kill who is talking."""


@contextmanager
def push_server(**options: Any) -> Iterator[PushServer]:
    """A push service for the time of a test."""
    keeper = PushServer(**options)
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.keeper = keeper  # type: ignore[attr-defined]
        keeper.port = server.server_address[1]
        if keeper.tls is not None:
            server.socket = keeper.tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield keeper
        server.shutdown()
        thread.join()
