"""Every strategy there is: the shipped ones, and those of the user's folder as it is at the moment of asking."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from app.engines.backtest import RunSpec
from app.engines.strategies.registry import AnyStrategy, registry
from app.exceptions import DataNotFoundError
from app.services.user_strategies.errors import LoadError, StrategyNotLoaded
from app.services.user_strategies.folder import StrategyFile, read_folder
from app.services.user_strategies.strategy import UserStrategy, described
from app.services.user_strategies.workers import Limits, Workers
from app.settings import Settings

FOLDER: Final = "strategies"  # inside the home
KEPT: Final = 200  # states of sources that are remembered, described
RETRY_SECONDS: Final = 300.0  # an import that failed for a reason outside the file is tried again after so long


class Catalogue:
    """Strategies by id. Asking for a shipped one reads no folder and starts no process."""

    def __init__(self, folder: Path | None = None, limits: Limits | None = None) -> None:
        self.folder = folder
        self.workers = Workers(limits)
        self._described: OrderedDict[str, tuple[UserStrategy | LoadError, float]] = OrderedDict()
        self._lock = threading.Lock()
        self._asking: dict[str, threading.Lock] = {}

    def find(self, strategy_id: str) -> AnyStrategy:
        """A strategy as it is now.

        Raises
        ------
        DataNotFoundError : there is none of that id. StrategyNotLoaded : its file does not load.
        """
        shipped = registry().get(strategy_id)
        if shipped is not None:
            return shipped
        files, errors = self._read()
        if strategy_id in files:
            found = self._of(files[strategy_id])
            if isinstance(found, UserStrategy):
                return found
            raise StrategyNotLoaded(found)
        for error in errors:
            if error.strategy_id == strategy_id:
                raise StrategyNotLoaded(error)
        known = sorted([*registry(), *files])
        raise DataNotFoundError(
            f"There is no strategy {strategy_id}; there are {', '.join(known)}",
            "strategy",
            strategy_id,
            details={"known": known},
        )

    def all(self) -> tuple[dict[str, AnyStrategy], list[LoadError]]:
        """Every strategy that loads, the shipped ones first, and why files of the folder give none."""
        files, errors = self._read()
        with ThreadPoolExecutor(self.workers.limits.workers) as pool:
            found = list(pool.map(self._of, files.values()))
        own: dict[str, AnyStrategy] = {s.id: s for s in found if isinstance(s, UserStrategy)}
        errors += [error for error in found if isinstance(error, LoadError)]
        return registry() | own, sorted(errors, key=lambda error: (error.file, error.line or 0))

    def of_spec(self, spec: RunSpec) -> dict[str, AnyStrategy]:
        """The strategies of a spec, at the sources it names where they are remembered, else as they are now.

        Raises as `find` does.
        """
        found: dict[str, AnyStrategy] = {}
        for book in spec.books:
            with self._lock:
                kept, _ = self._described.get(book.source_hash, (None, 0.0))
            same = isinstance(kept, UserStrategy) and kept.id == book.strategy_id
            found[book.strategy_id] = kept if same else self.find(book.strategy_id)  # type: ignore[assignment]
        return found

    def close(self) -> None:
        """End the worker processes."""
        self.workers.close()

    def _read(self) -> tuple[dict[str, StrategyFile], list[LoadError]]:
        return read_folder(self.folder) if self.folder is not None else ({}, [])

    def _of(self, source: StrategyFile) -> UserStrategy | LoadError:
        key = source.code.source_hash
        with self._lock:
            asking = self._asking.setdefault(key, threading.Lock())
        with asking:  # two who ask at once wait for one answer
            with self._lock:
                known, until = self._described.get(key, (None, 0.0))
                if known is not None and time.monotonic() < until:
                    self._described.move_to_end(key)
                    return known
            found = described(source, self.workers)
            until = float("inf") if isinstance(found, UserStrategy) else time.monotonic() + RETRY_SECONDS
            with self._lock:
                self._described[key] = (found, until)
                while len(self._described) > KEPT:
                    self._described.popitem(last=False)
                self._asking.pop(key, None)
            return found


def catalogue_of(settings: Settings) -> Catalogue:
    """The catalogue of a home."""
    limits = Limits(run_seconds=settings.strategy_seconds, memory=settings.strategy_memory_mb * 2**20)
    return Catalogue(settings.home / FOLDER, limits)


def is_own(strategy: AnyStrategy) -> bool:
    """Whether a strategy is the user's own."""
    return isinstance(strategy, UserStrategy)


def runs_own(strategy_ids: Iterable[str]) -> bool:
    """Whether one of these is the user's own: no shipped one has its id."""
    return any(name not in registry() for name in strategy_ids)


def own_hashes(strategies: Mapping[str, AnyStrategy]) -> dict[str, str]:
    """Of the user's own strategies, by id: the hash of what the user wrote, without what it imports of the platform."""
    return {name: s.source.own_hash for name, s in strategies.items() if isinstance(s, UserStrategy)}


def listed(strategies: Mapping[str, AnyStrategy], errors: list[LoadError]) -> list[dict[str, Any]]:
    """Strategies and files that give none, as rows of one list."""
    rows: list[dict[str, Any]] = [
        {
            "strategy_id": strategy.id,
            "display_name": strategy.display_name,
            "origin": "own" if isinstance(strategy, UserStrategy) else "shipped",
            "kind": strategy.kind,
            "timeframe": strategy.timeframe,
            "universe": strategy.universe,
            "regime": strategy.regime,
            "hypothesis": strategy.hypothesis,
            "when_it_loses": strategy.when_it_loses,
            "parameters": strategy.params_schema(),
            "source_hash": strategy.source_hash,
            "file": strategy.source.file if isinstance(strategy, UserStrategy) else None,
            "error": None,
        }
        for strategy in strategies.values()
    ]
    empty = dict.fromkeys(rows[0], None)
    return rows + [
        empty | {"strategy_id": e.strategy_id, "origin": "own", "file": e.file, "error": e.to_dict()} for e in errors
    ]
