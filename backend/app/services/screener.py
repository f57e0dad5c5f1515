"""The screener: the snapshot of a session, kept in memory per panel, and questions to it."""

from __future__ import annotations

import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.database import Market
from app.engines.screener import FIELDS, Table, query
from app.exceptions import DataNotFoundError, InsufficientDataError, ValidationError
from app.repositories.indices import IndexRepository
from app.services.fundamentals import FINANCIAL_CARDS, FinancialColumns, FundamentalsService
from app.services.panel import Panel, PanelService
from app.services.snapshots import FieldTable, SnapshotStore, build, identity_of
from app.services.universe import index_id, known_id

ALL = "ALL"
UNCLASSIFIED = "Unclassified"
INSTRUMENT_TYPES = ("EQUITY", "ETF", "SME", "REIT", "INVIT", "ALL")
MAIN_BOARD = ("EQ", "BE", "BZ")
FINANCIAL_FIELDS = (
    "market_cap",
    "pe_ratio",
    "roe",
    "eps",
    "revenue",
    "net_income",
    "debt_to_equity",
    "period",
)
_CACHED_SNAPSHOTS = 4
_ROW_FIELDS = tuple(
    name
    for name in FIELDS
    if name not in {"volume_ratio", "high_252d", "low_252d", "trend_part", "volume_part", "quiet_part"}
)


@dataclass(frozen=True)
class SessionTable:
    """Every instrument that traded in a session, ready to be queried."""

    session: date
    table: Table
    keys: tuple[str, ...]
    ids: NDArray[np.int64]
    types: NDArray[np.str_]
    main_board: NDArray[np.bool_]
    names: tuple[str | None, ...]
    sectors: tuple[str, ...]
    open_since: tuple[date | None, ...]  # the first move up to the session that nothing explains
    in_quarantine: NDArray[np.bool_]


@dataclass(frozen=True)
class ScreenerAnswer:
    """A page of rows and what there is to say about it."""

    rows: list[dict[str, Any]]
    total: int
    asof: date
    snapshot: str
    point_in_time: bool
    note: str | None
    milliseconds: float
    sectors: dict[str, int]
    quarantined: list[dict[str, Any]]  # stocks of the universe that are left out, and since when


class ScreenerService:
    """Answers from memory; the snapshot of a session is worked out once per state of the data and kept on disk."""

    def __init__(self, panels: PanelService, fundamentals: FundamentalsService) -> None:
        self._panels = panels
        self._fundamentals = fundamentals
        self._tables: OrderedDict[tuple[Market, str, int], SessionTable] = OrderedDict()
        self._lock = threading.Lock()

    def table(self, market: Market, asof: date | None = None) -> tuple[Panel, SessionTable]:
        """The table of the last session up to `asof`.

        Raises
        ------
        InsufficientDataError : there are no prices at all.
        DataNotFoundError : none on or before that date.
        """
        panel = self._panels.current(market)
        days = panel.sessions
        if not len(days):
            raise InsufficientDataError(
                "There is no price data yet: import exchange files first", required=1, available=0
            )
        _, _, last = panel.window(None, asof)
        if last == 0:
            raise DataNotFoundError(
                f"No session on or before {asof}; the data begins on {days[0]}", "session", str(asof)
            )
        key = (market, panel.generation, last - 1)
        with self._lock:
            found = self._tables.get(key)
            if found is None:
                found = self._tables[key] = _table(panel, last - 1, self.fields(market, panel, last - 1))
                while len(self._tables) > _CACHED_SNAPSHOTS:
                    self._tables.popitem(last=False)
            self._tables.move_to_end(key)
        return panel, found

    def fields(self, market: Market, panel: Panel, last: int) -> FieldTable:
        """The fields of session number `last`: from their file where nothing has changed, else worked out and kept."""
        store = SnapshotStore(self._panels.directory(market) / "snapshots")
        identity = identity_of(panel, last)
        found = store.read(identity)
        if found is None:
            found = build(panel, last)
            store.write(identity, found)
        return found

    def page(
        self,
        market: Market,
        session: Session,
        *,
        page: int,
        limit: int,
        sort_by: str,
        sort_order: Literal["asc", "desc"],
        symbol: str | None,
        sector: str | None,
        index: str,
        instrument_type: str,
        asof: date | None,
        financial: bool = False,
    ) -> ScreenerAnswer:
        """A page of the stocks that pass; sorted over the whole set, unknown values last."""
        panel, found = self.table(market, asof)
        began = time.perf_counter()
        keep = _of_type(found, instrument_type)
        point_in_time, note = (
            True,
            "Prices, symbols and members are those of the session; names and sectors are the latest known.",
        )
        wanted = index_id(index)
        if wanted != ALL:
            members = IndexRepository(session).members(known_id(session, index), found.session)
            in_index = np.isin(found.ids, np.array(sorted(members.ids), dtype=np.int64))
            # an index counts every member, whatever board it was on; another type was asked for by name
            keep = in_index if instrument_type == "EQUITY" else in_index & keep
            point_in_time = members.point_in_time
            if not point_in_time:
                note = members.note
        left_out = np.flatnonzero(keep & found.in_quarantine)
        keep = keep & ~found.in_quarantine
        figures = self._fundamentals.columns(market, session, found.ids, found.session)
        if financial:
            point_in_time = point_in_time and figures.point_in_time
            note = f"{note} {figures.note}"
        if sort_by not in {*found.table.sortable, *FINANCIAL_FIELDS}:
            raise ValidationError(
                f"Cannot sort by {sort_by}",
                "sort_by",
                details={"sortable": sorted({*found.table.sortable, *FINANCIAL_FIELDS})},
            )
        table = found.table if sort_by in found.table.sortable else _financial_table(found, figures)
        answer = query(
            table,
            symbol=symbol,
            sector=sector,
            members=keep,
            sort_by=sort_by,
            order=sort_order,
            page=page,
            limit=limit,
        )
        in_universe = keep if not symbol else keep & found.table.starting_with(symbol)
        sectors = Counter(found.sectors[i] for i in np.flatnonzero(in_universe))
        return ScreenerAnswer(
            rows=[_row(found, int(i)) | _figures(figures, int(i)) for i in answer.rows],
            total=answer.total,
            asof=found.session,
            snapshot=panel.root,
            point_in_time=point_in_time,
            note=note,
            milliseconds=round((time.perf_counter() - began) * 1000.0, 3),
            sectors=dict(sorted(sectors.items())),
            quarantined=[{"symbol": found.table.symbols[i], "since": found.open_since[i]} for i in left_out.tolist()],
        )

    def row(self, market: Market, key: str) -> dict[str, Any] | None:
        """An instrument's row at the latest session; None when it did not trade in it."""
        _, found = self.table(market)
        return _row(found, found.keys.index(key)) if key in found.keys else None

    def sectors(self, market: Market) -> dict[str, int]:
        """Main-board shares of the latest session by sector."""
        _, found = self.table(market)
        shown = _of_type(found, "EQUITY") & ~found.in_quarantine
        counts = Counter(found.sectors[i] for i in np.flatnonzero(shown))
        return dict(sorted(counts.items()))

    def indices(self, market: Market, session: Session, asof: date | None) -> tuple[list[dict[str, Any]], date | None]:
        """The indices that have members on a date, the latest session by default, and that date."""
        days = self._panels.current(market).sessions
        day = asof if asof is not None else (days[-1].astype(object) if len(days) else None)
        return [] if day is None else IndexRepository(session).counts(day), day


