"""The whole market as rows of the language: the panel's bars packed, with what is stored beside them by day."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from app.engines.screener.language.frame import UNCLASSIFIED, Rows, Texts
from app.engines.screener.language.kinds import TRUE, UNKNOWN
from app.services.panel import Panel
from app.services.panel.chunk import FIELDS, SERIES
from app.services.panel.panel import PREV_CLOSE_TOLERANCE
from app.services.screens.figures import FigureSteps
from app.services.screens.marks import MARKS, MarkTable

F1 = NDArray[np.float64]
I1 = NDArray[np.int64]
I4 = NDArray[np.int32]
U1 = NDArray[np.uint8]
B1 = NDArray[np.bool_]
Spans = Mapping[int, Sequence[tuple[date, date | None]]]

MAIN_BOARD: Final = ("EQ", "BE", "BZ")
# Field → the stored figure it is taken from, told for a day or of the fiscal year in use; the first that knows it.
FIGURES: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "market_cap": (("SNAPSHOT", "market_cap"),),
    "pe_ratio": (("SNAPSHOT", "pe_ratio"),),
    "pb_ratio": (("SNAPSHOT", "pb_ratio"),),
    "price_sales": (("SNAPSHOT", "price_sales"),),
    "ev_ebitda": (("SNAPSHOT", "ev_ebitda"),),
    "peg_ratio": (("SNAPSHOT", "peg_ratio"),),
    "dividend_yield": (("SNAPSHOT", "dividend_yield_pct"),),
    "revenue_cagr": (("SNAPSHOT", "revenue_cagr_pct"),),
    "eps_cagr": (("SNAPSHOT", "eps_cagr_pct"),),
    "beta_3y": (("SNAPSHOT", "beta_nifty500_3y"),),
    "shares_outstanding": (("SNAPSHOT", "shares_outstanding"),),
    "roe": (("ANNUAL", "roe_pct"), ("SNAPSHOT", "roe_pct")),
    "roce": (("ANNUAL", "roce_pct"),),
    "eps": (("ANNUAL", "eps"),),
    "revenue": (("ANNUAL", "revenue"),),
    "net_income": (("ANNUAL", "net_income"),),
    "ebit": (("ANNUAL", "ebit"),),
    "profit_before_tax": (("ANNUAL", "profit_before_tax"),),
    "interest_expense": (("ANNUAL", "interest_expense"),),
    "operating_cash_flow": (("ANNUAL", "operating_cash_flow"),),
    "debt_to_equity": (("ANNUAL", "debt_to_equity"),),
    "total_debt": (("ANNUAL", "total_debt"),),
    "total_assets": (("ANNUAL", "total_assets"),),
    "total_liabilities": (("ANNUAL", "total_liabilities"),),
    "current_assets": (("ANNUAL", "current_assets"),),
    "current_liabilities": (("ANNUAL", "current_liabilities"),),
    "cash": (("ANNUAL", "cash"),),
    "receivables": (("ANNUAL", "receivables"),),
    "retained_earnings": (("ANNUAL", "retained_earnings"),),
    "current_ratio": (("ANNUAL", "current_ratio"),),
    "interest_coverage": (("ANNUAL", "interest_coverage"),),
    "gross_margin": (("ANNUAL", "gross_margin_pct"),),
    "operating_margin": (("ANNUAL", "operating_margin_pct"),),
    "net_margin": (("ANNUAL", "net_margin_pct"),),
    "revenue_growth": (("ANNUAL", "revenue_growth_pct"),),
    "operating_profit_growth": (("ANNUAL", "operating_profit_growth_pct"),),
    "ebitda_growth": (("ANNUAL", "ebitda_growth_pct"),),
    "fcf_growth": (("ANNUAL", "fcf_growth_pct"),),
}
STORED: Final = ("open", "high", "low", "close", "volume", "turnover", "trades", "delivery")
TEXTS: Final = ("symbol", "name", "sector", "series")


def first_day(spans: Spans) -> date | None:
    """The first day of which members of an index are on file; before it nobody knows."""
    return min((begin for intervals in spans.values() for begin, _ in intervals), default=None)


class MarketRows:
    """Every bar of a panel as a row; columns are read when they are first asked for, and kept."""

    def __init__(self, panel: Panel) -> None:
        self.panel = panel
        self._lock = threading.RLock()
        keys = panel.keys
        place = {key: n for n, key in enumerate(keys)}
        self.infos = [panel.instruments[key] for key in keys]
        counts = np.zeros((len(panel.chunks), len(keys)), np.int64)
        traded = []
        for c, chunk in enumerate(panel.chunks):
            mask = ~np.isnan(chunk.values[FIELDS.index("close")])
            traded.append(mask)
            counts[c, [place[key] for key in chunk.keys]] = mask.sum(axis=1)
        begins = np.concatenate([[0], np.cumsum(counts.sum(axis=0))])
        self._total = int(begins[-1])
        self.columns = np.repeat(np.arange(len(keys), dtype=np.int32), counts.sum(axis=0))
        self.days = np.empty(self._total, np.int32)
        earlier = np.cumsum(counts, axis=0) - counts
        # where each year's values go: [(mask, rows)]
        self._targets: list[tuple[B1, I4]] = []
        offset = 0
        for c, (chunk, mask) in enumerate(zip(panel.chunks, traded, strict=True)):
            ours = np.array([place[key] for key in chunk.keys], np.int64)
            held = counts[c, ours]
            first = begins[ours] + earlier[c, ours]
            within = np.arange(int(held.sum())) - np.repeat(np.cumsum(held) - held, held)
            rows = (np.repeat(first, held) + within).astype(np.int32)
            self._targets.append((mask, rows))
            self.days[rows] = np.nonzero(mask)[1] + offset
            offset += len(chunk.sessions)
        self._begins = begins
        self._stored: dict[str, F1] = {}
        self._by_instrument: dict[str, Texts] = {}
        self._texts: dict[str, Texts] = {}

    @cached_property
    def day_numbers(self) -> I1:
        """Sessions as days since 1970."""
        return self.panel.sessions.astype(np.int64)

    @cached_property
    def ids(self) -> I1:
        """Database ids of the instruments."""
        return np.array([info.id for info in self.infos], np.int64)

    @cached_property
    def factor(self) -> F1:
        """Forward-anchored factor of each row."""
        out = np.ones(self._total)
        for n, info in enumerate(self.infos):
            rows = slice(self._begins[n], self._begins[n + 1])
            for ex_date, factor in info.factors:
                first = np.searchsorted(self.panel.sessions, np.datetime64(ex_date, "D"))
                out[rows.start + np.searchsorted(self.days[rows], first) : rows.stop] *= factor
        return out

    @cached_property
    def segments(self) -> I1:
        """First rows of unbroken stretches: where the file's previous close is not our last close, one is missing."""
        close, before = self.stored("close"), self._read("prev_close")
        first = np.ones(self._total, dtype=np.bool_)
        with np.errstate(invalid="ignore"):
            broken = np.abs(before[1:] - close[:-1]) > PREV_CLOSE_TOLERANCE
        first[1:] = (self.columns[1:] != self.columns[:-1]) | broken
        return np.append(np.flatnonzero(first), self._total).astype(np.int64)

    @cached_property
    def open_since(self) -> I4:
        """Of each instrument the session of its first unexplained move; beyond the last where there is none."""
        sessions = self.panel.sessions
        return np.array(
            [
                np.searchsorted(sessions, np.datetime64(info.jumps[0], "D")) if info.jumps else len(sessions)
                for info in self.infos
            ],
            np.int32,
        )

    def stored(self, name: str) -> F1:
        """A field of the panel, [R]."""
        with self._lock:
            found = self._stored.get(name)
            if found is None:
                found = self._stored[name] = self._read(name)
            return found

    def _read(self, name: str) -> F1:
        out = np.empty(self._total)
        for chunk, (mask, rows) in zip(self.panel.chunks, self._targets, strict=True):
            out[rows] = chunk.values[FIELDS.index(name)][mask]
        return out

    @cached_property
    def main_board(self) -> B1:
        """Rows that traded in a series of the main board."""
        codes = [SERIES.index(name) for name in MAIN_BOARD]
        return np.isin(self._read("series"), codes)

    def of_type(self, instrument_type: str) -> B1:
        """Rows a screen of a type holds: EQUITY means shares on the main board; none in quarantine."""
        kept = self.days < self.open_since[self.columns]
        if instrument_type == "ALL":
            return kept
        wanted = np.array([info.instrument_type == instrument_type for info in self.infos], dtype=np.bool_)
        kept &= wanted[self.columns]
        return kept & self.main_board if instrument_type == "EQUITY" else kept

    def membership(self, spans: Spans) -> U1:
        """Whether each row's instrument belonged to an index, as a condition: unknown before any member is on file."""
        out = np.multiply(self.of_spans(spans), TRUE, dtype=np.uint8)
        first = first_day(spans)
        begins = (
            len(self.panel.sessions) if first is None else np.searchsorted(self.panel.sessions, np.datetime64(first))
        )
        out[self.days < begins] = UNKNOWN
        return out

    def of_spans(self, spans: Spans) -> B1:
        """Rows within the days each instrument (by id) belonged to an index; both ends included."""
        place = {int(number): n for n, number in enumerate(self.ids)}
        out = np.zeros(self._total, dtype=np.bool_)
        for number, intervals in spans.items():
            n = place.get(number)
            if n is None:
                continue
            first_row = int(self._begins[n])
            days = self.days[first_row : self._begins[n + 1]]
            for begin, end in intervals:
                low = np.searchsorted(days, np.searchsorted(self.panel.sessions, np.datetime64(begin, "D")))
                high = len(days)
                if end is not None:
                    last = np.searchsorted(self.panel.sessions, np.datetime64(end, "D"), side="right")
                    high = int(np.searchsorted(days, last))
                out[first_row + low : first_row + high] = True
        return out

    def text(self, name: str) -> Texts:
        """A text field, [R]."""
        with self._lock:
            found = self._texts.get(name)
            if found is None:
                found = self._texts[name] = self._text(name)
            return found

    def _text(self, name: str) -> Texts:
        if name == "series":
            return Texts(self._read("series").astype(np.int32), SERIES)
        if name == "symbol":
            return self._symbols()
        values = [info.sector or UNCLASSIFIED if name == "sector" else info.name for info in self.infos]
        known = sorted({value for value in values if value is not None})
        code = {value: n for n, value in enumerate(known)}
        codes = np.array([-1 if value is None else code[value] for value in values], np.int32)
        return Texts(codes[self.columns], known)

    def _symbols(self) -> Texts:
        known = sorted({name for info in self.infos for name in (info.symbol, *(held[2] for held in info.names))})
        code = {value: n for n, value in enumerate(known)}
        out = np.empty(self._total, np.int32)
        for n, info in enumerate(self.infos):
            rows = slice(int(self._begins[n]), int(self._begins[n + 1]))
            out[rows] = code[info.names[0][2] if info.names else info.symbol]
            for valid_from, _, symbol in info.names:
                first = np.searchsorted(self.panel.sessions, np.datetime64(valid_from, "D"))
                out[rows.start + np.searchsorted(self.days[rows], first) : rows.stop] = code[symbol]
        return Texts(out, known)

    @cached_property
    def age(self) -> F1:
        """Bars on file up to each row, that one included."""
        position: F1 = np.arange(1.0, self._total + 1.0)
        return position - self._begins[self.columns].astype(np.float64)

    @cached_property
    def bare(self) -> Rows:
        """The rows with nothing beside their prices."""
        return Rows(
            self.panel.sessions,
            self.panel.keys,
            self.columns,
            self.days,
            self.segments,
            self.factor,
            np.ones(self._total, dtype=np.bool_),
            Whole(self, Beside(None, {}, None)),
        )

    def frame(self, beside: Beside, universe: B1) -> Rows:
        """The rows with what is stored beside the prices, compared among `universe`."""
        return self.bare.over(universe, Whole(self, beside))


