"""Steps that take a while: said when they begin and end, logged, and explained when they fail."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
BACKEND = ROOT / "backend"
FRONTEND = ROOT / "frontend"
VENV = ROOT / ".venv"
LOGS = VENV / "log"
TAIL_LINES = 20


class StepFailed(Exception):
    """A step that did not work: `what` failed, `why` (often the last lines it printed), and what to `do`."""

    def __init__(self, what: str, why: str, do: str) -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.do = do

    def __str__(self) -> str:
        why = "\n".join("    " + line for line in self.why.splitlines())
        return f"\nFailed: {self.what}\n{why}\n\nWhat to do: {self.do}"


class Console:
    """Lines from several threads, one at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def say(self, text: str = "") -> None:
        with self._lock:
            print(text, flush=True)

    @contextlib.contextmanager
    def step(self, text: str) -> Iterator[None]:
        """Say that something begins, and how long it took."""
        self.say(f"  ...   {text}")
        began = time.monotonic()
        yield
        self.say(f"  done  {text} ({time.monotonic() - began:.1f} s)")


console = Console()


class Children:
    """The programs that run for us, so that an interruption ends them all."""

    def __init__(self) -> None:
        self._live: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._ended = False

    def start(self, command: Sequence[str | Path], **options: Any) -> subprocess.Popen[bytes]:
        """Start a program in a process group of its own, to be ended with all that it starts."""
        if sys.platform == "win32":
            options["creationflags"] = subprocess.CREATE_NEW_PROCESS_GROUP
        else:
            options["start_new_session"] = True
        with self._lock:
            if self._ended:
                raise KeyboardInterrupt
            child: subprocess.Popen[bytes] = subprocess.Popen([str(c) for c in command], **options)
            self._live.add(child)
        return child

    def finished(self, child: subprocess.Popen[bytes]) -> None:
        with self._lock:
            self._live.discard(child)

    def end_all(self, patience: float = 10.0) -> None:
        """Ask every program to end, and make it."""
        with self._lock:
            self._ended = True
            live = list(self._live)
        for child in live:
            end(child, patience, all_at_once=True)


def end(child: subprocess.Popen[bytes], patience: float, all_at_once: bool = False) -> None:
    """Interrupt a program (or, as Ctrl-C would, with all that it started); after `patience` seconds kill them all."""
    if child.poll() is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if all_at_once and sys.platform != "win32":
                os.killpg(child.pid, signal.SIGINT)
            else:
                child.send_signal(getattr(signal, "CTRL_BREAK_EVENT", signal.SIGINT))  # the former on Windows
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(patience)
    if sys.platform != "win32":
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)  # what it may have left behind
    elif child.poll() is None:
        subprocess.run(["taskkill", "/F", "/T", "/PID", str(child.pid)], capture_output=True, check=False)
    child.wait()


children = Children()


def tail(text: str, lines: int = TAIL_LINES) -> str:
    """The last lines that say anything."""
    said = [line.rstrip() for line in text.splitlines() if line.strip()]
    return "\n".join(said[-lines:]) or "it printed nothing"


def run(
    command: Sequence[str | Path],
    *,
    name: str,
    what: str,
    do: str,
    cwd: Path = ROOT,
    env: Mapping[str, str] | None = None,
) -> None:
    """Run a program with its output in a log file. Raises StepFailed with its last lines."""
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / f"{name}.log"
    with log.open("wb") as output:
        try:
            child = children.start(
                command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
            )
        except OSError as error:
            raise StepFailed(what, f"{command[0]}: {error.strerror or error}", do) from error
        try:
            code = child.wait()
        finally:
            if child.poll() is not None:
                children.finished(child)
    if code != 0:
        words = tail(log.read_text(encoding="utf-8", errors="replace"))
        raise StepFailed(what, f"{words}\n(exit code {code}; the whole output is in {log})", do)


def base_environment() -> dict[str, str]:
    """Our environment for the programs we start: no telemetry, no Python from elsewhere, no other environment's."""
    dropped = {"VIRTUAL_ENV", "PYTHONHOME", "PYTHONPATH", "__PYVENV_LAUNCHER__"}
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    return kept | {"UV_PYTHON_DOWNLOADS": "never", "NEXT_TELEMETRY_DISABLED": "1", "PYTHONUTF8": "1"}


def together(*works: Callable[[], None]) -> None:
    """Run several works at once, each in a thread. The first failure ends the others' programs and is raised."""
    failures: list[BaseException] = []

    def guarded(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as failure:  # a thread's failure is raised below, in the main thread
            failures.append(failure)
            children.end_all()

    threads = [threading.Thread(target=guarded, args=(work,), daemon=True) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        while thread.is_alive():
            thread.join(0.2)  # short, so that Ctrl-C is heard on every system
    if failures:
        raise failures[0]
