"""Slices of bars for runs, with the identity of their content; the last few are kept."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from app.database import Market
from app.engines.backtest import BookSpec, Jump, RunSpec, UniverseSpec
from app.engines.backtest.spec import ADJUSTMENTS, canonical_json
from app.engines.bars import Bars
from app.engines.strategies.registry import registry
from app.exceptions import InsufficientDataError
from app.models import AdjustmentFactor
from app.repositories.strategies import MoveRepository
from app.services import slice_notes
from app.services.members import run_notes
from app.services.panel import Panel, PanelService
from app.services.panel.panel import slice_root
from app.services.universe import resolve, without_quarantined

_CACHED_SLICES = 4
STRICT = f"{ADJUSTMENTS[0]}@strict"  # a spec's adjustment with `strict_actions`


@dataclass(frozen=True)
class Slice:
    """Bars of a universe with the identity of their content, and the moves in them that nothing explains."""

    bars: Bars
    root: str
    universe: UniverseSpec
    jumps: tuple[Jump, ...]
    notes: tuple[str, ...]  # what is missing: sessions, members without prices, warm-up


class SliceService:
    """Slices as questions and specs ask for them."""

    def __init__(self, panels: PanelService) -> None:
        self._panels = panels
        self._slices: OrderedDict[tuple[Any, ...], Slice] = OrderedDict()
        self._lock = threading.Lock()

    def of_spec(self, market: Market, session: Session, spec: RunSpec) -> Slice:
        """The slice a spec names, as it is now."""
        universe = spec.universe.index if spec.universe.index is not None else spec.universe.symbols
        return self.of(
            market,
            session,
            universe,
            spec.start,
            spec.end,
            warm_up_of(spec.books),
            spec.universe.asof_members,
            spec.adjustment == STRICT,
        )

    def of(
        self,
        market: Market,
        session: Session,
        universe: str | tuple[str, ...],
        start: date,
        end: date,
        warm_up: int,
        asof_members: bool,
        strict: bool,
    ) -> Slice:
        """A slice; `warm_up` sessions before its start where the data has them. Raises InsufficientDataError."""
        panel = self._panels.current(market)
        if not panel.chunks:
            raise InsufficientDataError(
                "There is no price data yet: import exchange files first", required=1, available=0
            )
        key = (market, panel.generation, universe, start, end, warm_up, asof_members, strict)
        with self._lock:
            found = self._slices.get(key)
            if found is not None:
                self._slices.move_to_end(key)
                return found
        loaded = _load(session, panel, universe, start, end, warm_up, asof_members, strict)
        with self._lock:
            self._slices[key] = loaded
            while len(self._slices) > _CACHED_SLICES:
                self._slices.popitem(last=False)
        return loaded


def warm_up_of(books: Sequence[BookSpec]) -> int:
    """Bars before the start that the books' strategies need."""
    known = registry()
    needed = 0
    for book in books:
        strategy = known.get(book.strategy_id)
        if strategy is not None:
            needed = max(needed, strategy.warm_up(strategy.params(book.params)))
    return needed


def _load(
    session: Session,
    panel: Panel,
    universe: str | tuple[str, ...],
    start: date,
    end: date,
    warm_up: int,
    asof_members: bool,
    strict: bool,
) -> Slice:
    resolved = resolve(session, panel, universe, start, end, asof_members=asof_members)
    first, measured, last = panel.window(start, end, warm_up)
    if measured >= last:
        days = panel.sessions
        raise InsufficientDataError(
            f"No session between {start} and {end}; the data goes from {days[0]} to {days[-1]}", required=1, available=0
        )
    bars = panel.bars(resolved.keys, start, end, warm_up=warm_up, spans=resolved.spans)
    days = panel.sessions[first:last].astype(object)
    ids = {panel.instruments[key].id: symbol for key, symbol in zip(bars.keys, bars.symbols, strict=True)}
    repository = MoveRepository(session)
    moves = repository.jumps(list(ids), days[0], days[-1])
    jumps = tuple(sorted(Jump(ids[move.instrument_id], move.session.isoformat(), move.ratio) for move in moves))
    inferred = repository.inferred(list(ids), days[0], days[-1])
    later = {row.instrument_id: row.ex_date for row in reversed(inferred) if _not_yet_known(row)} if strict else {}
    keys = {panel.instruments[key].id: key for key in bars.keys}
    bars, closed = without_quarantined(panel, bars, {keys[i]: day for i, day in later.items()})
    spec = UniverseSpec(index=resolved.index, symbols=resolved.symbols, asof_members=asof_members)
    digest = hashlib.sha256(slice_root(bars).encode())
    notes = (
        *slice_notes.missing(
            days[measured - first :].tolist(), start, end, len(resolved.missing), measured - first, warm_up
        ),
        *run_notes(session, resolved.index, start, end, asof_members=asof_members),
        *slice_notes.in_quarantine(closed, bool(later)),
        *slice_notes.inferred([(ids[row.instrument_id], row) for row in inferred if row.instrument_id not in later]),
    )
    digest.update(canonical_json([bars.symbols, jumps, notes]))  # all are in the result's bytes
    return Slice(bars, digest.hexdigest(), spec, jumps, notes)


def _not_yet_known(row: AdjustmentFactor) -> bool:
    return row.tier == "INFERRED" and row.known_at > row.ex_date
