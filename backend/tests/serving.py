"""A real server in a process of its own: `smarttrader serve` with a home of its own, on a free port."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

COMMAND = Path(sys.executable).with_name("smarttrader.exe" if sys.platform == "win32" else "smarttrader")
START_SECONDS = 60.0


@dataclass(frozen=True)
class Served:
    """A running server: where it is, and where its state is."""

    url: str
    home: Path
    environment: dict[str, str]
    process: subprocess.Popen[bytes]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The command line on the same home, beside the server."""
        return command(self.environment, *arguments)


def command(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """`smarttrader` with these arguments."""
    return subprocess.run([COMMAND, *arguments], env=environment, capture_output=True, text=True, check=False)


@contextmanager
def serving(home: Path, import_root: Path, *before: tuple[str, ...]) -> Iterator[Served]:
    """A server on a free port, after the commands `before`; stopped at the end, and its words shown if it fails."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    kept = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    environment = kept | {"SMARTTRADER_HOME": str(home), "SMARTTRADER_IMPORT_ROOTS": str(import_root)}
    environment["SMARTTRADER_RATE_LIMIT"] = "false"
    for arguments in before:
        ran = command(environment, *arguments)
        assert ran.returncode == 0, ran.stdout + ran.stderr
    log = home.parent / f"{home.name}.log"
    with log.open("wb") as words:
        server = subprocess.Popen([COMMAND, "serve", "--port", str(port)], env=environment, stdout=words, stderr=words)
        served = Served(f"http://127.0.0.1:{port}", home, environment, server)
        try:
            until = time.monotonic() + START_SECONDS
            while not _answers(served.url):
                assert server.poll() is None, f"the server ended:\n{log.read_text()}"
                assert time.monotonic() < until, f"the server did not answer in {START_SECONDS} s:\n{log.read_text()}"
                time.sleep(0.1)
            yield served
        finally:
            server.terminate()
            try:
                server.wait(30)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/api/health", timeout=5, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False
