"""Expressions over the market: read, computed at a session or on all of them, from memory."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.database import Market
from app.engines.screener.cards import card_fields
from app.engines.screener.language import Expression, ExpressionError, Vocabulary, compiled
from app.engines.screener.language.check import compiled_list, initials
from app.engines.screener.language.errors import meant, near_matches
from app.engines.screener.language.frame import UNCLASSIFIED, Rows
from app.engines.screener.language.kinds import ValueType
from app.engines.screener.language.reads import crosses_section, mentioned
from app.engines.screener.language.tree import Name, Node
from app.exceptions import ValidationError
from app.repositories import index_series, market_rules
from app.repositories.indices import IndexRepository
from app.repositories.panel import PanelRepository
from app.services.fundamentals import LAG_NOTE, FundamentalsService
from app.services.index_names import canonical
from app.services.members import doubts_of
from app.services.panel import Panel, PanelService
from app.services.screens.figures import FigureSteps
from app.services.screens.marks import MARKS, MarkTable
from app.services.screens.rows import FIGURES, Beside, MarketRows

B1 = NDArray[np.bool_]

ALL: Final = "ALL"
BENCHMARK: Final = "NIFTY50"
SECONDS: Final = 10.0  # a request's share; what takes longer is a job
_KEPT_DAYS: Final = 4


@dataclass(frozen=True)
class Universe:
    """The stocks that are compared with each other: an index or ALL, and a type of instrument."""

    index: str = ALL
    instrument_type: str = "EQUITY"


class _Words(dict[str, str]):
    """Names of indices to ids; a name is brought into its one spelling first."""

    def get(self, key: str, default: Any = None) -> Any:
        """The id of an index by any of its names."""
        return super().get(canonical(key), default)


class ScreenService:
    """Safe to share between threads. Rows are packed once a state of the prices, days are kept while they are asked."""

    def __init__(self, panels: PanelService, fundamentals: FundamentalsService) -> None:
        self._panels = panels
        self._fundamentals = fundamentals
        self._lock = threading.RLock()
        self._asking = threading.Lock()
        self._rows: dict[Market, tuple[str, MarketRows]] = {}
        self._words: dict[Market, tuple[tuple[Any, ...], Vocabulary]] = {}
        self._beside: dict[Market, tuple[tuple[Any, ...], Beside]] = {}
        self._masks: OrderedDict[tuple[str, Universe], B1] = OrderedDict()
        self._days: OrderedDict[tuple[Any, ...], Any] = OrderedDict()

    def market_rows(self, market: Market, panel: Panel | None = None) -> MarketRows:
        """The rows of a market's panel as it is now."""
        panel = self._panels.current(market) if panel is None else panel
        with self._lock:
            known = self._rows.get(market)
            if known is None or known[0] != panel.generation:
                known = self._rows[market] = (panel.generation, MarketRows(panel))
            return known[1]

    def warm(self, market: Market, session: Session) -> None:
        """Pack the rows and read what stands beside them, so that no first screen waits."""
        panel = self._panels.current(market)
        rows = self.market_rows(market, panel)
        for name in ("open", "high", "low", "close", "volume", "turnover"):
            rows.stored(name)
        self.frame(market, session, panel, [Name("roe"), Name("index_close")], Universe())

    def vocabulary(self, market: Market, session: Session, panel: Panel | None = None) -> Vocabulary:
        """The fields, sectors and indices of a market."""
        panel = self._panels.current(market) if panel is None else panel
        state = (panel.generation,)
        with self._lock:
            known = self._words.get(market)
        if known is not None and known[0] == state:
            return known[1]
        sectors = {info.sector or UNCLASSIFIED for info in panel.instruments.values()}
        indices = _Words({one.id: one.id for one in IndexRepository(session).all()})
        words = Vocabulary(card_fields(), {"sector": frozenset(sectors)}, indices)
        with self._lock:
            self._words[market] = (state, words)
        return words

    def known_sector(self, market: Market, session: Session, name: str) -> str:
        """A sector as it is spelt. Raises ValidationError, which names the nearest ones, where no stock has it."""
        known = self.vocabulary(market, session).texts["sector"]
        for one in known:
            if one.casefold() == name.casefold():
                return one
        near = initials(name, known) or near_matches(name, known)
        raise ValidationError(
            f"No stock has the sector {name!r}{meant(near)}", "sector", details={"known": sorted(known), "near": near}
        )

    def compiled(
        self,
        market: Market,
        session: Session,
        text: str,
        want: ValueType | None = "flag",
        field: str = "q",
        panel: Panel | None = None,
    ) -> Expression:
        """Read an expression; what is wrong with it becomes a ValidationError that says where."""
        try:
            return compiled(text, self.vocabulary(market, session, panel), want)
        except ExpressionError as error:
            raise refused(error, field) from None

    def columns(self, market: Market, session: Session, text: str, field: str = "columns") -> list[Expression]:
        """Fields and expressions separated by commas, each a column."""
        try:
            return compiled_list(text, self.vocabulary(market, session))
        except ExpressionError as error:
            raise refused(error, field) from None

    def beside(
        self, market: Market, session: Session, panel: Panel, trees: Iterable[Node]
    ) -> tuple[tuple[Any, ...], Beside]:
        """What the expressions read beside the prices, and a key of its state."""
        rows, words = self.market_rows(market, panel), self.vocabulary(market, session, panel)
        fields, indices = mentioned(trees, words)
        if not indices and not fields & (FIGURES.keys() | MARKS.keys() | {"index_close"}):
            return (panel.generation,), Beside(None, {}, None)  # prices alone: no need to ask what else is stored
        versions = tuple(sorted(PanelRepository(session).versions().items()))
        state = (panel.generation, versions)
        with self._lock:
            known = self._beside.get(market)
            if known is None or known[0] != state:
                known = self._beside[market] = (state, Beside(None, {}, None))
        beside = known[1]
        if beside.steps is None and fields & FIGURES.keys():
            beside.steps = FigureSteps(self._fundamentals.table(market, session))
        if beside.marks is None and fields & MARKS.keys():
            kinds = [mark.flag for mark in MARKS.values()]
            beside.marks = MarkTable(market_rules.flags(session, kinds, date.max), panel.sessions)
        if beside.index_close is None and "index_close" in fields:
            closes = dict(index_series.index_closes(session, BENCHMARK))
            days = panel.sessions.tolist()
            beside.index_close = np.array([closes.get(day, np.nan) for day in days], np.float64)
        for index in indices - beside.members.keys():
            spans = IndexRepository(session).all_spans(index)
            beside.members[index] = rows.membership(spans)
        return state, beside

    def hindsight(
        self,
        market: Market,
        session: Session,
        trees: Iterable[Node],
        panel: Panel | None = None,
        *,
        start: date,
        end: date,
    ) -> list[str]:
        """What expressions read of a period that was not known then as it is told now; empty where all was."""
        fields, indices = mentioned(trees, self.vocabulary(market, session, panel))
        told = []
        if fields & {"sector", "name"}:
            told.append("The expression reads names or sectors, which are the latest known, not those of the day.")
        if fields & FIGURES.keys():
            told.append(f"The expression reads company figures. {LAG_NOTE}.")
        for index in sorted(indices):
            told += [f"The expression reads members of {index}. {one}" for one in doubts_of(session, index, start, end)]
        return told

    def universe_mask(self, market: Market, session: Session, panel: Panel, universe: Universe) -> B1:
        """The rows of a universe, [R]."""
        rows = self.market_rows(market, panel)
        key = (rows.panel.generation, universe)
        with self._lock:
            known = self._masks.get(key)
        if known is None:
            known = rows.of_type(universe.instrument_type)
            if universe.index != ALL:
                known = known & rows.of_spans(IndexRepository(session).all_spans(universe.index))
            with self._lock:
                self._masks[key] = known
                while len(self._masks) > _KEPT_DAYS:
                    self._masks.popitem(last=False)
        return known

    def frame(self, market: Market, session: Session, panel: Panel, trees: Sequence[Node], universe: Universe) -> Rows:
        """The market's rows for some expressions, compared among a universe."""
        _, beside = self.beside(market, session, panel, trees)
        mask = self.universe_mask(market, session, panel, universe)
        return self.market_rows(market, panel).frame(beside, mask)

    def at(
        self,
        market: Market,
        session: Session,
        panel: Panel,
        asof: date,
        expressions: Sequence[Expression],
        universe: Universe,
        today: B1,
    ) -> Callable[[Expression], Any]:
        """A function from an expression to its value on each stock that traded in a session, by ascending key.

        `today` [N] says which of those stocks are compared with each other. Expressions must be among those given.
        """
        from app.engines.screener.language.evaluate import DayEvaluator  # brings the compiler

        trees = [one.tree for one in expressions]
        words = self.vocabulary(market, session, panel)
        last = int(np.searchsorted(panel.sessions, np.datetime64(asof, "D")))
        state, beside = self.beside(market, session, panel, trees)
        compares = any(crosses_section(tree, words) for tree in trees)
        key = (market, state, last, (universe, today.tobytes()) if compares else None)
        with self._lock:
            day = self._days.get(key)
            if day is not None:
                self._days.move_to_end(key)
        if day is None:
            rows = self.market_rows(market, panel)
            compared = self.universe_mask(market, session, panel, universe) if compares else rows.bare.universe
            whole = rows.frame(beside, compared)
            day = DayEvaluator(whole, last, words, today if compares else None)
            with self._lock:
                self._days[key] = day
                while len(self._days) > _KEPT_DAYS:
                    self._days.popitem(last=False)

        def value(expression: Expression) -> Any:
            if expression.kind.type == "text":
                assert isinstance(expression.tree, Name)
                texts = day.rows.source.text(expression.tree.name)
                return [None if code < 0 else texts.values[code] for code in texts.codes.tolist()]
            with self._asking:  # what a day has worked out is shared
                day.pause = deadline(SECONDS)
                flag = expression.kind.type == "flag"
                return day.condition(expression.tree) if flag else day.number(expression.tree)

        return value


def deadline(seconds: float) -> Callable[[], None]:
    """A function that raises ValidationError once so much time has passed."""
    end = time.monotonic() + seconds

    def pause() -> None:
        if time.monotonic() > end:
            raise ValidationError(f"The expression takes more than {seconds:g} s; use shorter windows or fewer", "q")

    return pause


def refused(error: ExpressionError, field: str) -> ValidationError:
    """The platform's error for one of an expression."""
    return ValidationError(error.message, field, details=error.details())
