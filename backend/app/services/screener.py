"""The screener: the snapshot of a session, kept in memory per panel, and questions to it."""

from __future__ import annotations

import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.database import Market
from app.engines.screener import Table, query
from app.engines.screener.cards import CARDS
from app.engines.screener.language import Expression, ExpressionError, compiled
from app.engines.screener.language.errors import meant, near_matches
from app.engines.screener.language.frame import UNCLASSIFIED
from app.engines.screener.language.kinds import TRUE, UNKNOWN
from app.engines.screener.language.tree import conjunction
from app.engines.screener.presets import PRESETS, Preset
from app.exceptions import DataNotFoundError, InsufficientDataError, ValidationError
from app.repositories.data_state import DataState
from app.repositories.indices import IndexRepository, membership_version
from app.repositories.instruments import stored_names, types_of
from app.repositories.snapshots import SnapshotRepository
from app.services.fundamentals import FinancialColumns, FundamentalsService
from app.services.index_names import written_name
from app.services.members import belonging
from app.services.order import by_name
from app.services.panel import Panel, PanelService
from app.services.screens import cards
from app.services.screens.answers import (
    FINANCIAL_FIELDS,
    ROW_FIELDS,
    PickedRows,
    RowsOfSession,
    ScreenerAnswer,
    SessionTable,
    closes_of,
    column_card,
    plain_values,
    row_of,
)
from app.services.screens.rows import MAIN_BOARD
from app.services.screens.service import ALL, ScreenService, Universe
from app.services.snapshots import FieldTable, SnapshotStore, build, identity_of
from app.services.universe import index_id, known_id

INSTRUMENT_TYPES = ("EQUITY", "ETF", "SME", "REIT", "INVIT", "RIGHTS", "ALL")
T = TypeVar("T")

_CACHED_SNAPSHOTS = 4
_KEPT = 64  # answers that hold for one state of the data
PRICES_NOTE = "Prices, symbols and members are those of the session; names and sectors are the latest known."


class Belonging(NamedTuple):
    """Who belongs to a universe: which stocks of a session, [N], whether that was known then, who had no price."""

    keep: NDArray[np.bool_]
    point_in_time: bool
    note: str
    absent: list[int]
    nobody: str | None = None  # why of nobody it is known whether they belong
    others: NDArray[np.bool_] | None = None  # [N], members of the index that are not of the type


@dataclass(frozen=True)
class Shown:
    """Of a universe in a session what a screen looks at: those who belong without those in quarantine."""

    keep: NDArray[np.bool_]
    point_in_time: bool
    note: str
    counted: dict[str, Any]
    quarantined: list[dict[str, Any]]


class Known:
    """What was read of the database and holds as long as a state of the data does."""

    def __init__(self, state: tuple[str, str | None] | None = None) -> None:
        self.state = state
        self._held: dict[Any, Any] = {}

    def get(self, key: Any, make: Callable[[], T]) -> T:
        """What is known under a key, or is now found."""
        try:
            found: T = self._held[key]
        except KeyError:
            found = make()
            if len(self._held) >= _KEPT:
                self._held.clear()
            self._held[key] = found
        return found


