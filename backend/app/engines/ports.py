"""Data ports: what a strategy may read beside the bars, each value with the instant from which it was known.

A port is cut like the bars are: `up_to(instant)` leaves what was known then. Ports reach a strategy as `bars.ports`
(`bars.ports["fundamentals.eps"]`), and are cut with the bars by `bars.up_to`. The columns of a port are those of the
bars. Instants are exchange local time, datetime64[s].

Names in use: "fundamentals.<figure>" (`AsOf`, or `ByDay` where the figure in use was looked up day by day), "members"
(`AsOf`), "members.<index>" (`ByDay`: 1 or 0, NaN before any list of it), "stored.<field>" (`ByDay`: turnover, trades,
delivery, index_close, bars_listed, bands and marks), "names" (`Names`), "daily" (`DailyBars`, for intraday bars).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from app.engines.bars import Bars

F2 = NDArray[np.float64]
I1 = NDArray[np.int64]
Instants = NDArray[np.datetime64]


class Port(Protocol):
    """What can be cut at an instant, and narrowed to some columns."""

    def up_to(self, instant: np.datetime64) -> Port:
        """What was known at the instant."""

    def columns(self, keep: Sequence[int]) -> Port:
        """The same of some columns, in their order."""


def _renumbered(column: I1, keep: Sequence[int]) -> tuple[NDArray[np.bool_], I1]:
    """Which rows belong to the columns kept, and the new numbers of all rows' columns (-1: dropped)."""
    place = {old: new for new, old in enumerate(keep)}
    numbers = np.array([place.get(int(n), -1) for n in column], np.int64)
    return numbers >= 0, numbers


@dataclass(frozen=True, eq=False)
class AsOf:
    """Figures of instruments, M rows: a figure is about a day and known from an instant; a restatement is a later row.

    Attributes
    ----------
    width : N, columns of the bars
    column : shape [M]
    effective : shape [M], datetime64[D]: the end of the period, or the day from which a membership holds
    known_at : shape [M], datetime64[s]; where only a day is on record its last second, for the hour is not known
    value : shape [M], float64
    """

    width: int
    column: I1
    effective: NDArray[np.datetime64]
    known_at: Instants
    value: NDArray[np.float64]

    def _rows(self, keep: NDArray[np.bool_], **more: Any) -> AsOf:
        rows = {name: getattr(self, name)[keep] for name in ("column", "effective", "known_at", "value")}
        return replace(self, **(rows | {name: array[keep] for name, array in more.items()}))

    def up_to(self, instant: np.datetime64) -> AsOf:
        """The rows known at the instant."""
        return self._rows(self.known_at <= instant)

    def columns(self, keep: Sequence[int]) -> AsOf:
        """The rows of some columns."""
        held, numbers = _renumbered(self.column, keep)
        return replace(self._rows(held, column=numbers), width=len(keep))

    def at(self, instants: Instants) -> F2:
        """What was known at each instant, [T, N]: of the latest period known then, as last stated then; else NaN."""
        out = np.full((len(instants), self.width), np.nan)
        for t, instant in enumerate(instants):
            known = np.flatnonzero(self.known_at <= instant)
            order = np.lexsort((self.known_at[known], self.effective[known]))
            out[t, self.column[known[order]]] = self.value[known[order]]  # the last of a column stays
        return out


@dataclass(frozen=True, eq=False)
class ByDay:
    """A number of each instrument by session, as it was known in its evening.

    `known_at`, shape [D], ascending, is when each session's numbers were known; `value`, shape [D, N], NaN unknown.
    """

    known_at: Instants
    value: F2

    def up_to(self, instant: np.datetime64) -> ByDay:
        """The sessions known at the instant."""
        count = int(np.searchsorted(self.known_at, instant, side="right"))
        return ByDay(self.known_at[:count], self.value[:count])

    def columns(self, keep: Sequence[int]) -> ByDay:
        """The same of some columns."""
        return replace(self, value=self.value[:, list(keep)])

    def at(self, instants: Instants) -> F2:
        """The numbers of the last session known at each instant, [T, N]; NaN before the first."""
        rows = np.searchsorted(self.known_at, instants, side="right") - 1
        out = np.full((len(instants), self.value.shape[1]), np.nan)
        out[rows >= 0] = self.value[rows[rows >= 0]]
        return out


