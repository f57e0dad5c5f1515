"""Keeping the panel: built from PostgreSQL where it is behind, opened where it is not, swapped atomically.

On disk: `<home>/panel/<database>/` with one chunk a year, the instruments, and `current.json`, which names the files in
use. A process that finds another `current.json` than the one it opened opens that one; nothing is ever overwritten.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy.orm import Session

from app.database import Database, Market
from app.embedded.locks import FileLock
from app.repositories.panel import InstrumentRow, PanelRepository
from app.repositories.snapshots import SnapshotRepository
from app.services.panel.chunk import open_chunk, write_atomically
from app.services.panel.panel import InstrumentInfo, Panel
from app.services.panel.tree import RULES_VERSION, changed

if TYPE_CHECKING:
    import polars as pl

log = logging.getLogger(__name__)

_FORMAT = 1
_PRICES = "prices:"


@dataclass(frozen=True)
class PanelState:
    """A panel and the versions of the data it was built from."""

    panel: Panel
    versions: dict[str, int]


class PanelService:
    """The open panel of each market. Safe to share between threads."""

    def __init__(self, database: Database, home: Path) -> None:
        self._database = database
        self._root = home / "panel"
        self._open: dict[Market, PanelState] = {}
        self._directories: dict[Market, Path] = {}
        self._read: dict[Market, tuple[tuple[int, int, int], PanelState]] = {}  # by what `stat` said of the pointer
        self._lock = threading.Lock()

    def directory(self, market: Market) -> Path:
        """Where a market's panel lies: named by the database it mirrors.

        The embedded database lies in the same home: its name is enough, so that a home that is moved or restored
        elsewhere still finds what belongs to it.
        """
        known = self._directories.get(market)
        if known is None:
            url = self._database.url(market)
            name = f"{url.database}-embedded"
            if not self._database.embedded:
                place = hashlib.sha256(f"{url.host}|{url.port}|{url.query}|{url.database}".encode()).hexdigest()[:8]
                name = f"{url.database}-{place}"
            known = self._directories[market] = self._root / name
        return known

    def current(self, market: Market) -> Panel:
        """The panel as last built; built now when there is none. Opening an unchanged one takes milliseconds."""
        state = self._reopen(market)
        if state is None:
            self.refresh(market)
            state = self._reopen(market)
        assert state is not None  # refresh always leaves a pointer
        return state.panel

    def is_stale(self, market: Market) -> bool:
        """Whether the database has moved on since the panel was built."""
        state = self._reopen(market)
        with self._database.transaction(market) as session:
            return state is None or PanelRepository(session).versions() != state.versions

    def refresh(self, market: Market, progress: Callable[[float, str], None] = lambda _fraction, _text: None) -> Panel:
        """Build what is behind and swap it in; other processes wait for their turn and find nothing left to do."""
        directory = self.directory(market)
        directory.mkdir(parents=True, exist_ok=True)
        with FileLock(directory / "build.lock"):
            state = self._reopen(market)
            with self._database.transaction(market) as session:
                repository = PanelRepository(session)
                versions = repository.versions()
                if state is not None and state.versions == versions:
                    if SnapshotRepository(session).latest() is None:
                        self._remember(session, state.panel, state.panel)
                    return state.panel
                days, instruments = repository.day_versions(), repository.instruments()
            self._build(market, directory, state, versions, days, instruments, progress)
            before, state = state, self._reopen(market)
            assert state is not None
            with self._database.transaction(market) as session:
                if PanelRepository(session).versions() == versions:  # else another import is at work, and will build
                    self._remember(session, state.panel, None if before is None else before.panel)
        _remove_unused(directory, state.panel)
        return state.panel

    def _remember(self, session: Session, panel: Panel, before: Panel | None) -> None:
        """Add what is stored now to the history of snapshots; `before` is the panel that was open until now."""
        if not panel.chunks:
            return
        repository = SnapshotRepository(session)
        last = repository.latest()
        nodes = {str(chunk.year): chunk.root for chunk in panel.chunks}
        values = {
            "root": panel.root,
            "adjustments_hash": repository.adjustments_hash(),
            "membership_hash": repository.membership_hash(),
            "rules_version": RULES_VERSION,
        }
        known = {} if last is None else last.year_roots
        years = sorted(int(year) for year in nodes.keys() | known.keys() if nodes.get(year) != known.get(year))
        leaves = {chunk.year: chunk.leaves for chunk in panel.chunks if chunk.year in years}
        count: int | None = None
        if last is None:
            count = changed({}, leaves, years).instruments
        elif before is not None and before.root == last.root:
            count = changed({chunk.year: chunk.leaves for chunk in before.chunks}, leaves, years).instruments
        inputs = [
            word
            for word, name in (
                ("prices", "root"),
                ("adjustments", "adjustments_hash"),
                ("membership", "membership_hash"),
                ("rules", "rules_version"),
            )
            if last is None or getattr(last, name) != values[name]
        ]
        repository.see(
            {
                **values,
                "year_roots": nodes,
                "changed_years": years,
                "changed_instruments": count,
                "changed_inputs": inputs,
                "instruments": len(panel.keys),
                "first_session": panel.sessions[0].astype(object),
                "last_session": panel.sessions[-1].astype(object),
            }
        )

    def size_bytes(self, market: Market) -> int:
        """Bytes of the market's panel on disk."""
        directory = self.directory(market)
        return sum(path.stat().st_size for path in directory.glob("*") if path.is_file()) if directory.exists() else 0

    def _build(
        self,
        market: Market,
        directory: Path,
        before: PanelState | None,
        versions: dict[str, int],
        days: dict[int, dict[date, int]],
        instruments: list[InstrumentRow],
        progress: Callable[[float, str], None],
    ) -> None:
        from app.repositories.prices import merged_days, merged_year
        from app.services.panel.build import still_holds, update_chunk

        chunks = {} if before is None else {chunk.year: chunk for chunk in before.panel.chunks}
        keys_by_id = {row.id: row.key for row in instruments}
        years = sorted(int(scope.removeprefix(_PRICES)) for scope in versions if scope.startswith(_PRICES))
        stems = []
        engine = self._database.engine(market)
        for done, year in enumerate(years):
            version = versions[f"{_PRICES}{year}"]
            chunk = chunks.get(year)
            if chunk is not None and chunk.version == version and still_holds(chunk, keys_by_id):
                stems.append(chunk.stem)
                continue
            progress(done / len(years), f"Preparing {year}")

            def read(changed: Sequence[date] | None, year: int = year) -> pl.DataFrame:
                with engine.connect() as connection:
                    return merged_year(connection, year) if changed is None else merged_days(connection, changed)

            stem = update_chunk(directory, year, version, days.get(year, {}), chunk, read, keys_by_id)
            if stem is not None:
                stems.append(stem)
        content = orjson.dumps([row._asdict() for row in instruments])
        listing = f"instruments-{hashlib.sha256(content).hexdigest()[:16]}.json"
        if not (directory / listing).exists():
            write_atomically(directory / listing, content)
        pointer = {"format": _FORMAT, "chunks": stems, "instruments": listing, "versions": versions}
        write_atomically(directory / "current.json", orjson.dumps(pointer, option=orjson.OPT_SORT_KEYS))

    def _reopen(self, market: Market) -> PanelState | None:
        """The state `current.json` names: the one already open, or a newly opened one; None when there is none."""
        directory = self.directory(market)
        pointer_file = directory / "current.json"
        try:
            stat = pointer_file.stat()
            seen = (stat.st_mtime_ns, stat.st_ino, stat.st_size)  # it is replaced, never written into
            read = self._read.get(market)
            if read is not None and read[0] == seen:
                return read[1]
            content = pointer_file.read_bytes()
        except FileNotFoundError:
            return None
        generation = hashlib.sha256(content).hexdigest()
        with self._lock:
            state = self._open.get(market)
            if state is not None and state.panel.generation == generation:
                self._read[market] = (seen, state)
                return state
            pointer = orjson.loads(content)
            if pointer["format"] != _FORMAT:
                return None
            state = PanelState(_open_panel(directory, pointer, generation), pointer["versions"])
            self._open[market] = state
            self._read[market] = (seen, state)
            return state