def _financial_table(found: SessionTable, figures: FinancialColumns) -> Table:
    texts = {"name": found.names, "sector": found.sectors, "period": figures.period}
    return Table(found.table.symbols, figures.numbers, texts)


def _figures(figures: FinancialColumns, i: int) -> dict[str, Any]:
    row: dict[str, Any] = {"period": figures.period[i]}
    for name, column in figures.numbers.items():
        value = float(column[i])
        row[name] = None if value != value else value
    return row


def field_cards() -> list[dict[str, Any]]:
    """A card for every field of a row."""
    cards = [
        {
            "name": field.name,
            "label": field.label,
            "unit": field.unit,
            "formula": field.formula,
            "source": "Exchange price files",
            "window": field.window,
            "available": True,
            "description": field.description,
        }
        for field in FIELDS.values()
    ]
    return cards + [
        {
            "name": name,
            "label": label,
            "unit": unit,
            "formula": formula,
            "source": "Company accounts and exchange lists",
            "window": 0,
            "available": True,
            "description": description,
        }
        for name, label, unit, formula, description in FINANCIAL_CARDS
    ]


def _of_type(found: SessionTable, instrument_type: str) -> NDArray[np.bool_]:
    if instrument_type == "ALL":
        return np.ones(len(found.keys), dtype=np.bool_)
    mask: NDArray[np.bool_] = found.types == instrument_type
    return mask & found.main_board if instrument_type == "EQUITY" else mask


def _table(panel: Panel, last: int, fields: FieldTable) -> SessionTable:
    keys, session = fields.keys, fields.session
    infos = [panel.instruments[key] for key in keys]
    names = tuple(info.name for info in infos)
    sectors = tuple(info.sector or UNCLASSIFIED for info in infos)
    series = panel.series_on(keys, last)
    open_since = tuple(info.quarantined_from(session) for info in infos)
    return SessionTable(
        session=session,
        table=Table(fields.symbols, fields.columns, {"name": names, "sector": sectors}),
        keys=keys,
        ids=np.array([info.id for info in infos], dtype=np.int64),
        types=np.array([info.instrument_type for info in infos], dtype=np.str_),
        main_board=np.array([name in MAIN_BOARD for name in series], dtype=np.bool_),
        names=names,
        sectors=sectors,
        open_since=open_since,
        in_quarantine=np.array([since is not None for since in open_since], dtype=np.bool_),
    )


def _row(found: SessionTable, i: int) -> dict[str, Any]:
    numbers: Mapping[str, NDArray[np.float64]] = found.table.numbers
    row: dict[str, Any] = {"symbol": found.table.symbols[i], "name": found.names[i], "sector": found.sectors[i]}
    for name in _ROW_FIELDS:
        value = float(numbers[name][i])
        row[name] = None if value != value else value
    flag = row["is_20d_breakout"]
    row["is_20d_breakout"] = None if flag is None else flag > 0.5
    return row | dict.fromkeys(FINANCIAL_FIELDS)
