"""Worker processes for strategies of one's own: started, watched, limited, reused where that is safe, killed.

A worker that has run one strategy answers for no other: it is kept for the next question about the same source, and
each question imports the strategy anew. One that raised, left threads behind or was stopped is not used again.
"""

from __future__ import annotations

import collections
import itertools
import os
import pickle
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psutil

from app.engines.kernel_cache import cache_directory
from app.engines.strategies.source import ROOT
from app.services.user_strategies.errors import StrategyStopped
from app.services.user_strategies.wire import LENGTHS, Code, Reply, Request, packed, receive

START_SECONDS: Final = 60.0  # for the interpreter to come up, which is not the strategy's doing
WATCH_SECONDS: Final = 0.05
WAIT_SECONDS: Final = 0.25  # between two looks at whether whoever waits for a worker still wants one
SHORT: Final = ("describe", "prepare")  # questions that are short, by the limit of their time
WHERE_SECONDS: Final = 1.0  # for one that is to be ended to say where it is
KEPT_LINES: Final = 40
KEPT_CHARACTERS: Final = 4_000
# what a worker is told of the environment: enough to find its libraries, nothing that opens a door
PASSED: Final = ("PATH", "SYSTEMROOT", "WINDIR", "TEMP", "TMP", "TMPDIR", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH")


@dataclass(frozen=True)
class Limits:
    """What a strategy may use: seconds to load, seconds to answer for a run or a proof, and bytes of memory."""

    load_seconds: float = 10.0
    run_seconds: float = 300.0
    memory: int = 2048 * 2**20
    workers: int = max(3, min(4, os.cpu_count() or 1))  # one of them is always there for what is short

    def seconds(self, ask: str) -> float:
        """Of a kind of question."""
        return self.load_seconds if ask in SHORT else self.run_seconds


class Ended(BaseException):
    """Whoever asked does not want the answer any more; the worker that was at it is ended.

    No failure of the strategy, so that nobody who goes on after one goes on after this.
    """


_ended: ContextVar[Callable[[], bool]] = ContextVar("ended", default=lambda: False)
_timed_out: ContextVar[Callable[[], None]] = ContextVar("timed_out", default=lambda: None)


@contextmanager
def ended_when(asked: Callable[[], bool], timed_out: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Have questions asked inside end, with `Ended`, as soon as `asked` says so; it is called many times a second.

    `timed_out` is told of each that was stopped at the limit of its time.
    """
    tokens = _ended.set(asked), _timed_out.set(timed_out)
    try:
        yield
    finally:
        _ended.reset(tokens[0])
        _timed_out.reset(tokens[1])


class _Gone(Exception):
    """The process ended, or sent what is no reply."""


class Worker:
    """One process, and what it printed last."""

    def __init__(self) -> None:
        self.key: tuple[str, ...] | None = None  # the sources it has run
        self.folder = Path(tempfile.mkdtemp(prefix="smarttrader-worker-"))
        told = {name: os.environ[name] for name in PASSED if name in os.environ}
        told |= {name: value for name, value in os.environ.items() if name.startswith("NUMBA_")}
        told |= {
            "PYTHONPATH": str(ROOT),
            "PYTHONHASHSEED": "0",  # the order of a set of texts must not differ from run to run
            "PYTHONIOENCODING": "utf-8",
            "NUMBA_CACHE_DIR": str(cache_directory()),
            "OPENBLAS_NUM_THREADS": "1",
            "OMP_NUM_THREADS": "1",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "app.services.user_strategies.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self.folder,
            env=told,
            start_new_session=sys.platform != "win32",
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        self._replies: queue.Queue[Reply | None] = queue.Queue()
        self._printed: collections.deque[str] = collections.deque(maxlen=KEPT_LINES)
        threading.Thread(target=self._read, name="strategy replies", daemon=True).start()
        self._drained = threading.Thread(target=self._drain, name="strategy output", daemon=True)
        self._drained.start()

    def _read(self) -> None:
        stream = self.process.stdout
        assert stream is not None
        try:
            while (reply := receive(stream)) is not None:  # type: ignore[arg-type]  # a buffered pipe
                self._replies.put(reply)
        except (ValueError, OSError):
            pass
        self._replies.put(None)

    def _drain(self) -> None:
        stream = self.process.stderr
        assert stream is not None
        try:
            while line := stream.readline(KEPT_CHARACTERS):
                self._printed.append(line.decode("utf-8", "replace").rstrip())
        except (ValueError, OSError):
            pass

    def forget_output(self) -> None:
        """What was printed before belongs to another question."""
        self._printed.clear()

    def output(self) -> list[str]:
        """The last lines printed."""
        lines = list(self._printed)
        while sum(map(len, lines)) > KEPT_CHARACTERS:
            lines.pop(0)
        return lines

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def send(self, request: Request) -> None:
        """Hand over a request. Raises _Gone."""
        self._write(pickle.dumps(request))

    def _write(self, data: bytes) -> None:
        try:
            assert self.process.stdin is not None
            self.process.stdin.write(LENGTHS.pack(len(data), 0) + data)
            self.process.stdin.flush()
        except (OSError, ValueError) as error:
            raise _Gone from error

    def next_reply(self, seconds: float) -> Reply:
        """The next reply. Raises queue.Empty after the time, _Gone at the end."""
        reply = self._replies.get(timeout=max(seconds, 0.0))
        if reply is None:
            raise _Gone
        return reply

    def where(self, number: int) -> tuple[str, int] | None:
        """The file and line of the user's that is being run; None where that cannot be told."""
        try:
            self._write(b"")
            told = self.next_reply(WHERE_SECONDS)[0]
        except (_Gone, queue.Empty):
            return None
        file, line = told.get("at") or (None, None)
        return (file, line) if told.get("number") == number and isinstance(file, str) and type(line) is int else None

    def memory(self) -> int:
        """Bytes that the process and its children hold for themselves."""
        try:
            own = psutil.Process(self.process.pid)
            return sum(_private(process) for process in (own, *own.children(recursive=True)))
        except psutil.Error:
            return 0

    def kill(self) -> int | None:
        """End the process and what it started; its exit code where it had ended by itself."""
        code = self.process.poll()
        try:
            family = psutil.Process(self.process.pid).children(recursive=True)
        except psutil.Error:
            family = []
        for process in family:
            with suppress(psutil.Error):  # ended meanwhile
                process.kill()
        self.process.kill()
        self.process.wait()
        self._drained.join(1.0)  # its last words; what holds the pipe open still is not waited for
        with suppress(OSError, ValueError):
            assert self.process.stdin is not None
            self.process.stdin.close()  # what was not sent any more
        shutil.rmtree(self.folder, ignore_errors=True)
        return code


def _private(process: psutil.Process) -> int:
    try:
        info = process.memory_info()
    except psutil.Error:
        return 0
    return int(info.rss - getattr(info, "shared", 0))  # the bars are mapped, and shared with whoever wrote them


class Workers:
    """A few workers, each for one set of sources at a time."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._idle: list[Worker] = []
        self._busy: set[Worker] = set()
        self._long = 0  # of those that are busy: at a run, signals or a proof
        self._changed = threading.Condition()
        self._numbers = itertools.count(1)
        self._closed = False

    def ask(self, ask: str, codes: Sequence[Code], values: Mapping[str, Any]) -> Reply:
        """Ask the strategies' worker; its answer and the bytes of arrays after it.

        A question that may take long waits until another worker is left for those that are short: strategies that loop
        keep nobody from having parameters checked or files described.

        Raises
        ------
        StrategyStopped : the strategy raised, answered nonsense, ended the process, or was stopped at a limit.
        Ended : as `ended_when` was told. Unfit answers come back as `{"unfit": …}` for `describe`.
        """
        _consistent(codes)
        long = ask not in SHORT
        while True:
            worker = self._take(tuple(sorted(code.source_hash for code in codes)), long)
            clean = False
            try:
                reply = self._answered(worker, ask, codes, values)
                if reply is None:
                    continue  # it had gone to rest the moment it was asked
                clean = bool(reply[0].get("clean"))
            finally:
                self._give_back(worker, clean, long)
            return self._told(worker, ask, codes, reply)

    def close(self) -> None:
        """End all workers, those at work too."""
        with self._changed:
            self._closed = True
            workers, self._idle = [*self._idle, *self._busy], []
        for worker in workers:
            worker.kill()

    # ---- who answers

    def _take(self, key: tuple[str, ...], long: bool) -> Worker:
        with self._changed:
            while True:
                if self._closed:
                    raise RuntimeError("the platform is closing")
                if _ended.get()():
                    raise Ended
                if long and self._long >= self.limits.workers - 1:
                    self._changed.wait(WAIT_SECONDS)
                    continue
                for worker in [w for w in self._idle if not w.alive]:
                    self._idle.remove(worker)
                    worker.kill()
                same = next((w for w in self._idle if w.key == key), None)
                if same is not None:
                    self._idle.remove(same)
                    break
                if len(self._idle) + len(self._busy) < self.limits.workers:
                    same = Worker()
                    break
                if self._idle:
                    self._idle.pop(0).kill()
                    continue
                self._changed.wait(WAIT_SECONDS)
            same.key = key
            same.forget_output()
            self._busy.add(same)
            self._long += long
            return same

    def _give_back(self, worker: Worker, clean: bool, long: bool) -> None:
        with self._changed:
            self._busy.discard(worker)
            self._long -= long
            if clean and worker.alive and not self._closed:
                self._idle.append(worker)
            else:
                worker.kill()
            self._changed.notify_all()

    # ---- one question

    def _answered(self, worker: Worker, ask: str, codes: Sequence[Code], values: Mapping[str, Any]) -> Reply | None:
        """The reply; None where a worker kept from before had ended before it began."""
        number, seconds = next(self._numbers), self.limits.seconds(ask)
        file = worker.folder / f"{number}.arrays"
        data, spans = packed(values, file)
        buffers = str(file) if spans else None
        try:
            worker.send(Request(number, ask, tuple(codes), seconds, self.limits.memory, data, buffers, spans))
            began = self._watched(worker, number, codes, START_SECONDS, "start")
        except _Gone:
            worker.kill()
            return None if worker.process.returncode == 0 else self._crashed(worker, codes)
        try:
            if began[0].get("begun") is not True:
                raise _Gone
            return self._watched(worker, number, codes, seconds, "load" if ask in SHORT else "answer")
        except _Gone:
            return self._crashed(worker, codes)
        finally:
            with suppress(OSError):  # a mapped file cannot be removed on Windows: it goes with the worker's folder
                file.unlink()

    def _watched(self, worker: Worker, number: int, codes: Sequence[Code], seconds: float, what: str) -> Reply:
        until = time.monotonic() + seconds
        while True:
            left = until - time.monotonic()
            try:
                reply = worker.next_reply(min(WATCH_SECONDS, left))
            except queue.Empty:
                if _ended.get()():
                    worker.kill()
                    raise Ended from None
                if worker.memory() > self.limits.memory:
                    raise self._stopped(worker, codes, "memory", self._memory_words()) from None
                if left <= 0.0:
                    _timed_out.get()()
                    told = f"it took longer than {seconds:g} seconds to {what}, the limit"
                    raise self._stopped(worker, codes, "time", told, worker.where(number)) from None
                continue
            if reply[0].get("number") != number:
                raise _Gone
            return reply

    def _memory_words(self) -> str:
        return f"it used more than {self.limits.memory // 2**20} MB of memory, the limit"

    def _crashed(self, worker: Worker, codes: Sequence[Code]) -> Reply:
        try:
            worker.process.wait(1.0)
        except subprocess.TimeoutExpired:
            raise self._stopped(worker, codes, "crash", "it wrote over what it was to answer") from None
        code = worker.process.returncode
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        raise self._stopped(worker, codes, "crash", f"it ended the process it ran in ({how})")

    @staticmethod
    def _stopped(
        worker: Worker, codes: Sequence[Code], reason: str, told: str, at: tuple[str, int] | None = None
    ) -> StrategyStopped:
        worker.kill()
        names = " and ".join(code.strategy_id for code in codes)
        file, line = at or (codes[0].sources[codes[0].module].file if len(codes) == 1 else None, None)
        where = f" ({file}, line {line})" if at else ""
        return StrategyStopped(
            f"strategy {names}: {told}{where}",
            reason=reason,
            strategy_id=names,
            file=file,
            line=line,
            output=worker.output(),
        )

    def _told(self, worker: Worker, ask: str, codes: Sequence[Code], reply: Reply) -> Reply:
        head, body = reply
        trouble = head.get("trouble")
        if trouble is None:
            answer = head.get("answer")
            if not isinstance(answer, dict):
                raise self._stopped(worker, codes, "crash", "it wrote over what it was to answer")
            return answer, body
        if trouble["reason"] == "unfit":
            return {"unfit": trouble}, b""
        names = " and ".join(code.strategy_id for code in codes)
        file, line = trouble.get("file"), trouble.get("line")
        where = f" ({file}, line {line})" if file else ""
        said = str(trouble["message"])
        if trouble["reason"] == "memory":
            said = f"{self._memory_words()}: {said}"
        if not said.startswith("strategy "):
            said = f"strategy {names}: {said}"
        raise StrategyStopped(
            said + where, reason=str(trouble["reason"]), strategy_id=names, file=file, line=line, output=worker.output()
        )


def _consistent(codes: Sequence[Code]) -> None:
    known: dict[str, str] = {}
    for code in codes:
        for name, source in code.sources.items():
            if known.setdefault(name, source.text) != source.text:
                raise StrategyStopped(
                    f"{source.file} was changed between the strategies of the run; start it again",
                    reason="raised",
                    strategy_id=code.strategy_id,
                    file=source.file,
                )