def _open_panel(directory: Path, pointer: dict[str, Any], generation: str) -> Panel:
    instruments = _Instruments(orjson.loads((directory / pointer["instruments"]).read_bytes()))
    chunks = tuple(open_chunk(directory, stem) for stem in pointer["chunks"])
    return Panel(chunks=chunks, instruments=instruments, generation=generation)


class _Instruments(Mapping[str, InstrumentInfo]):
    """Instruments by key, each made when it is first asked for: opening a panel needs none of them."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self._rows = {row["key"]: row for row in rows}
        self._made: dict[str, InstrumentInfo] = {}

    def __getitem__(self, key: str) -> InstrumentInfo:
        made = self._made.get(key)
        if made is None:
            made = self._made[key] = _instrument(self._rows[key])
        return made

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)


def _instrument(row: dict[str, Any]) -> InstrumentInfo:
    names = tuple(
        (date.fromisoformat(start), None if end is None else date.fromisoformat(end), symbol)
        for start, end, symbol in row["names"]
    )
    factors = tuple((date.fromisoformat(ex_date), factor) for ex_date, factor in row["factors"])
    # a listing written before these were known has none of them
    dividends = tuple((date.fromisoformat(ex_date), amount) for ex_date, amount in row.get("dividends", ()))
    jumps = tuple(date.fromisoformat(session) for session in row.get("jumps", ()))
    return InstrumentInfo(**{**row, "names": names, "factors": factors, "dividends": dividends, "jumps": jumps})


def _remove_unused(directory: Path, panel: Panel) -> None:
    """Drop files that `current.json` no longer names; one that another process still maps stays until next time."""
    pointer = orjson.loads((directory / "current.json").read_bytes())
    used = {pointer["instruments"], *(f"{c.stem}{suffix}" for c in panel.chunks for suffix in (".npy", ".json"))}
    for path in directory.iterdir():
        if path.name in used or path.suffix not in {".npy", ".json", ".partial"} or path.name == "current.json":
            continue
        try:
            path.unlink()
        except OSError as error:  # Windows refuses while a map is open
            log.info("kept %s for now: %s", path.name, error)
