"""Slices of bars for runs, with the identity of their content; the last few are kept."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.database import Market
from app.engines.backtest import BookSpec, Fate, Jump, RunSpec, UniverseSpec
from app.engines.backtest.result import STALE
from app.engines.backtest.spec import ADJUSTMENTS, canonical_json
from app.engines.bars import Bars
from app.engines.ports import Ports
from app.engines.strategies.registry import AnyStrategy
from app.engines.strategies.screened import MEMBERS
from app.exceptions import InsufficientDataError, ValidationError
from app.models import AdjustmentFactor
from app.repositories import intraday
from app.repositories.action_decisions import dismissals
from app.repositories.instruments import delisted_on
from app.repositories.panel import PanelRepository
from app.repositories.strategies import MoveRepository
from app.services import slice_notes
from app.services.backtests.beside import is_figure, ports_beside, what_is_known
from app.services.fundamentals import LAG_NOTE, Figures, FundamentalsService
from app.services.members import run_notes
from app.services.panel import Panel, PanelService
from app.services.universe import Universe, known_id, resolve, without_quarantined

_CACHED_SLICES = 4
SCHEME: Final = "3"  # of a slice's root; of another scheme two roots cannot be compared
STORED_TIMEFRAMES: Final = ("1m", "5m", "15m", "30m", "1h", "1d")


@dataclass(frozen=True)
class Slice:
    """Bars of a universe with the identity of their content, and the moves in them that nothing explains.

    `root` stands for prices, volumes, gaps, members, notes and data ports, `adjustment` for what companies did with
    their shares and what they paid: two inputs that change at different times.
    """

    bars: Bars
    root: str
    adjustment: str
    dividends: NDArray[np.float64]  # shape [T, N], rupees of the day for each share held into the bar
    universe: UniverseSpec
    jumps: tuple[Jump, ...]
    notes: tuple[str, ...]  # what is missing: sessions, members without prices, warm-up
    fates: dict[str, Fate]  # by key, of instruments that have no more bars: why, as far as something on file says it


@dataclass(frozen=True)
class SliceQuestion:
    """Which bars: `universe` is an index or symbols; `warm_up` counts bars before `start`, as far as there are any.

    `reads` names the data ports to have beside daily bars, ascending.
    """

    universe: str | tuple[str, ...]
    start: date
    end: date
    warm_up: int
    asof_members: bool
    strict: bool
    timeframe: str
    reads: tuple[str, ...] = ()

    @classmethod
    def of_spec(cls, spec: RunSpec, strategies: Mapping[str, AnyStrategy]) -> SliceQuestion:
        """The bars that a spec names; `strategies` by id, at least those of the spec."""
        return cls(
            spec.universe.index if spec.universe.index is not None else spec.universe.symbols,
            spec.start,
            spec.end,
            warm_up_of(spec.books, strategies),
            spec.universe.asof_members,
            spec.adjustment.partition("@")[2].startswith("strict"),
            spec.timeframe,
            reads_of(spec.books, strategies),
        )


class SliceService:
    """Slices as questions and specs ask for them."""

    def __init__(self, panels: PanelService, fundamentals: FundamentalsService) -> None:
        self._panels = panels
        self._fundamentals = fundamentals
        self._slices: OrderedDict[tuple[Any, ...], Slice] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, market: Market, session: Session, asked: SliceQuestion) -> Slice:
        """A slice.

        Raises
        ------
        InsufficientDataError : there are no bars in the period, or none of that timeframe.
        ValidationError : a timeframe that is not stored, an unknown symbol, a data port that there is not.
        DataNotFoundError : an unknown index.
        """
        if asked.timeframe not in STORED_TIMEFRAMES:
            raise ValidationError(
                f"timeframe: expected one of {', '.join(STORED_TIMEFRAMES)}, not {asked.timeframe}", "timeframe"
            )
        panel = self._panels.current(market)
        if not panel.chunks:
            raise InsufficientDataError(
                "There is no price data yet: import exchange files first", required=1, available=0
            )
        catalogue = None if asked.timeframe == "1d" else intraday.version(session)
        beside = tuple(sorted(PanelRepository(session).versions().items())) if asked.reads else ()
        key = (market, panel.generation, catalogue, beside, asked)
        with self._lock:
            found = self._slices.get(key)
            if found is not None:
                self._slices.move_to_end(key)
                return found
        figures = self._fundamentals.table(market, session) if any(map(is_figure, asked.reads)) else None
        loaded = _load(market, session, panel, self._panels.directory(market), asked, figures)
        with self._lock:
            self._slices[key] = loaded
            while len(self._slices) > _CACHED_SLICES:
                self._slices.popitem(last=False)
        return loaded


def warm_up_of(books: Sequence[BookSpec], strategies: Mapping[str, AnyStrategy]) -> int:
    """Bars before the start that the books' strategies need."""
    asked = ((strategies[book.strategy_id], book.params) for book in books)
    return max(strategy.warm_up(strategy.params(params)) for strategy, params in asked)


