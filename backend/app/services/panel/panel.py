"""A panel that is open: chunks by year, the instruments in them, and slices of both as bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

import numpy as np

from app.engines.bars import B2, D1, F2, Bars, Prices
from app.services.panel.chunk import FIELDS, SERIES, Chunk
from app.services.panel.tree import combined

# A file's previous close and our last close are the same number; beyond a paisa and a little float noise they are not.
PREV_CLOSE_TOLERANCE = 0.0051


@dataclass(frozen=True)
class InstrumentInfo:
    """What the panel knows of an instrument beside its bars; `names` are its dated symbols, oldest first."""

    id: int
    key: str
    symbol: str
    name: str | None
    sector: str | None
    isin: str | None
    instrument_type: str
    names: tuple[tuple[date, date | None, str], ...] = ()
    factors: tuple[tuple[date, float], ...] = ()  # ex-date and how many shares one became, oldest first
    dividends: tuple[tuple[date, float], ...] = ()  # ex-date and rupees a share held into it, oldest first
    jumps: tuple[date, ...] = ()  # sessions of moves that nothing explains and nobody decided on, oldest first

    def quarantined_from(self, until: date) -> date | None:
        """The first open move up to a day: from it on no screen and no run may enter. None: there is none."""
        return self.jumps[0] if self.jumps and self.jumps[0] <= until else None

    def symbol_on(self, session: date) -> str:
        """The symbol it traded under on a day; the nearest one where none is recorded for that day."""
        held = [symbol for valid_from, _, symbol in self.names if valid_from <= session]
        if held:
            return held[-1]
        return self.names[0][2] if self.names else self.symbol


@dataclass(frozen=True)
class Panel:
    """All years, oldest first, and the instruments by key."""

    chunks: tuple[Chunk, ...]
    instruments: Mapping[str, InstrumentInfo]
    generation: str
    _columns: dict[int, dict[str, int]] = field(default_factory=dict, repr=False)

    @cached_property
    def sessions(self) -> D1:
        """Every session of the panel, ascending."""
        if not self.chunks:
            return np.array([], dtype="datetime64[D]")
        return np.concatenate([chunk.sessions for chunk in self.chunks])

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """Every instrument with a bar, ascending."""
        return tuple(sorted({key for chunk in self.chunks for key in chunk.keys}))

    @cached_property
    def root(self) -> str:
        """The snapshot: the root of the tree over all years, see `tree`."""
        return combined((chunk.year, chunk.root) for chunk in self.chunks)

    @cached_property
    def _holders(self) -> dict[str, list[tuple[date, date | None, str]]]:
        held: dict[str, list[tuple[date, date | None, str]]] = {}
        for key in self.keys:
            for valid_from, valid_to, symbol in self.instruments[key].names:
                held.setdefault(symbol, []).append((valid_from, valid_to, key))
        for spans in held.values():
            spans.sort(key=lambda span: (span[0], span[2]))
        return held

    def holders(self, symbol: str) -> list[tuple[date, date | None, str]]:
        """Who had a symbol and when: (first day, last day or None, instrument key), oldest first."""
        return self._holders.get(symbol, [])

    def _column_index(self, chunk: Chunk) -> dict[str, int]:
        index = self._columns.get(chunk.year)
        if index is None:
            index = self._columns[chunk.year] = {key: n for n, key in enumerate(chunk.keys)}
        return index

    def values(self, names: Sequence[str], keys: Sequence[str], first: int, last: int) -> dict[str, F2]:
        """Fields of some instruments over the sessions [first, last), each [T, N], NaN where there is no bar.

        One instrument's values lie together in memory, as on disk: the arrays are views of [N, T] ones.
        """
        out = {name: np.full((len(keys), last - first), np.nan) for name in names}
        offset = 0
        for chunk in self.chunks:
            size = len(chunk.sessions)
            lo, hi = max(first, offset), min(last, offset + size)
            if lo < hi:
                index = self._column_index(chunk)
                ours = [n for n, key in enumerate(keys) if key in index]
                theirs = [index[keys[n]] for n in ours]
                for name in names:
                    source = chunk.values[FIELDS.index(name)]
                    out[name][ours, lo - first : hi - first] = source[theirs, lo - offset : hi - offset]
            offset += size
        return {name: array.T for name, array in out.items()}

    def window(self, start: date | None, end: date | None, warm_up: int = 0) -> tuple[int, int, int]:
        """Indices (first, measured, last) of the sessions from `start` to `end`,
        and `warm_up` bars before, as available."""
        days = self.sessions
        measured = 0 if start is None else int(np.searchsorted(days, np.datetime64(start, "D")))
        last = len(days) if end is None else int(np.searchsorted(days, np.datetime64(end, "D"), side="right"))
        return max(0, measured - warm_up), measured, last

    def factors(self, keys: Sequence[str], sessions: D1) -> F2:
        """Forward-anchored cumulative factor, shape [T, N]: 1.0 before an instrument's first action."""
        out = np.ones((len(sessions), len(keys)))
        for n, key in enumerate(keys):
            for ex_date, factor in self.instruments[key].factors:
                out[int(np.searchsorted(sessions, np.datetime64(ex_date, "D"))) :, n] *= factor
        return out

    def dividends(self, keys: Sequence[str], sessions: D1) -> F2:
        """Rupees for each share held into a session, shape [T, N]; 0.0 on other days and before the first session.

        A dividend whose ex-date is no session of the slice is paid on the next one.
        """
        out = np.zeros((len(sessions), len(keys)))
        for n, key in enumerate(keys):
            for ex_date, amount in self.instruments[key].dividends:
                at = int(np.searchsorted(sessions, np.datetime64(ex_date, "D")))
                if at < len(sessions) and (at > 0 or sessions[0] == np.datetime64(ex_date, "D")):
                    out[at, n] += amount
        return out

    def bars(
        self,
        keys: Sequence[str],
        start: date | None,
        end: date | None,
        *,
        warm_up: int = 0,
        spans: Mapping[str, Sequence[tuple[date, date | None]]] | None = None,
    ) -> Bars:
        """Bars of some instruments, columns by ascending key, with `warm_up` sessions before `start`.

        `spans` gives the days an instrument belongs to the universe (last day included, None while it does); without
        it every instrument is a member throughout. Sessions of the slice are those of the whole panel.
        """
        ordered = tuple(sorted(keys))
        first, measured, last = self.window(start, end, warm_up)
        sessions = self.sessions[first:last]
        data = self.values(("open", "high", "low", "close", "prev_close", "volume"), ordered, first, last)
        member = np.ones((len(sessions), len(ordered)), dtype=np.bool_)
        if spans is not None:
            member[:] = False
            for n, key in enumerate(ordered):
                for valid_from, valid_to in spans.get(key, ()):
                    lo = int(np.searchsorted(sessions, np.datetime64(valid_from, "D")))
                    hi = len(sessions)
                    if valid_to is not None:
                        hi = int(np.searchsorted(sessions, np.datetime64(valid_to, "D"), side="right"))
                    member[lo:hi, n] = True
        until = sessions[-1].astype(object) if len(sessions) else date.max
        return Bars(
            sessions=sessions,
            keys=ordered,
            symbols=tuple(self.instruments[key].symbol_on(until) for key in ordered),
            raw=Prices(data["open"], data["high"], data["low"], data["close"]),
            raw_volume=data["volume"],
            factor=self.factors(ordered, sessions),
            gap=find_gaps(data["close"], data["prev_close"]),
            member=member,
            start=measured - first,
        )

    def series_on(self, keys: Sequence[str], index: int) -> list[str | None]:
        """The series each instrument traded in at one session."""
        codes = self.values(("series",), keys, index, index + 1)["series"][0]
        return [None if np.isnan(code) else SERIES[int(code)] for code in codes]


def find_gaps(close: F2, prev_close: F2) -> B2:
    """Where the file's previous close is not our last close, shape [T, N]: history is missing there, it is no jump.

    The first bar of an instrument is no gap, nor is a bar whose file gives no previous close.
    """
    traded = ~np.isnan(close.T)  # [N, T]: the way the panel keeps them
    at = np.where(traded, np.arange(close.shape[0]), -1)
    before = np.full(at.shape, -1)
    np.maximum.accumulate(at[:, :-1], axis=1, out=before[:, 1:])
    last = np.take_along_axis(close.T, np.maximum(before, 0), axis=1)
    with np.errstate(invalid="ignore"):
        differs = np.abs(prev_close.T - last) > PREV_CLOSE_TOLERANCE
    gap: B2 = (differs & traded & (before >= 0)).T
    return gap