class ScreenerService:
    """Answers from memory; the snapshot of a session is worked out once per state of the data and kept on disk."""

    def __init__(self, panels: PanelService, fundamentals: FundamentalsService) -> None:
        self._panels = panels
        self._fundamentals = fundamentals
        self.screens = ScreenService(panels, fundamentals)
        self._tables: OrderedDict[tuple[Market, str, int], SessionTable] = OrderedDict()
        self._facets: OrderedDict[tuple[Any, ...], dict[str, NDArray[np.bool_]]] = OrderedDict()
        self._known: dict[Market, Known] = {}
        self._lock = threading.Lock()

    def table(self, market: Market, asof: date | None = None, panel: Panel | None = None) -> tuple[Panel, SessionTable]:
        """The table of the last session up to `asof`.

        Raises
        ------
        InsufficientDataError : there are no prices at all.
        DataNotFoundError : none on or before that date.
        """
        panel = self._panels.current(market) if panel is None else panel
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
            found = build(self.screens.market_rows(market, panel), last)
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
        filter_type: str = ALL,
        q: str | None = None,
        columns: str | None = None,
        spark: int = 0,
        facets: bool = False,
        state: DataState | None = None,
    ) -> ScreenerAnswer:
        """A page of the stocks that pass; sorted over the whole set, unknown values last.

        Stocks are compared (rank, percentile …) among those of the index and type asked for, before any other filter.
        `spark` gives each row its last so many closes, unbroken, adjusted so that the last is as traded;
        `facets` counts what matches by index. With `state`, what was read while it held is not read again, and most
        questions need no database.

        Raises
        ------
        ValidationError : an unknown preset, an expression or columns that are wrong, something not to be sorted by, a
            sector that no stock has.
        """
        now = self._panels.current(market)
        condition = self.condition(market, session, filter_type, q, now)
        shown = [] if columns is None else self.screens.columns(market, session, columns)
        if sector is not None:
            sector = self.screens.known_sector(market, session, sector)
        panel, found = self.table(market, asof, now)
        known = self._known_of(market, panel, state)
        began = time.perf_counter()
        universe = Universe(index_id(index), instrument_type)
        if universe.index != ALL:
            universe = Universe(known.get(("index", index), lambda: known_id(session, index)), instrument_type)
        here = known.get(("shown", found.session, universe), lambda: self._shown(session, found, universe))
        keep, point_in_time, note = here.keep, here.point_in_time, here.note
        rows = known.get(
            ("rows", found.session),
            lambda: RowsOfSession(found, self._fundamentals.columns(market, session, found.ids, found.session)),
        )
        if financial:
            point_in_time = point_in_time and rows.figures.point_in_time
            note = f"{note} {rows.figures.note}"
        if condition is not None:
            told = known.get(
                ("hindsight", found.session, condition.digest),
                lambda: self.screens.hindsight(
                    market, session, [condition.tree], panel, start=found.session, end=found.session
                ),
            )
            if told:
                point_in_time, note = False, " ".join((note, *told))
        sorting = self._sorting(market, session, found, sort_by)
        asked = [one for one in (condition, *shown, sorting) if one is not None]
        value = self.screens.at(market, session, panel, found.session, asked, universe, keep) if asked else None
        unknown = 0
        if condition is not None and value is not None:
            flags = value(condition)
            unknown = int(np.count_nonzero(keep & (flags == UNKNOWN)))
            keep = keep & (flags == TRUE)
        table = found.table
        if sorting is not None and value is not None:
            table = _sorted_by(found, sort_by, value(sorting))
        elif sort_by not in table.sortable:
            table = _financial_table(found, rows.figures)
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
        sectors = np.bincount(found.sector_codes[in_universe], minlength=len(found.sector_names)).tolist()
        beside: list[dict[str, Any]] = [{} for _ in answer.rows]
        if value is not None and shown:
            held = {one.text: plain_values(value(one), answer.rows) for one in shown}
            for n, more in enumerate(beside):
                more["values"] = {name: values[n] for name, values in held.items()}
        if spark and beside:
            whole = self.screens.market_rows(market, panel).bare
            last = int(np.searchsorted(panel.sessions, np.datetime64(found.session, "D")))
            for more, closes in zip(beside, closes_of(whole, whole.at(last)[answer.rows], spark), strict=True):
                more["spark"] = closes
        return ScreenerAnswer(
            picked=PickedRows(rows, answer.rows.tolist(), beside if beside and beside[0] else None),
            total=answer.total,
            asof=found.session,
            snapshot=panel.root,
            point_in_time=point_in_time,
            note=note,
            milliseconds=round((time.perf_counter() - began) * 1000.0, 3),
            sectors={name: count for name, count in zip(found.sector_names, sectors, strict=True) if count},
            indices=self._by_index(session, panel, found, in_universe) if facets else None,
            # the first question of all may have built the panel, after the state was asked
            adjustments=(state and state.adjustments) or SnapshotRepository(session).adjustments(),
            universe=here.counted,
            quarantined=here.quarantined,
            expression=None if condition is None else condition.text,
            digest=None if condition is None else condition.digest,
            unknown=unknown,
            columns=[column_card(one) for one in shown],
        )

    def _known_of(self, market: Market, panel: Panel, state: DataState | None) -> Known:
        if state is None:
            return Known()
        now = (panel.generation, state.versions)
        known = self._known.get(market)
        if known is None or known.state != now:
            known = self._known[market] = Known(now)
        return known

    def _shown(self, session: Session, found: SessionTable, universe: Universe) -> Shown:
        keep, point_in_time, note, absent, *_ = self.members(session, found, universe)
        left_out = np.flatnonzero(keep & found.in_quarantine)
        keep = keep & ~found.in_quarantine
        return Shown(
            keep,
            point_in_time,
            note,
            _members(session, int(keep.sum()), len(left_out), absent, found.session),
            [{"symbol": found.table.symbols[i], "since": found.open_since[i]} for i in left_out.tolist()],
        )

    def condition(
        self, market: Market, session: Session, filter_type: str, q: str | None, panel: Panel | None = None
    ) -> Expression | None:
        """A preset and an expression as one; None where neither is asked for. Raises ValidationError."""
        parts = [] if q is None else [self.screens.compiled(market, session, q, panel=panel)]
        if filter_type != ALL:
            parts.append(self.screens.compiled(market, session, _preset(filter_type).expression))
        if len(parts) < 2:
            return parts[0] if parts else None
        tree = conjunction([one.tree for one in parts])
        self.screens.vocabulary(market, session).remember(tree, parts[0].kind)
        return Expression.of(tree, parts[0].kind)

    def check_sort(self, market: Market, session: Session, sort_by: str) -> None:
        """ValidationError where one cannot sort by something; a field of a row one always can."""
        if sort_by not in {"symbol", "name", "sector", *ROW_FIELDS, *FINANCIAL_FIELDS}:
            self._sort_expression(market, session, sort_by, ())

    def _by_index(self, session: Session, panel: Panel, found: SessionTable, keep: NDArray[np.bool_]) -> dict[str, int]:
        """How many of some stocks each index has as members on the day, those with none left out."""
        key = (panel.generation, found.session, membership_version(session))
        with self._lock:
            known = self._facets.get(key)
        if known is None:
            known = {
                index: np.isin(found.ids, ids) for index, ids in IndexRepository(session).on_day(found.session).items()
            }
            with self._lock:
                self._facets[key] = known
                while len(self._facets) > _CACHED_SNAPSHOTS:
                    self._facets.popitem(last=False)
        counts = {index: int(np.count_nonzero(keep & mask)) for index, mask in known.items()}
        return {index: count for index, count in counts.items() if count}

    @staticmethod
    def members(session: Session, found: SessionTable, universe: Universe) -> Belonging:
        """The stocks of a session that belong to a universe, whose index must be known."""
        keep = _of_type(found, universe.instrument_type)
        if universe.index == ALL:
            return Belonging(keep, True, PRICES_NOTE, [])
        members = belonging(session, universe.index, found.session)
        in_index = np.isin(found.ids, np.array(sorted(members.ids), dtype=np.int64))
        gone = sorted(members.ids.difference(found.ids.tolist()))
        types = types_of(session.connection(), gone)
        absent = [one for one in gone if universe.instrument_type in (ALL, types[one])]
        others = int(np.count_nonzero(in_index & ~keep)) + len(gone) - len(absent)
        note = f"{PRICES_NOTE} {members.note}".rstrip() if members.point_in_time else members.note
        if others:
            note += (
                f" Not counted: {others} members of another type than {universe.instrument_type} (type ALL has them)."
            )
        nobody = members.note if members.nobody else None
        return Belonging(in_index & keep, members.point_in_time, note, absent, nobody, in_index & ~keep)

    def _sorting(self, market: Market, session: Session, found: SessionTable, sort_by: str) -> Expression | None:
        """The expression to sort by; None where the table has such a column. ValidationError where it is none."""
        known = {*found.table.sortable, *FINANCIAL_FIELDS}
        return None if sort_by in known else self._sort_expression(market, session, sort_by, known)

    def _sort_expression(self, market: Market, session: Session, sort_by: str, known: Iterable[str]) -> Expression:
        try:
            return compiled(sort_by, self.screens.vocabulary(market, session))
        except ExpressionError as error:
            details = {"sortable": sorted({*known, *CARDS}), **error.details()}
            raise ValidationError(f"Cannot sort by {sort_by}: {error.message}", "sort_by", details=details) from None

    def row(self, market: Market, key: str) -> dict[str, Any] | None:
        """An instrument's row at the latest session; None when it did not trade in it."""
        _, found = self.table(market)
        return row_of(found, found.keys.index(key)) if key in found.keys else None

    def field_cards(self, market: Market, session: Session) -> list[dict[str, Any]]:
        """A card for every field, with the history there is of it."""
        panel, words = self._panels.current(market), self.screens.vocabulary(market, session)
        return cards.field_cards(market, session, panel, words, self._fundamentals)

    def sectors(self, market: Market) -> dict[str, int]:
        """Main-board shares of the latest session by sector."""
        _, found = self.table(market)
        shown = _of_type(found, "EQUITY") & ~found.in_quarantine
        counts = Counter(found.sectors[i] for i in np.flatnonzero(shown))
        return dict(sorted(counts.items()))

    def indices(self, market: Market, session: Session, asof: date | None) -> tuple[list[dict[str, Any]], date | None]:
        """The indices that have members on a date, by name, the latest session by default, and that date."""
        days = self._panels.current(market).sessions
        day = asof if asof is not None else (days[-1].astype(object) if len(days) else None)
        found = [] if day is None else IndexRepository(session).counts(day)
        named = [{**one, "name": written_name(one["id"], one["name"])} for one in found]
        return sorted(named, key=lambda one: by_name(one["name"])), day


