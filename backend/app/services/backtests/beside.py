"""What stands beside the daily bars of a run, day by day: the screener's stored fields as data ports.

Each value is the one that the screener gives for that day: of a company figure the one known by then, see
`FigureSteps`. What is published of a day in its evening counts as known at the day's end, for a decision is acted on at
the next open.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.engines.bars import Bars
from app.engines.ports import ByDay
from app.exceptions import ValidationError
from app.repositories.index_series import index_closes
from app.services.fundamentals import Figures
from app.services.panel import Panel
from app.services.screens.figures import FigureSteps
from app.services.screens.rows import FIGURES
from app.services.screens.service import BENCHMARK

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

    `figures` may be None where no port of company figures is asked for. ValidationError names a port that there is not.
    """
    steps = None if figures is None else FigureSteps(figures)
    out: dict[str, ByDay] = {}
    for name in names:
        kind, _, field = name.partition(".")
        if is_figure(name) and field in FIGURES and steps is not None:
            values = _figure(panel, bars, field, steps)
        elif kind == "stored" and field in _STORED:
            values = _stored(session, panel, bars, field)
        else:
            known = sorted([*(_FIGURE + one for one in FIGURES), *(f"stored.{one}" for one in _STORED)])
            raise ValidationError(
                f"A strategy reads {name}, and there is no such data port", "strategy_ids", details={"known": known}
            )
        out[name] = ByDay(bars.decided_at, values)
    return out


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
