"""What a field is computed from: one session's bars, the fused kernel's results, other fields, and the history."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from app.engines.bars import Bars
from app.engines.screener.fields import Field
from app.engines.screener.restate import restate
from app.engines.screener.rows import Last

F1 = NDArray[np.float64]
F2 = NDArray[np.float64]
B2 = NDArray[np.bool_]


class History:
    """Bars up to the session in shares of the session, each [T, N]; `gap` says where history is missing."""

    def __init__(self, bars: Bars, t: int) -> None:
        self._bars, self._until = bars, t + 1
        self.gap: B2 = bars.gap[: t + 1]
        self._factor: F2 = bars.factor[: t + 1]

    @cached_property
    def open(self) -> F2:
        return self._restated(self._bars.raw.open, 1)

    @cached_property
    def high(self) -> F2:
        return self._restated(self._bars.raw.high, 1)

    @cached_property
    def low(self) -> F2:
        return self._restated(self._bars.raw.low, 1)

    @cached_property
    def close(self) -> F2:
        return self._restated(self._bars.raw.close, 1)

    @cached_property
    def volume(self) -> F2:
        return self._restated(self._bars.raw_volume, -1)

    def _restated(self, values: F2, degree: int) -> F2:
        columns = np.ascontiguousarray(values[: self._until].T)
        out = np.empty(columns.shape)
        for n, column in enumerate(columns):
            factor = np.ascontiguousarray(self._factor[:, n])
            restate(column, factor, float(factor[-1]), degree, out[n])
        return out.T


class Inputs:
    """One session of N instruments.

    Attributes
    ----------
    open, high, low, close, volume : shape [N], raw, as printed
    turnover : shape [N], rupees
    """

    def __init__(self, bars: Bars, t: int, last: F2, turnover: F1, fields: Mapping[str, Field]) -> None:
        raw = bars.raw
        self.open: F1 = raw.open[t]
        self.high: F1 = raw.high[t]
        self.low: F1 = raw.low[t]
        self.close: F1 = raw.close[t]
        self.volume: F1 = bars.raw_volume[t]
        self.turnover: F1 = turnover
        self._bars, self._t, self._last, self._fields = bars, t, last, fields
        self._known: dict[str, F1] = {}
        self._asked: set[str] = set()

    def last(self, row: Last) -> F1:
        """A result of the fused kernel, in rupees and shares of the session."""
        found: F1 = self._last[row]
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