def _members(session: Session, shown: int, held_back: int, absent: list[int], day: date) -> dict[str, Any]:
    """Who belongs to what was asked for, before filters, and what became of them; the parts add up to `members`."""
    names = stored_names(session.connection(), absent)["instrument_symbols"] if absent else {}
    without = []
    for identifier in absent:
        spans = names.get(identifier, [])
        held = [symbol for first, _, symbol in spans if first <= day]
        without += held[-1:] or [symbol for _, _, symbol in spans[:1]]
    return {
        "members": shown + held_back + len(absent),
        "shown": shown,
        "held_back": held_back,
        "without_prices": len(absent),
        "symbols_without_prices": sorted(without),
    }


def _financial_table(found: SessionTable, figures: FinancialColumns) -> Table:
    texts = {"name": found.names, "sector": found.sectors, "period": figures.period}
    return Table(found.table.symbols, figures.numbers, texts)


def _preset(name: str) -> Preset:
    found = PRESETS.get(name.upper())
    if found is None:
        near = near_matches(name, PRESETS)
        raise ValidationError(
            f"There is no preset {name}{meant(near)}", "filter_type", details={"known": sorted(PRESETS)}
        )
    return found


def _sorted_by(found: SessionTable, name: str, values: Any) -> Table:
    texts: dict[str, Any] = {"name": found.names, "sector": found.sectors}
    if isinstance(values, list):
        return Table(found.table.symbols, {}, texts | {name: values})
    numbers = np.array([0.0, np.nan, 1.0])[values] if values.dtype == np.uint8 else values
    return Table(found.table.symbols, {name: numbers}, texts)


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
    sector_names, sector_codes = np.unique(np.array(sectors, dtype=np.str_), return_inverse=True)
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
        sector_names=tuple(sector_names.tolist()),
        sector_codes=sector_codes,
        open_since=open_since,
        in_quarantine=np.array([since is not None for since in open_since], dtype=np.bool_),
    )
