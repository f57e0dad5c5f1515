"""One attempt to send a message: to a push service on loopback, with and without TLS, and to what is none."""

from __future__ import annotations

import json
import logging
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from app.services.push.sender import Answer, Message, Outcome, PushSender, outcome_of
from app.services.push.vapid import KEY_FILE, home_key
from tests.push_server import PushServer, Receiver, push_server, verified

NOW = datetime.now(UTC).replace(microsecond=0)
NOTE = {"title": "Up days: 1 came in", "body": "TCS"}
MESSAGE = Message(json.dumps(NOTE).encode(), "real-screen-7", 3_600)


@pytest.fixture
def server() -> Iterator[PushServer]:
    with push_server() as server:
        yield server


@pytest.fixture
def sender(tmp_path: Path) -> PushSender:
    return PushSender(home_key(tmp_path), "me@example.com", local=True)


def send(sender: PushSender, server: PushServer, endpoint: str | None = None) -> Outcome:
    receiver = server.receiver
    return sender.send(endpoint or f"{server.origin}/push/s3cret", receiver.point, receiver.auth, MESSAGE, NOW)


def test_a_message_arrives_encrypted_signed_and_with_what_the_service_is_to_do_with_it(
    sender: PushSender, server: PushServer
) -> None:
    assert send(sender, server) == Outcome(Answer.TAKEN)
    [pushed] = server.messages
    assert pushed.note == NOTE
    assert pushed.path == "/push/s3cret"
    assert pushed.key == sender.key.public
    assert pushed.claims["aud"] == server.origin and pushed.claims["sub"] == "mailto:me@example.com"
    assert {name: pushed.headers[name] for name in ("TTL", "Topic", "Urgency", "Content-Encoding")} == {
        "TTL": "3600",
        "Topic": "real-screen-7",
        "Urgency": "normal",
        "Content-Encoding": "aes128gcm",
    }


@pytest.mark.parametrize(
    ("status", "answer", "told"),
    [
        (200, Answer.TAKEN, None),
        (202, Answer.TAKEN, None),
        (404, Answer.GONE, "does not know this browser"),
        (410, Answer.GONE, "does not know this browser"),
        (429, Answer.LATER, "fewer messages"),
        (500, Answer.LATER, "does not work"),
        (503, Answer.LATER, "does not work"),
        (400, Answer.REFUSED, "does not take"),
        (401, Answer.REFUSED, "key or contact"),
        (403, Answer.REFUSED, "key or contact"),
        (413, Answer.REFUSED, "too long"),
    ],
)
def test_what_the_service_answers_decides_what_becomes_of_the_message(
    sender: PushSender, server: PushServer, status: int, answer: Answer, told: str | None
) -> None:
    server.status = status
    outcome = send(sender, server)
    assert outcome.answer is answer
    if told is None:
        assert outcome.reason is None
    else:
        assert outcome.reason is not None and told in outcome.reason and f"({status})" in outcome.reason


def test_another_address_is_not_followed(sender: PushSender, server: PushServer) -> None:
    with push_server() as elsewhere:
        server.status, server.answer = 307, {"Location": f"{elsewhere.origin}/push"}
        outcome = send(sender, server)
        assert (outcome.answer, elsewhere.messages) == (Answer.REFUSED, [])
        assert outcome.reason is not None and "not followed" in outcome.reason


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (b"120", 120.0),
        (b"0", 0.0),
        (f"{NOW + timedelta(hours=1):%a, %d %b %Y %H:%M:%S GMT}".encode(), 3600.0),
        (b"Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        (b"soon", None),
        (b"-5", None),
        (b"9" * 400, None),
        (b"", None),
    ],
)
def test_how_long_a_service_asks_to_wait_is_heard(value: bytes, seconds: float | None) -> None:
    outcome = outcome_of(429, {b"Retry-After": value}, NOW, "push.example.net")
    assert outcome.answer is Answer.LATER and outcome.retry_after == seconds


