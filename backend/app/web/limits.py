"""How many requests a minute one client may send; so high that people and their scripts do not meet it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from app.exceptions import RateLimitExceededError

WINDOW_SECONDS = 60.0
_MOST_CLIENTS = 10_000


@dataclass(slots=True)
class _Window:
    """Requests of the minute that runs and of the one before."""

    began: float
    now: int = 0
    before: int = 0


class RateLimiter:
    """A sliding window for each client and class of routes: the minute before counts by the share still in sight.

    Safe to share between threads. Holds two numbers a client, whatever it sends.
    """

    def __init__(self, reads: int, writes: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = {"read": reads, "write": writes}
        self._clock = clock
        self._windows: dict[tuple[str, str], _Window] = {}
        self._lock = threading.Lock()

    def check(self, client: str, kind: str) -> None:
        """Count a request of a kind, `read` or `write`.

        Raises
        ------
        RateLimitExceededError : the client has sent as many as it may; `details.retry_after` is in seconds.
        """
        limit = self._limits[kind]
        now = self._clock()
        with self._lock:
            window = self._windows.get((client, kind))
            if window is None:
                if len(self._windows) >= _MOST_CLIENTS:
                    self._forget(now)
                window = self._windows[client, kind] = _Window(now)
            passed = int((now - window.began) // WINDOW_SECONDS)
            if passed:
                window.before = window.now if passed == 1 else 0
                window.now = 0
                window.began += passed * WINDOW_SECONDS
            seen = window.now + window.before * (1 - (now - window.began) / WINDOW_SECONDS)
            if seen < limit:
                window.now += 1
                return
            wait = max(1, round(WINDOW_SECONDS - (now - window.began)))
        noun = "requests" if kind == "read" else "changes"
        raise RateLimitExceededError(
            f"More than {limit:,} {noun} in a minute: wait {wait} s",
            details={"retry_after": wait, "limit": limit, "per_seconds": int(WINDOW_SECONDS)},
        )

    def _forget(self, now: float) -> None:
        """Drop clients that have been quiet; the newest stay where none has."""
        quiet = [key for key, window in self._windows.items() if now - window.began > 2 * WINDOW_SECONDS]
        for key in quiet or list(self._windows)[: _MOST_CLIENTS // 2]:
            del self._windows[key]
