"""The market at a session: breadth, sectors and their rotation, indices, what was traded most; and breadth by day."""

from __future__ import annotations

import threading
from collections import OrderedDict
from datetime import date
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.database import Market
from app.engines.screener.history import by_day
from app.engines.screener.language import Expression
from app.engines.screener.language.frame import UNCLASSIFIED
from app.engines.screener.language.kinds import TRUE, UNKNOWN
from app.repositories.index_series import recent_closes
from app.repositories.indices import IndexRepository
from app.services.panel import Panel
from app.services.screener import ScreenerService
from app.services.screens.answers import SessionTable
from app.services.screens.service import ALL, Universe, deadline
from app.services.universe import index_id, known_id

B1 = NDArray[np.bool_]
F1 = NDArray[np.float64]

SHARES: Final = {
    "above_sma_20": "close > sma(close, 20)",
    "above_sma_50": "close > sma(close, 50)",
    "above_sma_200": "close > sma(close, 200)",
}
EVENTS: Final = {
    "advances": "change_pct > 0",
    "declines": "change_pct < 0",
    "new_highs": "new_52w_high",
    "new_lows": "new_52w_low",
}
MOVES: Final = ("change_pct", "trend_7d", "trend_30d", "return_3m")
SHOWN_ACTIVE: Final = 15
SHOWN_DAYS: Final = 252
_INDEX_SPANS: Final = {"change_pct": 1, "trend_7d": 5, "trend_30d": 21}
_KEPT: Final = 4
_SECONDS: Final = 60.0


class MarketOverview:
    """Everything is asked in the language of screens, of the stocks of a universe on that day."""

    def __init__(self, screener: ScreenerService) -> None:
        self._screener = screener
        self._days: OrderedDict[tuple[Any, ...], dict[str, NDArray[np.int64]]] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, market: Market, session: Session, index: str = ALL, asof: date | None = None) -> dict[str, Any]:
        """The overview. Raises DataNotFoundError, InsufficientDataError as the screener."""
        screens = self._screener.screens
        panel, found = self._screener.table(market, asof)
        universe = Universe(index_id(index))
        if universe.index != ALL:
            universe = Universe(known_id(session, index))
        belongs = self._screener.members(session, found, universe)
        keep = belongs.keep & ~found.in_quarantine
        asked = {name: screens.compiled(market, session, text) for name, text in (SHARES | EVENTS).items()}
        numbers = {
            name: screens.compiled(market, session, name, "number") for name in (*MOVES, "turnover", "volume_ratio")
        }
        value = screens.at(market, session, panel, found.session, [*asked.values(), *numbers.values()], universe, keep)
        moves = {name: value(one) for name, one in numbers.items()}
        counts = {name: int(np.count_nonzero(keep & (value(asked[name]) == TRUE))) for name in EVENTS}
        return {
            "asof": found.session,
            "snapshot": panel.root,
            "index": universe.index,
            "point_in_time": belongs.point_in_time,
            "note": belongs.note,
            "stocks": int(keep.sum()),
            "breadth": {
                **counts,
                "unchanged": int(np.count_nonzero(keep & (moves["change_pct"] == 0.0))),
                **{name: _share(value(asked[name]), keep) for name in SHARES},
            },
            "sectors": _sectors(found, keep, moves),
            "indices": _indices(session, found.session),
            "active": _active(found, keep, moves),
            "days": self._through_time(market, session, panel, universe, asked, found.session),
        }

    def _through_time(
        self,
        market: Market,
        session: Session,
        panel: Panel,
        universe: Universe,
        asked: dict[str, Expression],
        asof: date,
    ) -> dict[str, Any]:
        """Counts by session up to a day, the last `SHOWN_DAYS` of them."""
        from app.engines.screener.language.evaluate import Evaluator  # brings the compiler

        screens = self._screener.screens
        key = (panel.generation, universe, screens.beside(market, session, panel, [])[0])
        with self._lock:
            known = self._days.get(key)
        if known is None:
            rows = screens.frame(market, session, panel, [one.tree for one in asked.values()], universe)
            evaluator = Evaluator(rows, screens.vocabulary(market, session), deadline(_SECONDS))
            known = {"stocks": by_day(rows, rows.universe)}
            for name, one in asked.items():
                flags = evaluator.condition(one.tree)
                known[name] = by_day(rows, (flags == TRUE) & rows.universe)
                if name in SHARES:
                    known[f"{name}_known"] = by_day(rows, (flags != UNKNOWN) & rows.universe)
            with self._lock:
                self._days[key] = known
                while len(self._days) > _KEPT:
                    self._days.popitem(last=False)
        last = int(np.searchsorted(panel.sessions, np.datetime64(asof, "D"))) + 1
        days = slice(max(0, last - SHOWN_DAYS), last)
        return {"t": panel.sessions[days].tolist(), **{name: counts[days].tolist() for name, counts in known.items()}}


