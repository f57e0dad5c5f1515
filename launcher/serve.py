"""Serving: what must hold before anything slow is done, then the server, its health, the browser, and a clean end."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import webbrowser
from collections.abc import Mapping
from pathlib import Path
from types import FrameType

from launcher import stamps
from launcher.environment import SMARTTRADER
from launcher.steps import BACKEND, ROOT, StepFailed, base_environment, children, console, end, run

LOOPBACK = {"127.0.0.1", "localhost", "::1"}  # the names under which the server answers
STOPPING_SECONDS = 30.0
SLOW_START_SECONDS = 60.0


def check_host(host: str) -> None:
    """Refuse an address that others can reach: there are no accounts yet that could keep them out."""
    if host not in LOOPBACK:
        raise StepFailed(
            f"SmartTrader does not listen on {host}",
            "anyone who reaches that address could read your data and trade for you: there are no accounts yet",
            "Leave --host out, or give one of 127.0.0.1, localhost and ::1. From another machine use a tunnel, for "
            "example ssh -L 8000:127.0.0.1:8000 this-machine",
        )


def check_port(host: str, port: int) -> None:
    """Refuse a port that is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        if sys.platform != "win32":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server itself does
        try:
            probe.bind((host, port))
            return
        except OSError as error:
            reason = error.strerror or str(error)
    ours = _health(host, port) is not None
    raise StepFailed(
        f"port {port} on {host} cannot be used",
        "SmartTrader is running there already" if ours else reason,
        f"Open {address(host, port)}"
        if ours
        else f"End what uses it, or choose another: python3 run.py --port {port + 1}",
    )


def home_folder(env: Mapping[str, str], env_file: Path = BACKEND / ".env") -> Path:
    """Where the state is kept, by the rule of the server's own settings."""
    named = env.get("SMARTTRADER_HOME") or read_env_file(env_file).get("SMARTTRADER_HOME")
    if named:
        return Path(named).expanduser().absolute()
    if sys.platform == "win32":
        return Path(env.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "SmartTrader"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "SmartTrader"
    return Path(env.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "smarttrader"


def read_env_file(path: Path) -> dict[str, str]:
    """The names and values of a `.env` file; a line that is neither is passed over."""
    values: dict[str, str] = {}
    if path.is_file():
        for line in path.read_text(encoding="utf-8").splitlines():
            name, separator, value = line.strip().removeprefix("export ").partition("=")
            if separator and not name.startswith("#"):
                with contextlib.suppress(ValueError):  # an unclosed quote
                    values[name.strip()] = " ".join(shlex.split(value, comments=True, posix=os.name != "nt"))
    return values


def check_home(home: Path) -> None:
    """Refuse a state folder that cannot be made or written."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=home) as file:
            file.write(b"SmartTrader can write here")
    except OSError as error:
        raise StepFailed(
            f"the state folder {home} cannot be written",
            error.strerror or str(error),
            "Make it writable for this user, or name another folder in the environment variable SMARTTRADER_HOME",
        ) from error


def ensure_warm() -> None:
    """Compile the numeric kernels once, so that the first screen and the first run are quick."""
    engines = (p for p in (BACKEND / "app" / "engines").rglob("*.py"))
    wanted = stamps.digest(ROOT, [*engines, BACKEND / "requirements.lock"])
    if stamps.is_done("kernels", wanted):
        return
    with console.step("Numeric kernels"):
        run(
            [SMARTTRADER, "warm-up"],
            name="kernels",
            what="the numeric kernels could not be compiled",
            do="Delete the folder .venv and run this again; if it stays, the lines above belong in a bug report",
            cwd=BACKEND,
            env=base_environment(),
        )
    stamps.set_done("kernels", wanted)


def address(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _health(host: str, port: int) -> dict[str, object] | None:
    """What the server says of itself; None when nobody of ours answers."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(f"{address(host, port)}/api/health", timeout=2) as answer:
            said = json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return {"status": error.code} if error.headers.get("X-Request-ID") else None
    except (OSError, ValueError):
        return None
    return said if isinstance(said, dict) else None


def serve(host: str, port: int, browser: bool, began: float) -> int:
    """Run the server until it ends or is told to; the exit code."""
    stop = {"asked": False}

    def ask(number: int, frame: FrameType | None) -> None:
        stop["asked"] = True

    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), ask)
    command: list[str | Path] = [SMARTTRADER, "serve", "--host", host, "--port", str(port)]
    child = children.start(command, cwd=BACKEND, env=base_environment(), stdin=subprocess.DEVNULL)
    ready, waited = False, time.monotonic()
    while child.poll() is None and not stop["asked"]:
        if not ready and _health(host, port) is not None:
            ready = True
            console.say(
                f"\nSmartTrader is ready at {address(host, port)} ({time.monotonic() - began:.1f} s). Ctrl-C stops it."
            )
            if browser and _can_show_a_browser():
                webbrowser.open(address(host, port))
        elif not ready and time.monotonic() - waited > SLOW_START_SECONDS:
            waited = time.monotonic()
            console.say("  ...   still starting; a database that recovers from a crash can take minutes")
        time.sleep(0.5 if ready else 0.1)
    if stop["asked"]:
        console.say("\nStopping.")
        end(child, STOPPING_SECONDS)
        children.finished(child)
        return 0
    children.finished(child)
    if not ready:
        raise StepFailed(
            "the server did not start",
            f"it ended with exit code {child.returncode}; what it said is above",
            "Put right what it names, then run this again",
        )
    return child.returncode


def _can_show_a_browser() -> bool:
    """On a Linux without a screen, a text browser would take over the terminal."""
    return not sys.platform.startswith("linux") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