def reads_of(books: Sequence[BookSpec], strategies: Mapping[str, AnyStrategy]) -> tuple[str, ...]:
    """The data ports that the books' strategies read, ascending."""
    return tuple(sorted({name for book in books for name in strategies[book.strategy_id].reads()}))


def _load(
    market: Market, session: Session, panel: Panel, directory: Path, asked: SliceQuestion, figures: Figures | None
) -> Slice:
    start, end = asked.start, asked.end
    resolved = resolve(session, panel, asked.universe, start, end, asof_members=asked.asof_members)
    told: tuple[str, ...] = ()
    if asked.timeframe == "1d":
        bars = _daily_bars(panel, resolved, asked)
    else:
        from app.services.backtests.intraday_bars import intraday_bars
        from app.services.intraday.store import store_beside

        store = store_beside(directory)
        bars, told = intraday_bars(session, store, panel, resolved, start, end, asked.warm_up, asked.timeframe)
    days: list[date] = np.unique(bars.sessions.astype("datetime64[D]")).astype(object).tolist()
    measured = [day for day in days if day >= start]
    ids = {panel.instruments[key].id: symbol for key, symbol in zip(bars.keys, bars.symbols, strict=True)}
    repository = MoveRepository(session)
    moves = repository.jumps(list(ids), days[0], days[-1])
    jumps = tuple(sorted(Jump(ids[move.instrument_id], move.session.isoformat(), move.ratio) for move in moves))
    inferred = repository.inferred(list(ids), days[0], days[-1])
    unadjusted = repository.unadjusted(list(ids), start, days[-1])
    later = {r.instrument_id: r.ex_date for r in reversed(inferred) if _not_yet_known(r)} if asked.strict else {}
    keys = {panel.instruments[key].id: key for key in bars.keys}
    dividends = _dividends(panel, bars)
    silent = [bars.symbols[n] for n in np.flatnonzero(~bars.traded[bars.start :].any(axis=0)).tolist()]
    bars, closed = without_quarantined(panel, bars, {keys[i]: day for i, day in later.items()})
    ports = ports_beside(session, panel, bars, asked.reads, figures) if asked.timeframe == "1d" else {}
    if ports:
        bars = replace(bars, ports=Ports(ports))
    for n, day in closed.items():  # how many shares are held from then on is not known
        dividends[np.searchsorted(bars.sessions, np.datetime64(day, "D")) :, n] = 0.0
    fates = {bars.keys[n]: Fate("QUARANTINED", day.isoformat()) for n, day in closed.items()}
    fates |= _delisted(session, panel, bars, end, fates)
    spec = UniverseSpec(index=resolved.index, symbols=resolved.symbols, asof_members=asked.asof_members)
    notes = (
        *slice_notes.made_up(market is Market.SAMPLE),
        *told,
        *slice_notes.missing(measured, start, end, len(resolved.missing), bars.start, asked.warm_up, asked.timeframe),
        *slice_notes.never_traded(silent),
        *run_notes(
            session,
            resolved.index,
            start,
            end,
            asof_members=asked.asof_members,
            read=[known_id(session, name.removeprefix(MEMBERS)) for name in ports if name.startswith(MEMBERS)],
        ),
        *slice_notes.company_figures(figures is not None, LAG_NOTE),
        *slice_notes.known_for(what_is_known(ports, bars), len(measured)),
        *slice_notes.in_quarantine({bars.symbols[n]: day for n, day in closed.items()}, bool(later)),
    )
    dismissed = dismissals(session.connection(), list(ids), days[0], days[-1])
    actions = (
        *slice_notes.dismissed([(ids[row.instrument_id], row.session) for row in dismissed]),
        *slice_notes.inferred([(ids[row.instrument_id], row) for row in inferred if row.instrument_id not in later]),
        *slice_notes.unadjusted([(ids[row.instrument_id], row) for row in unadjusted]),
    )
    paid = tuple(slice_notes.dividends_on_file(len(ids), repository.with_dividends(list(ids), measured[0], days[-1])))
    digest = hashlib.sha256(bars.root.encode())
    digest.update(canonical_json([bars.symbols, jumps, notes, fates]))  # all are in the result's bytes
    for name, port in sorted(ports.items()):
        digest.update(name.encode() + b"\0")
        digest.update(np.ascontiguousarray(port.value).data)
    return Slice(
        bars,
        f"{SCHEME}.{digest.hexdigest()}",
        _adjustment(bars, actions, dividends, paid, asked.strict),
        dividends,
        spec,
        jumps,
        (*notes, *actions, *paid),
        fates,
    )


