"""What stands beside the daily bars of a run, day by day: the screener's stored fields and members as data ports.

Each value is the one that the screener gives for that day: of a company figure the one known by then, see
`FigureSteps`; of an index who belonged to it, unknown before its first list on file; of a band or a mark what a file of
that day says. What is published of a day in its evening counts as known at the day's end, for a decision is acted on at
the next open.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.engines.bars import Bars
from app.engines.ports import ByDay
from app.engines.screener.language.frame import Texts
from app.engines.strategies.screened import MEMBERS
from app.exceptions import ValidationError
from app.repositories import market_rules
from app.repositories.index_series import index_closes
from app.repositories.indices import IndexRepository
from app.services.fundamentals import Figures
from app.services.panel import Panel
from app.services.screens.figures import FigureSteps
from app.services.screens.marks import MARKS, MarkTable
from app.services.screens.rows import FIGURES, first_day
from app.services.screens.service import BENCHMARK
from app.services.universe import known_id

F2 = NDArray[np.float64]

_FIGURE: Final = "fundamentals."
_STORED: Final = ("turnover", "trades", "delivery", "index_close", "bars_listed")


def is_figure(name: str) -> bool:
    """Whether a port is of company figures."""
    return name.startswith(_FIGURE)


def ports_beside(
    session: Session, panel: Panel, bars: Bars, names: Sequence[str], figures: Figures | None
) -> dict[str, ByDay]:
    """Data ports by name, each a value a bar and instrument, known at the bar's decision.

    `figures` may be None where no port of company figures is asked for. ValidationError names a port that there is not;
    DataNotFoundError an index.
    """
    steps = None if figures is None else FigureSteps(figures)
    out: dict[str, ByDay] = {}
    for name in names:
        kind, _, field = name.partition(".")
        if is_figure(name) and field in FIGURES and steps is not None:
            values = _figure(panel, bars, field, steps)
        elif kind == "stored" and field in _STORED:
            values = _stored(session, panel, bars, field)
        elif kind == "stored" and field in MARKS:
            values = _marks(session, panel, bars, field)
        elif name.startswith(MEMBERS):
            values = _members(session, panel, bars, known_id(session, field))
        else:
            stored = [f"stored.{one}" for one in (*_STORED, *MARKS)]
            known = sorted([*(_FIGURE + one for one in FIGURES), *stored, f"{MEMBERS}<index>"])
            raise ValidationError(
                f"A strategy reads {name}, and there is no such data port", "strategy_ids", details={"known": known}
            )
        out[name] = ByDay(bars.decided_at, values)
    return out


def what_is_known(ports: Mapping[str, ByDay], bars: Bars) -> Iterator[tuple[str, int, date | None]]:
    """Of each port of members or marks: its name, of how many measured sessions it is on file, and since when."""
    for name, port in ports.items():
        if name.startswith(MEMBERS) or name.partition(".")[2] in MARKS:
            told = np.flatnonzero(~np.isnan(port.value[bars.start :]).all(axis=1))
            first = (
                None if not len(told) else bars.sessions[bars.start + told[0]].astype("datetime64[D]").astype(object)
            )
            yield name, len(told), first


def _members(session: Session, panel: Panel, bars: Bars, index: str) -> F2:
    spans = IndexRepository(session).all_spans(index)
    days = bars.sessions.astype("datetime64[D]")
    out = np.zeros(bars.shape)
    for n, key in enumerate(bars.keys):
        for begin, end in spans.get(panel.instruments[key].id, ()):
            last = len(days) if end is None else np.searchsorted(days, np.datetime64(end), side="right")
            out[np.searchsorted(days, np.datetime64(begin)) : last, n] = 1.0
    first = first_day(spans)
    out[: len(days) if first is None else np.searchsorted(days, np.datetime64(first))] = np.nan
    return out


def _marks(session: Session, panel: Panel, bars: Bars, field: str) -> F2:
    """Marks are listed by symbol: each instrument's is looked up under its name of the day."""
    days = bars.sessions.astype("datetime64[D]")
    table = MarkTable(market_rules.flags(session, [MARKS[field].flag], days[-1].astype(object)), days)
    named = [panel.instruments[key] for key in bars.keys]
    known = sorted({name for info in named for name in (info.symbol, *(held[2] for held in info.names))})
    code = {name: n for n, name in enumerate(known)}
    codes = np.empty(bars.shape, np.int32)
    for n, info in enumerate(named):
        codes[:, n] = code[info.names[0][2] if info.names else info.symbol]
        for valid_from, _, symbol in info.names:
            codes[np.searchsorted(days, np.datetime64(valid_from)) :, n] = code[symbol]
    rows = np.repeat(np.arange(len(days), dtype=np.int32), bars.shape[1])
    return table.number(field, rows, Texts(codes.reshape(-1), known)).reshape(bars.shape)


def _figure(panel: Panel, bars: Bars, field: str, steps: FigureSteps) -> F2:
    count, instruments = bars.shape
    ids = np.tile(np.array([panel.instruments[key].id for key in bars.keys], np.int64), count)
    days = np.repeat(bars.sessions.astype("datetime64[D]").astype(np.int64), instruments)
    out = np.full(count * instruments, np.nan)
    for kind, stored in FIGURES[field]:  # the first that knows a figure gives it
        found = (steps.account if kind == "ANNUAL" else steps.snapshot)(stored, ids, days)
        out = np.where(np.isnan(out), found, out)
    return out.reshape(bars.shape)


def _stored(session: Session, panel: Panel, bars: Bars, field: str) -> F2:
    days = bars.sessions.astype("datetime64[D]")
    first = int(np.searchsorted(panel.sessions, days[0]))
    last = first + len(days)
    if field == "index_close":
        closes = dict(index_closes(session, BENCHMARK, days[0].astype(object), days[-1].astype(object)))
        values = np.array([closes.get(day, np.nan) for day in days.tolist()], np.float64)
        return np.tile(values[:, None], (1, bars.shape[1]))
    if field == "bars_listed":
        traded = ~np.isnan(panel.values(("close",), bars.keys, 0, last)["close"])
        return np.where(traded, np.cumsum(traded, axis=0), np.nan)[first:]
    return np.ascontiguousarray(panel.values((field,), bars.keys, first, last)[field])
