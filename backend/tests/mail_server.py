"""A mail server of the tests' own on loopback: takes messages, asks for a login where told to, keeps what came."""

from __future__ import annotations

import base64
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, cast


@dataclass
class MailServer:
    """Where it listens, whom it lets in, and what it was sent."""

    login: tuple[str, str] | None = None
    refuse: bytes | None = None  # said in place of taking a message
    hold: threading.Event | None = None  # keeps it from answering to a message until it is set
    port: int = 0
    messages: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)


class _Session(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        keeper: MailServer = self.server.keeper  # type: ignore[attr-defined]
        known = keeper.login is None
        self._say(b"220 here")
        while line := self.rfile.readline():
            verb, _, rest = line.decode().strip().partition(" ")
            match verb.upper():
                case "EHLO":
                    self._say(b"250-here" if keeper.login else b"250 here")
                    if keeper.login:
                        self._say(b"250 AUTH PLAIN")
                case "AUTH":
                    _, user, password = base64.b64decode(rest.split()[-1]).decode().split("\0")
                    known = (user, password) == keeper.login
                    self._say(b"235 welcome" if known else b"535 no: " + password.encode())
                case "MAIL":
                    self._say(b"250 ok" if known else b"530 log in")
                case "RCPT":
                    keeper.recipients.append(rest.partition("<")[2].rstrip(">"))
                    self._say(b"250 ok")
                case "DATA":
                    self._say(b"354 go on")
                    body = b"".join(iter(self.rfile.readline, b".\r\n"))
                    if keeper.refuse is None:
                        keeper.messages.append(cast(EmailMessage, message_from_bytes(body, policy=policy.default)))
                    if keeper.hold is not None:
                        keeper.hold.wait(60)
                    self._say(keeper.refuse or b"250 taken")
                case "QUIT":
                    self._say(b"221 bye")
                    return
                case _:
                    self._say(b"250 ok" if verb.upper() in {"RSET", "NOOP"} else b"502 not known")

    def _say(self, line: bytes) -> None:
        self.wfile.write(line + b"\r\n")


@contextmanager
def mail_server(**options: Any) -> Iterator[MailServer]:
    """A server for the time of a test."""
    keeper = MailServer(**options)
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Session) as server:
        server.daemon_threads = True
        server.keeper = keeper  # type: ignore[attr-defined]
        keeper.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield keeper
        server.shutdown()
        thread.join()
