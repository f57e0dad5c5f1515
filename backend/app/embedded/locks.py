"""File locks that end with their holder: the operating system lets go when the process dies, however it dies."""

import contextlib
import os
import sys
import time
from pathlib import Path
from types import TracebackType

if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> bool:
        os.lseek(descriptor, 0, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock(descriptor: int) -> None:
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


class FileLock:
    """An exclusive lock on a file, taken by one holder at a time across threads and processes.

    The file stays; only the lock matters. A forked child shares its parent's lock and cannot let it go.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None
        self._owner = 0

    def try_acquire(self) -> bool:
        """Whether the lock is now ours. Raises OSError when the file cannot be opened."""
        if self._descriptor is not None:
            raise RuntimeError(f"this lock on {self.path} is already held")
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
        try:
            taken = _try_lock(descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        if not taken:
            os.close(descriptor)
            return False
        self._descriptor, self._owner = descriptor, os.getpid()
        return True

    def acquire(self, poll_seconds: float = 0.02) -> None:
        """Wait for the lock as long as its holder lives."""
        while not self.try_acquire():
            time.sleep(poll_seconds)

    def release(self) -> None:
        """Let go. In a forked child only the descriptor is closed: the lock belongs to the parent."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is None:
            return
        try:
            if os.getpid() == self._owner:
                with contextlib.suppress(OSError):  # closing the file lets go as well
                    _unlock(descriptor)
        finally:
            os.close(descriptor)

    def __enter__(self) -> "FileLock":
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