class Beside:
    """What a screen reads beside the prices: figures, members of indices, the index all are measured against, marks."""

    def __init__(self, steps: FigureSteps | None, members: dict[str, U1], index_close: F1 | None) -> None:
        self.steps, self.members, self.index_close = steps, members, index_close
        self.marks: MarkTable | None = None


class Whole:
    """The values of all rows, or of some of them: then figures are looked up for those alone."""

    def __init__(self, market: MarketRows, beside: Beside, rows: I1 | None = None) -> None:
        self._market, self._beside, self._rows = market, beside, rows
        self._numbers: dict[str, F1] = {}

    def _cut(self, values: Any) -> Any:
        return values if self._rows is None else values[self._rows]

    def number(self, name: str) -> F1:
        """See `Source`."""
        market = self._market
        if self._rows is None and name in STORED:
            return market.stored(name)
        found = self._numbers.get(name)
        return self._looked_up(name) if found is None else found

    def _looked_up(self, name: str) -> F1:
        found = self._numbers[name] = self._number(name)
        return found

    def _number(self, name: str) -> F1:
        market = self._market
        if name in STORED:
            return cast(F1, self._cut(market.stored(name)))
        if name == "bars_listed":
            return cast(F1, self._cut(market.age))
        days: I4 = self._cut(market.days)
        if name == "index_close":
            closes = self._beside.index_close
            return np.full(len(days), np.nan) if closes is None else closes[days]
        if name in MARKS:
            marks = self._beside.marks
            return np.full(len(days), np.nan) if marks is None else marks.number(name, days, self.text("symbol"))
        steps = self._beside.steps
        out = np.full(len(days), np.nan)
        if steps is None:
            return out
        instruments, numbers = market.ids[self._cut(market.columns)], market.day_numbers[days]
        for kind, stored in FIGURES[name]:
            found = (steps.account if kind == "ANNUAL" else steps.snapshot)(stored, instruments, numbers)
            out = np.where(np.isnan(out), found, out)
        return out

    def text(self, name: str) -> Texts:
        """See `Source`."""
        whole = self._market.text(name)
        return Texts(self._cut(whole.codes), whole.values)

    def members(self, index: str) -> U1:
        """See `Source`."""
        return cast(U1, self._cut(self._beside.members[index]))

    def at(self, rows: I1) -> Whole:
        """See `Source`."""
        return Whole(self._market, self._beside, rows if self._rows is None else self._rows[rows])