@dataclass(frozen=True, eq=False)
class Names:
    """Symbols of instruments, M rows: from an instant on it was known that the instrument has this symbol.

    `first` holds N symbols, those before any row.
    """

    first: tuple[str, ...]
    column: I1
    known_at: Instants
    symbol: tuple[str, ...]

    def up_to(self, instant: np.datetime64) -> Names:
        """The rows known at the instant."""
        keep = np.flatnonzero(self.known_at <= instant)
        symbols = tuple(self.symbol[i] for i in keep)
        return replace(self, column=self.column[keep], known_at=self.known_at[keep], symbol=symbols)

    def columns(self, keep: Sequence[int]) -> Names:
        """The rows of some columns."""
        held, numbers = _renumbered(self.column, keep)
        rows = np.flatnonzero(held)
        return Names(
            tuple(self.first[n] for n in keep),
            numbers[rows],
            self.known_at[rows],
            tuple(self.symbol[i] for i in rows),
        )

    def at(self, instant: np.datetime64) -> tuple[str, ...]:
        """The N symbols as known at an instant."""
        names = list(self.first)
        for i in np.argsort(self.known_at, kind="stable"):
            if self.known_at[i] <= instant:
                names[self.column[i]] = self.symbol[i]
        return tuple(names)


@dataclass(frozen=True, eq=False)
class DailyBars:
    """Daily bars beside intraday ones.

    `available_at`, shape [T], is when each session's bar was published: after the close, so never within its session.
    """

    bars: Bars
    available_at: Instants

    def up_to(self, instant: np.datetime64) -> DailyBars:
        """The sessions published at the instant."""
        count = int(np.searchsorted(self.available_at, instant, side="right"))
        return DailyBars(self.bars.up_to(count), self.available_at[:count])

    def columns(self, keep: Sequence[int]) -> DailyBars:
        """The same of some columns."""
        return replace(self, bars=self.bars.columns(keep))

    def rows(self, instants: Instants) -> I1:
        """Index of the last session published at each instant, [T]; -1 where there is none."""
        return np.searchsorted(self.available_at, instants, side="right").astype(np.int64) - 1


class Ports(Mapping[str, Any]):
    """The ports of some bars by name, cut when they are read. `read` keeps the names that were asked for."""

    def __init__(
        self,
        sources: Mapping[str, Port] | None = None,
        *,
        until: np.datetime64 | None = None,
        keep: Sequence[int] | None = None,
        read: set[str] | None = None,
        change: Callable[[Port], Port] | None = None,
    ) -> None:
        self._sources: Mapping[str, Port] = {} if sources is None else sources
        self._until, self._keep, self._change = until, keep, change
        self.read: set[str] = set() if read is None else read

    def up_to(self, instant: np.datetime64) -> Ports:
        """The same ports, as known at the instant."""
        until = instant if self._until is None else min(instant, self._until)
        return Ports(self._sources, until=until, keep=self._keep, read=self.read, change=self._change)

    def columns(self, keep: Sequence[int]) -> Ports:
        """The same ports, of some columns."""
        chosen = list(keep) if self._keep is None else [self._keep[n] for n in keep]
        return Ports(self._sources, until=self._until, keep=chosen, read=self.read, change=self._change)

    def changed(self, change: Callable[[Port], Port]) -> Ports:
        """The same ports, each changed by a function when it is read, before it is cut."""
        return Ports(self._sources, until=self._until, keep=self._keep, read=self.read, change=change)

    def __getitem__(self, name: str) -> Any:
        if name not in self._sources:
            held = ", ".join(sorted(self._sources)) or "none"
            raise KeyError(f"there is no data port {name!r} beside these bars; there are: {held}")
        self.read.add(name)
        port = self._whole(name)
        if self._keep is not None:
            port = port.columns(self._keep)
        return port if self._until is None else port.up_to(self._until)

    def symbols(self, instant: np.datetime64) -> tuple[str, ...] | None:
        """The symbols of the columns at an instant, where there is a port of names; it does not count as read."""
        names = self._whole("names") if "names" in self._sources else None
        if not isinstance(names, Names):
            return None
        return (names if self._keep is None else names.columns(self._keep)).at(instant)

    def _whole(self, name: str) -> Port:
        return self._sources[name] if self._change is None else self._change(self._sources[name])

    def __contains__(self, name: object) -> bool:
        return name in self._sources

    def __iter__(self) -> Iterator[str]:
        return iter(self._sources)

    def __len__(self) -> int:
        return len(self._sources)