def _delisted(session: Session, panel: Panel, bars: Bars, end: date, known: Mapping[str, Fate]) -> Mapping[str, Fate]:
    """Instruments of a slice that stopped trading in it and that a later list of the exchange has no more, by key.

    No list from after the end of the run is used: tomorrow's must not change what yesterday's run says.
    """
    traded = bars.traded
    gone = {
        key: bars.sessions[np.flatnonzero(traded[:, n])[-1]].astype("datetime64[D]").astype(object)
        for n, key in enumerate(bars.keys)
        if key not in known and traded[:, n].any() and not traded[bars.session > bars.session[-1] - STALE, n].any()
    }
    asked = [(panel.instruments[key], day) for key, day in sorted(gone.items())]
    found = delisted_on(session, [(info.id, info.instrument_type, day) for info, day in asked], end)
    return {info.key: Fate("DELISTED", found[info.id].isoformat()) for info, _ in asked if info.id in found}


def _daily_bars(panel: Panel, resolved: Universe, asked: SliceQuestion) -> Bars:
    _, measured, last = panel.window(asked.start, asked.end, asked.warm_up)
    if measured >= last:
        days = panel.sessions
        raise InsufficientDataError(
            f"No session between {asked.start} and {asked.end}; the data goes from {days[0]} to {days[-1]}",
            required=1,
            available=0,
        )
    return panel.bars(resolved.keys, asked.start, asked.end, warm_up=asked.warm_up, spans=resolved.spans)


def _dividends(panel: Panel, bars: Bars) -> NDArray[np.float64]:
    """Rupees for each share held into a bar, [T, N]: at the first bar of the ex-date's session."""
    days = bars.sessions.astype("datetime64[D]")
    first = np.flatnonzero(np.concatenate([[True], days[1:] != days[:-1]]))
    paid = np.zeros(bars.shape)
    paid[first] = panel.dividends(bars.keys, days[first])
    paid[: bars.start] = 0.0  # nothing is held before the first measured bar
    return paid


def _adjustment(
    bars: Bars, told: Sequence[str], dividends: NDArray[np.float64], told_of_dividends: Sequence[str], strict: bool
) -> str:
    """How signals see corporate actions, and the identity of those on file: of the factors, and of the dividends."""
    values = (bars.factor, told), (dividends, told_of_dividends)
    factors, paid = (
        hashlib.sha256(np.ascontiguousarray(array).tobytes() + canonical_json(list(words))).hexdigest()[:16]
        for array, words in values
    )
    return f"{ADJUSTMENTS[0]}@{'strict-' if strict else ''}{factors}+{paid}"


def _not_yet_known(row: AdjustmentFactor) -> bool:
    return row.tier == "INFERRED" and row.known_at > row.ex_date
