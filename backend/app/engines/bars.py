"""Bars: what every engine reads. Fields as [T, N] arrays, time first, one column an instrument.

Raw prices are what the exchange published: fills, quantities, ticks, bands and charges use them. Signals use the
forward-anchored prices, raw times the cumulative factor of the corporate actions so far: the past is never rescaled,
so a new action changes no earlier value, and cutting the future off changes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.engines.ports import Ports

F2 = NDArray[np.float64]
B2 = NDArray[np.bool_]
B1 = NDArray[np.bool_]
F1 = NDArray[np.float64]
I1 = NDArray[np.int64]
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
    def root(self) -> str:
        """A hash of the prices, volumes and members: tomorrow's file leaves that of bars that end today alone.

        What companies did with their shares is not in it: it is an input of its own.
        """
        digest = hashlib.sha256()
        digest.update("\n".join(self.keys).encode())
        digest.update(self.sessions.astype(np.int64).tobytes())
        for array in (*self.raw, self.raw_volume, self.gap, self.member):
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()

    @cached_property
    def step(self) -> F2:
        """Shares after each ex-date for one before, [T, N]; one row of ones where there is none."""
        if not self.ex_date.any():
            return np.ones((1, self.shape[1]))
        step = np.ones(self.shape)
        step[1:] = self.factor[1:] / self.factor[:-1]
        return step

    @cached_property
    def ex_date(self) -> B1:
        """Whether any instrument's factor changes at the bar, shape [T]."""
        ex_date = np.zeros(self.shape[0], np.bool_)
        np.any(self.factor[1:] != self.factor[:-1], axis=1, out=ex_date[1:])
        return ex_date

    @cached_property
    def last(self) -> B1:
        """Whether the bar is its session's last, shape [T]."""
        days = self.sessions.astype("datetime64[D]")
        last = np.ones(self.shape[0], np.bool_)
        np.not_equal(days[1:], days[:-1], out=last[:-1])
        return last

    @cached_property
    def closes(self) -> I1:
        """The last bar of each session."""
        return np.flatnonzero(self.last)

    @cached_property
    def session(self) -> I1:
        """The number of each bar's session, shape [T]."""
        session = np.zeros(self.shape[0], np.int64)
        np.cumsum(self.last[:-1], out=session[1:])
        return session

    @cached_property
    def seconds(self) -> I1:
        """The time of each bar since 1970, shape [T]."""
        return self.sessions.astype("datetime64[s]", copy=False).view(np.int64)

    @cached_property
    def traded(self) -> B2:
        """Where the instrument has a close, shape [T, N]."""
        return ~np.isnan(self.raw.close)

    @cached_property
    def members(self) -> F1:
        """How many instruments belong to the universe at each bar, shape [T]."""
        counted: F1 = self.member.sum(axis=1, dtype=np.float64)
        return counted

    @cached_property
    def dealt(self) -> Prices:
        """The raw prices of bars in which anything was dealt.

        A bar of no volume is no bar: nobody traded. Where an instrument never has any volume it is taken for unknown.
        """
        idle = (self.raw_volume == 0.0) & (self.raw_volume > 0.0).any(axis=0)
        return Prices(*(np.where(idle, np.nan, prices) for prices in self.raw)) if idle.any() else self.raw

    @cached_property
    def impossible(self) -> str | None:
        """The first value that cannot be, in words; looked for once."""
        volume, factor = self.raw_volume, self.factor
        for name, prices in self.raw._asdict().items():
            wrong = self.first_wrong(name, prices, (prices <= 0.0) | np.isinf(prices), "a finite price above 0")
            if wrong is not None:
                return wrong
        return self.first_wrong(
            "volume", volume, (volume < 0.0) | np.isinf(volume), "0 shares or more"
        ) or self.first_wrong("factor", factor, ~((factor > 0.0) & np.isfinite(factor)), "a finite number above 0")

    @cached_property
    def least_price(self) -> float:
        """The lowest of all prices, rupees; infinite where there is none."""
        floats = (np.asarray(prices, np.float64) for prices in self.raw)
        return min(float(np.fmin.reduce(prices, axis=None, initial=np.inf)) for prices in floats)

    def first_wrong(self, name: str, values: F2, wrong: B2, expected: str) -> str | None:
        """In words the first of `values` [T, N] that is `wrong`; None where none is."""
        if not wrong.any():
            return None
        t, n = np.argwhere(wrong)[0]
        return f"{name} of {self.symbols[n]} on {self.sessions[t]} is {values[t, n]}, expected {expected}"

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