def _share(flags: NDArray[np.uint8], keep: B1) -> dict[str, int]:
    return {
        "holds": int(np.count_nonzero(keep & (flags == TRUE))),
        "known": int(np.count_nonzero(keep & (flags != UNKNOWN))),
    }


def _median(values: F1) -> float | None:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else None


def _sectors(found: SessionTable, keep: B1, moves: dict[str, F1]) -> list[dict[str, Any]]:
    """Sectors by their day: medians of their stocks, and where they stand against the whole universe."""
    whole = {name: _median(moves[name][keep]) for name in MOVES}
    sectors = np.array(found.sectors)
    out = []
    for name in sorted(set(sectors[keep].tolist())):
        mine = keep & (sectors == name)
        # what no list places in a sector has nothing in common
        medians = {move: None if name == UNCLASSIFIED else _median(moves[move][mine]) for move in MOVES}
        strength, momentum = (_less(medians[move], whole[move]) for move in ("return_3m", "trend_30d"))
        out.append(
            {
                "name": name,
                "stocks": int(mine.sum()),
                **medians,
                "advances": int(np.count_nonzero(mine & (moves["change_pct"] > 0))),
                "declines": int(np.count_nonzero(mine & (moves["change_pct"] < 0))),
                "turnover": float(np.nansum(moves["turnover"][mine])),
                "strength": strength,
                "momentum": momentum,
                "phase": _phase(strength, momentum),
            }
        )
    return sorted(out, key=lambda one: (one["change_pct"] is None, -(one["change_pct"] or 0.0), one["name"]))


def _less(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a - b


def _phase(strength: float | None, momentum: float | None) -> str | None:
    if strength is None or momentum is None:
        return None
    if strength >= 0.0:
        return "leading" if momentum >= 0.0 else "weakening"
    return "improving" if momentum >= 0.0 else "lagging"


def _indices(session: Session, asof: date) -> list[dict[str, Any]]:
    names = {one.id: one.name for one in IndexRepository(session).all()}
    out = []
    for index, closes in recent_closes(session, asof).items():
        day, last = closes[-1]

        def over(sessions: int, closes: list[tuple[date, float]] = closes, last: float = last) -> float | None:
            return 100.0 * (last / closes[-1 - sessions][1] - 1.0) if len(closes) > sessions else None

        moves = {name: over(sessions) for name, sessions in _INDEX_SPANS.items()}
        out.append({"id": index, "name": names.get(index, index), "date": day, "close": last, **moves})
    return out


def _plain(value: np.float64) -> float | None:
    return float(value) if np.isfinite(value) else None


def _active(found: SessionTable, keep: B1, moves: dict[str, F1]) -> list[dict[str, Any]]:
    turnover = np.where(keep & np.isfinite(moves["turnover"]), moves["turnover"], -1.0)
    order = np.lexsort((np.array(found.table.symbols), -turnover))[:SHOWN_ACTIVE]
    return [
        {
            "symbol": found.table.symbols[n],
            "name": found.names[n],
            "close": _plain(found.table.numbers["close"][n]),
            "change_pct": _plain(moves["change_pct"][n]),
            "turnover": _plain(moves["turnover"][n]),
            "volume_ratio": _plain(moves["volume_ratio"][n]),
        }
        for n in order.tolist()
        if turnover[n] >= 0.0
    ]
