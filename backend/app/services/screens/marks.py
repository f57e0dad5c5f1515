"""Bands and marks as files give them: what a screen reads of a session of which a file tells, and no other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.engines.bars import D1
from app.engines.screener.language.frame import Texts
from app.repositories.market_rules import FlagRow

F1 = NDArray[np.float64]
I1 = NDArray[np.int64]
I4 = NDArray[np.int32]
B1 = NDArray[np.bool_]


class Mark(NamedTuple):
    """A field of marks. `whole`: a file of a day names all that have it, so that the others have it not."""

    flag: str
    whole: bool
    number: bool = False


MARKS: Final[dict[str, Mark]] = {
    "hit_upper_band": Mark("BAND_HIT_UP", whole=True),
    "hit_lower_band": Mark("BAND_HIT_DOWN", whole=True),
    "has_derivatives": Mark("DERIVATIVES", whole=True),
    "under_surveillance": Mark("SURVEILLANCE", whole=False),
    "price_band": Mark("BAND", whole=False, number=True),
}


class MarkTable:
    """Marks by session and symbol, looked up for rows."""

    def __init__(self, rows: Iterable[FlagRow], sessions: D1) -> None:
        self._sessions = sessions
        self._held: dict[str, list[tuple[int, str, float]]] = {}
        for row in rows:
            day = int(np.searchsorted(sessions, np.datetime64(row.date, "D")))
            if day < len(sessions) and sessions[day] == np.datetime64(row.date, "D"):
                value = np.nan if row.band_pct is None else row.band_pct
                self._held.setdefault(row.flag, []).append((day, row.symbol, value))

    def number(self, name: str, days: I4, symbols: Texts) -> F1:
        """A field on rows of these sessions and symbols, [R]: NaN where no file tells; a flag is 1 or 0."""
        mark = MARKS[name]
        code = {value: n for n, value in enumerate(symbols.values)}
        told = [(day, code[symbol], value) for day, symbol, value in self._held.get(mark.flag, ()) if symbol in code]
        out = np.full(len(days), np.nan)
        if mark.whole:
            known = np.zeros(len(self._sessions) + 1, np.bool_)
            known[[day for day, _, _ in self._held.get(mark.flag, ())]] = True
            out[known[days]] = 0.0
        if not told:
            return out
        size = len(symbols.values)
        keys, place = np.unique(np.array([day * size + at for day, at, _ in told], np.int64), return_index=True)
        values = np.array([value for _, _, value in told])[place] if mark.number else np.ones(len(keys))
        rows = days.astype(np.int64) * size + symbols.codes
        at = np.minimum(np.searchsorted(keys, rows), len(keys) - 1)
        hit = (keys[at] == rows) & (symbols.codes >= 0)
        out[hit] = values[at[hit]]
        return out
