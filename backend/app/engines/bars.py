"""Bars: what every engine reads. Fields as [T, N] arrays, time first, one column an instrument.

Raw prices are what the exchange published: fills, quantities, ticks, bands and charges use them. Signals use the
forward-anchored prices, raw times the cumulative factor of the corporate actions so far: the past is never rescaled,
so a new action changes no earlier value, and cutting the future off changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.engines.ports import Ports

F2 = NDArray[np.float64]
B2 = NDArray[np.bool_]
D1 = NDArray[np.datetime64]


_BEFORE_ALL = np.datetime64("0001-01-01", "s")
_SECONDS = {
    **{f"{minutes}m": minutes * 60 for minutes in (1, 3, 5, 10, 15, 30)},
    "1h": 3600,
    "1d": 86_400 - 1,
    "1w": 7 * 86_400 - 1,
    "1mo": 28 * 86_400 - 1,  # the shortest month: never later than the period's end
}


class Prices(NamedTuple):
    """Open, high, low, close, each [T, N] rupees as traded; NaN where the instrument has no bar."""

    open: F2
    high: F2
    low: F2
    close: F2


@dataclass(frozen=True, eq=False)
class Bars:
    """Bars of N instruments over T sessions.

    Attributes
    ----------
    sessions : shape [T], datetime64[D] (daily) or datetime64[s] (intraday, exchange local time), ascending
    keys : N instrument keys, ascending; the tie-break of every ranking
    symbols : N symbols, the name each instrument had at its last session in this slice
    raw : prices as traded, NaN where there is no bar
    raw_volume : shape [T, N], shares; NaN where there is no bar
    factor : shape [T, N], forward-anchored cumulative adjustment factor, 1.0 before the first action;
        never NaN, also where there is no bar
    gap : shape [T, N]; True where history is missing just before the bar, so that every window restarts there
    member : shape [T, N]; True where the instrument belongs to the universe in that session
    start : index of the first measured bar; the bars before it are warm-up
    timeframe : "1d", "15m", …
    ports : what else may be read beside the bars, by name, each value dated by when it was known
    """

    sessions: D1
    keys: tuple[str, ...]
    symbols: tuple[str, ...]
    raw: Prices
    raw_volume: F2
    factor: F2
    gap: B2
    member: B2
    start: int = 0
    timeframe: str = "1d"
    ports: Ports = field(default_factory=Ports)

    def __post_init__(self) -> None:
        shape = (len(self.sessions), len(self.keys))
        if len(self.symbols) != shape[1]:
            raise ValueError(f"{len(self.symbols)} symbols for {shape[1]} keys")
        arrays = {**self.raw._asdict(), "raw_volume": self.raw_volume, "factor": self.factor}
        for name, array in {**arrays, "gap": self.gap, "member": self.member}.items():
            if array.shape != shape:
                raise ValueError(f"{name} has shape {array.shape}, expected {shape}")
        if shape[0] > 1 and not (self.sessions[1:] > self.sessions[:-1]).all():
            raise ValueError("sessions must be strictly ascending")
        if not 0 <= self.start <= shape[0]:
            raise ValueError(f"start {self.start} lies outside 0..{shape[0]}")

    @property
    def shape(self) -> tuple[int, int]:
        """T sessions, N instruments."""
        return len(self.sessions), len(self.keys)

    @cached_property
    def open(self) -> F2:
        """Forward-anchored open, shape [T, N]."""
        return self.raw.open * self.factor

    @cached_property
    def high(self) -> F2:
        """Forward-anchored high, shape [T, N]."""
        return self.raw.high * self.factor

    @cached_property
    def low(self) -> F2:
        """Forward-anchored low, shape [T, N]."""
        return self.raw.low * self.factor

    @cached_property
    def close(self) -> F2:
        """Forward-anchored close, shape [T, N]."""
        return self.raw.close * self.factor

    @cached_property
    def volume(self) -> F2:
        """Volume in shares of the first bar's denomination, shape [T, N]: raw volume divided by the factor."""
        return self.raw_volume / self.factor

    @cached_property
    def decided_at(self) -> D1:
        """The instant of each bar's decision, shape [T], datetime64[s], exchange local time.

        An intraday bar decides at its end; a daily one with all that its day brought, for it is acted on at the next
        open; a weekly or monthly one with all that its period brought.
        """
        return self.sessions.astype("datetime64[s]") + _SECONDS[self.timeframe]

    def in_rupees_of_its_bar(self, anchored: F2) -> F2:
        """A forward-anchored value (a moving average, a channel) in the rupees one saw on its own day."""
        return anchored / self.factor

    def up_to(self, bars: int) -> Bars:
        """The first `bars` bars: what was known then, the ports and the symbols included."""
        ports, symbols = self.ports, self.symbols
        if len(ports):
            instant = self.decided_at[bars - 1] if bars else _BEFORE_ALL
            ports, symbols = ports.up_to(instant), ports.symbols(instant) or symbols
        return replace(
            self,
            sessions=self.sessions[:bars],
            symbols=symbols,
            ports=ports,
            raw=Prices(*(field[:bars] for field in self.raw)),
            raw_volume=self.raw_volume[:bars],
            factor=self.factor[:bars],
            gap=self.gap[:bars],
            member=self.member[:bars],
            start=min(self.start, bars),
        )

    def columns(self, keep: Sequence[int]) -> Bars:
        """The same bars of some instruments, in the order given."""
        chosen = list(keep)
        return replace(
            self,
            keys=tuple(self.keys[n] for n in chosen),
            symbols=tuple(self.symbols[n] for n in chosen),
            raw=Prices(*(prices[:, chosen] for prices in self.raw)),
            raw_volume=self.raw_volume[:, chosen],
            factor=self.factor[:, chosen],
            gap=self.gap[:, chosen],
            member=self.member[:, chosen],
            ports=self.ports.columns(chosen) if len(self.ports) else self.ports,
        )

    def closed_from(self, first: Mapping[int, int]) -> Bars:
        """The same with nothing to trade in some columns from a bar on: `first` gives the bar by column.

        There prices and volumes are NaN and the instrument is no member: it cannot be bought, and what is held keeps
        its last price.
        """
        if not first:
            return self
        fields = [field.copy() for field in (*self.raw, self.raw_volume)]
        member = self.member.copy()
        for column, bar in first.items():
            member[bar:, column] = False
            for values in fields:
                values[bar:, column] = np.nan
        return replace(self, raw=Prices(*fields[:4]), raw_volume=fields[4], member=member)

    @classmethod
    def from_ohlcv(
        cls,
        sessions: Sequence[Any] | D1,
        ohlcv: dict[str, tuple[Any, Any, Any, Any, Any]],
        *,
        timeframe: str = "1d",
        factor: F2 | None = None,
        start: int = 0,
    ) -> Bars:
        """Bars of symbols that share their sessions: `{symbol: (open, high, low, close, volume)}`, each of length T.

        The symbol is its own key; every symbol is a member throughout. For files of foreign bars and for tests.
        """
        unit = "D" if timeframe == "1d" else "s"
        times = np.asarray(sessions, dtype=f"datetime64[{unit}]")
        keys = tuple(sorted(ohlcv))
        columns = [np.column_stack([np.asarray(ohlcv[key][i], dtype=np.float64) for key in keys]) for i in range(5)]
        shape = (len(times), len(keys))
        return cls(
            sessions=times,
            keys=keys,
            symbols=keys,
            raw=Prices(*columns[:4]),
            raw_volume=columns[4],
            factor=np.ones(shape) if factor is None else factor,
            gap=np.zeros(shape, dtype=np.bool_),
            member=np.ones(shape, dtype=np.bool_),
            start=start,
            timeframe=timeframe,
        )
