"""What a field is computed from: one session's bars, the fused kernel's results, other fields, and the history."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from app.engines.bars import Bars
from app.engines.screener.fields import Field
from app.engines.screener.rows import Last

F1 = NDArray[np.float64]
F2 = NDArray[np.float64]
B2 = NDArray[np.bool_]


class History:
    """Forward-anchored bars up to the session, each [T, N]; `gap` says where history is missing."""

    def __init__(self, bars: Bars, t: int) -> None:
        self._bars, self._until = bars, t + 1
        self.gap: B2 = bars.gap[: t + 1]

    @cached_property
    def open(self) -> F2:
        return self._bars.open[: self._until]

    @cached_property
    def high(self) -> F2:
        return self._bars.high[: self._until]

    @cached_property
    def low(self) -> F2:
        return self._bars.low[: self._until]

    @cached_property
    def close(self) -> F2:
        return self._bars.close[: self._until]

    @cached_property
    def volume(self) -> F2:
        return self._bars.volume[: self._until]


class Inputs:
    """One session of N instruments.

    Attributes
    ----------
    open, high, low, close, volume : shape [N], raw, as printed
    turnover : shape [N], rupees
    factor : shape [N]; anchored prices divided by it are rupees of the session
    anchored : shape [N], the close times its factor
    """

    def __init__(self, bars: Bars, t: int, last: F2, turnover: F1, fields: Mapping[str, Field]) -> None:
        raw = bars.raw
        self.open: F1 = raw.open[t]
        self.high: F1 = raw.high[t]
        self.low: F1 = raw.low[t]
        self.close: F1 = raw.close[t]
        self.volume: F1 = bars.raw_volume[t]
        self.turnover: F1 = turnover
        self.factor: F1 = bars.factor[t]
        self.anchored: F1 = self.close * self.factor
        self._bars, self._t, self._last, self._fields = bars, t, last, fields
        self._known: dict[str, F1] = {}
        self._asked: set[str] = set()

    def last(self, row: Last) -> F1:
        """A result of the fused kernel; prices in it are forward-anchored."""
        found: F1 = self._last[row]
        return found

    def rupees(self, row: Last) -> F1:
        """The same in rupees of the session."""
        found: F1 = self._last[row] / self.factor
        return found

    @cached_property
    def history(self) -> History:
        """All bars up to the session."""
        return History(self._bars, self._t)

    def newest(self, indicator: Callable[[History], F2]) -> F1:
        """The newest value of a [T, N] function of the history, for what the fused kernel does not hold."""
        return np.asarray(indicator(self.history)[-1], dtype=np.float64)

    def __getitem__(self, name: str) -> F1:
        """Another field. Raises KeyError when there is none, ValueError when fields ask for each other in a circle."""
        found = self._known.get(name)
        if found is None:
            field = self._fields[name]
            if name in self._asked:
                raise ValueError(f"the field {name} is defined by itself")
            self._asked.add(name)
            found = self._known[name] = field.of(self)
            self._asked.discard(name)
        return found