def test_a_service_that_is_away_or_speaks_no_http_is_asked_again_later(sender: PushSender, server: PushServer) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        outcome = send(sender, server, f"http://127.0.0.1:{free.getsockname()[1]}/p")
    assert outcome == Outcome(Answer.LATER, "127.0.0.1 cannot be reached")
    with socket.create_server(("127.0.0.1", 0)) as other:
        threading.Thread(target=lambda: _say(other, b"220 mail.example.net ESMTP\r\n"), daemon=True).start()
        outcome = send(sender, server, f"http://127.0.0.1:{other.getsockname()[1]}/p")
    assert outcome == Outcome(Answer.LATER, "127.0.0.1 cannot be reached")


def test_a_service_that_never_comes_to_its_answer_holds_nobody(
    sender: PushSender, server: PushServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each interim answer (RFC 9110 §15.2) comes in time; the connection is closed by the sender, not at the end."""
    monkeypatch.setattr("app.services.push.sender.WHOLE_SECONDS", 0.3)
    closed = threading.Event()

    def drip(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(100_000)
            try:
                for _ in range(600):
                    connection.sendall(b"HTTP/1.1 103 Early Hints\r\n\r\n")
                    threading.Event().wait(0.05)
            except OSError:
                closed.set()

    with socket.create_server(("127.0.0.1", 0)) as other:
        threading.Thread(target=drip, args=(other,), daemon=True).start()
        outcome = send(sender, server, f"http://127.0.0.1:{other.getsockname()[1]}/p")
        assert closed.wait(20)
    assert outcome == Outcome(Answer.LATER, "127.0.0.1 does not answer in time")


def test_a_name_that_nobody_knows_is_asked_for_again_later(
    sender: PushSender, server: PushServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: Any, **__: Any) -> list[Any]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    outcome = send(sender, server, "https://push.example.net/s3cret")
    assert outcome == Outcome(Answer.LATER, "push.example.net cannot be reached")


def test_a_name_that_can_be_no_name_is_refused_and_raises_nothing(sender: PushSender, server: PushServer) -> None:
    """`getaddrinfo` raises no OSError for it, and a message that raised would stand before all others for ever."""
    for host in ("push..example.net", ".example.net", "x" * 64 + ".example.net"):
        outcome = send(sender, server, f"https://{host}/s3cret")
        assert outcome.answer is Answer.REFUSED and "a part is empty or longer" in str(outcome.reason)


def _say(listener: socket.socket, words: bytes) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(100_000)
        connection.sendall(words)


def test_a_name_that_leads_into_this_network_is_not_connected_to(
    tmp_path: Path, server: PushServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def here(*_: Any, **__: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", server.port))]

    monkeypatch.setattr(socket, "getaddrinfo", here)
    sender = PushSender(home_key(tmp_path), "me@example.com")
    outcome = send(sender, server, f"https://push.example.net:{server.port}/p")
    assert outcome == Outcome(Answer.REFUSED, "push.example.net leads into this network, where nothing is sent")
    outcome = send(sender, server, f"http://127.0.0.1:{server.port}/p")
    assert outcome.answer is Answer.REFUSED and not server.messages


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1 that signs itself, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "push service of a test")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .sign(key, SHA256())
    )
    path = tmp_path / "certificate.pem"
    text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(text + made.public_bytes(Encoding.PEM))
    return path


def test_a_service_with_tls_is_believed_by_its_certificate_alone(
    tmp_path: Path, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with push_server(tls=context) as server:
        key = home_key(tmp_path)
        stranger = PushSender(key, "me@example.com", local=True)
        assert send(stranger, server) == Outcome(Answer.LATER, "127.0.0.1 has no certificate that can be trusted")
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert send(PushSender(key, "me@example.com", local=True), server) == Outcome(Answer.TAKEN)
        [pushed] = server.messages
        assert pushed.claims["aud"] == server.origin == f"https://127.0.0.1:{server.port}"


def test_neither_the_key_nor_the_address_of_a_browser_gets_into_the_log(
    sender: PushSender, server: PushServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    reasons = []
    for status in (201, 410, 429, 403, 500, 307):
        server.status = status
        reasons.append(str(send(sender, server)))
    server.status = 201
    token = server.messages[0].headers["Authorization"]
    verified(token)
    private = "".join((tmp_path / KEY_FILE).read_text().splitlines()[1:-1])
    told = caplog.text + "".join(reasons)
    assert caplog.text  # the library below does write at this level
    for secret in (private[:40], "s3cret", token, Receiver().keys["auth"]):
        assert secret not in told
